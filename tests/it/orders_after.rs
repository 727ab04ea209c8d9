//! What becomes of an order after it is in Shopify: cancelled, changed, shipped, settled by a
//! person; and how JOOR learns of it.

use atsync_sandbox::faults::Fault;
use atsync_sandbox::joor::{
    Address, AfterExport, ExportStatus, OrderId, OrderIdFinds, OrderStatus, Writes,
};
use atsync_sandbox::shopify::{Tracking, VariantId};
use atsync_sandbox::wire::Side;
use serde_json::{Value, json};

use crate::brand::Brand;
use crate::order_desk::{SPRING, stock};
use crate::world::{World, units};

/// A brand, one order of which is in Shopify.
async fn one_order(brand: Brand, linesheet: &str, lines: &[(&str, i64)]) -> (World, OrderId) {
    let world = brand.open_synced().await;
    let order = world.buys(linesheet, lines);
    world.sync().await;
    assert_eq!(world.exported(order).0, ExportStatus::Success);
    world.minutes(1);
    (world, order)
}

async fn five_shirts() -> (World, OrderId) {
    one_order(Brand::default(), SPRING, &[("LIN-SND-M", 5)]).await
}

fn cancel(world: &World, order: OrderId) {
    world
        .joor_now(|joor, now| joor.cancel_order(order, now))
        .unwrap();
}

/// All of an order leaves the house.
fn ship(world: &World, order: OrderId, number: &str) {
    let id = world.in_shopify(order, |order| order.id());
    let tracking = Tracking::new("DHL Express", number);
    world.shop(|shop, now| shop.fulfill_order(id, &tracking, now));
}

async fn passes(world: &World, many: u32) {
    for _ in 0..many {
        world.sync().await;
        world.minutes(1);
    }
}

fn tracked() -> Brand {
    Brand::with_settings(json!({ "orders": { "tracking": true } }))
}

// Cancelled.

#[tokio::test]
async fn an_order_cancelled_before_it_is_shipped_gives_back_exactly_what_it_claimed() {
    let (world, order) = five_shirts().await;
    world.set_stock("LIN-SND-M", "Paris", 30);
    cancel(&world, order);

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
    cancel(&world, order);

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
    cancel(&world, order);

    world.sync_all().await;

    assert!(world.in_shopify(order, |order| order.is_cancelled()));
    assert!(world.back_order(order, |order| order.is_cancelled()));
    assert_eq!(world.stock("WRP-RST-S", "Paris"), stock(5, 0, 5));
    world.everything_agrees();
}

#[tokio::test]
async fn a_shop_that_takes_its_time_to_cancel_is_waited_for() {
    let mut brand = Brand::default();
    brand.options.shopify.orders.cancel_ms = 95_000;
    let (world, order) = one_order(brand, SPRING, &[("LIN-SND-M", 5)]).await;
    cancel(&world, order);

    world.sync().await;
    assert_eq!(world.order_shown(order).await["state"], "cancelling");
    assert_eq!(
        world.shows("LIN-SND-M"),
        units(24),
        "not before Shopify has given it back"
    );
    world.sync_all().await;

    assert_eq!(world.order_shown(order).await["state"], "cancelled");
    assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(20, 0, 20));
    world.minutes(1);
    world.sync_all().await;
    world.everything_agrees();
}

#[tokio::test]
async fn an_order_cancelled_before_it_is_in_shopify_never_gets_there() {
    let world = Brand::with_settings(json!({ "claim": "follow-policy" }))
        .open_synced()
        .await;
    let order = world.buys(SPRING, &[("WRP-RST-S", 6)]);
    world.sync().await;
    assert_eq!(world.shows("WRP-RST-S"), units(1));
    cancel(&world, order);
    world.set_stock("WRP-RST-S", "Paris", 20);
    world.minutes(1);

    world.sync().await;

    assert_eq!(world.orders_in_shopify(), 0);
    assert_eq!(world.shows("WRP-RST-S"), units(22));
    world.everything_agrees();
}

#[tokio::test]
async fn an_order_cancelled_while_its_create_is_in_doubt_is_cancelled_once_it_is_found() {
    let mut brand = Brand::default();
    brand.options.shopify.orders.identifier_lag_ms = 90_000;
    let world = brand.open_synced().await;
    world.faults(|faults| faults.next(Side::Shopify, "OrderCreate", Fault::CutAfter, 1));
    let order = world.buys(SPRING, &[("LIN-SND-M", 5)]);
    world.sync().await;
    cancel(&world, order);
    world.minutes(1);

    passes(&world, 6).await;

    assert!(world.in_shopify(order, |order| order.is_cancelled()));
    assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(20, 0, 20));
    assert_eq!(world.order_shown(order).await["state"], "cancelled");
    world.everything_agrees();
}

