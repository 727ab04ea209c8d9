//! What stands where, and how large it may be.

use std::collections::BTreeSet;
use std::path::Path;

use super::{none, texts};

/// Lines above which a source file is split.
const LINES_MAX: usize = 600;

#[test]
fn the_top_level_holds_what_the_owner_fixed() {
    let allowed = BTreeSet::from([
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "host",
        "plugin",
        "tests",
        "wit",
    ]);
    let files = atsync_tests::tracked_files().unwrap();
    let tops: BTreeSet<&str> = files
        .iter()
        .filter_map(|file| file.components().next()?.as_os_str().to_str())
        .collect();
    let strangers: Vec<String> = tops
        .iter()
        .filter(|top| !top.starts_with('.') && !allowed.contains(*top))
        .map(|top| {
            format!("{top} is at the top level; give it a room below host, plugin, tests or wit")
        })
        .collect();
    none(&strangers);
    let missing: Vec<_> = allowed
        .difference(&tops)
        .map(|name| format!("{name} is missing"))
        .collect();
    none(&missing);
}

#[test]
fn no_source_file_is_longer_than_a_person_reads() {
    let long: Vec<String> = texts(is_source)
        .iter()
        .filter(|(_, text)| text.lines().count() > LINES_MAX)
        .map(|(file, text)| {
            format!(
                "{} has {} lines; {LINES_MAX} are allowed",
                file.display(),
                text.lines().count()
            )
        })
        .collect();
    none(&long);
}

#[test]
fn no_file_names_the_machine_it_was_written_on() {
    let places = ["/work/", "/root/", "/tmp/target-"];
    let named: Vec<String> = texts(|file| is_source(file) || is_prose(file))
        .iter()
        .filter(|(file, _)| !file.ends_with("tests/house/layout.rs"))
        .flat_map(|(file, text)| {
            let hits = places.iter().filter(move |place| text.contains(**place));
            hits.map(move |place| format!("{} mentions {place}", file.display()))
        })
        .collect();
    none(&named);
}

#[test]
fn no_test_is_switched_off_and_nothing_is_left_for_later() {
    let marks = [
        concat!("#[ign", "ore"),
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
    ];
    let marked: Vec<String> = texts(is_source)
        .iter()
        .flat_map(|(file, text)| {
            let hits = marks.iter().filter(move |mark| text.contains(**mark));
            hits.map(move |mark| format!("{} has {mark}", file.display()))
        })
        .collect();
    none(&marked);
}

fn is_source(file: &Path) -> bool {
    // The real world's formats grow as they must: locks are generated, the contract is one text.
    has_extension(file, &["rs", "mjs", "js", "ts", "py", "sh", "toml"])
}

fn is_prose(file: &Path) -> bool {
    has_extension(file, &["md", "wit", "graphql"])
}

fn has_extension(file: &Path, known: &[&str]) -> bool {
    file.extension()
        .and_then(|e| e.to_str())
        .is_some_and(|e| known.contains(&e))
}
