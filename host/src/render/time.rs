//! Points in time and spans of it, for people.

use std::time::Duration;

use atsync::clock::Timestamp;
use jiff::tz::TimeZone;

/// `2026-11-23 14:05:09`, in the time zone of the machine.
pub fn at(timestamp: Timestamp) -> String {
    point(timestamp).map_or_else(
        || "far away".to_owned(),
        |point| {
            point
                .to_zoned(TimeZone::system())
                .strftime("%Y-%m-%d %H:%M:%S")
                .to_string()
        },
    )
}

/// `2026-11-23T13:05:09Z`, for machines.
pub fn rfc3339(timestamp: Timestamp) -> Option<String> {
    point(timestamp).map(|point| point.to_string())
}

/// `340 ms`, `4.2 s`, `3 min 20 s`, `2 h 5 min`.
pub fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0 => format!("{} ms", span.as_millis()),
        1..60 => format!("{}.{} s", seconds, span.subsec_millis() / 100),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

fn point(timestamp: Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_millisecond(i64::try_from(timestamp).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_the_two_units_that_matter() {
        assert_eq!(span(Duration::from_millis(340)), "340 ms");
        assert_eq!(span(Duration::from_millis(4_250)), "4.2 s");
        assert_eq!(span(Duration::from_secs(200)), "3 min 20 s");
        assert_eq!(span(Duration::from_secs(7_500)), "2 h 5 min");
    }

    #[test]
    fn a_time_beyond_the_calendar_is_no_panic() {
        assert_eq!(at(u64::MAX), "far away");
        assert_eq!(rfc3339(u64::MAX), None);
        assert_eq!(rfc3339(1_000).as_deref(), Some("1970-01-01T00:00:01Z"));
    }
}
