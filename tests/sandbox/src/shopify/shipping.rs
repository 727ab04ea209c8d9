//! Goods on their way between locations or from suppliers: shipments, and the transfers that
//! say where they go.

use super::Shop;
use super::ids::Kind;
use super::node::Node;
use super::store::{LocationId, Seconds, State, VariantId, bounded, seconds};
use crate::wire::Millis;

/// How far a shipment has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShipmentStatus {
    /// Under way.
    InTransit,
    /// All of it has arrived.
    Received,
}

impl ShipmentStatus {
    /// The name in the API.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::InTransit => "IN_TRANSIT",
            Self::Received => "RECEIVED",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Shipment {
    pub(crate) index: usize,
    pub(crate) status: ShipmentStatus,
    pub(crate) destination: LocationId,
    pub(crate) created: Seconds,
    pub(crate) received_at: Option<Seconds>,
    pub(crate) arrives: Option<Seconds>,
    pub(crate) lines: Vec<ShipmentLine>,
}

#[derive(Debug)]
pub(crate) struct ShipmentLine {
    pub(crate) variant: VariantId,
    pub(crate) units: i32,
    pub(crate) accepted: i32,
}

impl Shipment {
    pub(crate) fn number(&self) -> u64 {
        Kind::InventoryShipment.number(self.index)
    }

    pub(crate) fn units(&self) -> i64 {
        self.lines.iter().map(|line| i64::from(line.units)).sum()
    }

    pub(crate) fn accepted(&self) -> i64 {
        self.lines.iter().map(|line| i64::from(line.accepted)).sum()
    }
}

#[derive(Debug)]
pub(crate) struct Transfer {
    pub(crate) index: usize,
    pub(crate) destination: LocationId,
    pub(crate) created: Seconds,
    pub(crate) shipment: usize,
    received: bool,
}

impl Transfer {
    pub(crate) fn number(&self) -> u64 {
        Kind::InventoryTransfer.number(self.index)
    }

    /// The status in the API's spelling.
    pub(crate) fn status(&self) -> &'static str {
        if self.received {
            "TRANSFERRED"
        } else {
            "IN_PROGRESS"
        }
    }
}

/// All shipments and transfers. Each transfer has one shipment.
#[derive(Debug, Default)]
pub(crate) struct Shipping {
    shipments: Vec<Shipment>,
    transfers: Vec<Transfer>,
}

impl Shipping {
    pub(crate) fn shipment(&self, index: usize) -> Option<&Shipment> {
        self.shipments.get(index)
    }

    pub(crate) fn transfer(&self, index: usize) -> Option<&Transfer> {
        self.transfers.get(index)
    }

    pub(crate) fn line(&self, shipment: usize, line: usize) -> Option<&ShipmentLine> {
        self.shipments.get(shipment)?.lines.get(line)
    }

    /// The lines of a shipment, as nodes.
    pub(crate) fn lines(&self, shipment: usize) -> Vec<(u64, Node)> {
        let count = self
            .shipment(shipment)
            .map_or(0, |shipment| shipment.lines.len());
        (0..count)
            .map(|line| {
                let number = Kind::InventoryShipmentLineItem.number(line);
                (number, Node::ShipmentLine(shipment, line))
            })
            .collect()
    }

    /// The shipments of a transfer, as nodes.
    pub(crate) fn shipments_of(&self, transfer: usize) -> Vec<(u64, Node)> {
        self.transfer(transfer)
            .map(|transfer| transfer.shipment)
            .and_then(|index| Some((self.shipment(index)?.number(), Node::Shipment(index))))
            .into_iter()
            .collect()
    }

    pub(crate) fn shipments_where(&self, wanted: impl Fn(&Shipment) -> bool) -> Vec<(u64, Node)> {
        self.shipments
            .iter()
            .filter(|shipment| wanted(shipment))
            .map(|shipment| (shipment.number(), Node::Shipment(shipment.index)))
            .collect()
    }

    pub(crate) fn transfers_where(&self, wanted: impl Fn(&Transfer) -> bool) -> Vec<(u64, Node)> {
        self.transfers
            .iter()
            .filter(|transfer| wanted(transfer))
            .map(|transfer| (transfer.number(), Node::Transfer(transfer.index)))
            .collect()
    }
}

/// A shipment of this shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShipmentId(usize);

impl Shop {
    /// Sends goods on their way to a location: a transfer with one shipment in transit. The
    /// incoming quantities there rise. `arrives_at` is what the carrier says, if anything.
    pub fn ship_incoming(
        &mut self,
        lines: &[(VariantId, i64)],
        location: LocationId,
        arrives_at: Option<Millis>,
        now: Millis,
    ) -> ShipmentId {
        let index = self.shipping.shipments.len();
        let lines: Vec<ShipmentLine> = lines
            .iter()
            .map(|(variant, units)| ShipmentLine {
                variant: *variant,
                units: bounded(*units),
                accepted: 0,
            })
            .collect();
        for line in &lines {
            self.stock(location, line.variant, now);
            self.change_state(location, line.variant, State::Incoming, line.units, now);
        }
        self.shipping.transfers.push(Transfer {
            index: self.shipping.transfers.len(),
            destination: location,
            created: seconds(now),
            shipment: index,
            received: false,
        });
        self.shipping.shipments.push(Shipment {
            index,
            status: ShipmentStatus::InTransit,
            destination: location,
            created: seconds(now),
            received_at: None,
            arrives: arrives_at.map(seconds),
            lines,
        });
        ShipmentId(index)
    }

    /// The carrier says another time of arrival, or takes back what it said.
    pub fn set_arrival(&mut self, shipment: ShipmentId, arrives_at: Option<Millis>) {
        if let Some(record) = self.shipping.shipments.get_mut(shipment.0) {
            record.arrives = arrives_at.map(seconds);
            self.changed += 1;
        }
    }

    /// Takes in what is still under way of a shipment: incoming becomes available.
    pub fn receive(&mut self, shipment: ShipmentId, now: Millis) {
        let Some(record) = self.shipping.shipments.get_mut(shipment.0) else {
            return;
        };
        record.status = ShipmentStatus::Received;
        record.received_at = Some(seconds(now));
        let location = record.destination;
        let arrived: Vec<(VariantId, i32)> = record
            .lines
            .iter_mut()
            .map(|line| {
                let units = line.units - line.accepted;
                line.accepted = line.units;
                (line.variant, units)
            })
            .collect();
        for transfer in &mut self.shipping.transfers {
            transfer.received |= transfer.shipment == shipment.0;
        }
        for (variant, units) in arrived {
            self.change_state(location, variant, State::Incoming, -units, now);
            self.adjust(variant, location, i64::from(units), now);
        }
    }
}
