//! What the tests share: where the project is, and what belongs to it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The project's top folder.
pub fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_path_buf()
}

/// The files that git tracks, relative to the top folder, in order; without those that are
/// deleted and not committed yet.
///
/// # Errors
/// There is no git, or the project is not a git checkout.
pub fn tracked_files() -> anyhow::Result<Vec<PathBuf>> {
    let listed = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output()?;
    let complaint = String::from_utf8_lossy(&listed.stderr);
    anyhow::ensure!(
        listed.status.success(),
        "git does not list the project's files: {complaint}"
    );
    let names = String::from_utf8(listed.stdout)?;
    let files = names.split_terminator('\0').map(PathBuf::from);
    Ok(files.filter(|file| root().join(file).is_file()).collect())
}

/// The text of a file in the folder `shared`, where the environment variable `ATSYNC_SHARED`
/// says, or else beside the checkout. None where it is absent.
pub fn shared(file: &str) -> Option<String> {
    let folder =
        std::env::var_os("ATSYNC_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    std::fs::read_to_string(folder.join(file)).ok()
}
