//! The mutations that change stock and locations. Messages and codes are those of recorded
//! answers, save where a comment says otherwise.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Shop;
use super::ids::{Gid, Kind};
use super::node::{Node, Out, Record, Refusal};
use super::plan::Field;
use super::store::{LocationId, QUANTITY_MAX, State, Stocked, VariantId, place, seconds};
use crate::wire::Millis;

type Answer = Result<Out<'static>, Refusal>;

/// Keys of `@idempotent` are kept for a day.
const KEY_MILLIS: Millis = 24 * 60 * 60 * 1000;

const REASONS: [&str; 17] = [
    "correction",
    "cycle_count_available",
    "damaged",
    "movement_canceled",
    "movement_created",
    "movement_received",
    "movement_updated",
    "other",
    "promotion",
    "quality_control",
    "received",
    "reservation_created",
    "reservation_deleted",
    "reservation_updated",
    "restock",
    "safety_stock",
    "shrinkage",
];

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

    fn set_quantities(&mut self, field: &Field, now: Millis) -> Answer {
        let input = Input::read(field, "quantities", "InventoryQuantityInput", "quantity")?;
        let mut errors = Vec::new();
        if !["available", "on_hand"].contains(&input.name.as_str()) {
            let message = "The quantity name must be either 'available' or 'on_hand'.";
            errors.push(error(
                &field.name,
                &["input", "name"],
                message,
                "INVALID_NAME",
            ));
        }
        self.judge(field, &input, &mut errors);
        for (line, place) in input.lines.iter().zip(0_usize..) {
            let pair = (&line.item, &line.location);
            if input
                .lines
                .iter()
                .filter(|other| (&other.item, &other.location) == pair)
                .count()
                > 1
            {
                let message = "The combination of inventoryItemId and locationId must be unique.";
                let code = "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR";
                errors.push(line_error(
                    field,
                    &input,
                    place,
                    "locationId",
                    message,
                    code,
                ));
            }
            if line.amount < 0 && input.name == "on_hand" {
                let message = "The quantity can't be negative.";
                errors.push(line_error(
                    field,
                    &input,
                    place,
                    "quantity",
                    message,
                    "INVALID_QUANTITY_NEGATIVE",
                ));
            }
        }
        if !errors.is_empty() {
            return Ok(refused(&field.name, errors));
        }
        let mut changes = Vec::new();
        for line in &input.lines {
            if let Some((location, variant)) = self.place_of(line) {
                let before = self
                    .store
                    .quantity(location, variant, &input.name)
                    .unwrap_or(0);
                let delta = line.amount - i64::from(before);
                self.adjust(variant, location, delta, now);
                changes.push(("available", delta, location, variant));
                changes.push(("on_hand", delta, location, variant));
            }
        }
        Ok(self.adjusted(field, &input, &changes, now))
    }

    fn adjust_quantities(&mut self, field: &Field, now: Millis) -> Answer {
        let input = Input::read(field, "changes", "InventoryChangeInput", "delta")?;
        let mut errors = Vec::new();
        let state = State::named(&input.name).filter(|state| *state != State::Committed);
        if state.is_none() && input.name != "available" {
            let message = "The specified quantity name is invalid. Valid values are: available, damaged, incoming, \
                           quality_control, reserved, safety_stock.";
            errors.push(error(
                &field.name,
                &["input", "name"],
                message,
                "INVALID_QUANTITY_NAME",
            ));
        }
        self.judge(field, &input, &mut errors);
        if !errors.is_empty() {
            return Ok(refused(&field.name, errors));
        }
        let mut changes = Vec::new();
        for line in &input.lines {
            let Some((location, variant)) = self.place_of(line) else {
                continue;
            };
            match state {
                None => {
                    self.adjust(variant, location, line.amount, now);
                    changes.push(("available", line.amount, location, variant));
                }
                Some(state) => {
                    let by = super::store::bounded(line.amount);
                    self.change_state(location, variant, state, by, now);
                    changes.push((state.name(), line.amount, location, variant));
                }
            }
            if state != Some(State::Incoming) {
                changes.push(("on_hand", line.amount, location, variant));
            }
        }
        Ok(self.adjusted(field, &input, &changes, now))
    }

    /// The judgements that setting and adjusting share.
    fn judge(&self, field: &Field, input: &Input, errors: &mut Vec<Out<'static>>) {
        if !REASONS.contains(&input.reason.as_str()) {
            let known = REASONS.join(", ");
            let message = format!("The specified reason is invalid. Valid values are: {known}.");
            errors.push(error(
                &field.name,
                &["input", "reason"],
                &message,
                "INVALID_REASON",
            ));
        }
        for (line, place) in input.lines.iter().zip(0_usize..) {
            let mut fault = |name: &'static str, message: &str, code: &'static str| {
                errors.push(line_error(field, input, place, name, message, code));
            };
            if line.amount > i64::from(QUANTITY_MAX) {
                fault(
                    input.amount,
                    "The quantity can't be higher than 1,000,000,000.",
                    "INVALID_QUANTITY_TOO_HIGH",
                );
            }
            if line.amount < -i64::from(QUANTITY_MAX) {
                fault(
                    input.amount,
                    "The quantity can't be lower than -1,000,000,000.",
                    "INVALID_QUANTITY_TOO_LOW",
                );
            }
            let variant = self.item(&line.item);
            let location = self.location(&line.location);
            if variant.is_none() {
                fault(
                    "inventoryItemId",
                    "The specified inventory item could not be found.",
                    "INVALID_INVENTORY_ITEM",
                );
            }
            if location.is_none() {
                fault(
                    "locationId",
                    "The specified location could not be found.",
                    "INVALID_LOCATION",
                );
            }
            let (Some(variant), Some(location)) = (variant, location) else {
                continue;
            };
            let before = self.store.quantity(location, variant, &input.name);
            if let (Some(expected), Some(before)) = (line.change_from, before)
                && expected != i64::from(before)
            {
                // The wording is ours: no stale answer is recorded.
                let message = "The changeFromQuantity value does not match the persisted value.";
                fault("changeFromQuantity", message, "CHANGE_FROM_QUANTITY_STALE");
            }
        }
    }

    fn place_of(&self, line: &Line) -> Option<(LocationId, VariantId)> {
        Some((self.location(&line.location)?, self.item(&line.item)?))
    }

    fn item(&self, id: &str) -> Option<VariantId> {
        let id = VariantId(place(Gid::place(id, Kind::InventoryItem)?));
        self.store.variant(id).map(|_| id)
    }

    fn location(&self, id: &str) -> Option<LocationId> {
        let id = LocationId(place(Gid::place(id, Kind::Location)?));
        self.store.location(id).map(|_| id)
    }

    fn adjusted(
        &mut self,
        field: &Field,
        input: &Input,
        changes: &[(&'static str, i64, LocationId, VariantId)],
        now: Millis,
    ) -> Out<'static> {
        self.adjustments += 1;
        let change =
            |(name, delta, location, variant): &(&'static str, i64, LocationId, VariantId)| {
                Record::out(
                    "InventoryChange",
                    vec![
                        ("name", Out::text(*name)),
                        ("delta", Out::Int(*delta)),
                        ("quantityAfterChange", Out::Null),
                        ("ledgerDocumentUri", Out::Null),
                        ("item", Out::Node(Node::Item(*variant))),
                        ("location", Out::Node(Node::Location(*location))),
                    ],
                )
            };
        let number = Kind::InventoryAdjustmentGroup.number(self.adjustments);
        let group = Record::out(
            "InventoryAdjustmentGroup",
            vec![
                ("id", Out::Gid(Kind::InventoryAdjustmentGroup, number)),
                ("createdAt", Out::Time(seconds(now))),
                ("reason", Out::text(input.reason.clone())),
                (
                    "referenceDocumentUri",
                    input.reference.clone().map_or(Out::Null, Out::text),
                ),
                ("changes", Out::List(changes.iter().map(change).collect())),
            ],
        );
        Record::out(
            payload_name(&field.name),
            vec![
                ("inventoryAdjustmentGroup", group),
                ("userErrors", Out::List(Vec::new())),
            ],
        )
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

/// The input of setting or adjusting quantities.
struct Input {
    name: String,
    reason: String,
    reference: Option<String>,
    /// The name of the list, and of the amount in each of its lines.
    list: &'static str,
    amount: &'static str,
    lines: Vec<Line>,
}

struct Line {
    item: String,
    location: String,
    amount: i64,
    change_from: Option<i64>,
}

impl Input {
    fn read(
        field: &Field,
        list: &'static str,
        typename: &str,
        amount: &'static str,
    ) -> Result<Self, Refusal> {
        let input = field.args.get("input").cloned().unwrap_or_default();
        let text =
            |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let mut lines = Vec::new();
        for line in input
            .get(list)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let Some(change_from) = line.get("changeFromQuantity") else {
                let message =
                    format!("{typename} must include the following argument: changeFromQuantity.");
                return Err(Refusal::invalid_arguments(message));
            };
            lines.push(Line {
                item: text(line, "inventoryItemId").unwrap_or_default(),
                location: text(line, "locationId").unwrap_or_default(),
                amount: line.get(amount).and_then(Value::as_i64).unwrap_or(0),
                change_from: change_from.as_i64(),
            });
        }
        Ok(Self {
            name: text(&input, "name").unwrap_or_default(),
            reason: text(&input, "reason").unwrap_or_default(),
            reference: text(&input, "referenceDocumentUri"),
            list,
            amount,
            lines,
        })
    }
}

fn payload_name(mutation: &str) -> &'static str {
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
fn refused(mutation: &str, errors: Vec<Out<'static>>) -> Out<'static> {
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

fn error(mutation: &str, field: &[&str], message: &str, code: &'static str) -> Out<'static> {
    Record::user_error(error_name(mutation), field, message, code)
}

fn line_error(
    field: &Field,
    input: &Input,
    place: usize,
    name: &'static str,
    message: &str,
    code: &'static str,
) -> Out<'static> {
    let place = place.to_string();
    error(
        &field.name,
        &["input", input.list, &place, name],
        message,
        code,
    )
}
