//! Two ledgers of a connector compared by what the connector itself says of them: its questions
//! that need no argument, asked of both, row by row.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::compare::{Answers, drive};
use crate::clock::Timestamp;
use crate::engine::Connector;
use crate::engine::reconcile::{Answer, Call, Effect, Entry, Failure, Job, Mode};
use crate::problem::Problem;

/// A row of an answer, as the ledger of the recorded pass has it and as the other one has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Of the table.
    pub title: String,
    /// Headings.
    pub columns: Vec<String>,
    /// The cells.
    pub what: What,
}

/// How a row differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// It is there both times: then, now.
    Changed(Vec<String>, Vec<String>),
    /// It is there only as recorded.
    OnlyThen(Vec<String>),
    /// It is there only now.
    OnlyNow(Vec<String>),
}

/// What a component answers.
pub(super) type Tables = BTreeMap<String, Table>;

/// A table of a report.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Table {
    title: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
    more: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Report {
    tables: Vec<Table>,
}

/// What `connector` answers from `ledger`, under the settings of `job`, by title of the table.
pub(super) fn answers(
    connector: &Connector,
    job: &Job,
    ledger: BTreeMap<String, String>,
) -> Result<Tables, Problem> {
    let mut desk = Desk { ledger };
    let mut tables = Tables::new();
    for question in &connector.describe().questions {
        if question.arguments.iter().any(|argument| argument.required) {
            continue;
        }
        let call = Call {
            name: question.name.clone(),
            arguments: "{}".to_owned(),
        };
        let asked = Job {
            mode: Mode::Ask(call),
            hints: Vec::new(),
            ..job.clone()
        };
        // A question that cannot be answered from the ledger alone has nothing to compare.
        if let Ok(outcome) = drive(connector, &asked, &mut desk)? {
            let report: Report = serde_json::from_str(&outcome.report).unwrap_or_default();
            let titled = |table: Table| (table.title.clone(), table);
            tables.extend(report.tables.into_iter().map(titled));
        }
    }
    Ok(tables)
}

/// The rows that differ, and how many could not be compared.
pub(super) fn compare(then: &Tables, now: &Tables) -> (Vec<Difference>, u64) {
    let (mut differences, mut not_compared) = (Vec::new(), 0);
    let none = Table::default();
    for (title, table) in now {
        let before = then.get(title).unwrap_or(&none);
        not_compared += before.more.max(table.more);
        let difference = |what| Difference {
            title: title.clone(),
            columns: table.columns.clone(),
            what,
        };
        let whats = rows(&before.rows, &table.rows);
        differences.extend(whats.into_iter().map(difference));
    }
    (differences, not_compared)
}

fn rows(then: &[Vec<String>], now: &[Vec<String>]) -> Vec<What> {
    let mut then: Vec<&Vec<String>> = then.iter().collect();
    let mut left: Vec<&Vec<String>> = Vec::new();
    for row in now {
        match then.iter().position(|other| *other == row) {
            Some(at) => drop(then.swap_remove(at)),
            None => left.push(row),
        }
    }
    then.sort();
    let mut whats = Vec::new();
    for row in left {
        let nearest = then.iter().enumerate();
        let nearest = nearest.max_by_key(|(at, other)| (alike(other, row), std::cmp::Reverse(*at)));
        match nearest.map(|(at, other)| (at, is_of_the_same(other, row))) {
            Some((at, true)) => whats.push(What::Changed(then.remove(at).clone(), row.clone())),
            _ => whats.push(What::OnlyNow(row.clone())),
        }
    }
    whats.extend(then.into_iter().cloned().map(What::OnlyThen));
    whats
}

/// Cells that are equal.
fn alike(one: &[String], other: &[String]) -> usize {
    one.iter()
        .zip(other)
        .filter(|(one, other)| one == other)
        .count()
}

/// More than half of the cells, the first among them, are equal.
fn is_of_the_same(one: &[String], other: &[String]) -> bool {
    one.first() == other.first() && alike(one, other) * 2 > one.len()
}

/// A ledger to be asked, and nothing else.
struct Desk {
    ledger: BTreeMap<String, String>,
}

impl Answers for Desk {
    fn answer(&mut self, effect: Effect, now: Timestamp) -> (Timestamp, Answer) {
        let answer = match effect {
            Effect::Load(keys) => {
                let value = |key: &String| self.ledger.get(key).cloned();
                Answer::Loaded(keys.iter().map(value).collect())
            }
            Effect::Scan(scan) => {
                let limit = usize::try_from(scan.limit).unwrap_or(usize::MAX);
                let after = scan.after.unwrap_or_default();
                let entries = self.ledger.range(scan.prefix.clone()..);
                let entries = entries
                    .take_while(|(key, _)| key.starts_with(&scan.prefix))
                    .filter(|(key, _)| **key > after)
                    .take(limit);
                let entry = |(key, value): (&String, &String)| Entry {
                    key: key.clone(),
                    value: value.clone(),
                };
                Answer::Scanned(entries.map(entry).collect())
            }
            Effect::Commit(writes) => {
                for write in writes {
                    match write.value {
                        Some(value) => self.ledger.insert(write.key, value),
                        None => self.ledger.remove(&write.key),
                    };
                }
                Answer::Committed
            }
            Effect::WaitUntil(until) => return (now.max(until), Answer::Woke),
            Effect::Http(_) | Effect::ReadLines(_) => {
                Answer::Failed(Failure::Refused("only the ledger is asked".to_owned()))
            }
        };
        (now, answer)
    }
}
