//! Finds what changed since the last pass, and decides about it.
//!
//! "Inventory is synced for each style whenever a modification happens to a style." (seed)
//! Each location has a watermark of its own; reading begins a look-back before it, because
//! Shopify shows some changes late. A watermark moves only in the commit that ends the step.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::bindings::exports::atsync::connector::reconcile::Hint;
use crate::core::finding::Finding;
use crate::core::id::Id;
use crate::core::style::Sku;
use crate::core::time::{MINUTE, Millis, SECOND, age};
use crate::halt::Halt;
use crate::ledger::{Batch, Catalogue, FullRead};
use crate::shopify::changes::{CHANGES_MAX, Changes, variants_of};
use crate::shopify::incoming::Snapshot;
use crate::shopify::operations::Selection;
use crate::shopify::variant::Variant;

use super::decide::Decider;
use super::desk::Desk;
use super::work::Work;
use super::{duplicates, gone};

/// Styles decided about in one step.
const STYLES_PER_STEP: usize = 50;

/// Reads what changed, and decides about it. False: it was too much, so all stock is read next.
pub async fn read(desk: &mut Desk, hints: &[Hint]) -> Result<bool, Halt> {
    let mut watermarks = Batch::default();
    let mut changes = Changes::default();
    read_watermarks(desk, &mut changes, &mut watermarks).await?;
    follow_hints(desk, hints, &mut changes).await?;
    compare_incoming(desk, &mut changes, &mut watermarks).await?;
    let dirty = dirty_styles(desk).await?;
    changes.products.extend(&dirty);
    if changes.too_many() {
        read_everything_instead(desk).await?;
        return Ok(false);
    }
    let products: Vec<Id> = changes.products.into_iter().collect();
    for some in products.chunks(STYLES_PER_STEP) {
        desk.io.progress(
            "reading changed styles",
            desk.report.counts.get("styles_read").copied().unwrap_or(0),
            Some(products.len() as u64),
        );
        step(desk, some, &dirty).await?;
    }
    desk.commit(watermarks).await?;
    Ok(true)
}

async fn read_watermarks(
    desk: &mut Desk,
    changes: &mut Changes,
    watermarks: &mut Batch,
) -> Result<(), Halt> {
    let lookback = desk.settings.lookback_s * SECOND;
    let since = |watermark: Millis| watermark.saturating_sub(lookback);
    let locations: Vec<(Id, String)> = desk
        .places
        .locations
        .iter()
        .filter(|l| l.is_active)
        .map(|l| (l.id, l.name.clone()))
        .collect();
    for (location, name) in locations {
        let key = format!("watermark/{location}");
        let Some(watermark) = desk.ledger.get::<Millis>(&key).await? else {
            continue;
        };
        let now = desk.shopify.answered_at();
        if changes
            .read_levels(&desk.shopify, location, since(watermark))
            .await?
        {
            watermarks.put(&key, &now);
        } else {
            desk.report.find(vanished(&name));
        }
    }
    if let Some(watermark) = desk.ledger.get::<Millis>("watermark/products").await? {
        let now = desk.shopify.answered_at();
        changes
            .read_products(&desk.shopify, since(watermark))
            .await?;
        watermarks.put("watermark/products", &now);
    }
    if let Some(watermark) = desk.ledger.get::<Millis>("watermark/variants").await? {
        let now = desk.shopify.answered_at();
        changes
            .read_variants(&desk.shopify, since(watermark))
            .await?;
        watermarks.put("watermark/variants", &now);
    }
    Ok(())
}

fn vanished(name: &str) -> Finding {
    Finding::error(
        "location-vanished",
        format!("The location \"{name}\" disappeared from Shopify while its changes were read."),
        "Take it out of the settings. JOOR keeps showing what it has until then.",
    )
    .about(name)
}

/// A hint says where to look and is never believed: of its body only the ids are read.
async fn follow_hints(desk: &mut Desk, hints: &[Hint], changes: &mut Changes) -> Result<(), Halt> {
    let mut items = BTreeSet::new();
    for hint in hints {
        let body: Value = serde_json::from_str(&hint.body).unwrap_or_default();
        let id = |key: &str| body.get(key).and_then(Value::as_u64).map(Id);
        match hint.topic.split('/').next() {
            Some("inventory_levels") => items.extend(id("inventory_item_id")),
            Some("products") => changes.products.extend(id("id")),
            _ => {}
        }
    }
    desk.report.count("hints", hints.len() as u64);
    // So many hints at once mean that the watermarks find it all anyway.
    let items: Vec<Id> = items.into_iter().take(CHANGES_MAX).collect();
    changes.read_items(&desk.shopify, &items).await
}

async fn compare_incoming(
    desk: &mut Desk,
    changes: &mut Changes,
    watermarks: &mut Batch,
) -> Result<(), Halt> {
    let before: Snapshot = desk.ledger.get("incoming").await?.unwrap_or_default();
    if before != desk.incoming {
        changes
            .products
            .extend(desk.incoming.changed_since(&before));
        watermarks.put("incoming", &desk.incoming);
    }
    Ok(())
}

