//! How a JOOR order claims Shopify stock, and which scope decided.

use std::collections::BTreeMap;

use super::availability::Linesheet;
use super::settings::{ClaimPolicy, Settings};
use super::text::shown;

/// Shopify's `inventoryBehaviour` of `orderCreate`. Its own default is `Bypass`, so the option
/// is always sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Stock is not reduced.
    Bypass,
    /// Always claim, below zero if need be.
    DecrementIgnoringPolicy,
    /// Claim what is above zero, or any number where the variant continues selling.
    DecrementObeyingPolicy,
}

/// One line of a JOOR order, with what Shopify knows of its SKU.
#[derive(Clone, Debug)]
pub struct OrderLine {
    /// Line id, for reasons.
    pub line: String,
    /// Merchant's SKU, for reasons.
    pub sku: String,
    /// What names its stock, which lines of the same share: two variants may have one SKU.
    pub stock: String,
    /// Ordered units.
    pub units: i64,
    /// "Continue selling when out of stock".
    pub continue_selling: bool,
    /// Shopify counts it.
    pub tracked: bool,
    /// Available where the order is claimed from, where it is known.
    pub available: Option<i64>,
}

/// What a line claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineDecision {
    /// Line id.
    pub line: String,
    /// Units to claim.
    pub claim: i64,
    /// Units that stock does not cover and the policy does not let us claim.
    pub short: i64,
    /// The reason.
    pub why: String,
}

/// How an order claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimDecision {
    /// What is sent to Shopify.
    pub behaviour: Behaviour,
    /// The scope that decided.
    pub decided_by: String,
    /// Line by line.
    pub lines: Vec<LineDecision>,
}

/// What is left of each stock for the orders that come after. Orders that wait share it, the older
/// ones first, so that no unit is promised twice.
#[derive(Clone, Debug, Default)]
pub struct Left(BTreeMap<String, i64>);

impl Left {
    /// Takes units that somebody else has a claim on.
    pub fn take(&mut self, stock: &str, available: i64, units: i64) {
        let left = self.0.entry(stock.to_owned()).or_insert(available);
        *left = left.saturating_sub(units);
    }

    fn of(&mut self, stock: &str, available: i64) -> i64 {
        *self.0.entry(stock.to_owned()).or_insert(available)
    }
}

/// Decides for an order on the linesheet with `code`.
///
/// # Errors
/// A line with units below 1, or one whose stock decides and is unknown.
pub fn claim(
    settings: &Settings,
    code: &str,
    lines: &[OrderLine],
) -> Result<ClaimDecision, String> {
    claim_from(settings, code, lines, &mut Left::default())
}

/// The same, from what older orders have left. What this order demands, claimed or short, is
/// taken from it: an older order that waits goes before a newer one.
///
/// # Errors
/// As [`claim`]; then nothing is taken.
pub fn claim_from(
    settings: &Settings,
    code: &str,
    lines: &[OrderLine],
    left: &mut Left,
) -> Result<ClaimDecision, String> {
    let (behaviour, decided_by) = behaviour(settings, code);
    let of_order = lines
        .iter()
        .filter_map(|line| left.0.get_key_value(&line.stock));
    let mut now = Left(
        of_order
            .map(|(stock, units)| (stock.clone(), *units))
            .collect(),
    );
    let lines = lines
        .iter()
        .map(|line| {
            if line.units < 1 {
                return Err(format!(
                    "Line {} orders {} units of SKU {}; at least 1 is expected.",
                    line.line,
                    line.units,
                    shown(&line.sku)
                ));
            }
            decide_line(behaviour, line, &mut now)
        })
        .collect::<Result<_, _>>()?;
    left.0.extend(now.0);
    Ok(ClaimDecision {
        behaviour,
        decided_by,
        lines,
    })
}

/// As far as it can be told while something about the stock is unknown: no line claims anything yet,
/// for this reason.
pub fn undecided(settings: &Settings, code: &str, lines: &[OrderLine], why: &str) -> ClaimDecision {
    let (behaviour, decided_by) = behaviour(settings, code);
    let line = |line: &OrderLine| LineDecision {
        line: line.line.clone(),
        claim: 0,
        short: 0,
        why: why.to_owned(),
    };
    ClaimDecision {
        behaviour,
        decided_by,
        lines: lines.iter().map(line).collect(),
    }
}

fn behaviour(settings: &Settings, code: &str) -> (Behaviour, String) {
    let linesheet = Linesheet {
        code: code.to_owned(),
        made_to_order: None,
    };
    if linesheet.has_mto_code() {
        return (Behaviour::Bypass, format!("linesheet code {code}"));
    }
    let own = settings
        .linesheets
        .iter()
        .find(|l| l.code.eq_ignore_ascii_case(code));
    let (policy, scope) = match own.and_then(|l| l.claim) {
        Some(policy) => (policy, format!("linesheet \"{code}\"")),
        None => (settings.claim, "global".to_owned()),
    };
    match policy {
        ClaimPolicy::AlwaysClaim => (Behaviour::DecrementIgnoringPolicy, scope),
        ClaimPolicy::FollowPolicy => (Behaviour::DecrementObeyingPolicy, scope),
    }
}

