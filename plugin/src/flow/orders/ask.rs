//! The questions about orders, answered from the ledger alone.

use serde_json::{Value, json};

use crate::core::text::shown;
use crate::core::time::{day, rfc3339};
use crate::halt::Halt;
use crate::ledger::orders::{Claim, OrderEntry, Part, State};

use super::super::desk::Desk;
use super::super::report::{Table, plural};
use super::book::trouble_words;

/// Finished orders that are listed; those with something left to do are listed all.
const FINISHED_MAX: usize = 200;

/// What stands where something was forgotten.
const FORGOTTEN: &str = "forgotten";

/// All orders: those that a person has to look at first, then by age, the newest first.
pub async fn list(desk: &mut Desk) -> Result<(), Halt> {
    let (mut all, mut finished) = (Vec::new(), Vec::new());
    let mut not_listed = 0;
    let mut after: Option<String> = None;
    loop {
        let page: Vec<(String, OrderEntry)> =
            desk.ledger.page("order/", after.as_deref(), 500).await?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        for (_, entry) in page {
            if entry.is_open() || entry.parked.is_some() {
                all.push(entry);
            } else {
                finished.push(entry);
            }
        }
        finished.sort_by_key(|entry: &OrderEntry| std::cmp::Reverse(entry.read_at));
        not_listed += finished.len().saturating_sub(FINISHED_MAX) as u64;
        finished.truncate(FINISHED_MAX);
    }
    desk.report.count("orders_finished_not_listed", not_listed);
    all.append(&mut finished);
    all.sort_by_key(|entry| {
        (
            entry.parked.is_none(),
            std::cmp::Reverse((entry.approved_at, entry.id.clone())),
        )
    });
    let mut table = Table::new(
        "Orders",
        &[
            "order",
            "state",
            "linesheet",
            "claim policy",
            "decided by",
            "#units",
            "#claimed",
            "Shopify",
            "why parked",
        ],
    );
    for entry in &all {
        let decision = entry.decision.clone().unwrap_or_default();
        let units: i64 = decision
            .lines
            .iter()
            .map(|line| line.units)
            .fold(0, i64::saturating_add);
        table.push(vec![
            entry.id.clone(),
            state(entry),
            shown(&entry.linesheet),
            decision.behaviour,
            decision.decided_by,
            units.to_string(),
            entry.claim_units().to_string(),
            names(&entry.parts),
            entry.parked.as_ref().map(trouble_words).unwrap_or_default(),
        ]);
    }
    let parked = all.iter().filter(|entry| entry.parked.is_some()).count() as u64;
    let open = all.iter().filter(|entry| entry.is_open()).count() as u64;
    desk.report.summary.push(match all.len() {
        0 => "No order has been read yet.".into(),
        n => format!(
            "{}: {open} not finished, {parked} parked.",
            plural(n as u64, "order")
        ),
    });
    if not_listed > 0 {
        desk.report.summary.push(format!(
            "{not_listed} older ones that are finished are not listed; `orders show` knows them."
        ));
    }
    desk.report.data = json!({ "orders": all.iter().map(summary).collect::<Vec<_>>() });
    desk.report.tables.push(table);
    Ok(())
}

/// One order, whole: its lines, its orders in Shopify, what JOOR was told, and what to do.
pub async fn show(desk: &mut Desk, id: &str) -> Result<(), Halt> {
    let entry = known(desk, id).await?;
    let claim: Option<Claim> = desk.ledger.get(&format!("claim/{id}")).await?;
    let decision = entry.decision.clone().unwrap_or_default();
    desk.report
        .summary
        .push(format!("Order {id} is {}.", state(&entry)));
    if !decision.behaviour.is_empty() {
        desk.report.summary.push(format!(
            "It claims stock as {}, decided by {}.",
            decision.behaviour, decision.decided_by
        ));
    }
    if let Some(parked) = &entry.parked {
        for trouble in &parked.troubles {
            desk.report
                .summary
                .push(format!("{} {}", trouble.reason, trouble.fix));
        }
    }
    if let Some(forgotten) = entry.forgotten {
        desk.report.summary.push(format!(
            "What names people was forgotten on {}: nothing had happened to it for {} (`orders.keep_personal_days`).",
            day(forgotten.at),
            plural(forgotten.after_days, "day")
        ));
    }
    let mut lines = Table::new(
        format!("Lines of order {id}"),
        &["#line", "SKU", "#units", "#claimed", "#short", "why"],
    );
    for line in &decision.lines {
        let numbers = [line.units, line.claim, line.short].map(|n| n.to_string());
        let [units, claimed, short] = numbers;
        lines.push(vec![
            line.number.to_string(),
            shown(&line.sku),
            units,
            claimed,
            short,
            line.why.clone(),
        ]);
    }
    let mut facts = Table::new("What is known of it", &["what", "value"]);
    for (what, value) in facts_of(&entry, claim.as_ref()) {
        facts.push(vec![what.into(), value]);
    }
    for (name, value) in &entry.snapshot.facts {
        let is_forgotten = entry.snapshot.forgotten.iter().any(|(n, _)| n == name);
        let value = if is_forgotten { FORGOTTEN } else { value };
        if !value.is_empty() {
            facts.push(vec![name.clone(), value.to_owned()]);
        }
    }
    desk.report.tables.extend([lines, facts]);
    let mut data = summary(&entry);
    if let Some(data) = data.as_object_mut() {
        data.insert("lines".into(), with_texts(json!(decision.lines)));
        let units = claim.map(|claim| claim.units);
        data.insert("open_claim".into(), with_texts(json!(units)));
    }
    desk.report.data = json!({ "order": data });
    Ok(())
}

