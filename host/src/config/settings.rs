//! `[connection.NAME.settings]` as the JSON object that the component takes.

use std::path::Path;

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document::{Document, get};
use super::unreadable;
use crate::finding::Finding;

/// The settings of `connection` in a file that is a configuration or those settings alone, as the
/// JSON that the component takes. Addresses and secrets in it are not looked at.
///
/// # Errors
/// The file cannot be read, is not TOML, or has no settings of that connection.
pub fn settings_in(path: &Path, connection: &str) -> Result<String, Vec<Finding>> {
    let text = std::fs::read_to_string(path).map_err(|error| vec![unreadable(path, &error)])?;
    let document = Document::parse(path, text)?;
    let mut table = document.root();
    if get(table, "connection").is_some() {
        for step in ["connection", connection, "settings"] {
            let Some(DeValue::Table(below)) = get(table, step).map(|(_, value)| value.get_ref())
            else {
                return Err(vec![Finding::error(
                    "config-no-settings",
                    format!(
                        "{} has no [connection.{connection}.settings].",
                        path.display()
                    ),
                    "The recorded passes are of that connection; give its settings in the file.",
                )]);
            };
            table = below;
        }
    }
    let mut findings = Vec::new();
    let settings = to_json(&document, table, &mut findings);
    match findings.is_empty() {
        true => Ok(settings.to_string()),
        false => Err(findings),
    }
}

/// The table as JSON. Numbers that JSON cannot carry exactly become findings.
pub fn to_json(
    document: &Document,
    table: &DeTable<'static>,
    findings: &mut Vec<Finding>,
) -> Value {
    let members = table.iter().map(|(key, member)| {
        (
            key.get_ref().to_string(),
            value_to_json(document, member, findings),
        )
    });
    Value::Object(members.collect::<Map<_, _>>())
}

fn value_to_json(
    document: &Document,
    value: &Spanned<DeValue<'static>>,
    findings: &mut Vec<Finding>,
) -> Value {
    let number = match value.get_ref() {
        DeValue::String(text) => return Value::String(text.to_string()),
        DeValue::Boolean(flag) => return Value::Bool(*flag),
        DeValue::Datetime(date) => return Value::String(date.to_string()),
        DeValue::Table(table) => return to_json(document, table, findings),
        DeValue::Array(items) => {
            return items
                .iter()
                .map(|item| value_to_json(document, item, findings))
                .collect();
        }
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .ok()
            .map(Number::from),
        DeValue::Float(float) => float.as_str().parse().ok().and_then(Number::from_f64),
    };
    number.map(Value::Number).unwrap_or_else(|| {
        findings.push(
            Finding::error(
                "config-number",
                "This number is too large to be kept exactly, or is not a number at all.",
                "Write a number that fits in 64 bits.",
            )
            .at(document.place(&value.span())),
        );
        Value::Null
    })
}
