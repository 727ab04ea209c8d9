//! The program: reads its command line, does one command, says how it went.

mod command;
mod config;
mod confine;
mod demo;
mod finding;
mod render;
mod report;
#[cfg(test)]
mod tries;

fn main() -> std::process::ExitCode {
    confine::confine();
    command::main()
}
