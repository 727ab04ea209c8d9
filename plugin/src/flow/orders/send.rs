//! Creates orders in Shopify, each exactly once: the intent is in the ledger before the order is
//! sent, and an order whose answer is lost is looked up before it is sent again.

use crate::core::claim::Behaviour;
use crate::core::finding::Finding;
use crate::core::order::Trouble;
use crate::core::text::shown;
use crate::core::time::{MINUTE, Millis};
use crate::halt::Halt;
use crate::ledger::orders::{OrderEntry, Part, ShopifyOrder, State};
use crate::shopify::order_input::Share;
use crate::shopify::order_state::OrderState;
use crate::shopify::orders::{self as shop, Changed, NewOrder, Refusal};

use super::super::desk::Desk;
use super::book::{Book, unique_key};
use super::judge::Task;

/// How long an order without an answer may still turn up: longer than the host waits for an
/// answer, and longer than Shopify takes to find an order by its unique id.
pub const SETTLE: Millis = 2 * MINUTE;

/// Looks up the orders of which nobody knows whether they are in Shopify.
pub async fn look_up(desk: &mut Desk, book: &mut Book) -> Result<(), Halt> {
    for id in book.which(|entry| entry.state == State::Sending) {
        let parts = book
            .entry(&id)
            .map(|entry| entry.parts.clone())
            .unwrap_or_default();
        for (index, part) in parts.iter().enumerate() {
            if part.order.is_some() || part.sent_at == 0 {
                continue;
            }
            let found = shop::find(&desk.shopify, &part.key).await?;
            let now = desk.shopify.now();
            match found {
                Some(order) => confirm(desk, book, &id, index, order),
                None if now >= part.sent_at.saturating_add(SETTLE) => {
                    if let Some(part) = part_mut(book, &id, index) {
                        part.sent_at = 0;
                    }
                }
                None => wait_for_it(desk, part.sent_at),
            }
        }
        conclude(book, &id);
    }
    compare_again(desk, book).await?;
    book.commit_changed(desk).await
}

/// Holds orders that came to something else against what Shopify says now: somebody may have set them
/// right, or the answer could not be read.
async fn compare_again(desk: &Desk, book: &mut Book) -> Result<(), Halt> {
    let differs =
        |entry: &OrderEntry| entry.state == State::Created && entry.has_trouble(TOTAL_DIFFERS);
    for id in book.which(differs) {
        let parts = book.entry(&id).map(|entry| entry.parts.clone());
        let mut right = true;
        for part in parts.iter().flatten() {
            let Some(order) = &part.order else { continue };
            let state = shop::state(&desk.shopify, order.id).await?;
            let total = state.and_then(|state| state.total());
            right &= part.total.is_empty() || total.as_ref() == Some(&part.total);
        }
        if let Some(entry) = book.entry_mut(&id).filter(|_| right) {
            entry.unpark(TOTAL_DIFFERS);
        }
    }
    Ok(())
}

fn wait_for_it(desk: &mut Desk, sent_at: Millis) {
    let settled_at = sent_at.saturating_add(SETTLE);
    // Also where a clock was set back since.
    let left = settled_at.saturating_sub(desk.shopify.now()).min(SETTLE);
    let again_at = desk.io.now().saturating_add(left);
    desk.come_again(again_at, "an order was sent to Shopify without an answer, and is looked up again before anything is repeated");
}

fn part_mut<'b>(book: &'b mut Book, id: &str, index: usize) -> Option<&'b mut Part> {
    book.entry_mut(id)?.parts.get_mut(index)
}

/// The order is there. Whether it comes to what it should is looked at however it was found.
fn confirm(desk: &Desk, book: &mut Book, id: &str, index: usize, order: OrderState) {
    let now = desk.io.now();
    let Some(entry) = book.entry_mut(id) else {
        return;
    };
    let Some(part) = entry.parts.get_mut(index) else {
        return;
    };
    let wrong = !part.total.is_empty() && order.total().as_ref() != Some(&part.total);
    let expected = part.total.clone();
    part.order = Some(ShopifyOrder {
        id: order.id,
        name: order.name.clone(),
        created_at: order.created_at(),
    });
    let key = part.key.clone();
    if wrong {
        let reason = format!(
            "It comes to {} in Shopify, and should come to {expected}.",
            order.total_words()
        );
        let fix = "Compare both orders, set the one in Shopify right, then `orders release` it.";
        entry.park_also(now, Trouble::new(TOTAL_DIFFERS, reason, fix));
    }
    book.fresh.insert(key, order);
}

