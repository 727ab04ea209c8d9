//! `/v4/orders`: the heads of orders, and what a brand may change of them. A few past orders show
//! which warehouses there are, which no other call tells.
//! <https://api-docs.jooraccess.com/v4.0/reference/get-orders-1>

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Id, SentId, each, listed, page};
use crate::joor::Account;
use crate::joor::call::{Call, Failure};
use crate::joor::library::{Library, collection_id};
use crate::joor::options::Options;
use crate::joor::orders::{ExportStatus, Order, OrderId, OrderStatus, Writes, money, totals};
use crate::wire::{Millis, Response};

#[derive(Serialize)]
struct Row {
    id: Id,
    retailer_id: Id,
    collection_id: Option<Id>,
    status: &'static str,
    export_status: &'static str,
    export_description: String,
    warehouse: Option<WarehouseRow>,
    po_number: Option<String>,
    comments: Option<String>,
    internal_comments: Option<String>,
    tracking_number: Option<String>,
    delivery_window_start: Option<String>,
    delivery_window_end: Option<String>,
    total: String,
    quantity: i64,
}

#[derive(Serialize)]
struct WarehouseRow {
    id: Id,
    code: String,
    name: String,
}

/// An entry of `bulk_update`; what is absent or null stays as it is.
#[derive(Deserialize)]
struct Sent {
    id: SentId,
    status: Option<String>,
    export_status: Option<String>,
    export_description: Option<String>,
    tracking_number: Option<String>,
    po_number: Option<String>,
    delivery_window_start: Option<String>,
    delivery_window_end: Option<String>,
}

/// Filters: `order_ids`, `status`, `export_status`.
pub(in crate::joor) fn list(account: &Account, call: &Call<'_>) -> Response {
    let ids = listed(call, "order_ids");
    let is = |name: &str, value: &str| call.param(name).is_none_or(|wanted| wanted == value);
    let wanted = account.orders.list.iter().filter(|(id, order)| {
        let id = id.to_string();
        ids.as_ref().is_none_or(|ids| ids.contains(&id.as_str()))
            && is("status", order.content.status.name())
            && is("export_status", order.export.name())
    });
    page(call, &account.options, wanted, |(id, order)| {
        row(account, *id, order)
    })
}

/// Changes what was sent of each order; an entry with one bad field changes nothing.
pub(in crate::joor) fn update(account: &mut Account, call: &Call<'_>, now: Millis) -> Response {
    each(call, |sent: Sent| {
        let id = sent.id.number().map(OrderId::new);
        let named = |mut failure: Failure| {
            if let (Some(id), true) = (id, account.options.orders.errors_name_order) {
                failure.details = json!({ "id": Id::new(id.number(), &account.options) });
            }
            failure
        };
        let change = id
            .ok_or_else(unknown)
            .and_then(|id| Change::read(account, id, sent).map_err(named))?;
        change.apply(account, now);
        let order = account.orders.list.get(&change.id).ok_or_else(unknown)?;
        Ok(row(account, change.id, order))
    })
}

/// An entry that is understood.
struct Change {
    id: OrderId,
    status: Option<OrderStatus>,
    export: Option<(ExportStatus, String)>,
    tracking_number: Option<String>,
    po_number: Option<String>,
    window: Option<(String, String)>,
}

impl Change {
    fn read(account: &Account, id: OrderId, sent: Sent) -> Result<Self, Failure> {
        let order = account.orders.list.get(&id).ok_or_else(unknown)?;
        let rules = &account.options.orders;
        let mut change = Self {
            id,
            status: named(sent.status, "status", OrderStatus::named)?,
            export: named(sent.export_status, "export_status", ExportStatus::named)?
                .map(|status| (status, sent.export_description.unwrap_or_default())),
            tracking_number: sent.tracking_number,
            po_number: sent.po_number,
            window: window(sent.delivery_window_start, sent.delivery_window_end)?,
        };
        let before = order.content.status;
        if change.status == Some(OrderStatus::InProgress) && before != OrderStatus::InProgress {
            return Err(invalid("An order cannot go back to IN_PROGRESS."));
        }
        if change.export.is_some() {
            match rules.export_writes {
                Writes::Taken => {}
                Writes::Refused => return Err(invalid("export_status is not available yet.")),
                Writes::Ignored => change.export = None,
            }
        }
        let ships = change.status == Some(OrderStatus::Shipped);
        if ships || change.tracking_number.is_some() {
            match rules.shipping_writes {
                Writes::Taken => {}
                Writes::Refused => {
                    return Err(invalid("Shipping is not available at this time."));
                }
                Writes::Ignored => {
                    change.tracking_number = None;
                    change.status = change.status.filter(|_| !ships);
                }
            }
        }
        Ok(change)
    }

