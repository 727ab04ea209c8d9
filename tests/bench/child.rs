//! A command as a user runs it, and what it took.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use wait4::Wait4 as _;

/// What a process took from its start to its end.
#[derive(Clone, Copy, Default)]
pub struct Took {
    /// On the clock on the wall.
    pub wall: Duration,
    /// User and system time of all its threads.
    pub cpu: Duration,
    /// The most memory that was resident, in bytes.
    pub peak: u64,
}

impl Took {
    /// One after the other: times add up, the larger memory stays.
    pub fn and(self, next: Self) -> Self {
        Self {
            wall: self.wall + next.wall,
            cpu: self.cpu + next.cpu,
            peak: self.peak.max(next.peak),
        }
    }
}

/// Builds the program as it is released, and says where it is.
pub fn program() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        // With the benchmark itself, or else the dependencies that both have would be built once
        // more, with other features.
        .args([
            "build",
            "--release",
            "--package",
            "atsync",
            "--bin",
            "atsync",
        ])
        .args(["--package", "atsync-tests", "--bench", "sync"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(atsync_tests::root())
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(
        built.status.success(),
        "the program was not built, see above"
    );
    let messages = String::from_utf8(built.stdout)?;
    let executable = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message.pointer("/target/name") == Some(&"atsync".into()))
        .find_map(|message| message.get("executable")?.as_str().map(PathBuf::from));
    executable.context("cargo built the program and does not say where")
}

/// Runs a command to its end. Gives what it printed.
pub fn run(command: &mut Command) -> Result<(Took, String)> {
    let begun = Instant::now();
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()?;
    let printed = read_all(&mut child)?;
    let ended = child.wait4()?;
    let took = Took {
        wall: begun.elapsed(),
        cpu: ended.rusage.utime + ended.rusage.stime,
        peak: ended.rusage.maxrss,
    };
    // 3: done, and something needs attention.
    ensure!(
        ended.status.success() || ended.status.code() == Some(3),
        "{command:?} ended with {}: {printed}",
        ended.status
    );
    Ok((took, printed))
}

fn read_all(child: &mut Child) -> Result<String> {
    let stdout = child.stdout.take().context("the output is piped")?;
    Ok(std::io::read_to_string(stdout)?)
}
