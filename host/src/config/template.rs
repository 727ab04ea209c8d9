//! A commented `atsync.toml`, made from a component's manifest.

use atsync::engine::manifest::{Auth, Description, Service, Webhook};
use serde_json::Value;

use super::schema::Schema;

const WIDTH: usize = 88;

/// The text of a configuration file with one connection, `name`, that needs nothing but its
/// values filled in: what is required stands as an example, what is optional as a comment with
/// its default.
///
/// # Errors
/// The manifest's schema is not one.
pub fn template(name: &str, description: &Description) -> serde_json::Result<String> {
    let schema: Schema = serde_json::from_str(&description.settings_schema)?;
    let mut text = Text(String::new());
    text.comment(&format!(
        "Configuration of {}. {}",
        description.name, description.summary
    ));
    text.comment("Lines that start with # show what is taken when they are left out.");
    text.comment("`atsync check` tries everything in here and changes nothing.");
    text.line("");
    text.line("# [store]");
    text.line("# path = \"atsync.db\"            # relative to this file");
    text.line("# [server]");
    text.line("# listen = \"127.0.0.1:8080\"     # webhooks, status page, metrics");
    text.line("# token = { env = \"ATSYNC_SERVER_TOKEN\" }   # to see the last two from elsewhere");
    text.line("# [recording]");
    text.line("# keep_mb = 64                  # per connection; 0 records nothing");
    text.line("# keep_days = 14                # they may hold personal data");
    text.line("");
    for service in &description.services {
        text.service(name, service);
    }
    for webhook in &description.webhooks {
        text.webhook(name, webhook);
    }
    text.settings(&format!("connection.{name}.settings"), &schema);
    Ok(text.0)
}

struct Text(String);

impl Text {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// `words` as comment lines of readable width.
    fn comment(&mut self, words: &str) {
        let mut line = "#".to_owned();
        for word in words.split_whitespace() {
            if line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.line(&line);
                line = "#".to_owned();
            }
            line.push(' ');
            line.push_str(word);
        }
        self.line(&line);
    }

    fn service(&mut self, connection: &str, service: &Service) {
        self.comment(&service.summary);
        self.line(&format!(
            "[connection.{connection}.services.{}]",
            service.name
        ));
        match &service.default_url {
            Some(url) => self.line(&format!("# url = \"{url}\"")),
            None => self.line(&format!("url = \"{}\"", service.example_url)),
        }
        for (number, way) in service.auth.iter().enumerate() {
            let (secrets, token_url) = match way {
                Auth::Fixed(fixed) => (&fixed.secrets, None),
                Auth::Grant(grant) => (&grant.secrets, Some(&grant.token_url)),
            };
            let off = if number == 0 { "" } else { "# " };
            if number > 0 {
                self.line("# or, instead of the above:");
            }
            for secret in secrets {
                let variable = variable(&[connection, &service.name, secret]);
                self.line(&format!("{off}{secret} = {{ env = \"{variable}\" }}"));
            }
            // A path stands below the base URL, whatever that is.
            if let Some(url) = token_url.filter(|url| !url.starts_with('/')) {
                self.line(&format!("# token_url = \"{url}\""));
            }
        }
        self.line("");
    }

    fn webhook(&mut self, connection: &str, webhook: &Webhook) {
        let address = format!("/webhooks/{connection}/{}", webhook.service);
        self.comment(&format!(
            "Webhooks make changes visible in the next pass. Point the topics {} to {address} of this server.",
            webhook.topics.join(", ")
        ));
        let variable = variable(&[connection, &webhook.service, "webhook_secret"]);
        self.line(&format!(
            "# [connection.{connection}.webhooks.{}]",
            webhook.service
        ));
        self.line(&format!(
            "# {} = [{{ env = \"{variable}\" }}]",
            webhook.secret
        ));
        self.line("");
    }

    /// Values first, tables after them, as TOML wants it.
    fn settings(&mut self, table: &str, schema: &Schema) {
        self.line(&format!("[{table}]"));
        self.values(schema, schema, "");
        for (key, property) in &schema.properties.0 {
            let property = schema.resolve(property);
            let off = if schema.required.contains(key) {
                ""
            } else {
                "# "
            };
            if property.is_table() {
                self.explain(property);
                self.line(&format!("{off}[{table}.{key}]"));
                self.values(schema, property, off);
            } else if let Some(items) = property.items.as_deref().filter(|items| items.is_table()) {
                self.explain(property);
                self.line(&format!("{off}[[{table}.{key}]]"));
                self.values(schema, items, off);
            }
        }
    }

    fn values(&mut self, root: &Schema, table: &Schema, off: &str) {
        for (key, property) in &table.properties.0 {
            let described = root.resolve(property);
            if described.is_table() || described.is_list_of_tables() {
                continue;
            }
            self.explain(described);
            let off = if table.required.contains(key) {
                off
            } else {
                "# "
            };
            let value = described.example().map_or_else(|| "…".to_owned(), toml);
            self.line(&format!("{off}{key} = {value}"));
        }
        self.line("");
    }

    /// The property in a comment; one without a title is named by its line below.
    fn explain(&mut self, property: &Schema) {
        let description = property.description.as_deref().unwrap_or_default();
        match &property.title {
            Some(title) => self.comment(&format!("{title}: {description}")),
            None if description.is_empty() => {}
            None => self.comment(description),
        }
    }
}

/// `ACME_SHOP_TOKEN` from `acme`, `shop` and `token`.
fn variable(parts: &[&str]) -> String {
    parts
        .join("_")
        .to_uppercase()
        .replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

/// JSON as TOML on one line.
fn toml(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<_> = members
                .iter()
                .map(|(key, value)| format!("{key} = {}", toml(value)))
                .collect();
            format!("{{ {} }}", members.join(", "))
        }
        Value::Array(items) => {
            format!(
                "[{}]",
                items.iter().map(toml).collect::<Vec<_>>().join(", ")
            )
        }
        other => other.to_string(),
    }
}
