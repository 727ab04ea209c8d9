//! The daemon while it has nothing to do, and the one pass that finds so.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

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
    let mut daemon = Daemon(
        stage
            .command("run")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?,
    );
    let stdout = daemon.0.stdout.take().context("the output is piped")?;
    thread::sleep(QUIET);
    let before = daemon.cpu()?;
    let mut told = String::new();
    BufReader::new(stdout).read_line(&mut told)?;
    ensure!(told.contains("\"verdict\""), "the daemon ended: {told}");
    // The pass is told before its recording is written.
    thread::sleep(Duration::from_millis(200));
    let pass_cpu = daemon.cpu()?.saturating_sub(before);
    Ok(Idle {
        resident: daemon.resident()?,
        pass_cpu,
    })
}

struct Daemon(Child);

impl Daemon {
    /// What all living threads have used (proc(5), `schedstat`: nanoseconds on the CPU).
    fn cpu(&self) -> Result<Duration> {
        let mut used = Duration::ZERO;
        for thread in fs::read_dir(format!("/proc/{}/task", self.0.id()))? {
            let text = fs::read_to_string(thread?.path().join("schedstat"))?;
            let nanos = text
                .split_whitespace()
                .next()
                .context("schedstat is empty")?;
            used += Duration::from_nanos(nanos.parse()?);
        }
        Ok(used)
    }

    fn resident(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
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
        let ended = Pid::from_child(&self.0);
        // One that is gone already cannot be told to go.
        let _ = kill_process(ended, Signal::TERM);
        let _ = self.0.wait();
    }
}
