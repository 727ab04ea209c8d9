//! The answers of orders, their lines, fulfilment orders and parcels, customers and jobs.

use super::input::Address;
use super::money::{self, Price};
use super::{CustomerId, FulfillmentOrderLine, OrderId, OrderLine, OrderRecord};
use crate::shopify::Shop;
use crate::shopify::ids::Kind;
use crate::shopify::node::{Node, Out, Record};
use crate::shopify::page::Records;
use crate::shopify::plan::Field;
use crate::shopify::store::{VariantId, seconds};

/// Lines of one order, or of one fulfilment order, that ids leave room for.
const LINES: usize = 1000;

/// How much of a plain list is asked for.
fn first(field: &Field) -> usize {
    let first = field.int("first");
    first
        .and_then(|first| usize::try_from(first).ok())
        .unwrap_or(usize::MAX)
}

fn optional(text: &Option<String>) -> Out<'_> {
    text.as_deref().map_or(Out::Null, Out::text)
}

impl Shop {
    pub(crate) fn order_field(&self, id: OrderId, field: &Field) -> Option<Out<'_>> {
        let order = self.orders.get(id)?;
        let money = |price| money_bag(price, order);
        let current = |price| {
            money(if order.cancelled.is_some() {
                Price::default()
            } else {
                price
            })
        };
        let address = |address: &Option<Address>, place| {
            address
                .as_ref()
                .map_or(Out::Null, |address| address_out(address, id, place))
        };
        Some(match field.name.as_str() {
            "id" => Out::Gid(Kind::Order, id.number()),
            "legacyResourceId" => Out::Digits(id.number()),
            "name" => Out::text(order.name.as_str()),
            "createdAt" => Out::Time(seconds(order.created_at)),
            "processedAt" => Out::Time(order.processed),
            "updatedAt" => Out::Time(order.updated()),
            "cancelledAt" => order
                .cancelled
                .as_ref()
                .map(|cancelled| cancelled.at)
                .into(),
            "cancelReason" => order
                .cancelled
                .as_ref()
                .map_or(Out::Null, |cancelled| Out::text(cancelled.reason.as_str())),
            "cancellation" => order.cancelled.as_ref().map_or(Out::Null, |cancelled| {
                let note = cancelled.staff_note.clone().map_or(Out::Null, Out::text);
                Record::out("OrderCancellation", vec![("staffNote", note)])
            }),
            "displayFinancialStatus" => optional(&order.financial_status),
            "displayFulfillmentStatus" => Out::text(self.orders.status(id)),
            "note" => optional(&order.note),
            "tags" => Out::texts(order.tags.iter().map(String::as_str)),
            "poNumber" => optional(&order.po_number),
            "sourceIdentifier" => optional(&order.source_identifier),
            "sourceName" => optional(&order.source_name),
            "customAttributes" => attributes(&order.attributes),
            "email" => optional(&order.email),
            "phone" => optional(&order.phone),
            "test" => Out::Bool(order.test),
            "currencyCode" => Out::text(order.currency.as_str()),
            "presentmentCurrencyCode" => Out::text(order.presentment_currency.as_str()),
            "customer" => order.customer.map(Node::Customer).into(),
            "shippingAddress" => address(&order.shipping_address, 0),
            "billingAddress" => address(&order.billing_address, 1),
            "discountCodes" => Out::texts(order.discount.iter().map(|(code, _)| code.as_str())),
            "subtotalPriceSet" => money(order.subtotal()),
            "currentSubtotalPriceSet" => current(order.subtotal()),
            "totalDiscountsSet" => money(order.discounts()),
            "currentTotalDiscountsSet" => current(order.discounts()),
            "totalShippingPriceSet" => money(order.shipping()),
            "totalTaxSet" => money(Price::default()),
            "totalPriceSet" => money(order.total()),
            "currentTotalPriceSet" => current(order.total()),
            "metafield" => order_metafield(id, order, field),
            "fulfillments" => {
                let parcels = self.orders.fulfillments_of(id).map(|(index, _)| index);
                Out::nodes(parcels.take(first(field)).map(Node::Fulfillment))
            }
            _ => return None,
        })
    }

    pub(crate) fn line_item_field(
        &self,
        id: OrderId,
        place: usize,
        field: &Field,
    ) -> Option<Out<'_>> {
        let order = self.orders.get(id)?;
        let line = order.lines.get(place)?;
        let money = |price| money_bag(price, order);
        let variant = self.line_variant(line);
        Some(match field.name.as_str() {
            "id" => Out::Gid(Kind::LineItem, line_number(id, place)),
            "quantity" => Out::Int(line.quantity.into()),
            "currentQuantity" => Out::Int((line.quantity - line.removed).into()),
            "fulfillableQuantity" => Out::Int(
                self.orders
                    .fulfillment_orders_of(id)
                    .flat_map(|(_, part)| &part.lines)
                    .filter(|part| part.line == place)
                    .map(|part| i64::from(part.remaining))
                    .sum(),
            ),
            "sku" => optional(&line.sku),
            "title" => Out::text(line.title.as_str()),
            "variantTitle" => optional(&line.variant_title),
            "vendor" => optional(&line.vendor),
            "name" => Out::text(match line.variant_title.as_deref() {
                Some(variant) if variant != "Default Title" => {
                    format!("{} - {variant}", line.title)
                }
                _ => line.title.clone(),
            }),
            "requiresShipping" => Out::Bool(line.requires_shipping),
            "taxable" => Out::Bool(line.taxable),
            "customAttributes" => attributes(&line.properties),
            "originalUnitPriceSet" => money(line.price),
            "originalTotalSet" => money(line.price.times(line.quantity)),
            "variant" => variant.map(Node::Variant).into(),
            "product" => {
                let product = line.product.filter(|id| self.store.product(*id).is_some());
                product.map(Node::Product).into()
            }
            _ => return None,
        })
    }

    fn line_variant(&self, line: &OrderLine) -> Option<VariantId> {
        line.variant.filter(|id| self.store.variant(*id).is_some())
    }

    pub(crate) fn fulfillment_order_field(&self, index: usize, field: &Field) -> Option<Out<'_>> {
        let part = self.orders.fulfillment_orders.get(index)?;
        Some(match field.name.as_str() {
            "id" => Out::Gid(Kind::FulfillmentOrder, Kind::FulfillmentOrder.number(index)),
            "status" => Out::text(part.status.name()),
            "requestStatus" => Out::text("UNSUBMITTED"),
            "createdAt" => Out::Time(part.created),
            "updatedAt" => Out::Time(part.updated),
            "order" => Out::Node(Node::Order(part.order)),
            "orderId" => Out::Gid(Kind::Order, part.order.number()),
            "orderName" => Out::text(self.orders.get(part.order)?.name.as_str()),
            "assignedLocation" => Record::out(
                "FulfillmentOrderAssignedLocation",
                vec![
                    ("location", Out::Node(Node::Location(part.location))),
                    (
                        "name",
                        Out::text(self.location_name(part.location)?.to_owned()),
                    ),
                ],
            ),
            _ => return None,
        })
    }

    pub(crate) fn fulfillment_order_line_field(
        &self,
        index: usize,
        place: usize,
        field: &Field,
    ) -> Option<Out<'_>> {
        let part = self.orders.fulfillment_orders.get(index)?;
        let FulfillmentOrderLine {
            line: at,
            total,
            remaining,
            ..
        } = part.lines.get(place)?;
        let line = self.orders.get(part.order)?.lines.get(*at)?;
        let variant = self.line_variant(line);
        Some(match field.name.as_str() {
            "id" => Out::Gid(
                Kind::FulfillmentOrderLineItem,
                Kind::FulfillmentOrderLineItem.number(index * LINES + place),
            ),
            "totalQuantity" => Out::Int((*total).into()),
            "remainingQuantity" => Out::Int((*remaining).into()),
            "lineItem" => Out::Node(Node::LineItem(part.order, *at)),
            "inventoryItemId" => variant.map_or(Out::Null, |variant| {
                Out::Gid(Kind::InventoryItem, variant.item_number())
            }),
            "variant" => variant.map(Node::Variant).into(),
            "sku" => optional(&line.sku),
            "productTitle" => Out::text(line.title.as_str()),
            "requiresShipping" => Out::Bool(line.requires_shipping),
            _ => return None,
        })
    }

    pub(crate) fn fulfillment_field(&self, index: usize, field: &Field) -> Option<Out<'_>> {
        let parcel = self.orders.fulfillments.get(index)?;
        let number = Kind::Fulfillment.number(index);
        Some(match field.name.as_str() {
            "id" => Out::Gid(Kind::Fulfillment, number),
            "legacyResourceId" => Out::Digits(number),
            "status" => Out::text("SUCCESS"),
            "createdAt" | "updatedAt" => Out::Time(parcel.created),
            "order" => Out::Node(Node::Order(parcel.order)),
            "location" => Out::Node(Node::Location(parcel.location)),
            "totalQuantity" => Out::Int(parcel.units),
            "name" => {
                let order = self.orders.get(parcel.order)?;
                let before = self.orders.fulfillments_of(parcel.order);
                let place = before.take_while(|(other, _)| *other <= index).count();
                Out::text(format!("{}-F{place}", order.name))
            }
            "trackingInfo" => Out::List(
                parcel
                    .tracking
                    .numbers
                    .iter()
                    .take(first(field))
                    .map(|number| {
                        let company = &parcel.tracking.company;
                        let url = &parcel.tracking.url;
                        Record::out(
                            "FulfillmentTrackingInfo",
                            vec![
                                ("number", Out::text(number.clone())),
                                ("company", company.clone().map_or(Out::Null, Out::text)),
                                ("url", url.clone().map_or(Out::Null, Out::text)),
                            ],
                        )
                    })
                    .collect(),
            ),
            _ => return None,
        })
    }

    pub(crate) fn customer_field(&self, id: CustomerId, field: &Field) -> Option<Out<'_>> {
        let customer = self.orders.customers.get(id.index())?;
        Some(match field.name.as_str() {
            "id" => Out::Gid(Kind::Customer, id.number()),
            "legacyResourceId" => Out::Digits(id.number()),
            "email" => optional(&customer.email),
            "defaultEmailAddress" => customer.email.clone().map_or(Out::Null, |email| {
                Record::out(
                    "CustomerEmailAddress",
                    vec![("emailAddress", Out::text(email))],
                )
            }),
            "firstName" => optional(&customer.first_name),
            "lastName" => optional(&customer.last_name),
            "displayName" => {
                let names = [&customer.first_name, &customer.last_name];
                let names: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
                if names.is_empty() {
                    Out::text(customer.email.as_deref().unwrap_or_default())
                } else {
                    Out::text(names.join(" "))
                }
            }
            "createdAt" => Out::Time(customer.created),
            "updatedAt" => Out::Time(customer.updated),
            _ => return None,
        })
    }

    /// The lines of an order.
    pub(crate) fn lines_of_order(&self, id: OrderId) -> Records<'static> {
        let count = self.orders.get(id).map_or(0, |order| order.lines.len());
        Records::list(
            (0..count)
                .map(|place| (line_number(id, place), Node::LineItem(id, place)))
                .collect(),
        )
    }

    /// What the order is shipped by.
    pub(crate) fn shipping_lines_of_order(&self, id: OrderId) -> Records<'static> {
        let order = self.orders.get(id);
        let lines = order.into_iter().flat_map(|order| {
            order.shipping_lines.iter().map(|line| {
                let price = money_bag(line.price, order);
                Record {
                    typename: "ShippingLine",
                    fields: vec![
                        ("title", Out::text(line.title.clone())),
                        ("code", line.code.clone().map_or(Out::Null, Out::text)),
                        ("source", line.source.clone().map_or(Out::Null, Out::text)),
                        ("originalPriceSet", price),
                    ],
                }
            })
        });
        Records::list(
            lines
                .zip(0..)
                .map(|(line, number)| (number, Node::Record(line.into())))
                .collect(),
        )
    }

    /// The fulfilment orders of an order.
    pub(crate) fn parts_of_order(&self, id: OrderId) -> Records<'static> {
        let parts = self.orders.fulfillment_orders_of(id);
        Records::list(
            parts
                .map(|(index, _)| {
                    let number = Kind::FulfillmentOrder.number(index);
                    (number, Node::FulfillmentOrder(index))
                })
                .collect(),
        )
    }

    /// The lines of a fulfilment order.
    pub(crate) fn lines_of_part(&self, index: usize) -> Records<'static> {
        let part = self.orders.fulfillment_orders.get(index);
        let count = part.map_or(0, |part| part.lines.len());
        Records::list(
            (0..count)
                .map(|place| {
                    let number = Kind::FulfillmentOrderLineItem.number(index * LINES + place);
                    (number, Node::FulfillmentOrderLine(index, place))
                })
                .collect(),
        )
    }
}

