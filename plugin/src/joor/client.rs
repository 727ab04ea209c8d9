//! One exchange with JOOR: credits, refusals, retries.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use serde_json::{Value, json};

use super::credits::{READ, WRITE, Window};
use crate::bindings::exports::atsync::connector::reconcile::{
    Failure, HttpRequest, HttpResponse, Method,
};
use crate::core::settings::JoorApi;
use crate::core::time::{Millis, ahead, parse_http_date};
use crate::halt::Halt;
use crate::http::{self, ATTEMPTS_MAX, WAIT_MAX};
use crate::io::Io;
use crate::manifest::{JOOR_V2, JOOR_V4};

/// Talks to one JOOR account for the length of a pass.
#[derive(Clone)]
pub struct Joor {
    io: Io,
    account: String,
    api: JoorApi,
    window: Rc<RefCell<Window>>,
    usage: Rc<Cell<Usage>>,
    clock_ahead: Rc<Cell<Option<i64>>>,
}

/// What a pass has used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Reading requests.
    pub reads: u64,
    /// Writing requests.
    pub writes: u64,
    /// Credits.
    pub credits: u64,
}

/// What JOOR said to a message that changes something.
#[derive(Debug)]
pub enum Sent {
    /// It took the message; the body says what became of what is in it.
    Taken(String),
    /// It refused the message for what is in it.
    Refused {
        /// HTTP status.
        status: u16,
        /// Its words.
        body: String,
    },
    /// The message is too large, or took too long: smaller ones may pass.
    TooMuch(String),
}

impl Joor {
    /// A client for `account` that goes on with the credits of `window`.
    pub fn new(io: &Io, account: &str, api: &JoorApi, window: Window) -> Self {
        Self {
            io: io.clone(),
            account: account.to_owned(),
            api: api.clone(),
            window: Rc::new(RefCell::new(window)),
            usage: Rc::default(),
            clock_ahead: Rc::default(),
        }
    }

    /// The credits, for the ledger.
    pub fn window(&self) -> Window {
        *self.window.borrow()
    }

    /// What this pass has used.
    pub fn usage(&self) -> Usage {
        self.usage.get()
    }

    /// JOOR's clock minus the host's, by the `Date` of its last answer that was one.
    pub fn clock_ahead(&self) -> Option<i64> {
        self.clock_ahead.get()
    }

    /// How JOOR is talked to.
    pub fn api(&self) -> &JoorApi {
        &self.api
    }

    /// One page of a v4 list: the objects in `data`. `filter` is more of the query (`&ids=1,2`).
    ///
    /// # Errors
    /// [`Halt::Later`] when the credits are used up; [`Halt::Failed`] with what to do.
    pub async fn page(&self, list: &str, filter: &str, page: u64) -> Result<Vec<Value>, Halt> {
        let path = format!(
            "/{list}?account={}&page={page}&page_size={}{filter}",
            encode(&self.account),
            self.api.page_size
        );
        let body = self.read(JOOR_V4, &path).await?;
        let value: Value =
            serde_json::from_str(&body).map_err(|e| unexpected(list, &e.to_string()))?;
        if let Some(errors) = value
            .get("errors")
            .and_then(Value::as_array)
            .filter(|e| !e.is_empty())
        {
            let text = json!({ "errors": errors }).to_string();
            return Err(unexpected(
                list,
                &format!("it reports errors: {}", http::excerpt(&text)),
            ));
        }
        match value {
            Value::Object(mut object) => match object.remove("data") {
                Some(Value::Array(data)) => Ok(data),
                _ => Err(unexpected(list, "it has no list `data`")),
            },
            _ => Err(unexpected(list, "it is no object")),
        }
    }

    /// Tries the credential of the v2 API by reading at most one order, without marking it
    /// (`sync=0`; the default would mark it as exported).
    ///
    /// # Errors
    /// As [`Joor::page`].
    pub async fn try_stock_credential(&self) -> Result<(), Halt> {
        self.read(JOOR_V2, "/order/?sync=0&order_type=6&count=1")
            .await
            .map(|_| ())
    }

