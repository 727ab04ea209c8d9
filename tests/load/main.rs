//! Webhooks by the thousand against the real server, while it syncs with the sandbox:
//!
//! ```sh
//! cargo test --workspace --locked --test load -- --rate 2000 --seconds 60
//! ```
//!
//! It fails if one is not answered within the five seconds that Shopify waits, if one that was
//! answered is not kept, if one is kept twice, if memory grows, or if JOOR does not show what the
//! shop has afterwards. Without options it is short, as a part of all tests.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod catalogue;
mod stage;
mod storm;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;

use catalogue::Catalogue;
use stage::Stage;
use storm::Storm;

/// How often the daemon is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// One in so many webhooks is delivered a second time.
const AGAIN_EVERY: usize = 10;

/// By how much the daemon's memory may be larger in the second half than in the first, in bytes:
/// one pass takes more than another.
const GROWTH_MAX: u64 = 64 << 20;

/// Drives webhooks against the real server while it syncs, and looks whether any is lost
#[derive(Parser)]
#[command(name = "load")]
struct Options {
    /// Webhooks a second
    #[arg(long, default_value_t = 200)]
    rate: usize,
    /// For how long
    #[arg(long, default_value_t = 5)]
    seconds: usize,
    /// Variants of the shop
    #[arg(long, default_value_t = 2_000)]
    variants: usize,
    /// Names of tests, as cargo hands them to all; this one is `load`.
    #[arg(hide = true)]
    names: Vec<String>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let named = |name: &String| "load".contains(name.as_str());
    if !options.names.is_empty() && !options.names.iter().any(named) {
        return ExitCode::SUCCESS;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(load(&options));
    println!("\ntest result: ok. 1 passed; 0 failed");
    ExitCode::SUCCESS
}

async fn load(options: &Options) {
    let stage = Arc::new(Stage::build(options.variants).await);
    stage.sync_until_quiet().await;
    let catalogue = Catalogue::read(&stage).await;

    // Without its ledger the daemon has everything to read and to publish again.
    stage.lose_the_ledger();
    let daemon = stage.run().await;
    let count = options.rate * options.seconds;
    let storm = Storm::new(&daemon.base, stage.webhook_secret(), &catalogue.items);
    let selling = catalogue.sells(Arc::clone(&stage));
    let raging = tokio::spawn(storm.rage(count, options.rate, AGAIN_EVERY));
    let mut memory = Vec::new();
    while !raging.is_finished() {
        memory.push(daemon.resident());
        tokio::time::sleep(LOOK).await;
    }
    let sum = raging.await.unwrap();
    selling.abort();
    let metrics = daemon.metrics_after_a_pass().await;
    daemon.end().await;

    sum.print(options.rate);
    let taken = metrics.webhooks("taken");
    let repeated = metrics.webhooks("repeated");
    let kept = stage.webhooks_kept();
    println!("kept            {kept}; {repeated} came again and were merged");
    let most = |memory: &[u64]| memory.iter().copied().max().unwrap_or_default();
    let (first, second) = memory.split_at(memory.len() / 2);
    let (before, after) = (most(first), most(second));
    println!(
        "memory          {} MiB at the start, up to {} in the first half, {} in the second",
        memory.first().unwrap() >> 20,
        before >> 20,
        after >> 20
    );
    println!("passes          {} meanwhile", metrics.passes());
    assert_eq!(sum.unanswered, 0, "each is answered in time");
    assert_eq!(
        (taken, repeated),
        (sum.first(), sum.again()),
        "taken and repeated"
    );
    assert_eq!(kept, sum.first(), "each is kept, and kept once");
    assert!(after < before + GROWTH_MAX, "memory stays flat");

    let passes = stage.sync_until_quiet().await;
    let looked_at = catalogue.agrees(&stage).await;
    println!("converged       JOOR shows the stock of {looked_at} SKUs, after {passes} passes");
}
