//! When nothing is left to do for an order: it is in Shopify with all its units, or gone, or a
//! person has to look at it, for a reason that the world knows.

use std::collections::BTreeMap;

use atsync_plugin::ledger::orders::{OrderEntry, State};
use atsync_sandbox::joor::{ExportStatus, OrderStatus};
use atsync_sandbox::shopify::OrderView;

use super::host::Host;
use super::oracle::{Broken, of_joor, units_of};
use super::plan::{Fault, What};
use super::world::{Order, World};

/// An order in Shopify has what was ordered.
pub const MADE: &str = "what was ordered is made";

/// An order is parked for a reason that there is.
pub const PARKED: &str = "parked for a cause";

/// Nothing is left to do for an order.
pub const SETTLED: &str = "orders are settled";

/// What is left to do for the orders.
pub fn unsettled_orders(host: &Host<'_>, ledger: &BTreeMap<String, String>) -> Vec<Broken> {
    let unsettled = |order: &Order| {
        let entry = entry_of(ledger, order);
        let (law, why) = unsettled(host, ledger, order, entry.as_ref())?;
        let what = format!(
            "order {}: {why}; the ledger has {:?}",
            order.id,
            entry.map(|entry| (entry.state, entry.parked))
        );
        Some(Broken::new(law, what))
    };
    let orders = host.world.orders.iter();
    orders.filter_map(unsettled).collect()
}

/// What the ledger has of an order.
pub fn entry_of(ledger: &BTreeMap<String, String>, order: &Order) -> Option<OrderEntry> {
    let text = ledger.get(&format!("order/{}", order.id))?;
    serde_json::from_str(text).ok()
}

/// The orders in Shopify that were made from one of JOOR's.
pub fn made_from<'w>(world: &'w World, order: &Order) -> Vec<OrderView<'w>> {
    let made = world.sandbox.shop.orders();
    made.filter(|made| of_joor(world, made).is_some_and(|(of, _)| of.id == order.id))
        .collect()
}

