//! `load`, `scan`, `commit`: the ledger of a connection, in memory and in one file.

use std::ops::Bound;

use crate::bindings::atsync::connector::reconcile::{Entry, Failure, Scan, Write};
use crate::folder::{self, File, Folder};
use crate::log::{self, Change, Entries};
use crate::problem::{Problem, refused, unreachable};

/// The most keys of one effect.
const KEYS_MAX: usize = 10_000;

/// A file is written anew at the start of a pass if it is longer than this, in bytes, and more
/// than half of it is of the past.
const COMPACT_BYTES_MIN: usize = 1 << 20;

/// The ledger of one connection.
pub(crate) struct Ledger {
    entries: Entries,
    /// None in a dry run, which ends with its commits.
    file: Option<Appended>,
}

struct Appended {
    file: File,
    length: u64,
}

impl Ledger {
    /// Reads the file `NAME.ledger`; it stays open for commits if they are to last. Errors: it
    /// cannot be read or is damaged.
    pub(crate) fn open(
        folder: &Folder,
        connection: &str,
        lasting: bool,
    ) -> Result<Ledger, Problem> {
        let name = format!("{connection}.ledger");
        let broken = |error: folder::ErrorCode| {
            Problem::failed(
                "ledger-unreadable",
                format!("The ledger {name} cannot be used: {}", error.message()),
                "Look at the rights and the space of the folder that the runtime was given.",
            )
        };
        let bytes = match folder.read(&name) {
            Ok(bytes) => bytes,
            Err(folder::ErrorCode::NoEntry) => Vec::new(),
            Err(error) => return Err(broken(error)),
        };
        let replayed = log::replay(&bytes).map_err(|line| {
            Problem::failed(
                "ledger-damaged",
                format!("Line {line} of the ledger {name} is not as it was written."),
                "Put a copy from a backup in its place. Without one, remove the file: the next \
                 pass reads both sides anew.",
            )
        })?;
        let mut ledger = Ledger {
            entries: replayed.entries,
            file: None,
        };
        if lasting {
            let file = ledger.settle(folder, &name, bytes.len(), replayed.length);
            ledger.file = Some(file.map_err(broken)?);
        }
        Ok(ledger)
    }

    /// Makes the file ready to be written at its end: without the rest of a commit that a crash
    /// cut off, and without a long past.
    fn settle(
        &self,
        folder: &Folder,
        name: &str,
        length: usize,
        whole: usize,
    ) -> folder::Result<Appended> {
        let compact = (whole > COMPACT_BYTES_MIN).then(|| log::compact(&self.entries));
        if let Some(text) = compact.filter(|text| text.len() < whole / 2) {
            folder.replace(name, text.as_bytes())?;
            let (file, length) = (folder.create(name)?, text.len() as u64);
            return Ok(Appended { file, length });
        }
        let (file, whole) = (folder.create(name)?, whole as u64);
        if whole < length as u64 {
            file.cut(whole)?;
        }
        Ok(Appended {
            file,
            length: whole,
        })
    }

    /// One value or none for each key.
    pub(crate) fn load(&self, keys: &[String]) -> Result<Vec<Option<String>>, Failure> {
        few("keys", keys.len())?;
        Ok(keys
            .iter()
            .map(|key| self.entries.get(key).cloned())
            .collect())
    }

    /// A page of keys in byte order, which is the order of Rust's strings.
    pub(crate) fn scan(&self, scan: &Scan) -> Result<Vec<Entry>, Failure> {
        let limit = usize::try_from(scan.limit).unwrap_or(usize::MAX);
        few("keys", limit)?;
        let from = match &scan.after {
            Some(after) if *after >= scan.prefix => Bound::Excluded(after.as_str()),
            _ => Bound::Included(scan.prefix.as_str()),
        };
        let page = self
            .entries
            .range::<str, _>((from, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(&scan.prefix))
            .take(limit);
        let entry = |(key, value): (&String, &String)| Entry {
            key: key.clone(),
            value: value.clone(),
        };
        Ok(page.map(entry).collect())
    }

    /// All writes or none, durable before this returns.
    pub(crate) fn commit(&mut self, writes: Vec<Write>) -> Result<(), Failure> {
        let changes: Vec<Change> = writes
            .into_iter()
            .map(|write| (write.key, write.value))
            .collect();
        if let Some(file) = &mut self.file {
            file.append(log::line(&changes).as_bytes())?;
        }
        log::apply(&mut self.entries, changes);
        Ok(())
    }
}

impl Appended {
    fn append(&mut self, line: &[u8]) -> Result<(), Failure> {
        let broken = |error: folder::ErrorCode| {
            unreachable(format!("the ledger cannot be written: {}", error.message()))
        };
        // Another process that runs the same connection, or an earlier write that failed: what
        // is in memory is no longer what is in the file.
        if self.file.length().map_err(broken)? != self.length {
            return Err(unreachable("the ledger was written by somebody else"));
        }
        self.file.append(self.length, line).map_err(broken)?;
        self.length += line.len() as u64;
        Ok(())
    }
}

fn few(what: &str, count: usize) -> Result<(), Failure> {
    if count > KEYS_MAX {
        return Err(refused(format!(
            "{count} {what} at once; it takes {KEYS_MAX}"
        )));
    }
    Ok(())
}
