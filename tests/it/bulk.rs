//! The file that Shopify writes for a full read: slow, failing, in another shape.

use atsync_sandbox::shopify::BulkFailure;
use serde_json::json;

use atsync_sandbox::catalogue::{Product, generate};
use atsync_sandbox::faults::{Fault, Faults};
use atsync_sandbox::wire::Side;

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

#[tokio::test]
async fn a_daily_file_that_cannot_be_read_keeps_no_change_back() {
    let world = Brand::default().open_synced().await;
    world.hours(25);
    world.set_stock("LIN-SND-M", "Lyon", 1);
    world.faults(|faults| faults.next(Side::Shopify, "bulk-result", Fault::Status(404), 1_000));

    let report = world.sync().await;

    report.finding("bulk-unreadable");
    assert_eq!(world.shows("LIN-SND-M"), units(21));
    world.faults(Faults::heal);
    world.minutes(1);
    world.sync_all().await;
    world.everything_agrees();
}

#[tokio::test]
async fn a_file_that_breaks_off_brings_no_older_numbers_back() {
    let mut brand = Brand::default();
    // More than a piece of the file.
    brand.products.extend(generate::generate(1, 8_000, 2));
    let world = brand.open_synced().await;
    world.shop(|shop, _| shop.options_mut().bulk.running_ms = 30_000);
    world.hours(25);
    world.sync().await;
    world.minutes(1);
    // Whoever asks Shopify now finds the file written.
    world.check().await;
    world.set_stock("LIN-SND-M", "Paris", 0);
    world.set_stock("LIN-SND-M", "Lyon", 0);
    world.faults(|faults| faults.next(Side::Shopify, "BulkStatus", Fault::Status(500), 1_000));
    for _ in 0..5 {
        world.minutes(1);
        world.sync().await;
        assert_eq!(world.shows("LIN-SND-M"), units(0));
    }
    world.faults(Faults::heal);
    world.faults(|faults| faults.after(Side::Shopify, "bulk-result", Fault::Status(404), 1, 1_000));

    let report = world.sync().await;
    report.finding("bulk-unreadable");
    assert_eq!(world.shows("LIN-SND-M"), units(0));
    world.minutes(1);
    world.sync().await;
    assert_eq!(world.shows("LIN-SND-M"), units(0));

    world.faults(Faults::heal);
    world.sync_all().await;
    world.everything_agrees();
}

#[tokio::test]
async fn while_more_has_changed_than_a_pass_decides_about_nobody_is_offered_more() {
    let mut brand = Brand::default();
    let shirt = brand.products[0].clone();
    brand.products.extend((0..5_001).map(|number| Product {
        handle: format!("shirt-{number}"),
        variants: vec![{
            let mut variant = shirt.variants[0].clone();
            variant.sku = Some(format!("SHIRT-{number}"));
            variant
        }],
        ..shirt.clone()
    }));
    let world = brand.open_synced().await;
    world.shop(|shop, _| shop.options_mut().bulk.running_ms = 30_000);
    world.hours(25);
    world.set_stock("LIN-SND-S", "Paris", 50);
    world.set_stock("LIN-SND-M", "Paris", 0);
    world.faults(|faults| faults.next(Side::Shopify, "LevelChanges", Fault::Status(500), 1_000));
    world.sync().await;
    world.minutes(1);
    world.check().await;
    world.faults(Faults::heal);
    world.set_stock("LIN-SND-S", "Paris", 1);
    for number in 0..5_001 {
        world.set_stock(&format!("SHIRT-{number}"), "Paris", 2);
    }

    let report = world.sync().await;

    assert!(
        report.summary().contains("more than 5000 styles changed"),
        "{report:?}"
    );
    assert_eq!(world.shows("LIN-SND-M"), units(9), "less is told at once");
    assert_eq!(
        world.shows("LIN-SND-S"),
        units(16),
        "the file's 54 are not true any more"
    );
    world.minutes(1);
    world.sync_all().await;
    world.everything_agrees();
}
