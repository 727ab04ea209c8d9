//! How often a law of the host's readers is tried.

use proptest::test_runner::{Config, RngSeed};

/// The same thousand tries on every machine, so that a failure comes back.
pub(crate) fn tries() -> Config {
    Config {
        cases: 1000,
        rng_seed: RngSeed::Fixed(20_270_115),
        failure_persistence: None,
        ..Config::default()
    }
}
