//! What both APIs have in common: headers, and when to try again.

use serde_json::Value;
use serde_json::error::Category;

use crate::bindings::exports::atsync::connector::reconcile::{Failure, HttpResponse};
use crate::core::time::{HOUR, Millis, SECOND, parse_http_date};

/// How often one call is tried before the pass gives up. The next pass tries again anyway.
pub const ATTEMPTS_MAX: u32 = 5;

/// The longest wait inside a pass; a longer one ends it with an early next run.
pub const WAIT_MAX: Millis = 20 * SECOND;

/// Keys under which services say what is wrong.
const ERRORS: [&str; 8] = [
    "code",
    "description",
    "detail",
    "error",
    "error_description",
    "errors",
    "message",
    "status",
];

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

/// What of a body may stand in a message, which outlives what the ledger forgets: of JSON, which may
/// name people anywhere, what its keys tell to be about an error; of anything else, such as a page
/// of HTML, the beginning. One line of at most 200 characters.
pub fn excerpt(body: &str) -> String {
    if !is_meant_as_json(body) {
        return one_line(body);
    }
    let mut said = Vec::new();
    if let Ok(value) = serde_json::from_str(body) {
        errors_in(&value, false, &mut said);
    }
    match said.is_empty() {
        true => format!("JSON of {} bytes", body.len()),
        false => one_line(&said.join("; ")),
    }
}

/// Why a body cannot be read as JSON. What was meant as some is not quoted.
pub fn not_json(body: &str, error: &serde_json::Error) -> String {
    if !is_meant_as_json(body) {
        return format!("its answer is not JSON: {}", one_line(body));
    }
    let what = match error.classify() {
        Category::Eof => "is cut off",
        Category::Data => "has a value of another kind",
        Category::Syntax | Category::Io => "is no JSON",
    };
    let (bytes, line, column) = (body.len(), error.line(), error.column());
    format!("its answer of {bytes} bytes {what} at line {line}, column {column}")
}

/// Why JSON is not what it should be, without the value that is otherwise.
pub fn unlike(error: &serde_json::Error) -> String {
    let error = error.to_string();
    match error.split_once(", expected ") {
        Some((_, expected)) => format!("a value in it is not {expected}"),
        None => error,
    }
}

fn is_meant_as_json(body: &str) -> bool {
    body.trim_start().starts_with(['{', '['])
}

/// Texts in whose keys an error is told. `inside`: in a list or an object of such a key.
fn errors_in(value: &Value, inside: bool, said: &mut Vec<String>) {
    match value {
        Value::String(text) if inside => said.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| errors_in(item, inside, said)),
        Value::Object(members) => {
            for (key, member) in members {
                let tells = ERRORS.contains(&key.as_str());
                if tells || member.is_object() || member.is_array() {
                    errors_in(member, tells, said);
                }
            }
        }
        _ => {}
    }
}

fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
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
    fn of_json_only_what_is_about_an_error_is_quoted() {
        let body = r#"{"orders":[{"customer_name":"Jo Doe","status":"open"}],"errors":[{"message":"No such\naccount.","details":{"email":"jo@doe.example"}}],"error":"denied"}"#;
        let said = excerpt(body);
        assert!(
            said.contains("No such account.") && said.contains("denied"),
            "{said}"
        );
        assert!(!said.contains("Jo") && !said.contains("jo@"), "{said}");
        assert_eq!(
            excerpt(r#" [{"customer_name":"Jo Doe"}]"#),
            "JSON of 29 bytes"
        );
        assert_eq!(excerpt("<h1>Bad\n gateway</h1>"), "<h1>Bad gateway</h1>");
        assert_eq!(excerpt(&"é".repeat(300)), "é".repeat(200) + "…");
    }

    #[test]
    fn what_cannot_be_read_is_not_quoted_where_it_is_meant_as_json() {
        let why = |body: &str| {
            let error = serde_json::from_str::<Value>(body).expect_err("no JSON");
            not_json(body, &error)
        };
        assert_eq!(
            why(r#"{"name":"Jo D"#),
            "its answer of 13 bytes is cut off at line 1, column 13"
        );
        assert_eq!(
            why(r#"{"name":"Jo Doe"}}"#),
            "its answer of 18 bytes is no JSON at line 1, column 18"
        );
        assert_eq!(why("<h1>Down"), "its answer is not JSON: <h1>Down");
        let other = serde_json::from_str::<Vec<u64>>(r#"["Jo Doe"]"#).expect_err("no number");
        assert_eq!(
            unlike(&other),
            "a value in it is not u64 at line 1 column 9"
        );
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
