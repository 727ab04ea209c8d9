//! Reads what JOOR offers, and what it cancelled or changed, into the book.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::finding::Finding;
use crate::core::order::{Order, Trouble};
use crate::core::snapshot::Snapshot;
use crate::core::time::{DAY, HOUR, MINUTE, Millis, age, parse_loosely};
use crate::halt::Halt;
use crate::joor::orders::{Which, read as read_page};
use crate::ledger::orders::{CHANGED, Ended, OrderEntry, State, Told};

use super::super::desk::Desk;
use super::super::report::plural;
use super::are;
use super::book::Book;

/// Pages read of one kind in a pass: 2,000 orders. The next pass goes on where this one stops.
const PAGES_MAX: usize = 40;

/// By how much readings of cancellations overlap: JOOR's clock is not ours.
const OVERLAP: u64 = 10 * MINUTE;

/// Reads what JOOR offers and what it cancelled.
pub async fn read(desk: &mut Desk, book: &mut Book) -> Result<(), Halt> {
    let before = book.all.clone();
    begin(desk, book);
    let whole = offered(desk, book).await?;
    let cancelled = cancelled(desk, book).await?;
    let changed = changed_meanwhile(desk, book).await?;
    let offered = book.offered.keys().chain(&cancelled);
    let ids: Vec<String> = offered.chain(changed.keys()).cloned().collect();
    book.load(desk, ids).await?;
    for id in book.offered.keys().cloned().collect::<Vec<_>>() {
        take_in(desk, book, &id);
    }
    for id in cancelled {
        cancel(book, &id);
    }
    for (id, snapshot) in changed {
        let now = desk.io.now();
        let entry = book.entry_mut(&id);
        if let Some(entry) = entry.filter(|entry| entry.state == State::Created) {
            has_changed(entry, &snapshot, now);
        }
    }
    if whole {
        let mut gone = book.which(|entry| entry.state == State::Waiting);
        gone.retain(|id| !book.offered.contains_key(id));
        for id in gone {
            withdraw(book, &id);
        }
    }
    book.commit_changed(desk).await?;
    if book.all != before {
        book.commit_all(desk).await?;
    }
    Ok(())
}

/// What an order is on JOOR now. None: JOOR does not have it any more.
///
/// # Errors
/// As [`read_page`].
pub async fn on_joor(desk: &Desk, id: &str) -> Result<Option<Snapshot>, Halt> {
    let page = read_page(&desk.joor, Which::One(id), 0).await?;
    let order = page.orders.iter().find(|order| order.id == id);
    Ok(order.map(Snapshot::of))
}

/// Since when orders are taken over: the settings' day, or the first pass.
fn begin(desk: &Desk, book: &mut Book) {
    let told = desk
        .settings
        .orders
        .start
        .as_deref()
        .and_then(parse_loosely);
    match told {
        Some(start) => book.all.since = start,
        None if book.all.since == 0 => book.all.since = desk.shopify.now(),
        None => {}
    }
    if book.all.cancelled_until == 0 {
        book.all.cancelled_until = book.all.since.min(desk.shopify.now());
    }
}

/// The orders to take over, or the next part of them. False: these are not all.
async fn offered(desk: &mut Desk, book: &mut Book) -> Result<bool, Halt> {
    let begun_at = book.all.offered_from;
    let mut from = Some(begun_at);
    let (mut history, mut undated, mut unreadable) = (0, 0, 0);
    for _ in 0..PAGES_MAX {
        let Some(start) = from else { break };
        let page = read_page(&desk.joor, Which::ToTakeOver, start).await?;
        unreadable += page.unreadable;
        for order in page.orders {
            if is_history(&order, book.all.since) {
                history += 1;
                undated += u64::from(order.approved_at.is_none());
            } else {
                book.offered.insert(order.id.clone(), order);
            }
        }
        from = page.next;
    }
    let whole = begun_at == 0 && from.is_none();
    book.all.offered_from = from.unwrap_or(0);
    let offered = book.offered.len() as u64;
    desk.report.count_anew("orders_offered", offered);
    desk.report.count_anew("orders_before_start", history);
    if unreadable > 0 {
        desk.report.find(Finding::error(
            "orders-unreadable",
            format!(
                "{} of JOOR's export could not be read: they have no id.",
                plural(unreadable, "order")
            ),
            "Tell JOOR's support; until then they are not taken over.",
        ));
    }
    if undated > 0 {
        desk.report.find(Finding::warning(
            "orders-undated",
            format!(
                "{} not taken over: JOOR does not say when they were approved, and they were placed before atsync \
                 began with orders.",
                are(undated)
            ),
            "Mark those that are settled as exported on JOOR, and enter the others in Shopify by hand.",
        ));
    }
    if !whole {
        desk.report.find(many("offers"));
    }
    Ok(whole && unreadable == 0)
}

/// An order was approved before atsync began with orders. Where JOOR does not say when, it goes by
/// when the order was placed.
fn is_history(order: &Order, since: Millis) -> bool {
    let Some(at) = order.approved_at.or(order.placed_at) else {
        return false;
    };
    // A day without a time of day may be any moment of it.
    let at_the_latest = match at % DAY {
        0 => at + DAY - 1,
        _ => at,
    };
    at_the_latest < since
}

fn many(what: &str) -> Finding {
    Finding::note(
        "orders-many",
        format!("JOOR {what} more orders than are read in a pass."),
        "Nothing needs to be done: the next pass goes on with them.",
    )
}

