use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use atsync::component::Component;
use atsync::engine::reconcile::Mode;
use atsync::engine::{Connector, Engine};
use atsync::problem::Problem;
use serde_json::json;

use crate::support::*;

#[test]
fn the_manifest_of_a_component_is_read_when_it_is_loaded() {
    let description = connector();
    let description = description.describe();
    assert_eq!(description.name, "guest");
    assert_eq!(description.services.len(), 2);
}

#[test]
fn the_component_judges_settings_without_a_pass() {
    assert!(
        connector()
            .check_settings(r#"{"steps":[]}"#)
            .unwrap()
            .is_empty()
    );
    let findings = connector().check_settings("{}").unwrap();
    assert_eq!(findings[0].path.as_deref(), Some("/steps"));
}

#[test]
fn a_component_that_imports_anything_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("importing.wasm");
    std::fs::write(
        &file,
        wat::parse_str(r#"(component (import "clock" (func)))"#).unwrap(),
    )
    .unwrap();
    let engine = Engine::new(folder.path()).unwrap();
    let problem = engine.load(&Component::File(file)).err().unwrap();
    assert_eq!(problem.code, "component-refused");
    assert!(problem.message.contains("imports clock"), "{problem}");
}

#[test]
fn a_component_of_another_contract_and_a_file_that_is_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::new(folder.path()).unwrap();
    for (name, bytes) in [
        ("empty", wat::parse_str("(component)").unwrap()),
        ("text", b"hello".to_vec()),
    ] {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        let problem = engine.load(&Component::File(file)).err().unwrap();
        assert_eq!(problem.code, "component-refused", "{problem}");
    }
    let missing = engine
        .load(&Component::File(folder.path().join("missing")))
        .err()
        .unwrap();
    assert_eq!(missing.code, "component-unreadable");
}

/// The guest with another version in the names of its exports.
fn guest_of_version(version: &str, folder: &Path) -> Result<Connector, Problem> {
    let mut bytes = std::fs::read(guest()).unwrap();
    let (known, other) = (b"@1.0.0", format!("@{version}"));
    assert_eq!(known.len(), other.len());
    for at in 0..bytes.len() - known.len() {
        if bytes[at..].starts_with(known) {
            bytes[at..at + known.len()].copy_from_slice(other.as_bytes());
        }
    }
    let file = folder.join(version);
    std::fs::write(&file, bytes).unwrap();
    Engine::new(folder).unwrap().load(&Component::File(file))
}

#[test]
fn a_component_of_an_unknown_major_version_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let problem = guest_of_version("2.0.0", folder.path()).err().unwrap();
    assert_eq!(problem.code, "component-version");
    assert!(
        problem.message.contains("made for version 2.0.0"),
        "{problem}"
    );
    assert!(problem.fix.contains("Update atsync"), "{problem}");
}

#[test]
fn a_component_of_a_later_minor_version_runs() {
    let folder = tempfile::tempdir().unwrap();
    let connector = guest_of_version("1.1.0", folder.path()).unwrap();
    assert_eq!(connector.contract(), "atsync:connector@1.1.0");
    assert_eq!(connector.describe().name, "guest");
}

#[test]
fn a_compiled_component_is_kept_and_a_damaged_or_foreign_one_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("compiled");
    let load = || {
        let engine = Engine::new(&cache).unwrap();
        engine
            .load(&Component::File(guest().to_owned()))
            .unwrap()
            .describe()
            .name
            .clone()
    };
    assert_eq!(load(), "guest");
    let file = std::fs::read_dir(&cache)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let whole = std::fs::read(&file).unwrap();

    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    for content in [damaged, whole[..100].to_vec(), Vec::new()] {
        std::fs::write(&file, content).unwrap();
        assert_eq!(load(), "guest");
        assert!(std::fs::read(&file).unwrap() == whole, "it is whole again");
    }

    // Somebody else could have written it: it is not run, but made anew.
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(load(), "guest");
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[tokio::test]
async fn a_component_that_wants_too_much_memory_is_stopped() {
    let mut bench = Bench::offline();
    bench.connection.limits.memory_bytes = 32 << 20;
    bench.data(Mode::Sync, &json!([{ "Fill": 16 << 20 }])).await;
    let problem = bench
        .pass(Mode::Sync, &json!([{ "Fill": 64 << 20 }]))
        .await
        .unwrap_err();
    assert_eq!(problem.code, "component-memory");
    assert!(problem.message.contains("32 MiB"), "{problem}");
}

