//! What is taken from `atsync.toml`, and what is refused and how.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::path::Path;
use std::sync::Arc;

use atsync::engine::manifest::{
    Auth, Description, FixedAuth, GrantAuth, GrantEncoding, HeaderForm, Service, Webhook,
};
use secrecy::ExposeSecret as _;

use super::{Config, Document, Lies, template};
use crate::finding::Finding;

pub(super) const WHOLE: &str = r#"
[store]
path = "data/ledger.db"

[connection.acme]
[connection.acme.services.shop]
url = "https://acme.example.com"
token = "s3cret"
[connection.acme.services.market]
client_id = "id"
client_secret = "hush"
[connection.acme.webhooks.shop]
secrets = ["one", "two"]
time_header = "X-Sent-At"
[connection.acme.settings]
interval_s = 60
[[connection.acme.settings.warehouses]]
name = "Default"
locations = ["Paris", "Lyon"]
"#;

pub(super) fn description() -> Description {
    let header = HeaderForm {
        name: "x-token".into(),
        form: "{token}".into(),
    };
    let fixed = Auth::Fixed(FixedAuth {
        secrets: vec!["token".into()],
        header: header.clone(),
    });
    let grant = Auth::Grant(GrantAuth {
        secrets: vec!["client_id".into(), "client_secret".into()],
        token_url: "/token".into(),
        encoding: GrantEncoding::Json,
        fields: Vec::new(),
        token_field: "access_token".into(),
        lifetime_field: None,
        header,
    });
    let service = |name: &str, default_url: Option<&str>, auth| Service {
        name: name.into(),
        summary: format!("The {name}."),
        default_url: default_url.map(str::to_owned),
        example_url: format!("https://{name}.example.com"),
        auth,
    };
    Description {
        name: "test".into(),
        version: "1.0.0".into(),
        summary: "Moves things.".into(),
        services: vec![
            service("shop", None, vec![fixed, grant.clone()]),
            service("market", Some("https://market.example.com"), vec![grant]),
        ],
        download_hosts: Vec::new(),
        webhooks: vec![Webhook {
            service: "shop".into(),
            signature_header: "x-signature".into(),
            secret: "secrets".into(),
            id_header: "x-id".into(),
            topic_header: "x-topic".into(),
            topics: vec!["changed".into()],
        }],
        settings_schema: r##"{
            "required": ["account", "warehouses"],
            "properties": {
                "account": {"title": "Account", "description": "Whose.", "examples": ["1234"]},
                "interval_s": {"description": "Seconds.", "default": 60},
                "warehouses": {"items": {"required": ["name"], "properties": {
                    "name": {"examples": ["Default"]}, "verified": {"default": false}}}},
                "rule": {"properties": {"reserve": {"$ref": "#/$defs/reserve"}}}
            },
            "$defs": {"reserve": {"description": "Kept back.", "default": 0}}
        }"##
        .into(),
        questions: Vec::new(),
        acts: Vec::new(),
        interval_ms_min: 60_000,
    }
}

fn read(text: &str) -> Config {
    let document = Document::parse(Path::new("conf/atsync.toml"), text.to_owned())
        .ok()
        .unwrap();
    Config::from_document(document, &mut |_| Ok(Arc::new(description())))
}

/// All findings of a file, each as `line:column code message fix`.
fn wrong(text: &str) -> Vec<String> {
    let config = read(text);
    let of_connections = config.connections.iter().flat_map(|one| &one.findings);
    let told = |finding: &Finding| {
        let place = finding.at.as_ref().unwrap();
        let Finding {
            code, message, fix, ..
        } = finding;
        format!("{}:{} {code} {message} {fix}", place.line, place.column)
    };
    config
        .findings
        .iter()
        .chain(of_connections)
        .map(told)
        .collect()
}

