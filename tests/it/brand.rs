//! A brand before its story begins.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use atsync::clock::Clock as _;
use atsync::connection::{Connection, Limits, Service};
use atsync::recording::Recorder;
use atsync::store::{MemoryStore, Store};
use atsync_sandbox::catalogue::{Product, small};
use atsync_sandbox::joor::{Linesheet, Upc};
use atsync_sandbox::server::{self, Ports, Running};
use atsync_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use crate::clock::{LeapClock, START};
use crate::world::{NAME, World, connector};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// What a story wants to be different is changed here.
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

    /// A brand whose UPCs are barcodes, each variant with one of its own.
    pub fn by_barcode() -> Self {
        let mut brand = Self::with_settings(json!({ "upc": "barcode" }));
        brand.upc = Upc::Barcode;
        let products = brand.products.iter_mut();
        let variants = products.flat_map(|product| &mut product.variants);
        for (number, variant) in variants.enumerate() {
            variant.barcode = Some(format!("40063810{number:05}"));
        }
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
        let clock = LeapClock::new();
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
            connector: connector(),
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
        webhook_ages: BTreeMap::new(),
        downloads: Vec::new(),
        limits,
    }
}

/// Sets these settings beside or in place of those that are there.
pub fn merge(settings: &mut Value, more: Value) {
    let (Value::Object(settings), Value::Object(more)) = (settings, more) else {
        panic!("settings are an object");
    };
    settings.extend(more);
}