    /// Reads from the v2 API.
    ///
    /// # Errors
    /// As [`Joor::page`].
    pub async fn read_v2(&self, path: &str) -> Result<String, Halt> {
        self.read(JOOR_V2, path).await
    }

    /// Reads from the v2 API in a way that marks what is read.
    ///
    /// # Errors
    /// As [`Joor::page`].
    pub async fn read_and_mark_v2(&self, path: &str) -> Result<String, Halt> {
        self.get(JOOR_V2, path, true).await
    }

    async fn read(&self, service: &str, path: &str) -> Result<String, Halt> {
        self.get(service, path, false).await
    }

    async fn get(&self, service: &str, path: &str, changes: bool) -> Result<String, Halt> {
        let mut last = String::new();
        for attempt in 1..=ATTEMPTS_MAX {
            self.take_credits(READ).await?;
            let mut request = request(service, Method::Get, path.to_owned(), None);
            request.changes = changes;
            match self.io.http(request).await {
                Ok(response) if response.status == 200 => {
                    let read = serde_json::from_str::<serde::de::IgnoredAny>(&response.body);
                    let Err(error) = read else {
                        let date = http::header(&response, "date").and_then(parse_http_date);
                        let ahead = date.map(|date| ahead(date, self.io.now()));
                        self.clock_ahead.set(ahead.or(self.clock_ahead.get()));
                        return Ok(response.body);
                    };
                    last = http::not_json(&response.body, &error);
                }
                Ok(response) => match self.passing(&response)? {
                    Some(why) => last = why,
                    None => return Err(refused(service, path, &response)),
                },
                Err(failure) if http::is_passing_failure(&failure) => {
                    last = http::describe(&failure);
                }
                Err(failure) => return Err(unreachable(&http::describe(&failure))),
            }
            self.pause(attempt).await;
        }
        Err(unreachable(&format!("{last}, {ATTEMPTS_MAX} times")))
    }

    /// Sends a stock message until JOOR takes or refuses it. Stock is absolute, so a message may
    /// be sent again whatever became of it.
    ///
    /// # Errors
    /// [`Halt::Later`] when the credits are used up; [`Halt::Failed`] when JOOR cannot be reached
    /// or does not accept the credential.
    pub async fn send_stock(
        &self,
        path: &str,
        content_type: &str,
        body: &str,
        key: &str,
    ) -> Result<Sent, Halt> {
        self.write(JOOR_V2, path, content_type, body, key).await
    }

    /// Sends changes of orders, which are absolute too.
    ///
    /// # Errors
    /// As [`Joor::send_stock`].
    pub async fn update_orders(&self, body: &str, key: &str) -> Result<Sent, Halt> {
        let path = format!("/orders/bulk_update?account={}", encode(&self.account));
        self.write(JOOR_V4, &path, "application/json", body, key)
            .await
    }

    async fn write(
        &self,
        service: &str,
        path: &str,
        content_type: &str,
        body: &str,
        key: &str,
    ) -> Result<Sent, Halt> {
        let mut last = String::new();
        for attempt in 1..=ATTEMPTS_MAX {
            self.take_credits(WRITE).await?;
            let mut request = request(service, Method::Post, path.into(), Some(body.to_owned()));
            request
                .headers
                .push(("content-type".into(), content_type.into()));
            request.changes = true;
            request.idempotency_key = Some(key.to_owned());
            match self.io.http(request).await {
                Ok(response) if (200..300).contains(&response.status) => {
                    return Ok(Sent::Taken(response.body));
                }
                Ok(response) => match response.status {
                    413 | 504 => return Ok(Sent::TooMuch(format!("status {}", response.status))),
                    400 | 404 | 409 | 422 => {
                        let (status, body) = (response.status, response.body);
                        return Ok(Sent::Refused { status, body });
                    }
                    _ => match self.passing(&response)? {
                        Some(why) => last = why,
                        None => return Err(refused(service, path, &response)),
                    },
                },
                Err(Failure::TimedOut) if attempt > 1 => {
                    return Ok(Sent::TooMuch("no answer in time".into()));
                }
                Err(failure) if http::is_passing_failure(&failure) => {
                    last = http::describe(&failure);
                }
                Err(failure) => return Err(unreachable(&http::describe(&failure))),
            }
            self.pause(attempt).await;
        }
        Err(unreachable(&format!("{last}, {ATTEMPTS_MAX} times")))
    }

