//! Reads JOOR's linesheets and styles, to know which styles this integration created.
//!
//! "inventory will only sync for styles created through the integration on Shopify. Styles
//! created on JOOR will not sync" (seed). A reading goes page by page, is committed page by page,
//! and may take several passes where JOOR's credits do not last.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::bitmap::{Bitmap, ORDINAL_MAX};
use crate::core::finding::Finding;
use crate::core::id::Id;
use crate::core::style::{Sku, Style};
use crate::core::text::shown;
use crate::core::time::{HOUR, MINUTE, age};
use crate::halt::Halt;
use crate::joor::catalogue::{self as joor, Product, ProductSku};
use crate::joor::client::{encode, unexpected};
use crate::ledger::{Batch, Catalogue, CatalogueCursor, FullRead, LinesheetEntry, LinesheetsOf};
use crate::policy::disagreement;

use super::desk::Desk;
use super::gone;
use super::report::plural;
use super::work::Work;

/// An unknown SKU brings the next reading forward, but not more often than this.
const OUTDATED_AFTER: u64 = 15 * MINUTE;
/// Styles whose SKUs are asked for in one request.
const PRODUCTS_PER_REQUEST: usize = 40;
/// A list that goes on after so many pages does not end at all.
const PAGES_MAX: u64 = 100_000;

/// Reads the catalogue, or the next part of it, when it is due. False: it was never read to its
/// end, so nobody knows what is linked.
pub async fn read_if_due(desk: &mut Desk) -> Result<bool, Halt> {
    let catalogue: Catalogue = desk.ledger.get("catalogue").await?.unwrap_or_default();
    let age = age(desk.io.now(), catalogue.read_at);
    let due = catalogue.cursor.is_some()
        || catalogue.read_at == 0
        || age >= desk.settings.catalogue_hours * HOUR
        || (catalogue.outdated && age >= OUTDATED_AFTER);
    if !due {
        return Ok(true);
    }
    let known = catalogue.read_at != 0;
    let done = read_on(desk, catalogue, known).await;
    if !known {
        return done;
    }
    // The stock goes on by what is known.
    Ok(desk.go_on(done)?.unwrap_or(true))
}

/// Begins a reading or goes on with it.
async fn read_on(desk: &mut Desk, mut catalogue: Catalogue, known: bool) -> Result<bool, Halt> {
    let mut cursor = catalogue.cursor.take().unwrap_or_else(|| {
        catalogue.reading += 1;
        // What is found to be outdated from here on may have been read before.
        catalogue.outdated = false;
        CatalogueCursor {
            linesheets_done: false,
            page: 1,
            seen: String::new(),
            not_linked: 0,
        }
    });
    let mut reading = Reading {
        seen: Bitmap::from_text(&cursor.seen)
            .ok_or_else(|| Halt::damaged("catalogue", "its bitmap"))?,
        pager: Pager::default(),
        came_meanwhile: false,
        first_time: desk
            .ledger
            .get::<FullRead>("full-read")
            .await?
            .is_none_or(|f| f.read_at == 0),
    };
    loop {
        // Publishing comes first: a reading again leaves it half of JOOR's credits.
        if known && (desk.joor.window().spent * 2 > desk.settings.joor.credits || desk.is_late()) {
            keep(desk, catalogue, cursor, &reading.seen).await?;
            return Ok(true);
        }
        desk.io
            .progress("reading JOOR's catalogue", desk.totals.styles, None);
        let list = if cursor.linesheets_done {
            "products"
        } else {
            "collections"
        };
        let page = match desk.joor.page(list, "", cursor.page).await {
            Ok(page) => page,
            Err(halt) => {
                keep(desk, catalogue, cursor, &reading.seen).await?;
                return Err(halt);
            }
        };
        let last = reading.pager.is_last(&page, cursor.page);
        let mut batch = Batch::default();
        let read = if cursor.linesheets_done {
            read_products(desk, &page, &mut reading, catalogue.reading, &mut batch).await
        } else {
            read_linesheets(desk, &page, catalogue.reading, &mut batch).await
        };
        catalogue.outdated |= reading.came_meanwhile;
        match read {
            Ok(not_linked) => cursor.not_linked += not_linked,
            Err(halt) => {
                keep(desk, catalogue, cursor, &reading.seen).await?;
                return Err(halt);
            }
        }
        cursor.page += 1;
        if last && cursor.linesheets_done {
            desk.commit(batch).await?;
            break;
        }
        if last {
            (cursor.linesheets_done, cursor.page, reading.pager) = (true, 1, Pager::default());
        }
        desk.commit(batch).await?;
    }
    finish(desk, catalogue, &cursor, &reading.seen).await
}

struct Reading {
    seen: Bitmap,
    pager: Pager,
    /// A new style is on no linesheet: it may have come after the linesheets were read.
    came_meanwhile: bool,
    /// A full read follows anyway, so no style has to be marked for reading again.
    first_time: bool,
}

