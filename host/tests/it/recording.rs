use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use atsync::clock::SimulatedClock;
use atsync::engine::reconcile::{Effect, Mode};
use atsync::recording::{Budget, Cut, Recorder, json_lines, replay};
use atsync::store::last_pass;
use lz4_flex::frame::{FrameDecoder, FrameEncoder};
use serde_json::json;

use crate::support::*;

fn recordings(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder.join("acme"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn recorded(folder: &Path, bytes_max: u64) -> Bench {
    let mut bench = Bench::offline();
    let budget = Budget {
        bytes_max,
        ..Budget::default()
    };
    bench.recorder = Some(Arc::new(Recorder::new(folder, budget).unwrap()));
    bench
}

/// The recording of a pass that loads a value.
async fn recorded_load(folder: &Path) -> PathBuf {
    let bench = recorded(folder, 1 << 20);
    let load = Effect::Load(vec!["a".to_owned()]);
    bench.data(Mode::Sync, &json!([{ "Ask": [load] }])).await;
    bench.recorder.as_ref().unwrap().flush();
    recordings(folder).remove(0)
}

/// Writes the recording again, with another text in it.
fn forge(file: &Path, text: &str, other: &str) {
    let mut before = String::new();
    let mut unpacked = FrameDecoder::new(std::fs::File::open(file).unwrap());
    unpacked.read_to_string(&mut before).unwrap();
    assert!(before.contains(text), "{before}");
    let mut packed = FrameEncoder::new(std::fs::File::create(file).unwrap());
    let forged = before.replacen(text, other, 1);
    packed.write_all(forged.as_bytes()).unwrap();
    packed.finish().unwrap();
}

#[tokio::test]
async fn what_was_answered_is_recorded_as_it_was_whatever_stands_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let bench = recorded(folder.path(), 1 << 20);
    let values = ["", "\n", "\"{\n}\"\n\n", "Größe 38 👗\u{0}"];
    let key = |at: usize| at.to_string();
    let write = |(at, value): (usize, &&str)| atsync::engine::reconcile::Write {
        key: key(at),
        value: Some((*value).to_owned()),
    };
    let writes = values.iter().enumerate().map(write).collect();
    let keys = (0..=values.len()).map(key).collect();
    let steps = json!([{ "Ask": [Effect::Commit(writes)] }, { "Ask": [Effect::Load(keys)] }]);
    bench.data(Mode::Sync, &steps).await;
    bench.recorder.as_ref().unwrap().flush();
    let file = &recordings(folder.path())[0];

    let replayed = replay(file, &connector()).unwrap();
    let lines = json_lines(file).unwrap();

    assert!(replayed.same, "{replayed:?}");
    let loaded = json!([values[0], values[1], values[2], values[3], null]).to_string();
    assert!(
        lines.iter().any(|line| line.contains(&loaded)),
        "{lines:#?}"
    );
}

#[tokio::test]
async fn a_recording_whose_texts_do_not_fit_is_refused() {
    for (lengths, forged) in [
        ("[3,2]", "[3,3]"),
        ("[3,2]", "[3,1]"),
        ("[3,2]", "[3]"),
        ("[3,2]", "[3,2,0]"),
        ("[3,2]", "[3,900000]"),
        ("[3,2]", "[3,18446744073709551615]"),
        ("[3,2]", "[3,-2]"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let bench = recorded(folder.path(), 1 << 20);
        let write = |key: &str, value: &str| atsync::engine::reconcile::Write {
            key: key.to_owned(),
            value: Some(value.to_owned()),
        };
        let steps = json!([
            { "Ask": [Effect::Commit(vec![write("a", "one"), write("b", "23")])] },
            { "Ask": [Effect::Load(vec!["a".to_owned(), "b".to_owned()])] },
        ]);
        bench.data(Mode::Sync, &steps).await;
        bench.recorder.as_ref().unwrap().flush();
        let file = &recordings(folder.path())[0];
        forge(file, lengths, forged);
        let problem = replay(file, &connector()).unwrap_err();
        assert_eq!(problem.code, "recording-unreadable", "{forged}: {problem}");
    }
}

#[tokio::test]
async fn a_recording_that_was_damaged_is_refused_wherever_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = &recorded_load(folder.path()).await;
    let whole = std::fs::read(file).unwrap();
    // The last four bytes say that the frame ends, which it does with its last line anyway.
    for at in 0..whole.len() - 4 {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        std::fs::write(file, damaged).unwrap();

        let problem = replay(file, &connector()).unwrap_err();

        assert_eq!(problem.code, "recording-unreadable", "byte {at}");
    }
}

#[tokio::test]
async fn a_recorded_pass_replays_to_the_same_outcome_without_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let bench = recorded(folder.path(), 1 << 20);
    let steps = json!([
        { "Ask": [Effect::Load(vec!["a".to_owned()]), get("/nobody-listens")] },
        { "Ask": [Effect::Commit(Vec::new())] },
    ]);
    bench.data(Mode::Sync, &steps).await;
    bench.recorder.as_ref().unwrap().flush();
    let replayed = replay(&recordings(folder.path())[0], &connector()).unwrap();
    assert!(replayed.same, "{replayed:?}");
    assert!(replayed.turns >= 3);
    assert!(replayed.now.contains("atsync.report/1"));
}

