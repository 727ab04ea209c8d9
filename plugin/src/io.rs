//! The executor and the effect handles: how straight-line flows live inside a component that
//! imports nothing.
//!
//! A flow awaits an effect; the executor hands the request out as part of a turn and polls the
//! flow again when its completion has come. There is no waker to call and no thread to wake:
//! the host's `resume` is the only event.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::asked::Asked;
use crate::bindings::exports::atsync::connector::reconcile::{
    Answer, Completion, Effect, Entry, Failure, Fault, HttpRequest, HttpResponse, Lines,
    LinesRequest, Outcome, Problem, Progress, Request, Scan, Timestamp, Turn, Waiting, Write,
};
use crate::core::time::TIME_MAX;
use crate::http::describe;

/// What is between the flow and the host.
#[derive(Default)]
struct Mailbox {
    last_id: u32,
    /// Requests the host has not been given.
    requests: Vec<Request>,
    /// Completions the flow has not taken.
    answers: BTreeMap<u32, Answer>,
    /// Requests given to the host and not yet completed.
    open: BTreeMap<u32, Asked>,
    progress: Option<Progress>,
    now: Timestamp,
}

/// The handle through which a flow asks. Cheap to clone; all clones are one mailbox.
#[derive(Clone)]
pub struct Io(Rc<RefCell<Mailbox>>);

/// The host could not use its store.
#[derive(Debug)]
pub struct StorageFailed(pub String);

impl Io {
    fn new(now: Timestamp) -> Self {
        Self(Rc::new(RefCell::new(Mailbox {
            now,
            ..Mailbox::default()
        })))
    }

    /// The time of the newest completion; the only clock there is.
    pub fn now(&self) -> Timestamp {
        self.0.borrow().now
    }

    /// Tells people how far a long work is.
    pub fn progress(&self, what: &str, done: u64, total: Option<u64>) {
        self.0.borrow_mut().progress = Some(Progress {
            what: what.into(),
            done,
            total,
        });
    }

    /// Asks at once and answers later, so that two effects asked for before the first is
    /// awaited are under way together.
    fn perform(&self, effect: Effect) -> impl Future<Output = Answer> + use<> {
        let mailbox = self.0.clone();
        let id = {
            let mut mailbox = mailbox.borrow_mut();
            mailbox.last_id += 1;
            let id = mailbox.last_id;
            mailbox.requests.push(Request { id, effect });
            id
        };
        std::future::poll_fn(move |_| match mailbox.borrow_mut().answers.remove(&id) {
            Some(answer) => Poll::Ready(answer),
            None => Poll::Pending,
        })
    }

    /// One exchange with a service.
    pub async fn http(&self, request: HttpRequest) -> Result<HttpResponse, Failure> {
        match self.perform(Effect::Http(request)).await {
            Answer::Http(response) => Ok(response),
            other => Err(failure_of(other)),
        }
    }

    /// The next piece of a file of lines. The request is under way before the first await.
    pub fn read_lines(
        &self,
        request: LinesRequest,
    ) -> impl Future<Output = Result<Lines, Failure>> + use<> {
        let answer = self.perform(Effect::ReadLines(request));
        async move {
            match answer.await {
                Answer::Lines(lines) => Ok(lines),
                other => Err(failure_of(other)),
            }
        }
    }

    /// The values of keys, in their order.
    pub async fn load(&self, keys: Vec<String>) -> Result<Vec<Option<String>>, StorageFailed> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        match self.perform(Effect::Load(keys)).await {
            Answer::Loaded(values) => Ok(values),
            other => Err(storage_failed("load", other)),
        }
    }

    /// Up to `limit` keys under `prefix` after `after`, with their values.
    pub async fn scan(
        &self,
        prefix: &str,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<Entry>, StorageFailed> {
        let scan = Scan {
            prefix: prefix.into(),
            after,
            limit,
        };
        match self.perform(Effect::Scan(scan)).await {
            Answer::Scanned(entries) => Ok(entries),
            other => Err(storage_failed("scan", other)),
        }
    }

    /// Writes all or nothing.
    pub async fn commit(&self, writes: Vec<Write>) -> Result<(), StorageFailed> {
        if writes.is_empty() {
            return Ok(());
        }
        match self.perform(Effect::Commit(writes)).await {
            Answer::Committed => Ok(()),
            other => Err(storage_failed("commit", other)),
        }
    }

    /// Does nothing until `at`; not at all if that is past.
    pub async fn wait_until(&self, at: Timestamp) {
        if at > self.now() {
            self.perform(Effect::WaitUntil(at)).await;
        }
    }
}

// An answer of another kind is not let in (`Asked::fits`), so these see failures only.

