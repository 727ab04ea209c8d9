//! One pass of one connection: the component asks, the host acts, until it says done.

mod books;
mod hands;
mod turns;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
pub use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, Timestamp};
use crate::connection::Connection;
use crate::effects::{Effects, Network};
use crate::engine::Connector;
use crate::engine::reconcile::{Fault, Hint, Job, Mode, Outcome, Progress};
use crate::problem::Problem;
use crate::recording::{Cut, Recorder};
use crate::store::{Ledger, Overlay, Store, aside};
use books::Books;

pub(crate) use books::did_its_work;
pub(crate) use hands::Hands;
pub(crate) use turns::{Turns, bytes_in, kind_of};

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
    /// Why its recording is not whole; none if it is, or if nothing was recorded.
    pub recording_cut: Option<Cut>,
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

    /// A digest of all that the operator gave and of the component's version: a connection that
    /// was stopped for good runs again when it differs.
    pub fn given(&self) -> String {
        given(&self.connector, &self.connection)
    }

    /// What runs.
    pub fn connector(&self) -> &Connector {
        &self.connector
    }

    /// Runs one pass. A pass that may change things (`sync`, `act`) holds the connection's lock
    /// and is remembered in the store; any other works on a scratch copy of the ledger.
    ///
    /// Errors: the connection is busy or was lost to another process, the component trapped or
    /// broke a limit, the store failed. The ledger is as the last commit left it.
    pub async fn run(
        &self,
        mode: Mode,
        progress: OnProgress<'_>,
        cancel: &CancellationToken,
    ) -> Result<Passed, Problem> {
        let books = Books {
            store: Arc::clone(&self.store),
            connection: self.name().to_owned(),
            given: self.given(),
        };
        if !matches!(mode, Mode::Sync | Mode::Act(_)) {
            let looked = mode.clone();
            let inbox = aside(move || books.inbox(&looked)).await?;
            let scratch = Arc::new(Overlay::over(self.store.ledger(self.name()))?);
            return self
                .turns(mode, inbox.hints, scratch, progress, cancel)
                .await;
        }
        let (opening, opened, now) = (books.clone(), mode.clone(), self.clock.now());
        let (entry, inbox) = aside(move || opening.open(&opened, now)).await?;
        let ledger = entry.ledger(self.name());
        let result = self
            .turns(mode, inbox.hints, ledger, progress, cancel)
            .await;
        let ended = self.clock.now();
        aside(move || {
            books.close(&entry, ended, &result)?;
            result
        })
        .await
    }

    async fn turns(
        &self,
        mode: Mode,
        hints: Vec<Hint>,
        ledger: Arc<dyn Ledger>,
        progress: OnProgress<'_>,
        cancel: &CancellationToken,
    ) -> Result<Passed, Problem> {
        let may_change = matches!(mode, Mode::Sync | Mode::Act(_));
        let job = Job {
            connection: self.name().to_owned(),
            settings: self.connection.settings.clone(),
            mode,
            hints,
            now: self.clock.now(),
        };
        let digest = self.connector.digest();
        let recorder = self.recorder.as_ref();
        let recording = recorder.map(|recorder| recorder.begin(&job, digest));
        let clock = Arc::clone(&self.clock);
        let network = Arc::clone(&self.network);
        let effects = Effects::new(network, ledger, Arc::clone(&clock), may_change);
        let pass = Turns {
            hands: hands::Tasks::new(effects, clock, job.now),
            limits: &self.connection.limits,
            progress,
            cancel,
            recording,
        };
        pass.run(self.connector.instance(&self.connection.limits)?, job)
            .await
    }
}

/// A digest of all that the operator gave and of the component's version: a connection that was
/// stopped for good runs again when it differs. The secrets go into the one digest with
/// everything else, so that it tells nothing of any of them.
pub(crate) fn given(connector: &Connector, connection: &Connection) -> String {
    let description = connector.describe();
    let mut digest = Sha256::new();
    digest.update(format!("{} {}\n", description.name, description.version));
    digest.update(&connection.settings);
    for (name, service) in &connection.services {
        digest.update(format!(
            "\n{name} {:?} {:?}",
            service.url, service.token_url
        ));
        for (key, secret) in &service.secrets {
            digest.update(format!("\n{key}"));
            digest.update(secret.expose_secret());
        }
    }
    BASE64.encode(digest.finalize())
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
