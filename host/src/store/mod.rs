//! What lasts: each connection's ledger, and the host's own few notes.
//!
//! The traits are blocking and small, so that another engine's state can serve. Callers on an
//! async thread go through `aside`.

mod examine;
mod lock;
mod memory;
mod overlay;
mod sqlite;
mod trouble;

use serde::{Deserialize, Serialize};
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::engine::reconcile::{Entry, Hint, Verdict, Write};
use crate::problem::Problem;
use crate::recording::Cut;

pub use examine::{Examined, Examiner, Traces, holder, try_to_write, was_used, written};
pub use lock::Lock;
pub use memory::MemoryStore;
pub use overlay::Overlay;
pub use sqlite::SqliteStore;

/// The keys and values of one connection.
pub trait Ledger: Send + Sync {
    /// One value or none for each key, all of one moment. Errors: also, they have more bytes than
    /// `bytes_max` (`component-memory`), which is noticed before they are all in memory.
    fn load_within(
        &self,
        keys: &[String],
        bytes_max: usize,
    ) -> Result<Vec<Option<String>>, Problem>;

    /// At most `limit` entries whose key starts with `prefix` and is greater than `after`, in
    /// byte order of the keys. Errors: as [`Ledger::load_within`].
    fn scan_within(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, Problem>;

    /// The same for who knows that it is little.
    fn load(&self, keys: &[String]) -> Result<Vec<Option<String>>, Problem> {
        self.load_within(keys, usize::MAX)
    }

    /// The same for who knows that it is little.
    fn scan(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Entry>, Problem> {
        self.scan_within(prefix, after, limit, usize::MAX)
    }

    /// Writes all or nothing; when it returns, it lasts. Errors: `lease-lost` in a store that is
    /// [`fenced`](Store::fenced).
    fn commit(&self, writes: &[Write]) -> Result<(), Problem>;

    /// Whether a commit would still be taken from this process. Errors: `lease-lost`.
    fn held(&self) -> Result<(), Problem> {
        Ok(())
    }
}

/// All that this program keeps.
pub trait Store: Send + Sync {
    /// The ledger of a connection; an unknown one is empty.
    fn ledger(&self, connection: &str) -> Arc<dyn Ledger>;

    /// The right to run a pass that changes things, for as long as it is held. Errors: somebody
    /// else has it (`connection-busy`).
    fn lock(&self, connection: &str) -> Result<Lock, Problem>;

    /// The same store for whoever holds `lock`: all that it writes is refused (`lease-lost`), and
    /// nothing of it is done, once somebody else has locked the connection after that.
    fn fenced(&self, lock: &Lock) -> Arc<dyn Store>;

    /// Keeps a webhook durably before it is acknowledged. False if its id was there already.
    fn take_in(&self, connection: &str, delivery: &Delivery) -> Result<bool, Problem>;

    /// Keeps webhooks of any connections in one go, each as [`Store::take_in`] does; all of them
    /// or none.
    fn take_in_all(&self, deliveries: &[(String, Delivery)]) -> Result<Vec<bool>, Problem>;

    /// The oldest webhooks that no pass has dealt with, at most `limit`, and none after their
    /// bodies have reached [`INBOX_BYTES_MAX`].
    fn inbox(&self, connection: &str, limit: usize) -> Result<Inbox, Problem>;

    /// Forgets what a pass has dealt with, save the ids, which are kept for three days more to
    /// tell a repeated delivery.
    fn dealt_with(&self, connection: &str, last: u64, now: Timestamp) -> Result<(), Problem>;

    /// Keeps a note of the host's, a JSON value, in place of the one before.
    fn note(&self, connection: &str, name: &str, value: &str) -> Result<(), Problem>;

    /// The note of that name.
    fn noted(&self, connection: &str, name: &str) -> Result<Option<String>, Problem>;
}

/// The most that one look into the inbox brings, in bytes of bodies; one webhook more may end it.
pub const INBOX_BYTES_MAX: usize = 8 << 20;

/// A verified webhook.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Which service sent it.
    pub service: String,
    /// What the component will see.
    pub hint: Hint,
    /// When it came.
    pub at: Timestamp,
}

/// Webhooks waiting for a pass.
#[derive(Debug, Clone, Default)]
pub struct Inbox {
    /// Oldest first.
    pub hints: Vec<Hint>,
    /// What to give to [`Store::dealt_with`] afterwards; 0 if there is none.
    pub last: u64,
    bytes: usize,
}

/// Where a connection stands in the schedule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// When the next pass is due.
    pub next_run: Timestamp,
    /// When the last pass began.
    pub last_start: Timestamp,
    /// Failed passes in a row.
    pub failures: u32,
    /// Why there are no more passes until something changes.
    pub stopped: Option<Stopped>,
}

