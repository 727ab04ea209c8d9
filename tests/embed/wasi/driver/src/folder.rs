//! The one folder that the command may use: its settings and its ledger stand there.

use wasip2::filesystem::preopens;
pub(crate) use wasip2::filesystem::types::ErrorCode;
use wasip2::filesystem::types::{Descriptor, DescriptorFlags, OpenFlags, PathFlags};

use crate::problem::Problem;

/// How much is read at once, in bytes.
const PIECE_BYTES: u64 = 1 << 20;

/// The first folder that the runtime gave.
pub(crate) struct Folder(Descriptor);

/// What the system says of a file.
pub(crate) type Result<T> = core::result::Result<T, ErrorCode>;

impl Folder {
    pub(crate) fn open() -> core::result::Result<Folder, Problem> {
        let (folder, _) = preopens::get_directories().into_iter().next().ok_or_else(|| {
            Problem::usage(
                "no-folder",
                "The runtime gave no folder, so there are no settings and no place for the ledger.",
                "Name the folder of the settings: `wasmtime run --dir FOLDER …`.",
            )
        })?;
        Ok(Folder(folder))
    }

    /// The whole file. Errors: it is not there or cannot be read.
    pub(crate) fn read(&self, name: &str) -> Result<Vec<u8>> {
        self.file(name, OpenFlags::empty(), DescriptorFlags::READ)?
            .read()
    }

    /// The file, made if it is not there.
    pub(crate) fn create(&self, name: &str) -> Result<File> {
        let flags = DescriptorFlags::READ | DescriptorFlags::WRITE;
        let file = self.file(name, OpenFlags::CREATE, flags)?;
        self.remember();
        Ok(file)
    }

    /// Puts `bytes` in the place of the file: after a crash it holds the old ones or the new.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let beside = format!("{name}.new");
        let flags = OpenFlags::CREATE | OpenFlags::TRUNCATE;
        self.file(&beside, flags, DescriptorFlags::WRITE)?
            .append(0, bytes)?;
        self.0.rename_at(&beside, &self.0, name)?;
        self.remember();
        Ok(())
    }

    /// Makes the names of files durable. Not every system can do that for a folder, and one that
    /// cannot has its own way.
    fn remember(&self) {
        let _ = self.0.sync();
    }

    fn file(&self, name: &str, open: OpenFlags, flags: DescriptorFlags) -> Result<File> {
        self.0
            .open_at(PathFlags::SYMLINK_FOLLOW, name, open, flags)
            .map(File)
    }
}

/// An open file.
pub(crate) struct File(Descriptor);

impl File {
    /// All that is in it.
    pub(crate) fn read(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        loop {
            let (piece, end) = self.0.read(PIECE_BYTES, bytes.len() as u64)?;
            let nothing = piece.is_empty();
            bytes.extend(piece);
            if end || nothing {
                return Ok(bytes);
            }
        }
    }

    /// Its length in bytes.
    pub(crate) fn length(&self) -> Result<u64> {
        self.0.stat().map(|stat| stat.size)
    }

    /// Drops what stands after `length`.
    pub(crate) fn cut(&self, length: u64) -> Result<()> {
        self.0.set_size(length)?;
        self.0.sync_data()
    }

    /// Writes at `offset`, which is the end; durable when this returns.
    pub(crate) fn append(&self, mut offset: u64, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let written = self.0.write(bytes, offset)?;
            offset += written;
            let written = usize::try_from(written).unwrap_or(bytes.len());
            bytes = bytes.get(written..).unwrap_or_default();
        }
        self.0.sync_data()
    }
}
