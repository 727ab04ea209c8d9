//! What buyers and the brand's people do with orders.

use std::fmt;

use super::{NewOrder, Order, OrderId, OrderStatus};
use crate::joor::Account;
use crate::joor::library::SkuNo;
use crate::joor::stock::{Ats, Pending, WarehouseNo};
use crate::wire::Millis;

/// Why a lever did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderError {
    /// There is no such order.
    Unknown(OrderId),
    /// The order has fewer lines.
    NoSuchLine(OrderId, usize),
    /// An order does not go back to `IN_PROGRESS`.
    NotBackToInProgress(OrderId),
}

impl fmt::Display for OrderError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(id) => write!(formatter, "JOOR has no order {id}"),
            Self::NoSuchLine(id, line) => {
                write!(formatter, "order {id} has no line {line}, counted from 0")
            }
            Self::NotBackToInProgress(id) => write!(
                formatter,
                "order {id} has been submitted and cannot go back to IN_PROGRESS"
            ),
        }
    }
}

impl std::error::Error for OrderError {}

impl Account {
    /// A buyer places an order. Nothing about it is refused, however strange it is.
    pub fn place_order(&mut self, order: NewOrder, now: Millis) -> OrderId {
        let id = self.orders.place(Order::new(order, now));
        self.settle_stock(id);
        id
    }

    /// The brand approves an order, whatever its status was.
    ///
    /// # Errors
    ///
    /// When there is no such order.
    pub fn approve_order(&mut self, id: OrderId, now: Millis) -> Result<(), OrderError> {
        self.set_order_status(id, OrderStatus::Approved, now)
    }

    /// The brand or the buyer cancels an order, whatever its status was.
    ///
    /// # Errors
    ///
    /// When there is no such order.
    pub fn cancel_order(&mut self, id: OrderId, now: Millis) -> Result<(), OrderError> {
        self.set_order_status(id, OrderStatus::Cancelled, now)
    }

    /// The brand ships an order, whatever its status was; without a tracking number the one it
    /// has stays.
    ///
    /// # Errors
    ///
    /// When there is no such order.
    pub fn ship_order(
        &mut self,
        id: OrderId,
        tracking_number: Option<&str>,
        now: Millis,
    ) -> Result<(), OrderError> {
        self.set_order_status(id, OrderStatus::Shipped, now)?;
        if let (Some(number), Some(order)) = (tracking_number, self.orders.list.get_mut(&id)) {
            order.tracking_number = Some(number.into());
        }
        Ok(())
    }

    /// Somebody gives an order another status.
    ///
    /// # Errors
    ///
    /// When there is no such order, or it would go back to `IN_PROGRESS`.
    pub fn set_order_status(
        &mut self,
        id: OrderId,
        status: OrderStatus,
        now: Millis,
    ) -> Result<(), OrderError> {
        self.change_order(id, |order| order.status = status, now)
    }

    /// Somebody sets the quantity of a line, counted from 0.
    ///
    /// # Errors
    ///
    /// When there is no such order or line.
    pub fn change_quantity(
        &mut self,
        id: OrderId,
        line: usize,
        quantity: i64,
        now: Millis,
    ) -> Result<(), OrderError> {
        let order = self.orders.list.get(&id).ok_or(OrderError::Unknown(id))?;
        if order.content.lines.len() <= line {
            return Err(OrderError::NoSuchLine(id, line));
        }
        let set = |order: &mut NewOrder| {
            if let Some(line) = order.lines.get_mut(line) {
                line.quantity = quantity;
            }
        };
        self.change_order(id, set, now)
    }

    /// Somebody edits an order. It counts as modified even where nothing is different after it.
    ///
    /// # Errors
    ///
    /// When there is no such order, or it would go back to `IN_PROGRESS`; nothing changes then.
    pub fn change_order(
        &mut self,
        id: OrderId,
        change: impl FnOnce(&mut NewOrder),
        now: Millis,
    ) -> Result<(), OrderError> {
        let order = self
            .orders
            .list
            .get_mut(&id)
            .ok_or(OrderError::Unknown(id))?;
        let before = order.content.status;
        let mut content = order.content.clone();
        change(&mut content);
        if content.status == OrderStatus::InProgress && before != OrderStatus::InProgress {
            return Err(OrderError::NotBackToInProgress(id));
        }
        order.keep_past(now);
        if content.status == OrderStatus::Approved && before != OrderStatus::Approved {
            order.approved_at = Some(now);
        }
        order.content = content;
        order.touch(now);
        self.settle_stock(id);
        Ok(())
    }

    /// Units of pending orders and those that were said by
    /// [`set_pending`](Self::set_pending), which `dec_pending=1` takes off.
    pub(in crate::joor) fn pending_units(&self) -> Pending {
        let mut pending = self.stock.pending.clone();
        for order in self.orders.list.values() {
            if order.content.status == OrderStatus::Pending {
                for (sku, warehouse, units) in self.wanted(&order.content) {
                    let so_far = pending.entry((sku, warehouse)).or_default();
                    *so_far = so_far.saturating_add(units);
                }
            }
        }
        pending
    }

    /// The SKUs that an order is for, where JOOR knows them and the warehouse.
    fn wanted(&self, order: &NewOrder) -> Vec<(SkuNo, WarehouseNo, u32)> {
        let warehouse = match &order.warehouse {
            None => Some(0),
            Some(name) => self.warehouse(name),
        };
        let Some(warehouse) = warehouse else {
            return vec![];
        };
        let lines = order.lines.iter().filter_map(|line| {
            let sku = self.library.find_upc(line.upc.as_deref()?)?;
            let units = line.units().clamp(0, i64::from(u32::MAX));
            Some((sku, warehouse, u32::try_from(units).ok()?))
        });
        lines.collect()
    }

    /// Makes the shown stock agree with an order that was placed or changed, where approved
    /// orders reduce it.
    fn settle_stock(&mut self, id: OrderId) {
        let Some(order) = self.orders.list.get_mut(&id) else {
            return;
        };
        let given_back = std::mem::take(&mut order.taken);
        for (sku, warehouse, units) in given_back {
            if let Ats::Units(shown) = self.stock.get(sku, warehouse, None) {
                let shown = shown.saturating_add(units);
                self.stock.set_units(sku, warehouse, None, shown);
            }
        }
        let Some(order) = self.orders.list.get(&id) else {
            return;
        };
        let claims = matches!(
            order.content.status,
            OrderStatus::Approved | OrderStatus::Shipped
        );
        if !claims || !self.options.orders.approved_reduces_stock {
            return;
        }
        let mut taken = vec![];
        for (sku, warehouse, units) in self.wanted(&order.content) {
            if let Ats::Units(shown) = self.stock.get(sku, warehouse, None) {
                let units = units.min(shown);
                self.stock.set_units(sku, warehouse, None, shown - units);
                taken.push((sku, warehouse, units));
            }
        }
        if let Some(order) = self.orders.list.get_mut(&id) {
            order.taken = taken;
        }
    }
}
