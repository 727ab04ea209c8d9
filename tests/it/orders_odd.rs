//! Orders that cannot be taken over as they are: each is parked with the line and the fix named,
//! on JOOR too, while an ordinary order beside it goes through in the same pass.

use atsync_sandbox::joor::{
    Address, Discount, ExportStatus, NewOrder, OrderDates, OrderId, OrderLine,
};
use serde_json::json;

use crate::brand::Brand;
use crate::order_desk::{SPRING, stock};
use crate::world::{World, units};

/// An odd order is placed beside an ordinary one, and a pass goes by.
pub async fn beside_an_ordinary_one(world: &World, odd: NewOrder) -> OrderId {
    let odd = world.approved(odd);
    let ordinary = world.buys(SPRING, &[("LIN-INK-M", 2)]);
    world.sync().await;
    assert_eq!(
        world.exported(ordinary).0,
        ExportStatus::Success,
        "the ordinary order goes through"
    );
    assert_eq!(world.stock("LIN-INK-M", "Paris"), stock(13, 2, 15));
    odd
}

/// It is parked for this, with these words in reason or fix, and JOOR knows.
pub async fn is_parked(world: &World, order: OrderId, code: &str, words: &[&str]) {
    let (codes, told) = world.parked(order).await;
    assert_eq!(codes, [code], "{told}");
    for word in words {
        assert!(told.contains(word), "\"{word}\" in: {told}");
    }
    let (status, description) = world.exported(order);
    assert_eq!(status, ExportStatus::Failed, "{told}");
    assert!(
        told.starts_with(description.trim_start_matches("Not taken over into Shopify: ")),
        "{description}"
    );
    assert_eq!(world.times_in_shopify(order), 0);
}

pub async fn ordinary_world() -> World {
    Brand::default().open_synced().await
}

#[tokio::test]
async fn an_order_without_lines_is_parked() {
    for empty_as_text in [true, false] {
        let mut brand = Brand::default();
        brand.options.joor.orders.empty_as_text = empty_as_text;
        let world = brand.open_synced().await;
        let order = beside_an_ordinary_one(&world, NewOrder::of(SPRING)).await;
        is_parked(
            &world,
            order,
            "order-without-lines",
            &["no lines", "add its lines"],
        )
        .await;
    }
}

#[tokio::test]
async fn a_line_without_a_upc_is_named() {
    let world = ordinary_world().await;
    let order = world.order_of(SPRING, &[("LIN-SND-M", 1)]).with_line(
        OrderLine::without_upc(3, 45_00)
            .style("HAND-1", "x")
            .color("Red", "RED")
            .size("M"),
    );
    let order = beside_an_ordinary_one(&world, order).await;
    let words = [
        "Line 2 (HAND-1, Red, M)",
        "no UPC",
        "Give the SKU its UPC on JOOR",
    ];
    is_parked(&world, order, "line-without-upc", &words).await;
    assert_eq!(
        world.shows("LIN-SND-M"),
        units(28),
        "line 1 is sold all the same"
    );
}

#[tokio::test]
async fn two_variants_that_share_a_sku_do_not_share_their_stock() {
    let world = Brand::with_settings(json!({ "claim": "follow-policy" }))
        .open_synced()
        .await;
    let dress = world.variant("WRP-RST-L");
    world.shop(|shop, now| shop.set_sku(dress, Some("LIN-SND-M"), now));
    world.sync().await;
    world.minutes(1);
    // Twenty shirts in Paris, and eight dresses under the same SKU.
    let order = NewOrder::of(SPRING)
        .line(&world.upc("LIN-SND-M"), 20, 45_00)
        .line(&dress.number().to_string(), 8, 45_00);
    let order = world.approved(order);

    world.sync().await;

    assert_eq!(world.parked(order).await.1, "");
    assert_eq!(world.times_in_shopify(order), 1);
}

#[tokio::test]
async fn a_quantity_that_is_no_number_of_units_is_named() {
    for quantity in [
        json!(0),
        json!(-3),
        json!("0"),
        json!("-1"),
        json!("1.5"),
        json!("many"),
        json!(""),
        json!(null),
        json!("99999999999999999999"),
    ] {
        let world = ordinary_world().await;
        let order = world
            .order_of(SPRING, &[("LIN-SND-M", 1), ("WRP-RST-L", 2)])
            .raw_line(1, "item_quantity", quantity);
        let order = beside_an_ordinary_one(&world, order).await;
        let words = [
            "Line 2 (Wrap Dress, Rust, L)",
            "units",
            "Set the quantity right on JOOR",
        ];
        is_parked(&world, order, "line-units", &words).await;
    }
}