    async fn take_credits(&self, cost: u64) -> Result<(), Halt> {
        loop {
            let taken = self
                .window
                .borrow_mut()
                .take(cost, self.api.credits, self.io.now());
            match taken {
                Ok(()) => break,
                Err(at) if at <= self.io.now() + WAIT_MAX => self.io.wait_until(at).await,
                Err(at) => return Err(out_of_credits(at)),
            }
        }
        let mut usage = self.usage.get();
        usage.credits += cost;
        if cost == READ {
            usage.reads += 1;
        } else {
            usage.writes += 1;
        }
        self.usage.set(usage);
        Ok(())
    }

    /// Whether to try again: the reason, or none where it is of no use.
    fn passing(&self, response: &HttpResponse) -> Result<Option<String>, Halt> {
        if response.status == 429 {
            let now = self.io.now();
            let at = self
                .window
                .borrow_mut()
                .close(http::retry_after(response, now), now);
            if at > now + WAIT_MAX {
                return Err(out_of_credits(at));
            }
            return Ok(Some("JOOR's credits are used up (429)".into()));
        }
        Ok(http::is_passing(response.status)
            .then(|| format!("it answered with status {}", response.status)))
    }

    async fn pause(&self, attempt: u32) {
        if attempt < ATTEMPTS_MAX {
            let now = self.io.now();
            self.io.wait_until(now + http::pause(attempt, now)).await;
        }
    }
}

fn request(service: &str, method: Method, path: String, body: Option<String>) -> HttpRequest {
    HttpRequest {
        service: service.into(),
        method,
        path,
        headers: vec![("accept".into(), "application/json".into())],
        body,
        changes: false,
        idempotency_key: None,
    }
}

/// Percent-encodes everything but unreserved characters (RFC 3986 §2.3).
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn out_of_credits(at: Millis) -> Halt {
    Halt::Later {
        at,
        why: "JOOR: the account's credits are used up".into(),
    }
}

fn unreachable(why: &str) -> Halt {
    Halt::failed(
        "joor-unreachable",
        format!("JOOR did not give an answer to work with: {why}."),
        "What JOOR took before is in the ledger; the next pass goes on from there. If it lasts, run `check`.",
    )
}

fn refused(service: &str, path: &str, response: &HttpResponse) -> Halt {
    let (status, body) = (response.status, http::excerpt(&response.body));
    match status {
        401 | 403 => Halt::failed(
            "joor-unauthorized",
            format!("JOOR does not accept the credential of `{service}` (status {status}): {body}"),
            format!(
                "Put the credential that JOOR's integrations team gave you into the host's configuration of the service `{service}`."
            ),
        ),
        _ => Halt::failed(
            "joor-refused",
            format!(
                "JOOR refuses {} (status {status}): {body}",
                path.split('?').next().unwrap_or(path)
            ),
            "Look at `joor_account` in the settings and at the base URL in the host's configuration.",
        ),
    }
}

/// The failure of an answer that cannot be what JOOR has.
pub fn unexpected(list: &str, why: &str) -> Halt {
    Halt::failed(
        "joor-unexpected-answer",
        format!("JOOR's answer to `{list}` is not what its documentation promises: {why}."),
        "Nothing was changed; the next pass tries again. If it lasts, a newer connector is needed.",
    )
}
