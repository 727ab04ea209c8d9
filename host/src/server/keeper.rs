//! Webhooks on their way to the disk. Those that come while a write is under way share the next
//! one, so that many a second do not wait for as many disk flushes.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::problem::Problem;
use crate::store::{Delivery, Store, aside};

/// Webhooks that may wait for the disk; one more is not taken.
const WAITING_MAX: usize = 1_000;

/// Webhooks in one write.
const TOGETHER_MAX: usize = 500;

/// Hands webhooks to the one that writes; clones share it.
#[derive(Clone)]
pub(super) struct Keeper(mpsc::Sender<Waiting>);

struct Waiting {
    connection: String,
    delivery: Delivery,
    kept: oneshot::Sender<Result<bool, Problem>>,
}

impl Keeper {
    /// Writes into `store` for as long as the keeper lives.
    pub(super) fn start(store: Arc<dyn Store>) -> Keeper {
        let (keeper, waiting) = mpsc::channel(WAITING_MAX);
        tokio::spawn(write(store, waiting));
        Keeper(keeper)
    }

    /// Keeps a webhook; false if its id was there already. Errors: the store failed, or too many
    /// wait.
    pub(super) async fn keep(
        &self,
        connection: String,
        delivery: Delivery,
    ) -> Result<bool, Problem> {
        let (kept, answer) = oneshot::channel();
        let waiting = Waiting {
            connection,
            delivery,
            kept,
        };
        self.0.try_send(waiting).map_err(|_| too_many())?;
        answer.await.unwrap_or_else(|_| Err(too_many()))
    }
}

async fn write(store: Arc<dyn Store>, mut waiting: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, TOGETHER_MAX).await > 0 {
        let (deliveries, answers): (Vec<_>, Vec<_>) = batch
            .drain(..)
            .map(|one| ((one.connection, one.delivery), one.kept))
            .unzip();
        let store = Arc::clone(&store);
        let kept = aside(move || store.take_in_all(&deliveries)).await;
        for (number, answer) in answers.into_iter().enumerate() {
            let fresh = kept.as_ref().map(|fresh| fresh.get(number) == Some(&true));
            // A sender that has gone sends it again.
            let _ = answer.send(fresh.map_err(Problem::clone));
        }
    }
}

fn too_many() -> Problem {
    Problem::new(
        "webhooks-too-many",
        format!("More than {WAITING_MAX} webhooks wait for the disk."),
        "Their senders try again. If it stays so, give [store] path a faster disk.",
    )
}
