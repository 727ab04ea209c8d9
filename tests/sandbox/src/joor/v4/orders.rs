//! `/v4/orders`: the heads of orders. A few past ones show which warehouses there are, which
//! no other call tells. <https://api-docs.jooraccess.com/v4.0/reference/get-orders-1>

use serde::Serialize;

use super::{Id, listed, page};
use crate::joor::call::Call;
use crate::joor::options::Options;
use crate::wire::Response;

/// What the sandbox keeps of an order.
#[derive(Debug)]
pub(in crate::joor) struct Order {
    id: u64,
    status: &'static str,
    export_status: &'static str,
    warehouse: usize,
    quantity: u32,
}

#[derive(Serialize)]
struct Row<'a> {
    id: Id,
    retailer_id: Id,
    status: &'static str,
    export_status: &'static str,
    warehouse: WarehouseRow<'a>,
    quantity: u32,
}

#[derive(Serialize)]
struct WarehouseRow<'a> {
    id: Id,
    code: String,
    name: &'a str,
}

impl Order {
    /// A shipped order of an earlier season, the first from its warehouse.
    pub(in crate::joor) fn shipped_from(warehouse: usize) -> Self {
        Self {
            id: 40_001 + warehouse as u64,
            status: "SHIPPED",
            export_status: "SUCCESS",
            warehouse,
            quantity: 12,
        }
    }
}

/// Filters: `order_ids`, `status`, `export_status`.
pub(in crate::joor) fn list(
    orders: &[Order],
    warehouses: &[String],
    call: &Call<'_>,
    options: &Options,
) -> Response {
    let ids = listed(call, "order_ids");
    let is = |name: &str, value: &str| call.param(name).is_none_or(|wanted| wanted == value);
    let wanted = orders.iter().filter(|order| {
        let id = order.id.to_string();
        ids.as_ref().is_none_or(|ids| ids.contains(&id.as_str()))
            && is("status", order.status)
            && is("export_status", order.export_status)
    });
    page(call, options, wanted, |order| Row {
        id: Id::new(order.id, options),
        retailer_id: Id::new(7_001, options),
        status: order.status,
        export_status: order.export_status,
        warehouse: WarehouseRow {
            id: Id::new(300 + order.warehouse as u64, options),
            code: format!("W{}", order.warehouse + 1),
            name: warehouses.get(order.warehouse).map_or("", String::as_str),
        },
        quantity: order.quantity,
    })
}