/// Tells the last page of a list. JOOR documents neither a total nor its largest page, so a page
/// is the last if it is empty, smaller than another one, or the same as the one before.
#[derive(Default)]
struct Pager {
    largest: usize,
    first_of_last: Option<serde_json::Value>,
}

impl Pager {
    fn is_last(&mut self, page: &[serde_json::Value], number: u64) -> bool {
        let first = page.first().and_then(|o| o.get("id")).cloned();
        let repeats = first.is_some() && first == self.first_of_last;
        let smaller = page.len() < self.largest;
        self.largest = self.largest.max(page.len());
        self.first_of_last = first;
        page.is_empty() || repeats || smaller || number >= PAGES_MAX
    }
}

async fn keep(
    desk: &mut Desk,
    catalogue: Catalogue,
    cursor: CatalogueCursor,
    seen: &Bitmap,
) -> Result<(), Halt> {
    let cursor = CatalogueCursor {
        seen: seen.to_text(),
        ..cursor
    };
    let mut batch = Batch::default();
    batch.put(
        "catalogue",
        &Catalogue {
            cursor: Some(cursor),
            ..catalogue
        },
    );
    desk.commit(batch).await
}

/// Reads each object of a page. One that lacks an id is no reason to take the others for all
/// there is: what is missing in a complete reading counts as gone.
fn read_all<T>(
    list: &str,
    page: &[serde_json::Value],
    read: fn(&serde_json::Value) -> Option<T>,
) -> Result<Vec<T>, Halt> {
    let read: Option<Vec<T>> = page.iter().map(read).collect();
    read.ok_or_else(|| unexpected(list, "an object in it lacks an id"))
}

/// Takes a page of linesheets into the ledger. None of them is a style that is not linked.
async fn read_linesheets(
    desk: &mut Desk,
    page: &[serde_json::Value],
    reading: u64,
    batch: &mut Batch,
) -> Result<u64, Halt> {
    let mut of: BTreeMap<String, Vec<(String, Option<bool>)>> = BTreeMap::new();
    for linesheet in read_all("collections", page, joor::linesheet)? {
        let made_to_order = linesheet.made_to_order;
        let told = made_to_order.or_else(|| desk.settings.made_to_order(&linesheet.code));
        judge(desk, &linesheet.code, told);
        let entry = LinesheetEntry {
            code: linesheet.code.clone(),
            name: linesheet.name,
            made_to_order,
        };
        batch.put(format!("linesheet/{}", linesheet.id), &entry);
        for product in linesheet.products {
            of.entry(product)
                .or_default()
                .push((linesheet.code.clone(), made_to_order));
        }
    }
    let keys: Vec<String> = of
        .keys()
        .map(|product| format!("linesheets-of/{product}"))
        .collect();
    let known = desk.ledger.get_all::<LinesheetsOf>(keys.clone()).await?;
    for ((key, known), more) in keys.into_iter().zip(known).zip(of.into_values()) {
        let mut entry = known.filter(|k| k.reading == reading).unwrap_or_default();
        entry.reading = reading;
        for linesheet in more {
            if !entry.linesheets.contains(&linesheet) {
                entry.linesheets.push(linesheet);
            }
        }
        entry.linesheets.sort();
        batch.put(key, &entry);
    }
    Ok(0)
}

fn judge(desk: &mut Desk, code: &str, made_to_order: Option<bool>) {
    let linesheet = crate::core::availability::Linesheet {
        code: code.to_owned(),
        made_to_order,
    };
    if let Some(what) = disagreement(&linesheet) {
        desk.report.find(
            Finding::warning(
                "linesheet-made-to-order-unclear",
                format!("The linesheet \"{}\" {what}.", shown(code)),
                "In JOOR, set both the code to MTO and \"Made to order?\" to \"Yes\", or neither.",
            )
            .about(code),
        );
    }
}

/// Takes a page of styles into the ledger. Gives how many of them are not linked.
async fn read_products(
    desk: &mut Desk,
    page: &[serde_json::Value],
    reading: &mut Reading,
    number: u64,
    batch: &mut Batch,
) -> Result<u64, Halt> {
    let products = read_all("products", page, joor::product)?;
    let linked: Vec<(Id, &Product)> = products
        .iter()
        .filter_map(|p| Some((p.shopify?, p)))
        .collect();
    let mut skus: BTreeMap<String, Vec<Sku>> = BTreeMap::new();
    for some in linked.chunks(PRODUCTS_PER_REQUEST) {
        let ids: Vec<&str> = some.iter().map(|(_, p)| p.id.as_str()).collect();
        for ProductSku { product, sku } in read_skus(desk, &ids).await? {
            skus.entry(product).or_default().push(sku);
        }
    }
    let mut work = Work::default();
    work.load(desk, linked.iter().map(|(id, _)| *id)).await?;
    let known = work.styles.values().flat_map(|e| e.style.joor_ids());
    let linesheets = linesheets_of(desk, linked.iter().map(|(_, p)| &p.id).chain(known), number);
    let linesheets = linesheets.await?;
    for (id, product) in &linked {
        let skus = skus.remove(&product.id).unwrap_or_default();
        let known = work.styles.get(id).map(|entry| entry.style.clone());
        let mut style = merge(desk, reading, known.as_ref(), product, skus)?;
        let on = style.joor_ids().filter_map(|id| linesheets.get(id));
        style.linesheets = on.flatten().cloned().collect();
        style.linesheets.sort();
        style.linesheets.dedup();
        reading.came_meanwhile |= known.is_none() && style.linesheets.is_empty();
        if known.as_ref() == Some(&style) {
            continue;
        }
        if !reading.first_time {
            batch.put(format!("dirty/{id}"), &1);
        }
        match work.styles.get_mut(id) {
            Some(entry) => (entry.style, entry.changed) = (style, true),
            None => work.add(*id, style),
        }
    }
    work.write(desk, batch);
    Ok((products.len() - linked.len()) as u64)
}