async fn dirty_styles(desk: &Desk) -> Result<BTreeSet<Id>, Halt> {
    let limit = u32::try_from(CHANGES_MAX + 1).unwrap_or(u32::MAX);
    let page: Vec<(String, u32)> = desk.ledger.page("dirty/", None, limit).await?;
    Ok(page
        .iter()
        .filter_map(|(product, _)| Id::parse(product))
        .collect())
}

/// So much changed that reading everything is cheaper. The watermarks stay where they are.
async fn read_everything_instead(desk: &mut Desk) -> Result<(), Halt> {
    let mut state: FullRead = desk.ledger.get("full-read").await?.unwrap_or_default();
    state.asked = true;
    let mut batch = Batch::default();
    batch.put("full-read", &state);
    let dirty = dirty_styles(desk).await?;
    dirty
        .iter()
        .for_each(|product| batch.remove(format!("dirty/{product}")));
    desk.commit(batch).await?;
    let now = desk.io.now();
    desk.come_again(
        now,
        &format!("more than {CHANGES_MAX} styles changed, so all stock is read"),
    );
    Ok(())
}

/// Reads some styles whole, and decides about them.
async fn step(desk: &mut Desk, products: &[Id], dirty: &BTreeSet<Id>) -> Result<(), Halt> {
    let mut work = Work::default();
    work.load(desk, products.iter().copied()).await?;
    let linked: Vec<Id> = work.styles.keys().copied().collect();
    let mut batch = Batch::default();
    products
        .iter()
        .filter(|p| dirty.contains(p))
        .for_each(|p| batch.remove(format!("dirty/{p}")));
    let locations = desk.places.locations.iter().map(|l| l.id).collect();
    let selection = Selection::new(&desk.settings, locations);
    let mut read = variants_of(&desk.shopify, &selection, &linked).await?;
    for one in &read.unreadable {
        desk.report.find(Finding::error(
            "variant-unreadable",
            format!(
                "A variant could not be read, so what JOOR shows of it stays as it is: {}.",
                one.why
            ),
            "Look at the variant in Shopify. If it is in order, a newer connector is needed.",
        ));
    }
    let mut of: BTreeMap<Id, Vec<Variant>> = linked.iter().map(|id| (*id, Vec::new())).collect();
    for variant in read.variants.drain(..) {
        of.entry(variant.product.id).or_default().push(variant);
    }
    let claims = desk.claims.now();
    let (mut relabels, mut seen, mut unknown) = (Vec::new(), BTreeSet::new(), 0);
    let mut again = BTreeSet::new();
    {
        let decider = Decider::new(desk, &claims);
        for (product, variants) in &of {
            let Some(entry) = work.styles.get_mut(product) else {
                continue;
            };
            let decided = decider.style(*product, &mut entry.style, variants);
            entry.changed |= decided.changed;
            seen.extend(decided.seen);
            relabels.extend(decided.relabels);
            unknown += decided.unknown;
            entry.changed |= match read.misses(*product) {
                true => decider.withhold(&mut entry.style, &seen),
                false => decider.gone_again(&mut entry.style, &seen),
            };
            if decided.unread || read.misses(*product) {
                again.insert(*product);
            }
        }
    }
    duplicates::settle(desk, &mut work, &relabels, &mut batch).await?;
    let is_unseen = |sku: &Sku| !sku.gone && !seen.contains(&sku.nr);
    let missing: Vec<Id> = work
        .styles
        .iter()
        .filter(|(product, entry)| {
            of.contains_key(product)
                && !read.misses(**product)
                && entry.style.skus.iter().any(is_unseen)
        })
        .map(|(product, _)| *product)
        .collect();
    // The watermarks pass over what could not be read; and Shopify's search may not know a new
    // variant yet. A style that was never met is waited for once.
    let is_awaited = |product: &&Id| {
        let entry = work.styles.get(product);
        entry.is_some_and(|e| e.style.was_met()) || !dirty.contains(product)
    };
    again
        .iter()
        .chain(missing.iter().filter(is_awaited))
        .for_each(|product| batch.put(format!("dirty/{product}"), &1));
    work.write(desk, &mut batch);
    desk.report.count("styles_read", linked.len() as u64);
    desk.commit(batch).await?;
    if !missing.is_empty() {
        let mut work = Work::default();
        work.load(desk, missing.iter().copied()).await?;
        gone::conclude(desk, work, &missing, |nr| seen.contains(&nr)).await?;
    }
    if unknown > 0 || linked.len() < products.len() {
        bring_catalogue_forward(desk).await?;
    }
    Ok(())
}

/// JOOR may know by now what the last reading of its catalogue did not.
pub async fn bring_catalogue_forward(desk: &mut Desk) -> Result<(), Halt> {
    let catalogue: Catalogue = desk.ledger.get("catalogue").await?.unwrap_or_default();
    if catalogue.outdated || age(desk.io.now(), catalogue.read_at) < MINUTE {
        return Ok(());
    }
    let mut batch = Batch::default();
    batch.put(
        "catalogue",
        &Catalogue {
            outdated: true,
            ..catalogue
        },
    );
    desk.commit(batch).await
}