#[tokio::test]
async fn an_order_cancelled_after_it_was_shipped_is_parked_and_takes_nothing_back() {
    for part in [false, true] {
        let (world, order) = five_shirts().await;
        if part {
            let id = world.in_shopify(order, |order| order.id());
            let some: [(VariantId, i64); 1] = [(world.variant("LIN-SND-M"), 2)];
            world.shop(|shop, now| shop.fulfill_units(id, &some, &Tracking::default(), now));
        } else {
            ship(&world, order, "JD-1");
        }
        let shipped = world.stock("LIN-SND-M", "Paris");
        cancel(&world, order);

        passes(&world, 3).await;

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
        passes(&world, 2).await;
        assert_eq!(world.parked(order).await.0, Vec::<String>::new());
        world.everything_agrees();
    }
}

#[tokio::test]
async fn an_order_that_is_approved_again_after_its_cancellation_is_parked() {
    let (world, order) = five_shirts().await;
    cancel(&world, order);
    world.sync_all().await;
    world.minutes(1);
    world
        .joor_now(|joor, now| joor.approve_order(order, now))
        .unwrap();

    passes(&world, 2).await;

    let (codes, told) = world.parked(order).await;
    assert_eq!(codes, ["order-approved-again"]);
    assert!(told.contains("as a new order"), "{told}");
    assert_eq!(world.times_in_shopify(order), 1);
    assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(20, 0, 20));
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

    passes(&world, 2).await;

    assert_eq!(world.shows("WRP-RST-S"), units(7));
    world
        .joor_now(|joor, now| joor.approve_order(order, now))
        .unwrap();
    passes(&world, 1).await;
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
    let change = |order: &mut atsync_sandbox::joor::NewOrder| {
        order.lines[0].quantity = 3;
        order.lines[2] = atsync_sandbox::joor::OrderLine::of(&more, 4, 20_00);
        order
            .lines
            .push(atsync_sandbox::joor::OrderLine::of(&more, 1, 20_00));
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
            .unwrap()
    };
    set(3);
    world.sync().await;
    world.act_on("orders-release", order).await;

    passes(&world, 3).await;
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
            .unwrap()
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

// Shipped.

#[tokio::test]
async fn joor_learns_of_a_shipment_with_its_tracking_numbers_where_the_settings_say_so() {
    for (tracking, status) in [(true, OrderStatus::Shipped), (false, OrderStatus::Approved)] {
        let brand = Brand::with_settings(json!({ "orders": { "tracking": tracking } }));
        let (world, order) = one_order(brand, SPRING, &[("LIN-SND-M", 5)]).await;
        ship(&world, order, "JD-1");

        passes(&world, 2).await;

        let known = world.joor_order(order);
        assert_eq!(known.status, status);
        assert_eq!(known.tracking_number.as_deref(), tracking.then_some("JD-1"));
        assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(15, 0, 15));
        assert_eq!(world.shows("LIN-SND-M"), units(24));
        world.everything_agrees();
    }
}

#[tokio::test]
async fn a_shipment_in_part_is_told_and_the_order_is_shipped_when_the_rest_follows() {
    let (world, order) = one_order(tracked(), SPRING, &[("LIN-SND-M", 5), ("LIN-SND-S", 2)]).await;
    let id = world.in_shopify(order, |order| order.id());
    let shirts = [(world.variant("LIN-SND-M"), 5)];
    world.shop(|shop, now| shop.fulfill_units(id, &shirts, &Tracking::new("DHL", "JD-1"), now));

    passes(&world, 3).await;

    let known = world.joor_order(order);
    assert_eq!(
        (known.status, known.tracking_number.as_deref()),
        (OrderStatus::Approved, Some("JD-1"))
    );
    assert_eq!(
        world.parked(order).await.0,
        Vec::<String>::new(),
        "that is no change of the order"
    );

    ship(&world, order, "JD-2");
    passes(&world, 2).await;
    let known = world.joor_order(order);
    assert_eq!(
        (known.status, known.tracking_number.as_deref()),
        (OrderStatus::Shipped, Some("JD-1, JD-2"))
    );
}

#[tokio::test]
async fn a_shipment_is_told_once_and_also_where_the_search_lags() {
    let mut brand = tracked();
    brand.options.shopify.orders.search_lag_ms = 4 * 60_000;
    let (world, order) = one_order(brand, SPRING, &[("LIN-SND-M", 5)]).await;
    passes(&world, 6).await;
    ship(&world, order, "JD-1");
    let before = world.traffic();

    passes(&world, 20).await;

    assert_eq!(
        world.joor_order(order).tracking_number.as_deref(),
        Some("JD-1")
    );
    // The stock of the shirt is not changed by shipping it.
    assert_eq!(world.traffic().joor_writes, before.joor_writes + 1);
}

