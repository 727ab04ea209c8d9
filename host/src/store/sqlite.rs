//! The store as one SQLite file, which any SQL tool can read.

use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::lock::{Lease, LockFile};
use super::trouble::{broke, is_no_older_copy, newer};
use super::{Delivery, Inbox, Ledger, Lock, Room, Store, failed};
use crate::clock::Timestamp;
use crate::engine::reconcile::{Entry, Hint, Write};
use crate::problem::Problem;

/// Set on every connection to the file.
const PRAGMAS: &[(&str, &str)] = &[
    // Readers do not wait for the writer, nor the writer for them.
    ("journal_mode", "WAL"),
    // A commit that was acknowledged survives a power cut, not only a crash.
    ("synchronous", "FULL"),
    ("foreign_keys", "ON"),
    // What is overwritten or removed is wiped: it may have named somebody.
    ("secure_delete", "ON"),
    // Milliseconds to wait for another process (a second command) that writes.
    ("busy_timeout", "10000"),
    // Kibibytes, negative by SQLite's custom: the most memory for pages of the file.
    ("cache_size", "-8000"),
    // After a large commit the log shrinks to this many bytes again.
    ("journal_size_limit", "67108864"),
];

/// Each step brings a file from the version of its place to the next; `user_version` says how
/// many are done. A step that was shipped is never edited.
pub(super) const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE ledger (
        connection TEXT NOT NULL,
        key        TEXT NOT NULL,
        value      TEXT NOT NULL,
        PRIMARY KEY (connection, key)
    ) WITHOUT ROWID, STRICT;

    CREATE TABLE note (
        connection TEXT NOT NULL,
        name       TEXT NOT NULL,
        value      TEXT NOT NULL,
        PRIMARY KEY (connection, name)
    ) WITHOUT ROWID, STRICT;

    -- One row for each webhook; without body once a pass has dealt with it.
    CREATE TABLE inbox (
        number     INTEGER PRIMARY KEY AUTOINCREMENT,
        connection TEXT NOT NULL,
        service    TEXT NOT NULL,
        id         TEXT NOT NULL,
        topic      TEXT NOT NULL,
        body       TEXT,
        at         INTEGER NOT NULL,
        UNIQUE (connection, service, id)
    ) STRICT;
    CREATE INDEX inbox_waiting ON inbox (connection, number) WHERE body IS NOT NULL;
",
    "
    -- The token of the newest lock: who shows an older one writes nothing.
    CREATE TABLE lease (
        connection TEXT PRIMARY KEY,
        token      INTEGER NOT NULL
    ) WITHOUT ROWID, STRICT;
",
];

/// Webhooks of one connection that may wait with their bodies; older ones are forgotten, since
/// none is ever needed for correctness.
const WAITING_MAX: i64 = 10_000;

/// After so many webhooks the inbox is looked through for old ones.
const TRIM_EVERY: i64 = 1_000;

/// How long the id of a webhook is remembered, in milliseconds: three days.
const ID_MS_MAX: u64 = 3 * 24 * 60 * 60 * 1000;

/// The file, opened twice: one connection writes, one reads beside it.
#[derive(Clone)]
pub struct SqliteStore {
    file: Arc<File>,
    /// Of whoever writes; none if nobody has to be kept out.
    lease: Option<Lease>,
}

struct File {
    path: PathBuf,
    /// Device and number of the file that was opened.
    identity: (u64, u64),
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
}

impl SqliteStore {
    /// Opens, makes or brings up to date the file at `path`. Errors: it cannot be opened, is
    /// damaged, or was written by a newer version of this program.
    pub fn open(path: &Path) -> Result<SqliteStore, Problem> {
        make_private(path);
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(path)?;
            for (name, value) in PRAGMAS {
                connection.pragma_update(None, name, value)?;
            }
            Ok(connection)
        };
        let cannot_open = |error: rusqlite::Error| broke(path, "be opened", &error);
        let mut writer = open().map_err(cannot_open)?;
        migrate(&mut writer)
            .map_err(cannot_open)?
            .map_err(|version| newer(path, version))?;
        let reader = open().map_err(cannot_open)?;
        let identity = identity(path).map_err(|error| {
            let error = format!("it cannot be looked at ({error})");
            failed("be opened", &error)
        })?;
        let file = File {
            path: path.to_owned(),
            identity,
            writer: Mutex::new(writer),
            reader: Mutex::new(reader),
        };
        Ok(SqliteStore {
            file: Arc::new(file),
            lease: None,
        })
    }

    fn read<T>(
        &self,
        what: &str,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Problem> {
        read(&locked(&self.file.reader)).map_err(|error| broke(&self.file.path, what, &error))
    }

    /// Writes in one transaction, if the lease is still the newest one.
    fn write<T>(
        &self,
        what: &str,
        write: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Problem> {
        let broke = |error| broke(&self.file.path, what, &error);
        let mut connection = locked(&self.file.writer);
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(broke)?;
        if let Some(lease) = &self.lease {
            lease.check(newest_token(&transaction, &lease.connection).map_err(broke)?)?;
        }
        let written = write(&transaction).map_err(broke)?;
        transaction.commit().map_err(broke)?;
        Ok(written)
    }

    /// Whether the path still leads to the file that was opened. A file that was deleted or
    /// replaced goes on being written, and nobody will ever read it.
    fn is_in_place(&self) -> Result<(), Problem> {
        let path = &self.file.path;
        if identity(path).is_ok_and(|now| now == self.file.identity) {
            return Ok(());
        }
        Err(Problem::new(
            "store-replaced",
            format!(
                "The store {} was deleted or replaced while this process had it open.",
                path.display()
            ),
            "Start atsync again: it then works on the file that is there now. Put a backup back only while atsync is stopped.",
        ))
    }
}

/// Makes an empty file that only its owner can read, if there is none; SQLite gives the files
/// beside it the same rights. Where it cannot be made, opening it says why.
fn make_private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    let _ = options.write(true).create_new(true).mode(0o600).open(path);
}

