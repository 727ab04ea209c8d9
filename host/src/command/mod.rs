//! The command line: one file per command. What a connector offers (questions and acts of its
//! manifest) becomes commands of its own.

mod answer;
mod check;
mod component;
mod connectors;
mod demo;
mod export;
mod init;
mod offer;
mod passes;
mod recorded;
mod replay;
mod restate;
mod run;
mod sandbox;
mod site;
mod status;
mod stop;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use connectors::Connectors;
use site::{Ready, Site};
use stop::Exit;
pub use stop::Stop;

/// Keeps stock in step between the services that a connector joins.
#[derive(Parser)]
#[command(version, arg_required_else_help = true, disable_help_subcommand = true)]
#[command(after_help = "\
Exit codes: 0 all is well; 1 failed; 2 wrong usage or settings; 3 done, and something needs attention.

Example: atsync demo --once")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(demo::Demo),
    Sandbox(sandbox::Sandbox),
    Init(init::Init),
    Check(check::Check),
    Plan(passes::Plan),
    Sync(passes::Sync),
    Run(run::Run),
    // Much larger than the others.
    Restate(Box<restate::Restate>),
    Status(status::Status),
    Replay(replay::Replay),
    ExportPass(export::ExportPass),
    Component(component::Component),
}

/// Which configuration, which connection, and for whom the answer is.
#[derive(Args, Clone, Debug)]
struct Common {
    /// Configuration file [default: $ATSYNC_CONFIG, else ./atsync.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Connection [default: all, or the only one]
    #[arg(short, long, value_name = "NAME")]
    connection: Option<String>,
    /// Print JSON: one object per line, one line per connection
    #[arg(long)]
    json: bool,
}

/// Does what the command line says.
pub fn main() -> ExitCode {
    let mut connectors = match Connectors::new() {
        Ok(connectors) => connectors,
        Err(problem) => return Stop::from(problem).tell(false),
    };
    let offers = match connectors.bundled() {
        Ok(connector) => offer::all(connector.describe()),
        Err(problem) => return Stop::from(problem).tell(false),
    };
    let mut command = Cli::command();
    for offer in &offers {
        command = command.subcommand(offer.command());
    }
    let matches = command.get_matches();
    match run(&matches, &offers, &mut connectors) {
        Ok(exit) => exit.into(),
        Err(stop) => stop.tell(wants_json(&matches)),
    }
}

fn run(
    matches: &ArgMatches,
    offers: &[offer::Offer],
    connectors: &mut Connectors,
) -> Result<Exit, Stop> {
    if let Some((offer, matches)) = offer::chosen(offers, matches) {
        return offer.run(matches, connectors);
    }
    match Cli::from_arg_matches(matches)
        .unwrap_or_else(|error| error.exit())
        .command
    {
        Command::Demo(command) => command.run(connectors),
        Command::Sandbox(command) => command.run(),
        Command::Init(command) => command.run(connectors),
        Command::Check(command) => command.run(connectors),
        Command::Plan(command) => command.run(connectors),
        Command::Sync(command) => command.run(connectors),
        Command::Run(command) => command.run(connectors),
        Command::Restate(command) => command.run(connectors),
        Command::Status(command) => command.run(connectors),
        Command::Replay(command) => command.run(connectors),
        Command::ExportPass(command) => command.run(connectors),
        Command::Component(command) => command.run(connectors),
    }
}

/// Every command has `--json`; it stands with the last word of the command.
fn wants_json(matches: &ArgMatches) -> bool {
    match matches.subcommand() {
        Some((_, below)) if below.subcommand().is_some() => wants_json(below),
        Some((_, command)) => command.get_flag("json"),
        None => false,
    }
}

/// Runs asynchronous work to its end.
fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Stop> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| {
        Stop::failed(
            "no-threads",
            format!("The system gives no threads to work with: {error}."),
            "Look at the limits of the user or container that runs atsync.",
        )
    })?;
    Ok(runtime.block_on(work))
}
