//! Laws of the core: what holds for every stock, every rule and every order.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod availability;
mod claim;
mod given;
mod settings;
mod style;

use proptest::test_runner::{Config, RngSeed};

/// The same thousand tries on every machine, so that a failure comes back.
fn tries() -> Config {
    Config {
        cases: 1000,
        rng_seed: RngSeed::Fixed(20_270_115),
        failure_persistence: None,
        ..Config::default()
    }
}
