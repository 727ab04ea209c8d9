//! A store that forgets everything at the end: for tests and trials.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::lock::{Held, Lease, busy};
use super::{Delivery, Inbox, Ledger, Lock, Room, Store};
use crate::clock::Timestamp;
use crate::engine::reconcile::{Entry, Hint, Write};
use crate::problem::Problem;

/// Keeps everything in memory; clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    shelves: Arc<Mutex<Shelves>>,
    /// Of whoever writes; none if nobody has to be kept out.
    lease: Option<Lease>,
}

#[derive(Debug, Default)]
struct Shelves {
    ledgers: BTreeMap<String, BTreeMap<String, String>>,
    notes: BTreeMap<(String, String), String>,
    inbox: BTreeMap<u64, (String, Hint)>,
    seen: BTreeSet<(String, String, String)>,
    /// The newest token of each connection.
    leases: BTreeMap<String, i64>,
    /// The token by which each locked connection is locked.
    locked: BTreeMap<String, i64>,
}

impl MemoryStore {
    /// Forgets who holds which lock, as if the files of the locks were deleted.
    pub fn forget_locks(&self) {
        self.shelves().locked.clear();
    }

    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The shelves for one who changes something. Errors: `lease-lost`.
    fn writable(&self) -> Result<MutexGuard<'_, Shelves>, Problem> {
        let shelves = self.shelves();
        if let Some(lease) = &self.lease {
            lease.check(shelves.leases.get(&lease.connection).copied())?;
        }
        Ok(shelves)
    }
}

struct MemoryLedger {
    store: MemoryStore,
    connection: String,
}

impl Ledger for MemoryLedger {
    fn load_within(
        &self,
        keys: &[String],
        bytes_max: usize,
    ) -> Result<Vec<Option<String>>, Problem> {
        let mut room = Room::of(bytes_max);
        let shelves = self.store.shelves();
        let ledger = shelves.ledgers.get(&self.connection);
        keys.iter()
            .map(|key| room.value(ledger.and_then(|ledger| ledger.get(key)).cloned()))
            .collect()
    }

    fn scan_within(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, Problem> {
        let mut room = Room::of(bytes_max);
        let shelves = self.store.shelves();
        let Some(ledger) = shelves.ledgers.get(&self.connection) else {
            return Ok(Vec::new());
        };
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        ledger
            .range::<str, _>((from, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix))
            .take(limit)
            .map(|(key, value)| room.entry(key.clone(), value.clone()))
            .collect()
    }

    fn commit(&self, writes: &[Write]) -> Result<(), Problem> {
        let mut shelves = self.store.writable()?;
        let ledger = shelves.ledgers.entry(self.connection.clone()).or_default();
        for write in writes {
            match &write.value {
                Some(value) => ledger.insert(write.key.clone(), value.clone()),
                None => ledger.remove(&write.key),
            };
        }
        Ok(())
    }

    fn held(&self) -> Result<(), Problem> {
        self.store.writable().map(drop)
    }
}

impl Store for MemoryStore {
    fn ledger(&self, connection: &str) -> Arc<dyn Ledger> {
        Arc::new(MemoryLedger {
            store: self.clone(),
            connection: connection.to_owned(),
        })
    }

    fn lock(&self, connection: &str) -> Result<Lock, Problem> {
        let mut shelves = self.shelves();
        if shelves.locked.contains_key(connection) {
            return Err(busy(connection, "this process"));
        }
        let newest = shelves.leases.entry(connection.to_owned()).or_default();
        *newest += 1;
        let token = *newest;
        shelves.locked.insert(connection.to_owned(), token);
        let held = Locked {
            store: self.clone(),
            connection: connection.to_owned(),
            token,
        };
        Ok(Lock::new(connection, token, held))
    }

    fn fenced(&self, lock: &Lock) -> Arc<dyn Store> {
        Arc::new(MemoryStore {
            lease: Some(lock.lease()),
            ..self.clone()
        })
    }

    fn take_in(&self, connection: &str, delivery: &Delivery) -> Result<bool, Problem> {
        let mut shelves = self.writable()?;
        let id = (
            connection.to_owned(),
            delivery.service.clone(),
            delivery.hint.id.clone(),
        );
        let fresh = shelves.seen.insert(id);
        if fresh {
            let number = shelves
                .inbox
                .last_key_value()
                .map_or(0, |(number, _)| *number)
                + 1;
            shelves
                .inbox
                .insert(number, (connection.to_owned(), delivery.hint.clone()));
        }
        Ok(fresh)
    }

    fn take_in_all(&self, deliveries: &[(String, Delivery)]) -> Result<Vec<bool>, Problem> {
        let take_in = |(connection, delivery): &(String, _)| self.take_in(connection, delivery);
        deliveries.iter().map(take_in).collect()
    }

    fn inbox(&self, connection: &str, limit: usize) -> Result<Inbox, Problem> {
        let shelves = self.shelves();
        let waiting = shelves
            .inbox
            .iter()
            .filter(|(_, (owner, _))| owner == connection)
            .take(limit);
        let mut inbox = Inbox::default();
        for (number, (_, hint)) in waiting {
            if !inbox.add(*number, hint.clone()) {
                break;
            }
        }
        Ok(inbox)
    }

    fn dealt_with(&self, connection: &str, last: u64, _now: Timestamp) -> Result<(), Problem> {
        self.writable()?
            .inbox
            .retain(|number, (owner, _)| owner != connection || *number > last);
        Ok(())
    }

    fn note(&self, connection: &str, name: &str, value: &str) -> Result<(), Problem> {
        self.writable()?
            .notes
            .insert((connection.to_owned(), name.to_owned()), value.to_owned());
        Ok(())
    }

    fn noted(&self, connection: &str, name: &str) -> Result<Option<String>, Problem> {
        Ok(self
            .shelves()
            .notes
            .get(&(connection.to_owned(), name.to_owned()))
            .cloned())
    }
}

/// Unlocks when dropped.
#[derive(Debug)]
struct Locked {
    store: MemoryStore,
    connection: String,
    token: i64,
}

impl Held for Locked {}

impl Drop for Locked {
    fn drop(&mut self) {
        let mut shelves = self.store.shelves();
        // Somebody else's, after the locks were forgotten.
        if shelves.locked.get(&self.connection) == Some(&self.token) {
            shelves.locked.remove(&self.connection);
        }
    }
}
