//! What a query costs, and the bucket that pays for it.
//!
//! The rule: a scalar is free, an object is 1, a connection is 2 and for each step of
//! ⌊2 ln n⌋ one more and the cost of a node, a mutation is 10 with the objects directly in its
//! payload free. Sources: <https://shopify.dev/docs/api/usage/limits>, the relay cost computer
//! of Shopify's crate bluejay-validator 0.5.0, and recorded costs, of which the tests say how
//! many agree.

use serde_json::{Value, json};

use super::plan::{Field, Shape};
use crate::wire::Millis;

/// The most that one query may cost, on every plan.
pub(crate) const COST_MAX: u32 = 1000;

/// Objects that cost nothing by themselves; found on recorded costs.
const FREE: [&str; 6] = [
    "MoneyV2",
    "MoneyBag",
    "MailingAddress",
    "LocationAddress",
    "ShopAddress",
    "CompanyAddress",
];

/// The cost of an operation before it is run, at least 1.
pub(crate) fn requested(fields: &[Field], mutation: bool) -> u32 {
    let cost = if mutation {
        fields.iter().map(|field| 10 + payload(&field.fields)).sum()
    } else {
        sum(fields)
    };
    cost.max(1)
}

fn payload(fields: &[Field]) -> u32 {
    fields
        .iter()
        .map(|field| match field.shape {
            Shape::Object(_) => sum(&field.fields),
            _ => of(field),
        })
        .sum()
}

fn sum(fields: &[Field]) -> u32 {
    fields
        .iter()
        .fold(0, |sum, field| sum.saturating_add(of(field)))
}

fn of(field: &Field) -> u32 {
    match &field.shape {
        Shape::Leaf => 0,
        Shape::Object(name) => object(name).saturating_add(sum(&field.fields)),
        Shape::Connection => {
            let size = field
                .int("first")
                .or_else(|| field.int("last"))
                .unwrap_or(0);
            let size = u32::try_from(size).unwrap_or(0);
            let node = field
                .node_fields()
                .fold(0, |sum: u32, field| sum.saturating_add(of(field)));
            connection(size, node)
        }
    }
}

/// The cost of an object of this type by itself.
pub(crate) fn object(name: &str) -> u32 {
    if FREE.contains(&name) {
        0
    } else if name == "Count" {
        10
    } else {
        1
    }
}

/// The cost of a connection of `size` nodes that cost `node` each beside themselves.
pub(crate) fn connection(size: u32, node: u32) -> u32 {
    let steps = steps(size.max(2));
    steps
        .saturating_mul(node.saturating_add(1))
        .saturating_add(2)
}

/// ⌊2 ln n⌋
fn steps(size: u32) -> u32 {
    (1..)
        .take_while(|step| (f64::from(*step) / 2.0).exp() <= f64::from(size))
        .last()
        .unwrap_or(0)
}

/// The points that an app has left at a shop: they come back at an even rate.
/// Amounts are in thousandths of a point, which a rate per second restores per millisecond.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    maximum: u32,
    restore_rate: u32,
    available: u64,
    at: Millis,
}

impl Bucket {
    /// Full; `restore_rate` is in points per second.
    pub(crate) fn new(maximum: u32, restore_rate: u32) -> Self {
        Self {
            maximum,
            restore_rate,
            available: u64::from(maximum) * 1000,
            at: 0,
        }
    }

    fn restore(&mut self, now: Millis) {
        let elapsed = now.saturating_sub(self.at);
        let restored = elapsed.saturating_mul(u64::from(self.restore_rate));
        self.available = self
            .available
            .saturating_add(restored)
            .min(u64::from(self.maximum) * 1000);
        self.at = self.at.max(now);
    }

    /// Whether a query of this cost may run.
    pub(crate) fn affords(&mut self, cost: u32, now: Millis) -> bool {
        self.restore(now);
        self.available >= u64::from(cost) * 1000
    }

    /// Takes the cost of a query that ran.
    pub(crate) fn take(&mut self, cost: u32) {
        self.available = self.available.saturating_sub(u64::from(cost) * 1000);
    }

    /// Empties it, as other clients of the same app would.
    pub(crate) fn drain(&mut self, now: Millis) {
        self.restore(now);
        self.available = 0;
    }

    /// `extensions.cost` of an answer; no actual cost for a query that was not run.
    pub(crate) fn report(&self, requested: u32, actual: Option<u32>) -> Value {
        json!({
            "requestedQueryCost": requested,
            "actualQueryCost": actual,
            "throttleStatus": {
                "maximumAvailable": self.maximum,
                "currentlyAvailable": self.available / 1000,
                "restoreRate": self.restore_rate,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_costs_by_the_logarithm_of_its_size() {
        assert_eq!(
            [1, 2, 5, 10, 50, 250].map(|size| connection(size, 0)),
            [3, 3, 5, 6, 9, 13]
        );
    }

    #[test]
    fn the_bucket_refills_at_its_rate_and_no_further() {
        let mut bucket = Bucket::new(2000, 100);
        bucket.take(1500);
        assert!(!bucket.affords(501, 0));
        assert!(bucket.affords(501, 10));
        assert!(bucket.affords(2000, 15_000));
        assert!(!bucket.affords(2001, 1_000_000));
    }
}
