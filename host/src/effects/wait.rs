//! `wait-until`: do nothing for a while.

use crate::clock::{Clock, Timestamp};
use crate::engine::reconcile::{Answer, Failure};

/// The longest wait within a pass; a longer one is the end of the pass and its `next-run`.
const WAIT_MS_MAX: u64 = 60_000;

pub(super) async fn until(clock: &dyn Clock, at: Timestamp) -> Answer {
    let wait_ms = at.saturating_sub(clock.now());
    if wait_ms > WAIT_MS_MAX {
        return Answer::Failed(Failure::Refused(format!(
            "a wait of {wait_ms} ms; within a pass it is at most {WAIT_MS_MAX} ms"
        )));
    }
    clock.sleep_until(at).await;
    Answer::Woke
}
