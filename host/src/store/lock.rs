//! One pass of a connection at a time, whichever process runs it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use super::failed;
use crate::connection::file_name;
use crate::problem::Problem;

/// The right to run a pass. Given back when dropped, also by a process that dies.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held, not read")] Box<dyn Held>);

/// Whatever gives the right back when it is dropped.
pub(super) trait Held: Send + Sync + std::fmt::Debug {}

impl Held for File {}

impl Lock {
    pub(super) fn new(held: impl Held + 'static) -> Self {
        Lock(Box::new(held))
    }

    /// Locks a file of the connection's in `folder`; the system drops the lock with the process.
    pub(super) fn file(folder: &Path, connection: &str) -> Result<Lock, Problem> {
        let path = folder.join(format!("{}.lock", file_name(connection)));
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
        Ok(Lock::new(file))
    }
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
