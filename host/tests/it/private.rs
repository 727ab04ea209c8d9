//! What others on the machine see of the program.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::process::Signal;

use crate::program::*;
use crate::support::*;

/// The modes of all files and folders below a folder, by their names.
fn modes(folder: &Path, found: &mut BTreeMap<String, u32>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        found.insert(entry.file_name().into_string().unwrap(), mode);
        if entry.path().is_dir() {
            modes(&entry.path(), found);
        }
    }
}

#[tokio::test]
async fn whatever_the_umask_all_that_the_program_makes_is_its_owners_alone() {
    let offline = connection(
        "acme",
        "url = \"http://127.0.0.1:9\"\ntoken = \"open-sesame\"",
        "",
    );
    let program = Program::new("");
    let configuration = program.folder().join("atsync.toml");
    fs::remove_file(&configuration).unwrap();
    let init = program.types(&["init"]).await;
    assert!(init.status.success(), "{init:?}");
    let listen = "[server]\nlisten = \"127.0.0.1:0\"\n";
    fs::write(&configuration, format!("{listen}{offline}")).unwrap();
    program.types(&["sync"]).await;
    // With its files still open.
    let daemon = program.run().await;
    let mut found = BTreeMap::new();
    modes(program.folder(), &mut found);
    daemon.end(Signal::TERM).await;
    // The test made these itself.
    found.retain(|name, _| name != "log" && name != "out");
    for name in [
        "atsync.toml",
        "atsync.db",
        "atsync.db-wal",
        "atsync.db-shm",
        "acme.lock",
    ] {
        assert_eq!(found.get(name), Some(&0o600), "{name}: {found:?}");
    }
    for folder in ["atsync.db-locks", "atsync.recordings", "acme"] {
        assert_eq!(found.get(folder), Some(&0o700), "{folder}: {found:?}");
    }
    assert!(found.keys().any(|name| name.ends_with(".jsonl.lz4")));
    let open: Vec<_> = found
        .iter()
        .filter(|(_, mode)| **mode & 0o077 != 0)
        .collect();
    assert!(open.is_empty(), "{open:?}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_process_shows_no_secret_to_others_and_leaves_no_core() {
    let base = serve(axum::Router::new()).await;
    let shelf = format!("url = \"{base}\"\ntoken = {{ file = \"token\" }}");
    let listen = "[server]\nlisten = \"127.0.0.1:0\"\n";
    let program = Program::new(&format!("{listen}{}", connection("acme", &shelf, "")));
    program.write("token", "zebra-token");
    let daemon = program.run().await;
    let proc = Path::new("/proc").join(daemon.child.id().to_string());
    let limits = fs::read_to_string(proc.join("limits")).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let core: Vec<_> = core.unwrap().split_whitespace().collect();
    assert_eq!(core[4..6], ["0", "0"], "{limits}");
    // What may be looked at of a process that cannot be dumped belongs to root.
    assert_eq!(fs::metadata(proc.join("environ")).unwrap().uid(), 0);
    for file in ["cmdline", "environ"] {
        // Who may not read it sees nothing in it either.
        let text = fs::read(proc.join(file)).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&text).contains("zebra"), "{file}");
    }
    daemon.end(Signal::ABORT).await;
    let mut left = BTreeMap::new();
    modes(program.folder(), &mut left);
    assert!(
        !left.keys().any(|name| name.starts_with("core")),
        "{left:?}"
    );
}
