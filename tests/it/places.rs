//! Locations and warehouses: unknown, closed, misspelt. What is not known is withheld, never
//! emptied.

use atsync::engine::reconcile::Verdict;
use atsync_sandbox::joor::{Ats, UnknownWarehouse};
use serde_json::{Value, json};

use crate::brand::Brand;
use crate::report::Report;
use crate::world::units;

/// Paris feeds Default, Lyon feeds South.
fn two_warehouses() -> Brand {
    let mut brand = warehouse("South", false);
    brand.options.joor.warehouses.push("South".to_owned());
    brand
}

fn warehouse(south: &str, verified: bool) -> Brand {
    Brand::with_settings(json!({ "warehouses": [
        { "name": "Default", "locations": ["Paris"] },
        { "name": south, "locations": ["Lyon"], "verified": verified },
    ]}))
}

#[expect(clippy::needless_pass_by_value, reason = "callers write a literal")]
fn default_from(locations: Value) -> Brand {
    Brand::with_settings(json!({ "warehouses": [{ "name": "Default", "locations": locations }] }))
}

#[track_caller]
fn fix<'r>(report: &'r Report, code: &str) -> &'r str {
    report.finding(code)["fix"].as_str().unwrap()
}

#[tokio::test]
async fn for_a_warehouse_that_joor_does_not_have_nothing_is_sent() {
    for unknown in [UnknownWarehouse::Default, UnknownWarehouse::Nowhere] {
        let mut brand = warehouse("Sout", false);
        brand.options.joor.warehouses.push("South".to_owned());
        brand.options.joor.unknown_warehouse = unknown;
        let world = brand.open().await;

        let report = world.sync().await;

        assert_eq!(report.verdict, Verdict::Attention);
        assert_eq!(
            report.finding("warehouse-unverified")["path"],
            "/warehouses/1/name"
        );
        assert!(fix(&report, "warehouse-unverified").contains("\"South\""));
        // Stock for an unknown warehouse would have landed in Default.
        assert_eq!(world.shows("LIN-SND-M"), units(20));
        assert_eq!(world.shows_in("LIN-SND-M", "South"), Ats::NoRecord);
    }
}

#[tokio::test]
async fn a_warehouse_is_known_by_an_order_that_was_shipped_from_it() {
    let world = two_warehouses().open().await;

    let report = world.sync().await;

    assert!(report.is_done(), "{report:?}");
    assert_eq!(world.shows_in("LIN-SND-M", "South"), units(9));
}

#[tokio::test]
async fn a_warehouse_without_orders_is_believed_when_a_person_has_seen_it() {
    for verified in [false, true] {
        let mut brand = warehouse("South", verified);
        brand.options.joor.warehouses.push("South".to_owned());
        brand.options.joor.past_orders = false;
        let world = brand.open().await;

        world.sync().await;

        let shown = world.shows_in("LIN-SND-M", "South");
        assert_eq!(shown, if verified { units(9) } else { Ats::NoRecord });
    }
}

#[tokio::test]
async fn locations_are_found_by_name_in_any_case_and_by_id() {
    let lyon = Brand::default().open().await.location("Lyon").number();
    let locations = json!(["pARIS ", lyon.to_string()]);
    let world = default_from(locations).open().await;
    world.sync().await;
    assert_eq!(world.shows("LIN-SND-M"), units(29));

    let locations = json!([format!("gid://shopify/Location/{lyon}")]);
    let world = default_from(locations).open().await;
    world.sync().await;
    assert_eq!(world.shows("LIN-SND-M"), units(9));
}

#[tokio::test]
async fn a_location_that_is_not_in_the_shop_withholds_its_warehouse() {
    let mut world = Brand::default().open_synced().await;
    let shown = world.all_that_joor_shows();
    world.set(json!({ "warehouses": [{ "name": "Default", "locations": ["Paris", "Lyons"] }] }));
    world.set_stock("LIN-SND-M", "Paris", 0);

    let report = world.sync().await;

    assert_eq!(report.verdict, Verdict::Attention);
    assert_eq!(
        report.finding("location-unknown")["path"],
        "/warehouses/0/locations/1"
    );
    assert!(fix(&report, "location-unknown").contains("Did you mean \"Lyon\"?"));
    assert_eq!(world.all_that_joor_shows(), shown);
}

