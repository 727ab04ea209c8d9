//! The ledger held against the shop's own books: what it says is claimed is what is committed.

use std::collections::BTreeMap;

use atsync_plugin::ledger::orders::{Claim, OrderEntry, State};
use atsync_sandbox::shopify::{Behaviour, OrderView};

use super::brand::Quirk;
use super::host::Host;
use super::settled::{entry_of, made_from};
use super::world::{Order, World};

/// Name of the law.
pub const LAW: &str = "the ledger is the shop's";

/// An order as both sides have it.
struct Page<'w> {
    order: &'w Order,
    entry: OrderEntry,
    /// What of it is open in the ledger.
    open: Option<Claim>,
    made: Vec<OrderView<'w>>,
}

impl Page<'_> {
    /// The ledger says that what it claims is in Shopify, where it waits to be shipped.
    fn is_committed(&self) -> bool {
        let waits = |made: &OrderView<'_>| {
            let open = !made.is_cancelled() && made.fulfillment_status() == "UNFULFILLED";
            open && made.behaviour() != Behaviour::Bypass
        };
        self.entry.has_claimed() && self.made.iter().any(waits)
    }

    /// It waits to be taken over, and holds its units until then.
    fn waits(&self, world: &World) -> bool {
        let waits = self.entry.state == State::Waiting && world.is_approved(self.order);
        waits && !self.order.is_made_to_order()
    }
}

/// Where the two differ when all is settled, in words.
pub fn differences(host: &Host<'_>, ledger: &BTreeMap<String, String>) -> Vec<String> {
    let world = &host.world;
    let claim = |order: &Order| {
        let text = ledger.get(&format!("claim/{}", order.id))?;
        serde_json::from_str(text).ok()
    };
    let page = |order| {
        let entry = entry_of(ledger, order)?;
        let (open, made) = (claim(order), made_from(world, order));
        Some(Page {
            order,
            entry,
            open,
            made,
        })
    };
    let pages: Vec<Page<'_>> = world.orders.iter().filter_map(page).collect();
    let done = pages.iter().filter(|page| page.is_committed());
    let mut left: Vec<String> = done
        .filter_map(|page| {
            Some(format!(
                "order {}: {:?}",
                page.order.id,
                page.open.as_ref()?
            ))
        })
        .collect();
    for (place, variant) in world.variants.iter().enumerate() {
        let number = variant.id.number();
        let decided = |page: &Page<'_>| -> i64 {
            let lines = page.entry.decision.iter().flat_map(|of| &of.lines);
            let lines = lines.filter(|line| line.variant.0 == number);
            lines.map(|line| line.claim).sum()
        };
        let open = |page: &Page<'_>| -> i64 {
            let units = page.open.iter().flat_map(|claim| &claim.units);
            let units = units.filter(|of| of.variant.0 == number);
            units.map(|of| of.units).sum()
        };
        let done = pages.iter().filter(|page| page.is_committed());
        let claimed: i64 = done.map(decided).sum();
        let sold = world.sold.get(&place).copied().unwrap_or(0);
        let committed = committed(world, place);
        if is_counted_all_along(host, place) && claimed + sold != committed {
            left.push(format!(
                "{}: {claimed} are claimed in the ledger, the shop sold {sold}, and {committed} are committed",
                variant.sku
            ));
        }
        let waiting = || pages.iter().filter(|page| page.waits(world));
        let held: i64 = waiting().map(open).sum();
        let demanded = waiting().map(|page| world.units_now(page.order, place));
        let demanded: i64 = demanded.sum();
        if variant.on_joor && world.stands(place).is_some() && held != demanded {
            left.push(format!(
                "{}: orders that wait hold {held} in the ledger, and demand {demanded}",
                variant.sku
            ));
        }
    }
    left
}

/// Units committed at both locations.
fn committed(world: &World, place: usize) -> i64 {
    let variant = world.stands(place);
    let at = |location| variant.and_then(|variant| variant.committed(location));
    world.locations.into_iter().filter_map(at).sum()
}

/// Shopify commits exactly what it is told to: not of what is not counted or stocked nowhere.
fn is_counted_all_along(host: &Host<'_>, place: usize) -> bool {
    if host.plan.brand.has(Quirk::ShortClaimsPart) {
        return false;
    }
    let moments = host.watch.moments_since(0);
    moments.iter().all(|moment| {
        moment.variants.get(place).is_none_or(|stocked| {
            let mut stocked_at = stocked.available.iter().zip(moment.open);
            stocked.exists
                && stocked.tracked
                && stocked_at.any(|(units, open)| open && units.is_some())
        })
    })
}
