//! Two variants with one SKU or one UPC: neither number can be trusted.

use atsync::engine::reconcile::Verdict;
use atsync_sandbox::joor::Ats;
use serde_json::{Value, json};

use crate::brand::Brand;
use crate::world::{World, units};

async fn parked(world: &World) -> Vec<Value> {
    let answer = world.ask("parked", json!({})).await;
    answer.json["data"]["parked"].as_array().unwrap().clone()
}

fn set_sku(world: &World, sku: &str, to: &str) {
    let variant = world.variant(sku);
    world.shop(|shop, now| shop.set_sku(variant, Some(to), now));
}

#[tokio::test]
async fn of_two_variants_with_one_sku_both_are_parked_and_both_are_named() {
    let world = Brand::default().open_synced().await;
    let (first, second) = (world.variant("LIN-SND-M"), world.variant("SCF-MOS"));
    set_sku(&world, "SCF-MOS", "LIN-SND-M");
    world.shop(|shop, now| {
        let paris = shop.find_location("Paris").unwrap();
        shop.set_available(first, paris, 1, now);
        shop.set_available(second, paris, 1, now);
    });

    let report = world.sync().await;

    assert_eq!(report.verdict, Verdict::Attention);
    let parked = parked(&world).await;
    assert_eq!(parked.len(), 2);
    for entry in &parked {
        assert_eq!(entry["code"], "duplicate-sku");
        let reason = entry["reason"].as_str().unwrap();
        for variant in [first, second] {
            assert!(reason.contains(&variant.number().to_string()), "{reason}");
        }
    }
    let shown = |variant: u64| world.joor(|joor| joor.ats(&variant.to_string(), "Default", None));
    assert_eq!(shown(first.number()), units(29), "neither is told anything");
    assert_eq!(shown(second.number()), units(52));
}

#[tokio::test]
async fn duplicates_stay_parked_when_somebody_retries() {
    let world = Brand::default().open_synced().await;
    set_sku(&world, "SCF-MOS", "LIN-SND-M");
    world.sync().await;

    world.act("retry", json!({})).await;

    assert_eq!(parked(&world).await.len(), 2);
}

#[tokio::test]
async fn duplicates_are_unparked_when_they_are_mended_and_then_in_step() {
    let world = Brand::default().open_synced().await;
    let second = world.variant("SCF-MOS");
    set_sku(&world, "SCF-MOS", "LIN-SND-M");
    world.set_stock("LIN-SND-M", "Lyon", 1);
    world.sync().await;
    world.minutes(10);

    world.shop(|shop, now| shop.set_sku(second, Some("SCF-MOS"), now));
    let report = world.sync().await;

    assert!(report.is_done(), "{report:?}");
    assert!(parked(&world).await.is_empty());
    assert_eq!(world.shows("LIN-SND-M"), units(21));
    world.everything_agrees();
}

#[tokio::test]
async fn of_three_variants_with_one_sku_two_stay_parked_when_one_is_mended() {
    let world = Brand::default().open_synced().await;
    let (second, third) = (world.variant("SCF-MOS"), world.variant("WRP-ECR-M"));
    for variant in [second, third] {
        world.shop(|shop, now| shop.set_sku(variant, Some("LIN-SND-M"), now));
    }
    world.sync().await;
    assert_eq!(parked(&world).await.len(), 3);
    world.minutes(10);

    world.shop(|shop, now| shop.set_sku(third, Some("WRP-ECR-M"), now));
    world.sync().await;

    let parked = parked(&world).await;
    assert_eq!(parked.len(), 2);
    assert!(
        !parked[0]["reason"]
            .as_str()
            .unwrap()
            .contains(&third.number().to_string())
    );
}

#[tokio::test]
async fn duplicates_that_were_there_from_the_beginning_are_found_by_the_first_sync() {
    let mut brand = Brand::default();
    brand.products[0].variants[1].sku = Some("SCF-MOS".to_owned());
    let world = brand.open().await;

    world.sync().await;

    assert_eq!(parked(&world).await.len(), 2);
    assert_eq!(
        world.shows("WRP-ECR-M"),
        units(13),
        "the others are in step"
    );
}

#[tokio::test]
async fn variants_without_a_sku_are_no_duplicates_of_each_other() {
    let mut brand = Brand::default();
    brand.products[0]
        .variants
        .iter_mut()
        .for_each(|variant| variant.sku = None);
    let world = brand.open().await;

    let report = world.sync().await;

    assert!(report.is_done(), "{report:?}");
    world.everything_agrees();
}

#[tokio::test]
async fn barcodes_may_be_what_joor_knows_a_sku_by() {
    let world = Brand::by_barcode().open_synced().await;
    world.set_stock("LIN-SND-M", "Lyon", 1);
    world.sync().await;
    assert_eq!(world.shows("LIN-SND-M"), units(21));
    world.everything_agrees();
}

#[tokio::test]
async fn of_two_styles_with_one_barcode_on_joor_both_are_parked() {
    let mut brand = Brand::by_barcode();
    brand.products[2].variants[0].barcode = brand.products[0].variants[1].barcode.clone();
    let world = brand.open().await;

    world.sync().await;

    let parked = parked(&world).await;
    assert_eq!(parked.len(), 2, "{parked:?}");
    assert!(
        parked.iter().all(|entry| entry["code"] == "duplicate-upc"),
        "{parked:?}"
    );
    assert_eq!(world.shows("LIN-SND-M"), Ats::NoRecord);
    assert_eq!(world.shows("SCF-MOS"), Ats::NoRecord);
}

#[tokio::test]
async fn two_variants_of_one_style_with_one_barcode_are_parked_and_unparked_when_mended() {
    let world = Brand::by_barcode().open_synced().await;
    let second = world.variant("LIN-SND-L");
    let (own, taken) = world.shop(|shop, _| {
        let barcode = |sku| {
            let id = shop.find_variant(sku).unwrap();
            shop.variant(id).unwrap().barcode().unwrap().to_owned()
        };
        (barcode("LIN-SND-L"), barcode("LIN-SND-M"))
    });
    world.shop(|shop, now| shop.set_barcode(second, Some(&taken), now));
    world.set_stock("LIN-SND-M", "Lyon", 1);

    let report = world.sync().await;

    assert_eq!(report.verdict, Verdict::Attention);
    assert_eq!(
        world.shows("LIN-SND-M"),
        units(29),
        "whose number it is nobody knows"
    );
    let reason = parked(&world).await[0]["reason"]
        .as_str()
        .unwrap()
        .to_owned();
    for sku in ["LIN-SND-M", "LIN-SND-L"] {
        assert!(
            reason.contains(&world.variant(sku).number().to_string()),
            "{reason}"
        );
    }

    world.minutes(10);
    world.shop(|shop, now| shop.set_barcode(second, Some(&own), now));
    world.sync_all().await;

    assert!(parked(&world).await.is_empty());
    assert_eq!(world.shows("LIN-SND-M"), units(21));
    world.everything_agrees();
}
