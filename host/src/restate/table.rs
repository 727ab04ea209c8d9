//! The ledger in PostgreSQL, as one pass sees it.
//!
//! What is read goes into the journal, so that a pass that is carried on reads the same again.
//! A commit may be tried twice, when the process ended before the journal had its result: it has a
//! number, and the lease lets each number in once.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::journal::{Journal, Kept};
use super::postgres::{LEASE_LOST, Rows, failed, lost};
use crate::engine::reconcile::{Entry, Scan, Write};
use crate::problem::Problem;
use crate::store::{Ledger, NO_ROOM, Overlay, aside, no_room};

/// The ledger of one pass.
pub(super) struct Table<'a, J> {
    journal: &'a J,
    rows: Rows,
    writes: Writes,
}

/// Where a pass writes.
enum Writes {
    /// Into the table, for as long as the lease is this one.
    Leased { lease: i64, commits: i64 },
    /// Into a scratch copy that only this pass sees.
    Scratch(Arc<Overlay>),
}

/// What went wrong, as the journal keeps it.
#[derive(Debug, Serialize, Deserialize)]
struct Trouble {
    lost: bool,
    #[serde(default)]
    no_room: bool,
    message: String,
}

impl<'a, J: Journal> Table<'a, J> {
    /// The ledger for a pass that writes it if it `may_change` things, and then has the lease from
    /// here on. Errors: PostgreSQL did not answer, or the invocation was cancelled.
    pub(super) async fn open(
        journal: &'a J,
        rows: Rows,
        may_change: bool,
    ) -> Result<Self, Problem> {
        let writes = if may_change {
            let lease = async { rows.lease().await.map_err(Trouble::from) };
            Writes::Leased {
                lease: journal.once("lease", lease).await??,
                commits: 0,
            }
        } else {
            Writes::Scratch(Arc::new(Overlay::over(Arc::new(rows.clone()))?))
        };
        Ok(Table {
            journal,
            rows,
            writes,
        })
    }

    /// One value or none for each key.
    pub(super) async fn load(
        &self,
        keys: Vec<String>,
        bytes_max: usize,
    ) -> Result<Vec<Option<String>>, Problem> {
        self.read("load", move |ledger| ledger.load_within(&keys, bytes_max))
            .await
    }

    /// The entries in byte order of their keys.
    pub(super) async fn scan(&self, scan: Scan, bytes_max: usize) -> Result<Vec<Entry>, Problem> {
        let limit = usize::try_from(scan.limit).unwrap_or(usize::MAX);
        self.read("scan", move |ledger| {
            ledger.scan_within(&scan.prefix, scan.after.as_deref(), limit, bytes_max)
        })
        .await
    }

    /// Writes all or nothing. Errors: also, another pass has the lease (`lease-lost`).
    pub(super) async fn commit(&mut self, writes: Vec<Write>) -> Result<(), Problem> {
        match &mut self.writes {
            Writes::Leased { lease, commits } => {
                *commits += 1;
                let commit = self.rows.commit(*lease, *commits, writes);
                let commit = async { commit.await.map_err(Trouble::from) };
                Ok(self.journal.once("commit", commit).await??)
            }
            // Not in the journal: a pass that is carried on fills its scratch copy again.
            Writes::Scratch(scratch) => {
                let scratch = Arc::clone(scratch);
                aside(move || scratch.commit(&writes)).await
            }
        }
    }

    async fn read<T: Kept>(
        &self,
        name: &'static str,
        read: impl FnOnce(&dyn Ledger) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let ledger: Arc<dyn Ledger> = match &self.writes {
            Writes::Leased { .. } => Arc::new(self.rows.clone()),
            Writes::Scratch(scratch) => Arc::<Overlay>::clone(scratch),
        };
        let read = aside(move || read(&*ledger));
        let read = async { read.await.map_err(Trouble::from) };
        Ok(self.journal.once(name, read).await??)
    }
}

impl From<Problem> for Trouble {
    fn from(problem: Problem) -> Self {
        Trouble {
            lost: problem.code == LEASE_LOST,
            no_room: problem.code == NO_ROOM,
            message: problem.message,
        }
    }
}

impl From<Trouble> for Problem {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble { lost: true, .. } => lost(trouble.message),
            Trouble { no_room: true, .. } => no_room(),
            _ => failed(trouble.message),
        }
    }
}
