//! The daemon while it has nothing to do, the one pass that finds so, and who works in a full read.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::child;
use super::stage::Stage;

/// After this long without work the daemon's threads for work are gone, so that what its threads
/// have used can be compared before and after a pass. They end after 10 s.
const QUIET: Duration = Duration::from_secs(15);

/// What was seen of a daemon.
pub struct Idle {
    /// Memory that is resident while nothing happens, in bytes.
    pub resident: u64,
    /// What the daemon used for a pass with nothing to do, in all threads.
    pub pass_cpu: Duration,
}

/// Starts a daemon right after a pass, so that its own first one is due within a minute; looks
/// at it before and after that one.
pub fn watch(stage: &Stage) -> Result<Idle> {
    eprintln!("watching the daemon for a minute");
    let mut daemon = Daemon::start(stage)?;
    thread::sleep(QUIET);
    let before = daemon.cpu()?.values().sum::<Duration>();
    daemon.pass()?;
    let pass_cpu = daemon
        .cpu()?
        .values()
        .sum::<Duration>()
        .saturating_sub(before);
    Ok(Idle {
        resident: daemon.resident()?,
        pass_cpu,
    })
}

/// Starts a daemon that has a full read to do, and gives the part of its CPU that its recording
/// took, in per cent. The thread that records is measured by itself: two processes of the same work
/// differ by more than that. What the pass adds, a digest for each request, is far below 1 %.
pub fn recording_percent(stage: &Stage, variants: usize) -> Result<f64> {
    let mut daemon = Daemon::start(stage)?;
    daemon.pass()?;
    let cpu = daemon.cpu()?;
    let (_, status) = child::run(&mut stage.command("status"))?;
    ensure!(
        status.contains(&format!("\"variants_read\":{variants}")),
        "no full read of {variants} variants: {status}"
    );
    let recording = cpu.get("recording").context("no thread records")?;
    let all: Duration = cpu.values().sum();
    Ok(recording.as_secs_f64() / all.as_secs_f64() * 100.0)
}

struct Daemon {
    process: Child,
    stdout: BufReader<ChildStdout>,
}

impl Daemon {
    fn start(stage: &Stage) -> Result<Self> {
        let mut process = stage
            .command("run")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = process.stdout.take().context("the output is piped")?;
        Ok(Self {
            process,
            stdout: BufReader::new(stdout),
        })
    }

    /// Waits until the next pass is over.
    fn pass(&mut self) -> Result<()> {
        let mut told = String::new();
        self.stdout.read_line(&mut told)?;
        ensure!(told.contains("\"verdict\""), "the daemon ended: {told}");
        // The pass is told before its recording is written.
        thread::sleep(Duration::from_millis(200));
        Ok(())
    }

    /// What the living threads have used, by their names (proc(5), `schedstat`: nanoseconds on the
    /// CPU).
    fn cpu(&self) -> Result<BTreeMap<String, Duration>> {
        let mut used = BTreeMap::<_, Duration>::new();
        for thread in fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            let thread = thread?.path();
            let name = fs::read_to_string(thread.join("comm"))?.trim().to_owned();
            let text = fs::read_to_string(thread.join("schedstat"))?;
            let nanos = text
                .split_whitespace()
                .next()
                .context("schedstat is empty")?;
            *used.entry(name).or_default() += Duration::from_nanos(nanos.parse()?);
        }
        Ok(used)
    }

    fn resident(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib: u64 = line
            .context("no VmRSS")?
            .trim()
            .trim_end_matches(" kB")
            .parse()?;
        Ok(kib << 10)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let ended = Pid::from_child(&self.process);
        // One that is gone already cannot be told to go.
        let _ = kill_process(ended, Signal::TERM);
        let _ = self.process.wait();
    }
}
