//! Amounts in the minor unit of their currency, so that sums are exact.

use std::iter::Sum;
use std::ops::Add;

use serde_json::Value;

/// An amount in the minor unit: cents, yen, thousandths of a dinar.
pub(super) type Minor = i64;

/// An amount as the shop books it and as the customer sees it, each in its currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Price {
    pub(super) shop: Minor,
    pub(super) presentment: Minor,
}

impl Price {
    fn each(self, other: Self, of: impl Fn(Minor, Minor) -> Minor) -> Self {
        Self {
            shop: of(self.shop, other.shop),
            presentment: of(self.presentment, other.presentment),
        }
    }

    pub(super) fn times(self, units: i32) -> Self {
        self.each(self, |amount, _| amount.saturating_mul(units.into()))
    }

    pub(super) fn min(self, other: Self) -> Self {
        self.each(other, Minor::min)
    }

    pub(super) fn less(self, other: Self) -> Self {
        self.each(other, Minor::saturating_sub)
    }
}

impl Add for Price {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.each(other, Minor::saturating_add)
    }
}

impl Sum for Price {
    fn sum<I: Iterator<Item = Self>>(prices: I) -> Self {
        prices.fold(Self::default(), Self::add)
    }
}

/// Digits after the decimal point. Source: ISO 4217, the currencies that do not have two.
fn digits(currency: &str) -> usize {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX"
        | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// Reads a `Decimal`, a string or a number in JSON. Digits beyond the minor unit are rounded,
/// half away from zero. `None` for what is no decimal, or too large to be an amount.
pub(super) fn read(amount: &Value, currency: &str) -> Option<Minor> {
    let text = match amount {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.as_str()),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let places = digits(currency);
    let kept: String = fraction
        .chars()
        .chain("0".chars().cycle())
        .take(places)
        .collect();
    let round = fraction
        .as_bytes()
        .get(places)
        .is_some_and(|digit| *digit >= b'5');
    let minor = format!("{whole}{kept}").parse::<Minor>().ok()? + Minor::from(round);
    // Far more than any order, and far from where sums of lines would overflow.
    let minor = (minor < 1_000_000_000_000).then_some(minor)?;
    Some(if negative { -minor } else { minor })
}

/// As recorded answers write it: no zeros at the end, and one digit after the point at least.
pub(super) fn text(amount: Minor, currency: &str) -> String {
    let places = digits(currency);
    let sign = if amount < 0 { "-" } else { "" };
    let padded = format!("{:0width$}", amount.unsigned_abs(), width = places + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places);
    let fraction = fraction.trim_end_matches('0');
    let fraction = if fraction.is_empty() { "0" } else { fraction };
    format!("{sign}{whole}.{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn amounts_are_read_and_written_exactly() {
        for (given, currency, minor, written) in [
            (json!("20.00"), "EUR", 2000, "20.0"),
            (json!("31.90"), "CAD", 3190, "31.9"),
            (json!(0.07), "EUR", 7, "0.07"),
            (json!("0.005"), "EUR", 1, "0.01"),
            (json!("1500"), "JPY", 1500, "1500.0"),
            (json!("1.2345"), "KWD", 1235, "1.235"),
            (json!("-4"), "EUR", -400, "-4.0"),
        ] {
            assert_eq!(read(&given, currency), Some(minor), "{given}");
            assert_eq!(text(minor, currency), written, "{given}");
        }
    }

    #[test]
    fn what_is_no_decimal_is_no_amount() {
        for given in [
            json!("ten"),
            json!("1,50"),
            json!(".5"),
            json!("1e3"),
            json!(true),
        ] {
            assert_eq!(read(&given, "EUR"), None, "{given}");
        }
    }
}
