use super::*;

const SHIRT: Id = Id(1);
const TOTE: Id = Id(2);

fn line(variant: Id, tracked: bool, claim: i64, short: i64) -> DecidedLine {
    DecidedLine {
        variant,
        tracked,
        units: claim + short,
        claim,
        short,
        ..DecidedLine::default()
    }
}

/// An order of which Shopify may have nothing yet.
fn order(state: State, lines: Vec<DecidedLine>) -> OrderEntry {
    let behaviour = Behaviour::DecrementObeyingPolicy.word().to_owned();
    let part = Part {
        behaviour: behaviour.clone(),
        sent_at: 1,
        ..Part::default()
    };
    OrderEntry {
        state,
        decision: Some(Decision {
            behaviour,
            decided_by: "global".into(),
            lines,
        }),
        parts: vec![part],
        ..OrderEntry::default()
    }
}

/// What it keeps from being offered.
fn kept(entry: &OrderEntry) -> Vec<(Id, i64)> {
    let claim = entry.claim_after(Id(9), None);
    let units = claim.into_iter().flat_map(|claim| claim.units);
    units
        .map(|claimed| (claimed.variant, claimed.units))
        .collect()
}

#[test]
fn an_order_that_waits_keeps_all_that_it_demands() {
    let lines = vec![line(SHIRT, true, 5, 2), line(TOTE, false, 3, 0)];
    let entry = order(State::Waiting, lines);
    assert_eq!(kept(&entry), [(SHIRT, 7), (TOTE, 3)]);
}

#[test]
fn an_order_in_doubt_keeps_what_was_decided_and_what_may_be_counted_by_now() {
    let lines = vec![line(SHIRT, true, 5, 2), line(TOTE, false, 3, 0)];
    let entry = order(State::Sending, lines);
    assert_eq!(kept(&entry), [(SHIRT, 5), (TOTE, 3)]);
}

#[test]
fn several_lines_of_a_variant_are_one_claim() {
    let lines = vec![line(SHIRT, true, 5, 0), line(SHIRT, true, 1, 0)];
    assert_eq!(kept(&order(State::Sending, lines)), [(SHIRT, 6)]);
}

#[test]
fn a_line_that_stock_does_not_cover_at_all_keeps_nothing() {
    let lines = vec![line(SHIRT, true, 0, 2), line(TOTE, true, 1, 0)];
    assert_eq!(kept(&order(State::Sending, lines)), [(TOTE, 1)]);
}

#[test]
fn in_shopify_a_claim_is_of_what_is_counted_there() {
    let claimed = |variant, units| Claimed {
        variant,
        product: Id(3),
        item: Id(4),
        units,
    };
    let before = Claim {
        units: vec![claimed(SHIRT, 5), claimed(TOTE, 3)],
        ..Claim::default()
    };
    let lines = vec![line(SHIRT, true, 5, 0), line(TOTE, false, 3, 0)];
    let entry = order(State::Created, lines);
    let after = entry.claim_after(Id(9), Some(&before));
    assert_eq!(
        after.map(|claim| claim.units),
        Some(vec![claimed(SHIRT, 5)])
    );
}

#[test]
fn an_order_is_parked_since_it_has_these_troubles_and_no_others() {
    let trouble = |code| vec![Trouble::new(code, "", "")];
    let mut entry = OrderEntry::default();
    let mut since = |at, code| {
        entry.park(at, trouble(code), None);
        entry.parked.as_ref().map(|parked| parked.at)
    };
    assert_eq!(since(1, "order-short"), Some(1));
    assert_eq!(since(2, "order-short"), Some(1));
    assert_eq!(since(3, "order-refused"), Some(3));
}
