//! Tells JOOR what became of its orders: only what the ledger has, and each thing once.

use std::collections::BTreeMap;

use crate::core::finding::Finding;
use crate::core::settings::Acknowledge;
use crate::core::time::{MINUTE, Millis};
use crate::halt::Halt;
use crate::joor::orders::{UPDATES_MAX, Update, mark_by_reading, update};
use crate::ledger::orders::{OrderEntry, Part, ShippedPart, State, Told, ToldSince};
use crate::shopify::orders as shop;

use super::super::desk::Desk;
use super::book::{Book, order_of, trouble_words};
use super::send::TOTAL_DIFFERS;

/// By how much readings of shipments overlap: Shopify's search shows some changes late.
const OVERLAP: Millis = 10 * MINUTE;

/// Characters of what JOOR shows beside an order.
const WORDS_MAX: usize = 500;

/// Tells JOOR which orders are in Shopify, and which are not and why.
pub async fn joor(desk: &mut Desk, book: &mut Book) -> Result<(), Halt> {
    let way = desk.settings.orders.acknowledge;
    let due: Vec<(String, bool, String)> = book
        .which(|_| true)
        .into_iter()
        .filter_map(|id| {
            book.entry(&id)
                .and_then(|entry| news(entry, way))
                .map(|(exported, words)| (id, exported, words))
        })
        .collect();
    if due.iter().any(|(_, exported, _)| *exported) {
        // From when the orders were read; before anything is told, so that no end of a pass forgets it.
        let to = desk.shopify.answered_at();
        let passed = desk.io.now().saturating_sub(desk.started_at());
        let read_at = to.saturating_sub(passed);
        let from = book.all.told.map_or(read_at, |told| told.from.min(read_at));
        book.all.told = Some(ToldSince { from, to });
        book.commit_all(desk).await?;
    }
    match way {
        Acknowledge::V4 => {
            for some in due.chunks(UPDATES_MAX) {
                let updates: Vec<Update> = some
                    .iter()
                    .map(|(id, exported, words)| Update::export(id, *exported, words))
                    .collect();
                let fates = update(&desk.joor, &updates).await?;
                for ((id, exported, words), fate) in some.iter().zip(fates) {
                    told(desk, book, id, *exported, words, fate);
                }
                book.commit_changed(desk).await?;
            }
        }
        Acknowledge::V2 => {
            for (id, exported, words) in &due {
                mark_by_reading(&desk.joor, id).await?;
                told(desk, book, id, *exported, words, None);
                book.commit(desk, id).await?;
            }
        }
    }
    Ok(())
}

/// What JOOR does not know yet: whether the order is exported, and in which words.
fn news(entry: &OrderEntry, way: Acknowledge) -> Option<(bool, String)> {
    match entry.state {
        State::Created if !entry.has_trouble(TOTAL_DIFFERS) => {
            let known = entry.told.as_ref().is_some_and(|told| told.exported);
            (!known).then(|| (true, created_words(entry)))
        }
        State::Created | State::Waiting => {
            let words = format!(
                "Not taken over into Shopify: {}",
                trouble_words(entry.parked.as_ref()?)
            );
            let words: String = words.chars().take(WORDS_MAX).collect();
            let known = entry.told.as_ref().is_some_and(|told| told.words == words);
            // Marking by reading can tell success alone.
            (!known && way == Acknowledge::V4).then_some((false, words))
        }
        _ => None,
    }
}

fn created_words(entry: &OrderEntry) -> String {
    let name = |part: &Part| {
        let name = part.order.as_ref().map_or("", |order| order.name.as_str());
        if part.back_order {
            format!("{name} (back order)")
        } else {
            name.to_owned()
        }
    };
    let names: Vec<String> = entry.parts.iter().map(name).collect();
    format!("In Shopify as {}.", names.join(" and "))
}

fn told(
    desk: &mut Desk,
    book: &mut Book,
    id: &str,
    exported: bool,
    words: &str,
    fate: Option<String>,
) {
    if let Some(why) = fate {
        desk.report.find(
            Finding::warning(
                "joor-acknowledge-refused",
                format!("JOOR does not take what became of its order {id}: {why}."),
                "The next pass tries again. If JOOR refuses it for each order, set `orders.acknowledge = \"v2\"`.",
            )
            .about(id),
        );
        return;
    }
    desk.report.count("orders_told", 1);
    let at = desk.io.now();
    if let Some(entry) = book.entry_mut(id) {
        entry.told = Some(Told {
            at,
            exported,
            words: words.to_owned(),
        });
    }
}

