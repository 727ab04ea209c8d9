//! `load`, `scan`, `commit`: the connection's ledger, off the async threads.

use std::sync::Arc;

use crate::engine::reconcile::{Answer, Failure, Scan, Write};
use crate::problem::Problem;
use crate::store::{Ledger, aside};

/// Keys in one load, and entries in one scan.
const KEYS_MAX: usize = 10_000;

pub(super) async fn load(ledger: Arc<dyn Ledger>, keys: Vec<String>) -> Result<Answer, Problem> {
    if keys.len() > KEYS_MAX {
        return Ok(refused(format!(
            "a load of {} keys; it takes {KEYS_MAX}",
            keys.len()
        )));
    }
    aside(move || ledger.load(&keys)).await.map(Answer::Loaded)
}

pub(super) async fn scan(ledger: Arc<dyn Ledger>, scan: Scan) -> Result<Answer, Problem> {
    let limit = usize::try_from(scan.limit).unwrap_or(usize::MAX);
    if limit > KEYS_MAX {
        return Ok(refused(format!(
            "a scan for {limit} entries; it takes {KEYS_MAX}"
        )));
    }
    aside(move || ledger.scan(&scan.prefix, scan.after.as_deref(), limit))
        .await
        .map(Answer::Scanned)
}

pub(super) async fn commit(
    ledger: Arc<dyn Ledger>,
    writes: Vec<Write>,
    bytes_max: usize,
) -> Result<Answer, Problem> {
    let bytes = |write: &Write| write.key.len() + write.value.as_ref().map_or(0, String::len);
    let total: usize = writes.iter().map(bytes).sum();
    if total > bytes_max {
        return Ok(refused(format!(
            "a commit of {total} bytes; it takes {bytes_max}"
        )));
    }
    aside(move || ledger.commit(&writes))
        .await
        .map(|()| Answer::Committed)
}

fn refused(what: String) -> Answer {
    Answer::Failed(Failure::Refused(what))
}
