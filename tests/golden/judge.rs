//! Puts a case into the words of the contract, and the answer into words for people.

use std::collections::BTreeMap;

use atsync_plugin::bindings::exports::atsync::connector::manifest::{Finding, Severity};
use atsync_plugin::bindings::exports::atsync::connector::policy::{
    Ats, AvailabilityAnswer, Behaviour, ClaimDecision, Incoming, Item, Level, LineDecision,
    OpenClaim, OrderLine, Quantity, Step, Value as Published,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answers::Answers;
use super::case::Case;

/// A case of `policy.availability`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AvailabilityCase {
    #[serde(rename = "quote")]
    _quote: Option<String>,
    #[serde(rename = "why")]
    _why: Option<String>,
    settings: Value,
    item: Item,
    levels: BTreeMap<String, Stock>,
    #[serde(default)]
    incoming: BTreeMap<String, Vec<Incoming>>,
    #[serde(default)]
    open_claims: Vec<OpenClaim>,
}

/// What a location says: `12`, `"not stocked"` or `"unknown"`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stock {
    Units(i64),
    Word(StockWord),
}

#[derive(Deserialize)]
enum StockWord {
    #[serde(rename = "not stocked")]
    NotStocked,
    #[serde(rename = "unknown")]
    Unknown,
}

/// What availability says of the case.
pub fn availability(case: &Case, answers: &mut dyn Answers) -> String {
    let AvailabilityCase {
        settings,
        item,
        levels,
        mut incoming,
        open_claims,
        ..
    } = read(case);
    let level = |(location, stock)| Level {
        incoming: incoming.remove(&location).unwrap_or_default(),
        quantity: match stock {
            Stock::Units(units) => Quantity::Available(units),
            Stock::Word(StockWord::NotStocked) => Quantity::NotStocked,
            Stock::Word(StockWord::Unknown) => Quantity::Unknown,
        },
        location,
    };
    let levels: Vec<Level> = levels.into_iter().map(level).collect();
    assert!(
        incoming.is_empty(),
        "{}: units come to a location that has no level",
        case.name
    );
    match answers.availability(&settings.to_string(), &item, &levels, &open_claims) {
        Ok(answer) => pretty(&availability_words(answer)),
        Err(message) => refused(&message),
    }
}

#[derive(Serialize)]
struct AvailabilityWords {
    rows: Vec<RowWords>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<String>,
}

#[derive(Serialize)]
struct RowWords {
    warehouse: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    publish: Value,
    #[serde(skip_serializing_if = "is_zero")]
    oversold: i64,
    working: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

fn availability_words(answer: AvailabilityAnswer) -> AvailabilityWords {
    AvailabilityWords {
        rows: answer.rows.into_iter().map(row_words).collect(),
        findings: answer
            .findings
            .into_iter()
            .map(|note| format!("{}: {}", note.code, note.message))
            .collect(),
    }
}

fn row_words(row: Ats) -> RowWords {
    RowWords {
        warehouse: row.warehouse,
        date: row.date,
        publish: match row.value {
            Published::Units(units) => units.into(),
            Published::MadeToOrder => "made to order".into(),
            Published::Withheld => "withheld".into(),
        },
        oversold: row.oversold,
        working: row.working.into_iter().map(step_words).collect(),
    }
}

fn step_words(
    Step {
        what,
        change,
        after,
        why,
    }: Step,
) -> String {
    format!("{what}: {change:+} = {after} ({why})")
}

/// A case of `policy.claim`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimCase {
    #[serde(rename = "quote")]
    _quote: Option<String>,
    #[serde(rename = "why")]
    _why: Option<String>,
    settings: Value,
    linesheet: String,
    lines: Vec<OrderLine>,
}

/// What the claim decision says of the case.
pub fn claim(case: &Case, answers: &mut dyn Answers) -> String {
    let ClaimCase {
        settings,
        linesheet,
        lines,
        ..
    } = read(case);
    match answers.claim(&settings.to_string(), &linesheet, &lines) {
        Ok(decision) => pretty(&claim_words(decision)),
        Err(message) => refused(&message),
    }
}

#[derive(Serialize)]
struct ClaimWords {
    behaviour: &'static str,
    decided_by: String,
    lines: Vec<String>,
}

fn claim_words(decision: ClaimDecision) -> ClaimWords {
    ClaimWords {
        behaviour: match decision.behaviour {
            Behaviour::Bypass => "BYPASS",
            Behaviour::DecrementIgnoringPolicy => "DECREMENT_IGNORING_POLICY",
            Behaviour::DecrementObeyingPolicy => "DECREMENT_OBEYING_POLICY",
        },
        decided_by: decision.decided_by,
        lines: decision.lines.into_iter().map(line_words).collect(),
    }
}

fn line_words(
    LineDecision {
        line,
        claim,
        short,
        why,
    }: LineDecision,
) -> String {
    format!("line {line}: claims {claim}, short {short} ({why})")
}

/// A case of `manifest.check-settings`: `settings`, or `text` where they are no JSON object.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsCase {
    #[serde(rename = "quote")]
    _quote: Option<String>,
    #[serde(rename = "why")]
    _why: Option<String>,
    settings: Option<Value>,
    text: Option<String>,
}

/// How the settings of the case are judged.
pub fn settings(case: &Case, answers: &mut dyn Answers) -> String {
    let SettingsCase { settings, text, .. } = read(case);
    let text = text.unwrap_or_else(|| {
        settings
            .expect("a case has `settings` or `text`")
            .to_string()
    });
    let findings = answers.check_settings(&text);
    let taken = findings
        .iter()
        .all(|finding| finding.severity != Severity::Error);
    let findings: Vec<Value> = findings.into_iter().map(finding_words).collect();
    pretty(&json!({ "findings": findings, "taken": taken }))
}

fn finding_words(
    Finding {
        code,
        severity,
        path,
        message,
        fix,
    }: Finding,
) -> Value {
    let severity = match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    json!({ "code": code, "severity": severity, "path": path, "message": message, "fix": fix })
}

fn read<T: serde::de::DeserializeOwned>(case: &Case) -> T {
    serde_json::from_value(case.input.clone())
        .unwrap_or_else(|error| panic!("{}: {error}", case.name))
}

fn refused(message: &str) -> String {
    pretty(&json!({ "refused": message }))
}

fn pretty(words: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(words).expect("words can be written");
    text.push('\n');
    text
}
