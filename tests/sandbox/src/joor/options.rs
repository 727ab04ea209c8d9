//! How the simulated JOOR account behaves. Where JOOR's public pages leave a question open,
//! the option plays either answer and its first value is the milder one.

use std::collections::BTreeSet;

use super::orders::OrderRules;
use crate::wire::Millis;

/// Everything about an account that a test or a demo may choose. The fields may be changed
/// while the account is in use, save `warehouses`, which is read once.
#[derive(Clone, Debug)]
pub struct Options {
    /// Account id, needed as `?account=` in every v4 call.
    pub account: String,
    /// The static token of v2, as JOOR's people issue it.
    pub v2_token: String,
    /// What the v4 password grant accepts.
    pub login: Login,
    /// Seconds a v4 access token lives: 36,000.
    /// <https://api-docs.jooraccess.com/docs/how-to-authenticate>
    pub token_lifetime_s: u64,
    /// Rate limit.
    pub credits: CreditRules,
    /// Rows of a v4 page at most; a larger `page_size` silently gives fewer rows.
    pub page_size_max: usize,
    /// Whether product, linesheet and order ids of v4 are JSON strings or numbers.
    pub ids: Ids,
    /// Whether v4 linesheets tell "Made to order?". JOOR's pages show no such field.
    pub shows_made_to_order: bool,
    /// Names of the warehouses; the first is JOOR's Default one.
    pub warehouses: Vec<String>,
    /// Encodings of a bulk-inventory body that are understood; others are answered 400.
    pub bodies: Bodies,
    /// How immediate stock is written in `inventory_date`.
    pub immediate: Immediate,
    /// Where stock for a warehouse goes that the account does not have. Never an error.
    pub unknown_warehouse: UnknownWarehouse,
    /// What one bad row does to its batch.
    pub bad_row: BadRow,
    /// Rows in one bulk-inventory call at most; more are answered 413.
    pub rows_max: usize,
    /// UPCs that JOOR refuses whatever is sent for them.
    pub refused_upcs: BTreeSet<String>,
    /// What `overwrite=1` clears before it writes.
    pub overwrite: Scope,
    /// What `made_to_order` clears. With `Scope::Account` it is the SKU in all warehouses.
    pub made_to_order: Scope,
    /// How orders are played.
    pub orders: OrderRules,
    /// Whether an order was shipped from each warehouse, which `GET /v4/orders` shows. No other
    /// call tells which warehouses there are.
    pub past_orders: bool,
    /// Accepted writes kept for [`Account::history`](super::Account::history); older ones are
    /// forgotten first.
    pub history_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            account: "1234".into(),
            v2_token: "joor-v2-token".into(),
            login: Login::default(),
            token_lifetime_s: 36_000,
            credits: CreditRules::default(),
            page_size_max: 200,
            ids: Ids::Text,
            shows_made_to_order: true,
            warehouses: vec!["Default".into()],
            bodies: Bodies::default(),
            immediate: Immediate::Either,
            unknown_warehouse: UnknownWarehouse::Default,
            bad_row: BadRow::FailsAlone,
            rows_max: 1_000,
            refused_upcs: BTreeSet::new(),
            overwrite: Scope::Warehouse,
            made_to_order: Scope::Warehouse,
            orders: OrderRules::default(),
            past_orders: true,
            history_max: 200_000,
        }
    }
}

/// A JOOR login with an OAuth client. <https://api-docs.jooraccess.com/docs/how-to-authenticate>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Of the client.
    pub client_id: String,
    /// Of the client.
    pub client_secret: String,
    /// Of the person.
    pub username: String,
    /// Of the person.
    pub password: String,
}

impl Default for Login {
    fn default() -> Self {
        Self {
            client_id: "joor-client".into(),
            client_secret: "joor-client-secret".into(),
            username: "sync@brand.example".into(),
            password: "joor-password".into(),
        }
    }
}

/// Credits of a fixed window that starts with its first request; a read takes 1, a write 5.
/// <https://api-docs.jooraccess.com/docs/rate-limits>
#[derive(Clone, Debug)]
pub struct CreditRules {
    /// Credits in a window.
    pub limit: u32,
    /// Length of a window.
    pub window_ms: Millis,
    /// Whether v2 has credits of its own.
    pub v2_apart: bool,
    /// Whether a 429 says how long to wait (`Retry-After`).
    pub retry_after: bool,
    /// Whether every answer tells the usage. JOOR names `X-Throttling-Account-Id`; the other
    /// names that the sandbox sends are plausible, not documented.
    pub usage_headers: bool,
}

impl Default for CreditRules {
    fn default() -> Self {
        Self {
            limit: 300,
            window_ms: 300_000,
            v2_apart: false,
            retry_after: true,
            usage_headers: true,
        }
    }
}

/// JSON type of ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    /// `"5500001"`
    Text,
    /// `5500001`
    Number,
}

/// Encodings of a bulk-inventory body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bodies {
    /// `{"inventory_items":[…]}`
    pub flat_json: bool,
    /// `{"inventory_items":{"inventory_item":[…]}}`
    pub nested_json: bool,
    /// `<inventory_items><inventory_item>…`, the one whose nesting JOOR documents.
    pub xml: bool,
}

impl Default for Bodies {
    fn default() -> Self {
        Self {
            flat_json: true,
            nested_json: true,
            xml: true,
        }
    }
}

/// How `inventory_date` says "immediate"; written another way, the row is bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Immediate {
    /// By its absence or by the word `IMMEDIATE`.
    Either,
    /// Only by its absence.
    Absent,
    /// Only by the word `IMMEDIATE`.
    Word,
}

/// What becomes of stock for an unknown warehouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownWarehouse {
    /// It goes to the Default warehouse.
    Default,
    /// It goes nowhere.
    Nowhere,
}

/// What one bad row (unknown SKU, refused UPC, quantity below zero …) does to its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadRow {
    /// It fails in `inventory_log`, the others apply.
    FailsAlone,
    /// The whole batch is answered 400 without naming the row, and nothing applies.
    RefusesBatch,
}

/// How far a clearing reaches; JOOR's pages can be read either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The warehouses that are written to.
    Warehouse,
    /// All warehouses of the account.
    Account,
}
