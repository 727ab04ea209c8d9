//! Mutations: which there are, their idempotency keys, and those that open and close levels and
//! locations.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Shop;
use super::ids::{Gid, Kind};
use super::node::{Node, Out, Record, Refusal};
use super::plan::Field;
use super::store::{LocationId, Stocked, VariantId, place};
use crate::wire::Millis;

pub(crate) type Answer = Result<Out<'static>, Refusal>;

/// Keys of `@idempotent` are kept for a day.
const KEY_MILLIS: Millis = 24 * 60 * 60 * 1000;

/// What was answered to each key of `@idempotent`.
#[derive(Debug, Default)]
pub(crate) struct Keys(BTreeMap<String, Kept>);

#[derive(Debug)]
struct Kept {
    call: String,
    at: Millis,
    answer: Out<'static>,
}

impl Shop {
    /// Runs a mutation.
    pub(crate) fn mutate(&mut self, field: &Field, now: Millis) -> Answer {
        match field.name.as_str() {
            "bulkOperationRunQuery" => self.run_bulk(field, now),
            "bulkOperationCancel" => self.cancel_bulk(field),
            "webhookSubscriptionCreate" => self.create_subscription(field, now),
            "webhookSubscriptionDelete" => self.delete_subscription(field),
            "inventorySetQuantities"
            | "inventoryAdjustQuantities"
            | "inventoryActivate"
            | "inventoryDeactivate" => {
                self.has_scope("write_inventory", &field.name)?;
                self.once(field, now)
            }
            "locationActivate" | "locationDeactivate" => {
                self.has_scope("write_locations", &field.name)?;
                self.once(field, now)
            }
            "orderCreate" => self.create_order(field, now),
            "orderCancel" => self.cancel(field, now),
            "fulfillmentOrderMove" => self.move_fulfillment_order(field, now),
            "metafieldDefinitionCreate" => self.create_definition(field),
            _ => Err(Refusal::internal()),
        }
    }

    /// Runs a mutation that needs an idempotency key, or repeats what it answered before.
    fn once(&mut self, field: &Field, now: Millis) -> Answer {
        let missing =
            "The @idempotent directive is required for this mutation but was not provided.";
        let key = field
            .idempotency_key
            .clone()
            .ok_or_else(|| Refusal::bad_request(missing))?;
        if key.trim().is_empty() {
            return Err(Refusal::bad_request(
                "The idempotency key must not be blank.",
            ));
        }
        self.keys
            .0
            .retain(|_, kept| now < kept.at.saturating_add(KEY_MILLIS));
        let call = format!("{} {}", field.name, Value::Object(field.args.clone()));
        if let Some(kept) = self.keys.0.get(&key) {
            if kept.call == call {
                return Ok(kept.answer.clone());
            }
            // The wording is ours: no such answer is recorded.
            let message = "The same idempotency key cannot be used with different parameters.";
            return Ok(refused(
                &field.name,
                vec![error(
                    &field.name,
                    &[],
                    message,
                    "IDEMPOTENCY_KEY_PARAMETER_MISMATCH",
                )],
            ));
        }
        let answer = match field.name.as_str() {
            "inventorySetQuantities" => self.set_quantities(field, now),
            "inventoryAdjustQuantities" => self.adjust_quantities(field, now),
            "inventoryActivate" => self.activate(field, now),
            "inventoryDeactivate" => self.deactivate(field, now),
            "locationActivate" => self.switch_location(field, true, now),
            _ => self.switch_location(field, false, now),
        }?;
        self.keys.0.insert(
            key,
            Kept {
                call,
                at: now,
                answer: answer.clone(),
            },
        );
        Ok(answer)
    }

    pub(crate) fn item(&self, id: &str) -> Option<VariantId> {
        let id = VariantId(place(Gid::place(id, Kind::InventoryItem)?));
        self.store.variant(id).map(|_| id)
    }

    pub(crate) fn location(&self, id: &str) -> Option<LocationId> {
        let id = LocationId(place(Gid::place(id, Kind::Location)?));
        self.store.location(id).map(|_| id)
    }

