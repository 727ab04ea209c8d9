//! What tests and the demo read of orders without asking over HTTP.

use serde::Serialize;

use super::{ExportStatus, FIRST_ID, NewOrder, Order, OrderId, OrderStatus, money, totals};
use crate::joor::Account;
use crate::wire::Millis;

/// An order as JOOR has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrderView {
    /// JOOR's id of it.
    pub id: OrderId,
    /// Where it stands.
    pub status: OrderStatus,
    /// Outcome of the last export.
    pub export_status: ExportStatus,
    /// What the brand's people read beside the export status; empty where nothing was said.
    pub export_description: String,
    /// Whether it changed after its last successful export.
    pub modified_since_export: bool,
    /// As the brand wrote it.
    pub tracking_number: Option<String>,
    /// When it was placed.
    pub placed_at: Millis,
    /// When it was last approved.
    pub approved_at: Option<Millis>,
    /// When it last changed, to the millisecond.
    pub modified_at: Millis,
    /// When it was last exported with success.
    pub exported_at: Option<Millis>,
    /// Of all lines.
    pub units: i64,
    /// `order_total`, in the decimals of its currency.
    pub total: String,
    /// What it says now.
    pub content: NewOrder,
}

impl Account {
    /// An order, or none where there is none with this id.
    #[must_use]
    pub fn order(&self, id: OrderId) -> Option<OrderView> {
        Some(self.order_view(id, self.orders.list.get(&id)?))
    }

    /// Every order that was placed, oldest first; the past ones that show the warehouses are
    /// left out.
    pub fn orders(&self) -> impl Iterator<Item = OrderView> {
        self.orders
            .list
            .range(OrderId(FIRST_ID)..)
            .map(|(id, order)| self.order_view(*id, order))
    }

    fn order_view(&self, id: OrderId, order: &Order) -> OrderView {
        let total = totals::of(&order.content, &self.options.orders).total;
        OrderView {
            id,
            status: order.content.status,
            export_status: order.export,
            export_description: order.export_description.clone(),
            modified_since_export: order.modified_since_export,
            tracking_number: order.tracking_number.clone(),
            placed_at: order.placed_at,
            approved_at: order.approved_at,
            modified_at: order.modified_at,
            exported_at: order.exported_at,
            units: order.units(),
            total: money::text(total, money::decimals(&order.content.currency)),
            content: order.content.clone(),
        }
    }
}
