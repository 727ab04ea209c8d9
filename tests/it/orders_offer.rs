//! What JOOR offers while orders come in: no unit twice, none counted by both sides, and nothing
//! of orders that are not to be taken over.

use atsync_sandbox::faults::Fault;
use atsync_sandbox::joor::{Ats, ExportStatus, OrderId};
use atsync_sandbox::wire::Side;
use serde_json::{Value, json};

use crate::brand::Brand;
use crate::clock::START;
use crate::order_desk::{SPRING, stock};
use crate::world::{World, units};

const HOUR_MS: u64 = 60 * 60 * 1000;

/// Every number that JOOR was told of a SKU since a moment.
fn told_since(world: &World, sku: &str, at: u64) -> Vec<Ats> {
    let upc = Some(world.upc(sku));
    world.joor(|joor| {
        let of_it = joor
            .history()
            .filter(|write| write.at >= at && write.upc == upc);
        of_it.map(|write| write.ats).collect()
    })
}

/// The steps of a SKU's number in the warehouse Default.
async fn steps(world: &World, sku: &str) -> Vec<(String, i64, String)> {
    let report = world.ask("explain", json!({ "sku": sku })).await;
    let rows = report.json["data"]["skus"][0]["rows"].clone();
    let steps = rows[0]["working"].as_array().unwrap().iter();
    let word = |step: &Value, key: &str| step[key].as_str().unwrap().to_owned();
    steps
        .map(|step| {
            (
                word(step, "what"),
                step["change"].as_i64().unwrap(),
                word(step, "why"),
            )
        })
        .collect()
}

/// What a person is shown of an order's claim.
async fn open_claim(world: &World, order: OrderId) -> String {
    let order = json!({ "order": order.to_string() });
    let report = world.ask("orders-show", order).await;
    let facts = report.json["tables"][1]["rows"].as_array().unwrap();
    let row = facts.iter().find(|row| row[0] == "open claim").unwrap();
    row[1].as_str().unwrap().to_owned()
}

// No unit offered twice.

#[tokio::test]
async fn what_a_waiting_order_claims_is_not_offered_and_explain_shows_the_step() {
    let world = Brand::with_settings(json!({ "claim": "follow-policy" }))
        .open_synced()
        .await;
    assert_eq!(world.shows("WRP-RST-S"), units(7));
    let order = world.buys(SPRING, &[("WRP-RST-S", 6)]);

    world.sync().await;

    assert_eq!(
        world.stock("WRP-RST-S", "Paris"),
        stock(5, 0, 5),
        "Shopify knows nothing of it"
    );
    assert_eq!(world.shows("WRP-RST-S"), units(1));
    let steps = steps(&world, "WRP-RST-S").await;
    let claim = steps
        .iter()
        .find(|(what, ..)| what.contains("open claims"))
        .unwrap();
    assert_eq!(claim.1, -6);
    assert!(
        claim.0.contains("Paris") && claim.2.contains(&order.to_string()),
        "{claim:?}"
    );
}

#[tokio::test]
async fn once_shopify_shows_a_claim_it_is_not_subtracted_again() {
    let world = Brand::default().open_synced().await;
    world.buys(SPRING, &[("LIN-SND-M", 5)]);
    let at = world.now();

    world.sync().await;

    assert_eq!(
        told_since(&world, "LIN-SND-M", at),
        [units(24)],
        "in the same pass, and once"
    );
    let steps = steps(&world, "LIN-SND-M").await;
    assert!(
        !steps.iter().any(|(what, ..)| what.contains("open claims")),
        "{steps:?}"
    );
    world.minutes(1);
    world.sync().await;
    assert_eq!(told_since(&world, "LIN-SND-M", at), [units(24)]);
}

#[tokio::test]
async fn a_shop_that_does_not_tell_when_committed_units_changed_shows_a_claim_all_the_same() {
    let mut brand = Brand::default();
    brand.options.shopify.orders.committed_time = false;
    let world = brand.open_synced().await;
    world.buys(SPRING, &[("LIN-SND-M", 5)]);
    let at = world.now();

    world.sync().await;

    assert_eq!(told_since(&world, "LIN-SND-M", at), [units(24)]);
    world.everything_agrees();
}

