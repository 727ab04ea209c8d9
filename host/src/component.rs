//! Where a component comes from.

use std::borrow::Cow;
use std::path::PathBuf;

use crate::problem::Problem;

/// The connector that this program was built with.
pub const BUNDLED: &[u8] = include_bytes!(env!("ATSYNC_BUNDLED_COMPONENT"));

/// A component to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Component {
    /// The one built into this program.
    Bundled,
    /// A file of the operator's.
    File(PathBuf),
}

impl Component {
    /// The bytes of the component. Errors: the file cannot be read.
    pub fn bytes(&self) -> Result<Cow<'static, [u8]>, Problem> {
        match self {
            Component::Bundled => Ok(Cow::Borrowed(BUNDLED)),
            Component::File(path) => match std::fs::read(path) {
                Ok(bytes) => Ok(Cow::Owned(bytes)),
                Err(error) => Err(Problem::new(
                    "component-unreadable",
                    format!("The component {} cannot be read: {error}.", path.display()),
                    "Correct the path, or leave it out to run the one built into this program.",
                )),
            },
        }
    }
}

impl From<Option<PathBuf>> for Component {
    fn from(path: Option<PathBuf>) -> Self {
        path.map_or(Component::Bundled, Component::File)
    }
}
