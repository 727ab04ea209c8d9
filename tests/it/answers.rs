//! Answers that are none: cut off, spoiled, of another kind. JOOR never shows a number for
//! them, the ledger never believes them, and everything is in step when they are over.

use atsync::engine::reconcile::Verdict;
use atsync_sandbox::faults::{Fault, Faults};
use atsync_sandbox::joor::{Ats, Ids, StockRow};
use atsync_sandbox::wire::Side;
use serde_json::json;

use crate::brand::Brand;
use crate::order_desk::SPRING;
use crate::world::{World, units};

const SHOPIFY: [&str; 8] = [
    "Locations",
    "LevelChanges",
    "ProductChanges",
    "VariantChanges",
    "Variants",
    "BulkRun",
    "BulkStatus",
    "bulk-result",
];

const JOOR: [&str; 5] = [
    "v4/collections",
    "v4/products",
    "v4/skus",
    "auth",
    "v2/bulk-inventory",
];

const SPOILED: [Fault; 10] = [
    Fault::Truncated,
    Fault::Html,
    Fault::Nulls,
    Fault::UnknownEnum,
    Fault::Huge(2 << 20),
    Fault::Status(404),
    Fault::Status(500),
    Fault::Status(503),
    Fault::CutBefore,
    Fault::CutAfter,
];

/// The report of a pass is kept, and mailed, for longer than the ledger knows the buyer.
#[tokio::test]
async fn an_order_list_that_was_cut_is_told_without_the_people_in_it() {
    let world = Brand::default().open_synced().await;
    world.buys(SPRING, &[("LIN-SND-M", 2)]);
    world.faults(|faults| faults.next(Side::Joor, "v2/order", Fault::Truncated, 100));

    let told = world.sync().await.json.to_string();

    assert!(
        told.contains("bytes is cut off at line 1, column"),
        "{told}"
    );
    for personal in ["Canut", "Tables Claudiennes", "Camille", "69001"] {
        assert!(!told.contains(personal), "{personal} in: {told}");
    }
}

/// A day has passed, so that everything is due at once; stock has changed meanwhile.
async fn a_day_later(mut brand: Brand) -> World {
    // Smaller than the huge answers.
    brand.limits.response_bytes = 1 << 20;
    let world = brand.open_synced().await;
    world.hours(25);
    world.set_stock("LIN-SND-M", "Lyon", 1);
    world.set_stock("LIN-INK-L", "Paris", 8);
    world
}

/// What JOOR shows is what it showed, or what it should show: never a third thing.
#[track_caller]
fn nothing_false_is_shown(world: &World, before: &[StockRow], why: &str) {
    let changed = |sku: &str| match sku {
        "LIN-SND-M" => [units(29), units(21)],
        "LIN-INK-L" => [units(0), units(8)],
        other => panic!("{other}"),
    };
    for sku in ["LIN-SND-M", "LIN-INK-L"] {
        assert!(
            changed(sku).contains(&world.shows(sku)),
            "{why}: {sku}: {:?}",
            world.shows(sku)
        );
    }
    let ids = world.joor(|joor| {
        let of = |sku: &str| {
            joor.skus()
                .find(|s| s.identifier.as_deref() == Some(sku))
                .unwrap()
                .id
        };
        [of("LIN-SND-M"), of("LIN-INK-L")]
    });
    let others = |rows: Vec<StockRow>| -> Vec<StockRow> {
        rows.into_iter()
            .filter(|row| !ids.contains(&row.sku))
            .collect()
    };
    assert_eq!(
        others(world.all_that_joor_shows()),
        others(before.to_vec()),
        "{why}"
    );
}

async fn meets(brand: Brand, side: Side, operation: &str, fault: Fault, times: u32) {
    let why = format!("{operation} {fault:?} {times} times");
    let world = a_day_later(brand).await;
    let before = world.all_that_joor_shows();
    world.faults(|faults| faults.next(side, operation, fault, times));

    for _ in 0..3 {
        world.sync().await;
        nothing_false_is_shown(&world, &before, &why);
        world.minutes(5);
    }

    world.faults(Faults::heal);
    world.act("retry", json!({})).await;
    world.act("resync", json!({})).await;
    world.sync_all().await;
    let differences = crate::truth::differences(&world);
    assert!(differences.is_empty(), "{why}: {differences:?}");
}