fn decide_line(
    behaviour: Behaviour,
    line: &OrderLine,
    left: &mut Left,
) -> Result<LineDecision, String> {
    let decision = |claim: i64, why: String| LineDecision {
        line: line.line.clone(),
        claim,
        short: if behaviour == Behaviour::Bypass {
            0
        } else {
            line.units - claim
        },
        why,
    };
    if behaviour == Behaviour::Bypass {
        return Ok(decision(0, "made to order: stock is not reduced".into()));
    }
    let in_stock = line.available.filter(|_| line.tracked);
    if let Some(available) = in_stock {
        left.of(&line.stock, available);
    }
    let all = if behaviour == Behaviour::DecrementIgnoringPolicy {
        Some("always claimed")
    } else if !line.tracked {
        Some("not tracked in Shopify")
    } else if line.continue_selling {
        Some("the product continues selling when out of stock")
    } else {
        None
    };
    if let Some(why) = all {
        if let Some(available) = in_stock {
            left.take(&line.stock, available, line.units);
        }
        return Ok(decision(line.units, why.into()));
    }
    let available = in_stock.ok_or_else(|| {
        format!(
            "The stock of SKU {} (line {}) is unknown, and the policy depends on it.",
            shown(&line.sku),
            line.line
        )
    })?;
    let claim = line.units.min(left.of(&line.stock, available).max(0));
    left.take(&line.stock, available, line.units);
    Ok(decision(claim, format!("{available} available in Shopify")))
}

impl Behaviour {
    /// The word that Shopify's `OrderCreateInputsInventoryBehavior` has for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bypass => "BYPASS",
            Self::DecrementIgnoringPolicy => "DECREMENT_IGNORING_POLICY",
            Self::DecrementObeyingPolicy => "DECREMENT_OBEYING_POLICY",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        let text = r#"{"joor_account":"1","default_location":"Paris","claim":"follow-policy",
            "warehouses":[{"name":"Default","locations":["Paris"]}]}"#;
        Settings::read(text).0.expect("settings")
    }

    fn line(sku: &str, units: i64, available: i64) -> OrderLine {
        OrderLine {
            line: "1".into(),
            sku: sku.into(),
            stock: sku.into(),
            units,
            continue_selling: false,
            tracked: true,
            available: Some(available),
        }
    }

    #[test]
    fn while_stock_is_unknown_an_order_is_told_how_it_would_claim_and_nothing_of_it_claims() {
        let settings = settings();
        let unknown = OrderLine {
            available: None,
            ..line("A", 3, 0)
        };
        let lines = [unknown, line("B", 2, 9)];
        let why = claim(&settings, "SS27", &lines).expect_err("nobody knows");
        let decided = undecided(&settings, "SS27", &lines, &why);
        assert_eq!(decided.behaviour, Behaviour::DecrementObeyingPolicy);
        assert_eq!(decided.decided_by, "global");
        let of_lines: Vec<_> = decided.lines.iter().map(|l| (l.claim, l.short)).collect();
        assert_eq!(of_lines, [(0, 0), (0, 0)]);
        assert!(decided.lines.iter().all(|line| line.why.contains("SKU A")));
    }

    #[test]
    fn older_orders_go_first_even_while_they_wait() {
        let (settings, mut left) = (settings(), Left::default());
        let mut claims = |units| {
            let decided = claim_from(&settings, "SS27", &[line("A", units, 10)], &mut left);
            let line = decided.expect("decided").lines.remove(0);
            (line.claim, line.short)
        };
        assert_eq!(claims(8), (8, 0));
        assert_eq!(claims(5), (2, 3));
        assert_eq!(claims(1), (0, 1));
    }

    #[test]
    fn an_order_that_always_claims_leaves_less_for_those_that_follow_the_policy() {
        let text = r#"{"joor_account":"1","default_location":"Paris","claim":"follow-policy",
            "linesheets":[{"code":"ALL","claim":"always-claim"}],
            "warehouses":[{"name":"Default","locations":["Paris"]}]}"#;
        let settings = Settings::read(text).0.expect("settings");
        let mut left = Left::default();
        let mut claims = |code: &str, line: OrderLine| {
            let decided = claim_from(&settings, code, &[line], &mut left);
            decided.map(|decided| decided.lines.iter().map(|line| line.claim).sum::<i64>())
        };
        let untracked = OrderLine {
            tracked: false,
            ..line("A", 7, 10)
        };
        assert_eq!(claims("SS27", untracked), Ok(7));
        assert_eq!(claims("all", line("A", 8, 10)), Ok(8));
        assert_eq!(claims("MTO", line("A", 8, 10)), Ok(0));
        assert_eq!(claims("SS27", line("A", 8, 10)), Ok(2));
        assert_eq!(claims("ALL", line("A", 8, 10)), Ok(8));
    }

    #[test]
    fn a_line_orders_one_unit_or_more() {
        let claims = |units| claim(&settings(), "SS27", &[line("A", units, 10)]).is_ok();
        assert!(claims(1) && !claims(0) && !claims(-1));
    }

    #[test]
    fn an_order_that_cannot_be_decided_takes_nothing() {
        let (settings, mut left) = (settings(), Left::default());
        let unknown = OrderLine {
            available: None,
            ..line("B", 1, 0)
        };
        assert!(claim_from(&settings, "SS27", &[line("A", 9, 10), unknown], &mut left).is_err());
        let decided = claim_from(&settings, "SS27", &[line("A", 10, 10)], &mut left);
        let claims: Vec<i64> = decided
            .iter()
            .flat_map(|decided| &decided.lines)
            .map(|line| line.claim)
            .collect();
        assert_eq!(claims, [10]);
    }
}
