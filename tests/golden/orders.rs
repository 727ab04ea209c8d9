//! Orders in a case of a pass: how they are placed, and what becomes of them on both sides.

use std::collections::BTreeMap;

use atsync_sandbox::Sandbox;
use atsync_sandbox::joor::{NewOrder, OrderId, OrderView as JoorOrder};
use atsync_sandbox::shopify::{OrderView, State, Tracking};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::Answers;
use super::pass::{Brand, CONNECTION};

/// Wholesale price of every unit, in minor units.
const PRICE: i64 = 45_00;

/// An order that a buyer placed and the brand approved.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placed {
    purchase_order: String,
    #[serde(default = "ordinary_linesheet")]
    linesheet: String,
    /// SKUs, or UPCs of styles made on JOOR, with units.
    lines: Vec<(String, i64)>,
}

fn ordinary_linesheet() -> String {
    "SS27".into()
}

/// Approves an order on JOOR, and says so.
pub fn place(sandbox: &mut Sandbox, placed: &Placed, now: u64) -> String {
    let mut order = NewOrder::of(&placed.linesheet).purchase_order(&placed.purchase_order);
    let mut words = Vec::new();
    for (name, units) in &placed.lines {
        let variant = sandbox.shop.find_variant(name);
        let variant = variant.and_then(|id| sandbox.shop.variant(id));
        let upc = variant.map_or_else(|| name.clone(), |variant| variant.number().to_string());
        order = order.line(&upc, *units, PRICE);
        words.push(format!("{units} {name}"));
    }
    sandbox.joor.place_order(order.approved(), now);
    format!(
        "{} is approved on linesheet {}: {}",
        placed.purchase_order,
        placed.linesheet,
        words.join(", ")
    )
}

/// Cancels an order on JOOR, and says so.
pub fn cancel(sandbox: &mut Sandbox, purchase_order: &str, now: u64) -> String {
    let found = known(sandbox, purchase_order).id;
    sandbox
        .joor
        .cancel_order(found, now)
        .expect("an order that is not shipped");
    format!("{purchase_order} is cancelled on JOOR")
}

/// Changes the units of a line on JOOR, and says so.
pub fn change(
    sandbox: &mut Sandbox,
    purchase_order: &str,
    line: usize,
    units: i64,
    now: u64,
) -> String {
    let found = known(sandbox, purchase_order).id;
    sandbox
        .joor
        .change_quantity(found, line - 1, units, now)
        .expect("an order that has the line");
    format!("line {line} of {purchase_order} becomes {units} units on JOOR")
}

/// Ships what Shopify has of an order, and says so. Without a tracking number it has only begun.
pub fn ship(
    sandbox: &mut Sandbox,
    purchase_order: &str,
    tracking: Option<&str>,
    now: u64,
) -> String {
    let key = key(known(sandbox, purchase_order).id);
    let made = sandbox
        .shop
        .find_order_by_joor(&key)
        .expect("an order")
        .id();
    match tracking {
        Some(number) => {
            let tracking = Tracking::new("DHL", number);
            sandbox.shop.fulfill_order(made, &tracking, now);
            format!("{purchase_order} leaves the house with {number}")
        }
        None => {
            sandbox.shop.report_progress(made, now);
            format!("{purchase_order} is being packed")
        }
    }
}

/// An order by its purchase order.
pub fn known(sandbox: &Sandbox, purchase_order: &str) -> JoorOrder {
    let is_it = |order: &JoorOrder| order.content.purchase_order.as_deref() == Some(purchase_order);
    let mut orders = sandbox.joor.orders();
    orders.find(is_it).expect("an order that was placed before")
}

/// The value of the metafield by which the order in Shopify is known.
fn key(id: OrderId) -> String {
    format!("{CONNECTION}:{id}")
}

