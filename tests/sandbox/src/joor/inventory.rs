//! Taking stock in: `/v2/bulk-inventory` and the call for a single SKU.
//! <https://api-docs.jooraccess.com/v2.0/reference/introduction-6>

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::Serialize;

use super::call::{Call, answer, v2_refusal};
use super::library::SkuNo;
use super::load::{self, Row};
use super::options::{BadRow, Immediate, Scope, UnknownWarehouse};
use super::stock::{Ats, Pending, WarehouseNo};
use super::{Accepted, Account};
use crate::wire::{Millis, Response};

/// A row that is understood.
struct Position {
    sku: SkuNo,
    /// None: a warehouse that does not exist and whose stock goes nowhere.
    warehouse: Option<WarehouseNo>,
    /// None: immediate.
    date: Option<Date>,
    /// None: made to order.
    units: Option<u32>,
}

/// The answer to a call.
#[derive(Serialize)]
struct Taken {
    /// Rows that were taken in.
    sku_count: usize,
    inventory_log: Vec<LogEntry>,
}

#[derive(Serialize)]
struct LogEntry {
    /// The identifiers of the row, as they were sent.
    sku: String,
    inventory_log_id: String,
    /// `pass` or `fail`.
    status: &'static str,
}

/// `POST|PUT /v2/bulk-inventory`
pub(super) fn bulk(account: &mut Account, call: &Call<'_>, now: Millis) -> Response {
    let rows = match load::rows(call, account.options.bodies) {
        Ok(rows) => rows,
        Err(why) => return v2_refusal(400, &why),
    };
    if rows.len() > account.options.rows_max {
        return v2_refusal(413, "Too many inventory items in one request.");
    }
    take_in(account, call, &rows, now)
}

/// `PUT /v2/style-number/{style_number}/{style_identifier}/inventory/`
/// <https://api-docs.jooraccess.com/v2.0/reference/style-individual-request>
pub(super) fn single(
    account: &mut Account,
    call: &Call<'_>,
    number: &str,
    identifier: &str,
    now: Millis,
) -> Response {
    let mut row = Row::default();
    for (name, value) in call.query() {
        row.set(name, value);
    }
    row.set("style_number", number);
    row.set("style_identifier", identifier);
    take_in(account, call, &[row], now)
}

fn take_in(account: &mut Account, call: &Call<'_>, rows: &[Row], now: Millis) -> Response {
    let positions: Vec<_> = rows.iter().map(|row| understand(account, row)).collect();
    let bad = positions
        .iter()
        .filter(|position| position.is_err())
        .count();
    account.counters.rows_refused += bad as u64;
    if bad > 0 && account.options.bad_row == BadRow::RefusesBatch {
        return v2_refusal(400, "One or more inventory items are invalid.");
    }
    if call.param("overwrite") == Some("1") {
        overwrite(account, positions.iter().flatten());
    }
    let pending = match call.param("dec_pending") {
        Some("1") => account.pending_units(),
        _ => Pending::new(),
    };
    let mut log = Vec::new();
    for (row, position) in rows.iter().zip(&positions) {
        let status = match position {
            Ok(position) => {
                apply(account, position, &pending, now);
                "pass"
            }
            Err(_) => "fail",
        };
        log.push(log_entry(account, row, status));
    }
    let sku_count = rows.len() - bad;
    answer(
        200,
        &Taken {
            sku_count,
            inventory_log: log,
        },
    )
}

fn log_entry(account: &mut Account, row: &Row, status: &'static str) -> LogEntry {
    account.log_ids += 1;
    LogEntry {
        sku: row.echo(),
        inventory_log_id: format!("00000000-0000-4000-8000-{:012x}", account.log_ids),
        status,
    }
}

