//! The executor and the effect handles: how straight-line flows live inside a component that
//! imports nothing.
//!
//! A flow awaits an effect; the executor hands the request out as part of a turn and polls the
//! flow again when its completion has come. There is no waker to call and no thread to wake:
//! the host's `resume` is the only event.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::bindings::exports::atsync::connector::reconcile::{
    Answer, Completion, Effect, Entry, Failure, Fault, HttpRequest, HttpResponse, Lines,
    LinesRequest, Outcome, Problem, Progress, Request, Scan, Timestamp, Turn, Waiting, Write,
};
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
    open: BTreeSet<u32>,
    progress: Option<Progress>,
    now: Timestamp,
}

/// The handle through which a flow asks. Cheap to clone; all clones are one mailbox.
#[derive(Clone)]
pub struct Io(Rc<RefCell<Mailbox>>);

/// The ledger's answer to a load or a scan was not of the kind asked for, or the host refused.
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
        let asked = keys.len();
        if asked == 0 {
            return Ok(Vec::new());
        }
        match self.perform(Effect::Load(keys)).await {
            Answer::Loaded(values) if values.len() == asked => Ok(values),
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

fn failure_of(answer: Answer) -> Failure {
    match answer {
        Answer::Failed(failure) => failure,
        _ => Failure::Refused("the host answered another effect than the one asked for".into()),
    }
}

fn storage_failed(what: &str, answer: Answer) -> StorageFailed {
    StorageFailed(match answer {
        Answer::Failed(failure) => format!("{what}: {}", describe(&failure)),
        _ => format!("{what}: the host answered another effect than the one asked for"),
    })
}

type Flow = Pin<Box<dyn Future<Output = Result<Outcome, Fault>>>>;

/// A flow under way: what an instance keeps between two calls.
pub struct Pass {
    io: Io,
    flow: Flow,
}

impl Pass {
    /// Begins a pass at `now` with the flow that `begin` makes, and runs it to its first turn.
    pub fn start<F>(now: Timestamp, begin: impl FnOnce(Io) -> F) -> (Self, Result<Turn, Fault>)
    where
        F: Future<Output = Result<Outcome, Fault>> + 'static,
    {
        let io = Io::new(now);
        let mut pass = Self {
            io: io.clone(),
            flow: Box::pin(begin(io)),
        };
        let turn = pass.turn();
        (pass, turn)
    }

    /// Takes completions in and runs the flow to its next turn.
    ///
    /// # Errors
    /// The fault the flow ended with, or a protocol fault for a completion nobody asked for.
    pub fn resume(&mut self, completions: Vec<Completion>) -> Result<Turn, Fault> {
        {
            let mut mailbox = self.io.0.borrow_mut();
            for completion in completions {
                if !mailbox.open.remove(&completion.id) {
                    return Err(protocol_fault(&format!(
                        "completion {} answers no open request",
                        completion.id
                    )));
                }
                mailbox.now = mailbox.now.max(completion.at);
                mailbox.answers.insert(completion.id, completion.answer);
            }
        }
        self.turn()
    }

    fn turn(&mut self) -> Result<Turn, Fault> {
        let polled = self
            .flow
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        let mut mailbox = self.io.0.borrow_mut();
        match polled {
            Poll::Ready(result) => result.map(Turn::Done),
            Poll::Pending => {
                let requests = std::mem::take(&mut mailbox.requests);
                mailbox
                    .open
                    .extend(requests.iter().map(|request| request.id));
                if mailbox.open.is_empty() {
                    return Err(protocol_fault("resumed without a completion to go on with"));
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
        fix: "Compare the host's loop with the sequence in wit/README.md.".into(),
    })
}
