//! `orderCancel`, and the job that does it.

use super::{FulfillmentStatus, OrderId};
use crate::shopify::Shop;
use crate::shopify::mutations::Answer;
use crate::shopify::node::{Node, Out, Record};
use crate::shopify::plan::Field;
use crate::shopify::store::{Seconds, seconds};
use crate::wire::Millis;

/// The most that a note for the staff may hold, in characters.
/// Source: the schema's description of the argument.
const NOTE_MAX: usize = 255;

/// How an order was cancelled.
#[derive(Clone, Debug)]
pub(super) struct Cancelled {
    pub(super) at: Seconds,
    pub(super) reason: String,
    pub(super) staff_note: Option<String>,
}

/// A cancellation under way, or done.
#[derive(Clone, Debug)]
pub(super) struct Job {
    order: OrderId,
    restock: bool,
    reason: String,
    staff_note: Option<String>,
    due: Millis,
    done: bool,
}

impl Shop {
    /// `orderCancel`. While the job of an earlier request is under way, another gives that job.
    pub(crate) fn cancel(&mut self, field: &Field, now: Millis) -> Answer {
        self.has_scope("write_orders", &field.name)?;
        let id = field.text("orderId").unwrap_or_default();
        let staff_note = field.text("staffNote").map(str::to_owned);
        let restock = field.flag("restock");
        // Messages are not recorded, save for the first, which another project reports.
        let Some(order) = self.orders.by_gid(id) else {
            return Ok(refused("orderId", "Order does not exist", "NOT_FOUND"));
        };
        if let Some(why) = self.cannot_be_cancelled(order, restock) {
            return Ok(refused("orderId", why, "INVALID"));
        }
        if staff_note
            .as_ref()
            .is_some_and(|note| note.chars().count() > NOTE_MAX)
        {
            let message = "Staff note is too long (maximum is 255 characters)";
            return Ok(refused("staffNote", message, "INVALID"));
        }
        let running = self
            .orders
            .jobs
            .iter()
            .position(|job| job.order == order && !job.done);
        let index = running.unwrap_or(self.orders.jobs.len());
        if running.is_none() {
            self.orders.jobs.push(Job {
                order,
                restock,
                reason: field.text("reason").unwrap_or("OTHER").to_owned(),
                staff_note,
                due: now.saturating_add(self.options.orders.cancel_ms),
                done: false,
            });
            self.changed += 1;
            self.finish_jobs(now);
        }
        Ok(Record::out(
            "OrderCancelPayload",
            vec![
                ("job", Out::Node(Node::Job(index))),
                ("orderCancelUserErrors", Out::List(Vec::new())),
                ("userErrors", Out::List(Vec::new())),
            ],
        ))
    }

    fn cannot_be_cancelled(&self, id: OrderId, restock: bool) -> Option<&'static str> {
        let order = self.orders.get(id)?;
        let closed_location = || {
            self.orders
                .fulfillment_orders_of(id)
                .any(|(_, part)| !self.location_is_active(part.location))
        };
        if order.cancelled.is_some() {
            Some("Order has already been cancelled")
        } else if self.orders.fulfillments_of(id).next().is_some() {
            Some("Cannot cancel an order that has fulfillments")
        } else if restock && order.financial_status.as_deref() == Some("PAID") && closed_location()
        {
            Some("Cannot restock at a deactivated location")
        } else {
            None
        }
    }

    /// Does what is due of cancellations that were asked for, and shows what new orders claim. Every request does it before
    /// anything else; tests that ask nothing may.
    pub fn finish_jobs(&mut self, now: Millis) {
        self.show_claims(now);
        for index in 0..self.orders.jobs.len() {
            let Some(job) = self.orders.jobs.get_mut(index) else {
                continue;
            };
            if job.done || job.due > now {
                continue;
            }
            job.done = true;
            let job = job.clone();
            // It may have been shipped or cancelled since; the job then ends without effect.
            if self.cannot_be_cancelled(job.order, job.restock).is_none() {
                let cancelled = Cancelled {
                    at: seconds(job.due),
                    reason: job.reason,
                    staff_note: job.staff_note,
                };
                self.apply_cancellation(job.order, job.restock, cancelled, job.due);
            }
        }
    }

    /// Cancels an order now. What it still has committed becomes available again where it is,
    /// with `restock`. Without, it is no longer committed and does not come back: on hand falls
    /// by as much. So it is at a location that was closed since.
    pub(super) fn apply_cancellation(
        &mut self,
        id: OrderId,
        restock: bool,
        cancelled: Cancelled,
        now: Millis,
    ) {
        let mut released = Vec::new();
        let mut removed = Vec::new();
        for part in &mut self.orders.fulfillment_orders {
            if part.order != id {
                continue;
            }
            for line in &mut part.lines {
                released.push((part.location, line.line, line.claimed));
                removed.push((line.line, line.remaining));
                line.total -= line.remaining;
                line.remaining = 0;
                line.claimed = 0;
            }
            part.status = FulfillmentStatus::Closed;
            part.updated = seconds(now);
        }
        for (location, line, claimed) in released {
            if let Some(variant) = self.variant_of(id, line) {
                let back = restock && self.location_is_active(location);
                let available = if back { claimed } else { 0 };
                self.shift(location, variant, available, -claimed, now);
            }
        }
        if let Some(order) = self.orders.orders.get_mut(id.index()) {
            for (line, units) in removed {
                if let Some(line) = order.lines.get_mut(line) {
                    line.removed += units;
                }
            }
            order.cancelled = Some(cancelled);
        }
        self.touch_order(id, now);
        self.announce_order("ORDERS_CANCELLED", id, now);
    }

    /// The job that a global id names, if it exists.
    pub(crate) fn job_by_gid(&self, id: &str) -> Option<usize> {
        (0..self.orders.jobs.len()).find(|index| job_gid(*index) == id)
    }

    pub(crate) fn job_field(&self, index: usize, field: &Field) -> Option<Out<'_>> {
        let job = self.orders.jobs.get(index)?;
        Some(match field.name.as_str() {
            "id" => Out::text(job_gid(index)),
            "done" => Out::Bool(job.done),
            _ => return None,
        })
    }
}

/// Jobs have UUIDs.
fn job_gid(index: usize) -> String {
    format!("gid://shopify/Job/534492fb-5430-4026-ad4f-{index:012x}")
}

fn refused(name: &str, message: &str, code: &'static str) -> Out<'static> {
    let error = |typename, code| Record::user_error(typename, &[name], message, code);
    Record::out(
        "OrderCancelPayload",
        vec![
            ("job", Out::Null),
            (
                "orderCancelUserErrors",
                Out::List(vec![error("OrderCancelUserError", code)]),
            ),
            ("userErrors", Out::List(vec![error("UserError", "")])),
        ],
    )
}