/// Error: why JOOR refuses the row. JOOR does not tell; it is here for the reader.
fn understand(account: &Account, row: &Row) -> Result<Position, &'static str> {
    let refused = &account.options.refused_upcs;
    if row.upc.as_ref().is_some_and(|upc| refused.contains(upc)) {
        return Err("on the list of refused UPCs");
    }
    Ok(Position {
        sku: find_sku(account, row).ok_or("no such SKU")?,
        warehouse: find_warehouse(account, row.warehouse.as_deref()),
        date: date(row.inventory_date.as_deref(), account.options.immediate)?,
        units: units(row)?,
    })
}

/// By UPC; else by style number and identifier, colour code and size together.
fn find_sku(account: &Account, row: &Row) -> Option<SkuNo> {
    let library = &account.library;
    if let Some(upc) = &row.upc {
        return library.find_upc(upc);
    }
    let style = library.find_style(row.style_number.as_ref()?, row.style_identifier.as_ref()?)?;
    let (code, size) = (row.color_code.as_deref()?, row.size.as_deref()?);
    library.find_pair(style, |sku| {
        library.traits.code(sku.color) == code && library.traits.name(sku.size) == size
    })
}

/// An unknown name is no error at JOOR, only wrong.
fn find_warehouse(account: &Account, name: Option<&str>) -> Option<WarehouseNo> {
    let Some(name) = name else { return Some(0) };
    account
        .warehouse(name)
        .or(match account.options.unknown_warehouse {
            UnknownWarehouse::Default => Some(0),
            UnknownWarehouse::Nowhere => None,
        })
}

fn date(text: Option<&str>, immediate: Immediate) -> Result<Option<Date>, &'static str> {
    match (text, immediate) {
        (None, Immediate::Either | Immediate::Absent)
        | (Some("IMMEDIATE"), Immediate::Either | Immediate::Word) => Ok(None),
        (None, Immediate::Word) => Err("no inventory_date"),
        (Some(text), _) => {
            let date = Date::strptime("%Y-%m-%d", text);
            date.or_else(|_| Date::strptime("%m-%d-%Y", text))
                .map(Some)
                .map_err(|_| "inventory_date is no date")
        }
    }
}

/// None: made to order, whatever quantity stands beside it.
fn units(row: &Row) -> Result<Option<u32>, &'static str> {
    if row
        .made_to_order
        .as_deref()
        .is_some_and(|text| matches!(text, "true" | "True" | "1"))
    {
        return Ok(None);
    }
    let units: i32 = row
        .inventory
        .as_deref()
        .and_then(|text| text.parse().ok())
        .ok_or("inventory is not a whole number")?;
    u32::try_from(units)
        .map(Some)
        .map_err(|_| "inventory is below zero")
}

/// Clears what `overwrite=1` replaces; what the call does not name stays without record.
fn overwrite<'a>(account: &mut Account, positions: impl Iterator<Item = &'a Position>) {
    let warehouses: BTreeSet<_> = match account.options.overwrite {
        Scope::Warehouse => positions
            .filter_map(|position| position.warehouse)
            .collect(),
        Scope::Account => account.warehouse_numbers().collect(),
    };
    for warehouse in warehouses {
        account.stock.clear(warehouse);
    }
}

fn apply(account: &mut Account, position: &Position, pending: &Pending, now: Millis) {
    account.counters.rows_accepted += 1;
    let Position {
        sku,
        warehouse,
        date,
        units,
    } = *position;
    let Some(warehouse) = warehouse else { return };
    let ats = match units {
        Some(units) => {
            let pending = pending.get(&(sku, warehouse)).copied().unwrap_or(0);
            let units = units.saturating_sub(pending);
            account.stock.set_units(sku, warehouse, date, units);
            Ats::Units(units)
        }
        None => {
            let warehouses: Vec<_> = match account.options.made_to_order {
                Scope::Warehouse => vec![warehouse],
                Scope::Account => account.warehouse_numbers().collect(),
            };
            for warehouse in warehouses {
                account.stock.set_made_to_order(sku, warehouse);
            }
            Ats::MadeToOrder
        }
    };
    account.remember(Accepted {
        at: now,
        sku,
        warehouse,
        date,
        ats,
    });
}
