//! Reads all stock of the shop: the first time, when the settings changed, and once a day.
//!
//! Shopify writes the whole catalogue into a file (a bulk operation); the file is read in pieces,
//! so memory does not grow with the shop. While Shopify writes, passes go on with what changes.

use std::collections::BTreeSet;

use crate::bindings::exports::atsync::connector::reconcile::{Failure, Lines, LinesRequest};
use crate::core::bitmap::Bitmap;
use crate::core::finding::Finding;
use crate::core::id::Id;
use crate::core::style::Direction;
use crate::core::time::{HOUR, MINUTE, Millis, SECOND, age};
use crate::halt::Halt;
use crate::http::{self, ATTEMPTS_MAX, WAIT_MAX};
use crate::ledger::{Batch, Bulk, FullRead, Todo, todo_prefix};
use crate::shopify::bulk::{self, Begun, Progress};
use crate::shopify::lines::{Group, LineReader};
use crate::shopify::operations::Selection;

use super::decide::{Decider, OpenClaims};
use super::desk::Desk;
use super::report::plural;
use super::work::Work;
use super::{duplicates, gone};

/// Bytes of a piece.
const PIECE: u32 = 2 << 20;

/// The most styles that are read again with what changes, because they could not be read whole or
/// wait by an older basis.
const AGAIN_MAX: u32 = 500;

/// How long a dry run waits for Shopify to write the file.
const DRY_PATIENCE: Millis = 4 * MINUTE;

/// Reads everything, or goes on with it, when it is due. False: it was never read to its end, so
/// nothing may be published.
pub async fn run_if_due(desk: &mut Desk) -> Result<bool, Halt> {
    let mut state: FullRead = desk.ledger.get("full-read").await?.unwrap_or_default();
    let age = age(desk.io.now(), state.read_at);
    let due = state.read_at == 0
        || state.asked
        || state.basis != desk.basis
        || age >= desk.settings.full_read_hours * HOUR;
    let known = state.read_at != 0;
    if !due || desk.places.locations.is_empty() {
        return Ok(known);
    }
    if state.basis != desk.basis && state.basis != 0 {
        // From here on changes are decided about by the new basis, and going back to the old one
        // does not make them right again.
        state.basis = 0;
        keep(desk, &state, state.bulk.clone()).await?;
    }
    let done = read_on(desk, state).await;
    if !known {
        return done;
    }
    if let Some(done) = desk.go_on(done)? {
        return Ok(done);
    }
    // The stock goes on by what changes.
    let state = desk.ledger.get("full-read").await?.unwrap_or_default();
    not_yet(desk, state).await
}

/// Begins a reading or goes on with it.
async fn read_on(desk: &mut Desk, mut state: FullRead) -> Result<bool, Halt> {
    let Some(mut bulk) = begun(desk, &mut state).await? else {
        return not_yet(desk, state).await;
    };
    let Some(url) = written(desk, &mut state, &bulk).await? else {
        state.bulk = Some(bulk);
        return not_yet(desk, state).await;
    };
    watch_changes(desk, bulk.asked_at).await?;
    let seen = match url.as_deref() {
        Some(url) => match read(desk, &mut state, &mut bulk, url).await? {
            Some(seen) => seen,
            None => return Ok(false),
        },
        None => Bitmap::default(),
    };
    finish(desk, state, &bulk, &seen).await?;
    Ok(true)
}

