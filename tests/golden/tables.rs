//! The four tables.

use super::{case, judge, pass};

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
