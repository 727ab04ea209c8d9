//! What the UPC of a line leads to, and what is done where it leads nowhere.

use atsync_sandbox::catalogue::small;
use atsync_sandbox::joor::{ExportStatus, NewOrder, Upc};

use crate::brand::Brand;
use crate::order_desk::SPRING;
use crate::orders_odd::{beside_an_ordinary_one, is_parked, ordinary_world};
use crate::world::World;

fn barcode(world: &World, sku: &str) -> String {
    let variant = world.variant(sku);
    world.shop(|shop, _| shop.variant(variant).unwrap().barcode().unwrap().to_owned())
}

#[tokio::test]
async fn a_style_that_was_made_on_joor_is_not_claimed_in_shopify() {
    let world = ordinary_world().await;
    world.joor(|joor| joor.add_style_by_hand("Sample Coat", &["Red"], &["M"], "77770"));
    let order = world
        .order_of(SPRING, &[("LIN-SND-M", 1)])
        .line("777700", 1, 30_000);
    let order = beside_an_ordinary_one(&world, order).await;
    let words = [
        "Line 2 (Sample Coat, Red, M)",
        "777700",
        "no style that was made from this shop",
        "`orders release`",
    ];
    is_parked(&world, order, "line-not-linked", &words).await;
}

#[tokio::test]
async fn a_variant_that_is_not_in_shopify_any_more_is_named() {
    let world = ordinary_world().await;
    let gone = world.variant("WRP-ECR-M");
    let order = world.order_of(SPRING, &[("LIN-SND-M", 1), ("WRP-ECR-M", 1)]);
    world.shop(|shop, now| shop.delete_variant(gone, now));
    let order = beside_an_ordinary_one(&world, order).await;
    let words = ["Line 2 (Wrap Dress, Ecru, M)", &gone.number().to_string()];
    is_parked(&world, order, "line-not-linked", &words).await;
}

#[tokio::test]
async fn a_variant_that_was_known_and_is_deleted_is_said_to_be_gone() {
    let world = Brand::by_barcode().open_synced().await;
    let gone = world.variant("WRP-ECR-M");
    let barcode = barcode(&world, "WRP-ECR-M");
    world.shop(|shop, now| shop.delete_variant(gone, now));
    let order = world.approved(NewOrder::of(SPRING).line(&barcode, 1, 45_00));

    world.sync().await;

    let words = [
        "Line 1",
        &barcode,
        "not in Shopify any more",
        "restore the variant",
    ];
    is_parked(&world, order, "line-variant-gone", &words).await;
}

#[tokio::test]
async fn an_order_of_a_style_that_is_new_on_joor_has_the_catalogue_read_again() {
    let brand = Brand::default();
    let linesheets = brand.linesheets.clone();
    let world = brand.open_synced().await;
    let mut product = small::products().remove(0);
    product.handle = "linen-overshirt-2".to_owned();
    for variant in &mut product.variants {
        variant.sku = variant.sku.take().map(|sku| format!("{sku}-2"));
    }
    world.shop(|shop, now| shop.add_product(&product, now));
    world.sync_all().await;
    // Long enough for JOOR's catalogue to be read, and a second time because the shop has more.
    for hours in [7, 1] {
        world.hours(hours);
        world.sync_all().await;
    }
    world.sandbox().import_styles(&linesheets, Upc::VariantId);
    world.minutes(30);
    let order = world.buys(SPRING, &[("LIN-SND-M-2", 1)]);

    world.passes(3).await;

    assert_eq!(world.parked(order).await.1, "");
    assert_eq!(world.exported(order).0, ExportStatus::Success);
}

/// A UPC that these two share is ordered, and beside it one that nobody shares.
async fn a_shared_upc_is_named_with_both(world: &World, first: &str, second: &str) {
    let shared = barcode(world, first);
    assert_eq!(barcode(world, second), shared);
    let odd = world.approved(NewOrder::of(SPRING).line(&shared, 1, 45_00));
    let ordinary =
        world.approved(NewOrder::of(SPRING).line(&barcode(world, "LIN-INK-M"), 2, 45_00));

    world.sync().await;

    assert_eq!(world.times_in_shopify(ordinary), 1);
    let both = [first, second].map(|sku| world.variant(sku).number().to_string());
    let words = [
        "Line 1",
        &shared,
        &both[0],
        &both[1],
        "Give each variant its own in Shopify",
    ];
    is_parked(world, odd, "line-upc-twice", &words).await;
}

#[tokio::test]
async fn a_upc_that_variants_of_two_styles_share_is_named_with_both() {
    let mut brand = Brand::by_barcode();
    brand.products[2].variants[0].barcode = brand.products[0].variants[1].barcode.clone();
    let world = brand.open().await;
    world.sync_all().await;
    world.minutes(1);

    a_shared_upc_is_named_with_both(&world, "LIN-SND-M", "SCF-MOS").await;
}

#[tokio::test]
async fn a_upc_that_variants_of_one_style_share_is_named_with_both() {
    let world = Brand::by_barcode().open_synced().await;
    let (first, second) = (world.variant("LIN-SND-M"), world.variant("LIN-SND-L"));
    world.shop(|shop, now| {
        let barcode = shop.variant(first).unwrap().barcode().unwrap().to_owned();
        shop.set_barcode(second, Some(&barcode), now);
    });
    world.sync_all().await;
    world.minutes(1);

    a_shared_upc_is_named_with_both(&world, "LIN-SND-M", "LIN-SND-L").await;
}
