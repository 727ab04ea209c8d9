//! Sends JOOR what differs from what it last accepted: decreases before increases, in batches.
//!
//! A batch that JOOR refuses is halved until the bad row stands alone; that row is parked with
//! its reason, and the others go through.

use std::collections::BTreeMap;

use crate::core::brake::Emptying;
use crate::core::finding::Finding;
use crate::core::id::Id;
use crate::core::style::{Direction, Parked, Sku};
use crate::core::text::shown;
use crate::core::time::{MINUTE, Millis, age};
use crate::halt::Halt;
use crate::http::excerpt;
use crate::joor::client::Sent as Reply;
use crate::joor::inventory::{Answer, StockRow, answer, encode};
use crate::ledger::{Batch, BrakeEntry, ParkedEntry, Sent, Todo, todo_prefix};

use super::desk::Desk;
use super::report::plural;
use super::work::{Work, unpark};

/// How long a row rests that JOOR did not answer to. Its batch is halved down to it, which takes the
/// time of several passes.
const UNANSWERED_FOR: Millis = 30 * MINUTE;
/// Styles loaded at a time.
const PAGE: u32 = 200;
/// So many rows refused one by one, with none accepted, mean that it is not the rows.
const REFUSED_ALONE_MAX: u64 = 8;

/// Publishes what waits in these directions, one after the other.
pub async fn run(desk: &mut Desk, ready: &[Direction]) -> Result<(), Halt> {
    if desk.totals.parked > 0 {
        let now = desk.io.now();
        let again = |_: &Sku, entry: &ParkedEntry| {
            entry.parked.code == Parked::UNANSWERED && age(now, entry.at) >= UNANSWERED_FOR
        };
        unpark(desk, again).await?;
    }
    if !brake_lets_through(desk).await? {
        return Ok(());
    }
    let mut counts = Counts::default();
    let mut done = Ok(true);
    for direction in ready {
        if matches!(done, Ok(true)) {
            done = publish(desk, *direction, &mut counts).await;
        }
    }
    if matches!(done, Ok(true)) {
        release_brake(desk).await?;
    }
    desk.report.count("rows_published", counts.accepted);
    desk.report.count("rows_refused", counts.refused);
    desk.report.summary.push(counts.sentence());
    if desk.totals.parked > 0 {
        let sentence = format!(
            "{} parked; see `parked`.",
            plural(desk.totals.parked, "SKU")
        );
        desk.report.summary.push(sentence);
    }
    done.map(|_| ())
}

#[derive(Default)]
struct Counts {
    accepted: u64,
    refused: u64,
}

impl Counts {
    fn sentence(&self) -> String {
        match (self.accepted, self.refused) {
            (0, 0) => "JOOR shows what it should.".into(),
            (accepted, 0) => format!("{} published.", plural(accepted, "row")),
            (accepted, refused) => {
                format!(
                    "{} published, {} refused by JOOR.",
                    plural(accepted, "row"),
                    plural(refused, "row")
                )
            }
        }
    }
}

/// What the waiting rows would take to zero.
pub async fn emptying(desk: &Desk) -> Result<Emptying, Halt> {
    let mut emptying = Emptying {
        sellable: desk.totals.sellable,
        to_zero: 0,
    };
    let mut after: Option<String> = None;
    loop {
        let prefix = todo_prefix(Direction::Decrease);
        let page: Vec<(String, Todo)> = desk.ledger.page(prefix, after.as_deref(), 5_000).await?;
        emptying.to_zero += page.iter().map(|(_, todo)| todo.to_zero).sum::<u64>();
        match page.last() {
            Some((last, _)) => after = Some(last.clone()),
            None => return Ok(emptying),
        }
    }
}

async fn brake_lets_through(desk: &mut Desk) -> Result<bool, Halt> {
    let emptying = emptying(desk).await?;
    let entry: Option<BrakeEntry> = desk.ledger.get("brake").await?;
    if !desk.settings.brake.stops(emptying) {
        release_brake(desk).await?;
        return Ok(true);
    }
    if entry.is_some_and(|e| e.approved && emptying.to_zero <= e.to_zero) {
        return Ok(true);
    }
    let Emptying { sellable, to_zero } = emptying;
    let at = entry.map_or(desk.io.now(), |e| e.at);
    let mut batch = Batch::default();
    batch.put(
        "brake",
        &BrakeEntry {
            at,
            to_zero,
            sellable,
            approved: false,
        },
    );
    desk.commit(batch).await?;
    desk.report.find(brake_finding(emptying));
    desk.report
        .summary
        .push("The brake has stopped the pass; nothing was published.".into());
    Ok(false)
}