/// The order in the ledger.
///
/// # Errors
/// None has this number.
pub async fn known(desk: &Desk, id: &str) -> Result<OrderEntry, Halt> {
    let entry: Option<OrderEntry> = desk.ledger.get(&format!("order/{id}")).await?;
    entry.ok_or_else(|| {
        Halt::failed(
            "order-unknown",
            format!("The ledger knows no order \"{id}\"."),
            "See `orders` for those it knows. Orders are read in each sync, when they are approved on JOOR.",
        )
    })
}

fn facts_of(entry: &OrderEntry, claim: Option<&Claim>) -> Vec<(&'static str, String)> {
    let moment = |at: u64| {
        if at == 0 {
            "unknown".into()
        } else {
            rfc3339(at)
        }
    };
    let mut facts = vec![
        ("customer", told_of(entry, &entry.customer)),
        ("approved", moment(entry.approved_at)),
        ("read", moment(entry.read_at)),
        ("in Shopify", names(&entry.parts)),
    ];
    let shown = match claim {
        Some(claim) if claim.shown_at.is_some() => "Shopify's numbers show it".to_owned(),
        Some(claim) => {
            let units: i64 = claim
                .units
                .iter()
                .map(|claimed| claimed.units)
                .fold(0, i64::saturating_add);
            format!("{units} units, which Shopify's numbers do not show yet")
        }
        None => "none".to_owned(),
    };
    facts.push(("open claim", shown));
    if let Some(told) = &entry.told {
        facts.push((
            "JOOR was told",
            format!("{}: {}", rfc3339(told.at), told_of(entry, &told.words)),
        ));
    }
    for shipped in entry.shipped() {
        let much = if shipped.wholly { "wholly" } else { "in part" };
        let numbers = match shipped.forgotten {
            Some(_) => FORGOTTEN.to_owned(),
            None => shipped.tracking.join(", "),
        };
        facts.push(("shipped", format!("{much} {numbers}")));
    }
    facts
}

/// A text of the order that may have been forgotten.
fn told_of(entry: &OrderEntry, text: &str) -> String {
    match (text, entry.forgotten) {
        ("", Some(_)) => FORGOTTEN.into(),
        _ => text.into(),
    }
}

/// The same list with its ids as texts: a number of JSON is not safe above 2^53.
fn with_texts(mut list: Value) -> Value {
    let entries = list.as_array_mut().into_iter().flatten();
    for value in entries.filter_map(Value::as_object_mut) {
        for id in ["variant", "product", "item"] {
            if let Some(id) = value.get_mut(id) {
                *id = id.to_string().into();
            }
        }
    }
    list
}

fn state(entry: &OrderEntry) -> String {
    match (&entry.parked, entry.state) {
        (Some(_), State::Waiting) => "parked".into(),
        (Some(_), state) => format!("{}, parked", state.word()),
        (None, state) => state.word().into(),
    }
}

fn names(parts: &[Part]) -> String {
    let name = |part: &Part| {
        let order = part.order.as_ref()?;
        Some(if part.back_order {
            format!("{} (back order)", order.name)
        } else {
            order.name.clone()
        })
    };
    parts.iter().filter_map(name).collect::<Vec<_>>().join(", ")
}

fn summary(entry: &OrderEntry) -> Value {
    let decision = entry.decision.clone().unwrap_or_default();
    json!({
        "id": entry.id,
        "state": entry.state.word(),
        "purchase_order": entry.purchase_order,
        "customer": entry.customer,
        "forgotten": entry.forgotten.map(|forgotten| rfc3339(forgotten.at)),
        "linesheet": entry.linesheet,
        "behaviour": decision.behaviour,
        "decided_by": decision.decided_by,
        "claimed": entry.claim_units(),
        "shopify": entry.parts.iter().filter_map(|part| part.order.as_ref()).map(|order| json!({"id": order.id.gid("Order"), "name": order.name})).collect::<Vec<_>>(),
        "parked": entry.parked.as_ref().map(|parked| json!({"since": rfc3339(parked.at), "troubles": parked.troubles})),
        "told": entry.told.as_ref().map(|told| json!({"at": rfc3339(told.at), "exported": told.exported, "words": told.words})),
    })
}
