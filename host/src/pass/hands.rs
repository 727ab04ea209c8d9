//! Who carries out what the component asks for: here, tasks side by side in this process.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::clock::{Clock, Timestamp};
use crate::effects::Effects;
use crate::engine::reconcile::{Answer, Completion, Effect, Request};
use crate::problem::Problem;

/// Carries out the effects of one pass. The requests it is given have passed the limits.
pub(crate) trait Hands: Send {
    /// Begins `requests`, and waits until at least one that is open has its answer. When this is
    /// let go of, what was begun goes on.
    fn perform(
        &mut self,
        requests: Vec<Request>,
    ) -> impl Future<Output = Result<Vec<Completion>, Problem>> + Send;

    /// What time it is for this pass; never runs backwards.
    fn now(&self) -> Timestamp;

    /// Waits until the ledger stands still, and lets go of everything else.
    fn settle(&mut self) -> impl Future<Output = ()> + Send;
}

/// Effects on their way in this process.
pub(super) struct Tasks<'a> {
    effects: Arc<Effects>,
    clock: &'a dyn Clock,
    /// The open requests that write the ledger.
    commits: BTreeSet<u32>,
    open: JoinSet<(u32, Result<Answer, Problem>)>,
    /// The time of the newest completion.
    latest: Timestamp,
}

impl<'a> Tasks<'a> {
    /// Nothing is on its way; the pass began at `started`.
    pub(super) fn new(effects: Effects, clock: &'a dyn Clock, started: Timestamp) -> Self {
        Tasks {
            effects: Arc::new(effects),
            clock,
            commits: BTreeSet::new(),
            open: JoinSet::new(),
            latest: started,
        }
    }

    fn begin(&mut self, request: Request) {
        if matches!(request.effect, Effect::Commit(_)) {
            self.commits.insert(request.id);
        }
        let effects = Arc::clone(&self.effects);
        self.open
            .spawn(async move { (request.id, effects.perform(request.effect).await) });
    }
}

impl Hands for Tasks<'_> {
    async fn perform(&mut self, requests: Vec<Request>) -> Result<Vec<Completion>, Problem> {
        for request in requests {
            self.begin(request);
        }
        let mut done = Vec::new();
        let mut joined = self.open.join_next().await;
        while let Some(task) = joined {
            let (id, answer) = task.map_err(|error| {
                Problem::new(
                    "effect",
                    format!("An effect broke off: {error}."),
                    "Report this; the ledger is as it was after the last commit.",
                )
            })?;
            self.commits.remove(&id);
            done.push((id, answer?));
            joined = self.open.try_join_next();
        }
        let at = self.now();
        self.latest = at;
        Ok(done
            .into_iter()
            .map(|(id, answer)| Completion { id, at, answer })
            .collect())
    }

    fn now(&self) -> Timestamp {
        self.latest.max(self.clock.now())
    }

    async fn settle(&mut self) {
        while !self.commits.is_empty()
            && let Some(task) = self.open.join_next().await
        {
            if let Ok((id, _)) = task {
                self.commits.remove(&id);
            }
        }
    }
}
