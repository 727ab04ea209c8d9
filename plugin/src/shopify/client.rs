//! One GraphQL exchange with Shopify: cost, throttling, refusals.
//!
//! Shopify tells in every answer how full its bucket is (`throttleStatus`,
//! <https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits>); plans differ, so
//! nothing about it is assumed. Before an operation that cost more last time than is left, the
//! client waits for the bucket to fill.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::operations::{API_VERSION, Operation};
use crate::bindings::exports::atsync::connector::reconcile::{
    Failure, HttpRequest, HttpResponse, Method,
};
use crate::core::clock::Clocks;
use crate::core::finding::Finding;
use crate::core::time::{MINUTE, Millis, SECOND, ahead, parse_http_date};
use crate::halt::Halt;
use crate::http::{self, ATTEMPTS_MAX, WAIT_MAX};
use crate::io::Io;
use crate::manifest::SHOPIFY;

/// Code of a refusal of a whole operation.
const REFUSED: &str = "shopify-refused";
/// Code of an answer that does not keep to the schema.
const UNEXPECTED: &str = "shopify-unexpected-answer";

/// Talks to one shop for the length of a pass.
#[derive(Clone)]
pub struct Shopify {
    io: Io,
    state: Rc<RefCell<State>>,
}

#[derive(Default)]
struct State {
    bucket: Option<Bucket>,
    /// Points an operation asked for last, by name.
    costs: BTreeMap<&'static str, f64>,
    usage: Usage,
    version: Option<Finding>,
    /// The time gone by minus the host's, in milliseconds.
    clock_ahead: i64,
    /// The time gone by at its last answer.
    date: Option<Millis>,
    /// Clocks that disagreed.
    disagreed: Option<Clocks>,
}

/// What a pass has used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Requests sent.
    pub requests: u64,
    /// Cost points.
    pub points: u64,
    /// Times that Shopify asked to slow down.
    pub throttled: u64,
}

#[derive(Clone, Copy)]
struct Bucket {
    available: f64,
    restore_per_s: f64,
    maximum: f64,
    at: Millis,
}

impl Bucket {
    /// When `points` are there.
    fn ready_at(&self, points: f64) -> Millis {
        let missing = (points.min(self.maximum) - self.available).max(0.0);
        self.at + millis(missing / self.restore_per_s.max(1.0) * 1_000.0)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to a day before the cast"
)]
fn millis(ms: f64) -> Millis {
    ms.clamp(0.0, 86_400_000.0).ceil() as Millis
}

#[derive(Deserialize)]
struct Envelope<T> {
    #[serde(default = "none")]
    data: Option<T>,
    #[serde(default)]
    errors: Value,
    #[serde(default)]
    extensions: Option<Extensions>,
}

fn none<T>() -> Option<T> {
    None
}