/// Why a connection does not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// As in the component's fault.
    pub code: String,
    /// What happened and why.
    pub message: String,
    /// What to do.
    pub fix: String,
    /// A digest of settings and component: passes begin again when it differs.
    pub given: String,
}

/// The last pass that could change something.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LastPass {
    /// `sync` or `act`.
    pub kind: String,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// How it ended; none if it gave no outcome.
    pub verdict: Option<Verdict>,
    /// The component's report, or none if it gave no outcome.
    pub report: Option<serde_json::Value>,
    /// Why it gave no outcome: code, message, fix.
    pub problem: Option<(String, String, String)>,
    /// The end of the last pass that was done or needed attention.
    pub last_success: Option<Timestamp>,
    /// Why its recording is not whole, if it is not.
    #[serde(default)]
    pub recording_cut: Option<Cut>,
}

impl Inbox {
    /// Adds a webhook; false when that is enough.
    fn add(&mut self, number: u64, hint: Hint) -> bool {
        self.last = number;
        self.bytes += hint.body.len();
        self.hints.push(hint);
        self.bytes < INBOX_BYTES_MAX
    }
}

const STANDING: &str = "standing";
const LAST_PASS: &str = "last-pass";

/// Where the connection stands; the default if it never ran.
pub fn standing(store: &dyn Store, connection: &str) -> Result<Standing, Problem> {
    Ok(read(store, connection, STANDING)?.unwrap_or_default())
}

/// Keeps where the connection stands.
pub fn keep_standing(
    store: &dyn Store,
    connection: &str,
    standing: &Standing,
) -> Result<(), Problem> {
    write(store, connection, STANDING, standing)
}

/// The last pass of the connection, if there was one.
pub fn last_pass(store: &dyn Store, connection: &str) -> Result<Option<LastPass>, Problem> {
    read(store, connection, LAST_PASS)
}

/// Keeps the last pass of the connection.
pub fn keep_last_pass(store: &dyn Store, connection: &str, pass: &LastPass) -> Result<(), Problem> {
    write(store, connection, LAST_PASS, pass)
}

fn read<T: for<'a> Deserialize<'a>>(
    store: &dyn Store,
    connection: &str,
    name: &str,
) -> Result<Option<T>, Problem> {
    // A note that this version cannot read is as good as none: it is written anew.
    Ok(store
        .noted(connection, name)?
        .and_then(|value| serde_json::from_str(&value).ok()))
}

fn write<T: Serialize>(
    store: &dyn Store,
    connection: &str,
    name: &str,
    value: &T,
) -> Result<(), Problem> {
    let value = serde_json::to_string(value).map_err(|error| failed("write a note", &error))?;
    store.note(connection, name, &value)
}

/// Runs work that waits for the store off the async threads.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(failed("finish its work", &error)))
}

/// Counts what is read for a component, whose memory all of it has to fit into.
#[derive(Debug)]
pub(crate) struct Room {
    left: usize,
}

impl Room {
    pub(crate) fn of(bytes: usize) -> Room {
        Room { left: bytes }
    }

    /// Lets these bytes in. Errors: there is no room for them (`component-memory`).
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), Problem> {
        self.left = self.left.checked_sub(bytes).ok_or_else(no_room)?;
        Ok(())
    }

    /// Makes room again.
    pub(crate) fn give_back(&mut self, bytes: usize) {
        self.left = self.left.saturating_add(bytes);
    }

    /// The bytes that there is room for.
    pub(crate) fn left(&self) -> usize {
        self.left
    }

    /// Lets in one value of a ledger, if there is one.
    pub(crate) fn value(&mut self, value: Option<String>) -> Result<Option<String>, Problem> {
        self.take(value.as_ref().map_or(0, String::len))?;
        Ok(value)
    }

    /// Lets in one entry of a ledger.
    pub(crate) fn entry(&mut self, key: String, value: String) -> Result<Entry, Problem> {
        self.take(key.len() + value.len())?;
        Ok(Entry { key, value })
    }
}

/// A component asks for what it could never take in.
pub(crate) fn no_room() -> Problem {
    Problem::new(
        NO_ROOM,
        "The component asked for more at once than fits into the memory that a pass may use.",
        "Raise memory_mb in [limits].",
    )
}

/// The code of [`no_room`].
pub(crate) const NO_ROOM: &str = "component-memory";

/// A failure of the store itself.
fn failed(what: &str, error: &dyn std::fmt::Display) -> Problem {
    Problem::new(
        "store",
        format!("The store could not {what}: {error}."),
        "Look at the disk that [store] path names: space, rights, health. Nothing was lost.",
    )
}
