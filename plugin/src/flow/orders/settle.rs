//! Orders that are in Shopify: assigned to the chosen location, and their claims shown.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::claim::Behaviour;
use crate::core::finding::Finding;
use crate::core::id::Id;
use crate::core::order::Trouble;
use crate::core::time::{MINUTE, Millis};
use crate::halt::Halt;
use crate::ledger::orders::{Claim, OrderEntry, Part};
use crate::ledger::{Batch, FullRead};
use crate::shopify::order_state::{OrderState, Placement};
use crate::shopify::orders::{self as shop, Changed};

use super::super::desk::Desk;
use super::book::Book;

/// How long a claim may stay open in the face of numbers that do not show it. Shopify shows one
/// within seconds; after this, what it shows is what it claimed.
const PATIENCE: Millis = 15 * MINUTE;

/// Assigns orders to the chosen location. "Orders on JOOR get assigned to the default location when
/// coming back to Shopify." (seed) Nothing is marked as fulfilled by that.
pub async fn place(desk: &mut Desk, book: &mut Book) -> Result<(), Halt> {
    let is_unplaced = |part: &Part| part.order.is_some() && !part.placed && !part.misplaced;
    let unplaced = |entry: &OrderEntry| entry.has_claimed() && entry.parts.iter().any(is_unplaced);
    for id in book.which(unplaced) {
        let count = book.entry(&id).map_or(0, |entry| entry.parts.len());
        for index in 0..count {
            place_part(desk, book, &id, index).await?;
        }
        book.commit(desk, &id).await?;
    }
    Ok(())
}

async fn place_part(desk: &mut Desk, book: &mut Book, id: &str, index: usize) -> Result<(), Halt> {
    let Some(part) = book.entry(id).and_then(|entry| entry.parts.get(index)) else {
        return Ok(());
    };
    let (Some(order), false) = (&part.order, part.placed || part.misplaced) else {
        return Ok(());
    };
    let state = match book.fresh.get(&part.key) {
        Some(state) => Some(state.clone()),
        None => shop::state(&desk.shopify, order.id).await?,
    };
    let (order, name) = (order.id, order.name.clone());
    let location = book.location;
    let (mut placed, mut refusal, mut kept_at) = (true, None, Vec::new());
    match state.map(|state| state.placement(location)) {
        // An order that was deleted in Shopify has no place any more.
        None | Some(Placement::Placed) => {}
        Some(Placement::NotAssigned) => placed = false,
        Some(Placement::Elsewhere(elsewhere)) => {
            for piece in elsewhere {
                match shop::move_part(&desk.shopify, &piece.id, location).await? {
                    Changed::Done(()) => desk.report.count("orders_moved", 1),
                    Changed::Refused(why) => {
                        refusal = Some(why.words);
                        kept_at.extend(piece.location);
                    }
                    Changed::Later { .. } | Changed::Unknown(_) => placed = false,
                }
            }
        }
    }
    if refusal.is_some() {
        // It may have been shipped in between.
        let state = shop::state(&desk.shopify, order).await?;
        let is_settled = |state: OrderState| state.placement(location) == Placement::Placed;
        if state.is_none_or(is_settled) {
            (refusal, kept_at) = (None, Vec::new());
        }
    }
    let now = desk.io.now();
    let Some(entry) = book.entry_mut(id) else {
        return Ok(());
    };
    if let Some(part) = entry.parts.get_mut(index) {
        part.misplaced = refusal.is_some();
        part.placed = placed && refusal.is_none();
        part.elsewhere = kept_at;
    }
    if let Some(words) = refusal {
        let reason =
            format!("Its order {name} in Shopify is not assigned to the chosen location: {words}.");
        let fix = "Stock its SKUs at that location and move the order there by hand; then `orders release` it.";
        entry.park_also(now, Trouble::new("order-misplaced", reason, fix));
    }
    Ok(())
}

/// Ends the claims that Shopify's own numbers show: what is committed has changed since the order
/// was created, at the chosen location, or where Shopify keeps what it will not move there. "No unit
/// offered twice" holds until then and no longer.
pub async fn close_claims(desk: &mut Desk, book: &mut Book) -> Result<(), Halt> {
    let mut batch = Batch::default();
    let full_read: FullRead = desk.ledger.get("full-read").await?.unwrap_or_default();
    let file_asked_at = full_read.bulk.map(|bulk| bulk.asked_at);
    let shown = shown(desk, book).await?;
    for (id, claim) in book.claims().clone() {
        let shown_at = match claim.shown_at {
            Some(at) => at,
            None if shown.contains(&id) => desk.shopify.now(),
            None => continue,
        };
        // A file of all stock that is being written or read may lack it still.
        let hidden = file_asked_at.is_some_and(|asked_at| shown_at >= asked_at);
        let after = hidden.then_some(Claim {
            shown_at: Some(shown_at),
            ..claim
        });
        book.put_claim(&mut batch, &id, after);
    }
    if batch.is_empty() {
        return Ok(());
    }
    desk.commit(batch).await
}

