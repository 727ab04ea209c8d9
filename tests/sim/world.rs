//! The shop, the account, and the people: everything that is not the connector.

use std::collections::{BTreeMap, BTreeSet};

use atsync_sandbox::Sandbox;
use atsync_sandbox::catalogue::{Product, Status, small};
use atsync_sandbox::joor::{NewOrder, OrderId, OrderStatus, Upc};
use atsync_sandbox::shopify::{self, LocationId, Tracking, VariantId, VariantView};
use atsync_sandbox::wire::Millis;

use super::brand::{Brand, CODES, linesheets};
use super::plan::Act;

/// Name of the connection.
pub const CONNECTION: &str = "sim";

/// JOOR's second warehouse, where a brand has one.
pub const SECOND: &str = "Lyon";

/// Wholesale price of every unit, in minor units.
const PRICE: i64 = 45_00;

/// 2026-11-23T06:00:00Z
pub const START: Millis = 1_795_413_600_000;

/// A UPC that the shop does not know.
const ODD_UPC: &str = "4006381333931";

/// A currency that nobody has.
const ODD_CURRENCY: &str = "XXZ";

/// Units by variant.
pub type Units = BTreeMap<VariantId, i64>;

/// Both sides, their time, and what people did.
pub struct World {
    /// Both sides.
    pub sandbox: Sandbox,
    /// Their time. The host's clock may differ.
    pub now: Millis,
    /// All variants that the shop ever had.
    pub variants: Vec<Variant>,
    /// The two locations; orders belong to the first.
    pub locations: [LocationId; 2],
    /// What buyers ordered.
    pub orders: Vec<Order>,
    /// Variants, by place, that JOOR refuses.
    pub refused: BTreeSet<usize>,
    /// Units kept back.
    pub reserve: i64,
    /// Units of variants, by place, that the shop sold by itself.
    pub sold: BTreeMap<usize, i64>,
    /// Styles or linesheets are not as they were when the connector began.
    pub catalogue_changed: bool,
    /// What stood there before somebody set it last.
    before: Option<(VariantId, LocationId, i64)>,
}

/// A variant.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Its handle.
    pub id: VariantId,
    /// Merchant's SKU, for people.
    pub sku: String,
    /// Its UPC on JOOR.
    pub upc: String,
    /// JOOR has a SKU of it.
    pub on_joor: bool,
    /// Its style is only on made-to-order linesheets.
    pub made_to_order: bool,
    /// It came after the run began.
    pub late: bool,
}

/// What a buyer ordered.
#[derive(Clone, Debug)]
pub struct Order {
    /// JOOR's id.
    pub id: OrderId,
    /// Place of the linesheet's code in [`CODES`].
    pub code: u32,
    /// Variants, by place, and the least and the most units that the line ever had.
    pub lines: Vec<(usize, i64, i64)>,
    /// The units that the first line had, one after the other; only those are ever changed.
    pub first_line: Vec<i64>,
    /// When it was approved.
    pub approved_at: Millis,
    /// A line is of something that nobody knows, or it is in such a currency.
    pub strange: bool,
    /// That, or a line is of something that is not on JOOR.
    pub odd: bool,
    /// It was cancelled on JOOR.
    pub cancelled: bool,
    /// A line was changed on JOOR.
    pub changed: bool,
}

impl Order {
    /// Shopify's stock is left alone.
    pub fn is_made_to_order(&self) -> bool {
        CODES.get(self.code as usize) == Some(&"MTO")
    }

    /// The value of the metafield by which its orders in Shopify are known.
    pub fn key(&self) -> String {
        format!("{CONNECTION}:{}", self.id)
    }
}

impl World {
    /// The world before the first pass.
    pub fn new(brand: &Brand) -> Self {
        let mut sandbox = brand.sandbox(START);
        let topics = [
            "INVENTORY_LEVELS_UPDATE",
            "INVENTORY_LEVELS_CONNECT",
            "PRODUCTS_UPDATE",
            "PRODUCTS_DELETE",
        ];
        sandbox
            .shop
            .subscribe(&topics, "https://host.example/", START);
        let locations: Vec<LocationId> = sandbox.shop.location_ids().collect();
        let mut world = Self {
            locations: locations.try_into().expect("two locations"),
            sandbox,
            now: START,
            variants: Vec::new(),
            orders: Vec::new(),
            refused: BTreeSet::new(),
            reserve: brand.reserve,
            sold: BTreeMap::new(),
            catalogue_changed: false,
            before: None,
        };
        world.look_at_styles();
        world
    }

