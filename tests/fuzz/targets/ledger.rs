//! A ledger in which anything stands.

use super::shelf::Shelf;
use super::stage::Stage;
use super::talk::mode;

/// The first line is the mode, the others are keys and values; both services are honest.
pub fn ledger(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let mut stage = Stage::settled();
    stage.ledger = Shelf::read(rest);
    let _ = stage.pass(mode(first));
}
