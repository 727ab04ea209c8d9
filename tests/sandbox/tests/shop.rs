//! The shop's own rules, without sockets.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use atsync_sandbox::Sandbox;
use atsync_sandbox::catalogue::{Product, Status, Variant};
use atsync_sandbox::shopify::{BulkFailure, LocationId, Options, State, VariantId};
use atsync_sandbox::wire::{Reply, Request, Side};
use serde_json::{Value, json};

const START: u64 = 1_795_413_600_000;
const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

struct Stage {
    sandbox: Sandbox,
    now: u64,
    paris: LocationId,
    scarf: VariantId,
}

fn stage() -> Stage {
    stage_with(Options::default())
}

fn stage_with(shopify: Options) -> Stage {
    let mut sandbox = Sandbox::new(atsync_sandbox::Options {
        shopify,
        ..Default::default()
    });
    let paris = sandbox.shop.add_location("Paris", START);
    let variant = |sku: &str, units| Variant {
        sku: Some(sku.to_owned()),
        options: vec![
            ("Color".to_owned(), "Ink".to_owned()),
            ("Size".to_owned(), "M".to_owned()),
        ],
        tracked: true,
        price: "80.00".to_owned(),
        quantities: vec![units],
        ..Variant::default()
    };
    let scarf = Product {
        handle: "scarf".to_owned(),
        title: "Scarf".to_owned(),
        tags: vec!["Wool".to_owned()],
        variants: vec![variant("SCARF-INK", Some(5)), variant("SCARF-RED", None)],
        ..Product::default()
    };
    sandbox.shop.load([scarf], START);
    let scarf = sandbox.shop.find_variant("SCARF-INK").unwrap();
    Stage {
        sandbox,
        now: START + MINUTE,
        paris,
        scarf,
    }
}

impl Stage {
    fn ask(&mut self, query: &str, variables: &Value) -> Value {
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
        match self.sandbox.handle(Side::Shopify, &request, self.now) {
            Reply::Answer(response) => serde_json::from_slice(&response.body).unwrap(),
            other => unreachable!("{other:?}"),
        }
    }

    fn set(&mut self, units: i64, from: &Value, key: &str) -> Value {
        let query = "mutation($input: InventorySetQuantitiesInput!, $key: String!) { inventorySetQuantities(input: $input) \
                     @idempotent(key: $key) { inventoryAdjustmentGroup { changes { name delta } } userErrors { code } } }";
        let line = json!({
            "inventoryItemId": self.scarf.item_gid(),
            "locationId": self.paris.gid(),
            "quantity": units,
            "changeFromQuantity": from,
        });
        let input = json!({ "name": "available", "reason": "correction", "quantities": [line] });
        self.ask(query, &json!({ "input": input, "key": key }))["data"]["inventorySetQuantities"]
            .take()
    }

    fn found(&mut self, query: &str) -> Vec<String> {
        let asked = "query($query: String!) { productVariants(first: 50, query: $query) { nodes { sku } } }";
        let answer = self.ask(asked, &json!({ "query": query }));
        let nodes = answer["data"]["productVariants"]["nodes"]
            .as_array()
            .unwrap()
            .clone();
        nodes
            .iter()
            .map(|node| node["sku"].as_str().unwrap().to_owned())
            .collect()
    }

    fn run_bulk(&mut self) -> Value {
        let run = "mutation { bulkOperationRunQuery(query: \"{ productVariants { edges { node { id } } } }\") \
                   { bulkOperation { id status } userErrors { code message } } }";
        self.ask(run, &json!({}))["data"]["bulkOperationRunQuery"].take()
    }

    fn bulk(&mut self, id: &Value) -> Value {
        let poll = "query($id: ID!) { bulkOperation(id: $id) { status errorCode url partialDataUrl objectCount } }";
        self.ask(poll, &json!({ "id": id }))["data"]["bulkOperation"].take()
    }
}

#[test]
fn an_item_that_is_not_stocked_has_no_level() {
    let mut stage = stage();
    let query = "query($id: ID!) { productVariants(first: 9) { nodes { sku inventoryItem { inventoryLevel(locationId: $id) \
                 { quantities(names: [\"available\", \"on_hand\"]) { quantity } } } } } }";
    let answer = stage.ask(query, &json!({ "id": stage.paris.gid() }));
    let nodes = &answer["data"]["productVariants"]["nodes"];
    assert_eq!(
        nodes[0]["inventoryItem"]["inventoryLevel"]["quantities"][0]["quantity"],
        5
    );
    assert_eq!(nodes[1]["inventoryItem"]["inventoryLevel"], Value::Null);
}

