//! Cases of whole passes: a brand with the small catalogue, what happens in its shop, and what
//! JOOR shows afterwards. Everything is in memory: the sandbox's core answers without sockets,
//! the ledger is a map, and time is a number.

use std::collections::BTreeMap;

use atsync_plugin::bindings::exports::atsync::connector::reconcile::{
    Call, Completion, Job, Mode, Outcome, Turn,
};
use atsync_sandbox::catalogue::{Status, small};
use atsync_sandbox::faults::Fault;
use atsync_sandbox::joor::{Ats, Upc};
use atsync_sandbox::wire::{Reply, Request, Side};
use atsync_sandbox::{Options, Sandbox};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::Answers;
use super::case::Case;
use super::orders::{self, Placed};

/// Name of the connection.
pub const CONNECTION: &str = "golden";

/// 2026-11-23T06:00:00Z
const START: u64 = 1_795_413_600_000;

/// From one pass to the next, where nothing else is asked for.
const INTERVAL: u64 = 60_000;

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
    then: Vec<Event>,
    /// Purchase orders that are shown in the end, as a person asks for them.
    #[serde(default)]
    show: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Event {
    /// SKU, location, units.
    Available(String, String, i64),
    /// Handle of a style that becomes a draft.
    Draft(String),
    /// Nothing happens.
    Nothing,
    /// An order is approved on JOOR.
    Order(Placed),
    /// Purchase order of an order that is cancelled on JOOR.
    CancelOrder(String),
    /// Purchase order, number of a line, units: it is changed on JOOR.
    ChangeOrder(String, usize, i64),
    /// Purchase order, tracking number: all of it leaves the house.
    Ship(String, String),
    /// Purchase order of an order that is being packed.
    Pack(String),
    /// Name of an act, and the purchase order that a person does it with.
    Act(String, String),
    /// Name of an operation of Shopify's, and what goes wrong with the next so many after so many
    /// that go well.
    Fault(String, Fault, u32, u32),
    /// SKU, location: it is not stocked there any more.
    Unstock(String, String),
    /// Shopify refuses orders to a country.
    Refuse(String),
    /// So many minutes go by.
    Minutes(u64),
    /// Locations that Shopify routes orders to, in this order.
    Routing(Vec<String>),
}

/// Tells a case: what JOOR shows after the first pass and after each change.
pub fn tell(case: &Case, answers: &mut dyn Answers) -> String {
    let case: PassCase = serde_json::from_value(case.input.clone()).expect("a case of a pass");
    let mut brand = Brand::new(&case);
    let mut told = vec![json!({ "after": "first pass", "joor": brand.pass(answers) })];
    for change in &case.then {
        let after = brand.change(change, answers);
        let mut step = json!({ "after": after, "joor": brand.pass(answers) });
        if brand.sandbox.joor.orders().next().is_some() {
            step["orders"] = orders::told(&mut brand, answers);
            step["shopify"] = orders::stock(&brand);
            step["times_sent"] = orders::times_sent(&brand).into();
        }
        told.push(step);
    }
    for purchase_order in &case.show {
        told.push(orders::shown(&mut brand, purchase_order, answers));
    }
    serde_json::to_string_pretty(&told).expect("JSON") + "\n"
}

/// A brand in memory.
pub struct Brand {
    /// Both services.
    pub sandbox: Sandbox,
    /// What a host would add to requests.
    pub credentials: Credentials,
    /// What a host would keep.
    pub ledger: BTreeMap<String, String>,
    /// SKUs, or UPCs of styles made on JOOR.
    pub watch: Vec<String>,
    /// The time for all of them.
    pub now: u64,
    settings: String,
}

/// One for each service that the manifest names.
pub struct Credentials {
    /// Access token.
    pub shopify: String,
    /// Value of the authorization header.
    pub joor_v2: String,
    /// The same, for the other version.
    pub joor_v4: String,
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

