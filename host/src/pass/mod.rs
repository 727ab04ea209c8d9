//! One pass of one connection: the component asks, the host acts, until it says done.

mod turns;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
pub use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, Timestamp};
use crate::connection::Connection;
use crate::effects::{Effects, Network};
use crate::engine::Connector;
use crate::engine::reconcile::{Fault, Hint, Job, Mode, Outcome, Progress, Verdict};
use crate::problem::Problem;
use crate::recording::Recorder;
use crate::store::{
    Inbox, LastPass, Ledger, Overlay, Standing, Store, keep_last_pass, keep_standing, last_pass,
    standing,
};

pub(crate) use turns::{bytes_of, kind_of};

/// The most webhooks that one job carries.
const HINTS_MAX: usize = 10_000;

/// Told of progress, on whatever thread the pass is.
pub type OnProgress<'a> = &'a (dyn Fn(Progress) + Send + Sync);

/// Runs the passes of one connection. Made once and kept: network connections and tokens live
/// from one pass to the next.
pub struct Runner {
    connector: Connector,
    connection: Connection,
    network: Arc<Network>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    recorder: Option<Arc<Recorder>>,
}

/// How a pass ended, and what it took.
#[derive(Debug, Clone)]
pub struct Passed {
    /// How it ended.
    pub ended: Ended,
    /// What it took.
    pub tally: Tally,
}

/// How a pass ended.
#[derive(Debug, Clone)]
pub enum Ended {
    /// The component said done: when to come again, the verdict, the report as JSON.
    Outcome(Outcome),
    /// The component gave up; nothing is wrong with the host.
    Fault(Fault),
    /// Somebody asked to stop. The next pass goes on from the ledger.
    Cancelled,
}

/// What a pass took.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Tally {
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Times the component was called.
    pub turns: u64,
    /// Requests by kind of effect: `http`, `read-lines`, `load`, `scan`, `commit`, `wait-until`.
    pub requests: BTreeMap<String, u64>,
    /// HTTP requests by service.
    pub exchanges: BTreeMap<String, u64>,
    /// Microseconds that the component computed.
    pub computed_us: u64,
    /// The most linear memory the component had, in bytes.
    pub memory_bytes_max: usize,
    /// Bytes of text that went into the component and came out of it.
    pub crossed_bytes: u64,
}

impl Runner {
    /// Matches connector and connection. Errors: see [`Network::new`].
    pub fn new(
        connector: Connector,
        connection: Connection,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        recorder: Option<Arc<Recorder>>,
    ) -> Result<Runner, Problem> {
        let network = Network::new(connector.describe(), &connection, &clock)?;
        let network = Arc::new(network);
        Ok(Runner {
            connector,
            connection,
            network,
            store,
            clock,
            recorder,
        })
    }

    /// The connection's name.
    pub fn name(&self) -> &str {
        &self.connection.name
    }

    /// What the operator gave.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// A digest of what the operator gave and of the component's version: a connection that was
    /// stopped for good runs again when it differs.
    pub fn given(&self) -> String {
        let description = self.connector.describe();
        let mut digest = Sha256::new();
        digest.update(format!(
            "{} {}\n{}",
            description.name, description.version, self.connection.settings
        ));
        for (name, service) in &self.connection.services {
            digest.update(format!(
                "\n{name} {:?}",
                service.url.as_ref().map(|url| url.as_str())
            ));
        }
        BASE64.encode(digest.finalize())
    }

    /// What runs.
    pub fn connector(&self) -> &Connector {
        &self.connector
    }

    /// Runs one pass. A pass that may change things (`sync`, `act`) holds the connection's lock
    /// and is remembered in the store; any other works on a scratch copy of the ledger.
    ///
    /// Errors: the connection is busy, the component trapped or broke a limit, the store failed.
    /// The ledger is as the last commit left it.
    pub async fn run(
        &self,
        mode: Mode,
        progress: OnProgress<'_>,
        cancel: &CancellationToken,
    ) -> Result<Passed, Problem> {
        if matches!(mode, Mode::Sync | Mode::Act(_)) {
            self.run_for_good(mode, progress, cancel).await
        } else {
            let below = self.store.ledger(self.name());
            let scratch: Arc<dyn Ledger> = Arc::new(Overlay::over(below)?);
            let inbox = self.inbox(&mode)?;
            self.turns(mode, inbox.hints, scratch, false, progress, cancel)
                .await
        }
    }

