//! Webhooks that wait for a pass, in the object's state: one entry for each, and a count.

use serde::{Deserialize, Serialize};

use restate_sdk::errors::TerminalError;

use super::journal::Journal;
use crate::engine::reconcile::Hint;
use crate::store::INBOX_BYTES_MAX;

/// The state that holds the count.
const INBOX: &str = "inbox";

/// The most webhooks that one job carries.
const HINTS_MAX: u64 = 10_000;

/// Which entries wait: from `first` up to `next`, which is the number of the next one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Inbox {
    first: u64,
    next: u64,
}

impl Inbox {
    /// Reads the count.
    pub(super) async fn open(journal: &impl Journal) -> Result<Inbox, TerminalError> {
        Ok(journal.read(INBOX).await?.unwrap_or_default())
    }

    /// How many wait.
    pub(super) fn len(self) -> u64 {
        self.next.saturating_sub(self.first)
    }

    /// Adds one.
    pub(super) fn add(&mut self, journal: &impl Journal, hint: Hint) {
        journal.write(&name(self.next), Some(hint));
        self.next += 1;
        journal.write(INBOX, Some(*self));
    }

    /// The oldest, no more than one job carries.
    pub(super) async fn hints(self, journal: &impl Journal) -> Result<Vec<Hint>, TerminalError> {
        let mut hints = Vec::new();
        let mut bytes = 0;
        for number in self.first..self.next.min(self.first.saturating_add(HINTS_MAX)) {
            let Some(hint) = journal.read::<Hint>(&name(number)).await? else {
                continue;
            };
            bytes += hint.body.len();
            hints.push(hint);
            if bytes >= INBOX_BYTES_MAX {
                break;
            }
        }
        Ok(hints)
    }

    /// Takes the oldest ones away.
    pub(super) fn forget(&mut self, journal: &impl Journal, count: usize) {
        for _ in 0..count {
            journal.write::<Hint>(&name(self.first), None);
            self.first += 1;
        }
        if count > 0 {
            journal.write(INBOX, Some(*self));
        }
    }
}

/// The state that holds a webhook.
fn name(number: u64) -> String {
    format!("{INBOX}/{number}")
}