/// Shopify has not written everything down yet. If the basis is another one, what still waits to be
/// sent was decided by the old one, so it is read again before. Where very much waits, the rest is
/// sent as it is: JOOR is nearer to the truth with it than without.
async fn not_yet(desk: &mut Desk, mut state: FullRead) -> Result<bool, Halt> {
    if state.read_at == 0 {
        return Ok(false);
    }
    if state.decided_by == desk.basis || state.basis == desk.basis {
        return Ok(true);
    }
    state.decided_by = desk.basis;
    let mut batch = Batch::default();
    batch.put("full-read", &state);
    for direction in [Direction::Decrease, Direction::Increase] {
        let prefix = todo_prefix(direction);
        let waiting: Vec<(String, Todo)> = desk.ledger.page(prefix, None, AGAIN_MAX).await?;
        let products: Vec<Id> = waiting
            .iter()
            .filter_map(|(key, _)| Id::parse(key))
            .collect();
        read_again(desk, &products, &mut batch);
    }
    desk.commit(batch).await?;
    Ok(true)
}

/// All stock was read to its end at least once.
pub async fn was_done(desk: &Desk) -> Result<bool, Halt> {
    let state: Option<FullRead> = desk.ledger.get("full-read").await?;
    Ok(state.is_some_and(|state| state.read_at != 0))
}

/// The bulk operation under way, or a new one. None: the shop is busy with others.
async fn begun(desk: &mut Desk, state: &mut FullRead) -> Result<Option<Bulk>, Halt> {
    if let Some(bulk) = state
        .bulk
        .take_if(|b| b.basis == desk.basis && b.is_sound())
    {
        return Ok(Some(bulk));
    }
    let selection = selection(desk);
    let id = loop {
        let query = if state.nested {
            selection.bulk_nested()
        } else {
            selection.bulk()
        };
        match bulk::begin(&desk.shopify, &query, state.nested).await? {
            Begun::Running(id) => break id,
            Begun::Busy => {
                let at = desk.io.now() + MINUTE;
                desk.come_again(
                    at,
                    "Shopify runs as many bulk operations for this shop as it allows",
                );
                return Ok(None);
            }
            Begun::Refused(_) if !state.nested => state.nested = true,
            Begun::Refused(why) => {
                return Err(Halt::failed(
                    "bulk-refused",
                    format!("Shopify does not write the shop's stock into a file: {why}."),
                    "Nothing was changed. If it lasts, a newer connector is needed.",
                ));
            }
        }
    };
    let bulk = Bulk {
        id,
        asked_at: desk.shopify.now(),
        basis: desk.basis,
        offset: 0,
        lines: 0,
        unreadable: 0,
        unread: Some(BTreeSet::new()),
        seen: String::new(),
    };
    keep(desk, state, Some(bulk.clone())).await?;
    Ok(Some(bulk))
}

fn selection(desk: &Desk) -> Selection {
    Selection::new(
        &desk.settings,
        desk.places.locations.iter().map(|l| l.id).collect(),
    )
}

async fn keep(desk: &mut Desk, state: &FullRead, bulk: Option<Bulk>) -> Result<(), Halt> {
    let mut batch = Batch::default();
    batch.put(
        "full-read",
        &FullRead {
            bulk,
            ..state.clone()
        },
    );
    desk.commit(batch).await
}

/// Waits a moment for Shopify to be done: the address of the file, which may be none for a shop
/// without variants. None: it takes longer.
async fn written(
    desk: &mut Desk,
    state: &mut FullRead,
    bulk: &Bulk,
) -> Result<Option<Option<String>>, Halt> {
    // A dry run keeps nothing, so it cannot come again: it waits.
    let patience = if desk.dry { DRY_PATIENCE } else { WAIT_MAX };
    let give_up_at = desk.io.now() + patience;
    let mut pause = SECOND / 4;
    loop {
        match bulk::progress(&desk.shopify, &bulk.id).await? {
            Progress::Done(url) => return Ok(Some(url)),
            Progress::Running(objects) => {
                desk.io
                    .progress("Shopify writes the shop's stock into a file", objects, None);
                if desk.io.now() + pause > give_up_at {
                    let at = desk.io.now() + 15 * SECOND;
                    desk.come_again(at, "Shopify is writing the shop's stock into a file");
                    return Ok(None);
                }
                let at = desk.io.now() + pause;
                desk.io.wait_until(at).await;
                pause = (pause * 2).min(5 * SECOND);
            }
            Progress::Failed(why) => {
                // The other form of the query may fare better.
                state.nested = !state.nested;
                keep(desk, state, None).await?;
                return Err(Halt::failed(
                    "bulk-failed",
                    format!("Shopify did not finish writing the shop's stock into a file: {why}."),
                    "Nothing was changed; the next pass asks for it again.",
                ));
            }
        }
    }
}

