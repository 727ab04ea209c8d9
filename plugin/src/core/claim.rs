//! How a JOOR order claims Shopify stock, and which scope decided.

use std::collections::BTreeMap;

use super::availability::Linesheet;
use super::settings::{ClaimPolicy, Settings};

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
    /// Merchant's SKU; lines of one SKU share its stock.
    pub sku: String,
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

/// Decides for an order on the linesheet with `code`.
///
/// # Errors
/// A line with units below 1, or one whose stock decides and is unknown.
pub fn claim(
    settings: &Settings,
    code: &str,
    lines: &[OrderLine],
) -> Result<ClaimDecision, String> {
    let (behaviour, decided_by) = behaviour(settings, code);
    let mut left: BTreeMap<&str, i64> = BTreeMap::new();
    let lines = lines
        .iter()
        .map(|line| {
            if line.units < 1 {
                return Err(format!(
                    "Line {} orders {} units of SKU {}; at least 1 is expected.",
                    line.line, line.units, line.sku
                ));
            }
            decide_line(behaviour, line, &mut left)
        })
        .collect::<Result<_, _>>()?;
    Ok(ClaimDecision {
        behaviour,
        decided_by,
        lines,
    })
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

fn decide_line<'l>(
    behaviour: Behaviour,
    line: &'l OrderLine,
    left: &mut BTreeMap<&'l str, i64>,
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
    match behaviour {
        Behaviour::Bypass => return Ok(decision(0, "made to order: stock is not reduced".into())),
        Behaviour::DecrementIgnoringPolicy => {
            return Ok(decision(line.units, "always claimed".into()));
        }
        Behaviour::DecrementObeyingPolicy => {}
    }
    if !line.tracked {
        return Ok(decision(line.units, "not tracked in Shopify".into()));
    }
    if line.continue_selling {
        return Ok(decision(
            line.units,
            "the product continues selling when out of stock".into(),
        ));
    }
    let available = line.available.ok_or_else(|| {
        format!(
            "The stock of SKU {} (line {}) is unknown, and the policy depends on it.",
            line.sku, line.line
        )
    })?;
    let left = left.entry(&line.sku).or_insert_with(|| available.max(0));
    let claim = line.units.min(*left);
    *left -= claim;
    Ok(decision(claim, format!("{available} available in Shopify")))
}
