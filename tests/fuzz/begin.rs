//! Writes the inputs that the fuzzer begins with: what a real conversation of the sandbox says,
//! so that it changes words and does not have to find the language.

use std::path::Path;
use std::{fs, io};

use serde_json::Value;

use super::targets::{self, Stage, mode};

/// The folder `tests`: two crates are built with this file.
fn tests() -> &'static Path {
    let built = Path::new(env!("CARGO_MANIFEST_DIR"));
    match built.ends_with("fuzz") {
        true => built.parent().unwrap_or(built),
        false => built,
    }
}

/// Modes in which a settled brand is asked.
const MODES: [&str; 9] = [
    "sync",
    "plan",
    "check",
    "ask parked",
    "ask orders",
    "act approve",
    "act resync",
    "act retry",
    "sync",
];

/// Writes them, a folder for each target.
///
/// # Errors
/// A file cannot be written, or a pass of an honest host ends with a fault.
pub fn begin(corpus: &Path) -> io::Result<()> {
    for (target, _) in targets::ALL {
        fs::create_dir_all(corpus.join(target))?;
    }
    conversations(corpus)?;
    settings(&corpus.join("settings"))?;
    for export in ["older-columns.csv", "newer-columns.csv"] {
        let from = tests().join("sandbox/fixtures").join(export);
        fs::copy(from, corpus.join("csv").join(export))?;
    }
    for (topic, body) in HINTS {
        let name = topic.replace('/', "-");
        fs::write(corpus.join("hints").join(name), format!("%{topic}\n{body}"))?;
    }
    for how in 0..=255_u8 {
        let input = [0, 1, how, 2, how, how];
        fs::write(corpus.join("hostile").join(format!("byte-{how}")), input)?;
    }
    Ok(())
}

/// A brand's first pass, its orders, and every question.
fn conversations(corpus: &Path) -> io::Result<()> {
    let mut stage = Stage::new();
    told(corpus, "first", &mut stage, "sync")?;
    told(corpus, "second", &mut stage, "sync")?;
    stage.happen();
    told(corpus, "orders", &mut stage, "sync")?;
    told(corpus, "after-orders", &mut stage, "sync")?;
    let order = stage.sandbox.joor.orders().next().map(|order| order.id);
    let order = order.map_or_else(String::new, |id| id.to_string());
    let more = [
        format!("ask orders-show {{\"order\":\"{order}\"}}"),
        format!("act orders-retry {{\"order\":\"{order}\"}}"),
        format!("act orders-release {{\"order\":\"{order}\"}}"),
        "ask explain {\"sku\":\"LIN-SND-S\"}".into(),
    ];
    let modes = MODES.iter().map(|mode| (*mode).to_owned()).chain(more);
    for (number, mode) in modes.enumerate() {
        let word: String = mode
            .split_whitespace()
            .take(2)
            .collect::<Vec<_>>()
            .join("-");
        told(corpus, &format!("{number}-{word}"), &mut stage, &mode)?;
    }
    Ok(())
}

/// One pass, as an input of `answers` and of `ledger`.
fn told(corpus: &Path, name: &str, stage: &mut Stage, words: &str) -> io::Result<()> {
    let ledger = stage.ledger.text();
    stage.heard.clear();
    let began = stage.time() + 60_000;
    stage.pass(mode(words)).map_err(io::Error::other)?;
    fs::write(
        corpus.join("ledger").join(name),
        format!("{words}\n{ledger}"),
    )?;
    let mut talk = format!("%now {began}\n%mode {words}\n%ledger\n{ledger}");
    for record in &stage.heard {
        talk += &record.text();
    }
    fs::write(corpus.join("answers").join(name), talk)
}

/// The settings of the decision tables.
fn settings(to: &Path) -> io::Result<()> {
    for case in fs::read_dir(tests().join("golden/settings"))? {
        let case = case?;
        let Ok(text) = fs::read_to_string(case.path().join("case.json")) else {
            continue;
        };
        let Ok(case_json) = serde_json::from_str::<Value>(&text) else {
            continue;
        };
        let given = match case_json.get("text").and_then(Value::as_str) {
            Some(text) => text.to_owned(),
            None => case_json
                .get("settings")
                .map(Value::to_string)
                .unwrap_or_default(),
        };
        fs::write(to.join(case.file_name()), given)?;
    }
    Ok(())
}

const HINTS: [(&str, &str); 6] = [
    (
        "inventory_levels/update",
        r#"{"inventory_item_id":271878346596884015,"location_id":24826418,"available":7}"#,
    ),
    (
        "inventory_levels/connect",
        r#"{"inventory_item_id":271878346596884015,"location_id":24826418}"#,
    ),
    (
        "products/update",
        r#"{"id":788032119674292922,"title":"Sandal","variants":[{"id":1}]}"#,
    ),
    ("products/delete", r#"{"id":788032119674292922}"#),
    ("locations/deactivate", r#"{"id":24826418}"#),
    (
        "orders/fulfilled",
        r#"{"id":820982911946154508,"fulfillments":[]}"#,
    ),
];
