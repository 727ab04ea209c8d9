//! Not enough stock, where the policy says to claim only what is there: an order is held, or
//! claims its part; and what several orders demand is summed, the older ones first.

use atsync_sandbox::faults::Fault;
use atsync_sandbox::joor::{Discount, ExportStatus, NewOrder};
use atsync_sandbox::shopify::{Behaviour, ClaimFrom, OrderView, WhenShort};
use atsync_sandbox::wire::Side;
use serde_json::json;

use crate::brand::Brand;
use crate::order_desk::{SPRING, stock};
use crate::world::{World, units};

/// The wrap dress in Rust, S: five in Paris, two in Lyon.
const DRESS: &str = "WRP-RST-S";

async fn holding() -> World {
    Brand::with_settings(json!({ "claim": "follow-policy" }))
        .open_synced()
        .await
}

async fn partial() -> World {
    Brand::with_settings(json!({ "claim": "follow-policy", "orders": { "shortage": "partial" } }))
        .open_synced()
        .await
}

#[tokio::test]
async fn a_short_order_is_held_with_its_short_lines_named_and_joor_is_told() {
    let world = holding().await;
    let order = world.buys(SPRING, &[("LIN-SND-M", 2), (DRESS, 6), ("LIN-INK-L", 1)]);

    let report = world.sync().await;

    assert_eq!(world.orders_in_shopify(), 0);
    assert_eq!(world.stock(DRESS, "Paris"), stock(5, 0, 5));
    let (codes, told) = world.parked(order).await;
    assert_eq!(codes, ["order-short"]);
    assert!(
        told.contains("line 2 (SKU WRP-RST-S): 6 ordered, 5 in stock"),
        "{told}"
    );
    assert!(
        told.contains("line 3 (SKU LIN-INK-L): 1 ordered, 0 in stock"),
        "{told}"
    );
    assert!(!told.contains("line 1"), "{told}");
    report.finding("orders-parked");
    let (status, words) = world.exported(order);
    assert_eq!(status, ExportStatus::Failed);
    assert!(
        words.contains("not enough stock for line 2 (SKU WRP-RST-S)"),
        "{words}"
    );
}

#[tokio::test]
async fn a_held_order_goes_through_when_its_stock_comes_in() {
    let world = holding().await;
    let order = world.buys(SPRING, &[(DRESS, 6)]);
    world.sync().await;
    world.minutes(1);
    world.sync().await;
    assert_eq!(world.orders_in_shopify(), 0, "nothing came in");
    let told = world.joor_order(order).modified_at;

    world.set_stock(DRESS, "Paris", 10);
    world.minutes(1);
    let report = world.sync().await;

    assert!(report.is_done(), "{report:?}");
    assert_eq!(world.stock(DRESS, "Paris"), stock(4, 6, 10));
    assert_eq!(world.exported(order).0, ExportStatus::Success);
    assert_eq!(world.joor_order(order).modified_at, told);
    assert_eq!(world.shows(DRESS), units(6));
    world.everything_agrees();
}

#[tokio::test]
async fn joor_is_told_of_a_shortage_once_and_not_in_every_pass() {
    let world = holding().await;
    world.buys(SPRING, &[(DRESS, 6)]);
    world.sync().await;
    let before = world.traffic();

    for _ in 0..5 {
        world.minutes(1);
        world.sync().await;
    }

    assert_eq!(world.traffic().joor_writes, before.joor_writes);
    assert_eq!(world.traffic().shopify_writes, before.shopify_writes);
}

#[tokio::test]
async fn a_held_order_whose_lines_are_reduced_on_joor_goes_through() {
    let world = holding().await;
    let order = world.buys(SPRING, &[(DRESS, 6)]);
    world.sync().await;
    world.minutes(1);

    world
        .joor_now(|joor, now| joor.change_quantity(order, 0, 5, now))
        .unwrap();
    world.sync().await;

    assert_eq!(world.stock(DRESS, "Paris"), stock(0, 5, 5));
    assert_eq!(world.exported(order).0, ExportStatus::Success);
    world.everything_agrees();
}

