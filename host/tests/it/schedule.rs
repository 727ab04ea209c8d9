use std::sync::{Arc, Mutex};
use std::time::Duration;

use atsync::clock::{Clock as _, SimulatedClock};
use atsync::pass::{CancellationToken, Ended, Passed};
use atsync::problem::Problem;
use atsync::schedule;
use atsync::store::{SqliteStore, Standing, keep_standing, standing};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::support::*;

const START: u64 = 1_000_000_000_000;

/// A schedule at work on simulated time.
struct Office {
    clock: SimulatedClock,
    bench: Bench,
    names: Vec<String>,
    cancel: CancellationToken,
    passes: mpsc::UnboundedReceiver<(String, String, u64)>,
    task: tokio::task::JoinHandle<()>,
}

fn told(result: &Result<Passed, Problem>) -> String {
    match result {
        Ok(Passed {
            ended: Ended::Outcome(outcome),
            ..
        }) => format!("{:?}", outcome.verdict),
        Ok(Passed {
            ended: Ended::Fault(_),
            ..
        }) => "fault".to_owned(),
        Ok(Passed {
            ended: Ended::Cancelled,
            ..
        }) => "cancelled".to_owned(),
        Err(problem) => problem.code.to_owned(),
    }
}

/// Starts connections by name with these settings.
fn open(connections: &[(&str, Value)], prepare: impl FnOnce(&mut Bench)) -> Office {
    let clock = SimulatedClock::new(START);
    let mut bench = Bench::offline();
    bench.clock = Arc::new(clock.clone());
    prepare(&mut bench);
    let runners = connections
        .iter()
        .map(|(name, settings)| {
            let mut connection = bench.connection.clone();
            (*name).clone_into(&mut connection.name);
            connection.settings = settings.to_string();
            atsync::pass::Runner::new(
                connector(),
                connection,
                bench.store.clone(),
                bench.clock.clone(),
                None,
            )
            .unwrap()
        })
        .collect();
    let (sender, passes) = mpsc::unbounded_channel();
    let at = clock.clone();
    let on_pass: schedule::OnPass = Arc::new(move |name, result| {
        let _ = sender.send((name.to_owned(), told(result), at.now() - START));
    });
    let names = connections
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    let cancel = CancellationToken::new();
    let (store, token) = (bench.store.clone(), cancel.clone());
    let task = tokio::spawn(schedule::run(
        runners,
        store,
        bench.clock.clone(),
        on_pass,
        token,
    ));
    Office {
        clock,
        bench,
        names,
        cancel,
        passes,
        task,
    }
}

impl Office {
    /// The next pass that ends. While nothing happens, time moves on to the next due pass.
    async fn next(&mut self) -> (String, String, u64) {
        for _ in 0..200 {
            let quiet = Duration::from_millis(200);
            if let Ok(pass) = tokio::time::timeout(quiet, self.passes.recv()).await {
                return pass.unwrap();
            }
            let now = self.clock.now();
            let due = |name: &String| standing(&*self.bench.store, name).unwrap().due();
            let next = self.names.iter().map(due).filter(|due| *due > now).min();
            self.clock
                .advance(Duration::from_millis(next.map_or(1_000, |next| next - now)));
        }
        panic!("no pass ends");
    }

    async fn close(self) {
        self.cancel.cancel();
        tokio::time::timeout(Duration::from_secs(5), self.task)
            .await
            .unwrap()
            .unwrap();
    }
}

fn again_after(ms: u64) -> Value {
    json!({ "steps": [], "next_run_after_ms": ms })
}

#[tokio::test]
async fn a_connection_runs_again_when_its_pass_said() {
    let mut office = open(&[("acme", again_after(60_000))], |_| {});
    assert_eq!(
        office.next().await,
        ("acme".to_owned(), "Verdict::Done".to_owned(), 0)
    );
    let (_, _, second) = office.next().await;
    assert!((60_000..=62_000).contains(&second), "{second}");
    let (_, _, third) = office.next().await;
    assert!((120_000..=124_000).contains(&third), "{third}");
    office.close().await;
}

#[tokio::test]
async fn due_times_outlive_the_program() {
    let due = START + 30_000;
    let mut office = open(&[("acme", again_after(60_000))], |bench| {
        let known = Standing {
            next_run: due,
            ..Standing::default()
        };
        keep_standing(&*bench.store, "acme", &known).unwrap();
    });
    let (_, _, first) = office.next().await;
    assert!(first >= 30_000, "{first}");
    let known = standing(&*office.bench.store, "acme").unwrap();
    assert!(known.next_run >= due + 60_000 && known.last_start >= due);
    office.close().await;
}

