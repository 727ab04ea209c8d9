//! One effect: set out, arrive, answer; with what goes wrong on the way.

use atsync::engine::reconcile as stored;
use atsync::store::Ledger;
use atsync_plugin::bindings::exports::atsync::connector::reconcile::{
    Answer, Effect, Entry, Failure, HttpRequest, HttpResponse, Lines, LinesRequest, Method, Write,
};
use atsync_sandbox::faults::Fault as Spoilt;
use atsync_sandbox::shopify::BulkFailure;
use atsync_sandbox::wire::{Reply, Request, Side};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::{Host, Run, Stage, TIMEOUT};
use crate::oracle::Broken;
use crate::plan::Fault;
use crate::world::CONNECTION;

impl Host<'_> {
    /// When the effect arrives where it is carried out, or how it fails on the way.
    pub(super) fn set_out(&mut self, effect: &Effect, fault: Option<Fault>) -> Stage {
        let now = self.world.now;
        let soon = now + self.rng.between(5, 400);
        match (effect, fault) {
            (Effect::Http(_) | Effect::ReadLines(_), Some(Fault::LostRequest(silent))) => {
                self.count(fault);
                self.broken_off(silent)
            }
            (Effect::Http(request), Some(Fault::Late(after))) => {
                self.count(fault);
                self.stray.push((now + TIMEOUT + after, request.clone()));
                self.broken_off(true)
            }
            (Effect::Http(_) | Effect::ReadLines(_), Some(Fault::Slow(ms))) => {
                self.count(fault);
                Stage::Going(now + ms)
            }
            (Effect::Http(_) | Effect::ReadLines(_), _) => Stage::Going(soon),
            (Effect::WaitUntil(at), _) => Stage::Going(now + at.saturating_sub(self.clock())),
            (Effect::Load(_) | Effect::Scan(_) | Effect::Commit(_), _) => {
                Stage::Going(now + self.rng.between(0, 3))
            }
        }
    }

    /// Nothing is heard until the host gives up, or the connection is cut.
    fn broken_off(&mut self, silent: bool) -> Stage {
        match silent {
            true => Stage::Coming(self.world.now + TIMEOUT, Answer::Failed(Failure::TimedOut)),
            false => {
                let cut = Answer::Failed(Failure::Unreachable("the connection was cut".into()));
                Stage::Coming(self.world.now + self.rng.between(1, 300), cut)
            }
        }
    }

    /// Carries an effect out.
    pub(super) fn arrive(
        &mut self,
        run: &Run,
        effect: &Effect,
        fault: Option<Fault>,
    ) -> Result<Stage, Broken> {
        if let Effect::WaitUntil(at) = effect {
            // Somebody may have set the clock back.
            let left = at.saturating_sub(self.clock());
            let now = self.world.now;
            return Ok(if left > 0 {
                Stage::Going(now + left)
            } else {
                Stage::Coming(now, Answer::Woke)
            });
        }
        let answer = match effect {
            Effect::Http(request) if run.dry && request.changes => {
                Answer::Failed(Failure::Refused("a dry run changes nothing".into()))
            }
            Effect::Http(request) => {
                if let Some(Fault::LostAnswer(silent)) = fault {
                    self.count(fault);
                    self.exchange(request, None)?;
                    return Ok(self.broken_off(silent));
                }
                self.exchange(request, fault)?
            }
            Effect::ReadLines(_) if fault == Some(Fault::FileGone) => {
                self.count(fault);
                Answer::Failed(Failure::Unreachable("status 404".into()))
            }
            Effect::ReadLines(request) => self.lines(request, fault)?,
            _ if fault == Some(Fault::StoreFails) => {
                self.count(fault);
                Answer::Failed(Failure::Unreachable("the disk is full".into()))
            }
            Effect::Load(keys) => Answer::Loaded(run.ledger.load(keys).expect("a store in memory")),
            Effect::Scan(scan) => {
                let found =
                    run.ledger
                        .scan(&scan.prefix, scan.after.as_deref(), scan.limit as usize);
                let entry = |stored::Entry { key, value }| Entry { key, value };
                Answer::Scanned(
                    found
                        .expect("a store in memory")
                        .into_iter()
                        .map(entry)
                        .collect(),
                )
            }
            Effect::Commit(writes) => {
                self.commit(&*run.ledger, run.dry, writes);
                Answer::Committed
            }
            Effect::WaitUntil(_) => Answer::Woke,
        };
        let back = match effect {
            Effect::Http(_) | Effect::ReadLines(_) => self.rng.between(5, 400),
            _ => 0,
        };
        Ok(Stage::Coming(self.world.now + back, answer))
    }

    pub(super) fn commit(&mut self, ledger: &dyn Ledger, dry: bool, writes: &[Write]) {
        let write = |Write { key, value }: &Write| stored::Write {
            key: key.clone(),
            value: value.clone(),
        };
        let writes: Vec<stored::Write> = writes.iter().map(write).collect();
        ledger.commit(&writes).expect("a store in memory");
        if !dry {
            self.watch.committed(&writes, self.world.now);
        }
    }

    /// One exchange with a service, as a host does it: with the credential, and once more with a
    /// new token where one is not accepted.
    pub(super) fn exchange(
        &mut self,
        request: &HttpRequest,
        fault: Option<Fault>,
    ) -> Result<Answer, Broken> {
        let mut answer = self.once(request, fault)?;
        let refused =
            |answer: &Answer| matches!(answer, Answer::Http(response) if response.status == 401);
        if refused(&answer) && request.service == "joor-v4" {
            self.token = None;
            answer = self.once(request, fault)?;
        }
        Ok(answer)
    }

    /// A request whose sender is gone.
    pub(super) fn stray_arrives(&mut self, request: &HttpRequest) -> Result<(), Broken> {
        self.stray_now = true;
        let arrived = self.exchange(request, None);
        self.stray_now = false;
        arrived.map(|_| ())
    }

    fn once(&mut self, request: &HttpRequest, fault: Option<Fault>) -> Result<Answer, Broken> {
        let credential = match request.service.as_str() {
            "shopify" => (
                "x-shopify-access-token",
                self.world.sandbox.shop.options().token.clone(),
            ),
            "joor-v2" => (
                "authorization",
                format!(
                    "OAuth2 {}",
                    BASE64_STANDARD.encode(&self.world.sandbox.joor.options.v2_token)
                ),
            ),
            _ => ("authorization", self.token()),
        };
        let (side, prefix) = match request.service.as_str() {
            "shopify" => (Side::Shopify, ""),
            "joor-v2" => (Side::Joor, "/v2"),
            _ => (Side::Joor, "/v4"),
        };
        let mut headers = request.headers.clone();
        headers.push((credential.0.into(), credential.1));
        let sent = Request {
            method: if request.method == Method::Get {
                "GET"
            } else {
                "POST"
            }
            .into(),
            path: format!("{prefix}{}", request.path),
            headers,
            body: request.body.clone().unwrap_or_default().into_bytes(),
        };
        if fault == Some(Fault::Refused) {
            self.count(fault);
            return Ok(Answer::Http(HttpResponse {
                status: 401,
                headers: Vec::new(),
                body: "{}".into(),
            }));
        }
        if fault == Some(Fault::BulkFails) {
            self.count(fault);
            self.world
                .sandbox
                .shop
                .fail_next_bulk(BulkFailure::InternalError);
        }
        if fault == Some(Fault::BulkVanishes) {
            self.bulk_vanishes = true;
        }
        if let Some(spoilt) = fault.and_then(|fault| spoilt(fault, side)) {
            self.count(fault);
            self.world.sandbox.faults.next(side, "", spoilt, 1);
        }
        let reply = self.handle(side, &sent, request.changes)?;
        if fault == Some(Fault::TooLarge) {
            self.count(fault);
            return Ok(Answer::Failed(Failure::TooLarge));
        }
        let Reply::Answer(mut response) = reply else {
            return Ok(Answer::Failed(Failure::Unreachable("cut".into())));
        };
        let asks = request.body.as_deref().unwrap_or_default();
        if self.bulk_vanishes && asks.contains("bulkOperation(id:") {
            self.count(Some(Fault::BulkVanishes));
            self.bulk_vanishes = false;
            response.body = br#"{"data":{"bulkOperation":null}}"#.to_vec();
        }
        Ok(Answer::Http(HttpResponse {
            status: response.status,
            headers: response.headers,
            body: String::from_utf8_lossy(&response.body).into_owned(),
        }))
    }

    /// A request of the connector's arrives, and what follows from it is looked at.
    fn handle(&mut self, side: Side, request: &Request, changes: bool) -> Result<Reply, Broken> {
        // What is due by now is not this request's doing.
        let earlier = self.watch.footprint(&self.world);
        self.world.sandbox.shop.finish_jobs(self.world.now);
        self.watch.look(&self.world);
        let before = self.watch.footprint(&self.world);
        self.watch
            .stock_is_conserved(&self.world, &earlier, &before)?;
        let reply = self.world.sandbox.handle(side, request, self.world.now);
        self.world.sandbox.faults.heal();
        self.post();
        self.watch
            .a_request_came(&self.world, &before, changes, self.stray_now)?;
        Ok(reply)
    }

    fn token(&mut self) -> String {
        if let Some(token) = &self.token {
            return token.clone();
        }
        let login = self.world.sandbox.joor.options.login.clone();
        let form = format!(
            "grant_type=password&client_id={}&client_secret={}&username={}&password={}",
            login.client_id, login.client_secret, login.username, login.password
        );
        let request = Request {
            method: "POST".into(),
            path: "/auth/".into(),
            headers: vec![(
                "content-type".into(),
                "application/x-www-form-urlencoded".into(),
            )],
            body: form.into_bytes(),
        };
        let Reply::Answer(grant) = self
            .world
            .sandbox
            .handle(Side::Joor, &request, self.world.now)
        else {
            return String::new();
        };
        let grant: Value = serde_json::from_slice(&grant.body).unwrap_or_default();
        let token = grant
            .get("access_token")
            .and_then(Value::as_str)
            .unwrap_or_default();
        self.token.insert(format!("Bearer {token}")).clone()
    }

    /// A piece of a file, cut after a line, and often a small one.
    fn lines(&mut self, request: &LinesRequest, fault: Option<Fault>) -> Result<Answer, Broken> {
        let path = request
            .url
            .find("/bulk/")
            .and_then(|at| request.url.get(at..))
            .unwrap_or_default();
        let get = Request {
            method: "GET".into(),
            path: path.into(),
            ..Request::default()
        };
        let Reply::Answer(file) = self.handle(Side::Shopify, &get, false)? else {
            return Ok(Answer::Failed(Failure::Unreachable("cut".into())));
        };
        if file.status != 200 {
            return Ok(Answer::Failed(Failure::Unreachable(format!(
                "status {}",
                file.status
            ))));
        }
        let text = String::from_utf8_lossy(&file.body).into_owned();
        let rest = text
            .get(usize::try_from(request.offset).unwrap_or(usize::MAX)..)
            .unwrap_or_default();
        let piece = usize::try_from(self.rng.between(600, 6_000)).unwrap_or(600);
        let end = match rest.get(piece..).and_then(|after| after.find('\n')) {
            Some(end) => piece + end + 1,
            None => rest.len(),
        };
        let more = end < rest.len();
        let mut text = rest.get(..end).unwrap_or_default().to_owned();
        if let Some(fault) = fault {
            let garbled = garbled(&text, fault);
            if garbled != text {
                self.count(Some(fault));
                text = garbled;
            }
        }
        Ok(Answer::Lines(Lines {
            text,
            next_offset: more.then_some(request.offset + end as u64),
        }))
    }

    /// A fault did what it does.
    pub(super) fn count(&mut self, fault: Option<Fault>) {
        if let Some(fault) = fault {
            *self.met.entry(name(fault)).or_default() += 1;
        }
    }

    /// Another process would find the connection locked.
    pub(super) fn is_locked(&self) -> bool {
        use atsync::store::Store as _;
        self.store.lock(CONNECTION).is_err()
    }
}

