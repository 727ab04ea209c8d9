//! Runs components: compiled once, a fresh instance for each pass, every resource limited.
//!
//! **Architecture Invariant:** the linker is empty. A component can compute and answer, and has
//! no way to reach the world but the requests it returns.

mod bindings;
mod cache;
mod contract;
mod instance;
mod ticker;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use wasmtime::component::Linker;
use wasmtime::{Config, Store};

use crate::component::Component;
use crate::connection::Limits;
use crate::problem::Problem;
use cache::Cache;
use contract::refused;
use ticker::Ticker;

pub use bindings::exports::atsync::connector::{manifest, policy, reconcile};
pub use contract::{CONTRACT, WIT};
pub use instance::Instance;

/// How long a component may take to start and to describe itself.
const LOAD_TIME: Duration = Duration::from_secs(5);

/// Compiles and runs components. One for the whole program; clones share it.
#[derive(Clone)]
pub struct Engine {
    wasmtime: wasmtime::Engine,
    cache: Arc<Cache>,
    ticker: Arc<Ticker>,
}

/// A loaded component, its manifest read.
#[derive(Clone)]
pub struct Connector {
    ready: bindings::ConnectorPre<instance::Guard>,
    engine: Engine,
    description: Arc<manifest::Description>,
    contract: Arc<str>,
    digest: Arc<str>,
}

impl Engine {
    /// An engine that keeps compiled components in `cache_dir`, which is made if need be and
    /// must not be writable by others.
    pub fn new(cache_dir: &Path) -> Result<Engine, Problem> {
        let mut config = Config::new();
        config.epoch_interruption(true);
        let failed = |error: &dyn std::fmt::Display| {
            Problem::new(
                "engine",
                format!("The WebAssembly engine does not start: {error}."),
                "Report this with the kind of machine it happened on.",
            )
        };
        let wasmtime = wasmtime::Engine::new(&config).map_err(|error| failed(&error))?;
        let ticker = Ticker::start(&wasmtime).map_err(|error| failed(&error))?;
        Ok(Engine {
            wasmtime,
            cache: Arc::new(Cache::open(cache_dir)),
            ticker: Arc::new(ticker),
        })
    }

    /// Compiles the component, or finds it compiled, and reads its manifest. Errors: it is not a
    /// component of this contract, is made for an unknown version of it, or imports anything.
    pub fn load(&self, component: &Component) -> Result<Connector, Problem> {
        let bytes = component.bytes()?;
        let digest = digest(&bytes);
        let component = self
            .cache
            .component(&self.wasmtime, &bytes, &digest)
            .map_err(|error| refused(format!("The component does not compile: {error:#}.")))?;
        let faces = component.component_type();
        let imports: Vec<String> = faces
            .imports(&self.wasmtime)
            .map(|(name, _)| name.to_owned())
            .collect();
        if !imports.is_empty() {
            return Err(refused(format!(
                "The component imports {}; a connector imports nothing.",
                imports.join(", ")
            )));
        }
        let contract = contract::fulfilled(faces.exports(&self.wasmtime).map(|(name, _)| name))?;
        let linker = Linker::new(&self.wasmtime);
        let ready = linker
            .instantiate_pre(&component)
            .and_then(bindings::ConnectorPre::new)
            .map_err(|error| {
                refused(format!(
                    "The component is not what {contract} asks for: {error:#}."
                ))
            })?;
        let limits = Limits {
            turn_time: LOAD_TIME,
            ..Limits::default()
        };
        let mut instance = Instance::new(self, &ready, &limits)?;
        let description = Arc::new(instance.describe()?);
        Ok(Connector {
            ready,
            engine: self.clone(),
            description,
            contract: contract.into(),
            digest: digest.into(),
        })
    }

    fn store(&self, limits: &Limits) -> Store<instance::Guard> {
        let mut store = Store::new(&self.wasmtime, instance::Guard::new(limits.memory_bytes));
        store.limiter(|guard| guard);
        store
    }
}

impl Connector {
    /// The contract it fulfils, with its version: `atsync:connector@1.0.0`.
    pub fn contract(&self) -> &str {
        &self.contract
    }

    /// The manifest.
    pub fn describe(&self) -> &manifest::Description {
        &self.description
    }

    /// The SHA-256 of the component's bytes, in hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// What the component thinks of `settings`, a JSON object.
    pub fn check_settings(&self, settings: &str) -> Result<Vec<manifest::Finding>, Problem> {
        self.instance(&Limits::default())?.check_settings(settings)
    }

    /// The component's answer to what it would publish for one item, and the working.
    pub fn availability(
        &self,
        settings: &str,
        item: &policy::Item,
        levels: &[policy::Level],
        open_claims: &[policy::OpenClaim],
    ) -> Result<policy::AvailabilityAnswer, Problem> {
        self.instance(&Limits::default())?
            .availability(settings, item, levels, open_claims)
    }

    /// A fresh instance, for one pass or for many pure calls in a row.
    pub fn instance(&self, limits: &Limits) -> Result<Instance, Problem> {
        Instance::new(&self.engine, &self.ready, limits)
    }
}

fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
