//! Two services with every way to authenticate, and one that signs webhooks.

use crate::bindings::exports::atsync::connector::manifest::{
    Auth, Description, Finding, FixedAuth, GrantAuth, GrantEncoding, HeaderForm, Service, Severity,
    Webhook,
};

pub fn describe() -> Description {
    Description {
        name: "guest".to_owned(),
        version: "0.1.0".to_owned(),
        summary: "Does what its settings say.".to_owned(),
        services: vec![
            Service {
                name: "shelf".to_owned(),
                summary: "Where goods lie.".to_owned(),
                default_url: None,
                example_url: "https://shelf.example".to_owned(),
                auth: vec![
                    fixed(&["token"], "X-Shelf-Token", "{token}"),
                    Auth::Grant(GrantAuth {
                        secrets: texts(&["client_id", "client_secret"]),
                        token_url: "/oauth/token".to_owned(),
                        encoding: GrantEncoding::Json,
                        fields: fields(&[
                            ("client_id", "{client_id}"),
                            ("client_secret", "{client_secret}"),
                            ("grant_type", "client_credentials"),
                        ]),
                        token_field: "access_token".to_owned(),
                        lifetime_field: Some("expires_in".to_owned()),
                        header: header("X-Shelf-Token", "{access_token}"),
                    }),
                ],
            },
            Service {
                name: "market".to_owned(),
                summary: "Where goods are sold.".to_owned(),
                default_url: Some("https://market.example/v2".to_owned()),
                example_url: "https://market.example/v2".to_owned(),
                auth: vec![
                    fixed(&["token"], "Authorization", "OAuth2 {base64:token}"),
                    Auth::Grant(GrantAuth {
                        secrets: texts(&["username", "password"]),
                        token_url: "https://auth.market.example/token/".to_owned(),
                        encoding: GrantEncoding::Multipart,
                        fields: fields(&[
                            ("grant_type", "password"),
                            ("username", "{username}"),
                            ("password", "{password}"),
                        ]),
                        token_field: "access_token".to_owned(),
                        lifetime_field: Some("expires_in".to_owned()),
                        header: header("Authorization", "Bearer {access_token}"),
                    }),
                ],
            },
        ],
        download_hosts: texts(&["files.example", "*.store.example"]),
        webhooks: vec![Webhook {
            service: "shelf".to_owned(),
            signature_header: "X-Shelf-Signature".to_owned(),
            secret: "secrets".to_owned(),
            id_header: "X-Shelf-Id".to_owned(),
            topic_header: "X-Shelf-Topic".to_owned(),
            topics: texts(&["stock/changed"]),
        }],
        settings_schema: r#"{"type":"object"}"#.to_owned(),
        questions: vec![],
        acts: vec![],
        interval_ms_min: 60_000,
    }
}

pub fn check_settings(settings: &str) -> Vec<Finding> {
    if serde_json::from_str::<crate::Script>(settings).is_ok() {
        return Vec::new();
    }
    vec![Finding {
        code: "script".to_owned(),
        severity: Severity::Error,
        path: Some("/steps".to_owned()),
        message: "The script cannot be read.".to_owned(),
        fix: "Correct the script.".to_owned(),
    }]
}

fn fixed(secrets: &[&str], name: &str, form: &str) -> Auth {
    Auth::Fixed(FixedAuth {
        secrets: texts(secrets),
        header: header(name, form),
    })
}

fn header(name: &str, form: &str) -> HeaderForm {
    HeaderForm {
        name: name.to_owned(),
        form: form.to_owned(),
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn fields(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields
        .iter()
        .map(|(name, form)| ((*name).to_owned(), (*form).to_owned()))
        .collect()
}
