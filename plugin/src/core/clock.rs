//! Clocks that should agree: the host's, Shopify's, and JOOR's as a witness.
//!
//! Watermarks go by Shopify's clock, because its own times do. One that is far from the host's is
//! not believed for that alone: a proxy that dates answers years ahead would make each later change
//! one of the past. Of two clocks that disagree the earlier one is gone by; what it reads twice
//! costs time, and what the later one passed over would be lost.

use super::finding::Finding;
use super::time::{DAY, Millis, rfc3339};

/// Clocks that differ by more than this disagree. Networks are not that slow.
pub const TOLERANCE: Millis = DAY;

/// 2026-11-01: before this connector was made. Whatever shows less is wrong for certain, such as
/// the clock of a machine without a battery.
const MADE_AT: Millis = 1_793_491_200_000;

/// What the clocks showed at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// The host's.
    pub host: Millis,
    /// Shopify's, by the `Date` of an answer.
    pub shopify: Millis,
}

impl Clocks {
    /// They cannot both be right.
    pub fn disagree(self) -> bool {
        self.host.abs_diff(self.shopify) > TOLERANCE
    }

    /// The time to go by.
    pub fn believed(self) -> Millis {
        match (self.host >= MADE_AT, self.shopify >= MADE_AT) {
            _ if !self.disagree() => self.shopify,
            (true, false) => self.host,
            (false, true) => self.shopify,
            _ => self.host.min(self.shopify),
        }
    }

    /// What to tell where they disagree. `joor` is what JOOR's clock showed then, if it told.
    pub fn finding(self, joor: Option<Millis>) -> Finding {
        let near = |clock: Millis| joor.is_some_and(|joor| joor.abs_diff(clock) <= TOLERANCE);
        let host_is_early = self.host < MADE_AT && self.shopify >= MADE_AT;
        let shopify_is_early = self.shopify < MADE_AT && self.host >= MADE_AT;
        let (whose, fix) = if host_is_early || near(self.shopify) {
            ("the clock of this host is wrong", MEND_HOST)
        } else if shopify_is_early || near(self.host) {
            (
                "Shopify's is wrong, or that of something before it, as a proxy",
                MEND_WAY,
            )
        } else {
            (
                "which of them is wrong cannot be told from here",
                MEND_EITHER,
            )
        };
        let witness = match joor {
            Some(joor) if near(self.host) || near(self.shopify) => {
                format!(", and JOOR's shows {}", rfc3339(joor))
            }
            _ => String::new(),
        };
        Finding::error(
            "clocks-disagree",
            format!(
                "Shopify's answers are dated {}, while this host's clock shows {}{witness}: {whose}. Until they agree, \
                 the earlier one is gone by, so that no change is missed.",
                rfc3339(self.shopify),
                rfc3339(self.host),
            ),
            fix,
        )
    }
}

const MEND_HOST: &str = "Set the clock of this machine, and let it follow a time server (NTP).";
const MEND_WAY: &str = "Look at what stands between this host and Shopify; an answer's `Date` has to be Shopify's own.";
const MEND_EITHER: &str = "Compare the clock of this machine with another one, and let it follow a time server (NTP). If it is \
     right, look at what stands between this host and Shopify.";

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = MADE_AT + 30 * DAY;
    const YEARS: Millis = 4 * 365 * DAY;

    fn clocks(host: Millis, shopify: Millis) -> Clocks {
        Clocks { host, shopify }
    }

    #[test]
    fn shopifys_clock_is_gone_by_where_it_is_within_a_day_of_the_hosts() {
        for shopify in [NOW - DAY, NOW, NOW + DAY] {
            assert!(!clocks(NOW, shopify).disagree());
            assert_eq!(clocks(NOW, shopify).believed(), shopify);
        }
    }

    #[test]
    fn of_two_that_disagree_the_earlier_one_is_gone_by() {
        for (host, shopify) in [(NOW, NOW + YEARS), (NOW + YEARS, NOW), (NOW, NOW + DAY + 1)] {
            assert!(clocks(host, shopify).disagree());
            assert_eq!(clocks(host, shopify).believed(), NOW);
        }
    }

    #[test]
    fn a_clock_of_before_the_connector_was_made_is_not_gone_by() {
        for (host, shopify) in [(0, NOW), (NOW, 0), (MADE_AT - 1, NOW)] {
            assert_eq!(clocks(host, shopify).believed(), NOW);
        }
    }

    #[test]
    fn a_clock_may_show_the_moment_from_which_the_connector_is() {
        let message = |clocks: Clocks| clocks.finding(None).message;
        for (host, shopify) in [(MADE_AT, MADE_AT + YEARS), (MADE_AT + YEARS, MADE_AT)] {
            assert_eq!(clocks(host, shopify).believed(), MADE_AT);
            let told = message(clocks(host, shopify));
            assert!(told.contains("cannot be told from here"), "{told}");
        }
    }

    #[test]
    fn of_two_that_are_both_too_early_neither_is_said_to_be_right() {
        let told = clocks(0, MADE_AT - 1).finding(None).message;
        assert!(told.contains("cannot be told from here"), "{told}");
    }

    #[test]
    fn joors_clock_is_shown_where_it_is_within_a_day_of_one_of_them() {
        let is_shown = |joor: Millis| {
            let told = clocks(NOW, NOW + YEARS).finding(Some(joor)).message;
            told.contains(&format!("JOOR's shows {}", rfc3339(joor)))
        };
        for near in [NOW - DAY, NOW + DAY, NOW + YEARS - DAY, NOW + YEARS + DAY] {
            assert!(is_shown(near));
        }
        for far in [NOW - DAY - 1, NOW + DAY + 1, NOW + YEARS + DAY + 1] {
            assert!(!is_shown(far));
        }
    }

    #[test]
    fn whose_clock_is_wrong_is_told_as_far_as_it_can_be() {
        let told = |clocks: Clocks, joor: Option<Millis>| clocks.finding(joor).message;
        let (host_wrong, shopify_wrong, unknown) = (
            "this host is wrong",
            "Shopify's is wrong",
            "cannot be told from here",
        );
        for (clocks, joor, whose) in [
            (clocks(NOW, NOW + YEARS), Some(NOW), shopify_wrong),
            (clocks(NOW, NOW + YEARS), Some(NOW + YEARS), host_wrong),
            (clocks(NOW, NOW + YEARS), Some(NOW + 2 * YEARS), unknown),
            (clocks(NOW, NOW + YEARS), None, unknown),
            (clocks(0, NOW), None, host_wrong),
            (clocks(NOW, 0), None, shopify_wrong),
        ] {
            let message = told(clocks, joor);
            assert!(message.contains(whose), "{message}");
        }
    }
}
