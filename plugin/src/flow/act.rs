//! Acts that a person asks for. They write into the ledger; the next pass does the rest.

use crate::core::style::Sku;
use crate::halt::Halt;
use crate::ledger::{Batch, BrakeEntry, Catalogue, FullRead, ParkedEntry};

use super::ask::{argument, optional_argument};
use super::desk::Desk;
use super::orders;
use super::report::plural;
use super::work::unpark;

/// Does the act with this name.
pub async fn run(desk: &mut Desk, name: &str, arguments: &str) -> Result<(), Halt> {
    match name {
        "approve" => approve(desk).await?,
        "retry" => retry(desk, optional_argument(arguments, "sku").as_deref()).await?,
        "resync" => resync(desk).await?,
        "orders-retry" => orders::act::retry(desk, &argument(arguments, "order")?).await?,
        "orders-release" => orders::act::release(desk, &argument(arguments, "order")?).await?,
        other => {
            return Err(Halt::failed(
                "act-unknown",
                format!("This connector has no act \"{other}\"."),
                "Use one of the manifest's acts.",
            ));
        }
    }
    let now = desk.io.now();
    desk.wake_at(now);
    desk.save().await
}

async fn approve(desk: &mut Desk) -> Result<(), Halt> {
    let Some(entry) = desk.ledger.get::<BrakeEntry>("brake").await? else {
        desk.report
            .summary
            .push("The brake has not stopped anything; there is nothing to approve.".into());
        return Ok(());
    };
    let mut batch = Batch::default();
    batch.put(
        "brake",
        &BrakeEntry {
            approved: true,
            ..entry
        },
    );
    desk.commit(batch).await?;
    desk.report.summary.push(format!(
        "Approved: the next pass may take up to {} to zero.",
        plural(entry.to_zero, "SKU")
    ));
    Ok(())
}

/// Unparks what JOOR refused.
async fn retry(desk: &mut Desk, only: Option<&str>) -> Result<(), Halt> {
    let chosen = |sku: &Sku, _: &ParkedEntry| only.is_none_or(|o| o == sku.sku || o == sku.label());
    let (retried, left) = unpark(desk, chosen).await?;
    desk.report
        .summary
        .push(format!("{} will be sent again.", plural(retried, "SKU")));
    if left > 0 {
        let sentence = format!(
            "{} stay parked: their SKU or UPC is not unique in Shopify.",
            plural(left, "SKU")
        );
        desk.report.summary.push(sentence);
    }
    Ok(())
}

async fn resync(desk: &mut Desk) -> Result<(), Halt> {
    let full_read: FullRead = desk.ledger.get("full-read").await?.unwrap_or_default();
    let catalogue: Catalogue = desk.ledger.get("catalogue").await?.unwrap_or_default();
    let mut batch = Batch::default();
    batch.put(
        "full-read",
        &FullRead {
            asked: true,
            ..full_read
        },
    );
    // Outdated and old enough: it is read at once, and what is known serves until it is.
    let read_at = catalogue.read_at.min(1);
    batch.put(
        "catalogue",
        &Catalogue {
            outdated: true,
            read_at,
            ..catalogue
        },
    );
    desk.commit(batch).await?;
    desk.report
        .summary
        .push("The next pass reads JOOR's catalogue and all of Shopify's stock.".into());
    Ok(())
}
