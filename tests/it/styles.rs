//! Which styles are told to JOOR, and how: linked and not, made to order, endless, gone.

use atsync_sandbox::catalogue::{Status, small};
use atsync_sandbox::faults::{Fault, Faults};
use atsync_sandbox::joor::{Ats, Upc};
use atsync_sandbox::wire::Side;
use serde_json::json;

use crate::brand::Brand;
use crate::world::{World, units};

#[tokio::test]
async fn a_style_made_on_joor_by_hand_is_never_touched() {
    let world = Brand::default().open().await;
    world.joor(|joor| joor.add_style_by_hand("Sample Vest", &["Oat"], &["S", "M"], "99"));

    let report = world.sync().await;

    assert_eq!(report.count("styles_not_linked"), 1);
    report.finding("styles-not-linked");
    let told = world.all_that_joor_shows();
    let by_hand: Vec<_> = world.joor(|joor| {
        joor.skus()
            .filter(|sku| sku.style.is_none())
            .map(|sku| sku.id)
            .collect()
    });
    assert_eq!(by_hand.len(), 2);
    assert!(told.iter().all(|row| !by_hand.contains(&row.sku)));
    world.everything_agrees();
}

#[tokio::test]
async fn a_style_made_on_joor_whose_number_looks_like_a_products_is_left_alone() {
    let world = Brand::default().open().await;
    world.joor(|joor| {
        joor.add_style_by_hand("Sample Vest", &["Oat"], &["S", "M"], "99");
        joor.set_style_number("Sample Vest", "10234");
    });

    let report = world.sync().await;

    assert_eq!(report.count("styles_never_met"), 1);
    report.finding("styles-never-met");
    world.everything_agrees();
    let told = world.all_that_joor_shows().len();
    world.minutes(1);
    assert_eq!(
        world.sync().await.count("styles_read"),
        0,
        "nor is it read again and again"
    );

    world.hours(25);
    world.sync_all().await;
    assert_eq!(world.all_that_joor_shows().len(), told);
    world.everything_agrees();
}

#[tokio::test]
async fn a_product_may_be_a_style_for_each_colour() {
    let world = Brand::default().open().await;
    let style = world.style("LIN-SND-M");
    world.joor(|joor| joor.split_style(style, "Ink", "MTO"));
    world.sync().await;
    world.everything_agrees();
    let shown = world.all_that_joor_shows();
    let ledger = world.ledger();

    world.hours(7);
    let again = world.sync().await;

    assert_eq!(again.count("rows_published"), 0);
    assert_eq!(world.all_that_joor_shows(), shown);
    let styles = |ledger: &std::collections::BTreeMap<String, String>| {
        let is_style = |(key, _): &(&String, &String)| key.starts_with("style/");
        let styles = ledger.iter().filter(is_style);
        styles.map(|(_, text)| text.clone()).collect::<Vec<_>>()
    };
    assert_eq!(styles(&world.ledger()), styles(&ledger));

    world.set_stock("LIN-SND-M", "Lyon", 1);
    world.set_stock("LIN-INK-M", "Lyon", 3);
    world.minutes(1);
    world.sync().await;
    world.everything_agrees();
}

#[tokio::test]
async fn a_sku_that_joor_has_no_more_is_forgotten_with_the_reading() {
    let world = Brand::default().open_synced().await;
    let style = world.style("LIN-SND-M");
    let skus = |world: &World| {
        let style: serde_json::Value =
            serde_json::from_str(&world.ledger()[&format!("style/{style}")]).unwrap();
        style["skus"].as_array().unwrap().len()
    };
    let before = skus(&world);
    let upc = world.upc("LIN-SND-M");
    world.joor(|joor| joor.drop_sku(&upc));

    world.hours(7);
    world.sync_all().await;

    assert_eq!(skus(&world), before - 1);
}

#[tokio::test]
async fn a_phantom_sku_gets_an_explicit_zero() {
    let world = Brand::default().open().await;
    // The shop has no Wrap Dress in Ecru, L; JOOR makes a SKU of each colour and size.
    let phantom = world.joor(|joor| {
        joor.skus()
            .find(|sku| sku.external_id.is_none() && sku.style.is_some())
            .unwrap()
    });
    assert_eq!((&*phantom.color, &*phantom.size), ("Ecru", "L"));

    world.sync().await;

    let shown = world.joor(|joor| joor.ats_of(&phantom.id, "Default", None));
    assert_eq!(
        shown,
        units(0),
        "without a record it could be ordered without limit"
    );
}

#[tokio::test]
async fn a_deleted_variant_gets_an_explicit_zero() {
    let world = Brand::default().open_synced().await;
    let variant = world.variant("LIN-SND-M");
    world.shop(|shop, now| shop.delete_variant(variant, now));

    world.sync().await;

    assert_eq!(world.shows("LIN-SND-M"), units(0));
    world.everything_agrees();
}

