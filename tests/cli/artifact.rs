//! The component as a file for other runtimes.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::{atsync, folder};

fn told(place: &Path, arguments: &[&str]) -> Value {
    let output = atsync()
        .args(arguments)
        .arg("--json")
        .current_dir(place)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_component_that_was_written_is_the_built_in_one() {
    let place = TempDir::new().unwrap();
    let built_in = told(place.path(), &["component", "--write", "connector"]);
    let name = built_in["name"].as_str().unwrap();
    let file = format!("connector/{name}.wasm");
    let bytes = fs::read(place.path().join(&file)).unwrap();
    assert_eq!(Some(bytes.len() as u64), built_in["bytes"].as_u64());

    let written = told(place.path(), &["component", &file]);

    assert_eq!(written["sha256"], built_in["sha256"]);
    assert_eq!(written["services"], built_in["services"]);
}

#[test]
fn a_component_is_written_with_its_contract_and_the_schema_of_its_settings() {
    let place = TempDir::new().unwrap();
    told(place.path(), &["component", "--write", "connector"]);
    let read = |name: &str| fs::read_to_string(place.path().join("connector").join(name)).unwrap();

    let contract = fs::read_to_string(folder().join("../../wit/connector.wit")).unwrap();

    assert_eq!(read("connector.wit"), contract);
    let schema: Value = serde_json::from_str(&read("settings.schema.json")).unwrap();
    assert!(schema["properties"]["warehouses"].is_object());
}
