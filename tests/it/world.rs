//! A brand to tell stories about.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use atsync::clock::{Clock, Sleep, Timestamp};
use atsync::component::Component;
use atsync::connection::{Connection, Limits, Service};
use atsync::engine::reconcile::{Call, Fault, Hint, Mode, Verdict};
use atsync::engine::{Connector, Engine};
use atsync::pass::{CancellationToken, Ended, Runner};
use atsync::recording::Recorder;
use atsync::store::{Delivery, MemoryStore, Store};
use atsync_sandbox::catalogue::{Product, small};
use atsync_sandbox::faults::Faults;
use atsync_sandbox::joor::{Account, Ats, Linesheet, Upc};
use atsync_sandbox::server::{self, Ports, Running};
use atsync_sandbox::shopify::{LocationId, Shop, VariantId};
use atsync_sandbox::wire::Side;
use atsync_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

/// 2026-11-23T06:00:00Z, when every story begins.
pub const START: Timestamp = 1_795_413_600_000;

/// The connection's name.
pub const NAME: &str = "acme";

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The bundled component, loaded once.
pub fn connector() -> Connector {
    static CONNECTOR: OnceLock<Connector> = OnceLock::new();
    let load = || {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
        Engine::new(&cache)
            .unwrap()
            .load(&Component::Bundled)
            .unwrap()
    };
    CONNECTOR.get_or_init(load).clone()
}

/// One time for the shop, JOOR and the host. It stands still, and leaps where a pass waits.
#[derive(Clone)]
pub struct LeapClock(Arc<AtomicU64>);

impl LeapClock {
    fn leap_to(&self, at: Timestamp) {
        self.0.fetch_max(at, Ordering::SeqCst);
    }
}

impl Clock for LeapClock {
    fn now(&self) -> Timestamp {
        self.0.load(Ordering::SeqCst)
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep<'_> {
        Box::pin(async move { self.leap_to(at) })
    }
}

/// A brand before its story begins: what a story wants to be different is changed here.
pub struct Brand {
    /// How both services behave.
    pub options: Options,
    /// The shop's styles. The first quantity of a variant is for Paris, the second for Lyon.
    pub products: Vec<Product>,
    /// The linesheets that JOOR's integration made of them.
    pub linesheets: Vec<Linesheet>,
    /// What JOOR's integration took for UPC.
    pub upc: Upc,
    /// The component's settings.
    pub settings: Value,
    /// What a pass may use.
    pub limits: Limits,
    /// Where ledger and inbox live.
    pub store: Arc<dyn Store>,
    /// Records every pass.
    pub recorder: Option<Arc<Recorder>>,
}

impl Default for Brand {
    /// The small catalogue in Paris and Lyon, which both feed the warehouse Default. Milan is
    /// open and feeds nothing.
    fn default() -> Self {
        Brand {
            options: Options::default(),
            products: small::products(),
            linesheets: small::linesheets(),
            upc: Upc::VariantId,
            settings: json!({
                "joor_account": "1234",
                "default_location": "Paris",
                "warehouses": [{ "name": "Default", "locations": ["Paris", "Lyon"] }],
            }),
            limits: Limits::default(),
            store: Arc::new(MemoryStore::default()),
            recorder: None,
        }
    }
}

impl Brand {
    /// An ordinary brand with these settings beside the necessary ones.
    pub fn with_settings(settings: Value) -> Self {
        let mut brand = Brand::default();
        brand.set(settings);
        brand
    }

    /// Sets these settings, and leaves the others.
    pub fn set(&mut self, settings: Value) {
        merge(&mut self.settings, settings);
    }

