//! The virtual object: one for each connection, so that one pass runs at a time wherever it runs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use restate_sdk::context::{ContextClient as _, ObjectContext, SharedObjectContext};
use restate_sdk::errors::{HandlerError, HandlerResult, TerminalError};
use restate_sdk::serde::Json;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ending::Ending;
use super::inbox::Inbox;
use super::journal::{Journal, Kept};
use super::passes::{Passes, Ran};
use crate::clock::{Clock as _, SystemClock};
use crate::engine::reconcile::{Call, Hint, Mode};
use crate::pass::did_its_work;
use crate::server::Refusal;
use crate::store::{LastPass, Standing};

/// State of the object beside its ledger and its inbox.
const STANDING: &str = "standing";
const LAST_PASS: &str = "last-pass";
/// The number of the newest scheduled call; an older one that still comes does nothing.
const SCHEDULED: &str = "scheduled";

/// The object's name in Restate, and so in its addresses.
pub(super) const NAME: &str = "atsync";

/// The connections by name.
pub(super) struct Object(pub(super) Arc<BTreeMap<String, Passes>>);

/// A question or an act.
#[derive(Debug, Serialize, Deserialize)]
struct Named {
    name: String,
    /// A JSON object, as the manifest describes it.
    #[serde(default)]
    arguments: serde_json::Map<String, Value>,
}

/// What is known of a connection.
#[derive(Debug, Serialize, Deserialize)]
struct Known {
    connection: String,
    standing: Standing,
    last: Option<LastPass>,
    /// Webhooks that no pass has dealt with.
    hints: u64,
}

// Nothing is kept of a pass that is over: its journal holds what went over the wire. A service
// that is away for long must find its passes waiting and not given up, so the attempts are as
// good as without end.
#[restate_sdk::object(
    name = "atsync",
    journal_retention = "0s",
    idempotency_retention = "1 day",
    inactivity_timeout = "2m",
    invocation_retry_policy(
        initial_interval = "100ms",
        factor = 2.0,
        max_interval = "10s",
        max_attempts = 1_000_000_000,
    )
)]
impl Object {
    /// Puts the connection on the schedule. Does no harm to one that is on it; one that was
    /// stopped for good goes on if its settings or its component are others now.
    #[handler]
    async fn start(&self, context: ObjectContext<'_>) -> HandlerResult<()> {
        let passes = self.passes(context.key())?;
        let standing: Standing = state(&context, STANDING).await?;
        let stopped = standing.stopped.as_ref();
        if stopped.is_none_or(|stopped| stopped.given != passes.given()) {
            let standing = Standing {
                stopped: None,
                ..standing
            };
            schedule(&context, &standing).await?;
            context.write(STANDING, Some(standing));
        }
        Ok(())
    }

    /// The pass that is due.
    #[handler(ingress_private)]
    async fn due(&self, context: ObjectContext<'_>, number: u64) -> HandlerResult<()> {
        let scheduled: u64 = state(&context, SCHEDULED).await?;
        if scheduled == number {
            self.over_everything(&context).await?;
        }
        Ok(())
    }

    /// One pass now. The next one is due as it says.
    #[handler]
    async fn sync(&self, context: ObjectContext<'_>) -> HandlerResult<Json<Ending>> {
        self.over_everything(&context).await.map(Json)
    }

    /// Carries out an act of the component.
    #[handler]
    async fn act(
        &self,
        context: ObjectContext<'_>,
        Json(act): Json<Named>,
    ) -> HandlerResult<Json<Ending>> {
        let passes = self.passes(context.key())?;
        let ran = passes
            .run(&context, Mode::Act(act.into()), Vec::new())
            .await?;
        remember(&context, "act", &ran).await?;
        let before: Standing = state(&context, STANDING).await?;
        let standing = before.after_act(&ran.result);
        if standing.stopped.is_none() && standing.next_run < before.next_run {
            schedule(&context, &standing).await?;
            context.write(STANDING, Some(standing));
        }
        Ok(Json(ran.into()))
    }

    /// What a pass would change, and why.
    #[handler]
    async fn plan(&self, context: SharedObjectContext<'_>) -> HandlerResult<Json<Ending>> {
        let inbox = Inbox::open(&context).await?;
        let hints = inbox.hints(&context).await?;
        self.look(&context, Mode::Plan, hints).await
    }

    /// Tries every credential and right.
    #[handler]
    async fn check(&self, context: SharedObjectContext<'_>) -> HandlerResult<Json<Ending>> {
        self.look(&context, Mode::Check, Vec::new()).await
    }

    /// Answers a question of the component.
    #[handler]
    async fn ask(
        &self,
        context: SharedObjectContext<'_>,
        Json(question): Json<Named>,
    ) -> HandlerResult<Json<Ending>> {
        let mode = Mode::Ask(question.into());
        self.look(&context, mode, Vec::new()).await
    }

