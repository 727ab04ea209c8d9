//! Laws of the settings.

use atsync_plugin::core::finding::Severity;
use atsync_plugin::core::settings::{SCHEMA, Settings, same_location};
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

/// The schema of the settings, with what its references point at in their place.
fn schema() -> Value {
    fn resolved(schema: &Value, root: &Value) -> Value {
        match schema {
            Value::Object(members) => match members.get("$ref").and_then(Value::as_str) {
                Some(target) => resolved(root.pointer(&target[1..]).unwrap(), root),
                None => members
                    .iter()
                    .map(|(key, value)| (key.clone(), resolved(value, root)))
                    .collect(),
            },
            Value::Array(items) => items.iter().map(|item| resolved(item, root)).collect(),
            other => other.clone(),
        }
    }
    let root: Value = serde_json::from_str(SCHEMA).unwrap();
    resolved(&root, &root)
}

/// The smallest settings, with `value` at `keys`.
fn smallest_with(keys: &[&str], value: Value) -> Value {
    let mut settings = json!({
        "joor_account": "1234",
        "default_location": "Paris",
        "warehouses": [{ "name": "Default", "locations": ["Paris"] }],
    });
    let mut place = &mut settings;
    for key in keys {
        if place.get(key).is_none() {
            place[key] = json!({});
        }
        place = &mut place[key];
    }
    *place = value;
    settings
}

/// Each setting that stands by itself, or in an object of settings: its keys, and its schema.
fn each(schema: &Value, visit: &mut dyn FnMut(&[&str], &Value)) {
    for (key, inner) in schema["properties"].as_object().unwrap() {
        visit(&[key], inner);
        for (below, inner) in inner["properties"].as_object().into_iter().flatten() {
            visit(&[key, below], inner);
        }
    }
}

/// The code of the finding about the setting at `keys`.
fn finding_at(keys: &[&str], value: Value) -> Option<String> {
    let path = format!("/{}", keys.join("/"));
    let (_, findings) = Settings::read(&smallest_with(keys, value).to_string());
    let mut about = findings
        .into_iter()
        .filter(|found| found.path.as_ref() == Some(&path));
    about.next().map(|finding| finding.code)
}

#[test]
fn what_is_not_given_is_as_the_schema_says() {
    let read = |settings: &Value| format!("{:?}", Settings::read(&settings.to_string()).0.unwrap());
    let silent = read(&smallest_with(&["joor_account"], "1234".into()));
    let mut told = 0;
    each(&schema(), &mut |keys, schema| {
        // A rule that is given overrides a more general one, also with the value that it had.
        if let (Some(default), false) = (schema.get("default"), keys[0] == "availability") {
            assert_eq!(
                read(&smallest_with(keys, default.clone())),
                silent,
                "{keys:?}"
            );
            told += 1;
        }
    });
    assert!(told > 10, "{told} settings have a default");
}

#[test]
fn a_number_is_taken_up_to_its_bounds_and_refused_one_beyond() {
    let mut bounds = 0;
    each(&schema(), &mut |keys, schema| {
        for (bound, beyond, code) in [
            ("minimum", -1, "settings-too-small"),
            ("maximum", 1, "settings-too-large"),
        ] {
            if let Some(number) = schema[bound].as_i64() {
                assert_eq!(finding_at(keys, number.into()), None, "{keys:?}");
                let found = finding_at(keys, (number + beyond).into());
                assert_eq!(found.as_deref(), Some(code), "{keys:?}");
                bounds += 1;
            }
        }
    });
    assert!(bounds > 10, "{bounds} bounds");
}

#[test]
fn a_list_is_taken_up_to_its_most_entries_and_refused_with_one_more() {
    let tags = |many: usize| finding_at(&["orders", "tags"], vec!["JOOR"; many].into());
    assert_eq!(tags(20), None);
    assert_eq!(tags(21).as_deref(), Some("settings-too-many"));
}

#[test]
fn an_upc_may_be_any_metafield_with_a_namespace_and_a_key() {
    let read = |upc: &str| finding_at(&["upc"], upc.into());
    for right in [
        "metafield:custom.upc",
        "metafield:$app:my-brand.upc_2",
        "metafield:a_b.c-d",
    ] {
        assert_eq!(read(right), None, "{right}");
    }
    for wrong in [
        "metafield:.upc",
        "metafield:custom.",
        "metafield:custom",
        "metafield:a b.c",
        "metafield:a.b.c",
        "metafield:a.b:c",
        "upc",
    ] {
        assert!(read(wrong).is_some(), "{wrong}");
    }
}

#[test]
fn orders_are_assigned_to_the_default_location_or_to_the_one_that_is_named_for_them() {
    let location = |settings: Value| {
        let settings = Settings::read(&settings.to_string()).0.unwrap();
        settings.order_location().to_owned()
    };
    assert_eq!(
        location(smallest_with(&["joor_account"], "1234".into())),
        "Paris"
    );
    assert_eq!(
        location(smallest_with(&["orders", "location"], "Lyon".into())),
        "Lyon"
    );
}

#[test]
fn the_settings_tell_of_a_linesheet_in_any_case_whether_it_is_made_to_order() {
    let linesheets = json!([
        { "code": "Made", "made_to_order": true },
        { "code": "Stock", "made_to_order": false },
        { "code": "Silent", "claim": "follow-policy" },
    ]);
    let settings = smallest_with(&["linesheets"], linesheets);
    let settings = Settings::read(&settings.to_string()).0.unwrap();
    let told = ["MADE", "stock", "silent", "other"].map(|code| settings.made_to_order(code));
    assert_eq!(told, [Some(true), Some(false), None, None]);
}

#[test]
fn a_location_is_the_same_by_its_id_or_by_its_name_in_any_case() {
    for (a, b, same) in [
        ("Paris", " paris ", true),
        ("ÉTOILE", "étoile", true),
        ("Paris", "Lyon", false),
        ("gid://shopify/Location/7", "7", true),
        ("7", "8", false),
        ("7", "Paris", false),
    ] {
        assert_eq!(same_location(a, b), same, "{a} and {b}");
    }
}

#[test]
fn settings_with_a_warning_are_taken_and_those_with_an_error_are_not() {
    let taken = |keys: &[&str], value: Value| {
        let (settings, findings) = Settings::read(&smallest_with(keys, value).to_string());
        let severities: Vec<Severity> = findings.iter().map(|found| found.severity).collect();
        (settings.is_some(), severities)
    };
    let elsewhere = taken(&["default_location"], "Milan".into());
    assert_eq!(elsewhere, (true, vec![Severity::Warning]));
    let twice = json!([{ "name": "Default", "locations": ["Paris", "Paris"] }]);
    assert_eq!(
        taken(&["warehouses"], twice),
        (false, vec![Severity::Error])
    );
}
