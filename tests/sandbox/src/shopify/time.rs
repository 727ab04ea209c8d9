//! Timestamps as Shopify writes and reads them.

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::TimeZone;

use super::store::Seconds;

/// `2026-11-23T06:09:00Z`
pub(crate) fn text(at: Seconds) -> String {
    Timestamp::from_second(i64::from(at)).map_or_else(|_| String::new(), |at| at.to_string())
}

/// Reads a timestamp with or without an offset, or a date, which means its first second.
/// Without an offset it is UTC. Fractions are cut off.
pub(crate) fn read(text: &str) -> Option<Seconds> {
    let utc = |at: civil::DateTime| Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp());
    let at = text
        .parse::<Timestamp>()
        .ok()
        .or_else(|| utc(text.parse::<civil::DateTime>().ok()?))
        .or_else(|| utc(text.parse::<civil::Date>().ok()?.at(0, 0, 0, 0)))?;
    Seconds::try_from(at.as_second()).ok()
}

/// The form of HTTP's `date` header.
pub(crate) fn http(at: Seconds) -> String {
    Timestamp::from_second(i64::from(at)).map_or_else(
        |_| String::new(),
        |at| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_read_in_every_form_that_a_search_takes() {
        let at = Some(1_795_413_600);
        for text in [
            "2026-11-23T06:00:00Z",
            "2026-11-23T07:00:00+01:00",
            "2026-11-23T06:00:00",
            "2026-11-23T06:00:00.700Z",
        ] {
            assert_eq!(read(text), at, "{text}");
        }
        assert_eq!(read("2026-11-23"), Some(1_795_392_000));
        assert_eq!(read("yesterday"), None);
        assert_eq!(text(1_795_413_600), "2026-11-23T06:00:00Z");
    }
}