    /// Adds the variants that are new, and sees of each whether it is on JOOR, and how.
    fn look_at_styles(&mut self) {
        let joor = &self.sandbox.joor;
        let on_joor: BTreeSet<String> = joor.skus().filter_map(|sku| sku.external_id).collect();
        for product in self.sandbox.shop.products() {
            let on: Vec<bool> = joor
                .linesheets_of(product.number())
                .map(|(_, mto)| mto)
                .collect();
            for view in product.variants() {
                let upc = view.number().to_string();
                let variant = Variant {
                    id: view.id(),
                    sku: view.sku().unwrap_or_default().to_owned(),
                    on_joor: on_joor.contains(&upc),
                    made_to_order: !on.is_empty() && on.iter().all(|mto| *mto),
                    late: self.now > START,
                    upc,
                };
                let mut known = self.variants.iter_mut();
                match known.find(|known| known.id == variant.id) {
                    Some(known) => {
                        let late = known.late;
                        *known = Variant { late, ..variant };
                    }
                    None => self.variants.push(variant),
                }
            }
        }
    }

    /// The variant with a UPC, by its place.
    pub fn variant(&self, upc: &str) -> Option<usize> {
        self.variants.iter().position(|variant| variant.upc == upc)
    }

    fn place(&self, any: u32) -> usize {
        any as usize % self.variants.len()
    }

    fn location(&self, any: u32) -> LocationId {
        let [first, second] = self.locations;
        if any.is_multiple_of(2) { first } else { second }
    }

    fn is_open(&self, any: u32) -> bool {
        self.sandbox.shop.location_is_active(self.location(any))
    }

    /// Somebody does something; what does not fit does nothing.
    pub fn act(&mut self, act: &Act) {
        let now = self.now;
        match *act {
            Act::Stock(variant, location, units) => {
                let (id, at) = (self.id(variant), self.location(location));
                let stood = self
                    .sandbox
                    .shop
                    .variant(id)
                    .and_then(|it| it.available(at));
                self.before = stood.map(|units| (id, at, units));
                self.sandbox.shop.set_available(id, at, units, now);
            }
            Act::TakeBack => {
                if let Some((id, at, units)) = self.before.take() {
                    self.sandbox.shop.set_available(id, at, units, now);
                }
            }
            Act::Sell(variant, location) => {
                let (id, at) = (self.id(variant), self.location(location));
                self.sandbox.shop.sell(id, at, 1, now);
                *self.sold.entry(self.place(variant)).or_default() += 1;
            }
            Act::Policy(variant, goes_on) => {
                let id = self.id(variant);
                self.sandbox.shop.set_policy(id, goes_on, now);
            }
            Act::Tracked(variant, tracked) => {
                let id = self.id(variant);
                self.sandbox.shop.set_tracked(id, tracked, now);
            }
            Act::OnSale(variant, on_sale) => {
                let id = self.id(variant);
                let product = self
                    .sandbox
                    .shop
                    .variant(id)
                    .map(|variant| variant.product());
                if let Some(product) = product {
                    let status = if on_sale {
                        Status::Active
                    } else {
                        Status::Draft
                    };
                    self.sandbox.shop.set_status(product, status, now);
                }
            }
            Act::Delete(variant) => {
                let id = self.id(variant);
                self.sandbox.shop.delete_variant(id, now);
            }
            Act::Open(location, true) => {
                let at = self.location(location);
                self.sandbox.shop.activate_location(at, now);
            }
            // Shopify does not close the last one.
            Act::Open(location, false) if self.is_open(location + 1) => {
                let at = self.location(location);
                self.sandbox.shop.deactivate_location(at, now);
            }
            Act::Open(_, false) => {}
            Act::Order(code, ref lines) => self.order(code, lines, false),
            Act::OddOrder(code, ref lines) => self.order(code, lines, true),
            Act::Cancel(order) => self.cancel(order),
            Act::Change(order, units) => self.change(order, units),
            Act::Ship(order) => {
                if let Some(made) = self.made(order) {
                    self.sandbox
                        .shop
                        .fulfill_order(made, &Tracking::new("DHL", "1Z"), now);
                }
            }
            Act::CancelInShop(order) => {
                if let Some(made) = self.made(order) {
                    self.sandbox.shop.cancel_order(made, true, now);
                }
            }
            Act::RefuseSku(variant) => {
                let place = self.place(variant);
                if let Some(variant) = self.variants.get(place) {
                    self.sandbox
                        .joor
                        .options
                        .refused_upcs
                        .insert(variant.upc.clone());
                    self.refused.insert(place);
                }
            }
            Act::RevokeTokens => self.sandbox.joor.revoke_tokens(),
            Act::Reserve(units) => self.reserve = units,
            Act::Launch(style) => self.launch(style),
            Act::List(variant, ref codes) => self.list(variant, codes),
            // These are the host's.
            Act::Clock(_) | Act::DryRun(_) => {}
        }
    }

    /// JOOR's own integration brings a style over as soon as it is there.
    fn launch(&mut self, any: u32) {
        let shop = &self.sandbox.shop;
        let is_new = |style: &Product| shop.products().all(|of| of.handle() != style.handle);
        let styles: Vec<Product> = small::products().into_iter().filter(is_new).collect();
        let Some(style) = styles.get(any as usize % styles.len().max(1)) else {
            return;
        };
        self.sandbox.shop.add_product(style, self.now);
        self.sandbox.import_styles(&linesheets(), Upc::VariantId);
        self.look_at_styles();
        for order in &mut self.orders {
            order.odd = order.strange || !on_joor(&self.variants, &order.lines);
        }
        self.catalogue_changed = true;
    }