#[derive(Deserialize)]
struct Extensions {
    cost: Option<Cost>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cost {
    requested_query_cost: Option<f64>,
    actual_query_cost: Option<f64>,
    throttle_status: Option<ThrottleStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThrottleStatus {
    maximum_available: f64,
    currently_available: f64,
    restore_rate: f64,
}

/// What to do with an answer.
enum Verdict<T> {
    Answer(T),
    Again {
        at: Millis,
        why: String,
        /// The operation was certainly not carried out.
        untouched: bool,
    },
    Fail(Halt),
}

/// What became of an operation that changes something.
#[derive(Debug)]
pub enum Mutated<T> {
    /// Shopify answered; its user errors are in the answer.
    Answered(T),
    /// Shopify refused the operation as a whole, with these words. Nothing was changed.
    Refused(String),
    /// Shopify takes no more for the moment. Nothing was changed.
    Later {
        /// When to try again.
        at: Millis,
        /// Why.
        why: String,
    },
    /// It may have been carried out, or not: look before sending it again.
    Unknown(String),
}

impl Shopify {
    /// A client that asks through `io`.
    pub fn new(io: &Io) -> Self {
        Self {
            io: io.clone(),
            state: Rc::default(),
        }
    }

    /// What this pass has used.
    pub fn usage(&self) -> Usage {
        self.state.borrow().usage
    }

    /// The finding that Shopify answers in another version than it was asked in.
    pub fn version_finding(&self) -> Option<Finding> {
        self.state.borrow().version.clone()
    }

    /// The finding that Shopify's clock and the host's disagree. `joor_ahead`: JOOR's clock minus
    /// the host's.
    pub fn clock_finding(&self, joor_ahead: Option<i64>) -> Option<Finding> {
        let clocks = self.state.borrow().disagreed?;
        let joor = joor_ahead.map(|ahead| clocks.host.saturating_add_signed(ahead));
        Some(clocks.finding(joor))
    }

    /// The time on Shopify's clock, by the `Date` of its last answer, as far as it is believed:
    /// see [`Clocks`].
    pub fn now(&self) -> Millis {
        self.io
            .now()
            .saturating_add_signed(self.state.borrow().clock_ahead)
    }

    /// The same when it last answered. A watermark may be no later: between two answers somebody
    /// may set the host's clock.
    pub fn answered_at(&self) -> Millis {
        let date = self.state.borrow().date;
        date.unwrap_or_else(|| self.now())
    }

    /// Sends an operation until it is answered, waits where Shopify says so, and gives its `data`.
    ///
    /// # Errors
    /// [`Halt::Later`] for a wait longer than a pass should; [`Halt::Failed`] with what to do for
    /// refused credentials, missing scopes, answers that are no GraphQL, and a shop that does not
    /// answer in [`ATTEMPTS_MAX`] tries.
    pub async fn query<T: DeserializeOwned>(
        &self,
        operation: &Operation,
        variables: Value,
    ) -> Result<T, Halt> {
        let body = json!({ "query": operation.text, "variables": variables }).to_string();
        let mut last = String::new();
        for attempt in 1..=ATTEMPTS_MAX {
            self.wait_for_bucket(operation.name).await?;
            self.state.borrow_mut().usage.requests += 1;
            let sent = self.io.http(request(body.clone(), None)).await;
            let verdict = match sent {
                Ok(response) => self.judge(operation.name, &response, attempt),
                Err(failure) if http::is_passing_failure(&failure) => {
                    let at = self.io.now() + http::pause(attempt, self.io.now());
                    Verdict::Again {
                        at,
                        why: http::describe(&failure),
                        untouched: false,
                    }
                }
                Err(failure) => Verdict::Fail(unreachable(&http::describe(&failure))),
            };
            match verdict {
                Verdict::Answer(data) => return Ok(data),
                Verdict::Fail(halt) => return Err(halt),
                Verdict::Again { at, why, .. } => {
                    if at > self.io.now() + WAIT_MAX {
                        return Err(Halt::Later {
                            at,
                            why: format!("Shopify: {why}"),
                        });
                    }
                    last = why;
                    if attempt < ATTEMPTS_MAX {
                        self.io.wait_until(at).await;
                    }
                }
            }
        }
        Err(unreachable(&format!("{last}, {ATTEMPTS_MAX} times")))
    }

    /// Sends an operation that changes something, once: again only where Shopify says that it did
    /// not carry it out. `key` is the same for each repetition of one logical change.
    ///
    /// # Errors
    /// [`Halt::Failed`] for refused credentials and missing scopes.
    pub async fn mutate<T: DeserializeOwned>(
        &self,
        operation: &Operation,
        variables: Value,
        key: &str,
    ) -> Result<Mutated<T>, Halt> {
        let body = json!({ "query": operation.text, "variables": variables }).to_string();
        let mut last = (self.io.now() + MINUTE, String::new());
        for attempt in 1..=ATTEMPTS_MAX {
            self.wait_for_bucket(operation.name).await?;
            self.state.borrow_mut().usage.requests += 1;
            let response = match self.io.http(request(body.clone(), Some(key))).await {
                Ok(response) => response,
                Err(Failure::Refused(rule)) => {
                    return Err(unreachable(&http::describe(&Failure::Refused(rule))));
                }
                Err(failure) => return Ok(Mutated::Unknown(http::describe(&failure))),
            };
            match self.judge(operation.name, &response, attempt) {
                Verdict::Answer(data) => return Ok(Mutated::Answered(data)),
                Verdict::Again {
                    why,
                    untouched: false,
                    ..
                } => return Ok(Mutated::Unknown(why)),
                Verdict::Again { at, why, .. } => {
                    if at > self.io.now() + WAIT_MAX {
                        return Ok(Mutated::Later { at, why });
                    }
                    last = (self.io.now() + MINUTE, why);
                    if attempt < ATTEMPTS_MAX {
                        self.io.wait_until(at).await;
                    }
                }
                Verdict::Fail(Halt::Failed(finding)) if finding.code == REFUSED => {
                    return Ok(Mutated::Refused(finding.message));
                }
                // An answer that cannot be read was given all the same.
                Verdict::Fail(Halt::Failed(finding)) if finding.code == UNEXPECTED => {
                    return Ok(Mutated::Unknown(finding.message));
                }
                Verdict::Fail(halt) => return Err(halt),
            }
        }
        let (at, why) = last;
        Ok(Mutated::Later { at, why })
    }

    async fn wait_for_bucket(&self, name: &'static str) -> Result<(), Halt> {
        let ready_at = {
            let state = self.state.borrow();
            let cost = state.costs.get(name).copied().unwrap_or(0.0);
            state.bucket.map_or(0, |bucket| bucket.ready_at(cost))
        };
        if ready_at > self.io.now() + WAIT_MAX {
            let why = "Shopify: the shop's query points are used up".into();
            return Err(Halt::Later { at: ready_at, why });
        }
        self.io.wait_until(ready_at).await;
        Ok(())
    }

    fn judge<T: DeserializeOwned>(
        &self,
        name: &'static str,
        response: &HttpResponse,
        attempt: u32,
    ) -> Verdict<T> {
        let now = self.io.now();
        let pause = now + http::pause(attempt, now);
        match response.status {
            200 => {}
            429 => {
                self.state.borrow_mut().usage.throttled += 1;
                let at = http::retry_after(response, now).unwrap_or(pause);
                return Verdict::Again {
                    at,
                    why: "too many requests (429)".into(),
                    untouched: true,
                };
            }
            401 => return Verdict::Fail(unauthorized()),
            status if http::is_passing(status) => {
                return Verdict::Again {
                    at: pause,
                    why: format!("it answered with status {status}"),
                    untouched: false,
                };
            }
            status => {
                let what = format!(
                    "it answered with status {status}: {}",
                    http::excerpt(&response.body)
                );
                return Verdict::Fail(unreachable(&what));
            }
        }
        match serde_json::from_str::<Envelope<Value>>(&response.body) {
            Ok(envelope) => {
                // The clock of whatever stands between would move watermarks, so only Shopify's
                // own answers are believed.
                self.learn_from_headers(response);
                self.judge_envelope(name, envelope, pause)
            }
            Err(error) => Verdict::Again {
                at: pause,
                why: http::not_json(&response.body, &error),
                untouched: false,
            },
        }
    }

    fn judge_envelope<T: DeserializeOwned>(
        &self,
        name: &'static str,
        envelope: Envelope<Value>,
        pause: Millis,
    ) -> Verdict<T> {
        self.learn_from_cost(name, envelope.extensions.and_then(|e| e.cost));
        if !envelope.errors.is_null() {
            return self.judge_errors(name, &envelope.errors, pause);
        }
        match envelope.data.map(serde_json::from_value) {
            Some(Ok(data)) => Verdict::Answer(data),
            Some(Err(error)) => Verdict::Fail(unexpected(name, &http::unlike(&error))),
            None => Verdict::Again {
                at: pause,
                why: format!("its answer to {name} has no data"),
                untouched: false,
            },
        }
    }

    fn judge_errors<T>(&self, name: &'static str, errors: &Value, pause: Millis) -> Verdict<T> {
        let list: Vec<&Value> = errors
            .as_array()
            .map_or(vec![errors], |e| e.iter().collect());
        let code = |e: &Value| {
            e.pointer("/extensions/code")
                .and_then(Value::as_str)
                .unwrap_or("")
                .to_owned()
        };
        let message = |e: &Value| {
            e.get("message")
                .unwrap_or(e)
                .as_str()
                .unwrap_or("")
                .to_owned()
        };
        let messages: Vec<String> = list.iter().map(|e| message(e)).collect();
        let messages = http::excerpt(&messages.join("; "));
        if list.iter().any(|e| code(e) == "THROTTLED") {
            let mut state = self.state.borrow_mut();
            state.usage.throttled += 1;
            let cost = state.costs.get(name).copied().unwrap_or(0.0);
            let at = state
                .bucket
                .map_or(pause, |b| b.ready_at(cost))
                .max(self.io.now() + SECOND);
            return Verdict::Again {
                at,
                why: "the shop's query points are used up (THROTTLED)".into(),
                untouched: true,
            };
        }
        if let Some(denied) = list.iter().find(|e| code(e) == "ACCESS_DENIED") {
            let scope = denied
                .pointer("/extensions/requiredAccess")
                .and_then(Value::as_str);
            return Verdict::Fail(Halt::failed(
                "shopify-access-denied",
                format!("Shopify denies {name}: {}", message(denied)),
                format!(
                    "Give the app the access it needs ({}) and install it again.",
                    scope.unwrap_or("read_products, read_inventory, read_locations")
                ),
            ));
        }
        if list.iter().any(|e| code(e) == "INTERNAL_SERVER_ERROR") {
            return Verdict::Again {
                at: pause,
                why: format!("it had an error of its own: {messages}"),
                untouched: false,
            };
        }
        Verdict::Fail(Halt::failed(
            REFUSED,
            format!("Shopify refuses {name}: {messages}"),
            "If Shopify has changed its API, a newer connector is needed. Nothing was changed.",
        ))
    }

    fn learn_from_headers(&self, response: &HttpResponse) {
        let mut state = self.state.borrow_mut();
        if let Some(date) = http::header(response, "date").and_then(parse_http_date) {
            // The header has whole seconds, and the answer took a moment.
            let (host, shopify) = (self.io.now(), date);
            let clocks = Clocks { host, shopify };
            if clocks.disagree() {
                state.disagreed = Some(clocks);
            }
            let believed = clocks.believed();
            state.clock_ahead = ahead(believed, host);
            state.date = Some(believed);
        }
        let version = http::header(response, "x-shopify-api-version");
        if let Some(version) = version.filter(|v| *v != API_VERSION) {
            state.version = Some(Finding::warning(
                "shopify-api-version",
                format!(
                    "Shopify answers in API version {version}, not in {API_VERSION} as asked: it has moved on."
                ),
                "Update the connector soon; fields may have changed their meaning.",
            ));
        }
    }

    fn learn_from_cost(&self, name: &'static str, cost: Option<Cost>) {
        let Some(cost) = cost else { return };
        let mut state = self.state.borrow_mut();
        if let Some(requested) = cost.requested_query_cost {
            state.costs.insert(name, requested.clamp(0.0, 1e6));
        }
        state.usage.points += millis(cost.actual_query_cost.unwrap_or(0.0));
        if let Some(throttle) = cost.throttle_status {
            state.bucket = Some(Bucket {
                available: throttle.currently_available,
                restore_per_s: throttle.restore_rate,
                maximum: throttle.maximum_available,
                at: self.io.now(),
            });
        }
    }
}

/// `key`: of a change; starting a bulk query is none, because it changes nothing a merchant sees.
fn request(body: String, key: Option<&str>) -> HttpRequest {
    HttpRequest {
        service: SHOPIFY.into(),
        method: Method::Post,
        path: format!("/admin/api/{API_VERSION}/graphql.json"),
        headers: vec![("content-type".into(), "application/json".into())],
        body: Some(body),
        changes: key.is_some(),
        idempotency_key: key.map(str::to_owned),
    }
}

fn unreachable(why: &str) -> Halt {
    Halt::failed(
        "shopify-unreachable",
        format!("Shopify did not give an answer to work with: {why}."),
        "Nothing was changed; the next pass tries again. If it lasts, look at Shopify's status page and at `check`.",
    )
}

fn unauthorized() -> Halt {
    Halt::failed(
        "shopify-unauthorized",
        "Shopify does not accept the credential (status 401).",
        "Put a valid token, or client id and client secret, into the host's configuration of the service `shopify`.",
    )
}

fn unexpected(name: &str, error: &str) -> Halt {
    Halt::failed(
        UNEXPECTED,
        format!("Shopify's answer to {name} is not what its schema promises: {error}."),
        "Nothing was changed; the next pass tries again. If it lasts, a newer connector is needed.",
    )
}
