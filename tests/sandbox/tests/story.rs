//! The sandbox as its clients meet it: over HTTP, on two ports.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use atsync_sandbox::catalogue::small;
use atsync_sandbox::faults::Fault;
use atsync_sandbox::joor::{Linesheet, Upc};
use atsync_sandbox::server::{self, Ports, Running};
use atsync_sandbox::shopify::{self, sign};
use atsync_sandbox::wire::Side;
use atsync_sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const START: u64 = 1_795_413_600_000;

struct Stage {
    sandbox: Arc<Mutex<Sandbox>>,
    running: Running,
    now: Arc<AtomicU64>,
    client: reqwest::Client,
}

impl Stage {
    async fn new(options: Options) -> Self {
        // Fails where an earlier test of this process has done it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut sandbox = Sandbox::new(options);
        for name in ["Paris", "Lyon"] {
            sandbox.shop.add_location(name, START);
        }
        sandbox.shop.load(small::products(), START);
        sandbox.import_styles(&[Linesheet::of_all("Spring", "SS27")], Upc::VariantId);
        let sandbox = Arc::new(Mutex::new(sandbox));
        let now = Arc::new(AtomicU64::new(START + 60_000));
        let clock = now.clone();
        let clock: server::Clock = Arc::new(move || clock.load(Ordering::SeqCst));
        let running = server::serve(sandbox.clone(), Ports::default(), clock)
            .await
            .unwrap();
        Self {
            sandbox,
            running,
            now,
            // Another crate of the workspace may have asked reqwest to unpack what it receives.
            client: reqwest::Client::builder().no_gzip().build().unwrap(),
        }
    }

    fn later(&self, ms: u64) {
        self.now.fetch_add(ms, Ordering::SeqCst);
    }

    async fn send(&self, query: &str, variables: Value) -> reqwest::Result<reqwest::Response> {
        self.client
            .post(format!(
                "{}/admin/api/2026-10/graphql.json",
                self.running.shopify_url
            ))
            .header("x-shopify-access-token", "shpat_sandbox")
            .header("content-type", "application/json")
            .body(json!({ "query": query, "variables": variables }).to_string())
            .send()
            .await
    }

    async fn ask(&self, query: &str, variables: Value) -> Value {
        let text = self
            .send(query, variables)
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        serde_json::from_str(&text).unwrap()
    }

    async fn run_bulk(&self, query: &str) -> Value {
        let run = "mutation($query: String!) { bulkOperationRunQuery(query: $query, groupObjects: false) \
                   { bulkOperation { id status } userErrors { field message code } } }";
        let started = self.ask(run, json!({ "query": query })).await;
        let id = started["data"]["bulkOperationRunQuery"]["bulkOperation"]["id"].clone();
        self.later(2_000);
        let poll = "query($id: ID!) { bulkOperation(id: $id) { status url objectCount rootObjectCount fileSize } }";
        self.ask(poll, json!({ "id": id })).await["data"]["bulkOperation"].clone()
    }

