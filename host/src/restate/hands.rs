//! Carries out the effects of one turn as one group, each in Restate's journal.
//!
//! A turn's requests begin together and are answered together, in the order of the requests, so
//! that a replay gives the component the same groups. Their order in the journal is fixed: what
//! reaches out, then the ledger, then waits.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::AbortOnDropHandle;

use super::journal::Journal;
use super::pages::Pages;
use crate::clock::{Clock as _, SystemClock, Timestamp};
use crate::connection::Limits;
use crate::effects::{Remote, refusal, too_long};
use crate::engine::reconcile::{Answer, Completion, Effect, Failure, Request};
use crate::pass::{Hands, kind_of};
use crate::problem::Problem;

/// What carries out a pass, from its beginning or from where another attempt came to.
pub(super) struct Journaled<'a, J> {
    journal: &'a J,
    remote: Arc<Remote>,
    pages: Pages<'a, J>,
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
        pages: Pages<'a, J>,
        limits: &'a Limits,
        started: Timestamp,
    ) -> Self {
        Journaled {
            journal,
            remote: Arc::new(remote),
            pages,
            limits,
            attempt: RandomState::new().hash_one(()),
            latest: started,
        }
    }

    /// Whether an earlier attempt sent this turn's changes. Those of which no answer stands in
    /// the journal may have been carried out; only the component knows what to make of that, so
    /// they are not sent again.
    async fn sent_before(&self, requests: &[Request]) -> Result<bool, Problem> {
        if !requests.iter().any(|request| changes(&request.effect)) {
            return Ok(false);
        }
        let attempt = self.attempt;
        let sender = self.journal.once("send", async move { attempt }).await?;
        Ok(sender != attempt)
    }

    async fn ledger(&mut self, effect: Effect) -> Result<Answer, Problem> {
        if let Some(refused) = refusal(&effect, self.limits) {
            return Ok(refused);
        }
        match effect {
            Effect::Load(keys) => self.pages.load(&keys).await.map(Answer::Loaded),
            Effect::Scan(scan) => self.pages.scan(&scan).await.map(Answer::Scanned),
            Effect::Commit(writes) => {
                self.pages.commit(writes).await?;
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
        let (mut far, mut near, mut waits) = (Vec::new(), Vec::new(), Vec::new());
        for Request { id, effect } in requests {
            match effect {
                Effect::Http(_) | Effect::ReadLines(_) => far.push((id, effect)),
                Effect::WaitUntil(until) => waits.push((id, until)),
                _ => near.push((id, effect)),
            }
        }
        let mut done = Vec::with_capacity(order.len());
        let mut group = Group::new(&self.remote, far, sent_before);
        for (place, (id, kind)) in group.members().into_iter().enumerate() {
            let (at, answer) = self.journal.once(kind, group.answer(place)).await?;
            self.latest = self.latest.max(at);
            done.push((id, answer));
        }
        for (id, effect) in near {
            done.push((id, self.ledger(effect).await?));
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

/// The requests of a turn that reach out. None begins before the first of them is found not to
/// stand in the journal; then all that are left begin at once.
struct Group<'a> {
    remote: &'a Arc<Remote>,
    members: Vec<Member>,
    sent_before: bool,
}

struct Member {
    id: u32,
    kind: &'static str,
    effect: Option<Effect>,
    task: Option<AbortOnDropHandle<Answer>>,
}

impl<'a> Group<'a> {
    fn new(remote: &'a Arc<Remote>, requests: Vec<(u32, Effect)>, sent_before: bool) -> Self {
        let member = |(id, effect)| Member {
            id,
            kind: kind_of(&effect),
            effect: Some(effect),
            task: None,
        };
        Group {
            remote,
            members: requests.into_iter().map(member).collect(),
            sent_before,
        }
    }

    fn members(&self) -> Vec<(u32, &'static str)> {
        let named = |member: &Member| (member.id, member.kind);
        self.members.iter().map(named).collect()
    }

    /// The answer of one, and when it came. Begins those after it as well.
    async fn answer(&mut self, place: usize) -> (Timestamp, Answer) {
        for member in self.members.iter_mut().skip(place) {
            if let Some(effect) = member.effect.take() {
                let effect = begun(Arc::clone(self.remote), effect, self.sent_before);
                member.task = Some(AbortOnDropHandle::new(tokio::spawn(effect)));
            }
        }
        let task = self.members.get_mut(place).and_then(|one| one.task.take());
        let answer = match task {
            Some(task) => task.await.ok(),
            None => None,
        };
        let answer = answer.unwrap_or_else(|| cut("The effect broke off"));
        (SystemClock.now(), answer)
    }
}

async fn begun(remote: Arc<Remote>, effect: Effect, sent_before: bool) -> Answer {
    match effect {
        effect if sent_before && changes(&effect) => cut("The process that sent it ended"),
        Effect::Http(request) => remote.exchange(request).await,
        Effect::ReadLines(request) => remote.read_lines(request).await,
        _ => Answer::Failed(Failure::Unsupported),
    }
}

/// Whether the effect may change what another side has.
fn changes(effect: &Effect) -> bool {
    matches!(effect, Effect::Http(request) if request.changes)
}

fn cut(what: &str) -> Answer {
    let reason = format!("{what} before there was an answer; it may have been carried out");
    Answer::Failed(Failure::Unreachable(reason))
}
