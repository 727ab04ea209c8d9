//! Answers questions from the ledger and by reading. Changes nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::core::availability::{Step, Value as Ats, Written};
use crate::core::id::Id;
use crate::core::style::{Sku, Style};
use crate::core::text::shown;
use crate::core::time::rfc3339;
use crate::halt::Halt;
use crate::ledger::{Owners, ParkedEntry, Sent};
use crate::shopify::changes::{Read, find_variants};
use crate::shopify::operations::Selection;
use crate::shopify::variant::Variant;

use super::decide::{Decider, item};
use super::desk::{Claims, Desk};
use super::report::{Table, plural};
use super::work::Work;
use super::{orders, rows, sync, warehouses};

/// Answers the question with this name.
pub async fn run(desk: &mut Desk, name: &str, arguments: &str) -> Result<(), Halt> {
    match name {
        "explain" => explain(desk, &argument(arguments, "sku")?).await,
        "parked" => parked(desk).await,
        "rows" => rows::list(desk).await,
        "orders" => orders::ask::list(desk).await,
        "orders-show" => orders::ask::show(desk, &argument(arguments, "order")?).await,
        other => Err(Halt::failed(
            "question-unknown",
            format!("This connector has no question \"{other}\"."),
            "Ask one of the manifest's questions.",
        )),
    }
}

/// An argument that must be there.
pub fn argument(arguments: &str, name: &str) -> Result<String, Halt> {
    optional_argument(arguments, name).ok_or_else(|| {
        Halt::failed(
            "argument-missing",
            format!("The argument `{name}` is missing."),
            "Give it as a text.",
        )
    })
}

