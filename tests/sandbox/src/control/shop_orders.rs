//! `/sandbox/shop/…`: what people do with orders in the Shopify admin.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{found_location, found_variant, place};
use crate::Sandbox;
use crate::shopify::{FulfillmentOrderView, OrderId, OrderLineView, OrderView, Tracking};
use crate::wire::{Millis, Request};

/// The levers of this module; the others of the shop are about its stock.
pub(super) const NAMES: [&str; 9] = [
    "accept-addresses",
    "add-customer",
    "cancel-order",
    "fulfill-order",
    "refuse-country",
    "refuse-province",
    "report-progress",
    "set-routing",
    "tag-order",
];

/// `POST /sandbox/shop/{name}` with the fields as JSON. Orders are named `#1001`; ids do as well.
#[derive(Debug, Deserialize)]
#[serde(tag = "lever", rename_all = "kebab-case", deny_unknown_fields)]
enum Lever {
    AcceptAddresses {},
    AddCustomer {
        email: String,
        first_name: String,
        last_name: String,
    },
    CancelOrder {
        order: String,
        restock: bool,
    },
    FulfillOrder {
        order: String,
        /// By SKU; all that is left where it is not given.
        units: Option<BTreeMap<String, i64>>,
        tracking_company: Option<String>,
        #[serde(default)]
        tracking_numbers: Vec<String>,
    },
    RefuseCountry {
        country: String,
    },
    RefuseProvince {
        country: String,
        province: String,
    },
    ReportProgress {
        order: String,
    },
    SetRouting {
        locations: Vec<String>,
    },
    TagOrder {
        order: String,
        tag: String,
    },
}

pub(super) fn pull(
    sandbox: &mut Sandbox,
    name: &str,
    body: &[u8],
    now: Millis,
) -> Result<Value, String> {
    match super::lever(name, body)? {
        Lever::AcceptAddresses {} => sandbox.shop.accept_addresses(),
        Lever::AddCustomer {
            email,
            first_name,
            last_name,
        } => {
            let shop = &mut sandbox.shop;
            let id = shop.add_customer(&email, &first_name, &last_name, now);
            return Ok(json!({ "done": true, "id": id.gid() }));
        }
        Lever::CancelOrder { order, restock } => {
            let order = found_order(sandbox, &order)?;
            sandbox.shop.cancel_order(order, restock, now);
        }
        Lever::FulfillOrder {
            order,
            units,
            tracking_company,
            tracking_numbers,
        } => {
            let order = found_order(sandbox, &order)?;
            let tracking = Tracking {
                company: tracking_company,
                numbers: tracking_numbers,
                url: None,
            };
            if let Some(units) = units {
                let units: Result<Vec<_>, String> = units
                    .iter()
                    .map(|(sku, units)| Ok((found_variant(sandbox, sku)?, *units)))
                    .collect();
                sandbox.shop.fulfill_units(order, &units?, &tracking, now);
            } else {
                sandbox.shop.fulfill_order(order, &tracking, now);
            }
        }
        Lever::RefuseCountry { country } => sandbox.shop.refuse_country(&country),
        Lever::RefuseProvince { country, province } => {
            sandbox.shop.refuse_province(&country, &province);
        }
        Lever::ReportProgress { order } => {
            let order = found_order(sandbox, &order)?;
            sandbox.shop.report_progress(order, now);
        }
        Lever::SetRouting { locations } => {
            let locations: Result<Vec<_>, String> = locations
                .iter()
                .map(|name| found_location(sandbox, name))
                .collect();
            sandbox.shop.set_routing(&locations?);
        }
        Lever::TagOrder { order, tag } => {
            let order = found_order(sandbox, &order)?;
            sandbox.shop.tag_order(order, &tag, now);
        }
    }
    Ok(json!({ "done": true }))
}

fn found_order(sandbox: &Sandbox, name: &str) -> Result<OrderId, String> {
    let found = sandbox.shop.find_order(name);
    found.ok_or_else(|| format!("the shop has no order \"{name}\""))
}

/// `GET /sandbox/shop/orders`, or one with `?order=8734179754290`, or those that were made from a
/// JOOR order with `?joor=…`.
pub(super) fn list(sandbox: &Sandbox, request: &Request) -> Result<Value, String> {
    if let Some(name) = request.query("order") {
        let order = sandbox.shop.order(found_order(sandbox, &name)?);
        return Ok(order.map_or(Value::Null, |order| told(sandbox, order)));
    }
    let joor = request.query("joor");
    let wanted = |order: &OrderView<'_>| joor.is_none() || order.joor_order() == joor.as_deref();
    let orders = sandbox.shop.orders().filter(wanted);
    Ok(orders.map(|order| told(sandbox, order)).collect())
}

/// `GET /sandbox/shop/stock?variant=SKU&location=Paris`; null where it is not stocked.
pub(super) fn stock(sandbox: &Sandbox, request: &Request) -> Result<Value, String> {
    let given = |name| request.query(name).unwrap_or_default();
    let (variant, location) = place(sandbox, &given("variant"), &given("location"))?;
    let view = sandbox.shop.variant(variant);
    Ok(view.map_or(Value::Null, |view| {
        json!({
            "available": view.available(location),
            "committed": view.committed(location),
            "on_hand": view.on_hand(location),
        })
    }))
}

fn told(sandbox: &Sandbox, order: OrderView<'_>) -> Value {
    let line = |line: OrderLineView<'_>| {
        json!({
            "sku": line.sku(),
            "units": line.quantity(),
            "current_units": line.current_quantity(),
            "price": line.price(),
        })
    };
    let part = |part: FulfillmentOrderView<'_>| {
        json!({
            "location": sandbox.shop.location_name(part.location()),
            "status": part.status(),
            "claimed": part.claimed(),
            "remaining": part.remaining(),
        })
    };
    json!({
        "id": order.gid(),
        "name": order.name(),
        "joor_order": order.joor_order(),
        "behaviour": order.behaviour().name(),
        "status": order.fulfillment_status(),
        "cancelled": order.is_cancelled(),
        "currency": order.currency(),
        "total": order.total(),
        "po_number": order.po_number(),
        "note": order.note(),
        "tags": order.tags(),
        "email": order.email(),
        "lines": order.lines().map(line).collect::<Vec<_>>(),
        "parts": order.fulfillment_orders().map(part).collect::<Vec<_>>(),
        "tracking_numbers": order.tracking_numbers(),
    })
}
