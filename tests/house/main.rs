//! What the house asks of itself, so that nobody has to remember it.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod component;
mod contract;
mod edges;
mod layout;
mod readmes;

use std::fs;
use std::path::{Path, PathBuf};

/// The tracked files for which `wanted` holds, each with its text.
fn texts(wanted: impl Fn(&Path) -> bool) -> Vec<(PathBuf, String)> {
    let files = atsync_tests::tracked_files().expect("the house tests look at what git tracks");
    let read = |file: PathBuf| {
        let text = fs::read_to_string(atsync_tests::root().join(&file))
            .unwrap_or_else(|e| panic!("{file:?}: {e}"));
        (file, text)
    };
    files
        .into_iter()
        .filter(|file| wanted(file))
        .map(read)
        .collect()
}

/// Fails with one line for each finding.
fn none(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}