/// An argument that may be there.
pub fn optional_argument(arguments: &str, name: &str) -> Option<String> {
    let value: Value = serde_json::from_str(arguments).ok()?;
    value
        .get(name)?
        .as_str()
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

async fn parked(desk: &mut Desk) -> Result<(), Halt> {
    let mut table = Table::new("Parked", &["style", "SKU", "since", "why", "what to do"]);
    let (mut after, mut data): (Option<String>, _) = (None, Vec::new());
    loop {
        let page: Vec<(String, ParkedEntry)> =
            desk.ledger.page("parked/", after.as_deref(), 500).await?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        for (_, entry) in page {
            let fix = if entry.parked.is_duplicate() {
                "Give each variant its own in Shopify."
            } else {
                "Set it right on JOOR, then `retry`; a change of stock tries again by itself."
            };
            data.push(json!({"style": entry.style, "sku": entry.sku, "code": entry.parked.code, "reason": entry.parked.reason, "fix": fix}));
            table.push(vec![
                entry.style,
                entry.sku,
                rfc3339(entry.at),
                entry.parked.reason,
                fix.into(),
            ]);
        }
    }
    let n = table.rows.len() as u64 + table.more;
    desk.report.summary.push(if n == 0 {
        "Nothing is parked.".into()
    } else {
        format!("{} parked.", plural(n, "SKU"))
    });
    desk.report.tables.push(table);
    desk.report.data = json!({ "parked": data });
    Ok(())
}

/// The whole working of a SKU's numbers.
async fn explain(desk: &mut Desk, wanted: &str) -> Result<(), Halt> {
    sync::find_locations(desk).await?;
    warehouses::judge(desk).await?;
    sync::read_incoming(desk).await?;
    desk.claims = Claims::load(&desk.ledger).await?;
    let variants = find(desk, wanted).await?;
    if variants.is_empty() {
        return explain_missing(desk, wanted).await;
    }
    if variants.len() > 1 {
        let sentence = format!(
            "{} carry \"{wanted}\".",
            plural(variants.len() as u64, "variant")
        );
        desk.report.summary.push(sentence);
    }
    let mut data = Vec::new();
    for variant in &variants {
        let product = variant.product.id;
        let mut work = Work::default();
        work.load(desk, [product]).await?;
        let style = work.styles.remove(&product).map(|entry| entry.style);
        let upc = variant.upc(&desk.settings.upc);
        let sku = style
            .as_ref()
            .and_then(|s| s.skus.iter().find(|k| Some(&k.upc) == upc.as_ref()));
        match (&style, sku) {
            (None, _) => desk.report.summary.push(format!(
                "The style {product} is not linked: JOOR has no style that was made from it, so its stock is not \
                 synced."
            )),
            (Some(style), None) => desk.report.summary.push(format!(
                "The style \"{}\" is linked, but JOOR has no SKU with the UPC {} in it.",
                style.shown_name(),
                upc.as_deref().unwrap_or("(none)")
            )),
            (Some(style), Some(sku)) => data.push(explain_sku(desk, style, sku, variant).await?),
        }
    }
    desk.report.data = json!({ "skus": data });
    Ok(())
}

async fn find(desk: &Desk, wanted: &str) -> Result<Vec<Variant>, Halt> {
    let locations = desk.places.locations.iter().map(|l| l.id).collect();
    let operation = Selection::new(&desk.settings, locations).variants();
    let quoted = wanted.replace('\\', "\\\\").replace('"', "\\\"");
    let mut query = format!("sku:\"{quoted}\" OR barcode:\"{quoted}\"");
    if let Some(id) = Id::parse(wanted) {
        query.push_str(&format!(" OR id:{id}"));
    }
    let mut read = Read::default();
    find_variants(&desk.shopify, &operation, &query, &mut read).await?;
    // Shopify's search finds more than what is equal.
    let is_it = |v: &Variant| {
        v.sku() == wanted
            || Some(v.id) == Id::parse(wanted)
            || v.upc(&desk.settings.upc).as_deref() == Some(wanted)
    };
    read.variants.retain(is_it);
    read.variants.sort_by_key(|v| v.id);
    read.variants.dedup_by_key(|v| v.id);
    Ok(read.variants)
}

/// Shopify has no such variant; the ledger may remember one.
async fn explain_missing(desk: &mut Desk, wanted: &str) -> Result<(), Halt> {
    let owners: Owners = desk
        .ledger
        .get(&format!("sku/{wanted}"))
        .await?
        .unwrap_or_default();
    desk.report.summary.push(match owners.first() {
        Some((product, _)) => format!(
            "Shopify has no variant with the SKU \"{wanted}\" any more. It belonged to the style {product}; JOOR gets \
             an explicit zero for it after the next reading of all stock."
        ),
        None => format!("Neither Shopify nor the ledger knows a SKU, UPC or variant id \"{wanted}\"."),
    });
    desk.report.find(crate::core::finding::Finding::error(
        "sku-unknown",
        format!("Shopify has no variant with the SKU, UPC or id \"{wanted}\"."),
        "Compare the spelling with Shopify; SKUs are compared letter for letter.",
    ));
    Ok(())
}

async fn explain_sku(
    desk: &mut Desk,
    style: &Style,
    sku: &Sku,
    variant: &Variant,
) -> Result<Value, Halt> {
    let product = variant.product.id;
    let (claims, mut steps_json) = (desk.claims.now(), Vec::new());
    let linesheets = Decider::new(desk, &claims).linesheets(style);
    let item = item(&linesheets, product, variant);
    let mut working_table = Table::new(
        format!(
            "{} · SKU {} · UPC {}",
            style.shown_name(),
            shown(variant.sku()),
            shown(&sku.label())
        ),
        &["warehouse", "date", "step", "#change", "#units", "why"],
    );
    {
        let decider = Decider::new(desk, &claims);
        for place in &desk.places.warehouses {
            let mut working = Written::default();
            let rows = decider.ats(&item, variant, place, &mut working);
            for (ats, steps) in rows.iter().zip(&working.0) {
                let date = ats.date.clone().unwrap_or_else(|| "immediate".into());
                for step in steps {
                    working_table.push(cells(&place.name, &date, step));
                }
                let (result, why) = result(ats.value, ats.oversold, place.withheld.as_deref());
                working_table.push(vec![
                    place.name.clone(),
                    date,
                    "= JOOR should show".into(),
                    String::new(),
                    result.clone(),
                    why.clone(),
                ]);
                steps_json.push(json!({
                    "warehouse": place.name, "date": ats.date, "value": result, "oversold": ats.oversold, "why": why,
                    "working": steps.iter().map(|s| json!({"what": s.what, "change": s.change, "after": s.after, "why": s.why})).collect::<Vec<_>>(),
                }));
            }
        }
    }
    if item.only_made_to_order() {
        let codes: Vec<&str> = linesheets.iter().map(|l| l.code.as_str()).collect();
        let sentence = format!(
            "The style is only on made-to-order linesheets ({}), so it gets no inventory rows.",
            codes.join(", ")
        );
        desk.report.summary.push(sentence);
    }
    desk.report.tables.push(working_table);
    let sent: BTreeMap<String, Sent> = desk
        .ledger
        .get(&format!("sent/{product}"))
        .await?
        .unwrap_or_default();
    let sent = sent.get(&sku.label());
    let mut published = Table::new(
        "On JOOR, by what it last accepted",
        &["warehouse", "date", "#shows", "waits to be sent"],
    );
    for row in &sku.sent {
        let waiting = sku.want.iter().find(|w| w.is_same_place(row));
        published.push(vec![
            row.warehouse.clone(),
            row.date.clone().unwrap_or_else(|| "immediate".into()),
            row.stock.to_string(),
            waiting.map(|w| w.stock.to_string()).unwrap_or_default(),
        ]);
    }
    for row in sku.want.iter().filter(|w| sku.accepted(w).is_none()) {
        let date = row.date.clone().unwrap_or_else(|| "immediate".into());
        published.push(vec![
            row.warehouse.clone(),
            date,
            "no record".into(),
            row.stock.to_string(),
        ]);
    }
    desk.report.tables.push(published);
    let history = match sent {
        Some(sent) => format!(
            "last sent {}; JOOR answered: {}.",
            rfc3339(sent.at),
            sent.answer.trim_end_matches('.')
        ),
        None => "never sent.".into(),
    };
    let upc = sku.label();
    desk.report.summary.push(format!("UPC {upc}: {history}"));
    if let Some(parked) = &sku.parked {
        desk.report
            .summary
            .push(format!("Parked: {}", parked.reason));
    }
    Ok(json!({
        "style": product.to_string(), "name": style.name, "variant": variant.id.to_string(), "sku": variant.sku(), "upc": sku.upc,
        "rows": steps_json,
        "sent": sent.map(|s| json!({"at": rfc3339(s.at), "answer": s.answer})),
        "parked": sku.parked.as_ref().map(|p| json!({"code": p.code, "reason": p.reason})),
    }))
}

fn cells(warehouse: &str, date: &str, step: &Step) -> Vec<String> {
    let change = if step.change == 0 {
        "0".into()
    } else {
        format!("{:+}", step.change)
    };
    vec![
        warehouse.to_owned(),
        date.to_owned(),
        step.what.clone(),
        change,
        step.after.to_string(),
        step.why.clone(),
    ]
}

fn result(value: Ats, oversold: i64, withheld: Option<&str>) -> (String, String) {
    let why = match (withheld, oversold) {
        (Some(why), _) => format!("nothing is published: {why}"),
        (None, 0) => String::new(),
        (None, units) => format!("{units} oversold"),
    };
    let value = match value {
        Ats::Units(units) => units.to_string(),
        Ats::MadeToOrder => "made to order".into(),
        Ats::Withheld => "what it has".into(),
    };
    (value, why)
}