    fn apply(&self, account: &mut Account, now: Millis) {
        let changes = self.status.is_some() || self.po_number.is_some() || self.window.is_some();
        if changes {
            let edited = account.change_order(
                self.id,
                |order| {
                    order.status = self.status.unwrap_or(order.status);
                    if let Some(number) = &self.po_number {
                        order.purchase_order = Some(number.clone());
                    }
                    if let Some((start, end)) = &self.window {
                        order.ship_start = Some(start.clone());
                        order.ship_end = Some(end.clone());
                    }
                },
                now,
            );
            debug_assert_eq!(edited, Ok(()), "read looked for what could be refused");
        }
        let Some(order) = account.orders.list.get_mut(&self.id) else {
            return;
        };
        if let Some(number) = &self.tracking_number {
            order.tracking_number = Some(number.clone());
            order.touch(now);
        }
        if let Some((export, description)) = &self.export {
            order.mark(*export, description, &account.options.orders, now);
        }
    }
}

fn unknown() -> Failure {
    Failure::new("NOT_FOUND", "No such order.")
}

fn invalid(why: &str) -> Failure {
    Failure::new("INVALID", why)
}

fn named<T>(
    text: Option<String>,
    field: &str,
    find: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let found = find(&text).ok_or_else(|| invalid(&format!("\"{text}\" is no {field}.")))?;
    Ok(Some(found))
}

fn window(start: Option<String>, end: Option<String>) -> Result<Option<(String, String)>, Failure> {
    match (start, end) {
        (None, None) => Ok(None),
        (Some(start), Some(end)) => Ok(Some((start, end))),
        _ => Err(invalid(
            "Invalid delivery window. You must provide both the start and end date",
        )),
    }
}

fn row(account: &Account, id: OrderId, order: &Order) -> Row {
    let options = &account.options;
    let content = &order.content;
    let total = totals::of(content, &options.orders).total;
    Row {
        id: Id::new(id.number(), options),
        retailer_id: Id::new(7_001, options),
        collection_id: collection(&account.library, &content.linesheet, options),
        status: content.status.name(),
        export_status: order.export.name(),
        export_description: order.export_description.clone(),
        warehouse: warehouse(account, content.warehouse.as_deref()),
        po_number: content.purchase_order.clone(),
        comments: content.comments.clone(),
        internal_comments: content.internal_comments.clone(),
        tracking_number: order.tracking_number.clone(),
        delivery_window_start: content.ship_start.clone(),
        delivery_window_end: content.ship_end.clone(),
        total: money::text(total, money::decimals(&content.currency)),
        quantity: order.units(),
    }
}

fn collection(library: &Library, code: &str, options: &Options) -> Option<Id> {
    let mut collections = library.collections.iter();
    let no = collections.position(|collection| collection.external_id == code)?;
    Some(Id::new(collection_id(no), options))
}

/// The warehouse of an order; none where the account has none of that name.
fn warehouse(account: &Account, name: Option<&str>) -> Option<WarehouseRow> {
    let at = match name {
        None => 0,
        Some(name) => account.warehouses.iter().position(|known| known == name)?,
    };
    Some(WarehouseRow {
        id: Id::new(300 + at as u64, &account.options),
        code: format!("W{}", at + 1),
        name: account.warehouses.get(at)?.clone(),
    })
}
