//! A request taken apart, and the shapes of JOOR's answers.

use serde::Serialize;
use serde_json::{Value, json};

use crate::wire::{Request, Response};

/// One request: its path in pieces, its query in pairs.
pub(super) struct Call<'a> {
    pub(super) request: &'a Request,
    pub(super) path: Vec<String>,
    query: Vec<(String, String)>,
}

impl<'a> Call<'a> {
    pub(super) fn new(request: &'a Request) -> Self {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        Self {
            request,
            path: path
                .split('/')
                .filter(|piece| !piece.is_empty())
                .map(str::to_owned)
                .collect(),
            query: form(query.as_bytes()),
        }
    }

    pub(super) fn pieces(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    pub(super) fn reads(&self) -> bool {
        matches!(self.request.method.as_str(), "GET" | "HEAD")
    }

    pub(super) fn query(&self) -> impl Iterator<Item = (&str, &str)> {
        self.query
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.query()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .request
            .headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// The pairs of a form-urlencoded text.
pub(super) fn form(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}

/// A JSON answer.
pub(super) fn answer(status: u16, body: &impl Serialize) -> Response {
    Response {
        status,
        headers: vec![("content-type".into(), "application/json".into())],
        body: serde_json::to_vec(body).unwrap_or_default(),
    }
}

/// v4's envelope around rows.
#[derive(Serialize)]
pub(super) struct Envelope<T> {
    pub(super) data: Vec<T>,
    pub(super) errors: Vec<Failure>,
}

/// One entry of v4's `errors`.
#[derive(Debug, Serialize)]
pub(super) struct Failure {
    pub(super) status: &'static str,
    pub(super) message: String,
    pub(super) details: Value,
}

impl Failure {
    pub(super) fn new(status: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            details: json!({}),
        }
    }

    pub(super) fn answer(self, status: u16) -> Response {
        answer(
            status,
            &Envelope::<Value> {
                data: vec![],
                errors: vec![self],
            },
        )
    }
}

/// v2's envelope: a code that is 0 for success, and a comment for people.
pub(super) fn v2_refusal(status: u16, comment: &str) -> Response {
    answer(
        status,
        &json!({ "response": { "code": status, "comment": comment } }),
    )
}
