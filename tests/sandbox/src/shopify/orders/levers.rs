//! What people do with orders in the Shopify admin, and what subscribers are told.

use serde_json::json;

use super::cancel::Cancelled;
use super::input::CustomerAttributes;
use super::{CustomerId, Fulfillment, FulfillmentStatus, OrderId};
use crate::shopify::Shop;
use crate::shopify::ids::Kind;
use crate::shopify::store::{LocationId, VariantId, bounded, seconds};
use crate::shopify::time;
use crate::wire::Millis;

/// How a parcel can be followed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tracking {
    /// The carrier: `DHL Express`.
    pub company: Option<String>,
    /// One number for each parcel; none where the carrier gives none.
    pub numbers: Vec<String>,
    /// A page about the parcel.
    pub url: Option<String>,
}

impl Tracking {
    /// One parcel of a carrier.
    pub fn new(company: &str, number: &str) -> Self {
        Self {
            company: Some(company.to_owned()),
            numbers: vec![number.to_owned()],
            url: None,
        }
    }
}

impl Shop {
    /// Adds a customer, or finds the one with this email.
    pub fn add_customer(
        &mut self,
        email: &str,
        first_name: &str,
        last_name: &str,
        now: Millis,
    ) -> CustomerId {
        let attributes = CustomerAttributes {
            first_name: Some(first_name.to_owned()),
            last_name: Some(last_name.to_owned()),
            ..CustomerAttributes::default()
        };
        self.changed += 1;
        self.upsert_customer(&attributes, Some(email), now)
    }

    /// Which locations orders are assigned to first. Those that are not named follow in the
    /// order in which they were added.
    pub fn set_routing(&mut self, locations: &[LocationId]) {
        self.orders.routing = locations.to_vec();
    }

    /// Refuses addresses in a country (`FR`) from now on, as a shop does that knows better.
    pub fn refuse_country(&mut self, country: &str) {
        self.orders.refused.insert((country.to_owned(), None));
    }

    /// Refuses addresses in a province (`US`, `ZZ`) from now on.
    pub fn refuse_province(&mut self, country: &str, province: &str) {
        let place = (country.to_owned(), Some(province.to_owned()));
        self.orders.refused.insert(place);
    }

    /// Takes all addresses again.
    pub fn accept_addresses(&mut self) {
        self.orders.refused.clear();
    }

    /// Puts a tag on an order: a change that concerns nobody, and bumps its `updatedAt`.
    pub fn tag_order(&mut self, order: OrderId, tag: &str, now: Millis) {
        if let Some(record) = self.orders.orders.get_mut(order.index()) {
            record.tags.push(tag.to_owned());
            record.tags.sort();
            record.tags.dedup();
            self.touch_order(order, now);
        }
    }

    /// Says that work on all open parts of an order has begun: they stay where they are.
    pub fn report_progress(&mut self, order: OrderId, now: Millis) {
        for part in &mut self.orders.fulfillment_orders {
            if part.order == order && part.status != FulfillmentStatus::Closed {
                part.progress = true;
                part.status = FulfillmentStatus::InProgress;
                part.updated = seconds(now);
            }
        }
        self.touch_order(order, now);
    }

    /// Ships all that is not yet shipped, in one parcel for each location. What is committed
    /// leaves the house. Units that were never claimed leave no trace in the stock.
    pub fn fulfill_order(&mut self, order: OrderId, tracking: &Tracking, now: Millis) {
        self.ship(order, None, tracking, now);
    }

    /// Ships some units of some variants, as far as they are not yet shipped.
    pub fn fulfill_units(
        &mut self,
        order: OrderId,
        units: &[(VariantId, i64)],
        tracking: &Tracking,
        now: Millis,
    ) {
        self.ship(order, Some(units.to_vec()), tracking, now);
    }