    fn activate(&mut self, field: &Field, now: Millis) -> Answer {
        let variant = self.item(field.text("inventoryItemId").unwrap_or_default());
        let location = self.location(field.text("locationId").unwrap_or_default());
        let (Some(variant), Some(location)) = (variant, location) else {
            let (name, message) = if variant.is_none() {
                (
                    "inventoryItemId",
                    "The specified inventory item could not be found.",
                )
            } else {
                ("locationId", "The specified location could not be found.")
            };
            return Ok(refused(
                &field.name,
                vec![error(&field.name, &[name], message, "")],
            ));
        };
        let fresh = self.store.level(location, variant).is_none();
        self.stock(location, variant, now);
        if let Some(units) = field.int("available").filter(|_| fresh) {
            self.set_available(variant, location, units, now);
        }
        Ok(Record::out(
            payload_name(&field.name),
            vec![
                ("inventoryLevel", Out::Node(Node::Level(location, variant))),
                ("userErrors", Out::List(Vec::new())),
            ],
        ))
    }

    fn deactivate(&mut self, field: &Field, now: Millis) -> Answer {
        let level = self.level_by_gid(field.text("inventoryLevelId").unwrap_or_default());
        let active = |(location, variant): &(LocationId, VariantId)| {
            self.store
                .level(*location, *variant)
                .is_some_and(|level| level.stocked == Stocked::Yes)
        };
        let mut errors = Vec::new();
        if let Some((location, variant)) = level.filter(active) {
            self.unstock(variant, location, now);
        } else {
            let message = "The specified inventory level could not be found.";
            errors.push(error(&field.name, &["inventoryLevelId"], message, ""));
        }
        Ok(refused(&field.name, errors))
    }

    fn switch_location(&mut self, field: &Field, active: bool, now: Millis) -> Answer {
        let location = self.location(field.text("locationId").unwrap_or_default());
        let mut errors = Vec::new();
        if let Some(location) = location {
            self.set_location_active(location, active, now);
        } else {
            let message = "Location not found.";
            errors.push(error(
                &field.name,
                &["locationId"],
                message,
                "LOCATION_NOT_FOUND",
            ));
        }
        let list = if active {
            "locationActivateUserErrors"
        } else {
            "locationDeactivateUserErrors"
        };
        Ok(Record::out(
            payload_name(&field.name),
            vec![
                ("location", location.map(Node::Location).into()),
                (list, Out::List(errors)),
            ],
        ))
    }

    fn set_location_active(&mut self, location: LocationId, active: bool, now: Millis) {
        if active {
            self.activate_location(location, now);
        } else {
            self.deactivate_location(location, now);
        }
    }
}

pub(crate) fn payload_name(mutation: &str) -> &'static str {
    match mutation {
        "inventorySetQuantities" => "InventorySetQuantitiesPayload",
        "inventoryAdjustQuantities" => "InventoryAdjustQuantitiesPayload",
        "inventoryActivate" => "InventoryActivatePayload",
        "inventoryDeactivate" => "InventoryDeactivatePayload",
        "locationActivate" => "LocationActivatePayload",
        _ => "LocationDeactivatePayload",
    }
}

fn error_name(mutation: &str) -> &'static str {
    match mutation {
        "inventorySetQuantities" => "InventorySetQuantitiesUserError",
        "inventoryAdjustQuantities" => "InventoryAdjustQuantitiesUserError",
        "locationActivate" => "LocationActivateUserError",
        "locationDeactivate" => "LocationDeactivateUserError",
        _ => "UserError",
    }
}

/// A payload with nothing but errors, or none.
pub(crate) fn refused(mutation: &str, errors: Vec<Out<'static>>) -> Out<'static> {
    let (result, list) = match mutation {
        "locationActivate" => ("location", "locationActivateUserErrors"),
        "locationDeactivate" => ("location", "locationDeactivateUserErrors"),
        "inventoryActivate" => ("inventoryLevel", "userErrors"),
        _ => ("inventoryAdjustmentGroup", "userErrors"),
    };
    Record::out(
        payload_name(mutation),
        vec![(result, Out::Null), (list, Out::List(errors))],
    )
}

pub(crate) fn error(
    mutation: &str,
    field: &[&str],
    message: &str,
    code: &'static str,
) -> Out<'static> {
    Record::user_error(error_name(mutation), field, message, code)
}