#[test]
fn on_hand_is_all_that_is_there_and_incoming_is_not() {
    let mut stage = stage();
    let now = stage.now;
    let (scarf, paris) = (stage.scarf, stage.paris);
    stage.sandbox.shop.sell(scarf, paris, 2, now);
    stage
        .sandbox
        .shop
        .set_units(scarf, paris, State::Damaged, 1, now);
    let shipment =
        stage
            .sandbox
            .shop
            .ship_incoming(&[(scarf, 10)], paris, Some(now + 24 * HOUR), now);
    let query = "query($id: ID!) { location(id: $id) { inventoryLevels(first: 5) { nodes { quantities(names: \
                 [\"available\", \"committed\", \"damaged\", \"incoming\", \"on_hand\"]) { quantity } } } } }";
    let quantities = |answer: &Value| -> Vec<i64> {
        let listed = &answer["data"]["location"]["inventoryLevels"]["nodes"][0]["quantities"];
        listed
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["quantity"].as_i64().unwrap())
            .collect()
    };
    let id = json!({ "id": paris.gid() });
    assert_eq!(quantities(&stage.ask(query, &id)), [3, 2, 1, 10, 6]);
    let under_way = "{ inventoryShipments(first: 5, query: \"status:in_transit\") { nodes { status tracking { arrivesAt } \
                     lineItems(first: 5) { nodes { unreceivedQuantity inventoryItem { id } } } } } }";
    let answer = stage.ask(under_way, &json!({}));
    let shipped = &answer["data"]["inventoryShipments"]["nodes"][0];
    assert_eq!(shipped["tracking"]["arrivesAt"], "2026-11-24T06:01:00Z");
    assert_eq!(
        shipped["lineItems"]["nodes"][0]["inventoryItem"]["id"],
        scarf.item_gid()
    );
    stage.sandbox.shop.receive(shipment, now + 24 * HOUR);
    assert_eq!(quantities(&stage.ask(query, &id)), [13, 2, 1, 0, 16]);
    assert_eq!(
        stage.ask(under_way, &json!({}))["data"]["inventoryShipments"]["nodes"],
        json!([])
    );
}

#[test]
fn a_key_has_its_effect_once() {
    let mut stage = stage();
    let first = stage.set(9, &Value::Null, "k1");
    assert_eq!(
        first["inventoryAdjustmentGroup"]["changes"][0],
        json!({ "name": "available", "delta": 4 })
    );
    stage
        .sandbox
        .shop
        .set_available(stage.scarf, stage.paris, 1, stage.now);
    assert_eq!(stage.set(9, &Value::Null, "k1"), first);
    let units = stage
        .sandbox
        .shop
        .variant(stage.scarf)
        .unwrap()
        .available(stage.paris);
    assert_eq!(units, Some(1));
    let other = stage.set(8, &Value::Null, "k1");
    assert_eq!(
        other["userErrors"][0]["code"],
        "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"
    );
    stage.now += 25 * HOUR;
    assert!(stage.set(9, &Value::Null, "k1")["inventoryAdjustmentGroup"].is_object());
}

#[test]
fn a_stale_quantity_changes_nothing() {
    let mut stage = stage();
    let stale = stage.set(9, &json!(4), "k");
    assert_eq!(stale["userErrors"][0]["code"], "CHANGE_FROM_QUANTITY_STALE");
    assert_eq!(
        stage
            .sandbox
            .shop
            .variant(stage.scarf)
            .unwrap()
            .available(stage.paris),
        Some(5)
    );
    assert_eq!(stage.sandbox.counters().shopify.writes, 0);
    stage.set(9, &json!(5), "k2");
    assert_eq!(stage.sandbox.counters().shopify.writes, 1);
}

