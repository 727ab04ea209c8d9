//! One connection's passes, wherever they begin or are carried on.

use std::sync::Arc;

use http::HeaderMap;
use restate_sdk::errors::HandlerResult;
use serde::{Deserialize, Serialize};

use super::hands::Journaled;
use super::journal::Journal;
use super::ledger::Ledger;
use super::pages::Pages;
use super::postgres::Rows;
use super::table::Table;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::connection::Connection;
use crate::effects::{Changes, Network, Remote};
use crate::engine::Connector;
use crate::engine::manifest::Webhook;
use crate::engine::reconcile::{Hint, Job, Mode};
use crate::pass::{CancellationToken, Passed, Turns, given};
use crate::problem::Problem;
use crate::server::{Intake, Refusal};

/// The largest answer that a journal takes, in bytes. Restate's messages have 32 MiB, and an
/// answer in JSON may have twice its length.
const RESPONSE_BYTES_MAX: usize = 8 << 20;

/// What runs a connection's passes. Made once and kept: network connections and tokens live from
/// one pass to the next.
pub(super) struct Passes {
    connector: Connector,
    connection: Connection,
    network: Arc<Network>,
    given: String,
    /// The ledger in PostgreSQL; none if it is the object's state.
    rows: Option<Rows>,
    /// By service.
    intakes: Vec<(String, Intake)>,
}

/// What a journal says of a pass before anything else, so that whoever carries it on has the same
/// job, whatever the configuration says by then.
#[derive(Serialize, Deserialize)]
struct Begun {
    job: Job,
    /// The component's digest.
    component: String,
    /// See [`given`].
    given: String,
}

/// A pass that is over.
pub(super) struct Ran {
    pub(super) started: Timestamp,
    pub(super) ended: Timestamp,
    /// See [`given`]: what the operator had given when it began.
    pub(super) given: String,
    pub(super) result: Result<Passed, Problem>,
}

impl Passes {
    /// Matches connector, connection and ledger. Errors: see [`Network::new`].
    pub(super) fn new(
        connector: Connector,
        mut connection: Connection,
        rows: Option<Rows>,
    ) -> Result<Passes, Problem> {
        let limits = &mut connection.limits;
        limits.response_bytes = limits.response_bytes.min(RESPONSE_BYTES_MAX);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let network = Arc::new(Network::new(connector.describe(), &connection, &clock)?);
        let secrets = |service: &String| connection.webhook_secrets.get(service).cloned();
        let intake = |webhook: &Webhook| {
            let secrets = secrets(&webhook.service).unwrap_or_default();
            (webhook.service.clone(), Intake::new(webhook, secrets))
        };
        Ok(Passes {
            given: given(&connector, &connection),
            intakes: connector.describe().webhooks.iter().map(intake).collect(),
            connector,
            connection,
            network,
            rows,
        })
    }

    /// See [`given`].
    pub(super) fn given(&self) -> &str {
        &self.given
    }

    /// The hint in a delivery, and the service that signed it; none if it is not worth one.
    pub(super) fn webhook(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Option<(String, Hint)>, Refusal> {
        let mut refusal = Refusal::Forged;
        for (service, intake) in &self.intakes {
            match intake.hint(headers, body) {
                Ok(hint) => return Ok(hint.map(|hint| (service.clone(), hint))),
                Err(Refusal::Forged) => {}
                Err(other) => refusal = other,
            }
        }
        Err(refusal)
    }

    /// Runs a pass, or carries on the one that stands in the journal. Errors: it was begun with
    /// another component, or cancelled before it began.
    pub(super) async fn run<J: Journal>(
        &self,
        journal: &J,
        mode: Mode,
        hints: Vec<Hint>,
    ) -> HandlerResult<Ran> {
        let may_change = matches!(mode, Mode::Sync | Mode::Act(_));
        let begun = async { self.begin(mode, hints) };
        let Begun {
            job,
            component,
            given,
        } = journal.once("begin", begun).await?;
        if component != self.connector.digest() {
            return Err(Problem::new(
                "component-changed",
                format!(
                    "A pass of {} was begun with component {component}; this process has {}.",
                    self.connection.name,
                    self.connector.digest()
                ),
                "Keep a process with the old component until its passes are over, or cancel the invocation.",
            )
            .into());
        }
        let started = job.now;
        let limits = &self.connection.limits;
        let ledger = match &self.rows {
            None => Ledger::Pages(Pages::open(journal).await?),
            Some(rows) => Ledger::Table(Table::open(journal, rows.clone(), may_change).await?),
        };
        let may = if may_change {
            Changes::Any
        } else {
            Changes::None
        };
        let remote = Remote::new(Arc::clone(&self.network), may);
        let turns = Turns {
            hands: Journaled::new(journal, remote, ledger, limits, started),
            limits,
            progress: &|_| {},
            // Restate carries on what this process leaves, so nothing is stopped between turns.
            cancel: &CancellationToken::new(),
            recording: None,
        };
        let result = match self.connector.instance(limits) {
            Ok(instance) => turns.run(instance, job).await,
            Err(problem) => Err(problem),
        };
        let ended = match &result {
            Ok(passed) => passed.tally.ended,
            Err(_) => journal.once("end", async { SystemClock.now() }).await?,
        };
        Ok(Ran {
            started,
            ended: ended.max(started),
            given,
            result,
        })
    }

    fn begin(&self, mode: Mode, hints: Vec<Hint>) -> Begun {
        Begun {
            job: Job {
                connection: self.connection.name.clone(),
                settings: self.connection.settings.clone(),
                mode,
                hints,
                now: SystemClock.now(),
            },
            component: self.connector.digest().to_owned(),
            given: self.given.clone(),
        }
    }
}
