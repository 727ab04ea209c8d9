//! The documents that the plugin puts together at run time, written down for `tests/contract`,
//! which holds them to Shopify's real schema.

use std::fs;

use atsync_plugin::core::id::Id;
use atsync_plugin::core::settings::Settings;
use atsync_plugin::shopify::operations::Selection;
use serde_json::json;

#[test]
fn composed_documents_are_written_down_as_the_plugin_says_them() {
    let folder = atsync_tests::root().join("tests/contract/composed");
    for (file, text) in documents() {
        let file = folder.join(file);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, &text).unwrap();
        }
        let written = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(
            text,
            written,
            "{} differs; UPDATE_GOLDEN=1 writes it",
            file.display()
        );
    }
}

/// Small and large selections: one location, many, and everything that settings can ask for.
fn documents() -> Vec<(String, String)> {
    let plain = json!({});
    let everything =
        json!({ "upc": "metafield:joor.upc", "rules": [{ "tag": "outlet", "max": 1 }] });
    let barcode = json!({ "upc": "barcode" });
    let asked = [
        ("plain", plain, 1),
        ("everything", everything, 3),
        ("barcode", barcode, 50),
    ];
    let mut documents = Vec::new();
    for (name, settings, locations) in asked {
        let selection = selection(&settings, locations);
        documents.push((
            format!("variants-{name}.graphql"),
            selection.variants().text.into_owned(),
        ));
        documents.push((format!("bulk/variants-{name}.graphql"), selection.bulk()));
        documents.push((
            format!("bulk/variants-{name}-nested.graphql"),
            selection.bulk_nested(),
        ));
    }
    documents
}

fn selection(own: &serde_json::Value, locations: u64) -> Selection {
    let mut settings = json!({
        "joor_account": "1234",
        "default_location": "Paris",
        "warehouses": [{ "name": "Default", "locations": ["Paris"] }],
    });
    settings
        .as_object_mut()
        .unwrap()
        .extend(own.as_object().unwrap().clone());
    let settings = Settings::read(&settings.to_string())
        .0
        .expect("settings that are taken");
    Selection::new(&settings, (1..=locations).map(Id).collect())
}
