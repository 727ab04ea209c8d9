//! One pass of a connection at a time, whichever process runs it.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::failed;
use crate::connection::file_name;
use crate::problem::Problem;

/// The right to run a pass. Given back when dropped, also by a process that dies.
#[derive(Debug)]
pub struct Lock {
    lease: Lease,
    #[expect(dead_code, reason = "held, not read")]
    held: Box<dyn Held>,
}

/// The number that a connection had when it was locked. Each lock has a greater one, so who
/// writes with an older one has lost the connection, even if the system still thinks otherwise:
/// locks of files do not reach over every network, and their folder can be deleted.
#[derive(Debug, Clone)]
pub(super) struct Lease {
    pub(super) connection: String,
    token: i64,
}

/// Whatever gives the right back when it is dropped.
pub(super) trait Held: Send + Sync + std::fmt::Debug {}

impl Lock {
    pub(super) fn new(connection: &str, token: i64, held: impl Held + 'static) -> Self {
        let lease = Lease {
            connection: connection.to_owned(),
            token,
        };
        Lock {
            lease,
            held: Box::new(held),
        }
    }

    pub(super) fn lease(&self) -> Lease {
        self.lease.clone()
    }
}

impl Lease {
    /// Whether `newest` is still this one. Errors: it is not (`lease-lost`).
    pub(super) fn check(&self, newest: Option<i64>) -> Result<(), Problem> {
        if newest == Some(self.token) {
            return Ok(());
        }
        Err(Problem::new(
            "lease-lost",
            format!(
                "Another process has taken over {} while this one was in a pass of it; nothing more was written or sent by this pass.",
                self.connection
            ),
            "Let one machine run the connection, and leave the folder of locks beside the store alone. The other process goes on.",
        ))
    }
}

/// A locked file; the system drops the lock with the process.
#[derive(Debug)]
pub(super) struct LockFile {
    file: File,
    /// The token of the last lock, as the file tells it.
    pub(super) last: Option<i64>,
}

impl Held for LockFile {}

impl LockFile {
    /// Locks the file of a connection in `folder`. Errors: another process has it.
    pub(super) fn lock(folder: &Path, connection: &str) -> Result<LockFile, Problem> {
        let path = path_of(folder, connection);
        let io = |error: std::io::Error| failed("lock the connection", &error);
        let mut make = DirBuilder::new();
        make.recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(io)?;
        let mut open = OpenOptions::new();
        open.read(true).write(true).create(true).truncate(false);
        let mut file = open.mode(0o600).open(&path).map_err(io)?;
        let locked = file.try_lock();
        let mut told = String::new();
        let _ = file.read_to_string(&mut told);
        let (last, holder) = what_it_tells(&told);
        match locked {
            Ok(()) => Ok(LockFile { file, last }),
            Err(TryLockError::WouldBlock) => Err(busy(connection, holder)),
            Err(TryLockError::Error(error)) => Err(io(error)),
        }
    }

    /// Tells whoever finds it locked by whom it is, and any later lock which was the last.
    pub(super) fn tell(&mut self, token: i64) {
        let told = format!("{token} process {}\n", std::process::id());
        // Without it only the message is poorer.
        let _ = self.file.set_len(0).and_then(|()| self.file.rewind());
        let _ = self.file.write_all(told.as_bytes());
    }
}

/// The token of the last lock, and who had it, in the text of a file.
pub(super) fn what_it_tells(text: &str) -> (Option<i64>, &str) {
    let (last, holder) = text.split_once(' ').unwrap_or_default();
    (last.parse().ok(), holder.trim())
}

/// Where the lock of a connection lies.
pub(super) fn path_of(folder: &Path, connection: &str) -> PathBuf {
    folder.join(format!("{}.lock", file_name(connection)))
}

pub(super) fn busy(connection: &str, holder: &str) -> Problem {
    let holder = if holder.is_empty() {
        "another process"
    } else {
        holder
    };
    Problem::new(
        "connection-busy",
        format!("A pass of {connection} is running already, in {holder}."),
        "Wait until it is done, or stop that process; two passes never run side by side.",
    )
}