/// Forgets what the brake stopped, and with it the approval: that was for one plan.
async fn release_brake(desk: &mut Desk) -> Result<(), Halt> {
    if desk.ledger.get::<BrakeEntry>("brake").await?.is_some() {
        let mut batch = Batch::default();
        batch.remove("brake");
        desk.commit(batch).await?;
    }
    Ok(())
}

/// The finding that the brake stops.
pub fn brake_finding(emptying: Emptying) -> Finding {
    let Emptying { sellable, to_zero } = emptying;
    Finding::error(
        "brake",
        format!(
            "{to_zero} of {sellable} SKUs on sale would go to zero, so nothing is published. The plan is kept."
        ),
        "Look at the plan. If it is right, `approve` lets it through; if not, set the stock right in Shopify.",
    )
}

/// Publishes what waits in one direction. False: the rest is left to the next pass.
async fn publish(desk: &mut Desk, direction: Direction, counts: &mut Counts) -> Result<bool, Halt> {
    loop {
        let rows = waiting(desk, direction).await?;
        if rows.is_empty() {
            return Ok(true);
        }
        send(desk, &rows, counts).await?;
        desk.io.progress("publishing", counts.accepted, None);
        if desk.is_late() {
            let now = desk.io.now();
            desk.come_again(now, "the rest is published in the next pass");
            return Ok(false);
        }
    }
}

/// About a batch of the rows that wait.
async fn waiting(desk: &Desk, direction: Direction) -> Result<Vec<StockRow>, Halt> {
    let (mut work, mut rows) = (Work::default(), Vec::new());
    let mut after: Option<String> = None;
    while rows.len() < desk.settings.joor.batch_rows {
        let page: Vec<(String, Todo)> = desk
            .ledger
            .page(todo_prefix(direction), after.as_deref(), PAGE)
            .await?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        let products: Vec<Id> = page.iter().filter_map(|(key, _)| Id::parse(key)).collect();
        work.load(desk, products.iter().copied()).await?;
        for product in products {
            let Some(entry) = work.styles.get(&product) else {
                continue;
            };
            for sku in &entry.style.skus {
                let row = |row| StockRow::new(product, &entry.style, sku, row);
                rows.extend(sku.waiting(direction).map(row));
            }
        }
    }
    Ok(rows)
}

/// What became of a row.
enum Fate {
    Accepted(String),
    Refused(String),
    /// Sent alone, and not answered in time, or not in a way that can be read.
    Unanswered(String),
}

/// Sends rows in batches, each committed when JOOR has answered.
async fn send(desk: &mut Desk, rows: &[StockRow], counts: &mut Counts) -> Result<(), Halt> {
    let rows: Vec<&StockRow> = rows.iter().collect();
    let batches = rows.chunks(desk.settings.joor.batch_rows);
    let mut stack: Vec<&[&StockRow]> = batches.rev().collect();
    while let Some(some) = stack.pop() {
        let (content_type, body) = encode(some, desk.settings.joor.inventory_body);
        let reply = desk
            .joor
            .send_stock(
                desk.settings.pending.stock_path(),
                content_type,
                &body,
                &key(&body),
            )
            .await?;
        let fates: Vec<Fate> = match reply {
            Reply::Taken(body) => match answer(&body, some) {
                Answer::AllTaken(ids) => ids
                    .into_iter()
                    .map(|id| Fate::Accepted(id.unwrap_or_else(|| "accepted".into())))
                    .collect(),
                Answer::SomeRefused(refused) => {
                    let mut refused: BTreeMap<usize, String> = refused.into_iter().collect();
                    let fate = |i| match refused.remove(&i) {
                        Some(why) => Fate::Refused(why),
                        None => Fate::Accepted("accepted".into()),
                    };
                    (0..some.len()).map(fate).collect()
                }
                Answer::Unclear(why) => match halve(&mut stack, some) {
                    true => continue,
                    false => vec![Fate::Unanswered(why)],
                },
            },
            Reply::Refused { status, body } => match halve(&mut stack, some) {
                true => continue,
                false => vec![Fate::Refused(format!(
                    "status {status}: {}",
                    excerpt(&body)
                ))],
            },
            Reply::TooMuch(why) => match halve(&mut stack, some) {
                true => continue,
                false => vec![Fate::Unanswered(why)],
            },
        };
        settle(desk, some, fates, counts).await?;
    }
    Ok(())
}

