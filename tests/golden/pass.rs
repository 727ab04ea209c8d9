//! Cases of whole passes: a brand with the small catalogue, what happens in its shop, and what
//! JOOR shows afterwards. Everything is in memory: the sandbox's core answers without sockets,
//! the ledger is a map, and time is a number.

use std::collections::BTreeMap;

use atsync_plugin::bindings::exports::atsync::connector::reconcile::{
    Answer, Completion, Effect, Entry, Failure, HttpRequest, HttpResponse, Job, Lines,
    LinesRequest, Method, Mode, Scan, Turn, Write,
};
use atsync_sandbox::catalogue::{Status, small};
use atsync_sandbox::joor::{Ats, Upc};
use atsync_sandbox::wire::{Reply, Request, Side};
use atsync_sandbox::{Options, Sandbox};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::Answers;
use super::case::Case;

/// 2026-11-23T06:00:00Z
const START: u64 = 1_795_413_600_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PassCase {
    #[serde(rename = "quote")]
    _quote: Option<String>,
    #[serde(rename = "why")]
    _why: Option<String>,
    settings: Value,
    /// Styles made on JOOR by hand, by the beginning of their UPCs.
    #[serde(default)]
    made_on_joor: Vec<String>,
    /// SKUs, or UPCs of styles made on JOOR.
    watch: Vec<String>,
    /// What happens between one pass and the next.
    #[serde(default)]
    then: Vec<Change>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    /// SKU, location, units.
    Available(String, String, i64),
    /// Handle of a style that becomes a draft.
    Draft(String),
    /// Nothing happens.
    Nothing,
}

/// Tells a case: what JOOR shows after the first pass and after each change.
pub fn tell(case: &Case, answers: &mut dyn Answers) -> String {
    let case: PassCase = serde_json::from_value(case.input.clone()).expect("a case of a pass");
    let mut brand = Brand::new(&case);
    let mut told = vec![json!({ "after": "first pass", "joor": brand.pass(answers) })];
    for change in &case.then {
        let after = brand.change(change);
        told.push(json!({ "after": after, "joor": brand.pass(answers) }));
    }
    serde_json::to_string_pretty(&told).expect("JSON") + "\n"
}

struct Brand {
    sandbox: Sandbox,
    credentials: Credentials,
    ledger: BTreeMap<String, String>,
    settings: String,
    watch: Vec<String>,
    now: u64,
}

struct Credentials {
    shopify: String,
    joor_v2: String,
    joor_v4: String,
}

impl Brand {
    fn new(case: &PassCase) -> Self {
        let options = Options::default();
        let mut sandbox = Sandbox::new(options.clone());
        for location in small::LOCATIONS {
            sandbox.shop.add_location(location, START);
        }
        sandbox.shop.load(small::products(), START);
        sandbox.import_styles(&small::linesheets(), Upc::VariantId);
        for upcs in &case.made_on_joor {
            sandbox
                .joor
                .add_style_by_hand("By Hand", &["Red"], &["M"], upcs);
        }
        let login = &options.joor.login;
        let form = format!(
            "grant_type=password&client_id={}&client_secret={}&username={}&password={}",
            login.client_id, login.client_secret, login.username, login.password
        );
        let request = Request {
            method: "POST".into(),
            path: "/auth/".into(),
            headers: vec![(
                "content-type".into(),
                "application/x-www-form-urlencoded".into(),
            )],
            body: form.into_bytes(),
        };
        let Reply::Answer(grant) = sandbox.handle(Side::Joor, &request, START) else {
            panic!("JOOR gives a token")
        };
        let grant: Value = serde_json::from_slice(&grant.body).expect("a token");
        let credentials = Credentials {
            shopify: options.shopify.token.clone(),
            joor_v2: format!("OAuth2 {}", BASE64_STANDARD.encode(&options.joor.v2_token)),
            joor_v4: format!(
                "Bearer {}",
                grant
                    .get("access_token")
                    .and_then(Value::as_str)
                    .expect("a token")
            ),
        };
        Self {
            sandbox,
            credentials,
            ledger: BTreeMap::new(),
            settings: case.settings.to_string(),
            watch: case.watch.clone(),
            now: START,
        }
    }

    fn change(&mut self, change: &Change) -> String {
        self.now += 60_000;
        let now = self.now;
        let shop = &mut self.sandbox.shop;
        match change {
            Change::Available(sku, location, units) => {
                let variant = shop
                    .find_variant(sku)
                    .expect("a SKU of the small catalogue");
                let place = shop.find_location(location).expect("one of its locations");
                shop.set_available(variant, place, *units, now);
                format!("{sku} has {units} at {location}")
            }
            Change::Draft(handle) => {
                let style = shop
                    .find_product(handle)
                    .expect("a style of the small catalogue");
                shop.set_status(style, Status::Draft, now);
                format!("{handle} becomes a draft")
            }
            Change::Nothing => "nothing".into(),
        }
    }

