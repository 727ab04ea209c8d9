#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use super::*;
use crate::core::order::{Line, Matched};

fn line(number: usize, units: i64, extended: i64) -> ReadyLine {
    let id = Id(number as u64);
    ReadyLine {
        number,
        of: Matched {
            variant: id,
            product: id,
            item: id,
            sku: format!("SKU-{number}"),
            tracked: true,
            continue_selling: false,
            available: None,
        },
        units,
        extended,
    }
}

fn ready(lines: Vec<ReadyLine>, discount: i64, shipping: i64) -> Ready {
    let sum: i64 = lines.iter().map(|line| line.extended).sum();
    Ready {
        currency: Currency::parse("EUR").expect("a currency"),
        lines,
        discount,
        shipping,
        total: sum - discount + shipping,
    }
}

fn order() -> Order {
    Order {
        id: "50001".into(),
        purchase_order: "🧵 PO-7".into(),
        lines: vec![Line::default(), Line::default()],
        ..Order::default()
    }
}

fn share<'a>(order: &'a Order, ready: &'a Ready, units: Vec<(i64, i64)>, first: bool) -> Share<'a> {
    Share {
        order,
        ready,
        units,
        first,
        back_order: !first,
        customer: None,
        tags: &[],
        now: Millis::MAX,
    }
}

#[test]
fn two_shares_come_to_what_the_order_comes_to() {
    let (order, ready) = (
        order(),
        ready(vec![line(1, 3, 10_000), line(2, 2, 501)], 9_000, 700),
    );
    for covered in [[0, 0], [1, 0], [2, 1], [3, 2], [0, 2]] {
        let first: Vec<(i64, i64)> = covered.iter().map(|units| (0, *units)).collect();
        let rest = covered
            .iter()
            .zip([3, 2])
            .map(|(covered, units)| (*covered, units - covered))
            .collect();
        let (first, second) = (
            share(&order, &ready, first, true),
            share(&order, &ready, rest, false),
        );
        assert_eq!(first.total() + second.total(), ready.total, "{covered:?}");
        assert!(first.total() >= 0 && second.total() >= 0, "{covered:?}");
    }
}

#[test]
fn the_input_says_what_a_fulfilment_person_needs() {
    let mut order = order();
    order.comments = "x".repeat(1_000_000);
    order.email = "buyer@example.com".into();
    order.buyer = "Ana Maria Silva".into();
    order.shipping_address = Address {
        name: "Boutique".into(),
        region: "Île-de-France".into(),
        country: "fr".into(),
        ..Address::default()
    };
    let ready = ready(vec![line(1, 2, 2_500)], 0, 0);
    let input = share(&order, &ready, vec![(0, 2)], true).input();
    assert_eq!(input["poNumber"], "🧵 PO-7");
    assert_eq!(
        input["lineItems"][0]["priceSet"]["shopMoney"]["amount"],
        "12.50"
    );
    assert_eq!(input["lineItems"][0]["requiresShipping"], true);
    assert_eq!(input["customer"]["toUpsert"]["lastName"], "Silva");
    assert_eq!(input["shippingAddress"]["countryCode"], "FR");
    assert_eq!(input["shippingAddress"]["address2"], "Île-de-France");
    let note = input["note"].as_str().expect("a note");
    assert!(note.starts_with("JOOR order 50001") && note.ends_with("(the rest stands on JOOR)"));
    assert_eq!(note.chars().count(), NOTE_MAX);
    assert_eq!(input.get("discountCode"), None);
}