/// What the component says of its orders, by purchase order, and where they are in Shopify.
pub fn told(brand: &mut Brand, answers: &mut dyn Answers) -> Value {
    let data = brand.ask("orders", answers);
    let orders = data["orders"].as_array().expect("a list of orders");
    let told = |order: &Value| {
        let text = |field: &str| order[field].as_str().unwrap_or_default().to_owned();
        let troubles = order["parked"]["troubles"].as_array();
        let reasons: Vec<&str> = troubles
            .into_iter()
            .flatten()
            .filter_map(|trouble| trouble["reason"].as_str())
            .collect();
        let on_joor = known(&brand.sandbox, &text("purchase_order"));
        let key = key(on_joor.id);
        let shop = &brand.sandbox.shop;
        let shopify: Vec<String> = shop
            .orders()
            .filter(|made| made.joor_order().is_some_and(|made| made.starts_with(&key)))
            .map(|made| in_shopify(brand, &made))
            .collect();
        let told = json!({
            "state": text("state"),
            "claims": format!("{} by {}", text("behaviour"), text("decided_by")),
            "parked": reasons,
            "in_shopify": shopify,
            "joor_knows": joor_knows(&on_joor),
        });
        (text("purchase_order"), told)
    };
    json!(orders.iter().map(told).collect::<BTreeMap<_, _>>())
}

fn joor_knows(order: &JoorOrder) -> String {
    let JoorOrder {
        status,
        export_status,
        export_description: words,
        ..
    } = order;
    let tracking = match &order.tracking_number {
        Some(number) => format!(" with {number}"),
        None => String::new(),
    };
    format!("{status:?}{tracking}, {export_status:?}: {words}")
}

/// What a person is shown of an order: sentences, and the rows of its tables.
pub fn shown(brand: &mut Brand, purchase_order: &str, answers: &mut dyn Answers) -> Value {
    let id = known(&brand.sandbox, purchase_order).id;
    let report = brand.ask_report("orders-show", &json!({ "order": id.to_string() }), answers);
    let tables = report["tables"].as_array().into_iter().flatten();
    let rows = tables.flat_map(|table| table["rows"].as_array().into_iter().flatten());
    let row = |row: &Value| {
        let cells = row.as_array().into_iter().flatten();
        let cells: Vec<&str> = cells.filter_map(Value::as_str).collect();
        cells.join(" | ")
    };
    json!({
        "show": purchase_order,
        "summary": report["summary"],
        "rows": rows.map(row).collect::<Vec<_>>(),
    })
}

fn in_shopify(brand: &Brand, order: &OrderView<'_>) -> String {
    let name = |location| brand.sandbox.shop.location_name(location);
    let places: Vec<&str> = order.locations().into_iter().filter_map(name).collect();
    let cancelled = if order.is_cancelled() {
        ", cancelled"
    } else {
        ""
    };
    format!(
        "{} of {} {} at {}: {}{cancelled}",
        order.name(),
        order.total(),
        order.currency(),
        places.join(" and "),
        order.fulfillment_status()
    )
}

/// How often Shopify was asked to create an order, so far.
pub fn times_sent(brand: &Brand) -> u64 {
    let operations = &brand.sandbox.counters().shopify.operations;
    operations
        .get("OrderCreate")
        .map_or(0, |operation| operation.requests)
}

/// Shopify's numbers of the watched SKUs, by location.
pub fn stock(brand: &Brand) -> Value {
    let shop = &brand.sandbox.shop;
    let mut told: BTreeMap<&str, BTreeMap<&str, String>> = BTreeMap::new();
    for sku in &brand.watch {
        let Some(variant) = shop.find_variant(sku).and_then(|id| shop.variant(id)) else {
            continue;
        };
        for location in shop.location_ids() {
            let Some(available) = variant.available(location) else {
                continue;
            };
            let committed = variant.units(location, State::Committed).unwrap_or(0);
            let name = shop.location_name(location).unwrap_or_default();
            let words = format!("{available} available, {committed} committed");
            told.entry(sku).or_default().insert(name, words);
        }
    }
    json!(told)
}
