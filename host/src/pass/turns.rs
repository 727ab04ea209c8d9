//! The loop: turn, effects, turn, until the component says done.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use tokio::task::JoinSet;

use super::{CancellationToken, Ended, OnProgress, Passed, Tally};
use crate::clock::{Clock, Timestamp};
use crate::connection::Limits;
use crate::effects::Effects;
use crate::engine::Instance;
use crate::engine::reconcile::{Answer, Completion, Effect, Job, Outcome, Request, Turn};
use crate::problem::Problem;
use crate::recording::Recording;

/// What one run of the loop needs.
pub(super) struct Turns<'a> {
    pub(super) effects: Arc<Effects>,
    pub(super) clock: &'a dyn Clock,
    pub(super) limits: &'a Limits,
    pub(super) progress: OnProgress<'a>,
    pub(super) cancel: &'a CancellationToken,
    pub(super) recording: Option<Recording>,
}

/// Effects on their way.
#[derive(Default)]
struct Open {
    ids: BTreeSet<u32>,
    /// Those of `ids` that write the ledger.
    commits: BTreeSet<u32>,
    tasks: JoinSet<(u32, Result<Answer, Problem>)>,
    /// The time of the newest completion; time never runs backwards within a pass.
    latest: Timestamp,
}

impl Turns<'_> {
    pub(super) async fn run(mut self, instance: Instance, job: Job) -> Result<Passed, Problem> {
        let mut tally = Tally {
            started: job.now,
            ..Tally::default()
        };
        let mut open = Open {
            latest: job.now,
            ..Open::default()
        };
        let result = self.until_done(instance, job, &mut open, &mut tally).await;
        open.settle().await;
        tally.ended = self.clock.now().max(tally.started);
        let recording = self.recording.take();
        let recording_cut = recording.and_then(|recording| recording.end(&result, &tally));
        Ok(Passed {
            ended: result?,
            tally,
            recording_cut,
        })
    }

    async fn until_done(
        &mut self,
        mut instance: Instance,
        job: Job,
        open: &mut Open,
        tally: &mut Tally,
    ) -> Result<Ended, Problem> {
        tally.crossed_bytes += job.settings.len() as u64;
        let mut turn;
        (instance, turn) = compute(instance, tally, move |instance| instance.start(&job)).await?;
        loop {
            let waiting = match turn {
                Err(fault) => return Ok(Ended::Fault(fault)),
                Ok(Turn::Done(outcome)) => return self.done(outcome, tally),
                Ok(Turn::Waiting(waiting)) => waiting,
            };
            if let Some(progress) = waiting.progress {
                (self.progress)(progress);
            }
            self.begin(waiting.requests, open, tally)?;
            let completions = tokio::select! {
                biased;
                // As if the program had been stopped here, which the ledger expects.
                () = self.cancel.cancelled() => return Ok(Ended::Cancelled),
                completions = open.ready(self.clock) => completions?,
            };
            tally.crossed_bytes += completions.iter().map(bytes_of).sum::<u64>();
            let resume = move |instance: &mut Instance| {
                let turn = instance.resume(&completions)?;
                Ok((turn, completions))
            };
            let taken;
            (instance, (turn, taken)) = compute(instance, tally, resume).await?;
            if let Some(recording) = &mut self.recording {
                recording.resumed(taken);
            }
        }
    }

    /// Starts what the component asks for.
    fn begin(
        &mut self,
        requests: Vec<Request>,
        open: &mut Open,
        tally: &mut Tally,
    ) -> Result<(), Problem> {
        if requests.len() > self.limits.turn_requests {
            return Err(broke(format!(
                "The component asked for {} effects in one turn; it may ask for {}.",
                requests.len(),
                self.limits.turn_requests
            )));
        }
        for request in requests {
            tally.count(&request.effect);
            if let Some(recording) = &mut self.recording {
                recording.asked(&request);
            }
            if !open.ids.insert(request.id) {
                return Err(broke(format!(
                    "The component used request id {} while it was still open.",
                    request.id
                )));
            }
            if matches!(request.effect, Effect::Commit(_)) {
                open.commits.insert(request.id);
            }
            let effects = Arc::clone(&self.effects);
            open.tasks
                .spawn(async move { (request.id, effects.perform(request.effect).await) });
        }
        if open.ids.is_empty() {
            return Err(broke(
                "The component waits, and asked for nothing to wait for.".to_owned(),
            ));
        }
        let asked: u64 = tally.requests.values().sum();
        if asked > self.limits.pass_requests {
            return Err(broke(format!(
                "The component asked for more than {} effects in one pass.",
                self.limits.pass_requests
            )));
        }
        Ok(())
    }

    fn done(&self, outcome: Outcome, tally: &mut Tally) -> Result<Ended, Problem> {
        tally.crossed_bytes += outcome.report.len() as u64;
        if outcome.report.len() > self.limits.report_bytes {
            return Err(broke(format!(
                "The component's report has {} bytes; it may have {}.",
                outcome.report.len(),
                self.limits.report_bytes
            )));
        }
        if serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&outcome.report)
            .is_err()
        {
            return Err(broke(
                "The component's report is not a JSON object.".to_owned(),
            ));
        }
        Ok(Ended::Outcome(outcome))
    }
}