/// The ids of orders that were cancelled since the last reading, or the next part of them.
async fn cancelled(desk: &mut Desk, book: &mut Book) -> Result<BTreeSet<String>, Halt> {
    let now = desk.shopify.answered_at();
    let all = &mut book.all;
    let begun = match all.cancelled_from {
        0 => now,
        _ => all.cancelled_begun,
    };
    let which = Which::Cancelled {
        since: all.cancelled_until.saturating_sub(OVERLAP),
        until: now + HOUR,
    };
    let (mut from, mut ids) = (Some(all.cancelled_from), BTreeSet::new());
    for _ in 0..PAGES_MAX {
        let Some(start) = from else { break };
        let page = read_page(&desk.joor, which, start).await?;
        ids.extend(page.orders.into_iter().map(|order| order.id));
        from = page.next;
    }
    (all.cancelled_from, all.cancelled_begun) = from.map_or((0, 0), |from| (from, begun));
    if from.is_some() {
        desk.report.find(many("cancelled"));
    } else if begun >= all.cancelled_until.saturating_add(5 * MINUTE) {
        // Written down only once in a while: an overlap that is a little longer costs nothing.
        all.cancelled_until = begun;
    }
    Ok(ids)
}

/// What orders are by now that were read and told to be exported a short while ago. JOOR does not
/// offer one again that was changed in between: the word that it is exported came later.
async fn changed_meanwhile(
    desk: &mut Desk,
    book: &mut Book,
) -> Result<BTreeMap<String, Snapshot>, Halt> {
    let mut changed = BTreeMap::new();
    let Some(told) = book.all.told else {
        return Ok(changed);
    };
    let now = desk.shopify.answered_at();
    let which = Which::Approved {
        since: told.from.saturating_sub(OVERLAP),
        until: now + HOUR,
    };
    let mut from = Some(0);
    for _ in 0..PAGES_MAX {
        let Some(start) = from else { break };
        let page = read_page(&desk.joor, which, start).await?;
        let orders = page.orders.iter();
        changed.extend(orders.map(|order| (order.id.clone(), Snapshot::of(order))));
        from = page.next;
    }
    // What JOOR shows may be a little older than what it has.
    if age(now, told.to) >= MINUTE {
        book.all.told = None;
    }
    Ok(changed)
}

/// Takes an offered order into the book.
fn take_in(desk: &Desk, book: &mut Book, id: &str) {
    let Some(order) = book.offered.get(id).cloned() else {
        return;
    };
    let now = desk.io.now();
    let snapshot = Snapshot::of(&order);
    let Some(entry) = book.entry_mut(id) else {
        book.add(new_entry(&order, snapshot, now));
        return;
    };
    entry.missed = false;
    match entry.state {
        State::Waiting => refresh(entry, &order, snapshot),
        State::Sending | State::Cancelling => {}
        State::Created => {
            // JOOR still offers what it was told of: it is told again, once in an hour.
            let told_long_ago = |told: &mut Told| told.exported && age(now, told.at) >= HOUR;
            if !has_changed(entry, &snapshot, now) {
                entry.told.take_if(told_long_ago);
            }
        }
        State::Released if entry.ended != Some(Ended::Withdrawn) => {}
        // It waits again, and what is demanded is held; who judges it sees that it was in Shopify.
        State::Cancelled | State::Released if entry.was_in_shopify() => {
            (entry.state, entry.ended) = (State::Waiting, None);
            refresh(entry, &order, snapshot);
        }
        State::Cancelled | State::Released => *entry = new_entry(&order, snapshot, now),
    }
}

fn new_entry(order: &Order, snapshot: Snapshot, now: u64) -> OrderEntry {
    let mut entry = OrderEntry {
        id: order.id.clone(),
        read_at: now,
        ..OrderEntry::default()
    };
    refresh(&mut entry, order, snapshot);
    entry
}

fn refresh(entry: &mut OrderEntry, order: &Order, snapshot: Snapshot) {
    entry.purchase_order.clone_from(&order.purchase_order);
    entry.customer.clone_from(&order.customer_name);
    entry.linesheet.clone_from(&order.linesheet_code);
    entry.approved_at = order.approved_at.unwrap_or(0);
    entry.forgotten = None;
    entry.snapshot = snapshot;
}

/// Holds an order in Shopify against what it is on JOOR now, and parks it where that is something else.
fn has_changed(entry: &mut OrderEntry, snapshot: &Snapshot, now: u64) -> bool {
    let differences = entry.snapshot.differences(snapshot);
    if differences.is_empty() {
        // Somebody took the change back.
        entry.unpark(CHANGED);
        return false;
    }
    let trouble = Trouble::new(
        CHANGED,
        format!(
            "It was changed on JOOR after it was taken over: {}.",
            differences.join("; ")
        ),
        "Change the order in Shopify by hand; then `orders release` it, which takes JOOR's new version for settled.",
    );
    entry.park_also(now, trouble);
    true
}

/// Takes a cancellation into the book.
fn cancel(book: &mut Book, id: &str) {
    // An order that was approved again since then is not cancelled.
    if book.offered.contains_key(id) {
        return;
    }
    let Some(entry) = book.entry_mut(id) else {
        return;
    };
    match entry.state {
        State::Waiting => {
            entry.state = State::Cancelled;
            entry.parked = None;
        }
        State::Sending => entry.cancel_wanted = true,
        State::Created if !entry.cancel_refused => entry.state = State::Cancelling,
        State::Created | State::Cancelling | State::Cancelled | State::Released => {}
    }
}

/// JOOR does not offer a waiting order any more. A page that moved while it was read can hide
/// one, so that is believed the second time.
fn withdraw(book: &mut Book, id: &str) {
    let Some(entry) = book.entry_mut(id) else {
        return;
    };
    if std::mem::replace(&mut entry.missed, true) {
        entry.state = State::Released;
        entry.ended = Some(Ended::Withdrawn);
        entry.parked = None;
    }
}
