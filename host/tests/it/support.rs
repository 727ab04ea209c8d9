//! A connection to play with: the guest component, services on loopback, a store, a clock.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock, OnceLock};

use atsync::clock::{Clock, SystemClock};
use atsync::component::Component;
use atsync::connection::{Connection, Limits, Service};
use atsync::engine::reconcile::{Answer, Completion, Effect, HttpRequest, Method, Mode, Outcome};
use atsync::engine::{Connector, Engine};
use atsync::pass::{CancellationToken, Ended, Passed, Runner};
use atsync::problem::Problem;
use atsync::recording::Recorder;
use atsync::store::{MemoryStore, Store};
use axum::Router;
use serde_json::{Value, json};

/// The guest, built once for each run of the tests.
pub fn guest() -> &'static Path {
    static GUEST: LazyLock<PathBuf> = LazyLock::new(|| {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guest/Cargo.toml");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guest");
        let built = Command::new(env!("CARGO"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args([
                "build",
                "--release",
                "--locked",
                "--target",
                "wasm32-unknown-unknown",
            ])
            .arg("--manifest-path")
            .arg(manifest)
            .arg("--target-dir")
            .arg(&target)
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .status()
            .unwrap();
        assert!(built.success(), "the guest is not built");
        target.join("wasm32-unknown-unknown/release/guest.wasm")
    });
    &GUEST
}

/// The guest, loaded once.
pub fn connector() -> Connector {
    static CONNECTOR: OnceLock<Connector> = OnceLock::new();
    let load = || {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
        let engine = Engine::new(&cache).unwrap();
        engine.load(&Component::File(guest().to_owned())).unwrap()
    };
    CONNECTOR.get_or_init(load).clone()
}

/// Serves `router` on loopback for as long as the test's runtime lives.
pub async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// A client for the test's own requests.
pub fn client() -> reqwest::Client {
    static PROVIDER: std::sync::Once = std::sync::Once::new();
    PROVIDER.call_once(|| {
        let ring = rustls::crypto::ring::default_provider();
        ring.install_default().unwrap();
    });
    reqwest::Client::new()
}

/// What a test changes of an ordinary connection.
pub struct Bench {
    pub connection: Connection,
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub recorder: Option<Arc<Recorder>>,
}

impl Bench {
    /// Both services at `base`, with fixed tokens.
    pub fn new(base: &str) -> Bench {
        let service = || Service {
            url: Some(base.parse().unwrap()),
            private_addresses: true,
            secrets: secrets(&[("token", "open-sesame")]),
            ..Service::default()
        };
        let connection = Connection {
            name: "acme".to_owned(),
            component: None,
            settings: "{}".to_owned(),
            services: [
                ("shelf".to_owned(), service()),
                ("market".to_owned(), service()),
            ]
            .into(),
            webhook_secrets: BTreeMap::new(),
            webhook_ages: BTreeMap::new(),
            downloads: Vec::new(),
            limits: Limits::default(),
        };
        Bench {
            connection,
            store: Arc::new(MemoryStore::default()),
            clock: Arc::new(SystemClock),
            recorder: None,
        }
    }

    /// A bench without any server.
    pub fn offline() -> Bench {
        Bench::new("http://127.0.0.1:9")
    }

    pub fn shelf(&mut self) -> &mut Service {
        self.connection.services.get_mut("shelf").unwrap()
    }

    /// A runner of these steps.
    pub fn runner(&self, steps: &Value) -> Result<Runner, Problem> {
        let mut connection = self.connection.clone();
        connection.settings = json!({ "steps": steps }).to_string();
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        Runner::new(connector(), connection, store, clock, self.recorder.clone())
    }

    /// One pass of these steps.
    pub async fn pass(&self, mode: Mode, steps: &Value) -> Result<Passed, Problem> {
        self.runner(steps)?
            .run(mode, &|_| {}, &CancellationToken::new())
            .await
    }

    /// The report's data after a pass that is done.
    pub async fn data(&self, mode: Mode, steps: &Value) -> Value {
        data(&outcome(self.pass(mode, steps).await.unwrap()))
    }

    /// The answers to effects asked for at once, in order.
    pub async fn answers(&self, mode: Mode, effects: &[Effect]) -> Vec<Answer> {
        answers(&self.data(mode, &json!([{ "Ask": effects }])).await)
    }

    /// The answer to one effect in a pass that may change things.
    pub async fn answer(&self, effect: Effect) -> Answer {
        self.answers(Mode::Sync, &[effect]).await.remove(0)
    }
}

pub fn outcome(passed: Passed) -> Outcome {
    match passed.ended {
        Ended::Outcome(outcome) => outcome,
        other => panic!("{other:?}"),
    }
}

pub fn data(outcome: &Outcome) -> Value {
    serde_json::from_str::<Value>(&outcome.report).unwrap()["data"].take()
}

pub fn answers(data: &Value) -> Vec<Answer> {
    let completions: Vec<Completion> = serde_json::from_value(data["answers"].clone()).unwrap();
    completions
        .into_iter()
        .map(|completion| completion.answer)
        .collect()
}

pub fn secrets(secrets: &[(&str, &str)]) -> BTreeMap<String, secrecy::SecretString> {
    secrets
        .iter()
        .map(|(key, secret)| ((*key).to_owned(), (*secret).into()))
        .collect()
}

/// A GET of the shelf.
pub fn get(path: &str) -> Effect {
    Effect::Http(request(Method::Get, path))
}

pub fn request(method: Method, path: &str) -> HttpRequest {
    HttpRequest {
        service: "shelf".to_owned(),
        method,
        path: path.to_owned(),
        headers: Vec::new(),
        body: None,
        changes: false,
        idempotency_key: None,
    }
}
