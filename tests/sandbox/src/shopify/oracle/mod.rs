//! The shop held against what real shops said: their schema, costs and recorded answers.
//! Without those files beside the checkout, these tests say so and pass.

mod answers;
mod costs;
mod schema;

use std::path::PathBuf;

/// A file of the recorded material, or `None` after saying that it is not there.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let root =
        std::env::var_os("ATSYNC_SHARED").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    let file = root.join(path);
    if file.exists() {
        Some(file)
    } else {
        println!("skipped: no {path} (set ATSYNC_SHARED to the folder that holds it)");
        None
    }
}
