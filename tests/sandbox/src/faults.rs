//! Faults made on purpose: scripted one by one, or drawn from a seed.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::shopify::{store::seconds, time};
use crate::wire::{Millis, Response, Side};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// 429 without effect; `Retry-After` in seconds, or none.
    TooManyRequests(Option<u32>),
    /// This status, with an HTML body and without effect: 500, 502, 503 …
    Status(u16),
    /// Shopify's THROTTLED with status 200: the cost bucket is found empty.
    Throttled,
    /// The effect happens, and half of the answer's body arrives as if it were all.
    Truncated,
    /// The effect happens, and the answer is an HTML page with status 200.
    Html,
    /// The effect happens, and the answer is JSON of so many bytes.
    Huge(usize),
    /// The effect happens, and the answer is an HTML page with this status.
    StatusAfter(u16),
    /// The effect happens, and every number and quantity in the answer is null.
    Nulls,
    /// The effect happens, and every enum value in the answer is one that nobody knows.
    UnknownEnum,
    /// The connection is cut before anything happened.
    CutBefore,
    /// The effect happens, then the connection is cut.
    CutAfter,
    /// The effect happens, and the answer comes after so many milliseconds.
    Slow(Millis),
    /// The effect happens, and the answer's `Date` is this moment.
    Dated(Millis),
}

#[derive(Clone, Debug)]
struct Script {
    side: Side,
    operation: String,
    fault: Fault,
    skip: u32,
    times: u32,
}

/// The faults that are to come.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    scripts: Vec<Script>,
    chance: Option<Chance>,
}

#[derive(Clone, Debug)]
struct Chance {
    state: u64,
    per_thousand: u64,
    faults: Vec<Fault>,
}

impl Faults {
    /// The next `times` requests of this side whose operation contains `operation` (empty: any)
    /// meet this fault. Operations are GraphQL operation names, or method and path as in
    /// `POST v2/bulk-inventory`.
    pub fn next(&mut self, side: Side, operation: &str, fault: Fault, times: u32) {
        self.after(side, operation, fault, 0, times);
    }

    /// As [`Faults::next`], after `skip` matching requests went well.
    pub fn after(&mut self, side: Side, operation: &str, fault: Fault, skip: u32, times: u32) {
        self.scripts.push(Script {
            side,
            operation: operation.to_owned(),
            fault,
            skip,
            times,
        });
    }

    /// From here on, so many of a thousand requests meet one of these faults. The same seed
    /// draws the same ones.
    pub fn seed(&mut self, seed: u64, per_thousand: u64, faults: &[Fault]) {
        self.chance = Some(Chance {
            state: seed,
            per_thousand,
            faults: faults.to_vec(),
        });
    }

    /// No more faults.
    pub fn heal(&mut self) {
        *self = Self::default();
    }

    /// The fault that this request meets.
    pub(crate) fn pick(&mut self, side: Side, operation: &str) -> Option<Fault> {
        let script = self.scripts.iter_mut().find(|script| {
            script.times > 0 && script.side == side && operation.contains(&script.operation)
        });
        if let Some(script) = script {
            if script.skip > 0 {
                script.skip -= 1;
                return None;
            }
            script.times -= 1;
            let fault = script.fault;
            self.scripts.retain(|script| script.times > 0);
            return Some(fault);
        }
        let chance = self.chance.as_mut()?;
        if chance.draw() % 1000 >= chance.per_thousand {
            return None;
        }
        let place = usize::try_from(chance.draw() % chance.faults.len().max(1) as u64).unwrap_or(0);
        chance.faults.get(place).copied()
    }
}

impl Chance {
    /// SplitMix64. Source: <https://prng.di.unimi.it/splitmix64.c>.
    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// The answer that stands instead of any effect.
pub(crate) fn instead(fault: Fault) -> Option<Response> {
    match fault {
        Fault::TooManyRequests(after) => {
            let mut response =
                Response::json(429, &json!({ "errors": "Exceeded the rate limit." }));
            response
                .headers
                .extend(after.map(|after| ("retry-after".to_owned(), after.to_string())));
            Some(response)
        }
        Fault::Status(status) => Some(page(status)),
        _ => None,
    }
}

fn page(status: u16) -> Response {
    let body = format!("<html><body><h1>{status}</h1></body></html>");
    Response::new(status, "text/html", body.into_bytes())
}

/// Spoils an answer.
pub(crate) fn spoil(fault: Fault, response: &mut Response) {
    match fault {
        Fault::Truncated => response.body.truncate(response.body.len() / 2),
        Fault::Html => {
            *response = Response::new(
                200,
                "text/html",
                b"<html><body>Just a moment...</body></html>".to_vec(),
            );
        }
        Fault::StatusAfter(status) => *response = page(status),
        Fault::Huge(bytes) => {
            response.body = br#"{"data":""#.to_vec();
            response.body.resize(bytes.max(11) - 2, b'x');
            response.body.extend(br#""}"#);
        }
        Fault::Dated(at) => {
            response.headers.retain(|(name, _)| name != "date");
            let date = time::http(seconds(at));
            response.headers.push(("date".to_owned(), date));
        }
        Fault::Nulls => change(response, &|value| {
            if value.is_number() {
                *value = Value::Null;
            }
        }),
        Fault::UnknownEnum => change(response, &|value| {
            let is_enum = |text: &str| {
                text.len() > 2
                    && text
                        .chars()
                        .all(|letter| letter.is_ascii_uppercase() || letter == '_')
            };
            if value.as_str().is_some_and(is_enum) {
                *value = "NOT_KNOWN_YET".into();
            }
        }),
        _ => {}
    }
}

/// Changes every value of the answer's data.
fn change(response: &mut Response, by: &impl Fn(&mut Value)) {
    fn walk(value: &mut Value, by: &impl Fn(&mut Value)) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| walk(item, by)),
            Value::Object(members) => members.values_mut().for_each(|member| walk(member, by)),
            value => by(value),
        }
    }
    if let Ok(mut body) = serde_json::from_slice::<Value>(&response.body) {
        if let Some(data) = body.get_mut("data") {
            walk(data, by);
        }
        response.body = body.to_string().into_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripted_faults_come_in_turn_and_end() {
        let mut faults = Faults::default();
        faults.after(Side::Joor, "bulk-inventory", Fault::CutAfter, 1, 2);
        let picked: Vec<_> = (0..4)
            .map(|_| faults.pick(Side::Joor, "POST v2/bulk-inventory"))
            .collect();
        assert_eq!(
            picked,
            [None, Some(Fault::CutAfter), Some(Fault::CutAfter), None]
        );
        assert_eq!(faults.pick(Side::Shopify, "locations"), None);
    }

    #[test]
    fn a_seed_draws_the_same_faults_again() {
        let draw = || {
            let mut faults = Faults::default();
            faults.seed(7, 300, &[Fault::CutBefore, Fault::Html]);
            (0..50)
                .map(|_| faults.pick(Side::Shopify, "any"))
                .collect::<Vec<_>>()
        };
        assert_eq!(draw(), draw());
        assert!(draw().iter().any(Option::is_some));
        assert!(draw().iter().any(Option::is_none));
    }

    #[test]
    fn a_spoiled_answer_has_nulls_where_numbers_were() {
        let mut response = Response::json(
            200,
            &json!({ "data": { "quantity": 5, "name": "available" } }),
        );
        spoil(Fault::Nulls, &mut response);
        assert_eq!(
            response.body,
            br#"{"data":{"name":"available","quantity":null}}"#
        );
    }
}
