//! Time: the real one, and one that tests and demonstrations move by hand.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Timestamp = u64;

/// What a sleep returns.
pub type Sleep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// The only source of time for passes and the schedule.
pub trait Clock: Send + Sync {
    /// What time it is.
    fn now(&self) -> Timestamp;

    /// Comes back at or after `at`, never before.
    fn sleep_until(&self, at: Timestamp) -> Sleep<'_>;
}

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_1970 = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep<'_> {
        // In naps, because somebody may set the machine's clock meanwhile.
        const NAP_MS_MAX: u64 = 10_000;
        Box::pin(async move {
            while let Some(left @ 1..) = at.checked_sub(self.now()) {
                tokio::time::sleep(Duration::from_millis(left.min(NAP_MS_MAX))).await;
            }
        })
    }
}

/// A clock that stands still until it is moved; clones show the same time.
#[derive(Debug, Clone)]
pub struct SimulatedClock(Arc<watch::Sender<Timestamp>>);

impl SimulatedClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        SimulatedClock(Arc::new(watch::Sender::new(now)))
    }

    /// Moves the time forward and wakes who waited for it.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.0.send_modify(|now| *now = now.saturating_add(by));
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep<'_> {
        let mut time = self.0.subscribe();
        Box::pin(async move {
            // It only fails when the clock is gone, and `self` holds it.
            let _ = time.wait_for(|now| *now >= at).await;
        })
    }
}
