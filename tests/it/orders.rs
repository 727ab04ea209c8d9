//! How an order from JOOR claims Shopify stock: each row of the policy's table and each scope
//! that may decide, with what both sides count afterwards.

use atsync_sandbox::joor::{Ats, ExportStatus};
use atsync_sandbox::shopify::{Behaviour, ClaimFrom};
use serde_json::json;

use crate::brand::Brand;
use crate::order_desk::{SPRING, stock};
use crate::world::{World, units};

async fn brand_with(settings: serde_json::Value) -> World {
    Brand::with_settings(settings).open_synced().await
}

// The rows of the table.

#[tokio::test]
async fn an_order_on_the_linesheet_mto_reduces_no_stock_whatever_is_set() {
    let world = brand_with(json!({
        "claim": "always-claim",
        "linesheets": [{ "code": "MTO", "claim": "always-claim" }],
    }))
    .await;
    let cape = world.stock("CPE-BLK-38", "Paris");
    let order = world.buys("MTO", &[("CPE-BLK-38", 12), ("LIN-SND-M", 3)]);

    world.sync().await;

    assert_eq!(
        world.in_shopify(order, |o| o.behaviour()),
        Behaviour::Bypass
    );
    assert_eq!(world.decision(order).await, "BYPASS by linesheet code MTO");
    assert_eq!(world.stock("CPE-BLK-38", "Paris"), cape);
    assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(20, 0, 20));
    assert_eq!(world.shows("CPE-BLK-38"), Ats::NoRecord);
    assert_eq!(world.shows("LIN-SND-M"), units(29));
    world.everything_agrees();
}

#[tokio::test]
async fn an_order_is_always_claimed_below_zero_if_need_be() {
    let world = brand_with(json!({
        "claim": "follow-policy",
        "linesheets": [{ "code": SPRING, "claim": "always-claim" }],
    }))
    .await;
    assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(20, 0, 20));
    let order = world.buys(SPRING, &[("LIN-SND-M", 25)]);

    world.sync().await;

    let behaviour = world.in_shopify(order, |o| o.behaviour());
    assert_eq!(behaviour, Behaviour::IgnoringPolicy);
    assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(-5, 25, 20));
    assert_eq!(world.stock("LIN-SND-M", "Lyon"), stock(9, 0, 9));
    assert_eq!(world.shows("LIN-SND-M"), units(4));
    world.everything_agrees();
}

#[tokio::test]
async fn an_order_that_follows_the_policy_is_claimed_if_there_is_enough() {
    let world = brand_with(json!({
        "linesheets": [{ "code": SPRING, "claim": "follow-policy" }],
    }))
    .await;
    let order = world.buys(SPRING, &[("LIN-SND-M", 20)]);

    world.sync().await;

    let behaviour = world.in_shopify(order, |o| o.behaviour());
    assert_eq!(behaviour, Behaviour::ObeyingPolicy);
    assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(0, 20, 20));
    assert_eq!(world.shows("LIN-SND-M"), units(9));
    world.everything_agrees();
}

#[tokio::test]
async fn an_order_that_follows_the_policy_claims_nothing_that_is_not_there() {
    let world = brand_with(json!({
        "linesheets": [{ "code": SPRING, "claim": "follow-policy" }],
    }))
    .await;
    let order = world.buys(SPRING, &[("LIN-SND-M", 21)]);

    world.sync().await;

    assert_eq!(world.times_in_shopify(order), 0);
    assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(20, 0, 20));
    assert_eq!(
        world.shows("LIN-SND-M"),
        units(8),
        "29 less what it waits for"
    );
}

#[tokio::test]
async fn a_product_that_continues_selling_is_claimed_under_the_policy_too() {
    let world = brand_with(json!({ "claim": "follow-policy" })).await;
    let order = world.buys(SPRING, &[("SCF-CLY", 6)]);

    world.sync().await;

    let behaviour = world.in_shopify(order, |o| o.behaviour());
    assert_eq!(behaviour, Behaviour::ObeyingPolicy);
    assert_eq!(world.stock("SCF-CLY", "Paris"), stock(-4, 6, 2));
    assert_eq!(world.shows("SCF-CLY"), units(0));
    let line = &world.order_shown(order).await["lines"][0];
    assert_eq!((&line["claim"], &line["short"]), (&json!(6), &json!(0)));
    let why = line["why"].as_str().unwrap();
    assert!(why.contains("continues selling"), "{why}");
    world.everything_agrees();
}

