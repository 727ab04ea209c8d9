//! What the probe says of itself: a service for each way to prove who one is.

use crate::bindings::exports::atsync::connector::manifest::{
    Argument, Auth, Description, Finding, FixedAuth, GrantAuth, GrantEncoding, HeaderForm, Offer,
    Service, Severity, Webhook,
};
use crate::pass;

/// The header of the service `kit`, which no connector may write or read.
const HEADER: &str = "X-Kit-Token";

/// What the probe is.
pub fn describe() -> Description {
    Description {
        name: "kit".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        summary: "Asks for the effects of a script, and reports what it got.".to_owned(),
        services: vec![
            service("kit", fixed()),
            service("granted", grant(GrantEncoding::FormUrlencoded)),
            service("granted-json", grant(GrantEncoding::Json)),
            service("granted-parts", grant(GrantEncoding::Multipart)),
        ],
        download_hosts: vec!["*.files.invalid".to_owned()],
        webhooks: vec![Webhook {
            service: "kit".to_owned(),
            signature_header: "X-Kit-Hmac-Sha256".to_owned(),
            secret: "secrets".to_owned(),
            id_header: "X-Kit-Id".to_owned(),
            topic_header: "X-Kit-Topic".to_owned(),
            topics: vec!["things/update".to_owned()],
        }],
        settings_schema: SETTINGS_SCHEMA.to_owned(),
        // Names that atsync's command line has: it offers what its own connector offers.
        questions: vec![offer("explain", "sku")],
        acts: vec![offer("orders-retry", "order")],
        interval_ms_min: 1_000,
    }
}

const SETTINGS_SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "properties": {
    "script": { "type": "string", "title": "Script", "description": "What a pass does, as JSON." }
  },
  "required": ["script"],
  "additionalProperties": false
}"#;

/// Refuses settings without a script that can be read.
pub fn check_settings(settings: &str) -> Vec<Finding> {
    let finding = |error: String| Finding {
        code: "probe-script".to_owned(),
        severity: Severity::Error,
        path: Some("/script".to_owned()),
        message: format!("The script cannot be read: {error}."),
        fix: "See the script's shape in the probe.".to_owned(),
    };
    pass::script(settings)
        .err()
        .map(finding)
        .into_iter()
        .collect()
}

fn service(name: &str, auth: Auth) -> Service {
    Service {
        name: name.to_owned(),
        summary: format!("The kit's server as the service {name}."),
        default_url: None,
        example_url: "http://127.0.0.1:8000/base".to_owned(),
        auth: vec![auth],
    }
}

fn fixed() -> Auth {
    Auth::Fixed(FixedAuth {
        secrets: vec!["token".to_owned()],
        header: HeaderForm {
            name: HEADER.to_owned(),
            form: "Kit {base64:token}".to_owned(),
        },
    })
}

fn grant(encoding: GrantEncoding) -> Auth {
    let field = |name: &str, form: &str| (name.to_owned(), form.to_owned());
    Auth::Grant(GrantAuth {
        secrets: vec!["client_id".to_owned(), "client_secret".to_owned()],
        token_url: "/oauth/token".to_owned(),
        encoding,
        fields: vec![
            field("grant_type", "client_credentials"),
            field("client_id", "{client_id}"),
            field("client_secret", "{client_secret}"),
        ],
        token_field: "access_token".to_owned(),
        lifetime_field: Some("expires_in".to_owned()),
        header: HeaderForm {
            name: "Authorization".to_owned(),
            form: "Bearer {access_token}".to_owned(),
        },
    })
}

fn offer(name: &str, argument: &str) -> Offer {
    Offer {
        name: name.to_owned(),
        summary: format!("Runs the script as {name}."),
        arguments: vec![Argument {
            name: argument.to_owned(),
            summary: "Comes back in the report.".to_owned(),
            required: true,
        }],
    }
}
