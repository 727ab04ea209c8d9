use super::*;
use crate::bindings::exports::atsync::connector::reconcile::{Entry, Failure, HttpResponse};

fn load() -> Asked {
    Asked::from(&Effect::Load(vec!["a".into(), "b".into()]))
}

fn scan() -> Asked {
    Asked::from(&Effect::Scan(Scan {
        prefix: "s/".into(),
        after: Some("s/b".into()),
        limit: 2,
    }))
}

fn piece() -> Asked {
    Asked::ReadLines {
        offset: 100,
        max_bytes: 8,
    }
}

fn scanned(keys: &[&str]) -> Answer {
    let entry = |key: &&str| Entry {
        key: (*key).into(),
        value: "1".into(),
    };
    Answer::Scanned(keys.iter().map(entry).collect())
}

fn lines(text: &str, next_offset: Option<u64>) -> Answer {
    Answer::Lines(Lines {
        text: text.into(),
        next_offset,
    })
}

fn status(status: u16) -> Answer {
    Answer::Http(HttpResponse {
        status,
        headers: Vec::new(),
        body: String::new(),
    })
}

fn refused(asked: &Asked, answer: &Answer) -> String {
    asked.fits(answer).expect_err("does not fit")
}

#[test]
fn a_failure_answers_everything() {
    for asked in [
        load(),
        scan(),
        piece(),
        Asked::Commit(1),
        Asked::WaitUntil(7),
    ] {
        assert_eq!(asked.fits(&Answer::Failed(Failure::TimedOut)), Ok(()));
    }
}

#[test]
fn an_answer_of_another_kind_fits_nothing() {
    assert_eq!(
        refused(&load(), &Answer::Committed),
        "was answered by `committed`"
    );
    assert_eq!(
        refused(&Asked::Commit(1), &Answer::Woke),
        "was answered by `woke`"
    );
    assert_eq!(refused(&scan(), &status(200)), "was answered by `http`");
}

#[test]
fn each_key_has_its_value() {
    assert_eq!(load().fits(&Answer::Loaded(vec![None, None])), Ok(()));
    assert_eq!(
        refused(&load(), &Answer::Loaded(vec![None])),
        "was answered with 1 values"
    );
}

#[test]
fn a_page_is_in_the_order_of_bytes_and_begins_where_it_should() {
    assert_eq!(scan().fits(&scanned(&["s/c", "s/ü"])), Ok(()));
    // By UTF-16, as some languages sort, the astral one would come first.
    assert_eq!(scan().fits(&scanned(&["s/\u{ff5e}", "s/😀"])), Ok(()));
    for wrong in [
        &["s/c", "s/d", "s/e"][..],
        &["s/b"],
        &["s/a"],
        &["t/c"],
        &["s/d", "s/c"],
        &["s/c", "s/c"],
        &["s/😀", "s/\u{ff5e}"],
    ] {
        refused(&scan(), &scanned(wrong));
    }
}

#[test]
fn a_piece_ends_with_its_line_and_says_where_the_next_begins() {
    for right in [
        lines("1234567\n", Some(108)),
        lines("1\n", None),
        lines("1", None),
        lines("", None),
    ] {
        assert_eq!(piece().fits(&right), Ok(()));
    }
    for wrong in [
        lines("12345678\n", Some(109)),
        lines("1\n", Some(103)),
        lines("12", Some(102)),
        lines("", Some(100)),
    ] {
        refused(&piece(), &wrong);
    }
}

#[test]
fn a_status_is_one_that_there_is() {
    let asked = Asked::Http {
        service: "joor-v2".into(),
        method: Method::Get,
        path: "/skus".into(),
    };
    assert_eq!(asked.fits(&status(503)), Ok(()));
    refused(&asked, &status(0));
    refused(&asked, &status(600));
}

#[test]
fn the_name_of_a_request_has_no_query_and_no_signed_address() {
    let request = crate::bindings::exports::atsync::connector::reconcile::HttpRequest {
        service: "joor-v2".into(),
        method: Method::Get,
        path: "/orders?token=1".into(),
        headers: Vec::new(),
        body: None,
        changes: false,
        idempotency_key: None,
    };
    let asked = Asked::from(&Effect::Http(request));
    assert_eq!(asked.to_string(), "http joor-v2 get /orders");
    assert_eq!(piece().to_string(), "read-lines of 8 bytes from 100");
}
