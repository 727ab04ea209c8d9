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

/// One instance of the component that the host ships.
pub struct Instance {
    store: Store<()>,
    exports: bindings::Connector,
}

impl Instance {
    pub fn new() -> Self {
        let engine = Engine::default();
        let component = Component::new(&engine, atsync::component::BUNDLED).expect("a component");
        let mut store = Store::new(&engine, ());
        // An empty linker: the component imports nothing.
        let linker = Linker::new(&engine);
        let exports =
            bindings::Connector::instantiate(&mut store, &component, &linker).expect("an instance");
        Self { store, exports }
    }
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
}

/// The value in the other side's types, which both sides generate from one contract.
fn same<Ours: Serialize + ?Sized, Theirs: DeserializeOwned>(value: &Ours) -> Theirs {
    let json = serde_json::to_value(value).expect("every type of the contract can be written");
    serde_json::from_value(json).expect("both sides have the same types")
}