    async fn range(&self, url: &str, range: &str) -> (u16, String) {
        let response = self
            .client
            .get(url)
            .header("range", range)
            .send()
            .await
            .unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_pages_through_the_levels_that_changed() {
    let stage = Stage::new(Options::default()).await;
    let paris = {
        let mut sandbox = stage.sandbox.lock().unwrap();
        let paris = sandbox.shop.find_location("Paris").unwrap();
        let skus: Vec<_> = sandbox
            .shop
            .products()
            .flat_map(|product| product.variants())
            .filter(|variant| variant.available(paris).is_some())
            .map(|variant| variant.id())
            .take(3)
            .collect();
        for variant in skus {
            sandbox
                .shop
                .set_available(variant, paris, 41, START + 30_000);
        }
        paris.gid()
    };
    let query = "query($id: ID!, $after: String) { location(id: $id) { isActive inventoryLevels(first: 2, after: $after, \
                 query: \"updated_at:>='2026-11-23T06:00:30Z'\") { nodes { updatedAt quantities(names: [\"available\"]) \
                 { name quantity } item { id variants(first: 1) { nodes { id } } } } pageInfo { hasNextPage endCursor } } } }";
    let first = stage.ask(query, json!({ "id": paris })).await;
    let page = &first["data"]["location"]["inventoryLevels"];
    assert_eq!(page["nodes"].as_array().unwrap().len(), 2);
    assert_eq!(
        page["nodes"][0]["quantities"][0],
        json!({ "name": "available", "quantity": 41 })
    );
    assert_eq!(page["pageInfo"]["hasNextPage"], true);
    let after = &page["pageInfo"]["endCursor"];
    let second = stage
        .ask(query, json!({ "id": paris, "after": after }))
        .await;
    let page = &second["data"]["location"]["inventoryLevels"];
    assert_eq!(page["nodes"].as_array().unwrap().len(), 1);
    assert_eq!(page["pageInfo"]["hasNextPage"], false);
    stage.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_result_is_read_in_ranges() {
    let stage = Stage::new(Options::default()).await;
    let paris = stage
        .sandbox
        .lock()
        .unwrap()
        .shop
        .find_location("Paris")
        .unwrap()
        .gid();
    let query = format!(
        "{{ productVariants {{ edges {{ node {{ id sku product {{ id tags }} inventoryItem {{ id tracked \
         L0: inventoryLevel(locationId: \"{paris}\") {{ isActive quantities(names: [\"available\", \"incoming\"]) \
         {{ name quantity }} }} }} }} }} }} }}"
    );
    let operation = stage.run_bulk(&query).await;
    assert_eq!(operation["status"], "COMPLETED");
    let url = operation["url"].as_str().unwrap();
    let whole = stage.client.get(url).send().await.unwrap();
    assert_eq!(whole.status(), 200);
    let whole = whole.text().await.unwrap();
    assert_eq!(whole.len().to_string(), operation["fileSize"]);
    assert_eq!(whole.lines().count().to_string(), operation["objectCount"]);
    assert!(whole.starts_with("{\"id\":\"gid:\\/\\/shopify\\/ProductVariant\\/"));
    let line: Value = serde_json::from_str(whole.lines().next().unwrap()).unwrap();
    assert!(
        line["inventoryItem"]["L0"]["quantities"][0]["quantity"].is_i64(),
        "{line}"
    );
    assert_eq!(
        stage.range(url, "bytes=10-19").await,
        (206, whole[10..20].to_owned())
    );
    assert_eq!(
        stage.range(url, "bytes=100-").await,
        (206, whole[100..].to_owned())
    );
    assert_eq!(stage.range(url, "bytes=999999999-").await.0, 416);
    stage
        .sandbox
        .lock()
        .unwrap()
        .shop
        .options_mut()
        .bulk
        .ignore_ranges = true;
    assert_eq!(stage.range(url, "bytes=10-19").await, (200, whole));
    let unsigned = url.split('?').next().unwrap();
    assert_eq!(stage.range(unsigned, "bytes=0-").await.0, 400);
    stage.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_refuses_aliases_still_gives_nested_levels() {
    let mut options = Options::default();
    options.shopify.bulk.refuse_aliases = true;
    let stage = Stage::new(options).await;
    let nested = "{ productVariants { edges { node { id inventoryItem { id inventoryLevels { edges { node { id \
                  quantities(names: [\"available\"]) { name quantity } } } } } } } } }";
    let operation = stage.run_bulk(nested).await;
    let url = operation["url"].as_str().unwrap();
    let text = stage
        .client
        .get(url)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let parents: Vec<&Value> = lines
        .iter()
        .filter(|line| line["__parentId"].is_null())
        .collect();
    assert_eq!(parents.len().to_string(), operation["rootObjectCount"]);
    let children: Vec<&Value> = lines
        .iter()
        .filter(|line| line["__parentId"].is_string())
        .collect();
    assert!(!children.is_empty());
    assert!(children.iter().all(|child| {
        parents
            .iter()
            .any(|parent| parent["id"] == child["__parentId"])
    }));
    stage.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_bucket_throttles_and_refills() {
    let stage = Stage::new(Options::default()).await;
    stage
        .sandbox
        .lock()
        .unwrap()
        .faults
        .next(Side::Shopify, "", Fault::Throttled, 1);
    let query = "{ productVariants(first: 250) { nodes { id inventoryItem { id inventoryLevels(first: 10) { nodes { id } } } } } }";
    let refused = stage.ask(query, json!({})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "THROTTLED");
    let status = &refused["extensions"]["cost"]["throttleStatus"];
    assert_eq!(status["currentlyAvailable"], 0);
    stage.later(10_000);
    let answered = stage.ask(query, json!({})).await;
    assert!(answered["data"]["productVariants"]["nodes"][0]["id"].is_string());
    let too_dear = "{ products(first: 250) { nodes { variants(first: 250) { nodes { inventoryItem { inventoryLevels(first: 250) \
                    { nodes { item { id } } } } } } } } }";
    assert_eq!(
        stage.ask(too_dear, json!({})).await["errors"][0]["extensions"]["code"],
        "MAX_COST_EXCEEDED"
    );
    stage.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_changes_nothing_and_the_counters_say_so() {
    let stage = Stage::new(Options::default()).await;
    stage
        .ask(
            "query Names { locations(first: 10) { nodes { name } } }",
            json!({}),
        )
        .await;
    stage
        .run_bulk("{ productVariants { edges { node { id } } } }")
        .await;
    let url = format!("{}/sandbox/counters", stage.running.joor_url);
    let counters: Value = serde_json::from_str(
        &stage
            .client
            .get(url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap(),
    )
    .unwrap();
    assert_eq!(counters["shopify"]["writes"], 0);
    assert_eq!(counters["shopify"]["operations"]["Names"]["requests"], 1);
    let lever = format!("{}/sandbox/shop/add-location", stage.running.shopify_url);
    let pulled = stage
        .client
        .post(&lever)
        .body("{\"location\":\"Nice\"}")
        .send()
        .await
        .unwrap();
    assert_eq!(pulled.status(), 200);
    let pulled = stage
        .client
        .post(&lever)
        .body("{\"name\":\"Nice\"}")
        .send()
        .await
        .unwrap();
    assert_eq!(pulled.status(), 400);
    assert!(
        stage
            .sandbox
            .lock()
            .unwrap()
            .shop
            .find_location("Nice")
            .is_some()
    );
    stage.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_reach_the_client_as_they_would_in_life() {
    let stage = Stage::new(Options::default()).await;
    let fault = |fault| {
        stage
            .sandbox
            .lock()
            .unwrap()
            .faults
            .next(Side::Shopify, "", fault, 1);
    };
    let query = "{ shop { name } }";
    fault(Fault::CutBefore);
    assert!(stage.send(query, json!({})).await.is_err());
    fault(Fault::TooManyRequests(Some(2)));
    let response = stage.send(query, json!({})).await.unwrap();
    assert_eq!(
        (
            response.status().as_u16(),
            response.headers()["retry-after"].to_str().unwrap()
        ),
        (429, "2")
    );
    fault(Fault::Status(502));
    assert_eq!(stage.send(query, json!({})).await.unwrap().status(), 502);
    fault(Fault::Truncated);
    let text = stage
        .send(query, json!({}))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(serde_json::from_str::<Value>(&text).is_err());
    let response = stage.send(query, json!({})).await.unwrap();
    assert_eq!(response.headers()["x-shopify-api-version"], "2026-10");
    stage.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_granted_for_a_day_and_wrong_ones_refused() {
    let stage = Stage::new(Options::default()).await;
    let grant = format!("{}/admin/oauth/access_token", stage.running.shopify_url);
    let body = "grant_type=client_credentials&client_id=sandbox-client&client_secret=sandbox-client-secret";
    let granted = stage
        .client
        .post(&grant)
        .body(body)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let token = serde_json::from_str::<Value>(&granted).unwrap()["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let url = format!(
        "{}/admin/api/2026-10/graphql.json",
        stage.running.shopify_url
    );
    let shop = async |token: &str| {
        let request = stage
            .client
            .post(&url)
            .header("x-shopify-access-token", token);
        request
            .body("{\"query\":\"{ shop { name } }\"}")
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(shop(&token).await, 200);
    assert_eq!(shop("wrong").await, 401);
    stage.later(24 * 60 * 60 * 1000);
    assert_eq!(shop(&token).await, 401);
    stage.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_scope_is_denied_by_name() {
    let mut options = Options::default();
    options
        .shopify
        .scopes
        .retain(|scope| !scope.contains("inventory"));
    let stage = Stage::new(options).await;
    let answer = stage
        .ask("{ inventoryItems(first: 1) { nodes { id } } }", json!({}))
        .await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "ACCESS_DENIED");
    assert!(
        answer["errors"][0]["message"]
            .as_str()
            .unwrap()
            .contains("`read_inventory`")
    );
    stage.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_posted_signed_to_its_subscriber() {
    let stage = Stage::new(Options::default()).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks", listener.local_addr().unwrap());
    {
        let mut sandbox = stage.sandbox.lock().unwrap();
        sandbox
            .shop
            .subscribe(&["INVENTORY_LEVELS_UPDATE"], &url, START);
        let paris = sandbox.shop.find_location("Paris").unwrap();
        let variant = sandbox
            .shop
            .products()
            .next()
            .unwrap()
            .variants()
            .next()
            .unwrap()
            .id();
        sandbox
            .shop
            .set_available(variant, paris, 7, START + 60_000);
    }
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut received = Vec::new();
    let body = loop {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await.unwrap();
        received.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&received).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && let Some(len) = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
            && body.len() >= len.parse().unwrap()
        {
            assert!(head.contains("x-shopify-topic: inventory_levels/update"));
            let secret = shopify::Options::default().webhook_secret;
            assert!(head.contains(&format!(
                "x-shopify-hmac-sha256: {}",
                sign(&secret, body.as_bytes())
            )));
            break body.to_owned();
        }
    };
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        .await
        .unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["available"], 7);
    assert!(body["inventory_item_id"].as_u64().unwrap() > 1 << 53);
    stage.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_compressed_when_asked_and_bulk_results_never() {
    let stage = Stage::new(Options::default()).await;
    let url = format!(
        "{}/admin/api/2026-10/graphql.json",
        stage.running.shopify_url
    );
    let body = json!({ "query": "{ productVariants(first: 50) { nodes { id sku title product { id title } } } }" });
    let request = stage
        .client
        .post(&url)
        .header("x-shopify-access-token", "shpat_sandbox");
    let request = request
        .header("accept-encoding", "gzip")
        .body(body.to_string());
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let mut text = String::new();
    let packed = response.bytes().await.unwrap();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&packed[..]), &mut text)
        .unwrap();
    assert!(text.starts_with("{\"data\":{\"productVariants\""));
    let operation = stage
        .run_bulk("{ productVariants { edges { node { id sku title } } } }")
        .await;
    let result = stage
        .client
        .get(operation["url"].as_str().unwrap())
        .header("accept-encoding", "gzip");
    let result = result.send().await.unwrap();
    assert!(result.content_length().unwrap() > 1024);
    assert!(!result.headers().contains_key("content-encoding"));
    stage.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_can_be_ordered_over_http() {
    let stage = Stage::new(Options::default()).await;
    let order = async |path: &str, body: &str| {
        let url = format!("{}/sandbox/{path}", stage.running.joor_url);
        stage
            .client
            .post(url)
            .body(body.to_owned())
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    let faults = [
        r#""throttled""#,
        r#""unknown-enum""#,
        r#"{"too-many-requests":5}"#,
        r#"{"too-many-requests":null}"#,
        r#"{"slow":1}"#,
        r#"{"huge":5000}"#,
    ];
    for fault in faults {
        let body = format!(r#"{{"side":"shopify","operation":"Later","fault":{fault}}}"#);
        assert_eq!(order("faults", &body).await, 200, "{fault}");
    }
    assert_eq!(order("heal", "").await, 200);
    let body = r#"{"side":"shopify","fault":{"status":503},"times":1}"#;
    assert_eq!(order("faults", body).await, 200);
    assert_eq!(
        stage
            .send("{ shop { name } }", json!({}))
            .await
            .unwrap()
            .status(),
        503
    );
    assert_eq!(
        order("faults", r#"{"side":"etsy","fault":"html"}"#).await,
        400
    );
    stage.running.stop().await;
}
