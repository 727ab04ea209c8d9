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
    pub(super) async fn load(&mut self, keys: &[String]) -> Result<Vec<Option<String>>, Problem> {
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            values.push(match self.page_of(key) {
                Some((_, page)) => self.page(page).await?.get(key).cloned(),
                None => None,
            });
        }
        Ok(values)
    }

    /// The entries in byte order of their keys.
    pub(super) async fn scan(&mut self, scan: &Scan) -> Result<Vec<Entry>, Problem> {
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
                found.push(Entry {
                    key: key.clone(),
                    value: value.clone(),
                });
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
