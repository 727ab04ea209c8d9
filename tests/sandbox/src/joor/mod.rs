//! A JOOR account: a deterministic state machine that answers v2, v4 and sign-in requests.
//!
//! It has no clock and no sockets. What JOOR's public pages leave open is an [`Options`]
//! field. Orders are known by their heads only.

mod call;
mod credits;
mod import;
mod inventory;
mod key;
mod library;
mod load;
mod options;
mod session;
mod stock;
#[cfg(test)]
mod tests;
mod v4;

use std::collections::VecDeque;

use jiff::civil::Date;
use serde::Serialize;

use self::call::{Call, Failure, v2_refusal};
use self::credits::Window;
use self::library::{Library, Sku, SkuNo};
use self::session::Session;
use self::stock::{Stock, WarehouseNo};
use crate::wire::{Millis, Request, Response};

pub use self::import::{Delivery, Linesheet, Style, StyleVariant, Upc};
pub use self::options::{
    BadRow, Bodies, CreditRules, Ids, Immediate, Login, Options, Scope, UnknownWarehouse,
};
pub use self::stock::Ats;

/// One brand's account on JOOR.
#[derive(Debug)]
pub struct Account {
    /// How it behaves from here on.
    pub options: Options,
    warehouses: Vec<String>,
    session: Session,
    credits: Window,
    credits_v2: Window,
    library: Library,
    stock: Stock,
    orders: Vec<v4::orders::Order>,
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

/// An inventory row that was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// When.
    pub at: Millis,
    /// UPC of the SKU, where it has one.
    pub upc: Option<String>,
    /// Name of the warehouse in which it landed.
    pub warehouse: String,
    /// None: immediate.
    pub date: Option<Date>,
    /// What JOOR showed from then on.
    pub ats: Ats,
}

/// A SKU as JOOR has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkuView {
    /// Shopify product id, where the style came from Shopify.
    pub style: Option<String>,
    /// Name of the style.
    pub name: String,
    /// Shopify variant id; none for a phantom and in a style made by hand.
    pub external_id: Option<String>,
    /// The merchant's SKU, or what stands for it.
    pub identifier: Option<String>,
    /// None for a phantom.
    pub upc: Option<String>,
    /// Name of the colour.
    pub color: String,
    /// Name of the size.
    pub size: String,
}

