//! `atsync replay`: a recorded pass, once more, without touching anything.

use std::path::PathBuf;

use serde_json::json;

use super::{Connectors, Exit, Stop};

/// Run a recorded pass again, talking to nobody, and compare
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Example: atsync replay atsync.recordings/acme/PASS.jsonl.gz

Talks to nobody: every answer comes from the recording. Exit code 3: it ended otherwise.")]
pub struct Replay {
    /// A recording
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A component to replay it with [default: the built-in one]
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Replay {
    pub fn run(&self, connectors: &mut Connectors) -> Result<Exit, Stop> {
        let connector = connectors.get(self.component.as_deref())?;
        let replayed = atsync::recording::replay(&self.file, connector)?;
        if self.json {
            let (recorded, now) = (&replayed.recorded, &replayed.now);
            let told = json!({
                "same": replayed.same, "turns": replayed.turns, "recorded": recorded, "now": now,
            });
            println!("{told}");
        } else if replayed.same {
            println!("The same outcome after {} turns.", replayed.turns);
        } else {
            println!("Another outcome after {} turns.", replayed.turns);
            println!(
                "\nrecorded: {}\nnow:      {}",
                replayed.recorded, replayed.now
            );
        }
        Ok(if replayed.same {
            Exit::Done
        } else {
            Exit::Attention
        })
    }
}
