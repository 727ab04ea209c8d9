//! Who carries out what the component asks for: here, tasks side by side in this process.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::task::JoinSet;

use crate::clock::{Clock, Timestamp};
use crate::effects::{Effects, is_of_ledger};
use crate::engine::reconcile::{Answer, Completion, Effect, Request};
use crate::problem::Problem;

/// Gets answers, on a thread that may wait for the disk.
pub(crate) type Fetch = Box<dyn FnOnce() -> Result<Vec<Completion>, Problem> + Send>;

/// Carries out the effects of one pass. The requests it is given have passed the limits.
pub(crate) trait Hands: Send {
    /// What gets the answers to `requests`, where nothing but the disk has to be waited for and
    /// nothing else is open: the component computes on such a thread, so that no other has to be
    /// woken. Gives the requests back where it is not so.
    fn at_once(&mut self, requests: Vec<Request>) -> Result<Fetch, Vec<Request>> {
        Err(requests)
    }

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
pub(super) struct Tasks {
    effects: Arc<Effects>,
    time: Arc<Time>,
    /// The open requests that write the ledger.
    commits: BTreeSet<u32>,
    open: JoinSet<(u32, Result<Answer, Problem>)>,
}

/// The time of a pass.
struct Time {
    clock: Arc<dyn Clock>,
    latest: AtomicU64,
}

impl Time {
    /// Never earlier than the time before.
    fn now(&self) -> Timestamp {
        let now = self.clock.now();
        now.max(self.latest.fetch_max(now, Ordering::Relaxed))
    }
}

impl Tasks {
    /// Nothing is on its way; the pass began at `started`.
    pub(super) fn new(effects: Effects, clock: Arc<dyn Clock>, started: Timestamp) -> Self {
        let latest = AtomicU64::new(started);
        Tasks {
            effects: Arc::new(effects),
            time: Arc::new(Time { clock, latest }),
            commits: BTreeSet::new(),
            open: JoinSet::new(),
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

impl Hands for Tasks {
    fn at_once(&mut self, requests: Vec<Request>) -> Result<Fetch, Vec<Request>> {
        let asks_ledger = |request: &Request| is_of_ledger(&request.effect);
        if !self.open.is_empty() || !requests.iter().all(asks_ledger) {
            return Err(requests);
        }
        let (effects, time) = (Arc::clone(&self.effects), Arc::clone(&self.time));
        Ok(Box::new(move || {
            let answer = |Request { id, effect }| Ok((id, effects.ask_ledger(effect)?));
            let done: Result<Vec<_>, Problem> = requests.into_iter().map(answer).collect();
            let completions = completed(done?, time.now());
            effects.taken_in(&completions);
            Ok(completions)
        }))
    }

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
        let completions = completed(done, self.now());
        self.effects.taken_in(&completions);
        Ok(completions)
    }

    fn now(&self) -> Timestamp {
        self.time.now()
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

fn completed(done: Vec<(u32, Answer)>, at: Timestamp) -> Vec<Completion> {
    let completion = |(id, answer)| Completion { id, at, answer };
    done.into_iter().map(completion).collect()
}
