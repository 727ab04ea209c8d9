//! When a pass reads what: watermarks, hints, the daily full read, the interval.

use atsync::engine::reconcile::Fault;
use serde_json::json;

use crate::brand::Brand;
use crate::clock::START;
use crate::world::units;

#[tokio::test]
async fn an_idle_pass_tells_joor_nothing_and_moves_only_the_watermarks() {
    let world = Brand::default().open_synced().await;
    world.sync().await;
    world.minutes(1);
    let (traffic, ledger) = (world.traffic(), world.ledger());

    let report = world.sync().await;

    assert!(report.is_done(), "{report:?}");
    let looks = world.traffic().joor_requests - traffic.joor_requests;
    assert_eq!(looks, 2, "at the orders that wait, and at cancelled ones");
    assert_eq!(world.traffic().joor_writes, traffic.joor_writes);
    assert_eq!(world.traffic().shopify_writes, traffic.shopify_writes);
    let after = world.ledger();
    assert_eq!(
        ledger.keys().collect::<Vec<_>>(),
        after.keys().collect::<Vec<_>>()
    );
    let changed = after
        .iter()
        .filter(|(key, value)| ledger.get(*key) != Some(value));
    for (key, _) in changed {
        // What it looked with is counted.
        let known = key.starts_with("watermark/") || key == "credits";
        assert!(known, "{key} changed");
    }
}

#[tokio::test]
async fn passes_are_an_interval_apart_and_it_can_be_made_longer() {
    let world = Brand::default().open_synced().await;
    assert_eq!(world.sync().await.next_run, world.now() + 60_000);

    let world = Brand::with_settings(json!({ "interval_s": 900 }))
        .open_synced()
        .await;
    assert_eq!(world.sync().await.next_run, world.now() + 900_000);
}

