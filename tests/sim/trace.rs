//! What happened in a run, as one number that is equal for equal runs, and in words where asked.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use atsync_plugin::bindings::exports::atsync::connector::reconcile::{Answer, Effect, Write};
use atsync_sandbox::wire::Millis;

use super::world::START;

/// What happened.
#[derive(Default)]
pub struct Trace {
    hash: DefaultHasher,
    lines: Option<Vec<String>>,
}

impl Trace {
    /// Writes everything down in words, too.
    pub fn in_words() -> Self {
        Self {
            lines: Some(Vec::new()),
            ..Self::default()
        }
    }

    /// One number for all that happened.
    pub fn hash(&self) -> u64 {
        self.hash.finish()
    }

    /// The words.
    pub fn lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }

    /// Something happened; the words are made only where they are wanted.
    pub fn note(&mut self, at: Millis, words: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            let ms = at - START;
            lines.push(format!(
                "{:>5}.{:03} s  {}",
                ms / 1_000,
                ms % 1_000,
                words()
            ));
        }
    }

    /// The connector asked.
    pub fn asked(&mut self, at: Millis, id: u32, effect: &Effect) {
        (at, id).hash(&mut self.hash);
        match effect {
            Effect::Http(request) => {
                (&request.service, &request.path, &request.body).hash(&mut self.hash);
            }
            Effect::ReadLines(lines) => (&lines.url, lines.offset).hash(&mut self.hash),
            Effect::Load(keys) => keys.hash(&mut self.hash),
            Effect::Scan(scan) => (&scan.prefix, &scan.after).hash(&mut self.hash),
            Effect::Commit(writes) => {
                for write in writes {
                    (&write.key, &write.value).hash(&mut self.hash);
                }
            }
            Effect::WaitUntil(until) => until.hash(&mut self.hash),
        }
        self.note(at, || format!("{id:>4} asks   {}", shown(effect)));
    }

    /// It is answered.
    pub fn answered(&mut self, at: Millis, id: u32, answer: &Answer) {
        (at, id).hash(&mut self.hash);
        match answer {
            Answer::Http(response) => (response.status, &response.body).hash(&mut self.hash),
            Answer::Lines(lines) => (lines.next_offset, &lines.text).hash(&mut self.hash),
            Answer::Loaded(values) => values.hash(&mut self.hash),
            Answer::Scanned(entries) => entries.len().hash(&mut self.hash),
            Answer::Committed | Answer::Woke => {}
            Answer::Failed(failure) => format!("{failure:?}").hash(&mut self.hash),
        }
        self.note(at, || format!("{id:>4} gets   {}", told(answer)));
    }
}

/// An effect in one line.
pub fn shown(effect: &Effect) -> String {
    match effect {
        Effect::Http(request) => {
            let body = request.body.as_deref().unwrap_or_default();
            format!("{} {} {}", request.service, request.path, excerpt(body))
        }
        Effect::ReadLines(lines) => format!("lines from {}", lines.offset),
        Effect::Load(keys) => format!("load {}", excerpt(&keys.join(" "))),
        Effect::Scan(scan) => format!("scan {}", scan.prefix),
        Effect::Commit(writes) => {
            let write =
                |write: &Write| format!("{}={}", write.key, write.value.as_deref().unwrap_or("-"));
            let writes: Vec<String> = writes.iter().map(write).collect();
            format!("commit {}", excerpt(&writes.join(" ")))
        }
        Effect::WaitUntil(at) => format!("wait until {at}"),
    }
}

fn told(answer: &Answer) -> String {
    match answer {
        Answer::Http(response) => format!("{} {}", response.status, excerpt(&response.body)),
        Answer::Lines(lines) => format!("{} bytes of lines", lines.text.len()),
        Answer::Loaded(values) => format!(
            "{} of {} values",
            values.iter().flatten().count(),
            values.len()
        ),
        Answer::Scanned(entries) => format!("{} entries", entries.len()),
        Answer::Committed => "committed".into(),
        Answer::Woke => "woke".into(),
        Answer::Failed(failure) => format!("failed: {failure:?}"),
    }
}

fn excerpt(text: &str) -> String {
    const CHARS: usize = 700;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(CHARS) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
