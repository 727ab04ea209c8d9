//! Orders: what buyers place on JOOR, and what becomes of them.
//!
//! [`levers`] is what people do, [`export`] is v2's order export, [`view`] what tests read; v4's
//! part is in [`super::v4::orders`].

mod body;
mod draft;
pub(super) mod export;
mod levers;
pub(crate) mod money;
mod rules;
pub(super) mod totals;
mod view;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::library::SkuNo;
use super::stock::WarehouseNo;
use crate::wire::Millis;

pub use self::draft::{Address, Discount, NewOrder, OrderLine};
pub use self::levers::OrderError;
pub use self::rules::{
    AfterExport, DiscountPlace, OrderDates, OrderIdFinds, OrderRules, PriceAdjustment, Writes,
};
pub use self::view::OrderView;

/// The past order that shows the first warehouse; the others follow.
const FIRST_PAST_ID: u64 = 40_001;
/// The first order that is placed.
const FIRST_ID: u64 = 50_001;
/// When the past orders were shipped: 2025-03-01.
const PAST: Millis = 1_740_787_200_000;

/// JOOR's id of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct OrderId(u64);

impl OrderId {
    /// The id with this number, whether there is such an order or not.
    #[must_use]
    pub fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Where an order stands between the buyer and the brand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderStatus {
    /// Being written; an order that has left this status does not come back to it.
    InProgress,
    /// Notes of an appointment.
    Notes,
    /// Submitted, for the brand to approve.
    Pending,
    /// Approved by the brand.
    Approved,
    /// Shipped.
    Shipped,
    /// Cancelled.
    Cancelled,
}

impl OrderStatus {
    const ALL: [Self; 6] = [
        Self::InProgress,
        Self::Notes,
        Self::Pending,
        Self::Approved,
        Self::Shipped,
        Self::Cancelled,
    ];

    /// As v4 writes it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Notes => "NOTES",
            Self::Pending => "PENDING",
            Self::Approved => "APPROVED",
            Self::Shipped => "SHIPPED",
            Self::Cancelled => "CANCELLED",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// What became of an order's export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExportStatus {
    /// Not exported; v4 writes `UNDEFINED`.
    NotExported,
    /// Exported.
    Success,
    /// Failed, which counts as not exported.
    Failed,
}

impl ExportStatus {
    /// As v4 writes it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::NotExported => "UNDEFINED",
            Self::Success => "SUCCESS",
            Self::Failed => "FAILED",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::NotExported, Self::Success, Self::Failed]
            .into_iter()
            .find(|status| status.name() == name)
    }
}

/// An order and its history.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// As it is now, its status included.
    pub(super) content: NewOrder,
    pub(super) placed_at: Millis,
    pub(super) approved_at: Option<Millis>,
    pub(super) modified_at: Millis,
    pub(super) export: ExportStatus,
    /// What the brand's people read beside the export status.
    pub(super) export_description: String,
    /// Of the last success.
    pub(super) exported_at: Option<Millis>,
    /// Told apart from the times, which may be equal.
    pub(super) modified_since_export: bool,
    pub(super) tracking_number: Option<String>,
    /// Units that it took off the stock that JOOR shows.
    taken: Vec<(SkuNo, WarehouseNo, u32)>,
    /// What it was before, and until when, oldest first.
    past: Vec<(Millis, Order)>,
}

impl Order {
    fn new(content: NewOrder, now: Millis) -> Self {
        let approved = matches!(content.status, OrderStatus::Approved | OrderStatus::Shipped);
        Self {
            content,
            placed_at: now,
            approved_at: approved.then_some(now),
            modified_at: now,
            export: ExportStatus::NotExported,
            export_description: String::new(),
            exported_at: None,
            modified_since_export: false,
            tracking_number: None,
            taken: vec![],
            past: vec![],
        }
    }

    /// It is about to change.
    fn keep_past(&mut self, now: Millis) {
        let past = std::mem::take(&mut self.past);
        let is = self.clone();
        self.past = past;
        self.past.push((now, is));
    }

    /// As it was then, if it had been placed.
    pub(super) fn seen_at(&self, at: Millis) -> Option<&Self> {
        let was = self.past.iter().find(|(until, _)| at < *until);
        let was = was.map_or(self, |(_, was)| was);
        (self.placed_at <= at).then_some(was)
    }

    /// Units of all lines.
    pub(super) fn units(&self) -> i64 {
        let units = self.content.lines.iter().map(OrderLine::units);
        units.fold(0, i64::saturating_add)
    }

    /// Its content, status or tracking number changed.
    pub(super) fn touch(&mut self, now: Millis) {
        self.modified_at = now;
        self.modified_since_export = self.exported_at.is_some();
    }

    /// Sets the outcome of an export.
    pub(super) fn mark(
        &mut self,
        export: ExportStatus,
        description: &str,
        rules: &OrderRules,
        now: Millis,
    ) {
        self.keep_past(now);
        self.export = export;
        description.clone_into(&mut self.export_description);
        if export == ExportStatus::Success {
            self.exported_at = Some(now);
            self.modified_since_export = rules.after_export == AfterExport::CountsAsChange;
        }
        if rules.after_export != AfterExport::Silent {
            self.modified_at = now;
        }
    }
}

/// All orders of the account.
#[derive(Debug, Default)]
pub(super) struct Orders {
    pub(super) list: BTreeMap<OrderId, Order>,
    placed: u64,
}

impl Orders {
    fn place(&mut self, order: Order) -> OrderId {
        let id = OrderId(FIRST_ID + self.placed);
        self.placed += 1;
        self.list.insert(id, order);
        id
    }

    /// Adds a shipped order of an earlier season, the first from its warehouse.
    pub(super) fn add_past(&mut self, position: usize, warehouse: &str) {
        let content = NewOrder::of("")
            .in_status(OrderStatus::Shipped)
            .warehouse(warehouse)
            .with_line(OrderLine::without_upc(12, 25_00));
        let order = Order {
            export: ExportStatus::Success,
            exported_at: Some(PAST),
            ..Order::new(content, PAST)
        };
        self.list
            .insert(OrderId(FIRST_PAST_ID + position as u64), order);
    }
}
