//! The lines of a recording.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::clock::Timestamp;
use crate::engine::reconcile::{Completion, Effect, Fault, Job, Outcome};
use crate::pass::Tally;

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Line {
    /// The first.
    Job(Box<Job>),
    /// The SHA-256 of the component; missing in recordings of earlier versions.
    Component(String),
    /// A request of the turn before.
    Asked(Asked),
    /// What `resume` was given. If there are `texts`, these were taken out of the completions and
    /// follow the line as they are, so many bytes each, and a line feed: to escape them for JSON
    /// takes longer than to compress them.
    Resumed {
        completions: Vec<Completion>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        texts: Vec<usize>,
    },
    /// The last; a recording without it was cut.
    Ended { ended: End, tally: Tally },
}

impl Line {
    /// As one line of JSON, without the line feed.
    pub(super) fn json(&self) -> String {
        // The derived form of a line cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What a request was about.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) id: u32,
    pub(super) effect: String,
    /// Of the whole effect, see [`digest`]; empty in recordings of earlier versions.
    #[serde(default)]
    pub(super) digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) changes: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<Timestamp>,
}

/// How the pass ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum End {
    Outcome(Outcome),
    Fault(Fault),
    Cancelled,
    /// Code and message of a problem of the host's.
    Problem(String, String),
}

/// Tells two effects apart: the first eight bytes of the SHA-256 of its JSON, in hexadecimal.
pub(super) fn digest(effect: &Effect) -> String {
    // The derived form of an effect cannot fail.
    let json = serde_json::to_vec(effect).unwrap_or_default();
    let digest = Sha256::digest(json);
    digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
