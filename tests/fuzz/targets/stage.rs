//! Both services of the sandbox with a few styles, and a host that is honest.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use atsync_plugin::bindings::exports::atsync::connector::reconcile::{
    Answer, Effect, Failure, HttpRequest, HttpResponse, Lines, LinesRequest, Method, Mode,
};
use atsync_sandbox::catalogue::small;
use atsync_sandbox::joor::{Ats, NewOrder, Upc};
use atsync_sandbox::shopify::{State, VariantView};
use atsync_sandbox::wire::{Reply, Request, Side};
use atsync_sandbox::{Options, Sandbox};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::host::{Host, SETTINGS, START, job, run};
use super::shelf::Shelf;
use super::talk::{Record, selector};

/// Styles of the small catalogue that the shop has.
const STYLES: usize = 3;

/// Orders of units, all from the linesheet `SS27`.
const ORDERS: [i64; 2] = [2, 60];

/// A brand in memory.
pub struct Stage {
    /// Both services.
    pub sandbox: Sandbox,
    /// What is kept from one pass to the next.
    pub ledger: Shelf,
    /// What the services answered.
    pub heard: Vec<Record>,
    /// A dry run refuses what changes something.
    pub dry: bool,
    now: u64,
    joor_v2: String,
    joor_v4: String,
    shopify: String,
}

/// A ledger after some passes.
static SETTLED: LazyLock<(Shelf, u64)> = LazyLock::new(|| {
    let mut stage = Stage::new();
    for _ in 0..3 {
        stage.pass(Mode::Sync).expect("a pass of an honest host");
    }
    (stage.ledger, stage.now)
});

impl Stage {
    /// A brand before its first pass, with nothing in its ledger.
    pub fn new() -> Self {
        let options = Options::default();
        let mut sandbox = Sandbox::new(options.clone());
        for location in small::LOCATIONS {
            sandbox.shop.add_location(location, START);
        }
        let products: Vec<_> = small::products().into_iter().take(STYLES).collect();
        sandbox.shop.load(products, START);
        sandbox.import_styles(&small::linesheets(), Upc::VariantId);
        Self {
            joor_v4: grant(&mut sandbox, &options),
            joor_v2: format!("OAuth2 {}", BASE64_STANDARD.encode(&options.joor.v2_token)),
            shopify: options.shopify.token,
            sandbox,
            ledger: Shelf::default(),
            heard: Vec::new(),
            dry: false,
            now: START,
        }
    }

    /// The brand with the ledger that some passes left, a change of stock, and orders that nobody
    /// has taken over yet.
    pub fn settled() -> Self {
        let (ledger, now) = &*SETTLED;
        let mut stage = Self::new();
        stage.ledger = ledger.clone();
        stage.now = *now + 60_000;
        stage.happen();
        stage
    }

    /// Buyers order, and stock changes.
    pub fn happen(&mut self) {
        for ((upc, _), units) in self.upcs().into_iter().zip(ORDERS) {
            let order = NewOrder::of("SS27").line(&upc, units, 45_00).approved();
            self.sandbox.joor.place_order(order, self.now);
        }
        let changed = small::products();
        let sku = changed.first().and_then(|product| product.variants.first());
        let sku = sku
            .and_then(|variant| variant.sku.as_deref())
            .unwrap_or_default();
        let shop = &mut self.sandbox.shop;
        let place = shop.find_location("Paris");
        if let (Some(variant), Some(place)) = (shop.find_variant(sku), place) {
            shop.set_available(variant, place, 7, self.now);
        }
        self.now += 60_000;
    }

    /// One pass after the interval.
    pub fn pass(&mut self, mode: Mode) -> Result<(), String> {
        self.now += 60_000;
        self.dry = !matches!(mode, Mode::Sync | Mode::Act(_));
        let ended = run(job(SETTINGS, mode, self.now), self);
        self.dry = false;
        ended.map(|_| ()).map_err(|fault| format!("{fault:?}"))
    }

    /// The time.
    pub fn time(&self) -> u64 {
        self.now
    }

