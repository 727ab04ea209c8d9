use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use atsync::component::Component;
use atsync::engine::Engine;
use atsync::engine::reconcile::Mode;
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

#[tokio::test]
async fn a_trap_fails_the_pass_and_says_so() {
    let problem = Bench::offline()
        .pass(Mode::Sync, &json!(["Trap"]))
        .await
        .unwrap_err();
    assert_eq!(problem.code, "component-trap");
}
