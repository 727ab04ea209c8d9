//! What people ask without changing anything: plan, check, explain, parked.

use std::sync::Arc;

use atsync::store::SqliteStore;
use serde_json::json;

use crate::brand::Brand;
use crate::world::units;

#[tokio::test]
async fn a_plan_changes_nothing_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("atsync.sqlite");
    let brand = Brand {
        store: Arc::new(SqliteStore::open(&file).unwrap()),
        ..Brand::default()
    };
    let world = brand.open_synced().await;
    world.set_stock("LIN-SND-M", "Lyon", 1);
    world.hint("products/update", r#"{"id": 42}"#);
    let bytes = || {
        let mut files: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file() && !path.to_string_lossy().ends_with("-shm"))
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect();
        files.sort();
        files
    };
    let (stored, shown, before) = (bytes(), world.all_that_joor_shows(), world.traffic());

    for hours in [0, 25] {
        world.hours(hours);
        let plan = world.plan().await;
        assert!(plan.is_done(), "{plan:?}");
        assert_eq!(plan.count("rows_planned"), 1);
    }
    world.check().await;
    world.ask("explain", json!({ "sku": "LIN-SND-M" })).await;
    world.ask("parked", json!({})).await;

    assert!(bytes() == stored, "the store is the same, byte for byte");
    assert_eq!(world.all_that_joor_shows(), shown);
    let after = world.traffic();
    assert_eq!(after.shopify_writes, before.shopify_writes);
    assert_eq!(after.joor_writes, before.joor_writes);
    assert!(
        after.shopify_requests > before.shopify_requests,
        "it did look"
    );
}

#[tokio::test]
async fn a_plan_before_the_first_sync_shows_all_of_it() {
    let world = Brand::default().open().await;

    let plan = world.plan().await;

    assert!(world.all_that_joor_shows().is_empty() && world.ledger().is_empty());
    let planned = plan.count("rows_planned");
    let report = world.sync().await;
    assert_eq!(report.count("rows_published"), planned);
}

#[tokio::test]
async fn a_plan_says_what_joor_has_what_it_would_get_and_why() {
    let world = Brand::default().open_synced().await;
    world.set_stock("LIN-SND-M", "Lyon", 1);

    let plan = world.plan().await;

    let row = &plan.json["data"]["rows"][0];
    assert_eq!(row["sku"], "LIN-SND-M");
    assert_eq!(
        (&row["has"], &row["would_get"]),
        (&json!("29"), &json!("21"))
    );
    let why = row["why"].as_str().unwrap();
    assert!(
        why.contains("Paris +20") && why.contains("Lyon +1"),
        "{why}"
    );
}

#[tokio::test]
async fn check_tries_both_sides_and_says_what_lacks() {
    let world = Brand::default().open().await;
    let report = world.check().await;
    assert!(report.is_done(), "{report:?}");
    assert_eq!(
        report.codes(),
        ["linesheet-code-mto"],
        "the seed's own warning"
    );

    let mut brand = Brand::with_settings(json!({ "default_location": "Pariss" }));
    brand
        .options
        .shopify
        .scopes
        .retain(|scope| !scope.ends_with("_inventory"));
    let mut world = brand.open().await;
    let v4 = world.connection.services.get_mut("joor-v4").unwrap();
    v4.secrets
        .insert("password".to_owned(), "wrong-password".into());
    world.restart();
    let report = world.check().await;
    let message = report.finding("shopify-scope-missing")["message"]
        .as_str()
        .unwrap();
    assert!(message.contains("read_inventory"), "{message}");
    report.finding("default-location-unknown");
    assert!(
        report.codes().iter().any(|code| code.starts_with("joor-")),
        "{report:?}"
    );
}

#[tokio::test]
async fn explain_tells_the_working_the_rule_and_when_it_was_sent() {
    let world = Brand::with_settings(json!({ "rules": [{ "tag": "men", "reserve": 4 }] }))
        .open_synced()
        .await;

    let answer = world.ask("explain", json!({ "sku": "LIN-SND-M" })).await;

    let sku = &answer.json["data"]["skus"][0];
    let row = &sku["rows"][0];
    assert_eq!(row["value"], "25");
    let steps = row["working"].as_array().unwrap();
    let reserve = steps.iter().find(|step| step["what"] == "reserve").unwrap();
    assert_eq!(
        (&reserve["change"], &reserve["after"]),
        (&json!(-4), &json!(25))
    );
    assert!(
        reserve["why"]
            .as_str()
            .unwrap()
            .contains("rule for tag \"men\""),
        "{reserve}"
    );
    assert!(
        sku["sent"]["at"]
            .as_str()
            .unwrap()
            .starts_with("2026-11-23T06:"),
        "{sku:#}"
    );
    assert_eq!(world.shows("LIN-SND-M"), units(25));
}

#[tokio::test]
async fn explain_finds_a_sku_by_its_variant_id_and_says_why_another_is_not_synced() {
    let world = Brand::default().open_synced().await;
    let id = world.variant("LIN-SND-M").number().to_string();
    let answer = world.ask("explain", json!({ "sku": id })).await;
    assert_eq!(answer.json["data"]["skus"][0]["sku"], "LIN-SND-M");

    let answer = world.ask("explain", json!({ "sku": "KNT-OAT-S" })).await;
    assert!(
        answer.summary().contains("not linked"),
        "{}",
        answer.summary()
    );

    let answer = world.ask("explain", json!({ "sku": "NO-SUCH-SKU" })).await;
    assert!(
        answer.summary().contains("NO-SUCH-SKU") || !answer.codes().is_empty(),
        "{answer:?}"
    );
}

#[tokio::test]
async fn explain_of_words_with_quotes_finds_nothing_and_breaks_nothing() {
    let world = Brand::default().open_synced().await;
    for odd in [
        "\"",
        "\\",
        "' OR 1=1",
        "sku:*",
        "\u{0}",
        "💥",
        "9007199254740993",
    ] {
        world.ask("explain", json!({ "sku": odd })).await;
    }
    world.sync().await;
    world.everything_agrees();
}
