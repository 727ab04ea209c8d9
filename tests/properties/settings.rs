//! Laws of the settings.

use atsync_plugin::core::finding::Severity;
use atsync_plugin::core::settings::Settings;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::tries;

/// Any small JSON value.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z:./~ ]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A key of the settings, or a strange one.
fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(KEYS.as_slice()).prop_map(str::to_owned),
        "[a-z~/]{1,6}"
    ]
}

/// Keys inside of settings; a strange value under a known key goes deeper than under a strange one.
const KEYS: [&str; 11] = [
    "cap",
    "code",
    "locations",
    "max",
    "min",
    "name",
    "percentage",
    "reserve",
    "sku",
    "tag",
    "untracked",
];

proptest! {
    #![proptest_config(tries())]

    #[test]
    fn settings_are_taken_or_refused_with_a_reason_whatever_they_are(
        key in prop::sample::select(["interval_s", "warehouses", "rules", "availability", "linesheets", "upc", "brake", "joor", "x"].as_slice()),
        value in json_value(),
    ) {
        let mut text = json!({
            "joor_account": "1234",
            "default_location": "Paris",
            "warehouses": [{ "name": "Default", "locations": ["Paris"] }],
        });
        text[key] = value;
        let (settings, findings) = Settings::read(&text.to_string());
        let refused = findings.iter().any(|finding| finding.severity == Severity::Error);
        prop_assert_eq!(settings.is_none(), refused, "{:?}", findings);
        for finding in &findings {
            prop_assert!(!finding.message.is_empty() && !finding.fix.is_empty(), "{:?}", finding);
        }
    }

    #[test]
    fn the_place_of_a_finding_exists_in_the_settings_or_is_about_to(
        key in prop::sample::select(["warehouses", "rules", "availability", "linesheets"].as_slice()),
        value in json_value(),
    ) {
        let settings = json!({ key: value });
        for finding in Settings::read(&settings.to_string()).1 {
            let path = finding.path.unwrap_or_default();
            prop_assert!(settings.pointer(&path).is_some(), "{} in {}", path, settings);
        }
    }
}
