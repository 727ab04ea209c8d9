//! The laws of an order in Shopify, looked at when it is created.

use std::collections::BTreeMap;

use atsync_plugin::ledger::orders::{OrderEntry, Part};
use atsync_sandbox::shopify::{Behaviour, OrderView};

use super::{Broken, Footprint, Watch, hold};
use crate::settled::{self, made_from};
use crate::world::{Order, Units, World};

impl Watch<'_> {
    /// Each order of JOOR's is in Shopify once, whatever was lost, doubled or late.
    pub(super) fn each_order_once(
        &mut self,
        world: &World,
        made: &OrderView<'_>,
    ) -> Result<(), Broken> {
        const LAW: &str = "each order once";
        self.checked(LAW);
        hold(made.times_created() == 1, LAW, || {
            format!(
                "{} is a second order of {:?}",
                made.name(),
                made.joor_order()
            )
        })?;
        let (order, _) = of_joor(world, made)
            .ok_or_else(|| Broken::new(LAW, format!("{} is of no order", made.name())))?;
        hold(!order.odd, LAW, || {
            format!(
                "{} is of an order that cannot be taken over whole",
                made.name()
            )
        })
    }

    /// An order in Shopify has what JOOR's order said at some time, variant by variant; where a back
    /// order may follow, no more than that.
    pub(super) fn what_was_ordered_is_made(
        &mut self,
        world: &World,
        made: &OrderView<'_>,
    ) -> Result<(), Broken> {
        const LAW: &str = settled::MADE;
        self.checked(LAW);
        let Some((order, _)) = of_joor(world, made) else {
            return Ok(());
        };
        let units = units_of(&made_from(world, order));
        let in_parts = self.brand.partial && self.brand.follows(order.code);
        let fits = |version: Units| {
            let is_within = |(id, units): (&_, &i64)| version.get(id).is_some_and(|of| units <= of);
            units == version || in_parts && units.iter().all(is_within)
        };
        hold(world.versions(order).any(fits), LAW, || {
            format!("{} has {units:?} of {order:?}", made.name())
        })
    }

    /// What is made once is in the ledger before it is sent: under which key, and how many units of
    /// what.
    pub(super) fn it_is_written_down_first(
        &mut self,
        world: &World,
        made: &OrderView<'_>,
    ) -> Result<(), Broken> {
        const LAW: &str = "it is written down first";
        self.checked(LAW);
        let known = of_joor(world, made).and_then(|(of, _)| self.known.get(&of.id.to_string()));
        let entry = known.and_then(|known| serde_json::from_str::<OrderEntry>(&known.entry).ok());
        let is_it = |part: &&Part| Some(part.key.as_str()) == made.joor_order();
        let part = entry.iter().flat_map(|entry| &entry.parts).find(is_it);
        let Some(part) = part.filter(|part| part.sent_at > 0) else {
            return Err(Broken::new(LAW, format!("{}: {entry:?}", made.name())));
        };
        let mut decided = BTreeMap::new();
        for line in entry
            .iter()
            .flat_map(|of| &of.decision)
            .flat_map(|of| &of.lines)
        {
            let units = match part.back_order {
                true => line.short,
                false => line.units - line.short,
            };
            *decided.entry(line.variant.0).or_insert(0) += units;
        }
        decided.retain(|_, units| *units > 0);
        let units = units_of(std::slice::from_ref(made)).into_iter();
        let units: BTreeMap<u64, i64> = units.map(|(id, units)| (id.number(), units)).collect();
        hold(units == decided, LAW, || {
            format!("{} has {units:?} of {decided:?}", made.name())
        })
    }

    /// The scope that decides is the one that the table says, and Shopify's stock falls by what
    /// that policy allows.
    pub(super) fn the_policy_is_obeyed(
        &mut self,
        world: &World,
        made: &OrderView<'_>,
        before: &Footprint,
        after: &Footprint,
    ) -> Result<(), Broken> {
        const LAW: &str = "the policy is obeyed";
        self.checked(LAW);
        let Some((order, back_order)) = of_joor(world, made) else {
            return Ok(());
        };
        let follows = self.brand.follows(order.code) && !order.is_made_to_order();
        let expected = match (order.is_made_to_order() || back_order, follows) {
            (true, _) => Behaviour::Bypass,
            (false, true) => Behaviour::ObeyingPolicy,
            (false, false) => Behaviour::IgnoringPolicy,
        };
        hold(made.behaviour() == expected, LAW, || {
            format!(
                "{} was sent with {:?} and not with {expected:?}",
                made.name(),
                made.behaviour()
            )
        })?;
        hold(!back_order || (follows && self.brand.partial), LAW, || {
            format!("{} is a back order that nobody chose", made.name())
        })?;
        let lags = world.sandbox.shop.options().orders.claim_lag_ms > 0;
        let stocks = before.moment.variants.iter().zip(&after.moment.variants);
        for ((was, is), variant) in stocks.zip(&world.variants) {
            let lines = made
                .lines()
                .filter(|line| line.variant() == Some(variant.id));
            let units: i64 = lines.map(|line| line.quantity()).sum();
            let taken = was.free() - is.free();
            let counted = was.tracked
                && was
                    .available
                    .iter()
                    .zip(before.moment.open)
                    .any(|(units, open)| open && units.is_some());
            let goes_on = world
                .sandbox
                .shop
                .variant(variant.id)
                .is_some_and(|variant| variant.continue_selling());
            let allowed = match expected {
                _ if lags || units == 0 || !counted => taken == 0,
                Behaviour::Bypass => taken == 0,
                Behaviour::IgnoringPolicy => taken == units,
                Behaviour::ObeyingPolicy if goes_on => taken == units,
                Behaviour::ObeyingPolicy => {
                    let fell = |(was, is): (&Option<i64>, &Option<i64>)| {
                        is < was && is.is_some_and(|units| units < 0)
                    };
                    (0..=units).contains(&taken)
                        && !was.available.iter().zip(&is.available).any(fell)
                }
            };
            hold(allowed, LAW, || {
                format!(
                    "{} took {taken} of {units} {}: {was:?} became {is:?}",
                    made.name(),
                    variant.sku
                )
            })?;
        }
        Ok(())
    }
}

/// Units by variant of some orders in Shopify.
pub fn units_of(made: &[OrderView<'_>]) -> Units {
    let mut units = Units::new();
    for line in made.iter().flat_map(OrderView::lines) {
        if let Some(variant) = line.variant() {
            *units.entry(variant).or_default() += line.quantity();
        }
    }
    units
}

/// JOOR's order that an order in Shopify was made from, and whether it is a back order.
pub fn of_joor<'w>(world: &'w World, made: &OrderView<'_>) -> Option<(&'w Order, bool)> {
    let key = made.joor_order()?;
    let (key, back_order) = match key.strip_suffix(":back-order") {
        Some(key) => (key, true),
        None => (key, false),
    };
    let order = world.orders.iter().find(|order| order.key() == key)?;
    Some((order, back_order))
}
