//! What was not seen in a complete reading is not there any more. Only such a reading may say so.

use std::collections::BTreeSet;

use crate::core::bitmap::Bitmap;
use crate::core::finding::Finding;
use crate::core::id::Id;
use crate::core::style::{Sku, Style};
use crate::halt::Halt;
use crate::ledger::Batch;

use super::decide::Decider;
use super::desk::Desk;
use super::duplicates::{self, Relabel};
use super::full_read;
use super::report::plural;
use super::work::Work;

/// Styles looked at in one step.
const PAGE: u32 = 500;

/// Forgets the styles and SKUs that JOOR has no more, after a complete reading of its catalogue.
pub async fn unlink_unseen(desk: &mut Desk, seen: &Bitmap) -> Result<(), Halt> {
    let mut after: Option<String> = None;
    loop {
        let page: Vec<(String, Style)> = desk.ledger.page("style/", after.as_deref(), PAGE).await?;
        let Some((last, _)) = page.last() else {
            return Ok(());
        };
        after = Some(last.clone());
        let (mut batch, mut work) = (Batch::default(), Work::default());
        let mut relabels = Vec::new();
        let is_unseen = |sku: &Sku| !seen.contains(sku.nr);
        for (key, style) in page {
            let Some(product) = Id::parse(&key).filter(|_| style.skus.iter().any(is_unseen)) else {
                continue;
            };
            let unseen = style.skus.iter().filter(|sku| is_unseen(sku));
            relabels.extend(unseen.map(|sku| Relabel::gone(product, sku)));
            if style.skus.iter().all(is_unseen) {
                batch.remove_style(product, &style, &mut desk.totals);
                desk.report.count("styles_unlinked", 1);
            } else {
                work.take(product, style, |sku| !is_unseen(sku));
            }
        }
        duplicates::settle(desk, &mut work, &relabels, &mut batch).await?;
        work.write(desk, &mut batch);
        desk.commit(batch).await?;
    }
}

/// Publishes explicit zeros for SKUs without a variant, after a complete reading of the shop.
///
/// "No record is not zero": JOOR takes a SKU without a record for made to order, so a deleted
/// variant, or a colour and size that JOOR combined by itself, must be told.
///
/// Of the styles `but`, a line could not be read: they are read again.
pub async fn zero_unseen(desk: &mut Desk, seen: &Bitmap, but: &BTreeSet<Id>) -> Result<(), Halt> {
    let mut after: Option<String> = None;
    let mut never_met = 0;
    while let Some(mut products) = unseen(desk, &mut after, |sku| !seen.contains(sku.nr)).await? {
        products.retain(|product| !but.contains(product));
        let mut work = Work::default();
        work.load(desk, products.iter().copied()).await?;
        never_met += conclude(desk, work, &products, |nr| seen.contains(nr)).await?;
    }
    if never_met > 0 {
        desk.report.count("styles_never_met", never_met);
        desk.report.find(Finding::warning(
            "styles-never-met",
            format!(
                "{} on JOOR {} a number like those of Shopify's products, but no SKU of them was ever met in this \
                 shop, so their stock is left alone.",
                plural(never_met, "style"),
                if never_met == 1 { "has" } else { "have" },
            ),
            "Nothing to do if they were made on JOOR. If they were made from this shop, look at the setting `upc`; \
             if their products were deleted, take them off their linesheets on JOOR.",
        ));
    }
    let mut batch = Batch::default();
    let again: Vec<Id> = but.iter().copied().collect();
    full_read::read_again(desk, &again, &mut batch);
    desk.commit(batch).await
}

/// An unreadable variant is not a missing one: its style is read again. So are the styles of SKUs that
/// were gone before, if they are `decided_anew`.
pub async fn read_unseen_again(
    desk: &mut Desk,
    seen: &Bitmap,
    decided_anew: bool,
) -> Result<(), Halt> {
    let mut after: Option<String> = None;
    let is_unseen = |sku: &Sku| (decided_anew || !sku.gone) && !seen.contains(sku.nr);
    while let Some(products) = unseen(desk, &mut after, is_unseen).await? {
        let mut batch = Batch::default();
        full_read::read_again(desk, &products, &mut batch);
        desk.commit(batch).await?;
    }
    Ok(())
}

/// The styles with a SKU that was not seen, of a page after `after`. None: there is no further page.
async fn unseen(
    desk: &Desk,
    after: &mut Option<String>,
    is_unseen: impl Fn(&Sku) -> bool,
) -> Result<Option<Vec<Id>>, Halt> {
    let page: Vec<(String, Style)> = desk.ledger.page("style/", after.as_deref(), PAGE).await?;
    let Some((last, _)) = page.last() else {
        return Ok(None);
    };
    *after = Some(last.clone());
    let unseen = page
        .iter()
        .filter(|(_, style)| style.skus.iter().any(&is_unseen))
        .filter_map(|(key, _)| Id::parse(key));
    Ok(Some(unseen.collect()))
}

/// Marks the SKUs of `products` that were not seen as gone, and commits. Those that were gone before
/// are decided about again: a warehouse that was withheld then still shows what it had.
///
/// Gives how many of the styles are left alone, because no SKU of them was ever met in Shopify: one
/// that was made on JOOR may have any number, also one like a product's.
pub async fn conclude(
    desk: &mut Desk,
    mut work: Work,
    products: &[Id],
    seen: impl Fn(u32) -> bool,
) -> Result<u64, Halt> {
    let claims = desk.claims.now();
    let (mut batch, mut relabels) = (Batch::default(), Vec::new());
    let (mut zeroed, mut never_met) = (0, 0);
    {
        let decider = Decider::new(desk, &claims);
        for product in products {
            let Some(entry) = work.styles.get_mut(product) else {
                continue;
            };
            if !entry.style.was_met() {
                never_met += 1;
                continue;
            }
            let style = entry.style.clone();
            for sku in entry.style.skus.iter_mut().filter(|s| !seen(s.nr)) {
                let before = sku.clone();
                decider.without_variant(&style, sku);
                if !before.gone {
                    relabels.push(Relabel::gone(*product, &before));
                    zeroed += 1;
                }
                entry.changed |= *sku != before;
            }
        }
    }
    duplicates::settle(desk, &mut work, &relabels, &mut batch).await?;
    work.write(desk, &mut batch);
    desk.report.count("skus_without_variant", zeroed);
    desk.commit(batch).await?;
    Ok(never_met)
}
