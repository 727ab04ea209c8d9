//! The component beside the same flow compiled for this machine: the same full reads, with the
//! same answers, and only the flow itself on the clock.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use atsync::component::Component as Source;
use atsync::engine::Engine;
use atsync_plugin::bindings::exports::atsync::connector::reconcile::{
    Answer, Completion, Effect, Outcome, Request, Turn, Verdict,
};
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;

use super::forms::{Component, Flow, Native};
use super::report::{Report, median};
use super::world::World;

/// Full reads in each form, by turns.
const ROUNDS: usize = 5;

/// A first run that needs more passes than this does not come to its end.
const PASSES_MAX: usize = 60;

/// Measures full reads of a shop of this size in which nothing changed.
pub fn measure(report: &mut Report, variants: usize, locations: usize) -> Result<()> {
    let cache = tempfile::TempDir::new()?;
    let connector = Engine::new(cache.path())?.load(&Source::Bundled)?;
    let (mut native, mut component) = (Native::default(), Component::new(connector));
    eprintln!("{variants} variants: filling the shop and the ledger in memory");
    let mut world = World::build(variants, locations)?;
    first_run(&mut native, &mut world)?;
    let (mut natively, mut as_component, mut crossed) = (Vec::new(), Vec::new(), 0);
    for round in 0..ROUNDS {
        eprintln!("{variants} variants: full reads, {} of {ROUNDS}", round + 1);
        let hours = 25 + 2 * round as u64;
        natively.push(full_read(&mut native, &mut world, hours, variants)?.computed);
        let pass = full_read(&mut component, &mut world, hours + 1, variants)?;
        as_component.push(pass.computed);
        crossed = pass.crossed;
    }
    let natively = median(natively).context("there were rounds")?;
    let as_component = median(as_component).context("there were rounds")?;
    report.flow(variants, natively, as_component, crossed);
    Ok(())
}

/// Passes until JOOR has everything.
fn first_run(flow: &mut impl Flow, world: &mut World) -> Result<()> {
    for _ in 0..PASSES_MAX {
        let pass = run(flow, world, 24)?;
        if pass.count("variants_read") == 0 && pass.count("rows_published") == 0 {
            return Ok(());
        }
    }
    bail!("the first run is not over after {PASSES_MAX} passes")
}

fn full_read(flow: &mut impl Flow, world: &mut World, hours: u64, variants: usize) -> Result<Ran> {
    let pass = run(flow, world, hours)?;
    let (read, published) = (pass.count("variants_read"), pass.count("rows_published"));
    ensure!(
        read == variants as u64,
        "{read} of {variants} variants were read: not a full read"
    );
    ensure!(
        published == 0,
        "nothing changed, and {published} rows were published"
    );
    Ok(pass)
}

/// A pass that was run.
struct Ran {
    /// CPU time within the flow: for the component with what it takes to cross its boundary.
    computed: Duration,
    /// Bytes of text that went in and out.
    crossed: u64,
    report: Value,
}

impl Ran {
    fn count(&self, name: &str) -> u64 {
        let count = self
            .report
            .get("counts")
            .and_then(|counts| counts.get(name));
        count.and_then(Value::as_u64).unwrap_or(0)
    }
}

fn run(flow: &mut impl Flow, world: &mut World, full_read_hours: u64) -> Result<Ran> {
    let settings = world.settings(full_read_hours);
    let (mut computed, mut crossed) = (Duration::ZERO, settings.len());
    let mut turn = on_the_clock(&mut computed, || flow.start(&settings, world.now))?;
    loop {
        let waiting = match turn {
            Turn::Done(Outcome {
                next_run,
                verdict,
                report,
            }) => {
                ensure!(verdict != Verdict::Failed, "the pass failed: {report}");
                crossed += report.len();
                world.now = next_run;
                let report = serde_json::from_str(&report)?;
                return Ok(Ran {
                    computed,
                    crossed: crossed as u64,
                    report,
                });
            }
            Turn::Waiting(waiting) => waiting,
        };
        let mut completions = Vec::new();
        for Request { id, effect } in waiting.requests {
            crossed += asked(&effect);
            let answer = world.perform(effect)?;
            crossed += answered(&answer);
            completions.push(Completion {
                id,
                at: world.now,
                answer,
            });
        }
        turn = on_the_clock(&mut computed, || flow.resume(completions))?;
    }
}

/// Adds the CPU time that this thread takes for `work`: that of others does not count, and
/// neither does waiting for a processor.
fn on_the_clock<T>(sum: &mut Duration, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let now = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime));
    let begun = now()?;
    let done = work()?;
    *sum += now()?.saturating_sub(begun);
    Ok(done)
}

fn asked(effect: &Effect) -> usize {
    match effect {
        Effect::Http(request) => request.path.len() + request.body.as_ref().map_or(0, String::len),
        Effect::Load(keys) => keys.iter().map(String::len).sum(),
        Effect::Commit(writes) => {
            let bytes = writes
                .iter()
                .map(|write| write.key.len() + write.value.as_ref().map_or(0, String::len));
            bytes.sum()
        }
        Effect::ReadLines(_) | Effect::Scan(_) | Effect::WaitUntil(_) => 0,
    }
}

fn answered(answer: &Answer) -> usize {
    match answer {
        Answer::Http(response) => response.body.len(),
        Answer::Lines(lines) => lines.text.len(),
        Answer::Loaded(values) => values.iter().flatten().map(String::len).sum(),
        Answer::Scanned(entries) => entries
            .iter()
            .map(|entry| entry.key.len() + entry.value.len())
            .sum(),
        Answer::Committed | Answer::Woke | Answer::Failed(_) => 0,
    }
}
