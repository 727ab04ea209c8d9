//! Ledgers in PostgreSQL: one table for all connections, and for each a lease.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use deadpool_postgres::{Client, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::runtime::Handle;
use tokio_postgres::Config;
use tokio_postgres::types::ToSql;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::effects::tls;
use crate::engine::reconcile::{Entry, Write};
use crate::problem::Problem;
use crate::store::{Ledger, Room};

/// The code of a pass that lost its connection to another.
pub(super) const LEASE_LOST: &str = "lease-lost";

/// Connections to the database that one process has at most. A pass needs one for as long as a
/// statement takes.
const CONNECTIONS_MAX: usize = 16;
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// Keys and values are bytes: their order is then that of the contract, whatever the database's
/// collation, and no character is refused.
const TABLES: &str = "
    CREATE SCHEMA IF NOT EXISTS atsync;
    CREATE TABLE IF NOT EXISTS atsync.ledger (
        connection text, key bytea, value bytea NOT NULL, PRIMARY KEY (connection, key));
    CREATE TABLE IF NOT EXISTS atsync.lease (
        connection text PRIMARY KEY, lease bigint NOT NULL, commits bigint NOT NULL);";
/// Two processes may come to make the tables at the same moment. The number is any; it is ours.
const ONE_AT_A_TIME: &str = "SELECT pg_advisory_xact_lock(7305804402566688353)";

const LEASE: &str = "
    INSERT INTO atsync.lease (connection, lease, commits) VALUES ($1, 1, 0)
    ON CONFLICT (connection) DO UPDATE SET lease = lease.lease + 1, commits = 0
    RETURNING lease";
/// Holds the row until the end of the transaction, so that commits come one after the other.
const NEXT_COMMIT: &str = "
    UPDATE atsync.lease SET commits = $3
    WHERE connection = $1 AND lease = $2 AND commits + 1 = $3";
const HAS_COMMIT: &str =
    "SELECT FROM atsync.lease WHERE connection = $1 AND lease = $2 AND commits >= $3";
const DELETE: &str = "DELETE FROM atsync.ledger WHERE connection = $1 AND key = ANY($2)";
const PUT: &str = "
    INSERT INTO atsync.ledger (connection, key, value)
    SELECT $1, * FROM unnest($2::bytea[], $3::bytea[])
    ON CONFLICT (connection, key) DO UPDATE SET value = excluded.value";
/// As many rows as there is room for, in bytes, and the one for which there is none any more.
const LOAD: &str = "
    SELECT key, value FROM (
        SELECT key, value, sum(octet_length(value)) OVER (ORDER BY key) - octet_length(value) AS before
        FROM atsync.ledger WHERE connection = $1 AND key = ANY($2)) AS found
    WHERE before <= $3 ORDER BY key";
/// The same.
const SCAN: &str = "
    SELECT key, value FROM (
        SELECT key, value, sum(octet_length(value)) OVER (ORDER BY key) - octet_length(value) AS before
        FROM (
            SELECT key, value FROM atsync.ledger
            WHERE connection = $1 AND key >= $2 AND ($3::bytea IS NULL OR key > $3)
            ORDER BY key LIMIT $4) AS page) AS found
    WHERE before <= $5 ORDER BY key";

/// A database that holds ledgers.
#[derive(Clone)]
pub struct Postgres(Pool);

/// The ledger of one connection.
#[derive(Clone)]
pub(super) struct Rows {
    database: Postgres,
    connection: String,
}

impl Postgres {
    /// Whether a connection string is one.
    pub fn is_address(address: &SecretString) -> bool {
        address.expose_secret().parse::<Config>().is_ok()
    }