#[test]
fn searches_find_what_changed() {
    let mut stage = stage();
    assert_eq!(stage.found("tag:wool"), ["SCARF-INK", "SCARF-RED"]);
    assert_eq!(stage.found("sku:\"SCARF-RED\""), ["SCARF-RED"]);
    assert_eq!(stage.found("updated_at:>'2026-11-23T06:00:00Z'"), [""; 0]);
    stage.sandbox.shop.set_policy(stage.scarf, true, stage.now);
    assert_eq!(
        stage.found("updated_at:>='2026-11-23T06:01:00Z'"),
        ["SCARF-INK"]
    );
    let product = stage.sandbox.shop.find_product("scarf").unwrap();
    assert_eq!(
        stage
            .found(&format!("product_ids:{}", product.number()))
            .len(),
        2
    );
}

#[test]
fn a_search_by_the_time_of_a_change_may_lag_behind_it() {
    let mut stage = stage_with(Options {
        change_lag_ms: MINUTE,
        ..Options::default()
    });
    let changed = stage.now;
    (stage.sandbox.shop).set_policy(stage.scarf, true, changed);
    let since = "updated_at:>='2026-11-23T06:01:00Z'";
    for (after, found) in [(MINUTE - 1_000, 0), (MINUTE, 1)] {
        stage.now = changed + after;
        assert_eq!(stage.found(since).len(), found, "{after}");
    }
    assert_eq!(stage.found("sku:SCARF-INK").len(), 1, "another field");
}

#[test]
fn a_status_is_seen_on_the_product_and_not_on_its_variants() {
    let mut stage = stage();
    let product = stage.sandbox.shop.find_product("scarf").unwrap();
    stage
        .sandbox
        .shop
        .set_status(product, Status::Draft, stage.now);
    assert!(
        stage
            .found("updated_at:>='2026-11-23T06:01:00Z'")
            .is_empty()
    );
    let query = "{ products(first: 5, query: \"updated_at:>='2026-11-23T06:01:00Z'\") { nodes { status } } }";
    assert_eq!(
        stage.ask(query, &json!({}))["data"]["products"]["nodes"],
        json!([{ "status": "DRAFT" }])
    );
}

#[test]
fn a_deleted_variant_is_gone_everywhere() {
    let mut stage = stage();
    let (gid, item) = (stage.scarf.gid(), stage.scarf.item_gid());
    stage.sandbox.shop.delete_variant(stage.scarf, stage.now);
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on InventoryItem { tracked } } }";
    let ids = json!({ "ids": [gid, item, stage.paris.gid()] });
    assert_eq!(
        stage.ask(query, &ids)["data"]["nodes"],
        json!([null, null, { "id": stage.paris.gid() }])
    );
    assert_eq!(stage.found(""), ["SCARF-RED"]);
}

#[test]
fn a_bulk_operation_can_be_canceled_and_five_run_at_once() {
    let mut stage = stage();
    let ids: Vec<Value> = (0..5)
        .map(|_| stage.run_bulk()["bulkOperation"]["id"].clone())
        .collect();
    let sixth = stage.run_bulk();
    assert_eq!(sixth["userErrors"][0]["code"], "OPERATION_IN_PROGRESS");
    assert!(
        sixth["userErrors"][0]["message"]
            .as_str()
            .unwrap()
            .contains(ids[4].as_str().unwrap())
    );
    assert_eq!(stage.bulk(&ids[0])["status"], "CREATED");
    stage.now += 700;
    assert_eq!(stage.bulk(&ids[0])["status"], "RUNNING");
    let cancel = "mutation($id: ID!) { bulkOperationCancel(id: $id) { bulkOperation { status } userErrors { message } } }";
    let canceled = stage.ask(cancel, &json!({ "id": ids[0] }));
    assert_eq!(
        canceled["data"]["bulkOperationCancel"]["bulkOperation"]["status"],
        "CANCELING"
    );
    stage.now += 2_000;
    assert_eq!(stage.bulk(&ids[0])["status"], "CANCELED");
    assert_eq!(stage.bulk(&ids[1])["status"], "COMPLETED");
    assert_eq!(stage.run_bulk()["bulkOperation"]["status"], "CREATED");
}

