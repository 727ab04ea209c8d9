//! The HTTP face of the shop: its addresses, headers and refusals.

use serde_json::{Value, json};

use super::Shop;
use super::bulk::signature;
use super::store::seconds;
use super::time;
use crate::wire::{Millis, Request, Response};

/// A token of the client-credentials grant lives for 24 hours.
const TOKEN_MILLIS: Millis = 24 * 60 * 60 * 1000;

/// An answer, and what is counted of it.
pub(crate) struct Handled {
    pub(crate) response: Response,
    pub(crate) operation: String,
    pub(crate) cost: u32,
    pub(crate) changed: bool,
}

/// A name for what a request is after, before it is handled: the GraphQL operation's name, or
/// the path.
pub(crate) fn operation(request: &Request) -> String {
    if is_graphql(request.route()) {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let named = body
            .get("operationName")
            .and_then(Value::as_str)
            .map(str::to_owned);
        return named.unwrap_or_else(|| {
            first_name(
                body.get("query")
                    .and_then(Value::as_str)
                    .unwrap_or_default(),
            )
        });
    }
    if request.route().starts_with("/bulk/") {
        return "bulk-result".to_owned();
    }
    request.route().trim_matches('/').to_owned()
}

/// The operation's name in a document: the word after `query` or `mutation`.
fn first_name(document: &str) -> String {
    let word = |keyword: &str| {
        let rest = document.split_once(keyword)?.1.trim_start();
        let name: String = rest
            .chars()
            .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
            .collect();
        (!name.is_empty()).then_some(name)
    };
    word("query ")
        .or_else(|| word("mutation "))
        .unwrap_or_else(|| "graphql".to_owned())
}

fn is_graphql(path: &str) -> bool {
    path.starts_with("/admin/api/") && path.ends_with("/graphql.json")
}

impl Shop {
    /// Answers one request. `throttle` makes a query find the cost bucket empty.
    pub(crate) fn handle(&mut self, request: &Request, throttle: bool, now: Millis) -> Handled {
        self.requests += 1;
        self.advance_bulk(now);
        self.finish_jobs(now);
        let changed = self.changed;
        let path = request.route();
        let mut operation = operation(request);
        let mut cost = 0;
        let mut response = match (request.method.as_str(), path) {
            ("POST", "/admin/oauth/access_token") => self.grant(request, now),
            ("POST", path) if is_graphql(path) => match self.refusal(request, now) {
                Some(refusal) => refusal,
                None => match serde_json::from_slice::<Value>(&request.body) {
                    Ok(body) if body.get("query").is_some_and(Value::is_string) => {
                        let answer = self.graphql(&body, throttle, now);
                        operation = answer.operation;
                        cost = answer.cost;
                        answer.refusal.unwrap_or_else(|| {
                            Response::new(200, "application/json; charset=utf-8", answer.body)
                        })
                    }
                    _ => Response::json(
                        400,
                        &json!({ "errors": { "query": "Required parameter missing or invalid" } }),
                    ),
                },
            },
            ("GET", path) if path.starts_with("/bulk/") => self.bulk_result(request, now),
            _ => Response::json(404, &json!({ "errors": "Not Found" })),
        };
        let id = format!(
            "{:08x}-0000-4000-8000-{:012x}",
            self.requests >> 32,
            self.requests
        );
        response.headers.push(("x-request-id".to_owned(), id));
        response
            .headers
            .push(("date".to_owned(), time::http(seconds(now))));
        if is_graphql(path) {
            response.headers.push((
                "x-shopify-api-version".to_owned(),
                self.options.api_version.clone(),
            ));
        }
        Handled {
            response,
            operation,
            cost,
            changed: self.changed > changed,
        }
    }

    fn refusal(&self, request: &Request, now: Millis) -> Option<Response> {
        let token = request.header("x-shopify-access-token").unwrap_or_default();
        let fixed = !self.options.token.is_empty() && token == self.options.token;
        let granted = self.granted.get(token).is_some_and(|ends| now < *ends);
        let message =
            "[API] Invalid API key or access token (unrecognized login or wrong password)";
        (!fixed && !granted).then(|| Response::json(401, &json!({ "errors": message })))
    }

    /// The client-credentials grant.
    /// Source: <https://shopify.dev/docs/apps/build/authentication-authorization/client-credentials-grant>.
    fn grant(&mut self, request: &Request, now: Millis) -> Response {
        let form = request.form();
        let given = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        if given("grant_type") != "client_credentials" {
            return Response::json(400, &json!({ "error": "unsupported_grant_type" }));
        }
        let known = given("client_id") == self.options.client_id
            && given("client_secret") == self.options.client_secret;
        if !known {
            let description = "The client credentials are not valid.";
            return Response::json(
                400,
                &json!({ "error": "invalid_client", "error_description": description }),
            );
        }
        let token = format!("shpat_granted_{}", self.requests);
        self.granted
            .insert(token.clone(), now.saturating_add(TOKEN_MILLIS));
        let scope = self.options.scopes.join(",");
        let expires = TOKEN_MILLIS / 1000 - 1;
        Response::json(
            200,
            &json!({ "access_token": token, "scope": scope, "expires_in": expires }),
        )
    }

    /// Takes back all tokens that were granted, as an uninstalled or rotated app would.
    pub fn revoke_tokens(&mut self) {
        self.granted.clear();
    }

    fn bulk_result(&self, request: &Request, now: Millis) -> Response {
        let name = request
            .route()
            .trim_start_matches("/bulk/")
            .trim_end_matches(".jsonl");
        let number = name.parse::<u64>().unwrap_or(0);
        let signed = request
            .query("signature")
            .is_some_and(|given| given == signature(number));
        let Some(file) = self.bulk.file(number, now).filter(|_| signed) else {
            let body = "<?xml version='1.0' encoding='UTF-8'?><Error><Code>ExpiredToken</Code>\
                        <Message>Invalid argument.</Message></Error>";
            return Response::new(
                400,
                "application/xml; charset=UTF-8",
                body.as_bytes().to_vec(),
            );
        };
        let len = file.len();
        let asked = request
            .header("range")
            .filter(|_| !self.options.bulk.ignore_ranges)
            .and_then(|range| part(range, len));
        let (status, start, end) = match asked {
            None => (200, 0, len),
            Some((start, _)) if start >= len => {
                let mut response = Response::new(416, "application/jsonl", Vec::new());
                response
                    .headers
                    .push(("content-range".to_owned(), format!("bytes */{len}")));
                return response;
            }
            Some((start, end)) => (206, start, end),
        };
        let Ok(bytes) = file.read(start, end) else {
            return Response::new(500, "text/plain", b"cannot read the result".to_vec());
        };
        let mut response = Response::new(status, "application/jsonl", bytes);
        if !self.options.bulk.ignore_ranges {
            response
                .headers
                .push(("accept-ranges".to_owned(), "bytes".to_owned()));
        }
        if status == 206 {
            let last = end - 1;
            response.headers.push((
                "content-range".to_owned(),
                format!("bytes {start}-{last}/{len}"),
            ));
        }
        response
    }
}

/// The part of a file of `len` bytes that a `Range` header asks for: start, and end without.
fn part(range: &str, len: u64) -> Option<(u64, u64)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    if first.is_empty() {
        let count: u64 = last.parse().ok()?;
        return Some((len.saturating_sub(count), len));
    }
    let first = first.parse().ok()?;
    let end = if last.is_empty() {
        len
    } else {
        last.parse::<u64>().ok()?.saturating_add(1).min(len)
    };
    (first < end || first >= len).then_some((first, end))
}