#[tokio::test]
async fn a_broken_connection_and_a_slow_one_delay_no_other() {
    let slow = json!({ "steps": [{ "Ask": [{ "WaitUntil": START + 59_000 }] }], "next_run_after_ms": 1_000 });
    let broken = json!({ "steps": ["Trap"] });
    let connections = [
        ("slow", slow),
        ("broken", broken),
        ("acme", again_after(10_000)),
    ];
    let mut office = open(&connections, |_| {});
    let mut seen: Vec<(String, String, u64)> = Vec::new();
    while seen.iter().filter(|(name, ..)| name == "acme").count() < 4 {
        seen.push(office.next().await);
    }
    assert!(seen.iter().all(|(name, ..)| name != "slow"), "{seen:?}");
    assert!(
        seen.contains(&("broken".to_owned(), "component-trap".to_owned(), 0)),
        "{seen:?}"
    );
    office.close().await;
}

#[tokio::test]
async fn pauses_after_failures_grow() {
    let mut office = open(&[("acme", json!({ "steps": ["Trap"] }))], |_| {});
    let mut ends = Vec::new();
    for _ in 0..4 {
        ends.push(office.next().await.2);
    }
    let pauses: Vec<u64> = ends.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(
        pauses[0] >= 48_000 && pauses[1] > pauses[0] && pauses[2] > pauses[1],
        "{pauses:?}"
    );
    assert_eq!(standing(&*office.bench.store, "acme").unwrap().failures, 4);
    office.close().await;
}

#[tokio::test]
async fn a_fault_that_lasts_stops_the_connection_until_something_changes() {
    let problem = json!({ "code": "brand-unknown", "message": "There is no such brand.", "fix": "Correct it." });
    let settings = json!({ "steps": [{ "GiveUp": { "PermanentSettings": problem } }] });
    let mut office = open(&[("acme", settings)], |_| {});
    assert_eq!(office.next().await.1, "fault");
    office.clock.advance(Duration::from_secs(24 * 3600));
    let quiet = tokio::time::timeout(Duration::from_millis(200), office.passes.recv()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    let known = standing(&*office.bench.store, "acme").unwrap();
    assert_eq!(known.stopped.as_ref().unwrap().code, "brand-unknown");

    // Other settings have another digest: the same standing lets them run.
    let store = Arc::clone(&office.bench.store);
    office.close().await;
    let mut changed = open(&[("acme", again_after(60_000))], |bench| {
        keep_standing(&*bench.store, "acme", &standing(&*store, "acme").unwrap()).unwrap();
    });
    assert_eq!(changed.next().await.1, "Verdict::Done");
    assert_eq!(
        standing(&*changed.bench.store, "acme").unwrap().stopped,
        None
    );
    changed.close().await;
}

#[tokio::test]
async fn a_connection_that_another_process_works_on_is_left_alone_without_blame() {
    let held = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&held);
    let mut office = open(&[("acme", again_after(60_000))], move |bench| {
        *keep.lock().unwrap() = Some(bench.store.lock("acme").unwrap());
    });
    let quiet = tokio::time::timeout(Duration::from_millis(200), office.passes.recv()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    assert_eq!(standing(&*office.bench.store, "acme").unwrap().failures, 0);
    held.lock().unwrap().take();
    assert_eq!(office.next().await.1, "Verdict::Done");
    office.close().await;
}

#[tokio::test]
async fn a_broken_store_is_tried_again_after_a_minute_and_not_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("atsync.db");
    let mut office = open(&[("acme", again_after(60_000))], |bench| {
        bench.store = Arc::new(SqliteStore::open(&path).unwrap());
        std::fs::remove_file(&path).unwrap();
    });
    assert_eq!(office.next().await.1, "store-replaced");
    office.clock.advance(Duration::from_secs(59));
    let quiet = tokio::time::timeout(Duration::from_millis(200), office.passes.recv()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    assert_eq!(office.next().await.1, "store-replaced");
    office.close().await;
}

#[tokio::test]
async fn a_stop_waits_for_no_long_pass() {
    let long = json!({ "steps": [{ "Ask": [{ "WaitUntil": START + 60_000 }] }] });
    let office = open(&[("acme", long), ("other", again_after(1_000_000))], |_| {});
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begun = std::time::Instant::now();
    office.close().await;
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn other_settings_addresses_or_secrets_let_a_stopped_connection_run_again() {
    let given = |change: fn(&mut Bench)| {
        let mut bench = Bench::offline();
        change(&mut bench);
        bench.runner(&json!([])).unwrap().given()
    };
    let before = given(|_| {});
    assert_eq!(given(|_| {}), before);
    assert_ne!(
        given(|bench| bench.shelf().secrets = secrets(&[("token", "renewed")])),
        before
    );
    assert_ne!(
        given(|bench| bench.shelf().url = Some("http://10.0.0.1".parse().unwrap())),
        before
    );
    assert_ne!(
        Bench::offline()
            .runner(&json!([{ "Flood": 1 }]))
            .unwrap()
            .given(),
        before
    );
}
