//! The thread that writes recordings.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread::{self, JoinHandle};

use lz4_flex::frame::{BlockMode, FrameEncoder, FrameInfo};

use super::format::Line;
use super::{Budget, texts};
use crate::clock::Timestamp;
use crate::connection::file_name;
use crate::problem::Problem;

/// What the name of a finished recording ends with.
pub(super) const SUFFIX: &str = ".jsonl.lz4";

/// Text that may wait to be written, in bytes: what a pass can be ahead of the disk.
const WAITING_BYTES_MAX: u64 = 16 << 20;

/// What a line weighs beside its text, in bytes.
const LINE_BYTES: u64 = 256;

pub(super) struct Writer {
    folder: PathBuf,
    waiting_bytes: Arc<AtomicU64>,
    to_thread: Option<Sender<Message>>,
    thread: Option<JoinHandle<()>>,
}

enum Message {
    Line {
        file: PathBuf,
        bytes: u64,
        line: Line,
    },
    Close(PathBuf),
    /// Drops what is too old at this time.
    Forget(Timestamp),
    Flush(SyncSender<()>),
}

/// Takes JSON a word at a time and compresses 64 KiB at once, to some 10 KiB. LZ4, because it takes
/// half of the time that the fastest gzip takes, for a tenth more space (measured with a full read
/// of 20,000 variants).
type Encoder = FrameEncoder<BufWriter<File>>;

/// Compressed bytes that are written at once.
const CHUNK_BYTES: usize = 64 << 10;

impl Writer {
    pub(super) fn start(folder: &Path, budget: Budget) -> Result<Writer, Problem> {
        let failed = |error: io::Error| {
            Problem::new(
                "recording",
                format!(
                    "Recordings cannot be kept in {}: {error}.",
                    folder.display()
                ),
                "Give [recording] a folder that can be written, or set keep_mb = 0.",
            )
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed)?;
        let waiting_bytes = Arc::new(AtomicU64::new(0));
        let (to_thread, messages) = mpsc::channel();
        let waiting = Arc::clone(&waiting_bytes);
        let below = folder.to_owned();
        let thread = thread::Builder::new()
            .name("recording".to_owned())
            .spawn(move || write_all(&messages, &waiting, &below, budget))
            .map_err(failed)?;
        let folder = folder.to_owned();
        Ok(Writer {
            folder,
            waiting_bytes,
            to_thread: Some(to_thread),
            thread: Some(thread),
        })
    }

    pub(super) fn file(&self, connection: &str, name: &str) -> PathBuf {
        self.folder.join(file_name(connection)).join(name)
    }

    /// False if the line was dropped, because too much waits.
    pub(super) fn write(&self, file: &Path, bytes: u64, line: Line) -> bool {
        let Some(to_thread) = &self.to_thread else {
            return false;
        };
        let bytes = bytes + LINE_BYTES;
        if self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > WAITING_BYTES_MAX {
            self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return false;
        }
        to_thread
            .send(Message::Line {
                file: file.to_owned(),
                bytes,
                line,
            })
            .is_ok()
    }

    pub(super) fn close(&self, file: &Path) {
        if let Some(to_thread) = &self.to_thread {
            // The thread only goes away with this writer.
            let _ = to_thread.send(Message::Close(file.to_owned()));
        }
    }

    pub(super) fn forget(&self, now: Timestamp) {
        if let Some(to_thread) = &self.to_thread {
            let _ = to_thread.send(Message::Forget(now));
        }
    }

    pub(super) fn flush(&self) {
        let (done, wait) = mpsc::sync_channel(1);
        if let Some(to_thread) = &self.to_thread
            && to_thread.send(Message::Flush(done)).is_ok()
        {
            let _ = wait.recv();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.to_thread.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write_all(
    messages: &Receiver<Message>,
    waiting_bytes: &AtomicU64,
    folder: &Path,
    budget: Budget,
) {
    let mut open: BTreeMap<PathBuf, Encoder> = BTreeMap::new();
    for message in messages {
        let result = match message {
            Message::Line { file, bytes, line } => {
                waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
                write_line(&mut open, &file, line)
            }
            Message::Close(file) => close(&mut open, &file, folder, budget),
            Message::Forget(now) => forget(folder, budget, now),
            Message::Flush(done) => {
                let _ = done.send(());
                Ok(())
            }
        };
        if let Err(error) = result {
            tracing::warn!(%error, "a recording is not written");
        }
    }
}

fn write_line(
    open: &mut BTreeMap<PathBuf, Encoder>,
    file: &Path,
    mut line: Line,
) -> io::Result<()> {
    if matches!(line, Line::Job(_)) {
        open.insert(file.to_owned(), create(file)?);
    }
    // Missing if it could not be made: that was told then.
    let Some(encoder) = open.get_mut(file) else {
        return Ok(());
    };
    let beside = texts::take(&mut line);
    serde_json::to_writer(&mut *encoder, &line)?;
    encoder.write_all(b"\n")?;
    if beside.is_empty() {
        return Ok(());
    }
    for text in beside {
        encoder.write_all(text.as_bytes())?;
    }
    encoder.write_all(b"\n")
}

fn create(file: &Path) -> io::Result<Encoder> {
    if let Some(folder) = file.parent() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let written = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(unfinished(file))?;
    // Who reads a recording ends with its last line, before the checksum of a whole frame.
    let frame = FrameInfo::new()
        .block_mode(BlockMode::Linked)
        .block_checksums(true);
    let written = BufWriter::with_capacity(CHUNK_BYTES, written);
    Ok(FrameEncoder::with_frame_info(frame, written))
}

fn close(
    open: &mut BTreeMap<PathBuf, Encoder>,
    file: &Path,
    folder: &Path,
    budget: Budget,
) -> io::Result<()> {
    let Some(encoder) = open.remove(file) else {
        return Ok(());
    };
    encoder.finish().map_err(io::Error::from)?.flush()?;
    fs::rename(unfinished(file), file)?;
    forget(folder, budget, began(file))
}

/// Keeps the budget in the recordings of every connection; those grow old, too, whose passes do
/// not run any more.
fn forget(folder: &Path, budget: Budget, now: Timestamp) -> io::Result<()> {
    let oldest = now.saturating_sub(budget.age_ms_max);
    for connection in fs::read_dir(folder)? {
        let connection = connection?.path();
        if connection.is_dir() {
            drop_oldest(&connection, budget.bytes_max, oldest)?;
        }
    }
    Ok(())
}

fn unfinished(file: &Path) -> PathBuf {
    file.with_extension("unfinished")
}

/// When the pass of a recording began, as its name says; 0 if it does not.
pub(super) fn began(file: &Path) -> u64 {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let digits = name.split('-').next().unwrap_or_default();
    digits.parse().unwrap_or(0)
}

/// Drops recordings from before `oldest`, and the oldest ones until the rest fits.
fn drop_oldest(folder: &Path, bytes_max: u64, oldest: u64) -> io::Result<()> {
    let mut kept = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Another command may have dropped it meanwhile, here and below.
        let bytes = entry.metadata().map_or(0, |metadata| metadata.len());
        kept.push((entry.path(), bytes));
    }
    kept.sort();
    let mut total: u64 = kept.iter().map(|(_, bytes)| bytes).sum();
    for (path, bytes) in kept {
        if total <= bytes_max && began(&path) >= oldest {
            break;
        }
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => total -= bytes,
        }
    }
    Ok(())
}
