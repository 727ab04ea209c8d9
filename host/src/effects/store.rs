//! `load`, `scan`, `commit`: the connection's ledger, off the async threads.

use std::sync::Arc;

use crate::connection::Limits;
use crate::engine::reconcile::{Answer, Effect, Failure, Scan, Write};
use crate::problem::Problem;
use crate::store::{Ledger, aside};

/// Keys in one load, and entries in one scan.
const KEYS_MAX: usize = 10_000;

pub(super) async fn load(ledger: Arc<dyn Ledger>, keys: Vec<String>) -> Result<Answer, Problem> {
    aside(move || ledger.load(&keys)).await.map(Answer::Loaded)
}

pub(super) async fn scan(ledger: Arc<dyn Ledger>, scan: Scan) -> Result<Answer, Problem> {
    let limit = usize::try_from(scan.limit).unwrap_or(usize::MAX);
    aside(move || ledger.scan(&scan.prefix, scan.after.as_deref(), limit))
        .await
        .map(Answer::Scanned)
}

pub(super) async fn commit(ledger: Arc<dyn Ledger>, writes: Vec<Write>) -> Result<Answer, Problem> {
    aside(move || ledger.commit(&writes))
        .await
        .map(|()| Answer::Committed)
}

/// Errors: the connection was lost to another process, and what this one knows may be old.
pub(super) async fn held(ledger: Arc<dyn Ledger>) -> Result<(), Problem> {
    aside(move || ledger.held()).await
}

/// The answer to an effect that asks for more than a ledger gives at once; none to any other.
pub(crate) fn refusal(effect: &Effect, limits: &Limits) -> Option<Answer> {
    let entries = |limit: u32| usize::try_from(limit).unwrap_or(usize::MAX);
    let rule = match effect {
        Effect::Load(keys) if keys.len() > KEYS_MAX => {
            format!("a load of {} keys; it takes {KEYS_MAX}", keys.len())
        }
        Effect::Scan(scan) if entries(scan.limit) > KEYS_MAX => {
            format!("a scan for {} entries; it takes {KEYS_MAX}", scan.limit)
        }
        Effect::Commit(writes) => {
            let bytes =
                |write: &Write| write.key.len() + write.value.as_ref().map_or(0, String::len);
            let total: usize = writes.iter().map(bytes).sum();
            if total <= limits.commit_bytes {
                return None;
            }
            format!(
                "a commit of {total} bytes; it takes {}",
                limits.commit_bytes
            )
        }
        _ => return None,
    };
    Some(Answer::Failed(Failure::Refused(rule)))
}
