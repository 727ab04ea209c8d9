//! Looking at orders from a test, without a query.

use super::{
    Behaviour, FulfillmentOrder, FulfillmentStatus, OrderId, OrderLine, OrderRecord, money,
};
use crate::shopify::Shop;
use crate::shopify::ids::Kind;
use crate::shopify::store::{LocationId, Seconds, VariantId};
use crate::wire::Millis;

/// The metafield by which atsync knows an order again.
const JOOR_ORDER: (&str, &str) = ("atsync", "joor_order");

/// An order as it stands.
#[derive(Clone, Copy, Debug)]
pub struct OrderView<'a> {
    shop: &'a Shop,
    id: OrderId,
    record: &'a OrderRecord,
}

/// A line of an order.
#[derive(Clone, Copy, Debug)]
pub struct OrderLineView<'a> {
    record: &'a OrderLine,
    currency: &'a str,
}

/// What one location is to ship of an order.
#[derive(Clone, Copy, Debug)]
pub struct FulfillmentOrderView<'a> {
    index: usize,
    record: &'a FulfillmentOrder,
}

impl<'a> OrderView<'a> {
    /// The handle for levers; its `gid()` is the global id.
    pub fn id(&self) -> OrderId {
        self.id
    }
    /// `gid://shopify/Order/…`
    pub fn gid(&self) -> String {
        self.id.gid()
    }
    /// `#1001`
    pub fn name(&self) -> &'a str {
        &self.record.name
    }
    /// What it was told to do to the stock.
    pub fn behaviour(&self) -> Behaviour {
        self.record.behaviour
    }
    /// Its lines, in the order in which they were given.
    pub fn lines(&self) -> impl Iterator<Item = OrderLineView<'a>> + use<'a> {
        let currency = &self.record.currency;
        self.record
            .lines
            .iter()
            .map(move |record| OrderLineView { record, currency })
    }
    /// The value of a metafield.
    pub fn metafield(&self, namespace: &str, key: &str) -> Option<&'a str> {
        let (_, held) = self.record.metafield(namespace, key)?;
        Some(&held.value)
    }
    /// The JOOR order that it was made from: metafield `atsync.joor_order`.
    pub fn joor_order(&self) -> Option<&'a str> {
        self.metafield(JOOR_ORDER.0, JOOR_ORDER.1)
    }
    /// How many orders were made from the same JOOR order, this one included: 1, or something
    /// went wrong. 0 where it was made from none.
    pub fn times_created(&self) -> usize {
        let joor_order = self.joor_order();
        let same = |other: &OrderView<'_>| joor_order.is_some() && other.joor_order() == joor_order;
        self.shop.orders().filter(same).count()
    }
    /// In alphabetical order.
    pub fn tags(&self) -> &'a [String] {
        &self.record.tags
    }
    /// What the customer said.
    pub fn note(&self) -> Option<&'a str> {
        self.record.note.as_deref()
    }
    /// The customer's own number of the order.
    pub fn po_number(&self) -> Option<&'a str> {
        self.record.po_number.as_deref()
    }
    /// The number of the order where it came from.
    pub fn source_identifier(&self) -> Option<&'a str> {
        self.record.source_identifier.as_deref()
    }
    /// Names and values.
    pub fn custom_attributes(&self) -> &'a [(String, String)] {
        &self.record.attributes
    }
    /// The customer's email.
    pub fn email(&self) -> Option<&'a str> {
        self.record.email.as_deref()
    }
    /// The two letters of the country it goes to.
    pub fn country(&self) -> Option<&'a str> {
        self.record
            .shipping_address
            .as_ref()?
            .country_code
            .as_deref()
    }
    /// ISO 4217.
    pub fn currency(&self) -> &'a str {
        &self.record.currency
    }
    /// What the customer sees.
    pub fn presentment_currency(&self) -> &'a str {
        &self.record.presentment_currency
    }
    /// Lines less discounts, and shipping: `59.9`, as the API writes it.
    pub fn total(&self) -> String {
        money::text(self.record.total().shop, &self.record.currency)
    }
    /// Taken off the lines: `5.0`.
    pub fn discounts(&self) -> String {
        money::text(self.record.discounts().shop, &self.record.currency)
    }
    /// When it was created.
    pub fn created_at(&self) -> Millis {
        self.record.created_at
    }
    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.record.cancelled.is_some()
    }
    /// When it was cancelled, in seconds since 1970.
    pub fn cancelled_at(&self) -> Option<Seconds> {
        self.record.cancelled.as_ref().map(|cancelled| cancelled.at)
    }
    /// `displayFulfillmentStatus`
    pub fn fulfillment_status(&self) -> &'static str {
        self.shop.orders.status(self.id)
    }
    /// Its fulfilment orders, closed ones too.
    pub fn fulfillment_orders(&self) -> impl Iterator<Item = FulfillmentOrderView<'a>> + use<'a> {
        self.shop
            .orders
            .fulfillment_orders_of(self.id)
            .map(|(index, record)| FulfillmentOrderView { index, record })
    }
    /// Where its units are to be shipped from, one location for each fulfilment order that is
    /// not closed.
    pub fn locations(&self) -> Vec<LocationId> {
        self.fulfillment_orders()
            .filter(|part| part.record.status != FulfillmentStatus::Closed)
            .map(|part| part.location())
            .collect()
    }
    /// The tracking numbers of its parcels.
    pub fn tracking_numbers(&self) -> Vec<&'a str> {
        self.shop
            .orders
            .fulfillments_of(self.id)
            .flat_map(|(_, parcel)| &parcel.tracking.numbers)
            .map(String::as_str)
            .collect()
    }
}

