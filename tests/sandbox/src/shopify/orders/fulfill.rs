//! `fulfillmentOrderMove`: units go to another location, and with them what is committed.
//! Source: <https://shopify.dev/docs/api/admin-graphql/latest/mutations/fulfillmentOrderMove>.

use serde_json::Value;

use super::fields::line_of_part;
use super::{FulfillmentOrder, FulfillmentOrderLine, FulfillmentStatus, OrderId};
use crate::shopify::Shop;
use crate::shopify::mutations::Answer;
use crate::shopify::node::{Node, Out, Record, Refusal};
use crate::shopify::plan::Field;
use crate::shopify::store::{LocationId, VariantId, seconds};
use crate::wire::Millis;

/// Units of a line of a fulfilment order, by the place of the line in it.
type Part = (usize, i32);

impl Shop {
    /// `fulfillmentOrderMove`
    pub(crate) fn move_fulfillment_order(&mut self, field: &Field, now: Millis) -> Answer {
        let scope = "write_merchant_managed_fulfillment_orders";
        self.has_scope(scope, &field.name)?;
        let id = field.text("id").unwrap_or_default();
        let index = self
            .orders
            .fulfillment_order_by_gid(id)
            .ok_or_else(|| Refusal::invalid_id(id))?;
        let to = self.location(field.text("newLocationId").unwrap_or_default());
        let Some(to) = to.filter(|location| self.location_is_active(*location)) else {
            return Ok(refused(&["id"], "Location not found.", ""));
        };
        let asked = field.args.get("fulfillmentOrderLineItems");
        let parts = match asked.and_then(Value::as_array) {
            Some(asked) => self.asked_parts(index, asked),
            None => self.remaining_parts(index),
        };
        let Some(part) = self.orders.fulfillment_orders.get(index) else {
            return Err(Refusal::invalid_id(id));
        };
        if part.progress {
            let message = "Cannot move a fulfillment order that has had progress reported. To move a fulfillment order \
                           that has had progress reported, the fulfillment order must first be marked as open resolving \
                           the ongoing progress state.";
            let code = "CANNOT_MOVE_FULFILLMENT_ORDER_WITH_REPORTED_PROGRESS";
            return Ok(refused(&["id"], message, code));
        }
        let Some(parts) = parts.filter(|parts| !parts.is_empty()) else {
            return Ok(refused(&[], "Cannot change location.", ""));
        };
        if part.status == FulfillmentStatus::Closed {
            return Ok(refused(&[], "Cannot change location.", ""));
        }
        let stocked = parts.iter().all(|(place, _)| {
            let line = part.lines.get(*place);
            let variant = line.and_then(|line| self.variant_of(part.order, line.line));
            variant.is_none_or(|variant| !self.is_tracked(variant) || self.stocks(to, variant))
        });
        if !stocked {
            // The wording is ours: that the items have to be stocked there is documented.
            let message = "The new location does not stock all of the items.";
            return Ok(refused(&["newLocationId"], message, ""));
        }
        let (moved, remaining) = self.move_parts(index, &parts, to, now);
        let moved_out = Out::Node(Node::FulfillmentOrder(moved));
        Ok(Record::out(
            "FulfillmentOrderMovePayload",
            vec![
                ("movedFulfillmentOrder", moved_out),
                (
                    "originalFulfillmentOrder",
                    Out::Node(Node::FulfillmentOrder(index)),
                ),
                (
                    "remainingFulfillmentOrder",
                    remaining.map(Node::FulfillmentOrder).into(),
                ),
                ("userErrors", Out::List(Vec::new())),
            ],
        ))
    }

    /// All that is not yet shipped.
    pub(super) fn remaining_parts(&self, index: usize) -> Option<Vec<Part>> {
        let part = self.orders.fulfillment_orders.get(index)?;
        let open = part.lines.iter().enumerate();
        Some(
            open.filter(|(_, line)| line.remaining > 0)
                .map(|(place, line)| (place, line.remaining))
                .collect(),
        )
    }

