//! What an order was when it was taken over, and what it is now.

use serde::{Deserialize, Serialize};

use super::order::{Line, Order};
use super::text::hash;

/// Facts that may name somebody, or lead to them.
const PERSONAL: [&str; 2] = ["purchase order", "ship to"];

/// What of an order is remembered, to see whether it was changed after it was taken over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Snapshot {
    /// Purchase order, ship window, linesheet, currency and total: name and value.
    pub facts: Vec<(String, String)>,
    /// Units and amount by line.
    pub lines: Vec<SnapshotLine>,
    /// Facts whose value is forgotten: name, and the digest by which a change still shows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forgotten: Vec<(String, u64)>,
}

/// A line of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotLine {
    /// UPC.
    pub upc: String,
    /// What people call it.
    pub label: String,
    /// Units.
    pub units: String,
    /// What it comes to.
    pub extended: String,
}

impl Snapshot {
    /// Of this order.
    pub fn of(order: &Order) -> Self {
        let address = &order.shipping_address;
        let to = [
            &address.name,
            &address.line1,
            &address.line2,
            &address.city,
            &address.region,
            &address.postal_code,
            &address.country,
        ];
        let to: Vec<&str> = to
            .iter()
            .map(|t| t.as_str())
            .filter(|t| !t.is_empty())
            .collect();
        let facts = [
            ("purchase order", order.purchase_order.clone()),
            ("linesheet", order.linesheet_code.clone()),
            ("first day of shipping", order.ship_start.clone()),
            ("last day of shipping", order.ship_end.clone()),
            ("ship to", to.join(", ")),
            ("currency", order.currency.clone()),
            ("discount", order.discount.clone()),
            ("shipping cost", order.shipping_total.clone()),
            ("total", order.total.clone()),
        ];
        let line = |line: &Line| SnapshotLine {
            upc: line.upc.clone(),
            label: line.label.clone(),
            units: line.units.clone(),
            extended: line.extended.clone(),
        };
        Self {
            facts: facts
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            lines: order.lines.iter().map(line).collect(),
            forgotten: Vec::new(),
        }
    }

    /// A fact of it may name somebody.
    pub fn is_personal(&self) -> bool {
        let personal = |(name, value): &(String, String)| is_personal(name) && !value.is_empty();
        self.facts.iter().any(personal)
    }

    /// Forgets what may name somebody, and keeps what is needed to see whether it changes.
    pub fn forget_people(&mut self) {
        for (name, value) in &mut self.facts {
            if is_personal(name) && !value.is_empty() {
                self.forgotten.push((name.clone(), hash(value)));
                value.clear();
            }
        }
    }

    /// What `now` has otherwise, in sentences, line by line.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let mut told = Vec::new();
        for ((name, before), (_, after)) in self.facts.iter().zip(&now.facts) {
            match self.forgotten.iter().find(|(known, _)| known == name) {
                Some((_, digest)) if *digest == hash(after) => {}
                Some(_) => told.push(format!(
                    "{name}: became \"{after}\" (what it was is forgotten)"
                )),
                None if before == after => {}
                None => told.push(format!("{name}: \"{before}\" became \"{after}\"")),
            }
        }
        for at in 0..self.lines.len().max(now.lines.len()) {
            let number = at + 1;
            match (self.lines.get(at), now.lines.get(at)) {
                (Some(a), Some(b)) if a == b => {}
                (Some(a), Some(b)) if a.upc == b.upc => told.push(format!(
                    "line {number} ({}): {} units for {} became {} units for {}",
                    b.label, a.units, a.extended, b.units, b.extended
                )),
                (Some(a), Some(b)) => told.push(format!(
                    "line {number}: {} units of {} became {} units of {}",
                    a.units, a.label, b.units, b.label
                )),
                (Some(a), None) => told.push(format!(
                    "line {number} ({}, {} units) is gone",
                    a.label, a.units
                )),
                (None, Some(b)) => told.push(format!(
                    "line {number} ({}, {} units) is new",
                    b.label, b.units
                )),
                (None, None) => {}
            }
        }
        told
    }
}

fn is_personal(fact: &str) -> bool {
    PERSONAL.contains(&fact)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::order::Address;

    fn order() -> Order {
        Order {
            purchase_order: "PO-7 for Jo".into(),
            shipping_address: Address {
                name: "Jo Doe".into(),
                city: "Lyon".into(),
                ..Address::default()
            },
            total: "12.00".into(),
            ..Order::default()
        }
    }

    #[test]
    fn what_is_forgotten_still_shows_a_change_and_only_a_change() {
        let mut snapshot = Snapshot::of(&order());
        assert!(snapshot.is_personal());
        snapshot.forget_people();
        assert!(!snapshot.is_personal());
        let text = serde_json::to_string(&snapshot).expect("JSON");
        assert!(!text.contains("Jo") && !text.contains("Lyon"), "{text}");

        assert!(snapshot.differences(&Snapshot::of(&order())).is_empty());
        let mut moved = order();
        moved.shipping_address.city = "Nice".into();
        moved.total = "13.00".into();
        assert_eq!(
            snapshot.differences(&Snapshot::of(&moved)),
            [
                "ship to: became \"Jo Doe, Nice\" (what it was is forgotten)",
                "total: \"12.00\" became \"13.00\"",
            ]
        );
    }

    #[test]
    fn what_was_empty_is_not_forgotten_and_may_become_something() {
        let mut snapshot = Snapshot::of(&Order::default());
        assert!(!snapshot.is_personal());
        snapshot.forget_people();
        assert_eq!(snapshot, Snapshot::of(&Order::default()));
        assert_eq!(snapshot.differences(&Snapshot::of(&order())).len(), 3);
    }
}
