use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atsync::clock::SimulatedClock;
use atsync::engine::reconcile::{
    Answer, Call, Effect, Failure, Fault, Hint, HttpRequest, Method, Mode, Scan, Write,
};
use atsync::pass::{CancellationToken, Ended};
use atsync::store::{Delivery, MemoryStore, SqliteStore, Store, last_pass};
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::routing::{any, get as on_get, post as on_post};
use serde_json::json;
use tokio::sync::Notify;

use crate::support::*;

fn put(key: &str, value: &str) -> Effect {
    Effect::Commit(vec![Write {
        key: key.to_owned(),
        value: Some(value.to_owned()),
    }])
}

fn load(key: &str) -> Effect {
    Effect::Load(vec![key.to_owned()])
}

fn loaded(value: &str) -> String {
    format!("{:?}", Answer::Loaded(vec![Some(value.to_owned())]))
}

#[tokio::test]
async fn what_a_pass_commits_the_next_one_loads() {
    let bench = Bench::offline();
    bench.answer(put("a", "1")).await;
    let answers = bench.answers(Mode::Sync, &[load("a"), load("b")]).await;
    assert_eq!(format!("{:?}", answers[0]), loaded("1"));
    assert!(matches!(&answers[1], Answer::Loaded(values) if values[0].is_none()));
}

#[tokio::test]
async fn a_dry_run_sees_its_own_commits_and_leaves_none_behind() {
    let bench = Bench::offline();
    bench.answer(put("a", "before")).await;
    for mode in [Mode::Plan, Mode::Check, Mode::Ask(call())] {
        let steps = json!([{ "Ask": [put("a", "dry")] }, { "Ask": [load("a")] }]);
        let answers = answers(&bench.data(mode, &steps).await);
        assert_eq!(format!("{:?}", answers[1]), loaded("dry"));
    }
    assert_eq!(
        format!("{:?}", bench.answer(load("a")).await),
        loaded("before")
    );
}

fn call() -> Call {
    Call {
        name: "explain".to_owned(),
        arguments: "{}".to_owned(),
    }
}

#[tokio::test]
async fn a_slow_effect_delays_no_other_and_what_is_ready_comes_together() {
    let clock = SimulatedClock::new(1_000_000);
    let mut bench = Bench::offline();
    bench.clock = Arc::new(clock.clone());
    let steps = json!([{ "Ask": [load("a"), Effect::WaitUntil(1_005_000), load("b")] }]);
    let runner = bench.runner(&steps).unwrap();
    let cancel = CancellationToken::new();
    let pass = runner.run(Mode::Sync, &|_| {}, &cancel);
    let move_time = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        clock.advance(Duration::from_secs(5));
    };
    let (passed, ()) = tokio::join!(pass, move_time);
    let data = data(&outcome(passed.unwrap()));
    let resumes: Vec<usize> = serde_json::from_value(data["resumes"].clone()).unwrap();
    assert_eq!(resumes.iter().sum::<usize>(), 3);
    assert_eq!(
        resumes.last(),
        Some(&1),
        "the wait comes alone, after the loads"
    );
    assert_eq!(data["answers"][1]["at"], 1_005_000, "never early");
    assert_eq!(data["answers"][0]["at"], 1_000_000);
}