#[tokio::test]
async fn spoiled_answers_of_shopify_are_never_believed() {
    for operation in SHOPIFY {
        for fault in SPOILED {
            meets(Brand::default(), Side::Shopify, operation, fault, 1_000).await;
        }
    }
}

#[tokio::test]
async fn spoiled_answers_of_joor_are_never_believed() {
    for operation in JOOR {
        for fault in SPOILED {
            meets(Brand::default(), Side::Joor, operation, fault, 1_000).await;
        }
    }
}

#[tokio::test]
async fn one_spoiled_answer_among_good_ones_is_got_over() {
    for fault in SPOILED {
        for operation in SHOPIFY {
            meets(Brand::default(), Side::Shopify, operation, fault, 1).await;
        }
        for operation in JOOR {
            meets(Brand::default(), Side::Joor, operation, fault, 1).await;
        }
    }
}

#[tokio::test]
async fn joors_ids_may_be_numbers_and_may_be_missing() {
    let brand = || {
        let mut brand = Brand::default();
        brand.options.joor.ids = Ids::Number;
        brand
    };
    for operation in ["v4/collections", "v4/products", "v4/skus"] {
        meets(brand(), Side::Joor, operation, Fault::Nulls, 1_000).await;
    }
}

#[tokio::test]
async fn a_file_that_is_cut_short_where_ranges_are_ignored_empties_nothing() {
    let mut brand = Brand::default();
    brand.options.shopify.bulk.ignore_ranges = true;
    meets(brand, Side::Shopify, "bulk-result", Fault::Truncated, 1_000).await;
}

#[tokio::test]
async fn a_catalogue_that_cannot_be_read_keeps_no_stock_back() {
    for fault in [Fault::Truncated, Fault::Status(403)] {
        let world = a_day_later(Brand::default()).await;
        world.faults(|faults| faults.next(Side::Joor, "v4/", fault, 1_000));

        let report = world.sync().await;

        assert_eq!(report.verdict, Verdict::Attention, "{report:?}");
        assert_eq!(world.shows("LIN-SND-M"), units(21));
    }
}

#[tokio::test]
async fn a_variant_that_cannot_be_read_is_reported_and_the_others_go_on() {
    for fault in [Fault::Nulls, Fault::UnknownEnum] {
        let world = Brand::default().open_synced().await;
        world.set_stock("LIN-SND-M", "Lyon", 0);
        world.set_stock("LIN-SND-M", "Paris", 0);
        world.faults(|faults| faults.next(Side::Shopify, "Variants", fault, 1));

        let report = world.sync().await;

        assert_eq!(world.shows("LIN-SND-M"), units(29), "unknown is not zero");
        if fault == Fault::UnknownEnum {
            report.finding("variant-unreadable");
        }
        world.minutes(10);
        world.sync_all().await;
        assert_eq!(
            world.shows("LIN-SND-M"),
            units(0),
            "the watermarks are past it, and it is looked at again all the same"
        );
    }
}

#[tokio::test]
async fn a_number_that_waits_is_not_sent_once_its_variant_cannot_be_read() {
    let world = Brand::default().open_synced().await;
    world.set_stock("LIN-SND-M", "Lyon", 4);
    world.faults(|faults| faults.next(Side::Joor, "bulk-inventory", Fault::Status(500), 1_000));
    world.sync().await;
    world.faults(Faults::heal);
    world.set_stock("LIN-SND-M", "Lyon", 1);
    world.minutes(5);
    world.faults(|faults| faults.next(Side::Shopify, "Variants", Fault::UnknownEnum, 1_000));

    world.sync().await;

    assert_eq!(
        world.shows("LIN-SND-M"),
        units(29),
        "24 is not true any more"
    );
    world.faults(Faults::heal);
    world.minutes(10);
    world.sync().await;
    assert_eq!(world.shows("LIN-SND-M"), units(21));
}

