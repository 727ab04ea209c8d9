//! `[connection.NAME]`: one connection, read with the manifest of its component in hand.

use std::collections::BTreeMap;
use std::time::Duration;

use atsync::connection::{Connection, Limits, Service, WebhookAge};
use atsync::engine::manifest::{self, Auth, Description};
use secrecy::SecretString;
use toml::de::DeValue;
use url::Url;

use super::Describe;
use super::document::Document;
use super::pin::Pin;
use super::secret::{self, Lies};
use super::section::Section;
use super::settings;
use crate::finding::Finding;

/// The age in hours from which on a webhook whose time is known is too old: longer than services
/// go on sending one.
const MAX_AGE_H: u64 = 48;

/// By service, the signing secrets, and from when on a webhook is too old.
type Webhooks = (
    BTreeMap<String, Vec<SecretString>>,
    BTreeMap<String, WebhookAge>,
);

/// A connection as far as the file gives it.
pub struct Configured {
    /// From `[connection.NAME]`.
    pub name: String,
    /// None: a finding says what is missing.
    pub connection: Option<Connection>,
    /// What is wrong in this part of the file.
    pub findings: Vec<Finding>,
    /// Where its secrets lie.
    pub secrets: Vec<Lies>,
    /// The digest that its component has to have.
    pub pin: Option<Pin>,
}

/// Reads one connection; `describe` gives the manifest of the component it runs.
pub fn read(
    document: &Document,
    name: &str,
    mut section: Section<'_>,
    describe: &mut Describe<'_>,
    limits: &Limits,
) -> Configured {
    let component = section.text("component").map(|path| document.resolve(path));
    let pin = Pin::read(&mut section);
    let description = match describe(component.as_deref()) {
        Ok(description) => description,
        Err(problem) => {
            let finding = Finding::from(problem).at(section.place_of("component"));
            let (connection, secrets) = (None, Vec::new());
            return Configured {
                name: name.to_owned(),
                connection,
                findings: vec![finding],
                secrets,
                pin,
            };
        }
    };
    if !is_name(name) {
        section.report(not_a_name(name).at(section.place()));
    }
    let downloads = section
        .texts("downloads")
        .into_iter()
        .map(str::to_owned)
        .collect();
    let mut reader = Reader {
        document,
        description: &description,
        findings: Vec::new(),
        secrets: Vec::new(),
    };
    let services = reader.services(&mut section);
    let (webhook_secrets, webhook_ages) = reader.webhooks(&mut section);
    let settings = reader.settings(&mut section);
    let Reader {
        mut findings,
        secrets,
        ..
    } = reader;
    findings.extend(section.finish());
    let connection = (!findings.iter().any(Finding::is_error)).then(|| Connection {
        name: name.to_owned(),
        component,
        settings,
        services,
        webhook_secrets,
        webhook_ages,
        downloads,
        limits: limits.clone(),
    });
    Configured {
        name: name.to_owned(),
        connection,
        findings,
        secrets,
        pin,
    }
}

fn not_a_name(name: &str) -> Finding {
    Finding::error(
        "config-connection-name",
        format!("`{name}` cannot be the name of a connection."),
        "Use lower-case letters, digits, `-` and `_`; it becomes part of a web address.",
    )
}

struct Reader<'a> {
    document: &'a Document,
    description: &'a Description,
    findings: Vec<Finding>,
    secrets: Vec<Lies>,
}