/// From the first piece of the file on, the ledger may hold numbers as old as the question for it. So
/// changes are watched from that moment, whatever becomes of the file.
async fn watch_changes(desk: &mut Desk, asked_at: Millis) -> Result<(), Halt> {
    let mut batch = Batch::default();
    let watched = desk.places.locations.iter().map(|l| l.id.to_string());
    for name in watched.chain(["products".to_owned(), "variants".to_owned()]) {
        batch.put(format!("watermark/{name}"), &asked_at);
    }
    desk.commit(batch).await
}

/// Reads the file to its end: the SKUs seen. None: the pass is over, the next one goes on.
async fn read(
    desk: &mut Desk,
    state: &mut FullRead,
    bulk: &mut Bulk,
    url: &str,
) -> Result<Option<Bitmap>, Halt> {
    let nested = state
        .nested
        .then(|| desk.places.locations.iter().map(|l| l.id).collect());
    let mut reader = LineReader::new(bulk.offset, nested);
    (reader.lines, reader.unreadable) = (bulk.lines, bulk.unreadable);
    reader.unread.clone_from(&bulk.unread);
    let mut seen =
        Bitmap::from_text(&bulk.seen).ok_or_else(|| Halt::damaged("full-read", "its bitmap"))?;
    let request = |offset| LinesRequest {
        url: url.to_owned(),
        offset,
        max_bytes: PIECE,
    };
    let claims = desk.claims.as_of(bulk.asked_at);
    let mut offset = bulk.offset;
    let mut coming = Some(desk.io.read_lines(request(offset)));
    while let Some(piece) = coming.take() {
        let piece = match piece.await {
            Ok(piece) => piece,
            Err(failure) => again(desk, state, request(offset), failure).await?,
        };
        // The next piece is on its way while this one is worked on.
        coming = piece
            .next_offset
            .map(|next| desk.io.read_lines(request(next)));
        let mut groups = reader.push(&piece.text);
        match piece.next_offset {
            Some(next) => offset = next,
            None => groups.extend(reader.finish()),
        }
        take(desk, &claims, groups, &mut seen).await?;
        desk.io.progress("reading stock", reader.lines, None);
        if coming.is_some() && desk.is_late() {
            (bulk.offset, bulk.lines) = (reader.resume_offset(), reader.lines);
            (bulk.unreadable, bulk.unread) = (reader.unreadable, reader.unread);
            bulk.seen = seen.to_text();
            keep(desk, state, Some(bulk.clone())).await?;
            let now = desk.io.now();
            desk.come_again(now, "the shop's stock is read in several passes");
            return Ok(None);
        }
    }
    (bulk.lines, bulk.unreadable, bulk.unread) = (reader.lines, reader.unreadable, reader.unread);
    desk.report.count("variants_read", reader.lines);
    if let Some(first) = reader.first_error {
        desk.report.find(unreadable(bulk.unreadable, &first));
    }
    Ok(Some(seen))
}

/// A piece that did not come is asked for again. A file that is refused is asked for anew by the
/// next pass, because its address may have expired.
async fn again(
    desk: &mut Desk,
    state: &FullRead,
    request: LinesRequest,
    mut failure: Failure,
) -> Result<Lines, Halt> {
    for attempt in 1..ATTEMPTS_MAX {
        if !http::is_passing_failure(&failure) {
            break;
        }
        let now = desk.io.now();
        desk.io.wait_until(now + http::pause(attempt, now)).await;
        match desk.io.read_lines(request.clone()).await {
            Ok(piece) => return Ok(piece),
            Err(next) => failure = next,
        }
    }
    keep(desk, state, None).await?;
    Err(Halt::failed(
        "bulk-unreadable",
        format!(
            "The file with the shop's stock could not be read: {}.",
            http::describe(&failure)
        ),
        "The next pass asks Shopify for a new one. If this host does not allow the address, add its host to the \
         allowed downloads.",
    ))
}

