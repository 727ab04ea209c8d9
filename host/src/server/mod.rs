//! The daemon's own web server: webhooks come in, health, metrics and a status page go out.

mod metrics;
mod page;
mod webhooks;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::connection::Connection;
use crate::engine::manifest::Description;
use crate::pass::CancellationToken;
use crate::problem::Problem;
use crate::store::{LastPass, Standing, Store, aside, last_pass, standing};
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
    intakes: BTreeMap<(String, String), Intake>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
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
        let mut intakes = BTreeMap::new();
        for (connection, description) in connections {
            names.push(connection.name.clone());
            for webhook in &description.webhooks {
                let key = (connection.name.clone(), webhook.service.clone());
                let secrets = connection.webhook_secrets.get(&webhook.service);
                intakes.insert(
                    key,
                    Intake::new(webhook, secrets.cloned().unwrap_or_default()),
                );
            }
        }
        Server {
            names,
            intakes,
            store,
            clock,
            metrics,
        }
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
        Router::new()
            .route("/webhooks/{connection}/{service}", post(webhooks::take_in))
            .layer(DefaultBodyLimit::max(WEBHOOK_BYTES_MAX))
            .route("/health", get(health))
            .route("/metrics", get(show_metrics))
            .route("/", get(show_page))
            .with_state(Arc::new(self))
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
        Err(problem) => unavailable(&problem),
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
                    "default-src 'none'; style-src 'unsafe-inline'",
                ),
            ];
            (headers, page::html(&known, server.clock.now())).into_response()
        }
        Err(problem) => unavailable(&problem),
    }
}

fn unavailable(problem: &Problem) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, format!("{problem}\n")).into_response()
}
