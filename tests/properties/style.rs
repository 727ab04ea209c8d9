//! What is told of a SKU, and when.

use atsync_plugin::core::style::{Desired, Direction, Parked, Row, Sku, Stock, Style};

const TODAY: &str = "2026-11-23";

fn row(warehouse: &str, units: i64) -> Row {
    Row {
        warehouse: warehouse.into(),
        date: None,
        stock: Stock::Units(units),
    }
}

fn arriving(day: &str, units: i64) -> Row {
    Row {
        date: Some(day.into()),
        ..row("Default", units)
    }
}

fn desired(rows: &[Row], withheld: &[&str]) -> Desired {
    Desired::Rows {
        rows: rows.to_vec(),
        withheld: withheld.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn shown(rows: &[Row]) -> Sku {
    Sku {
        sent: rows.to_vec(),
        ..Sku::default()
    }
}

fn parked(code: &str) -> Option<Parked> {
    Some(Parked {
        code: code.into(),
        reason: "for a reason".into(),
    })
}

#[test]
fn what_arrives_today_is_still_shown_and_what_arrived_yesterday_is_not() {
    let mut sku = shown(&[arriving(TODAY, 3), arriving("2026-11-22", 3)]);
    sku.want(
        &desired(&[row("Default", 1), arriving(TODAY, 3)], &[]),
        TODAY,
    );
    assert_eq!(sku.sent, [arriving(TODAY, 3)]);
    assert_eq!(sku.want, [row("Default", 1)]);
}

#[test]
fn an_arrival_that_was_set_to_zero_is_not_set_to_zero_again() {
    let mut sku = shown(&[row("Default", 1), arriving("2026-12-24", 0)]);
    sku.want(&desired(&[row("Default", 1)], &[]), TODAY);
    assert!(sku.want.is_empty(), "{:?}", sku.want);
}

#[test]
fn an_arrival_in_a_withheld_warehouse_stays() {
    let mut sku = shown(&[arriving("2026-12-24", 5)]);
    sku.want(&desired(&[], &["Default"]), TODAY);
    assert!(sku.want.is_empty(), "{:?}", sku.want);
    assert_eq!(sku.sent.len(), 1);
}

#[test]
fn fewer_units_are_a_decrease_and_as_many_or_more_an_increase() {
    let mut sku = shown(&[row("A", 5), row("B", 5)]);
    sku.want = vec![row("A", 4), row("B", 5), row("C", 9)];
    let waiting = |direction| -> Vec<Row> { sku.waiting(direction).cloned().collect() };
    assert_eq!(waiting(Direction::Decrease), [row("A", 4), row("C", 9)]);
    assert_eq!(waiting(Direction::Increase), [row("B", 5)]);
}

#[test]
fn a_duplicate_stays_parked_however_its_stock_changes() {
    for code in [
        Parked::DUPLICATE_SKU,
        Parked::DUPLICATE_UPC,
        Parked::TWIN_UPC,
    ] {
        let mut sku = Sku {
            parked: parked(code),
            ..Sku::default()
        };
        sku.want(&desired(&[row("Default", 5)], &[]), TODAY);
        assert!(sku.parked.is_some(), "{code}");
    }
}

#[test]
fn joor_shows_a_sku_right_only_if_nothing_waits_and_nothing_is_withheld() {
    let (five, four) = (desired(&[row("A", 5)], &[]), desired(&[row("A", 4)], &[]));
    let mut sku = shown(&[row("A", 5)]);
    assert!(sku.shows(&five) && !sku.shows(&four));
    assert!(!sku.shows(&desired(&[row("A", 5)], &["B"])));
    assert!(!sku.shows(&Desired::NoRows));
    sku.want(&four, TODAY);
    assert!(!sku.shows(&five) && !sku.shows(&four));
    sku.accept(&row("A", 4));
    assert!(sku.shows(&four) && sku.want.is_empty());
}

#[test]
fn a_style_counts_its_skus_by_what_joor_sells_of_them() {
    let mut emptied = shown(&[row("A", 5)]);
    emptied.want = vec![row("A", 0)];
    let mut held = emptied.clone();
    held.parked = parked("refused");
    let mut refilled = shown(&[row("A", 0)]);
    refilled.want = vec![row("A", 6)];
    let mut gone = shown(&[row("A", 0)]);
    gone.gone = true;
    let mut style = Style {
        skus: vec![emptied, held, refilled, gone],
        ..Style::default()
    };
    let standing = style.standing();
    assert_eq!((standing.styles, standing.skus, standing.gone), (1, 4, 1));
    assert_eq!(
        (standing.sellable, standing.parked, standing.to_zero),
        (2, 1, 1)
    );
    assert!(standing.decreases && standing.increases);
    style.skus.truncate(2);
    assert!(style.standing().decreases && !style.standing().increases);
    style.skus.remove(0);
    assert!(!style.standing().decreases);
}

#[test]
fn a_style_is_known_by_its_name_or_else_by_its_number() {
    let mut style = Style {
        number: "LIN-1".into(),
        name: "Linen Sandal".into(),
        ..Style::default()
    };
    assert_eq!(style.shown_name(), "Linen Sandal");
    style.name = " ".into();
    assert_eq!(style.shown_name(), "LIN-1");
}

#[test]
fn a_sku_without_a_upc_is_known_by_colour_and_size() {
    let mut sku = Sku {
        color: "NVY".into(),
        size: "M".into(),
        ..Sku::default()
    };
    assert_eq!(sku.label(), "NVY / M");
    sku.upc = "44001".into();
    assert_eq!(sku.label(), "44001");
}

#[test]
fn a_sku_says_in_the_ledger_what_it_has_to_say_and_no_more() {
    let text = |sku: &Sku| serde_json::to_string(sku).unwrap();
    assert_eq!(text(&Sku::default()), r#"{"nr":0}"#);
    let mut sku = shown(&[row("A", 5), arriving("2026-12-24", 3)]);
    (sku.gone, sku.upc) = (true, "44001".into());
    let expected =
        r#"{"upc":"44001","nr":0,"gone":true,"sent":[["A",5],["Default",3,"2026-12-24"]]}"#;
    assert_eq!(text(&sku), expected);
    assert_eq!(serde_json::from_str::<Sku>(expected).unwrap(), sku);
}

#[test]
fn a_row_of_the_ledger_that_is_none_is_refused_with_what_a_row_is() {
    for wrong in ["12", "[]", r#"["A"]"#] {
        let refused = serde_json::from_str::<Row>(wrong).unwrap_err().to_string();
        assert!(
            refused.contains("a row: warehouse, units, date"),
            "{refused}"
        );
    }
}

#[test]
fn stock_is_written_as_people_say_it() {
    assert_eq!(Stock::Units(12).to_string(), "12");
    assert_eq!(Stock::MadeToOrder.to_string(), "made to order");
}

#[test]
fn joor_sells_what_it_shows_more_than_nothing_of() {
    assert!(shown(&[row("A", 0), row("B", 5)]).is_sellable());
    assert!(!shown(&[row("A", 0), row("B", 0)]).is_sellable());
    assert!(!Sku::default().is_sellable());
}

#[test]
fn what_joor_accepted_is_forgotten_only_where_it_is_in_doubt_and_withheld_at_once() {
    let mut sku = shown(&[row("A", 2), arriving("2026-12-24", 5)]);
    sku.want = vec![row("A", 6), arriving("2026-12-24", 0)];
    sku.want(&desired(&[row("A", 4)], &["Default"]), TODAY);
    assert_eq!(sku.sent, [row("A", 2), arriving("2026-12-24", 5)]);
    assert_eq!(sku.waiting(Direction::Increase).count(), 1);
}

#[test]
fn an_arrival_that_joor_may_have_been_told_of_is_set_to_zero_when_it_is_called_off() {
    let mut sku = Sku {
        want: vec![arriving("2026-12-24", 5)],
        ..Sku::default()
    };
    sku.want(&desired(&[row("Default", 1)], &[]), TODAY);
    assert_eq!(sku.want, [row("Default", 1), arriving("2026-12-24", 0)]);
}
