//! A JOOR order as JOOR tells it, and what it comes to: units by variant, prices to the cent.
//!
//! JOOR's texts are kept as they are until they are judged, so that a price that is no number
//! parks one order, with the line named, and no other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::id::Id;
use super::money::Currency;
use super::time::Millis;

/// Different lines that Shopify takes in one order: input arrays have at most 250 entries
/// (<https://shopify.dev/docs/api/usage/limits>).
pub const LINES_MAX: usize = 250;

/// Units of one line that are believed: Shopify's own bound for a quantity is 1,000,000,000.
const UNITS_MAX: i64 = 1_000_000;

/// An order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// JOOR's id of it, which people see as its number.
    pub id: String,
    /// Linesheet code; `MTO` means made to order.
    pub linesheet_code: String,
    /// Linesheet name.
    pub linesheet_name: String,
    /// Customer code; JOOR's own integration puts the Shopify customer id there.
    pub customer_code: String,
    /// Who buys.
    pub customer_name: String,
    /// The person who ordered.
    pub buyer: String,
    /// Their e-mail address.
    pub email: String,
    /// The customer's purchase order number.
    pub purchase_order: String,
    /// What the buyer wrote.
    pub comments: String,
    /// Season code.
    pub season: String,
    /// Who sold.
    pub sales_representative: String,
    /// First day of shipping, as JOOR writes it.
    pub ship_start: String,
    /// Last day of shipping.
    pub ship_end: String,
    /// Where to.
    pub shipping_address: Address,
    /// Who pays.
    pub billing_address: Address,
    /// ISO 4217 code.
    pub currency: String,
    /// What it comes to.
    pub total: String,
    /// Discount on the whole order, as an amount.
    pub discount: String,
    /// The same in percent.
    pub discount_percent: String,
    /// Shipping cost.
    pub shipping_total: String,
    /// When it was placed.
    pub placed_at: Option<Millis>,
    /// When it was approved.
    pub approved_at: Option<Millis>,
    /// When it was changed last.
    pub modified_at: Option<Millis>,
    /// What was ordered.
    pub lines: Vec<Line>,
}

/// An address. Empty texts are unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// Company or person.
    pub name: String,
    /// Street.
    pub line1: String,
    /// More of it.
    pub line2: String,
    /// City.
    pub city: String,
    /// State or province, as a code or a name.
    pub region: String,
    /// Postal code.
    pub postal_code: String,
    /// ISO 3166-1 alpha-2 code.
    pub country: String,
    /// Telephone.
    pub phone: String,
}

/// A line of an order, in JOOR's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// UPC: how a SKU is named between both sides.
    pub upc: String,
    /// What people call it: style name or number, colour, size.
    pub label: String,
    /// Ordered units.
    pub units: String,
    /// Units in a pack; empty, 0 and 1 mean single units.
    pub multiplier: String,
    /// Wholesale price of a unit.
    pub price: String,
    /// What the line comes to, adjustments included.
    pub extended: String,
    /// What the buyer wrote about it.
    pub comment: String,
}

/// Why an order cannot be taken over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Stable code.
    pub code: String,
    /// What is wrong, naming the line.
    pub reason: String,
    /// What to do.
    pub fix: String,
}

impl Trouble {
    /// A reason to park an order.
    pub fn new(code: &str, reason: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            reason: reason.into(),
            fix: fix.into(),
        }
    }
}

/// Code of the trouble of a line whose variant could not be read.
pub const UNREADABLE: &str = "line-unreadable";

/// What a UPC leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// One linked variant.
    Variant(Matched),
    /// Nothing that this integration created.
    NotLinked,
    /// One that Shopify has and that could not be read; what is known of it, where it is linked.
    Unreadable(Option<Matched>),
    /// A style that is linked, but Shopify has no such variant any more.
    Gone,
    /// Two variants or more.
    Several(Vec<Id>),
    /// Two variants of one style; the text names them.
    Twins(String),
}

