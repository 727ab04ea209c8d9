#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use super::*;
use crate::bindings::exports::atsync::connector::reconcile::Verdict;

/// A pass that loads two keys at once, and then one more.
fn loading() -> (Pass, Turn) {
    let (pass, turn) = Pass::start(5, |io| async move {
        let (first, second) = (io.perform(load("a")), io.perform(load("b")));
        drop((first.await, second.await));
        io.perform(load("c")).await;
        Ok(Outcome {
            next_run: io.now(),
            verdict: Verdict::Done,
            report: "{}".into(),
        })
    });
    (pass, turn.expect("no fault"))
}

fn load(key: &str) -> Effect {
    Effect::Load(vec![key.into()])
}

fn loaded(id: u32) -> Completion {
    Completion {
        id,
        at: 7,
        answer: Answer::Loaded(vec![None]),
    }
}

fn ids(turn: Turn) -> Vec<u32> {
    match turn {
        Turn::Waiting(waiting) => waiting.requests.iter().map(|one| one.id).collect(),
        Turn::Done(_) => panic!("done"),
    }
}

fn broken(result: Result<Turn, Fault>) -> String {
    match result {
        Err(Fault::PermanentProtocol(problem)) => problem.message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn completions_come_in_any_order_and_any_grouping() {
    let (mut pass, turn) = loading();
    assert_eq!(ids(turn), [1, 2]);
    assert!(ids(pass.resume(vec![loaded(2)]).unwrap()).is_empty());
    assert_eq!(ids(pass.resume(vec![loaded(1)]).unwrap()), [3]);
    assert!(matches!(pass.resume(vec![loaded(3)]), Ok(Turn::Done(_))));

    let (mut pass, _) = loading();
    assert_eq!(ids(pass.resume(vec![loaded(2), loaded(1)]).unwrap()), [3]);
}

#[test]
fn a_completion_of_a_request_that_nobody_made_is_named() {
    let (mut pass, _) = loading();
    assert!(broken(pass.resume(vec![loaded(9)])).contains("completion 9 answers no request"));
}

#[test]
fn a_request_that_is_answered_twice_is_named() {
    let (mut pass, _) = loading();
    pass.resume(vec![loaded(2)]).unwrap();
    assert!(broken(pass.resume(vec![loaded(2)])).contains("request 2 was answered before"));
    let (mut pass, _) = loading();
    assert!(broken(pass.resume(vec![loaded(1), loaded(1)])).contains("request 1 was answered"));
}

#[test]
fn an_answer_of_the_wrong_kind_is_named_with_its_request() {
    let (mut pass, _) = loading();
    let completion = Completion {
        answer: Answer::Committed,
        ..loaded(2)
    };
    let said = broken(pass.resume(vec![completion]));
    assert!(
        said.contains("request 2 (load of 1 keys) was answered by `committed`"),
        "{said}"
    );
}

#[test]
fn a_host_that_brings_nothing_is_told_what_is_open() {
    let (mut pass, _) = loading();
    pass.resume(vec![loaded(1)]).unwrap();
    let said = broken(pass.resume(Vec::new()));
    assert!(said.contains("2 (load of 1 keys)"), "{said}");
}

#[test]
fn nothing_is_taken_after_the_end_whatever_the_end_was() {
    let (mut pass, _) = loading();
    pass.resume(vec![loaded(1), loaded(2)]).unwrap();
    pass.resume(vec![loaded(3)]).unwrap();
    assert!(broken(pass.resume(vec![loaded(3)])).contains("over, with completions of [3]"));
    assert!(broken(pass.resume(Vec::new())).contains("over"));

    let (mut pass, _) = loading();
    broken(pass.resume(vec![loaded(9)]));
    assert!(broken(pass.resume(vec![loaded(1)])).contains("over"));
}

#[test]
fn a_time_that_no_clock_shows_is_refused() {
    let (mut pass, _) = loading();
    let late = Completion {
        at: u64::MAX,
        ..loaded(1)
    };
    let told = broken(pass.resume(vec![late]));
    assert!(
        told.contains("request 1 (load of 1 keys) was answered at 18446744073709551615"),
        "{told}"
    );

    let (mut pass, turn) = Pass::start(u64::MAX, |_| async { Err(stuck()) });
    let told = broken(turn);
    assert!(told.contains("after the year 9999"), "{told}");
    assert!(broken(pass.resume(vec![loaded(1)])).contains("after the pass was over"));
}
