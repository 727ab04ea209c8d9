//! What an order is in Shopify: JOOR's prices to the cent, and what a fulfilment person needs
//! where they look for it.

use atsync_sandbox::joor::{Discount, DiscountPlace, NewOrder, OrderLine, PriceAdjustment};
use atsync_sandbox::shopify::OrderView;
use serde_json::json;

use crate::brand::Brand;
use crate::order_desk::SPRING;
use crate::world::World;

/// An amount as digits of its minor unit, however many zeros it is written with.
fn minor(text: &str, decimals: usize) -> i64 {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let rest = rest.trim_end_matches('0');
    assert!(
        rest.len() <= decimals,
        "{text} has no more than {decimals} decimals"
    );
    format!("{whole}{rest:0<decimals$}").parse().unwrap()
}

/// Orders of every kind of price.
fn priced(world: &World) -> Vec<NewOrder> {
    let upc = |sku: &str| world.upc(sku);
    let plain =
        NewOrder::of(SPRING)
            .line(&upc("LIN-SND-M"), 3, 33_33)
            .line(&upc("LIN-SND-S"), 1, 12_000);
    let adjusted = NewOrder::of(SPRING)
        .with_line(OrderLine::of(&upc("LIN-SND-M"), 7, 20_01).price_adjustment(-1_00))
        .with_line(OrderLine::of(&upc("LIN-INK-M"), 3, 9_99).price_adjustment(50));
    vec![
        plain.clone(),
        plain.clone().shipping_total(12_50),
        plain.clone().discount(Discount::Amount(10_01)),
        plain.clone().discount(Discount::Percent(12_50)),
        plain
            .clone()
            .discount(Discount::Percent(33_33))
            .shipping_total(7_77),
        plain.discount(Discount::Percent(10_000)),
        adjusted.clone(),
        adjusted.discount(Discount::Amount(5_55)).shipping_total(1),
        NewOrder::of(SPRING).line(&upc("LIN-SND-M"), 2, 0),
    ]
}

#[tokio::test]
async fn the_total_in_shopify_is_joors_to_the_cent() {
    for discount_place in [DiscountPlace::Total, DiscountPlace::LinePrices] {
        for price_adjustment in [PriceAdjustment::OfLine, PriceAdjustment::OfUnit] {
            let mut brand = Brand::default();
            brand.options.joor.orders.discount_place = discount_place;
            brand.options.joor.orders.price_adjustment = price_adjustment;
            let world = brand.open_synced().await;
            let orders: Vec<_> = priced(&world)
                .into_iter()
                .map(|order| world.approved(order))
                .collect();

            let report = world.sync().await;

            assert!(report.is_done(), "{report:?}");
            for order in orders {
                let joor = world.joor_order(order).total;
                let (total, currency) =
                    world.in_shopify(order, |o| (o.total(), o.currency().to_owned()));
                assert_eq!(
                    (minor(&total, 2), &*currency),
                    (minor(&joor, 2), "EUR"),
                    "{discount_place:?} {price_adjustment:?} {order}"
                );
            }
            world.everything_agrees();
        }
    }
}

#[tokio::test]
async fn an_order_keeps_its_own_currency_and_that_ones_decimals() {
    let world = Brand::default().open_synced().await;
    for (currency, price, decimals) in [("USD", 45_10, 2), ("JPY", 6_500, 0), ("KWD", 4_125, 3)] {
        let order = NewOrder::of(SPRING)
            .currency(currency)
            .line(&world.upc("LIN-SND-M"), 3, price)
            .discount(Discount::Amount(100));
        let order = world.approved(order);

        world.sync().await;

        let (total, kept) = world.in_shopify(order, |o| (o.total(), o.currency().to_owned()));
        assert_eq!(kept, currency);
        assert_eq!(
            minor(&total, decimals),
            3 * price - 100,
            "{total} {currency}"
        );
        world.minutes(1);
    }
}

#[tokio::test]
async fn joors_wholesale_prices_and_not_the_shops_are_in_the_lines() {
    let world = Brand::default().open_synced().await;
    let order = NewOrder::of(SPRING)
        .line(&world.upc("LIN-SND-M"), 4, 48_00)
        .line(&world.upc("WRP-RST-L"), 2, 84_50);
    let order = world.approved(order);

    world.sync().await;

    let lines = world.in_shopify(order, |order| {
        let line = |line: atsync_sandbox::shopify::OrderLineView<'_>| {
            (
                line.sku().unwrap().to_owned(),
                line.quantity(),
                minor(&line.price(), 2),
            )
        };
        order.lines().map(line).collect::<Vec<_>>()
    });
    assert_eq!(
        lines,
        [
            ("LIN-SND-M".to_owned(), 4, 48_00),
            ("WRP-RST-L".to_owned(), 2, 84_50)
        ]
    );
}

