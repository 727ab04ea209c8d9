//! Whole processes, as a user has them: the sandbox in one, `atsync` in another.

use std::io::Read as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::child::{self, Took};
use super::daemon;
use super::report::{Report, Row, mb, median, ms};
use super::stage::Stage;

/// A first run that needs more passes than this does not come to its end.
const PASSES_MAX: usize = 60;

/// Starts of the program to take the median of.
const STARTS: usize = 11;

/// Full reads that are watched while they are recorded.
const RECORDED_ROUNDS: u64 = 3;

/// Measures a shop of this size from its first pass to an idle daemon.
pub fn measure(
    report: &mut Report,
    program: &Path,
    variants: usize,
    locations: usize,
) -> Result<()> {
    eprintln!("{variants} variants: filling the shop");
    let stage = Stage::build(program, variants, locations)?;

    eprintln!("{variants} variants: first run");
    let mut first = Pass::default();
    for pass in 0.. {
        ensure!(
            pass < PASSES_MAX,
            "the first run is not over after {PASSES_MAX} passes"
        );
        let one = sync(&stage)?;
        first = first.and(&one);
        if one.count("rows_published") == 0 && one.count("variants_read") == 0 {
            break;
        }
    }
    ensure!(
        first.count("rows_published") > 0,
        "the first run published nothing"
    );
    report.row(first.row("first run", variants));

    eprintln!("{variants} variants: full read, nothing changed");
    stage.configure(25)?;
    let unchanged = sync(&stage)?;
    unchanged.must_read(variants)?;
    ensure!(
        unchanged.count("rows_published") == 0,
        "nothing changed, and rows were published"
    );
    report.row(unchanged.row("full read, nothing changed", variants));
    if variants == 1_000_000 {
        let seconds = unchanged.took.cpu.as_secs_f64();
        report.target("full read of 1,000,000, CPU", seconds, "s", 8.0);
        report.target(
            "full read of 1,000,000, resident",
            mb(unchanged.took.peak),
            "MB",
            150.0,
        );
    }
    report.remember_peak(variants, unchanged.took.peak);

    eprintln!("{variants} variants: full read, 1 % changed");
    stage.change_one_in(100)?;
    stage.configure(26)?;
    let changed = sync(&stage)?;
    changed.must_read(variants)?;
    ensure!(
        changed.count("rows_published") > 0,
        "1 % changed, and nothing was published"
    );
    report.row(changed.row("full read, 1 % changed", variants));

    eprintln!("{variants} variants: nothing to do");
    let idle = sync(&stage)?;
    ensure!(
        idle.count("variants_read") == 0,
        "there was something to do"
    );
    report.row(idle.row("pass with nothing to do, whole process", variants));

    let name = |what: &str| format!("{what} ({variants} variants)");
    eprintln!("{variants} variants: full reads and their recordings");
    report.target(
        name("recordings, of a full read's CPU"),
        recording_percent(&stage, variants)?,
        "%",
        10.0,
    );
    stage.configure(26)?;
    sync(&stage)?;
    let daemon = daemon::watch(&stage)?;
    report.target(
        name("daemon: a pass with nothing to do, CPU"),
        ms(daemon.pass_cpu),
        "ms",
        10.0,
    );
    report.target(
        name("daemon: idle, resident"),
        mb(daemon.resident),
        "MB",
        50.0,
    );
    report.target(
        name("start to first request"),
        ms(first_request(&stage)?),
        "ms",
        30.0,
    );
    Ok(())
}

/// What part of a full read's CPU goes into its recording, in per cent.
fn recording_percent(stage: &Stage, variants: usize) -> Result<f64> {
    let rounds = (0..RECORDED_ROUNDS).map(|round| {
        stage.configure(30 + round)?;
        daemon::recording_percent(stage, variants)
    });
    let percents = rounds.collect::<Result<Vec<_>>>()?;
    median(percents).context("there were rounds")
}

/// One or several passes.
#[derive(Default)]
struct Pass {
    took: Took,
    counts: serde_json::Map<String, Value>,
}

impl Pass {
    fn count(&self, name: &str) -> u64 {
        self.counts.get(name).and_then(Value::as_u64).unwrap_or(0)
    }

    fn and(&self, next: &Self) -> Self {
        let mut sum = Self {
            took: self.took.and(next.took),
            counts: next.counts.clone(),
        };
        for (name, count) in &mut sum.counts {
            *count = (self.count(name) + next.count(name)).into();
        }
        for (name, count) in &self.counts {
            sum.counts.entry(name).or_insert_with(|| count.clone());
        }
        sum
    }

    fn must_read(&self, variants: usize) -> Result<()> {
        let read = self.count("variants_read");
        ensure!(
            read == variants as u64,
            "{read} of {variants} variants were read: not a full read"
        );
        Ok(())
    }

    fn row(&self, what: &str, variants: usize) -> Row {
        Row {
            what: what.to_owned(),
            variants,
            took: self.took,
            joor_writes: self.count("joor_writes"),
            shopify_points: self.count("shopify_cost_points"),
        }
    }
}

fn sync(stage: &Stage) -> Result<Pass> {
    let (took, printed) = child::run(&mut stage.command("sync"))?;
    let answer: Value = serde_json::from_str(&printed).context("sync printed no JSON")?;
    match answer.pointer("/report/counts") {
        Some(Value::Object(counts)) => Ok(Pass {
            took,
            counts: counts.clone(),
        }),
        _ => bail!("sync told no counts: {printed}"),
    }
}

/// From the start of the process to the first byte that reaches the shop, with the component
/// compiled before: the median of several starts.
fn first_request(stage: &Stage) -> Result<Duration> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut command =
        stage.command_elsewhere("sync", &format!("http://{}", listener.local_addr()?))?;
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let begun = Instant::now();
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let (mut stream, _) = listener.accept()?;
        stream.read_exact(&mut [0])?;
        times.push(begun.elapsed());
        child.kill()?;
        child.wait()?;
    }
    median(times).context("there were starts")
}
