#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use super::*;
use crate::core::snapshot::Snapshot;

fn matched(variant: u64) -> Match {
    Match::Variant(Matched {
        variant: Id(variant),
        product: Id(1),
        item: Id(variant),
        sku: format!("SKU-{variant}"),
        tracked: true,
        continue_selling: false,
        available: Some(10),
    })
}

fn line(upc: &str, units: &str, price: &str, extended: &str) -> Line {
    Line {
        upc: upc.into(),
        label: "Tee, Navy, M".into(),
        units: units.into(),
        price: price.into(),
        extended: extended.into(),
        ..Line::default()
    }
}

fn order(lines: Vec<Line>, total: &str) -> Order {
    Order {
        id: "50001".into(),
        currency: "EUR".into(),
        total: total.into(),
        lines,
        ..Order::default()
    }
}

fn matches() -> BTreeMap<String, Match> {
    let unread = match matched(16) {
        Match::Variant(of) => Some(of),
        _ => None,
    };
    [
        ("11".to_owned(), matched(11)),
        ("12".to_owned(), matched(12)),
        ("13".to_owned(), Match::Several(vec![Id(13), Id(14)])),
        ("15".to_owned(), Match::Gone),
        ("16".to_owned(), Match::Unreadable(unread)),
        ("17".to_owned(), Match::Unreadable(None)),
    ]
    .into()
}

fn read(order: &Order) -> Result<Ready, Vec<Trouble>> {
    understand(order, &matches())
}

/// Number and units of each line that is held.
fn held(order: &Order) -> Vec<(usize, i64)> {
    let demands = demanded(order, &matches());
    demands.iter().map(|of| (of.number, of.units)).collect()
}

#[track_caller]
fn refused(order: &Order, code: &str, words: &str) {
    let troubles = read(order).expect_err("it is refused");
    let found = troubles.iter().find(|t| t.code == code).expect(code);
    assert!(found.reason.contains(words), "{}", found.reason);
    assert!(!found.fix.is_empty());
}

#[test]
fn an_order_comes_out_to_the_cent() {
    let ready = read(&order(
        vec![line("11", "3", "12.50", "37.50"), line("12", "1", "", "5")],
        "42.50",
    ));
    let ready = ready.expect("understood");
    assert_eq!((ready.total, ready.discount, ready.shipping), (4_250, 0, 0));
    assert_eq!(ready.lines[0].priced(), [(3, 1_250)]);
}

#[test]
fn a_sum_that_does_not_divide_evenly_becomes_two_prices() {
    let ready =
        read(&order(vec![line("11", "3", "33.33", "100.00")], "100.00")).expect("understood");
    assert_eq!(ready.lines[0].priced(), [(1, 3_334), (2, 3_333)]);
    assert_eq!(ready.lines[0].priced_part(0, 2), [(1, 3_334), (1, 3_333)]);
    assert_eq!(ready.lines[0].priced_part(2, 1), [(1, 3_333)]);
    let sum: i64 = ready.lines[0]
        .priced()
        .iter()
        .map(|(units, price)| units * price)
        .sum();
    assert_eq!(sum, 10_000);
}

#[test]
fn the_total_says_whether_the_discount_is_in_the_lines() {
    let mut outside = order(vec![line("11", "2", "50", "100")], "95.00");
    (outside.discount, outside.shipping_total) = ("10.00".into(), "5".into());
    assert_eq!(
        read(&outside).map(|r| (r.discount, r.shipping)),
        Ok((1_000, 500))
    );
    let inside = Order {
        total: "105.00".into(),
        ..outside.clone()
    };
    assert_eq!(
        read(&inside).map(|r| (r.discount, r.total)),
        Ok((0, 10_500))
    );
    let mut percent = order(vec![line("11", "1", "9.99", "9.99")], "8.99");
    percent.discount_percent = "10".into();
    assert_eq!(read(&percent).map(|r| r.discount), Ok(100));
    let neither = Order {
        total: "90.00".into(),
        ..outside
    };
    refused(&neither, "order-total", "its total is 90.00 EUR");
}