#[tokio::test]
async fn a_claim_stays_open_until_shopify_shows_it_and_no_longer() {
    let mut brand = Brand::default();
    brand.options.shopify.orders.claim_lag_ms = 150_000;
    let world = brand.open_synced().await;
    let order = world.buys(SPRING, &[("LIN-SND-M", 5)]);
    let at = world.now();

    world.sync().await;

    assert_eq!(
        open_claim(&world, order).await,
        "5 units, which Shopify's numbers do not show yet"
    );
    assert_eq!(world.shows("LIN-SND-M"), units(24));
    let open = steps(&world, "LIN-SND-M").await;
    let claim = open.iter().find(|(what, ..)| what.contains("open claims"));
    assert_eq!(claim.map(|(_, change, _)| *change), Some(-5), "{open:?}");
    // A count in between changes what is available, and shows no claim.
    world.minutes(1);
    world.set_stock("LIN-SND-M", "Lyon", 9);
    for _ in 0..9 {
        let report = world.sync().await;
        assert!(report.codes().is_empty(), "{report:?}");
        world.minutes(1);
    }

    for ats in told_since(&world, "LIN-SND-M", at) {
        assert_eq!(
            ats,
            units(24),
            "no unit is offered twice, and none is kept back"
        );
    }
    let closed = steps(&world, "LIN-SND-M").await;
    assert!(
        !closed.iter().any(|(what, ..)| what.contains("open claims")),
        "{closed:?}"
    );
    world.everything_agrees();
}

#[tokio::test]
async fn what_shopify_does_not_show_yet_of_an_older_order_is_not_claimed_by_a_newer_one() {
    let mut brand = Brand::with_settings(json!({ "claim": "follow-policy" }));
    brand.options.shopify.orders.claim_lag_ms = 300_000;
    let world = brand.open_synced().await;
    world.buys(SPRING, &[("WRP-RST-S", 4)]);
    world.sync().await;
    world.minutes(1);
    let newer = world.buys(SPRING, &[("WRP-RST-S", 3)]);

    world.sync().await;

    let (codes, told) = world.parked(newer).await;
    assert_eq!(codes, ["order-short"], "one of five is left: {told}");
}

#[tokio::test]
async fn a_cancelled_claim_that_shopify_shows_late_is_never_offered_before_it_is_back() {
    let mut brand = Brand::default();
    brand.options.shopify.orders.claim_lag_ms = 100_000;
    let world = brand.open_synced().await;
    let order = world.buys(SPRING, &[("LIN-SND-M", 5)]);
    world.sync().await;
    world.cancels(order);
    world.minutes(1);

    world.passes(12).await;

    assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(20, 0, 20));
    assert_eq!(world.shows("LIN-SND-M"), units(29));
    world.everything_agrees();
}

#[tokio::test]
async fn an_order_whose_fate_is_not_known_is_never_offered_again() {
    for (fate, lag) in [
        (Fault::CutAfter, 0),
        (Fault::CutAfter, 90_000),
        (Fault::CutBefore, 0),
    ] {
        let mut brand = Brand::default();
        brand.options.shopify.orders.identifier_lag_ms = lag;
        let world = brand.open_synced().await;
        world.faults(|faults| faults.next(Side::Shopify, "OrderCreate", fate, 1));
        world.buys(SPRING, &[("LIN-SND-M", 5)]);
        let at = world.now();

        world.sync().await;
        let mut told = vec![world.shows("LIN-SND-M")];
        world.sync_all().await;

        told.extend(told_since(&world, "LIN-SND-M", at));
        for ats in told {
            assert!(
                matches!(ats, Ats::Units(..=24)),
                "{ats:?} with {fate:?} and a lag of {lag} ms"
            );
        }
        world.everything_agrees();
    }
}

#[tokio::test]
async fn a_file_of_all_stock_that_was_begun_before_an_order_does_not_offer_its_units_again() {
    let mut brand = Brand::default();
    brand.options.shopify.bulk.created_ms = 60_000;
    brand.options.shopify.bulk.running_ms = 240_000;
    let world = brand.open_synced().await;
    world.hours(25);
    let begun = world.sync().await;
    assert!(begun.next_run < world.now() + 300_000);
    world.clock_to(begun.next_run);
    let order = world.buys(SPRING, &[("LIN-SND-M", 5)]);
    let at = world.now();

    world.sync().await;
    assert_eq!(
        open_claim(&world, order).await,
        "Shopify's numbers show it",
        "and the file may not"
    );
    world.sync_all().await;
    world.minutes(1);
    world.sync().await;
    assert_eq!(open_claim(&world, order).await, "none");

    for ats in told_since(&world, "LIN-SND-M", at) {
        assert_eq!(ats, units(24));
    }
    assert_eq!(world.shows("LIN-SND-M"), units(24));
    world.everything_agrees();
}

