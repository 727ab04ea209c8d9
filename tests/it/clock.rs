//! One time for everybody.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use atsync::clock::{Clock, Sleep, Timestamp};

/// 2026-11-23T06:00:00Z, when every story begins.
pub const START: Timestamp = 1_795_413_600_000;

/// One time for the shop, JOOR and the host. It stands still, and leaps where a pass waits.
#[derive(Clone)]
pub struct LeapClock(Arc<AtomicU64>);

impl LeapClock {
    /// A clock that shows [`START`].
    pub fn new() -> Self {
        LeapClock(Arc::new(AtomicU64::new(START)))
    }

    /// Lets the time pass; a moment in the past changes nothing.
    pub fn leap_to(&self, at: Timestamp) {
        self.0.fetch_max(at, Ordering::SeqCst);
    }
}

impl Clock for LeapClock {
    fn now(&self) -> Timestamp {
        self.0.load(Ordering::SeqCst)
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep<'_> {
        Box::pin(async move { self.leap_to(at) })
    }
}
