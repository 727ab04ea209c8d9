//! Steps that stories of orders share: what buyers do on JOOR, what is seen of it in Shopify,
//! and what `orders` says.

use atsync::clock::Timestamp;
use atsync_sandbox::joor::{Account, ExportStatus, NewOrder, OrderId, OrderView as JoorOrder};
use atsync_sandbox::shopify::{OrderView, State, Tracking};
use atsync_sandbox::wire::Side;
use serde_json::{Value, json};

use crate::brand::Brand;
use crate::world::{NAME, World};

/// Code of the linesheet that the shirts, dresses and scarves are on.
pub const SPRING: &str = "480001";

/// What Shopify counts of a SKU at a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stock {
    pub available: i64,
    pub committed: i64,
    pub on_hand: i64,
}

/// So many units, of each kind.
pub fn stock(available: i64, committed: i64, on_hand: i64) -> Stock {
    Stock {
        available,
        committed,
        on_hand,
    }
}

/// A brand, one order of which is in Shopify.
pub async fn one_order(brand: Brand, linesheet: &str, lines: &[(&str, i64)]) -> (World, OrderId) {
    let world = brand.open_synced().await;
    let order = world.buys(linesheet, lines);
    world.sync().await;
    assert_eq!(world.exported(order).0, ExportStatus::Success);
    world.minutes(1);
    (world, order)
}

impl World {
    /// So many passes, a minute apart.
    pub async fn passes(&self, many: u32) {
        for _ in 0..many {
            self.sync().await;
            self.minutes(1);
        }
    }

    // On JOOR.

    /// Pulls a lever of the JOOR account that takes time.
    pub fn joor_now<T>(&self, lever: impl FnOnce(&mut Account, Timestamp) -> T) -> T {
        let now = self.now();
        self.joor(|joor| lever(joor, now))
    }

    /// The UPC of a SKU: its variant id.
    pub fn upc(&self, sku: &str) -> String {
        self.variant(sku).number().to_string()
    }

    /// An order of these SKUs and units, at 45.00 each.
    pub fn order_of(&self, linesheet: &str, lines: &[(&str, i64)]) -> NewOrder {
        lines
            .iter()
            .fold(NewOrder::of(linesheet), |order, (sku, units)| {
                order.line(&self.upc(sku), *units, 45_00)
            })
    }

    /// A buyer's order is placed, and approved by the brand.
    pub fn approved(&self, order: NewOrder) -> OrderId {
        self.joor_now(|joor, now| joor.place_order(order.approved(), now))
    }

    /// An approved order of these SKUs and units, at 45.00 each.
    pub fn buys(&self, linesheet: &str, lines: &[(&str, i64)]) -> OrderId {
        self.approved(self.order_of(linesheet, lines))
    }

    /// The brand or the buyer cancels an order.
    pub fn cancels(&self, id: OrderId) {
        self.joor_now(|joor, now| joor.cancel_order(id, now))
            .unwrap();
    }

    /// An order as JOOR has it.
    pub fn joor_order(&self, id: OrderId) -> JoorOrder {
        self.joor(|joor| joor.order(id)).unwrap()
    }

    /// What JOOR knows of the export of an order.
    pub fn exported(&self, id: OrderId) -> (ExportStatus, String) {
        let order = self.joor_order(id);
        (order.export_status, order.export_description)
    }

    // In Shopify.

    /// What Shopify counts of a SKU at a location.
    pub fn stock(&self, sku: &str, location: &str) -> Stock {
        let (variant, location) = (self.variant(sku), self.location(location));
        self.shop(|shop, _| {
            let variant = shop.variant(variant).unwrap();
            Stock {
                available: variant.available(location).unwrap(),
                committed: variant.units(location, State::Committed).unwrap(),
                on_hand: variant.on_hand(location).unwrap(),
            }
        })
    }

    /// Looks at the Shopify order of a JOOR order, of which there is one.
    #[track_caller]
    pub fn in_shopify<T>(&self, id: OrderId, look: impl FnOnce(&OrderView<'_>) -> T) -> T {
        self.made_of(&format!("{NAME}:{id}"), look)
    }

    /// Looks at the Shopify order of what stock does not cover of a JOOR order.
    #[track_caller]
    pub fn back_order<T>(&self, id: OrderId, look: impl FnOnce(&OrderView<'_>) -> T) -> T {
        self.made_of(&format!("{NAME}:{id}:back-order"), look)
    }

    #[track_caller]
    fn made_of<T>(&self, key: &str, look: impl FnOnce(&OrderView<'_>) -> T) -> T {
        let sandbox = self.sandbox();
        let order = sandbox.shop.find_order_by_joor(key);
        let order = order.unwrap_or_else(|| panic!("Shopify has no order of {key}"));
        assert_eq!(order.times_created(), 1, "one order of {key}");
        look(&order)
    }

    /// How many Shopify orders a JOOR order has, back orders left out.
    pub fn times_in_shopify(&self, id: OrderId) -> usize {
        let key = format!("{NAME}:{id}");
        self.shop(|shop, _| {
            let of = |order: &OrderView<'_>| order.joor_order() == Some(&key);
            shop.orders().filter(of).count()
        })
    }

    /// How many orders the shop has.
    pub fn orders_in_shopify(&self) -> usize {
        self.shop(|shop, _| shop.orders().count())
    }

    /// How often Shopify was asked for an operation so far.
    pub fn asked(&self, operation: &str) -> u64 {
        let sandbox = self.sandbox();
        let operations = &sandbox.counters().side(Side::Shopify).operations;
        operations.get(operation).map_or(0, |asked| asked.requests)
    }

    /// All of an order leaves the house.
    pub fn ships(&self, id: OrderId, number: &str) {
        let order = self.in_shopify(id, |order| order.id());
        let tracking = Tracking::new("DHL Express", number);
        self.shop(|shop, now| shop.fulfill_order(order, &tracking, now));
    }

    // What atsync says.

    /// What `orders` says of each order.
    pub async fn orders(&self) -> Vec<Value> {
        let report = self.ask("orders", json!({})).await;
        report.json["data"]["orders"].as_array().unwrap().clone()
    }

    /// What `orders-show` says of an order.
    pub async fn order_shown(&self, id: OrderId) -> Value {
        let report = self
            .ask("orders-show", json!({ "order": id.to_string() }))
            .await;
        report.json["data"]["order"].clone()
    }

    /// `BEHAVIOUR by scope`, as decided for an order.
    pub async fn decision(&self, id: OrderId) -> String {
        let order = self.order_shown(id).await;
        let word = |key: &str| order[key].as_str().unwrap().to_owned();
        format!("{} by {}", word("behaviour"), word("decided_by"))
    }

    /// Why an order is parked: the codes, and reasons and fixes in one text.
    pub async fn parked(&self, id: OrderId) -> (Vec<String>, String) {
        let order = self.order_shown(id).await;
        let mut told = (Vec::new(), String::new());
        for trouble in order["parked"]["troubles"].as_array().into_iter().flatten() {
            let word = |key: &str| trouble[key].as_str().unwrap();
            told.0.push(word("code").to_owned());
            told.1 += &format!("{} {} ", word("reason"), word("fix"));
        }
        told
    }

    /// A person does something with an order.
    pub async fn act_on(&self, act: &str, id: OrderId) {
        let report = self.act(act, json!({ "order": id.to_string() })).await;
        assert!(report.codes().is_empty(), "{act}: {report:?}");
    }
}