#[test]
fn an_order_without_a_total_comes_to_what_its_parts_say_and_never_to_less_than_nothing() {
    let mut silent = order(vec![line("11", "2", "50", "100")], "");
    (silent.discount, silent.shipping_total) = ("10.00".into(), "5".into());
    assert_eq!(
        read(&silent).map(|r| (r.discount, r.shipping, r.total)),
        Ok((1_000, 500, 9_500))
    );
    silent.discount = "200".into();
    refused(&silent, "order-total", "its total is -95.00 EUR");
    (silent.discount, silent.shipping_total) = (String::new(), "-5".into());
    refused(&silent, "order-total", "shipping to -5.00");
    let dear = line("11", "1", "", "999999999999999");
    let mut endless = order(vec![dear; 200], "");
    endless.shipping_total = "999999999999999".into();
    assert_eq!(read(&endless).map(|r| r.total), Ok(i64::MAX));
}

#[test]
fn a_discount_in_percent_may_be_off_by_one_minor_unit_and_not_by_two() {
    let with_total = |total: &str| Order {
        discount_percent: "10%".into(),
        ..order(vec![line("11", "1", "10", "10.00")], total)
    };
    for total in ["9.01", "9.00", "8.99"] {
        assert!(read(&with_total(total)).is_ok(), "{total}");
    }
    refused(&with_total("9.02"), "order-total", "9.02");
    refused(&with_total("8.98"), "order-total", "8.98");
    let dearer = with_total("11.00");
    refused(&dearer, "order-total", "11.00");
}

#[test]
fn an_order_has_as_many_lines_as_shopify_takes_also_where_prices_do_not_divide() {
    let of = |count: usize, extended: &str| order(vec![line("11", "3", "", extended); count], "");
    assert!(read(&of(LINES_MAX, "3")).is_ok());
    refused(
        &of(LINES_MAX + 1, "3"),
        "order-too-long",
        "It has 251 lines",
    );
    assert!(read(&of(LINES_MAX / 2, "1")).is_ok());
    refused(
        &of(LINES_MAX / 2 + 1, "1"),
        "order-too-long",
        "needs 252 lines",
    );
}

#[test]
fn a_line_may_cost_nothing_and_has_at_most_a_million_units() {
    assert!(read(&order(vec![line("11", "1000000", "0", "0")], "0")).is_ok());
    refused(
        &order(vec![line("11", "1000001", "0", "0")], "0"),
        "line-units",
        "1000001",
    );
    refused(
        &order(vec![line("11", "1", "", "-0.01")], ""),
        "line-price",
        "-0.01",
    );
}

#[test]
fn each_trouble_names_its_line_and_all_are_told() {
    let lines = vec![
        line("", "1", "1", "1"),
        line("99", "1", "1", "1"),
        line("13", "1", "1", "1"),
        line("15", "1", "1", "1"),
        line("11", "0", "1", "0"),
        line("11", "-1", "1", "-1"),
        line("11", "1", "ten", "1"),
        line("16", "1", "1", "1"),
        line("17", "1", "1", "1"),
    ];
    let lines = [lines, vec![line("12", "2", "1", "2")]].concat();
    let troubles = read(&order(lines, "9")).expect_err("refused");
    let codes: Vec<&str> = troubles.iter().map(|t| t.code.as_str()).collect();
    let expected = [
        "line-without-upc",
        "line-not-linked",
        "line-upc-twice",
        "line-variant-gone",
        "line-units",
        "line-units",
        "line-price",
        "line-unreadable",
        "line-unreadable",
    ];
    assert_eq!(codes, expected);
    for (at, trouble) in troubles.iter().enumerate() {
        assert!(
            trouble
                .reason
                .starts_with(&format!("Line {} (Tee, Navy, M)", at + 1)),
            "{}",
            trouble.reason
        );
    }
}

