//! Secrets: `"plain"`, `{ env = "NAME" }` or `{ file = "path" }`.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use toml::Spanned;
use toml::de::DeValue;

use super::document::Document;
use super::section::Section;
use crate::finding::{Finding, Place};

/// A secret and where it lies, so that `check` can look who else may read it there.
pub struct Found {
    pub secret: SecretString,
    pub lies: Lies,
}

/// Where a secret lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lies {
    /// In the environment of the process.
    Environment,
    /// In the configuration file itself.
    Configuration(Place),
    /// In a file of its own, which the configuration names at that place.
    File(PathBuf, Place),
}

/// Reads the secret under `key`. None: the key is missing, or what was wrong is now a finding
/// of the section.
pub fn read(document: &Document, section: &mut Section<'_>, key: &str) -> Option<Found> {
    let value = section.value(key)?;
    match from_value(document, section.name(), key, value) {
        Ok(found) => Some(found),
        Err(finding) => {
            section.report(*finding);
            None
        }
    }
}

/// Reads one secret, be it the value of a key or an item of a list. `section` and `key` are
/// for messages.
pub fn from_value(
    document: &Document,
    section: &str,
    key: &str,
    value: &Spanned<DeValue<'static>>,
) -> Result<Found, Box<Finding>> {
    let place = document.place(&value.span());
    let (text, lies) = match value.get_ref() {
        DeValue::String(plain) => (plain.to_string(), Lies::Configuration(place.clone())),
        DeValue::Table(table) => {
            let mut entries = table
                .iter()
                .map(|(key, value)| (key.get_ref().as_ref(), value.get_ref()));
            match (entries.next(), entries.next()) {
                (Some(("env", DeValue::String(name))), None) => {
                    (from_environment(name, &place)?, Lies::Environment)
                }
                (Some(("file", DeValue::String(path))), None) => {
                    let path = document.resolve(path);
                    (from_file(&path, &place)?, Lies::File(path, place.clone()))
                }
                _ => return Err(wrong_form(section, key, place)),
            }
        }
        _ => return Err(wrong_form(section, key, place)),
    };
    let text = text.trim();
    if text.is_empty() {
        return Err(Finding::error(
            "secret-empty",
            format!("The secret `{key}` of [{section}] is empty."),
            "Put the secret where this line points to.",
        )
        .at(place)
        .into());
    }
    Ok(Found {
        secret: SecretString::from(text),
        lies,
    })
}

fn from_environment(name: &str, place: &Place) -> Result<String, Box<Finding>> {
    std::env::var(name).map_err(|_| {
        Finding::error(
            "secret-not-in-environment",
            format!("The environment variable {name} is not set, or is not text."),
            format!("Set it before atsync starts, for instance `export {name}=…`."),
        )
        .at(place.clone())
        .into()
    })
}

fn from_file(path: &Path, place: &Place) -> Result<String, Box<Finding>> {
    std::fs::read_to_string(path).map_err(|error| {
        Finding::error(
            "secret-file-unreadable",
            format!(
                "The file {} with the secret cannot be read: {error}.",
                path.display()
            ),
            "Create it with the secret as its only line, readable for the user that runs atsync.",
        )
        .at(place.clone())
        .into()
    })
}

fn wrong_form(section: &str, key: &str, place: Place) -> Box<Finding> {
    Finding::error(
        "secret-wrong-form",
        format!("The secret `{key}` of [{section}] has none of the three forms of a secret."),
        "Write { env = \"NAME\" }, { file = \"path\" } or the secret itself in quotes.",
    )
    .at(place)
    .into()
}
