//! Recorded questions put to a sandbox in the recorded state: the answers are alike.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::fs;

use serde_json::{Map, Value, json};

use super::shared;
use crate::catalogue::{Product, Variant};
use crate::shopify::{LocationId, Options, Shop, VariantId};

const NOW: u64 = 1_783_700_000_000;

fn recorded(name: &str) -> Option<Value> {
    let file = shared(&format!("oracle/shopify/recorded/{name}.json"))?;
    Some(serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap())
}

/// A shop with one product of so many variants, stocked nowhere.
fn shop(locations: &[&str], variants: usize) -> (Shop, Vec<LocationId>, Vec<VariantId>) {
    let mut shop = Shop::new(Options::default());
    let locations = locations
        .iter()
        .map(|name| shop.add_location(name, NOW))
        .collect();
    let variant = Variant {
        tracked: true,
        price: "10.00".to_owned(),
        ..Variant::default()
    };
    let product = Product {
        title: "Recorded".to_owned(),
        variants: vec![variant; variants],
        ..Product::default()
    };
    shop.load([product], NOW);
    let variants = shop
        .products()
        .flat_map(|product| product.variants())
        .map(|variant| variant.id())
        .collect();
    (shop, locations, variants)
}

fn ask(shop: &mut Shop, query: &str, variables: &Value) -> Value {
    let body = json!({ "query": query, "variables": variables });
    serde_json::from_slice(&shop.graphql(&body, false, NOW).body).unwrap()
}

/// Replaces recorded ids by the sandbox's, and takes out what no two shops share: cursors,
/// times, costs and names of locations.
fn level(value: &Value, ids: &[(String, String)]) -> Value {
    match value {
        Value::String(text) => {
            let mut text = text.clone();
            for (recorded, ours) in ids {
                text = text.replace(recorded, ours);
            }
            text.into()
        }
        Value::Array(items) => items.iter().map(|item| level(item, ids)).collect(),
        Value::Object(members) => {
            let apart = [
                "cursor",
                "startCursor",
                "endCursor",
                "updatedAt",
                "createdAt",
                "cost",
            ];
            let kept: Map<String, Value> = members
                .iter()
                .filter(|(key, _)| !apart.contains(&key.as_str()))
                .map(|(key, value)| (key.clone(), level(value, ids)))
                .collect();
            Value::Object(kept)
        }
        value => value.clone(),
    }
}

fn number(gid: &Value) -> String {
    gid.as_str()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap()
        .split('?')
        .next()
        .unwrap()
        .to_owned()
}

/// Asks again what was recorded, with the sandbox's ids, and compares the answers.
fn replay(shop: &mut Shop, call: &Value, query: &str, ids: &[(String, String)]) {
    let answer = ask(shop, query, &level(&call["variables"], ids));
    assert_eq!(
        level(&answer, &[]),
        level(&call["response"], ids),
        "{query}"
    );
}

#[test]
fn levels_of_an_item_are_answered_as_recorded() {
    let Some(record) =
        recorded("2026-04__products__inventory-item-levels-connection-windowing-2026-04")
    else {
        return;
    };
    let operations = &record["operations"];
    let recorded_levels =
        &operations["activeRead"]["response"]["data"]["inventoryItem"]["activeLevels"]["edges"];
    let names: Vec<&str> = (0..2)
        .map(|place| {
            recorded_levels[place]["node"]["location"]["name"]
                .as_str()
                .unwrap()
        })
        .collect();
    let (mut shop, places, items) = shop(&names, 1);
    let setup = &record["setup"];
    let mut ids = vec![
        (
            number(&setup["inventoryItemId"]),
            items[0].item_number().to_string(),
        ),
        (
            number(&setup["sourceLocationId"]),
            places[0].number().to_string(),
        ),
        (
            number(&setup["destinationLocationId"]),
            places[1].number().to_string(),
        ),
    ];
    for (place, name) in ["firstConnectionLevelId", "secondConnectionLevelId"]
        .into_iter()
        .enumerate()
    {
        let ours = crate::shopify::ids::Kind::InventoryLevel.number(place);
        ids.push((number(&setup[name]), ours.to_string()));
    }
    shop.set_available(items[0], places[0], 4, NOW);
    let calls = [
        "inventoryActivate",
        "inventoryAdjust",
        "activeRead",
        "inventoryDeactivate",
        "inactiveRead",
    ];
    for name in calls {
        let call = &operations[name];
        if name == "inventoryAdjust" {
            // The recorded store adjusted before the source was set to 4; the sum is what counts.
            shop.set_available(items[0], places[1], 10, NOW);
            continue;
        }
        replay(&mut shop, call, call["query"].as_str().unwrap(), &ids);
    }
}