#[tokio::test]
async fn a_joor_that_takes_no_shipments_is_reported_and_nothing_else_is_held_up() {
    let mut brand = tracked();
    brand.options.joor.orders.shipping_writes = Writes::Refused;
    let (world, order) = one_order(brand, SPRING, &[("LIN-SND-M", 5)]).await;
    ship(&world, order, "JD-1");
    let other = world.buys(SPRING, &[("LIN-SND-M", 1)]);

    let report = world.sync().await;

    let finding = report.finding("joor-tracking-refused");
    assert!(
        finding["message"]
            .as_str()
            .unwrap()
            .contains(&order.to_string()),
        "{finding}"
    );
    assert_eq!(world.exported(other).0, ExportStatus::Success);

    world.joor(|joor| joor.options.orders.shipping_writes = Writes::Taken);
    world.minutes(1);
    passes(&world, 2).await;
    assert_eq!(
        world.joor_order(order).tracking_number.as_deref(),
        Some("JD-1")
    );
}

// Settled by a person.

#[tokio::test]
async fn a_parked_order_that_is_released_claims_nothing_and_is_not_taken_over() {
    let world = Brand::with_settings(json!({ "claim": "follow-policy" }))
        .open_synced()
        .await;
    let order = world.buys(SPRING, &[("WRP-RST-S", 6)]);
    world.sync().await;
    assert_eq!(world.shows("WRP-RST-S"), units(1));

    world.act_on("orders-release", order).await;
    world.set_stock("WRP-RST-S", "Paris", 20);
    world.minutes(1);
    passes(&world, 3).await;

    assert_eq!(world.orders_in_shopify(), 0);
    assert_eq!(world.shows("WRP-RST-S"), units(22));
    assert_eq!(world.order_shown(order).await["state"], "released");

    world.act_on("orders-retry", order).await;
    passes(&world, 1).await;
    assert_eq!(
        world.stock("WRP-RST-S", "Paris"),
        stock(14, 6, 20),
        "retry takes it up again"
    );
    world.everything_agrees();
}

#[tokio::test]
async fn the_list_of_orders_tells_all_that_a_person_needs() {
    let world = Brand::with_settings(json!({ "claim": "follow-policy" }))
        .open_synced()
        .await;
    let ordinary = world.approved(
        world
            .order_of(SPRING, &[("LIN-SND-M", 5)])
            .purchase_order("PO-1"),
    );
    let atelier = world.buys("MTO", &[("CPE-BLK-38", 2)]);
    let short = world.buys(SPRING, &[("WRP-RST-S", 6)]);
    world.sync().await;

    let orders = world.orders().await;

    let of = |id: OrderId| -> &Value {
        let mut all = orders.iter();
        all.find(|order| order["id"] == id.to_string()).unwrap()
    };
    assert_eq!(
        orders[0]["id"],
        short.to_string(),
        "what a person has to look at comes first"
    );
    let order = of(ordinary);
    let name = world.in_shopify(ordinary, |order| order.name().to_owned());
    assert_eq!(order["state"], "created");
    assert_eq!(order["purchase_order"], "PO-1");
    assert_eq!(order["customer"], "Boutique Canut");
    assert_eq!(order["linesheet"], SPRING);
    assert_eq!(
        (&order["behaviour"], &order["decided_by"]),
        (&json!("DECREMENT_OBEYING_POLICY"), &json!("global"))
    );
    assert_eq!(
        (&order["claimed"], &order["shopify"][0]["name"]),
        (&json!(5), &json!(name))
    );
    assert_eq!(order["told"]["exported"], true);
    let order = of(atelier);
    assert_eq!(
        (&order["behaviour"], &order["claimed"]),
        (&json!("BYPASS"), &json!(0))
    );
    let order = of(short);
    assert_eq!(
        (&order["state"], &order["shopify"]),
        (&json!("waiting"), &json!([]))
    );
    assert_eq!(order["parked"]["troubles"][0]["code"], "order-short");
    assert_eq!(order["told"]["exported"], false);
}

#[tokio::test]
async fn an_order_is_shown_with_the_claim_and_the_reason_of_each_line() {
    let world = Brand::with_settings(json!({ "claim": "follow-policy" }))
        .open_synced()
        .await;
    let order = world.buys(
        SPRING,
        &[("LIN-SND-M", 5), ("SCF-CLY", 4), ("WRP-RST-S", 6)],
    );
    world.sync().await;

    let shown = world.order_shown(order).await;

    let line = |at: usize| {
        let line = &shown["lines"][at];
        let number = |key: &str| line[key].as_i64().unwrap();
        (
            number("number"),
            number("units"),
            number("claim"),
            number("short"),
            line["why"].as_str().unwrap(),
        )
    };
    assert_eq!(line(0), (1, 5, 5, 0, "20 available in Shopify"));
    assert_eq!(
        line(1),
        (
            2,
            4,
            4,
            0,
            "the product continues selling when out of stock"
        )
    );
    assert_eq!(line(2), (3, 6, 5, 1, "5 available in Shopify"));
    let open = shown["open_claim"].as_array().unwrap();
    let units: i64 = open
        .iter()
        .map(|claimed| claimed["units"].as_i64().unwrap())
        .sum();
    assert_eq!(units, 15, "it waits for all that it demands");
}