#[tokio::test]
async fn a_partial_claim_takes_what_is_there_and_the_rest_is_a_second_order_that_claims_nothing() {
    let world = partial().await;
    let order = world.order_of(SPRING, &[("LIN-SND-M", 2), (DRESS, 7)]);
    let order = order
        .discount(Discount::Amount(33_33))
        .shipping_total(12_00);
    let order = world.approved(order);

    let report = world.sync().await;

    assert!(report.is_done(), "{report:?}");
    let of = |order: &OrderView<'_>| {
        let lines = order
            .lines()
            .map(|line| (line.sku().unwrap().to_owned(), line.quantity()));
        (order.behaviour(), lines.collect::<Vec<_>>())
    };
    let (shirts, dresses) = ("LIN-SND-M".to_owned(), DRESS.to_owned());
    assert_eq!(
        world.in_shopify(order, of),
        (
            Behaviour::ObeyingPolicy,
            vec![(shirts, 2), (dresses.clone(), 5)]
        )
    );
    assert_eq!(
        world.back_order(order, of),
        (Behaviour::Bypass, vec![(dresses, 2)])
    );
    let tagged = |order: &OrderView<'_>| order.tags().contains(&"back order".to_owned());
    assert!(world.back_order(order, tagged) && !world.in_shopify(order, tagged));
    assert_eq!(world.stock(DRESS, "Paris"), stock(0, 5, 5));
    let total = |order: &OrderView<'_>| order.total().parse::<f64>().unwrap();
    let cents = (world.in_shopify(order, total) + world.back_order(order, total)) * 100.0;
    assert_eq!(format!("{cents:.0}"), "38367", "9 × 45.00 − 33.33 + 12.00");
    let (status, words) = world.exported(order);
    assert_eq!(status, ExportStatus::Success);
    assert!(words.contains("(back order)"), "{words}");
    world.everything_agrees();
}

#[tokio::test]
async fn an_order_of_which_shopify_has_only_the_claimed_part_holds_nothing_beside_it() {
    let world = partial().await;
    let slow = Fault::TooManyRequests(Some(90));
    world.faults(|faults| faults.after(Side::Shopify, "OrderCreate", slow, 1, 1));
    let order = world.buys(SPRING, &[(DRESS, 7)]);
    world.sync().await;
    let change = |order: &mut NewOrder| order.purchase_order = Some("PO-2".into());
    world
        .joor_now(|joor, now| joor.change_order(order, change, now))
        .unwrap();

    world.minutes(2);
    world.passes(2).await;

    let (codes, _) = world.parked(order).await;
    assert_eq!(codes, ["order-half-created"]);
    assert_eq!(world.order_shown(order).await["state"], "sending");
    assert_eq!(world.stock(DRESS, "Paris"), stock(0, 5, 5));
    assert_eq!(world.shows(DRESS), units(2), "those in Lyon");
    world.set_stock(DRESS, "Paris", 4);
    let looked_up = world.asked("OrderFind");
    world.passes(2).await;
    assert_eq!(world.shows(DRESS), units(6));
    assert_eq!(world.asked("OrderFind"), looked_up, "nothing is in doubt");
    assert_eq!(
        world.parked(order).await.0,
        codes,
        "the rest goes on waiting"
    );
}

#[tokio::test]
async fn the_rest_of_an_order_follows_and_what_is_there_is_not_asked_about_again() {
    let world = partial().await;
    let slow = Fault::TooManyRequests(Some(90));
    world.faults(|faults| faults.after(Side::Shopify, "OrderCreate", slow, 1, 1));
    let order = world.buys(SPRING, &[(DRESS, 7)]);
    world.sync().await;
    assert_eq!(world.times_in_shopify(order), 1);
    let asked = (world.asked("OrderState"), world.asked("OrderFind"));
    world.minutes(2);

    world.sync().await;

    assert_eq!(world.back_order(order, |o| o.total()), "90.0");
    assert_eq!(world.exported(order).0, ExportStatus::Success);
    assert_eq!((world.asked("OrderState"), world.asked("OrderFind")), asked);
}