impl Reader<'_> {
    fn services(&mut self, connection: &mut Section<'_>) -> BTreeMap<String, Service> {
        let mut services = BTreeMap::new();
        let Some(mut section) = connection.section("services") else {
            let names: Vec<_> = self
                .description
                .services
                .iter()
                .map(|s| s.name.as_str())
                .collect();
            connection.report(
                Finding::error(
                    "config-no-services",
                    format!(
                        "[{}] does not say how to reach {}.",
                        connection.name(),
                        names.join(", ")
                    ),
                    "Add a [….services.NAME] table for each; `atsync init` shows them all.",
                )
                .at(connection.place()),
            );
            return services;
        };
        for declared in &self.description.services {
            let Some(mut service) = section.section(&declared.name) else {
                section.report(
                    Finding::error(
                        "config-service-missing",
                        format!("[{}] says nothing of {}.", section.name(), declared.name),
                        format!(
                            "Add [{}.{}]. {}",
                            section.name(),
                            declared.name,
                            declared.summary
                        ),
                    )
                    .at(section.place()),
                );
                continue;
            };
            let read = self.service(declared, &mut service);
            services.insert(declared.name.clone(), read);
            self.findings.extend(service.finish());
        }
        self.findings.extend(section.finish());
        services
    }

    fn service(&mut self, declared: &manifest::Service, section: &mut Section<'_>) -> Service {
        let url = url_of(section, "url");
        if url.is_none() && declared.default_url.is_none() && section.value("url").is_none() {
            section.report(
                Finding::error(
                    "config-url-missing",
                    format!("[{}] has no `url`.", section.name()),
                    format!("Add one such as url = \"{}\".", declared.example_url),
                )
                .at(section.place()),
            );
        }
        let token_url = declared
            .auth
            .iter()
            .any(|auth| matches!(auth, Auth::Grant(_)))
            .then(|| url_of(section, "token_url"))
            .flatten();
        let private_addresses = section.flag("private_addresses").unwrap_or(false);
        let secrets = self.credential(&declared.auth, section);
        Service {
            url,
            token_url,
            secrets,
            private_addresses,
        }
    }

    /// The secrets of exactly one of the ways to authenticate.
    fn credential(
        &mut self,
        ways: &[Auth],
        section: &mut Section<'_>,
    ) -> BTreeMap<String, SecretString> {
        let present = section.keys();
        let has = |key: &String| present.contains(key);
        let complete = ways.iter().find(|way| secrets_of(way).iter().all(has));
        let way = complete.or_else(|| {
            ways.iter()
                .max_by_key(|way| secrets_of(way).iter().filter(|key| has(key)).count())
        });
        let wanted = way.map(secrets_of).unwrap_or_default();
        let missing: Vec<_> = wanted.iter().filter(|key| !has(key)).cloned().collect();
        if !missing.is_empty() {
            let ways: Vec<_> = ways.iter().map(|way| secrets_of(way).join(" + ")).collect();
            section.report(
                Finding::error(
                    "secret-missing",
                    format!("[{}] lacks {}.", section.name(), missing.join(", ")),
                    format!(
                        "Give {} as {{ env = \"NAME\" }}, {{ file = \"path\" }} or in quotes.",
                        ways.join(", or ")
                    ),
                )
                .at(section.place()),
            );
        }
        let surplus = ways
            .iter()
            .flat_map(secrets_of)
            .filter(|key| !wanted.contains(key) && has(key));
        for key in surplus.collect::<Vec<_>>() {
            section.value(key);
            section.report_at(
                key,
                Finding::error(
                    "secret-of-another-way",
                    format!(
                        "`{key}` belongs to another way to authenticate than {}.",
                        wanted.join(" + ")
                    ),
                    "Keep the secrets of one way only.",
                ),
            );
        }
        wanted
            .iter()
            .filter_map(|key| {
                let found = secret::read(self.document, section, key)?;
                self.secrets.push(found.lies);
                Some((key.clone(), found.secret))
            })
            .collect()
    }

    fn webhooks(&mut self, connection: &mut Section<'_>) -> Webhooks {
        let (mut all, mut ages) = Webhooks::default();
        let Some(mut section) = connection.section("webhooks") else {
            return (all, ages);
        };
        for declared in &self.description.webhooks {
            let Some(mut webhook) = section.section(&declared.service) else {
                continue;
            };
            let items = match webhook.value(&declared.secret).map(|value| value.get_ref()) {
                Some(DeValue::Array(items)) => items.iter().collect(),
                _ => Vec::new(),
            };
            if items.is_empty() {
                webhook.report_at(
                    &declared.secret,
                    Finding::error(
                        "webhook-secrets-missing",
                        format!("[{}] has no list `{}`.", webhook.name(), declared.secret),
                        format!("Write {} = [{{ env = \"NAME\" }}]; two while you change from one to the next.", declared.secret),
                    ),
                );
            }
            let mut secrets = Vec::new();
            for item in items {
                match secret::from_value(self.document, webhook.name(), &declared.secret, item) {
                    Ok(found) => {
                        self.secrets.push(found.lies);
                        secrets.push(found.secret);
                    }
                    Err(finding) => webhook.report(*finding),
                }
            }
            all.insert(declared.service.clone(), secrets);
            if let Some(header) = webhook.text("time_header").map(str::to_owned) {
                let hours = webhook.number("max_age_h", 1, 24 * 365);
                let max = Duration::from_secs(hours.unwrap_or(MAX_AGE_H) * 60 * 60);
                ages.insert(declared.service.clone(), WebhookAge { header, max });
            }
            self.findings.extend(webhook.finish());
        }
        self.findings.extend(section.finish());
        (all, ages)
    }

    fn settings(&mut self, connection: &mut Section<'_>) -> String {
        let Some(section) = connection.section("settings") else {
            return "{}".to_owned();
        };
        settings::to_json(self.document, section.table(), &mut self.findings).to_string()
    }
}

fn secrets_of(way: &Auth) -> &[String] {
    match way {
        Auth::Fixed(fixed) => &fixed.secrets,
        Auth::Grant(grant) => &grant.secrets,
    }
}

fn url_of(section: &mut Section<'_>, key: &str) -> Option<Url> {
    let text = section.text(key)?;
    let parsed = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty()
    });
    if parsed.is_none() {
        // Somebody may have put a password before the host, which is not repeated.
        let what = if text.contains('@') {
            "This is not an address without user name and password.".to_owned()
        } else {
            format!("`{text}` is not an address that starts with https://.")
        };
        section.report_at(
            key,
            Finding::error(
                "config-url",
                what,
                "Write the whole address, such as \"https://example.com/api\".",
            ),
        );
    }
    parsed
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c))
}
