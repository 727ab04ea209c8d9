//! What Restate keeps of a handler while it runs: results, state, timers.

use std::future::Future;
use std::time::Duration;

use restate_sdk::context::{
    ContextReadState as _, ContextSideEffects as _, ContextTimers as _, ContextWriteState as _,
    ObjectContext, RunFuture as _, SharedObjectContext,
};
use restate_sdk::errors::TerminalError;
use restate_sdk::serde::Json;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// A handler's journal. Errors of all of it: somebody cancelled the invocation.
pub(super) trait Journal: Sync {
    /// The result of `effect`. One that stands in the journal already is taken from there, and
    /// the effect does not begin.
    fn once<T: Kept>(
        &self,
        name: &'static str,
        effect: impl Future<Output = T> + Send,
    ) -> impl Future<Output = Result<T, TerminalError>> + Send;

    /// The object's state of that name.
    fn read<T: Kept>(
        &self,
        key: &str,
    ) -> impl Future<Output = Result<Option<T>, TerminalError>> + Send;

    /// Comes back after `pause`, in this process or another.
    fn pause(&self, pause: Duration) -> impl Future<Output = Result<(), TerminalError>> + Send;

    /// Sets the object's state, or takes it away. Without effect in a handler that shares the
    /// object: what it writes is its own.
    fn write<T: Kept>(&self, key: &str, value: Option<T>);
}

/// What a journal can hold.
pub(super) trait Kept: Serialize + DeserializeOwned + Send + 'static {}

impl<T: Serialize + DeserializeOwned + Send + 'static> Kept for T {}

macro_rules! journal {
    ($context:ident, $write:expr) => {
        impl Journal for $context<'_> {
            async fn once<T: Kept>(
                &self,
                name: &'static str,
                effect: impl Future<Output = T> + Send,
            ) -> Result<T, TerminalError> {
                // For no longer than the effect lives.
                let context: &$context<'_> = self;
                let run = context.run(|| async move { Ok(Json(effect.await)) });
                run.name(name).await.map(Json::into_inner)
            }

            async fn read<T: Kept>(&self, key: &str) -> Result<Option<T>, TerminalError> {
                let context: &$context<'_> = self;
                Ok(context.get::<Json<T>>(key).await?.map(Json::into_inner))
            }

            async fn pause(&self, pause: Duration) -> Result<(), TerminalError> {
                self.sleep(pause).await
            }

            fn write<T: Kept>(&self, key: &str, value: Option<T>) {
                let write: fn(&Self, &str, Option<T>) = $write;
                write(self, key, value);
            }
        }
    };
}

journal!(ObjectContext, |context, key, value| match value {
    Some(value) => context.set(key, Json(value)),
    None => context.clear(key),
});
journal!(SharedObjectContext, |_, _, _| {});

impl From<TerminalError> for Problem {
    fn from(error: TerminalError) -> Self {
        Problem::new(
            "restate-cancelled",
            format!("The pass was ended in Restate: {}.", error.message()),
            "Nothing: the next pass goes on from the ledger.",
        )
    }
}