/// Where an order stands after its parts were looked up or sent.
fn conclude(book: &mut Book, id: &str) {
    let Some(entry) = book.entry_mut(id) else {
        return;
    };
    let there = entry
        .parts
        .iter()
        .filter(|part| part.order.is_some())
        .count();
    let under_way = entry.parts.iter().any(Part::is_in_doubt);
    if under_way {
        return;
    }
    entry.state = match there {
        0 => {
            entry.parts.clear();
            State::Waiting
        }
        all if all == entry.parts.len() => State::Created,
        _ => State::Sending,
    };
    if entry.cancel_wanted {
        entry.cancel_wanted = false;
        entry.state = if there == 0 {
            State::Cancelled
        } else {
            State::Cancelling
        };
    }
}

/// Creates the orders that can be created, one after the other, the older ones first.
pub async fn create(desk: &mut Desk, book: &mut Book, tasks: Vec<Task>) -> Result<(), Halt> {
    if tasks.is_empty() {
        return Ok(());
    }
    if !book.all.defined {
        book.all.defined = shop::define(&desk.shopify).await?;
        if !book.all.defined {
            let at = desk.io.now() + MINUTE;
            desk.come_again(
                at,
                "Shopify does not answer to the definition by which orders are found again",
            );
            return Ok(());
        }
        book.commit_all(desk).await?;
    }
    let all = tasks.len() as u64;
    for (done, task) in (0..).zip(tasks) {
        desk.io
            .progress("creating orders in Shopify", done, Some(all));
        if desk.is_late() {
            let now = desk.io.now();
            desk.come_again(now, "there are more orders than one pass creates");
            break;
        }
        if !create_one(desk, book, &task).await? {
            break;
        }
    }
    Ok(())
}

/// Creates all parts of one order. False: Shopify takes no more for the moment.
async fn create_one(desk: &mut Desk, book: &mut Book, task: &Task) -> Result<bool, Halt> {
    let id = task.id.as_str();
    if let Some(entry) = book.entry_mut(id).filter(|entry| entry.parts.is_empty()) {
        entry.parts = parts(&desk.connection, entry);
    }
    let count = book.entry(id).map_or(0, |entry| entry.parts.len());
    let mut goes_on = true;
    for index in 0..count {
        let Some(new) = new_order(desk, book, task, index) else {
            continue;
        };
        let now = desk.shopify.now();
        let (new, total) = new;
        if let Some(entry) = book.entry_mut(id) {
            entry.state = State::Sending;
            if let Some(part) = entry.parts.get_mut(index) {
                (part.sent_at, part.total) = (now, total);
            }
        }
        book.commit(desk, id).await?;
        let answer = shop::create(&desk.shopify, &new).await?;
        goes_on = take_answer(desk, book, task, index, &new, answer).await?;
        let open = book
            .entry(id)
            .and_then(|entry| entry.parts.get(index))
            .is_none_or(|part| part.order.is_none());
        if open {
            break;
        }
    }
    conclude(book, id);
    book.commit(desk, id).await?;
    Ok(goes_on)
}

/// The Shopify orders of a JOOR order: what is claimed, and apart from it what stock does not cover.
fn parts(connection: &str, entry: &OrderEntry) -> Vec<Part> {
    let Some(decision) = &entry.decision else {
        return Vec::new();
    };
    let part = |back_order: bool, behaviour: &str| Part {
        key: unique_key(connection, &entry.id, back_order),
        behaviour: behaviour.to_owned(),
        back_order,
        ..Part::default()
    };
    let short = decision.lines.iter().any(|line| line.short > 0);
    let covered = decision.lines.iter().any(|line| line.units > line.short);
    let mut parts = Vec::new();
    if covered {
        parts.push(part(false, &decision.behaviour));
    }
    if short {
        parts.push(part(true, Behaviour::Bypass.word()));
    }
    parts
}

/// What is sent for one part, with what it comes to; none where it was sent already.
fn new_order(desk: &Desk, book: &Book, task: &Task, index: usize) -> Option<(NewOrder, String)> {
    let entry = book.entry(&task.id)?;
    let part = entry
        .parts
        .get(index)
        .filter(|part| part.order.is_none() && part.sent_at == 0)?;
    let decision = entry.decision.as_ref()?;
    let units = decision.lines.iter().map(|line| match part.back_order {
        false => (0, line.units - line.short),
        true => (line.units - line.short, line.short),
    });
    let share = Share {
        order: book.offered.get(&task.id)?,
        ready: &task.ready,
        units: units.collect(),
        first: index == 0,
        back_order: part.back_order,
        customer: task.customer,
        tags: &desk.settings.orders.tags,
        now: desk.shopify.now(),
    };
    let new = NewOrder {
        key: part.key.clone(),
        input: share.input(),
        behaviour: part.behaviour.clone(),
    };
    Some((new, task.ready.currency.shown(share.total())))
}