#[tokio::test]
async fn an_interval_shorter_than_the_default_is_refused_for_good() {
    let mut world = Brand::default().open_synced().await;
    let (shown, ledger) = (world.all_that_joor_shows(), world.ledger());
    world.set(json!({ "interval_s": 30 }));

    match world.sync_fault().await {
        Fault::PermanentSettings(problem) => {
            assert!(problem.message.contains("interval_s"), "{problem:?}");
            assert!(problem.fix.contains("60"), "{problem:?}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        (world.all_that_joor_shows(), world.ledger()),
        (shown, ledger)
    );
}

#[tokio::test]
async fn changed_settings_cause_a_full_read_at_once() {
    let mut world = Brand::default().open_synced().await;
    world.set(json!({ "availability": { "reserve": 2 } }));

    let report = world.sync().await;

    assert_eq!(report.count("variants_read"), 24);
    assert_eq!(world.shows("LIN-SND-M"), units(27));
    world.everything_agrees();
}

#[tokio::test]
async fn the_same_settings_in_another_order_are_no_change() {
    let mut world = Brand::default().open_synced().await;
    world.connection.settings =
        r#"{ "warehouses": [{"locations": ["Paris", "Lyon"], "name": "Default"}],
        "joor_account": "1234",   "default_location": "Paris" }"#
            .to_owned();
    world.restart();

    let report = world.sync().await;

    assert_eq!(report.count("variants_read"), 0);
}

#[tokio::test]
async fn everything_is_read_once_a_day() {
    let world = Brand::default().open_synced().await;
    assert_eq!(world.sync().await.count("variants_read"), 0);
    world.hours(24);
    assert_eq!(world.sync().await.count("variants_read"), 24);
    world.minutes(1);
    assert_eq!(world.sync().await.count("variants_read"), 0);
    world.everything_agrees();
}

#[tokio::test]
async fn a_change_that_appears_late_is_found_inside_the_look_back() {
    let world = Brand::default().open_synced().await;
    world.sync().await;
    let (variant, lyon) = (world.variant("LIN-SND-M"), world.location("Lyon"));
    // It is stamped a minute and a half before the watermark, and seen only after it.
    world.shop(|shop, now| shop.set_available(variant, lyon, 3, now - 90_000));

    world.minutes(1);
    world.sync().await;

    assert_eq!(world.shows("LIN-SND-M"), units(23));
}

#[tokio::test]
async fn a_change_that_appears_later_still_is_found_by_the_daily_full_read() {
    let world = Brand::default().open_synced().await;
    world.sync().await;
    let (variant, lyon) = (world.variant("LIN-SND-M"), world.location("Lyon"));
    world.shop(|shop, now| shop.set_available(variant, lyon, 3, now - 600_000));

    world.minutes(1);
    world.sync().await;
    assert_eq!(world.shows("LIN-SND-M"), units(29), "nothing points to it");

    world.hours(24);
    world.sync().await;
    assert_eq!(world.shows("LIN-SND-M"), units(23));
}

#[tokio::test]
async fn each_chosen_location_has_a_watermark_of_its_own() {
    let world = Brand::default().open_synced().await;
    let ledger = world.ledger();
    let has = |name: &str| {
        let location = world.location(name).number();
        ledger.contains_key(&format!("watermark/{location}"))
    };
    assert!(has("Paris") && has("Lyon") && !has("Milan"));
    assert!(world.now() > START);
}

#[tokio::test]
async fn a_webhook_leads_to_a_reading_of_what_it_points_to() {
    let world = Brand::default().open_synced().await;
    world.sync().await;
    let (variant, lyon) = (world.variant("LIN-SND-M"), world.location("Lyon"));
    assert!(
        variant.item_number() > 1 << 53,
        "larger than a JavaScript number holds"
    );
    // Stamped so long ago that only the webhook can lead to it.
    world.shop(|shop, now| shop.set_available(variant, lyon, 3, now - 3_600_000));
    let body =
        json!({ "inventory_item_id": variant.item_number(), "location_id": 1, "available": 777 });
    world.hint("inventory_levels/update", &body.to_string());

    let report = world.sync().await;

    assert_eq!(report.count("hints"), 1);
    assert_eq!(
        world.shows("LIN-SND-M"),
        units(23),
        "its own number is not believed"
    );
    assert_eq!(world.sync().await.count("hints"), 0, "it was dealt with");
}

#[tokio::test]
async fn webhooks_of_garbage_and_of_strangers_do_no_harm() {
    let world = Brand::default().open_synced().await;
    let shown = world.all_that_joor_shows();
    for (topic, body) in [
        ("inventory_levels/update", "<html>"),
        ("inventory_levels/update", "null"),
        (
            "inventory_levels/update",
            r#"{"inventory_item_id": "five"}"#,
        ),
        ("inventory_levels/update", r#"{"inventory_item_id": -1}"#),
        (
            "inventory_levels/update",
            r#"{"inventory_item_id": 18446744073709551615}"#,
        ),
        ("products/update", r#"{"id": 1e400}"#),
        ("products/update", r#"{"id": 42}"#),
        ("products/delete", r#"{"id": null}"#),
        ("", "{}"),
        ("orders/create/\u{0}", "\u{feff}[]"),
    ] {
        world.hint(topic, body);
    }

    let report = world.sync().await;

    assert!(report.is_done(), "{report:?}");
    assert_eq!(report.count("hints"), 10);
    assert_eq!(world.all_that_joor_shows(), shown);
}

#[tokio::test]
async fn a_webhook_waits_while_passes_fail() {
    let world = Brand::default().open_synced().await;
    let variant = world.variant("LIN-SND-M");
    world.hint(
        "inventory_levels/update",
        &json!({ "inventory_item_id": variant.item_number() }).to_string(),
    );
    world.faults(|faults| {
        faults.next(
            atsync_sandbox::wire::Side::Shopify,
            "",
            atsync_sandbox::faults::Fault::Status(500),
            100,
        );
    });
    assert!(!world.sync().await.is_done());

    world.faults(atsync_sandbox::faults::Faults::heal);
    world.minutes(1);

    assert_eq!(world.sync().await.count("hints"), 1);
}

#[tokio::test]
async fn resync_reads_both_sides_whole_and_sends_nothing_that_joor_has() {
    let world = Brand::default().open_synced().await;
    world.act("resync", json!({})).await;
    let before = world.traffic();

    let report = world.sync().await;

    assert_eq!(report.count("variants_read"), 24);
    assert!(
        world.traffic().joor_requests > before.joor_requests,
        "the catalogue is read"
    );
    assert_eq!(world.traffic().joor_writes, before.joor_writes);
}
