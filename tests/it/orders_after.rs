//! What becomes of an order that is in Shopify when it is cancelled or changed on JOOR.

use atsync_sandbox::faults::Fault;
use atsync_sandbox::joor::{Address, ExportStatus, NewOrder, OrderId, OrderLine, OrderStatus};
use atsync_sandbox::shopify::Tracking;
use atsync_sandbox::wire::Side;
use serde_json::{Value, json};

use crate::brand::Brand;
use crate::order_desk::{SPRING, one_order, stock};
use crate::world::{World, units};

const MINUTE: u64 = 60_000;

async fn five_shirts() -> (World, OrderId) {
    one_order(Brand::default(), SPRING, &[("LIN-SND-M", 5)]).await
}

// Cancelled.

#[tokio::test]
async fn an_order_cancelled_before_it_is_shipped_gives_back_exactly_what_it_claimed() {
    let (world, order) = five_shirts().await;
    world.set_stock("LIN-SND-M", "Paris", 30);
    world.cancels(order);

    let report = world.sync().await;

    assert_eq!(report.count("orders_cancelled"), 1);
    assert!(world.in_shopify(order, |order| order.is_cancelled()));
    assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(35, 0, 35));
    assert_eq!(world.stock("LIN-SND-M", "Lyon"), stock(9, 0, 9));
    assert_eq!(world.order_shown(order).await["state"], "cancelled");
    world.sync_all().await;
    assert_eq!(world.shows("LIN-SND-M"), units(44));
    world.everything_agrees();
}

#[tokio::test]
async fn an_order_that_claimed_nothing_gives_nothing_back() {
    let (world, order) = one_order(
        Brand::default(),
        "MTO",
        &[("CPE-BLK-38", 12), ("LIN-SND-M", 3)],
    )
    .await;
    let before = (
        world.stock("CPE-BLK-38", "Paris"),
        world.stock("LIN-SND-M", "Paris"),
    );
    world.cancels(order);

    world.sync_all().await;

    assert!(world.in_shopify(order, |order| order.is_cancelled()));
    let after = (
        world.stock("CPE-BLK-38", "Paris"),
        world.stock("LIN-SND-M", "Paris"),
    );
    assert_eq!(after, before);
    world.everything_agrees();
}

#[tokio::test]
async fn of_a_partial_claim_the_claimed_part_comes_back_and_no_more() {
    let brand = Brand::with_settings(
        json!({ "claim": "follow-policy", "orders": { "shortage": "partial" } }),
    );
    let (world, order) = one_order(brand, SPRING, &[("WRP-RST-S", 9)]).await;
    assert_eq!(world.stock("WRP-RST-S", "Paris"), stock(0, 5, 5));
    world.cancels(order);

    world.sync_all().await;

    assert!(world.in_shopify(order, |order| order.is_cancelled()));
    assert!(world.back_order(order, |order| order.is_cancelled()));
    assert_eq!(world.stock("WRP-RST-S", "Paris"), stock(5, 0, 5));
    world.everything_agrees();
}

#[tokio::test]
async fn of_two_orders_the_one_that_is_cancelled_is_not_looked_at_again() {
    let brand = Brand::with_settings(
        json!({ "claim": "follow-policy", "orders": { "shortage": "partial" } }),
    );
    let (world, order) = one_order(brand, SPRING, &[("WRP-RST-S", 9)]).await;
    world.faults(|faults| faults.after(Side::Shopify, "OrderCancel", Fault::CutBefore, 1, 1));
    world.cancels(order);
    world.sync().await;
    assert!(world.in_shopify(order, |order| order.is_cancelled()));
    assert!(!world.back_order(order, |order| order.is_cancelled()));
    let looked_at = world.asked("OrderState");

    world.sync().await;

    assert_eq!(world.asked("OrderState"), looked_at + 1);
    world.sync_all().await;
    assert!(world.back_order(order, |order| order.is_cancelled()));
    assert_eq!(world.asked("OrderCancel"), 3);
}

#[tokio::test]
async fn a_shop_that_takes_its_time_to_cancel_is_waited_for() {
    let mut brand = Brand::default();
    brand.options.shopify.orders.cancel_ms = 95_000;
    let (world, order) = one_order(brand, SPRING, &[("LIN-SND-M", 5)]).await;
    world.cancels(order);

    world.sync().await;
    assert_eq!(world.order_shown(order).await["state"], "cancelling");
    assert_eq!(
        world.shows("LIN-SND-M"),
        units(24),
        "not before Shopify has given it back"
    );
    world.sync_all().await;

    assert_eq!(world.order_shown(order).await["state"], "cancelled");
    assert_eq!(world.asked("OrderCancel"), 1, "within five minutes");
    assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(20, 0, 20));
    world.minutes(1);
    world.sync_all().await;
    world.everything_agrees();
}

#[tokio::test]
async fn a_cancellation_that_joors_clock_dates_some_minutes_back_is_read() {
    let (world, order) = five_shirts().await;
    world.passes(15).await;
    let dated = world.now() - 9 * MINUTE;
    world.joor(|joor| joor.cancel_order(order, dated)).unwrap();

    world.sync_all().await;

    assert!(world.in_shopify(order, |order| order.is_cancelled()));
}

