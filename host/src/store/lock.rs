//! One pass of a connection at a time, whichever process runs it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
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

impl Held for File {}

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

/// Locks a file of the connection's in `folder`; the system drops the lock with the process.
pub(super) fn lock_file(folder: &Path, connection: &str) -> Result<File, Problem> {
    let path = lock_path(folder, connection);
    let io = |error: std::io::Error| failed("lock the connection", &error);
    fs::create_dir_all(folder).map_err(io)?;
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(io)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            return Err(busy(connection, holder.trim()));
        }
        Err(TryLockError::Error(error)) => return Err(io(error)),
    }
    // Only for the message of whoever finds it locked.
    let _ = file.set_len(0).and_then(|()| file.rewind());
    let _ = write!(file, "process {}", std::process::id());
    Ok(file)
}

/// Where the lock of a connection lies.
pub(super) fn lock_path(folder: &Path, connection: &str) -> PathBuf {
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