/// The linesheets of styles by JOOR's id, as the reading with this number saw them.
async fn linesheets_of(
    desk: &Desk,
    styles: impl Iterator<Item = &String>,
    reading: u64,
) -> Result<BTreeMap<String, Vec<(String, Option<bool>)>>, Halt> {
    let styles: BTreeSet<&String> = styles.collect();
    let keys = styles.iter().map(|id| format!("linesheets-of/{id}"));
    let found = desk.ledger.get_all::<LinesheetsOf>(keys.collect()).await?;
    let of_now = |of: Option<LinesheetsOf>| of.filter(|of| of.reading == reading);
    let found = styles.into_iter().zip(found);
    Ok(found
        .filter_map(|(id, of)| Some((id.clone(), of_now(of)?.linesheets)))
        .collect())
}

async fn read_skus(desk: &Desk, products: &[&str]) -> Result<Vec<ProductSku>, Halt> {
    let ids: Vec<String> = products.iter().map(|id| encode(id)).collect();
    let filter = format!("&product_ids={}", ids.join(","));
    let (mut pager, mut skus, mut number) = (Pager::default(), Vec::new(), 1);
    loop {
        let page = desk.joor.page("skus", &filter, number).await?;
        let last = pager.is_last(&page, number);
        let read = read_all("skus", &page, joor::sku)?;
        skus.extend(read.into_iter().filter(ProductSku::can_be_named));
        number += 1;
        if last {
            return Ok(skus);
        }
    }
}

/// The style as JOOR tells it, with what the ledger knew of its SKUs. Those that JOOR does not name
/// here may be of another style that was made from the same product, so they stay until the reading
/// has come to its end.
fn merge(
    desk: &mut Desk,
    reading: &mut Reading,
    known: Option<&Style>,
    product: &Product,
    skus: Vec<Sku>,
) -> Result<Style, Halt> {
    let mut style = known.cloned().unwrap_or_else(|| Style {
        joor: product.id.clone(),
        ..Style::default()
    });
    let is_first = !style.skus.iter().any(|sku| reading.seen.contains(sku.nr));
    style.is_also(&product.id, is_first);
    if is_first {
        style.number.clone_from(&product.number);
        style.name.clone_from(&product.name);
    }
    for sku in skus {
        // A repeated page, or JOOR's own duplicate: one SKU is told once.
        let nr = match style.skus.iter_mut().find(|known| known.is_named_as(&sku)) {
            Some(known) => {
                (known.color, known.size) = (sku.color, sku.size);
                known.nr
            }
            None => {
                let nr = desk.totals.next_nr;
                if nr >= ORDINAL_MAX {
                    return Err(too_many_skus());
                }
                desk.totals.next_nr = nr + 1;
                style.skus.push(Sku { nr, ..sku });
                nr
            }
        };
        reading.seen.insert(nr);
    }
    Ok(style)
}

fn too_many_skus() -> Halt {
    Halt::failed(
        "skus-too-many",
        format!("A ledger counts {ORDINAL_MAX} SKUs in its life, and this one has."),
        "Begin with an empty ledger: the next pass reads everything anew. See \"A lost or damaged store\" in the operator's guide.",
    )
}

async fn finish(
    desk: &mut Desk,
    catalogue: Catalogue,
    cursor: &CatalogueCursor,
    seen: &Bitmap,
) -> Result<bool, Halt> {
    if seen.count() != desk.totals.skus {
        gone::unlink_unseen(desk, seen).await?;
    }
    let mut batch = Batch::default();
    let read_at = desk.io.now();
    batch.put(
        "catalogue",
        &Catalogue {
            read_at,
            not_linked: cursor.not_linked,
            cursor: None,
            ..catalogue
        },
    );
    desk.commit(batch).await?;
    desk.report.count("styles_not_linked", cursor.not_linked);
    if cursor.not_linked > 0 {
        desk.report.find(Finding::note(
            "styles-not-linked",
            format!(
                "{} on JOOR were not made from this shop, so their stock is left alone.",
                plural(cursor.not_linked, "style")
            ),
            "Nothing to do, unless one of them should follow Shopify: then create it through the integration.",
        ));
    }
    Ok(true)
}
