//! One table of the file, read key by key. What is left over at the end was a mistake.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document::{Document, get};
use crate::finding::{Finding, Place};

/// A table being read. `finish` gives what was wrong with it.
pub struct Section<'d> {
    document: &'d Document,
    /// As a person writes it: `connection.acme.services`.
    name: String,
    table: &'d DeTable<'static>,
    span: Range<usize>,
    known: Vec<String>,
    findings: Vec<Finding>,
}

impl<'d> Section<'d> {
    /// The whole file.
    pub fn root(document: &'d Document) -> Self {
        Self {
            document,
            name: String::new(),
            table: document.root(),
            span: 0..0,
            known: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// The keys of the table, in the order of the file.
    pub fn keys(&self) -> Vec<String> {
        let mut keys: Vec<_> = self.table.keys().collect();
        keys.sort_by_key(|key| key.span().start);
        keys.into_iter()
            .map(|key| key.get_ref().to_string())
            .collect()
    }

    /// As a person writes it: `connection.acme.services`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the table begins.
    pub fn place(&self) -> Place {
        self.document.place(&self.span)
    }

    /// Where a key stands, or the table if the key is not there.
    pub fn place_of(&self, key: &str) -> Place {
        self.document
            .place(&get(self.table, key).map_or(self.span.clone(), |(span, _)| span))
    }

    /// The table itself; its keys are then somebody else's to judge.
    pub fn table(&self) -> &'d DeTable<'static> {
        self.table
    }

    /// Any value; marks the key as known.
    pub fn value(&mut self, key: &str) -> Option<&'d Spanned<DeValue<'static>>> {
        self.known.push(key.to_owned());
        get(self.table, key).map(|(_, value)| value)
    }

    /// A table inside this one.
    pub fn section(&mut self, key: &str) -> Option<Section<'d>> {
        let value = self.value(key)?;
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong_type(key, value, "a table");
            return None;
        };
        let name = match self.name.as_str() {
            "" => key.to_owned(),
            parent => format!("{parent}.{key}"),
        };
        let (span, _) = get(self.table, key)?;
        Some(Section {
            document: self.document,
            name,
            table,
            span,
            known: Vec::new(),
            findings: Vec::new(),
        })
    }

    /// A string.
    pub fn text(&mut self, key: &str) -> Option<&'d str> {
        let value = self.value(key)?;
        let DeValue::String(text) = value.get_ref() else {
            self.wrong_type(key, value, "a string in quotes");
            return None;
        };
        Some(text)
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &str) -> Option<bool> {
        let value = self.value(key)?;
        let DeValue::Boolean(flag) = value.get_ref() else {
            self.wrong_type(key, value, "true or false");
            return None;
        };
        Some(*flag)
    }

    /// A whole number from `least` up to `most`.
    pub fn number(&mut self, key: &str, least: u64, most: u64) -> Option<u64> {
        let value = self.value(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(integer) => {
                u64::from_str_radix(integer.as_str(), integer.radix()).ok()
            }
            _ => None,
        };
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.wrong_type(
                key,
                value,
                &format!("a whole number from {least} to {most}"),
            );
        }
        number
    }

    /// A list of strings; empty if the key is missing.
    pub fn texts(&mut self, key: &str) -> Vec<&'d str> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let texts = match value.get_ref() {
            DeValue::Array(items) => items
                .iter()
                .map(|item| match item.get_ref() {
                    DeValue::String(text) => Some(text.as_ref()),
                    _ => None,
                })
                .collect(),
            _ => None,
        };
        texts.unwrap_or_else(|| {
            self.wrong_type(key, value, "a list of strings");
            Vec::new()
        })
    }

    /// Notes something that is wrong with this table.
    pub fn report(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Notes something that is wrong with the value of a key.
    pub fn report_at(&mut self, key: &str, finding: Finding) {
        let place = self.place_of(key);
        self.findings.push(finding.at(place));
    }

    /// What was wrong, keys that nobody asked for included.
    #[must_use]
    pub fn finish(mut self) -> Vec<Finding> {
        for key in self.keys() {
            if !self.known.contains(&key) {
                let unknown = self.unknown_key(&key);
                self.findings.push(unknown);
            }
        }
        self.findings
    }

    fn unknown_key(&self, key: &str) -> Finding {
        let inside = match self.name.as_str() {
            "" => "at the top of the file".to_owned(),
            name => format!("in [{name}]"),
        };
        let fix = match nearest(key, self.known.iter().map(String::as_str)) {
            Some(near) => format!("Did you mean `{near}`?"),
            None if self.known.is_empty() => format!("Remove `{key}`."),
            None => format!("Remove it, or use one of: {}.", self.known.join(", ")),
        };
        Finding::error(
            "config-unknown-key",
            format!("There is no key `{key}` {inside}."),
            fix,
        )
        .at(self.place_of(key))
    }

    fn wrong_type(&mut self, key: &str, value: &Spanned<DeValue<'static>>, wanted: &str) {
        self.findings.push(
            Finding::error(
                "config-wrong-value",
                format!(
                    "`{key}` has to be {wanted}, and this is {}.",
                    describe(value.get_ref())
                ),
                format!("Write {wanted} there."),
            )
            .at(self.document.place(&value.span())),
        );
    }
}

/// The candidate that a slip of the fingers away from `word` would give, if there is one.
pub fn nearest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(_) => "a string".to_owned(),
        DeValue::Integer(integer) => format!("the number {integer}"),
        DeValue::Float(float) => format!("the number {float}"),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}
