//! What went wrong, for people.

use crate::bindings::atsync::connector::reconcile;

/// What happened and why, and what to do next. Never holds a secret.
pub(crate) struct Problem {
    /// Stable, for search and for machines.
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) fix: String,
    /// The settings or the command line are wrong, which only a person can change.
    pub(crate) usage: bool,
}

impl Problem {
    /// The settings or the command line are wrong.
    pub(crate) fn usage(code: &str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Problem {
            usage: true,
            ..Self::failed(code, message, fix)
        }
    }

    /// The pass could not be run.
    pub(crate) fn failed(code: &str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Problem {
            code: code.to_owned(),
            message: message.into(),
            fix: fix.into(),
            usage: false,
        }
    }
}

/// A refusal of the host's own, with the rule.
pub(crate) fn refused(rule: impl Into<String>) -> reconcile::Failure {
    reconcile::Failure::Refused(rule.into())
}

/// No answer, for this reason.
pub(crate) fn unreachable(reason: impl Into<String>) -> reconcile::Failure {
    reconcile::Failure::Unreachable(reason.into())
}
