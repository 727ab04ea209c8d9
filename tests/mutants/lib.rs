//! A host in miniature, under the names of the real one: with it the stories of `tests/it` are told
//! on the plugin's own functions. A mutant can come every few seconds that way; the real host and
//! its engine take minutes to build.
//!
//! It keeps the contract in its plainest form: one effect after the other, a ledger in memory, and
//! an exchange over real HTTP with the sandbox. See "Mutants" in `tests/README.md`.

pub mod effects;
pub mod network;
pub mod pass;
pub mod store;

/// The host's time.
pub mod clock {
    use std::pin::Pin;

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub type Timestamp = u64;

    /// Done when the time has come.
    pub type Sleep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

    /// What the time is.
    pub trait Clock: Send + Sync {
        /// Now.
        fn now(&self) -> Timestamp;
        /// Waits until then.
        fn sleep_until(&self, at: Timestamp) -> Sleep<'_>;
    }
}

/// Which component runs.
pub mod component {
    /// Here, none: the plugin's own functions stand for it.
    pub enum Component {
        /// The one that belongs to this host.
        Bundled,
    }
}

/// What the operator gave.
pub mod connection {
    use std::collections::BTreeMap;
    use std::path::PathBuf;
    use std::time::Duration;

    /// One connection.
    #[derive(Clone, Debug)]
    pub struct Connection {
        /// Its name.
        pub name: String,
        /// Not used.
        pub component: Option<PathBuf>,
        /// Of the component, as JSON.
        pub settings: String,
        /// By name.
        pub services: BTreeMap<String, Service>,
        /// Not used.
        pub webhook_secrets: BTreeMap<String, Vec<String>>,
        /// Not used.
        pub downloads: Vec<String>,
        /// What a pass may use.
        pub limits: Limits,
    }

    /// How to reach a service, and as whom.
    #[derive(Clone, Debug)]
    pub struct Service {
        /// Base URL.
        pub url: Option<String>,
        /// Where it gives tokens, if it does.
        pub token_url: Option<String>,
        /// By name.
        pub secrets: BTreeMap<String, String>,
        /// Not used.
        pub private_addresses: bool,
    }

    /// What a pass may use.
    #[derive(Clone, Debug)]
    pub struct Limits {
        /// The largest answer, in bytes.
        pub response_bytes: usize,
        /// The longest exchange.
        pub request_timeout: Duration,
    }

    impl Default for Limits {
        fn default() -> Self {
            Self {
                response_bytes: 16 << 20,
                request_timeout: Duration::from_secs(30),
            }
        }
    }
}

/// What runs passes: the plugin, without an engine.
pub mod engine {
    use std::path::Path;

    pub use atsync_plugin::bindings::exports::atsync::connector::{manifest, policy, reconcile};
    use atsync_plugin::io::Pass;
    use policy::{AvailabilityAnswer, Item, Level, OpenClaim};
    use reconcile::{Completion, Fault, Job, Turn};

    use crate::component::Component;
    use crate::connection::Limits;

    /// Nothing.
    pub struct Engine;

    impl Engine {
        /// # Errors
        /// None.
        pub fn new(_cache: &Path) -> Result<Self, String> {
            Ok(Self)
        }

        /// # Errors
        /// None.
        pub fn load(&self, _component: &Component) -> Result<Connector, String> {
            Ok(Connector)
        }
    }

    /// The plugin.
    #[derive(Clone)]
    pub struct Connector;

    impl Connector {
        /// What it says of itself.
        pub fn describe(&self) -> manifest::Description {
            atsync_plugin::manifest::describe()
        }

        /// One that has not begun.
        ///
        /// # Errors
        /// None.
        pub fn instance(&self, _limits: &Limits) -> Result<Instance, String> {
            Ok(Instance::default())
        }
    }

    /// The plugin with a pass under way.
    #[derive(Default)]
    pub struct Instance(Option<Pass>);

    impl Instance {
        /// `reconcile.start`
        ///
        /// # Errors
        /// None.
        pub fn start(&mut self, job: &Job) -> Result<Result<Turn, Fault>, String> {
            let (pass, turn) = atsync_plugin::flow::start(job.clone());
            self.0 = Some(pass);
            Ok(turn)
        }

        /// `reconcile.resume`
        ///
        /// # Errors
        /// Nothing was started.
        pub fn resume(&mut self, done: &[Completion]) -> Result<Result<Turn, Fault>, String> {
            let pass = self.0.as_mut().ok_or("nothing was started")?;
            Ok(pass.resume(done.to_vec()))
        }

        /// `policy.availability`
        ///
        /// # Errors
        /// The settings or the item are refused.
        pub fn availability(
            &mut self,
            settings: &str,
            item: &Item,
            levels: &[Level],
            open_claims: &[OpenClaim],
        ) -> Result<AvailabilityAnswer, String> {
            atsync_plugin::policy::availability(settings, item, levels, open_claims)
        }
    }
}

/// Recordings: none here.
pub mod recording {
    /// There is none.
    pub enum Recorder {}
}
