//! What a person may do with an order: try it again, or take it off the hands of atsync.

use crate::halt::Halt;
use crate::ledger::orders::{CHANGED, Ended, Part, State};

use super::super::desk::Desk;
use super::ask::known;
use super::book::Book;

/// Tries a parked order again, even where Shopify would be asked the same.
pub async fn retry(desk: &mut Desk, id: &str) -> Result<(), Halt> {
    let (mut book, state) = open(desk, id).await?;
    let Some(entry) = book.entry_mut(id) else {
        return Ok(());
    };
    let sentence = match state {
        State::Waiting | State::Sending => {
            entry.parked = None;
            "The next pass tries it again."
        }
        State::Released => {
            entry.state = State::Waiting;
            (entry.parked, entry.ended) = (None, None);
            "It waits again; the next pass takes it over if JOOR still offers it."
        }
        State::Created if entry.cancel_refused => {
            entry.cancel_refused = false;
            entry.parked = None;
            entry.state = State::Cancelling;
            "The next pass tries to cancel it in Shopify again."
        }
        State::Created => {
            for part in &mut entry.parts {
                part.misplaced = false;
            }
            entry.parked = None;
            "The next pass looks at it again."
        }
        State::Cancelling | State::Cancelled => "It is cancelled; there is nothing to try again.",
    };
    desk.report.summary.push(format!("Order {id}: {sentence}"));
    book.commit(desk, id).await
}

/// A person has settled the order by hand: its claim ends, and nothing more is done for it.
pub async fn release(desk: &mut Desk, id: &str) -> Result<(), Halt> {
    let (mut book, state) = open(desk, id).await?;
    let entry = book.entry(id);
    let in_doubt = entry.is_some_and(|entry| entry.parts.iter().any(Part::is_in_doubt));
    if state == State::Cancelling || (state == State::Sending && in_doubt) {
        return Err(Halt::failed(
            "order-in-doubt",
            format!(
                "Order {id} is on its way to Shopify, and nobody knows yet whether it is there."
            ),
            "Wait for the next pass, which looks it up; then release it.",
        ));
    }
    let half = state == State::Sending;
    let mut on_joor = None;
    if state == State::Created || half {
        on_joor = super::intake::on_joor(desk, id).await?;
    }
    let Some(entry) = book.entry_mut(id) else {
        return Ok(());
    };
    let changed = entry.has_trouble(CHANGED);
    entry.parked = None;
    if half {
        // The rest is entered by hand, as the order is on JOOR now, and is no part any more.
        entry.parts.retain(|part| part.order.is_some());
        entry.state = match entry.parts.is_empty() {
            true => State::Waiting,
            false => State::Created,
        };
    }
    let sentence = match entry.state {
        State::Waiting => {
            entry.state = State::Released;
            entry.ended = Some(Ended::ByPerson);
            "Its claim is released, and it is not taken over. Mark it as exported on JOOR."
        }
        State::Created => {
            for part in &mut entry.parts {
                part.placed = true;
                part.total.clear();
            }
            entry.told = None;
            if let Some(snapshot) = on_joor.filter(|_| changed || half) {
                entry.snapshot = snapshot;
            }
            "It counts as settled as it is in Shopify, and JOOR is told so."
        }
        _ => "There is nothing to release.",
    };
    desk.report.summary.push(format!("Order {id}: {sentence}"));
    book.commit(desk, id).await
}

/// The order on the desk. No location is needed: neither act opens a claim elsewhere than before.
async fn open(desk: &mut Desk, id: &str) -> Result<(Book, State), Halt> {
    let entry = known(desk, id).await?;
    let claim: Option<crate::ledger::orders::Claim> =
        desk.ledger.get(&format!("claim/{id}")).await?;
    let location = claim.map(|claim| claim.location).unwrap_or_default();
    let mut book = Book::open(desk, location).await?;
    book.load(desk, [id.to_owned()]).await?;
    Ok((book, entry.state))
}