#[tokio::test]
async fn a_partial_claim_of_nothing_is_a_back_order_alone() {
    let world = partial().await;
    let order = world.buys(SPRING, &[("LIN-INK-L", 3)]);

    world.sync().await;

    assert_eq!(world.times_in_shopify(order), 0);
    assert_eq!(
        world.back_order(order, |o| o.behaviour()),
        Behaviour::Bypass
    );
    assert_eq!(world.stock("LIN-INK-L", "Paris"), stock(0, 0, 0));
    assert_eq!(world.exported(order).0, ExportStatus::Success);
    world.everything_agrees();
}

#[tokio::test]
async fn what_several_lines_demand_of_one_sku_is_summed() {
    let world = holding().await;
    let order = world.buys(SPRING, &[(DRESS, 3), ("LIN-SND-M", 1), (DRESS, 3)]);

    world.sync().await;

    let (_, told) = world.parked(order).await;
    assert!(
        told.contains("line 3 (SKU WRP-RST-S): 3 ordered, 2 in stock"),
        "{told}"
    );
    assert!(!told.contains("line 1"), "{told}");
    assert_eq!(world.shows(DRESS), units(1), "7 less all that it demands");
}

#[tokio::test]
async fn what_waiting_orders_demand_is_summed_and_the_older_one_goes_first() {
    let world = holding().await;
    let newer = world.order_of(SPRING, &[(DRESS, 3)]);
    let newer = world.joor_now(|joor, now| joor.place_order(newer, now));
    let older = world.buys(SPRING, &[(DRESS, 4)]);
    world.minutes(1);
    // Its number is the lower one, and it was approved later.
    world
        .joor_now(|joor, now| joor.approve_order(newer, now))
        .unwrap();

    world.sync().await;

    assert_eq!(
        (world.times_in_shopify(older), world.times_in_shopify(newer)),
        (1, 0)
    );
    let (_, told) = world.parked(newer).await;
    assert!(told.contains("3 ordered, 1 in stock"), "{told}");
    assert_eq!(world.shows(DRESS), units(0), "7 less 4 and 3");
}

#[tokio::test]
async fn a_newer_order_does_not_overtake_an_older_one_that_is_held() {
    let world = holding().await;
    let older = world.buys(SPRING, &[(DRESS, 6)]);
    world.minutes(1);
    let newer = world.buys(SPRING, &[(DRESS, 2)]);
    let report = world.sync().await;
    assert_eq!(world.orders_in_shopify(), 0);
    assert_eq!(report.count("orders_open"), 2);
    let told = &report.finding("orders-parked")["message"];
    assert!(
        told.as_str()
            .unwrap()
            .starts_with("2 orders are not taken over"),
        "{told}"
    );

    world
        .joor_now(|joor, now| joor.cancel_order(older, now))
        .unwrap();
    world.minutes(1);
    world.sync().await;

    assert_eq!(
        (world.times_in_shopify(older), world.times_in_shopify(newer)),
        (0, 1)
    );
    assert_eq!(world.stock(DRESS, "Paris"), stock(3, 2, 5));
    world.everything_agrees();
}