fn is_shipped(made: &[OrderView<'_>]) -> bool {
    made.iter()
        .any(|made| made.fulfillment_status() != "UNFULFILLED")
}

/// None: nothing is left to do for the order. "Isolation": what cannot be taken over is parked with
/// its reason, and all others go on.
fn unsettled(
    host: &Host<'_>,
    ledger: &BTreeMap<String, String>,
    order: &Order,
    entry: Option<&OrderEntry>,
) -> Option<(&'static str, String)> {
    let world = &host.world;
    let view = world.sandbox.joor.order(order.id)?;
    let made = made_from(world, order);
    let live = made.iter().any(|made| !made.is_cancelled());
    let Some(entry) = entry else {
        let since = host.watch.since;
        let history = since.is_none_or(|since| order.approved_at <= since);
        let unknown = live || !history && !order.cancelled;
        return unknown.then(|| (SETTLED, "nobody knows of it".into()));
    };
    let troubles = entry.parked.iter().flat_map(|parked| &parked.troubles);
    for trouble in troubles {
        let judged = Parked {
            host,
            ledger,
            order,
            made: &made,
        };
        if !judged.has_cause(&trouble.code) {
            return Some((PARKED, format!("there is no cause for {}", trouble.code)));
        }
    }
    let parked = entry.parked.is_some();
    if view.status == OrderStatus::Cancelled {
        let why = || "it is cancelled on JOOR and not in Shopify".into();
        return (live && !parked).then(|| (SETTLED, why()));
    }
    match entry.state {
        State::Created => made_whole(world, order, &made, parked).or_else(|| {
            let untold = view.export_status != ExportStatus::Success;
            untold.then(|| (SETTLED, "JOOR was not told".into()))
        }),
        _ if parked => None,
        state => Some((SETTLED, format!("it is {}", state.word()))),
    }
}

/// "What was ordered is made": variant by variant, an order in Shopify and its back order together
/// have what JOOR's order says now, or what it said once where it is parked for that.
fn made_whole(
    world: &World,
    order: &Order,
    made: &[OrderView<'_>],
    parked: bool,
) -> Option<(&'static str, String)> {
    let units = units_of(made);
    let mut versions = world.versions(order);
    let now = versions.next_back();
    let whole = now.as_ref() == Some(&units) || parked && versions.any(|was| was == units);
    (!whole).then(|| {
        (
            MADE,
            format!("Shopify has {units:?} of it, and JOOR {now:?}"),
        )
    })
}

/// An order that a person has to look at.
struct Parked<'h, 'p> {
    host: &'h Host<'p>,
    ledger: &'h BTreeMap<String, String>,
    order: &'h Order,
    made: &'h [OrderView<'h>],
}

impl Parked<'_, '_> {
    /// Whether the world has what a reason with this code says. Any other code is of something that
    /// happens to no order here.
    fn has_cause(&self, code: &str) -> bool {
        let (world, order) = (&self.host.world, self.order);
        match code {
            "order-currency" => order.strange,
            "line-not-linked" => order.odd || self.has_lost_a_variant(),
            "order-short" => !self.host.plan.brand.partial && self.is_short(),
            "order-claim-failed" => self.is_short() || self.had_no_place(),
            "order-changed" => world.versions(order).next_back() != Some(units_of(self.made)),
            "order-half-created" => order.changed || self.has_lost_a_variant(),
            "order-misplaced" => self.had_no_place(),
            "order-shipped-and-cancelled" | "order-cancel-refused" => {
                order.cancelled && (is_shipped(self.made) || self.may_seem_shipped())
            }
            _ => false,
        }
    }

    /// An answer had words that nobody knows: a status like that may be one of being shipped.
    fn may_seem_shipped(&self) -> bool {
        let unknown = [What::Fault, What::Strike].map(|of| of(Fault::UnknownEnum));
        let mut events = self.host.plan.events.iter();
        events.any(|event| unknown.contains(&event.what))
    }

    fn has_lost_a_variant(&self) -> bool {
        let world = &self.host.world;
        let mut variants = self.order.lines.iter().map(|(place, ..)| *place);
        variants.any(|place| world.stands(place).is_none())
    }

    /// The policy is followed, and something is not there in the quantity that this order demands
    /// after the older ones that wait.
    fn is_short(&self) -> bool {
        let Host { world, plan, .. } = self.host;
        if self.order.is_made_to_order() || !plan.brand.follows(self.order.code) {
            return false;
        }
        let first = world.locations[0];
        let is_short = |place: usize| {
            let variant = world.stands(place);
            variant.is_some_and(|variant| {
                let decides = variant.tracked() && !variant.continue_selling();
                decides && self.demanded(place) > variant.available(first).unwrap_or(0)
            })
        };
        let mut lines = self.order.lines.iter();
        lines.any(|(place, ..)| is_short(*place))
    }

    /// Units of a variant that this order and the older ones that wait demand.
    fn demanded(&self, place: usize) -> i64 {
        let world = &self.host.world;
        let age = |order: &Order| (order.approved_at / 1_000, order.id);
        let waits = |order: &&Order| {
            let known = self.ledger.contains_key(&format!("order/{}", order.id));
            let here = made_from(world, order).is_empty();
            known && here && !order.is_made_to_order() && world.is_approved(order)
        };
        let older = world.orders.iter().filter(waits);
        let older = older.filter(|order| age(order) <= age(self.order));
        older.map(|order| world.units_now(order, place)).sum()
    }

    /// At some moment since it was created the chosen location could not take it.
    fn had_no_place(&self) -> bool {
        let created = self.made.iter().map(OrderView::created_at).min();
        let moments = self.host.watch.moments_since(created.unwrap_or(0));
        moments.iter().any(|moment| {
            let lacks = |place: usize| {
                let stocked = moment.variants.get(place);
                stocked.is_some_and(|stocked| {
                    stocked.exists && stocked.tracked && stocked.available[0].is_none()
                })
            };
            !moment.open[0] || self.order.lines.iter().any(|(place, ..)| lacks(*place))
        })
    }
}