#[tokio::test]
async fn a_fulfilment_person_finds_what_they_need_where_they_look() {
    let world = Brand::default().open_synced().await;
    let order = world
        .order_of(SPRING, &[("LIN-SND-M", 1)])
        .purchase_order("PO-4711")
        .comments("Ring at the back door.\nNo plastic, please.")
        .ship_window("2027-02-01", "2027-02-28")
        .customer("C-7", "Galerie Sud")
        .buyer("Ada de la Tour", "ada@sud.example");
    let order = world.approved(order);

    world.sync().await;

    let number = order.to_string();
    world.in_shopify(order, |order| {
        let note = order.note().unwrap();
        assert!(note.contains(&format!("JOOR order {number}")), "{note}");
        assert!(
            note.contains("Ring at the back door.\nNo plastic, please."),
            "{note}"
        );
        assert!(note.contains("2027-02-01 to 2027-02-28"), "{note}");
        assert_eq!(order.po_number(), Some("PO-4711"));
        assert_eq!(order.source_identifier(), Some(number.as_str()));
        let told = |key: &str| {
            let mut all = order.custom_attributes().iter();
            all.find(|(name, _)| name == key)
                .map(|(_, value)| value.as_str())
        };
        assert_eq!(told("JOOR order"), Some(number.as_str()));
        assert_eq!(told("JOOR linesheet"), Some("Spring 27 (480001)"));
        assert_eq!(told("Purchase order"), Some("PO-4711"));
        assert_eq!(told("Ship from"), Some("2027-02-01"));
        assert_eq!(told("Ship until"), Some("2027-02-28"));
        assert_eq!(told("Customer"), Some("Galerie Sud"));
        assert_eq!(told("Buyer"), Some("Ada de la Tour"));
        assert_eq!(told("Sales representative"), Some("Noor Haddad"));
        assert_eq!(order.country(), Some("FR"));
        assert_eq!(order.fulfillment_status(), "UNFULFILLED");
    });
}

#[tokio::test]
async fn a_lines_comment_stands_beside_the_line() {
    let world = Brand::default().open_synced().await;
    let order = NewOrder::of(SPRING)
        .line(&world.upc("LIN-SND-S"), 1, 45_00)
        .with_line(OrderLine::of(&world.upc("LIN-SND-M"), 1, 45_00).comment("Hem 2 cm shorter"));
    let order = world.approved(order);

    world.sync().await;

    let comments = world.in_shopify(order, |order| {
        order
            .lines()
            .map(|line| line.properties().to_vec())
            .collect::<Vec<_>>()
    });
    let comment = ("Comment".to_owned(), "Hem 2 cm shorter".to_owned());
    assert_eq!(comments, [vec![], vec![comment]]);
}

#[tokio::test]
async fn orders_carry_the_tags_that_the_settings_name() {
    let tags = |order: &OrderView<'_>| order.tags().to_vec();
    let mut world = Brand::default().open_synced().await;
    let usual = world.buys(SPRING, &[("LIN-SND-M", 1)]);
    world.sync().await;
    assert_eq!(world.in_shopify(usual, tags), ["JOOR"]);

    world.set(json!({ "orders": { "tags": ["wholesale", "b2b"] } }));
    let tagged = world.buys(SPRING, &[("LIN-SND-M", 1)]);
    world.sync_all().await;

    assert_eq!(world.in_shopify(tagged, tags), ["b2b", "wholesale"]);
}

#[tokio::test]
async fn a_customer_code_that_is_a_customer_of_the_shop_names_the_customer() {
    let world = Brand::default().open_synced().await;
    let known =
        world.shop(|shop, now| shop.add_customer("office@canut.example", "Camille", "Roux", now));
    let order = world.order_of(SPRING, &[("LIN-SND-M", 1)]);
    let emails = || {
        let mut emails: Vec<String> =
            world.shop(|shop, _| shop.customer_emails().map(str::to_owned).collect());
        emails.sort();
        emails
    };
    let by_code = world.approved(
        order
            .clone()
            .customer(&known.number().to_string(), "Boutique Canut"),
    );
    world.sync().await;
    assert_eq!(emails(), ["office@canut.example"], "no new customer");

    let by_email = world.approved(order);
    world.minutes(1);
    world.sync().await;

    let email = |order: &OrderView<'_>| order.email().unwrap().to_owned();
    assert_eq!(world.in_shopify(by_code, email), "stock@canut.example");
    assert_eq!(world.in_shopify(by_email, email), "stock@canut.example");
    assert_eq!(
        emails(),
        ["office@canut.example", "stock@canut.example"],
        "one new customer"
    );
}