#[tokio::test]
async fn stock_that_shopify_refuses_to_claim_holds_the_order_until_it_changes() {
    for (when_short, words) in [
        (WhenShort::RefuseInvalid, "Unable to reserve inventory"),
        (WhenShort::RefuseClaimFailed, "Unable to reserve inventory"),
    ] {
        let mut brand = Brand::with_settings(json!({ "claim": "follow-policy" }));
        brand.options.shopify.orders.when_short = when_short;
        brand.options.shopify.orders.claim_from = ClaimFrom::First;
        let world = brand.open_synced().await;
        // Shopify looks in Lyon alone, where there are two; Paris has the five.
        let routing = [world.location("Lyon"), world.location("Paris")];
        world.shop(|shop, _| shop.set_routing(&routing));
        let order = world.buys(SPRING, &[(DRESS, 4)]);
        let other = world.buys(SPRING, &[("LIN-SND-M", 1)]);

        world.sync().await;

        let (codes, told) = world.parked(order).await;
        assert_eq!(codes, ["order-claim-failed"], "{when_short:?}");
        assert!(told.contains(words) && told.contains(DRESS), "{told}");
        assert_eq!(world.exported(order).0, ExportStatus::Failed);
        assert_eq!(world.times_in_shopify(other), 1, "all others go on");
        assert_eq!(
            world.shows(DRESS),
            units(3),
            "7 less the 4 that it waits for"
        );

        world.minutes(1);
        let before = world.traffic();
        world.sync().await;
        assert_eq!(
            world.traffic().shopify_writes,
            before.shopify_writes,
            "it is not asked again"
        );

        world.set_stock(DRESS, "Lyon", 8);
        world.set_stock(DRESS, "Paris", 6);
        world.minutes(1);
        world.sync().await;
        assert_eq!(world.stock(DRESS, "Paris"), stock(2, 4, 6));
        assert_eq!(world.stock(DRESS, "Lyon"), stock(8, 0, 8));
        world.everything_agrees();
    }
}

#[tokio::test]
async fn a_shop_that_claims_a_part_instead_of_refusing_makes_one_order_and_true_numbers() {
    let mut brand = Brand::with_settings(json!({ "claim": "follow-policy" }));
    brand.options.shopify.orders.when_short = WhenShort::ClaimPart;
    brand.options.shopify.orders.claim_from = ClaimFrom::First;
    let world = brand.open_synced().await;
    let routing = [world.location("Lyon"), world.location("Paris")];
    world.shop(|shop, _| shop.set_routing(&routing));
    let order = world.buys(SPRING, &[(DRESS, 4)]);

    for _ in 0..3 {
        world.sync().await;
        world.minutes(1);
    }

    assert_eq!(world.times_in_shopify(order), 1);
    assert_eq!(
        world.in_shopify(order, |o| o.locations()),
        [world.location("Paris")]
    );
    assert_eq!(
        world.stock(DRESS, "Paris"),
        stock(3, 2, 5),
        "Shopify claimed the two of Lyon"
    );
    world.everything_agrees();
}

#[tokio::test]
async fn a_shop_that_claims_nothing_of_an_order_is_told_of_and_its_numbers_are_taken_as_they_are() {
    let mut brand = Brand::with_settings(json!({ "claim": "follow-policy" }));
    brand.options.shopify.orders.when_short = WhenShort::ClaimPart;
    brand.options.shopify.orders.claim_from = ClaimFrom::First;
    let world = brand.open_synced().await;
    let routing = [world.location("Lyon"), world.location("Paris")];
    world.shop(|shop, _| shop.set_routing(&routing));
    world.set_stock(DRESS, "Lyon", 0);
    let order = world.buys(SPRING, &[(DRESS, 4)]);
    world.sync().await;
    assert_eq!(world.stock(DRESS, "Paris"), stock(5, 0, 5));
    assert_eq!(
        world.shows(DRESS),
        units(1),
        "it waits for the claim to show"
    );

    world.minutes(20);
    let report = world.sync().await;

    let finding = report.finding("order-claim-not-shown");
    assert!(
        finding.to_string().contains(&order.to_string()),
        "{finding}"
    );
    world.minutes(1);
    world.sync().await;
    world.everything_agrees();
}