    async fn run_for_good(
        &self,
        mode: Mode,
        progress: OnProgress<'_>,
        cancel: &CancellationToken,
    ) -> Result<Passed, Problem> {
        let _lock = self.store.lock(self.name())?;
        let kind = kind(&mode);
        let is_sync = matches!(mode, Mode::Sync);
        let started = self.clock.now();
        let inbox = self.inbox(&mode)?;
        let ledger = self.store.ledger(self.name());
        let result = self
            .turns(mode, inbox.hints, ledger, true, progress, cancel)
            .await;
        if let Ok(Passed {
            ended: Ended::Outcome(outcome),
            ..
        }) = &result
            && outcome.verdict != Verdict::Failed
            && inbox.last > 0
        {
            self.store
                .dealt_with(self.name(), inbox.last, self.clock.now())?;
        }
        self.remember(kind, started, &result)?;
        self.plan_next(is_sync, started, &result)?;
        result
    }

    /// Sets when the next pass is due: a `sync` decides it, an act may bring it forward.
    fn plan_next(
        &self,
        is_sync: bool,
        started: Timestamp,
        result: &Result<Passed, Problem>,
    ) -> Result<(), Problem> {
        let before = standing(&*self.store, self.name())?;
        let after = match result.as_ref().map(|passed| &passed.ended) {
            _ if is_sync => before.after(
                self.name(),
                (started, self.clock.now()),
                self.given(),
                result,
            ),
            Ok(Ended::Outcome(outcome)) => Standing {
                next_run: before.next_run.min(outcome.next_run),
                ..before
            },
            _ => return Ok(()),
        };
        keep_standing(&*self.store, self.name(), &after)
    }

    /// The webhooks that wait; only a pass over everything deals with them.
    fn inbox(&self, mode: &Mode) -> Result<Inbox, Problem> {
        match mode {
            Mode::Sync | Mode::Plan => self.store.inbox(self.name(), HINTS_MAX),
            Mode::Check | Mode::Ask(_) | Mode::Act(_) => Ok(Inbox::default()),
        }
    }

    async fn turns(
        &self,
        mode: Mode,
        hints: Vec<Hint>,
        ledger: Arc<dyn Ledger>,
        may_change: bool,
        progress: OnProgress<'_>,
        cancel: &CancellationToken,
    ) -> Result<Passed, Problem> {
        let job = Job {
            connection: self.name().to_owned(),
            settings: self.connection.settings.clone(),
            mode,
            hints,
            now: self.clock.now(),
        };
        let recording = self.recorder.as_ref().map(|recorder| recorder.begin(&job));
        let clock = Arc::clone(&self.clock);
        let effects = Effects::new(Arc::clone(&self.network), ledger, clock, may_change);
        let pass = turns::Turns {
            effects: Arc::new(effects),
            clock: &*self.clock,
            limits: &self.connection.limits,
            progress,
            cancel,
            recording,
        };
        pass.run(self.connector.instance(&self.connection.limits)?, job)
            .await
    }

    fn remember(
        &self,
        kind: &str,
        started: Timestamp,
        result: &Result<Passed, Problem>,
    ) -> Result<(), Problem> {
        let ended = self.clock.now();
        let before = last_pass(&*self.store, self.name())?;
        let mut pass = LastPass {
            kind: kind.to_owned(),
            started,
            ended,
            verdict: None,
            report: None,
            problem: None,
            last_success: before.and_then(|before| before.last_success),
        };
        match result.as_ref().map(|passed| &passed.ended) {
            Ok(Ended::Outcome(outcome)) => {
                pass.verdict = Some(outcome.verdict);
                pass.report = serde_json::from_str(&outcome.report).ok();
                if outcome.verdict != Verdict::Failed {
                    pass.last_success = Some(ended);
                }
            }
            Ok(Ended::Fault(fault)) => {
                let (_, problem) = fault_parts(fault);
                let problem = problem.clone();
                pass.problem = Some((problem.code, problem.message, problem.fix));
            }
            Ok(Ended::Cancelled) => return Ok(()),
            Err(problem) => {
                let Problem { code, message, fix } = problem.clone();
                pass.problem = Some((code.to_owned(), message, fix));
            }
        }
        keep_last_pass(&*self.store, self.name(), &pass)
    }
}

/// A mode's name: `sync`, `plan`, `check`, `ask`, `act`.
pub fn kind(mode: &Mode) -> &'static str {
    match mode {
        Mode::Sync => "sync",
        Mode::Plan => "plan",
        Mode::Check => "check",
        Mode::Ask(_) => "ask",
        Mode::Act(_) => "act",
    }
}

/// Whether a fault lasts until somebody changes something, and what it says.
pub fn fault_parts(fault: &Fault) -> (bool, &crate::engine::reconcile::Problem) {
    match fault {
        Fault::PermanentSettings(problem)
        | Fault::PermanentProtocol(problem)
        | Fault::PermanentLedger(problem) => (true, problem),
        Fault::Temporary(problem) => (false, problem),
    }
}
