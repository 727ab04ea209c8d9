//! A pass is a function of its job and completions: natively, as a component, and again later.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use atsync::connection::Limits;
use atsync::engine::reconcile as component;
use atsync::recording::{Budget, Recorder, replay};
use atsync_plugin::bindings::exports::atsync::connector::reconcile as native;
use flate2::read::GzDecoder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::brand::Brand;
use crate::world::{NAME, connector};

/// The recordings of an ordinary day: a first sync, changes, a plan, questions, a refusal, a
/// failed pass, a full read.
async fn a_day(folder: &Path) -> Vec<PathBuf> {
    let recorder = Arc::new(Recorder::new(folder, Budget::default()).unwrap());
    let brand = Brand {
        recorder: Some(Arc::clone(&recorder)),
        ..Brand::default()
    };
    let world = brand.open_synced().await;
    world.set_stock("LIN-SND-M", "Lyon", 1);
    world.hint("products/update", r#"{"id": 42}"#);
    world.plan().await;
    world.minutes(1);
    let refused = world.variant("LIN-SND-M").number().to_string();
    world.joor(|joor| joor.options.refused_upcs.insert(refused));
    world.sync().await;
    world.minutes(1);
    world.ask("explain", json!({ "sku": "LIN-SND-M" })).await;
    world.minutes(1);
    world.act("retry", json!({})).await;
    world.minutes(1);
    world.faults(|faults| {
        let side = atsync_sandbox::wire::Side::Shopify;
        faults.next(
            side,
            "LevelChanges",
            atsync_sandbox::faults::Fault::Html,
            100,
        );
    });
    world.sync().await;
    world.faults(atsync_sandbox::faults::Faults::heal);
    world.hours(25);
    world.check().await;
    world.minutes(1);
    world.sync_all().await;
    recorder.flush();
    let mut files: Vec<_> = std::fs::read_dir(folder.join(NAME))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() >= 8, "{files:?}");
    files
}

fn lines(file: &Path) -> Vec<Value> {
    let unzipped = BufReader::new(GzDecoder::new(File::open(file).unwrap()));
    unzipped
        .lines()
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
        .collect()
}

fn read<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

fn told(turn: impl Serialize) -> Value {
    serde_json::to_value(turn).unwrap()
}

#[tokio::test]
async fn the_same_recorded_pass_gives_equal_turns_natively_and_as_a_component() {
    let folder = tempfile::tempdir().unwrap();
    for file in a_day(folder.path()).await {
        let mut instance = connector().instance(&Limits::default()).unwrap();
        let mut pass = None;
        let mut turns = 0;
        for line in lines(&file) {
            let (natively, as_component) = if let Some(job) = line.get("job") {
                let (begun, turn) = atsync_plugin::flow::start(read::<native::Job>(job));
                pass = Some(begun);
                (
                    told(turn),
                    told(instance.start(&read::<component::Job>(job)).unwrap()),
                )
            } else if let Some(completions) = line.get("resumed") {
                let turn = pass
                    .as_mut()
                    .unwrap()
                    .resume(read::<Vec<native::Completion>>(completions));
                let completions: Vec<component::Completion> = read(completions);
                (told(turn), told(instance.resume(&completions).unwrap()))
            } else {
                continue;
            };
            turns += 1;
            assert_eq!(natively, as_component, "turn {turns} of {}", file.display());
        }
        assert!(turns > 1, "{}", file.display());
    }
}

#[tokio::test]
async fn every_recorded_pass_ends_again_as_it_did() {
    let folder = tempfile::tempdir().unwrap();
    for file in a_day(folder.path()).await {
        let replayed = replay(&file, &connector()).unwrap();
        assert!(
            replayed.same,
            "{}:\n{}\n{}",
            file.display(),
            replayed.recorded,
            replayed.now
        );
    }
}
