//! What a pass has to tell.

use atsync::clock::Timestamp;
use atsync::engine::reconcile::Verdict;
use serde_json::Value;

/// The outcome of a pass, its report read.
#[derive(Debug)]
pub struct Report {
    pub verdict: Verdict,
    pub next_run: Timestamp,
    pub json: Value,
}

impl Report {
    /// The codes of its findings.
    pub fn codes(&self) -> Vec<&str> {
        self.json["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f["code"].as_str().unwrap())
            .collect()
    }

    /// The finding with this code.
    #[track_caller]
    pub fn finding(&self, code: &str) -> &Value {
        let mut findings = self.json["findings"].as_array().unwrap().iter();
        let found = findings.find(|finding| finding["code"] == code);
        found.unwrap_or_else(|| panic!("no finding {code}: {:#}", self.json["findings"]))
    }

    /// A number of the report; 0 if it is not there.
    pub fn count(&self, name: &str) -> u64 {
        self.json["counts"][name].as_u64().unwrap_or(0)
    }

    pub fn summary(&self) -> &str {
        self.json["summary"].as_str().unwrap()
    }

    pub fn is_done(&self) -> bool {
        self.verdict == Verdict::Done
    }
}
