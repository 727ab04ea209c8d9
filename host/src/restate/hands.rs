//! Carries out the effects of one turn as one group, each in Restate's journal.
//!
//! A turn's requests begin together and are answered together, in the order of the requests, so
//! that a replay gives the component the same groups. In the journal first comes what reaches
//! out, each answer as it arrives, then the ledger, then waits.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::journal::Journal;
use super::ledger::Ledger;
use crate::clock::{Clock as _, SystemClock, Timestamp};
use crate::connection::Limits;
use crate::effects::{Remote, bytes_of, changes, refusal, too_long};
use crate::engine::reconcile::{Answer, Completion, Effect, Failure, Request};
use crate::pass::Hands;
use crate::problem::Problem;
use crate::store::Room;

/// What carries out a pass, from its beginning or from where another attempt came to.
pub(super) struct Journaled<'a, J> {
    journal: &'a J,
    remote: Arc<Remote>,
    ledger: Ledger<'a, J>,
    limits: &'a Limits,
    /// Differs for each time that this invocation is begun or carried on.
    attempt: u64,
    /// The newest time in the journal.
    latest: Timestamp,
}

impl<'a, J: Journal> Journaled<'a, J> {
    /// For a pass that began at `started`.
    pub(super) fn new(
        journal: &'a J,
        remote: Remote,
        ledger: Ledger<'a, J>,
        limits: &'a Limits,
        started: Timestamp,
    ) -> Self {
        Journaled {
            journal,
            remote: Arc::new(remote),
            ledger,
            limits,
            attempt: RandomState::new().hash_one(()),
            latest: started,
        }
    }

    /// Whether an earlier attempt sent this turn's changes. Those of which no answer stands in
    /// the journal may have been carried out; only the component knows what to make of that, so
    /// they are not sent again.
    async fn sent_before(&self, requests: &[Request]) -> Result<bool, Problem> {
        if !requests.iter().any(|request| is_change(&request.effect)) {
            return Ok(false);
        }
        let attempt = self.attempt;
        let sender = self.journal.once("send", async move { attempt }).await?;
        Ok(sender != attempt)
    }

    /// What the ledger answers, with at most so many bytes.
    async fn ledger(&mut self, effect: Effect, bytes_max: usize) -> Result<Answer, Problem> {
        if let Some(refused) = refusal(&effect, self.limits) {
            return Ok(refused);
        }
        match effect {
            Effect::Load(keys) => {
                let loaded = self.ledger.load(keys, bytes_max).await;
                loaded.map(Answer::Loaded)
            }
            Effect::Scan(scan) => {
                let scanned = self.ledger.scan(scan, bytes_max).await;
                scanned.map(Answer::Scanned)
            }
            Effect::Commit(writes) => {
                self.ledger.commit(writes).await?;
                Ok(Answer::Committed)
            }
            _ => Ok(Answer::Failed(Failure::Unsupported)),
        }
    }

    async fn wait(&mut self, until: Timestamp) -> Result<Answer, Problem> {
        if let Some(refused) = too_long(self.latest, until) {
            return Ok(refused);
        }
        let pause = until.saturating_sub(SystemClock.now());
        self.journal.pause(Duration::from_millis(pause)).await?;
        self.latest = self.latest.max(until);
        Ok(Answer::Woke)
    }
}

impl<J: Journal> Hands for Journaled<'_, J> {
    async fn perform(&mut self, requests: Vec<Request>) -> Result<Vec<Completion>, Problem> {
        let sent_before = self.sent_before(&requests).await?;
        let order: Vec<u32> = requests.iter().map(|request| request.id).collect();
        let mut group = Group::new(&self.remote, sent_before);
        let (mut near, mut waits) = (Vec::new(), Vec::new());
        for Request { id, effect } in requests {
            match effect {
                Effect::Http(_) | Effect::ReadLines(_) => group.add(id, effect),
                Effect::WaitUntil(until) => waits.push((id, until)),
                _ => near.push((id, effect)),
            }
        }
        let mut done = Vec::with_capacity(order.len());
        let mut room = Room::of(self.limits.memory_bytes);
        while !group.open.is_empty() {
            let (id, at, answer) = self.journal.once("answer", group.next()).await?;
            self.latest = self.latest.max(at);
            group.open.remove(&id);
            room.take(bytes_of(&answer))?;
            done.push((id, answer));
        }
        for (id, effect) in near {
            let answer = self.ledger(effect, room.left()).await?;
            room.take(bytes_of(&answer))?;
            done.push((id, answer));
        }
        for (id, until) in waits {
            done.push((id, self.wait(until).await?));
        }
        done.sort_by_cached_key(|(id, _)| order.iter().position(|asked| asked == id));
        let at = self.latest;
        let completion = |(id, answer)| Completion { id, at, answer };
        Ok(done.into_iter().map(completion).collect())
    }

    fn now(&self) -> Timestamp {
        self.latest
    }

    async fn settle(&mut self) {}
}

/// The requests of a turn that reach out. They begin when the first answer is found not to stand
/// in the journal: all whose answers do not, at once.
struct Group<'a> {
    remote: &'a Arc<Remote>,
    sent_before: bool,
    /// The requests without an answer; none in the place of one that has begun.
    open: BTreeMap<u32, Option<Effect>>,
    tasks: JoinSet<(u32, Answer)>,
}

impl<'a> Group<'a> {
    fn new(remote: &'a Arc<Remote>, sent_before: bool) -> Self {
        Group {
            remote,
            sent_before,
            open: BTreeMap::new(),
            tasks: JoinSet::new(),
        }
    }

    fn add(&mut self, id: u32, effect: Effect) {
        self.open.insert(id, Some(effect));
    }

    /// The next answer, to which request it is, and when it came.
    async fn next(&mut self) -> (u32, Timestamp, Answer) {
        for (id, effect) in &mut self.open {
            if let Some(effect) = effect.take() {
                let (id, remote) = (*id, Arc::clone(self.remote));
                let begun = begun(remote, effect, self.sent_before);
                self.tasks.spawn(async move { (id, begun.await) });
            }
        }
        let done = self.tasks.join_next().await;
        // If one panics, Restate begins another attempt.
        let done = done.expect("an answer is waited for while one is open");
        let (id, answer) = done.expect("effects do not panic");
        (id, SystemClock.now(), answer)
    }
}

async fn begun(remote: Arc<Remote>, effect: Effect, sent_before: bool) -> Answer {
    match effect {
        effect if sent_before && is_change(&effect) => cut(),
        // No ledger has to be held here, so none can be lost.
        Effect::Http(request) => remote
            .exchange(request)
            .await
            .unwrap_or_else(|lost| Answer::Failed(Failure::Refused(lost.message))),
        Effect::ReadLines(request) => remote.read_lines(request).await,
        _ => Answer::Failed(Failure::Unsupported),
    }
}

/// Whether the effect may change what another side has.
fn is_change(effect: &Effect) -> bool {
    matches!(effect, Effect::Http(request) if changes(request))
}

fn cut() -> Answer {
    let reason = "the process that sent it ended before the answer; it may have been carried out";
    Answer::Failed(Failure::Unreachable(reason.to_owned()))
}
