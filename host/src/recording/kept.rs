//! Which recordings there are.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::writer::{SUFFIX, began};
use crate::clock::Timestamp;
use crate::connection::file_name;
use crate::problem::Problem;

/// A recording that is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept {
    /// When its pass began.
    pub began: Timestamp,
    /// The pass, as commands name it: when it began and its mode.
    pub pass: String,
    /// Where it lies.
    pub file: PathBuf,
}

/// The recordings of a connection below `folder`, oldest first. Errors: the folder cannot be read.
pub fn kept(folder: &Path, connection: &str) -> Result<Vec<Kept>, Problem> {
    let folder = folder.join(file_name(connection));
    let mut kept = match list(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        listed => listed.map_err(|error| {
            Problem::new(
                "recording-unreadable",
                format!(
                    "The recordings in {} cannot be listed: {error}.",
                    folder.display()
                ),
                "Run as the user that `atsync run` runs as.",
            )
        })?,
    };
    kept.sort();
    Ok(kept)
}

fn list(folder: &Path) -> io::Result<Vec<Kept>> {
    let mut kept = Vec::new();
    for entry in fs::read_dir(folder)? {
        let file = entry?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if let Some(pass) = name.strip_suffix(SUFFIX) {
            kept.push(Kept {
                began: began(&file),
                pass: pass.to_owned(),
                file,
            });
        }
    }
    Ok(kept)
}