/// False: Shopify takes no more orders for the moment.
async fn take_answer(
    desk: &mut Desk,
    book: &mut Book,
    task: &Task,
    index: usize,
    new: &NewOrder,
    answer: Changed<OrderState>,
) -> Result<bool, Halt> {
    let id = task.id.as_str();
    match answer {
        Changed::Done(order) if order.total().is_some() => {
            desk.report.count("orders_created", 1);
            confirm(desk, book, id, index, order);
            Ok(true)
        }
        // What it comes to cannot be read: it is asked for once more.
        Changed::Done(_) => look_again(desk, book, id, index, &new.key).await,
        Changed::Refused(refusal) if refusal.taken => {
            // Somebody was faster: perhaps ourselves, whose answer was lost.
            look_again(desk, book, id, index, &new.key).await
        }
        Changed::Refused(refusal) if refusal.too_fast => {
            let at = desk.io.now() + MINUTE;
            unsent(book, id, index);
            slow_down(desk, at, &refusal.words);
            Ok(false)
        }
        Changed::Later { at, why } => {
            unsent(book, id, index);
            slow_down(desk, at, &why);
            Ok(false)
        }
        Changed::Refused(refusal) => {
            unsent(book, id, index);
            let (trouble, seen) = refused(&refusal, task);
            park(desk, book, id, trouble, Some(seen));
            Ok(true)
        }
        Changed::Unknown(why) => {
            desk.report.find(Finding::note(
                "order-in-doubt",
                format!("Shopify did not answer to the order {id}: {why}. It is looked up before anything is sent again."),
                "Nothing needs to be done.",
            ));
            look_again(desk, book, id, index, &new.key).await
        }
    }
}

/// Code of the trouble of an order that came out otherwise in Shopify.
pub const TOTAL_DIFFERS: &str = "order-total-differs";

async fn look_again(
    desk: &mut Desk,
    book: &mut Book,
    id: &str,
    index: usize,
    key: &str,
) -> Result<bool, Halt> {
    match shop::find(&desk.shopify, key).await? {
        Some(order) => {
            desk.report.count("orders_created", 1);
            confirm(desk, book, id, index, order);
        }
        None => {
            let sent_at = book
                .entry(id)
                .and_then(|entry| entry.parts.get(index))
                .map_or(0, |part| part.sent_at);
            wait_for_it(desk, sent_at);
        }
    }
    Ok(true)
}

/// It was certainly not created.
fn unsent(book: &mut Book, id: &str, index: usize) {
    if let Some(part) = part_mut(book, id, index) {
        part.sent_at = 0;
    }
}

fn slow_down(desk: &mut Desk, at: Millis, why: &str) {
    desk.report.find(Finding::note(
        "orders-too-fast",
        format!("Shopify takes no more orders for the moment ({why}); the rest waits."),
        "Nothing needs to be done. Trial stores take five orders in a minute; other plans take more.",
    ));
    desk.come_again(at, "Shopify takes no more orders for the moment");
}

/// Why Shopify refused an order, and by what it is known that the same would be refused again.
fn refused(refusal: &Refusal, task: &Task) -> (Trouble, u64) {
    let words = refusal.words.trim_end_matches('.');
    if refusal.stock {
        let skus: Vec<String> = task
            .ready
            .lines
            .iter()
            .map(|line| shown(&line.of.sku))
            .collect();
        let reason = format!(
            "Shopify could not claim its stock ({words}): {}.",
            skus.join(", ")
        );
        let fix = "It is tried again when the stock of these SKUs changes.";
        return (
            Trouble::new("order-claim-failed", reason, fix),
            task.stock_digest,
        );
    }
    let reason = format!("Shopify refuses it: {words}.");
    let fix = "Set it right on JOOR, and it is tried again by itself; or change Shopify's settings and `orders retry` it.";
    (
        Trouble::new("order-refused", reason, fix),
        task.order_digest,
    )
}

fn park(desk: &Desk, book: &mut Book, id: &str, trouble: Trouble, seen: Option<u64>) {
    let now = desk.io.now();
    if let Some(entry) = book.entry_mut(id) {
        entry.park(now, vec![trouble], seen);
    }
}
