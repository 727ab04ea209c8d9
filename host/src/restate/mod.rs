//! Past one machine: the same passes as a service of Restate, an engine that keeps a journal of
//! what a handler does and carries it on wherever a process is left.
//!
//! A connection is a virtual object. Restate runs one pass of it at a time, keeps its ledger as
//! the object's state (or leaves that to PostgreSQL), calls it when the next pass is due, and hands a pass whose process died to
//! another one, which replays the journal and goes on from there.

mod announce;
mod ending;
mod hands;
mod inbox;
mod journal;
mod ledger;
mod object;
mod pages;
mod passes;
mod postgres;
mod table;

use std::collections::BTreeMap;
use std::sync::Arc;

use restate_sdk::endpoint::Endpoint;
use restate_sdk::http_server::HttpServer;
use tokio::net::TcpListener;

use crate::connection::Connection;
use crate::engine::Connector;
use crate::pass::CancellationToken;
use crate::problem::Problem;
pub use announce::{register, start};
use object::Object;
use passes::Passes;
pub use postgres::Postgres;

/// Serves connections to Restate. Every process of a cluster serves all of them.
pub struct Service {
    passes: Arc<BTreeMap<String, Passes>>,
}

impl Service {
    /// A service for these connections and what they run, with their ledgers in `postgres`, or
    /// each in its object's state. Errors: see [`Network::new`](crate::effects::Network::new).
    pub fn new(
        connections: impl IntoIterator<Item = (Connector, Connection)>,
        postgres: Option<&Postgres>,
    ) -> Result<Service, Problem> {
        let mut passes = BTreeMap::new();
        for (connector, connection) in connections {
            let name = connection.name.clone();
            let rows = postgres.map(|postgres| postgres.rows(&name));
            passes.insert(name, Passes::new(connector, connection, rows)?);
        }
        Ok(Service {
            passes: Arc::new(passes),
        })
    }

    /// Answers Restate on `listener` until it is cancelled. Passes that are under way then are
    /// carried on by another process, or by the next one.
    pub async fn serve(self, listener: TcpListener, cancel: CancellationToken) {
        let endpoint = Endpoint::builder().bind(Object(self.passes)).build();
        HttpServer::new(endpoint)
            .serve_with_cancel(listener, cancel.cancelled())
            .await;
    }
}
