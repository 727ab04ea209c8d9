//! Recorded passes beside what they would have been, as a report.

use std::collections::BTreeMap;

use atsync::problem::Problem;
use atsync::recording::{Compared, Difference, What};
use serde_json::{Value, json};

use super::{counted, time};
use crate::finding::Finding;
use crate::report::{Report, Table};

/// Rows of a table that are shown; the others are counted.
const ROWS_MAX: usize = 1_000;

/// What came of all passes.
#[derive(Default)]
pub struct Story {
    passes: u64,
    tables: BTreeMap<String, Table>,
    differences: u64,
    unknown: BTreeMap<String, (u64, String)>,
    incomplete: u64,
    not_compared: u64,
    findings: Vec<Finding>,
    data: Vec<Value>,
}

impl Story {
    /// Adds a pass.
    pub fn add(&mut self, pass: Compared) {
        self.passes += 1;
        let name = time::at(pass.began);
        self.incomplete += u64::from(!pass.unknown.is_empty());
        self.not_compared += pass.not_compared;
        self.data.push(to_json(&pass));
        for difference in &pass.differences {
            self.differ(&name, difference);
        }
        for unknown in pass.unknown {
            self.unknown.entry(unknown).or_insert((0, name.clone())).0 += 1;
        }
        if pass.began_anew {
            self.findings.push(Finding::note(
                "replay-gap",
                format!(
                    "Between the pass of {name} and the one before, something happened that is not recorded; from \
                     there on everything begins from the ledger as it was recorded."
                ),
                "Replay passes that follow each other, such as all of --last.",
            ));
        }
    }

    /// A pass that cannot be compared.
    pub fn leave_out(&mut self, problem: Problem) {
        let Problem { code, message, fix } = problem;
        self.findings.push(Finding::warning(code, message, fix));
    }

    /// Nothing differs, and all of it is known.
    pub fn is_the_same(&self) -> bool {
        self.differences == 0 && self.unknown.is_empty() && self.findings.is_empty()
    }

    /// All of it, for people and machines.
    pub fn report(&self) -> Report {
        let mut findings = self.findings.clone();
        for (request, (in_passes, first)) in &self.unknown {
            findings.push(Finding::warning(
                "replay-unknown",
                format!(
                    "The recordings have no answer to `{request}`, asked for in {}, first in that of {first}. What \
                     depends on it is unknown, and it was refused.",
                    passes(*in_passes)
                ),
                "Begin with a pass that reads everything (one a day does): what comes after it is known.",
            ));
        }
        if self.not_compared > 0 {
            findings.push(Finding::warning(
                "replay-too-many-rows",
                format!(
                    "{} that a pass dealt with are not compared, because the component lists no more.",
                    counted(self.not_compared, "row")
                ),
                "Compare fewer at a time.",
            ));
        }
        Report {
            schema: "atsync.report/1".to_owned(),
            kind: "replay".to_owned(),
            summary: self.summary(),
            findings,
            tables: self.tables.values().cloned().collect(),
            data: json!({ "passes": self.data }),
            ..Report::default()
        }
    }

    fn summary(&self) -> String {
        let compared = passes(self.passes);
        let mut summary = match self.differences {
            0 => format!("{compared} compared; nothing would have come out otherwise."),
            n => format!(
                "{compared} compared; {} would have come out otherwise.",
                counted(n, "row")
            ),
        };
        if self.incomplete > 0 {
            summary.push_str(&format!(
                " In {}, part of it is unknown.",
                passes(self.incomplete)
            ));
        }
        summary
    }

    fn differ(&mut self, pass: &str, difference: &Difference) {
        self.differences += 1;
        let table = self.tables.entry(difference.title.clone()).or_default();
        if table.columns.is_empty() {
            let headings = ["pass", ""].map(str::to_owned);
            table.title.clone_from(&difference.title);
            table.columns = headings
                .into_iter()
                .chain(difference.columns.clone())
                .collect();
        }
        if table.rows.len() == ROWS_MAX {
            table.more += 1;
            return;
        }
        let (how, cells) = match &difference.what {
            What::Changed(then, now) => ("differs", then.iter().zip(now).map(both).collect()),
            What::OnlyThen(cells) => ("only then", cells.clone()),
            What::OnlyNow(cells) => ("only now", cells.clone()),
        };
        let begin = [pass.to_owned(), how.to_owned()];
        table.rows.push(begin.into_iter().chain(cells).collect());
    }
}

/// One cell: as it was, and as it would have been.
fn both((then, now): (&String, &String)) -> String {
    let shown = |cell: &str| match cell {
        "" => "–".to_owned(),
        cell => cell.to_owned(),
    };
    if then == now {
        then.clone()
    } else {
        format!("{} → {}", shown(then), shown(now))
    }
}

fn to_json(pass: &Compared) -> Value {
    let differences = pass.differences.iter().map(|difference| {
        let (then, now) = match &difference.what {
            What::Changed(then, now) => (Some(then), Some(now)),
            What::OnlyThen(then) => (Some(then), None),
            What::OnlyNow(now) => (None, Some(now)),
        };
        json!({
            "table": difference.title, "columns": difference.columns,
            "recorded": then, "now": now,
        })
    });
    json!({
        "connection": pass.connection,
        "began": time::rfc3339(pass.began),
        "differences": differences.collect::<Vec<_>>(),
        "not_compared": pass.not_compared,
        "unknown": pass.unknown,
        "changes_sent": pass.changes.0,
        "changes_not_recorded": pass.changes.1,
        "began_anew": pass.began_anew,
        "ended": pass.ended,
    })
}

fn passes(n: u64) -> String {
    match n {
        1 => "1 pass".to_owned(),
        n => format!("{n} passes"),
    }
}
