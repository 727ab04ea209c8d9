//! `/sandbox/…`: the levers over HTTP, for tests and demos in any language. Both sides serve
//! them; the README beside this crate lists them.

mod orders;
mod shop_orders;

use std::num::NonZeroUsize;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::Sandbox;
use crate::catalogue::Status;
use crate::faults::Fault;
use crate::joor::Ats;
use crate::shopify::{LocationId, ProductId, VariantId};
use crate::wire::{Millis, Request, Response, Side};

/// What can be done to the shop: `POST /sandbox/shop/{name}` with the fields as JSON.
/// Variants are named by SKU, products by handle, locations by name; ids do as well.
#[derive(Debug, Deserialize)]
#[serde(tag = "lever", rename_all = "kebab-case", deny_unknown_fields)]
enum Lever {
    SetAvailable {
        variant: String,
        location: String,
        units: i64,
    },
    Adjust {
        variant: String,
        location: String,
        units: i64,
    },
    /// Adds to one variant in `every`.
    AdjustSome {
        every: NonZeroUsize,
        location: String,
        units: i64,
    },
    Sell {
        variant: String,
        location: String,
        units: i64,
    },
    SetPolicy {
        variant: String,
        continue_selling: bool,
    },
    SetTracked {
        variant: String,
        tracked: bool,
    },
    SetStatus {
        product: String,
        status: String,
    },
    DeleteVariant {
        variant: String,
    },
    DeleteProduct {
        product: String,
    },
    AddLocation {
        location: String,
    },
    DeactivateLocation {
        location: String,
    },
    ActivateLocation {
        location: String,
    },
    ShipIncoming {
        variant: String,
        location: String,
        units: i64,
        arrives_at: Option<Millis>,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultOrder {
    side: String,
    #[serde(default)]
    operation: String,
    fault: Fault,
    #[serde(default = "once")]
    times: u32,
}

fn once() -> u32 {
    1
}

/// Answers a request under `/sandbox/`.
pub(crate) fn handle(sandbox: &mut Sandbox, request: &Request, now: Millis) -> Response {
    let route = request.route().trim_start_matches("/sandbox/");
    let done = match (request.method.as_str(), route) {
        ("GET", "counters") => {
            serde_json::to_value(sandbox.counters()).map_err(|error| error.to_string())
        }
        ("GET", "joor/ats") => Ok(ats(sandbox, request)),
        ("POST", "faults") => order_fault(sandbox, &request.body),
        ("POST", "heal") => {
            sandbox.faults.heal();
            Ok(json!({ "done": true }))
        }
        ("GET", "joor/orders") => orders::list(sandbox, request),
        ("GET", "shop/orders") => shop_orders::list(sandbox, request),
        ("GET", "shop/stock") => shop_orders::stock(sandbox, request),
        ("POST", route) => match route.split_once('/') {
            Some(("shop", name)) if shop_orders::NAMES.contains(&name) => {
                shop_orders::pull(sandbox, name, &request.body, now)
            }
            Some(("shop", name)) => pull(sandbox, name, &request.body, now),
            Some(("joor", name)) => orders::pull(sandbox, name, &request.body, now),
            _ => Err(format!("there is no /sandbox/{route}")),
        },
        _ => Err(format!("there is no /sandbox/{route}")),
    };
    match done {
        Ok(body) => Response::json(200, &body),
        Err(why) => Response::json(400, &json!({ "error": why })),
    }
}

fn ats(sandbox: &Sandbox, request: &Request) -> Value {
    let upc = request.query("upc").unwrap_or_default();
    let warehouse = request.query("warehouse").unwrap_or_default();
    let date = request.query("date").and_then(|date| date.parse().ok());
    match sandbox.joor.ats(&upc, &warehouse, date) {
        Ats::NoRecord => json!({ "ats": null }),
        Ats::Units(units) => json!({ "ats": units }),
        Ats::MadeToOrder => json!({ "ats": "made-to-order" }),
    }
}

fn order_fault(sandbox: &mut Sandbox, body: &[u8]) -> Result<Value, String> {
    let order: FaultOrder = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let side = match order.side.as_str() {
        "shopify" => Side::Shopify,
        "joor" => Side::Joor,
        other => return Err(format!("side is \"shopify\" or \"joor\", not \"{other}\"")),
    };
    sandbox
        .faults
        .next(side, &order.operation, order.fault, order.times);
    Ok(json!({ "done": true }))
}

/// The lever of this name with the fields of a body.
fn lever<T: DeserializeOwned>(name: &str, body: &[u8]) -> Result<T, String> {
    let mut fields: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let members = fields
        .as_object_mut()
        .ok_or("the body is not a JSON object")?;
    members.insert("lever".to_owned(), name.into());
    serde_json::from_value(fields).map_err(|error| error.to_string())
}

fn pull(sandbox: &mut Sandbox, name: &str, body: &[u8], now: Millis) -> Result<Value, String> {
    match lever(name, body)? {
        Lever::SetAvailable {
            variant,
            location,
            units,
        } => {
            let (variant, location) = place(sandbox, &variant, &location)?;
            sandbox.shop.set_available(variant, location, units, now);
        }
        Lever::Adjust {
            variant,
            location,
            units,
        } => {
            let (variant, location) = place(sandbox, &variant, &location)?;
            sandbox.shop.adjust(variant, location, units, now);
        }
        Lever::AdjustSome {
            every,
            location,
            units,
        } => {
            let location = found_location(sandbox, &location)?;
            let all = sandbox
                .shop
                .products()
                .flat_map(|product| product.variants());
            let some: Vec<_> = all
                .step_by(every.get())
                .map(|variant| variant.id())
                .collect();
            for variant in some {
                sandbox.shop.adjust(variant, location, units, now);
            }
        }
        Lever::Sell {
            variant,
            location,
            units,
        } => {
            let (variant, location) = place(sandbox, &variant, &location)?;
            sandbox.shop.sell(variant, location, units, now);
        }
        Lever::SetPolicy {
            variant,
            continue_selling,
        } => {
            let variant = found_variant(sandbox, &variant)?;
            sandbox.shop.set_policy(variant, continue_selling, now);
        }
        Lever::SetTracked { variant, tracked } => {
            let variant = found_variant(sandbox, &variant)?;
            sandbox.shop.set_tracked(variant, tracked, now);
        }
        Lever::SetStatus { product, status } => {
            let status = match status.as_str() {
                "active" => Status::Active,
                "draft" => Status::Draft,
                "archived" => Status::Archived,
                other => {
                    return Err(format!(
                        "status is active, draft or archived, not \"{other}\""
                    ));
                }
            };
            let product = found_product(sandbox, &product)?;
            sandbox.shop.set_status(product, status, now);
        }
        Lever::DeleteVariant { variant } => {
            let variant = found_variant(sandbox, &variant)?;
            sandbox.shop.delete_variant(variant, now);
        }
        Lever::DeleteProduct { product } => {
            let product = found_product(sandbox, &product)?;
            sandbox.shop.delete_product(product, now);
        }
        Lever::AddLocation { location } => {
            let id = sandbox.shop.add_location(&location, now);
            return Ok(json!({ "done": true, "id": id.gid() }));
        }
        Lever::DeactivateLocation { location } => {
            let location = found_location(sandbox, &location)?;
            sandbox.shop.deactivate_location(location, now);
        }
        Lever::ActivateLocation { location } => {
            let location = found_location(sandbox, &location)?;
            sandbox.shop.activate_location(location, now);
        }
        Lever::ShipIncoming {
            variant,
            location,
            units,
            arrives_at,
        } => {
            let (variant, location) = place(sandbox, &variant, &location)?;
            sandbox
                .shop
                .ship_incoming(&[(variant, units)], location, arrives_at, now);
        }
    }
    Ok(json!({ "done": true }))
}

fn place(
    sandbox: &Sandbox,
    variant: &str,
    location: &str,
) -> Result<(VariantId, LocationId), String> {
    Ok((
        found_variant(sandbox, variant)?,
        found_location(sandbox, location)?,
    ))
}

fn found_variant(sandbox: &Sandbox, name: &str) -> Result<VariantId, String> {
    sandbox
        .shop
        .find_variant(name)
        .ok_or_else(|| format!("the shop has no variant \"{name}\""))
}

fn found_location(sandbox: &Sandbox, name: &str) -> Result<LocationId, String> {
    sandbox
        .shop
        .find_location(name)
        .ok_or_else(|| format!("the shop has no location \"{name}\""))
}

fn found_product(sandbox: &Sandbox, name: &str) -> Result<ProductId, String> {
    sandbox
        .shop
        .find_product(name)
        .ok_or_else(|| format!("the shop has no product \"{name}\""))
}
