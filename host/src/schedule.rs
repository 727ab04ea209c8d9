//! When each connection runs: its own task, its own due times, one pass at a time. A connection
//! that is slow or broken delays no other.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::clock::{Clock, Timestamp};
use crate::engine::reconcile::{Mode, Verdict};
use crate::pass::{CancellationToken, Ended, Passed, Runner, fault_parts};
use crate::problem::Problem;
use crate::store::{Standing, Stopped, Store, aside, standing};

/// The first pause after a failed pass, in milliseconds; it doubles with every further one.
const PAUSE_MS_MIN: u64 = 60_000;

/// The longest pause after failed passes.
const PAUSE_MS_MAX: u64 = 60 * 60 * 1000;

/// The shortest time from the start of one pass to the next, whatever the component asks for.
const BETWEEN_MS_MIN: u64 = 1_000;

/// How long the schedule trusts what it read of a connection's standing: a command in another
/// process may change it.
const LOOK_MS: u64 = 15_000;

/// How long to leave a connection alone that another process is working on.
const BUSY_MS: u64 = 5_000;

/// Told of every pass that ended: connection and result.
pub type OnPass = Arc<dyn Fn(&str, &Result<Passed, Problem>) + Send + Sync>;

/// Runs connections until it is cancelled, and then lets each come to a stop between two turns.
///
/// Webhooks shorten nothing: what they say is taken up by the next pass that is due.
pub async fn run(
    runners: Vec<Runner>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    on_pass: OnPass,
    cancel: CancellationToken,
) {
    let mut tasks = JoinSet::new();
    for runner in runners {
        let one = One {
            runner,
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            on_pass: Arc::clone(&on_pass),
            cancel: cancel.clone(),
        };
        tasks.spawn(one.run());
    }
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a connection's task broke off; the others go on");
        }
    }
}

/// One connection's task.
struct One {
    runner: Runner,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    on_pass: OnPass,
    cancel: CancellationToken,
}

impl One {
    async fn run(self) {
        while self.due().await {
            let result = self.runner.run(Mode::Sync, &|_| {}, &self.cancel).await;
            if matches!(&result, Ok(passed) if matches!(passed.ended, Ended::Cancelled)) {
                return;
            }
            let busy = matches!(&result, Err(problem) if problem.code == "connection-busy");
            if busy {
                self.sleep(BUSY_MS).await;
                continue;
            }
            (self.on_pass)(self.runner.name(), &result);
            match result {
                // The standing may not have been kept either.
                Err(problem) if problem.code.starts_with("store") => self.sleep(PAUSE_MS_MIN).await,
                Err(problem) if problem.code == "lease-lost" => self.sleep(BUSY_MS).await,
                _ => {}
            }
        }
    }

    /// Waits until a pass is due; false when it is time to go.
    async fn due(&self) -> bool {
        loop {
            let now = self.clock.now();
            let wait_ms = match self.standing().await {
                Ok(Standing {
                    stopped: Some(stopped),
                    ..
                }) if stopped.given == self.runner.given() => LOOK_MS,
                Ok(standing) => standing.due().saturating_sub(now),
                Err(problem) => {
                    tracing::error!(connection = self.runner.name(), %problem, "the schedule cannot be read");
                    LOOK_MS
                }
            };
            if self.cancel.is_cancelled() {
                return false;
            }
            if wait_ms == 0 {
                return true;
            }
            self.sleep(wait_ms.min(LOOK_MS)).await;
        }
    }

    async fn standing(&self) -> Result<Standing, Problem> {
        let (store, name) = (Arc::clone(&self.store), self.runner.name().to_owned());
        aside(move || standing(&*store, &name)).await
    }

    async fn sleep(&self, ms: u64) {
        let until = self.clock.now().saturating_add(ms);
        tokio::select! {
            () = self.clock.sleep_until(until) => {}
            () = self.cancel.cancelled() => {}
        }
    }
}

impl Standing {
    /// When the next pass may begin.
    pub fn due(&self) -> Timestamp {
        self.next_run
            .max(self.last_start.saturating_add(BETWEEN_MS_MIN))
    }

    /// The standing after a `sync` that began at `started` and ended at `ended`. `given` is the
    /// digest of what the operator gave.
    #[must_use]
    pub fn after(
        &self,
        connection: &str,
        (started, ended): (Timestamp, Timestamp),
        given: String,
        result: &Result<Passed, Problem>,
    ) -> Standing {
        let failures = self.failures.saturating_add(1);
        let later = Standing {
            next_run: ended.saturating_add(pause_ms(connection, failures)),
            last_start: started,
            failures,
            stopped: None,
        };
        match result.as_ref().map(|passed| &passed.ended) {
            Ok(Ended::Outcome(outcome)) => Standing {
                next_run: outcome.next_run,
                last_start: started,
                failures: match outcome.verdict {
                    Verdict::Failed => failures,
                    Verdict::Done | Verdict::Attention => 0,
                },
                stopped: None,
            },
            Ok(Ended::Fault(fault)) => match fault_parts(fault) {
                (false, _) => later,
                (true, problem) => {
                    let problem = problem.clone();
                    let (code, message, fix) = (problem.code, problem.message, problem.fix);
                    Standing {
                        stopped: Some(Stopped {
                            code,
                            message,
                            fix,
                            given,
                        }),
                        ..later
                    }
                }
            },
            Ok(Ended::Cancelled) => self.clone(),
            Err(_) => later,
        }
    }

    /// The standing after an `act`, which may bring the next pass forward.
    #[must_use]
    pub fn after_act(&self, result: &Result<Passed, Problem>) -> Standing {
        let mut after = self.clone();
        if let Ok(Passed {
            ended: Ended::Outcome(outcome),
            ..
        }) = result
        {
            after.next_run = after.next_run.min(outcome.next_run);
        }
        after
    }
}

/// A pause that doubles up to an hour, and differs by up to a fifth between connections, so that
/// those that failed together do not come back together.
fn pause_ms(connection: &str, failures: u32) -> u64 {
    let doubled = PAUSE_MS_MIN.saturating_mul(1 << failures.saturating_sub(1).min(16));
    let pause = doubled.min(PAUSE_MS_MAX);
    let mut hasher = DefaultHasher::new();
    (connection, failures).hash(&mut hasher);
    pause - hasher.finish() % (pause / 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour_and_differ_between_connections() {
        let pauses: Vec<u64> = (1..100)
            .map(|failures| pause_ms("acme", failures))
            .collect();
        assert!(
            pauses
                .iter()
                .all(|pause| (48_000..=PAUSE_MS_MAX).contains(pause))
        );
        assert!(pauses.iter().take(3).is_sorted());
        assert!(pauses.last() > Some(&(PAUSE_MS_MAX * 4 / 5)));
        assert_ne!(pause_ms("acme", 9), pause_ms("other", 9));
    }
}
