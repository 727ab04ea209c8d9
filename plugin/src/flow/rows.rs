//! Lists what JOOR shows, or is about to be sent, from the ledger alone.

use serde_json::json;

use crate::core::style::{Row, Sku, Style};
use crate::core::text::shown;
use crate::halt::Halt;

use super::desk::Desk;
use super::report::{ROWS_MAX, Table, plural};

/// Styles read at a time.
const PAGE: u32 = 500;

/// Every row of every style.
pub async fn list(desk: &mut Desk) -> Result<(), Halt> {
    let mut table = Table::new(
        "Rows",
        &["style", "SKU", "UPC", "warehouse", "date", "#units"],
    );
    let (mut after, mut data): (Option<String>, _) = (None, Vec::new());
    loop {
        let page: Vec<(String, Style)> = desk.ledger.page("style/", after.as_deref(), PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        for (product, style) in &page {
            for (sku, row) in style.skus.iter().flat_map(rows) {
                let has = sku.accepted(row).map(|sent| sent.stock.to_string());
                if data.len() < ROWS_MAX {
                    data.push(json!({
                        "style": product, "name": style.name, "sku": sku.sku, "upc": sku.upc,
                        "warehouse": row.warehouse, "date": row.date, "has": has,
                        "should_show": row.stock.to_string(),
                    }));
                }
                table.push(vec![
                    style.shown_name(),
                    shown(&sku.sku),
                    shown(&sku.label()),
                    row.warehouse.clone(),
                    row.date.clone().unwrap_or_else(|| "immediate".into()),
                    row.stock.to_string(),
                ]);
            }
        }
    }
    let n = table.rows.len() as u64 + table.more;
    desk.report.summary.push(match n {
        0 => "JOOR has no rows yet.".into(),
        n => format!("JOOR shows {}, or is about to.", plural(n, "row")),
    });
    desk.report.tables.push(table);
    desk.report.data = json!({ "rows": data });
    Ok(())
}

/// The rows of a SKU: what waits to be sent stands for what JOOR last accepted in its place.
fn rows(sku: &Sku) -> impl Iterator<Item = (&Sku, &Row)> {
    let waits = |sent: &&Row| !sku.want.iter().any(|want| want.is_same_place(sent));
    let rows = sku.sent.iter().filter(waits).chain(&sku.want);
    rows.map(move |row| (sku, row))
}
