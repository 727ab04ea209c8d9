//! The daemon's own web server: webhooks come in, health, metrics and a status page go out.

mod access;
mod keeper;
mod metrics;
mod page;
mod webhooks;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router, middleware};
use secrecy::SecretString;
use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::connection::{Connection, WebhookAge};
use crate::engine::manifest::Description;
use crate::pass::CancellationToken;
use crate::problem::Problem;
use crate::store::{LastPass, Standing, Store, aside, last_pass, standing};
use keeper::Keeper;
pub use metrics::Metrics;
pub(crate) use webhooks::{Intake, Refusal};

/// The largest webhook, in bytes.
const WEBHOOK_BYTES_MAX: usize = 1 << 20;

/// How long a stop waits for answers on their way.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// What the server shows and takes in.
pub struct Server {
    names: Vec<String>,
    /// By connection and service.
    doors: BTreeMap<(String, String), Door>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    /// What it takes to see page and metrics; none: to be on this machine.
    token: Option<SecretString>,
}

/// Where the webhooks of one service come in.
struct Door {
    intake: Intake,
    age: Option<WebhookAge>,
    /// How long a delivery may take to come in.
    time: Duration,
}

/// What is known of one connection.
struct Known {
    name: String,
    standing: Standing,
    last: Option<LastPass>,
}

impl Server {
    /// A server for these connections and the manifests of what they run.
    pub fn new<'a>(
        connections: impl IntoIterator<Item = (&'a Connection, &'a Description)>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Server {
        let mut names = Vec::new();
        let mut doors = BTreeMap::new();
        for (connection, description) in connections {
            names.push(connection.name.clone());
            for webhook in &description.webhooks {
                let key = (connection.name.clone(), webhook.service.clone());
                let secrets = connection.webhook_secrets.get(&webhook.service);
                let door = Door {
                    intake: Intake::new(webhook, secrets.cloned().unwrap_or_default()),
                    age: connection.webhook_ages.get(&webhook.service).cloned(),
                    time: connection.limits.request_timeout,
                };
                doors.insert(key, door);
            }
        }
        Server {
            names,
            doors,
            store,
            clock,
            metrics,
            token: None,
        }
    }

    /// Shows status page and metrics to whoever has this token, instead of to this machine.
    #[must_use]
    pub fn with_token(mut self, token: Option<SecretString>) -> Server {
        self.token = token;
        self
    }

    /// Answers on `listener` until it is cancelled; what is being answered then has a moment to
    /// end.
    pub async fn serve(
        self,
        listener: TcpListener,
        cancel: CancellationToken,
    ) -> std::io::Result<()> {
        let ending = cancel.clone();
        let serving = axum::serve(listener, self.router())
            .with_graceful_shutdown(async move { ending.cancelled().await });
        tokio::select! {
            served = serving.into_future() => served,
            () = async { cancel.cancelled().await; tokio::time::sleep(LAST_ANSWERS).await } => Ok(()),
        }
    }

    fn router(self) -> Router {
        let keeper = Keeper::start(Arc::clone(&self.store));
        let server = Arc::new(self);
        let shown = Router::new()
            .route("/metrics", get(show_metrics))
            .route("/", get(show_page))
            .route_layer(middleware::from_fn_with_state(
                Arc::clone(&server),
                access::guard,
            ));
        Router::new()
            .route("/webhooks/{connection}/{service}", post(webhooks::take_in))
            .layer(DefaultBodyLimit::max(WEBHOOK_BYTES_MAX))
            .layer(Extension(keeper))
            .route("/health", get(health))
            .merge(shown)
            .with_state(server)
    }

    /// Reads what is known of every connection.
    async fn known(self: &Arc<Self>) -> Result<Vec<Known>, Problem> {
        let server = Arc::clone(self);
        let read = move || {
            let known = |name: &String| {
                Ok(Known {
                    name: name.clone(),
                    standing: standing(&*server.store, name)?,
                    last: last_pass(&*server.store, name)?,
                })
            };
            server.names.iter().map(known).collect()
        };
        aside(read).await
    }
}

/// Whether the program lives and its store answers.
async fn health(State(server): State<Arc<Server>>) -> Response {
    match server.known().await {
        Ok(_) => (StatusCode::OK, "ok\n").into_response(),
        // Anybody may ask, so what is wrong is told elsewhere.
        Err(problem) => {
            tracing::error!(%problem, "not well");
            (StatusCode::SERVICE_UNAVAILABLE, "not well\n").into_response()
        }
    }
}

async fn show_metrics(State(server): State<Arc<Server>>) -> Response {
    match server.known().await {
        Ok(known) => {
            let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
            (kind, server.metrics.text(&known)).into_response()
        }
        Err(problem) => unavailable(&problem),
    }
}

async fn show_page(State(server): State<Arc<Server>>) -> Response {
    match server.known().await {
        Ok(known) => {
            let headers = [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (
                    header::CONTENT_SECURITY_POLICY,
                    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
                ),
                (header::CACHE_CONTROL, "no-store"),
            ];
            (headers, page::html(&known, server.clock.now())).into_response()
        }
        Err(problem) => unavailable(&problem),
    }
}

fn unavailable(problem: &Problem) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, format!("{problem}\n")).into_response()
}
