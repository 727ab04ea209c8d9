//! `atsync check`: what the file says first, then every credential and setting for real.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use atsync::clock::{Clock as _, SystemClock, Timestamp};
use atsync::engine::reconcile::Mode;
use atsync::store::last_pass;

use super::answer::Answer;
use super::passes::{Passes, cancelled_by_ctrl_c};
use super::{Common, Connectors, Exit, Ready, Site, Stop, block_on};
use crate::config::{Config, Configured, Lies};
use crate::finding::Finding;

/// Try every setting, credential and right for real; change nothing
#[derive(clap::Args, Debug)]
#[command(after_help = "Example: atsync check\n\n\
    First what the file says, then the machine, then each service.")]
pub struct Check {
    #[command(flatten)]
    common: Common,
}

impl Check {
    pub fn run(&self, connectors: &mut Connectors) -> Result<Exit, Stop> {
        let site = Site::open(&self.common, connectors)?;
        let store = site.store()?;
        let passes = Passes::new(&site, self.common.json)?;
        let several = site.chosen().count() > 1;
        let mut planned = Vec::new();
        for configured in site.chosen() {
            let mut findings = site.judge(configured, connectors)?;
            let last = last_pass(&*store, &configured.name)?.map(|last| last.ended);
            findings.extend(secrets_lie_open(&site.config, configured));
            findings.extend(clock_is_behind(last));
            let connector = match &configured.connection {
                Some(connection) => Some(connectors.get(connection.component.as_deref())?.clone()),
                None => None,
            };
            let ready = configured.connection.clone().zip(connector);
            let ready = ready.map(|(connection, connector)| Ready {
                connection,
                connector,
            });
            planned.push((configured.name.clone(), findings, ready));
        }
        block_on(async {
            let cancel = cancelled_by_ctrl_c();
            let mut worst = Exit::Done;
            for (name, findings, ready) in planned {
                let wrong = findings.iter().any(Finding::is_error);
                let mut answer = match ready.filter(|_| !wrong) {
                    Some(ready) => passes.run(&site, ready, Mode::Check, &cancel).await,
                    None => Answer::refused(&name),
                };
                answer.add(findings);
                answer.print(self.common.json, several);
                worst = worst.max(answer.exit);
            }
            worst
        })
    }
}

/// Secrets that others on this machine can read.
pub fn secrets_lie_open(config: &Config, configured: &Configured) -> Vec<Finding> {
    let of_host = config.postgres.iter().chain(&config.token);
    let of_host = of_host.map(|found| &found.lies);
    let all = configured.secrets.iter().chain(of_host);
    let mut findings: Vec<_> = all.filter_map(readable_by_others).collect();
    // Several secrets in one file are one thing to mend.
    findings.dedup_by(|later, earlier| later.message == earlier.message);
    findings
}

/// A clock that shows a time before the last pass, or before this program was made.
pub fn clock_is_behind(last_pass: Option<Timestamp>) -> Option<Finding> {
    let now = SystemClock.now();
    let behind =
        last_pass.is_some_and(|ended| ended > now + CLOCK_SLACK_MS) || now < BUILT_AFTER_MS;
    behind.then(|| {
        Finding::warning(
            "clock-behind",
            "The clock of this machine is behind: it shows a time before the last pass, or before this program was made.",
            "Let the machine keep time by NTP; due times and lifetimes of tokens depend on it.",
        )
    })
}

/// Nobody minds a minute.
const CLOCK_SLACK_MS: u64 = 60_000;
/// 2026-01-01T00:00:00Z
const BUILT_AFTER_MS: u64 = 1_767_225_600_000;

fn readable_by_others(lies: &Lies) -> Option<Finding> {
    let (file, place) = match lies {
        Lies::Environment => return None,
        Lies::Configuration(place) => (place.file.as_path(), place),
        Lies::File(file, place) => (file.as_path(), place),
    };
    is_readable_by_others(file).then(|| {
        Finding::warning(
            "secret-readable-by-others",
            format!(
                "Others on this machine can read {}, which holds a secret.",
                file.display()
            ),
            format!(
                "Run `chmod 600 {}`, or take the secret from the environment.",
                file.display()
            ),
        )
        .at(place.clone())
    })
}

fn is_readable_by_others(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|metadata| metadata.permissions().mode() & 0o044 != 0)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_file_is_readable_by_others_until_its_mode_says_otherwise() {
        let folder = std::env::temp_dir().join(format!("atsync-check-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("secret");
        std::fs::write(&file, "x").unwrap();
        for (mode, readable) in [(0o644, true), (0o640, true), (0o600, false)] {
            std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(is_readable_by_others(&file), readable, "{mode:o}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