#[tokio::test]
async fn a_price_that_is_no_amount_is_named() {
    for (field, price) in [
        ("item_price", json!("ten")),
        ("item_price", json!("45,00")),
        ("item_price_extended", json!("-45.00")),
        ("item_price_extended", json!("45.001")),
        ("item_price_extended", json!("NaN")),
    ] {
        let world = ordinary_world().await;
        let order = world
            .order_of(SPRING, &[("LIN-SND-M", 1), ("WRP-RST-L", 1)])
            .raw_line(1, field, price.clone());
        let order = beside_an_ordinary_one(&world, order).await;
        let words = [
            "Line 2 (Wrap Dress, Rust, L)",
            price.as_str().unwrap(),
            "Set the price right on JOOR",
        ];
        is_parked(&world, order, "line-price", &words).await;
    }
}

#[tokio::test]
async fn a_total_that_the_lines_do_not_come_to_is_said_with_both() {
    let world = ordinary_world().await;
    let order = world
        .order_of(SPRING, &[("LIN-SND-M", 2)])
        .discount(Discount::Amount(5_00))
        .raw("order_total", "84.00");
    let order = beside_an_ordinary_one(&world, order).await;
    let words = ["90.00 EUR", "5.00", "84.00 EUR", "line by line"];
    is_parked(&world, order, "order-total", &words).await;
}

#[tokio::test]
async fn an_amount_of_the_order_that_is_none_is_named() {
    for (field, what) in [
        ("order_total", "total"),
        ("order_discount", "discount"),
        ("order_shipping_total", "shipping cost"),
    ] {
        let world = ordinary_world().await;
        let order = world
            .order_of(SPRING, &[("LIN-SND-M", 2)])
            .raw(field, "free");
        let order = beside_an_ordinary_one(&world, order).await;
        is_parked(
            &world,
            order,
            "order-amount",
            &[what, "\"free\"", "Set it right on JOOR"],
        )
        .await;
    }
}

#[tokio::test]
async fn a_currency_that_nobody_knows_is_named() {
    for currency in ["XQQ", "euro", ""] {
        let world = ordinary_world().await;
        let order = world
            .order_of(SPRING, &[("LIN-SND-M", 2)])
            .raw("order_currency", currency);
        let order = beside_an_ordinary_one(&world, order).await;
        let words = ["currency", &format!("\"{currency}\""), "price type"];
        is_parked(&world, order, "order-currency", &words).await;
        let shown = world.shows("LIN-SND-M");
        assert_eq!(shown, units(27), "it is sold all the same");
    }
}

#[tokio::test]
async fn a_country_that_shopify_refuses_is_parked_and_tried_again_when_a_person_says_so() {
    let world = ordinary_world().await;
    world.shop(|shop, _| shop.refuse_country("KP"));
    let address = Address {
        country: "North Korea".into(),
        country_iso_two: "KP".into(),
        ..Address::boutique()
    };
    let order = world.order_of(SPRING, &[("LIN-SND-M", 2)]).ship_to(address);
    let order = beside_an_ordinary_one(&world, order).await;
    let words = [
        "Country is not supported",
        "Set it right on JOOR",
        "`orders retry`",
    ];
    is_parked(&world, order, "order-refused", &words).await;
    assert_eq!(
        world.shows("LIN-SND-M"),
        units(27),
        "it is sold all the same"
    );

    let before = world.traffic();
    world.minutes(1);
    world.sync().await;
    assert_eq!(
        world.traffic().shopify_writes,
        before.shopify_writes,
        "the same is not asked again"
    );

    world.shop(|shop, _| shop.accept_addresses());
    world.act_on("orders-retry", order).await;
    world.minutes(1);
    world.sync().await;
    assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(18, 2, 20));
    assert_eq!(world.exported(order).0, ExportStatus::Success);
    world.everything_agrees();
}

