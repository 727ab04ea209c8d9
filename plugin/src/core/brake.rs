//! The brake: a pass that would empty too much of the shop stops and asks.

use super::settings::Brake;

/// What the pending rows would do to the SKUs that can be sold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Emptying {
    /// SKUs that JOOR sells by the ledger.
    pub sellable: u64,
    /// Of them, those that would go to zero.
    pub to_zero: u64,
}

impl Brake {
    /// Whether to stop: more SKUs than the one limit, and a larger share than the other.
    pub fn stops(&self, emptying: Emptying) -> bool {
        let share = u128::from(emptying.to_zero) * 100;
        emptying.to_zero > self.skus
            && share > u128::from(emptying.sellable) * u128::from(self.percentage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_limits_must_be_passed() {
        let brake = Brake::default();
        let stops = |sellable, to_zero| brake.stops(Emptying { sellable, to_zero });
        assert!(!stops(100, 50));
        assert!(stops(100, 51));
        assert!(!stops(1_000, 300));
        assert!(stops(1_000, 301));
        assert!(!stops(0, 0));
    }
}
