//! What the laws are tried on.

use atsync_plugin::core::availability::{
    Ats, Incoming, Item, OpenClaim, Quantity, Silent, Source, Step, Value, Written, availability,
};
use atsync_plugin::core::id::Id;
use atsync_plugin::core::settings::Settings;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, json};

/// More units than any shop has, and few enough that sums of them stay exact.
pub const UNITS_MAX: i64 = 1_000_000_000;

/// A location with a known number.
#[derive(Clone, Debug)]
pub struct Place {
    pub quantity: Quantity,
    pub claimed: i64,
    pub incoming: Vec<Incoming>,
}

impl Place {
    /// What it adds before any rule.
    pub fn available(&self) -> i64 {
        match self.quantity {
            Quantity::Available(units) => units,
            Quantity::NotStocked | Quantity::Unknown => 0,
        }
    }
}

pub fn place() -> impl Strategy<Value = Place> {
    let known = prop_oneof![
        8 => (-50..200_i64).prop_map(Quantity::Available),
        2 => (-UNITS_MAX..UNITS_MAX).prop_map(Quantity::Available),
        1 => Just(Quantity::NotStocked),
    ];
    let day = option::weighted(0.8, (1..29_u8).prop_map(|day| format!("2027-01-{day:02}")));
    let incoming = (0..100_i64, day).prop_map(|(units, arrives)| Incoming { units, arrives });
    (
        known,
        prop_oneof![3 => Just(0), 1 => 1..50_i64],
        vec(incoming, 0..4),
    )
        .prop_map(|(quantity, claimed, incoming)| Place {
            quantity,
            claimed,
            incoming,
        })
}

pub fn places() -> impl Strategy<Value = Vec<Place>> {
    vec(place(), 1..6)
}

/// A rule as the settings write it.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    pub reserve: Option<i64>,
    pub percentage: Option<i64>,
    pub min: Option<i64>,
    pub max: Option<i64>,
}

pub fn rule() -> impl Strategy<Value = Rule> {
    let bounds = (option::of(0..50_i64), option::of(50..150_i64));
    (option::of(0..20_i64), option::of(0..=100_i64), bounds).prop_map(
        |(reserve, percentage, (min, max))| Rule {
            reserve,
            percentage,
            min,
            max,
        },
    )
}

/// A rule that never publishes more than there is.
pub fn rule_without_min() -> impl Strategy<Value = Rule> {
    rule().prop_map(|rule| Rule { min: None, ..rule })
}

/// A decision with everything about the SKU plain: tracked, on sale, on no linesheet.
pub fn decide(places: &[Place], rule: &Rule) -> Vec<Ats> {
    decide_with_working(places, rule).0
}

/// The decision, and its working row by row. That silence gives the same rows is checked too.
pub fn decide_with_working(places: &[Place], rule: &Rule) -> (Vec<Ats>, Vec<Vec<Step>>) {
    let settings = settings(rule);
    let item = Item {
        style: Id(1001),
        sku: "TEE-M",
        tags: &[],
        linesheets: &[],
        tracked: true,
        continue_selling: false,
        on_sale: true,
    };
    let claim = |place: &Place| OpenClaim {
        order: "50001".into(),
        units: place.claimed,
    };
    let claims: Vec<[OpenClaim; 1]> = places.iter().map(|place| [claim(place)]).collect();
    let sources: Vec<Source<'_>> = places
        .iter()
        .zip(&claims)
        .map(|(place, claims)| Source {
            location: "Paris",
            quantity: place.quantity,
            incoming: &place.incoming,
            claims,
        })
        .collect();
    let rules = item.rules(&settings);
    let mut working = Written::default();
    let rows = availability(&item, &rules, &sources, true, &mut working);
    assert_eq!(
        rows,
        availability(&item, &rules, &sources, true, &mut Silent),
        "silence decides the same"
    );
    (rows, working.0)
}

/// The immediate row's units and oversold units.
pub fn immediate(rows: &[Ats]) -> (i64, i64) {
    assert_eq!(rows[0].date, None, "the first row is the immediate one");
    match rows[0].value {
        Value::Units(units) => (units, rows[0].oversold),
        other => panic!("a plain SKU has units, not {other:?}"),
    }
}

fn settings(rule: &Rule) -> Settings {
    let Rule {
        reserve,
        percentage,
        min,
        max,
    } = rule;
    let fields = [
        ("reserve", reserve),
        ("percentage", percentage),
        ("min", min),
        ("max", max),
    ];
    let given: Map<_, _> = fields
        .into_iter()
        .filter_map(|(name, value)| value.map(|v| (name.to_owned(), v.into())))
        .collect();
    let text = json!({
        "joor_account": "1234",
        "default_location": "Paris",
        "warehouses": [{ "name": "Default", "locations": ["Paris"] }],
        "future_inventory": true,
        "availability": given,
    });
    let (settings, findings) = Settings::read(&text.to_string());
    settings.unwrap_or_else(|| panic!("{findings:?}"))
}
