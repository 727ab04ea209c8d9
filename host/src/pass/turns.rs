//! The loop: turn, effects, turn, until the component says done.

use std::collections::BTreeSet;
use std::time::Instant;

use super::hands::{Fetch, Hands};
use super::{CancellationToken, Ended, OnProgress, Passed, Tally};
use crate::connection::Limits;
use crate::effects::bytes_of;
use crate::engine::Instance;
use crate::engine::reconcile::{Completion, Effect, Job, Outcome, Request, Turn};
use crate::problem::Problem;
use crate::recording::Recording;

/// What one run of the loop needs.
pub(crate) struct Turns<'a, H> {
    pub(crate) hands: H,
    pub(crate) limits: &'a Limits,
    pub(crate) progress: OnProgress<'a>,
    pub(crate) cancel: &'a CancellationToken,
    pub(crate) recording: Option<Recording>,
}

impl<H: Hands> Turns<'_, H> {
    pub(crate) async fn run(mut self, instance: Instance, job: Job) -> Result<Passed, Problem> {
        let mut tally = Tally {
            started: job.now,
            ..Tally::default()
        };
        let result = self.until_done(instance, job, &mut tally).await;
        self.hands.settle().await;
        tally.ended = self.hands.now().max(tally.started);
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
        tally: &mut Tally,
    ) -> Result<Ended, Problem> {
        let mut open = BTreeSet::new();
        tally.crossed_bytes += job.settings.len() as u64;
        let mut turn;
        let start = move |instance: &mut Instance, _: &[Completion]| instance.start(&job);
        (instance, turn, _) = compute(instance, tally, Box::new(|| Ok(Vec::new())), start).await?;
        loop {
            let waiting = match turn {
                Err(fault) => return Ok(Ended::Fault(fault)),
                Ok(Turn::Done(outcome)) => return self.done(outcome, tally),
                Ok(Turn::Waiting(waiting)) => waiting,
            };
            if let Some(progress) = waiting.progress {
                (self.progress)(progress);
            }
            self.judge(&waiting.requests, &mut open, tally)?;
            let answers: Fetch = tokio::select! {
                biased;
                // As if the program had been stopped here, which the ledger expects.
                () = self.cancel.cancelled() => return Ok(Ended::Cancelled),
                answers = answers(&mut self.hands, waiting.requests) => answers?,
            };
            let completions;
            (instance, turn, completions) =
                compute(instance, tally, answers, Instance::resume).await?;
            for completion in &completions {
                open.remove(&completion.id);
            }
            tally.crossed_bytes += bytes_in(&completions);
            if let Some(recording) = &mut self.recording {
                recording.resumed(completions);
            }
        }
    }

    /// Whether the component may ask for this, beside what is `open`.
    fn judge(
        &mut self,
        requests: &[Request],
        open: &mut BTreeSet<u32>,
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
                recording.asked(request);
            }
            if !open.insert(request.id) {
                return Err(broke(format!(
                    "The component used request id {} while it was still open.",
                    request.id
                )));
            }
        }
        if open.is_empty() {
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

/// What gets the next answers.
async fn answers(hands: &mut impl Hands, requests: Vec<Request>) -> Result<Fetch, Problem> {
    match hands.at_once(requests) {
        Ok(fetch) => Ok(fetch),
        Err(requests) => {
            let completions = hands.perform(requests).await?;
            Ok(Box::new(|| Ok(completions)))
        }
    }
}

/// One call of the component with its answers, on a thread that may compute.
async fn compute<T: Send + 'static>(
    mut instance: Instance,
    tally: &mut Tally,
    answers: Fetch,
    call: impl FnOnce(&mut Instance, &[Completion]) -> Result<T, Problem> + Send + 'static,
) -> Result<(Instance, T, Vec<Completion>), Problem> {
    let computed = tokio::task::spawn_blocking(move || {
        let completions = answers()?;
        let begun = Instant::now();
        let result = call(&mut instance, &completions);
        Ok::<_, Problem>((instance, result, completions, begun.elapsed()))
    });
    let (instance, result, completions, took) = computed
        .await
        .map_err(|error| broke(format!("The engine broke off: {error}.")))??;
    tally.turns += 1;
    tally.computed_us += u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    tally.memory_bytes_max = tally.memory_bytes_max.max(instance.memory_bytes());
    Ok((instance, result?, completions))
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

/// The bytes of text in completions.
pub(crate) fn bytes_in(completions: &[Completion]) -> u64 {
    let bytes = completions.iter().map(|one| bytes_of(&one.answer) as u64);
    bytes.sum()
}

fn broke(what: String) -> Problem {
    Problem::new(
        "component-contract",
        what,
        "Report this with the recording of the pass; the ledger is as it was after the last commit.",
    )
}
