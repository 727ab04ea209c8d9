//! What is kept about passes: the webhooks they dealt with, how the last one ended, when the
//! next is due. Blocking; the runner opens and closes the books off the async threads.

use std::sync::Arc;

use super::{Ended, Passed, fault_parts, kind};
use crate::clock::Timestamp;
use crate::engine::reconcile::{Mode, Verdict};
use crate::problem::Problem;
use crate::store::{
    Inbox, LastPass, Ledger, Lock, Store, keep_last_pass, keep_standing, last_pass, standing,
};

/// The most webhooks that one job carries.
const HINTS_MAX: usize = 10_000;

/// The books of one connection.
#[derive(Clone)]
pub(super) struct Books {
    pub(super) store: Arc<dyn Store>,
    pub(super) connection: String,
    /// See [`super::Runner::given`].
    pub(super) given: String,
}

/// An open entry: a pass that may change things is under way.
pub(super) struct Entry {
    kind: &'static str,
    started: Timestamp,
    last_hint: u64,
    /// Writes as long as the lock is this pass's.
    store: Arc<dyn Store>,
    _lock: Lock,
}

impl Entry {
    /// The ledger that the pass works on.
    pub(super) fn ledger(&self, connection: &str) -> Arc<dyn Ledger> {
        self.store.ledger(connection)
    }
}

impl Books {
    /// Locks the connection and takes the webhooks that wait. Errors: it is busy.
    pub(super) fn open(&self, mode: &Mode, now: Timestamp) -> Result<(Entry, Inbox), Problem> {
        let lock = self.store.lock(&self.connection)?;
        let inbox = self.inbox(mode)?;
        let entry = Entry {
            kind: kind(mode),
            started: now,
            last_hint: inbox.last,
            store: self.store.fenced(&lock),
            _lock: lock,
        };
        Ok((entry, inbox))
    }

    /// The webhooks that wait; only a pass over everything looks at them.
    pub(super) fn inbox(&self, mode: &Mode) -> Result<Inbox, Problem> {
        match mode {
            Mode::Sync | Mode::Plan => self.store.inbox(&self.connection, HINTS_MAX),
            Mode::Check | Mode::Ask(_) | Mode::Act(_) => Ok(Inbox::default()),
        }
    }

    /// Writes down how the pass ended. Errors: the connection is somebody else's by now
    /// (`lease-lost`), and nothing is written.
    pub(super) fn close(
        &self,
        entry: &Entry,
        ended: Timestamp,
        result: &Result<Passed, Problem>,
    ) -> Result<(), Problem> {
        if did_its_work(result) && entry.last_hint > 0 {
            entry
                .store
                .dealt_with(&self.connection, entry.last_hint, ended)?;
        }
        self.remember(entry, ended, result)?;
        self.plan_next(entry, ended, result)
    }

    fn remember(
        &self,
        entry: &Entry,
        ended: Timestamp,
        result: &Result<Passed, Problem>,
    ) -> Result<(), Problem> {
        let before = last_pass(&*entry.store, &self.connection)?;
        match LastPass::after(before.as_ref(), entry.kind, (entry.started, ended), result) {
            Some(pass) => keep_last_pass(&*entry.store, &self.connection, &pass),
            None => Ok(()),
        }
    }

    /// Sets when the next pass is due: a `sync` decides it, an act may bring it forward.
    fn plan_next(
        &self,
        entry: &Entry,
        ended: Timestamp,
        result: &Result<Passed, Problem>,
    ) -> Result<(), Problem> {
        let before = standing(&*entry.store, &self.connection)?;
        let after = match entry.kind {
            "sync" => {
                let time = (entry.started, ended);
                before.after(&self.connection, time, self.given.clone(), result)
            }
            _ => before.after_act(result),
        };
        keep_standing(&*entry.store, &self.connection, &after)
    }
}

impl LastPass {
    /// What is remembered of a pass that ran from `started` to `ended`; none if somebody asked
    /// it to stop.
    pub(crate) fn after(
        before: Option<&LastPass>,
        kind: &str,
        (started, ended): (Timestamp, Timestamp),
        result: &Result<Passed, Problem>,
    ) -> Option<LastPass> {
        let mut pass = LastPass {
            kind: kind.to_owned(),
            started,
            ended,
            verdict: None,
            report: None,
            problem: None,
            last_success: before.and_then(|before| before.last_success),
            recording_cut: result.as_ref().ok().and_then(|passed| passed.recording_cut),
        };
        match result.as_ref().map(|passed| &passed.ended) {
            Ok(Ended::Outcome(outcome)) => {
                pass.verdict = Some(outcome.verdict);
                pass.report = serde_json::from_str(&outcome.report).ok();
            }
            Ok(Ended::Fault(fault)) => {
                let (_, problem) = fault_parts(fault);
                let problem = problem.clone();
                pass.problem = Some((problem.code, problem.message, problem.fix));
            }
            Ok(Ended::Cancelled) => return None,
            Err(problem) => {
                let Problem { code, message, fix } = problem.clone();
                pass.problem = Some((code.to_owned(), message, fix));
            }
        }
        if did_its_work(result) {
            pass.last_success = Some(ended);
        }
        Some(pass)
    }
}

/// Whether the pass came to an end that is not a failure.
pub(crate) fn did_its_work(result: &Result<Passed, Problem>) -> bool {
    matches!(result, Ok(Passed { ended: Ended::Outcome(outcome), .. }) if outcome.verdict != Verdict::Failed)
}
