//! The world of a recorded pass, as far as the recording shows it: what the ledger held, and what
//! was answered to whom.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use super::format::digest;
use super::replay::Witness;
use crate::clock::Timestamp;
use crate::engine::reconcile::{Answer, Completion, Effect, Entry, Job, Request, Scan};

/// What is known of a ledger: values, keys that are not there, and keys of which nothing is known.
#[derive(Debug, Default)]
pub(super) struct Known {
    values: BTreeMap<String, Option<String>>,
    /// Stretches of keys that were listed, first key to the one after the last: a key in one of them
    /// that has no value is not there.
    listed: BTreeMap<String, String>,
    /// Keys whose value in the beginning was never seen, and that were written since.
    unseen: BTreeSet<String>,
}

impl Known {
    /// The value of a key, which may be none; nothing if it is not known.
    pub(super) fn get(&self, key: &str) -> Option<Option<&str>> {
        if let Some(value) = self.values.get(key) {
            return Some(value.as_deref());
        }
        let absent = !self.unseen.contains(key) && self.listed_to(key) > key;
        absent.then_some(None)
    }

    /// What a scan finds where `over` lies over this ledger; nothing if part of it is not known.
    pub(super) fn scan(
        &self,
        scan: &Scan,
        over: &BTreeMap<String, Option<String>>,
    ) -> Option<Vec<Entry>> {
        let (from, to) = stretch(scan);
        if from >= to {
            return Some(Vec::new());
        }
        let limit = usize::try_from(scan.limit).unwrap_or(usize::MAX);
        let mut merged: BTreeMap<&String, &Option<String>> =
            self.values.range(from.clone()..to.clone()).collect();
        merged.extend(over.range(from.clone()..to.clone()));
        let found: Vec<Entry> = merged
            .into_iter()
            .filter_map(|(key, value)| {
                let (key, value) = (key.clone(), value.clone()?);
                Some(Entry { key, value })
            })
            .take(limit)
            .collect();
        let needed = match found.last() {
            Some(last) if found.len() == limit => after(&last.key),
            _ => to,
        };
        let mut unseen = self.unseen.range(from.clone()..needed.clone());
        let sure = unseen.all(|key| over.contains_key(key));
        (sure && self.listed_to(&from) >= needed.as_str()).then_some(found)
    }

    /// Up to where all keys from `key` on are known; `key` itself if it is not.
    fn listed_to<'k>(&'k self, key: &'k str) -> &'k str {
        let before = (Bound::Unbounded, Bound::Included(key));
        let before = self.listed.range::<str, _>(before).next_back();
        before.map_or(key, |(_, to)| key.max(to.as_str()))
    }

    fn learn_listed(&mut self, (mut from, mut to): (String, String)) {
        while let Some((start, end)) = self.listed.range(..=to.clone()).next_back() {
            if *end < from {
                break;
            }
            let start = start.clone();
            to = to.max(end.clone());
            from = from.min(start.clone());
            self.listed.remove(&start);
        }
        self.listed.insert(from, to);
    }

    /// Whether what was seen later can be the same ledger, apart from what was written since.
    fn agrees_with(&self, later: &Known) -> bool {
        let mut seen = later.values.iter();
        seen.all(|(key, value)| self.get(key).is_none_or(|known| known == value.as_deref()))
    }
}

/// The keys that a scan looks at, first to the one after the last.
fn stretch(scan: &Scan) -> (String, String) {
    let from = match &scan.after {
        Some(key) if *key >= scan.prefix => after(key),
        _ => scan.prefix.clone(),
    };
    // No key that begins with the prefix is greater: this is the last character there is.
    let to = format!("{}{}", scan.prefix, char::MAX);
    (from, to)
}

/// The first key after `key`.
fn after(key: &str) -> String {
    format!("{key}\0")
}

