//! The file that Shopify writes for a full read: slow, failing, in another shape.

use atsync_sandbox::shopify::BulkFailure;
use serde_json::json;

use crate::brand::Brand;
use crate::world::units;

#[tokio::test]
async fn a_shop_that_refuses_aliases_writes_levels_as_lines_of_their_own() {
    for item_is_parent in [false, true] {
        let mut brand = Brand::default();
        brand.options.shopify.bulk.refuse_aliases = true;
        brand.options.shopify.bulk.item_is_parent = item_is_parent;
        let world = brand.open().await;

        let report = world.sync().await;

        assert!(report.is_done(), "{report:?}");
        world.everything_agrees();

        // The next full read does not ask in vain again.
        world.hours(25);
        world.set_stock("LIN-SND-M", "Lyon", 1);
        world.sync_all().await;
        assert_eq!(world.shows("LIN-SND-M"), units(21));
        world.everything_agrees();
    }
}

#[tokio::test]
async fn a_server_that_ignores_ranges_is_read_from_its_beginning() {
    for refuse_aliases in [false, true] {
        let mut brand = Brand::default();
        brand.options.shopify.bulk.ignore_ranges = true;
        brand.options.shopify.bulk.refuse_aliases = refuse_aliases;
        let world = brand.open().await;

        world.sync_all().await;

        world.everything_agrees();
    }
}

#[tokio::test]
async fn a_first_file_that_takes_long_is_waited_for_over_several_passes() {
    let mut brand = Brand::default();
    brand.options.shopify.bulk.running_ms = 120_000;
    let world = brand.open().await;

    let first = world.sync().await;
    assert!(first.is_done(), "nothing is wrong: {first:?}");
    assert!(first.next_run < world.now() + 60_000, "it looks again soon");
    assert!(
        world.all_that_joor_shows().is_empty(),
        "nothing is published half read"
    );

    world.clock_to(first.next_run);
    let passes = world.sync_all().await;
    assert!(passes > 1);
    world.everything_agrees();
}

#[tokio::test]
async fn while_a_daily_file_is_written_changes_go_on_to_arrive() {
    let world = Brand::default().open_synced().await;
    world.shop(|shop, _| shop.options_mut().bulk.running_ms = 600_000);
    world.hours(25);
    world.sync().await;

    world.set_stock("LIN-SND-M", "Lyon", 1);
    world.minutes(1);
    world.sync().await;
    assert_eq!(world.shows("LIN-SND-M"), units(21));

    world.minutes(10);
    world.sync_all().await;
    world.everything_agrees();
}

#[tokio::test]
async fn what_changes_after_the_file_was_written_is_found_when_it_is_read() {
    let mut brand = Brand::default();
    brand.options.shopify.bulk.running_ms = 120_000;
    let world = brand.open().await;
    world.sync().await;
    world.minutes(3);
    // Whoever asks Shopify now finds the file written.
    world.check().await;
    world.set_stock("LIN-SND-M", "Lyon", 1);
    world.minutes(2);

    let report = world.sync().await;

    assert_eq!(report.count("variants_read"), 24);
    assert_eq!(world.shows("LIN-SND-M"), units(21));
    world.everything_agrees();
}

#[tokio::test]
async fn an_operation_that_fails_is_reported_and_begun_again() {
    for failure in [
        BulkFailure::InternalError,
        BulkFailure::AccessDenied,
        BulkFailure::Timeout,
    ] {
        let world = Brand::default().open().await;
        world.shop(|shop, _| shop.fail_next_bulk(failure));

        let report = world.sync().await;
        report.finding("bulk-failed");
        assert!(world.all_that_joor_shows().is_empty(), "{failure:?}");

        world.minutes(1);
        let report = world.sync().await;
        assert!(report.is_done(), "{failure:?}: {report:?}");
        world.everything_agrees();
    }
}

#[tokio::test]
async fn a_daily_operation_that_fails_empties_nothing() {
    let world = Brand::default().open_synced().await;
    let shown = world.all_that_joor_shows();
    world.hours(25);
    world.shop(|shop, _| shop.fail_next_bulk(BulkFailure::Timeout));

    world.sync().await;

    assert_eq!(world.all_that_joor_shows(), shown);
    world.minutes(1);
    world.sync_all().await;
    world.everything_agrees();
}

#[tokio::test]
async fn settings_that_change_while_a_file_is_written_ask_for_another_one() {
    let mut brand = Brand::default();
    brand.options.shopify.bulk.running_ms = 120_000;
    let mut world = brand.open().await;
    world.sync().await;
    world.set(json!({ "warehouses": [{ "name": "Default", "locations": ["Lyon"] }], "default_location": "Lyon" }));

    world.sync_all().await;

    assert_eq!(world.shows("LIN-SND-M"), units(9));
    world.everything_agrees();
}

#[tokio::test]
async fn an_empty_shop_is_in_step() {
    let brand = Brand {
        products: Vec::new(),
        ..Brand::default()
    };
    let world = brand.open().await;

    let report = world.sync().await;

    assert!(report.is_done(), "{report:?}");
    assert!(world.all_that_joor_shows().is_empty());
}