fn failure_of(answer: Answer) -> Failure {
    match answer {
        Answer::Failed(failure) => failure,
        _ => Failure::Unsupported,
    }
}

fn storage_failed(what: &str, answer: Answer) -> StorageFailed {
    StorageFailed(format!("{what}: {}", describe(&failure_of(answer))))
}

/// What a time is that no clock shows.
const NO_TIME: &str = "which is after the year 9999";

type Flow = Pin<Box<dyn Future<Output = Result<Outcome, Fault>>>>;

/// A flow under way: what an instance keeps between two calls.
pub struct Pass {
    io: Io,
    /// None when the pass is over.
    flow: Option<Flow>,
}

impl Pass {
    /// Begins a pass at `now` with the flow that `begin` makes, and runs it to its first turn.
    pub fn start<F>(now: Timestamp, begin: impl FnOnce(Io) -> F) -> (Self, Result<Turn, Fault>)
    where
        F: Future<Output = Result<Outcome, Fault>> + 'static,
    {
        let io = Io::new(now);
        if now > TIME_MAX {
            let fault = protocol_fault(&format!("the pass was started at {now}, {NO_TIME}"));
            return (Self { io, flow: None }, Err(fault));
        }
        let mut pass = Self {
            io: io.clone(),
            flow: Some(Box::pin(begin(io))),
        };
        let turn = pass.turn();
        (pass, turn)
    }

    /// Takes completions in and runs the flow to its next turn.
    ///
    /// # Errors
    /// The fault the flow ended with, or a protocol fault that names the request whose completion
    /// breaks the contract. Both end the pass.
    pub fn resume(&mut self, completions: Vec<Completion>) -> Result<Turn, Fault> {
        if let Err(what) = self.take_in(completions) {
            self.flow = None;
            return Err(protocol_fault(&what));
        }
        self.turn()
    }

    fn take_in(&self, completions: Vec<Completion>) -> Result<(), String> {
        let mut mailbox = self.io.0.borrow_mut();
        if self.flow.is_none() {
            let ids: Vec<_> = completions.iter().map(|one| one.id.to_string()).collect();
            return Err(format!(
                "resume was called after the pass was over, with completions of [{}]",
                ids.join(", ")
            ));
        }
        if completions.is_empty() {
            let open: Vec<_> = mailbox.open.iter().take(3).collect();
            let open: Vec<_> = open
                .iter()
                .map(|(id, asked)| format!("{id} ({asked})"))
                .collect();
            return Err(format!(
                "resume was called without a completion; {} open requests have none yet: {} …",
                mailbox.open.len(),
                open.join(", ")
            ));
        }
        for Completion { id, at, answer } in completions {
            let Some(asked) = mailbox.open.remove(&id) else {
                return Err(if (1..=mailbox.last_id).contains(&id) {
                    format!("request {id} was answered before")
                } else {
                    format!("completion {id} answers no request that was asked for")
                });
            };
            if at > TIME_MAX {
                return Err(format!(
                    "request {id} ({asked}) was answered at {at}, {NO_TIME}"
                ));
            }
            asked
                .fits(&answer)
                .map_err(|what| format!("request {id} ({asked}) {what}"))?;
            mailbox.now = mailbox.now.max(at);
            mailbox.answers.insert(id, answer);
        }
        Ok(())
    }

    fn turn(&mut self) -> Result<Turn, Fault> {
        let Some(flow) = self.flow.as_mut() else {
            return Err(stuck());
        };
        match flow.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => {
                self.flow = None;
                result.map(Turn::Done)
            }
            Poll::Pending => {
                let mut mailbox = self.io.0.borrow_mut();
                let requests = std::mem::take(&mut mailbox.requests);
                let asked = requests.iter().map(|one| (one.id, (&one.effect).into()));
                mailbox.open.extend(asked);
                if mailbox.open.is_empty() {
                    return Err(stuck());
                }
                Ok(Turn::Waiting(Waiting {
                    requests,
                    progress: mailbox.progress.take(),
                }))
            }
        }
    }
}

/// The fault of a host that does not keep the contract.
pub fn protocol_fault(what: &str) -> Fault {
    Fault::PermanentProtocol(Problem {
        code: "protocol".into(),
        message: format!("The host broke the connector's contract: {what}."),
        fix: "Compare the host's loop with the rules in wit/README.md.".into(),
    })
}

/// The fault of a flow that waits for nothing, which none does.
fn stuck() -> Fault {
    Fault::Temporary(Problem {
        code: "stuck".into(),
        message: "The pass waits for nothing that was asked for.".into(),
        fix: "Report this with the recording of the pass.".into(),
    })
}

#[cfg(test)]
#[path = "io_tests.rs"]
mod tests;
