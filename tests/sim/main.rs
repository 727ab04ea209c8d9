//! The simulation: the connector's flows, its ledger, a host and both services in one thread,
//! under virtual time, all from one seed.
//!
//! ```sh
//! cargo test --workspace --test sim -- --seeds 10000
//! cargo test --workspace --test sim -- --seed 17 --trace
//! ```

#![expect(
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking"
)]

mod books;
mod bounds;
mod brand;
mod case;
mod form;
mod host;
mod model;
mod oracle;
mod plan;
mod rng;
mod run;
mod settled;
mod shrink;
mod sum;
mod trace;
mod world;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use form::{Native, Shipped};
use plan::Plan;
use sum::Sum;
use trace::Trace;

/// Every so many seeds one is run again, and has to come to the same.
const AGAIN_EVERY: u64 = 50;

/// So many seeds are run on the component that is shipped, too.
const ON_THE_COMPONENT: u64 = 20;

/// Runs the connector in small worlds in which everything goes wrong. A failing seed is shrunk
/// and told.
#[derive(Parser)]
#[command(name = "sim")]
struct Options {
    /// How many seeds, beside the cases.
    #[arg(long, default_value_t = 2_500)]
    seeds: u64,
    /// The first one.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// This one alone.
    #[arg(long)]
    seed: Option<u64>,
    /// Tell all that happens in it.
    #[arg(long)]
    trace: bool,
    /// Names of tests, as cargo hands them to all; the simulation is `sim`.
    #[arg(hide = true)]
    names: Vec<String>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if !options.names.is_empty()
        && !options
            .names
            .iter()
            .any(|name| "sim".contains(name.as_str()))
    {
        return ExitCode::SUCCESS;
    }
    match options.seed {
        Some(seed) => one(seed, options.trace),
        None => many(&options),
    }
}

fn one(seed: u64, in_words: bool) -> ExitCode {
    let trace = if in_words {
        Trace::in_words()
    } else {
        Trace::default()
    };
    let plan = Plan::draw(seed);
    let ran = run::run(&plan, &mut Native::default(), trace);
    ran.lines.iter().for_each(|line| println!("{line}"));
    match &ran.broken {
        None => {
            println!("seed {seed} holds, with trace {:016x}", ran.hash);
            ExitCode::SUCCESS
        }
        Some(broken) => {
            sum::tell(seed, broken);
            ExitCode::FAILURE
        }
    }
}

fn many(options: &Options) -> ExitCode {
    let begun = Instant::now();
    let cases = case::all();
    let failed = cases.iter().filter(|case| !case.holds()).count();
    let sum = Sum::of(options.from..options.from + options.seeds);
    sum.print(begun.elapsed());
    for (seed, broken) in sum.first_of_each_law() {
        sum::tell(seed, broken);
    }
    let unlike = unlike(options);
    let failed = failed + usize::from(!sum.broken.is_empty()) + unlike;
    let passed = cases.len() + 3 - failed;
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {word}. {passed} passed; {failed} failed");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// "Determinism": the same seed comes to the same trace, natively again and as the component.
fn unlike(options: &Options) -> usize {
    let natively =
        |seed| run::run(&Plan::draw(seed), &mut Native::default(), Trace::default()).hash;
    let seeds = options.from..options.from + options.seeds;
    let again = seeds.clone().step_by(AGAIN_EVERY as usize);
    let differs = again
        .clone()
        .filter(|seed| natively(*seed) != natively(*seed))
        .count();
    println!(
        "{} seeds run again: {differs} came to something else",
        again.count()
    );
    let mut component = Shipped::new();
    let sample = seeds.take(ON_THE_COMPONENT as usize);
    let mut as_component =
        |seed| run::run(&Plan::draw(seed), &mut component, Trace::default()).hash;
    let other = sample
        .clone()
        .filter(|seed| natively(*seed) != as_component(*seed))
        .count();
    println!(
        "{} seeds run on the component: {other} came to something else",
        sample.count()
    );
    usize::from(differs > 0) + usize::from(other > 0)
}