    /// Opens the shop, lets JOOR's integration import its styles, and serves both.
    pub async fn open(self) -> World {
        let loaded_at = START - DAY_MS;
        let mut sandbox = Sandbox::new(self.options);
        for name in ["Paris", "Lyon", "Milan"] {
            sandbox.shop.add_location(name, loaded_at);
        }
        sandbox.shop.load(self.products, loaded_at);
        sandbox.import_styles(&self.linesheets, self.upc);
        let clock = LeapClock(Arc::new(AtomicU64::new(START)));
        let sandbox = Arc::new(Mutex::new(sandbox));
        let time = clock.clone();
        let time: server::Clock = Arc::new(move || time.now());
        let running = server::serve(sandbox.clone(), Ports::default(), time)
            .await
            .unwrap();
        let connection = connection(
            &sandbox.lock().unwrap(),
            &running,
            &self.settings,
            self.limits,
        );
        let mut world = World {
            sandbox,
            clock,
            store: self.store,
            recorder: self.recorder,
            settings: self.settings,
            connection,
            runner: None,
            _running: running,
        };
        world.restart();
        world
    }

    /// Opens, and lets the first sync pass by.
    pub async fn open_synced(self) -> World {
        let world = self.open().await;
        world.sync_all().await;
        world.everything_agrees();
        world.minutes(10);
        world
    }
}

fn connection(
    sandbox: &Sandbox,
    running: &Running,
    settings: &Value,
    limits: Limits,
) -> Connection {
    let (shop, joor) = (sandbox.shop.options(), &sandbox.joor.options);
    let login = &joor.login;
    let service = |url: String, secrets: &[(&str, &str)]| Service {
        url: Some(url.parse().unwrap()),
        token_url: None,
        secrets: secrets
            .iter()
            .map(|(name, secret)| ((*name).to_owned(), (*secret).into()))
            .collect(),
        private_addresses: true,
    };
    let v4_secrets = [
        ("client_id", &*login.client_id),
        ("client_secret", &*login.client_secret),
        ("username", &*login.username),
        ("password", &*login.password),
    ];
    let v4 = Service {
        token_url: Some(format!("{}/auth/", running.joor_url).parse().unwrap()),
        ..service(format!("{}/v4", running.joor_url), &v4_secrets)
    };
    let v2 = service(
        format!("{}/v2", running.joor_url),
        &[("token", &joor.v2_token)],
    );
    let shopify = service(running.shopify_url.clone(), &[("token", &shop.token)]);
    Connection {
        name: NAME.to_owned(),
        component: None,
        settings: settings.to_string(),
        services: [("shopify", shopify), ("joor-v2", v2), ("joor-v4", v4)]
            .map(|(name, service)| (name.to_owned(), service))
            .into(),
        webhook_secrets: BTreeMap::new(),
        downloads: Vec::new(),
        limits,
    }
}

fn merge(settings: &mut Value, more: Value) {
    let (Value::Object(settings), Value::Object(more)) = (settings, more) else {
        panic!("settings are an object");
    };
    settings.extend(more);
}

/// A brand with its story under way.
pub struct World {
    /// Both services.
    pub sandbox: Arc<Mutex<Sandbox>>,
    /// Their time, and the host's.
    pub clock: LeapClock,
    /// Ledger and inbox.
    pub store: Arc<dyn Store>,
    /// The component's settings.
    pub settings: Value,
    /// What the operator gave.
    pub connection: Connection,
    recorder: Option<Arc<Recorder>>,
    runner: Option<Runner>,
    _running: Running,
}

/// What each side was asked and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traffic {
    pub shopify_requests: u64,
    pub shopify_writes: u64,
    pub joor_requests: u64,
    pub joor_writes: u64,
}

impl World {
    /// The program is started again, perhaps with other settings: tokens are forgotten.
    pub fn restart(&mut self) {
        let (store, clock) = (Arc::clone(&self.store), Arc::new(self.clock.clone()));
        let connection = self.connection.clone();
        let runner = Runner::new(connector(), connection, store, clock, self.recorder.clone());
        self.runner = Some(runner.unwrap());
    }

    /// Changes some settings.
    pub fn set(&mut self, settings: Value) {
        merge(&mut self.settings, settings);
        self.connection.settings = self.settings.to_string();
        self.restart();
    }

