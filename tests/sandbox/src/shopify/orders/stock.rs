//! Where an order's lines are claimed, and the units that move between available and committed.

use std::collections::BTreeMap;

use super::{Behaviour, OrderLine};
use crate::shopify::options::ClaimFrom;
use crate::shopify::store::{LocationId, State, Stocked, VariantId, bounded, seconds};
use crate::shopify::{Shop, WhenShort};
use crate::wire::Millis;

/// Units of a line that one location is to ship.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Assigned {
    pub(super) location: LocationId,
    pub(super) line: usize,
    pub(super) units: i32,
    /// Of them, those that are committed there.
    pub(super) claimed: i32,
}

/// Too few units are available for a line that obeys its policy.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Short;

/// Units of each level that lines of the same order have claimed already.
type Taken = BTreeMap<(LocationId, VariantId), i64>;

impl Shop {
    /// Which location ships which units of an order, and what it claims. An order of a shop
    /// without an open location is assigned nowhere.
    pub(super) fn assign(
        &self,
        lines: &[OrderLine],
        behaviour: Behaviour,
    ) -> Result<Vec<Assigned>, Short> {
        let mut taken = Taken::new();
        let mut assigned = Vec::new();
        for (place, line) in lines.iter().enumerate() {
            for (location, units, claimed) in self.assign_line(line, behaviour, &taken)? {
                if let Some(variant) = line.variant {
                    *taken.entry((location, variant)).or_default() += i64::from(claimed);
                }
                assigned.push(Assigned {
                    location,
                    line: place,
                    units,
                    claimed,
                });
            }
        }
        Ok(assigned)
    }

    fn assign_line(
        &self,
        line: &OrderLine,
        behaviour: Behaviour,
        taken: &Taken,
    ) -> Result<Vec<(LocationId, i32, i32)>, Short> {
        let open = self.routed();
        let Some(fallback) = open.first().copied() else {
            return Ok(Vec::new());
        };
        let units = line.quantity;
        let counted = line
            .variant
            .and_then(|id| self.store.variant(id).map(|record| (id, record)))
            .filter(|(_, record)| record.tracked);
        let Some((variant, record)) = counted else {
            let stocking = line.variant.and_then(|variant| {
                let mut stocking = open.iter().filter(|at| self.stocks(**at, variant));
                stocking.next().copied()
            });
            return Ok(vec![(stocking.unwrap_or(fallback), units, 0)]);
        };
        // Free units of each location that stocks it, in the order of routing.
        let free: Vec<(LocationId, i64)> = open
            .iter()
            .filter(|location| self.stocks(**location, variant))
            .map(|location| {
                let available = self.store.quantity(*location, variant, "available");
                let taken = taken.get(&(*location, variant)).copied().unwrap_or(0);
                (*location, i64::from(available.unwrap_or(0)) - taken)
            })
            .collect();
        let wanted = i64::from(units);
        let first = free.first().map(|(location, _)| *location);
        let enough = free
            .iter()
            .find(|(_, free)| *free >= wanted)
            .map(|(location, _)| *location);
        let at = match self.options.orders.claim_from {
            ClaimFrom::First => first,
            ClaimFrom::FirstWithEnough | ClaimFrom::Spread => enough.or(first),
        };
        let all_here = vec![(at.unwrap_or(fallback), units, units)];
        let refuses = behaviour == Behaviour::ObeyingPolicy && !record.continue_selling;
        match (behaviour, at) {
            (Behaviour::Bypass, _) => Ok(vec![(at.unwrap_or(fallback), units, 0)]),
            (_, None) if refuses && self.options.orders.when_short != WhenShort::ClaimPart => {
                Err(Short)
            }
            // What is stocked nowhere cannot be committed anywhere.
            (_, None) => Ok(vec![(fallback, units, 0)]),
            _ if enough.is_some() && enough == at => Ok(all_here),
            _ if self.options.orders.claim_from == ClaimFrom::Spread => {
                self.spread(units, &free, refuses)
            }
            _ if !refuses => Ok(all_here),
            (_, Some(at)) => {
                if self.options.orders.when_short != WhenShort::ClaimPart {
                    return Err(Short);
                }
                let here = free.iter().find(|(location, _)| *location == at);
                let here = here.map_or(0, |(_, free)| (*free).clamp(0, wanted));
                Ok(vec![(at, units, bounded(here))])
            }
        }
    }

    /// Takes what each location has, and the rest from the first.
    fn spread(
        &self,
        units: i32,
        free: &[(LocationId, i64)],
        refuses: bool,
    ) -> Result<Vec<(LocationId, i32, i32)>, Short> {
        let mut left = units;
        let mut parts = Vec::new();
        for (location, free) in free {
            let here = bounded((*free).clamp(0, i64::from(left)));
            if here > 0 {
                parts.push((*location, here, here));
                left -= here;
            }
        }
        if left > 0 && refuses && self.options.orders.when_short != WhenShort::ClaimPart {
            return Err(Short);
        }
        if left > 0 {
            let claimed = if refuses { 0 } else { left };
            match (parts.first_mut(), free.first()) {
                (Some((_, units, held)), _) => {
                    *units += left;
                    *held += claimed;
                }
                (None, Some((location, _))) => parts.push((*location, left, claimed)),
                (None, None) => {}
            }
        }
        Ok(parts)
    }

    /// The open locations, those of the shop's routing first.
    fn routed(&self) -> Vec<LocationId> {
        let mut routed = self.orders.routing.clone();
        routed.extend(
            self.location_ids()
                .filter(|id| !self.orders.routing.contains(id)),
        );
        routed.retain(|location| self.location_is_active(*location));
        routed
    }

    /// Whether a location stocks an item.
    pub(super) fn stocks(&self, location: LocationId, variant: VariantId) -> bool {
        self.store
            .level(location, variant)
            .is_some_and(|level| level.stocked == Stocked::Yes)
    }

    /// Changes available and committed units of a level together.
    pub(super) fn shift(
        &mut self,
        location: LocationId,
        variant: VariantId,
        available: i32,
        committed: i32,
        now: Millis,
    ) {
        if available == 0 && committed == 0 {
            return;
        }
        let held = self.store.state(location, variant, State::Committed);
        let held = bounded(i64::from(held) + i64::from(committed));
        let Some(level) = self.store.level_mut(location, variant) else {
            return;
        };
        level.available = bounded(i64::from(level.available) + i64::from(available));
        level.updated = seconds(now);
        if committed != 0 {
            let state = State::Committed;
            self.store
                .set_state(location, variant, state, held, seconds(now));
        }
        self.changed += 1;
        self.announce_level("INVENTORY_LEVELS_UPDATE", location, variant, now);
    }
}
