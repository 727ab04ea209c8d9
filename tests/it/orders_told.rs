//! How JOOR learns what became of its orders, and what a person sees of them and does with them.

use atsync::engine::reconcile::Write;
use atsync_sandbox::joor::{AfterExport, ExportStatus, OrderId, OrderIdFinds, OrderStatus, Writes};
use atsync_sandbox::shopify::Tracking;
use serde_json::{Value, json};

use crate::brand::{Brand, merge};
use crate::cut::cut_after;
use crate::order_desk::{SPRING, one_order, stock};
use crate::world::{NAME, World, units};

fn tracked() -> Brand {
    Brand::with_settings(json!({ "orders": { "tracking": true } }))
}

// Shipped.

#[tokio::test]
async fn joor_learns_of_a_shipment_with_its_tracking_numbers_where_the_settings_say_so() {
    for (tracking, status) in [(true, OrderStatus::Shipped), (false, OrderStatus::Approved)] {
        let brand = Brand::with_settings(json!({ "orders": { "tracking": tracking } }));
        let (world, order) = one_order(brand, SPRING, &[("LIN-SND-M", 5)]).await;
        world.ships(order, "JD-1");

        world.passes(2).await;

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

    world.passes(3).await;

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

    world.ships(order, "JD-2");
    world.passes(2).await;
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
    world.passes(6).await;
    world.ships(order, "JD-1");
    let before = world.traffic();

    world.passes(20).await;

    assert_eq!(
        world.joor_order(order).tracking_number.as_deref(),
        Some("JD-1")
    );
    // The stock of the shirt is not changed by shipping it.
    assert_eq!(world.traffic().joor_writes, before.joor_writes + 1);
}

#[tokio::test]
async fn what_was_shipped_while_nothing_ran_is_told() {
    let (world, order) = one_order(tracked(), SPRING, &[("LIN-SND-M", 5)]).await;
    world.passes(12).await;
    world.ships(order, "JD-1");
    world.hours(3);

    world.sync().await;

    let known = world.joor_order(order).tracking_number;
    assert_eq!(known.as_deref(), Some("JD-1"));
}

#[tokio::test]
async fn a_joor_that_takes_no_shipments_is_reported_and_nothing_else_is_held_up() {
    let mut brand = tracked();
    brand.options.joor.orders.shipping_writes = Writes::Refused;
    let (world, order) = one_order(brand, SPRING, &[("LIN-SND-M", 5)]).await;
    world.ships(order, "JD-1");
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
    world.passes(2).await;
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
    world.passes(3).await;

    assert_eq!(world.orders_in_shopify(), 0);
    assert_eq!(world.shows("WRP-RST-S"), units(22));
    assert_eq!(world.order_shown(order).await["state"], "released");

    world.act_on("orders-retry", order).await;
    world.passes(1).await;
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
async fn of_many_orders_all_are_listed_that_are_open_or_parked_and_the_newest_of_the_others() {
    let (world, order) = one_order(Brand::default(), SPRING, &[("LIN-SND-M", 5)]).await;
    let finished: Value = serde_json::from_str(&world.ledger()[&format!("order/{order}")]).unwrap();
    let newer = (0..205).map(|number| (format!("newer-{number}"), json!({})));
    let parked = json!({ "at": 1, "troubles": [] });
    let old = [
        ("open", json!({ "read_at": 1, "state": "sending" })),
        ("parked", json!({ "read_at": 1, "parked": parked })),
        ("oldest", json!({ "read_at": 1 })),
    ];
    let old = old.map(|(id, differs)| (id.to_owned(), differs));
    let written = newer.chain(old).map(|(id, differs)| {
        let mut entry = finished.clone();
        merge(&mut entry, differs);
        entry["id"] = json!(id);
        let (key, value) = (format!("order/{id}"), Some(entry.to_string()));
        Write { key, value }
    });
    let written: Vec<Write> = written.collect();
    world.store.ledger(NAME).commit(&written).unwrap();

    let report = world.ask("orders", json!({})).await;

    let listed = report.json["data"]["orders"].as_array().unwrap();
    let ids: Vec<&str> = listed.iter().map(|o| o["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 202);
    assert_eq!(report.count("orders_finished_not_listed"), 7);
    assert!(ids.contains(&"open") && ids.contains(&"parked"), "{ids:?}");
    assert!(!ids.contains(&"oldest"), "{ids:?}");
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
        world.passes(3).await;
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
        world.passes(3).await;
        assert_eq!(world.times_in_shopify(order), 1);
        assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(15, 5, 20));

        world.joor(|joor| joor.options.orders.export_writes = Writes::Taken);
        world.passes(1).await;
        assert_eq!(world.exported(order).0, ExportStatus::Success);
        world.everything_agrees();
    }
}

/// Effects of the quietest of some passes.
async fn effects_of_a_pass(world: &World) -> usize {
    let mut fewest = usize::MAX;
    for _ in 0..6 {
        fewest = fewest.min(cut_after(world, usize::MAX).await);
        world.minutes(1);
    }
    fewest
}

#[tokio::test]
async fn a_pass_is_no_longer_for_an_order_that_joor_takes_no_note_of() {
    let mut brand = Brand::default();
    brand.options.joor.orders.export_writes = Writes::Refused;
    let world = brand.open_synced().await;
    world.buys(SPRING, &[("LIN-SND-M", 5)]);
    world.passes(2).await;
    let of_one = effects_of_a_pass(&world).await;
    world.buys(SPRING, &[("LIN-SND-M", 1)]);
    world.passes(2).await;

    let of_two = effects_of_a_pass(&world).await;

    assert_eq!(of_two, of_one);
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

    world.passes(130).await;

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

        world.passes(30).await;

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