/// The variant of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    /// Variant id.
    pub variant: Id,
    /// Product id of its style.
    pub product: Id,
    /// Inventory item id.
    pub item: Id,
    /// Merchant's SKU, or what stands for it.
    pub sku: String,
    /// Shopify counts it, as far as is known.
    pub tracked: bool,
    /// "Continue selling when out of stock", as far as is known.
    pub continue_selling: bool,
    /// `available` at the location that orders are assigned to; none: unknown.
    pub available: Option<i64>,
}

/// Units of a variant that a line of an order demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The number of the line, from 1.
    pub number: usize,
    /// What it is of.
    pub of: Matched,
    /// Units, at least 1.
    pub units: i64,
}

/// A line that is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadyLine {
    /// Its number in the order, from 1.
    pub number: usize,
    /// What it is of.
    pub of: Matched,
    /// Units, at least 1.
    pub units: i64,
    /// What it comes to, in minor units.
    pub extended: i64,
}

/// An order that is understood, to the cent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// What it is paid in.
    pub currency: Currency,
    /// Its lines.
    pub lines: Vec<ReadyLine>,
    /// Discount on the whole order that is not in the lines, in minor units, 0 or more.
    pub discount: i64,
    /// Shipping cost, in minor units.
    pub shipping: i64,
    /// What it comes to, in minor units.
    pub total: i64,
}

impl ReadyLine {
    /// The line as (units, price of a unit): one pair, or two that differ by one minor unit where
    /// the sum does not divide evenly.
    pub fn priced(&self) -> Vec<(i64, i64)> {
        let (price, rest) = (
            self.extended.div_euclid(self.units),
            self.extended.rem_euclid(self.units),
        );
        let mut pairs = Vec::with_capacity(2);
        if rest > 0 {
            pairs.push((rest, price + 1));
        }
        pairs.push((self.units - rest, price));
        pairs
    }

    /// `units` of it as such pairs; the dearer ones first.
    pub fn priced_part(&self, skip: i64, units: i64) -> Vec<(i64, i64)> {
        let (mut skip, mut left, mut part) = (skip, units, Vec::new());
        for (count, price) in self.priced() {
            let passed = skip.min(count);
            skip -= passed;
            let taken = (count - passed).min(left);
            left -= taken;
            if taken > 0 {
                part.push((taken, price));
            }
        }
        part
    }
}

/// What an order demands, of each line whose variant and units are known. That is sold whatever else
/// is wrong with the order, and not offered again.
pub fn demanded(order: &Order, matches: &BTreeMap<String, Match>) -> Vec<Demand> {
    let demand = |(index, line): (usize, &Line)| {
        let (Match::Variant(of) | Match::Unreadable(Some(of))) = matches.get(&line.upc)? else {
            return None;
        };
        Some(Demand {
            number: index + 1,
            of: of.clone(),
            units: units(line)?.saturating_mul(pack(&line.multiplier)),
        })
    };
    order.lines.iter().enumerate().filter_map(demand).collect()
}

/// Reads an order by what its UPCs lead to.
///
/// # Errors
/// Everything that is wrong with it, not only the first thing.
pub fn understand(order: &Order, matches: &BTreeMap<String, Match>) -> Result<Ready, Vec<Trouble>> {
    let mut troubles = Vec::new();
    let Some(currency) = Currency::parse(&order.currency) else {
        return Err(vec![Trouble::new(
            "order-currency",
            format!(
                "Its currency \"{}\" is not one that Shopify knows.",
                order.currency
            ),
            "Set the price type of the order on JOOR to one with an ISO 4217 currency.",
        )]);
    };
    if order.lines.is_empty() {
        troubles.push(Trouble::new(
            "order-without-lines",
            "It has no lines.",
            "Cancel it on JOOR, or add its lines and approve it again.",
        ));
    }
    if order.lines.len() > LINES_MAX {
        troubles.push(Trouble::new(
            "order-too-long",
            format!(
                "It has {} lines; Shopify takes at most {LINES_MAX} in one order, so line {} and those after it have no place.",
                order.lines.len(),
                LINES_MAX + 1
            ),
            "Split it into several orders on JOOR.",
        ));
    }
    let mut lines = Vec::with_capacity(order.lines.len());
    for (index, line) in order.lines.iter().enumerate() {
        match understand_line(index + 1, line, currency, matches) {
            Ok(line) => lines.push(line),
            Err(trouble) => troubles.push(trouble),
        }
    }
    if !troubles.is_empty() {
        return Err(troubles);
    }
    let (discount, shipping, total) =
        balance(order, currency, &lines).map_err(|trouble| vec![trouble])?;
    let ready = Ready {
        currency,
        lines,
        discount,
        shipping,
        total,
    };
    let entries: usize = ready.lines.iter().map(|line| line.priced().len()).sum();
    if entries > LINES_MAX {
        let trouble = Trouble::new(
            "order-too-long",
            format!(
                "To come out to the cent it needs {entries} lines in Shopify, which takes at most {LINES_MAX} in one order."
            ),
            "Split it into several orders on JOOR.",
        );
        return Err(vec![trouble]);
    }
    Ok(ready)
}

