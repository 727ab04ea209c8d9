//! What went wrong, for people.

use std::fmt;

/// What happened and to what, why, and what to do next. Every error that leaves the engine, a
/// pass, the store or the schedule is one, so that a command can show it as it is.
///
/// Never holds a secret: messages are made of names, addresses and numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Stable, for search and for machines.
    pub code: &'static str,
    /// What happened and why, naming the thing it is about.
    pub message: String,
    /// What to do next.
    pub fix: String,
}

impl Problem {
    /// A problem from its three parts.
    pub fn new(code: &'static str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Problem {
            code,
            message: message.into(),
            fix: fix.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.message, self.fix)
    }
}

impl std::error::Error for Problem {}
