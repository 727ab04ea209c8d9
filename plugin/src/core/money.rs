//! Amounts of money in whole minor units (cents), because the total in Shopify has to equal
//! JOOR's to the cent, and a float does not know a cent.

/// Codes that Shopify knows (`CurrencyCode` of its 2026-10 schema), less the one that is no ISO
/// 4217 currency and the one for "none".
const CODES: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP \
    BYN BYR BZD CAD CDF CHF CLP CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF \
    GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JEP JMD JOD JPY KES KGS KHR KID KMF KRW KWD KYD KZT LAK LBP \
    LKR LRD LSL LTL LVL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB \
    PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLL SOS SRD SSP STD STN SYP SZL THB TJS \
    TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VEF VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW";

/// Currencies without a minor unit (ISO 4217).
const WITHOUT_CENTS: &str = "BIF BYR CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";

/// Currencies with a thousand minor units (ISO 4217).
const WITH_MILS: &str = "BHD IQD JOD KWD LYD OMR TND";

/// A currency that Shopify takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency {
    code: &'static str,
    digits: u8,
}

impl Currency {
    /// The currency with this ISO 4217 code, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let wanted = text.trim();
        let code = CODES
            .split_ascii_whitespace()
            .find(|code| code.eq_ignore_ascii_case(wanted))?;
        let digits = match code {
            _ if WITHOUT_CENTS.contains(code) => 0,
            _ if WITH_MILS.contains(code) => 3,
            _ => 2,
        };
        Some(Self { code, digits })
    }

    /// Its code.
    pub fn code(self) -> &'static str {
        self.code
    }

    /// Reads an amount: an optional minus, digits, perhaps grouped by commas, and perhaps decimals.
    /// None for anything else, for more decimals than the currency has (zeros excepted), and for
    /// a quadrillion and more.
    pub fn read(self, text: &str) -> Option<i64> {
        let text = text.trim();
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let whole = without_groups(whole)?;
        let are_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || whole.len() > 15 || !are_digits(&whole) || !are_digits(decimals) {
            return None;
        }
        let digits = usize::from(self.digits);
        let (kept, cut) = decimals.split_at(decimals.len().min(digits));
        if cut.bytes().any(|b| b != b'0') {
            return None;
        }
        let minor: i64 = format!("{whole}{kept:0<digits$}").parse().ok()?;
        Some(if negative { -minor } else { minor })
    }

    /// `1250.00 EUR`.
    pub fn shown(self, minor: i64) -> String {
        format!("{} {}", self.write(minor), self.code)
    }

    /// Writes minor units as Shopify's `Decimal` and as people read them: `1250.00`.
    pub fn write(self, minor: i64) -> String {
        let digits = usize::from(self.digits);
        let sign = if minor < 0 { "-" } else { "" };
        let padded = format!("{:0>width$}", minor.unsigned_abs(), width = digits + 1);
        let (whole, decimals) = padded.split_at(padded.len() - digits);
        if decimals.is_empty() {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{decimals}")
        }
    }
}

/// `1,250` as `1250`. None where a comma stands in a place that no thousand ends.
fn without_groups(whole: &str) -> Option<String> {
    if !whole.contains(',') {
        return Some(whole.to_owned());
    }
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let right = (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
    right.then(|| whole.replace(',', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(currency: &str, text: &str) -> Option<i64> {
        Currency::parse(currency).expect("a currency").read(text)
    }

    #[test]
    fn amounts_are_read_to_the_minor_unit_of_their_currency() {
        assert_eq!(read("usd", "12.5"), Some(1_250));
        assert_eq!(read("EUR", "1,250.0000"), Some(125_000));
        assert_eq!(read("EUR", "-0.01"), Some(-1));
        assert_eq!(read("JPY", "1200"), Some(1_200));
        assert_eq!(read("JPY", "1200.00"), Some(1_200));
        assert_eq!(read("KWD", "1.005"), Some(1_005));
        assert_eq!(
            read("EUR", "999999999999999.99"),
            Some(99_999_999_999_999_999)
        );
    }

    #[test]
    fn what_is_no_amount_is_none() {
        for wrong in [
            "",
            "ten",
            "1e3",
            "12.345",
            "1.2.3",
            "12,5",
            ",5",
            ".5",
            "+5",
            "--1",
            "1.+5",
            "1.5x",
            "NaN",
            "$5",
            "12.5€",
            "7.€",
            "7.5٣",
            "9999999999999999",
        ] {
            assert_eq!(read("EUR", wrong), None, "{wrong}");
        }
        assert_eq!(read("JPY", "0.5"), None);
        assert_eq!(Currency::parse("XXZ"), None);
        assert_eq!(Currency::parse("EUR "), Currency::parse("eur"));
        assert_eq!(Currency::parse("E"), None);
    }

    #[test]
    fn what_is_written_is_read_again() {
        for code in ["EUR", "JPY", "KWD"] {
            let currency = Currency::parse(code).expect("a currency");
            for minor in [0, 1, -1, 99, 100, 123_456_789, -100_001] {
                assert_eq!(
                    currency.read(&currency.write(minor)),
                    Some(minor),
                    "{code} {minor}"
                );
            }
        }
        let euros = |minor| Currency::parse("EUR").expect("a currency").write(minor);
        assert_eq!([euros(5), euros(0), euros(-5)], ["0.05", "0.00", "-0.05"]);
    }
}
