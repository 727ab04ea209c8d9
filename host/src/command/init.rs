//! `atsync init`: a commented configuration file.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

use serde_json::json;

use super::connectors::Connectors;
use super::{Exit, Stop};
use crate::config;

/// Write a commented configuration file to fill in
#[derive(clap::Args, Debug)]
#[command(after_help = "Example: atsync init --name acme\n\n\
    Never overwrites a file. Secrets are named as environment variables, not asked for.")]
pub struct Init {
    /// The file to write
    #[arg(long, value_name = "FILE", default_value = config::DEFAULT_FILE)]
    config: PathBuf,
    /// Name of the connection
    #[arg(long, value_name = "NAME", default_value = "main")]
    name: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Init {
    pub fn run(&self, connectors: &mut Connectors) -> Result<Exit, Stop> {
        let description = connectors.bundled()?.describe();
        let text = config::template(&self.name, description).map_err(|error| {
            Stop::failed(
                "manifest-schema",
                format!("The settings schema in the component's manifest cannot be read: {error}."),
                "Report this to whoever made the component.",
            )
        })?;
        self.write(&text)?;
        if self.json {
            println!("{}", json!({ "written": self.config }));
        } else {
            println!(
                "Wrote {}. Fill it in, then run `atsync check`.",
                self.config.display()
            );
        }
        Ok(Exit::Done)
    }

    fn write(&self, text: &str) -> Result<(), Stop> {
        let file = self.config.display();
        let opened = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&self.config);
        match opened.and_then(|mut file| file.write_all(text.as_bytes())) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Stop::usage(
                "init-file-exists",
                format!("{file} is there already, and init overwrites nothing."),
                "Move it away, or name another one with --config.",
            )),
            Err(error) => Err(Stop::failed(
                "init-not-written",
                format!("{file} cannot be written: {error}."),
                "Name a file in a folder that you may write to with --config.",
            )),
        }
    }
}
