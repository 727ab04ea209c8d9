//! What performs the effects of a pass in memory: the sandbox without sockets, and a map for the
//! ledger. The same for the native flow and for the component.

use std::collections::BTreeMap;
use std::ops::Bound;

use anyhow::{Context as _, Result, bail};
use atsync_plugin::bindings::exports::atsync::connector::reconcile::{
    Answer, Effect, Entry, HttpRequest, HttpResponse, Lines, LinesRequest, Method, Scan, Write,
};
use atsync_sandbox::catalogue::generate;
use atsync_sandbox::joor::Upc;
use atsync_sandbox::wire::{Millis, Reply, Request, Response, Side};
use atsync_sandbox::{Options, Sandbox};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

/// Where the shop says that its files lie.
const SHOP: &str = "http://shop";

/// When the shop is filled; the first pass comes a day later.
const FILLED: Millis = 1_795_413_600_000;
const DAY: Millis = 24 * 60 * 60 * 1_000;

/// Of both services: so much that no pass waits for it.
const PLENTY: u32 = 1_000_000;

const LOCATIONS: [&str; 3] = ["Paris", "Lyon", "Milan"];

/// A shop, a JOOR account, a ledger and a clock.
pub struct World {
    sandbox: Sandbox,
    ledger: BTreeMap<String, String>,
    locations: Vec<String>,
    /// The clock; waiting moves it.
    pub now: Millis,
    v2: String,
    v4: String,
}

impl World {
    pub fn build(variants: usize, locations: usize) -> Result<Self> {
        let mut sandbox = Sandbox::new(options());
        sandbox.shop.set_public_url(SHOP);
        let name = |at: usize| {
            LOCATIONS
                .get(at)
                .map_or_else(|| format!("Location {at}"), |name| (*name).to_owned())
        };
        let locations: Vec<String> = (0..locations).map(name).collect();
        for name in &locations {
            sandbox.shop.add_location(name, FILLED);
        }
        sandbox
            .shop
            .load(generate::generate(1, variants, locations.len()), FILLED);
        sandbox.import_styles(&generate::linesheets(), Upc::VariantId);
        let options = options().joor;
        let v2 = format!("OAuth2 {}", BASE64.encode(&options.v2_token));
        let mut world = Self {
            sandbox,
            ledger: BTreeMap::new(),
            locations,
            now: FILLED + DAY,
            v2,
            v4: String::new(),
        };
        world.sign_in(&options.login)?;
        Ok(world)
    }

    /// Settings with which this world is kept in step. Others than the last pass had make a full
    /// read due; `full_read_hours` is one that changes nothing else.
    pub fn settings(&self, full_read_hours: u64) -> String {
        json!({
            "joor_account": options().joor.account,
            "default_location": self.locations.first(),
            "warehouses": [{ "name": "Default", "locations": self.locations, "verified": true }],
            "full_read_hours": full_read_hours,
            "joor": { "credits": PLENTY },
        })
        .to_string()
    }

    /// Performs one effect.
    pub fn perform(&mut self, effect: Effect) -> Result<Answer> {
        Ok(match effect {
            Effect::Http(request) => Answer::Http(self.exchange(request)?),
            Effect::ReadLines(request) => Answer::Lines(self.read_lines(&request)?),
            Effect::Load(keys) => Answer::Loaded(
                keys.iter()
                    .map(|key| self.ledger.get(key).cloned())
                    .collect(),
            ),
            Effect::Scan(scan) => Answer::Scanned(self.scan(&scan)),
            Effect::Commit(writes) => {
                self.commit(writes);
                Answer::Committed
            }
            Effect::WaitUntil(at) => {
                self.now = self.now.max(at);
                Answer::Woke
            }
        })
    }

