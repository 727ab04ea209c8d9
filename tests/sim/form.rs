//! The connector in two forms: compiled for this machine, and as the component that is shipped.

use std::sync::Arc;

use atsync_plugin::bindings::exports::atsync::connector::reconcile::{
    Completion, Fault, Job, Turn,
};
use atsync_plugin::io::Pass;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

mod bindings {
    wasmtime::component::bindgen!({
        world: "connector",
        path: "../wit",
        additional_derives: [serde::Serialize, serde::Deserialize],
    });
}

/// What a pass is run on.
pub trait Form {
    /// `reconcile.start`, on a fresh instance.
    fn start(&mut self, job: Job) -> Result<Turn, Fault>;
    /// `reconcile.resume`, on the same instance.
    fn resume(&mut self, completions: Vec<Completion>) -> Result<Turn, Fault>;
    /// The same in another process.
    fn another(&self) -> Box<dyn Form>;
}

/// The plugin's functions.
#[derive(Default)]
pub struct Native(Option<Pass>);

impl Form for Native {
    fn start(&mut self, job: Job) -> Result<Turn, Fault> {
        let (pass, turn) = atsync_plugin::flow::start(job);
        self.0 = Some(pass);
        turn
    }

    fn resume(&mut self, completions: Vec<Completion>) -> Result<Turn, Fault> {
        let pass = self.0.as_mut().expect("a pass was started");
        pass.resume(completions)
    }

    fn another(&self) -> Box<dyn Form> {
        Box::new(Self::default())
    }
}

/// The component, and its newest instance.
pub struct Shipped {
    component: Arc<bindings::ConnectorPre<()>>,
    instance: Option<(Store<()>, bindings::Connector)>,
}

impl Shipped {
    /// Compiles it.
    pub fn new() -> Self {
        let engine = Engine::default();
        let component = Component::new(&engine, atsync::component::BUNDLED).expect("a component");
        // An empty linker: the component imports nothing.
        let component = Linker::new(&engine)
            .instantiate_pre(&component)
            .expect("no imports");
        let component = bindings::ConnectorPre::new(component).expect("the contract's world");
        Self {
            component: Arc::new(component),
            instance: None,
        }
    }
}

impl Form for Shipped {
    fn start(&mut self, job: Job) -> Result<Turn, Fault> {
        let mut store = Store::new(self.component.engine(), ());
        let exports = self.component.instantiate(&mut store).expect("an instance");
        let reconcile = exports.atsync_connector_reconcile();
        let turn = reconcile
            .call_start(&mut store, &same(&job))
            .expect("no trap");
        self.instance = Some((store, exports));
        turn.map(|turn| same(&turn)).map_err(|fault| same(&fault))
    }

    fn resume(&mut self, completions: Vec<Completion>) -> Result<Turn, Fault> {
        let (store, exports) = self.instance.as_mut().expect("a pass was started");
        let reconcile = exports.atsync_connector_reconcile();
        let completions: Vec<_> = same(&completions);
        let turn = reconcile.call_resume(store, &completions).expect("no trap");
        turn.map(|turn| same(&turn)).map_err(|fault| same(&fault))
    }

    fn another(&self) -> Box<dyn Form> {
        Box::new(Self {
            component: Arc::clone(&self.component),
            instance: None,
        })
    }
}

/// The value in the other side's types, which both sides generate from one contract.
fn same<Ours: Serialize + ?Sized, Theirs: DeserializeOwned>(value: &Ours) -> Theirs {
    let json = serde_json::to_value(value).expect("every type of the contract can be written");
    serde_json::from_value(json).expect("both sides have the same types")
}
