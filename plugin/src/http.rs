//! What both APIs have in common: headers, and when to try again.

use crate::bindings::exports::atsync::connector::reconcile::{Failure, HttpResponse};
use crate::core::time::{HOUR, Millis, SECOND, parse_http_date};

/// How often one call is tried before the pass gives up. The next pass tries again anyway.
pub const ATTEMPTS_MAX: u32 = 5;

/// The longest wait inside a pass; a longer one ends it with an early next run.
pub const WAIT_MAX: Millis = 20 * SECOND;

/// A header's value; names are in lower case.
pub fn header<'r>(response: &'r HttpResponse, name: &str) -> Option<&'r str> {
    response
        .headers
        .iter()
        .find(|(n, _)| n == name)
        .map(|(_, value)| value.as_str())
}

/// When `Retry-After` (RFC 9110 §10.2.3) allows the next try: seconds, or a date. None for more
/// than a day: one odd answer must not silence a connection.
pub fn retry_after(response: &HttpResponse, now: Millis) -> Option<Millis> {
    let value = header(response, "retry-after")?.trim();
    let seconds = value
        .parse::<f64>()
        .ok()
        .filter(|s| (0.0..=86_400.0).contains(s));
    match seconds {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and a day's milliseconds, as filtered above"
        )]
        Some(seconds) => Some(now + (seconds * 1_000.0).ceil() as Millis),
        None => parse_http_date(value).filter(|at| *at <= now + 24 * HOUR),
    }
}

/// The pause before try `attempt` (from 1): 1, 2, 4, 8 s and up to a quarter more, so that
/// connections that failed together do not come back together. `salt` stands for chance, which a
/// component does not have.
pub fn pause(attempt: u32, salt: Millis) -> Millis {
    let base = SECOND << attempt.saturating_sub(1).min(4);
    let spread = salt.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    base + spread % (base / 4)
}

/// Status codes of a server that may do better a moment later.
pub fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 500 | 502 | 503 | 504 | 520..=530)
}

/// What a failure is, for people.
pub fn describe(failure: &Failure) -> String {
    match failure {
        Failure::Refused(rule) => format!("this host does not allow the request ({rule})"),
        Failure::TimedOut => "no answer came in time".into(),
        Failure::TooLarge => "the answer was larger than this host takes".into(),
        Failure::Unreachable(why) => format!("it could not be reached ({why})"),
        Failure::Unsupported => "this host cannot send such requests".into(),
    }
}

/// Whether trying again can help.
pub fn is_passing_failure(failure: &Failure) -> bool {
    matches!(failure, Failure::TimedOut | Failure::Unreachable(_))
}

/// The beginning of a body, for messages: one line of at most 200 characters.
pub fn excerpt(body: &str) -> String {
    let line = body.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = line.chars().take(200).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(retry_after: &str) -> HttpResponse {
        HttpResponse {
            status: 429,
            headers: vec![("retry-after".into(), retry_after.into())],
            body: String::new(),
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = 1_795_414_217_000;
        assert_eq!(retry_after(&response("2.0"), now), Some(now + 2_000));
        assert_eq!(
            retry_after(&response("Mon, 23 Nov 2026 06:10:27 GMT"), now),
            Some(now + 10_000)
        );
        for odd in [
            "",
            "soon",
            "-1",
            "NaN",
            "1e300",
            "86401",
            "Fri, 31 Dec 9999 23:59:59 GMT",
        ] {
            assert_eq!(retry_after(&response(odd), now), None, "{odd}");
        }
    }

    #[test]
    fn pauses_grow_and_differ() {
        for attempt in 1..=5 {
            let base = SECOND << (attempt - 1);
            assert!((base..base + base / 4).contains(&pause(attempt, 7)));
        }
        assert_ne!(pause(3, 1), pause(3, 2));
    }
}
