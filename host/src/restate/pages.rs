//! The ledger in an object's state: sorted pages, and a root that names them.
//!
//! One entry of state for each key would be read, and journaled, one by one; and Restate lists
//! keys without order. A page holds neighbours. A commit writes new pages beside the old ones and
//! then the root, so that the root is the one moment at which all of it counts.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use serde::{Deserialize, Serialize};

use super::journal::Journal;
use crate::engine::reconcile::{Entry, Scan, Write};
use crate::problem::Problem;
use crate::store::Room;

/// A page with more than this is divided, in bytes of keys and values. Small enough that a
/// commit of one key writes little, large enough that a big ledger has hundreds of pages and not
/// many thousands.
const PAGE_BYTES: usize = 32 << 10;

/// The state that holds the root.
const ROOT: &str = "ledger";

/// Keys and values that stand together.
type Page = BTreeMap<String, String>;

/// The pages, by the key from which each holds all up to the next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Root {
    pages: BTreeMap<String, u64>,
    /// Numbers from here on were never used.
    next: u64,
}

/// A ledger, as far as this pass has read or written it. Where the journal does not write, as in
/// a dry run, it is a scratch copy by itself.
pub(super) struct Pages<'a, J> {
    journal: &'a J,
    root: Root,
    known: BTreeMap<u64, Page>,
}

impl<'a, J: Journal> Pages<'a, J> {
    /// Reads the root.
    pub(super) async fn open(journal: &'a J) -> Result<Self, Problem> {
        Ok(Pages {
            journal,
            root: journal.read(ROOT).await?.unwrap_or_default(),
            known: BTreeMap::new(),
        })
    }

    /// One value or none for each key.
    pub(super) async fn load(
        &mut self,
        keys: &[String],
        bytes_max: usize,
    ) -> Result<Vec<Option<String>>, Problem> {
        let mut room = Room::of(bytes_max);
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            let value = match self.page_of(key) {
                Some((_, page)) => self.page(page).await?.get(key).cloned(),
                None => None,
            };
            values.push(room.value(value)?);
        }
        Ok(values)
    }

    /// The entries in byte order of their keys.
    pub(super) async fn scan(
        &mut self,
        scan: &Scan,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, Problem> {
        let mut room = Room::of(bytes_max);
        let limit = usize::try_from(scan.limit).unwrap_or(usize::MAX);
        let from = match &scan.after {
            Some(after) if *after >= scan.prefix => Bound::Excluded(after.clone()),
            _ => Bound::Included(scan.prefix.clone()),
        };
        let mut found = Vec::new();
        for page in self.pages_from(
            scan.after
                .as_ref()
                .unwrap_or(&scan.prefix)
                .max(&scan.prefix),
        ) {
            let page = self.page(page).await?;
            for (key, value) in page.range((from.clone(), Bound::Unbounded)) {
                if found.len() == limit || !key.starts_with(&scan.prefix) {
                    return Ok(found);
                }
                found.push(room.entry(key.clone(), value.clone())?);
            }
        }
        Ok(found)
    }

    /// Writes all or nothing.
    pub(super) async fn commit(&mut self, writes: Vec<Write>) -> Result<(), Problem> {
        if writes.is_empty() {
            return Ok(());
        }
        let mut changed: BTreeMap<String, (Option<u64>, Page)> = BTreeMap::new();
        for write in writes {
            let (from, number) = match self.page_of(&write.key) {
                Some((from, number)) => (from, Some(number)),
                None => (String::new(), None),
            };
            if !changed.contains_key(&from) {
                let page = match number {
                    Some(number) => self.page(number).await?.clone(),
                    None => Page::new(),
                };
                changed.insert(from.clone(), (number, page));
            }
            if let Some((_, page)) = changed.get_mut(&from) {
                match write.value {
                    Some(value) => page.insert(write.key, value),
                    None => page.remove(&write.key),
                };
            }
        }
        let mut gone = BTreeSet::new();
        for (from, (number, page)) in changed {
            gone.extend(number);
            self.put(&from, page);
        }
        self.journal.write(ROOT, Some(self.root.clone()));
        for number in gone {
            self.known.remove(&number);
            self.journal.write::<Page>(&name(number), None);
        }
        Ok(())
    }

    /// Puts new pages in the place of the one that began at `from`.
    fn put(&mut self, from: &str, page: Page) {
        self.root.pages.remove(from);
        for (nth, part) in divided(page).into_iter().enumerate() {
            // The first of all takes what comes before its keys, and stays when it is empty.
            let start = match part.first_key_value() {
                _ if from.is_empty() && nth == 0 => String::new(),
                Some((first, _)) => first.clone(),
                None => return,
            };
            let number = self.root.next;
            self.root.next += 1;
            self.root.pages.insert(start, number);
            self.journal.write(&name(number), Some(part.clone()));
            self.known.insert(number, part);
        }
    }

    /// Where the page begins that holds `key`, and its number; none in an empty ledger.
    fn page_of(&self, key: &str) -> Option<(String, u64)> {
        let below = (Bound::Unbounded, Bound::Included(key));
        let (from, number) = self.root.pages.range::<str, _>(below).next_back()?;
        Some((from.clone(), *number))
    }

    /// The pages from the one that holds `key` on.
    fn pages_from(&self, key: &str) -> Vec<u64> {
        let from = self.page_of(key).map(|(from, _)| from).unwrap_or_default();
        self.root
            .pages
            .range(from..)
            .map(|(_, number)| *number)
            .collect()
    }

    async fn page(&mut self, number: u64) -> Result<&Page, Problem> {
        if !self.known.contains_key(&number) {
            let page = self.journal.read::<Page>(&name(number)).await?;
            self.known.insert(number, page.ok_or_else(moved_on)?);
        }
        self.known.get(&number).ok_or_else(moved_on)
    }
}

