//! The component as one that answers cases: what any other runtime does, in its smallest form.

use atsync_plugin::bindings::exports::atsync::connector as native;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

use super::answers::Answers;

mod bindings {
    wasmtime::component::bindgen!({
        world: "connector",
        path: "../wit",
        additional_derives: [serde::Serialize, serde::Deserialize],
    });
}

/// The component that the host ships, and its newest instance.
pub struct Instance {
    component: bindings::ConnectorPre<()>,
    store: Store<()>,
    exports: bindings::Connector,
}

impl Instance {
    pub fn new() -> Self {
        let engine = Engine::default();
        let component = Component::new(&engine, atsync::component::BUNDLED).expect("a component");
        // An empty linker: the component imports nothing.
        let component = Linker::new(&engine)
            .instantiate_pre(&component)
            .expect("no imports");
        let component = bindings::ConnectorPre::new(component).expect("the contract's world");
        let (store, exports) = fresh(&component);
        Self {
            component,
            store,
            exports,
        }
    }
}

fn fresh(component: &bindings::ConnectorPre<()>) -> (Store<()>, bindings::Connector) {
    let mut store = Store::new(component.engine(), ());
    let exports = component.instantiate(&mut store).expect("an instance");
    (store, exports)
}

impl Answers for Instance {
    fn availability(
        &mut self,
        settings: &str,
        item: &native::policy::Item,
        levels: &[native::policy::Level],
        open_claims: &[native::policy::OpenClaim],
    ) -> Result<native::policy::AvailabilityAnswer, String> {
        let policy = self.exports.atsync_connector_policy();
        let answer = policy
            .call_availability(
                &mut self.store,
                settings,
                &same(item),
                &same::<_, Vec<_>>(levels),
                &same::<_, Vec<_>>(open_claims),
            )
            .expect("the component does not trap");
        answer.map(|answer| same(&answer))
    }

    fn claim(
        &mut self,
        settings: &str,
        code: &str,
        lines: &[native::policy::OrderLine],
    ) -> Result<native::policy::ClaimDecision, String> {
        let policy = self.exports.atsync_connector_policy();
        let answer = policy
            .call_claim(&mut self.store, settings, code, &same::<_, Vec<_>>(lines))
            .expect("the component does not trap");
        answer.map(|answer| same(&answer))
    }

    fn check_settings(&mut self, settings: &str) -> Vec<native::manifest::Finding> {
        let manifest = self.exports.atsync_connector_manifest();
        let findings = manifest
            .call_check_settings(&mut self.store, settings)
            .expect("the component does not trap");
        same(&findings)
    }

    fn start(&mut self, job: native::reconcile::Job) -> Turn {
        (self.store, self.exports) = fresh(&self.component);
        let reconcile = self.exports.atsync_connector_reconcile();
        let turn = reconcile
            .call_start(&mut self.store, &same(&job))
            .expect("no trap");
        turn.map(|turn| same(&turn)).map_err(|fault| same(&fault))
    }

    fn resume(&mut self, completions: Vec<native::reconcile::Completion>) -> Turn {
        let reconcile = self.exports.atsync_connector_reconcile();
        let completions: Vec<_> = same(&completions);
        let turn = reconcile
            .call_resume(&mut self.store, &completions)
            .expect("no trap");
        turn.map(|turn| same(&turn)).map_err(|fault| same(&fault))
    }
}

type Turn = Result<native::reconcile::Turn, native::reconcile::Fault>;

/// The value in the other side's types, which both sides generate from one contract.
fn same<Ours: Serialize + ?Sized, Theirs: DeserializeOwned>(value: &Ours) -> Theirs {
    let json = serde_json::to_value(value).expect("every type of the contract can be written");
    serde_json::from_value(json).expect("both sides have the same types")
}
