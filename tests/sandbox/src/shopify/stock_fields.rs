//! The answers of inventory items, levels, shipments and transfers.

use super::Shop;
use super::fields::{Answer, level_gid};
use super::ids::{Gid, Kind};
use super::node::{Node, Out, Record, Refusal};
use super::plan::Field;
use super::store::{LocationId, ProductId, Stocked, VariantId, place};

impl Shop {
    pub(crate) fn item_field(&self, id: VariantId, field: &Field) -> Option<Out<'_>> {
        let item = self.store.variant(id)?;
        Some(match field.name.as_str() {
            "id" => Out::Gid(Kind::InventoryItem, id.item_number()),
            "legacyResourceId" => Out::Digits(id.item_number()),
            "sku" => item.sku.as_deref().map_or(Out::Null, Out::text),
            "tracked" => Out::Bool(item.tracked),
            "requiresShipping" => Out::Bool(true),
            "createdAt" => Out::Time(self.store.product(ProductId(item.product))?.created),
            "updatedAt" => Out::Time(item.item_updated),
            "variant" => Out::Node(Node::Variant(id)),
            "inventoryLevel" => {
                let index = Gid::place(field.text("locationId")?, Kind::Location);
                let location = index.map(|index| LocationId(place(index)));
                location
                    .and_then(|location| self.level(location, id, field))
                    .into()
            }
            _ => return None,
        })
    }

    pub(crate) fn level(
        &self,
        location: LocationId,
        variant: VariantId,
        field: &Field,
    ) -> Option<Node> {
        let level = self.store.level(location, variant)?;
        let shown = level.stocked == Stocked::Yes || field.flag("includeInactive");
        shown.then_some(Node::Level(location, variant))
    }

    pub(crate) fn level_field(
        &self,
        location: LocationId,
        variant: VariantId,
        field: &Field,
    ) -> Answer<'_> {
        let level = self
            .store
            .level(location, variant)
            .ok_or_else(Refusal::internal)?;
        Ok(match field.name.as_str() {
            "id" => Out::text(level_gid(location, variant)),
            "isActive" => Out::Bool(level.stocked == Stocked::Yes),
            "createdAt" => Out::Time(level.created),
            "updatedAt" => Out::Time(level.updated),
            "item" => Out::Node(Node::Item(variant)),
            "location" => Out::Node(Node::Location(location)),
            "quantities" => {
                let names = field.texts("names");
                let known: Vec<_> = names
                    .iter()
                    .filter_map(|name| quantity_name(name))
                    .collect();
                if known.len() < names.len() {
                    let known = QUANTITY_NAMES.join(", ");
                    let message = format!(
                        "The specified quantity name is invalid. Valid values are: {known}."
                    );
                    return Err(Refusal::bad_request(&message));
                }
                Out::nodes(
                    known
                        .into_iter()
                        .map(|name| Node::Quantity(location, variant, name)),
                )
            }
            _ => return Err(Refusal::internal()),
        })
    }

    pub(crate) fn quantity_field(
        &self,
        location: LocationId,
        variant: VariantId,
        name: &'static str,
        field: &Field,
    ) -> Option<Out<'_>> {
        Some(match field.name.as_str() {
            "id" => {
                let number = Kind::InventoryLevel.number(location.index());
                let item = variant.item_number();
                Out::text(format!(
                    "gid://shopify/InventoryQuantity/{number}?inventory_item_id={item}&name={name}"
                ))
            }
            "name" => Out::text(name),
            "quantity" => Out::Int(i64::from(self.store.quantity(location, variant, name)?)),
            // Recorded: available says when it changed, on hand never, the others from the first
            // change on. No change of committed is recorded.
            "updatedAt" if name == "committed" && !self.options.orders.committed_time => Out::Null,
            "updatedAt" => self
                .store
                .quantity_changed(location, variant, name)
                .map_or(Out::Null, Out::Time),
            _ => return None,
        })
    }

    pub(crate) fn shipment_field(&self, index: usize, field: &Field) -> Option<Out<'_>> {
        let shipment = self.shipping.shipment(index)?;
        Some(match field.name.as_str() {
            "id" => Out::Gid(Kind::InventoryShipment, shipment.number()),
            "name" => Out::text(format!("#T{:04}-1", index + 1)),
            "status" => Out::text(shipment.status.name()),
            "dateCreated" | "dateShipped" => Out::Time(shipment.created),
            "dateReceived" => shipment.received_at.into(),
            "lineItemTotalQuantity" => Out::Int(shipment.units()),
            "totalAcceptedQuantity" | "totalReceivedQuantity" => Out::Int(shipment.accepted()),
            "totalRejectedQuantity" => Out::Int(0),
            "tracking" => Record::out(
                "InventoryShipmentTracking",
                vec![
                    ("arrivesAt", shipment.arrives.into()),
                    ("company", Out::Null),
                    ("trackingNumber", Out::Null),
                    ("trackingUrl", Out::Null),
                ],
            ),
            _ => return None,
        })
    }

    pub(crate) fn shipment_line_field(
        &self,
        shipment: usize,
        index: usize,
        field: &Field,
    ) -> Option<Out<'_>> {
        let line = self.shipping.line(shipment, index)?;
        Some(match field.name.as_str() {
            "id" => Out::Gid(
                Kind::InventoryShipmentLineItem,
                Kind::InventoryShipmentLineItem.number(shipment * 1000 + index),
            ),
            "quantity" => Out::Int(i64::from(line.units)),
            "acceptedQuantity" => Out::Int(i64::from(line.accepted)),
            "rejectedQuantity" => Out::Int(0),
            "unreceivedQuantity" => Out::Int(i64::from(line.units - line.accepted)),
            "inventoryItem" => self
                .store
                .variant(line.variant)
                .map(|_| Node::Item(line.variant))
                .into(),
            _ => return None,
        })
    }

    pub(crate) fn transfer_field(&self, index: usize, field: &Field) -> Option<Out<'_>> {
        let transfer = self.shipping.transfer(index)?;
        let shipment = self.shipping.shipment(transfer.shipment)?;
        Some(match field.name.as_str() {
            "id" => Out::Gid(Kind::InventoryTransfer, transfer.number()),
            "name" => Out::text(format!("#T{:04}", index + 1)),
            "status" => Out::text(transfer.status()),
            "dateCreated" => Out::Time(transfer.created),
            "tags" => Out::List(Vec::new()),
            "totalQuantity" => Out::Int(shipment.units()),
            "receivedQuantity" => Out::Int(shipment.accepted()),
            "origin" => Out::Null,
            "destination" => {
                let location = transfer.destination;
                let name = self.store.location(location)?.name.clone();
                Record::out(
                    "LocationSnapshot",
                    vec![
                        ("location", Out::Node(Node::Location(location))),
                        ("name", Out::text(name)),
                        ("snapshottedAt", Out::Time(transfer.created)),
                    ],
                )
            }
            _ => return None,
        })
    }
}

/// The names of quantities that `quantities(names:)` takes.
const QUANTITY_NAMES: [&str; 8] = [
    "available",
    "committed",
    "damaged",
    "incoming",
    "on_hand",
    "quality_control",
    "reserved",
    "safety_stock",
];

fn quantity_name(name: &str) -> Option<&'static str> {
    QUANTITY_NAMES.into_iter().find(|known| *known == name)
}