    /// How the connection stands: last pass, next pass, what needs attention.
    #[handler(lazy_state)]
    async fn status(&self, context: SharedObjectContext<'_>) -> HandlerResult<Json<Known>> {
        self.passes(context.key())?;
        // In this order: a pass that ends meanwhile writes the other one first.
        let last = context.read(LAST_PASS).await?;
        Ok(Json(Known {
            connection: context.key().to_owned(),
            standing: state(&context, STANDING).await?,
            last,
            hints: Inbox::open(&context).await?.len(),
        }))
    }

    /// Takes a webhook in: verified here, told apart by its id, handed to the next pass. Answers
    /// while a pass is running.
    #[handler(lazy_state)]
    async fn webhook(&self, context: SharedObjectContext<'_>, body: Bytes) -> HandlerResult<()> {
        let passes = self.passes(context.key())?;
        let headers = headers(context.headers());
        let taken = passes.webhook(&headers, &body);
        match taken {
            Ok(Some((service, hint))) => {
                let id = format!("{service}/{}", hint.id);
                let object = context.object_client::<ObjectClient<'_>>(context.key());
                object.hint(Json(hint)).idempotency_key(id).send();
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(Refusal::Forged) => Err(refused(401, "the signature is not right")),
            Err(Refusal::NoId) => Err(refused(400, "the id header is missing")),
        }
    }

    /// Keeps a verified webhook. Restate lets each id in once in three days.
    #[handler(lazy_state, ingress_private, idempotency_retention = "3 days")]
    async fn hint(&self, context: ObjectContext<'_>, Json(hint): Json<Hint>) -> HandlerResult<()> {
        let mut inbox = Inbox::open(&context).await?;
        inbox.add(&context, hint);
        Ok(())
    }
}

impl Object {
    fn passes(&self, connection: &str) -> HandlerResult<&Passes> {
        self.0.get(connection).ok_or_else(|| {
            let text = format!("the configuration has no connection `{connection}`");
            refused(404, &text)
        })
    }

    /// A `sync`, and all that follows from how it ended.
    async fn over_everything(&self, context: &ObjectContext<'_>) -> HandlerResult<Ending> {
        let passes = self.passes(context.key())?;
        let mut inbox = Inbox::open(context).await?;
        let hints = inbox.hints(context).await?;
        let dealt_with = hints.len();
        let ran = passes.run(context, Mode::Sync, hints).await?;
        if did_its_work(&ran.result) {
            inbox.forget(context, dealt_with);
        }
        let before: Standing = state(context, STANDING).await?;
        let time = (ran.started, ran.ended);
        let standing = before.after(context.key(), time, ran.given.clone(), &ran.result);
        if standing.stopped.is_none() {
            schedule(context, &standing).await?;
        }
        context.write(STANDING, Some(standing));
        remember(context, "sync", &ran).await?;
        Ok(ran.into())
    }

    /// A pass that changes nothing.
    async fn look(
        &self,
        context: &SharedObjectContext<'_>,
        mode: Mode,
        hints: Vec<Hint>,
    ) -> HandlerResult<Json<Ending>> {
        let passes = self.passes(context.key())?;
        Ok(Json(passes.run(context, mode, hints).await?.into()))
    }
}

impl From<Named> for Call {
    fn from(named: Named) -> Self {
        Call {
            name: named.name,
            arguments: Value::Object(named.arguments).to_string(),
        }
    }
}

/// State that begins as the default.
async fn state<T: Kept + Default>(journal: &impl Journal, key: &str) -> Result<T, TerminalError> {
    Ok(journal.read(key).await?.unwrap_or_default())
}

/// Keeps how a pass ended.
async fn remember(context: &ObjectContext<'_>, kind: &str, ran: &Ran) -> Result<(), TerminalError> {
    let before: Option<LastPass> = context.read(LAST_PASS).await?;
    let time = (ran.started, ran.ended);
    if let Some(pass) = LastPass::after(before.as_ref(), kind, time, &ran.result) {
        context.write(LAST_PASS, Some(pass));
    }
    Ok(())
}

/// Has Restate call the object when its next pass is due, and makes all earlier calls void.
async fn schedule(context: &ObjectContext<'_>, standing: &Standing) -> Result<(), TerminalError> {
    let number = state::<u64>(context, SCHEDULED).await? + 1;
    context.write(SCHEDULED, Some(number));
    let pause = standing.due().saturating_sub(SystemClock.now());
    let object = context.object_client::<ObjectClient<'_>>(context.key());
    object.due(number).send_after(Duration::from_millis(pause));
    Ok(())
}

/// The headers as the web server knows them.
fn headers(given: &HeaderMap<String>) -> HeaderMap {
    let header = |(name, value): (&HeaderName, &String)| {
        Some((name.clone(), HeaderValue::from_str(value).ok()?))
    };
    given.iter().filter_map(header).collect()
}

fn refused(code: u16, message: &str) -> HandlerError {
    TerminalError::new_with_code(code, message).into()
}