    /// Connects to the database that a connection string names, and makes the tables that are not
    /// there. Errors: that is none, the database does not answer, or the user may not
    /// (`postgres`).
    pub async fn open(address: &SecretString) -> Result<Postgres, Problem> {
        let mut config: Config = address.expose_secret().parse().map_err(|_| {
            let what = "What [restate] postgres gives is no connection string of PostgreSQL.";
            Problem::new("postgres", what, "Correct it.")
        })?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIME);
        }
        let open = async {
            let tls = MakeRustlsConnect::new(tls::config().map_err(told)?);
            let recycling_method = RecyclingMethod::Fast;
            let manager = Manager::from_config(config, tls, ManagerConfig { recycling_method });
            let pool = Pool::builder(manager)
                .max_size(CONNECTIONS_MAX)
                .runtime(Runtime::Tokio1)
                .build()
                .map_err(told)?;
            let mut client = pool.get().await.map_err(told)?;
            let transaction = client.transaction().await.map_err(told)?;
            transaction.query(ONE_AT_A_TIME, &[]).await.map_err(told)?;
            transaction.batch_execute(TABLES).await.map_err(told)?;
            transaction.commit().await.map_err(told)?;
            Ok(Postgres(pool))
        };
        open.await.map_err(|why: String| {
            Problem::new(
                "postgres",
                format!("The database that [restate] postgres names cannot be used: {why}."),
                "Start it, correct the connection string, or let its user create the schema atsync.",
            )
        })
    }

    /// The ledger of a connection.
    pub(super) fn rows(&self, connection: &str) -> Rows {
        Rows {
            database: self.clone(),
            connection: connection.to_owned(),
        }
    }

    async fn client(&self) -> Result<Client, String> {
        self.0.get().await.map_err(told)
    }
}

impl Rows {
    /// A lease for a pass; all that were given before are lost with it.
    pub(super) async fn lease(&self) -> Result<i64, Problem> {
        let lease = async {
            let client = self.database.client().await?;
            let lease = client.prepare_cached(LEASE).await.map_err(told)?;
            let row = client.query_one(&lease, &[&self.connection]).await;
            row.and_then(|row| row.try_get(0)).map_err(told)
        };
        lease.await.map_err(|why| self.failed(&why))
    }

