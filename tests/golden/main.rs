//! The decision tables. A case is a folder with `case.json` and `expect.json`; each runs through
//! the plugin's own functions and through the component, and both must say what is expected.
//!
//! `UPDATE_GOLDEN=1 cargo test -p atsync-tests --test golden` writes what is said as expected.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod answers;
mod case;
mod component;
mod composed;
mod effects;
mod judge;
mod orders;
mod pass;
mod seed;
mod tables;