/// Device and number of the file at `path`.
fn identity(path: &Path) -> std::io::Result<(u64, u64)> {
    let metadata = std::fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// The token of the last lock of a connection, if it was ever locked.
pub(super) fn newest_token(file: &Connection, connection: &str) -> rusqlite::Result<Option<i64>> {
    file.prepare_cached("SELECT token FROM lease WHERE connection = ?1")?
        .query_row([connection], |row| row.get(0))
        .optional()
}

fn locked(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Brings the file up to date, or tells the newer version it is of.
fn migrate(connection: &mut Connection) -> rusqlite::Result<Result<(), usize>> {
    // Who only reads does not wait for a writer here.
    if version(connection)? == MIGRATIONS.len() {
        return Ok(Ok(()));
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = version(&transaction)?;
    let Some(left) = MIGRATIONS.get(done..) else {
        return Ok(Err(done));
    };
    for step in left {
        transaction.execute_batch(step)?;
    }
    let version = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    transaction.pragma_update(None, "user_version", version)?;
    transaction.commit()?;
    Ok(Ok(()))
}

pub(super) fn version(connection: &Connection) -> rusqlite::Result<usize> {
    let done: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(usize::try_from(done).unwrap_or(usize::MAX))
}

/// The folder of the locks, beside the file.
pub(super) fn locks(path: &Path) -> PathBuf {
    let mut folder = path.to_owned().into_os_string();
    folder.push("-locks");
    folder.into()
}

struct SqliteLedger {
    store: SqliteStore,
    connection: String,
}

impl Ledger for SqliteLedger {
    fn load_within(
        &self,
        keys: &[String],
        bytes_max: usize,
    ) -> Result<Vec<Option<String>>, Problem> {
        let mut room = Room::of(bytes_max);
        self.store.read("load keys", |file| {
            // One moment for all keys, also while another process commits.
            let moment = file.unchecked_transaction()?;
            let mut select = moment
                .prepare_cached("SELECT value FROM ledger WHERE connection = ?1 AND key = ?2")?;
            keys.iter()
                .map(|key| {
                    let value = select.query_row([&self.connection, key], |row| row.get(0));
                    Ok(room.value(value.optional()?))
                })
                .collect()
        })?
    }

    fn scan_within(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, Problem> {
        let mut room = Room::of(bytes_max);
        self.store.read("list keys", |file| {
            let mut select = file.prepare_cached(
                "SELECT key, value FROM ledger
                 WHERE connection = ?1 AND key >= ?2 AND key > ?3 ORDER BY key LIMIT ?4",
            )?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = select.query_map(
                params![self.connection, prefix, after.unwrap_or_default(), limit],
                |row| Ok((row.get::<_, String>(0)?, row.get(1)?)),
            )?;
            let within = |row: &rusqlite::Result<(String, String)>| {
                row.as_ref()
                    .map_or(true, |(key, _)| key.starts_with(prefix))
            };
            rows.take_while(within)
                .map(|row| row.map(|(key, value)| room.entry(key, value)))
                .collect()
        })?
    }

    fn commit(&self, writes: &[Write]) -> Result<(), Problem> {
        self.store.write("commit", |file| {
            let mut put = file.prepare_cached(
                "INSERT INTO ledger (connection, key, value) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET value = excluded.value",
            )?;
            let mut delete =
                file.prepare_cached("DELETE FROM ledger WHERE connection = ?1 AND key = ?2")?;
            for write in writes {
                match &write.value {
                    Some(value) => put.execute([&self.connection, &write.key, value])?,
                    None => delete.execute([&self.connection, &write.key])?,
                };
            }
            Ok(())
        })
    }

    fn held(&self) -> Result<(), Problem> {
        let Some(lease) = &self.store.lease else {
            return Ok(());
        };
        let newest = |file: &Connection| newest_token(file, &lease.connection);
        lease.check(self.store.read("look at its lease", newest)?)
    }
}

fn take_in(file: &Connection, connection: &str, delivery: &Delivery) -> rusqlite::Result<bool> {
    let Delivery { service, hint, at } = delivery;
    let mut insert = file.prepare_cached(
        "INSERT INTO inbox (connection, service, id, topic, body, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
    )?;
    let at = i64::try_from(*at).unwrap_or(i64::MAX);
    let rows = insert.execute(params![
        connection, service, hint.id, hint.topic, hint.body, at
    ])?;
    if rows == 1 && file.last_insert_rowid() % TRIM_EVERY == 0 {
        file.execute(
            "UPDATE inbox SET body = NULL
             WHERE connection = ?1 AND body IS NOT NULL AND number <= (
                 SELECT number FROM inbox WHERE connection = ?1 AND body IS NOT NULL
                 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
            params![connection, WAITING_MAX],
        )?;
    }
    Ok(rows == 1)
}

impl Store for SqliteStore {
    fn ledger(&self, connection: &str) -> Arc<dyn Ledger> {
        Arc::new(SqliteLedger {
            store: self.clone(),
            connection: connection.to_owned(),
        })
    }

    fn lock(&self, connection: &str) -> Result<Lock, Problem> {
        self.is_in_place()?;
        let mut held = LockFile::lock(&locks(&self.file.path), connection)?;
        let known = self.read("look at a lease", |file| newest_token(file, connection))?;
        is_no_older_copy(&self.file.path, connection, known, held.last)?;
        let token = self.write("lease a connection", |file| {
            file.prepare_cached(
                "INSERT INTO lease (connection, token) VALUES (?1, 1)
                 ON CONFLICT DO UPDATE SET token = token + 1 RETURNING token",
            )?
            .query_row([connection], |row| row.get(0))
        })?;
        held.tell(token);
        Ok(Lock::new(connection, token, held))
    }

    fn fenced(&self, lock: &Lock) -> Arc<dyn Store> {
        Arc::new(SqliteStore {
            lease: Some(lock.lease()),
            ..self.clone()
        })
    }

    fn take_in(&self, connection: &str, delivery: &Delivery) -> Result<bool, Problem> {
        self.write("keep a webhook", |file| take_in(file, connection, delivery))
    }

    fn take_in_all(&self, deliveries: &[(String, Delivery)]) -> Result<Vec<bool>, Problem> {
        self.write("keep webhooks", |file| {
            let take_in =
                |(connection, delivery): &(String, _)| take_in(file, connection, delivery);
            deliveries.iter().map(take_in).collect()
        })
    }

    fn inbox(&self, connection: &str, limit: usize) -> Result<Inbox, Problem> {
        self.read("read the inbox", |file| {
            let mut select = file.prepare_cached(
                "SELECT number, id, topic, body FROM inbox
                 WHERE connection = ?1 AND body IS NOT NULL ORDER BY number LIMIT ?2",
            )?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = select.query_map(params![connection, limit], |row| {
                let hint = Hint {
                    id: row.get(1)?,
                    topic: row.get(2)?,
                    body: row.get(3)?,
                };
                Ok((row.get::<_, i64>(0)?, hint))
            })?;
            let mut inbox = Inbox::default();
            for row in rows {
                let (number, hint) = row?;
                if !inbox.add(u64::try_from(number).unwrap_or(0), hint) {
                    break;
                }
            }
            Ok(inbox)
        })
    }

    fn dealt_with(&self, connection: &str, last: u64, now: Timestamp) -> Result<(), Problem> {
        self.write("clear the inbox", |file| {
            let last = i64::try_from(last).unwrap_or(i64::MAX);
            file.prepare_cached(
                "UPDATE inbox SET body = NULL
                 WHERE connection = ?1 AND number <= ?2 AND body IS NOT NULL",
            )?
            .execute(params![connection, last])?;
            let old = i64::try_from(now.saturating_sub(ID_MS_MAX)).unwrap_or(i64::MAX);
            file.prepare_cached(
                "DELETE FROM inbox WHERE connection = ?1 AND body IS NULL AND at < ?2",
            )?
            .execute(params![connection, old])?;
            Ok(())
        })
    }

    fn note(&self, connection: &str, name: &str, value: &str) -> Result<(), Problem> {
        self.write("keep a note", |file| {
            let mut put = file.prepare_cached(
                "INSERT INTO note (connection, name, value) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET value = excluded.value",
            )?;
            put.execute([connection, name, value]).map(|_| ())
        })
    }

    fn noted(&self, connection: &str, name: &str) -> Result<Option<String>, Problem> {
        self.read("read a note", |file| {
            file.prepare_cached("SELECT value FROM note WHERE connection = ?1 AND name = ?2")?
                .query_row([connection, name], |row| row.get(0))
                .optional()
        })
    }
}
