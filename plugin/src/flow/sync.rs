//! One pass: read what is, decide, publish what differs.

use crate::bindings::exports::atsync::connector::reconcile::Hint;
use crate::core::style::Direction;
use crate::halt::Halt;
use crate::shopify::incoming;
use crate::shopify::locations::{self, Places};

use super::desk::Desk;
use super::{catalogue, changed, full_read, orders, publish, warehouses};

/// Brings JOOR in step with Shopify.
pub async fn run(desk: &mut Desk, hints: &[Hint]) -> Result<(), Halt> {
    let ready = decide(desk, hints).await?;
    if !ready.is_empty() {
        publish::run(desk, ready).await?;
    }
    desk.save().await
}

/// What may be published: nothing before everything was read, and nothing that gives buyers more
/// while there is more to decide about than a pass can.
const NOTHING: &[Direction] = &[];
const DECREASES: &[Direction] = &[Direction::Decrease];
const ALL: &[Direction] = &[Direction::Decrease, Direction::Increase];

/// Everything before the publishing: afterwards the ledger knows what is to be sent. Gives what of it
/// is ready.
///
/// Orders come first, so that stock which they claim is never published again; before everything
/// was read once, nobody knows what their lines are of, and nothing is published either.
pub async fn decide(desk: &mut Desk, hints: &[Hint]) -> Result<&'static [Direction], Halt> {
    find_locations(desk).await?;
    warehouses::judge(desk).await?;
    desk.set_basis();
    let known = full_read::was_done(desk).await?;
    if known {
        orders::run(desk).await?;
    } else {
        orders::begin(desk).await?;
    }
    let skus_before = desk.totals.next_nr;
    if !catalogue::read_if_due(desk).await? {
        return Ok(NOTHING);
    }
    read_incoming(desk).await?;
    if !full_read::run_if_due(desk).await? {
        return Ok(NOTHING);
    }
    if !known {
        orders::run(desk).await?;
    }
    let mut all_decided = changed::read(desk, hints).await?;
    let linked_more = known && desk.totals.next_nr != skus_before;
    if linked_more && desk.totals.orders_parked > 0 && !desk.dry {
        // A parked order may be of a SKU that is linked only now, whose stock is about to be
        // offered for the first time: the order has its part first.
        orders::run(desk).await?;
        all_decided &= changed::read(desk, &[]).await?;
    }
    Ok(if all_decided { ALL } else { DECREASES })
}

/// Finds the settings' locations in the shop.
pub async fn find_locations(desk: &mut Desk) -> Result<(), Halt> {
    let shop = locations::all(&desk.shopify).await?;
    let (places, findings) = Places::resolve(&desk.settings, &shop);
    desk.places = places;
    for finding in findings {
        desk.report.find(finding);
    }
    Ok(())
}

/// Reads what is in transit, where it is to be published.
pub async fn read_incoming(desk: &mut Desk) -> Result<(), Halt> {
    if !desk.settings.future_inventory {
        return Ok(());
    }
    let ids: Vec<_> = desk.places.locations.iter().map(|l| l.id).collect();
    desk.incoming = incoming::read(&desk.shopify, &ids).await?;
    if desk.incoming.cut {
        desk.report.find(crate::core::finding::Finding::error(
            "incoming-cut",
            "More is in transit than is read in one pass, so some dated rows are missing.",
            "Mark received transfers as received in Shopify; what is left out is never published as zero.",
        ));
    }
    Ok(())
}
