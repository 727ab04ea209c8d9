//! Takes JOOR's orders over into Shopify, and claims their stock by the policy the brand chose.
//!
//! What must happen exactly once, creating an order and cancelling one, is written into the ledger
//! before it is sent, and looked up before it is sent again. What is absolute, an assignment to a
//! location or an export status, may be sent again.

pub mod act;
pub mod ask;
mod book;
mod cancel;
mod forget;
mod intake;
mod judge;
mod send;
mod settle;
mod tell;

use crate::core::finding::Finding;
use crate::core::id::Id;
use crate::core::time::SECOND;
use crate::halt::Halt;
use crate::ledger::Batch;
use crate::ledger::orders::Orders;

use super::desk::{Claims, Desk};
use super::report::{Table, plural};
use book::{Book, trouble_words};

/// Takes orders over. What keeps it from its work is a finding, and the stock goes on.
pub async fn run(desk: &mut Desk) -> Result<(), Halt> {
    let done = match desk.places.orders.as_ref().map(|location| location.id) {
        Some(location) => take_over(desk, location).await,
        None => forget_alone(desk).await,
    };
    // Without orders nobody ends their claims; the changed setting reads all stock anew anyway.
    if desk.settings.orders.enabled {
        desk.claims = Claims::load(&desk.ledger).await?;
    }
    desk.go_on(done)?;
    Ok(())
}

/// Writes down in the very first pass since when orders are taken over: reading everything for the
/// first time may take a while, and what is approved meanwhile is no history.
pub async fn begin(desk: &mut Desk) -> Result<(), Halt> {
    if desk.dry || !desk.settings.orders.enabled {
        return Ok(());
    }
    let mut all: Orders = desk.ledger.get("orders").await?.unwrap_or_default();
    if all.since != 0 {
        return Ok(());
    }
    // On Shopify's clock: by a host's that is ahead, new orders would be taken for history. JOOR
    // tells whole seconds.
    let since_then = desk.io.now().saturating_sub(desk.started_at());
    all.since = desk.shopify.now().saturating_sub(since_then) / SECOND * SECOND;
    // There are no orders yet, so all have their mark.
    all.people.marked = true;
    let mut batch = Batch::default();
    batch.put("orders", &all);
    desk.commit(batch).await
}

/// Where no orders are taken over, those that were are not kept for longer.
async fn forget_alone(desk: &mut Desk) -> Result<(), Halt> {
    let Some(mut all) = desk.ledger.get::<Orders>("orders").await? else {
        return Ok(());
    };
    let claims = desk.ledger.all("claim/").await?;
    forget::run(desk, &mut all, &claims).await
}

/// Unfinished work first, then what is new; and JOOR is told only what the ledger has.
async fn take_over(desk: &mut Desk, location: Id) -> Result<(), Halt> {
    let mut book = Book::open(desk, location).await?;
    book.forget(desk).await?;
    if !desk.dry {
        send::look_up(desk, &mut book).await?;
    }
    intake::read(desk, &mut book).await?;
    let ready = judge::waiting(desk, &mut book).await?;
    if desk.dry {
        show_plan(desk, &book, &ready);
        return finish(desk, book).await;
    }
    cancel::go_on(desk, &mut book).await?;
    send::create(desk, &mut book, ready).await?;
    settle::place(desk, &mut book).await?;
    settle::close_claims(desk, &mut book).await?;
    tell::joor(desk, &mut book).await?;
    tell::shipments(desk, &mut book).await?;
    finish(desk, book).await
}

async fn finish(desk: &mut Desk, book: Book) -> Result<(), Halt> {
    let parked = book.parked();
    desk.report.count_anew("orders_open", book.unfinished());
    if let Some((first, entry)) = parked.first() {
        let troubles = entry.parked.as_ref().map(trouble_words).unwrap_or_default();
        desk.report.find(
            Finding::warning(
                "orders-parked",
                format!(
                    "{} not taken over, or not finished. The first, {first}: {troubles}",
                    are(parked.len() as u64)
                ),
                "Look at `orders`; each says what to do. All other orders go on.",
            )
            .about(*first),
        );
    }
    desk.save().await
}

fn are(orders: u64) -> String {
    match orders {
        1 => "1 order is".into(),
        n => format!("{n} orders are"),
    }
}

/// What a dry run would create.
fn show_plan(desk: &mut Desk, book: &Book, ready: &[judge::Task]) {
    if ready.is_empty() {
        return;
    }
    let mut table = Table::new(
        "Orders to be created in Shopify",
        &[
            "order",
            "customer",
            "linesheet",
            "claim policy",
            "decided by",
            "#units",
            "#claimed",
            "#short",
        ],
    );
    for task in ready {
        let Some(entry) = book.entry(&task.id) else {
            continue;
        };
        let decision = entry.decision.clone().unwrap_or_default();
        let sum = |of: fn(&crate::ledger::orders::DecidedLine) -> i64| -> String {
            decision
                .lines
                .iter()
                .map(of)
                .fold(0_i64, i64::saturating_add)
                .to_string()
        };
        table.push(vec![
            entry.id.clone(),
            entry.customer.clone(),
            entry.linesheet.clone(),
            decision.behaviour.clone(),
            decision.decided_by.clone(),
            sum(|line| line.units),
            sum(|line| line.claim),
            sum(|line| line.short),
        ]);
    }
    desk.report.count("orders_to_create", ready.len() as u64);
    desk.report.summary.push(format!(
        "{} would be created in Shopify.",
        plural(ready.len() as u64, "order")
    ));
    desk.report.tables.push(table);
}