    fn change(&mut self, change: &Event, answers: &mut dyn Answers) -> String {
        self.now += 60_000;
        let now = self.now;
        let shop = &mut self.sandbox.shop;
        match change {
            Event::Available(sku, location, units) => {
                let variant = shop
                    .find_variant(sku)
                    .expect("a SKU of the small catalogue");
                let place = shop.find_location(location).expect("one of its locations");
                shop.set_available(variant, place, *units, now);
                format!("{sku} has {units} at {location}")
            }
            Event::Draft(handle) => {
                let style = shop
                    .find_product(handle)
                    .expect("a style of the small catalogue");
                shop.set_status(style, Status::Draft, now);
                format!("{handle} becomes a draft")
            }
            Event::Nothing => "nothing".into(),
            Event::Order(placed) => orders::place(&mut self.sandbox, placed, now),
            Event::CancelOrder(purchase_order) => {
                orders::cancel(&mut self.sandbox, purchase_order, now)
            }
            Event::ChangeOrder(purchase_order, line, units) => {
                orders::change(&mut self.sandbox, purchase_order, *line, *units, now)
            }
            Event::Ship(purchase_order, number) => {
                orders::ship(&mut self.sandbox, purchase_order, Some(number), now)
            }
            Event::Pack(purchase_order) => {
                orders::ship(&mut self.sandbox, purchase_order, None, now)
            }
            Event::Act(act, purchase_order) => self.act(act, purchase_order, answers),
            Event::Fault(operation, fault, after, times) => {
                let faults = &mut self.sandbox.faults;
                faults.after(Side::Shopify, operation, *fault, *after, *times);
                format!("{fault:?} for {times} of {operation}, after {after}")
            }
            Event::Unstock(sku, location) => {
                let variant = shop.find_variant(sku).expect("a SKU");
                let place = shop.find_location(location).expect("one of its locations");
                shop.unstock(variant, place, now);
                format!("{sku} is not stocked at {location} any more")
            }
            Event::Refuse(country) => {
                shop.refuse_country(country);
                format!("Shopify refuses orders to {country}")
            }
            Event::Minutes(minutes) => {
                self.now += minutes * 60_000;
                format!("{minutes} minutes")
            }
            Event::Routing(names) => {
                let place = |name: &String| shop.find_location(name).expect("one of its locations");
                let locations: Vec<_> = names.iter().map(place).collect();
                shop.set_routing(&locations);
                format!("Shopify routes orders to {}", names.join(" before "))
            }
        }
    }

    /// One pass after the interval, and what JOOR shows then.
    fn pass(&mut self, answers: &mut dyn Answers) -> Value {
        self.now += INTERVAL;
        let began = self.now;
        let rows_before = self.sandbox.joor.counters().rows_accepted;
        let (outcome, report) = self.run(Mode::Sync, answers);
        let findings: Vec<&str> = report["findings"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|finding| finding["code"].as_str())
            .collect();
        let shows: BTreeMap<&str, Value> = self
            .watch
            .iter()
            .map(|name| (name.as_str(), self.shows(name)))
            .collect();
        let mut told = json!({
            "verdict": format!("{:?}", outcome.verdict),
            "rows_sent": self.sandbox.joor.counters().rows_accepted - rows_before,
            "written_to_shopify": self.sandbox.counters().shopify.writes,
            "shows": shows,
            "findings": findings,
        });
        let next = outcome.next_run - began;
        if next != INTERVAL {
            told["next_pass_after_ms"] = next.into();
        }
        told
    }

    /// What the component answers to a question.
    pub fn ask(&mut self, question: &str, answers: &mut dyn Answers) -> Value {
        self.ask_report(question, &json!({}), answers)["data"].clone()
    }

    /// The whole report of a question.
    pub fn ask_report(
        &mut self,
        question: &str,
        arguments: &Value,
        answers: &mut dyn Answers,
    ) -> Value {
        let call = Call {
            name: question.into(),
            arguments: arguments.to_string(),
        };
        self.run(Mode::Ask(call), answers).1
    }

    /// A person does something with an order; what they are told.
    fn act(&mut self, act: &str, purchase_order: &str, answers: &mut dyn Answers) -> String {
        let id = orders::known(&self.sandbox, purchase_order).id;
        let call = Call {
            name: act.into(),
            arguments: json!({ "order": id.to_string() }).to_string(),
        };
        let (_, report) = self.run(Mode::Act(call), answers);
        let findings = report["findings"].as_array().into_iter().flatten();
        let said: Vec<&str> = [&report["summary"]]
            .into_iter()
            .chain(findings.map(|finding| &finding["message"]))
            .filter_map(Value::as_str)
            .filter(|words| !words.is_empty())
            .collect();
        format!("{act} {purchase_order}: {}", said.join(" "))
    }

    /// Runs a job to its end: how it ended, and the report.
    fn run(&mut self, mode: Mode, answers: &mut dyn Answers) -> (Outcome, Value) {
        let job = Job {
            connection: CONNECTION.into(),
            settings: self.settings.clone(),
            mode,
            hints: vec![],
            now: self.now,
        };
        let mut turn = answers.start(job);
        loop {
            match turn.expect("a pass without a fault") {
                Turn::Done(outcome) => {
                    let report = serde_json::from_str(&outcome.report).expect("a report");
                    return (outcome, report);
                }
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
        }
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
}
