//! Looks at a store from outside, without changing it: also at one that nothing can be done with.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::sqlite::{MIGRATIONS, locks, newest_token, version};
use super::trouble::{broke, is_no_older_copy, newer};
use super::{LAST_PASS, LastPass, lock};
use crate::clock::Timestamp;
use crate::problem::Problem;

/// Lines about damage; more tell nothing more.
const DAMAGE_MAX: u32 = 5;

/// A store as it lies on disk.
#[derive(Debug)]
pub struct Examined {
    /// Version of its tables.
    pub version: usize,
    /// What SQLite finds wrong with the file; nothing if it is sound.
    pub damage: Vec<String>,
}

/// What a store knows of one connection.
#[derive(Debug)]
pub struct Traces {
    /// Keys of its ledger.
    pub keys: u64,
    /// How many times it was locked for a pass.
    pub locked: Option<i64>,
    /// When its last pass ended.
    pub last_pass: Option<Timestamp>,
}

/// A file that is only read.
pub struct Examiner {
    path: PathBuf,
    file: Connection,
}

impl Examiner {
    /// Opens the file at `path`, which has to be there. Errors: it cannot be read at all
    /// (`store-closed`, `store-damaged`).
    pub fn open(path: &Path) -> Result<Examiner, Problem> {
        let file = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
        Ok(Examiner {
            path: path.to_owned(),
            file: file.map_err(|error| broke(path, "be opened", &error))?,
        })
    }

    /// Reads all of the file. Errors: it was written by a newer program, or is no store.
    pub fn examine(&self) -> Result<Examined, Problem> {
        let broke = |error| broke(&self.path, "be read", &error);
        let version = version(&self.file).map_err(broke)?;
        if version > MIGRATIONS.len() {
            return Err(newer(&self.path, version));
        }
        // A badly damaged file breaks the check itself, which is an answer, too.
        let damage = self.check().unwrap_or_else(|error| vec![error.to_string()]);
        Ok(Examined { version, damage })
    }

    fn check(&self) -> rusqlite::Result<Vec<String>> {
        let mut lines = Vec::new();
        let check = |row: &rusqlite::Row<'_>| {
            let line: String = row.get(0)?;
            lines.extend((line != "ok").then_some(line));
            Ok(())
        };
        self.file.pragma(None, "quick_check", DAMAGE_MAX, check)?;
        Ok(lines)
    }

    /// What it knows of a connection. Errors: that part of it is damaged, or it is a copy from
    /// before the connection's last pass (`store-older`).
    pub fn traces(&self, connection: &str) -> Result<Traces, Problem> {
        let traces = || -> rusqlite::Result<Traces> {
            let count = "SELECT count(*), sum(length(value)) FROM ledger WHERE connection = ?1";
            let keys: i64 = self.file.query_row(count, [connection], |row| row.get(0))?;
            let note = "SELECT value FROM note WHERE connection = ?1 AND name = ?2";
            let last: Option<String> = self
                .file
                .query_row(note, [connection, LAST_PASS], |row| row.get(0))
                .optional()?;
            let last = last.and_then(|text| serde_json::from_str::<LastPass>(&text).ok());
            // A file of the first version has no leases.
            let locked = match version(&self.file)? {
                0..=1 => None,
                _ => newest_token(&self.file, connection)?,
            };
            Ok(Traces {
                keys: keys.try_into().unwrap_or(0),
                locked,
                last_pass: last.map(|last| last.ended),
            })
        };
        let traces = traces().map_err(|error| broke(&self.path, "be read", &error))?;
        let told = lock_of(&self.path, connection).1;
        let (last, _) = lock::what_it_tells(&told);
        is_no_older_copy(&self.path, connection, traces.locked, last)?;
        Ok(traces)
    }
}

/// How long another process may write before it counts as one that does not stop.
const WRITER_TIME: Duration = Duration::from_secs(2);

/// Begins to write the file at `path`, and lets it be. Errors: this user may not write it or its
/// folder (`store-closed`), another process goes on writing (`store-busy`).
pub fn try_to_write(path: &Path) -> Result<(), Problem> {
    let begin = || {
        let file = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        file.busy_timeout(WRITER_TIME)?;
        file.execute_batch("BEGIN IMMEDIATE; ROLLBACK")
    };
    begin().map_err(|error| broke(path, "be written", &error))
}

/// What a pass of a connection writes of the store at `path`: files, and folders in which it makes
/// some. Not all of it has to be there.
pub fn written(path: &Path, connection: &str) -> Vec<PathBuf> {
    let beside = ["-wal", "-shm"].map(|end| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    });
    let locks = locks(path);
    let lock = lock::path_of(&locks, connection);
    let mut written = vec![path.to_owned(), locks, lock];
    written.extend(beside);
    written
}

/// Whether passes have ever run on a store at `path`, be the file there or not.
pub fn was_used(path: &Path) -> bool {
    locks(path).is_dir()
}

/// Who is in a pass of a connection of the store at `path` at the moment, if anybody is.
pub fn holder(path: &Path, connection: &str) -> Option<String> {
    let (file, told) = lock_of(path, connection);
    // Shared, so that two who look do not take each other for a pass.
    let locked = File::open(&file).ok()?.try_lock_shared().is_err();
    let (_, holder) = lock::what_it_tells(&told);
    locked.then(|| holder.to_owned())
}

/// The file of a connection's lock, and its text.
fn lock_of(path: &Path, connection: &str) -> (PathBuf, String) {
    let file = lock::path_of(&locks(path), connection);
    let told = std::fs::read_to_string(&file).unwrap_or_default();
    (file, told)
}
