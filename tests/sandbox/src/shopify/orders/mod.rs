//! Orders: what they are made of, and who may ask for what. The life of an order is in the
//! modules below: created and claimed, moved, shipped, cancelled.

mod cancel;
mod create;
mod definitions;
mod fields;
mod fulfill;
mod input;
mod judge;
mod levers;
mod money;
mod search;
mod stock;
mod view;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::ids::{Gid, Kind, ids};
use super::store::{LocationId, ProductId, Seconds, VariantId, place, seconds};
use crate::wire::Millis;
use definitions::Definition;
use input::{Address, Metafield};
pub use levers::Tracking;
use money::Price;
pub(crate) use search::SEARCH_FIELDS;
pub use view::{FulfillmentOrderView, OrderLineView, OrderView};

/// An order of this shop, by its place in the order in which they were created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrderId(pub(crate) u32);

/// A customer of this shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CustomerId(pub(crate) u32);

ids!(OrderId => Order, CustomerId => Customer);

/// What creating an order does to the stock: `OrderCreateInputsInventoryBehavior`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// Claims nothing. What Shopify does when it is not told.
    #[default]
    Bypass,
    /// Claims all units, below zero where need be.
    IgnoringPolicy,
    /// Claims what the variant's inventory policy lets be sold.
    ObeyingPolicy,
}

impl Behaviour {
    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bypass => "BYPASS",
            Self::IgnoringPolicy => "DECREMENT_IGNORING_POLICY",
            Self::ObeyingPolicy => "DECREMENT_OBEYING_POLICY",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Bypass, Self::IgnoringPolicy, Self::ObeyingPolicy]
            .into_iter()
            .find(|behaviour| behaviour.name() == name)
    }
}

/// All that the shop knows of orders.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    orders: Vec<OrderRecord>,
    fulfillment_orders: Vec<FulfillmentOrder>,
    fulfillments: Vec<Fulfillment>,
    customers: Vec<Customer>,
    definitions: Vec<Definition>,
    jobs: Vec<cancel::Job>,
    /// Claims that the levels do not show yet.
    unseen: Vec<stock::Unseen>,
    /// Locations that are claimed at first, in this order; the others follow.
    routing: Vec<LocationId>,
    /// Countries, or provinces of them, that the shop does not take addresses in.
    refused: BTreeSet<(String, Option<String>)>,
}

#[derive(Debug)]
struct OrderRecord {
    name: String,
    behaviour: Behaviour,
    created_at: Millis,
    processed: Seconds,
    /// When the order was created and whenever it was changed: the search index lags behind.
    touched: Vec<Millis>,
    cancelled: Option<cancel::Cancelled>,
    financial_status: Option<String>,
    note: Option<String>,
    tags: Vec<String>,
    po_number: Option<String>,
    source_identifier: Option<String>,
    source_name: Option<String>,
    attributes: Vec<(String, String)>,
    email: Option<String>,
    phone: Option<String>,
    customer: Option<CustomerId>,
    shipping_address: Option<Address>,
    billing_address: Option<Address>,
    /// ISO 4217: what the shop books in.
    currency: String,
    /// What the customer sees.
    presentment_currency: String,
    lines: Vec<OrderLine>,
    shipping_lines: Vec<ShippingLine>,
    /// The code and what it takes off the lines.
    discount: Option<(String, Price)>,
    metafields: Vec<Metafield>,
    test: bool,
}

#[derive(Debug)]
struct OrderLine {
    variant: Option<VariantId>,
    product: Option<ProductId>,
    title: String,
    variant_title: Option<String>,
    sku: Option<String>,
    vendor: Option<String>,
    properties: Vec<(String, String)>,
    price: Price,
    quantity: i32,
    /// Units taken off by cancelling.
    removed: i32,
    requires_shipping: bool,
    taxable: bool,
}

#[derive(Debug)]
struct ShippingLine {
    title: String,
    code: Option<String>,
    source: Option<String>,
    price: Price,
}

/// What one location is to ship of one order.
#[derive(Debug)]
struct FulfillmentOrder {
    order: OrderId,
    location: LocationId,
    status: FulfillmentStatus,
    /// Somebody said that work has begun; it then stays where it is.
    progress: bool,
    created: Seconds,
    updated: Seconds,
    lines: Vec<FulfillmentOrderLine>,
}