#[tokio::test]
async fn cancellations_are_read_from_where_the_last_reading_ended() {
    let (world, _) = five_shirts().await;
    let mut read_until = Vec::new();
    for _ in 0..12 {
        world.sync().await;
        let orders: Value = serde_json::from_str(&world.ledger()["orders"]).unwrap();
        read_until.push(orders["cancelled_until"].as_u64().unwrap());
        world.minutes(1);
    }
    read_until.dedup();

    let steps = read_until.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(
        steps.clone().all(|step| step >= 5 * MINUTE),
        "{read_until:?}"
    );
    assert!(steps.count() >= 2, "{read_until:?}");
}

#[tokio::test]
async fn an_order_cancelled_before_it_is_in_shopify_never_gets_there() {
    let world = Brand::with_settings(json!({ "claim": "follow-policy" }))
        .open_synced()
        .await;
    let order = world.buys(SPRING, &[("WRP-RST-S", 6)]);
    world.sync().await;
    assert_eq!(world.shows("WRP-RST-S"), units(1));
    world.cancels(order);
    world.set_stock("WRP-RST-S", "Paris", 20);
    world.minutes(1);

    world.sync().await;

    assert_eq!(world.orders_in_shopify(), 0);
    assert_eq!(world.shows("WRP-RST-S"), units(22));
    world.everything_agrees();
}

#[tokio::test]
async fn an_order_cancelled_before_it_is_in_shopify_is_taken_over_if_it_is_approved_again() {
    let world = Brand::with_settings(json!({ "claim": "follow-policy" }))
        .open_synced()
        .await;
    let order = world.buys(SPRING, &[("WRP-RST-S", 6)]);
    world.passes(1).await;
    world.cancels(order);
    world.passes(1).await;
    assert_eq!(world.order_shown(order).await["state"], "cancelled");
    world.set_stock("WRP-RST-S", "Paris", 20);
    world
        .joor_now(|joor, now| joor.approve_order(order, now))
        .unwrap();

    world.passes(2).await;

    assert_eq!(world.exported(order).0, ExportStatus::Success);
    assert_eq!(world.stock("WRP-RST-S", "Paris"), stock(14, 6, 20));
}

#[tokio::test]
async fn an_order_cancelled_while_its_create_is_in_doubt_is_cancelled_once_it_is_found() {
    let mut brand = Brand::default();
    brand.options.shopify.orders.identifier_lag_ms = 90_000;
    let world = brand.open_synced().await;
    world.faults(|faults| faults.next(Side::Shopify, "OrderCreate", Fault::CutAfter, 1));
    let order = world.buys(SPRING, &[("LIN-SND-M", 5)]);
    world.sync().await;
    world.cancels(order);
    world.minutes(1);

    world.passes(6).await;

    assert!(world.in_shopify(order, |order| order.is_cancelled()));
    assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(20, 0, 20));
    assert_eq!(world.order_shown(order).await["state"], "cancelled");
    world.everything_agrees();
}

#[tokio::test]
async fn an_order_that_is_being_cancelled_is_not_moved_any_more() {
    let mut brand = Brand::default();
    brand.options.shopify.orders.identifier_lag_ms = 90_000;
    brand.options.shopify.orders.cancel_ms = 95_000;
    let world = brand.open_synced().await;
    let routing = ["Lyon", "Paris"].map(|name| world.location(name));
    world.shop(|shop, _| shop.set_routing(&routing));
    world.faults(|faults| faults.next(Side::Shopify, "OrderCreate", Fault::CutAfter, 1));
    let order = world.buys(SPRING, &[("LIN-SND-M", 5)]);
    world.sync().await;
    world.cancels(order);
    world.minutes(1);

    world.passes(8).await;

    assert!(world.in_shopify(order, |order| order.is_cancelled()));
    assert_eq!(world.asked("OrderMove"), 0);
}

#[tokio::test]
async fn an_order_cancelled_after_it_was_shipped_is_parked_and_takes_nothing_back() {
    for part in [false, true] {
        let (world, order) = five_shirts().await;
        if part {
            let id = world.in_shopify(order, |order| order.id());
            let some = [(world.variant("LIN-SND-M"), 2)];
            world.shop(|shop, now| shop.fulfill_units(id, &some, &Tracking::default(), now));
        } else {
            world.ships(order, "JD-1");
        }
        let shipped = world.stock("LIN-SND-M", "Paris");
        world.cancels(order);

        world.passes(3).await;

        let (codes, told) = world.parked(order).await;
        assert_eq!(codes, ["order-shipped-and-cancelled"]);
        let name = world.in_shopify(order, |order| order.name().to_owned());
        assert!(
            told.contains(&name) && told.contains("`orders release`"),
            "{told}"
        );
        assert_eq!(world.stock("LIN-SND-M", "Paris"), shipped);
        assert!(!world.in_shopify(order, |order| order.is_cancelled()));

        world.act_on("orders-release", order).await;
        world.passes(2).await;
        assert_eq!(world.parked(order).await.0, Vec::<String>::new());
        world.everything_agrees();
    }
}