#[tokio::test]
async fn a_country_that_is_corrected_on_joor_is_tried_again_by_itself() {
    let world = ordinary_world().await;
    world.shop(|shop, _| shop.refuse_country("KP"));
    let address = Address {
        country_iso_two: "KP".into(),
        ..Address::boutique()
    };
    let order = world.order_of(SPRING, &[("LIN-SND-M", 2)]).ship_to(address);
    let order = beside_an_ordinary_one(&world, order).await;
    world.minutes(1);

    world
        .joor_now(|joor, now| joor.change_order(order, |o| o.ship_to = Address::boutique(), now))
        .unwrap();
    world.sync().await;

    assert_eq!(world.times_in_shopify(order), 1);
    assert_eq!(world.exported(order).0, ExportStatus::Success);
}

#[tokio::test]
async fn two_thousand_lines_are_too_many_and_the_first_one_without_a_place_is_named() {
    let world = ordinary_world().await;
    let upc = world.upc("LIN-SND-M");
    let order = (0..2_000).fold(NewOrder::of(SPRING), |order, _| order.line(&upc, 1, 45_00));
    let order = beside_an_ordinary_one(&world, order).await;
    let words = ["2000 lines", "line 251", "Split it into several orders"];
    is_parked(&world, order, "order-too-long", &words).await;
}

#[tokio::test]
async fn as_many_lines_as_shopify_takes_are_taken() {
    let world = ordinary_world().await;
    let upc = world.upc("SCF-MOS");
    let order = (0..250).fold(NewOrder::of(SPRING), |order, _| order.line(&upc, 1, 45_00));
    let order = beside_an_ordinary_one(&world, order).await;
    assert_eq!(world.in_shopify(order, |o| o.lines().count()), 250);
    assert_eq!(world.stock("SCF-MOS", "Paris"), stock(-210, 250, 40));
    world.everything_agrees();
}

#[tokio::test]
async fn a_comment_of_a_megabyte_is_cut_to_what_a_note_holds() {
    let world = ordinary_world().await;
    let order = world
        .order_of(SPRING, &[("LIN-SND-M", 1)])
        .comments("é".repeat(1 << 19));
    let order = beside_an_ordinary_one(&world, order).await;
    let note = world.in_shopify(order, |o| o.note().unwrap().to_owned());
    assert!(
        note.chars().count() <= 5_000,
        "{} characters",
        note.chars().count()
    );
    assert!(note.contains("ééé") && note.ends_with("(the rest stands on JOOR)"));
    assert_eq!(world.exported(order).0, ExportStatus::Success);
}

#[tokio::test]
async fn a_purchase_order_of_emoji_is_kept_as_it_is() {
    let world = ordinary_world().await;
    let number = "🧵👗 №7 – \"été\"\u{200d}🏳️‍🌈";
    let order = world
        .order_of(SPRING, &[("LIN-SND-M", 1)])
        .purchase_order(number);
    let order = beside_an_ordinary_one(&world, order).await;
    assert_eq!(
        world
            .in_shopify(order, |o| o.po_number().map(str::to_owned))
            .as_deref(),
        Some(number)
    );
    let shown = world.order_shown(order).await;
    assert_eq!(shown["purchase_order"], number);
    let long = world.approved(
        world
            .order_of(SPRING, &[("LIN-SND-M", 1)])
            .purchase_order("🧵".repeat(400)),
    );
    world.minutes(1);
    world.sync().await;
    let kept = world.in_shopify(long, |o| o.po_number().unwrap().chars().count());
    assert!(kept <= 255, "{kept} characters");
}

#[tokio::test]
async fn a_pack_is_not_guessed_at() {
    let world = ordinary_world().await;
    let order = world
        .order_of(SPRING, &[])
        .with_line(OrderLine::of(&world.upc("LIN-SND-M"), 2, 45_00).packs_of(6));
    let order = beside_an_ordinary_one(&world, order).await;
    let words = [
        "Line 1 (Linen Overshirt, Sand, M)",
        "pack of 6",
        "Order single units on JOOR",
    ];
    is_parked(&world, order, "line-pack", &words).await;
    let shown = world.shows("LIN-SND-M");
    assert_eq!(shown, units(17), "as many as it may be are sold");
}

#[tokio::test]
async fn everything_that_is_wrong_with_an_order_is_said_at_once() {
    let world = ordinary_world().await;
    let order = world
        .order_of(
            SPRING,
            &[("LIN-SND-M", 1), ("WRP-RST-L", 1), ("SCF-MOS", 1)],
        )
        .omit_line(0, "item_upc")
        .raw_line(1, "item_quantity", 0)
        .raw_line(2, "item_price", "12.5€");
    let order = beside_an_ordinary_one(&world, order).await;
    let (codes, _) = world.parked(order).await;
    assert_eq!(codes, ["line-without-upc", "line-units", "line-price"]);
}

