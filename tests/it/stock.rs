//! Stock changes in Shopify, and JOOR follows.

use atsync_sandbox::joor::Ats;
use atsync_sandbox::shopify::State;
use serde_json::json;

use crate::brand::Brand;
use crate::world::units;

#[tokio::test]
async fn the_first_sync_brings_joor_in_step() {
    let world = Brand::default().open().await;
    assert_eq!(
        world.shows("LIN-SND-M"),
        Ats::NoRecord,
        "JOOR knows of no stock yet"
    );

    let report = world.sync().await;

    assert!(report.is_done(), "{report:?}");
    world.everything_agrees();
    // "ATS, from whichever location(s) you specify": 20 in Paris and 9 in Lyon.
    assert_eq!(world.shows("LIN-SND-M"), units(29));
    assert_eq!(
        report.count("styles"),
        5,
        "the draft was never made a style on JOOR"
    );
}

#[tokio::test]
async fn a_stock_change_at_one_of_several_locations_arrives() {
    let world = Brand::default().open_synced().await;
    world.set_stock("LIN-SND-M", "Lyon", 2);

    let report = world.sync().await;

    assert_eq!(world.shows("LIN-SND-M"), units(22));
    assert_eq!(report.count("rows_published"), 1, "nothing else is told");
    world.everything_agrees();
}

#[tokio::test]
async fn a_change_at_a_location_that_was_not_chosen_changes_nothing() {
    let world = Brand::default().open_synced().await;
    world.set_stock("LIN-SND-M", "Milan", 500);
    let before = world.traffic();

    world.sync().await;

    assert_eq!(world.shows("LIN-SND-M"), units(29));
    assert_eq!(world.traffic().joor_writes, before.joor_writes);
}

#[tokio::test]
async fn a_sale_in_the_shop_is_taken_from_what_joor_shows() {
    let world = Brand::default().open_synced().await;
    let (variant, paris) = (world.variant("LIN-INK-S"), world.location("Paris"));
    world.shop(|shop, now| shop.sell(variant, paris, 3, now));

    world.sync().await;

    assert_eq!(world.shows("LIN-INK-S"), units(7));
}

#[tokio::test]
async fn a_sold_out_sku_gets_an_explicit_zero() {
    let world = Brand::default().open_synced().await;
    world.set_stock("LIN-SND-S", "Paris", 0);
    world.set_stock("LIN-SND-S", "Lyon", 0);

    world.sync().await;

    assert_eq!(world.shows("LIN-SND-S"), units(0));
    assert_eq!(
        world.shows("LIN-INK-L"),
        units(0),
        "it was sold out from the beginning"
    );
}

#[tokio::test]
async fn an_oversold_sku_shows_zero_and_its_explanation_tells_how_many() {
    let world = Brand::default().open_synced().await;
    assert_eq!(
        world.shows("WRP-RST-M"),
        units(0),
        "3 more were sold than there were"
    );

    let answer = world.ask("explain", json!({ "sku": "WRP-RST-M" })).await;

    let row = &answer.json["data"]["skus"][0]["rows"][0];
    assert_eq!(row["value"], "0", "{row:#}");
    assert_eq!(row["oversold"], 3);
}

#[tokio::test]
async fn two_warehouses_are_fed_by_different_locations() {
    let mut brand = Brand::with_settings(json!({ "warehouses": [
        { "name": "Default", "locations": ["Paris"] },
        { "name": "South", "locations": ["Lyon"], "verified": true },
    ]}));
    brand.options.joor.warehouses.push("South".to_owned());
    let world = brand.open_synced().await;
    assert_eq!(world.shows_in("LIN-SND-M", "Default"), units(20));
    assert_eq!(world.shows_in("LIN-SND-M", "South"), units(9));
    world.set_stock("LIN-SND-M", "Lyon", 1);

    let report = world.sync().await;

    assert_eq!(world.shows_in("LIN-SND-M", "Default"), units(20));
    assert_eq!(world.shows_in("LIN-SND-M", "South"), units(1));
    assert_eq!(report.count("rows_published"), 1);
}

#[tokio::test]
async fn one_location_may_feed_two_warehouses() {
    let mut brand = Brand::with_settings(json!({ "warehouses": [
        { "name": "Default", "locations": ["Paris", "Lyon"] },
        { "name": "South", "locations": ["Lyon"], "verified": true },
    ]}));
    brand.options.joor.warehouses.push("South".to_owned());
    let world = brand.open_synced().await;
    world.set_stock("LIN-SND-M", "Lyon", 1);

    world.sync().await;

    assert_eq!(world.shows_in("LIN-SND-M", "Default"), units(21));
    assert_eq!(world.shows_in("LIN-SND-M", "South"), units(1));
}

#[tokio::test]
async fn a_location_that_begins_to_stock_a_style_counts_and_one_that_ends_counts_no_more() {
    let world = Brand::default().open_synced().await;
    let (variant, lyon) = (world.variant("LIN-SND-M"), world.location("Lyon"));

    world.shop(|shop, now| shop.unstock(variant, lyon, now));
    world.sync_all().await;
    world.hours(25);
    world.sync_all().await;
    assert_eq!(world.shows("LIN-SND-M"), units(20));

    world.set_stock("LIN-SND-M", "Lyon", 5);
    world.sync().await;
    assert_eq!(world.shows("LIN-SND-M"), units(25));
}

#[tokio::test]
async fn units_on_hand_or_committed_are_not_available() {
    let world = Brand::default().open_synced().await;
    let (variant, paris) = (world.variant("LIN-SND-M"), world.location("Paris"));
    world.shop(|shop, now| shop.set_units(variant, paris, State::Committed, 40, now));

    world.sync().await;

    assert_eq!(world.shows("LIN-SND-M"), units(29));
    world.everything_agrees();
}