    /// One pass after the interval, and what JOOR shows then.
    fn pass(&mut self, answers: &mut dyn Answers) -> Value {
        self.now += 60_000;
        let rows_before = self.sandbox.joor.counters().rows_accepted;
        let job = Job {
            connection: "golden".into(),
            settings: self.settings.clone(),
            mode: Mode::Sync,
            hints: vec![],
            now: self.now,
        };
        let mut turn = answers.start(job);
        let outcome = loop {
            match turn.expect("a pass without a fault") {
                Turn::Done(outcome) => break outcome,
                Turn::Waiting(waiting) => {
                    let done = waiting.requests.into_iter().map(|request| Completion {
                        id: request.id,
                        answer: self.perform(request.effect),
                        at: self.now,
                    });
                    let done: Vec<Completion> = done.collect();
                    turn = answers.resume(done);
                }
            }
        };
        let shows: BTreeMap<&str, Value> = self
            .watch
            .iter()
            .map(|name| (name.as_str(), self.shows(name)))
            .collect();
        json!({
            "verdict": format!("{:?}", outcome.verdict),
            "rows_sent": self.sandbox.joor.counters().rows_accepted - rows_before,
            "written_to_shopify": self.sandbox.counters().shopify.writes,
            "shows": shows,
        })
    }

    fn shows(&self, name: &str) -> Value {
        let variant = self.sandbox.shop.find_variant(name);
        let variant = variant.and_then(|id| self.sandbox.shop.variant(id));
        let upc = variant.map_or_else(|| name.to_owned(), |v| v.number().to_string());
        match self.sandbox.joor.ats(&upc, "Default", None) {
            Ats::NoRecord => json!("no record"),
            Ats::MadeToOrder => json!("made to order"),
            Ats::Units(units) => json!(units),
        }
    }

    fn perform(&mut self, effect: Effect) -> Answer {
        match effect {
            Effect::Http(request) => self.http(request),
            Effect::ReadLines(request) => self.lines(&request),
            Effect::Load(keys) => Answer::Loaded(
                keys.iter()
                    .map(|key| self.ledger.get(key).cloned())
                    .collect(),
            ),
            Effect::Scan(scan) => Answer::Scanned(self.scan(&scan)),
            Effect::Commit(writes) => {
                for Write { key, value } in writes {
                    match value {
                        Some(value) => self.ledger.insert(key, value),
                        None => self.ledger.remove(&key),
                    };
                }
                Answer::Committed
            }
            Effect::WaitUntil(at) => {
                self.now = self.now.max(at);
                Answer::Woke
            }
        }
    }

    fn scan(&self, scan: &Scan) -> Vec<Entry> {
        let from = scan.after.clone().unwrap_or_default();
        let under = self.ledger.range(scan.prefix.clone()..);
        under
            .take_while(|(key, _)| key.starts_with(&scan.prefix))
            .filter(|(key, _)| **key > from)
            .take(scan.limit as usize)
            .map(|(key, value)| Entry {
                key: key.clone(),
                value: value.clone(),
            })
            .collect()
    }

    fn http(&mut self, request: HttpRequest) -> Answer {
        let (side, prefix, header, value) = match request.service.as_str() {
            "shopify" => (
                Side::Shopify,
                "",
                "x-shopify-access-token",
                &self.credentials.shopify,
            ),
            "joor-v2" => (
                Side::Joor,
                "/v2",
                "authorization",
                &self.credentials.joor_v2,
            ),
            "joor-v4" => (
                Side::Joor,
                "/v4",
                "authorization",
                &self.credentials.joor_v4,
            ),
            other => panic!("the manifest names no service {other}"),
        };
        let mut headers = request.headers;
        headers.push((header.into(), value.clone()));
        let method = match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
            other => panic!("{other:?} is not used"),
        };
        let request = Request {
            method: method.into(),
            path: format!("{prefix}{}", request.path),
            headers,
            body: request.body.unwrap_or_default().into_bytes(),
        };
        let Reply::Answer(response) = self.sandbox.handle(side, &request, self.now) else {
            return Answer::Failed(Failure::Unreachable("cut".into()));
        };
        Answer::Http(HttpResponse {
            status: response.status,
            headers: response.headers,
            body: String::from_utf8(response.body).expect("UTF-8"),
        })
    }

    /// The whole file is small, so it is always the only piece.
    fn lines(&mut self, request: &LinesRequest) -> Answer {
        let path = request
            .url
            .find("/bulk/")
            .and_then(|at| request.url.get(at..));
        let get = Request {
            method: "GET".into(),
            path: path.expect("a bulk result").into(),
            ..Request::default()
        };
        let Reply::Answer(file) = self.sandbox.handle(Side::Shopify, &get, self.now) else {
            return Answer::Failed(Failure::Unreachable("cut".into()));
        };
        let text = String::from_utf8(file.body).expect("UTF-8");
        Answer::Lines(Lines {
            text,
            next_offset: None,
        })
    }
}
