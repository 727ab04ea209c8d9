//! Setting and adjusting quantities. Messages and codes are those of recorded answers, save
//! where a comment says otherwise.

use serde_json::Value;

use super::Shop;
use super::ids::Kind;
use super::mutations::{Answer, error, payload_name, refused};
use super::node::{Node, Out, Record, Refusal};
use super::plan::Field;
use super::store::{LocationId, QUANTITY_MAX, State, VariantId, bounded, seconds};
use crate::wire::Millis;

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

impl Shop {
    pub(crate) fn set_quantities(&mut self, field: &Field, now: Millis) -> Answer {
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

    pub(crate) fn adjust_quantities(&mut self, field: &Field, now: Millis) -> Answer {
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
                    let by = bounded(line.amount);
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
