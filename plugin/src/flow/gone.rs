//! What was not seen in a complete reading is not there any more. Only such a reading may say so.

use crate::core::bitmap::Bitmap;
use crate::core::id::Id;
use crate::core::style::{Sku, Style};
use crate::halt::Halt;
use crate::ledger::Batch;

use super::decide::Decider;
use super::desk::Desk;
use super::duplicates::{self, Relabel};
use super::full_read;
use super::work::Work;

/// Styles looked at in one step.
const PAGE: u32 = 500;

/// Forgets the styles that JOOR has no more, after a complete reading of its catalogue.
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
        for (key, style) in &page {
            let Some(product) = Id::parse(key) else {
                continue;
            };
            if style.skus.iter().any(|sku| seen.contains(sku.nr)) || style.skus.is_empty() {
                continue;
            }
            relabels.extend(style.skus.iter().map(|sku| Relabel::gone(product, sku)));
            batch.remove_style(product, style, &mut desk.totals);
            desk.report.count("styles_unlinked", 1);
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
pub async fn zero_unseen(desk: &mut Desk, seen: &Bitmap) -> Result<(), Halt> {
    let mut after: Option<String> = None;
    while let Some(products) = unseen(desk, &mut after, |sku| !seen.contains(sku.nr)).await? {
        let mut work = Work::default();
        work.load(desk, products.iter().copied()).await?;
        conclude(desk, work, &products, |nr| seen.contains(nr)).await?;
    }
    Ok(())
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
pub async fn conclude(
    desk: &mut Desk,
    mut work: Work,
    products: &[Id],
    seen: impl Fn(u32) -> bool,
) -> Result<(), Halt> {
    let claims = desk.claims.now();
    let (mut batch, mut relabels, mut zeroed) = (Batch::default(), Vec::new(), 0);
    {
        let decider = Decider::new(desk, &claims);
        for product in products {
            let Some(entry) = work.styles.get_mut(product) else {
                continue;
            };
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
    desk.commit(batch).await
}