#[test]
fn a_whole_file_becomes_a_connection() {
    let config = read(WHOLE);
    assert_eq!(config.findings, []);
    assert_eq!(config.store, Path::new("conf/data/ledger.db"));
    let acme = &config.connections[0];
    assert_eq!(acme.findings, []);
    let connection = acme.connection.as_ref().unwrap();
    assert_eq!(
        connection.settings,
        r#"{"interval_s":60,"warehouses":[{"locations":["Paris","Lyon"],"name":"Default"}]}"#
    );
    assert_eq!(
        connection.services["shop"].secrets["token"].expose_secret(),
        "s3cret"
    );
    assert_eq!(connection.services["market"].secrets.len(), 2);
    assert_eq!(connection.webhook_secrets["shop"].len(), 2);
    let age = &connection.webhook_ages["shop"];
    assert_eq!((&*age.header, age.max.as_secs()), ("X-Sent-At", 48 * 3600));
    let in_file = acme
        .secrets
        .iter()
        .filter(|lies| matches!(lies, Lies::Configuration(_)));
    assert_eq!(in_file.count(), 5);
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_known_one() {
    let findings = wrong(&WHOLE.replace("url =", "ur ="));
    assert_eq!(
        findings,
        [
            "6:27 config-url-missing [connection.acme.services.shop] has no `url`. \
             Add one such as url = \"https://shop.example.com\".",
            "7:1 config-unknown-key There is no key `ur` in [connection.acme.services.shop]. \
             Did you mean `url`?",
        ]
    );
}

#[test]
fn a_value_of_the_wrong_type_is_refused_where_it_stands() {
    assert_eq!(
        wrong(&WHOLE.replace("\"data/ledger.db\"", "7")),
        [
            "3:8 config-wrong-value `path` has to be a string in quotes, and this is the number 7. \
          Write a string in quotes there."
        ]
    );
}

#[test]
fn a_secret_of_the_wrong_type_is_not_repeated_in_the_message() {
    let findings = wrong(&WHOLE.replace("\"s3cret\"", "{ envv = \"s3cret\" }"));
    assert!(
        findings[0].starts_with("8:9 secret-wrong-form"),
        "{findings:?}"
    );
    assert!(!findings.concat().contains("s3cret"));
}

#[test]
fn a_missing_variable_is_named() {
    let findings = wrong(&WHOLE.replace("\"s3cret\"", "{ env = \"ATSYNC_TEST_NOT_SET\" }"));
    assert!(
        findings[0].starts_with("8:9 secret-not-in-environment"),
        "{findings:?}"
    );
    assert!(findings[0].contains("ATSYNC_TEST_NOT_SET"));
}

#[test]
fn the_secrets_of_one_way_to_authenticate_are_wanted_whole() {
    let findings = wrong(&WHOLE.replace("client_secret = \"hush\"\n", ""));
    assert!(findings[0].contains("lacks client_secret"), "{findings:?}");
}

#[test]
fn the_secrets_of_two_ways_at_once_are_refused() {
    let findings = wrong(&WHOLE.replace(
        "token = \"s3cret\"",
        "token = \"s3cret\"\nclient_id = \"x\"",
    ));
    assert!(
        findings[0].starts_with("9:1 secret-of-another-way `client_id`"),
        "{findings:?}"
    );
}

#[test]
fn an_unknown_service_is_refused() {
    let findings = wrong(&WHOLE.replace("services.market", "services.markt"));
    assert!(
        findings
            .iter()
            .any(|finding| finding.contains("config-service-missing"))
    );
    assert!(
        findings
            .iter()
            .any(|finding| finding.ends_with("Did you mean `market`?"))
    );
}

#[test]
fn broken_toml_is_told_with_its_place() {
    let broken = Document::parse(Path::new("a.toml"), "[store\npath = 1".to_owned());
    let finding = &broken.err().unwrap()[0];
    assert_eq!(finding.code, "config-syntax");
    assert_eq!(finding.at.as_ref().unwrap().line, 1);
}

#[test]
fn a_pointer_leads_to_the_nearest_line_there_is() {
    let config = read(WHOLE);
    let line = |pointer| config.place_of_setting("acme", pointer).line;
    assert_eq!(line("/interval_s"), 16);
    assert_eq!(line("/warehouses/0/name"), 18);
    assert_eq!(line("/warehouses/0/verified"), 17);
    assert_eq!(line("/account"), 15);
}

#[test]
fn a_number_that_json_cannot_carry_is_refused() {
    let findings = wrong(&WHOLE.replace("interval_s = 60", "interval_s = nan"));
    assert!(
        findings[0].starts_with("16:14 config-number"),
        "{findings:?}"
    );
}

#[test]
fn the_generated_file_needs_nothing_but_its_values() {
    let text = template("acme", &description()).unwrap();
    let filled = ["token", "client_id", "client_secret"]
        .iter()
        .fold(text.clone(), |text, key| {
            text.lines()
                .map(|line| match line.starts_with(&format!("{key} =")) {
                    true => format!("{key} = \"filled in\"\n"),
                    false => format!("{line}\n"),
                })
                .collect()
        });
    assert_eq!(wrong(&filled), Vec::<String>::new(), "{filled}");
    assert!(text.contains("# interval_s = 60\n"));
    assert!(text.contains("\naccount = \"1234\"\n"));
    assert!(text.contains("# Kept back.\n# reserve = 0\n"));
}

#[test]
fn a_server_that_others_reach_needs_a_token_that_cannot_be_guessed() {
    let server = |lines: &str| wrong(&format!("[server]\n{lines}\n{WHOLE}"));
    let long = "token = \"a-token-of-some-length\"";
    for fine in [
        "listen = \"127.0.0.1:1\"",
        "listen = \"[::1]:1\"",
        long,
        &format!("listen = \"0.0.0.0:1\"\n{long}"),
    ] {
        assert_eq!(server(fine), Vec::<String>::new(), "{fine}");
    }
    for listen in ["0.0.0.0:1", "[::]:1", "192.168.1.7:8080"] {
        let told = server(&format!("listen = \"{listen}\""));
        assert!(
            told[0].starts_with("2:1 config-server-open Whoever reaches"),
            "{told:?}"
        );
        assert!(told[0].contains(listen), "{told:?}");
    }
    let told = server("token = \"short\"");
    assert!(told[0].starts_with("2:1 config-server-token "), "{told:?}");
}

#[test]
fn a_pin_is_a_digest() {
    let pinned = |digest: &str| {
        let line = format!("[connection.acme]\nsha256 = \"{digest}\"\n");
        wrong(&WHOLE.replacen("[connection.acme]\n", &line, 1))
    };
    assert_eq!(pinned(&"aB".repeat(32)), Vec::<String>::new());
    for digest in ["", "abc", &"zz".repeat(32)] {
        assert!(pinned(digest)[0].contains("config-sha256"), "{digest}");
    }
}

#[test]
fn an_address_with_a_password_in_it_is_not_repeated() {
    let text = WHOLE.replacen("https://acme", "https://ann:hush-hush@acme", 1);
    let told = wrong(&text);
    assert!(told[0].contains("without user name"), "{told:?}");
    assert!(!told[0].contains("hush-hush"), "{told:?}");
}