#[tokio::test]
async fn a_closed_location_withholds_its_warehouse_and_the_others_go_on() {
    let world = two_warehouses().open_synced().await;
    let lyon = world.location("Lyon");
    world.shop(|shop, now| shop.deactivate_location(lyon, now));
    world.set_stock("LIN-SND-M", "Lyon", 0);
    world.set_stock("LIN-SND-M", "Paris", 4);

    let report = world.sync().await;

    assert_eq!(report.finding("location-inactive")["subject"], "Lyon");
    assert_eq!(world.shows_in("LIN-SND-M", "Default"), units(4));
    assert_eq!(
        world.shows_in("LIN-SND-M", "South"),
        units(9),
        "withheld, not emptied"
    );
    assert_eq!(world.shows_in("LIN-INK-M", "South"), units(11));

    // Even a full read does not empty it.
    world.hours(25);
    world.sync_all().await;
    assert_eq!(world.shows_in("LIN-SND-M", "South"), units(9));

    world.shop(|shop, now| shop.activate_location(lyon, now));
    world.minutes(1);
    world.sync_all().await;
    assert_eq!(
        world.shows_in("LIN-SND-M", "South"),
        units(0),
        "what it missed is found"
    );
    world.everything_agrees();
}

#[tokio::test]
async fn a_closed_location_of_a_shared_warehouse_keeps_the_sum_as_it_was() {
    let world = Brand::default().open_synced().await;
    let lyon = world.location("Lyon");
    world.shop(|shop, now| shop.deactivate_location(lyon, now));
    world.set_stock("LIN-SND-M", "Paris", 0);

    world.sync().await;

    assert_eq!(
        world.shows("LIN-SND-M"),
        units(29),
        "half of a sum is no sum"
    );
    world.shop(|shop, now| shop.activate_location(lyon, now));
    world.minutes(1);
    world.sync_all().await;
    assert_eq!(world.shows("LIN-SND-M"), units(9));
    world.everything_agrees();
}

#[tokio::test]
async fn a_location_that_is_renamed_is_a_finding_and_its_id_goes_on() {
    let world = Brand::default().open_synced().await;
    let lyon = world.location("Lyon");
    world.shop(|shop, now| shop.rename_location(lyon, "Lyon Vaise", now));
    world.sync().await.finding("location-unknown");

    let world = default_from(json!(["Paris", lyon.number().to_string()]))
        .open()
        .await;
    world.sync_all().await;
    world.shop(|shop, now| shop.rename_location(lyon, "Lyon Vaise", now));
    world.set_stock("LIN-SND-M", "Lyon Vaise", 1);
    world.minutes(1);
    let report = world.sync().await;
    assert!(report.is_done(), "{report:?}");
    assert_eq!(world.shows("LIN-SND-M"), units(21));
}

#[tokio::test]
async fn a_default_location_that_feeds_no_warehouse_is_a_finding() {
    let world = Brand::with_settings(json!({ "default_location": "Milan" }))
        .open()
        .await;

    let report = world.sync().await;

    report.finding("default-location-not-synced");
    world.everything_agrees();
}

#[tokio::test]
async fn a_warehouse_taken_out_of_the_settings_keeps_what_it_shows() {
    let mut world = two_warehouses().open_synced().await;
    world.set(json!({ "warehouses": [{ "name": "Default", "locations": ["Paris"] }] }));
    world.set_stock("LIN-SND-M", "Lyon", 0);

    let report = world.sync().await;

    assert!(report.is_done(), "{report:?}");
    assert_eq!(
        world.shows_in("LIN-SND-M", "South"),
        units(9),
        "it is somebody else's"
    );
}

#[tokio::test]
async fn a_location_added_to_a_warehouse_counts_from_the_next_pass_on() {
    let mut world = Brand::default().open_synced().await;
    world.set_stock("LIN-SND-M", "Milan", 100);
    world.set(
        json!({ "warehouses": [{ "name": "Default", "locations": ["Paris", "Lyon", "Milan"] }] }),
    );

    world.sync().await;

    assert_eq!(world.shows("LIN-SND-M"), units(129));
    world.everything_agrees();
}