    fn exchange(&mut self, request: HttpRequest) -> Result<HttpResponse> {
        let (side, below, name, value) = match request.service.as_str() {
            "shopify" => (
                Side::Shopify,
                "",
                "x-shopify-access-token",
                options().shopify.token,
            ),
            "joor-v2" => (Side::Joor, "/v2", "authorization", self.v2.clone()),
            "joor-v4" => (Side::Joor, "/v4", "authorization", self.v4.clone()),
            other => bail!("there is no service {other}"),
        };
        let mut headers = request.headers;
        headers.push((name.to_owned(), value));
        let request = Request {
            method: method(request.method).to_owned(),
            path: format!("{below}{}", request.path),
            headers,
            body: request.body.unwrap_or_default().into_bytes(),
        };
        let Response {
            status,
            headers,
            body,
        } = self.ask(side, &request)?;
        Ok(HttpResponse {
            status,
            headers,
            body: String::from_utf8(body)?,
        })
    }

    fn read_lines(&mut self, request: &LinesRequest) -> Result<Lines> {
        let LinesRequest {
            url,
            offset,
            max_bytes,
        } = request;
        let end = offset + u64::from(*max_bytes) - 1;
        let response = self.ask(
            Side::Shopify,
            &Request {
                method: "GET".to_owned(),
                path: url
                    .strip_prefix(SHOP)
                    .context("the file is the shop's")?
                    .to_owned(),
                headers: vec![("range".to_owned(), format!("bytes={offset}-{end}"))],
                body: Vec::new(),
            },
        )?;
        let range = response
            .headers
            .iter()
            .find(|(name, _)| name == "content-range");
        let (_, total) = range
            .and_then(|(_, range)| range.rsplit_once('/'))
            .context("no range")?;
        let mut text = String::from_utf8(response.body)?;
        let is_last = offset + text.len() as u64 == total.parse::<u64>()?;
        if !is_last {
            let line_end = text.rfind('\n').context("a line is longer than a piece")?;
            text.truncate(line_end + 1);
        }
        let next_offset = (!is_last).then(|| offset + text.len() as u64);
        Ok(Lines { text, next_offset })
    }

    fn scan(
        &self,
        Scan {
            prefix,
            after,
            limit,
        }: &Scan,
    ) -> Vec<Entry> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after.as_str()),
            _ => Bound::Included(prefix.as_str()),
        };
        self.ledger
            .range::<str, _>((from, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix))
            .take(usize::try_from(*limit).unwrap_or(usize::MAX))
            .map(|(key, value)| Entry {
                key: key.clone(),
                value: value.clone(),
            })
            .collect()
    }

    fn commit(&mut self, writes: Vec<Write>) {
        for Write { key, value } in writes {
            match value {
                Some(value) => self.ledger.insert(key, value),
                None => self.ledger.remove(&key),
            };
        }
    }

    fn sign_in(&mut self, login: &atsync_sandbox::joor::Login) -> Result<()> {
        let body = format!(
            "grant_type=password&client_id={}&client_secret={}&username={}&password={}",
            login.client_id, login.client_secret, login.username, login.password
        );
        let content_type = (
            "content-type".to_owned(),
            "application/x-www-form-urlencoded".to_owned(),
        );
        let request = Request {
            method: "POST".to_owned(),
            path: "/auth/".to_owned(),
            headers: vec![content_type],
            body: body.into_bytes(),
        };
        let answer: Value = serde_json::from_slice(&self.ask(Side::Joor, &request)?.body)?;
        let token = answer
            .get("access_token")
            .and_then(Value::as_str)
            .context("JOOR gave no token")?;
        self.v4 = format!("Bearer {token}");
        Ok(())
    }

    fn ask(&mut self, side: Side, request: &Request) -> Result<Response> {
        match self.sandbox.handle(side, request, self.now) {
            Reply::Answer(response) => Ok(response),
            Reply::Cut | Reply::Slow(..) => bail!("a fault that nobody ordered"),
        }
    }
}

fn options() -> Options {
    let mut options = Options::default();
    options.joor.credits.limit = PLENTY;
    options.joor.token_lifetime_s = 10 * 365 * DAY / 1_000;
    options.shopify.cost_maximum = PLENTY;
    options.shopify.cost_restore_rate = PLENTY;
    (
        options.shopify.bulk.created_ms,
        options.shopify.bulk.running_ms,
    ) = (0, 0);
    options
}

fn method(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    }
}