#[tokio::test]
async fn a_deleted_style_keeps_its_numbers_until_the_daily_full_read() {
    let world = Brand::default().open_synced().await;
    let style = world.style("LIN-SND-M").to_string();
    let product = world.shop(|shop, _| shop.find_product(&style)).unwrap();
    world.shop(|shop, now| shop.delete_product(product, now));

    world.minutes(1);
    world.sync_all().await;
    // Nothing that Shopify lists has changed: it lists what is there.
    assert_eq!(world.shows("LIN-SND-M"), units(29));

    world.hours(25);
    world.sync_all().await;
    assert_eq!(world.shows("LIN-SND-M"), units(0));
    world.everything_agrees();
}

#[tokio::test]
async fn a_style_only_on_a_made_to_order_linesheet_gets_no_rows() {
    let world = Brand::default().open_synced().await;
    assert_eq!(world.shows("CPE-BLK-38"), Ats::NoRecord);
    world.set_stock("CPE-BLK-38", "Paris", 4);

    world.sync().await;

    assert_eq!(world.shows("CPE-BLK-38"), Ats::NoRecord);
}

#[tokio::test]
async fn a_style_moved_to_a_made_to_order_linesheet_loses_its_limit() {
    let world = Brand::default().open_synced().await;
    let style = world.style("LIN-SND-M");
    world.joor(|joor| joor.set_linesheets(style, &["MTO"]));

    world.hours(7);
    world.sync_all().await;

    assert!(matches!(
        world.shows("LIN-SND-M"),
        Ats::MadeToOrder | Ats::NoRecord
    ));
    world.everything_agrees();
}

#[tokio::test]
async fn a_style_moved_back_from_made_to_order_gets_its_numbers_again() {
    let world = Brand::default().open_synced().await;
    let style = world.style("LIN-SND-M");
    world.joor(|joor| joor.set_linesheets(style, &["MTO"]));
    world.hours(7);
    world.sync_all().await;

    world.joor(|joor| joor.set_linesheets(style, &["480001"]));
    world.hours(7);
    world.sync_all().await;

    assert_eq!(world.shows("LIN-SND-M"), units(29));
    world.everything_agrees();
}

#[tokio::test]
async fn a_style_on_both_kinds_of_linesheet_gets_its_numbers() {
    let world = Brand::default().open().await;
    let style = world.style("CPE-BLK-38");
    world.joor(|joor| joor.set_linesheets(style, &["MTO", "480001"]));

    world.sync().await;

    assert_eq!(world.shows("CPE-BLK-38"), units(1));
    world.everything_agrees();
}

#[tokio::test]
async fn a_linesheet_that_is_made_to_order_by_code_and_not_by_flag_is_a_finding() {
    let mut brand = Brand::default();
    let atelier = brand
        .linesheets
        .iter_mut()
        .find(|linesheet| linesheet.code == "MTO");
    atelier.unwrap().made_to_order = false;
    let world = brand.open().await;

    let report = world.sync().await;

    assert_eq!(
        report.finding("linesheet-made-to-order-unclear")["subject"],
        "MTO"
    );
    world.everything_agrees();
}

#[tokio::test]
async fn the_code_alone_makes_a_linesheet_made_to_order_where_joor_does_not_tell() {
    let mut brand = Brand::default();
    brand.options.joor.shows_made_to_order = false;
    let world = brand.open().await;

    world.sync().await;

    assert_eq!(world.shows("CPE-BLK-38"), Ats::NoRecord);
    assert_eq!(world.shows("LIN-SND-M"), units(29));
}

#[tokio::test]
async fn what_shopify_does_not_count_is_made_to_order_available_or_capped_as_the_settings_say() {
    for (setting, shown) in [
        (json!("made-to-order"), Ats::MadeToOrder),
        (json!("publish-available"), units(0)),
        (json!({ "cap": 25 }), units(25)),
    ] {
        let world = Brand::with_settings(json!({ "availability": { "untracked": setting } }))
            .open()
            .await;
        world.sync().await;
        assert_eq!(world.shows("TOT-NAT"), shown, "{setting}");
        world.everything_agrees();
    }
}

#[tokio::test]
async fn what_sells_on_below_zero_is_available_made_to_order_or_capped_as_the_settings_say() {
    for (setting, moss, sky) in [
        (json!("publish-available"), units(52), units(0)),
        (json!("made-to-order"), Ats::MadeToOrder, Ats::MadeToOrder),
        (json!({ "cap": 25 }), units(25), units(25)),
    ] {
        let settings = json!({ "availability": { "continue_selling": setting } });
        let world = Brand::with_settings(settings).open().await;
        world.sync().await;
        assert_eq!(
            (world.shows("SCF-MOS"), world.shows("SCF-SKY")),
            (moss, sky),
            "{setting}"
        );
        world.everything_agrees();
    }
}

