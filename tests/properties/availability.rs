//! Laws of availability.

use atsync_plugin::core::availability::{Ats, Quantity, Value};
use proptest::prelude::*;

use super::given::{
    Place, Rule, decide, decide_with_working, immediate, place, places, rule, rule_without_min,
};
use super::tries;

proptest! {
    #![proptest_config(tries())]

    #[test]
    fn without_rules_a_warehouse_is_the_sum_of_its_locations_less_open_claims(places in places()) {
        let sum: i64 = places.iter().map(|place| place.available() - place.claimed).sum();
        let (units, oversold) = immediate(&decide(&places, &Rule::default()));
        prop_assert_eq!((units, oversold), (sum.max(0), (-sum).max(0)));
    }

    #[test]
    fn never_more_is_published_than_is_available(places in places(), rule in rule_without_min()) {
        let available: i64 = places.iter().map(|place| place.available()).sum();
        let (units, _) = immediate(&decide(&places, &rule));
        prop_assert!(units <= available.max(0), "{} of {}", units, available);
    }

    #[test]
    fn a_share_is_never_more_than_its_percentage_and_less_than_a_unit_below_it(
        places in places(), percentage in 0..=100_i64,
    ) {
        let all = immediate(&decide(&places, &Rule::default())).0;
        let rule = Rule { percentage: Some(percentage), ..Rule::default() };
        let missing = all * percentage - 100 * immediate(&decide(&places, &rule)).0;
        prop_assert!((0..100).contains(&missing), "{} hundredths of a unit", missing);
    }

    #[test]
    fn more_at_one_location_never_publishes_less(
        places in places(), at in any::<prop::sample::Index>(), more in 0..100_i64, rule in rule(),
    ) {
        let mut raised = places.clone();
        let place = &mut raised[at.index(places.len())];
        place.quantity = Quantity::Available(place.available() + more);
        let ((before, short_before), (after, short_after)) =
            (immediate(&decide(&places, &rule)), immediate(&decide(&raised, &rule)));
        prop_assert!(after >= before, "{} units, then {}", before, after);
        prop_assert!(short_after <= short_before, "{} oversold, then {}", short_before, short_after);
    }

    #[test]
    fn an_open_claim_never_publishes_more(
        places in places(), at in any::<prop::sample::Index>(), units in 1..100_i64, rule in rule(),
    ) {
        let mut claimed = places.clone();
        claimed[at.index(places.len())].claimed += units;
        prop_assert!(immediate(&decide(&claimed, &rule)).0 <= immediate(&decide(&places, &rule)).0);
    }

    #[test]
    fn what_is_published_lies_between_the_bounds_and_never_below_zero(places in places(), rule in rule()) {
        let (units, oversold) = immediate(&decide(&places, &rule));
        prop_assert!(units >= rule.min.unwrap_or(0));
        prop_assert!(units <= rule.max.unwrap_or(i64::MAX));
        prop_assert!(oversold >= 0);
    }

    #[test]
    fn an_unknown_location_withholds_its_warehouse_whatever_else_is_known(
        places in places(), at in 0..6_usize, rule in rule(),
    ) {
        let mut places = places;
        let mut unknown = places[0].clone();
        unknown.quantity = Quantity::Unknown;
        places.insert(at.min(places.len()), unknown);
        let rows = decide(&places, &rule);
        prop_assert!(rows.iter().all(|row| row.value == Value::Withheld), "{:?}", rows);
    }

    #[test]
    fn the_order_of_locations_does_not_matter(
        (places, shuffled) in places().prop_flat_map(|places| (Just(places.clone()), Just(places).prop_shuffle())),
        rule in rule(),
    ) {
        prop_assert_eq!(decide(&places, &rule), decide(&shuffled, &rule));
    }

    #[test]
    fn each_step_of_the_working_leads_to_the_next_and_the_last_to_the_value(places in places(), rule in rule()) {
        let (rows, working) = decide_with_working(&places, &rule);
        prop_assert_eq!(rows.len(), working.len());
        for (row, steps) in rows.iter().zip(&working) {
            let mut units = 0;
            for step in steps {
                units += step.change;
                prop_assert_eq!(step.after, units, "{}", step.what);
            }
            prop_assert_eq!(row.value, Value::Units(units));
        }
    }

    #[test]
    fn what_arrives_and_is_not_sold_yet_is_promised_in_the_order_of_days(places in places()) {
        let rows = decide(&places, &Rule::default());
        prop_assert_eq!(promised(&rows), (arriving(&places) - rows[0].oversold).max(0));
        prop_assert!(rows.is_sorted_by(|a, b| a.date < b.date), "{:?}", rows);
    }

    #[test]
    fn no_rule_promises_more_than_arrives_and_is_not_sold_yet(
        places in places(), rule in rule_without_min(),
    ) {
        let rows = decide(&places, &rule);
        prop_assert!(promised(&rows) <= (arriving(&places) - rows[0].oversold).max(0), "{:?}", rows);
    }

    #[test]
    fn no_number_is_too_large_or_too_small(
        numbers in prop::collection::vec(any::<i64>(), 1..6), rule in rule(), place in place(),
    ) {
        let at = |units| Place { quantity: Quantity::Available(units), ..place.clone() };
        let places: Vec<_> = numbers.into_iter().map(at).collect();
        let (units, oversold) = immediate(&decide(&places, &rule));
        prop_assert!(units >= 0 && oversold >= 0);
    }
}

/// Units that come on a known day.
fn arriving(places: &[Place]) -> i64 {
    let incoming = places.iter().flat_map(|place| &place.incoming);
    incoming
        .filter(|incoming| incoming.arrives.is_some())
        .map(|incoming| incoming.units)
        .sum()
}

/// Units of the dated rows.
fn promised(rows: &[Ats]) -> i64 {
    let units = |row: &Ats| match row.value {
        Value::Units(units) => units,
        Value::MadeToOrder | Value::Withheld => 0,
    };
    rows[1..].iter().map(units).sum()
}
