//! What lasts: a map.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Timestamp;
use crate::engine::reconcile::{Entry, Hint, Write};

/// A webhook that was verified.
pub struct Delivery {
    /// Who sent it.
    pub service: String,
    /// What it says.
    pub hint: Hint,
    /// When it came.
    pub at: Timestamp,
}

/// Ledger and inbox of the one connection that there is.
pub trait Store: Send + Sync {
    /// Its keys and values.
    fn ledger(&self, connection: &str) -> Arc<Ledger>;

    /// Keeps a webhook. False: it was there already.
    ///
    /// # Errors
    /// None.
    fn take_in(&self, connection: &str, delivery: &Delivery) -> Result<bool, String>;

    /// The webhooks that no pass has dealt with.
    fn inbox(&self) -> Vec<Hint>;

    /// A pass has dealt with the first so many of them.
    fn dealt_with(&self, hints: usize);
}

/// The only store.
#[derive(Default)]
pub struct MemoryStore {
    ledger: Arc<Ledger>,
    inbox: Mutex<Vec<Hint>>,
}

impl Store for MemoryStore {
    fn ledger(&self, _connection: &str) -> Arc<Ledger> {
        Arc::clone(&self.ledger)
    }

    fn take_in(&self, _connection: &str, delivery: &Delivery) -> Result<bool, String> {
        let mut inbox = locked(&self.inbox);
        let new = !inbox.iter().any(|hint| hint.id == delivery.hint.id);
        if new {
            inbox.push(delivery.hint.clone());
        }
        Ok(new)
    }

    fn inbox(&self) -> Vec<Hint> {
        locked(&self.inbox).clone()
    }

    fn dealt_with(&self, hints: usize) {
        locked(&self.inbox).drain(..hints);
    }
}

/// Keys and values.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<BTreeMap<String, String>>);

impl Ledger {
    /// A copy, for a pass that changes nothing.
    #[must_use]
    pub fn scratch(&self) -> Self {
        Self(Mutex::new(locked(&self.0).clone()))
    }

    /// One value or none for each key.
    pub fn load(&self, keys: &[String]) -> Vec<Option<String>> {
        let values = locked(&self.0);
        keys.iter().map(|key| values.get(key).cloned()).collect()
    }

    /// The entries under a prefix, after a key.
    ///
    /// # Errors
    /// None.
    pub fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Entry>, String> {
        let values = locked(&self.0);
        let under = values
            .range(prefix.to_owned()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter(|(key, _)| after.is_none_or(|after| key.as_str() > after));
        let entry = |(key, value): (&String, &String)| Entry {
            key: key.clone(),
            value: value.clone(),
        };
        Ok(under.take(limit).map(entry).collect())
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// None.
    pub fn commit(&self, writes: &[Write]) -> Result<(), String> {
        let mut values = locked(&self.0);
        for Write { key, value } in writes {
            match value {
                Some(value) => values.insert(key.clone(), value.clone()),
                None => values.remove(key),
            };
        }
        Ok(())
    }
}

/// What a story that failed left behind is as good as any other.
pub(crate) fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
