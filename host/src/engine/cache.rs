//! Compiled components on disk, so that a start does not compile.
//!
//! A file is named by the digest of the component and of all that shaped its compilation, and
//! holds the digest of its own content before it, so a damaged or foreign file is seen and
//! compiled anew.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use wasmtime::component::Component;
use wasmtime::{Engine, Result};

const DIGEST_BYTES: usize = 32;

/// The folder of compiled components.
pub(super) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// Uses, and makes if need be, `folder`; only its owner may read or write it.
    pub(super) fn open(folder: &Path) -> Self {
        // A cache that cannot be made is a slow start, not an error: `read` and `write` see.
        let _ = fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder);
        Cache {
            folder: folder.to_owned(),
        }
    }

    /// The component that has these bytes, with their digest, compiled now or before.
    pub(super) fn component(
        &self,
        engine: &Engine,
        bytes: &[u8],
        digest: &str,
    ) -> Result<Component> {
        let name = name(engine, digest);
        let path = self.folder.join(format!("{name}.compiled"));
        if let Some(component) = self.read(engine, &path) {
            return Ok(component);
        }
        let compiled = engine.precompile_component(bytes)?;
        if let Err(error) = write(&path, &compiled) {
            tracing::warn!(path = %path.display(), %error, "the compiled component is not kept");
        }
        deserialize(engine, &compiled)
    }

    fn read(&self, engine: &Engine, path: &Path) -> Option<Component> {
        if !only_ours(&self.folder) || !only_ours(path) {
            return None;
        }
        let content = fs::read(path).ok()?;
        let (digest, compiled) = content.split_at_checked(DIGEST_BYTES)?;
        if Sha256::digest(compiled).as_slice() != digest {
            tracing::warn!(path = %path.display(), "a damaged compiled component is made anew");
            return None;
        }
        deserialize(engine, compiled).ok()
    }
}

/// Code from bytes that wasmtime made.
#[expect(unsafe_code, reason = "the proof stands below")]
fn deserialize(engine: &Engine, compiled: &[u8]) -> Result<Component> {
    // SAFETY: `deserialize` runs what it is given, so the bytes must be `precompile_component`'s.
    // They come straight from there, or from a file that this module wrote: `only_ours` has
    // checked that nobody but this user (or root) can write it or its folder, so that whoever
    // could forge it can already run code as this user; the digest in front proves that it is
    // whole; and wasmtime itself refuses another version's or another configuration's bytes.
    unsafe { Component::deserialize(engine, compiled) }
}

/// A digest of the component's own, wasmtime's version and configuration, and this program's
/// version.
fn name(engine: &Engine, digest: &str) -> String {
    use std::hash::{Hash as _, Hasher};

    /// Feeds whatever wasmtime hashes of its configuration into the digest.
    struct Feed(Sha256);
    impl Hasher for Feed {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }

    let mut feed = Feed(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut feed);
    feed.0.update(env!("CARGO_PKG_VERSION"));
    feed.0.update(digest);
    feed.0
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Whether only this user can write `path`.
fn only_ours(path: &Path) -> bool {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return false;
    };
    let ours = metadata.uid() == rustix::process::geteuid().as_raw();
    ours && !metadata.is_symlink() && metadata.mode() & 0o022 == 0
}

/// Writes beside and renames, so that a reader sees the whole file or none.
fn write(path: &Path, compiled: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let written = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut file| {
            file.write_all(&Sha256::digest(compiled))?;
            file.write_all(compiled)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}