    // Time.

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Nothing happens until then.
    pub fn clock_to(&self, at: Timestamp) {
        self.clock.leap_to(at);
    }

    pub fn minutes(&self, minutes: u64) {
        self.clock.leap_to(self.now() + minutes * 60_000);
    }

    pub fn hours(&self, hours: u64) {
        self.minutes(hours * 60);
    }

    // The two services.

    pub fn sandbox(&self) -> MutexGuard<'_, Sandbox> {
        self.sandbox.lock().unwrap()
    }

    /// Pulls a lever of the shop.
    pub fn shop<T>(&self, lever: impl FnOnce(&mut Shop, Timestamp) -> T) -> T {
        lever(&mut self.sandbox().shop, self.now())
    }

    /// Pulls a lever of the JOOR account.
    pub fn joor<T>(&self, lever: impl FnOnce(&mut Account) -> T) -> T {
        lever(&mut self.sandbox().joor)
    }

    /// Makes something go wrong.
    pub fn faults(&self, make: impl FnOnce(&mut Faults)) {
        make(&mut self.sandbox().faults);
    }

    pub fn location(&self, name: &str) -> LocationId {
        self.shop(|shop, _| shop.find_location(name)).unwrap()
    }

    pub fn variant(&self, sku: &str) -> VariantId {
        self.shop(|shop, _| shop.find_variant(sku)).unwrap()
    }

    /// The Shopify product id of the style that has this SKU.
    pub fn style(&self, sku: &str) -> u64 {
        let variant = self.variant(sku);
        self.shop(|shop, _| {
            shop.product(shop.variant(variant).unwrap().product())
                .unwrap()
                .number()
        })
    }

    /// Somebody counts: there are so many units of a SKU at a location.
    pub fn set_stock(&self, sku: &str, location: &str, units: i64) {
        let (variant, location) = (self.variant(sku), self.location(location));
        self.shop(|shop, now| shop.set_available(variant, location, units, now));
    }

    /// What JOOR shows of a SKU in the warehouse Default, at once.
    pub fn shows(&self, sku: &str) -> Ats {
        self.shows_in(sku, "Default")
    }

    /// What JOOR shows of a SKU in a warehouse, at once.
    pub fn shows_in(&self, sku: &str, warehouse: &str) -> Ats {
        self.shows_from(sku, warehouse, None)
    }

    /// What JOOR shows of a SKU in a warehouse from a day on.
    pub fn shows_from(&self, sku: &str, warehouse: &str, day: Option<&str>) -> Ats {
        let day = day.map(|day| day.parse().unwrap());
        let joor = &self.sandbox().joor;
        let found = joor
            .skus()
            .find(|known| known.identifier.as_deref() == Some(sku))
            .unwrap();
        joor.ats_of(&found.id, warehouse, day)
    }

    /// Everything that JOOR shows, to compare with later.
    pub fn all_that_joor_shows(&self) -> Vec<atsync_sandbox::joor::StockRow> {
        self.sandbox().joor.rows().collect()
    }

    pub fn traffic(&self) -> Traffic {
        let sandbox = self.sandbox();
        let (shopify, joor) = (
            sandbox.counters().side(Side::Shopify),
            sandbox.counters().side(Side::Joor),
        );
        Traffic {
            shopify_requests: shopify.requests,
            shopify_writes: shopify.writes,
            joor_requests: joor.requests,
            joor_writes: joor.writes,
        }
    }

    /// For every linked SKU, JOOR shows what the policy says of the shop's present stock.
    #[track_caller]
    pub fn everything_agrees(&self) {
        let differences = crate::truth::differences(self);
        assert!(
            differences.is_empty(),
            "JOOR differs:\n{}",
            differences.join("\n")
        );
    }

    // What the host keeps.

    /// The whole ledger.
    pub fn ledger(&self) -> BTreeMap<String, String> {
        let entries = self.store.ledger(NAME).scan("", None, 100_000).unwrap();
        entries
            .into_iter()
            .map(|entry| (entry.key, entry.value))
            .collect()
    }

    /// A webhook comes in that the host has verified.
    pub fn hint(&self, topic: &str, body: &str) {
        let id = format!("{topic} {body}");
        let hint = Hint {
            id,
            topic: topic.to_owned(),
            body: body.to_owned(),
        };
        let delivery = Delivery {
            service: "shopify".to_owned(),
            hint,
            at: self.now(),
        };
        assert!(
            self.store.take_in(NAME, &delivery).unwrap(),
            "the webhook is a new one"
        );
    }

    // Passes.

    pub async fn sync(&self) -> Report {
        self.report(Mode::Sync).await
    }

    pub async fn plan(&self) -> Report {
        self.report(Mode::Plan).await
    }

    pub async fn check(&self) -> Report {
        self.report(Mode::Check).await
    }

    pub async fn ask(&self, name: &str, arguments: Value) -> Report {
        self.report(Mode::Ask(call(name, &arguments))).await
    }

    pub async fn act(&self, name: &str, arguments: Value) -> Report {
        self.report(Mode::Act(call(name, &arguments))).await
    }

    /// Passes at the times that they ask for, until one asks for nothing but the next interval.
    /// How many.
    pub async fn sync_all(&self) -> usize {
        for passes in 1..=100 {
            let began = self.now();
            let report = self.sync().await;
            if report.next_run == began + self.interval_ms() {
                return passes;
            }
            self.clock_to(report.next_run);
        }
        panic!("a hundred passes, and there is still something to wait for");
    }

    fn interval_ms(&self) -> u64 {
        self.settings["interval_s"].as_u64().unwrap_or(60) * 1000
    }

    async fn report(&self, mode: Mode) -> Report {
        match self.pass(mode).await {
            Ended::Outcome(outcome) => Report {
                verdict: outcome.verdict,
                next_run: outcome.next_run,
                json: serde_json::from_str(&outcome.report).unwrap(),
            },
            other => panic!("the pass ends without an outcome: {other:?}"),
        }
    }

    /// A sync that the component gives up.
    pub async fn sync_fault(&self) -> Fault {
        match self.pass(Mode::Sync).await {
            Ended::Fault(fault) => fault,
            other => panic!("the pass does not give up: {other:?}"),
        }
    }

    async fn pass(&self, mode: Mode) -> Ended {
        let runner = self.runner.as_ref().unwrap();
        runner
            .run(mode, &|_| {}, &CancellationToken::new())
            .await
            .unwrap()
            .ended
    }
}

