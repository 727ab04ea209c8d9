//! What one pass may ask for, and how often: the contract's bounds, and what both services allow.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use atsync_plugin::bindings::exports::atsync::connector::reconcile::{
    Answer, Effect, HttpRequest, HttpResponse, Method, Write,
};
use atsync_plugin::http::ATTEMPTS_MAX;
use atsync_sandbox::wire::Millis;
use serde_json::Value;

use super::oracle::Broken;
use super::trace::shown;

/// Name of the law.
pub const LAW: &str = "bounds";

/// Effects of one pass at most.
const EFFECTS_MAX: usize = 3_000;

/// Headers that only a host writes.
const SECRET: [&str; 3] = ["authorization", "x-shopify-access-token", "cookie"];

/// A call to a service: path and body.
type Call = (String, Option<String>);

/// What a pass has asked for so far, and what it was told of the shop's query points.
#[derive(Default)]
pub struct Bounds {
    ids: BTreeSet<u32>,
    /// Services whose answer is awaited, with what was asked.
    open: BTreeMap<u32, (String, Call)>,
    /// What each service was asked last, and how often in a row without a good answer.
    tries: BTreeMap<String, (Call, u32)>,
    bucket: Option<Bucket>,
    /// What each query cost last.
    costs: HashMap<String, f64>,
}

/// The shop's query points as the connector was told of them.
struct Bucket {
    available: f64,
    restored_per_ms: f64,
    maximum: f64,
    at: Millis,
}

impl Bounds {
    /// The connector asks at `now`, on the only clock that it has.
    pub fn asks(&mut self, id: u32, effect: &Effect, now: Millis) -> Result<(), Broken> {
        let broken = |what: &str| Err(Broken::new(LAW, format!("{what}: {}", shown(effect))));
        if !self.ids.insert(id) || self.ids.len() > EFFECTS_MAX {
            return broken("an id again, or too many effects");
        }
        let within = match effect {
            Effect::Load(keys) => keys.len() <= 10_000,
            Effect::Scan(scan) => (1..=10_000).contains(&scan.limit),
            Effect::ReadLines(lines) => (1..=8 << 20).contains(&lines.max_bytes),
            Effect::WaitUntil(at) => *at <= now + 60_000,
            Effect::Http(request) => is_in_form(request),
            Effect::Commit(writes) => each_key_once(writes),
        };
        if !within {
            return broken("more than the contract allows");
        }
        let Effect::Http(request) = effect else {
            return Ok(());
        };
        if !self.affords(request, now) {
            return broken("more query points than the shop has left");
        }
        let call = (request.path.clone(), request.body.clone());
        let before = self.tries.remove(&request.service);
        let before = before.filter(|(last, _)| *last == call);
        let tries = before.map_or(0, |(_, tries)| tries) + 1;
        if tries > ATTEMPTS_MAX {
            return broken("once more in vain");
        }
        let service = request.service.clone();
        self.tries.insert(service.clone(), (call.clone(), tries));
        self.open.insert(id, (service, call));
        Ok(())
    }

    /// It is answered.
    pub fn hears(&mut self, id: u32, answer: &Answer, now: Millis) {
        let Some((service, call)) = self.open.remove(&id) else {
            return;
        };
        let Answer::Http(response) = answer else {
            return;
        };
        if service == "shopify" && response.status == 200 {
            self.learn(query_of(call.1.as_deref()), response, now);
        }
        if is_good(response) {
            self.tries.remove(&service);
        }
    }

    /// The shop has the points that this query cost last, as far as the connector can know.
    fn affords(&self, request: &HttpRequest, now: Millis) -> bool {
        let cost = self.costs.get(&query_of(request.body.as_deref()));
        let (Some(bucket), Some(cost)) = (&self.bucket, cost) else {
            return true;
        };
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of one pass")]
        let restored = (now - bucket.at) as f64 * bucket.restored_per_ms;
        bucket.available + restored + 0.001 >= cost.min(bucket.maximum)
    }

    fn learn(&mut self, query: String, response: &HttpResponse, now: Millis) -> Option<()> {
        let (_, cost) = response.body.rsplit_once("\"cost\":")?;
        let mut values = serde_json::Deserializer::from_str(cost).into_iter::<Value>();
        let cost = values.next()?.ok()?;
        let number = |pointer: &str| cost.pointer(pointer).and_then(Value::as_f64);
        let bucket = Bucket {
            available: number("/throttleStatus/currentlyAvailable")?,
            restored_per_ms: number("/throttleStatus/restoreRate")? / 1_000.0,
            maximum: number("/throttleStatus/maximumAvailable")?,
            at: now,
        };
        self.costs.insert(query, number("/requestedQueryCost")?);
        self.bucket = Some(bucket);
        Some(())
    }
}

fn is_in_form(request: &HttpRequest) -> bool {
    let known = ["shopify", "joor-v2", "joor-v4"].contains(&request.service.as_str());
    let is_secret = |(name, _): &(String, String)| SECRET.contains(&name.as_str());
    let method = match request.method {
        Method::Get => request.body.is_none(),
        Method::Post => request.body.is_some(),
        _ => false,
    };
    known && method && request.path.starts_with('/') && !request.headers.iter().any(is_secret)
}

fn each_key_once(writes: &[Write]) -> bool {
    let keys: BTreeSet<&str> = writes.iter().map(|write| write.key.as_str()).collect();
    !writes.is_empty() && keys.len() == writes.len()
}

/// A whole answer that does not put the connector off.
fn is_good(response: &HttpResponse) -> bool {
    let whole = response.body.starts_with('{') && response.body.trim_end().ends_with('}');
    (200..300).contains(&response.status) && whole && !response.body.contains("\"THROTTLED\"")
}

/// The text of a GraphQL query, which names it.
fn query_of(body: Option<&str>) -> String {
    let body: Option<Value> = body.and_then(|body| serde_json::from_str(body).ok());
    let query = body.as_ref().and_then(|body| body.get("query"));
    query.and_then(Value::as_str).unwrap_or_default().to_owned()
}