fn spoilt(fault: Fault, side: Side) -> Option<Spoilt> {
    Some(match fault {
        Fault::TooManyRequests(after) => Spoilt::TooManyRequests(after),
        Fault::Throttled if side == Side::Joor => Spoilt::TooManyRequests(None),
        Fault::Throttled => Spoilt::Throttled,
        Fault::Status(status) => Spoilt::Status(status),
        Fault::StatusAfter(status) => Spoilt::StatusAfter(status),
        Fault::Truncated => Spoilt::Truncated,
        Fault::Html => Spoilt::Html,
        Fault::Nulls => Spoilt::Nulls,
        Fault::UnknownEnum => Spoilt::UnknownEnum,
        _ => return None,
    })
}

/// A piece of a file with what cannot be read in it, and as long as it was.
fn garbled(text: &str, fault: Fault) -> String {
    match fault {
        Fault::Truncated => text.replacen("\"id\"", "#id#", 2),
        Fault::Nulls => text.replace(":true", ":null"),
        Fault::UnknownEnum => text.replace("\"DENY\"", "\"DOES\""),
        _ => text.to_owned(),
    }
}

fn name(fault: Fault) -> &'static str {
    match fault {
        Fault::Slow(_) => "slow",
        Fault::LostRequest(_) => "lost request",
        Fault::LostAnswer(_) => "lost answer",
        Fault::Late(_) => "carried out after the time-out",
        Fault::TooManyRequests(_) | Fault::Throttled => "throttled",
        Fault::Status(_) => "5xx",
        Fault::StatusAfter(_) => "5xx and carried out",
        Fault::Truncated => "half an answer",
        Fault::Html => "a page for an answer",
        Fault::Nulls => "nulls for numbers",
        Fault::UnknownEnum => "unknown words",
        Fault::TooLarge => "too large an answer",
        Fault::Refused => "401",
        Fault::BulkFails => "bulk operation fails",
        Fault::BulkVanishes => "bulk operation vanishes",
        Fault::FileGone => "bulk file gone",
        Fault::StoreFails => "store fails",
        Fault::Crash(_) => "crash",
        Fault::SecondProcess => "second process finds it locked",
        Fault::Overtaken => "second process takes it over",
    }
}