#[tokio::test]
async fn the_product_decides_for_each_line_of_an_order_by_itself() {
    let world = brand_with(json!({ "claim": "follow-policy" })).await;
    let order = world.buys(
        SPRING,
        &[("SCF-CLY", 6), ("WRP-RST-S", 6), ("LIN-SND-M", 2)],
    );

    world.sync().await;

    let (codes, told) = world.parked(order).await;
    assert_eq!(codes, ["order-short"]);
    assert!(
        told.contains("line 2 (SKU WRP-RST-S): 6 ordered, 5 in stock"),
        "{told}"
    );
    assert!(
        !told.contains("SCF-CLY") && !told.contains("LIN-SND-M"),
        "{told}"
    );
}

#[tokio::test]
async fn a_product_that_nobody_counts_is_sold_and_not_claimed() {
    let world = brand_with(json!({ "claim": "follow-policy" })).await;
    let order = world.buys("480003", &[("TOT-NAT", 40)]);

    world.sync().await;

    assert_eq!(world.in_shopify(order, |o| o.lines().count()), 1);
    assert_eq!(world.stock("TOT-NAT", "Paris").committed, 0);
    world.everything_agrees();
}

// The scopes.

#[tokio::test]
async fn without_any_setting_orders_are_always_claimed() {
    let world = Brand::default().open_synced().await;
    let order = world.buys(SPRING, &[("WRP-RST-M", 2)]);

    world.sync().await;

    assert_eq!(
        world.decision(order).await,
        "DECREMENT_IGNORING_POLICY by global"
    );
    assert_eq!(world.stock("WRP-RST-M", "Paris"), stock(-5, 2, -3));
}

#[tokio::test]
async fn the_code_mto_goes_before_the_linesheet_and_that_before_the_global_setting() {
    let obeying = "DECREMENT_OBEYING_POLICY";
    let ignoring = "DECREMENT_IGNORING_POLICY";
    for (global, other) in [
        ("always-claim", "follow-policy"),
        ("follow-policy", "always-claim"),
    ] {
        let world = brand_with(json!({
            "claim": global,
            "linesheets": [
                { "code": "MTO", "claim": other },
                { "code": "480001", "claim": other },
                { "code": "480003" },
            ],
        }))
        .await;
        let by = |claim| {
            if claim == "always-claim" {
                ignoring
            } else {
                obeying
            }
        };
        for (linesheet, decided) in [
            ("MTO", "BYPASS by linesheet code MTO".to_owned()),
            ("480001", format!("{} by linesheet \"480001\"", by(other))),
            ("480003", format!("{} by global", by(global))),
        ] {
            let order = world.buys(linesheet, &[("LIN-SND-M", 1)]);
            world.sync().await;
            assert_eq!(world.decision(order).await, decided, "{global}");
            let sent = world.in_shopify(order, |o| o.behaviour().name());
            assert!(decided.starts_with(sent), "{decided}, sent {sent}");
            world.minutes(1);
        }
        world.everything_agrees();
    }
}

#[tokio::test]
async fn linesheet_codes_are_the_same_in_any_case() {
    let world = brand_with(json!({
        "linesheets": [{ "code": "ss27-Paris", "claim": "follow-policy" }],
    }))
    .await;
    for (linesheet, decided) in [
        (
            "SS27-PARIS",
            "DECREMENT_OBEYING_POLICY by linesheet \"SS27-PARIS\"",
        ),
        ("mto", "BYPASS by linesheet code mto"),
    ] {
        let order = world.buys(linesheet, &[("LIN-SND-M", 1)]);
        let report = world.sync().await;
        assert_eq!(world.decision(order).await, decided);
        assert!(!report.codes().contains(&"order-linesheet-not-in-settings"));
        world.minutes(1);
    }
}

