//! What is fed to the connector and to the sandbox's readers. A target takes any bytes and panics
//! where a law is broken; the fuzzer and `replay.rs` share them.

#![allow(
    dead_code,
    unused_imports,
    clippy::expect_used,
    clippy::panic,
    reason = "each binary uses one target; a law is broken by panicking"
)]

mod hints;
mod host;
mod hostile;
mod ledger;
mod settings;
mod shelf;
mod stage;
mod talk;

pub use hints::hints;
pub use hostile::hostile;
pub use ledger::ledger;
pub use settings::settings;
pub use stage::Stage;
pub use talk::{answers, mode};

/// A target: what it does with an input.
pub type Target = fn(&[u8]);

/// Every target, by the name of its corpus.
pub const ALL: [(&str, Target); 6] = [
    ("answers", answers),
    ("csv", csv),
    ("hints", hints),
    ("hostile", hostile),
    ("ledger", ledger),
    ("settings", settings),
];

/// A product export of Shopify's, by the reader of `--products`: products, or a sentence that
/// says where and what.
pub fn csv(data: &[u8]) {
    if let Err(error) = atsync_sandbox::catalogue::csv::read(data) {
        assert!(
            !error.message.is_empty() && !error.fix.is_empty(),
            "{error}"
        );
    }
}
