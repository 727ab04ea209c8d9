//! A dry run: what a sync would change, and why. Nothing is changed anywhere.
//!
//! The decisions are those of a sync, made into the scratch copy of the ledger that the host
//! keeps for a dry run; instead of being sent, what waits is shown.

use serde_json::{Value, json};

use crate::core::availability::{Step, Written};
use crate::core::id::Id;
use crate::core::style::{Direction, Row, Sku, Stock, Style};
use crate::core::text::shown;
use crate::halt::Halt;
use crate::ledger::{Todo, todo_prefix};
use crate::shopify::changes::variants_of;
use crate::shopify::operations::Selection;
use crate::shopify::variant::Variant;

use super::decide::{Decider, item};
use super::desk::Desk;
use super::publish::{brake_finding, emptying};
use super::report::{ROWS_MAX, Table, plural};
use super::sync;
use super::work::Work;

/// Styles loaded at a time.
const PAGE: u32 = 50;
/// Styles whose working is read again from Shopify, so that each row can say why.
const EXPLAINED_MAX: usize = 200;

/// Shows what a sync would do.
pub async fn run(desk: &mut Desk) -> Result<(), Halt> {
    let ready = sync::decide(desk, &[]).await?;
    if ready.is_empty() {
        desk.report.summary.push(
            "The plan is not complete: the first reading is still under way. Ask again in a moment.".into(),
        );
        return Ok(());
    }
    let emptying = emptying(desk).await?;
    if desk.settings.brake.stops(emptying) {
        desk.report.find(brake_finding(emptying));
    }
    let mut table = Table::new(
        "What a sync would publish",
        &[
            "style",
            "SKU",
            "UPC",
            "warehouse",
            "date",
            "#JOOR has",
            "#would get",
            "why",
        ],
    );
    let mut rows = Vec::new();
    for direction in ready {
        show(desk, *direction, &mut table, &mut rows).await?;
    }
    let all = table.rows.len() as u64 + table.more;
    desk.report.count("rows_planned", all);
    desk.report.summary.push(match all {
        0 => "A sync would change nothing.".into(),
        n => format!(
            "A sync would publish {}. Nothing was changed.",
            plural(n, "row")
        ),
    });
    desk.report.tables.push(table);
    desk.report.data = json!({ "rows": rows });
    Ok(())
}

async fn show(
    desk: &mut Desk,
    direction: Direction,
    table: &mut Table,
    rows: &mut Vec<Value>,
) -> Result<(), Halt> {
    let mut after: Option<String> = None;
    let mut explained = 0;
    loop {
        let page: Vec<(String, Todo)> = desk
            .ledger
            .page(todo_prefix(direction), after.as_deref(), PAGE)
            .await?;
        let Some((last, _)) = page.last() else {
            return Ok(());
        };
        after = Some(last.clone());
        let products: Vec<Id> = page.iter().filter_map(|(key, _)| Id::parse(key)).collect();
        let mut work = Work::default();
        work.load(desk, products.iter().copied()).await?;
        let variants = if explained < EXPLAINED_MAX {
            explained += products.len();
            let locations = desk.places.locations.iter().map(|l| l.id).collect();
            let selection = Selection::new(&desk.settings, locations);
            variants_of(&desk.shopify, &selection, &products)
                .await?
                .variants
        } else {
            Vec::new()
        };
        let claims = desk.claims.now();
        let decider = Decider::new(desk, &claims);
        for (product, entry) in &work.styles {
            for sku in &entry.style.skus {
                for row in sku.waiting(direction) {
                    let planned = Planned {
                        product: *product,
                        style: &entry.style,
                        sku,
                        row,
                        why: why(&decider, *product, &entry.style, sku, row, &variants),
                    };
                    if rows.len() < ROWS_MAX {
                        rows.push(planned.json());
                    }
                    table.push(planned.cells());
                }
            }
        }
    }
}

struct Planned<'p> {
    product: Id,
    style: &'p Style,
    sku: &'p Sku,
    row: &'p Row,
    why: String,
}

impl Planned<'_> {
    fn has(&self) -> Option<String> {
        self.sku.accepted(self.row).map(|row| row.stock.to_string())
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.style.shown_name(),
            shown(&self.sku.sku),
            shown(&self.sku.label()),
            self.row.warehouse.clone(),
            self.row.date.clone().unwrap_or_else(|| "immediate".into()),
            self.has().unwrap_or_else(|| "no record".into()),
            self.row.stock.to_string(),
            self.why.clone(),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "style": self.product.to_string(),
            "name": self.style.name,
            "sku": self.sku.sku,
            "upc": self.sku.upc,
            "warehouse": self.row.warehouse,
            "date": self.row.date,
            "has": self.has(),
            "would_get": self.row.stock.to_string(),
            "why": self.why,
        })
    }
}

/// The working of a row in one line.
fn why(
    decider: &Decider<'_>,
    product: Id,
    style: &Style,
    sku: &Sku,
    row: &Row,
    variants: &[Variant],
) -> String {
    if sku.gone {
        return "Shopify has no such variant".into();
    }
    let Some(variant) = variants.iter().find(|v| Some(v.id) == sku.variant) else {
        return "see `explain`".into();
    };
    let linesheets = decider.linesheets(style);
    let item = item(&linesheets, product, variant);
    if item.only_made_to_order() {
        return "only on made-to-order linesheets".into();
    }
    let place = decider.warehouse(&row.warehouse);
    let mut working = Written::default();
    let ats = place
        .map(|place| decider.ats(&item, variant, place, &mut working))
        .unwrap_or_default();
    let index = ats.iter().position(|ats| ats.date == row.date);
    let steps = index
        .and_then(|index| working.0.get(index))
        .map_or(&[][..], Vec::as_slice);
    let counted = matches!(row.stock, Stock::Units(_));
    let word = |step: &Step| match counted {
        true => format!("{} {:+}", step.what, step.change),
        false => step.what.clone(),
    };
    let words: Vec<String> = steps.iter().map(word).collect();
    words.join(", ")
}