    /// The units that were asked for; `None` where a line is not of this fulfilment order, or
    /// has fewer left.
    fn asked_parts(&self, index: usize, asked: &[Value]) -> Option<Vec<Part>> {
        let part = self.orders.fulfillment_orders.get(index)?;
        asked
            .iter()
            .map(|one| {
                let place = line_of_part(index, one.get("id")?.as_str()?)?;
                let units = i32::try_from(one.get("quantity")?.as_i64()?).ok()?;
                let left = part.lines.get(place)?.remaining;
                (1..=left).contains(&units).then_some((place, units))
            })
            .collect()
    }

    /// Moves units, and gives the fulfilment order that has them now, and the one that has what
    /// is left behind.
    fn move_parts(
        &mut self,
        index: usize,
        parts: &[Part],
        to: LocationId,
        now: Millis,
    ) -> (usize, Option<usize>) {
        let whole = self
            .orders
            .fulfillment_orders
            .get(index)
            .is_some_and(|part| {
                let nothing_shipped = part.lines.iter().all(|line| line.total == line.remaining);
                let all = part.lines.iter().enumerate().all(|(place, line)| {
                    line.remaining == 0 || parts.contains(&(place, line.remaining))
                });
                nothing_shipped && all
            });
        let Some(part) = self.orders.fulfillment_orders.get_mut(index) else {
            return (index, None);
        };
        let (order, from) = (part.order, part.location);
        part.updated = seconds(now);
        let mut taken = Vec::new();
        if whole {
            part.location = to;
            taken.extend(part.lines.iter().cloned());
        } else {
            for (place, units) in parts {
                if let Some(line) = part.lines.get_mut(*place) {
                    taken.push(line.take(*units));
                }
            }
            if part.lines.iter().all(|line| line.remaining == 0) {
                part.status = FulfillmentStatus::Closed;
            }
        }
        let moved = if whole {
            index
        } else {
            self.orders.fulfillment_orders.push(FulfillmentOrder {
                order,
                location: to,
                status: FulfillmentStatus::Open,
                progress: false,
                created: seconds(now),
                updated: seconds(now),
                lines: taken.clone(),
            });
            self.orders.fulfillment_orders.len() - 1
        };
        if from != to {
            for line in &taken {
                if let Some(variant) = self.variant_of(order, line.line) {
                    self.shift(from, variant, line.claimed, -line.claimed, now);
                    self.shift(to, variant, -line.claimed, line.claimed, now);
                }
            }
        }
        self.touch_order(order, now);
        self.announce_move(moved, from, now);
        (moved, (!whole).then_some(index))
    }

    pub(super) fn variant_of(&self, order: OrderId, line: usize) -> Option<VariantId> {
        self.orders.get(order)?.lines.get(line)?.variant
    }

    fn is_tracked(&self, variant: VariantId) -> bool {
        self.store
            .variant(variant)
            .is_some_and(|record| record.tracked)
    }
}

impl FulfillmentOrderLine {
    /// Takes units off that are not yet shipped, committed ones last.
    pub(super) fn take(&mut self, units: i32) -> Self {
        let units = units.min(self.remaining);
        let unclaimed = self.remaining - self.claimed;
        let claimed = (units - unclaimed).max(0);
        self.total -= units;
        self.remaining -= units;
        self.claimed -= claimed;
        Self {
            line: self.line,
            total: units,
            remaining: units,
            claimed,
        }
    }
}

fn refused(field: &[&str], message: &str, code: &'static str) -> Out<'static> {
    let typename = "FulfillmentOrderMoveFulfillmentOrderMoveUserError";
    let error = Record::user_error(typename, field, message, code);
    Record::out(
        "FulfillmentOrderMovePayload",
        vec![
            ("movedFulfillmentOrder", Out::Null),
            ("originalFulfillmentOrder", Out::Null),
            ("remainingFulfillmentOrder", Out::Null),
            ("userErrors", Out::List(vec![error])),
        ],
    )
}
