//! Forgets the people of orders that have had nothing left to do for as long as the settings say.
//!
//! Orders that rest have a mark by day, so a pass looks at the oldest marks alone, and only where a
//! day has ended since it last did: an idle pass asks for nothing.

use std::collections::BTreeMap;

use crate::core::time::{DAY, day};
use crate::halt::Halt;
use crate::ledger::Batch;
use crate::ledger::orders::{Claim, OrderEntry, Orders};
use crate::ledger::people::RESTING;

use super::super::desk::Desk;

/// Orders looked at in a pass.
const ORDERS_PER_PASS: u32 = 100;

/// Forgets what is due, and goes on with it in the next pass where that is much.
pub async fn run(
    desk: &mut Desk,
    all: &mut Orders,
    claims: &BTreeMap<String, Claim>,
) -> Result<(), Halt> {
    let keep = desk.settings.orders.keep_personal_days * DAY;
    let before = day(desk.shopify.now().saturating_sub(keep));
    if desk.dry || (all.people.marked && all.people.forgotten_before == before) {
        return Ok(());
    }
    let mut batch = Batch::default();
    if !all.people.marked {
        mark(desk, all, &mut batch).await?;
    } else if forget(desk, &before, claims, &mut batch).await? {
        all.people.forgotten_before = before;
    }
    batch.put("orders", all);
    desk.commit(batch).await
}

/// Gives the orders of a ledger from before there were marks theirs.
async fn mark(desk: &Desk, all: &mut Orders, batch: &mut Batch) -> Result<(), Halt> {
    let after = all.people.marked_to.take();
    let page: Vec<(String, OrderEntry)> = desk
        .ledger
        .page("order/", after.as_deref(), ORDERS_PER_PASS)
        .await?;
    page.iter().for_each(|(_, entry)| batch.mark_rest(entry));
    all.people.marked = page.len() < ORDERS_PER_PASS as usize;
    if !all.people.marked {
        all.people.marked_to = page.last().map(|(id, _)| id.clone());
    }
    Ok(())
}

/// Forgets the people of orders that rest since before this day. True: of all of them.
async fn forget(
    desk: &mut Desk,
    before: &str,
    claims: &BTreeMap<String, Claim>,
    batch: &mut Batch,
) -> Result<bool, Halt> {
    let page: Vec<(String, u8)> = desk.ledger.page(RESTING, None, ORDERS_PER_PASS).await?;
    let is_due = |mark: &&str| mark.split('/').next().is_some_and(|day| day < before);
    let marks = page.iter().map(|(mark, _)| mark.as_str());
    let due: Vec<&str> = marks.take_while(is_due).collect();
    let ids = due
        .iter()
        .map(|mark| mark.split_once('/').map_or("", |(_, id)| id));
    let keys = ids.map(|id| format!("order/{id}")).collect();
    let entries: Vec<Option<OrderEntry>> = desk.ledger.get_all(keys).await?;
    let now = desk.shopify.now();
    for (mark, entry) in due.iter().zip(entries) {
        let mark = format!("{RESTING}{mark}");
        batch.remove(&mark);
        // Marks of before something happened to the order again stand for nothing.
        let is_its_mark = |entry: &OrderEntry| entry.rest_key().is_none_or(|key| key == mark);
        let Some(mut entry) = entry.filter(|e| e.rests() && is_its_mark(e)) else {
            continue;
        };
        if claims.contains_key(&entry.id) {
            batch.put_order(&mut entry, now);
            continue;
        }
        entry.forget_people(now, desk.settings.orders.keep_personal_days);
        batch.put(format!("order/{}", entry.id), &entry);
        desk.report.count("orders_forgotten", 1);
    }
    Ok(due.len() < ORDERS_PER_PASS as usize)
}