fn understand_line(
    number: usize,
    line: &Line,
    currency: Currency,
    matches: &BTreeMap<String, Match>,
) -> Result<ReadyLine, Trouble> {
    let name = name(number, line);
    if line.upc.is_empty() {
        return Err(Trouble::new(
            "line-without-upc",
            format!("{name} has no UPC."),
            "Give the SKU its UPC on JOOR; then `orders retry`.",
        ));
    }
    let of = match matches.get(&line.upc) {
        Some(Match::Variant(matched)) => matched.clone(),
        Some(Match::Several(variants)) => {
            let list: Vec<String> = variants.iter().map(Id::to_string).collect();
            return Err(Trouble::new(
                "line-upc-twice",
                format!(
                    "{name} has the UPC {}, which the variants {} share.",
                    line.upc,
                    list.join(" and ")
                ),
                "Give each variant its own in Shopify.",
            ));
        }
        Some(Match::Twins(why)) => {
            return Err(Trouble::new(
                "line-upc-twice",
                format!("{name} cannot be told from another: {why}"),
                "Give each variant its own in Shopify.",
            ));
        }
        Some(Match::Gone) => {
            return Err(Trouble::new(
                "line-variant-gone",
                format!(
                    "{name} has the UPC {}, whose variant is not in Shopify any more.",
                    line.upc
                ),
                "Take the line out of the order on JOOR, or restore the variant in Shopify.",
            ));
        }
        Some(Match::Unreadable(_)) => {
            return Err(Trouble::new(
                UNREADABLE,
                format!("{name} is of a variant that could not be read."),
                "The next pass tries again. Look at the variant in Shopify if it lasts.",
            ));
        }
        Some(Match::NotLinked) | None => {
            return Err(Trouble::new(
                "line-not-linked",
                format!(
                    "{name} has the UPC {}, which belongs to no style that was made from this shop.",
                    line.upc
                ),
                "Styles made on JOOR cannot be claimed in Shopify: take the line out of the order, or enter the order in \
                 Shopify by hand and `orders release` it.",
            ));
        }
    };
    let Some(units) = units(line) else {
        return Err(Trouble::new(
            "line-units",
            format!(
                "{name} orders \"{}\" units; a whole number from 1 to {UNITS_MAX} is expected.",
                line.units
            ),
            "Set the quantity right on JOOR, or take the line out.",
        ));
    };
    if !is_single(&line.multiplier) {
        return Err(Trouble::new(
            "line-pack",
            format!(
                "{name} is a pack of {}; how many units that makes is not certain.",
                line.multiplier.trim()
            ),
            "Order single units on JOOR, or enter the order in Shopify by hand and `orders release` it.",
        ));
    }
    let extended = extended(line, units, currency).ok_or_else(|| {
        Trouble::new(
            "line-price",
            format!(
                "{name} has the price \"{}\" and comes to \"{}\"; amounts in {} are expected.",
                line.price,
                line.extended,
                currency.code()
            ),
            "Set the price right on JOOR.",
        )
    })?;
    Ok(ReadyLine {
        number,
        of,
        units,
        extended,
    })
}

