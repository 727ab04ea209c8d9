//! `load`, `scan`, `commit`: the connection's ledger.

use std::sync::Arc;

use crate::connection::Limits;
use crate::engine::reconcile::{Answer, Effect, Failure, Write};
use crate::problem::Problem;
use crate::store::{Ledger, aside};

/// Keys in one load, and entries in one scan.
const KEYS_MAX: usize = 10_000;

/// Whether an effect is asked of the ledger.
pub(crate) fn is_of_ledger(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Load(_) | Effect::Scan(_) | Effect::Commit(_)
    )
}

/// What the ledger answers, with at most `bytes_max` bytes. Waits for the disk.
pub(super) fn perform(
    ledger: &dyn Ledger,
    effect: Effect,
    bytes_max: usize,
) -> Result<Answer, Problem> {
    match effect {
        Effect::Load(keys) => ledger.load_within(&keys, bytes_max).map(Answer::Loaded),
        Effect::Scan(scan) => {
            let limit = usize::try_from(scan.limit).unwrap_or(usize::MAX);
            let after = scan.after.as_deref();
            let found = ledger.scan_within(&scan.prefix, after, limit, bytes_max);
            found.map(Answer::Scanned)
        }
        Effect::Commit(writes) => ledger.commit(&writes).map(|()| Answer::Committed),
        Effect::Http(_) | Effect::ReadLines(_) | Effect::WaitUntil(_) => {
            Ok(Answer::Failed(Failure::Unsupported))
        }
    }
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
