//! Each input that a fuzzer found worth keeping, and each that once broke a law, without a fuzzer.
//!
//! `BEGIN_CORPUS=FOLDER cargo test -p atsync-tests --test fuzz` writes the inputs that it begins
//! with into a folder.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod begin;
mod targets;

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

#[test]
fn each_input_of_the_corpus_is_survived() {
    let corpus = atsync_tests::root().join("tests/fuzz/corpus");
    let mut broken = Vec::new();
    for (name, target) in targets::ALL {
        let inputs = fs::read_dir(corpus.join(name)).unwrap();
        let mut files: Vec<_> = inputs.map(|input| input.unwrap().path()).collect();
        assert!(!files.is_empty(), "{name} has no corpus");
        files.sort();
        for file in files {
            let data = fs::read(&file).unwrap();
            if catch_unwind(|| target(&data)).is_err() {
                broken.push(format!("{name}: {}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn real_conversations_are_survived() {
    let told = std::env::var_os("BEGIN_CORPUS");
    let scratch = tempfile::TempDir::new().unwrap();
    let folder = told.as_ref().map_or(scratch.path(), Path::new);
    begin::begin(folder).unwrap();
    for name in ["answers", "ledger"] {
        let (_, target) = targets::ALL.iter().find(|(of, _)| *of == name).unwrap();
        for input in fs::read_dir(folder.join(name)).unwrap() {
            target(&fs::read(input.unwrap().path()).unwrap());
        }
    }
}
