//! The edges between the parts: who may know whom.

use std::path::Path;

use super::{none, texts};

#[test]
fn the_host_does_not_know_the_trade() {
    let words = ["shopify", "joor"];
    let is_demo = |file: &Path| {
        let inner = file
            .strip_prefix("host/src")
            .unwrap_or(file)
            .to_string_lossy()
            .into_owned();
        inner.starts_with("demo")
            || inner.starts_with("command/demo")
            || inner.starts_with("command/sandbox")
    };
    none(&mentions(
        |file| file.starts_with("host/src") && !is_demo(file),
        &words,
    ));
}

#[test]
fn the_host_is_built_without_the_plugin() {
    none(&mentions(
        |file| file.ends_with("host/Cargo.toml"),
        &["atsync-plugin", "atsync_plugin"],
    ));
}

#[test]
fn the_core_asks_for_nothing_and_knows_nobody() {
    let forbidden = [
        "std::time",
        "systemtime",
        "instant::now",
        "hashmap",
        "hashset",
        "std::fs",
        "std::net",
        "std::env",
        "std::io",
        "std::process",
        "std::thread",
        "println!",
        "eprintln!",
        "async fn",
        "thread_local!",
        "crate::bindings",
        "crate::flow",
        "crate::guest",
        "crate::io",
        "crate::joor",
        "crate::ledger",
        "crate::manifest",
        "crate::policy",
        "crate::shopify",
    ];
    none(&mentions(
        |file| file.starts_with("plugin/src/core"),
        &forbidden,
    ));
}

#[test]
fn the_plugin_has_no_clock_and_no_hash_order() {
    let forbidden = [
        "systemtime",
        "instant::now",
        "hashmap",
        "hashset",
        "std::fs",
        "std::net",
        "std::env",
    ];
    none(&mentions(|file| file.starts_with("plugin/src"), &forbidden));
}

#[test]
fn what_is_said_to_an_api_does_not_know_the_flow() {
    let api =
        |file: &Path| file.starts_with("plugin/src/shopify") || file.starts_with("plugin/src/joor");
    none(&mentions(api, &["crate::flow", "crate::guest"]));
}

/// Each mention of a word, without regard to case, in the Rust and TOML files that are `wanted`.
fn mentions(wanted: impl Fn(&Path) -> bool, words: &[&str]) -> Vec<String> {
    let files =
        texts(|file| wanted(file) && file.extension().is_some_and(|e| e == "rs" || e == "toml"));
    assert!(
        !files.is_empty(),
        "there is nothing to look at: has a folder moved?"
    );
    let mut found = Vec::new();
    for (file, text) in &files {
        for (number, line) in (1..).zip(text.lines()) {
            let lower = line.to_lowercase();
            let hits = words.iter().filter(|word| lower.contains(**word));
            found.extend(
                hits.map(|word| format!("{}:{number}: {word}: {}", file.display(), line.trim())),
            );
        }
    }
    found
}