    /// Whatever the connector was told beside: JOOR never shows more than the shop has.
    pub fn nothing_is_oversold(&self) {
        let stock: BTreeMap<String, i64> = self.upcs().into_iter().collect();
        for row in self.sandbox.joor.history() {
            let stock = row.upc.as_ref().and_then(|upc| stock.get(upc));
            let stock = stock.copied().unwrap_or(0);
            if let Ats::Units(units) = row.ats {
                assert!(i64::from(units) <= stock, "{row:?} with {stock} in stock");
            }
        }
    }

    /// UPCs, with the units that the shop has of each, sold ones among them.
    fn upcs(&self) -> Vec<(String, i64)> {
        let shop = &self.sandbox.shop;
        let stock = |variant: VariantView<'_>| {
            let at = |location| {
                let committed = variant.units(location, State::Committed).unwrap_or(0);
                (variant.available(location).unwrap_or(0) + committed).max(0)
            };
            let units: i64 = shop.location_ids().map(at).sum();
            (variant.number().to_string(), units)
        };
        let variants = shop
            .products()
            .flat_map(|product| product.variants().map(stock).collect::<Vec<_>>());
        variants.collect()
    }

    fn http(&mut self, request: HttpRequest) -> Answer {
        let name = selector(&request);
        let (side, prefix, header, value) = match request.service.as_str() {
            "shopify" => (Side::Shopify, "", "x-shopify-access-token", &self.shopify),
            "joor-v2" => (Side::Joor, "/v2", "authorization", &self.joor_v2),
            _ => (Side::Joor, "/v4", "authorization", &self.joor_v4),
        };
        let mut headers = request.headers;
        headers.push((header.into(), value.clone()));
        let method = match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
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
        let response = HttpResponse {
            status: response.status,
            headers: response.headers,
            body: String::from_utf8_lossy(&response.body).into_owned(),
        };
        self.heard.push(Record::Http(name, response.clone()));
        Answer::Http(response)
    }

    /// The whole file is small, so it is always the only piece.
    fn lines(&mut self, request: &LinesRequest) -> Answer {
        let path = request
            .url
            .find("/bulk/")
            .and_then(|at| request.url.get(at..));
        let Some(path) = path else {
            return Answer::Failed(Failure::Refused("no such file".into()));
        };
        let get = Request {
            method: "GET".into(),
            path: path.into(),
            ..Request::default()
        };
        let Reply::Answer(file) = self.sandbox.handle(Side::Shopify, &get, self.now) else {
            return Answer::Failed(Failure::Unreachable("cut".into()));
        };
        let text = String::from_utf8_lossy(&file.body).into_owned();
        self.heard.push(Record::Lines(text.clone()));
        Answer::Lines(Lines {
            text,
            next_offset: None,
        })
    }
}

impl Host for Stage {
    fn perform(&mut self, effect: Effect) -> Answer {
        let effect = match self.ledger.perform(effect) {
            Ok(answer) => return answer,
            Err(effect) => effect,
        };
        match effect {
            Effect::Http(request) if self.dry && request.changes => {
                Answer::Failed(Failure::Refused("a dry run changes nothing".into()))
            }
            Effect::Http(request) => {
                self.now += 100;
                self.http(request)
            }
            Effect::ReadLines(request) => self.lines(&request),
            Effect::WaitUntil(at) => {
                self.now = self.now.max(at);
                Answer::Woke
            }
            Effect::Load(_) | Effect::Scan(_) | Effect::Commit(_) => Answer::Committed,
        }
    }

    fn now(&self) -> u64 {
        self.time()
    }
}

/// A token of JOOR's v4 API.
fn grant(sandbox: &mut Sandbox, options: &Options) -> String {
    let login = &options.joor.login;
    let form = format!(
        "grant_type=password&client_id={}&client_secret={}&username={}&password={}",
        login.client_id, login.client_secret, login.username, login.password
    );
    let form_type = ("content-type", "application/x-www-form-urlencoded");
    let request = Request {
        method: "POST".into(),
        path: "/auth/".into(),
        headers: vec![(form_type.0.into(), form_type.1.into())],
        body: form.into_bytes(),
    };
    let Reply::Answer(grant) = sandbox.handle(Side::Joor, &request, START) else {
        panic!("JOOR gives a token");
    };
    let grant: Value = serde_json::from_slice(&grant.body).expect("a token");
    let token = grant.get("access_token").and_then(Value::as_str);
    format!("Bearer {}", token.expect("a token"))
}
