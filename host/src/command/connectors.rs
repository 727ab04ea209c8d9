//! The components that this invocation uses, each loaded once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};

use atsync::component::Component;
use atsync::engine::{Connector, Engine};
use atsync::problem::Problem;

/// Loads components, and remembers them.
pub struct Connectors {
    engine: Engine,
    loaded: HashMap<Option<PathBuf>, Connector>,
}

impl Connectors {
    /// Nothing is loaded yet.
    ///
    /// # Errors
    /// The engine does not start.
    pub fn new() -> Result<Self, Problem> {
        Ok(Self {
            engine: Engine::new(&cache_folder())?,
            loaded: HashMap::new(),
        })
    }

    /// The component that this program was built with.
    ///
    /// # Errors
    /// As the engine's `load`.
    pub fn bundled(&mut self) -> Result<&Connector, Problem> {
        self.get(None)
    }

    /// The component in a file, or the built-in one.
    ///
    /// # Errors
    /// As the engine's `load`.
    pub fn get(&mut self, file: Option<&Path>) -> Result<&Connector, Problem> {
        match self.loaded.entry(file.map(Path::to_owned)) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(new) => {
                let component = Component::from(new.key().clone());
                Ok(new.insert(self.engine.load(&component)?))
            }
        }
    }
}

/// `$XDG_CACHE_HOME/atsync`, else `~/.cache/atsync`, else a folder for temporary files.
fn cache_folder() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(home);
    cache.unwrap_or_else(std::env::temp_dir).join("atsync")
}