#[tokio::test]
async fn recordings_grow_too_old_while_no_pass_runs() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = recorded(folder.path(), 1 << 20);
    let clock = SimulatedClock::new(1_000_000);
    bench.clock = Arc::new(clock.clone());
    bench.data(Mode::Sync, &json!([])).await;
    let recorder = bench.recorder.clone().unwrap();
    recorder.flush();
    let growing = Arc::clone(&recorder);
    let time = clock.clone();
    tokio::spawn(async move { growing.grow_old(&time).await });
    clock.advance(Duration::from_secs(14 * 24 * 60 * 60 - 1));
    tokio::task::yield_now().await;
    recorder.flush();
    assert_eq!(recordings(folder.path()).len(), 1);
    let goes = async {
        while !recordings(folder.path()).is_empty() {
            clock.advance(Duration::from_secs(60 * 60));
            tokio::task::yield_now().await;
            recorder.flush();
        }
    };
    tokio::time::timeout(Duration::from_secs(60), goes)
        .await
        .unwrap();
}

#[tokio::test]
async fn the_oldest_recordings_make_room() {
    let folder = tempfile::tempdir().unwrap();
    let bench = recorded(folder.path(), 2_000);
    let mut newest = None;
    for _ in 0..20 {
        bench.data(Mode::Sync, &json!([])).await;
        bench.recorder.as_ref().unwrap().flush();
        newest = recordings(folder.path()).pop();
    }
    let files = recordings(folder.path());
    let bytes: u64 = files
        .iter()
        .map(|file| file.metadata().unwrap().len())
        .sum();
    assert!(
        bytes <= 2_000 && files.len() < 20,
        "{bytes} bytes in {} files",
        files.len()
    );
    assert_eq!(files.last(), newest.as_ref());
}

#[tokio::test]
async fn a_pass_too_large_to_keep_is_cut_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::offline();
    let recorder = Recorder::new(folder.path(), Budget::default()).unwrap();
    bench.recorder = Some(Arc::new(recorder.of_a_pass_at_most(1 << 20)));
    let big = "x".repeat(160 << 10);
    let write = |key: usize| {
        Effect::Commit(vec![atsync::engine::reconcile::Write {
            key: key.to_string(),
            value: Some(big.clone()),
        }])
    };
    let effects: Vec<Effect> = (0..8).map(write).collect();
    for effect in effects {
        bench.answer(effect).await;
    }
    let keys: Vec<Effect> = (0..8)
        .map(|key| Effect::Load(vec![key.to_string()]))
        .collect();
    let mut without_echo = bench;
    without_echo.connection.limits.report_bytes = 1 << 30;
    let passed = without_echo
        .pass(Mode::Sync, &json!([{ "Ask": keys }]))
        .await
        .unwrap();
    without_echo.recorder.as_ref().unwrap().flush();
    assert_eq!(passed.recording_cut, Some(Cut::TooLarge));
    let kept = last_pass(&*without_echo.store, "acme").unwrap().unwrap();
    assert_eq!(kept.recording_cut, Some(Cut::TooLarge));
    let problem = replay(recordings(folder.path()).last().unwrap(), &connector()).unwrap_err();
    assert_eq!(problem.code, "recording-cut");
}

#[tokio::test]
async fn recordings_older_than_the_budget_go_those_of_other_connections_too() {
    let folder = tempfile::tempdir().unwrap();
    let clock = SimulatedClock::new(1_800_000_000_000);
    let mut bench = recorded(folder.path(), 1 << 20);
    bench.clock = Arc::new(clock.clone());
    bench.data(Mode::Sync, &json!([])).await;
    let other = folder.path().join("other");
    std::fs::create_dir(&other).unwrap();
    let theirs = other.join("1799000000000-sync.jsonl.lz4");
    std::fs::write(&theirs, "old").unwrap();

    clock.advance(Duration::from_millis(Budget::default().age_ms_max));
    bench.data(Mode::Sync, &json!([])).await;
    bench.recorder.as_ref().unwrap().flush();
    assert_eq!(recordings(folder.path()).len(), 2, "just young enough");
    assert!(!theirs.exists());

    clock.advance(Duration::from_millis(1));
    bench.data(Mode::Sync, &json!([])).await;
    bench.recorder.as_ref().unwrap().flush();
    assert_eq!(recordings(folder.path()).len(), 2);
}

#[tokio::test]
async fn a_component_that_asks_for_something_else_is_told_from_the_recorded_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = &recorded_load(folder.path()).await;
    // The same pass as if its settings had been others: the guest follows them.
    forge(file, r#"[\"a\"]"#, r#"[\"b\"]"#);

    let problem = replay(file, &connector()).unwrap_err();

    assert_eq!(problem.code, "replay-differs");
    assert!(
        problem
            .message
            .contains("In turn 1 the component asks for request 1 (load)"),
        "{problem}"
    );
}
