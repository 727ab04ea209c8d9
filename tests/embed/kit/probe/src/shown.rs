//! What the report tells of jobs and answers: small things as they are, large ones by digest.

use serde_json::{Value, json};

use crate::bindings::exports::atsync::connector::reconcile::{Answer, Failure, Job, Mode};

/// A longer text is told by its length and CRC-32.
const TEXT_BYTES_MAX: usize = 4_000;

/// Of a longer list, the length and the CRC-32 of its JSON are told.
const LIST_MAX: usize = 200;

/// A job, without its settings.
pub fn job(job: &Job) -> Value {
    let hints: Vec<_> = job
        .hints
        .iter()
        .map(|hint| json!({ "id": hint.id, "topic": hint.topic, "body": hint.body }))
        .collect();
    let call = match &job.mode {
        Mode::Ask(call) | Mode::Act(call) => {
            json!({ "name": call.name, "arguments": call.arguments })
        }
        Mode::Sync | Mode::Plan | Mode::Check => Value::Null,
    };
    json!({ "connection": job.connection, "mode": kind(&job.mode), "call": call, "hints": list(hints), "now": job.now })
}

/// A mode's name in the contract.
pub fn kind(mode: &Mode) -> &'static str {
    match mode {
        Mode::Sync => "sync",
        Mode::Plan => "plan",
        Mode::Check => "check",
        Mode::Ask(_) => "ask",
        Mode::Act(_) => "act",
    }
}

/// An answer, by its name in the contract.
pub fn answer(answer: &Answer) -> Value {
    match answer {
        Answer::Http(response) => json!({ "http": {
            "status": response.status, "headers": response.headers, "body": text(&response.body),
        } }),
        Answer::Lines(lines) => json!({ "lines": {
            "text": text(&lines.text), "next_offset": lines.next_offset,
        } }),
        Answer::Loaded(values) => {
            let values = values.iter().map(|value| match value {
                Some(value) => text(value),
                None => Value::Null,
            });
            json!({ "loaded": list(values.collect()) })
        }
        Answer::Scanned(entries) => {
            let entries = entries
                .iter()
                .map(|entry| json!([entry.key, text(&entry.value)]));
            json!({ "scanned": list(entries.collect()) })
        }
        Answer::Committed => json!("committed"),
        Answer::Woke => json!("woke"),
        Answer::Failed(failure) => failed(failure),
    }
}

fn failed(failure: &Failure) -> Value {
    let (kind, said) = match failure {
        Failure::Refused(rule) => ("refused", rule.as_str()),
        Failure::TimedOut => ("timed-out", ""),
        Failure::TooLarge => ("too-large", ""),
        Failure::Unreachable(reason) => ("unreachable", reason.as_str()),
        Failure::Unsupported => ("unsupported", ""),
    };
    json!({ "failed": kind, "said": said })
}

fn text(text: &str) -> Value {
    if text.len() <= TEXT_BYTES_MAX {
        return json!(text);
    }
    json!({ "bytes": text.len(), "crc32": crc32fast::hash(text.as_bytes()) })
}

fn list(list: Vec<Value>) -> Value {
    if list.len() <= LIST_MAX {
        return Value::Array(list);
    }
    let length = list.len();
    let whole = Value::Array(list).to_string();
    json!({ "many": length, "crc32": crc32fast::hash(whole.as_bytes()) })
}
