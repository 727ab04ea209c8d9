//! What cannot be joined is refused with its name.

use std::process::Command;

#[test]
fn a_file_that_is_no_component_is_named() {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let told = Command::new(env!("CARGO_BIN_EXE_atsync-compose"))
        .args([source, source, "nowhere.wasm"])
        .output()
        .expect("the program runs");
    let words = String::from_utf8_lossy(&told.stderr);
    assert!(!told.status.success());
    assert!(words.contains("Cargo.toml is not a component"), "{words}");
}