#[tokio::test]
async fn an_order_without_a_number_is_reported_and_the_others_go_through() {
    let world = ordinary_world().await;
    world.approved(world.order_of(SPRING, &[("LIN-SND-M", 1)]).omit("order_id"));
    let ordinary = world.buys(SPRING, &[("LIN-INK-M", 2)]);

    let report = world.sync().await;

    report.finding("orders-unreadable");
    assert_eq!(world.exported(ordinary).0, ExportStatus::Success);
    assert_eq!(world.orders_in_shopify(), 1);
}

#[tokio::test]
async fn an_order_that_lost_its_number_is_not_taken_for_withdrawn() {
    let world = Brand::with_settings(json!({ "claim": "follow-policy" }))
        .open_synced()
        .await;
    let order = world.buys(SPRING, &[("WRP-RST-S", 6)]);
    world.passes(1).await;
    let loses_it = |order: &mut NewOrder| *order = order.clone().omit("order_id");
    world
        .joor_now(|joor, now| joor.change_order(order, loses_it, now))
        .unwrap();

    world.passes(3).await;

    assert_eq!(world.parked(order).await.0, ["order-short"]);
    assert_eq!(world.shows("WRP-RST-S"), units(1), "it claims on");
}

#[tokio::test]
async fn an_order_that_says_neither_when_it_was_placed_nor_when_approved_is_not_history() {
    let world = ordinary_world().await;
    let order = world
        .order_of(SPRING, &[("LIN-SND-M", 1)])
        .omit("date_approved")
        .raw("date_created", "");
    let order = beside_an_ordinary_one(&world, order).await;
    assert_eq!(world.exported(order).0, ExportStatus::Success);
}

#[tokio::test]
async fn a_joor_whose_clock_is_ahead_is_no_reason_to_refuse_its_orders() {
    let world = ordinary_world().await;
    let order = world
        .order_of(SPRING, &[("LIN-SND-M", 1)])
        .raw("date_approved", "2026-11-23T07:00:00.0Z");
    let order = beside_an_ordinary_one(&world, order).await;
    assert_eq!(world.parked(order).await.1, "");
    assert_eq!(world.exported(order).0, ExportStatus::Success);
}

#[tokio::test]
async fn joors_ways_to_write_fields_make_no_difference() {
    for empty_as_text in [true, false] {
        for numbers_as_text in [true, false] {
            for dates in [OrderDates::Iso, OrderDates::Spaced] {
                let mut brand = Brand::default();
                let rules = &mut brand.options.joor.orders;
                rules.empty_as_text = empty_as_text;
                rules.numbers_as_text = numbers_as_text;
                rules.envelope_as_text = numbers_as_text;
                rules.dates = dates;
                let world = brand.open_synced().await;
                let order = world
                    .order_of(SPRING, &[("LIN-SND-M", 3), ("SCF-MOS", 2)])
                    .discount(Discount::Percent(10_00));
                let order = world.approved(order);

                let report = world.sync().await;

                let way = format!("{empty_as_text} {numbers_as_text} {dates:?}");
                assert!(report.is_done(), "{way}: {report:?}");
                assert_eq!(world.in_shopify(order, |o| o.total()), "202.5", "{way}");
                assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(17, 3, 20), "{way}");
                assert_eq!(world.exported(order).0, ExportStatus::Success, "{way}");
                world.everything_agrees();
            }
        }
    }
}

#[tokio::test]
async fn orders_on_many_pages_are_all_read() {
    let mut brand = Brand::default();
    brand.options.joor.orders.envelope_as_text = true;
    let world = brand.open_synced().await;
    let orders: Vec<_> = (0..120)
        .map(|_| world.buys(SPRING, &[("SCF-MOS", 1)]))
        .collect();

    world.sync_all().await;

    for order in orders {
        assert_eq!(world.exported(order).0, ExportStatus::Success, "{order}");
    }
    assert_eq!(world.orders_in_shopify(), 120);
    assert_eq!(world.stock("SCF-MOS", "Paris"), stock(-80, 120, 40));
    world.everything_agrees();
}