#[test]
fn setting_and_adjusting_quantities_is_answered_as_recorded() {
    let Some(record) = recorded("2026-04__products__inventory-quantity-contracts-2026-04") else {
        return;
    };
    let (mut shop, places, items) = shop(&["Shop location"], 1);
    shop.set_available(items[0], places[0], 0, NOW);
    let group = |record: &Value, name: &str| {
        let group = &record["response"]["data"][name]["inventoryAdjustmentGroup"]["id"];
        number(group)
    };
    let product = &record["setup"]["product"];
    let ours = crate::shopify::ids::Kind::InventoryAdjustmentGroup;
    let ids = vec![
        (
            number(&product["inventoryItemId"]),
            items[0].item_number().to_string(),
        ),
        (
            number(&record["setup"]["location"]["id"]),
            places[0].number().to_string(),
        ),
        (
            group(&record["inventorySetQuantities"], "inventorySetQuantities"),
            ours.number(1).to_string(),
        ),
        (
            group(
                &record["inventoryAdjustQuantities"],
                "inventoryAdjustQuantities",
            ),
            ours.number(2).to_string(),
        ),
    ];
    let changes = "inventoryAdjustmentGroup { id createdAt reason referenceDocumentUri changes { name delta \
                   quantityAfterChange item { id } location { id name } } } userErrors { field message }";
    let set = format!(
        "#graphql\nmutation InventoryQuantityContractSet($input: InventorySetQuantitiesInput!, $idempotencyKey: String!) {{\n    \
         inventorySetQuantities(input: $input) @idempotent(key: $idempotencyKey) {{ {changes} }} }}"
    );
    let adjust = set
        .replace("inventorySetQuantities", "inventoryAdjustQuantities")
        .replace(
            "InventorySetQuantitiesInput",
            "InventoryAdjustQuantitiesInput",
        );
    replay(&mut shop, &record["inventorySetQuantities"], &set, &ids);
    replay(
        &mut shop,
        &record["inventoryAdjustQuantities"],
        &adjust,
        &ids,
    );
    let refusals = [
        (
            "missingSetIdempotency",
            set.replace(" @idempotent(key: $idempotencyKey)", "")
                .replace(", $idempotencyKey: String!", ""),
        ),
        ("missingSetChangeFromQuantity", set.clone()),
        ("missingAdjustChangeFromQuantity", adjust),
        ("legacySetShape", set),
    ];
    for (name, query) in refusals {
        let call = &record[name];
        let mut variables = level(&call["variables"], &ids);
        if variables.get("idempotencyKey").is_none() {
            variables["idempotencyKey"] = "given in the recorded query's text".into();
        }
        let answer = ask(&mut shop, &query, &variables);
        let (ours, real) = (&answer["errors"][0], &call["response"]["errors"][0]);
        assert_eq!(ours["message"], real["message"], "{name}");
        assert_eq!(
            ours["extensions"]["code"], real["extensions"]["code"],
            "{name}"
        );
        assert_eq!(ours["path"], real["path"], "{name}");
        assert_eq!(
            ours["extensions"]["problems"], real["extensions"]["problems"],
            "{name}"
        );
    }
}

#[test]
fn refused_quantities_are_worded_as_recorded() {
    let (Some(names), Some(bounds)) = (
        recorded("2026-04__products__inventorySetQuantities-name-validation"),
        recorded("2026-04__products__inventorySetQuantities-quantity-bounds"),
    ) else {
        return;
    };
    let cases = names["cases"]
        .as_object()
        .unwrap()
        .iter()
        .chain(bounds["cases"].as_object().unwrap());
    let mut compared = 0;
    for (name, case) in cases {
        let (mut shop, places, items) = shop(&["Shop location"], 1);
        shop.set_available(items[0], places[0], 0, NOW);
        let ids = vec![
            (
                number(&case["setup"]["inventoryItemId"]),
                items[0].item_number().to_string(),
            ),
            (
                number(&case["setup"]["locationId"]),
                places[0].number().to_string(),
            ),
        ];
        let query = case["query"].as_str().unwrap();
        let answer = ask(&mut shop, query, &level(&case["variables"], &ids));
        let errors =
            |answer: &Value| answer["data"]["inventorySetQuantities"]["userErrors"].clone();
        assert_eq!(errors(&answer), errors(&case["response"]), "{name}");
        compared += 1;
    }
    assert!(compared >= 5);
}