#[tokio::test]
async fn an_order_that_nobody_knows_is_said_to_be_unknown() {
    let world = Brand::default().open_synced().await;
    let order = json!({ "order": "4711" });
    world
        .ask("orders-show", order.clone())
        .await
        .finding("order-unknown");
    for act in ["orders-retry", "orders-release"] {
        world.act(act, order.clone()).await.finding("order-unknown");
    }
    assert!(world.orders().await.is_empty());
}

// How JOOR learns that an order is in Shopify.

#[tokio::test]
async fn joor_can_be_told_by_reading_instead() {
    for finds in [OrderIdFinds::AnyState, OrderIdFinds::DefaultsOnly] {
        let mut brand = Brand::with_settings(
            json!({ "claim": "follow-policy", "orders": { "acknowledge": "v2" } }),
        );
        brand.options.joor.orders.order_id = finds;
        brand.options.joor.orders.export_writes = Writes::Refused;
        let world = brand.open_synced().await;
        let order = world.buys(SPRING, &[("LIN-SND-M", 5)]);
        let short = world.buys(SPRING, &[("WRP-RST-S", 6)]);

        let report = world.sync().await;

        assert_eq!(world.exported(order).0, ExportStatus::Success, "{finds:?}");
        assert_eq!(
            world.exported(short).0,
            ExportStatus::NotExported,
            "reading can tell success alone"
        );
        assert!(!report.codes().contains(&"joor-acknowledge-refused"));
        let before = world.traffic();
        world.minutes(1);
        passes(&world, 3).await;
        assert_eq!(world.traffic().joor_writes, before.joor_writes, "{finds:?}");
        assert_eq!(world.times_in_shopify(order), 1);
    }
}

#[tokio::test]
async fn a_refused_acknowledgement_is_reported_and_makes_no_second_order() {
    for errors_name_order in [true, false] {
        let mut brand = Brand::default();
        brand.options.joor.orders.export_writes = Writes::Refused;
        brand.options.joor.orders.errors_name_order = errors_name_order;
        let world = brand.open_synced().await;
        let order = world.buys(SPRING, &[("LIN-SND-M", 5)]);

        let report = world.sync().await;

        let finding = report.finding("joor-acknowledge-refused");
        let told = finding.to_string();
        assert!(
            told.contains("export_status is not available yet"),
            "{told}"
        );
        assert!(told.contains("orders.acknowledge"), "{told}");
        world.minutes(1);
        passes(&world, 3).await;
        assert_eq!(world.times_in_shopify(order), 1);
        assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(15, 5, 20));

        world.joor(|joor| joor.options.orders.export_writes = Writes::Taken);
        passes(&world, 1).await;
        assert_eq!(world.exported(order).0, ExportStatus::Success);
        world.everything_agrees();
    }
}

#[tokio::test]
async fn an_acknowledgement_that_joor_passes_over_in_silence_is_repeated_hourly_and_no_order_is() {
    let mut brand = Brand::default();
    brand.options.joor.orders.export_writes = Writes::Ignored;
    let world = brand.open_synced().await;
    let order = world.buys(SPRING, &[("LIN-SND-M", 5)]);
    world.sync().await;
    world.minutes(1);
    let before = world.traffic();

    passes(&world, 130).await;

    assert_eq!(world.times_in_shopify(order), 1);
    assert_eq!(
        world.traffic().joor_writes - before.joor_writes,
        2,
        "in two hours"
    );
    assert_eq!(world.traffic().shopify_writes, before.shopify_writes);
    world.everything_agrees();
}

#[tokio::test]
async fn what_an_export_mark_does_to_an_order_on_joor_parks_nothing() {
    for after_export in [
        AfterExport::Silent,
        AfterExport::MovesModified,
        AfterExport::CountsAsChange,
    ] {
        let mut brand = Brand::default();
        brand.options.joor.orders.after_export = after_export;
        let (world, order) = one_order(brand, SPRING, &[("LIN-SND-M", 5)]).await;
        let before = world.traffic();

        passes(&world, 30).await;

        assert_eq!(
            world.parked(order).await.0,
            Vec::<String>::new(),
            "{after_export:?}"
        );
        assert_eq!(world.times_in_shopify(order), 1, "{after_export:?}");
        assert_eq!(
            world.traffic().joor_writes,
            before.joor_writes,
            "{after_export:?}"
        );
        world.everything_agrees();
    }
}