/// Puts the halves of a batch on the stack. False: a single row has none.
fn halve<'r>(stack: &mut Vec<&'r [&'r StockRow]>, rows: &'r [&'r StockRow]) -> bool {
    if rows.len() < 2 {
        return false;
    }
    let (first, second) = rows.split_at(rows.len() / 2);
    stack.push(second);
    stack.push(first);
    true
}

/// The same for the same message, whoever repeats it.
fn key(body: &str) -> String {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    format!(
        "stock-{:016x}",
        body.bytes().fold(0xCBF2_9CE4_8422_2325, step)
    )
}

/// Keeps a SKU from being sent; gives the reason, which is what JOOR said, for the records.
fn park(sku: &mut Sku, code: &str, reason: String) -> String {
    sku.parked = Some(Parked {
        code: code.into(),
        reason: reason.clone(),
    });
    reason
}

/// Writes into the ledger what became of the rows.
async fn settle(
    desk: &mut Desk,
    rows: &[&StockRow],
    fates: Vec<Fate>,
    counts: &mut Counts,
) -> Result<(), Halt> {
    let at = desk.io.now();
    let mut sent: BTreeMap<Id, BTreeMap<String, Sent>> = BTreeMap::new();
    let mut work = Work::default();
    work.load(desk, rows.iter().map(|row| row.product)).await?;
    for (row, fate) in rows.iter().zip(fates) {
        let Some(entry) = work.styles.get_mut(&row.product) else {
            continue;
        };
        let Some(sku) = entry.style.skus.iter_mut().find(|sku| sku.nr == row.nr) else {
            continue;
        };
        entry.changed = true;
        let what = || {
            let (row, label) = (&row.row, row.label());
            format!(
                "{} for {} in \"{}\"",
                row.stock,
                shown(&label),
                row.warehouse
            )
        };
        let answer = match fate {
            Fate::Accepted(answer) => {
                counts.accepted += 1;
                sku.accept(&row.row);
                if sku.tell_again() {
                    let reason = format!(
                        "JOOR took {}, and may take after it what was sent before and not answered to. It is sent again \
                         after half an hour.",
                        what()
                    );
                    park(sku, Parked::UNANSWERED, reason);
                }
                answer
            }
            Fate::Unanswered(why) => {
                counts.refused += 1;
                let reason = format!(
                    "Nobody knows whether JOOR took {}: {why}. It is sent again after half an hour.",
                    what()
                );
                park(sku, Parked::UNANSWERED, reason)
            }
            Fate::Refused(why) => {
                counts.refused += 1;
                park(
                    sku,
                    "row-refused",
                    format!("JOOR refuses {}: {why}.", what()),
                )
            }
        };
        sent.entry(row.product)
            .or_default()
            .insert(sku.label(), Sent { at, answer });
    }
    let mut batch = Batch::default();
    remember(desk, sent, &mut batch).await?;
    work.write(desk, &mut batch);
    desk.commit(batch).await?;
    if counts.accepted == 0 && counts.refused >= REFUSED_ALONE_MAX {
        return Err(Halt::failed(
            "joor-refuses-all",
            format!(
                "JOOR refused {} rows one by one and took none.",
                counts.refused
            ),
            "Look at the reasons with `parked`. If JOOR does not understand the messages at all, try another \
             `joor.inventory_body`; then `retry`.",
        ));
    }
    Ok(())
}

async fn remember(
    desk: &Desk,
    sent: BTreeMap<Id, BTreeMap<String, Sent>>,
    batch: &mut Batch,
) -> Result<(), Halt> {
    let keys: Vec<String> = sent
        .keys()
        .map(|product| format!("sent/{product}"))
        .collect();
    let known = desk
        .ledger
        .get_all::<BTreeMap<String, Sent>>(keys.clone())
        .await?;
    for ((key, known), new) in keys.into_iter().zip(known).zip(sent.into_values()) {
        let mut all = known.unwrap_or_default();
        all.extend(new);
        batch.put(key, &all);
    }
    Ok(())
}