#[tokio::test]
async fn a_component_that_computes_for_ever_is_stopped() {
    let mut bench = Bench::offline();
    bench.connection.limits.turn_time = Duration::from_millis(200);
    let problem = bench.pass(Mode::Sync, &json!(["Spin"])).await.unwrap_err();
    assert_eq!(problem.code, "component-time");
}

/// Why a component with these parts, and with all that a connector has to have, is not loaded.
fn refusal_of(parts: &str) -> Problem {
    let text = r#"(component PARTS
        (func $f (canon lift (core func $i "f")))
        (instance $manifest (export "describe" (func $f)) (export "check-settings" (func $f)))
        (instance $reconcile (export "start" (func $f)) (export "resume" (func $f)))
        (instance $policy (export "availability" (func $f)) (export "claim" (func $f)))
        (export "atsync:connector/manifest@1.0.0" (instance $manifest))
        (export "atsync:connector/reconcile@1.0.0" (instance $reconcile))
        (export "atsync:connector/policy@1.0.0" (instance $policy)))"#;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hostile.wasm");
    let text = text.replace("PARTS", parts);
    std::fs::write(&file, wat::parse_str(text).unwrap()).unwrap();
    let engine = Engine::new(folder.path()).unwrap();
    engine.load(&Component::File(file)).err().unwrap()
}

#[test]
fn a_component_that_never_comes_to_its_start_is_stopped() {
    let problem = refusal_of(
        r#"(core module $m
            (func $spin (loop br 0))
            (start $spin)
            (func (export "f")))
        (core instance $i (instantiate $m))"#,
    );
    assert_eq!(problem.code, "component-time", "{problem}");
}

#[test]
fn a_component_that_fills_tables_instead_of_memory_is_stopped() {
    let tables = "(table 1000000 funcref)".repeat(50);
    let problem = refusal_of(&format!(
        r#"(core module $m {tables} (func (export "f")))
        (core instance $i (instantiate $m))"#
    ));
    assert_eq!(problem.code, "component-memory", "{problem}");
}

#[test]
fn a_component_of_very_many_parts_does_not_start() {
    let problem = refusal_of(&format!(
        r#"(core module $m (func (export "f"))) (core instance $i (instantiate $m)) {}"#,
        "(core instance (instantiate $m))".repeat(200)
    ));
    assert_eq!(problem.code, "component-start", "{problem}");
}

#[tokio::test]
async fn a_trap_fails_the_pass_and_says_so() {
    let problem = Bench::offline()
        .pass(Mode::Sync, &json!(["Trap"]))
        .await
        .unwrap_err();
    assert_eq!(problem.code, "component-trap");
}

#[tokio::test]
async fn whatever_ends_a_component_its_ledger_is_as_the_last_commit_left_it() {
    let mut bench = Bench::offline();
    bench.connection.limits.memory_bytes = 32 << 20;
    bench.connection.limits.turn_time = Duration::from_millis(200);
    bench.connection.limits.report_bytes = 10_000;
    let ends = [
        (json!("Trap"), "component-trap"),
        (json!("Spin"), "component-time"),
        (json!({ "Fill": 64 << 20 }), "component-memory"),
        (json!({ "Babble": 20_000 }), "component-contract"),
        (json!({ "Flood": 1_001 }), "component-contract"),
    ];
    for (end, code) in ends {
        let kept = json!({ "Commit": [{ "key": "kept", "value": code }] });
        let steps = json!([{ "Ask": [kept] }, end]);
        let problem = bench.pass(Mode::Sync, &steps).await.unwrap_err();
        assert_eq!(problem.code, code, "{problem}");
        let entries = bench.store.ledger("acme").scan("", None, 10).unwrap();
        let entries: Vec<_> = entries.iter().map(|one| (&*one.key, &*one.value)).collect();
        assert_eq!(entries, [("kept", code)]);
    }
}
