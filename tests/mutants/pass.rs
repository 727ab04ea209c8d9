//! One pass: the plugin asks, the host acts, until it says done.

use std::sync::Arc;

use crate::clock::Clock;
use crate::connection::Connection;
use crate::effects::{Effects, Network};
use crate::engine::Connector;
use crate::engine::reconcile::{
    Completion, Fault, Hint, Job, Mode, Outcome, Progress, Turn, Verdict,
};
use crate::recording::Recorder;
use crate::store::{Ledger, Store};

/// Nobody cancels here.
#[derive(Default)]
pub struct CancellationToken;

impl CancellationToken {
    /// One that is never used.
    pub fn new() -> Self {
        Self
    }
}

/// How a pass ended.
#[derive(Debug)]
pub enum Ended {
    /// It came to its end.
    Outcome(Outcome),
    /// The plugin gave up.
    Fault(Fault),
}

/// A pass that was run.
pub struct Passed {
    /// How it ended.
    pub ended: Ended,
}

/// Runs the passes of one connection.
pub struct Runner {
    connector: Connector,
    connection: Connection,
    network: Arc<Network>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Runner {
    /// For a connection.
    ///
    /// # Errors
    /// As [`Network::new`].
    pub fn new(
        connector: Connector,
        connection: Connection,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        _recorder: Option<Arc<Recorder>>,
    ) -> Result<Self, String> {
        let network = Network::new(connector.describe(), &connection, &clock)?;
        Ok(Self {
            connector,
            connection,
            network: Arc::new(network),
            store,
            clock,
        })
    }

    /// Runs one pass. One that changes nothing works on a copy of the ledger.
    ///
    /// # Errors
    /// An effect cannot be performed.
    pub async fn run(
        &self,
        mode: Mode,
        _progress: &(dyn Fn(Progress) + Sync),
        _cancel: &CancellationToken,
    ) -> Result<Passed, String> {
        let may_change = matches!(mode, Mode::Sync | Mode::Act(_));
        let hints = match mode {
            Mode::Sync => self.store.inbox(),
            _ => Vec::new(),
        };
        let ledger = self.store.ledger(&self.connection.name);
        let ledger = match may_change {
            true => ledger,
            false => Arc::new(ledger.scratch()),
        };
        let told = hints.len();
        let ended = self.turns(mode, hints, ledger, may_change).await?;
        if matches!(&ended, Ended::Outcome(outcome) if outcome.verdict != Verdict::Failed) {
            self.store.dealt_with(told);
        }
        Ok(Passed { ended })
    }

    async fn turns(
        &self,
        mode: Mode,
        hints: Vec<Hint>,
        ledger: Arc<Ledger>,
        may_change: bool,
    ) -> Result<Ended, String> {
        let clock = Arc::clone(&self.clock);
        let effects = Effects::new(Arc::clone(&self.network), ledger, clock, may_change);
        let job = Job {
            connection: self.connection.name.clone(),
            settings: self.connection.settings.clone(),
            mode,
            hints,
            now: self.clock.now(),
        };
        let mut instance = self.connector.instance(&self.connection.limits)?;
        let mut turn = instance.start(&job)?;
        loop {
            let waiting = match turn {
                Ok(Turn::Waiting(waiting)) => waiting,
                Ok(Turn::Done(outcome)) => return Ok(Ended::Outcome(outcome)),
                Err(fault) => return Ok(Ended::Fault(fault)),
            };
            let mut done = Vec::with_capacity(waiting.requests.len());
            for request in waiting.requests {
                let answer = effects.perform(request.effect).await?;
                done.push(Completion {
                    id: request.id,
                    at: self.clock.now(),
                    answer,
                });
            }
            turn = instance.resume(&done)?;
        }
    }
}