/// Decides about the styles of a piece, and commits what is different.
async fn take(
    desk: &mut Desk,
    claims: &OpenClaims,
    groups: Vec<Group>,
    seen: &mut Bitmap,
) -> Result<(), Halt> {
    let mut work = Work::default();
    work.load(desk, groups.iter().map(|g| g.product)).await?;
    let (mut relabels, mut unknown, mut not_linked) = (Vec::new(), 0, 0);
    let mut unread = Vec::new();
    {
        let decider = Decider::new(desk, claims);
        for group in &groups {
            let Some(entry) = work.styles.get_mut(&group.product) else {
                not_linked += group.variants.len() as u64;
                continue;
            };
            let decided = decider.style(group.product, &mut entry.style, &group.variants);
            entry.changed |= decided.changed;
            decided.seen.into_iter().for_each(|nr| seen.insert(nr));
            relabels.extend(decided.relabels);
            unknown += decided.unknown;
            if decided.unread {
                unread.push(group.product);
            }
        }
    }
    let mut batch = Batch::default();
    read_again(desk, &unread, &mut batch);
    duplicates::settle(desk, &mut work, &relabels, &mut batch).await?;
    work.write(desk, &mut batch);
    desk.report.count("variants_not_linked", not_linked);
    desk.report.count("variants_unknown_to_joor", unknown);
    if batch.is_empty() {
        Ok(())
    } else {
        desk.commit(batch).await
    }
}

/// Changes are watched from before the file was written, so what could not be read in it is not
/// met again by itself.
pub fn read_again(desk: &mut Desk, products: &[Id], batch: &mut Batch) {
    for product in products {
        if desk.report.counts.get("styles_read_again") >= Some(&u64::from(AGAIN_MAX)) {
            desk.report.find(Finding::warning(
                "styles-left",
                format!("More than {AGAIN_MAX} styles are to be read once more, so some are left to the next full read."),
                "Look at the variants that could not be read: the report names the first. Then `resync`.",
            ));
            return;
        }
        batch.put(format!("dirty/{product}"), &1);
        desk.report.count("styles_read_again", 1);
    }
}

fn unreadable(count: u64, first: &str) -> Finding {
    Finding::error(
        "variants-unreadable",
        format!(
            "{} could not be read, so what JOOR shows of them stays as it is. The first: {first}",
            plural(count, "variant")
        ),
        "Look at the variant in Shopify. If it is in order, a newer connector is needed.",
    )
}

/// Everything was read: what was not seen is gone.
async fn finish(desk: &mut Desk, state: FullRead, bulk: &Bulk, seen: &Bitmap) -> Result<(), Halt> {
    let new_basis = state.basis != desk.basis;
    let some_unseen = seen.count() + desk.totals.gone != desk.totals.skus;
    match (bulk.unreadable, &bulk.unread) {
        (0, _) if new_basis || some_unseen => {
            gone::zero_unseen(desk, seen, &BTreeSet::new()).await?;
        }
        (0, _) => {}
        (_, Some(styles)) => gone::zero_unseen(desk, seen, styles).await?,
        (_, None) => gone::read_unseen_again(desk, seen, new_basis).await?,
    }
    let mut batch = Batch::default();
    let read_at = desk.io.now();
    let basis = desk.basis;
    batch.put(
        "full-read",
        &FullRead {
            read_at,
            basis,
            decided_by: basis,
            asked: false,
            bulk: None,
            ..state
        },
    );
    desk.commit(batch).await
}