#[tokio::test]
async fn an_order_that_is_approved_again_after_its_cancellation_is_parked() {
    let (world, order) = five_shirts().await;
    world.cancels(order);
    world.sync_all().await;
    world.minutes(1);
    world
        .joor_now(|joor, now| joor.approve_order(order, now))
        .unwrap();

    world.passes(2).await;

    let (codes, told) = world.parked(order).await;
    assert_eq!(codes, ["order-approved-again"]);
    assert!(told.contains("as a new order"), "{told}");
    assert_eq!(world.times_in_shopify(order), 1);
    assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(20, 0, 20));
    assert_eq!(world.shows("LIN-SND-M"), units(24), "its units are held");

    world.act_on("orders-release", order).await;
    world.passes(2).await;

    assert_eq!(world.parked(order).await.0, Vec::<String>::new());
    assert_eq!(world.times_in_shopify(order), 1);
    assert_eq!(world.shows("LIN-SND-M"), units(29));
}

#[tokio::test]
async fn a_waiting_order_that_joor_sets_back_to_pending_claims_nothing_any_more() {
    let world = Brand::with_settings(json!({ "claim": "follow-policy" }))
        .open_synced()
        .await;
    let order = world.buys(SPRING, &[("WRP-RST-S", 6)]);
    world.sync().await;
    world.minutes(1);
    world
        .joor_now(|joor, now| joor.set_order_status(order, OrderStatus::Pending, now))
        .unwrap();

    world.passes(2).await;

    assert_eq!(world.shows("WRP-RST-S"), units(7));
    world
        .joor_now(|joor, now| joor.approve_order(order, now))
        .unwrap();
    world.passes(1).await;
    assert_eq!(
        world.parked(order).await.0,
        ["order-short"],
        "it is taken in again"
    );
    assert_eq!(world.shows("WRP-RST-S"), units(1));
}

// Changed.

#[tokio::test]
async fn an_order_changed_after_its_export_is_parked_with_the_difference_line_by_line() {
    let (world, order) = one_order(
        Brand::default(),
        SPRING,
        &[("LIN-SND-M", 5), ("LIN-SND-S", 1), ("WRP-RST-L", 2)],
    )
    .await;
    let (before, more) = (world.traffic(), world.upc("SCF-MOS"));
    let change = |order: &mut NewOrder| {
        order.lines[0].quantity = 3;
        order.lines[2] = OrderLine::of(&more, 4, 20_00);
        order.lines.push(OrderLine::of(&more, 1, 20_00));
        order.purchase_order = Some("PO-2".into());
        order.ship_to = Address {
            city: "Nice".into(),
            ..Address::boutique()
        };
    };
    world
        .joor_now(|joor, now| joor.change_order(order, change, now))
        .unwrap();

    world.sync().await;

    let (codes, told) = world.parked(order).await;
    assert_eq!(codes, ["order-changed"]);
    for words in [
        "purchase order: \"\" became \"PO-2\"",
        "Lyon",
        "Nice",
        "line 1 (Linen Overshirt, Sand, M): 5 units for 225.00 became 3 units for 135.00",
        "line 3: 2 units of Wrap Dress, Rust, L became 4 units of Silk Scarf, Moss, One size",
        "line 4 (Silk Scarf, Moss, One size, 1 units) is new",
        "`orders release`",
    ] {
        assert!(told.contains(words), "\"{words}\" in: {told}");
    }
    assert!(!told.contains("line 2"), "{told}");
    assert_eq!(
        world.stock("LIN-SND-M", "Paris"),
        stock(15, 5, 20),
        "nothing is done by itself"
    );
    assert_eq!(world.traffic().shopify_writes, before.shopify_writes);
}

#[tokio::test]
async fn a_changed_order_that_a_person_has_settled_is_parked_again_only_by_a_new_change() {
    let (world, order) = five_shirts().await;
    let set = |units: i64| {
        world
            .joor_now(|joor, now| joor.change_quantity(order, 0, units, now))
            .unwrap();
    };
    set(3);
    world.sync().await;
    world.act_on("orders-release", order).await;

    world.passes(3).await;
    assert_eq!(world.parked(order).await.0, Vec::<String>::new());
    assert_eq!(world.exported(order).0, ExportStatus::Success);

    set(2);
    world.sync().await;
    let (codes, told) = world.parked(order).await;
    assert_eq!(codes, ["order-changed"]);
    assert!(
        told.contains("3 units for 135.00 became 2 units for 90.00"),
        "{told}"
    );
}

#[tokio::test]
async fn a_change_that_is_taken_back_parks_no_longer() {
    let (world, order) = five_shirts().await;
    let set = |units: i64| {
        world
            .joor_now(|joor, now| joor.change_quantity(order, 0, units, now))
            .unwrap();
    };
    set(3);
    world.sync().await;
    assert_eq!(world.parked(order).await.0, ["order-changed"]);
    set(5);
    world.minutes(1);

    world.sync().await;

    assert_eq!(world.parked(order).await.0, Vec::<String>::new());
    world.everything_agrees();
}
