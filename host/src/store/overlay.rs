//! A scratch copy of a ledger for passes that change nothing: reads see the pass's own writes,
//! the ledger below never does, and all of it is gone at the end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Ledger, Room, failed};
use crate::engine::reconcile::{Entry, Write};
use crate::problem::Problem;

/// A key with its new value; none if it was deleted.
type Written = (String, Option<String>);

/// A ledger over another one.
pub struct Overlay {
    below: Arc<dyn Ledger>,
    /// A database without a name: SQLite keeps it in memory while it is small, else in an
    /// unlinked file, so that a dry run of any size needs little memory.
    scratch: Mutex<Connection>,
}

impl Overlay {
    /// An empty scratch copy of `below`.
    pub fn over(below: Arc<dyn Ledger>) -> Result<Overlay, Problem> {
        let scratch =
            Connection::open("").map_err(|error| failed("make a scratch copy", &error))?;
        scratch
            .execute_batch(
                "PRAGMA journal_mode = MEMORY;
                 PRAGMA cache_size = -4000;
                 CREATE TABLE scratch (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID, STRICT;",
            )
            .map_err(|error| failed("make a scratch copy", &error))?;
        Ok(Overlay {
            below,
            scratch: Mutex::new(scratch),
        })
    }

    fn scratch(&self) -> MutexGuard<'_, Connection> {
        self.scratch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts what the pass wrote or deleted over what lies below.
    fn read_over(
        &self,
        keys: &[String],
        below: Vec<Option<String>>,
        mut room: Room,
    ) -> rusqlite::Result<Result<Vec<Option<String>>, Problem>> {
        let scratch = self.scratch();
        let mut select = scratch.prepare_cached("SELECT value FROM scratch WHERE key = ?1")?;
        let read = |(key, below): (&String, Option<String>)| {
            let written = select.query_row([key], |row| row.get(0)).optional()?;
            Ok(room.value(written.unwrap_or(below)))
        };
        keys.iter().zip(below).map(read).collect()
    }

    /// What the pass wrote or deleted, from the key after `after` on.
    fn written(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        mut room: Room,
    ) -> rusqlite::Result<Result<Vec<Written>, Problem>> {
        let scratch = self.scratch();
        let mut select = scratch.prepare_cached(
            "SELECT key, value FROM scratch
             WHERE key >= ?1 AND (?2 IS NULL OR key > ?2) ORDER BY key LIMIT ?3",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = select.query_map(params![prefix, after, limit], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        let within = |row: &rusqlite::Result<(String, Option<String>)>| {
            row.as_ref()
                .map_or(true, |(key, _)| key.starts_with(prefix))
        };
        rows.take_while(within)
            .map(|row| row.map(|(key, value)| Ok((key, room.value(value)?))))
            .collect()
    }
}

impl Ledger for Overlay {
    fn load_within(
        &self,
        keys: &[String],
        bytes_max: usize,
    ) -> Result<Vec<Option<String>>, Problem> {
        let below = self.below.load_within(keys, bytes_max)?;
        self.read_over(keys, below, Room::of(bytes_max))
            .map_err(|error| failed("read a scratch copy", &error))?
    }

    fn scan_within(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, Problem> {
        let mut room = Room::of(bytes_max);
        let mut found = Vec::new();
        let mut after = after.map(str::to_owned);
        while found.len() < limit {
            let below = self
                .below
                .scan_within(prefix, after.as_deref(), limit, bytes_max)?;
            let written = self
                .written(prefix, after.as_deref(), limit, Room::of(bytes_max))
                .map_err(|error| failed("read a scratch copy", &error))??;
            // Beyond the last key of a full page there may be more: only what lies up to it is sure.
            let below_sure =
                (below.len() == limit).then(|| below.last().map(|entry| entry.key.clone()));
            let written_sure =
                (written.len() == limit).then(|| written.last().map(|(key, _)| key.clone()));
            let sure = [below_sure, written_sure]
                .into_iter()
                .flatten()
                .flatten()
                .min();
            let mut merged: BTreeMap<String, Option<String>> = below
                .into_iter()
                .map(|entry| (entry.key, Some(entry.value)))
                .collect();
            merged.extend(written);
            for (key, value) in merged {
                if found.len() == limit || sure.as_ref().is_some_and(|sure| key > *sure) {
                    break;
                }
                if let Some(value) = value {
                    found.push(room.entry(key, value)?);
                }
            }
            match sure {
                Some(sure) => after = Some(sure),
                None => break,
            }
        }
        Ok(found)
    }

    fn commit(&self, writes: &[Write]) -> Result<(), Problem> {
        let mut scratch = self.scratch();
        let mut commit = || -> rusqlite::Result<()> {
            let transaction = scratch.transaction()?;
            {
                let mut put = transaction.prepare_cached(
                    "INSERT OR REPLACE INTO scratch (key, value) VALUES (?1, ?2)",
                )?;
                for write in writes {
                    put.execute(params![write.key, write.value])?;
                }
            }
            transaction.commit()
        };
        commit().map_err(|error| failed("write a scratch copy", &error))
    }
}