#[tokio::test]
async fn a_wait_of_more_than_a_minute_is_refused() {
    let bench = Bench::offline();
    let at = bench.clock.now() + 120_000;
    let answer = bench.answer(Effect::WaitUntil(at)).await;
    assert!(
        matches!(answer, Answer::Failed(Failure::Refused(_))),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_scan_gives_pages_in_the_order_of_keys() {
    let bench = Bench::offline();
    let writes = ["s/1", "s/2", "s/3", "t/1"].map(|key| put(key, key));
    bench.answers(Mode::Sync, &writes).await;
    let page = |after: Option<&str>| {
        let after = after.map(str::to_owned);
        Effect::Scan(Scan {
            prefix: "s/".to_owned(),
            after,
            limit: 2,
        })
    };
    let answers = bench
        .answers(Mode::Sync, &[page(None), page(Some("s/2"))])
        .await;
    let keys = |answer: &Answer| match answer {
        Answer::Scanned(entries) => entries
            .iter()
            .map(|entry| entry.key.clone())
            .collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(keys(&answers[0]), ["s/1", "s/2"]);
    assert_eq!(keys(&answers[1]), ["s/3"]);
}

#[tokio::test]
async fn a_component_that_breaks_the_contract_ends_the_pass() {
    let mut bench = Bench::offline();
    bench.connection.limits.report_bytes = 10_000;
    let breaches = [
        json!([{ "Flood": 1001 }]),
        json!(["Twice"]),
        json!(["Nothing"]),
        json!([{ "Babble": 20_000 }]),
    ];
    for steps in breaches {
        let problem = bench.pass(Mode::Sync, &steps).await.unwrap_err();
        assert_eq!(problem.code, "component-contract", "{steps}: {problem}");
    }
    bench.connection.limits.pass_requests = 5;
    let many = json!([{ "Flood": 3 }, { "Flood": 3 }]);
    assert_eq!(
        bench.pass(Mode::Sync, &many).await.unwrap_err().code,
        "component-contract"
    );
}

#[tokio::test]
async fn a_fault_comes_back_as_it_is() {
    let fault = json!({ "Temporary": { "code": "later", "message": "Not yet.", "fix": "Wait." } });
    let passed = Bench::offline()
        .pass(Mode::Sync, &json!([{ "GiveUp": fault }]))
        .await
        .unwrap();
    assert!(
        matches!(passed.ended, Ended::Fault(Fault::Temporary(problem)) if problem.code == "later")
    );
}

#[tokio::test]
async fn a_failed_pass_keeps_what_was_committed_before_and_is_remembered() {
    let bench = Bench::offline();
    let steps = json!([{ "Ask": [put("a", "1")] }, "Trap"]);
    assert!(bench.pass(Mode::Sync, &steps).await.is_err());
    let remembered = last_pass(&*bench.store, "acme").unwrap().unwrap();
    assert_eq!(remembered.problem.unwrap().0, "component-trap");
    assert_eq!(format!("{:?}", bench.answer(load("a")).await), loaded("1"));
    let remembered = last_pass(&*bench.store, "acme").unwrap().unwrap();
    assert!(remembered.last_success.is_some() && remembered.problem.is_none());
}

#[tokio::test]
async fn two_passes_of_one_connection_never_run_at_once() {
    let bench = Bench::offline();
    let held = bench.store.lock("acme").unwrap();
    let problem = bench.pass(Mode::Sync, &json!([])).await.unwrap_err();
    assert_eq!(problem.code, "connection-busy");
    // A question reads beside it.
    bench.data(Mode::Ask(call()), &json!([])).await;
    drop(held);
    bench.data(Mode::Sync, &json!([])).await;
}

#[tokio::test]
async fn a_pass_that_lost_its_connection_sends_and_commits_nothing_more() {
    let (arrived, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let sold = Arc::new(AtomicUsize::new(0));
    let router = {
        let (arrived, go_on, sold) = (arrived.clone(), go_on.clone(), sold.clone());
        let wait = on_get(async move || {
            arrived.notify_one();
            go_on.notified().await;
        });
        let sell = on_post(async move || {
            sold.fetch_add(1, Ordering::SeqCst);
        });
        Router::new().route("/slow", wait).route("/sale", sell)
    };
    let store = MemoryStore::default();
    let mut bench = Bench::new(&serve(router).await);
    bench.store = Arc::new(store.clone());
    let sale = Effect::Http(HttpRequest {
        changes: true,
        ..request(Method::Post, "/sale")
    });
    for late in [sale, put("a", "stale")] {
        let steps = json!([{ "Ask": [get("/slow")] }, { "Ask": [late] }]);
        let taken_over = async {
            arrived.notified().await;
            store.forget_locks();
            bench.answer(put("a", "new")).await;
            go_on.notify_one();
        };
        let (passed, ()) = tokio::join!(bench.pass(Mode::Sync, &steps), taken_over);
        assert_eq!(passed.unwrap_err().code, "lease-lost");
        assert_eq!(sold.load(Ordering::SeqCst), 0);
        assert_eq!(
            format!("{:?}", bench.answer(load("a")).await),
            loaded("new")
        );
        let remembered = last_pass(&*bench.store, "acme").unwrap().unwrap();
        assert!(remembered.problem.is_none(), "the other pass is remembered");
    }
}

/// Somebody else has the connection from here on.
fn take_over(store: &MemoryStore) {
    store.forget_locks();
    drop(store.lock("acme").unwrap());
}

#[tokio::test]
async fn a_change_that_waited_for_its_turn_is_not_sent_once_the_connection_is_lost() {
    let (store, sold) = (MemoryStore::default(), Arc::new(AtomicUsize::new(0)));
    let router = {
        let (store, sold) = (store.clone(), sold.clone());
        let slow = on_get(async move || take_over(&store));
        let sell = any(async move || {
            sold.fetch_add(1, Ordering::SeqCst);
        });
        Router::new().route("/slow", slow).route("/sale", sell)
    };
    let mut bench = Bench::new(&serve(router).await);
    bench.store = Arc::new(store);
    bench.connection.limits.concurrent_requests = 1;
    let says_so = HttpRequest {
        changes: true,
        ..request(Method::Post, "/sale")
    };
    let cannot_be_otherwise = request(Method::Delete, "/sale");
    for sale in [says_so, cannot_be_otherwise] {
        let steps = json!([{ "Ask": [get("/slow"), Effect::Http(sale)] }]);
        let lost = bench.pass(Mode::Sync, &steps).await.unwrap_err();
        assert_eq!(lost.code, "lease-lost");
        assert_eq!(sold.load(Ordering::SeqCst), 0);
    }
}

/// The shelf accepts no token, so a second one is got, and the sale would be sent with that.
#[tokio::test]
async fn a_change_that_waited_for_a_token_is_not_sent_once_the_connection_is_lost() {
    for lost_at in [1, 2] {
        let (store, sold) = (MemoryStore::default(), Arc::new(AtomicUsize::new(0)));
        let (granted, grants) = (Arc::new(AtomicUsize::new(0)), store.clone());
        let grant = on_post(async move |_: Request| {
            let number = granted.fetch_add(1, Ordering::SeqCst) + 1;
            if number == lost_at {
                take_over(&grants);
            }
            format!(r#"{{"access_token":"token-number-{number}"}}"#)
        });
        let selling = sold.clone();
        let sell = on_post(async move || {
            selling.fetch_add(1, Ordering::SeqCst);
            StatusCode::UNAUTHORIZED
        });
        let router = Router::new()
            .route("/oauth/token", grant)
            .route("/sale", sell);
        let mut bench = Bench::new(&serve(router).await);
        bench.store = Arc::new(store);
        bench.shelf().secrets =
            secrets(&[("client_id", "atsync"), ("client_secret", "s3cret-s3cret")]);
        let sale = Effect::Http(HttpRequest {
            changes: true,
            ..request(Method::Post, "/sale")
        });
        let lost = bench.pass(Mode::Sync, &json!([{ "Ask": [sale] }])).await;
        assert_eq!(lost.unwrap_err().code, "lease-lost");
        assert_eq!(sold.load(Ordering::SeqCst), lost_at - 1);
    }
}

/// Twenty times the same megabyte, in every way in which a ledger can be asked for it.
#[tokio::test]
async fn a_component_that_asks_for_more_than_it_can_hold_is_stopped_before_it_is_read() {
    let mut bench = Bench::offline();
    bench.connection.limits.memory_bytes = 16 << 20;
    let megabyte = "x".repeat(1 << 20);
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(&folder.path().join("atsync.db")).unwrap();
    let stores: [Arc<dyn Store>; 2] = [bench.store.clone(), Arc::new(sqlite)];
    for store in stores {
        bench.store = store;
        let keys = (0..20).map(|number| format!("s/{number}"));
        let many: Vec<Write> = keys
            .map(|key| Write {
                key,
                value: Some(megabyte.clone()),
            })
            .collect();
        bench.store.ledger("acme").commit(&many).unwrap();
        let scan = |limit| {
            let (prefix, after) = ("s/".to_owned(), None);
            Effect::Scan(Scan {
                prefix,
                after,
                limit,
            })
        };
        let repeated = |times| Effect::Load(vec!["s/1".to_owned(); times]);
        let asked = [
            vec![repeated(20)],
            vec![scan(20)],
            vec![repeated(1); 20],
            // Something that is waited for beside them.
            vec![get("/"), repeated(20)],
        ];
        for effects in asked {
            for mode in [Mode::Sync, Mode::Plan] {
                let stopped = bench.pass(mode, &json!([{ "Ask": effects }])).await;
                let problem = stopped.unwrap_err();
                assert_eq!(problem.code, "component-memory", "{problem}");
                assert!(problem.message.contains("asked for more"), "{problem}");
            }
        }
        let little = vec![json!({ "Ask": [repeated(2), scan(2)] }); 10];
        bench.connection.limits.report_bytes = 1 << 30;
        bench.connection.limits.memory_bytes = 256 << 20;
        bench.data(Mode::Plan, &json!(little)).await;
        bench.connection.limits.memory_bytes = 16 << 20;
    }
}

#[tokio::test]
async fn a_pass_is_told_of_webhooks_once_and_again_only_if_it_failed() {
    let bench = Bench::offline();
    let hint = Hint {
        id: "1".to_owned(),
        topic: "stock".to_owned(),
        body: "{}".to_owned(),
    };
    let delivery = Delivery {
        service: "shelf".to_owned(),
        hint,
        at: 0,
    };
    assert!(bench.store.take_in("acme", &delivery).unwrap());
    assert!(
        !bench.store.take_in("acme", &delivery).unwrap(),
        "the second delivery is none"
    );
    let hints = |data: &serde_json::Value| data["hints"].as_array().unwrap().len();
    assert_eq!(hints(&bench.data(Mode::Plan, &json!([])).await), 1);
    assert!(bench.pass(Mode::Sync, &json!(["Trap"])).await.is_err());
    assert_eq!(hints(&bench.data(Mode::Sync, &json!([])).await), 1);
    assert_eq!(hints(&bench.data(Mode::Sync, &json!([])).await), 0);
    assert!(
        !bench.store.take_in("acme", &delivery).unwrap(),
        "its id is remembered"
    );
}

#[tokio::test]
async fn progress_is_passed_on() {
    let seen = Mutex::new(Vec::new());
    let runner = Bench::offline()
        .runner(&json!([{ "Ask": [load("a")] }]))
        .unwrap();
    let on_progress = |progress: atsync::engine::reconcile::Progress| {
        seen.lock().unwrap().push(progress.what);
    };
    runner
        .run(Mode::Sync, &on_progress, &CancellationToken::new())
        .await
        .unwrap();
    assert_eq!(*seen.lock().unwrap(), ["following the script"]);
}

#[tokio::test]
async fn a_cancelled_pass_stops_at_once_and_frees_the_connection() {
    let asked = Arc::new(AtomicUsize::new(0));
    let cancel = CancellationToken::new();
    let router = {
        let (asked, cancel) = (Arc::clone(&asked), cancel.clone());
        Router::new().route(
            "/slow",
            on_get(async move || {
                asked.fetch_add(1, Ordering::SeqCst);
                cancel.cancel();
                std::future::pending::<()>().await;
            }),
        )
    };
    let bench = Bench::new(&serve(router).await);
    let runner = bench
        .runner(&json!([{ "Ask": [put("a", "1"), get("/slow")] }]))
        .unwrap();
    let passed = runner.run(Mode::Sync, &|_| {}, &cancel).await.unwrap();
    assert!(matches!(passed.ended, Ended::Cancelled));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(format!("{:?}", bench.answer(load("a")).await), loaded("1"));
}
