//! What the ledger knows of people, and how long: an order with nothing left to do rests, and one
//! that has rested for as long as the settings say loses what may name somebody. What it needs to
//! stay right is kept; where that was a text, a digest of it.

use serde::{Deserialize, Serialize};

use super::Batch;
use super::orders::{OrderEntry, ShippedPart};
use crate::core::text::hash;
use crate::core::time::{Millis, day};

/// Prefix of the marks of orders that rest and name people, by day.
pub const RESTING: &str = "order-rest/";

/// How far the people of orders are forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct People {
    /// Those of orders that rest since before this day are forgotten.
    pub forgotten_before: String,
    /// All orders that rest have their mark. A ledger of before is looked through once.
    pub marked: bool,
    /// Where looking through goes on: after this order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marked_to: Option<String>,
}

/// What names people was forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    /// When, on Shopify's clock.
    pub at: Millis,
    /// After so many days, as the settings said then.
    pub after_days: u64,
}

impl OrderEntry {
    /// Nothing is left to do for it, neither for a pass nor for a person.
    pub fn rests(&self) -> bool {
        !self.is_open() && self.parked.is_none()
    }

    /// Key of its mark, where it is known since when it rests.
    pub fn rest_key(&self) -> Option<String> {
        (self.rests_since != 0).then(|| rest_key(self.rests_since, &self.id))
    }

    /// Something in it may name somebody, or lead to them.
    pub fn names_people(&self) -> bool {
        !self.customer.is_empty()
            || !self.purchase_order.is_empty()
            || self.snapshot.is_personal()
            || self.has_free_words()
            || self.shipped().any(|shipped| !shipped.tracking.is_empty())
    }

    /// Forgets what may name somebody.
    pub fn forget_people(&mut self, at: Millis, after_days: u64) {
        self.customer.clear();
        self.purchase_order.clear();
        self.snapshot.forget_people();
        if self.has_free_words()
            && let Some(told) = &mut self.told
        {
            told.words.clear();
        }
        for shipped in self.parts.iter_mut().filter_map(|p| p.shipped.as_mut()) {
            shipped.forget_tracking();
        }
        self.forgotten = Some(Forgotten { at, after_days });
    }

    /// What is shipped of its parts.
    pub fn shipped(&self) -> impl Iterator<Item = &ShippedPart> {
        self.parts.iter().filter_map(|part| part.shipped.as_ref())
    }

    /// Why an order was not taken over may be said in words of the buyer's; that it was, never is.
    fn has_free_words(&self) -> bool {
        let told = self.told.as_ref().filter(|told| !told.exported);
        told.is_some_and(|told| !told.words.is_empty())
    }
}

impl ShippedPart {
    /// The same is shipped, with the same numbers, also where they are forgotten.
    pub fn is(&self, now: &Self) -> bool {
        let numbers = match self.forgotten {
            Some(digest) => digest == now.digest(),
            None => self.tracking == now.tracking,
        };
        self.wholly == now.wholly && numbers
    }

    fn forget_tracking(&mut self) {
        if !self.tracking.is_empty() {
            self.forgotten = Some(self.digest());
            self.tracking.clear();
        }
    }

    fn digest(&self) -> u64 {
        hash(&self.tracking.join("\n"))
    }
}

impl Batch {
    /// Moves the mark of an order that was dealt with just now.
    pub fn put_rest(&mut self, entry: &mut OrderEntry, now: Millis) {
        if let Some(key) = entry.rest_key() {
            self.remove(key);
        }
        entry.rests_since = if entry.rests() { now } else { 0 };
        if let Some(key) = entry.rest_key().filter(|_| entry.names_people()) {
            self.put(key, &1);
        }
    }

    /// Marks an order of a ledger from before there were marks, by the last that is known of it.
    pub fn mark_rest(&mut self, entry: &OrderEntry) {
        if entry.rests_since == 0 && entry.rests() && entry.names_people() {
            let told_at = entry.told.as_ref().map_or(0, |told| told.at);
            self.put(rest_key(entry.read_at.max(told_at), &entry.id), &1);
        }
    }
}

fn rest_key(since: Millis, id: &str) -> String {
    format!("{RESTING}{}/{id}", day(since))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::DAY;
    use crate::ledger::orders::{Part, State, Told};

    fn told(exported: bool, words: &str) -> Told {
        Told {
            at: DAY,
            exported,
            words: words.into(),
        }
    }

    fn finished() -> OrderEntry {
        OrderEntry {
            id: "7".into(),
            customer: "Jo Doe".into(),
            purchase_order: "for Jo".into(),
            state: State::Created,
            parts: vec![Part {
                placed: true,
                shipped: Some(ShippedPart {
                    wholly: true,
                    tracking: vec!["JD-1".into(), "JD-2".into()],
                    forgotten: None,
                }),
                ..Part::default()
            }],
            told: Some(told(true, "In Shopify as #1001.")),
            ..OrderEntry::default()
        }
    }

    #[test]
    fn an_order_loses_its_people_and_keeps_what_it_is() {
        let mut entry = finished();
        assert!(entry.rests() && entry.names_people());
        entry.forget_people(9 * DAY, 3);

        assert!(entry.rests() && !entry.names_people());
        let text = serde_json::to_string(&entry).expect("JSON");
        for gone in ["Jo", "JD-"] {
            assert!(!text.contains(gone), "{text}");
        }
        assert_eq!(entry.told, finished().told, "these words name nobody");
        let (at, after_days) = (9 * DAY, 3);
        assert_eq!(entry.forgotten, Some(Forgotten { at, after_days }));
    }

    #[test]
    fn the_words_of_an_order_that_was_not_taken_over_go_too() {
        let mut entry = OrderEntry {
            state: State::Cancelled,
            told: Some(told(false, "Jo lives nowhere.")),
            ..OrderEntry::default()
        };
        assert!(entry.names_people());
        entry.forget_people(0, 1);
        assert!(!entry.names_people());
        assert!(entry.told.is_some_and(|told| !told.exported));
    }

    #[test]
    fn numbers_that_are_forgotten_are_known_again() {
        let (mut known, now) = (finished(), finished());
        known.forget_people(0, 1);
        let now = now.shipped().next().expect("a shipment");
        let known = known.shipped().next().expect("a shipment");
        assert!(known.is(now) && known.tracking.is_empty());
        let more = ShippedPart {
            tracking: vec!["JD-1".into()],
            ..now.clone()
        };
        assert!(!known.is(&more));
    }

    #[test]
    fn a_mark_follows_its_order() {
        let mut entry = finished();
        let mut batch = Batch::default();
        batch.put_order(&mut entry, 5 * DAY);
        assert_eq!(entry.rest_key().as_deref(), Some("order-rest/1970-01-06/7"));

        let writes = |batch: &Batch| -> Vec<(String, bool)> {
            let rests = batch
                .writes
                .iter()
                .filter(|(key, _)| key.starts_with(RESTING));
            rests
                .map(|(key, value)| (key.clone(), value.is_some()))
                .collect()
        };
        assert_eq!(writes(&batch), [("order-rest/1970-01-06/7".into(), true)]);

        entry.told = None;
        let mut batch = Batch::default();
        batch.put_order(&mut entry, 6 * DAY);
        assert_eq!(writes(&batch), [("order-rest/1970-01-06/7".into(), false)]);
        assert_eq!(entry.rests_since, 0);
    }
}
