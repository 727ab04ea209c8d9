//! A recording, read line by line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::mem;
use std::path::{Path, PathBuf};

use lz4_flex::frame::FrameDecoder;

use super::format::Line;
use super::{PASS_BYTES_MAX, texts};
use crate::problem::Problem;

/// The most that a line takes, in bytes: JSON writes a byte of a text in six at most, and there are
/// names and numbers around it. Whoever hands over a file may have packed anything into it.
const LINE_BYTES_MAX: u64 = 8 * PASS_BYTES_MAX;

/// The lines of a recording, or of an exported pass, which is JSON Lines without compression.
pub(super) struct Reader {
    text: Box<dyn BufRead>,
    file: PathBuf,
}

impl Reader {
    /// Errors: there is no such file (`recording-unreadable`).
    pub(super) fn open(file: &Path) -> Result<Reader, Problem> {
        let text = open(file).map_err(|error| unreadable(file, &error))?;
        Ok(Reader {
            text,
            file: file.to_owned(),
        })
    }

    /// The next line. Errors: it is none of a recording, or the recording ends here and its pass
    /// does not (`recording-cut`).
    pub(super) fn next(&mut self) -> Result<Line, Problem> {
        let line = self.line()?;
        if line.is_empty() {
            return Err(Problem::new(
                "recording-cut",
                format!(
                    "The recording {} was cut before the end of the pass.",
                    self.file.display()
                ),
                "Replay another one; passes that read very much are not kept whole.",
            ));
        }
        let mut line = serde_json::from_slice(&line).map_err(|error| self.unreadable(&error))?;
        if let Line::Resumed { completions, texts } = &mut line
            && !texts.is_empty()
        {
            let beside = self.texts(&mem::take(texts))?;
            if !texts::put_back(completions, beside) {
                return Err(self.unreadable(&"answers and texts do not belong together"));
            }
        }
        Ok(line)
    }

    /// The bytes of the next line; none at the end.
    fn line(&mut self) -> Result<Vec<u8>, Problem> {
        let mut line = Vec::new();
        let mut limited = self.text.by_ref().take(LINE_BYTES_MAX);
        let read = limited.read_until(b'\n', &mut line);
        let bytes = read.map_err(|error| self.unreadable(&error))?;
        if bytes as u64 == LINE_BYTES_MAX {
            return Err(self.too_long());
        }
        Ok(line)
    }

    /// The texts that follow a line, which have so many bytes each.
    fn texts(&mut self, lengths: &[usize]) -> Result<Vec<String>, Problem> {
        let bytes = lengths
            .iter()
            .fold(0, |sum: usize, n| sum.saturating_add(*n));
        if bytes as u64 >= LINE_BYTES_MAX {
            return Err(self.too_long());
        }
        let text = |length: &usize| {
            let mut text = String::new();
            let mut limited = self.text.by_ref().take(*length as u64);
            match limited.read_to_string(&mut text) {
                Ok(bytes) if bytes < *length => Err(io::ErrorKind::UnexpectedEof.into()),
                read => read.map(|_| text),
            }
        };
        let texts: io::Result<Vec<String>> = lengths.iter().map(text).collect();
        let texts = texts.map_err(|error| self.unreadable(&error))?;
        if self.line()? == b"\n" {
            Ok(texts)
        } else {
            Err(self.unreadable(&"a text is longer than its line says"))
        }
    }

    fn too_long(&self) -> Problem {
        let why = format!("a line has more than {} MiB", LINE_BYTES_MAX >> 20);
        self.unreadable(&why)
    }

    fn unreadable(&self, error: &dyn std::fmt::Display) -> Problem {
        unreadable(&self.file, error)
    }
}

/// A recording as JSON Lines, which is how exported passes are written, for whatever looks into one.
///
/// Errors: it cannot be read, or was cut.
pub fn json_lines(file: &Path) -> Result<Vec<String>, Problem> {
    let mut reader = Reader::open(file)?;
    let mut lines = Vec::new();
    loop {
        let line = reader.next()?;
        lines.push(line.json());
        if matches!(line, Line::Ended { .. }) {
            return Ok(lines);
        }
    }
}

fn open(file: &Path) -> io::Result<Box<dyn BufRead>> {
    /// How a frame of LZ4 begins.
    const LZ4: [u8; 4] = 0x184d_2204_u32.to_le_bytes();
    let mut opened = BufReader::new(File::open(file)?);
    Ok(if opened.fill_buf()?.starts_with(&LZ4) {
        Box::new(BufReader::new(FrameDecoder::new(opened)))
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::io::Write as _;

    use lz4_flex::frame::FrameEncoder;

    use super::*;

    #[test]
    fn a_recording_that_unpacks_into_a_bomb_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("1-sync.jsonl.lz4");
        let mut packed = FrameEncoder::new(File::create(&file).unwrap());
        let spaces = vec![b' '; 1 << 20];
        for _ in 0..=LINE_BYTES_MAX >> 20 {
            packed.write_all(&spaces).unwrap();
        }
        packed.finish().unwrap();
        let problem = Reader::open(&file).unwrap().next().unwrap_err();
        assert_eq!(problem.code, "recording-unreadable");
        assert!(problem.message.contains("256 MiB"), "{problem}");
    }
}