#[tokio::test]
async fn a_variant_that_is_set_to_sell_on_is_told_in_the_next_pass() {
    let settings = json!({ "availability": { "continue_selling": "made-to-order" } });
    let world = Brand::with_settings(settings).open_synced().await;
    let variant = world.variant("LIN-SND-M");
    world.shop(|shop, now| shop.set_policy(variant, true, now));
    world.sync().await;
    assert_eq!(world.shows("LIN-SND-M"), Ats::MadeToOrder);

    world.minutes(10);
    world.shop(|shop, now| shop.set_policy(variant, false, now));
    world.sync().await;
    assert_eq!(world.shows("LIN-SND-M"), units(29));
}

#[tokio::test]
async fn a_style_set_back_to_draft_goes_to_zero_and_comes_back() {
    let world = Brand::default().open_synced().await;
    let style = world.style("LIN-SND-M").to_string();
    let product = world.shop(|shop, _| shop.find_product(&style)).unwrap();

    world.shop(|shop, now| shop.set_status(product, Status::Draft, now));
    world.sync().await;
    assert_eq!(world.shows("LIN-SND-M"), units(0));
    world.everything_agrees();

    world.minutes(10);
    world.shop(|shop, now| shop.set_status(product, Status::Active, now));
    world.sync().await;
    assert_eq!(world.shows("LIN-SND-M"), units(29));
    world.everything_agrees();
}

#[tokio::test]
async fn the_most_specific_rule_wins() {
    let mut brand = Brand::default();
    let style = {
        let world = Brand::default().open().await;
        world.style("WRP-RST-S").to_string()
    };
    brand.set(json!({
        "availability": { "reserve": 1 },
        "rules": [
            { "linesheet": "480001", "reserve": 2 },
            { "tag": "men", "reserve": 3 },
            { "style": style, "reserve": 4 },
            { "sku": "WRP-ECR-M", "reserve": 5 },
        ],
    }));
    let world = brand.open().await;

    world.sync().await;

    assert_eq!(world.shows("SCF-MOS"), units(52 - 2), "on the linesheet");
    assert_eq!(world.shows("LIN-SND-M"), units(29 - 3), "by its tag");
    assert_eq!(world.shows("WRP-RST-S"), units(7 - 4), "of the style");
    assert_eq!(world.shows("WRP-ECR-M"), units(13 - 5), "the SKU itself");
    world.everything_agrees();
}

#[tokio::test]
async fn percentage_and_bounds_shape_what_is_published() {
    let world = Brand::with_settings(json!({
        "availability": { "percentage": 50, "max": 10 },
        "rules": [{ "sku": "LIN-SND-L", "min": 5 }],
    }))
    .open()
    .await;

    world.sync().await;

    assert_eq!(world.shows("LIN-INK-S"), units(5));
    assert_eq!(world.shows("LIN-SND-M"), units(10));
    assert_eq!(world.shows("LIN-SND-L"), units(5));
    world.everything_agrees();
}

/// Adds a second product like one that the shop has; its SKUs end with `-2`.
fn add_another(world: &World, handle: &str) {
    let mut products = small::products().into_iter();
    let mut product = products.find(|product| product.handle == handle).unwrap();
    product.handle += "-2";
    for variant in &mut product.variants {
        variant.sku = variant.sku.take().map(|sku| format!("{sku}-2"));
    }
    world.shop(|shop, now| shop.add_product(&product, now));
}

#[tokio::test]
async fn a_new_style_is_synced_once_it_was_created_through_the_integration() {
    let brand = Brand::default();
    let linesheets = brand.linesheets.clone();
    let world = brand.open_synced().await;
    add_another(&world, "linen-overshirt");
    let report = world.sync().await;
    assert!(
        report.is_done(),
        "the shop may sell what JOOR does not: {report:?}"
    );

    world.sandbox().import_styles(&linesheets, Upc::VariantId);
    world.hours(7);
    world.sync_all().await;

    assert_eq!(world.shows("LIN-SND-M-2"), units(29));
    world.everything_agrees();
}

#[tokio::test]
async fn a_style_that_comes_after_the_linesheets_were_read_is_looked_at_again_soon() {
    let brand = Brand::default();
    let linesheets = brand.linesheets.clone();
    let world = brand.open_synced().await;
    add_another(&world, "atelier-cape");
    world.hours(7);
    world.faults(|faults| faults.next(Side::Joor, "products", Fault::Status(503), 1_000));
    world.sync().await;
    world.faults(Faults::heal);
    world.sandbox().import_styles(&linesheets, Upc::VariantId);
    world.minutes(1);
    world.sync_all().await;
    assert_eq!(
        world.shows("CPE-BLK-38-2"),
        units(1),
        "on no linesheet, as far as is known"
    );

    world.minutes(15);
    world.sync_all().await;

    assert!(matches!(
        world.shows("CPE-BLK-38-2"),
        Ats::MadeToOrder | Ats::NoRecord
    ));
    world.everything_agrees();
}
