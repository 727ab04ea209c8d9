//! Times as texts, in UTC, without a clock.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = u64;

/// One second.
pub const SECOND: Millis = 1_000;
/// One minute.
pub const MINUTE: Millis = 60 * SECOND;
/// One hour.
pub const HOUR: Millis = 60 * MINUTE;
/// One day.
pub const DAY: Millis = 24 * HOUR;

/// The last moment of the year 9999. No clock shows a later one, and sums with it fit.
pub const TIME_MAX: Millis = 253_402_300_799_999;

/// `2026-11-23T06:10:17Z`, as Shopify's search syntax wants it. Milliseconds are cut off.
pub fn rfc3339(at: Millis) -> String {
    timestamp(at / SECOND * SECOND).to_string()
}

/// `2026-11-23`.
pub fn day(at: Millis) -> String {
    timestamp(at).to_zoned(TimeZone::UTC).date().to_string()
}

/// Reads RFC 3339 with any offset. None where the text is not one, or lies before 1970.
pub fn parse_rfc3339(text: &str) -> Option<Millis> {
    u64::try_from(text.parse::<Timestamp>().ok()?.as_millisecond()).ok()
}

/// Reads a time as JOOR writes it: RFC 3339, or a day with or without a time of day, in UTC.
pub fn parse_loosely(text: &str) -> Option<Millis> {
    let text = text.trim();
    parse_rfc3339(text).or_else(|| {
        let civil = match text.parse::<DateTime>() {
            Ok(time) => time,
            Err(_) => text
                .parse::<Date>()
                .ok()?
                .to_datetime(jiff::civil::Time::midnight()),
        };
        let at = civil.to_zoned(TimeZone::UTC).ok()?.timestamp();
        u64::try_from(at.as_millisecond()).ok()
    })
}

/// Reads the `Date` header of HTTP (RFC 9110 §5.6.7): `Mon, 23 Nov 2026 06:10:17 GMT`.
pub fn parse_http_date(text: &str) -> Option<Millis> {
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    u64::try_from(date.timestamp().as_millisecond()).ok()
}

/// How long ago `at` was, by a clock that shows `now`. What lies more than an hour ahead was taken
/// down by a clock that was wrong, and counts as long ago: waiting for it would last until then.
pub fn age(now: Millis, at: Millis) -> Millis {
    match at.saturating_sub(now) > HOUR {
        true => Millis::MAX,
        false => now.saturating_sub(at),
    }
}

/// By how many milliseconds a clock is ahead of another; 0 where no calendar has both.
pub fn ahead(clock: Millis, of: Millis) -> i64 {
    i64::try_from(i128::from(clock) - i128::from(of)).unwrap_or(0)
}

/// Whether the text is a day that exists, as `YYYY-MM-DD`.
pub fn is_day(text: &str) -> bool {
    text.len() == 10 && text.parse::<Date>().is_ok()
}

/// Times beyond the year 9999, which no calendar here has, become its last moment.
fn timestamp(at: Millis) -> Timestamp {
    i64::try_from(at)
        .ok()
        .and_then(|at| Timestamp::from_millisecond(at).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_survive_the_way_through_text() {
        for at in [0, 951_782_400_000, 1_795_414_217_000, 4_102_444_799_000] {
            assert_eq!(parse_rfc3339(&rfc3339(at)), Some(at), "{}", rfc3339(at));
        }
        assert_eq!(rfc3339(1_795_414_217_123), "2026-11-23T06:10:17Z");
        assert_eq!(day(1_795_414_217_123), "2026-11-23");
        assert_eq!(day(u64::MAX), "9999-12-30");
    }

    #[test]
    fn a_minute_an_hour_and_a_day_are_what_a_calendar_says() {
        for (span, until) in [
            (MINUTE, "1970-01-01T00:01:00Z"),
            (HOUR, "1970-01-01T01:00:00Z"),
            (DAY, "1970-01-02T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(span), until);
        }
    }

    #[test]
    fn a_clock_is_ahead_by_what_has_to_be_added_to_the_other() {
        assert_eq!(ahead(1_500, 1_000), 500);
        assert_eq!(ahead(1_000, 1_500), -500);
        assert_eq!(ahead(u64::MAX, 0), 0);
    }

    #[test]
    fn what_is_to_come_was_long_ago_by_a_clock_that_was_wrong() {
        assert_eq!(age(5 * HOUR, 2 * HOUR), 3 * HOUR);
        assert_eq!(age(5 * HOUR, 6 * HOUR), 0);
        assert_eq!(age(5 * HOUR, 6 * HOUR + 1), Millis::MAX);
    }

    #[test]
    fn offsets_and_fractions_are_understood() {
        let utc = parse_rfc3339("2026-11-23T06:10:17Z");
        assert_eq!(parse_rfc3339("2026-11-23T07:10:17+01:00"), utc);
        assert_eq!(parse_rfc3339("2026-11-22T23:10:17.000-07:00"), utc);
        assert_eq!(parse_http_date("Mon, 23 Nov 2026 06:10:17 GMT"), utc);
    }

    #[test]
    fn joor_writes_times_with_and_without_a_zone() {
        let utc = parse_rfc3339("2026-11-23T06:10:17Z");
        for same in [
            "2026-11-23 06:10:17",
            "2026-11-23T06:10:17",
            "2026-11-23T07:10:17.0+01:00",
        ] {
            assert_eq!(parse_loosely(same), utc, "{same}");
        }
        assert_eq!(
            parse_loosely("2026-11-23"),
            parse_rfc3339("2026-11-23T00:00:00Z")
        );
        for wrong in ["", "0000-00-00 00:00:00", "soon", "2026-13-01"] {
            assert_eq!(parse_loosely(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_not_a_time_is_none() {
        for wrong in [
            "",
            "2026",
            "2026-02-30T00:00:00Z",
            "2026-11-23T06:10:17",
            "1960-01-01T00:00:00Z",
        ] {
            assert_eq!(parse_rfc3339(wrong), None, "{wrong}");
        }
        assert!(!is_day("2027-02-29") && is_day("2028-02-29") && !is_day("20280229"));
    }
}