fn call(name: &str, arguments: &Value) -> Call {
    Call {
        name: name.to_owned(),
        arguments: arguments.to_string(),
    }
}

/// What a pass has to tell.
#[derive(Debug)]
pub struct Report {
    pub verdict: Verdict,
    pub next_run: Timestamp,
    pub json: Value,
}

impl Report {
    /// The codes of its findings.
    pub fn codes(&self) -> Vec<&str> {
        self.json["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f["code"].as_str().unwrap())
            .collect()
    }

    /// The finding with this code.
    #[track_caller]
    pub fn finding(&self, code: &str) -> &Value {
        let mut findings = self.json["findings"].as_array().unwrap().iter();
        let found = findings.find(|finding| finding["code"] == code);
        found.unwrap_or_else(|| panic!("no finding {code}: {:#}", self.json["findings"]))
    }

    /// A number of the report; 0 if it is not there.
    pub fn count(&self, name: &str) -> u64 {
        self.json["counts"][name].as_u64().unwrap_or(0)
    }

    pub fn summary(&self) -> &str {
        self.json["summary"].as_str().unwrap()
    }

    pub fn is_done(&self) -> bool {
        self.verdict == Verdict::Done
    }
}

/// So many units.
pub fn units(units: u32) -> Ats {
    Ats::Units(units)
}
