//! Tries each credential, right, location and warehouse for real. Changes nothing.

use serde::Deserialize;
use serde_json::json;

use crate::core::finding::Finding;
use crate::core::settings::ClaimPolicy;
use crate::core::text::shown;
use crate::halt::Halt;
use crate::ledger::LinesheetEntry;
use crate::shopify::operations::{API_VERSION, SHOP};

use super::desk::Desk;
use super::report::Table;
use super::{sync, warehouses};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShopAnswer {
    shop: Shop,
    current_app_installation: Installation,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shop {
    name: String,
    myshopify_domain: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Installation {
    access_scopes: Vec<Scope>,
}

#[derive(Deserialize)]
struct Scope {
    handle: String,
}

/// Tries everything; what fails is a finding, and the next thing is tried all the same.
pub async fn run(desk: &mut Desk) -> Result<(), Halt> {
    let mut table = Table::new("Tried", &["what", "result"]);
    let shop = try_shop(desk).await;
    note(desk, &mut table, "Shopify: credential and scopes", shop)?;
    let locations = try_locations(desk).await;
    let located = locations.is_ok();
    note(desk, &mut table, "Shopify: locations", locations)?;
    let catalogue = try_catalogue(desk).await;
    note(
        desk,
        &mut table,
        "JOOR v4: credential, account, linesheets",
        catalogue,
    )?;
    let stock = desk.joor.try_stock_credential().await;
    note(
        desk,
        &mut table,
        "JOOR v2: credential",
        stock.map(|()| "accepted".into()),
    )?;
    let named = warehouses::judge(desk).await;
    let withheld: Vec<String> = desk
        .places
        .warehouses
        .iter()
        .filter(|p| p.withheld.is_some())
        .map(|p| p.name.clone())
        .collect();
    note(
        desk,
        &mut table,
        "JOOR: warehouses",
        named.map(|()| match withheld.is_empty() {
            _ if !located => "not tried, because their locations are not known".into(),
            true => "all can be published".into(),
            false => format!("withheld: {}", withheld.join(", ")),
        }),
    )?;
    let failed = desk
        .report
        .findings
        .iter()
        .any(|f| f.severity == crate::core::finding::Severity::Error);
    desk.report.summary.push(match failed {
        true => "Something needs attention before stock can be in step.".into(),
        false => "Everything that a sync needs is there.".into(),
    });
    desk.report.tables.push(table);
    Ok(())
}

fn note(
    desk: &mut Desk,
    table: &mut Table,
    what: &str,
    result: Result<String, Halt>,
) -> Result<(), Halt> {
    let result = match result {
        Ok(result) => result,
        Err(Halt::Failed(finding)) => {
            let result = format!("failed: {}", finding.code);
            desk.report.find(*finding);
            result
        }
        Err(Halt::Later { why, .. }) => format!("could not be tried: {why}"),
        Err(halt @ Halt::Ledger(_)) => return Err(halt),
    };
    table.push(vec![what.into(), result]);
    Ok(())
}

async fn try_shop(desk: &mut Desk) -> Result<String, Halt> {
    let answer: ShopAnswer = desk.shopify.query(&SHOP, json!({})).await?;
    let has = |scope: &str| {
        let writes = scope.replacen("read_", "write_", 1);
        answer
            .current_app_installation
            .access_scopes
            .iter()
            .any(|s| s.handle == scope || s.handle == writes)
    };
    let mut needed = vec!["read_products", "read_inventory", "read_locations"];
    if desk.settings.orders.enabled {
        needed.extend([
            "write_orders",
            "write_customers",
            "write_merchant_managed_fulfillment_orders",
        ]);
    }
    if desk.settings.future_inventory {
        needed.extend(["read_inventory_transfers", "read_inventory_shipments"]);
    }
    let missing: Vec<&str> = needed.into_iter().filter(|scope| !has(scope)).collect();
    if !missing.is_empty() {
        desk.report.find(Finding::error(
            "shopify-scope-missing",
            format!("The app lacks the scopes {}.", missing.join(", ")),
            "Add them to the app in Shopify's Dev Dashboard, release it, and approve it in the shop.",
        ));
    }
    Ok(format!(
        "{} ({}), API {API_VERSION}",
        answer.shop.name, answer.shop.myshopify_domain
    ))
}

async fn try_locations(desk: &mut Desk) -> Result<String, Halt> {
    sync::find_locations(desk).await?;
    let names: Vec<&str> = desk
        .places
        .locations
        .iter()
        .map(|l| l.name.as_str())
        .collect();
    Ok(if names.is_empty() {
        "none found".into()
    } else {
        names.join(", ")
    })
}

async fn try_catalogue(desk: &mut Desk) -> Result<String, Halt> {
    let page = desk.joor.page("collections", "", 1).await?;
    let linesheets: Vec<_> = page
        .iter()
        .filter_map(crate::joor::catalogue::linesheet)
        .collect();
    for linesheet in &linesheets {
        let entry = LinesheetEntry {
            code: linesheet.code.clone(),
            name: linesheet.name.clone(),
            made_to_order: linesheet.made_to_order,
        };
        if let Some(finding) = mto_warning(&entry) {
            desk.report.find(finding);
        }
    }
    for (index, setting) in desk.settings.linesheets.iter().enumerate() {
        let known = linesheets
            .iter()
            .any(|l| l.code.eq_ignore_ascii_case(&setting.code));
        if !known && page.len() < 10 {
            desk.report.find(
                Finding::warning(
                    "linesheet-unknown",
                    format!("JOOR has no linesheet with the code \"{}\".", setting.code),
                    "Compare the code with JOOR; until then the entry has no effect.",
                )
                .at(format!("/linesheets/{index}/code")),
            );
        }
    }
    let policy = match desk.settings.claim {
        ClaimPolicy::AlwaysClaim => "always claim",
        ClaimPolicy::FollowPolicy => "follow policy",
    };
    Ok(format!(
        "{} linesheets on the first page; orders {policy}",
        linesheets.len()
    ))
}

/// The seed's own warning about the linesheet code MTO.
fn mto_warning(linesheet: &LinesheetEntry) -> Option<Finding> {
    let core = crate::core::availability::Linesheet {
        code: linesheet.code.clone(),
        made_to_order: None,
    };
    core.has_mto_code().then(|| {
        Finding::warning(
            "linesheet-code-mto",
            format!(
                "Orders on the linesheet \"{}\" (code {}) do not reduce stock in Shopify, and their units cannot be \
                 fulfilled and reduced there later.",
                shown(&linesheet.name),
                shown(&linesheet.code)
            ),
            "Use the code MTO only if you manage your inventory outside of Shopify.",
        )
        .about(&linesheet.code)
    })
}
