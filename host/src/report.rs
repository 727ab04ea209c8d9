//! The report that a component returns, `atsync.report/1`, as far as a host shows it. Its
//! schema is described in `wit/README.md`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::finding::Finding;

/// What one pass has to say.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// `atsync.report/1`.
    pub schema: String,
    /// `sync`, `plan`, `check`, `ask` or `act`.
    pub kind: String,
    /// One or more sentences.
    pub summary: String,
    /// What people should know.
    pub findings: Vec<Finding>,
    /// Numbers by name, for machines and metrics.
    pub counts: BTreeMap<String, Value>,
    /// What people want to read in rows.
    pub tables: Vec<Table>,
    /// Anything else, for machines.
    pub data: Value,
    /// What this version does not know, kept as it is.
    #[serde(flatten)]
    pub rest: serde_json::Map<String, Value>,
}

/// A table of text.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Table {
    /// What the rows are; may be empty.
    pub title: String,
    /// Headings.
    pub columns: Vec<String>,
    /// One for each column; a missing one is `left`.
    pub align: Vec<Align>,
    /// Cells; a missing one is empty.
    pub rows: Vec<Vec<String>>,
    /// Rows that were counted and left out.
    pub more: u64,
}

/// Which side the cells of a column stand on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Align {
    /// Words.
    #[default]
    Left,
    /// Numbers.
    Right,
}

impl Report {
    /// Reads a report.
    ///
    /// # Errors
    /// It is not JSON of the documented shape.
    pub fn parse(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }
}
