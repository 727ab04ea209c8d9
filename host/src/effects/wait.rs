//! `wait-until`: do nothing for a while.

use crate::clock::{Clock, Timestamp};
use crate::engine::reconcile::{Answer, Failure};

/// The longest wait within a pass; a longer one is the end of the pass and its `next-run`.
const WAIT_MS_MAX: u64 = 60_000;

pub(super) async fn until(clock: &dyn Clock, at: Timestamp) -> Answer {
    if let Some(refused) = too_long(clock.now(), at) {
        return refused;
    }
    clock.sleep_until(at).await;
    Answer::Woke
}

/// The answer to a wait that is too long; none to any other.
pub(crate) fn too_long(now: Timestamp, at: Timestamp) -> Option<Answer> {
    let wait_ms = at.saturating_sub(now);
    (wait_ms > WAIT_MS_MAX).then(|| {
        Answer::Failed(Failure::Refused(format!(
            "a wait of {wait_ms} ms; within a pass it is at most {WAIT_MS_MAX} ms"
        )))
    })
}
