//! A ledger in memory, and as text: a line for each key, with a tab before its value.

use std::collections::BTreeMap;

use atsync_plugin::bindings::exports::atsync::connector::reconcile::{Answer, Effect, Entry};

/// Keys and values of one connection.
#[derive(Clone, Default)]
pub struct Shelf(pub BTreeMap<String, String>);

impl Shelf {
    /// Reads lines; one without a tab is a key with an empty value.
    pub fn read(text: &str) -> Self {
        let entry = |line: &str| {
            let (key, value) = line.split_once('\t').unwrap_or((line, ""));
            (key.to_owned(), value.to_owned())
        };
        Self(text.lines().map(entry).collect())
    }

    /// The lines.
    pub fn text(&self) -> String {
        let line = |(key, value): (&String, &String)| format!("{key}\t{value}\n");
        self.0.iter().map(line).collect()
    }

    /// Performs what concerns the ledger; other effects come back.
    #[expect(clippy::result_large_err, reason = "what comes back is not an error")]
    pub fn perform(&mut self, effect: Effect) -> Result<Answer, Effect> {
        match effect {
            Effect::Load(keys) => {
                let value = |key: &String| self.0.get(key).cloned();
                Ok(Answer::Loaded(keys.iter().map(value).collect()))
            }
            Effect::Scan(scan) => {
                let from = scan.after.unwrap_or_default();
                let under = self.0.range(scan.prefix.clone()..);
                let entry = |(key, value): (&String, &String)| Entry {
                    key: key.clone(),
                    value: value.clone(),
                };
                let page = under
                    .take_while(|(key, _)| key.starts_with(&scan.prefix))
                    .filter(|(key, _)| **key > from || from.is_empty())
                    .take(scan.limit as usize);
                Ok(Answer::Scanned(page.map(entry).collect()))
            }
            Effect::Commit(writes) => {
                for write in writes {
                    match write.value {
                        Some(value) => self.0.insert(write.key, value),
                        None => self.0.remove(&write.key),
                    };
                }
                Ok(Answer::Committed)
            }
            other => Err(other),
        }
    }
}
