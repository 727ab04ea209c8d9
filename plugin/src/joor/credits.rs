//! JOOR's credits: so many in a fixed window of 300 s that begins with the first request; a GET
//! takes one, a write five (<https://api-docs.jooraccess.com/docs/rate-limits>).

use serde::{Deserialize, Serialize};

use crate::core::time::{Millis, SECOND};

/// Length of a window.
pub const WINDOW: Millis = 300 * SECOND;
/// What reading costs.
pub const READ: u64 = 1;
/// What writing costs.
pub const WRITE: u64 = 5;

/// What has been spent in the window under way. It lives in the ledger, because the window is
/// longer than a pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// When it began; 0: never.
    pub began_at: Millis,
    /// Credits spent since.
    pub spent: u64,
    /// JOOR said no before this moment, whatever was counted here.
    #[serde(default)]
    pub closed_until: Millis,
}

impl Window {
    /// Takes credits, or says when there will be some. A window that begins later than now, since
    /// the host's clock was set back, is none.
    ///
    /// # Errors
    /// The moment from which the next window may be used.
    pub fn take(&mut self, cost: u64, limit: u64, now: Millis) -> Result<(), Millis> {
        if now < self.closed_until && self.closed_until <= now + 2 * WINDOW {
            return Err(self.closed_until);
        }
        if now < self.began_at || now >= self.ends_at() {
            *self = Self {
                began_at: now,
                spent: 0,
                closed_until: 0,
            };
        }
        if self.spent.saturating_add(cost) > limit {
            return Err(self.ends_at());
        }
        self.spent += cost;
        Ok(())
    }

    /// JOOR refused for want of credits: others use the account too.
    pub fn close(&mut self, retry_at: Option<Millis>, now: Millis) -> Millis {
        let until = retry_at
            .unwrap_or_else(|| self.ends_at())
            .clamp(now + SECOND, now + 2 * WINDOW);
        self.closed_until = until;
        until
    }

    fn ends_at(&self) -> Millis {
        self.began_at.saturating_add(WINDOW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_writes_fill_a_window() {
        let mut window = Window::default();
        let now = 1_000_000;
        for _ in 0..60 {
            assert_eq!(window.take(WRITE, 300, now), Ok(()));
        }
        assert_eq!(window.take(READ, 300, now + 1), Err(now + WINDOW));
        assert_eq!(window.take(READ, 300, now + WINDOW), Ok(()));
    }

    #[test]
    fn a_window_that_has_not_begun_holds_nobody_up() {
        let ahead = Window {
            began_at: u64::MAX,
            spent: u64::MAX,
            closed_until: u64::MAX,
        };
        let mut window = ahead;
        assert_eq!(window.take(READ, 300, 1_000_000), Ok(()));
        assert_eq!((window.began_at, window.spent), (1_000_000, READ));
        assert_eq!(ahead.ends_at(), u64::MAX);
    }

    #[test]
    fn a_refusal_closes_the_window_whatever_was_counted() {
        let mut window = Window::default();
        assert_eq!(window.take(READ, 300, 1_000_000), Ok(()));
        assert_eq!(window.close(None, 1_000_000), 1_000_000 + WINDOW);
        assert!(window.take(READ, 300, 1_000_001).is_err());
        assert_eq!(window.close(Some(1_005_000), 1_000_001), 1_005_000);
        assert_eq!(window.take(READ, 300, 1_005_000), Ok(()));
    }
}
