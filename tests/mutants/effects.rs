//! Performs effects.

use std::sync::Arc;

use crate::clock::Clock;
use crate::engine::reconcile::{Answer, Effect, Failure};
pub use crate::network::Network;
use crate::store::Ledger;

/// What a pass may have done for it.
pub struct Effects {
    network: Arc<Network>,
    ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
    may_change: bool,
}

impl Effects {
    /// For one pass.
    pub fn new(
        network: Arc<Network>,
        ledger: Arc<Ledger>,
        clock: Arc<dyn Clock>,
        may_change: bool,
    ) -> Self {
        Self {
            network,
            ledger,
            clock,
            may_change,
        }
    }

    /// Performs one.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn perform(&self, effect: Effect) -> Result<Answer, String> {
        let answer = match effect {
            Effect::Http(request) if request.changes && !self.may_change => {
                Err(Failure::Refused("this pass changes nothing".into()))
            }
            Effect::Http(request) => self.network.exchange(&request).await.map(Answer::Http),
            Effect::ReadLines(request) => self.network.lines(&request).await.map(Answer::Lines),
            Effect::Load(keys) => Ok(Answer::Loaded(self.ledger.load(&keys))),
            Effect::Scan(scan) => {
                let limit = usize::try_from(scan.limit).map_err(|error| error.to_string())?;
                let found = self.ledger.scan(&scan.prefix, scan.after.as_deref(), limit);
                Ok(Answer::Scanned(found?))
            }
            Effect::Commit(writes) => {
                self.ledger.commit(&writes)?;
                Ok(Answer::Committed)
            }
            Effect::WaitUntil(at) => {
                self.clock.sleep_until(at).await;
                Ok(Answer::Woke)
            }
        };
        Ok(answer.unwrap_or_else(Answer::Failed))
    }
}
