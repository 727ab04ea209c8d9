//! Credits, points and pauses: what both sides ask of a client that must not hurry.

use atsync_sandbox::faults::Fault;
use atsync_sandbox::wire::Side;
use serde_json::json;

use crate::brand::Brand;
use crate::world::units;

/// An account with so few credits that a first sync does not fit into one window.
fn frugal() -> Brand {
    let mut brand = Brand::default();
    brand.options.joor.page_size_max = 1;
    brand.options.joor.credits.limit = 20;
    brand
}

#[tokio::test]
async fn a_catalogue_larger_than_joors_credits_is_read_over_several_passes() {
    let mut brand = frugal();
    brand.set(json!({ "joor": { "credits": 20 } }));
    let world = brand.open().await;

    let passes = world.sync_all().await;

    assert!(passes > 2, "{passes} passes");
    assert_eq!(
        world.joor(|joor| joor.counters().throttled),
        0,
        "JOOR never had to say no"
    );
    world.everything_agrees();
}

#[tokio::test]
async fn credits_that_others_spend_are_found_out_by_a_429_and_waited_for() {
    for retry_after in [true, false] {
        let mut brand = frugal();
        brand.options.joor.credits.retry_after = retry_after;
        // The settings believe in 300 credits; JOOR has 20.
        let world = brand.open().await;

        let passes = world.sync_all().await;

        assert!(passes > 2, "{passes} passes");
        let throttled = world.joor(|joor| joor.counters().throttled);
        assert!(
            usize::try_from(throttled).unwrap() <= passes,
            "asked {throttled} times in vain"
        );
        world.everything_agrees();
    }
}

#[tokio::test]
async fn a_pass_that_waits_for_credits_says_when_it_goes_on() {
    let world = frugal().open().await;

    let report = world.sync().await;

    assert!(report.is_done(), "nothing is wrong: {report:?}");
    assert!(
        report.summary().contains("credits are used up"),
        "{}",
        report.summary()
    );
    assert!(report.next_run > world.now() + 60_000);
}

#[tokio::test]
async fn publishing_goes_before_reading_joors_catalogue_again() {
    let mut brand = frugal();
    brand.set(json!({ "joor": { "credits": 20 } }));
    let world = brand.open().await;
    world.sync_all().await;
    world.hours(7);
    world.set_stock("LIN-SND-M", "Lyon", 1);

    world.sync().await;

    assert_eq!(
        world.shows("LIN-SND-M"),
        units(21),
        "in the pass in which the reading begins"
    );
    world.sync_all().await;
    world.everything_agrees();
}

#[tokio::test]
async fn shopify_says_429_with_and_without_a_time_and_is_asked_again() {
    for after in [Some(2), None] {
        let world = Brand::default().open_synced().await;
        world.set_stock("LIN-SND-M", "Lyon", 1);
        world.faults(|faults| {
            faults.next(
                Side::Shopify,
                "LevelChanges",
                Fault::TooManyRequests(after),
                2,
            );
            faults.next(Side::Shopify, "Variants", Fault::TooManyRequests(after), 2);
        });
        let before = world.now();

        let report = world.sync().await;

        assert!(report.is_done(), "{report:?}");
        assert_eq!(report.count("shopify_throttled"), 4);
        assert!(world.now() >= before + 4_000, "it waited");
        assert_eq!(world.shows("LIN-SND-M"), units(21));
    }
}

#[tokio::test]
async fn a_long_pause_that_shopify_asks_for_ends_the_pass_early() {
    let world = Brand::default().open_synced().await;
    world.set_stock("LIN-SND-M", "Lyon", 1);
    world.faults(|faults| {
        faults.next(
            Side::Shopify,
            "Variants",
            Fault::TooManyRequests(Some(50)),
            1,
        );
    });
    let before = world.now();

    let report = world.sync().await;

    assert!(world.now() < before + 20_000, "no pass sleeps that long");
    assert!(report.next_run >= before + 50_000, "{report:?}");
    world.clock_to(report.next_run);
    world.sync().await;
    assert_eq!(world.shows("LIN-SND-M"), units(21));
}

#[tokio::test]
async fn joor_says_429_with_and_without_a_time_and_is_told_again() {
    for after in [Some(3), None] {
        let world = Brand::default().open_synced().await;
        world.set_stock("LIN-SND-M", "Lyon", 1);
        world.faults(|faults| {
            faults.next(
                Side::Joor,
                "bulk-inventory",
                Fault::TooManyRequests(after),
                1,
            );
        });

        world.sync_all().await;

        assert_eq!(world.shows("LIN-SND-M"), units(21));
        world.everything_agrees();
    }
}

#[tokio::test]
async fn a_throttled_query_waits_until_the_bucket_has_filled() {
    let world = Brand::default().open_synced().await;
    world.set_stock("LIN-SND-M", "Lyon", 1);
    world.faults(|faults| faults.next(Side::Shopify, "Variants", Fault::Throttled, 2));

    let report = world.sync().await;

    assert!(report.is_done(), "{report:?}");
    assert_eq!(report.count("shopify_throttled"), 2);
    assert_eq!(world.shows("LIN-SND-M"), units(21));
}

#[tokio::test]
async fn a_small_bucket_slows_a_pass_down_and_fails_nothing() {
    let mut brand = Brand::default();
    brand.options.shopify.cost_maximum = 400;
    brand.options.shopify.cost_restore_rate = 20;
    let world = brand.open().await;

    world.sync_all().await;
    for round in 1..=5 {
        world.minutes(1);
        world.set_stock("LIN-SND-M", "Lyon", round);
        let report = world.sync().await;
        assert!(report.is_done(), "{report:?}");
        assert_eq!(
            report.count("shopify_throttled"),
            0,
            "it waits before it is told to"
        );
    }
    world.everything_agrees();
}
