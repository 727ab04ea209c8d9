//! The available-to-sell stock (ATS) of one SKU in one JOOR warehouse, and how it came about.
//!
//! The order of the working: what is available at each location, minus open claims, minus the
//! reserve, times the percentage, clamped to `min` and `max`, floored at zero.

use super::id::Id;
use super::rules::{Resolved, Subject};
use super::settings::{Endless, Settings};

/// A linesheet as far as availability needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linesheet {
    /// Linesheet code; `MTO` in any case means made to order.
    pub code: String,
    /// "Made to order?", where it is known.
    pub made_to_order: Option<bool>,
}

impl Linesheet {
    /// Whether buyers order from it without a limit. The flag decides where it is known; the
    /// code alone otherwise.
    pub fn is_made_to_order(&self) -> bool {
        self.made_to_order.unwrap_or_else(|| self.has_mto_code())
    }

    /// "If the Linesheet Code is set to "MTO" in JOOR, any orders placed against this linesheet
    /// will not reduce inventory in Shopify." (seed)
    pub fn has_mto_code(&self) -> bool {
        self.code.trim().eq_ignore_ascii_case("MTO")
    }
}

/// A SKU as far as availability needs it.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// Shopify product id.
    pub style: Id,
    /// Merchant's SKU.
    pub sku: &'a str,
    /// Tags of the style.
    pub tags: &'a [String],
    /// The linesheets the style is on.
    pub linesheets: &'a [Linesheet],
    /// Shopify counts it.
    pub tracked: bool,
    /// "Continue selling when out of stock".
    pub continue_selling: bool,
    /// The style is active in Shopify.
    pub on_sale: bool,
}

impl Item<'_> {
    /// A style that is only on made-to-order linesheets gets no inventory rows.
    pub fn only_made_to_order(&self) -> bool {
        !self.linesheets.is_empty() && self.linesheets.iter().all(Linesheet::is_made_to_order)
    }

    /// The rules of `settings` for this SKU.
    pub fn rules<'s>(&self, settings: &'s Settings) -> Resolved<'s> {
        if settings.rules.is_empty() {
            let subject = Subject {
                style: self.style,
                sku: self.sku,
                tags: &[],
                linesheets: &[],
            };
            return Resolved::new(settings, &subject);
        }
        let codes: Vec<String> = self.linesheets.iter().map(|l| l.code.clone()).collect();
        let subject = Subject {
            style: self.style,
            sku: self.sku,
            tags: self.tags,
            linesheets: &codes,
        };
        Resolved::new(settings, &subject)
    }
}

/// What a location says of a SKU. Unknown is not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Shopify's `available`, in units.
    Available(i64),
    /// Not stocked there: adds nothing.
    NotStocked,
    /// Could not be read, or the location is inactive.
    Unknown,
}

/// Units on their way to a location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Units not yet received.
    pub units: i64,
    /// Day of arrival, `YYYY-MM-DD`; without it they are shown and never published.
    pub arrives: Option<String>,
}

/// One location that feeds the warehouse.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its name, for people.
    pub location: &'a str,
    /// What it says.
    pub quantity: Quantity,
    /// What is on its way there.
    pub incoming: &'a [Incoming],
    /// Open claims on it: units in orders that its number does not show yet.
    pub claims: &'a [OpenClaim],
}

/// Units of one order that Shopify's number does not show yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenClaim {
    /// JOOR order id.
    pub order: String,
    /// Units; below zero counts as none.
    pub units: i64,
}

/// What to publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// This many units, 0 or more.
    Units(i64),
    /// No limit.
    MadeToOrder,
    /// Nothing: what is there stays.
    Withheld,
}

/// What to publish for one warehouse and date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ats {
    /// None: immediate. Else the day of arrival.
    pub date: Option<String>,
    /// What to publish.
    pub value: Value,
    /// Units that the floor at zero hid.
    pub oversold: i64,
}

/// Takes the working down, or does not: the same arithmetic serves a million SKUs in silence and
/// the one that a person asks about.
pub trait Working {
    /// The steps that follow lead to another row.
    fn row(&mut self);
    /// `change` units by this step give `after`. `words` are what was done, and why.
    fn step(&mut self, change: i64, after: i64, words: impl FnOnce() -> (String, String));
}

