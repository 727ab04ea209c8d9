//! The report of a pass, `atsync.report/1`: for people by way of any host, and for machines.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::bindings::exports::atsync::connector::reconcile::Mode;
use crate::core::finding::Finding;

/// Findings shown in one report; more are counted.
const FINDINGS_MAX: usize = 200;
/// Rows shown in one table; more are counted.
pub const ROWS_MAX: usize = 5_000;

/// What kind of pass a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A sync.
    Sync,
    /// A dry run.
    Plan,
    /// A try of settings and credentials.
    Check,
    /// A question.
    Ask,
    /// An act.
    Act,
}

impl Kind {
    /// The kind of a mode.
    pub fn of(mode: &Mode) -> Self {
        match mode {
            Mode::Sync => Self::Sync,
            Mode::Plan => Self::Plan,
            Mode::Check => Self::Check,
            Mode::Ask(_) => Self::Ask,
            Mode::Act(_) => Self::Act,
        }
    }
}

/// What a pass has to tell.
#[derive(Debug, Default)]
pub struct Report {
    /// Sentences.
    pub summary: Vec<String>,
    /// What a person should know.
    pub findings: Vec<Finding>,
    /// Numbers by name.
    pub counts: BTreeMap<&'static str, u64>,
    /// Tables.
    pub tables: Vec<Table>,
    /// What machines want beyond that.
    pub data: Value,
}

/// A table for people.
#[derive(Debug, Default, Serialize)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// Names of its columns.
    pub columns: Vec<&'static str>,
    /// `left` or `right`, by column.
    pub align: Vec<&'static str>,
    /// Cells.
    pub rows: Vec<Vec<String>>,
    /// Rows counted and left out.
    pub more: u64,
}

impl Table {
    /// An empty table; a column whose name begins with `#` is for numbers.
    pub fn new(title: impl Into<String>, columns: &[&'static str]) -> Self {
        let number = |column: &&'static str| column.starts_with('#');
        Self {
            title: title.into(),
            columns: columns.iter().map(|c| c.trim_start_matches('#')).collect(),
            align: columns
                .iter()
                .map(|c| if number(c) { "right" } else { "left" })
                .collect(),
            ..Self::default()
        }
    }

    /// Adds a row, or counts it where there are too many.
    pub fn push(&mut self, row: Vec<String>) {
        if self.rows.len() < ROWS_MAX {
            self.rows.push(row);
        } else {
            self.more += 1;
        }
    }
}

#[derive(Serialize)]
struct Written<'r> {
    schema: &'static str,
    kind: Kind,
    summary: String,
    findings: &'r [Finding],
    #[serde(skip_serializing_if = "is_zero")]
    findings_more: usize,
    counts: &'r BTreeMap<&'static str, u64>,
    tables: &'r [Table],
    #[serde(skip_serializing_if = "Value::is_null")]
    data: &'r Value,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(n: &usize) -> bool {
    *n == 0
}

impl Report {
    /// Adds to a number.
    pub fn count(&mut self, name: &'static str, more: u64) {
        *self.counts.entry(name).or_default() += more;
    }

    /// How many there are, whoever counted them before.
    pub fn count_anew(&mut self, name: &'static str, all: u64) {
        self.counts.insert(name, all);
    }

    /// Adds a finding once.
    pub fn find(&mut self, finding: Finding) {
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// As JSON.
    pub fn write(&mut self, kind: Kind) -> String {
        self.findings
            .sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let shown = self.findings.len().min(FINDINGS_MAX);
        let (findings, more) = self.findings.split_at(shown);
        let written = Written {
            schema: "atsync.report/1",
            kind,
            summary: self.summary.join(" "),
            findings,
            findings_more: more.len(),
            counts: &self.counts,
            tables: &self.tables,
            data: &self.data,
        };
        // Texts and numbers only: writing them cannot fail.
        serde_json::to_string(&written).unwrap_or_default()
    }
}

/// `1 style`, `2 styles`.
pub fn plural(n: u64, noun: &str) -> String {
    if n == 1 {
        format!("1 {noun}")
    } else {
        format!("{n} {noun}s")
    }
}
