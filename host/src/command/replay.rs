//! `atsync replay`: recorded passes, once more, without touching anything.

use std::path::{Path, PathBuf};

use atsync::clock::Timestamp;
use atsync::engine::Connector;
use atsync::problem::Problem;
use atsync::recording::{self, Comparison};
use serde_json::json;

use super::recorded::{Recorded, span};
use super::{Common, Connectors, Exit, Stop};
use crate::config;
use crate::finding::Finding;
use crate::render::compared;

/// Run recorded passes again, talking to nobody, and compare
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples: atsync replay 1795420705899-sync
          atsync replay --last 7d --settings other.toml
          atsync replay --last 7d --plugin newer.wasm

Talks to nobody: every answer comes from the recordings. With --plugin or --settings it shows the
rows and orders that would have come out otherwise, each pass going on from the one before.
Exit code 3: something differs.")]
pub struct Replay {
    #[command(flatten)]
    common: Common,
    /// Recorded passes: a file, or the name of one in the recordings folder
    #[arg(value_name = "PASS", required_unless_present = "last")]
    passes: Vec<PathBuf>,
    /// All that began in this time: 12h, 7d
    #[arg(long, value_name = "TIME", value_parser = span, conflicts_with = "passes")]
    last: Option<Timestamp>,
    /// Show what this component would have done
    #[arg(long, value_name = "FILE")]
    plugin: Option<PathBuf>,
    /// Show what these settings would have done: another configuration, or its settings alone
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// The component that ran the recorded passes [default: the built-in one]
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
}

impl Replay {
    pub fn run(&self, connectors: &mut Connectors) -> Result<Exit, Stop> {
        let mut recorded = Recorded::of(&self.common, connectors);
        let files = match self.last {
            Some(last) => recorded.since(last)?,
            None => recorded.named(&self.passes)?,
        };
        let component = connectors.get(self.component.as_deref())?.clone();
        if self.plugin.is_none() && self.settings.is_none() {
            return self.again(&files, &component);
        }
        let other = match &self.plugin {
            Some(plugin) => connectors.get(Some(plugin))?.clone(),
            None => component.clone(),
        };
        self.otherwise(&files, component, &other)
    }

    /// The same once more.
    fn again(&self, files: &[PathBuf], connector: &Connector) -> Result<Exit, Stop> {
        let mut exit = Exit::Done;
        for file in files {
            let replayed = recording::replay(file, connector)?;
            if self.common.json {
                let (recorded, now) = (&replayed.recorded, &replayed.now);
                let told = json!({
                    "pass": file, "same": replayed.same, "turns": replayed.turns,
                    "recorded": recorded, "now": now,
                });
                println!("{told}");
            } else {
                let name = file.file_stem().unwrap_or_default().to_string_lossy();
                let named = match files {
                    [_] => String::new(),
                    _ => format!("{}: ", name.trim_end_matches(".jsonl")),
                };
                let which = if replayed.same { "The same" } else { "Another" };
                println!("{named}{which} outcome after {} turns.", replayed.turns);
            }
            if !replayed.same {
                exit = Exit::Attention;
                if !self.common.json {
                    println!(
                        "\nrecorded: {}\nnow:      {}",
                        replayed.recorded, replayed.now
                    );
                }
            }
        }
        Ok(exit)
    }

    /// What another component or other settings would have done.
    fn otherwise(
        &self,
        files: &[PathBuf],
        component: Connector,
        other: &Connector,
    ) -> Result<Exit, Stop> {
        let mut settings = Settings {
            file: self.settings.as_deref(),
            connector: other,
            wrong: Vec::new(),
        };
        let mut comparison = Comparison::new(component, other.clone());
        let mut story = compared::Story::default();
        for file in files {
            match comparison.pass(file, &mut |connection| settings.of(connection)) {
                _ if !settings.wrong.is_empty() => return Err(Stop::refused(settings.wrong)),
                Ok(Some(pass)) => story.add(pass),
                Ok(None) => {}
                // One of many that was too large to be kept is no reason to leave the others.
                Err(problem) if problem.code == "recording-cut" && files.len() > 1 => {
                    story.leave_out(problem);
                }
                Err(problem) => return Err(problem.into()),
            }
        }
        let report = story.report();
        let exit = if story.is_the_same() {
            Exit::Done
        } else {
            Exit::Attention
        };
        if self.common.json {
            println!("{}", json!({ "verdict": exit.name(), "report": report }));
        } else {
            print!(
                "{}",
                crate::render::report(&report, crate::render::Paint::stdout())
            );
        }
        Ok(exit)
    }
}

/// The settings to compare with.
struct Settings<'s> {
    file: Option<&'s Path>,
    connector: &'s Connector,
    wrong: Vec<Finding>,
}

impl Settings<'_> {
    /// Those of a connection, once the component has nothing against them.
    fn of(&mut self, connection: &str) -> Result<Option<String>, Problem> {
        let Some(file) = self.file else {
            return Ok(None);
        };
        match config::settings_in(file, connection) {
            Ok(settings) => {
                let findings = self.connector.check_settings(&settings)?;
                let findings = findings.into_iter().map(Finding::from);
                self.wrong.extend(findings.filter(Finding::is_error));
                Ok(Some(settings))
            }
            Err(findings) => {
                self.wrong.extend(findings);
                Ok(None)
            }
        }
    }
}
