//! The decision tables, by the plugin's own functions alone.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "../golden/answers.rs"]
mod answers;
#[path = "../golden/case.rs"]
mod case;
#[path = "../golden/effects.rs"]
mod effects;
#[path = "../golden/judge.rs"]
mod judge;
#[path = "../golden/orders.rs"]
mod orders;
#[path = "../golden/pass.rs"]
mod pass;

/// In place of the component.
mod component {
    pub use super::answers::Native as Instance;

    impl Instance {
        pub fn new() -> Self {
            Self::default()
        }
    }
}

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
