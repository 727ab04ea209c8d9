//! JOOR refuses: rows, messages, forms of messages.

use std::collections::BTreeSet;

use atsync::engine::reconcile::Verdict;
use atsync_sandbox::faults::{Fault, Faults};
use atsync_sandbox::joor::{Ats, BadRow, Bodies, Immediate};
use atsync_sandbox::wire::Side;
use serde_json::{Value, json};

use crate::brand::Brand;
use crate::world::{World, units};

/// A brand whose JOOR account takes only this form of message, and its settings name another.
fn understands(bodies: Bodies, form: &str) -> Brand {
    let mut brand = Brand::with_settings(json!({ "joor": { "inventory_body": form } }));
    brand.options.joor.bodies = bodies;
    brand
}

const NONE: Bodies = Bodies {
    flat_json: false,
    nested_json: false,
    xml: false,
};

fn refuse(world: &World, sku: &str) {
    let upc = world.variant(sku).number().to_string();
    world.joor(|joor| joor.options.refused_upcs.insert(upc));
}

async fn parked(world: &World) -> Vec<Value> {
    let answer = world.ask("parked", json!({})).await;
    answer.json["data"]["parked"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_row_that_spoils_its_batch_is_found_and_parked_and_the_others_go_through() {
    for bad_row in [BadRow::RefusesBatch, BadRow::FailsAlone] {
        let mut brand = Brand::default();
        brand.options.joor.bad_row = bad_row;
        let world = brand.open().await;
        refuse(&world, "WRP-ECR-S");

        let report = world.sync().await;

        assert_eq!(report.verdict, Verdict::Attention, "{report:?}");
        assert_eq!(report.count("rows_refused"), 1);
        assert_eq!(world.shows("WRP-ECR-S"), Ats::NoRecord);
        assert_eq!(world.shows("WRP-ECR-M"), units(13));
        assert_eq!(world.shows("LIN-SND-M"), units(29));
        let parked = parked(&world).await;
        assert_eq!(parked.len(), 1);
        assert_eq!(parked[0]["sku"], "WRP-ECR-S");
        assert_eq!(parked[0]["code"], "row-refused");
    }
}

#[tokio::test]
async fn what_is_parked_is_not_sent_until_somebody_says_so() {
    let world = Brand::default().open().await;
    refuse(&world, "WRP-ECR-S");
    world.sync().await;
    let before = world.traffic();

    world.minutes(1);
    world.sync().await;
    assert_eq!(world.traffic().joor_writes, before.joor_writes);

    world.joor(|joor| joor.options.refused_upcs.clear());
    world.act("retry", json!({ "sku": "WRP-ECR-S" })).await;
    let report = world.sync().await;
    assert!(report.is_done(), "{report:?}");
    assert!(parked(&world).await.is_empty());
    world.everything_agrees();
}

#[tokio::test]
async fn a_change_of_stock_tries_what_was_refused_again() {
    let world = Brand::default().open().await;
    refuse(&world, "WRP-ECR-S");
    world.sync().await;
    world.joor(|joor| joor.options.refused_upcs.clear());
    world.minutes(10);
    world.set_stock("WRP-ECR-S", "Paris", 3);

    world.sync().await;

    assert_eq!(world.shows("WRP-ECR-S"), units(9));
    world.everything_agrees();
}

#[tokio::test]
async fn where_every_row_is_refused_the_pass_stops_and_says_so() {
    for bad_row in [BadRow::RefusesBatch, BadRow::FailsAlone] {
        let mut brand = Brand::default();
        // The wrap dress has a phantom, which has no UPC to refuse it by.
        brand
            .products
            .retain(|product| product.handle != "wrap-dress");
        brand.options.joor.bad_row = bad_row;
        let world = brand.open().await;
        world.joor(|joor| {
            joor.options.refused_upcs = joor.skus().filter_map(|sku| sku.upc).collect();
        });

        let report = world.sync().await;

        assert_eq!(report.verdict, Verdict::Failed, "{report:?}");
        report.finding("joor-refuses-all");
        assert!(world.all_that_joor_shows().is_empty());

        world.joor(|joor| joor.options.refused_upcs.clear());
        world.minutes(5);
        world.act("retry", json!({})).await;
        world.sync_all().await;
        assert!(parked(&world).await.is_empty());
        world.everything_agrees();
    }
}

#[tokio::test]
async fn stock_is_told_as_json_as_nested_json_and_as_xml() {
    for (bodies, form) in [
        (
            Bodies {
                flat_json: true,
                ..NONE
            },
            "json",
        ),
        (
            Bodies {
                nested_json: true,
                ..NONE
            },
            "json-nested",
        ),
        (Bodies { xml: true, ..NONE }, "xml"),
    ] {
        let world = understands(bodies, form).open().await;
        let report = world.sync().await;
        assert!(report.is_done(), "{form}: {report:?}");
        world.everything_agrees();
    }
}

#[tokio::test]
async fn a_form_of_message_that_joor_does_not_understand_is_recognised_as_such() {
    let mut world = understands(Bodies { xml: true, ..NONE }, "json")
        .open()
        .await;

    let report = world.sync().await;

    assert_eq!(report.verdict, Verdict::Failed);
    let fix = report.finding("joor-refuses-all")["fix"].as_str().unwrap();
    assert!(fix.contains("inventory_body"), "{fix}");
    assert!(world.all_that_joor_shows().is_empty());

    world.minutes(5);
    world.set(json!({ "joor": { "inventory_body": "xml" } }));
    world.act("retry", json!({})).await;
    world.sync_all().await;
    world.everything_agrees();
}

#[tokio::test]
async fn messages_that_are_too_large_are_made_smaller_and_nothing_is_parked() {
    let mut brand = Brand::default();
    brand.options.joor.rows_max = 5;
    let world = brand.open().await;

    let report = world.sync().await;

    assert!(report.is_done(), "{report:?}");
    assert!(parked(&world).await.is_empty());
    world.everything_agrees();
}

#[tokio::test]
async fn small_batches_bring_the_same_result() {
    let world = Brand::with_settings(json!({ "joor": { "batch_rows": 1 } }))
        .open()
        .await;
    let report = world.sync().await;
    assert!(report.is_done(), "{report:?}");
    assert_eq!(report.count("joor_writes"), report.count("rows_published"));
    world.everything_agrees();
}

#[tokio::test]
async fn immediate_stock_needs_no_date() {
    for immediate in [Immediate::Either, Immediate::Absent] {
        let mut brand = Brand::default();
        brand.options.joor.immediate = immediate;
        let world = brand.open().await;
        world.sync().await;
        world.everything_agrees();
    }
}

#[tokio::test]
async fn joor_is_down_for_a_while_and_nothing_is_lost() {
    let world = Brand::default().open_synced().await;
    world.faults(|faults| faults.next(Side::Joor, "", Fault::Status(503), 1_000));
    for round in 1..=3 {
        world.set_stock("LIN-SND-M", "Lyon", round);
        let report = world.sync().await;
        report.finding("joor-unreachable");
        world.minutes(1);
    }

    world.faults(Faults::heal);
    let report = world.sync().await;

    assert!(report.is_done(), "{report:?}");
    assert_eq!(world.shows("LIN-SND-M"), units(23));
    world.everything_agrees();
}

#[tokio::test]
async fn decreases_are_told_before_increases() {
    let world = Brand::with_settings(json!({ "joor": { "batch_rows": 1 } }))
        .open_synced()
        .await;
    let since = world.now();
    world.set_stock("LIN-INK-L", "Paris", 40);
    world.set_stock("WRP-RST-L", "Paris", 0);
    world.set_stock("LIN-SND-S", "Paris", 50);
    world.set_stock("SCF-MOS", "Paris", 1);

    world.sync().await;

    let told: Vec<Ats> = world.joor(|joor| {
        joor.history()
            .filter(|write| write.at >= since)
            .map(|write| write.ats)
            .collect()
    });
    let (decreases, increases) = told.split_at(2);
    assert_eq!(
        BTreeSet::from([decreases[0], decreases[1]]),
        BTreeSet::from([units(1), units(13)])
    );
    assert_eq!(
        BTreeSet::from([increases[0], increases[1]]),
        BTreeSet::from([units(40), units(54)])
    );
}

/// UPCs with characters that mean something in an address, in JSON or in XML.
const ODD_UPCS: [&str; 7] = [
    "12/34",
    "../12",
    "a?b=c&d#e",
    "50%2F+5",
    "7<8>&amp;",
    "9 0\\",
    "ü/1::2",
];

/// A brand whose UPCs are barcodes, some of them odd; JOOR refuses those.
fn with_odd_upcs(form: &str) -> Brand {
    let mut brand = Brand::by_barcode();
    brand.set(json!({ "joor": { "inventory_body": form } }));
    let products = brand.products.iter_mut();
    let variants = products.flat_map(|product| &mut product.variants);
    for (variant, odd) in variants.step_by(2).zip(ODD_UPCS) {
        variant.barcode = Some(odd.to_owned());
    }
    brand.options.joor.refused_upcs = ODD_UPCS.map(str::to_owned).into();
    brand
}

#[tokio::test]
async fn a_upc_of_any_characters_is_told_as_it_is_and_retried_by_its_name() {
    for form in ["json", "json-nested", "xml"] {
        let world = with_odd_upcs(form).open().await;
        let report = world.sync().await;
        assert_eq!(report.verdict, Verdict::Attention, "{form}: {report:?}");
        assert_eq!(parked(&world).await.len(), ODD_UPCS.len(), "{form}");

        world.joor(|joor| joor.options.refused_upcs.clear());
        for (retried, upc) in ODD_UPCS.into_iter().enumerate() {
            let report = world.act("retry", json!({ "sku": upc })).await;
            assert_eq!(
                report.json["summary"], "1 SKU will be sent again.",
                "{form}: {upc}"
            );
            world.sync_all().await;
            let left = ODD_UPCS.len() - retried - 1;
            assert_eq!(parked(&world).await.len(), left, "{form}: {upc}");
            let told = world.ask("explain", json!({ "sku": upc })).await;
            assert_eq!(told.json["data"]["skus"][0]["upc"], upc, "{form}: {told:?}");
        }
        world.everything_agrees();
    }
}

#[tokio::test]
async fn names_with_blanks_around_them_or_of_great_length_are_shown_in_short() {
    let mut brand = Brand::default();
    let long = "Very ".repeat(40);
    brand.products[0].title = format!("  {long}  ");
    brand.products[0].variants[0].sku = Some(" LIN-SND-S\t".to_owned());
    let world = brand.open().await;

    let plan = world.plan().await;

    let row = &plan.json["tables"][0]["rows"][0];
    let name = row[0].as_str().unwrap();
    assert!(
        name.starts_with("Very") && name.ends_with("…") && name.chars().count() <= 80,
        "{name}"
    );
    assert_eq!(row[1], "LIN-SND-S");
}