/// Tells JOOR what Shopify has shipped, with tracking numbers.
pub async fn shipments(desk: &mut Desk, book: &mut Book) -> Result<(), Halt> {
    if !desk.settings.orders.tracking {
        return Ok(());
    }
    let now = desk.shopify.answered_at();
    let since = match book.all.shipped_until {
        0 => now,
        until => until,
    };
    let shipped = shop::shipped_since(&desk.shopify, since.saturating_sub(OVERLAP)).await?;
    let mut by_order: BTreeMap<String, Vec<shop::Shipped>> = BTreeMap::new();
    for one in shipped {
        if let Some(id) = order_of(&desk.connection, &one.key).map(str::to_owned) {
            by_order.entry(id).or_default().push(one);
        }
    }
    book.load(desk, by_order.keys().cloned().collect::<Vec<_>>())
        .await?;
    let mut updates = Vec::new();
    for (id, shipped) in by_order {
        let Some(entry) = book.entry_mut(&id) else {
            continue;
        };
        if take_shipments(entry, shipped) {
            remember(desk, entry).await?;
            updates.push(shipped_update(entry));
        }
    }
    for some in updates.chunks(UPDATES_MAX) {
        let fates = update(&desk.joor, some).await?;
        for (one, fate) in some.iter().zip(fates) {
            match fate {
                None => {
                    desk.report.count("orders_shipped", 1);
                    book.commit(desk, &one.id).await?;
                }
                Some(why) => desk.report.find(
                    Finding::warning(
                        "joor-tracking-refused",
                        format!("JOOR does not take the shipment of its order {}: {why}.", one.id),
                        "The next pass tries again. If it lasts, enter the tracking number on JOOR by hand.",
                    )
                    .about(&one.id),
                ),
            }
        }
    }
    if now >= book.all.shipped_until.saturating_add(5 * MINUTE) {
        book.all.shipped_until = now;
        book.commit_all(desk).await?;
    }
    Ok(())
}

/// True: more is shipped than JOOR was told.
fn take_shipments(entry: &mut OrderEntry, shipped: Vec<shop::Shipped>) -> bool {
    let mut changed = false;
    for one in shipped {
        let Some(part) = entry.parts.iter_mut().find(|part| part.key == one.key) else {
            continue;
        };
        let now = ShippedPart {
            wholly: one.wholly,
            tracking: one.tracking,
            forgotten: None,
        };
        if !part.shipped.as_ref().is_some_and(|known| known.is(&now)) {
            part.shipped = Some(now);
            changed = true;
        }
    }
    changed
}

/// JOOR takes all numbers of an order at once, so those that are forgotten are asked for again.
async fn remember(desk: &Desk, entry: &mut OrderEntry) -> Result<(), Halt> {
    let is_forgotten = |part: &Part| part.shipped.as_ref().is_some_and(|s| s.forgotten.is_some());
    let forgotten = entry.parts.iter().filter(|part| is_forgotten(part));
    let orders = forgotten.filter_map(|part| part.order.as_ref());
    for order in orders.map(|order| order.id).collect::<Vec<_>>() {
        let shipped = shop::shipped_of(&desk.shopify, order).await?;
        for part in entry.parts.iter_mut().filter(|part| is_forgotten(part)) {
            if let Some(one) = shipped.iter().find(|one| one.key == part.key) {
                part.shipped = Some(ShippedPart {
                    wholly: one.wholly,
                    tracking: one.tracking.clone(),
                    forgotten: None,
                });
            }
        }
    }
    Ok(())
}

fn shipped_update(entry: &OrderEntry) -> Update {
    let wholly = entry
        .parts
        .iter()
        .all(|part| part.shipped.as_ref().is_some_and(|shipped| shipped.wholly));
    let numbers: Vec<&str> = entry
        .shipped()
        .flat_map(|shipped| &shipped.tracking)
        .map(String::as_str)
        .collect();
    let tracking = (!numbers.is_empty()).then(|| numbers.join(", "));
    Update::shipped(&entry.id, wholly, tracking)
}
