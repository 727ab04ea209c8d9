//! What a pass takes: `cargo bench -p atsync-tests`, with `-- --help` for its options.
//!
//! It measures and prints, beside what is aimed at; it never fails for being slow. It does fail
//! where a pass did not do what was to be measured.

mod child;
mod daemon;
mod flow;
mod forms;
mod processes;
mod report;
mod stage;
mod world;

use anyhow::Result;
use clap::Parser;

use report::Report;

/// Measures what passes take, and prints it beside what is aimed at
#[derive(Parser)]
#[command(name = "sync")]
struct Options {
    /// Variants of the shop; several numbers make several shops
    #[arg(long, value_name = "NUMBER", num_args = 1.., default_values_t = [100_000, 1_000_000])]
    variants: Vec<usize>,
    /// Locations of the shop
    #[arg(long, value_name = "NUMBER", default_value_t = 3)]
    locations: usize,
    /// One small shop, to see that the benchmark itself works
    #[arg(long)]
    quick: bool,
    /// Leave out whole processes, or the component beside the native flow
    #[arg(long, value_name = "PART", value_parser = ["processes", "flow"])]
    without: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let sizes = if options.quick {
        vec![20_000]
    } else {
        options.variants
    };
    let without = options.without.as_deref();
    let program = child::program()?;
    let mut report = Report::new(options.locations);
    for variants in sizes {
        if without != Some("processes") {
            processes::measure(&mut report, &program, variants, options.locations)?;
        }
        if without != Some("flow") {
            flow::measure(&mut report, variants, options.locations)?;
        }
    }
    report.conclude();
    report.print(options.json);
    Ok(())
}