/// What a replay shows of one pass.
#[derive(Default)]
pub(super) struct World {
    /// Its job.
    pub(super) job: Option<Job>,
    /// Keys that the pass read or wrote.
    pub(super) touched: BTreeSet<String>,
    /// What it left behind.
    pub(super) written: BTreeMap<String, Option<String>>,
    /// The ledger in the beginning.
    before: Known,
    open: BTreeMap<u32, Effect>,
    heard: HashMap<String, Heard>,
    /// Requests that may have changed something.
    pub(super) changes: usize,
}

/// The answers to requests that are alike, in their order; of the ledger only when they came.
#[derive(Default)]
struct Heard {
    answers: Vec<(Timestamp, Option<Answer>)>,
    next: usize,
}

impl World {
    /// When this request was answered, and what, if it went out. Asked again, it is the next answer
    /// to the same request, and the last one again after that.
    pub(super) fn heard(&mut self, effect: &Effect) -> Option<(Timestamp, Option<Answer>)> {
        let heard = self.heard.get_mut(&digest(effect))?;
        let at = heard.next.min(heard.answers.len().saturating_sub(1));
        heard.next += 1;
        heard.answers.get(at).cloned()
    }

    /// Adds what this pass shows of the ledger as it was in the beginning to what was known. False
    /// if they do not go together: something happened in between, and what was known is forgotten.
    pub(super) fn begins_in(&mut self, known: &mut Known) -> bool {
        let goes_on = known.agrees_with(&self.before);
        if !goes_on {
            *known = Known::default();
        }
        let before = std::mem::take(&mut self.before);
        let written = self.written.keys();
        let unseen = written
            .filter(|key| known.get(key).is_none() && !before.values.contains_key(key.as_str()));
        let unseen: Vec<String> = unseen.cloned().collect();
        known.unseen.extend(unseen);
        known.values.extend(before.values);
        for (from, to) in before.listed {
            known.learn_listed((from, to));
        }
        goes_on
    }

    /// Makes what was known in the beginning of this pass what is known at its end.
    pub(super) fn leaves(self, known: &mut Known) {
        known.values.extend(self.written);
        known.unseen.clear();
    }

    fn read(&mut self, key: &str, value: Option<&str>) {
        self.touched.insert(key.to_owned());
        if !self.written.contains_key(key) {
            let value = value.map(str::to_owned);
            self.before.values.insert(key.to_owned(), value);
        }
    }

    fn scanned(&mut self, scan: &Scan, entries: &[Entry]) {
        for entry in entries {
            self.read(&entry.key, Some(&entry.value));
        }
        let (from, to) = stretch(scan);
        let full = u32::try_from(entries.len()).is_ok_and(|found| found >= scan.limit);
        match entries.last() {
            Some(last) if full => self.before.learn_listed((from, after(&last.key))),
            _ => self.before.learn_listed((from, to)),
        }
    }
}

impl Witness for World {
    fn began(&mut self, job: &Job) {
        self.job = Some(job.clone());
    }

    fn asked(&mut self, request: &Request) {
        if matches!(&request.effect, Effect::Http(http) if http.changes) {
            self.changes += 1;
        }
        self.open.insert(request.id, request.effect.clone());
    }

    fn resumed(&mut self, completions: &[Completion]) {
        for completion in completions {
            let Some(effect) = self.open.remove(&completion.id) else {
                continue;
            };
            match (&effect, &completion.answer) {
                (Effect::Load(keys), Answer::Loaded(values)) => {
                    for (key, value) in keys.iter().zip(values) {
                        self.read(key, value.as_deref());
                    }
                }
                (Effect::Scan(scan), Answer::Scanned(entries)) => self.scanned(scan, entries),
                (Effect::Commit(writes), Answer::Committed) => {
                    for write in writes {
                        self.touched.insert(write.key.clone());
                        self.written.insert(write.key.clone(), write.value.clone());
                    }
                }
                _ => {}
            }
            let answer = match &effect {
                Effect::Http(_) | Effect::ReadLines(_) => Some(completion.answer.clone()),
                _ => None,
            };
            let heard = self.heard.entry(digest(&effect)).or_default();
            heard.answers.push((completion.at, answer));
        }
    }
}
