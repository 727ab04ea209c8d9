//! Wall time for the engine: a thread that moves the epoch while a component computes, and
//! sleeps otherwise, so that an idle daemon stays idle.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use wasmtime::Engine;

/// The time between two epochs: how exactly a deadline is kept.
pub(super) const PERIOD: Duration = Duration::from_millis(50);

/// Moves the epoch of one engine for as long as it lives.
pub(super) struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    computing: usize,
    ended: bool,
}

/// Keeps the epoch moving until it is dropped.
pub(super) struct Ticking(Arc<Shared>);

impl Ticker {
    pub(super) fn start(engine: &Engine) -> std::io::Result<Ticker> {
        let shared = Arc::new(Shared::default());
        let engine = engine.weak();
        let for_thread = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("epoch".to_owned())
            .spawn(move || {
                while for_thread.somebody_computes() {
                    thread::sleep(PERIOD);
                    let Some(engine) = engine.upgrade() else {
                        return;
                    };
                    engine.increment_epoch();
                }
            })?;
        Ok(Ticker {
            shared,
            thread: Some(thread),
        })
    }

    pub(super) fn tick(&self) -> Ticking {
        self.shared.lock().computing += 1;
        self.shared.changed.notify_all();
        Ticking(Arc::clone(&self.shared))
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is something to tick for; false at the end.
    fn somebody_computes(&self) -> bool {
        let state = self
            .changed
            .wait_while(self.lock(), |state| state.computing == 0 && !state.ended)
            .unwrap_or_else(PoisonError::into_inner);
        !state.ended
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.lock().computing -= 1;
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // It ends by itself within one period; a panic in it has nothing left to hurt.
            let _ = thread.join();
        }
    }
}
