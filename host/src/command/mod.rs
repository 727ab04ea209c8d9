//! The command line: one file per command. What a connector offers (questions and acts of its
//! manifest) becomes commands of its own.

mod connectors;
mod init;
mod stop;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use connectors::Connectors;
pub use stop::{Exit, Stop};

/// Keeps stock in step between the services that a connector joins.
#[derive(Parser)]
#[command(name = "atsync", version, arg_required_else_help = true, disable_help_subcommand = true)]
#[command(after_help = "\
Exit codes: 0 all is well, 1 failed, 2 wrong usage or settings, 3 done but something needs attention.
Example: atsync demo --once")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(init::Init),
}

/// Which configuration, which connection, and for whom the answer is.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// Configuration file [default: $ATSYNC_CONFIG, else ./atsync.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Connection [default: all of them, or the only one]
    #[arg(short, long, value_name = "NAME")]
    pub connection: Option<String>,
    /// Print JSON: one object per connection and line
    #[arg(long)]
    pub json: bool,
}

/// Does what the command line says.
pub fn main() -> ExitCode {
    match run() {
        Ok(exit) => exit.into(),
        Err(stop) => stop.tell(),
    }
}

fn run() -> Result<Exit, Stop> {
    let cli = Cli::parse();
    let mut connectors = Connectors::new()?;
    match cli.command {
        Command::Init(command) => command.run(&mut connectors),
    }
}
