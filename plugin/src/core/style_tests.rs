use super::*;

fn row(warehouse: &str, stock: Stock) -> Row {
    Row {
        warehouse: warehouse.into(),
        date: None,
        stock,
    }
}

fn rows(rows: &[Row]) -> Desired {
    Desired::Rows {
        rows: rows.to_vec(),
        withheld: Vec::new(),
    }
}

/// JOOR accepted a zero, and may have been sent a six.
fn zero_and_perhaps_six() -> (Row, Sku) {
    let old = row("Default", Stock::Units(0));
    let sku = Sku {
        sent: vec![old.clone()],
        want: vec![row("Default", Stock::Units(6))],
        ..Sku::default()
    };
    (old, sku)
}

#[test]
fn rows_survive_the_ledger() {
    let dated = Row {
        date: Some("2027-01-02".into()),
        ..row("East", Stock::MadeToOrder)
    };
    for (row, text) in [
        (row("Default", Stock::Units(12)), r#"["Default",12]"#),
        (dated, r#"["East",-1,"2027-01-02"]"#),
    ] {
        assert_eq!(serde_json::to_string(&row).expect("a row"), text);
        assert_eq!(serde_json::from_str::<Row>(text).expect("a row"), row);
    }
}

#[test]
fn the_first_number_is_a_decrease_because_no_record_is_unlimited() {
    let mut sku = Sku::default();
    sku.want(&rows(&[row("Default", Stock::Units(5))]), "2026-11-23");
    assert_eq!(sku.waiting(Direction::Decrease).count(), 1);
    assert_eq!(sku.waiting(Direction::Increase).count(), 0);
}

#[test]
fn what_joor_has_is_not_wanted_again() {
    let mut sku = Sku {
        sent: vec![row("Default", Stock::Units(5))],
        ..Sku::default()
    };
    sku.want(&rows(&[row("Default", Stock::Units(5))]), "2026-11-23");
    assert!(sku.want.is_empty());
}

#[test]
fn a_number_that_may_have_been_sent_is_replaced_by_the_old_one() {
    let (old, mut sku) = zero_and_perhaps_six();
    let told = rows(std::slice::from_ref(&old));
    sku.want(&told, "2026-11-23");
    assert_eq!(sku.want, std::slice::from_ref(&old));
    sku.accept(&old);
    sku.want(&told, "2026-11-23");
    assert!(sku.want.is_empty());
}

#[test]
fn what_may_have_been_sent_to_a_withheld_warehouse_is_told_when_it_is_back() {
    let (old, mut sku) = zero_and_perhaps_six();
    let withheld = Desired::Rows {
        rows: Vec::new(),
        withheld: vec!["Default".into()],
    };
    sku.want(&withheld, "2026-11-23");
    assert!(sku.want.is_empty());
    sku.want(&rows(std::slice::from_ref(&old)), "2026-11-23");
    assert_eq!(sku.want, [old]);
}

#[test]
fn an_arrival_that_is_called_off_is_set_to_zero_and_one_in_the_past_is_forgotten() {
    let dated = |day: &str| Row {
        date: Some(day.into()),
        ..row("Default", Stock::Units(5))
    };
    let mut sku = Sku {
        sent: vec![dated("2026-11-01"), dated("2026-12-24")],
        ..Sku::default()
    };
    sku.want(&rows(&[row("Default", Stock::Units(1))]), "2026-11-23");
    let zero = Row {
        stock: Stock::Units(0),
        ..dated("2026-12-24")
    };
    assert_eq!(sku.want, [row("Default", Stock::Units(1)), zero]);
}

#[test]
fn a_withheld_warehouse_keeps_what_it_shows() {
    let mut sku = Sku {
        sent: vec![row("East", Stock::Units(5))],
        ..Sku::default()
    };
    let desired = Desired::Rows {
        rows: vec![],
        withheld: vec!["East".into()],
    };
    sku.want(&desired, "2026-11-23");
    assert!(sku.want.is_empty());
    assert_eq!(sku.sent.len(), 1);
}

#[test]
fn a_style_that_becomes_made_to_order_loses_its_limit_once() {
    let mut sku = Sku {
        sent: vec![row("Default", Stock::Units(5))],
        ..Sku::default()
    };
    sku.want(&Desired::NoRows, "2026-11-23");
    let cleared = row("Default", Stock::MadeToOrder);
    assert_eq!(sku.want, std::slice::from_ref(&cleared));
    sku.accept(&cleared);
    sku.want(&Desired::NoRows, "2026-11-23");
    assert!(sku.want.is_empty());
}

#[test]
fn a_parked_sku_waits_for_a_change() {
    let mut sku = Sku::default();
    sku.want(&rows(&[row("Default", Stock::Units(5))]), "2026-11-23");
    sku.parked = Some(Parked {
        code: "refused".into(),
        reason: "no".into(),
    });
    assert_eq!(sku.waiting(Direction::Decrease).count(), 0);
    sku.want(&rows(&[row("Default", Stock::Units(5))]), "2026-11-23");
    assert!(sku.parked.is_some());
    sku.want(&rows(&[row("Default", Stock::Units(4))]), "2026-11-23");
    assert!(sku.parked.is_none());
}

#[test]
fn a_sku_that_changed_while_an_answer_was_missing_is_told_once_more_when_all_is_taken() {
    let [east, west] = [("East", 3), ("West", 0)].map(|(name, n)| row(name, Stock::Units(n)));
    let mut sku = Sku {
        want: vec![row("East", Stock::Units(9))],
        parked: Some(Parked {
            code: Parked::UNANSWERED.into(),
            reason: "no answer in time".into(),
        }),
        ..Sku::default()
    };
    let desired = rows(&[east.clone(), west.clone()]);
    sku.want(&desired, "2026-11-23");
    assert_eq!(sku.parked, None);
    sku.accept(&west);
    assert!(!sku.tell_again(), "one row waits still");
    sku.accept(&east);
    assert!(sku.tell_again());
    assert_eq!(sku.want, [west.clone(), east.clone()]);
    // The same in another order is no change, so what rests goes on resting.
    sku.parked = Some(Parked {
        code: Parked::UNANSWERED.into(),
        reason: "sent again after half an hour".into(),
    });
    sku.want(&desired, "2026-11-23");
    assert!(sku.parked.is_some());
    sku.accept(&west);
    sku.accept(&east);
    assert!(!sku.tell_again(), "once is enough");
}

#[test]
fn only_a_sku_that_sells_can_go_to_zero() {
    let mut sku = Sku {
        sent: vec![row("A", Stock::Units(5)), row("B", Stock::Units(0))],
        ..Sku::default()
    };
    sku.want(
        &rows(&[row("A", Stock::Units(0)), row("B", Stock::Units(0))]),
        "2026-11-23",
    );
    assert!(sku.goes_to_zero());
    sku.want(
        &rows(&[row("A", Stock::Units(0)), row("B", Stock::Units(2))]),
        "2026-11-23",
    );
    assert!(!sku.goes_to_zero());
    assert!(!Sku::default().goes_to_zero());
}
