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

#[test]
fn availability_is_what_its_cases_say() {
    case::hold("availability", judge::availability);
}

#[test]
fn claims_are_what_their_cases_say() {
    case::hold("claim", judge::claim);
}

#[test]
fn settings_are_judged_as_their_cases_say() {
    case::hold("settings", judge::settings);
}

#[test]
fn passes_do_what_their_cases_say() {
    case::hold("pass", pass::tell);
}
