//! A JOOR account: a deterministic state machine that answers v2, v4 and sign-in requests.
//!
//! It has no clock and no sockets. What JOOR's public pages leave open is an [`Options`]
//! field.

mod call;
mod credits;
mod import;
mod inventory;
mod key;
mod library;
mod load;
mod options;
mod orders;
mod session;
mod stock;
#[cfg(test)]
mod tests;
mod v4;
mod view;

use std::collections::VecDeque;

use jiff::civil::Date;
use serde::Serialize;

use self::call::{Call, Failure, v2_refusal};
use self::credits::{Api, Credits};
use self::library::{Library, SkuNo};
use self::orders::Orders;
use self::session::Session;
use self::stock::{Stock, WarehouseNo};
use crate::wire::{Millis, Request, Response};

pub use self::import::{Delivery, Linesheet, Style, StyleVariant, Upc};
pub use self::options::{
    BadRow, Bodies, CreditRules, Ids, Immediate, Login, Options, Scope, UnknownWarehouse,
};
pub(crate) use self::orders::money;
pub use self::orders::{
    Address, AfterExport, Discount, DiscountPlace, ExportStatus, NewOrder, OrderDates, OrderError,
    OrderId, OrderIdFinds, OrderLine, OrderRules, OrderStatus, OrderView, PriceAdjustment, Writes,
};
pub use self::stock::Ats;
pub use self::view::{SkuView, StockRow, Write};

/// One brand's account on JOOR.
#[derive(Debug)]
pub struct Account {
    /// How it behaves from here on.
    pub options: Options,
    warehouses: Vec<String>,
    session: Session,
    credits: Credits,
    library: Library,
    stock: Stock,
    orders: Orders,
    accepted: VecDeque<Accepted>,
    log_ids: u64,
    counters: Counters,
}

/// What the account was asked and did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Calls by `GET` that passed the rate limit.
    pub reads: u64,
    /// Calls by another method that passed the rate limit: each could change something.
    pub writes: u64,
    /// Credits taken.
    pub credits: u64,
    /// Calls answered 429.
    pub throttled: u64,
    /// Inventory rows that were taken in.
    pub rows_accepted: u64,
    /// Inventory rows that were refused.
    pub rows_refused: u64,
}

/// An accepted row, kept small.
#[derive(Debug)]
struct Accepted {
    at: Millis,
    sku: SkuNo,
    warehouse: WarehouseNo,
    date: Option<Date>,
    ats: Ats,
}

