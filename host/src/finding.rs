//! Something to tell a person, from the component or from the host itself.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

/// What happened, where, why, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable, for search and for machines.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// JSON Pointer into the settings, where the component names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The thing it is about, where the message alone does not place it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What happened and why.
    pub message: String,
    /// What to do next.
    pub fix: String,
    /// Where in the configuration file; written by the host, never read.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
}

/// How much a finding matters. Ordered: errors come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Does not work until somebody acts.
    Error,
    /// Works, but somebody should look.
    Warning,
    /// Nothing needs to be done.
    Note,
}

/// A place in a text file. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as the person named it.
    pub file: Arc<PathBuf>,
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl Finding {
    /// An error of the host's own.
    pub fn error(code: &str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message.into(), fix.into())
    }

    /// A warning of the host's own.
    pub fn warning(code: &str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message.into(), fix.into())
    }

    /// Something of the host's own that needs nothing.
    pub fn note(code: &str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, message.into(), fix.into())
    }

    fn new(severity: Severity, code: &str, message: String, fix: String) -> Self {
        Self {
            code: code.to_owned(),
            severity,
            path: None,
            subject: None,
            message,
            fix,
            at: None,
        }
    }

    /// The same finding with its place in a file.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.at = Some(place);
        self
    }

    /// Whether something does not work until somebody acts.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
