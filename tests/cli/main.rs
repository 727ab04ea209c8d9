//! What people type and what they get. A transcript is a file beside this one; a story has a
//! running sandbox behind it.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod artifact;
mod story;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

/// What an answer must not depend on, given the same way to every command.
fn surroundings() -> [(&'static str, String); 6] {
    [
        ("ACME_SECRET", "secret".to_owned()),
        ("ATSYNC_CONFIG", "atsync.toml".to_owned()),
        ("COLUMNS", "100".to_owned()),
        ("NO_COLOR", "1".to_owned()),
        ("TZ", "UTC".to_owned()),
        ("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR").to_owned()),
    ]
}

/// The program, with the connector compiled once for all commands that follow.
fn atsync() -> Command {
    static COMPILED: Once = Once::new();
    let command = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_atsync"));
        command.envs(surroundings());
        command
    };
    COMPILED.call_once(|| {
        let version = command().arg("--version").output().unwrap();
        assert!(version.status.success(), "{version:?}");
    });
    command()
}

/// This folder.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cli")
}

#[test]
fn each_command_answers_as_in_its_transcript() {
    drop(atsync());
    let transcripts = trycmd::TestCases::new();
    for (name, value) in surroundings() {
        transcripts.env(name, value);
    }
    transcripts.case(folder().join("*.trycmd")).run();
}