/// The place of the line of this fulfilment order that a global id names.
pub(super) fn line_of_part(index: usize, id: &str) -> Option<usize> {
    let kind = Kind::FulfillmentOrderLineItem;
    let place = crate::shopify::ids::Gid::place(id, kind)?;
    place
        .checked_sub(index * LINES)
        .filter(|place| *place < LINES)
}

fn line_number(order: OrderId, place: usize) -> u64 {
    Kind::LineItem.number(order.index() * LINES + place)
}

fn money_bag(price: Price, order: &OrderRecord) -> Out<'static> {
    let money = |amount, currency: &str| {
        let amount = Out::text(money::text(amount, currency));
        let fields = vec![
            ("amount", amount),
            ("currencyCode", Out::text(currency.to_owned())),
        ];
        Record::out("MoneyV2", fields)
    };
    let seen = money(price.presentment, &order.presentment_currency);
    let fields = vec![
        ("shopMoney", money(price.shop, &order.currency)),
        ("presentmentMoney", seen),
    ];
    Record::out("MoneyBag", fields)
}

fn attributes(pairs: &[(String, String)]) -> Out<'static> {
    let one = |(key, value): &(String, String)| {
        Record::out(
            "Attribute",
            vec![
                ("key", Out::text(key.clone())),
                ("value", Out::text(value.clone())),
            ],
        )
    };
    Out::List(pairs.iter().map(one).collect())
}

