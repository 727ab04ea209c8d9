//! The effects of a pass in memory: the sandbox answers requests, the ledger is a map, and a wait
//! sets the time.

use atsync_plugin::bindings::exports::atsync::connector::reconcile::{
    Answer, Effect, Entry, Failure, HttpRequest, HttpResponse, Lines, LinesRequest, Method, Scan,
    Write,
};
use atsync_sandbox::wire::{Reply, Request, Side};

use super::pass::Brand;

impl Brand {
    /// Performs an effect, as a host would.
    pub fn perform(&mut self, effect: Effect) -> Answer {
        match effect {
            Effect::Http(request) => self.http(request),
            Effect::ReadLines(request) => self.lines(&request),
            Effect::Load(keys) => Answer::Loaded(
                keys.iter()
                    .map(|key| self.ledger.get(key).cloned())
                    .collect(),
            ),
            Effect::Scan(scan) => Answer::Scanned(self.scan(&scan)),
            Effect::Commit(writes) => {
                for Write { key, value } in writes {
                    match value {
                        Some(value) => self.ledger.insert(key, value),
                        None => self.ledger.remove(&key),
                    };
                }
                Answer::Committed
            }
            Effect::WaitUntil(at) => {
                self.now = self.now.max(at);
                Answer::Woke
            }
        }
    }

    fn scan(&self, scan: &Scan) -> Vec<Entry> {
        let from = scan.after.clone().unwrap_or_default();
        let under = self.ledger.range(scan.prefix.clone()..);
        under
            .take_while(|(key, _)| key.starts_with(&scan.prefix))
            .filter(|(key, _)| **key > from)
            .take(scan.limit as usize)
            .map(|(key, value)| Entry {
                key: key.clone(),
                value: value.clone(),
            })
            .collect()
    }

    fn http(&mut self, request: HttpRequest) -> Answer {
        let (side, prefix, header, value) = match request.service.as_str() {
            "shopify" => (
                Side::Shopify,
                "",
                "x-shopify-access-token",
                &self.credentials.shopify,
            ),
            "joor-v2" => (
                Side::Joor,
                "/v2",
                "authorization",
                &self.credentials.joor_v2,
            ),
            "joor-v4" => (
                Side::Joor,
                "/v4",
                "authorization",
                &self.credentials.joor_v4,
            ),
            other => panic!("the manifest names no service {other}"),
        };
        let mut headers = request.headers;
        headers.push((header.into(), value.clone()));
        let method = match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
            other => panic!("{other:?} is not used"),
        };
        let request = Request {
            method: method.into(),
            path: format!("{prefix}{}", request.path),
            headers,
            body: request.body.unwrap_or_default().into_bytes(),
        };
        let Reply::Answer(response) = self.sandbox.handle(side, &request, self.now) else {
            return Answer::Failed(Failure::Unreachable("cut".into()));
        };
        Answer::Http(HttpResponse {
            status: response.status,
            headers: response.headers,
            body: String::from_utf8(response.body).expect("UTF-8"),
        })
    }

    /// The whole file is small, so it is always the only piece.
    fn lines(&mut self, request: &LinesRequest) -> Answer {
        let path = request
            .url
            .find("/bulk/")
            .and_then(|at| request.url.get(at..));
        let get = Request {
            method: "GET".into(),
            path: path.expect("a bulk result").into(),
            ..Request::default()
        };
        let Reply::Answer(file) = self.sandbox.handle(Side::Shopify, &get, self.now) else {
            return Answer::Failed(Failure::Unreachable("cut".into()));
        };
        let text = String::from_utf8(file.body).expect("UTF-8");
        Answer::Lines(Lines {
            text,
            next_offset: None,
        })
    }
}
