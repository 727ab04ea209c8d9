//! Why a flow stops before its end.

use crate::bindings::exports::atsync::connector::reconcile::Problem;
use crate::core::finding::Finding;
use crate::core::time::Millis;
use crate::io::StorageFailed;

/// Why a flow stops. What was committed before stays, so the next pass goes on from there.
#[derive(Debug)]
pub enum Halt {
    /// Nothing is wrong; there is something to wait for, longer than a pass should.
    Later {
        /// When to come again.
        at: Millis,
        /// What is waited for, for people.
        why: String,
    },
    /// The pass cannot do its work.
    Failed(Box<Finding>),
    /// The ledger cannot be used.
    Ledger(Problem),
}

impl Halt {
    /// A pass that cannot do its work, with what to do about it.
    pub fn failed(code: &str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Failed(Box::new(Finding::error(code, message, fix)))
    }

    /// A value of the ledger that cannot be read.
    pub fn damaged(key: &str, why: &str) -> Self {
        Self::Ledger(Problem {
            code: "ledger-damaged".into(),
            message: format!("The ledger's entry \"{key}\" cannot be read: {why}."),
            fix: "Restore the store from a backup. Without one, remove the connection's entries: the next pass \
                  reads everything anew."
                .into(),
        })
    }
}

impl From<Finding> for Halt {
    fn from(finding: Finding) -> Self {
        Self::Failed(Box::new(finding))
    }
}

impl From<StorageFailed> for Halt {
    fn from(StorageFailed(why): StorageFailed) -> Self {
        Self::failed(
            "storage-failed",
            format!("The host could not use its store: {why}."),
            "See to the host's store (disk, permissions); nothing was half written.",
        )
    }
}