/// The orders whose claims Shopify shows.
async fn shown(desk: &mut Desk, book: &mut Book) -> Result<BTreeSet<String>, Halt> {
    let open: Vec<String> = book
        .claims()
        .iter()
        .filter(|(_, claim)| claim.shown_at.is_none())
        .map(|(id, _)| id.clone())
        .collect();
    book.load(desk, open.clone()).await?;
    let now = desk.shopify.now();
    let mut shown = BTreeSet::new();
    let mut asked: BTreeMap<String, Asked> = BTreeMap::new();
    for id in open {
        let Some(entry) = book.entry(&id) else {
            shown.insert(id);
            continue;
        };
        if !entry.has_claimed() {
            continue;
        }
        let is_nowhere = |part: &Part| part.misplaced && part.elsewhere.is_empty();
        if entry.parts.iter().any(is_nowhere) {
            // Its stock was taken where no location is: no number ever shows it.
            shown.insert(id);
            continue;
        }
        let asks = Asked::of(entry, book.location);
        let mut there = entry.parts.iter().filter(|part| part.order.is_some());
        // What Shopify assigns to no location at all would otherwise never be asked about.
        if there.all(|part| part.placed || part.misplaced) || asks.is_overdue(now) {
            asked.insert(id, asks);
        }
    }
    let committed = committed(desk, book, &asked).await?;
    for (id, asks) in asked {
        let is_shown = |item: &Id| {
            let times = asks
                .at
                .iter()
                .filter_map(|location| *committed.get(&(*location, *item))?);
            // Shopify's times are whole seconds. Not stocked there, or deleted: there is no number
            // that could show it.
            times.max().is_none_or(|at| at >= asks.created_at)
        };
        let is_claimed = |claim: &Claim| claim.units.iter().all(|c| is_shown(&c.item));
        let all_shown = book.claim(&id).is_some_and(is_claimed);
        if !all_shown && asks.is_overdue(now) {
            desk.report.find(not_claimed(&id));
        }
        if all_shown || asks.is_overdue(now) {
            shown.insert(id);
        }
    }
    Ok(shown)
}

/// What is to be known of an order's claim.
struct Asked {
    /// When it was created in Shopify, the last part of it that claims.
    created_at: Millis,
    /// The locations that its stock is taken from.
    at: BTreeSet<Id>,
}

impl Asked {
    fn of(entry: &OrderEntry, location: Id) -> Self {
        // What claims nothing, a back order, never shows in what is committed.
        let claiming = entry
            .parts
            .iter()
            .filter(|part| part.behaviour != Behaviour::Bypass.word());
        let created = claiming.filter_map(|part| part.order.as_ref());
        let elsewhere = entry.parts.iter().filter(|part| part.misplaced);
        let elsewhere = elsewhere.flat_map(|part| part.elsewhere.iter().copied());
        Self {
            created_at: created.map(|order| order.created_at).max().unwrap_or(0),
            at: elsewhere.chain([location]).collect(),
        }
    }

    /// Shopify should have shown it by now.
    fn is_overdue(&self, now: Millis) -> bool {
        now >= self.created_at.saturating_add(PATIENCE)
    }
}

/// When the committed units of what these orders claim last changed, by location and item.
async fn committed(
    desk: &Desk,
    book: &Book,
    asked: &BTreeMap<String, Asked>,
) -> Result<BTreeMap<(Id, Id), Option<Millis>>, Halt> {
    let mut items: BTreeMap<Id, BTreeSet<Id>> = BTreeMap::new();
    for (id, Asked { at, .. }) in asked {
        let units = book.claim(id).into_iter().flat_map(|claim| &claim.units);
        let of_order: Vec<Id> = units.map(|claimed| claimed.item).collect();
        for location in at {
            items.entry(*location).or_default().extend(&of_order);
        }
    }
    let mut committed = BTreeMap::new();
    for (location, items) in items {
        let items: Vec<Id> = items.into_iter().collect();
        let read = shop::committed_at(&desk.shopify, &items, location).await?;
        committed.extend(read.into_iter().map(|(item, at)| ((location, item), at)));
    }
    Ok(committed)
}

fn not_claimed(id: &str) -> Finding {
    Finding::warning(
        "order-claim-not-shown",
        format!(
            "Shopify's numbers do not show the stock that the order {id} claims, so from here on they are taken as \
             they are, and its units may be sold again."
        ),
        "Look at the order in Shopify, and commit its units there by hand.",
    )
    .about(id)
}