#[derive(Clone, Debug)]
struct FulfillmentOrderLine {
    /// The place of the line in the order.
    line: usize,
    total: i32,
    remaining: i32,
    /// Units of `remaining` that are committed at the location.
    claimed: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FulfillmentStatus {
    Open,
    InProgress,
    Closed,
}

impl FulfillmentStatus {
    fn name(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::InProgress => "IN_PROGRESS",
            Self::Closed => "CLOSED",
        }
    }
}

/// A parcel.
#[derive(Debug)]
struct Fulfillment {
    order: OrderId,
    location: LocationId,
    units: i64,
    tracking: Tracking,
    created: Seconds,
}

#[derive(Debug)]
struct Customer {
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    created: Seconds,
    updated: Seconds,
}

impl OrderRecord {
    fn subtotal_before_discount(&self) -> Price {
        let lines = self.lines.iter();
        lines.map(|line| line.price.times(line.quantity)).sum()
    }

    fn discounts(&self) -> Price {
        let discount = self.discount.as_ref();
        discount.map(|(_, amount)| *amount).unwrap_or_default()
    }

    fn subtotal(&self) -> Price {
        self.subtotal_before_discount().less(self.discounts())
    }

    fn shipping(&self) -> Price {
        self.shipping_lines.iter().map(|line| line.price).sum()
    }

    fn total(&self) -> Price {
        self.subtotal() + self.shipping()
    }

    fn updated(&self) -> Seconds {
        seconds(self.touched.last().copied().unwrap_or(self.created_at))
    }

    fn metafield(&self, namespace: &str, key: &str) -> Option<(usize, &Metafield)> {
        self.metafields
            .iter()
            .enumerate()
            .find(|(_, field)| field.namespace == namespace && field.key == key)
    }
}

impl Orders {
    fn get(&self, id: OrderId) -> Option<&OrderRecord> {
        self.orders.get(id.index())
    }

    fn ids(&self) -> impl DoubleEndedIterator<Item = OrderId> + use<> {
        (0..place(self.orders.len())).map(OrderId)
    }

    /// The order that a global id names, if it exists.
    pub(crate) fn by_gid(&self, id: &str) -> Option<OrderId> {
        let order = OrderId(place(Gid::place(id, Kind::Order)?));
        self.get(order).map(|_| order)
    }

    /// The customer that a global id names, if it exists.
    pub(crate) fn customer_by_gid(&self, id: &str) -> Option<CustomerId> {
        let index = Gid::place(id, Kind::Customer)?;
        self.customers.get(index).map(|_| CustomerId(place(index)))
    }

    /// The fulfilment order that a global id names, if it exists.
    pub(crate) fn fulfillment_order_by_gid(&self, id: &str) -> Option<usize> {
        let index = Gid::place(id, Kind::FulfillmentOrder)?;
        self.fulfillment_orders.get(index).map(|_| index)
    }

    /// The parcel that a global id names, if it exists.
    pub(crate) fn fulfillment_by_gid(&self, id: &str) -> Option<usize> {
        let index = Gid::place(id, Kind::Fulfillment)?;
        self.fulfillments.get(index).map(|_| index)
    }

    /// The fulfilment orders of an order, with their places in the table.
    fn fulfillment_orders_of(
        &self,
        order: OrderId,
    ) -> impl Iterator<Item = (usize, &FulfillmentOrder)> {
        self.fulfillment_orders
            .iter()
            .enumerate()
            .filter(move |(_, part)| part.order == order)
    }

    fn fulfillments_of(&self, order: OrderId) -> impl Iterator<Item = (usize, &Fulfillment)> {
        self.fulfillments
            .iter()
            .enumerate()
            .filter(move |(_, parcel)| parcel.order == order)
    }

    /// `displayFulfillmentStatus`
    fn status(&self, order: OrderId) -> &'static str {
        let shipped: i64 = self
            .fulfillments_of(order)
            .map(|(_, parcel)| parcel.units)
            .sum();
        let open: i64 = self
            .fulfillment_orders_of(order)
            .flat_map(|(_, part)| &part.lines)
            .map(|line| i64::from(line.remaining))
            .sum();
        let begun = self
            .fulfillment_orders_of(order)
            .any(|(_, part)| part.progress && part.status == FulfillmentStatus::InProgress);
        match (shipped, open) {
            (1.., 0) => "FULFILLED",
            (1.., _) => "PARTIALLY_FULFILLED",
            _ if begun => "IN_PROGRESS",
            _ => "UNFULFILLED",
        }
    }
}
