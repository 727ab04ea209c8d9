//! A brand with its story under way: levers of both services, what JOOR shows, passes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use atsync::clock::{Clock as _, Timestamp};
use atsync::component::Component;
use atsync::connection::Connection;
use atsync::engine::reconcile::{Call, Fault, Hint, Mode};
use atsync::engine::{Connector, Engine};
use atsync::pass::{CancellationToken, Ended, Runner};
use atsync::recording::Recorder;
use atsync::store::{Delivery, Store};
use atsync_sandbox::Sandbox;
use atsync_sandbox::faults::Faults;
use atsync_sandbox::joor::{Account, Ats, StockRow};
use atsync_sandbox::server::Running;
use atsync_sandbox::shopify::{LocationId, Shop, VariantId};
use atsync_sandbox::wire::Side;
use serde_json::Value;

use crate::brand::merge;
use crate::clock::LeapClock;
use crate::report::Report;
use crate::truth;

/// The connection's name.
pub const NAME: &str = "acme";

/// The bundled component, loaded once.
pub fn connector() -> Connector {
    static CONNECTOR: OnceLock<Connector> = OnceLock::new();
    CONNECTOR.get_or_init(|| load(&Component::Bundled)).clone()
}

/// Any component.
pub fn load(component: &Component) -> Connector {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    Engine::new(&cache).unwrap().load(component).unwrap()
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
    /// Records every pass.
    pub recorder: Option<Arc<Recorder>>,
    /// What decides.
    pub connector: Connector,
    /// What runs passes; none until [`World::restart`].
    pub runner: Option<Runner>,
    /// Both services are served until it is dropped.
    pub _running: Running,
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
        let (connector, connection) = (self.connector.clone(), self.connection.clone());
        let runner = Runner::new(connector, connection, store, clock, self.recorder.clone());
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
    pub fn all_that_joor_shows(&self) -> Vec<StockRow> {
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
        let differences = truth::differences(self);
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

/// So many units.
pub fn units(units: u32) -> Ats {
    Ats::Units(units)
}
