//! What an order was when it was taken over, and what it is now.

use serde::{Deserialize, Serialize};

use super::order::{Line, Order};

/// What of an order is remembered, to see whether it was changed after it was taken over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Snapshot {
    /// Purchase order, ship window, linesheet, currency and total: name and value.
    pub facts: Vec<(String, String)>,
    /// Units and amount by line.
    pub lines: Vec<SnapshotLine>,
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
        }
    }

    /// What `now` has otherwise, in sentences, line by line.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let mut told = Vec::new();
        for ((name, before), (_, after)) in self.facts.iter().zip(&now.facts) {
            if before != after {
                told.push(format!("{name}: \"{before}\" became \"{after}\""));
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