fn address_out(address: &Address, order: OrderId, place: usize) -> Out<'static> {
    let own = |text: &Option<String>| text.clone().map_or(Out::Null, Out::text);
    let names = [&address.first_name, &address.last_name];
    let names: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
    let number = Kind::MailingAddress.number(order.index() * 2 + place);
    Record::out(
        "MailingAddress",
        vec![
            ("id", Out::Gid(Kind::MailingAddress, number)),
            ("address1", own(&address.address1)),
            ("address2", own(&address.address2)),
            ("city", own(&address.city)),
            ("company", own(&address.company)),
            ("countryCodeV2", own(&address.country_code)),
            ("firstName", own(&address.first_name)),
            ("lastName", own(&address.last_name)),
            ("name", own(&(!names.is_empty()).then(|| names.join(" ")))),
            ("phone", own(&address.phone)),
            ("provinceCode", own(&address.province_code)),
            ("zip", own(&address.zip)),
        ],
    )
}

fn order_metafield(id: OrderId, order: &OrderRecord, field: &Field) -> Out<'static> {
    let namespace = field.text("namespace").unwrap_or("custom");
    let key = field.text("key").unwrap_or_default();
    let Some((place, held)) = order.metafield(namespace, key) else {
        return Out::Null;
    };
    // Those of variants are numbered from the beginning.
    let number = Kind::Metafield.number((1 << 32) + id.index() * LINES + place);
    Record::out(
        "Metafield",
        vec![
            ("id", Out::Gid(Kind::Metafield, number)),
            ("namespace", Out::text(held.namespace.clone())),
            ("key", Out::text(held.key.clone())),
            ("type", Out::text(held.kind.clone())),
            ("value", Out::text(held.value.clone())),
            ("createdAt", Out::Time(seconds(order.created_at))),
            ("updatedAt", Out::Time(seconds(order.created_at))),
        ],
    )
}
