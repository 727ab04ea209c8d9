//! An order on its way from JOOR to Shopify and back, as a client over HTTP leads it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use atsync_sandbox::catalogue::{Product, Variant};
use atsync_sandbox::joor::{Linesheet, Upc};
use atsync_sandbox::server::{self, Ports, Running};
use atsync_sandbox::{Options, Sandbox};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

const START: u64 = 1_795_413_600_000;
const CREATE: &str = "mutation Create($order: OrderCreateOrderInput!, $options: OrderCreateOptionsInput) { orderCreate(order: \
                      $order, options: $options) { order { id } userErrors { message code } } }";
const FIND: &str = "query($value: String!) { orderByIdentifier(identifier: { customId: { namespace: \"atsync\", key: \
                    \"joor_order\", value: $value } }) { id totalPriceSet { shopMoney { amount } } fulfillmentOrders(first: 5) \
                    { nodes { id assignedLocation { location { id name } } } } } }";

struct Stage {
    running: Running,
    now: Arc<AtomicU64>,
    client: reqwest::Client,
    scarf: Value,
    lyon: Value,
}

impl Stage {
    async fn new() -> Self {
        // Fails where an earlier test of this process has done it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut sandbox = Sandbox::new(Options::default());
        sandbox.shop.add_location("Paris", START);
        let lyon = sandbox.shop.add_location("Lyon", START).gid().into();
        let scarf = Variant {
            sku: Some("SCARF".to_owned()),
            tracked: true,
            price: "80.00".to_owned(),
            quantities: vec![Some(10), Some(4)],
            ..Variant::default()
        };
        let product = Product {
            handle: "scarf".to_owned(),
            title: "Scarf".to_owned(),
            variants: vec![scarf],
            ..Product::default()
        };
        sandbox.shop.load([product], START);
        sandbox.import_styles(&[Linesheet::of_all("Spring", "SS27")], Upc::VariantId);
        let scarf = sandbox.shop.find_variant("SCARF").unwrap();
        let now = Arc::new(AtomicU64::new(START + 60_000));
        let clock = now.clone();
        let clock: server::Clock = Arc::new(move || clock.load(Ordering::SeqCst));
        let sandbox = Arc::new(Mutex::new(sandbox));
        let running = server::serve(sandbox, Ports::default(), clock)
            .await
            .unwrap();
        Self {
            running,
            now,
            client: reqwest::Client::builder().no_gzip().build().unwrap(),
            scarf: json!({ "gid": scarf.gid(), "upc": scarf.number().to_string() }),
            lyon,
        }
    }

    /// Sends a GraphQL request; an error is a connection that was cut.
    async fn send(&self, query: &str, variables: Value) -> reqwest::Result<Value> {
        let path = "/admin/api/2026-10/graphql.json";
        let request = self
            .client
            .post(format!("{}{path}", self.running.shopify_url));
        let request = request.header("x-shopify-access-token", "shpat_sandbox");
        let body = json!({ "query": query, "variables": variables });
        let text = request.body(body.to_string()).send().await?.text().await?;
        Ok(serde_json::from_str(&text).unwrap())
    }

    async fn ask(&self, query: &str, variables: Value) -> Value {
        self.send(query, variables).await.unwrap()["data"].take()
    }

    /// Pulls a lever.
    async fn pull(&self, name: &str, body: Value) -> Value {
        let url = format!("{}/sandbox/{name}", self.running.shopify_url);
        let request = self.client.post(url).body(body.to_string());
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{name}");
        serde_json::from_str(&response.text().await.unwrap()).unwrap()
    }

    async fn look(&self, path: &str) -> Value {
        let url = format!("{}/sandbox/{path}", self.running.joor_url);
        let response = self.client.get(url).send().await.unwrap();
        serde_json::from_str(&response.text().await.unwrap()).unwrap()
    }

    /// Available, committed and on hand.
    async fn stock(&self, location: &str) -> [i64; 3] {
        let path = format!("shop/stock?variant=SCARF&location={location}");
        let stock = self.look(&path).await;
        ["available", "committed", "on_hand"].map(|name| stock[name].as_i64().unwrap())
    }

