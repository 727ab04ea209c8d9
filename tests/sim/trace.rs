//! What happened in a run, as one number that is equal for equal runs, and in words where asked.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::mem::discriminant;

use atsync_plugin::bindings::exports::atsync::connector::reconcile::{
    Answer, Effect, Entry, HttpRequest, HttpResponse, Lines, LinesRequest, Outcome, Problem,
    Progress, Scan, Write,
};
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

    /// The connector asked. Nothing that it said is left out, here and below: each part is named.
    pub fn asked(&mut self, at: Millis, id: u32, effect: &Effect) {
        let hash = &mut self.hash;
        (at, id, discriminant(effect)).hash(hash);
        match effect {
            Effect::Http(HttpRequest {
                service,
                method,
                path,
                headers,
                body,
                changes,
                idempotency_key,
            }) => {
                (service, discriminant(method), path, headers).hash(hash);
                (body, changes, idempotency_key).hash(hash);
            }
            Effect::ReadLines(LinesRequest {
                url,
                offset,
                max_bytes,
            }) => (url, offset, max_bytes).hash(hash),
            Effect::Load(keys) => keys.hash(hash),
            Effect::Scan(Scan {
                prefix,
                after,
                limit,
            }) => (prefix, after, limit).hash(hash),
            Effect::Commit(writes) => {
                writes.len().hash(hash);
                for Write { key, value } in writes {
                    (key, value).hash(hash);
                }
            }
            Effect::WaitUntil(until) => until.hash(hash),
        }
        self.note(at, || format!("{id:>4} asks   {}", shown(effect)));
    }

    /// How far it said it has come.
    pub fn progress(&mut self, progress: Option<&Progress>) {
        let parts = progress.map(|Progress { what, done, total }| (what, done, total));
        parts.hash(&mut self.hash);
    }

    /// It is answered.
    pub fn answered(&mut self, at: Millis, id: u32, answer: &Answer) {
        let hash = &mut self.hash;
        (at, id, discriminant(answer)).hash(hash);
        match answer {
            Answer::Http(HttpResponse {
                status,
                headers,
                body,
            }) => (status, headers, body).hash(hash),
            Answer::Lines(Lines { text, next_offset }) => (text, next_offset).hash(hash),
            Answer::Loaded(values) => values.hash(hash),
            Answer::Scanned(entries) => {
                for Entry { key, value } in entries {
                    (key, value).hash(hash);
                }
            }
            Answer::Committed | Answer::Woke => {}
            Answer::Failed(failure) => format!("{failure:?}").hash(hash),
        }
        self.note(at, || format!("{id:>4} gets   {}", told(answer)));
    }

    /// The pass came to its end.
    pub fn done(&mut self, at: Millis, outcome: &Outcome) {
        let Outcome {
            next_run,
            verdict,
            report,
        } = outcome;
        (at, next_run, discriminant(verdict), report).hash(&mut self.hash);
        self.note(at, || format!("done: {verdict:?} {report}"));
    }

    /// It gave up.
    pub fn gave_up(&mut self, at: Millis, problem: &Problem) {
        let Problem { code, message, fix } = problem;
        (at, code, message, fix).hash(&mut self.hash);
        self.note(at, || format!("gave up: {message}"));
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
