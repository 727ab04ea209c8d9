//! The demo's time: real, save that waiting is left out. Host and sandbox share it, so a minute
//! between two passes is a minute to both, and nobody has to sit through it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use atsync::clock::{Clock, Sleep, SystemClock, Timestamp};

/// What is left of a wait, so that people see that there was one.
const NAP: Duration = Duration::from_millis(40);

/// Time that jumps ahead when there is nothing to do but wait.
#[derive(Debug, Default)]
pub struct DemoClock {
    ahead_ms: AtomicU64,
}

impl DemoClock {
    /// Jumps to `at`; a time in the past changes nothing.
    pub fn jump_to(&self, at: Timestamp) {
        let ahead = at.saturating_sub(SystemClock.now());
        self.ahead_ms.fetch_max(ahead, Ordering::Relaxed);
    }
}

impl Clock for DemoClock {
    fn now(&self) -> Timestamp {
        SystemClock
            .now()
            .saturating_add(self.ahead_ms.load(Ordering::Relaxed))
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep<'_> {
        Box::pin(async move {
            while let Some(left @ 1..) = at.checked_sub(self.now()) {
                tokio::time::sleep(NAP.min(Duration::from_millis(left))).await;
                self.jump_to(at);
            }
        })
    }
}