#[tokio::test]
async fn an_order_that_is_not_approved_claims_nothing() {
    let world = Brand::default().open_synced().await;
    let order = world.order_of(SPRING, &[("LIN-SND-M", 5)]);
    let order = world.joor_now(|joor, now| joor.place_order(order, now));

    world.sync().await;

    assert_eq!(world.orders_in_shopify(), 0);
    assert_eq!(world.shows("LIN-SND-M"), units(29));
    world
        .joor_now(|joor, now| joor.approve_order(order, now))
        .unwrap();
    world.minutes(1);
    world.sync().await;
    assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(15, 5, 20));
    assert_eq!(world.shows("LIN-SND-M"), units(24));
}

// Pending orders are subtracted by one side, or by none.

#[tokio::test]
async fn pending_orders_reduce_what_joor_shows_only_where_joor_subtracts_them() {
    for (pending, shown) in [("ignored", 28), ("joor-subtracts", 24)] {
        let world = Brand::with_settings(json!({ "pending": pending }))
            .open_synced()
            .await;
        let order = world.order_of(SPRING, &[("LIN-SND-M", 4)]);
        let order = world.joor_now(|joor, now| joor.place_order(order, now));
        world.set_stock("LIN-SND-M", "Lyon", 8);

        world.sync().await;

        assert_eq!(world.shows("LIN-SND-M"), units(shown), "{pending}");

        world
            .joor_now(|joor, now| joor.approve_order(order, now))
            .unwrap();
        world.minutes(1);
        world.sync().await;
        assert_eq!(
            world.shows("LIN-SND-M"),
            units(24),
            "{pending}, approved: once, by Shopify"
        );
        assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(16, 4, 20));
    }
}

#[tokio::test]
async fn a_joor_that_subtracts_approved_orders_itself_is_put_right_by_the_next_number() {
    let mut brand = Brand::default();
    brand.options.joor.orders.approved_reduces_stock = true;
    let world = brand.open_synced().await;
    world.buys(SPRING, &[("LIN-SND-M", 4)]);
    assert_eq!(world.shows("LIN-SND-M"), units(25), "JOOR does it at once");

    world.sync().await;

    assert_eq!(
        world.shows("LIN-SND-M"),
        units(25),
        "and Shopify's number is sent over it"
    );
    world.everything_agrees();
}

// Which orders.

#[tokio::test]
async fn a_new_connection_takes_over_no_history() {
    let world = Brand::default().open().await;
    let order = world.order_of(SPRING, &[("LIN-SND-M", 5)]).approved();
    let old = world.joor(|joor| joor.place_order(order, START - HOUR_MS));
    let new = world.buys(SPRING, &[("LIN-SND-M", 1)]);

    world.sync_all().await;
    world.minutes(1);
    let report = world.sync().await;

    assert_eq!(report.count("orders_before_start"), 1);
    assert_eq!(
        (world.times_in_shopify(old), world.times_in_shopify(new)),
        (0, 1)
    );
    assert_eq!(
        world.exported(old),
        (ExportStatus::NotExported, String::new())
    );
    assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(19, 1, 20));
    world.everything_agrees();
}

#[tokio::test]
async fn an_order_goes_by_the_day_it_was_approved_and_is_history_only_where_that_is_over() {
    let world = Brand::default().open_synced().await;
    let new = |approved: &str| {
        let order = world.order_of(SPRING, &[("LIN-SND-M", 1)]);
        let order = order.raw("date_created", "2026-11-01T08:00:00.0Z");
        world.approved(order.raw("date_approved", approved))
    };
    let (yesterday, today, undated) = (new("2026-11-22"), new("2026-11-23"), new(""));

    let report = world.sync().await;

    assert_eq!(world.exported(today).0, ExportStatus::Success);
    for left in [yesterday, undated] {
        assert_ne!(world.exported(left).0, ExportStatus::Success);
    }
    assert_eq!(report.count("orders_before_start"), 2);
    let finding = report.finding("orders-undated");
    let message = finding["message"].as_str().unwrap();
    assert!(
        message.starts_with("1 order is not taken over"),
        "{message}"
    );
}

