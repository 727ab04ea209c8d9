//! Units in transit: shipments of inventory transfers, with their day of arrival.
//!
//! The seed says that Shopify does not tell of incoming units; since API 2025-10 it does
//! (<https://shopify.dev/docs/api/admin-graphql/latest/objects/InventoryShipment>).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::changes::Item;
use super::client::Shopify;
use super::locations::PageInfo;
use super::operations::{SHIPMENT, TRANSFERS};
use crate::core::availability::Incoming;
use crate::core::id::Id;
use crate::core::time::{day, parse_rfc3339};
use crate::halt::Halt;

/// Lines of shipments that are read; more are left out, and a finding says so.
pub const LINES_MAX: usize = 20_000;

/// What is in transit, by inventory item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// By inventory item.
    pub items: BTreeMap<u64, InTransit>,
    /// There is more than was read: over [`LINES_MAX`] lines, or ten shipments of one transfer.
    #[serde(default)]
    pub cut: bool,
}

/// What is in transit of one inventory item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InTransit {
    /// The style.
    pub product: Id,
    /// Destination, units, and the day of arrival where it is known.
    pub arrivals: Vec<(Id, i64, Option<String>)>,
}

impl Snapshot {
    /// What arrives of an item at a location. A day before `today` tells that the shipment is
    /// late, not when it comes, so its units are shown and not published.
    pub fn at(&self, item: Id, location: Id, today: &str) -> Vec<Incoming> {
        let arrivals = self.items.get(&item.0).map_or(&[][..], |i| &i.arrivals);
        arrivals
            .iter()
            .filter(|(to, _, _)| *to == location)
            .map(|(_, units, arrives)| Incoming {
                units: *units,
                arrives: arrives.clone().filter(|day| day.as_str() >= today),
            })
            .collect()
    }

    /// The styles whose arrivals differ.
    pub fn changed_since(&self, before: &Self) -> BTreeSet<Id> {
        let differs = |a: &Self, b: &Self| {
            let changed = a
                .items
                .iter()
                .filter(|(item, seen)| b.items.get(item) != Some(seen));
            changed
                .map(|(_, seen)| seen.product)
                .collect::<BTreeSet<_>>()
        };
        differs(self, before)
            .into_iter()
            .chain(differs(before, self))
            .collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<T> {
    nodes: Vec<T>,
    page_info: PageInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransfersAnswer {
    inventory_transfers: Page<Transfer>,
}

#[derive(Deserialize)]
struct Transfer {
    destination: Option<Destination>,
    shipments: Page<ShipmentHead>,
}

#[derive(Deserialize)]
struct Destination {
    location: Option<LocationNode>,
}

#[derive(Deserialize)]
struct LocationNode {
    id: Id,
}

#[derive(Deserialize)]
struct ShipmentHead {
    id: String,
    status: String,
    tracking: Option<Tracking>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tracking {
    arrives_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShipmentAnswer {
    inventory_shipment: Option<Shipment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shipment {
    line_items: Option<Page<LineItem>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LineItem {
    unreceived_quantity: i64,
    inventory_item: Option<ShippedItem>,
}

#[derive(Deserialize)]
struct ShippedItem {
    id: Id,
    #[serde(flatten)]
    item: Item,
}

/// Reads all that is in transit to any of `locations`.
///
/// # Errors
/// As [`Shopify::query`].
pub async fn read(shopify: &Shopify, locations: &[Id]) -> Result<Snapshot, Halt> {
    let mut snapshot = Snapshot::default();
    let (mut after, mut lines) = (None::<String>, 0);
    loop {
        let page: TransfersAnswer = shopify.query(&TRANSFERS, json!({ "after": after })).await?;
        for transfer in page.inventory_transfers.nodes {
            let to = transfer.destination.and_then(|d| d.location).map(|l| l.id);
            let Some(to) = to.filter(|id| locations.contains(id)) else {
                continue;
            };
            snapshot.cut |= transfer.shipments.page_info.has_more();
            let on_its_way = |s: &&ShipmentHead| {
                matches!(s.status.as_str(), "IN_TRANSIT" | "PARTIALLY_RECEIVED")
            };
            for head in transfer.shipments.nodes.iter().filter(on_its_way) {
                lines += read_shipment(shopify, head, to, &mut snapshot).await?;
                if lines > LINES_MAX {
                    snapshot.cut = true;
                    return Ok(snapshot);
                }
            }
        }
        after = page.inventory_transfers.page_info.next(after.as_deref())?;
        if after.is_none() {
            return Ok(snapshot);
        }
    }
}

async fn read_shipment(
    shopify: &Shopify,
    head: &ShipmentHead,
    to: Id,
    snapshot: &mut Snapshot,
) -> Result<usize, Halt> {
    let arrives_at = head.tracking.as_ref().and_then(|t| t.arrives_at.as_deref());
    let arrives = arrives_at.and_then(parse_rfc3339).map(day);
    let (mut after, mut lines) = (None::<String>, 0);
    loop {
        let variables = json!({ "id": head.id, "after": after });
        let answer: ShipmentAnswer = shopify.query(&SHIPMENT, variables).await?;
        let Some(page) = answer.inventory_shipment.and_then(|s| s.line_items) else {
            return Ok(lines);
        };
        for line in page.nodes {
            lines += 1;
            let Some(shipped) = line.inventory_item else {
                continue;
            };
            let Some(product) = shipped.item.product() else {
                continue;
            };
            let entry = snapshot
                .items
                .entry(shipped.id.0)
                .or_insert_with(|| InTransit {
                    product,
                    arrivals: Vec::new(),
                });
            entry
                .arrivals
                .push((to, line.unreceived_quantity.max(0), arrives.clone()));
        }
        after = page.page_info.next(after.as_deref())?;
        if after.is_none() || lines > LINES_MAX {
            return Ok(lines);
        }
    }
}
