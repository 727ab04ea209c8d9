//! The file that the command reads: what `atsync.toml` says of one connection.
//!
//! Only `[connection.NAME]` is read; what else stands in such a file is for a daemon. A file
//! that ends with `.json` says the same in JSON.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::folder::Folder;
use crate::problem::Problem;
use crate::system;

#[derive(Deserialize)]
struct Document {
    connection: BTreeMap<String, Connection>,
}

/// One shop and one marketplace account.
#[derive(Deserialize)]
pub(crate) struct Connection {
    /// Handed to the connector as they are.
    #[serde(default)]
    pub(crate) settings: serde_json::Map<String, serde_json::Value>,
    /// By the names of the manifest.
    #[serde(default)]
    pub(crate) services: BTreeMap<String, Given>,
    /// Hosts to download from, beside those that the manifest names.
    #[serde(default)]
    pub(crate) downloads: Vec<String>,
    /// Webhooks that somebody else has verified.
    #[serde(default)]
    pub(crate) hints: Vec<Hint>,
}

/// What the operator says of a service.
#[derive(Default, Deserialize)]
pub(crate) struct Given {
    pub(crate) url: Option<String>,
    pub(crate) token_url: Option<String>,
    /// By the names of the manifest.
    #[serde(flatten)]
    secrets: BTreeMap<String, Secret>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Secret {
    Plain(String),
    Variable {
        env: String,
    },
    File {
        file: String,
    },
    /// Not a secret, unless the manifest says so.
    Other(serde::de::IgnoredAny),
}

/// A verified webhook.
#[derive(Deserialize)]
pub(crate) struct Hint {
    pub(crate) id: String,
    pub(crate) topic: String,
    pub(crate) body: String,
}

/// The only connection of a file, with its name.
pub(crate) fn read(folder: &Folder, file: &str) -> Result<(String, Connection), Problem> {
    let bytes = folder.read(file).map_err(|error| {
        Problem::usage(
            "settings-unreadable",
            format!("The file {file} cannot be read: {}", error.message()),
            "Name it as it is called within the folder that the runtime was given.",
        )
    })?;
    parse(file, &bytes)
}

fn parse(file: &str, bytes: &[u8]) -> Result<(String, Connection), Problem> {
    let document = str::from_utf8(bytes)
        .map_err(|error| error.to_string())
        .and_then(|text| {
            if file.ends_with(".json") {
                serde_json::from_str(text).map_err(|error| error.to_string())
            } else {
                toml::from_str(text).map_err(|error: toml::de::Error| in_line(text, &error))
            }
        });
    let Document { mut connection } = document.map_err(|why| {
        let message = format!("The file {file} cannot be understood: {why}.");
        Problem::usage(
            "settings-syntax",
            message,
            "Correct it; `atsync init` writes one to compare with.",
        )
    })?;
    match (connection.pop_first(), connection.len()) {
        (Some((name, only)), 0) if is_name(&name) => Ok((name, only)),
        (Some((name, _)), 0) => Err(Problem::usage(
            "settings-connection-name",
            format!("`{name}` cannot be the name of a connection."),
            "Use lower-case letters, digits, `-` and `_`; it becomes the name of the ledger.",
        )),
        (found, more) => Err(Problem::usage(
            "settings-connections",
            format!(
                "The file {file} has {} connections.",
                more + usize::from(found.is_some())
            ),
            "A command runs one: write a file for each.",
        )),
    }
}

/// The parser's words and the line, never the text of the line: it may hold a secret.
fn in_line(text: &str, error: &toml::de::Error) -> String {
    let start = error.span().map_or(0, |span| span.start);
    let line = 1 + text
        .bytes()
        .take(start)
        .filter(|byte| *byte == b'\n')
        .count();
    format!("{}, in line {line}", error.message())
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    !name.is_empty() && name.chars().all(fits)
}

impl Given {
    /// Whether the operator has given this secret.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.secrets.contains_key(key)
    }

    /// The secret under `key`, from where the file says it lies.
    pub(crate) fn secret(&self, folder: &Folder, key: &str) -> Result<String, Problem> {
        let found = match self.secrets.get(key) {
            Some(Secret::Plain(text)) => Some(text.clone()),
            Some(Secret::Variable { env }) => system::variable(env),
            Some(Secret::File { file }) => {
                let bytes = folder.read(file).ok();
                bytes.and_then(|bytes| String::from_utf8(bytes).ok())
            }
            Some(Secret::Other(_)) | None => None,
        };
        let found = found
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty());
        found.ok_or_else(|| {
            Problem::usage(
                "secret-missing",
                format!("The secret `{key}` is not where the settings say."),
                "Write { env = \"NAME\" } and start with `--env NAME`, or { file = \"NAME\" } for a \
                 file in the same folder, or the secret itself in quotes.",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const FILE: &str = r#"
        [store]
        path = "atsync.db"
        [connection.acme.settings]
        interval_s = 60
        warehouses = [{ name = "Main", locations = ["Paris"] }]
        [connection.acme.services.shop]
        url = "https://shop.example"
        private_addresses = true
        token = { env = "SHOP_TOKEN" }
    "#;

    #[test]
    fn the_file_of_the_daemon_is_read() {
        let (name, connection) = parse("atsync.toml", FILE.as_bytes()).ok().unwrap();
        assert_eq!(name, "acme");
        assert_eq!(connection.settings.get("interval_s"), Some(&60.into()));
        let shop = connection.services.get("shop").unwrap();
        assert_eq!(shop.url.as_deref(), Some("https://shop.example"));
        assert!(shop.has("token"));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_without_its_text() {
        let problem = |file, text: &str| parse(file, text.as_bytes()).err().unwrap();
        let broken = problem(
            "a.toml",
            "[connection.a]\nservices.shop.token = \"hush\nx = 1",
        );
        assert_eq!(broken.code, "settings-syntax");
        assert!(broken.message.contains("line 2"), "{}", broken.message);
        assert!(!broken.message.contains("hush"), "{}", broken.message);
        let two = problem("a.json", r#"{"connection": {"a": {}, "b": {}}}"#);
        assert_eq!(two.message, "The file a.json has 2 connections.");
        let outside = problem("a.json", r#"{"connection": {"../a": {}}}"#);
        assert_eq!(outside.code, "settings-connection-name");
    }
}