/// The page in parts that are not too large, at least one.
fn divided(page: Page) -> Vec<Page> {
    let mut parts = vec![Page::new()];
    let mut bytes = 0;
    for (key, value) in page {
        bytes += key.len() + value.len();
        if bytes > PAGE_BYTES && parts.last().is_some_and(|part| !part.is_empty()) {
            parts.push(Page::new());
            bytes = key.len() + value.len();
        }
        if let Some(part) = parts.last_mut() {
            part.insert(key, value);
        }
    }
    parts
}

/// The state that holds a page.
fn name(number: u64) -> String {
    format!("{ROOT}/{number}")
}

/// A dry run shares the object with passes that write, and may come too late for a page.
fn moved_on() -> Problem {
    Problem::new(
        "ledger-moved-on",
        "A pass wrote the ledger while this one was reading it.",
        "Ask again.",
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::collections::HashMap;
    use std::future::Future;
    use std::sync::Mutex;
    use std::time::Duration;

    use restate_sdk::errors::TerminalError;
    use serde_json::Value;

    use super::super::journal::Kept;
    use super::*;

    /// The state of an object, and no more.
    #[derive(Default)]
    struct State(Mutex<HashMap<String, Value>>);

    impl Journal for State {
        async fn once<T: Kept>(
            &self,
            _: &'static str,
            effect: impl Future<Output = T> + Send,
        ) -> Result<T, TerminalError> {
            Ok(effect.await)
        }

        async fn read<T: Kept>(&self, key: &str) -> Result<Option<T>, TerminalError> {
            let value = self.0.lock().unwrap().get(key).cloned();
            Ok(value.map(|value| serde_json::from_value(value).unwrap()))
        }

        async fn pause(&self, _: Duration) -> Result<(), TerminalError> {
            Ok(())
        }

        fn write<T: Kept>(&self, key: &str, value: Option<T>) {
            let mut state = self.0.lock().unwrap();
            match value {
                Some(value) => state.insert(key.to_owned(), serde_json::to_value(value).unwrap()),
                None => state.remove(key),
            };
        }
    }

    fn write(key: &str, value: Option<String>) -> Write {
        let key = key.to_owned();
        Write { key, value }
    }

    async fn all(pages: &mut Pages<'_, State>, prefix: &str, limit: u32) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let prefix = prefix.to_owned();
            let scan = Scan {
                prefix,
                after,
                limit,
            };
            let entries = pages.scan(&scan, usize::MAX).await.unwrap();
            after = entries.last().map(|entry| entry.key.clone());
            if entries.is_empty() {
                return found;
            }
            found.extend(entries.into_iter().map(|entry| (entry.key, entry.value)));
        }
    }

    /// Values of many sizes, so that pages divide, shrink and vanish.
    #[tokio::test]
    async fn pages_hold_what_a_plain_map_holds() {
        let state = State::default();
        let mut model = BTreeMap::new();
        for round in 0_usize..40 {
            let mut pages = Pages::open(&state).await.unwrap();
            let writes: Vec<Write> = (0..200)
                .map(|n| {
                    let number = (round * 7919 + n * 104_729) % 1_500;
                    let value = (number % 3 != round % 3).then(|| "é".repeat(number % 700));
                    let letter = match number % 3 {
                        0 => "a",
                        1 => "b",
                        _ => "ß",
                    };
                    write(&format!("{letter}/{number}"), value)
                })
                .collect();
            for Write { key, value } in &writes {
                match value {
                    Some(value) => model.insert(key.clone(), value.clone()),
                    None => model.remove(key),
                };
            }
            pages.commit(writes).await.unwrap();
            let mut again = Pages::open(&state).await.unwrap();
            let kept: Vec<_> = model.clone().into_iter().collect();
            assert_eq!(all(&mut again, "", 97).await, kept);
            let b: Vec<_> = kept
                .into_iter()
                .filter(|(key, _)| key.starts_with("b/"))
                .collect();
            assert_eq!(all(&mut again, "b/", 10).await, b);
        }
        let mut pages = Pages::open(&state).await.unwrap();
        let keys = ["b/1".to_owned(), "none".to_owned(), "b/1".to_owned()];
        let values = pages.load(&keys, usize::MAX).await.unwrap();
        let expected: Vec<_> = keys.iter().map(|key| model.get(key).cloned()).collect();
        assert_eq!(values, expected);
        let held = state.0.lock().unwrap().len();
        assert_eq!(held, pages.root.pages.len() + 1, "no page is left behind");
    }

    #[tokio::test]
    async fn an_emptied_ledger_takes_entries_again() {
        let state = State::default();
        let mut pages = Pages::open(&state).await.unwrap();
        for value in [Some("1".to_owned()), None, Some("2".to_owned())] {
            pages.commit(vec![write("key", value)]).await.unwrap();
        }
        assert_eq!(
            all(&mut pages, "", 5).await,
            [("key".to_owned(), "2".to_owned())]
        );
    }

    #[tokio::test]
    async fn more_than_there_is_room_for_is_not_read() {
        let state = State::default();
        let mut pages = Pages::open(&state).await.unwrap();
        let value = Some("x".repeat(100));
        pages.commit(vec![write("key", value)]).await.unwrap();
        let keys = ["key".to_owned(), "key".to_owned()];
        assert_eq!(pages.load(&keys, 200).await.unwrap().len(), 2);
        let full = pages.load(&keys, 199).await.unwrap_err();
        assert_eq!(full.code, "component-memory");
        let scan = Scan {
            prefix: String::new(),
            after: None,
            limit: 1,
        };
        assert_eq!(pages.scan(&scan, 103).await.unwrap().len(), 1);
        let full = pages.scan(&scan, 102).await.unwrap_err();
        assert_eq!(full.code, "component-memory");
    }

    #[tokio::test]
    async fn a_reader_that_comes_too_late_for_a_page_says_so() {
        let state = State::default();
        let mut writer = Pages::open(&state).await.unwrap();
        writer
            .commit(vec![write("key", Some("1".to_owned()))])
            .await
            .unwrap();
        let mut reader = Pages::open(&state).await.unwrap();
        writer
            .commit(vec![write("key", Some("2".to_owned()))])
            .await
            .unwrap();
        let late = reader.load(&["key".to_owned()], 100).await.unwrap_err();
        assert_eq!(late.code, "ledger-moved-on");
    }
}