/// A record of stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockRow {
    /// UPC of the SKU, where it has one.
    pub upc: Option<String>,
    /// Name of the warehouse.
    pub warehouse: String,
    /// None: immediate.
    pub date: Option<Date>,
    /// Never `NoRecord`.
    pub ats: Ats,
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
        Self {
            warehouses: options.warehouses.clone(),
            orders: v4::orders::past(&options),
            options,
            session: Session::default(),
            credits: Window::default(),
            credits_v2: Window::default(),
            library: Library::default(),
            stock: Stock::default(),
            accepted: VecDeque::new(),
            log_ids: 0,
            counters: Counters::default(),
        }
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
        self.pay(call, true, now)?;
        let response = match (call.request.method.as_str(), path) {
            ("POST" | "PUT", ["bulk-inventory"]) => inventory::bulk(self, call, now),
            ("PUT", ["style-number", number, identifier, "inventory"]) => {
                inventory::single(self, call, number, identifier, now)
            }
            (_, ["bulk-inventory"] | ["style-number", _, _, "inventory"]) => {
                v2_refusal(405, "Inventory can be written and not read.")
            }
            _ => v2_refusal(404, "No such endpoint."),
        };
        Ok(self.with_usage(response, true, now))
    }

    fn v4(&mut self, call: &Call<'_>, path: &[&str], now: Millis) -> Result<Response, Response> {
        self.session.check_v4(call, &self.options, now)?;
        self.pay(call, false, now)?;
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
            ("GET", ["orders"]) => v4::orders::list(&self.orders, &self.warehouses, call, options),
            _ => no_route(),
        };
        Ok(self.with_usage(response, false, now))
    }

    /// Takes the credits of a call, or refuses it.
    fn pay(&mut self, call: &Call<'_>, v2: bool, now: Millis) -> Result<(), Response> {
        let credits = if call.reads() {
            credits::READ
        } else {
            credits::WRITE
        };
        let rules = &self.options.credits;
        let window = if v2 && rules.v2_apart {
            &mut self.credits_v2
        } else {
            &mut self.credits
        };
        if !window.take(credits, rules, now) {
            self.counters.throttled += 1;
            let what = "The credits of this account are spent.";
            let refusal = if v2 {
                v2_refusal(429, what)
            } else {
                Failure::new("TOO_MANY_REQUESTS", what).answer(429)
            };
            return Err(self.with_usage(refusal, v2, now));
        }
        self.counters.credits += u64::from(credits);
        if call.reads() {
            self.counters.reads += 1;
        } else {
            self.counters.writes += 1;
        }
        Ok(())
    }

    fn with_usage(&self, mut response: Response, v2: bool, now: Millis) -> Response {
        let rules = &self.options.credits;
        let window = if v2 && rules.v2_apart {
            &self.credits_v2
        } else {
            &self.credits
        };
        window.tell(&mut response, rules, &self.options.account, now);
        response
    }

    /// What JOOR shows for a SKU, found by UPC. A SKU, warehouse or date that is unknown has
    /// no record. `date`: none for immediate stock.
    #[must_use]
    pub fn ats(&self, upc: &str, warehouse: &str, date: Option<Date>) -> Ats {
        let place = self.library.find_upc(upc).zip(self.warehouse(warehouse));
        place.map_or(Ats::NoRecord, |(sku, warehouse)| {
            self.stock.get(sku, warehouse, date)
        })
    }

    /// Every SKU, phantoms and those made by hand among them.
    pub fn skus(&self) -> impl Iterator<Item = SkuView> {
        self.library.skus.iter().map(|sku| self.view(sku))
    }

    /// Every record of stock: immediate ones by warehouse, then dated ones.
    pub fn rows(&self) -> impl Iterator<Item = StockRow> {
        self.stock
            .records()
            .map(|(sku, warehouse, date, ats)| StockRow {
                upc: self.upc(sku),
                warehouse: self.warehouse_name(warehouse),
                date,
                ats,
            })
    }

    /// The rows that were taken in, oldest first, the last `history_max` of them.
    pub fn history(&self) -> impl Iterator<Item = Write> {
        self.accepted.iter().map(|accepted| Write {
            at: accepted.at,
            upc: self.upc(accepted.sku),
            warehouse: self.warehouse_name(accepted.warehouse),
            date: accepted.date,
            ats: accepted.ats,
        })
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
        if self.warehouse(name).is_none() {
            self.warehouses.push(name.to_owned());
        }
    }

    /// Says how many units of a SKU stand in pending orders, which `dec_pending=1` takes off.
    /// An unknown UPC or warehouse changes nothing.
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

    fn warehouse_name(&self, no: WarehouseNo) -> String {
        self.warehouses
            .get(usize::from(no))
            .cloned()
            .unwrap_or_default()
    }

    fn upc(&self, sku: SkuNo) -> Option<String> {
        Some(
            self.library
                .skus
                .get(sku as usize)?
                .upc
                .as_ref()?
                .to_string(),
        )
    }

    fn view(&self, sku: &Sku) -> SkuView {
        let product = self.library.products.get(sku.product as usize);
        let style = product.and_then(|product| product.external_id.as_ref());
        SkuView {
            style: style.map(ToString::to_string),
            name: product
                .map(|product| product.name.to_string())
                .unwrap_or_default(),
            external_id: sku.external_id.as_ref().map(ToString::to_string),
            identifier: sku.identifier.as_ref().map(ToString::to_string),
            upc: sku.upc.as_ref().map(ToString::to_string),
            color: self.library.traits.name(sku.color).to_owned(),
            size: self.library.traits.name(sku.size).to_owned(),
        }
    }
}

fn no_route() -> Response {
    Failure::new("NOT_FOUND", "No such endpoint.").answer(404)
}
