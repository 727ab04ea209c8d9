//! Where a pass has its ledger: in the object's state, or in PostgreSQL.

use super::journal::Journal;
use super::pages::Pages;
use super::table::Table;
use crate::engine::reconcile::{Entry, Scan, Write};
use crate::problem::Problem;

/// The ledger of one pass.
pub(super) enum Ledger<'a, J> {
    Pages(Pages<'a, J>),
    Table(Table<'a, J>),
}

impl<J: Journal> Ledger<'_, J> {
    /// One value or none for each key. Errors: also, more than `bytes_max` (`component-memory`).
    pub(super) async fn load(
        &mut self,
        keys: Vec<String>,
        bytes_max: usize,
    ) -> Result<Vec<Option<String>>, Problem> {
        match self {
            Ledger::Pages(pages) => pages.load(&keys, bytes_max).await,
            Ledger::Table(table) => table.load(keys, bytes_max).await,
        }
    }

    /// The entries in byte order of their keys. Errors: as [`Ledger::load`].
    pub(super) async fn scan(
        &mut self,
        scan: Scan,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, Problem> {
        match self {
            Ledger::Pages(pages) => pages.scan(&scan, bytes_max).await,
            Ledger::Table(table) => table.scan(scan, bytes_max).await,
        }
    }

    /// Writes all or nothing.
    pub(super) async fn commit(&mut self, writes: Vec<Write>) -> Result<(), Problem> {
        match self {
            Ledger::Pages(pages) => pages.commit(writes).await,
            Ledger::Table(table) => table.commit(writes).await,
        }
    }
}
