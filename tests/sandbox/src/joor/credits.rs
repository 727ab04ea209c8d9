//! JOOR's rate limit: credits in a fixed window.

use super::options::CreditRules;
use crate::wire::{Millis, Response};

/// What a `GET` takes. <https://api-docs.jooraccess.com/docs/rate-limits>
pub(super) const READ: u32 = 1;
/// What any other method takes.
pub(super) const WRITE: u32 = 5;

/// One window of credits. The default is one that has not started.
#[derive(Debug, Default)]
pub(super) struct Window {
    started: Option<Millis>,
    spent: u32,
}

impl Window {
    /// Takes credits; false, with nothing taken, where too few are left.
    pub(super) fn take(&mut self, credits: u32, rules: &CreditRules, now: Millis) -> bool {
        if self.ends(rules).is_none_or(|end| now >= end) {
            self.started = Some(now);
            self.spent = 0;
        }
        let spent = self.spent.saturating_add(credits);
        let fits = spent <= rules.limit;
        if fits {
            self.spent = spent;
        }
        fits
    }

    /// Adds what an answer tells about the limit.
    pub(super) fn tell(
        &self,
        response: &mut Response,
        rules: &CreditRules,
        account: &str,
        now: Millis,
    ) {
        let reset_s = self
            .ends(rules)
            .map_or(0, |end| end.saturating_sub(now).div_ceil(1_000));
        if rules.retry_after && response.status == 429 {
            response
                .headers
                .push(("retry-after".into(), reset_s.to_string()));
        }
        if rules.usage_headers {
            let left = rules.limit.saturating_sub(self.spent);
            response.headers.extend([
                ("x-throttling-account-id".into(), account.into()),
                ("x-throttling-credits-limit".into(), rules.limit.to_string()),
                ("x-throttling-credits-remaining".into(), left.to_string()),
                ("x-throttling-reset".into(), reset_s.to_string()),
            ]);
        }
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