#[test]
fn a_failed_bulk_operation_leaves_part_of_its_result() {
    let mut stage = stage();
    stage.sandbox.shop.fail_next_bulk(BulkFailure::Timeout);
    let id = stage.run_bulk()["bulkOperation"]["id"].clone();
    stage.now += 5_000;
    let failed = stage.bulk(&id);
    assert_eq!(
        (&failed["status"], &failed["errorCode"]),
        (&json!("FAILED"), &json!("TIMEOUT"))
    );
    assert_eq!(
        (&failed["url"], &failed["objectCount"]),
        (&Value::Null, &json!("1"))
    );
    assert!(failed["partialDataUrl"].is_string());
}

#[test]
fn a_result_without_rows_has_no_url() {
    let mut stage = stage();
    let run = "mutation { bulkOperationRunQuery(query: \"{ products(query: \\\"tag:none\\\") { edges { node { id } } } }\") \
               { bulkOperation { id } userErrors { message } } }";
    let id =
        stage.ask(run, &json!({}))["data"]["bulkOperationRunQuery"]["bulkOperation"]["id"].clone();
    stage.now += 5_000;
    let done = stage.bulk(&id);
    assert_eq!(
        (&done["status"], &done["url"], &done["objectCount"]),
        (&json!("COMPLETED"), &Value::Null, &json!("0"))
    );
}

#[test]
fn a_webhook_that_is_not_taken_comes_again_and_then_the_subscription_ends() {
    let mut stage = stage();
    let shop = &mut stage.sandbox.shop;
    shop.subscribe(
        &["INVENTORY_LEVELS_UPDATE"],
        "http://127.0.0.1:1/hooks",
        START,
    );
    shop.set_available(stage.scarf, stage.paris, 4, stage.now);
    let mut now = stage.now;
    let first = shop.take_deliveries(now).remove(0);
    shop.delivered(&first.id, false, now);
    let mut attempts = 1;
    while attempts < 9 {
        assert!(shop.take_deliveries(now).is_empty());
        now += 3 * HOUR;
        let again = shop.take_deliveries(now).remove(0);
        assert_eq!((&again.id, &again.body), (&first.id, &first.body));
        shop.delivered(&again.id, false, now);
        attempts += 1;
    }
    shop.set_available(stage.scarf, stage.paris, 3, now);
    assert!(shop.take_deliveries(now + 24 * HOUR).is_empty());
}

#[test]
fn a_version_that_shopify_moved_on_from_is_answered_by_another() {
    let mut stage = stage_with(Options {
        api_version: "2027-01".to_owned(),
        ..Options::default()
    });
    let request = Request {
        method: "POST".to_owned(),
        path: "/admin/api/2026-10/graphql.json".to_owned(),
        headers: vec![(
            "x-shopify-access-token".to_owned(),
            "shpat_sandbox".to_owned(),
        )],
        body: br#"{"query":"{ shop { name } }"}"#.to_vec(),
    };
    let Reply::Answer(response) = stage.sandbox.handle(Side::Shopify, &request, stage.now) else {
        unreachable!("no fault was ordered");
    };
    assert!(
        response
            .headers
            .contains(&("x-shopify-api-version".to_owned(), "2027-01".to_owned()))
    );
}

#[test]
fn a_field_that_does_not_exist_is_refused_with_its_place() {
    let mut stage = stage();
    let answer = stage.ask("{ shop { nam } }", &json!({}));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "undefinedField");
    assert_eq!(
        answer["errors"][0]["message"],
        "Field 'nam' doesn't exist on type 'Shop'"
    );
    assert_eq!(
        answer["errors"][0]["locations"][0],
        json!({ "line": 1, "column": 10 })
    );
    let answer = stage.ask("{ productVariants { nodes { id } } }", &json!({}));
    assert_eq!(
        answer["errors"][0]["message"],
        "you must provide one of first or last"
    );
    assert_eq!(answer["data"], Value::Null);
}

#[test]
fn the_sandbox_takes_every_operation_of_the_connector() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../plugin/src/shopify/operations"
    );
    let mut stage = stage();
    let mut asked = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let query = std::fs::read_to_string(&path).unwrap();
        let answer = stage.ask(&query, &json!({}));
        let unknown = answer["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|error| {
                // Variables are left out on purpose; everything else has to be known.
                error["extensions"]["code"] != "INVALID_VARIABLE"
            });
        assert_eq!(unknown, None, "{}", path.display());
        asked += 1;
    }
    assert!(asked > 0);
}
