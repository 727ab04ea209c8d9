//! JOOR's rate limit: credits in a fixed window.

use super::options::CreditRules;
use crate::wire::{Millis, Response};

/// What a `GET` takes. <https://api-docs.jooraccess.com/docs/rate-limits>
pub(super) const READ: u32 = 1;
/// What any other method takes.
pub(super) const WRITE: u32 = 5;

/// The API that a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    V2,
    V4,
}

/// The credits of an account.
#[derive(Debug, Default)]
pub(super) struct Credits {
    shared: Window,
    /// Used where v2 has credits of its own.
    v2: Window,
}

impl Credits {
    /// Takes credits; false, with nothing taken, where too few are left.
    pub(super) fn take(&mut self, api: Api, amount: u32, rules: &CreditRules, now: Millis) -> bool {
        if api == Api::V2 && rules.v2_apart {
            self.v2.take(amount, rules, now)
        } else {
            self.shared.take(amount, rules, now)
        }
    }

    /// Adds to an answer what it tells about the limit.
    pub(super) fn tell(
        &self,
        api: Api,
        response: &mut Response,
        rules: &CreditRules,
        account: &str,
        now: Millis,
    ) {
        let apart = api == Api::V2 && rules.v2_apart;
        let window = if apart { &self.v2 } else { &self.shared };
        let ends = window.ends(rules).unwrap_or(now);
        let reset_s = ends.saturating_sub(now).div_ceil(1_000);
        if rules.retry_after && response.status == 429 {
            response
                .headers
                .push(("retry-after".into(), reset_s.to_string()));
        }
        if rules.usage_headers {
            let left = rules.limit.saturating_sub(window.spent);
            response.headers.extend([
                ("x-throttling-account-id".into(), account.into()),
                ("x-throttling-credits-limit".into(), rules.limit.to_string()),
                ("x-throttling-credits-remaining".into(), left.to_string()),
                ("x-throttling-reset".into(), reset_s.to_string()),
            ]);
        }
    }
}

/// One window. The default is one that has not started.
#[derive(Debug, Default)]
struct Window {
    started: Option<Millis>,
    spent: u32,
}

impl Window {
    fn take(&mut self, amount: u32, rules: &CreditRules, now: Millis) -> bool {
        if self.ends(rules).is_none_or(|end| now >= end) {
            self.started = Some(now);
            self.spent = 0;
        }
        let spent = self.spent.saturating_add(amount);
        let fits = spent <= rules.limit;
        if fits {
            self.spent = spent;
        }
        fits
    }

    fn ends(&self, rules: &CreditRules) -> Option<Millis> {
        Some(self.started?.saturating_add(rules.window_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_writes_spend_a_window_and_its_end_gives_all_credits_back() {
        let rules = CreditRules::default();
        let mut window = Window::default();
        for _ in 0..60 {
            assert!(window.take(WRITE, &rules, 1_000));
        }
        assert!(!window.take(READ, &rules, 300_999));
        assert!(window.take(READ, &rules, 301_000));
    }

    #[test]
    fn a_refused_request_takes_no_credit() {
        let rules = CreditRules {
            limit: 7,
            ..CreditRules::default()
        };
        let mut window = Window::default();
        assert!(window.take(WRITE, &rules, 0));
        assert!(!window.take(WRITE, &rules, 0));
        assert!(window.take(READ, &rules, 0));
        assert!(window.take(READ, &rules, 0));
        assert!(!window.take(READ, &rules, 0));
    }
}
