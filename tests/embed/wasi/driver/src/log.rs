//! How the ledger stands in its file: a line for each commit, a checksum before it.
//!
//! `5a3c90f1 [["key","value"],["gone",null]]`
//!
//! A crash in the middle of a commit leaves a last line that is not whole. Nobody was told that
//! it is committed, so it is dropped. A line before the last that is not whole is damage.

use std::collections::BTreeMap;

/// Keys and values in byte order of the keys.
pub(crate) type Entries = BTreeMap<String, String>;

/// A key with its new value; none deletes it.
pub(crate) type Change = (String, Option<String>);

/// What a file came to.
pub(crate) struct Replayed {
    pub(crate) entries: Entries,
    /// How many bytes of the file are whole lines.
    pub(crate) length: usize,
}

/// One commit as a line.
pub(crate) fn line(changes: &[Change]) -> String {
    let text = serde_json::json!(changes).to_string();
    format!("{:08x} {text}\n", crc32fast::hash(text.as_bytes()))
}

/// All entries as a new file, a thousand to a line.
pub(crate) fn compact(entries: &Entries) -> String {
    let changes: Vec<Change> = entries
        .iter()
        .map(|(key, value)| (key.clone(), Some(value.clone())))
        .collect();
    changes.chunks(1000).map(line).collect()
}

/// The entries that the lines of a file leave. Errors: the number of a damaged line, from 1.
pub(crate) fn replay(file: &[u8]) -> Result<Replayed, usize> {
    let (mut entries, mut length) = (Entries::new(), 0);
    let mut lines = (1..)
        .zip(file.split_inclusive(|byte| *byte == b'\n'))
        .peekable();
    while let Some((number, line)) = lines.next() {
        match changes(line) {
            Some(changes) => apply(&mut entries, changes),
            None if lines.peek().is_none() => break,
            None => return Err(number),
        }
        length += line.len();
    }
    Ok(Replayed { entries, length })
}

/// Does what a commit says.
pub(crate) fn apply(entries: &mut Entries, changes: Vec<Change>) {
    for (key, value) in changes {
        match value {
            Some(value) => entries.insert(key, value),
            None => entries.remove(&key),
        };
    }
}

/// The changes of a line; none if it is not whole.
fn changes(line: &[u8]) -> Option<Vec<Change>> {
    let (sum, text) = str::from_utf8(line)
        .ok()?
        .strip_suffix('\n')?
        .split_once(' ')?;
    let right = u32::from_str_radix(sum, 16).ok()? == crc32fast::hash(text.as_bytes());
    right.then(|| serde_json::from_str(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn set(key: &str, value: &str) -> Change {
        (key.to_owned(), Some(value.to_owned()))
    }

    fn two_commits() -> String {
        line(&[set("a", "1"), set("b", "é\n")]) + &line(&[("a".to_owned(), None)])
    }

    #[test]
    fn a_file_gives_what_was_committed() {
        let file = two_commits();
        let replayed = replay(file.as_bytes()).unwrap_or_else(|line| unreachable!("{line}"));
        assert_eq!(
            replayed.entries,
            Entries::from([("b".to_owned(), "é\n".to_owned())])
        );
        assert_eq!(replayed.length, file.len());
    }

    #[test]
    fn wherever_the_last_commit_was_cut_all_of_it_is_dropped() {
        let (whole, file) = (
            line(&[set("a", "1")]),
            line(&[set("a", "1")]) + &line(&[set("b", "2")]),
        );
        for cut in whole.len()..file.len() {
            let replayed = replay(file.as_bytes().get(..cut).unwrap()).ok().unwrap();
            assert_eq!(replayed.length, whole.len(), "cut at {cut}");
            assert_eq!(replayed.entries.len(), 1, "cut at {cut}");
        }
    }

    #[test]
    fn a_damaged_line_before_the_last_is_named() {
        let file = two_commits().replacen("\"1\"", "\"2\"", 1);
        assert_eq!(replay(file.as_bytes()).err(), Some(1));
    }

    #[test]
    fn a_compact_file_gives_the_same_entries() {
        let entries: Entries = (0..2500).map(|n| (n.to_string(), "x".to_owned())).collect();
        let replayed = replay(compact(&entries).as_bytes()).ok().unwrap();
        assert_eq!(replayed.entries, entries);
    }
}
