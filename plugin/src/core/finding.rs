//! Findings: what a person should know, with what to do about it.

use serde::{Deserialize, Serialize};

use super::text::shown;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing needs to be done.
    Note,
    /// Works, but somebody should look.
    Warning,
    /// Does not work until somebody acts.
    Error,
}

/// Something to tell a person, about a setting, a style, a location …
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable code.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// JSON Pointer into the settings, where it is about a setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The style, SKU, location or warehouse it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What happened and why.
    pub message: String,
    /// What to do next.
    pub fix: String,
}

impl Finding {
    fn new(severity: Severity, code: &str, message: String, fix: String) -> Self {
        Self {
            code: code.into(),
            severity,
            path: None,
            subject: None,
            message,
            fix,
        }
    }

    /// A finding that needs nothing.
    pub fn note(code: &str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, message.into(), fix.into())
    }

    /// A finding to look at.
    pub fn warning(code: &str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message.into(), fix.into())
    }

    /// A finding to act on.
    pub fn error(code: &str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message.into(), fix.into())
    }

    /// The same, about the setting at `path`.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// The same, about `subject`.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(shown(&subject.into()));
        self
    }
}
