//! A recording, read line by line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use super::format::Line;
use crate::problem::Problem;

/// The lines of a recording, or of an exported pass, which is the same without compression.
pub(super) struct Reader {
    lines: Lines<Box<dyn BufRead>>,
    file: PathBuf,
}

impl Reader {
    /// Errors: there is no such file (`recording-unreadable`).
    pub(super) fn open(file: &Path) -> Result<Reader, Problem> {
        let lines = open(file).map_err(|error| unreadable(file, &error))?;
        Ok(Reader {
            lines: lines.lines(),
            file: file.to_owned(),
        })
    }

    /// The next line. Errors: it is none of a recording, or the recording ends here and its pass
    /// does not (`recording-cut`).
    pub(super) fn next(&mut self) -> Result<Line, Problem> {
        let line = self.lines.next().ok_or_else(|| {
            Problem::new(
                "recording-cut",
                format!(
                    "The recording {} was cut before the end of the pass.",
                    self.file.display()
                ),
                "Replay another one; passes that read very much are not kept whole.",
            )
        })?;
        let line = line.map_err(|error| unreadable(&self.file, &error))?;
        serde_json::from_str(&line).map_err(|error| unreadable(&self.file, &error))
    }
}

fn open(file: &Path) -> io::Result<Box<dyn BufRead>> {
    const GZIP: [u8; 2] = [0x1f, 0x8b];
    let mut opened = BufReader::new(File::open(file)?);
    Ok(if opened.fill_buf()?.starts_with(&GZIP) {
        Box::new(BufReader::new(GzDecoder::new(opened)))
    } else {
        Box::new(opened)
    })
}

fn unreadable(file: &Path, error: &dyn std::fmt::Display) -> Problem {
    Problem::new(
        "recording-unreadable",
        format!("The recording {} cannot be read: {error}.", file.display()),
        "Give a file that `atsync run` or `atsync sync` wrote to its recordings folder, or that \
         `atsync export-pass` wrote.",
    )
}