#[test]
fn levels_at_a_location_are_answered_as_recorded() {
    let Some(record) = recorded("2025-01__products__inventory-location-levels-overlay-windowing")
    else {
        return;
    };
    let operations = &record["operations"];
    let (mut shop, places, items) = shop(&["Inventory Location Levels 1783236984499"], 2);
    shop.set_available(items[0], places[0], 7, NOW);
    shop.set_available(items[1], places[0], 8, NOW);
    let setup = &record["setup"];
    let mut ids = vec![
        (number(&setup["locationId"]), places[0].number().to_string()),
        (
            number(&setup["alphaInventoryItemId"]),
            items[0].item_number().to_string(),
        ),
        (
            number(&setup["betaInventoryItemId"]),
            items[1].item_number().to_string(),
        ),
    ];
    for name in ["overlayRead", "itemRead"] {
        let call = &operations[name];
        replay(&mut shop, call, call["query"].as_str().unwrap(), &ids);
    }
    let paged = "query($id: ID!) { location(id: $id) { inventoryLevels(first: 5) { pageInfo { startCursor endCursor } } } }";
    let answer = ask(&mut shop, paged, &json!({ "id": places[0].gid() }));
    let ours = &answer["data"]["location"]["inventoryLevels"]["pageInfo"];
    let window = &operations["windowRead"];
    for (name, cursor) in [("after", "startCursor"), ("before", "endCursor")] {
        ids.push((
            window["variables"][name].as_str().unwrap().to_owned(),
            ours[cursor].as_str().unwrap().to_owned(),
        ));
    }
    replay(&mut shop, window, window["query"].as_str().unwrap(), &ids);
}

#[test]
fn a_bulk_operation_goes_its_recorded_way() {
    let (Some(record), Some(file)) = (
        recorded("2026-04__bulk-operations__bulk-operation-cold-catalog-hydration"),
        shared("oracle/shopify/bulk-jsonl/00-bulk-operation-cold-catalog-hydration.jsonl"),
    ) else {
        return;
    };
    let run = &record["run"];
    let mut shop = Shop::new(Options::default());
    let title = record["setup"]["variables"]["product"]["title"]
        .as_str()
        .unwrap()
        .to_owned();
    let tag = title.replace("Cold bulk hydration ", "conformance-bulk-hydration-");
    shop.load(
        [Product {
            title,
            tags: vec![tag],
            variants: vec![Variant::default()],
            ..Product::default()
        }],
        NOW,
    );
    let product = shop.products().next().unwrap().number().to_string();
    let bulk = crate::shopify::ids::Kind::BulkOperation
        .number(0)
        .to_string();
    let operation = &run["response"]["data"]["bulkOperationRunQuery"]["bulkOperation"];
    let ids = vec![(number(&operation["id"]), bulk)];
    replay(&mut shop, run, run["query"].as_str().unwrap(), &ids);
    let poll = &run["statusPolls"][0];
    replay(&mut shop, poll, poll["query"].as_str().unwrap(), &ids);
    shop.advance_bulk(NOW + 60_000);
    let end = run["statusPolls"].as_array().unwrap().last().unwrap();
    let answer = ask(
        &mut shop,
        end["query"].as_str().unwrap(),
        &level(&end["variables"], &ids),
    );
    let (ours, real) = (
        &answer["data"]["bulkOperation"],
        &end["response"]["data"]["bulkOperation"],
    );
    for name in [
        "status",
        "errorCode",
        "objectCount",
        "rootObjectCount",
        "partialDataUrl",
    ] {
        assert_eq!(ours[name], real[name], "{name}");
    }
    let written = shop
        .bulk
        .file(ids[0].1.parse().unwrap(), NOW + 60_000)
        .unwrap()
        .read(0, u64::MAX)
        .unwrap();
    let recorded_id =
        number(&record["setup"]["response"]["data"]["productCreate"]["product"]["id"]);
    let real = fs::read_to_string(file)
        .unwrap()
        .replace(&recorded_id, &product);
    assert_eq!(String::from_utf8(written).unwrap(), real);
}