#[tokio::test]
async fn a_linesheet_that_the_settings_do_not_name_goes_by_the_global_policy_and_is_told() {
    let world = brand_with(json!({
        "claim": "follow-policy",
        "linesheets": [{ "code": "480003", "claim": "always-claim" }],
    }))
    .await;
    let order = world.buys("FW99", &[("LIN-SND-M", 1)]);

    let report = world.sync().await;

    let finding = report.finding("order-linesheet-not-in-settings");
    assert!(finding["message"].as_str().unwrap().contains("FW99"));
    assert_eq!(
        world.decision(order).await,
        "DECREMENT_OBEYING_POLICY by global"
    );
    assert_eq!(world.times_in_shopify(order), 1);
}

#[tokio::test]
async fn a_check_warns_of_the_linesheet_code_mto() {
    let world = Brand::default().open_synced().await;

    let report = world.check().await;

    let finding = report.finding("linesheet-code-mto");
    let message = finding["message"].as_str().unwrap();
    assert!(
        message.contains("Atelier") && message.contains("do not reduce stock"),
        "{message}"
    );
    let mut brand = Brand::default();
    brand.linesheets.retain(|linesheet| linesheet.code != "MTO");
    let report = brand.open().await.check().await;
    assert!(!report.codes().contains(&"linesheet-code-mto"));
}

// Where.

#[tokio::test]
async fn an_order_that_shopify_routes_elsewhere_is_moved_to_the_default_location() {
    let world = Brand::default().open_synced().await;
    let routing = ["Milan", "Lyon", "Paris"].map(|name| world.location(name));
    world.shop(|shop, _| shop.set_routing(&routing));
    let order = world.buys(SPRING, &[("LIN-SND-M", 4)]);

    let report = world.sync().await;

    assert_eq!(report.count("orders_moved"), 1);
    let (paris, lyon) = (
        world.stock("LIN-SND-M", "Paris"),
        world.stock("LIN-SND-M", "Lyon"),
    );
    assert_eq!((paris, lyon), (stock(16, 4, 20), stock(9, 0, 9)));
    assert_eq!(world.in_shopify(order, |o| o.locations()), [routing[2]]);
    assert_eq!(
        world.in_shopify(order, |o| o.fulfillment_status()),
        "UNFULFILLED"
    );
    assert_eq!(world.shows("LIN-SND-M"), units(25));
    world.everything_agrees();
}

#[tokio::test]
async fn an_order_can_be_assigned_to_another_location_than_the_default_one() {
    let world = brand_with(json!({ "orders": { "location": "Lyon" } })).await;
    let order = world.buys(SPRING, &[("LIN-SND-M", 4)]);

    world.sync().await;

    assert_eq!(
        world.in_shopify(order, |o| o.locations()),
        [world.location("Lyon")]
    );
    assert_eq!(world.stock("LIN-SND-M", "Lyon"), stock(5, 4, 9));
    assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(20, 0, 20));
    world.everything_agrees();
}

#[tokio::test]
async fn no_order_is_fulfilled_from_several_locations() {
    let mut brand = Brand::default();
    brand.options.shopify.orders.claim_from = ClaimFrom::Spread;
    let world = brand.open_synced().await;
    let order = world.buys(SPRING, &[("LIN-SND-M", 26)]);

    world.sync().await;

    let paris = world.location("Paris");
    let at = world.in_shopify(order, |o| o.locations());
    assert!(at.iter().all(|location| *location == paris), "{at:?}");
    assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(-6, 26, 20));
    assert_eq!(world.stock("LIN-SND-M", "Lyon"), stock(9, 0, 9));
    world.everything_agrees();
}

#[tokio::test]
async fn a_default_location_that_does_not_feed_joor_is_a_finding() {
    let world = brand_with(json!({ "default_location": "Milan" })).await;

    let report = world.sync().await;

    let finding = report.finding("default-location-not-synced");
    assert!(finding["message"].as_str().unwrap().contains("Milan"));
}

#[tokio::test]
async fn joor_is_told_that_an_order_is_in_shopify_and_by_which_name() {
    let world = Brand::default().open_synced().await;
    let order = world.buys(SPRING, &[("LIN-SND-M", 1)]);

    world.sync().await;

    let name = world.in_shopify(order, |o| o.name().to_owned());
    assert_eq!(
        world.exported(order),
        (ExportStatus::Success, format!("In Shopify as {name}."))
    );
}
