//! Does JOOR have the settings' warehouses?
//!
//! JOOR documents no list of warehouses, and takes stock for an unknown one without an error but
//! with "unexpected results" (<https://api-docs.jooraccess.com/v2.0/reference/introduction-6>).
//! So a warehouse is believed only if it is the default one that every account has, if JOOR's own
//! orders name it, or if a person says so in the settings. Before that nothing is sent for it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::core::finding::Finding;
use crate::core::schema::nearest;
use crate::halt::Halt;
use crate::ledger::Batch;

use super::desk::Desk;

/// The warehouse that each JOOR account has.
const DEFAULT: &str = "Default";

/// Withholds warehouses that nobody has seen on JOOR.
pub async fn judge(desk: &mut Desk) -> Result<(), Halt> {
    let believed = |name: &str, verified: bool| verified || name == DEFAULT;
    if desk
        .settings
        .warehouses
        .iter()
        .all(|w| believed(&w.name, w.verified))
    {
        return Ok(());
    }
    let seen: BTreeSet<String> = desk.ledger.get("warehouses").await?.unwrap_or_default();
    let missing = |name: &str, verified: bool| !believed(name, verified) && !seen.contains(name);
    let names = if desk
        .settings
        .warehouses
        .iter()
        .any(|w| missing(&w.name, w.verified))
    {
        let named = named_by_orders(desk).await?;
        let all: BTreeSet<String> = seen.union(&named).cloned().collect();
        if all != seen {
            let mut batch = Batch::default();
            batch.put("warehouses", &all);
            desk.commit(batch).await?;
        }
        all
    } else {
        seen
    };
    for (index, warehouse) in desk.settings.warehouses.iter().enumerate() {
        if believed(&warehouse.name, warehouse.verified) || names.contains(&warehouse.name) {
            continue;
        }
        if let Some(place) = desk.places.warehouses.get_mut(index) {
            place.withheld = Some("nobody has seen this warehouse on JOOR".into());
        }
        let finding = unverified(&warehouse.name, &names).at(format!("/warehouses/{index}/name"));
        desk.report.find(finding);
    }
    Ok(())
}

/// The warehouses that JOOR's newest orders name.
async fn named_by_orders(desk: &Desk) -> Result<BTreeSet<String>, Halt> {
    let orders = desk.joor.page("orders", "", 1).await?;
    let name = |order: &Value| {
        order
            .pointer("/warehouse/name")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    Ok(orders
        .iter()
        .filter_map(name)
        .filter(|n| !n.is_empty())
        .collect())
}

fn unverified(name: &str, known: &BTreeSet<String>) -> Finding {
    let fix = match nearest(name, known) {
        Some(near) => format!("Did you mean \"{near}\"? "),
        None => String::new(),
    };
    Finding::error(
        "warehouse-unverified",
        format!(
            "Nothing shows that JOOR has a warehouse \"{name}\", and JOOR takes stock for an unknown one without \
             an error. Nothing is published for it."
        ),
        format!(
            "{fix}Compare the name with JOOR's Order Settings, letter for letter, then set `verified = true` beside it."
        ),
    )
    .about(name)
}