/// Takes nothing down.
pub struct Silent;

impl Working for Silent {
    fn row(&mut self) {}
    fn step(&mut self, _: i64, _: i64, _: impl FnOnce() -> (String, String)) {}
}

/// One line of the working.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was done.
    pub what: String,
    /// Units added by it.
    pub change: i64,
    /// Units after it.
    pub after: i64,
    /// The scope and the reason.
    pub why: String,
}

/// The working of each row, in the order of the rows.
#[derive(Debug, Default)]
pub struct Written(pub Vec<Vec<Step>>);

impl Working for Written {
    fn row(&mut self) {
        self.0.push(Vec::new());
    }

    fn step(&mut self, change: i64, after: i64, words: impl FnOnce() -> (String, String)) {
        let (what, why) = words();
        if let Some(steps) = self.0.last_mut() {
            steps.push(Step {
                what,
                change,
                after,
                why,
            });
        }
    }
}

/// The rows of one SKU for one warehouse: one immediate row, and with `future` one for each day
/// on which units arrive. None for a style that is only made to order.
pub fn availability(
    item: &Item<'_>,
    rules: &Resolved<'_>,
    sources: &[Source<'_>],
    future: bool,
    working: &mut impl Working,
) -> Vec<Ats> {
    if item.only_made_to_order() {
        return Vec::new();
    }
    working.row();
    if let Some(value) = decided_without_counting(item, rules, sources, working) {
        return vec![Ats {
            date: None,
            value,
            oversold: 0,
        }];
    }
    let counted = count(sources, working);
    let (units, uncovered) = apply_rules(counted, rules, working);
    let mut rows = vec![Ats {
        date: None,
        value: Value::Units(units),
        oversold: uncovered,
    }];
    if future {
        rows.extend(future_rows(sources, rules, uncovered, working));
    }
    rows
}

fn decided_without_counting(
    item: &Item<'_>,
    rules: &Resolved<'_>,
    sources: &[Source<'_>],
    working: &mut impl Working,
) -> Option<Value> {
    if !item.on_sale {
        working.step(0, 0, || {
            (
                "not on sale".into(),
                "the style is not active in Shopify".into(),
            )
        });
        return Some(Value::Units(0));
    }
    if sources.is_empty() {
        working.step(0, 0, || {
            (
                "withheld".into(),
                "no location of this warehouse is known".into(),
            )
        });
        return Some(Value::Withheld);
    }
    if let Some(source) = sources.iter().find(|s| s.quantity == Quantity::Unknown) {
        working.step(0, 0, || {
            let why = "its number is unknown: not read, or the location is inactive";
            (format!("withheld for {}", source.location), why.into())
        });
        return Some(Value::Withheld);
    }
    let (endless, scope, what) = if !item.tracked {
        (
            rules.untracked.0,
            rules.untracked.1,
            "not tracked in Shopify",
        )
    } else if item.continue_selling {
        (
            rules.continue_selling.0,
            rules.continue_selling.1,
            "continues selling when out of stock",
        )
    } else {
        return None;
    };
    match endless {
        Endless::PublishAvailable => None,
        Endless::MadeToOrder => {
            working.step(0, 0, || {
                ("made to order".into(), format!("{what}; {scope}"))
            });
            Some(Value::MadeToOrder)
        }
        Endless::Cap(units) => {
            working.step(units, units, || ("cap".into(), format!("{what}; {scope}")));
            Some(Value::Units(units))
        }
    }
}

/// What is available at all locations together, less the open claims on them.
fn count(sources: &[Source<'_>], working: &mut impl Working) -> i64 {
    let mut units = 0_i64;
    for source in sources {
        let (change, why) = match source.quantity {
            Quantity::Available(available) => (available, "Shopify's available"),
            Quantity::NotStocked | Quantity::Unknown => (0, "not stocked there"),
        };
        units = units.saturating_add(change);
        working.step(change, units, || {
            (format!("available at {}", source.location), why.into())
        });
    }
    for source in sources {
        let claimed = source
            .claims
            .iter()
            .fold(0_i64, |sum, c| sum.saturating_add(c.units.max(0)));
        if claimed == 0 {
            continue;
        }
        units = units.saturating_sub(claimed);
        working.step(claimed.saturating_neg(), units, || {
            (
                format!("open claims at {}", source.location),
                orders_of(source.claims),
            )
        });
    }
    units
}

/// The orders behind open claims, the first few by name.
fn orders_of(claims: &[OpenClaim]) -> String {
    const SHOWN: usize = 5;
    let open: Vec<&str> = claims
        .iter()
        .filter(|c| c.units > 0)
        .map(|c| c.order.as_str())
        .collect();
    let shown: Vec<&str> = open.iter().copied().take(SHOWN).collect();
    let (word, more) = match open.len() {
        1 => ("order", String::new()),
        n if n <= SHOWN => ("orders", String::new()),
        n => ("orders", format!(" and {} more", n - SHOWN)),
    };
    format!(
        "{word} {}{more}, which Shopify's number does not show yet",
        shown.join(", ")
    )
}

/// The units to publish, and how many are missing for what is sold already.
fn apply_rules(counted: i64, rules: &Resolved<'_>, working: &mut impl Working) -> (i64, i64) {
    let mut units = counted;
    let mut step = |units: &mut i64, to: i64, what: &str, why: String| {
        working.step(to.saturating_sub(*units), to, || (what.to_owned(), why));
        *units = to;
    };
    let (reserve, scope) = rules.reserve;
    if reserve != 0 {
        let to = units.saturating_sub(reserve);
        step(&mut units, to, "reserve", scope.to_string());
    }
    let (percentage, scope) = rules.percentage;
    if percentage != 100 {
        let to = share(units, percentage);
        step(
            &mut units,
            to,
            "percentage",
            format!("{percentage} % by {scope}"),
        );
    }
    if let Some((min, scope)) = rules.min.filter(|(min, _)| units < *min) {
        step(&mut units, min, "min", scope.to_string());
    }
    if let Some((max, scope)) = rules.max.filter(|(max, _)| units > *max) {
        step(&mut units, max, "max", scope.to_string());
    }
    if units < 0 {
        step(
            &mut units,
            0,
            "floor at zero",
            "JOOR takes no number below zero".into(),
        );
    }
    // The reserve is the brand's wish; only what is sold and not there is oversold.
    (units, counted.saturating_neg().max(0))
}

/// The share of what is there; a shortage is not shared.
fn share(units: i64, percentage: i64) -> i64 {
    if units <= 0 {
        return units;
    }
    let share = i128::from(units) * i128::from(percentage) / 100;
    i64::try_from(share).unwrap_or(i64::MAX)
}

/// One row for each day of arrival. What is oversold is taken from the first arrivals, so that
/// no unit is offered twice.
fn future_rows(
    sources: &[Source<'_>],
    rules: &Resolved<'_>,
    oversold: i64,
    working: &mut impl Working,
) -> Vec<Ats> {
    let mut days: std::collections::BTreeMap<&str, i64> = std::collections::BTreeMap::new();
    for incoming in sources.iter().flat_map(|s| s.incoming) {
        if let Some(day) = incoming.arrives.as_deref() {
            let units = days.entry(day).or_default();
            *units = units.saturating_add(incoming.units.max(0));
        }
    }
    let mut missing = oversold;
    let mut row = |(day, arriving): (&str, i64)| {
        working.row();
        working.step(arriving, arriving, || {
            (format!("arriving {day}"), "in transit in Shopify".into())
        });
        let mut units = arriving;
        let taken = missing.min(units);
        if taken > 0 {
            missing -= taken;
            units -= taken;
            working.step(-taken, units, || ("oversold".into(), "sold already".into()));
        }
        let (percentage, scope) = rules.percentage;
        if percentage != 100 {
            let to = share(units, percentage);
            working.step(to - units, to, || {
                ("percentage".into(), format!("{percentage} % by {scope}"))
            });
            units = to;
        }
        if let Some((max, scope)) = rules.max.filter(|(max, _)| units > *max) {
            working.step(max - units, max, || ("max".into(), scope.to_string()));
            units = max;
        }
        Ats {
            date: Some(day.to_owned()),
            value: Value::Units(units),
            oversold: 0,
        }
    };
    days.into_iter().map(&mut row).collect()
}
