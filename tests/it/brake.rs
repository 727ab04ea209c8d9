//! The brake: a pass that would empty too much stops, keeps its plan and asks.

use atsync::engine::reconcile::Verdict;
use serde_json::json;

use crate::brand::Brand;
use crate::world::{World, units};

const SKUS: [&str; 4] = ["LIN-SND-S", "LIN-SND-M", "LIN-SND-L", "LIN-INK-S"];

/// Stops at more than two SKUs and more than a tenth of them.
async fn braked() -> World {
    Brand::with_settings(json!({ "brake": { "skus": 2, "percentage": 10 } }))
        .open_synced()
        .await
}

fn empty(world: &World, skus: &[&str]) {
    for sku in skus {
        world.set_stock(sku, "Paris", 0);
        world.set_stock(sku, "Lyon", 0);
    }
}

#[tokio::test]
async fn a_pass_that_would_empty_too_much_stops_and_keeps_its_plan() {
    let world = braked().await;
    let shown = world.all_that_joor_shows();
    empty(&world, &SKUS);

    let report = world.sync().await;

    assert_eq!(report.verdict, Verdict::Attention);
    let message = report.finding("brake")["message"].as_str().unwrap();
    assert!(message.starts_with("4 of "), "{message}");
    assert_eq!(world.all_that_joor_shows(), shown);
    let plan = world.plan().await;
    assert_eq!(plan.count("rows_planned"), 4, "{plan:?}");
    plan.finding("brake");

    world.minutes(1);
    world.sync().await.finding("brake");
    assert_eq!(world.all_that_joor_shows(), shown, "it does not wear off");
}

#[tokio::test]
async fn approved_the_plan_goes_through() {
    let world = braked().await;
    empty(&world, &SKUS);
    world.sync().await;

    let act = world.act("approve", json!({})).await;
    assert!(act.next_run <= world.now() + 1, "it goes on at once");
    let report = world.sync().await;

    assert!(report.is_done(), "{report:?}");
    for sku in SKUS {
        assert_eq!(world.shows(sku), units(0));
    }
    world.everything_agrees();
}

#[tokio::test]
async fn an_approval_is_for_this_plan_and_not_for_a_larger_one() {
    let world = braked().await;
    empty(&world, &SKUS);
    world.sync().await;
    world.act("approve", json!({})).await;
    empty(&world, &["LIN-INK-M"]);

    let report = world.sync().await;

    report.finding("brake");
    assert_eq!(world.shows("LIN-SND-S"), units(16));
}

#[tokio::test]
async fn an_approval_lets_one_plan_through_and_the_next_one_asks_again() {
    let world = braked().await;
    empty(&world, &SKUS);
    world.sync().await;
    world.act("approve", json!({})).await;
    world.sync().await;
    world.minutes(10);
    empty(&world, &["WRP-RST-S", "WRP-RST-L", "WRP-ECR-S"]);

    let report = world.sync().await;

    report.finding("brake");
    assert_eq!(world.shows("WRP-RST-S"), units(7));
}

#[tokio::test]
async fn stock_that_is_set_right_releases_the_brake() {
    let world = braked().await;
    empty(&world, &SKUS);
    world.sync().await;
    world.minutes(10);
    world.set_stock("LIN-SND-S", "Paris", 12);
    world.set_stock("LIN-SND-M", "Paris", 20);
    world.set_stock("LIN-INK-S", "Paris", 7);

    let report = world.sync().await;

    assert!(report.is_done(), "{report:?}");
    assert_eq!(world.shows("LIN-SND-L"), units(0), "one SKU may sell out");
    world.everything_agrees();
}

#[tokio::test]
async fn without_a_plan_there_is_nothing_to_approve() {
    let world = braked().await;
    let report = world.act("approve", json!({})).await;
    assert!(
        report.summary().contains("nothing to approve"),
        "{}",
        report.summary()
    );
}

#[tokio::test]
async fn the_first_sync_is_never_braked_because_nothing_was_sold_before() {
    let mut brand = Brand::with_settings(json!({ "brake": { "skus": 0, "percentage": 1 } }));
    for variant in brand
        .products
        .iter_mut()
        .flat_map(|product| &mut product.variants)
    {
        variant.quantities = vec![Some(0), Some(0)];
    }
    let world = brand.open().await;

    let report = world.sync().await;

    assert!(report.is_done(), "{report:?}");
    world.everything_agrees();
}