    fn ship(
        &mut self,
        order: OrderId,
        mut wanted: Option<Vec<(VariantId, i64)>>,
        tracking: &Tracking,
        now: Millis,
    ) {
        let parts: Vec<usize> = self
            .orders
            .fulfillment_orders_of(order)
            .map(|(index, _)| index)
            .collect();
        let mut shipped = false;
        for index in parts {
            let mut left = Vec::new();
            let mut units = 0;
            for (place, remaining) in self.remaining_parts(index).unwrap_or_default() {
                let here = self.wanted_here(order, index, place, remaining, wanted.as_mut());
                let Some(line) = self
                    .orders
                    .fulfillment_orders
                    .get_mut(index)
                    .and_then(|part| part.lines.get_mut(place))
                    .filter(|_| here > 0)
                else {
                    continue;
                };
                let claimed = here.min(line.claimed);
                line.remaining -= here;
                line.claimed -= claimed;
                units += i64::from(here);
                left.push((line.line, claimed));
            }
            let Some(part) = self
                .orders
                .fulfillment_orders
                .get_mut(index)
                .filter(|_| units > 0)
            else {
                continue;
            };
            let open = part.lines.iter().any(|line| line.remaining > 0);
            part.status = if open {
                FulfillmentStatus::InProgress
            } else {
                FulfillmentStatus::Closed
            };
            part.updated = seconds(now);
            let location = part.location;
            for (line, claimed) in left {
                if let Some(variant) = self.variant_of(order, line) {
                    self.shift(location, variant, 0, -claimed, now);
                }
            }
            self.orders.fulfillments.push(Fulfillment {
                order,
                location,
                units,
                tracking: tracking.clone(),
                created: seconds(now),
            });
            self.announce_parcel(self.orders.fulfillments.len() - 1, now);
            shipped = true;
        }
        if shipped {
            self.touch_order(order, now);
            let topic = match self.orders.status(order) {
                "FULFILLED" => "ORDERS_FULFILLED",
                _ => "ORDERS_PARTIALLY_FULFILLED",
            };
            self.announce_order(topic, order, now);
        }
    }

    /// How many of the remaining units of a line are to leave.
    fn wanted_here(
        &self,
        order: OrderId,
        part: usize,
        place: usize,
        remaining: i32,
        wanted: Option<&mut Vec<(VariantId, i64)>>,
    ) -> i32 {
        let Some(wanted) = wanted else {
            return remaining;
        };
        let variant = self
            .orders
            .fulfillment_orders
            .get(part)
            .and_then(|part| part.lines.get(place))
            .and_then(|line| self.variant_of(order, line.line));
        let mut here = 0;
        for (other, units) in wanted {
            if Some(*other) == variant {
                let some = (*units).clamp(0, i64::from(remaining - here));
                *units -= some;
                here += bounded(some);
            }
        }
        here
    }

    /// Cancels an order at once, as the staff does. One that is cancelled or has been shipped in
    /// part stays as it is.
    pub fn cancel_order(&mut self, order: OrderId, restock: bool, now: Millis) {
        let live = self
            .orders
            .get(order)
            .is_some_and(|record| record.cancelled.is_none());
        if live && self.orders.fulfillments_of(order).next().is_none() {
            let cancelled = Cancelled {
                at: seconds(now),
                reason: "STAFF".to_owned(),
                staff_note: None,
            };
            self.apply_cancellation(order, restock, cancelled, now);
        }
    }

    /// Bumps `updatedAt` and tells the subscribers.
    pub(super) fn touch_order(&mut self, order: OrderId, now: Millis) {
        if let Some(record) = self.orders.orders.get_mut(order.index()) {
            record.touched.push(now);
            self.changed += 1;
            self.announce_order("ORDERS_UPDATED", order, now);
        }
    }

    pub(super) fn announce_order(&mut self, topic: &str, id: OrderId, now: Millis) {
        let Some(order) = self.orders.get(id) else {
            return;
        };
        let status = match self.orders.status(id) {
            "FULFILLED" => Some("fulfilled"),
            "PARTIALLY_FULFILLED" => Some("partial"),
            _ => None,
        };
        let body = json!({
            "id": id.number(),
            "admin_graphql_api_id": id.gid(),
            "name": order.name,
            "note": order.note,
            "tags": order.tags.join(", "),
            "po_number": order.po_number,
            "source_identifier": order.source_identifier,
            "created_at": time::text(seconds(order.created_at)),
            "updated_at": time::text(seconds(now)),
            "cancelled_at": order.cancelled.as_ref().map(|cancelled| time::text(cancelled.at)),
            "fulfillment_status": status,
        });
        self.announce(topic, now, || body);
    }

    fn announce_parcel(&mut self, index: usize, now: Millis) {
        let Some(parcel) = self.orders.fulfillments.get(index) else {
            return;
        };
        let body = json!({
            "id": Kind::Fulfillment.number(index),
            "admin_graphql_api_id": Kind::Fulfillment.gid(index),
            "order_id": parcel.order.number(),
            "location_id": parcel.location.number(),
            "status": "success",
            "tracking_company": parcel.tracking.company,
            "tracking_numbers": parcel.tracking.numbers,
            "created_at": time::text(parcel.created),
        });
        self.announce("FULFILLMENTS_CREATE", now, || body);
    }

    pub(super) fn announce_move(&mut self, moved: usize, from: LocationId, now: Millis) {
        let body = json!({
            "moved_fulfillment_order": { "id": Kind::FulfillmentOrder.gid(moved) },
            "source_location": { "id": from.gid() },
        });
        self.announce("FULFILLMENT_ORDERS_MOVED", now, || body);
    }
}
