//! The `policy` interface: the pure decisions in the words of the contract.

use std::collections::BTreeMap;

use crate::bindings::exports::atsync::connector::policy as wit;
use crate::core::availability::{
    self, Ats, Incoming, Linesheet, OpenClaim, Quantity, Source, Step, Value, Written,
};
use crate::core::claim;
use crate::core::finding::Severity;
use crate::core::id::Id;
use crate::core::settings::{Settings, same_location};

/// `policy.availability`.
///
/// # Errors
/// Settings that `check-settings` refuses, or a style that is no id.
pub fn availability(
    settings: &str,
    item: &wit::Item,
    levels: &[wit::Level],
    open_claims: &[wit::OpenClaim],
) -> Result<wit::AvailabilityAnswer, String> {
    let settings = read(settings)?;
    let style = Id::parse(&item.style)
        .ok_or_else(|| format!("\"{}\" is not a Shopify product id.", item.style))?;
    let linesheets: Vec<Linesheet> = item
        .linesheets
        .iter()
        .map(|l| Linesheet {
            code: l.code.clone(),
            made_to_order: l.made_to_order.or_else(|| settings.made_to_order(&l.code)),
        })
        .collect();
    let core_item = availability::Item {
        style,
        sku: &item.sku,
        tags: &item.tags,
        linesheets: &linesheets,
        tracked: item.tracked,
        continue_selling: item.continue_selling,
        on_sale: item.on_sale,
    };
    let rules = core_item.rules(&settings);
    let incoming: BTreeMap<&str, Vec<Incoming>> = levels
        .iter()
        .map(|l| (l.location.as_str(), incoming(l)))
        .collect();
    let mut answer = wit::AvailabilityAnswer {
        rows: Vec::new(),
        findings: notes(&linesheets),
    };
    if core_item.only_made_to_order() {
        answer.findings.push(wit::Note {
            code: "only-made-to-order".into(),
            message: "The style is only on made-to-order linesheets, so it gets no inventory rows."
                .into(),
        });
    }
    for warehouse in &settings.warehouses {
        let claims: Vec<Vec<OpenClaim>> = warehouse
            .locations
            .iter()
            .map(|name| claims_at(name, open_claims))
            .collect();
        let sources: Vec<Source<'_>> = warehouse
            .locations
            .iter()
            .zip(&claims)
            .map(|(name, claims)| source(name, levels, &incoming, claims))
            .collect();
        let mut working = Written::default();
        let rows = availability::availability(
            &core_item,
            &rules,
            &sources,
            settings.future_inventory,
            &mut working,
        );
        let rows = rows.into_iter().zip(working.0);
        answer
            .rows
            .extend(rows.map(|(ats, steps)| row(&warehouse.name, ats, steps)));
    }
    Ok(answer)
}

/// Disagreements between what a linesheet says by code and by flag.
pub fn disagreement(linesheet: &Linesheet) -> Option<&'static str> {
    match (linesheet.has_mto_code(), linesheet.made_to_order) {
        (true, Some(false)) => Some(
            "has the code MTO, so its orders will not reduce stock, but \"Made to order?\" is \"No\", so buyers see stock",
        ),
        (false, Some(true)) => Some(
            "is made to order, so buyers order without limit, but its code is not MTO, so its orders reduce stock",
        ),
        _ => None,
    }
}

fn notes(linesheets: &[Linesheet]) -> Vec<wit::Note> {
    let note = |l: &Linesheet| {
        disagreement(l).map(|what| wit::Note {
            code: "linesheet-made-to-order-unclear".into(),
            message: format!("The linesheet \"{}\" {what}.", l.code),
        })
    };
    linesheets.iter().filter_map(note).collect()
}

fn incoming(level: &wit::Level) -> Vec<Incoming> {
    let one = |i: &wit::Incoming| Incoming {
        units: i.units,
        arrives: i.arrives.clone(),
    };
    level.incoming.iter().map(one).collect()
}

fn source<'a>(
    name: &'a str,
    levels: &[wit::Level],
    incoming: &'a BTreeMap<&str, Vec<Incoming>>,
    claims: &'a [OpenClaim],
) -> Source<'a> {
    let level = levels.iter().find(|l| same_location(&l.location, name));
    Source {
        location: name,
        // A location nobody told of is unknown, not empty.
        quantity: level.map_or(Quantity::Unknown, |l| match l.quantity {
            wit::Quantity::Available(units) => Quantity::Available(units),
            wit::Quantity::NotStocked => Quantity::NotStocked,
            wit::Quantity::Unknown => Quantity::Unknown,
        }),
        incoming: level
            .and_then(|l| incoming.get(l.location.as_str()))
            .map_or(&[], Vec::as_slice),
        claims,
    }
}

fn claims_at(name: &str, open_claims: &[wit::OpenClaim]) -> Vec<OpenClaim> {
    let there = open_claims
        .iter()
        .filter(|c| same_location(&c.location, name));
    there
        .map(|c| OpenClaim {
            order: c.order.clone(),
            units: c.units,
        })
        .collect()
}

fn row(warehouse: &str, ats: Ats, steps: Vec<Step>) -> wit::Ats {
    wit::Ats {
        warehouse: warehouse.to_owned(),
        date: ats.date,
        value: match ats.value {
            Value::Units(units) => wit::Value::Units(units),
            Value::MadeToOrder => wit::Value::MadeToOrder,
            Value::Withheld => wit::Value::Withheld,
        },
        oversold: ats.oversold,
        working: steps
            .into_iter()
            .map(|s| wit::Step {
                what: s.what,
                change: s.change,
                after: s.after,
                why: s.why,
            })
            .collect(),
    }
}

/// `policy.claim`.
///
/// # Errors
/// Settings that `check-settings` refuses, a line without units, or one whose stock decides and
/// is unknown.
pub fn claim(
    settings: &str,
    linesheet_code: &str,
    lines: &[wit::OrderLine],
) -> Result<wit::ClaimDecision, String> {
    let settings = read(settings)?;
    let lines: Vec<claim::OrderLine> = lines
        .iter()
        .map(|l| claim::OrderLine {
            line: l.line.clone(),
            sku: l.sku.clone(),
            stock: l.sku.clone(),
            units: l.units,
            continue_selling: l.continue_selling,
            tracked: l.tracked,
            available: l.available,
        })
        .collect();
    let decision = claim::claim(&settings, linesheet_code, &lines)?;
    Ok(wit::ClaimDecision {
        behaviour: match decision.behaviour {
            claim::Behaviour::Bypass => wit::Behaviour::Bypass,
            claim::Behaviour::DecrementIgnoringPolicy => wit::Behaviour::DecrementIgnoringPolicy,
            claim::Behaviour::DecrementObeyingPolicy => wit::Behaviour::DecrementObeyingPolicy,
        },
        decided_by: decision.decided_by,
        lines: decision
            .lines
            .into_iter()
            .map(|l| wit::LineDecision {
                line: l.line,
                claim: l.claim,
                short: l.short,
                why: l.why,
            })
            .collect(),
    })
}

fn read(settings: &str) -> Result<Settings, String> {
    let (settings, findings) = Settings::read(settings);
    settings.ok_or_else(|| {
        let errors = findings.iter().filter(|f| f.severity == Severity::Error);
        errors
            .map(|f| f.message.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    })
}
