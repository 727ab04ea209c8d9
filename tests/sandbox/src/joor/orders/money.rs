//! Amounts: whole minor units inside, decimal text outside.

/// Digits after the point in a currency's amounts. One that nobody knows has two.
/// ISO 4217: <https://www.iso.org/iso-4217-currency-codes.html>
pub(crate) fn decimals(currency: &str) -> usize {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX"
        | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// `-1234` minor units with two decimals are `-12.34`.
pub(crate) fn text(minor: i128, decimals: usize) -> String {
    let digits = format!("{:0width$}", minor.unsigned_abs(), width = decimals + 1);
    let (whole, part) = digits.split_at(digits.len() - decimals);
    let sign = if minor < 0 { "-" } else { "" };
    let point = if decimals == 0 { "" } else { "." };
    format!("{sign}{whole}{point}{part}")
}

/// The minor units of a decimal text. None where it is no number or has more decimals than the
/// currency.
pub(crate) fn minor(text: &str, decimals: usize) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || part.len() > decimals || !digits {
        return None;
    }
    format!("{whole}{part:0<decimals$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_has_the_decimals_of_its_currency() {
        let written = |minor, currency| text(minor, decimals(currency));
        assert_eq!(written(1_234, "EUR"), "12.34");
        assert_eq!(written(5, "EUR"), "0.05");
        assert_eq!(written(-5, "EUR"), "-0.05");
        assert_eq!(written(0, "EUR"), "0.00");
        assert_eq!(written(1_234, "JPY"), "1234");
        assert_eq!(written(0, "JPY"), "0");
        assert_eq!(written(1_234, "KWD"), "1.234");
    }

    #[test]
    fn a_text_is_read_back_into_the_minor_units_it_was_made_of() {
        for (amount, currency) in [(1_234, "EUR"), (-5, "EUR"), (7, "JPY"), (7, "KWD")] {
            let places = decimals(currency);
            assert_eq!(minor(&text(amount.into(), places), places), Some(amount));
        }
        assert_eq!(minor("45", 2), Some(4_500));
        assert_eq!(minor("4.5", 2), Some(450));
        assert_eq!(minor("4.555", 2), None);
        assert_eq!(minor("4.5", 0), None);
        assert_eq!(minor("ten", 2), None);
        assert_eq!(minor("", 2), None);
        assert_eq!(minor(".5", 2), None);
        assert_eq!(minor("4.-5", 2), None);
    }
}