    /// What is made to order stays so.
    fn list(&mut self, any: u32, codes: &[u32]) {
        let view = self.sandbox.shop.variant(self.id(any));
        let Some(product) = view.and_then(|view| self.sandbox.shop.product(view.product())) else {
            return;
        };
        let style = product.number();
        let joor = &mut self.sandbox.joor;
        if joor
            .linesheets_of(style)
            .any(|(_, made_to_order)| made_to_order)
        {
            return;
        }
        let codes: Vec<&str> = codes
            .iter()
            .filter_map(|place| CODES.get(*place as usize).copied())
            .collect();
        joor.set_linesheets(style, &codes);
        self.catalogue_changed = true;
    }

    fn id(&self, any: u32) -> VariantId {
        let variant = self.variants.get(self.place(any));
        variant.expect("a place among them").id
    }

    fn order(&mut self, code: u32, wanted: &[(u32, i64)], strange: bool) {
        let name = CODES.get(code as usize).copied().unwrap_or_default();
        let mut order = NewOrder::of(name).purchase_order(format!("PO-{}", self.orders.len()));
        let mut lines = Vec::new();
        for (any, units) in wanted {
            let place = self.place(*any);
            if let Some(variant) = self.variants.get(place) {
                order = order.line(&variant.upc, *units, PRICE);
                lines.push((place, *units, *units));
            }
        }
        if strange {
            order = match self.orders.len() % 2 {
                0 => order.line(ODD_UPC, 1, PRICE),
                _ => order.currency(ODD_CURRENCY),
            };
        }
        let id = self.sandbox.joor.place_order(order.approved(), self.now);
        self.orders.push(Order {
            id,
            code,
            odd: strange || !on_joor(&self.variants, &lines),
            strange,
            first_line: lines.iter().take(1).map(|(_, units, _)| *units).collect(),
            lines,
            approved_at: self.now,
            cancelled: false,
            changed: false,
        });
    }

    fn cancel(&mut self, order: u32) {
        let now = self.now;
        if let Some(order) = self.orders.get_mut(order as usize) {
            order.cancelled = true;
            let cancelled = self.sandbox.joor.cancel_order(order.id, now);
            cancelled.expect("an order that was placed");
        }
    }

    fn change(&mut self, order: u32, units: i64) {
        let now = self.now;
        let Some(order) = self
            .orders
            .get_mut(order as usize)
            .filter(|order| !order.cancelled)
        else {
            return;
        };
        if let Some((_, least, most)) = order.lines.first_mut() {
            order.changed = true;
            (*least, *most) = (units.min(*least), units.max(*most));
            order.first_line.push(units);
            let changed = self.sandbox.joor.change_quantity(order.id, 0, units, now);
            changed.expect("an order that was placed, with a line");
        }
    }

    /// The order in Shopify that was made from one on JOOR.
    fn made(&self, order: u32) -> Option<shopify::OrderId> {
        let key = self.orders.get(order as usize)?.key();
        let made = self.sandbox.shop.find_order_by_joor(&key)?;
        Some(made.id())
    }

    /// What an order demanded, variant by variant, one version after the other.
    pub fn versions(&self, order: &Order) -> impl DoubleEndedIterator<Item = Units> {
        let version = |first: &i64| {
            let mut units = Units::new();
            for (at, (place, least, _)) in order.lines.iter().enumerate() {
                let line = if at == 0 { *first } else { *least };
                let variant = self.variants.get(*place);
                if let Some(variant) = variant {
                    *units.entry(variant.id).or_default() += line;
                }
            }
            units
        };
        order.first_line.iter().map(version)
    }

    /// Units of a variant, by its place, that an order demands now.
    pub fn units_now(&self, order: &Order, place: usize) -> i64 {
        let id = self.variants.get(place).map(|variant| variant.id);
        let now = self.versions(order).next_back().unwrap_or_default();
        id.and_then(|id| now.get(&id).copied()).unwrap_or(0)
    }

    /// The variant at a place, unless it was deleted.
    pub fn stands(&self, place: usize) -> Option<VariantView<'_>> {
        self.sandbox.shop.variant(self.variants.get(place)?.id)
    }

    /// Whether JOOR has it as approved.
    pub fn is_approved(&self, order: &Order) -> bool {
        let view = self.sandbox.joor.order(order.id);
        view.is_some_and(|view| view.status == OrderStatus::Approved)
    }
}

/// Whether JOOR has each variant of these lines.
fn on_joor(variants: &[Variant], lines: &[(usize, i64, i64)]) -> bool {
    let mut lines = lines.iter();
    lines.all(|(place, ..)| variants.get(*place).is_some_and(|variant| variant.on_joor))
}