impl Open {
    /// Waits for one effect to be done, and takes all that are done by then.
    async fn ready(&mut self, clock: &dyn Clock) -> Result<Vec<Completion>, Problem> {
        let mut done = Vec::new();
        let mut joined = self.tasks.join_next().await;
        while let Some(task) = joined {
            let (id, answer) = task.map_err(|error| {
                Problem::new(
                    "effect",
                    format!("An effect broke off: {error}."),
                    "Report this; the ledger is as it was after the last commit.",
                )
            })?;
            self.ids.remove(&id);
            self.commits.remove(&id);
            done.push((id, answer?));
            joined = self.tasks.try_join_next();
        }
        self.latest = self.latest.max(clock.now());
        let at = self.latest;
        Ok(done
            .into_iter()
            .map(|(id, answer)| Completion { id, at, answer })
            .collect())
    }

    /// Waits for commits on their way, so that the ledger stands still when the pass has ended,
    /// and lets go of everything else.
    async fn settle(mut self) {
        while !self.commits.is_empty()
            && let Some(task) = self.tasks.join_next().await
        {
            if let Ok((id, _)) = task {
                self.commits.remove(&id);
            }
        }
    }
}

/// One call of the component, on a thread that may compute.
async fn compute<T: Send + 'static>(
    mut instance: Instance,
    tally: &mut Tally,
    call: impl FnOnce(&mut Instance) -> Result<T, Problem> + Send + 'static,
) -> Result<(Instance, T), Problem> {
    let begun = Instant::now();
    let computed = tokio::task::spawn_blocking(move || {
        let result = call(&mut instance);
        (instance, result)
    });
    let (instance, result) = computed
        .await
        .map_err(|error| broke(format!("The engine broke off: {error}.")))?;
    tally.turns += 1;
    tally.computed_us += u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    tally.memory_bytes_max = tally.memory_bytes_max.max(instance.memory_bytes());
    Ok((instance, result?))
}

impl Tally {
    fn count(&mut self, effect: &Effect) {
        let kind = kind_of(effect);
        match self.requests.get_mut(kind) {
            Some(count) => *count += 1,
            None => {
                self.requests.insert(kind.to_owned(), 1);
            }
        }
        match effect {
            Effect::Http(request) => {
                *self.exchanges.entry(request.service.clone()).or_default() += 1;
                self.crossed_bytes += request.body.as_ref().map_or(0, String::len) as u64;
            }
            Effect::Commit(writes) => {
                let bytes = writes
                    .iter()
                    .map(|write| write.key.len() + write.value.as_ref().map_or(0, String::len));
                self.crossed_bytes += bytes.sum::<usize>() as u64;
            }
            Effect::Load(keys) => {
                self.crossed_bytes += keys.iter().map(String::len).sum::<usize>() as u64;
            }
            Effect::ReadLines(_) | Effect::Scan(_) | Effect::WaitUntil(_) => {}
        }
    }
}

/// The effect's name in the contract.
pub(crate) fn kind_of(effect: &Effect) -> &'static str {
    match effect {
        Effect::Http(_) => "http",
        Effect::ReadLines(_) => "read-lines",
        Effect::Load(_) => "load",
        Effect::Scan(_) => "scan",
        Effect::Commit(_) => "commit",
        Effect::WaitUntil(_) => "wait-until",
    }
}

/// The bytes of text in a completion.
pub(crate) fn bytes_of(completion: &Completion) -> u64 {
    let bytes = match &completion.answer {
        Answer::Http(response) => response.body.len(),
        Answer::Lines(lines) => lines.text.len(),
        Answer::Loaded(values) => values.iter().flatten().map(String::len).sum(),
        Answer::Scanned(entries) => entries
            .iter()
            .map(|entry| entry.key.len() + entry.value.len())
            .sum(),
        Answer::Committed | Answer::Woke | Answer::Failed(_) => 0,
    };
    bytes as u64
}

fn broke(what: String) -> Problem {
    Problem::new(
        "component-contract",
        what,
        "Report this with the recording of the pass; the ledger is as it was after the last commit.",
    )
}