impl Account {
    /// An account without styles and without stock.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let mut account = Self {
            warehouses: vec![],
            orders: Orders::default(),
            session: Session::default(),
            credits: Credits::default(),
            library: Library::default(),
            stock: Stock::default(),
            accepted: VecDeque::new(),
            log_ids: 0,
            counters: Counters::default(),
            options,
        };
        for name in account.options.warehouses.clone() {
            account.add_warehouse(&name);
        }
        account
    }

    /// Answers a request under `/v2/`, `/v4/` or `/auth/`.
    pub fn handle(&mut self, request: &Request, now: Millis) -> Response {
        let call = Call::new(request);
        let answer = match call.pieces().as_slice() {
            ["auth"] => Ok(self.session.grant(&call, &self.options, now)),
            ["v2", path @ ..] => self.v2(&call, path, now),
            ["v4", path @ ..] => self.v4(&call, path, now),
            _ => Ok(no_route()),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }

    fn v2(&mut self, call: &Call<'_>, path: &[&str], now: Millis) -> Result<Response, Response> {
        Session::check_v2(call, &self.options)?;
        self.pay(call, Api::V2, now)?;
        let response = match (call.request.method.as_str(), path) {
            ("POST" | "PUT", ["bulk-inventory"]) => inventory::bulk(self, call, now),
            ("PUT", ["style-number", number, identifier, "inventory"]) => {
                inventory::single(self, call, number, identifier, now)
            }
            ("GET", ["order"]) => orders::export::export(self, call, now),
            (_, ["bulk-inventory"] | ["style-number", _, _, "inventory"]) => {
                v2_refusal(405, "Inventory can be written and not read.")
            }
            _ => v2_refusal(404, "No such endpoint."),
        };
        Ok(self.with_usage(response, Api::V2, now))
    }

    fn v4(&mut self, call: &Call<'_>, path: &[&str], now: Millis) -> Result<Response, Response> {
        self.session.check_v4(call, &self.options, now)?;
        self.pay(call, Api::V4, now)?;
        let (library, options) = (&mut self.library, &self.options);
        let response = match (call.request.method.as_str(), path) {
            ("GET", ["products"]) => v4::products::list(library, call, options),
            ("POST", ["products", "bulk_create"]) => v4::products::create(library, call, options),
            ("POST", ["products", "bulk_update"]) => v4::products::update(library, call, options),
            ("GET", ["skus"]) => v4::skus::list(library, call, options),
            ("POST", ["skus", "bulk_create"]) => v4::skus::create(library, call, options),
            ("POST", ["skus", "bulk_update"]) => v4::skus::update(library, call, options),
            ("GET", ["collections"]) => v4::collections::list(library, call, options),
            ("POST", ["collections", "bulk_create"]) => {
                v4::collections::create(library, call, options)
            }
            ("POST", ["collections", "bulk_update"]) => {
                v4::collections::update(library, call, options)
            }
            ("GET", ["orders"]) => v4::orders::list(self, call),
            ("POST", ["orders", "bulk_update"]) => v4::orders::update(self, call, now),
            _ => no_route(),
        };
        Ok(self.with_usage(response, Api::V4, now))
    }

    /// Takes the credits of a call, or refuses it.
    fn pay(&mut self, call: &Call<'_>, api: Api, now: Millis) -> Result<(), Response> {
        let amount = if call.reads() {
            credits::READ
        } else {
            credits::WRITE
        };
        if !self.credits.take(api, amount, &self.options.credits, now) {
            self.counters.throttled += 1;
            let what = "The credits of this account are spent.";
            let refusal = match api {
                Api::V2 => v2_refusal(429, what),
                Api::V4 => Failure::new("TOO_MANY_REQUESTS", what).answer(429),
            };
            return Err(self.with_usage(refusal, api, now));
        }
        self.counters.credits += u64::from(amount);
        if call.reads() {
            self.counters.reads += 1;
        } else {
            self.counters.writes += 1;
        }
        Ok(())
    }

    fn with_usage(&self, mut response: Response, api: Api, now: Millis) -> Response {
        let Options {
            credits, account, ..
        } = &self.options;
        self.credits.tell(api, &mut response, credits, account, now);
        response
    }

    /// What the account was asked and did so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Names of the warehouses; the first is the Default one.
    #[must_use]
    pub fn warehouses(&self) -> &[String] {
        &self.warehouses
    }

    /// Adds a warehouse, as somebody does in Order Settings.
    pub fn add_warehouse(&mut self, name: &str) {
        if self.warehouse(name).is_some() {
            return;
        }
        if self.options.past_orders {
            self.orders.add_past(self.warehouses.len(), name);
        }
        self.warehouses.push(name.to_owned());
    }

    /// Says how many units of a SKU stand in pending orders besides those of
    /// [`place_order`](Self::place_order); `dec_pending=1` takes them off. An unknown UPC or
    /// warehouse changes nothing.
    pub fn set_pending(&mut self, upc: &str, warehouse: &str, units: u32) {
        if let Some(place) = self.library.find_upc(upc).zip(self.warehouse(warehouse)) {
            self.stock.pending.insert(place, units);
        }
    }

    /// Ends every v4 access token at once.
    pub fn revoke_tokens(&mut self) {
        self.session.revoke();
    }

    fn remember(&mut self, accepted: Accepted) {
        self.accepted.push_back(accepted);
        while self.accepted.len() > self.options.history_max {
            self.accepted.pop_front();
        }
    }

    fn warehouse(&self, name: &str) -> Option<WarehouseNo> {
        let at = self.warehouses.iter().position(|known| known == name)?;
        WarehouseNo::try_from(at).ok()
    }

    fn warehouse_numbers(&self) -> impl Iterator<Item = WarehouseNo> {
        (0..).zip(&self.warehouses).map(|(no, _)| no)
    }
}

fn no_route() -> Response {
    Failure::new("NOT_FOUND", "No such endpoint.").answer(404)
}
