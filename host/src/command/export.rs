//! `atsync export-pass`: a recorded pass as a file for a bug report or a test.

use std::path::PathBuf;

use atsync::recording;
use serde_json::json;

use super::recorded::Recorded;
use super::{Common, Connectors, Exit, Stop};
use crate::render::counted;

/// Write a recorded pass to a file, without secrets and personal data
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Example: atsync export-pass 1795420705899-sync bug.jsonl

Names, addresses, mail, phones and notes of people are replaced by texts of the same shape. Styles,
SKUs, quantities, prices and settings stay: look at the file before you give it away. It replays
by itself: atsync replay bug.jsonl. Never overwrites a file.")]
pub struct ExportPass {
    #[command(flatten)]
    common: Common,
    /// The pass: a recording, or the name of one in the recordings folder
    #[arg(value_name = "PASS")]
    pass: PathBuf,
    /// The file to write
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The component that ran the pass [default: the built-in one]
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
}

impl ExportPass {
    pub fn run(&self, connectors: &mut Connectors) -> Result<Exit, Stop> {
        let pass = std::slice::from_ref(&self.pass);
        let files = Recorded::of(&self.common, connectors).named(pass)?;
        let connector = connectors.get(self.component.as_deref())?;
        for file in files {
            let exported = recording::export(&file, &self.file, connector)?;
            if self.common.json {
                let told = json!({
                    "file": self.file, "turns": exported.turns, "replaced": exported.replaced,
                });
                println!("{told}");
            } else {
                println!(
                    "Wrote {}: {}, {} replaced.",
                    self.file.display(),
                    counted(exported.turns, "turn"),
                    counted(exported.replaced, "text")
                );
            }
        }
        Ok(Exit::Done)
    }
}