#[test]
fn what_an_order_demands_is_known_whatever_else_is_wrong_with_it() {
    let mut odd = order(
        vec![
            line("11", "3", "ten", ""),
            line("99", "1", "1", "1"),
            line("16", "4", "1", "4"),
            line("17", "1", "1", "1"),
            line("12", "none", "1", "1"),
            line("12", "2", "1", "2"),
        ],
        "a lot",
    );
    odd.currency = "XXZ".into();
    odd.lines[5].multiplier = "6.0".into();
    assert_eq!(held(&odd), [(1, 3), (3, 4), (6, 12)]);
    for (multiplier, units) in [
        ("", 2),
        ("0", 2),
        ("-6", 2),
        ("box", 2),
        ("1.5", 2),
        ("10", 20),
    ] {
        odd.lines[5].multiplier = multiplier.into();
        assert_eq!(held(&odd)[2], (6, units), "{multiplier:?}");
    }
}

#[test]
fn odd_orders_are_refused_as_a_whole() {
    refused(&order(vec![], "0"), "order-without-lines", "no lines");
    let long = order(vec![line("11", "1", "1", "1"); 2_000], "2000");
    refused(&long, "order-too-long", "2000 lines");
    let mut unknown = order(vec![line("11", "1", "1", "1")], "1");
    unknown.currency = "XXZ".into();
    refused(&unknown, "order-currency", "XXZ");
    let mut pack = order(vec![line("11", "1", "1", "1")], "1");
    pack.lines[0].multiplier = "6".into();
    refused(&pack, "line-pack", "pack of 6");
}

#[test]
fn single_units_are_known_by_any_spelling_of_one() {
    for one in ["", "1", "1.0", "1.00", "0", " 1 "] {
        let mut order = order(vec![line("11", "1", "1", "1")], "1");
        order.lines[0].multiplier = one.into();
        assert!(read(&order).is_ok(), "{one:?}");
    }
    for pack in ["10", "100", "2", "-1", "x", "1.5", "0.5"] {
        let mut order = order(vec![line("11", "1", "1", "1")], "1");
        order.lines[0].multiplier = pack.into();
        assert!(read(&order).is_err(), "{pack:?}");
    }
}

#[test]
fn a_line_that_nobody_named_is_known_by_its_number() {
    let mut nameless = order(vec![line("99", "1", "1", "1")], "1");
    nameless.lines[0].label.clear();
    refused(&nameless, "line-not-linked", "Line 1 has the UPC 99");
}

#[test]
fn a_line_that_is_of_something_else_and_one_that_is_new_are_told() {
    let before = order(vec![line("11", "3", "1", "3")], "3");
    let mut after = order(
        vec![line("12", "3", "1", "3"), line("11", "2", "1", "2")],
        "3",
    );
    after.lines[0].label = "Tee, Navy, L".into();
    assert_eq!(
        Snapshot::of(&before).differences(&Snapshot::of(&after)),
        [
            "line 1: 3 units of Tee, Navy, M became 3 units of Tee, Navy, L",
            "line 2 (Tee, Navy, M, 2 units) is new",
        ]
    );
}

#[test]
fn another_address_is_told_without_the_parts_that_it_does_not_have() {
    let mut before = order(vec![], "0");
    before.shipping_address.name = "Le Bon Coin".into();
    before.shipping_address.city = "Lyon".into();
    let mut after = before.clone();
    after.shipping_address.city = "Paris".into();
    assert_eq!(
        Snapshot::of(&before).differences(&Snapshot::of(&after)),
        [r#"ship to: "Le Bon Coin, Lyon" became "Le Bon Coin, Paris""#]
    );
}

#[test]
fn a_change_is_told_line_by_line() {
    let before = order(
        vec![line("11", "3", "1", "3"), line("12", "1", "1", "1")],
        "4",
    );
    let mut after = order(vec![line("11", "5", "1", "5")], "5");
    after.purchase_order = "PO-7".into();
    let told = Snapshot::of(&before).differences(&Snapshot::of(&after));
    assert_eq!(
        told,
        [
            "purchase order: \"\" became \"PO-7\"",
            "total: \"4\" became \"5\"",
            "line 1 (Tee, Navy, M): 3 units for 3 became 5 units for 5",
            "line 2 (Tee, Navy, M, 1 units) is gone",
        ]
    );
    assert!(
        Snapshot::of(&before)
            .differences(&Snapshot::of(&before))
            .is_empty()
    );
}
