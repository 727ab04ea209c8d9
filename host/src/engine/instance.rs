//! One instance of a component: its memory, its deadline, its calls.

use std::time::Duration;

use wasmtime::{ResourceLimiter, Store};

use super::Engine;
use super::bindings::{Connector, ConnectorPre};
use super::manifest::{Description, Finding};
use super::policy::{AvailabilityAnswer, Item, Level, OpenClaim};
use super::reconcile::{Completion, Fault, Job, Turn};
use super::ticker::PERIOD;
use crate::connection::Limits;
use crate::problem::Problem;

/// A component at work. After an error it must be dropped.
pub struct Instance {
    store: Store<Guard>,
    exports: Connector,
    engine: Engine,
    turn_time: Duration,
}

/// Instances, memories and tables that a component may have inside, each. What a memory or a table
/// holds is counted; an instance takes a little of this program's memory, too.
const PARTS_MAX: usize = 100;

/// An element of a table is a pointer.
const ELEMENT_BYTES: usize = size_of::<usize>();

/// Counts the component's memory.
pub(super) struct Guard {
    memory_bytes_max: usize,
    memory_bytes: usize,
    refused: bool,
}

impl Guard {
    pub(super) fn new(memory_bytes_max: usize) -> Self {
        Guard {
            memory_bytes_max,
            memory_bytes: 0,
            refused: false,
        }
    }

    /// Whether there may be so much more.
    fn grow(&mut self, bytes: usize) -> bool {
        let total = self.memory_bytes.saturating_add(bytes);
        self.refused = total > self.memory_bytes_max;
        if !self.refused {
            self.memory_bytes = total;
        }
        !self.refused
    }
}

impl ResourceLimiter for Guard {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(self.grow(desired.saturating_sub(current)))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let elements = desired.saturating_sub(current);
        Ok(self.grow(elements.saturating_mul(ELEMENT_BYTES)))
    }

    fn instances(&self) -> usize {
        PARTS_MAX
    }

    fn tables(&self) -> usize {
        PARTS_MAX
    }

    fn memories(&self) -> usize {
        PARTS_MAX
    }
}

impl Instance {
    pub(super) fn new(
        engine: &Engine,
        ready: &ConnectorPre<Guard>,
        limits: &Limits,
    ) -> Result<Instance, Problem> {
        let mut store = engine.store(limits);
        // What one answer of the component may make the host allocate.
        store.set_hostcall_fuel(limits.memory_bytes);
        set_deadline(&mut store, limits.turn_time);
        // A component may compute already when it starts.
        let ticking = engine.ticker.tick();
        let started = ready.instantiate(&mut store);
        drop(ticking);
        let exports = started.map_err(|error| {
            limit_reached(&store, limits.turn_time, &error).unwrap_or_else(|| {
                Problem::new(
                    "component-start",
                    format!("The component does not start: {error:#}."),
                    "Report this to whoever made the component.",
                )
            })
        })?;
        Ok(Instance {
            store,
            exports,
            engine: engine.clone(),
            turn_time: limits.turn_time,
        })
    }

    pub(super) fn describe(&mut self) -> Result<Description, Problem> {
        self.call(|exports, store| exports.atsync_connector_manifest().call_describe(store))
    }

    /// See [`super::Connector::check_settings`].
    pub fn check_settings(&mut self, settings: &str) -> Result<Vec<Finding>, Problem> {
        self.call(|exports, store| {
            exports
                .atsync_connector_manifest()
                .call_check_settings(store, settings)
        })
    }

    /// See [`super::Connector::availability`].
    pub fn availability(
        &mut self,
        settings: &str,
        item: &Item,
        levels: &[Level],
        open_claims: &[OpenClaim],
    ) -> Result<AvailabilityAnswer, Problem> {
        let answer = self.call(|exports, store| {
            let policy = exports.atsync_connector_policy();
            policy.call_availability(store, settings, item, levels, open_claims)
        })?;
        answer.map_err(|message| {
            Problem::new(
                "settings-refused",
                message,
                "Correct the settings; check names the place.",
            )
        })
    }

    /// Begins the pass. Errors: the component trapped or broke a limit.
    pub fn start(&mut self, job: &Job) -> Result<Result<Turn, Fault>, Problem> {
        self.call(|exports, store| exports.atsync_connector_reconcile().call_start(store, job))
    }

    /// Goes on with the pass. Errors as in `start`.
    pub fn resume(&mut self, completions: &[Completion]) -> Result<Result<Turn, Fault>, Problem> {
        self.call(|exports, store| {
            exports
                .atsync_connector_reconcile()
                .call_resume(store, completions)
        })
    }

    /// The component's memories and tables, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.store.data().memory_bytes
    }

    fn call<T>(
        &mut self,
        export: impl FnOnce(&Connector, &mut Store<Guard>) -> wasmtime::Result<T>,
    ) -> Result<T, Problem> {
        set_deadline(&mut self.store, self.turn_time);
        let _ticking = self.engine.ticker.tick();
        export(&self.exports, &mut self.store).map_err(|error| self.trapped(&error))
    }

    fn trapped(&self, error: &wasmtime::Error) -> Problem {
        limit_reached(&self.store, self.turn_time, error).unwrap_or_else(|| {
            Problem::new(
                "component-trap",
                format!("The component broke off: {}.", error.root_cause()),
                "The ledger is as it was; the pass can be run again. Report this with its recording.",
            )
        })
    }
}

fn set_deadline(store: &mut Store<Guard>, turn_time: Duration) {
    let periods = turn_time.as_millis().div_ceil(PERIOD.as_millis());
    // The running period counts as none.
    store.set_epoch_deadline(u64::try_from(periods).unwrap_or(u64::MAX / 2) + 1);
}

/// The limit that ended the component, if one did.
fn limit_reached(
    store: &Store<Guard>,
    turn_time: Duration,
    error: &wasmtime::Error,
) -> Option<Problem> {
    let guard = store.data();
    if guard.refused {
        return Some(Problem::new(
            "component-memory",
            format!(
                "The component wanted more than the {} MiB of memory that a pass may use.",
                guard.memory_bytes_max >> 20
            ),
            "Raise memory_mb in [limits].",
        ));
    }
    let interrupted = error.downcast_ref::<wasmtime::Trap>() == Some(&wasmtime::Trap::Interrupt);
    interrupted.then(|| {
        Problem::new(
            "component-time",
            format!(
                "The component computed for more than the {} s that one turn may take.",
                turn_time.as_secs()
            ),
            "Raise turn_s in [limits] if this machine is slow; else report this.",
        )
    })
}
