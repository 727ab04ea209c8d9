//! Orders as a client meets them, and what becomes of the stock.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod addressed;
mod cancelled;
mod claimed;
mod created;
mod found;
mod limits;
mod moved;
mod recorded;
mod shipped;

use serde_json::{Value, json};

use super::*;
use crate::catalogue::{Product, Variant};
use crate::shopify::{Options, Shop};
use crate::wire::Request;

const NOW: Millis = 1_795_413_600_000;

const CREATE: &str = "mutation($order: OrderCreateOrderInput!, $options: OrderCreateOptionsInput) { orderCreate(order: $order, \
                      options: $options) { order { id } userErrors { field message code } } }";

/// Available, committed and on hand.
type Units = (i64, i64, i64);

/// A shop with two locations. The scarf sells what there is, the hat continues selling, the card
/// is not counted, and the bag is stocked nowhere.
struct Stage {
    shop: Shop,
    now: Millis,
    paris: LocationId,
    lyon: LocationId,
    scarf: VariantId,
    hat: VariantId,
    card: VariantId,
    bag: VariantId,
}

fn stage() -> Stage {
    stage_with(|_| {})
}

fn stage_with(change: impl FnOnce(&mut Options)) -> Stage {
    let mut options = Options::default();
    change(&mut options);
    let mut shop = Shop::new(options);
    let paris = shop.add_location("Paris", NOW);
    let lyon = shop.add_location("Lyon", NOW);
    let variant = |sku: &str, quantities: &[Option<i64>]| Variant {
        sku: Some(sku.to_owned()),
        tracked: true,
        price: "80.00".to_owned(),
        quantities: quantities.to_vec(),
        ..Variant::default()
    };
    let variants = vec![
        variant("SCARF", &[Some(5), Some(8)]),
        Variant {
            continue_selling: true,
            ..variant("HAT", &[Some(2), None])
        },
        Variant {
            tracked: false,
            ..variant("CARD", &[None, Some(0)])
        },
        variant("BAG", &[]),
    ];
    let product = Product {
        handle: "winter".to_owned(),
        title: "Winter".to_owned(),
        vendor: "Atelier".to_owned(),
        variants,
        ..Product::default()
    };
    shop.load([product], NOW);
    let find = |sku| shop.find_variant(sku).unwrap();
    Stage {
        now: NOW + 60_000,
        paris,
        lyon,
        scarf: find("SCARF"),
        hat: find("HAT"),
        card: find("CARD"),
        bag: find("BAG"),
        shop,
    }
}

/// An order of so many units of each variant, at its own price.
fn order(lines: &[(VariantId, i64)]) -> Value {
    let line = |(variant, units): &(VariantId, i64)| json!({ "variantId": variant.gid(), "quantity": units });
    json!({ "lineItems": lines.iter().map(line).collect::<Vec<_>>() })
}

fn gid_of(answer: &Value) -> String {
    answer.as_str().unwrap().to_owned()
}

impl Stage {
    fn send(&mut self, query: &str, variables: &Value) -> (u16, Vec<(String, String)>, Value) {
        let request = Request {
            method: "POST".to_owned(),
            path: "/admin/api/2026-10/graphql.json".to_owned(),
            headers: vec![(
                "x-shopify-access-token".to_owned(),
                "shpat_sandbox".to_owned(),
            )],
            body: json!({ "query": query, "variables": variables })
                .to_string()
                .into_bytes(),
        };
        let response = self.shop.handle(&request, false, self.now).response;
        let body = serde_json::from_slice(&response.body).unwrap_or_default();
        (response.status, response.headers, body)
    }

    fn ask(&mut self, query: &str, variables: &Value) -> Value {
        let (status, _, body) = self.send(query, variables);
        assert_eq!(status, 200, "{body}");
        body
    }

    /// The payload of `orderCreate`.
    fn create(&mut self, order: &Value, behaviour: &str) -> Value {
        let variables = json!({ "order": order, "options": { "inventoryBehaviour": behaviour } });
        let answer = self.ask(CREATE, &variables);
        assert_eq!(answer["errors"], Value::Null);
        answer["data"]["orderCreate"].clone()
    }

    /// Creates an order that is taken.
    fn place(&mut self, lines: &[(VariantId, i64)], behaviour: &str) -> OrderId {
        self.place_as(&order(lines), behaviour)
    }

    fn place_as(&mut self, order: &Value, behaviour: &str) -> OrderId {
        let payload = self.create(order, behaviour);
        assert_eq!(payload["userErrors"], json!([]));
        self.shop
            .find_order(&gid_of(&payload["order"]["id"]))
            .unwrap()
    }

    /// The errors of an order that is refused.
    fn refused(&mut self, order: &Value, behaviour: &str) -> Value {
        let payload = self.create(order, behaviour);
        assert_eq!(payload["order"], Value::Null);
        payload["userErrors"].clone()
    }

    fn units(&self, variant: VariantId, location: LocationId) -> Units {
        let view = self.shop.variant(variant).unwrap();
        let of = |units: Option<i64>| units.unwrap();
        (
            of(view.available(location)),
            of(view.committed(location)),
            of(view.on_hand(location)),
        )
    }

    fn view(&self, order: OrderId) -> OrderView<'_> {
        self.shop.order(order).unwrap()
    }

    /// The first fulfilment order of an order that is not closed.
    fn part(&self, order: OrderId) -> String {
        let open = self
            .view(order)
            .fulfillment_orders()
            .find(|part| part.status() != "CLOSED");
        open.unwrap().gid()
    }

    /// Topics and bodies of the webhooks that are due.
    fn told(&mut self) -> Vec<(String, Value)> {
        let deliveries = self.shop.take_deliveries(self.now);
        let body = |bytes: &[u8]| serde_json::from_slice(bytes).unwrap();
        deliveries
            .into_iter()
            .map(|delivery| (delivery.topic.clone(), body(&delivery.body)))
            .collect()
    }
}