impl<'a> OrderLineView<'a> {
    /// The variant, where the line has one.
    pub fn variant(&self) -> Option<VariantId> {
        self.record.variant
    }
    /// The SKU at the time of the order.
    pub fn sku(&self) -> Option<&'a str> {
        self.record.sku.as_deref()
    }
    /// Units ordered.
    pub fn quantity(&self) -> i64 {
        self.record.quantity.into()
    }
    /// Units ordered, less those taken off by cancelling.
    pub fn current_quantity(&self) -> i64 {
        (self.record.quantity - self.record.removed).into()
    }
    /// Of one unit: `80.0`.
    pub fn price(&self) -> String {
        money::text(self.record.price.shop, self.currency)
    }
    /// Names and values.
    pub fn properties(&self) -> &'a [(String, String)] {
        &self.record.properties
    }
}

impl FulfillmentOrderView<'_> {
    /// `gid://shopify/FulfillmentOrder/…`
    pub fn gid(&self) -> String {
        Kind::FulfillmentOrder.gid(self.index)
    }
    /// Who ships it.
    pub fn location(&self) -> LocationId {
        self.record.location
    }
    /// `OPEN`, `IN_PROGRESS` or `CLOSED`.
    pub fn status(&self) -> &'static str {
        self.record.status.name()
    }
    /// Units that are committed for it at the location.
    pub fn claimed(&self) -> i64 {
        self.record
            .lines
            .iter()
            .map(|line| i64::from(line.claimed))
            .sum()
    }
    /// Units not yet shipped.
    pub fn remaining(&self) -> i64 {
        self.record
            .lines
            .iter()
            .map(|line| i64::from(line.remaining))
            .sum()
    }
}

impl Shop {
    /// All orders, in the order in which they were created, cancelled ones too.
    pub fn orders(&self) -> impl DoubleEndedIterator<Item = OrderView<'_>> {
        self.orders.ids().filter_map(|id| self.order(id))
    }

    /// An order.
    pub fn order(&self, id: OrderId) -> Option<OrderView<'_>> {
        let record = self.orders.get(id)?;
        Some(OrderView {
            shop: self,
            id,
            record,
        })
    }

    /// The first order that was made from a JOOR order: metafield `atsync.joor_order` has this
    /// value.
    pub fn find_order_by_joor(&self, value: &str) -> Option<OrderView<'_>> {
        self.orders()
            .find(|order| order.joor_order() == Some(value))
    }

    /// The order with this name (`#1001`), global id or number.
    pub fn find_order(&self, name: &str) -> Option<OrderId> {
        let by_name = |order: &OrderView<'_>| {
            order.name() == name || order.gid() == name || name.parse() == Ok(order.id().number())
        };
        self.orders().find(by_name).map(|order| order.id())
    }

    /// The email of a customer.
    pub fn customer_emails(&self) -> impl Iterator<Item = &str> {
        let customers = self.orders.customers.iter();
        customers.filter_map(|customer| customer.email.as_deref())
    }
}