    /// The JOOR order as a client reads it, without marking it.
    async fn exported(&self) -> Value {
        let token = atsync_sandbox::joor::Options::default().v2_token;
        let token = format!("OAuth2 {}", BASE64_STANDARD.encode(token));
        let url = format!("{}/v2/order/?sync=0", self.running.joor_url);
        let request = self.client.get(url).header("authorization", token);
        let response = request.send().await.unwrap();
        let text = response.text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_comes_over_once_is_moved_shipped_and_another_cancelled() {
    let stage = Stage::new().await;
    let line = json!({ "upc": stage.scarf["upc"], "units": 3, "price": "45.00" });
    let placed =
        json!({ "linesheet": "SS27", "approved": true, "purchase_order": "PO-7", "lines": [line] });
    let joor_order = stage.pull("joor/place-order", placed).await["id"].clone();
    let exported = stage.exported().await.to_string();
    assert!(exported.contains("PO-7"), "{exported}");

    let definition = json!({
        "name": "JOOR order", "namespace": "atsync", "key": "joor_order", "type": "id", "ownerType": "ORDER",
    });
    let define = "mutation($definition: MetafieldDefinitionInput!) { metafieldDefinitionCreate(definition: $definition) \
                  { userErrors { code } } }";
    let defined = stage.ask(define, json!({ "definition": definition })).await;
    assert_eq!(
        defined["metafieldDefinitionCreate"]["userErrors"],
        json!([])
    );

    // The order is created and its answer lost; asked again, the shop has it already.
    let key = format!("acme:{joor_order}");
    let variables = json!({
        "order": {
            "currency": "USD",
            "poNumber": "PO-7",
            "lineItems": [{
                "variantId": stage.scarf["gid"],
                "quantity": 3,
                "priceSet": { "shopMoney": { "amount": "45.00", "currencyCode": "USD" } },
            }],
            "metafields": [{ "namespace": "atsync", "key": "joor_order", "type": "id", "value": key }],
        },
        "options": { "inventoryBehaviour": "DECREMENT_IGNORING_POLICY" },
    });
    let cut = json!({ "side": "shopify", "operation": "Create", "fault": "cut-after" });
    stage.pull("faults", cut).await;
    assert!(stage.send(CREATE, variables.clone()).await.is_err());
    let again = stage.ask(CREATE, variables).await["orderCreate"].take();
    assert_eq!(again["order"], Value::Null);
    assert_eq!(again["userErrors"][0]["message"], "Value is already taken");
    let found = stage.ask(FIND, json!({ "value": key })).await["orderByIdentifier"].take();
    assert_eq!(found["totalPriceSet"]["shopMoney"]["amount"], "135.0");
    assert_eq!(stage.stock("Paris").await, [7, 3, 10]);

    let part = &found["fulfillmentOrders"]["nodes"][0];
    assert_eq!(part["assignedLocation"]["location"]["name"], "Paris");
    let moving = "mutation($id: ID!, $to: ID!) { fulfillmentOrderMove(id: $id, newLocationId: $to) { userErrors { message } } }";
    let moved = stage
        .ask(moving, json!({ "id": part["id"], "to": stage.lyon }))
        .await;
    assert_eq!(moved["fulfillmentOrderMove"]["userErrors"], json!([]));
    assert_eq!(stage.stock("Paris").await, [10, 0, 10]);
    assert_eq!(stage.stock("Lyon").await, [1, 3, 4]);

    let shipped =
        json!({ "order": "#1001", "tracking_company": "DHL", "tracking_numbers": ["JD-1"] });
    stage.pull("shop/fulfill-order", shipped).await;
    assert_eq!(stage.stock("Lyon").await, [1, 0, 1]);
    let orders = stage.look(&format!("shop/orders?joor={key}")).await;
    assert_eq!(orders.as_array().unwrap().len(), 1);
    assert_eq!(orders[0]["status"], "FULFILLED");
    assert_eq!(orders[0]["tracking_numbers"], json!(["JD-1"]));

    // Another one is cancelled while the clock moves on by itself.
    let order = json!({ "lineItems": [{ "variantId": stage.scarf["gid"], "quantity": 2 }] });
    let obeying = json!({ "inventoryBehaviour": "DECREMENT_OBEYING_POLICY" });
    let created = stage
        .ask(CREATE, json!({ "order": order, "options": obeying }))
        .await;
    assert_eq!(stage.stock("Paris").await, [8, 2, 10]);
    let cancel = "mutation($id: ID!) { orderCancel(orderId: $id, reason: CUSTOMER, restock: true) { job { id done } \
                  orderCancelUserErrors { message } } }";
    let id = &created["orderCreate"]["order"]["id"];
    let cancelled = stage.ask(cancel, json!({ "id": id })).await;
    let job = &cancelled["orderCancel"]["job"];
    assert_eq!(job["done"], false);
    stage.now.fetch_add(1000, Ordering::SeqCst);
    let done = "query($id: ID!) { job(id: $id) { done } }";
    let done = stage.ask(done, json!({ "id": job["id"] })).await;
    assert_eq!(done["job"]["done"], true);
    assert_eq!(stage.stock("Paris").await, [10, 0, 10]);
    stage.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_have_levers_for_orders_over_http() {
    let stage = Stage::new().await;
    let customer = json!({ "email": "ada@shop.example", "first_name": "Ada", "last_name": "B" });
    let customer = stage.pull("shop/add-customer", customer).await["id"].clone();
    for (name, body) in [
        ("shop/set-routing", json!({ "locations": ["Lyon"] })),
        ("shop/refuse-country", json!({ "country": "FR" })),
        (
            "shop/refuse-province",
            json!({ "country": "US", "province": "TX" }),
        ),
    ] {
        stage.pull(name, body).await;
    }
    let order = |country: &str| {
        json!({
            "lineItems": [{ "variantId": stage.scarf["gid"], "quantity": 3 }],
            "customer": { "toAssociate": { "id": customer } },
            "shippingAddress": { "countryCode": country, "provinceCode": "TX" },
        })
    };
    let claiming = json!({ "inventoryBehaviour": "DECREMENT_IGNORING_POLICY" });
    for country in ["FR", "US"] {
        let variables = json!({ "order": order(country), "options": claiming });
        assert_eq!(
            stage.ask(CREATE, variables).await["orderCreate"]["order"],
            Value::Null
        );
    }
    stage.pull("shop/accept-addresses", json!({})).await;
    let variables = json!({ "order": order("FR"), "options": claiming });
    stage.ask(CREATE, variables).await;
    assert_eq!(stage.stock("Lyon").await, [1, 3, 4]);
    let first = json!({ "order": "#1001" });
    let tag = json!({ "order": "#1001", "tag": "rush" });
    let some = json!({ "order": "#1001", "units": { "SCARF": 1 } });
    stage.pull("shop/tag-order", tag).await;
    stage.pull("shop/report-progress", first).await;
    let orders = stage.look("shop/orders").await;
    assert_eq!(orders[0]["status"], "IN_PROGRESS");
    assert_eq!(orders[0]["behaviour"], "DECREMENT_IGNORING_POLICY");
    assert_eq!(orders[0]["email"], "ada@shop.example");
    assert_eq!(orders[0]["tags"], json!(["rush"]));
    stage.pull("shop/fulfill-order", some).await;
    let id = orders[0]["id"].as_str().unwrap();
    let order = stage.look(&format!("shop/orders?order={id}")).await;
    assert_eq!(
        order["parts"],
        json!([{ "location": "Lyon", "status": "IN_PROGRESS", "claimed": 2, "remaining": 2 }])
    );
    // What was shipped in part is not cancelled.
    let cancel = |order: &str| json!({ "order": order, "restock": true });
    stage.pull("shop/cancel-order", cancel("#1001")).await;
    assert_eq!(stage.stock("Lyon").await, [1, 2, 3]);
    let variables = json!({ "order": order_of(&stage.scarf), "options": claiming });
    stage.ask(CREATE, variables).await;
    stage.pull("shop/cancel-order", cancel("#1002")).await;
    assert_eq!(stage.stock("Lyon").await, [1, 2, 3]);
    assert_eq!(stage.look("shop/orders").await[1]["cancelled"], true);
    let url = format!("{}/sandbox/shop/cancel-order", stage.running.joor_url);
    for body in [cancel("#7"), json!({ "order": "#1001" })] {
        let request = stage.client.post(&url).body(body.to_string());
        assert_eq!(request.send().await.unwrap().status(), 400, "{body}");
    }
    stage.running.stop().await;
}

fn order_of(scarf: &Value) -> Value {
    json!({ "lineItems": [{ "variantId": scarf["gid"], "quantity": 1 }] })
}
