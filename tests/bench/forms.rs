//! One flow in two forms: compiled for this machine, and as the component in the host's engine.
//!
//! Both sides generate their types from one contract; text moves from one to the other without
//! being copied.

use anyhow::{Context as _, Result, anyhow, bail};
use atsync::connection::Limits;
use atsync::engine::{Connector, Instance, reconcile as theirs};
use atsync_plugin::bindings::exports::atsync::connector::reconcile as ours;
use atsync_plugin::io::Pass;

/// What wants effects performed until it is done.
pub trait Flow {
    /// Begins a pass.
    fn start(&mut self, settings: &str, now: u64) -> Result<ours::Turn>;
    /// Goes on with it.
    fn resume(&mut self, completions: Vec<ours::Completion>) -> Result<ours::Turn>;
}

/// The flow, compiled for this machine.
#[derive(Default)]
pub struct Native(Option<Pass>);

impl Flow for Native {
    fn start(&mut self, settings: &str, now: u64) -> Result<ours::Turn> {
        let (pass, turn) = atsync_plugin::flow::start(ours::Job {
            connection: "bench".into(),
            settings: settings.into(),
            mode: ours::Mode::Sync,
            hints: Vec::new(),
            now,
        });
        self.0 = Some(pass);
        turn.map_err(|fault| anyhow!("{fault:?}"))
    }

    fn resume(&mut self, completions: Vec<ours::Completion>) -> Result<ours::Turn> {
        let pass = self.0.as_mut().context("no pass was started")?;
        pass.resume(completions)
            .map_err(|fault| anyhow!("{fault:?}"))
    }
}

/// The flow as the component, an instance for each pass as the host has it.
pub struct Component {
    connector: Connector,
    instance: Option<Instance>,
}

impl Component {
    pub fn new(connector: Connector) -> Self {
        Self {
            connector,
            instance: None,
        }
    }
}

impl Flow for Component {
    fn start(&mut self, settings: &str, now: u64) -> Result<ours::Turn> {
        let mut instance = self.connector.instance(&Limits::default())?;
        let turn = instance.start(&theirs::Job {
            connection: "bench".into(),
            settings: settings.into(),
            mode: theirs::Mode::Sync,
            hints: Vec::new(),
            now,
        })?;
        self.instance = Some(instance);
        our_turn(turn)
    }

    fn resume(&mut self, completions: Vec<ours::Completion>) -> Result<ours::Turn> {
        let instance = self.instance.as_mut().context("no pass was started")?;
        let completions: Vec<_> = completions
            .into_iter()
            .map(their_completion)
            .collect::<Result<_>>()?;
        our_turn(instance.resume(&completions)?)
    }
}

fn our_turn(turn: Result<theirs::Turn, theirs::Fault>) -> Result<ours::Turn> {
    Ok(match turn.map_err(|fault| anyhow!("{fault:?}"))? {
        theirs::Turn::Waiting(waiting) => {
            let request = |theirs::Request { id, effect }| ours::Request {
                id,
                effect: our_effect(effect),
            };
            ours::Turn::Waiting(ours::Waiting {
                requests: waiting.requests.into_iter().map(request).collect(),
                progress: None,
            })
        }
        theirs::Turn::Done(outcome) => ours::Turn::Done(ours::Outcome {
            next_run: outcome.next_run,
            verdict: match outcome.verdict {
                theirs::Verdict::Done => ours::Verdict::Done,
                theirs::Verdict::Attention => ours::Verdict::Attention,
                theirs::Verdict::Failed => ours::Verdict::Failed,
            },
            report: outcome.report,
        }),
    })
}

fn our_effect(effect: theirs::Effect) -> ours::Effect {
    match effect {
        theirs::Effect::Http(http) => ours::Effect::Http(ours::HttpRequest {
            service: http.service,
            method: match http.method {
                theirs::Method::Get => ours::Method::Get,
                theirs::Method::Post => ours::Method::Post,
                theirs::Method::Put => ours::Method::Put,
                theirs::Method::Patch => ours::Method::Patch,
                theirs::Method::Delete => ours::Method::Delete,
            },
            path: http.path,
            headers: http.headers,
            body: http.body,
            changes: http.changes,
            idempotency_key: http.idempotency_key,
        }),
        theirs::Effect::ReadLines(theirs::LinesRequest {
            url,
            offset,
            max_bytes,
        }) => ours::Effect::ReadLines(ours::LinesRequest {
            url,
            offset,
            max_bytes,
        }),
        theirs::Effect::Load(keys) => ours::Effect::Load(keys),
        theirs::Effect::Scan(theirs::Scan {
            prefix,
            after,
            limit,
        }) => ours::Effect::Scan(ours::Scan {
            prefix,
            after,
            limit,
        }),
        theirs::Effect::Commit(writes) => {
            let write = |theirs::Write { key, value }| ours::Write { key, value };
            ours::Effect::Commit(writes.into_iter().map(write).collect())
        }
        theirs::Effect::WaitUntil(at) => ours::Effect::WaitUntil(at),
    }
}

fn their_completion(completion: ours::Completion) -> Result<theirs::Completion> {
    let ours::Completion { id, at, answer } = completion;
    let answer = match answer {
        ours::Answer::Http(ours::HttpResponse {
            status,
            headers,
            body,
        }) => theirs::Answer::Http(theirs::HttpResponse {
            status,
            headers,
            body,
        }),
        ours::Answer::Lines(ours::Lines { text, next_offset }) => {
            theirs::Answer::Lines(theirs::Lines { text, next_offset })
        }
        ours::Answer::Loaded(values) => theirs::Answer::Loaded(values),
        ours::Answer::Scanned(entries) => {
            let entry = |ours::Entry { key, value }| theirs::Entry { key, value };
            theirs::Answer::Scanned(entries.into_iter().map(entry).collect())
        }
        ours::Answer::Committed => theirs::Answer::Committed,
        ours::Answer::Woke => theirs::Answer::Woke,
        ours::Answer::Failed(failure) => bail!("an effect failed: {failure:?}"),
    };
    Ok(theirs::Completion { id, at, answer })
}