#[tokio::test]
async fn a_row_that_joor_does_not_answer_to_is_sent_again_after_half_an_hour() {
    let world = Brand::default().open_synced().await;
    world.set_stock("LIN-SND-M", "Lyon", 1);
    world.faults(|faults| faults.next(Side::Joor, "bulk-inventory", Fault::Status(504), 1));
    world.sync().await;
    assert!(
        world
            .ledger()
            .values()
            .any(|v| v.contains("row-unanswered")),
        "alone, it is parked"
    );
    world.minutes(10);
    world.sync().await;
    assert_eq!(world.shows("LIN-SND-M"), units(29), "the others go first");

    world.minutes(25);
    world.sync().await;

    assert_eq!(world.shows("LIN-SND-M"), units(21));
    world.everything_agrees();
}

#[tokio::test]
async fn a_pass_that_fails_leaves_the_styles_of_the_ledger_as_they_were() {
    let world = Brand::default().open_synced().await;
    world.set_stock("LIN-SND-M", "Lyon", 1);
    // Orders were looked at before, which is remembered.
    let ledger = || {
        let mut ledger = world.ledger();
        ledger.retain(|key, _| !["credits", "orders"].contains(&key.as_str()));
        ledger
    };
    let before = ledger();
    world.faults(|faults| faults.next(Side::Shopify, "LevelChanges", Fault::Html, 1_000));

    let report = world.sync().await;

    report.finding("shopify-unreachable");
    assert_eq!(ledger(), before);
    world.faults(Faults::heal);
    world.sync().await;
    assert_eq!(
        world.shows("LIN-SND-M"),
        units(21),
        "no watermark moved past the change"
    );
}

#[tokio::test]
async fn a_message_whose_answer_is_lost_is_sent_again() {
    let world = Brand::default().open_synced().await;
    world.set_stock("LIN-SND-M", "Lyon", 1);
    world.faults(|faults| faults.next(Side::Joor, "bulk-inventory", Fault::CutAfter, 1));

    let report = world.sync().await;

    assert!(report.is_done(), "{report:?}");
    assert_eq!(world.shows("LIN-SND-M"), units(21));
    let told = world.joor(|joor| {
        joor.history()
            .filter(|write| write.ats == Ats::Units(21))
            .count()
    });
    assert_eq!(told, 2, "stock is absolute, so twice is as good as once");
}

#[tokio::test]
async fn an_api_version_that_shopify_has_moved_on_from_is_a_finding() {
    let world = Brand::default().open_synced().await;
    world.shop(|shop, _| shop.options_mut().api_version = "2027-01".to_owned());

    let report = world.sync().await;

    let finding = report.finding("shopify-api-version");
    assert!(
        finding["message"].as_str().unwrap().contains("2027-01"),
        "{finding}"
    );
    assert!(
        report.is_done(),
        "it goes on as long as the answers can be read"
    );
}

#[tokio::test]
async fn credentials_that_are_refused_are_said_to_be() {
    let mut world = Brand::default().open_synced().await;
    let service = world.connection.services.get_mut("shopify").unwrap();
    service
        .secrets
        .insert("token".to_owned(), "wrong-token".into());
    world.restart();
    world.sync().await.finding("shopify-unauthorized");

    let mut world = Brand::default().open_synced().await;
    let service = world.connection.services.get_mut("joor-v2").unwrap();
    service
        .secrets
        .insert("token".to_owned(), "wrong-token".into());
    world.restart();
    world.set_stock("LIN-SND-M", "Lyon", 1);
    world.sync().await.finding("joor-unauthorized");
}

#[tokio::test]
async fn tokens_that_end_are_renewed_without_anybody_noticing() {
    let world = Brand::default().open_synced().await;
    world.hours(7);
    world.joor(|joor| joor.revoke_tokens());

    let report = world.sync().await;

    assert!(report.is_done(), "{report:?}");
    world.everything_agrees();
}