fn units(line: &Line) -> Option<i64> {
    let units = line.units.trim().parse().ok()?;
    (1..=UNITS_MAX).contains(&units).then_some(units)
}

/// The units that a pack seems to have; at least 1.
fn pack(multiplier: &str) -> i64 {
    let (whole, _) = multiplier.split_once('.').unwrap_or((multiplier, ""));
    let units = whole.trim().parse().unwrap_or(1);
    units.clamp(1, UNITS_MAX)
}

/// Whether a multiplier means single units: JOOR leaves it empty, or writes 0 or 1.
fn is_single(multiplier: &str) -> bool {
    let text = multiplier.trim();
    let whole = match text.split_once('.') {
        Some((whole, decimals)) if decimals.bytes().all(|b| b == b'0') => whole,
        _ => text,
    };
    matches!(whole, "" | "0" | "1")
}

/// What the line comes to: as JOOR says, or else price times units.
fn extended(line: &Line, units: i64, currency: Currency) -> Option<i64> {
    let extended = if line.extended.trim().is_empty() {
        currency.read(&line.price)?.checked_mul(units)?
    } else {
        // A price that is no number makes what is made from it doubtful.
        if !line.price.trim().is_empty() {
            currency.read(&line.price)?;
        }
        currency.read(&line.extended)?
    };
    (extended >= 0).then_some(extended)
}

/// Discount, shipping and total. JOOR does not document whether its discount is in the lines
/// already, so the total decides; where neither reading comes out at it, nobody knows the prices.
fn balance(
    order: &Order,
    currency: Currency,
    lines: &[ReadyLine],
) -> Result<(i64, i64, i64), Trouble> {
    let amount = |what: &str, text: &str| match text.trim() {
        "" => Ok(None),
        text => currency.read(text).map(Some).ok_or_else(|| {
            Trouble::new(
                "order-amount",
                format!(
                    "Its {what} is \"{text}\", which is no amount in {}.",
                    currency.code()
                ),
                "Set it right on JOOR.",
            )
        }),
    };
    let sum = lines
        .iter()
        .fold(0_i64, |sum, line| sum.saturating_add(line.extended));
    let shipping = amount("shipping cost", &order.shipping_total)?.unwrap_or(0);
    let told = amount("discount", &order.discount)?.unwrap_or(0).abs();
    let whole = sum.saturating_add(shipping);
    let total = amount("total", &order.total)?.unwrap_or_else(|| whole.saturating_sub(told));
    let gap = whole.saturating_sub(total);
    let by_percent = told == 0 && gap > 0 && percent_gives(&order.discount_percent, sum, gap);
    if (gap == 0 || gap == told || by_percent) && total >= 0 && shipping >= 0 {
        return Ok((gap, shipping, total));
    }
    let (code, write) = (currency.code(), |minor| currency.write(minor));
    Err(Trouble::new(
        "order-total",
        format!(
            "Its lines come to {} {code}, shipping to {} and the discount to {}, but its total is {} {code}.",
            write(sum),
            write(shipping),
            write(told),
            write(total)
        ),
        "Compare the order on JOOR line by line; until both agree to the cent it is not taken over.",
    ))
}

/// Whether `percent` of `sum` is `gap`, give or take one minor unit of rounding.
fn percent_gives(percent: &str, sum: i64, gap: i64) -> bool {
    // Four decimals are enough for any percentage that people grant.
    let text = percent.trim().trim_end_matches('%');
    let Some(hundredths) = Currency::parse("EUR").and_then(|two| two.read(text)) else {
        return false;
    };
    let exact = i128::from(sum) * i128::from(hundredths);
    (exact - i128::from(gap) * 10_000).abs() <= 10_000
}

fn name(number: usize, line: &Line) -> String {
    if line.label.is_empty() {
        format!("Line {number}")
    } else {
        format!("Line {number} ({})", line.label)
    }
}

#[cfg(test)]
#[path = "order_tests.rs"]
mod tests;
