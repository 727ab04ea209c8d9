//! A file that is written once and read in ranges: small ones stay in memory, large ones are
//! put in a temporary file that has no name.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

const MEMORY_MAX: usize = 4 << 20;

/// A finished file.
#[derive(Debug)]
pub(crate) enum Spool {
    Memory(Vec<u8>),
    Disk(File, u64),
}

impl Spool {
    /// In bytes.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Disk(_, len) => *len,
        }
    }

    /// Bytes from `start` up to and without `end`, as far as there are any.
    pub(crate) fn read(&self, start: u64, end: u64) -> io::Result<Vec<u8>> {
        let end = end.min(self.len());
        let start = start.min(end);
        match self {
            Self::Memory(bytes) => {
                let range = usize_of(start)..usize_of(end);
                Ok(bytes.get(range).unwrap_or_default().to_vec())
            }
            Self::Disk(file, _) => {
                let mut file = file;
                let mut bytes = vec![0; usize_of(end - start)];
                file.seek(SeekFrom::Start(start))?;
                file.read_exact(&mut bytes)?;
                Ok(bytes)
            }
        }
    }
}

/// A file that is being written.
#[derive(Debug, Default)]
pub(crate) struct Spooler {
    memory: Vec<u8>,
    disk: Option<(File, u64)>,
}

impl Spooler {
    /// Takes over what is in `bytes`, once there is enough of it, and leaves it empty.
    pub(crate) fn take(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        self.memory.append(bytes);
        if self.memory.len() > MEMORY_MAX {
            let (mut file, len) = match self.disk.take() {
                Some(disk) => disk,
                None => (tempfile::tempfile()?, 0),
            };
            file.write_all(&self.memory)?;
            self.disk = Some((file, len + self.memory.len() as u64));
            self.memory.clear();
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> io::Result<Spool> {
        match self.disk {
            None => Ok(Spool::Memory(self.memory)),
            Some((mut file, len)) => {
                file.write_all(&self.memory)?;
                Ok(Spool::Disk(file, len + self.memory.len() as u64))
            }
        }
    }
}

fn usize_of(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_large_file_reads_back_as_a_small_one_does() {
        for size in [10_usize, 3 * MEMORY_MAX] {
            let mut spooler = Spooler::default();
            for at in 0..size {
                let mut byte = vec![u8::try_from(at % 251).unwrap()];
                spooler.take(&mut byte).unwrap();
            }
            let spool = spooler.finish().unwrap();
            assert_eq!(spool.len(), size as u64);
            assert_eq!(spool.read(3, 6).unwrap(), [3, 4, 5]);
            assert_eq!(spool.read(size as u64 - 1, u64::MAX).unwrap().len(), 1);
            assert!(spool.read(size as u64, u64::MAX).unwrap().is_empty());
        }
    }
}