    /// Carries out a pass's commit of that number, counted from 1, unless it was. All of it or
    /// nothing. Errors: also, another pass has a newer lease (`lease-lost`).
    pub(super) async fn commit(
        &self,
        lease: i64,
        number: i64,
        writes: Vec<Write>,
    ) -> Result<(), Problem> {
        match self.committed(lease, number, writes).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.lost()),
            Err(why) => Err(self.failed(&why)),
        }
    }

    /// Whether the ledger has this commit now; not if the lease is lost.
    async fn committed(&self, lease: i64, number: i64, writes: Vec<Write>) -> Result<bool, String> {
        // Of a key that is written twice the last value counts.
        let writes: BTreeMap<_, _> = writes.into_iter().map(|one| (one.key, one.value)).collect();
        let (mut gone, mut keys, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for (key, value) in writes {
            match value {
                None => gone.push(key.into_bytes()),
                Some(value) => {
                    keys.push(key.into_bytes());
                    values.push(value.into_bytes());
                }
            }
        }
        let mut client = self.database.client().await?;
        let commit = async {
            let connection: &(dyn ToSql + Sync) = &self.connection;
            let this: [&(dyn ToSql + Sync); 3] = [connection, &lease, &number];
            let transaction = client.transaction().await?;
            let next = transaction.prepare_cached(NEXT_COMMIT).await?;
            if transaction.execute(&next, &this).await? == 0 {
                let has = transaction.prepare_cached(HAS_COMMIT).await?;
                return Ok(transaction.query_opt(&has, &this).await?.is_some());
            }
            if !gone.is_empty() {
                let delete = transaction.prepare_cached(DELETE).await?;
                transaction.execute(&delete, &[connection, &gone]).await?;
            }
            if !keys.is_empty() {
                let put = transaction.prepare_cached(PUT).await?;
                transaction
                    .execute(&put, &[connection, &keys, &values])
                    .await?;
            }
            transaction.commit().await?;
            Ok(true)
        };
        commit.await.map_err(told::<tokio_postgres::Error>)
    }

    async fn values(
        &self,
        keys: &[String],
        bytes_max: usize,
    ) -> Result<Result<Vec<Option<String>>, Problem>, String> {
        let client = self.database.client().await?;
        let load = client.prepare_cached(LOAD).await.map_err(told)?;
        let asked: Vec<_> = keys.iter().map(String::as_bytes).collect();
        let rows = client
            .query(&load, &[&self.connection, &asked, &bytes(bytes_max)])
            .await
            .map_err(told)?;
        let found: BTreeMap<_, _> = rows.iter().map(entry).collect::<Result<_, _>>()?;
        let mut room = Room::of(bytes_max);
        let value = |key: &String| room.value(found.get(key).cloned());
        Ok(keys.iter().map(value).collect())
    }

    async fn entries(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        bytes_max: usize,
    ) -> Result<Result<Vec<Entry>, Problem>, String> {
        let client = self.database.client().await?;
        let scan = client.prepare_cached(SCAN).await.map_err(told)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let (from, after) = (prefix.as_bytes(), after.map(str::as_bytes));
        let rows = client
            .query(
                &scan,
                &[&self.connection, &from, &after, &limit, &bytes(bytes_max)],
            )
            .await
            .map_err(told)?;
        let mut room = Room::of(bytes_max);
        let within = |entry: &Result<(String, String), String>| {
            entry
                .as_ref()
                .map_or(true, |(key, _)| key.starts_with(prefix))
        };
        let entries = rows.iter().map(entry).take_while(within);
        entries
            .map(|entry| entry.map(|(key, value)| room.entry(key, value)))
            .collect()
    }

    fn failed(&self, why: &str) -> Problem {
        let connection = &self.connection;
        failed(format!(
            "The ledger of {connection} could not be used: {why}."
        ))
    }

    fn lost(&self) -> Problem {
        let connection = &self.connection;
        lost(format!(
            "Another pass of {connection} began while this one was cut off; this one wrote nothing more."
        ))
    }
}

/// For those who wait for their ledger on a thread of their own; see [`aside`](crate::store::aside).
/// What is written this way would be under no lease, so nothing is.
impl Ledger for Rows {
    fn load_within(
        &self,
        keys: &[String],
        bytes_max: usize,
    ) -> Result<Vec<Option<String>>, Problem> {
        let values = Handle::current().block_on(self.values(keys, bytes_max));
        values.map_err(|why| self.failed(&why))?
    }

    fn scan_within(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, Problem> {
        let entries = Handle::current().block_on(self.entries(prefix, after, limit, bytes_max));
        entries.map_err(|why| self.failed(&why))?
    }

    fn commit(&self, _: &[Write]) -> Result<(), Problem> {
        Err(self.lost())
    }
}

/// The database did not do its part.
pub(super) fn failed(message: String) -> Problem {
    let fix = "Look at the database that [restate] postgres names. The next pass goes on from the ledger.";
    Problem::new("postgres", message, fix)
}

/// Another pass has the connection.
pub(super) fn lost(message: String) -> Problem {
    let fix = "Nothing: the other pass goes on from the ledger.";
    Problem::new(LEASE_LOST, message, fix)
}

fn bytes(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn entry(row: &tokio_postgres::Row) -> Result<(String, String), String> {
    let text = |at: usize| {
        let bytes: Vec<u8> = row.try_get(at).map_err(told)?;
        String::from_utf8(bytes).map_err(told)
    };
    Ok((text(0)?, text(1)?))
}

/// An error with its causes: the outermost alone says little.
fn told<E: Error>(error: E) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let reason = error.to_string();
        if !text.contains(&reason) {
            text = format!("{text}: {reason}");
        }
        cause = error.source();
    }
    text
}
