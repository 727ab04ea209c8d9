//! What goes wrong with the file, in words that say what to do.

use std::path::Path;

use rusqlite::{Error, ErrorCode};

use crate::problem::Problem;

/// The file at `path` could not do what was asked of it. Nothing of it was done.
pub(super) fn broke(path: &Path, what: &str, error: &Error) -> Problem {
    let path = path.display();
    let say = |code, why: &str, fix: &str| {
        Problem::new(
            code,
            format!("The store {path} could not {what}: {why}."),
            fix,
        )
    };
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => say(
            "store-busy",
            "another process goes on writing to it",
            "Nothing was changed, and it is tried again. End what holds the file, such as a backup or an SQL tool \
             in a transaction.",
        ),
        Some(ErrorCode::DiskFull) => say(
            "store-full",
            "its disk is full",
            "Nothing was changed, and it goes on once there is room. Make some, or lower [recording] keep_mb.",
        ),
        Some(ErrorCode::SystemIoFailure) => say(
            "store-disk",
            &format!("the disk refuses ({error})"),
            "Nothing was changed, and it is tried again. Look at the disk: space, quota, the most that a file may \
             have, health. `atsync doctor` looks at some of it.",
        ),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => say(
            "store-damaged",
            &format!("the file is damaged ({error})"),
            "Run `atsync doctor`: it says what is damaged, what that costs, and what to do.",
        ),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => say(
            "store-closed",
            &error.to_string(),
            "Look at [store] path. The user that runs atsync has to be able to write the file and its folder.",
        ),
        _ => super::failed(what, error),
    }
}

/// The file at `path` was written by a newer program.
pub(super) fn newer(path: &Path, version: usize) -> Problem {
    Problem::new(
        "store-newer",
        format!(
            "The store {} is of version {version}, which is newer than this program.",
            path.display()
        ),
        "Run the newer program, or restore the backup made before it was installed.",
    )
}

/// Whether the newest token of a connection that the file at `path` has is the `last` one that was
/// given out. A file without any is a fresh one. Errors: it is a copy from before (`store-older`).
pub(super) fn is_no_older_copy(
    path: &Path,
    connection: &str,
    newest: Option<i64>,
    last: Option<i64>,
) -> Result<(), Problem> {
    if newest.zip(last).is_none_or(|(newest, last)| newest >= last) {
        return Ok(());
    }
    Err(Problem::new(
        "store-older",
        format!(
            "The store {} is older than the last pass of {connection}: it is a copy from before. It would take for \
             sent and done what was so then, and not what is.",
            path.display()
        ),
        "Move the file away and begin anew, as the guide for operators says under \"A lost or damaged store\"; or put \
         back a copy that no pass has followed. To go on with it all the same, delete the folder of locks beside it.",
    ))
}
