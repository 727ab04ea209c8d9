//! Cancels orders in Shopify that were cancelled on JOOR before they were shipped, and gives back
//! exactly what they claimed.

use crate::core::claim::Behaviour;
use crate::core::order::Trouble;
use crate::core::time::{MINUTE, Millis, SECOND};
use crate::halt::Halt;
use crate::ledger::orders::State;
use crate::shopify::order_state::OrderState;
use crate::shopify::orders::{self as shop, Changed};

use super::super::desk::Desk;
use super::book::Book;

/// How long Shopify may take to cancel an order before it is asked again.
const PATIENCE: Millis = 5 * MINUTE;

/// Goes on with all cancellations.
pub async fn go_on(desk: &mut Desk, book: &mut Book) -> Result<(), Halt> {
    for id in book.which(|entry| entry.state == State::Cancelling) {
        // The intent is durable before anything is sent.
        book.commit(desk, &id).await?;
        let count = book.entry(&id).map_or(0, |entry| entry.parts.len());
        let mut waits = false;
        for index in 0..count {
            waits |= cancel_part(desk, book, &id, index).await?;
        }
        let Some(entry) = book.entry_mut(&id) else {
            continue;
        };
        if entry.state == State::Cancelling && !waits {
            entry.state = State::Cancelled;
            entry.parked = None;
            desk.report.count("orders_cancelled", 1);
        }
        book.commit(desk, &id).await?;
        if waits {
            let at = desk.io.now() + 10 * SECOND;
            desk.come_again(at, "Shopify is cancelling an order");
        }
    }
    Ok(())
}

/// True: Shopify has not said yet that it is cancelled.
async fn cancel_part(
    desk: &mut Desk,
    book: &mut Book,
    id: &str,
    index: usize,
) -> Result<bool, Halt> {
    let Some(part) = book
        .entry(id)
        .and_then(|entry| entry.parts.get(index))
        .cloned()
    else {
        return Ok(false);
    };
    let (Some(order), false) = (&part.order, part.cancelled) else {
        return Ok(false);
    };
    let is_cancelled = |state: Option<OrderState>| state.is_none_or(|state| state.is_cancelled());
    let state = shop::state(&desk.shopify, order.id).await?;
    if state
        .as_ref()
        .is_some_and(|state| !state.is_cancelled() && state.is_shipping())
    {
        let reason = format!(
            "It was cancelled on JOOR, but its order {} in Shopify is being shipped.",
            order.name
        );
        refuse(
            desk,
            book,
            id,
            Trouble::new(
                "order-shipped-and-cancelled",
                reason,
                "Agree with the buyer, then settle both orders by hand and `orders release` it.",
            ),
        );
        return Ok(false);
    }
    if is_cancelled(state) {
        mark(book, id, index);
        return Ok(false);
    }
    let now = desk.shopify.now();
    if part.cancel_sent_at != 0 && now < part.cancel_sent_at.saturating_add(PATIENCE) {
        return Ok(true);
    }
    if let Some(part) = book
        .entry_mut(id)
        .and_then(|entry| entry.parts.get_mut(index))
    {
        part.cancel_sent_at = now;
    }
    book.commit(desk, id).await?;
    // What claimed nothing gives nothing back: restocking it would make stock out of nothing.
    let restock = part.behaviour != Behaviour::Bypass.word();
    let note = format!("Cancelled on JOOR (order {id}).");
    match shop::cancel(&desk.shopify, order.id, restock, &note).await? {
        Changed::Done(()) | Changed::Unknown(_) | Changed::Later { .. } => {
            let soon = desk.io.now() + SECOND;
            desk.io.wait_until(soon).await;
            let done = is_cancelled(shop::state(&desk.shopify, order.id).await?);
            if done {
                mark(book, id, index);
            }
            Ok(!done)
        }
        // Somebody was faster.
        Changed::Refused(_) if is_cancelled(shop::state(&desk.shopify, order.id).await?) => {
            mark(book, id, index);
            Ok(false)
        }
        Changed::Refused(why) => {
            let reason = format!(
                "It was cancelled on JOOR, but Shopify does not cancel its order {}: {}.",
                order.name, why.words
            );
            refuse(
                desk,
                book,
                id,
                Trouble::new(
                    "order-cancel-refused",
                    reason,
                    "Cancel it in Shopify by hand, then `orders release` it.",
                ),
            );
            Ok(false)
        }
    }
}

fn mark(book: &mut Book, id: &str, index: usize) {
    if let Some(part) = book
        .entry_mut(id)
        .and_then(|entry| entry.parts.get_mut(index))
    {
        part.cancelled = true;
    }
}

fn refuse(desk: &Desk, book: &mut Book, id: &str, trouble: Trouble) {
    let now = desk.io.now();
    if let Some(entry) = book.entry_mut(id) {
        entry.state = State::Created;
        entry.cancel_refused = true;
        entry.park_also(now, trouble);
    }
}