#[tokio::test]
async fn a_list_longer_than_a_pass_reads_is_read_to_its_end_in_the_next() {
    let settings = json!({ "orders": { "start": "2026-11-01" } });
    let world = Brand::with_settings(settings).open_synced().await;
    let ours = world.buys(SPRING, &[("LIN-SND-M", 5)]);
    world.passes(2).await;
    assert_eq!(world.exported(ours).0, ExportStatus::Success);
    for _ in 0..2_010 {
        let order = world.order_of(SPRING, &[("LIN-INK-M", 1)]);
        world.approved(order.raw("date_approved", "2026-10-01T08:00:00.0Z"));
        let other = world.buys(SPRING, &[("LIN-INK-M", 1)]);
        world.cancels(other);
    }
    world.minutes(1);
    let last = world.buys(SPRING, &[("LIN-SND-M", 3)]);
    world.cancels(ours);

    world.sync().await.finding("orders-many");
    world.minutes(1);
    world.passes(2).await;

    assert_eq!(world.exported(last).0, ExportStatus::Success);
    assert!(world.in_shopify(ours, |order| order.is_cancelled()));
}

#[tokio::test]
async fn what_was_approved_before_orders_were_taken_over_is_history() {
    let mut world = Brand::with_settings(json!({ "orders": { "enabled": false } }))
        .open_synced()
        .await;
    let old = world.buys(SPRING, &[("LIN-SND-M", 5)]);
    world.minutes(1);
    world.set(json!({ "orders": { "enabled": true } }));
    world.sync_all().await;
    world.minutes(1);
    let new = world.buys(SPRING, &[("LIN-SND-M", 1)]);

    world.sync().await;

    assert_eq!(
        (world.times_in_shopify(old), world.times_in_shopify(new)),
        (0, 1)
    );
}

#[tokio::test]
async fn a_start_day_takes_over_the_orders_that_were_approved_since() {
    let brand = Brand::with_settings(json!({ "orders": { "start": "2026-11-20" } }));
    let world = brand.open().await;
    let order = world.order_of(SPRING, &[("LIN-SND-M", 1)]).approved();
    let place = |days: u64| {
        let order = order.clone();
        world.joor(|joor| joor.place_order(order, START - days * 24 * HOUR_MS))
    };
    // The story begins on the 23rd at six.
    let (before, since) = (place(4), place(3));

    world.sync_all().await;

    assert_eq!(
        (
            world.times_in_shopify(before),
            world.times_in_shopify(since)
        ),
        (0, 1)
    );
}

#[tokio::test]
async fn orders_that_are_left_to_another_integration_are_not_even_read() {
    let world = Brand::with_settings(json!({ "orders": { "enabled": false } }))
        .open_synced()
        .await;
    let order = world.buys(SPRING, &[("LIN-SND-M", 5)]);

    let report = world.sync().await;

    assert!(report.is_done(), "{report:?}");
    assert_eq!(world.orders_in_shopify(), 0);
    assert_eq!(world.exported(order).0, ExportStatus::NotExported);
    assert_eq!(world.shows("LIN-SND-M"), units(29));
    let asked = world
        .sandbox()
        .counters()
        .side(Side::Joor)
        .operations
        .clone();
    assert!(
        !asked.keys().any(|operation| operation.contains("v2/order")),
        "{:?}",
        asked.keys()
    );
}

#[tokio::test]
async fn a_plan_of_orders_shows_what_would_be_created_and_changes_nothing() {
    let world = Brand::with_settings(json!({
        "claim": "follow-policy",
        "orders": { "shortage": "partial" },
    }))
    .open_synced()
    .await;
    world.buys(SPRING, &[("LIN-SND-M", 5), ("WRP-RST-S", 6)]);
    world.buys("MTO", &[("CPE-BLK-38", 2)]);
    let odd = world.buys(SPRING, &[]);
    let (ledger, before) = (world.ledger(), world.traffic());
    let shown = world.all_that_joor_shows();

    let plan = world.plan().await;

    assert_eq!(plan.count("orders_to_create"), 2);
    let tables = plan.json["tables"].as_array().unwrap();
    let table = tables
        .iter()
        .find(|table| table["title"].as_str().unwrap().contains("Orders"))
        .unwrap();
    let text = table.to_string();
    for word in [
        "DECREMENT_OBEYING_POLICY",
        "BYPASS",
        "linesheet code MTO",
        "global",
        "\"11\"",
        "\"10\"",
    ] {
        assert!(text.contains(word), "{word} in {text}");
    }
    assert_eq!(world.ledger(), ledger);
    assert_eq!(world.all_that_joor_shows(), shown);
    assert_eq!(world.orders_in_shopify(), 0);
    assert_eq!(world.exported(odd).0, ExportStatus::NotExported);
    let after = world.traffic();
    assert_eq!(after.shopify_writes, before.shopify_writes);
    assert_eq!(after.joor_writes, before.joor_writes);
}
