//! A pass from its start to its end, and the laws that every pass keeps.

use std::collections::BTreeSet;

use atsync_plugin::bindings::exports::atsync::connector::reconcile::{
    Answer, Completion, Effect, Fault, HttpRequest, Job, Mode, Outcome, Request, Turn,
};
use atsync_plugin::io::Pass;
use serde_json::Value;

/// Turns of one pass at most. None of the small worlds here needs a tenth of it.
const TURNS_MAX: usize = 5_000;

/// The longest that a connection may lie still, whatever it was told: the longest interval of the
/// settings, and as long again.
const NEXT_RUN_MAX: u64 = 2 * 86_400_000;

/// 2026-11-23T06:00:00Z
pub const START: u64 = 1_795_413_600_000;

/// What answers the connector.
pub trait Host {
    /// Performs an effect; the clock goes on.
    fn perform(&mut self, effect: Effect) -> Answer;

    /// The time.
    fn now(&self) -> u64;
}

/// Settings that most inputs run with.
pub const SETTINGS: &str = r#"{"joor_account":"1234","default_location":"Paris","warehouses":[{"name":"Default","locations":["Paris","Lyon"]}],"claim":"follow-policy"}"#;

/// A job of these settings.
pub fn job(settings: &str, mode: Mode, now: u64) -> Job {
    Job {
        connection: "fuzz".into(),
        settings: settings.into(),
        mode,
        hints: Vec::new(),
        now,
    }
}

/// Runs a pass to its end with a host that answers everything that was asked for at once.
pub fn run(job: Job, host: &mut impl Host) -> Result<Outcome, Fault> {
    let mut told = job.now;
    let (mut pass, mut turn) = atsync_plugin::flow::start(job);
    for _ in 0..TURNS_MAX {
        match turn {
            Ok(Turn::Waiting(waiting)) => {
                let mut done = Vec::new();
                for Request { id, effect } in waiting.requests {
                    keeps_its_bounds(&effect, told);
                    let answer = host.perform(effect);
                    let at = host.now();
                    done.push(Completion { id, at, answer });
                }
                told = host.now();
                turn = pass.resume(done);
            }
            Ok(Turn::Done(outcome)) => {
                ends_well(&mut pass, &outcome, told);
                return Ok(outcome);
            }
            Err(fault) => return Err(fault),
        }
    }
    panic!("the pass does not end");
}

/// What a pass leaves behind: a report that is JSON, a time to come again, and nothing to go on
/// with.
fn ends_well(pass: &mut Pass, outcome: &Outcome, now: u64) {
    let report: Result<Value, _> = serde_json::from_str(&outcome.report);
    assert!(
        report.is_ok_and(|report| report.is_object()),
        "the report is no JSON object: {}",
        outcome.report
    );
    assert!(
        outcome.next_run <= now.saturating_add(NEXT_RUN_MAX),
        "the next pass is to begin at {}, and it is {now}",
        outcome.next_run
    );
    assert!(
        pass.resume(Vec::new()).is_err(),
        "the pass goes on after its end"
    );
}

/// What the contract promises of every request, and that none leaves its service.
pub fn keeps_its_bounds(effect: &Effect, told: u64) {
    match effect {
        Effect::Http(request) => stays_at_its_service(request),
        Effect::ReadLines(lines) => assert!(lines.max_bytes <= 8 << 20, "{lines:?}"),
        Effect::Load(keys) => assert!((1..=10_000).contains(&keys.len()), "{} keys", keys.len()),
        Effect::Scan(scan) => assert!((1..=10_000).contains(&scan.limit), "{scan:?}"),
        Effect::Commit(writes) => {
            let keys: BTreeSet<&str> = writes.iter().map(|write| write.key.as_str()).collect();
            assert!(!writes.is_empty(), "a commit of nothing");
            assert_eq!(keys.len(), writes.len(), "a key is written twice");
        }
        Effect::WaitUntil(at) => assert!(
            *at <= told.saturating_add(60_000),
            "waits from {told} to {at}"
        ),
    }
}

/// A name or an id of the other side must not become a path, a header or another host.
fn stays_at_its_service(request: &HttpRequest) {
    let (route, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let known = match request.service.as_str() {
        "shopify" => route.starts_with("/admin/api/") && route.ends_with("/graphql.json"),
        "joor-v2" | "joor-v4" => route.split('/').skip(1).all(is_plain),
        _ => false,
    };
    assert!(known, "{} {}", request.service, request.path);
    let odd = |letter: char| !letter.is_ascii_graphic() || letter == '#';
    assert!(!query.contains(odd), "{}", request.path);
    for (name, value) in &request.headers {
        let odd = |letter: char| letter.is_control();
        assert!(
            !name.contains(odd) && !value.contains(odd),
            "{name}: {value}"
        );
        assert_ne!(name.to_ascii_lowercase(), "authorization");
    }
}

fn is_plain(part: &str) -> bool {
    part.chars()
        .all(|letter| letter.is_ascii_alphanumeric() || "_-".contains(letter))
}
