//! Hosts that break the contract: the component names the request, and never traps.

use atsync::connection::Limits;
use atsync::engine::Instance;
use atsync::engine::reconcile::{
    Answer, Call, Completion, Effect, Failure, Fault, Job, Mode, Request, Turn,
};
use serde_json::json;

use crate::world::connector;

const NOW: u64 = 1_795_420_705_899;

fn job(settings: &str) -> Job {
    Job {
        connection: "acme".to_owned(),
        settings: settings.to_owned(),
        mode: Mode::Ask(Call {
            name: "parked".to_owned(),
            arguments: "{}".to_owned(),
        }),
        hints: Vec::new(),
        now: NOW,
    }
}

/// A pass that waits, and what it waits for.
fn waiting() -> (Instance, Request) {
    let mut instance = connector().instance(&Limits::default()).unwrap();
    let settings = json!({
        "joor_account": "1234",
        "default_location": "Paris",
        "warehouses": [{ "name": "Default", "locations": ["Paris"] }],
    });
    match instance.start(&job(&settings.to_string())).unwrap() {
        Ok(Turn::Waiting(mut waiting)) => (instance, waiting.requests.remove(0)),
        other => panic!("{other:?}"),
    }
}

fn completion(id: u32, answer: Answer) -> Completion {
    Completion {
        id,
        at: NOW,
        answer,
    }
}

/// An empty ledger's answer to the request.
fn nothing(request: &Request) -> Completion {
    let answer = match &request.effect {
        Effect::Load(keys) => Answer::Loaded(vec![None; keys.len()]),
        Effect::Scan(_) => Answer::Scanned(Vec::new()),
        Effect::Commit(_) => Answer::Committed,
        _ => Answer::Failed(Failure::Unsupported),
    };
    completion(request.id, answer)
}

/// What the component says to it: it does not trap, and blames the host.
#[track_caller]
fn blamed(instance: &mut Instance, completions: &[Completion]) -> String {
    match instance.resume(completions) {
        Ok(Err(Fault::PermanentProtocol(problem))) => {
            assert_eq!(problem.code, "protocol");
            problem.message
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn names(said: &str, what: &str) {
    assert!(said.contains(what), "{said}");
}

#[test]
fn an_answer_that_nobody_asked_for_is_named() {
    let (mut instance, _) = waiting();
    let said = blamed(&mut instance, &[completion(4_000_000_000, Answer::Woke)]);
    names(&said, "completion 4000000000 answers no request");
}

#[test]
fn an_answer_given_twice_is_named() {
    let (mut instance, request) = waiting();
    let said = blamed(&mut instance, &[nothing(&request), nothing(&request)]);
    names(
        &said,
        &format!("request {} was answered before", request.id),
    );
}

#[test]
fn an_answer_of_the_wrong_kind_is_named_with_what_was_asked() {
    let (mut instance, request) = waiting();
    let said = blamed(&mut instance, &[completion(request.id, Answer::Committed)]);
    names(&said, &format!("request {} (load of", request.id));
    names(&said, "was answered by `committed`");
}

#[test]
fn a_host_that_never_answers_is_told_what_it_owes() {
    let (mut instance, request) = waiting();
    let said = blamed(&mut instance, &[]);
    names(&said, &format!("{} (load of", request.id));
}

#[test]
fn a_host_that_goes_on_after_the_end_is_told_so() {
    let (mut instance, mut request) = waiting();
    loop {
        match instance.resume(&[nothing(&request)]).unwrap() {
            Ok(Turn::Waiting(mut waiting)) => request = waiting.requests.remove(0),
            Ok(Turn::Done(_)) => break,
            Err(fault) => panic!("{fault:?}"),
        }
    }
    names(
        &blamed(&mut instance, &[nothing(&request)]),
        "after the pass was over",
    );
    names(&blamed(&mut instance, &[]), "after the pass was over");
}

#[test]
fn a_pass_that_ended_with_a_fault_is_over_too() {
    let mut instance = connector().instance(&Limits::default()).unwrap();
    let fault = instance.start(&job("{}")).unwrap().unwrap_err();
    assert!(matches!(fault, Fault::PermanentSettings(_)), "{fault:?}");
    names(&blamed(&mut instance, &[]), "after the pass was over");
}

#[test]
fn a_start_after_the_start_and_a_resume_before_it_are_faults() {
    let (mut instance, _) = waiting();
    let again = instance.start(&job("{}")).unwrap();
    assert!(
        matches!(again, Err(Fault::PermanentProtocol(_))),
        "{again:?}"
    );
    let mut fresh = connector().instance(&Limits::default()).unwrap();
    names(&blamed(&mut fresh, &[]), "resume was called before start");
}
