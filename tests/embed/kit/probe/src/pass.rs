//! A pass over the script. What the host does wrong ends it with a fault.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::bindings::exports::atsync::connector::reconcile::{
    Answer, Completion, Effect, Fault, HttpRequest, Job, LinesRequest, Method, Outcome, Problem,
    Progress, Request, Scan, Turn, Verdict, Waiting, Write,
};
use crate::script::{self, Ask, End, Script};
use crate::shown;

/// One pass, between two calls.
pub struct Pass {
    script: Script,
    /// The turn to come, counted over all repetitions.
    next_turn: usize,
    open: BTreeMap<u32, Effect>,
    /// The requests of `open` that are pieces of a whole file.
    files: BTreeMap<u32, Ask>,
    /// What has to be answered before the next turn; none is all that is open.
    until: Option<Vec<u32>>,
    last_id: u32,
    latest: u64,
    groups: u32,
    effects: u64,
    job: Value,
    completions: Vec<Value>,
}

/// The script within settings. Errors: what cannot be read.
pub fn script(settings: &str) -> Result<Script, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Settings {
        script: String,
    }
    let settings: Settings = serde_json::from_str(settings).map_err(|error| error.to_string())?;
    serde_json::from_str(&settings.script).map_err(|error| error.to_string())
}

/// The fault of a host that broke the contract.
pub fn broken(how: impl Into<String>) -> Fault {
    Fault::PermanentProtocol(problem("probe-contract", how))
}

fn problem(code: &str, message: impl Into<String>) -> Problem {
    Problem {
        code: code.to_owned(),
        message: message.into(),
        fix: "See wit/README.md.".to_owned(),
    }
}

impl Pass {
    /// Begins a pass. Errors: the script cannot be read.
    pub fn new(job: &Job) -> Result<Pass, Fault> {
        let script = script(&job.settings)
            .map_err(|error| Fault::PermanentSettings(problem("probe-script", error)))?;
        Ok(Pass {
            script,
            next_turn: 0,
            open: BTreeMap::new(),
            files: BTreeMap::new(),
            until: None,
            last_id: 0,
            latest: job.now,
            groups: 0,
            effects: 0,
            job: shown::job(job),
            completions: Vec::new(),
        })
    }

    /// Takes completions. Errors: the host broke the contract.
    pub fn resume(&mut self, completions: Vec<Completion>) -> Result<Turn, Fault> {
        if completions.is_empty() {
            return Err(broken("resume was called without a completion"));
        }
        self.groups += 1;
        let mut requests = Vec::new();
        for completion in completions {
            requests.extend(self.take(&completion)?);
        }
        if requests.is_empty() {
            return self.go_on();
        }
        Ok(waiting(requests))
    }

    /// Goes on to the next turn, if nothing has to be waited for.
    ///
    /// Errors: the fault that the script asks for.
    pub fn go_on(&mut self) -> Result<Turn, Fault> {
        let mut requests = Vec::new();
        while requests.is_empty() && !self.waits() {
            let Some(turn) = self.turn() else {
                return self.end();
            };
            let mut ids = turn.ids.into_iter();
            for ask in turn.ask {
                requests.push(self.request(ids.next(), ask)?);
            }
            self.until = turn.until;
        }
        Ok(waiting(requests))
    }

    /// Whether something has to be answered before the next turn.
    fn waits(&self) -> bool {
        match &self.until {
            Some(ids) => ids.iter().any(|id| self.open.contains_key(id)),
            None => !self.open.is_empty(),
        }
    }

    /// The next turn of the script, if there is one.
    fn turn(&mut self) -> Option<script::Turn> {
        let turns = &self.script.turns;
        let repeat = usize::try_from(self.script.repeat).unwrap_or(usize::MAX);
        if self.next_turn >= turns.len().saturating_mul(repeat) {
            return None;
        }
        let turn = turns.get(self.next_turn % turns.len()).cloned();
        self.next_turn += 1;
        turn
    }

    fn request(&mut self, id: Option<u32>, ask: Ask) -> Result<Request, Fault> {
        let id = id.unwrap_or(self.last_id + 1);
        self.last_id = id;
        self.effects += 1;
        let effect = effect(&ask, self.latest)?;
        if matches!(ask, Ask::ReadFile { .. }) {
            self.files.insert(id, ask);
        }
        self.open.insert(id, effect.clone());
        Ok(Request { id, effect })
    }

    /// Takes one completion; gives the request for the next piece of a file.
    fn take(&mut self, completion: &Completion) -> Result<Option<Request>, Fault> {
        let Completion { id, at, answer } = completion;
        let asked = self.open.remove(id).ok_or_else(|| {
            broken(format!(
                "request {id} is not open: it was never asked for, or was answered before"
            ))
        })?;
        if *at < self.latest {
            return Err(broken(format!(
                "time ran backwards, from {} to {at}, with request {id}",
                self.latest
            )));
        }
        self.latest = *at;
        check(&asked, answer, *at).map_err(|how| broken(format!("request {id}: {how}")))?;
        if self.script.repeat == 1 {
            let shown = json!({ "id": id, "group": self.groups, "at": at, "answer": shown::answer(answer) });
            self.completions.push(shown);
        }
        let Some(Ask::ReadFile { url, max_bytes, .. }) = self.files.remove(id) else {
            return Ok(None);
        };
        let Answer::Lines(lines) = answer else {
            return Ok(None);
        };
        let next = lines.next_offset.map(|offset| Ask::ReadFile {
            url,
            max_bytes,
            offset,
        });
        next.map(|ask| self.request(None, ask)).transpose()
    }

    fn end(&self) -> Result<Turn, Fault> {
        match &self.script.end {
            End::Done { verdict, next_run } => Ok(Turn::Done(Outcome {
                next_run: next_run.unwrap_or(self.latest + 60_000),
                verdict: match verdict.as_str() {
                    "attention" => Verdict::Attention,
                    "failed" => Verdict::Failed,
                    _ => Verdict::Done,
                },
                report: self.report(),
            })),
            End::Fault { kind } => {
                let problem = problem(
                    "probe-fault",
                    format!("The script asks for {kind}: ¿por qué?"),
                );
                Err(match kind.as_str() {
                    "permanent-settings" => Fault::PermanentSettings(problem),
                    "permanent-ledger" => Fault::PermanentLedger(problem),
                    "temporary" => Fault::Temporary(problem),
                    _ => Fault::PermanentProtocol(problem),
                })
            }
            // On wasm32 an abort is a trap.
            End::Trap => std::process::abort(),
            End::WaitForNothing => Ok(waiting(Vec::new())),
        }
    }

    fn report(&self) -> String {
        let report = json!({
            "schema": "atsync.report/1",
            "kind": self.job.get("mode"),
            "summary": "The script is through.",
            "findings": [],
            "counts": { "effects": self.effects },
            "tables": [],
            "data": { "job": self.job, "completions": self.completions },
        });
        report.to_string()
    }
}

fn waiting(requests: Vec<Request>) -> Turn {
    Turn::Waiting(Waiting {
        requests,
        // More than a double can tell, for hosts that make one of it.
        progress: Some(Progress {
            what: "probing ✓".to_owned(),
            done: 9_007_199_254_740_993,
            total: None,
        }),
    })
}

fn effect(ask: &Ask, latest: u64) -> Result<Effect, Fault> {
    Ok(match ask.clone() {
        Ask::Http {
            service,
            method,
            path,
            headers,
            body,
            changes,
            key,
        } => Effect::Http(HttpRequest {
            service,
            method: match method.as_str() {
                "get" => Method::Get,
                "post" => Method::Post,
                "put" => Method::Put,
                "patch" => Method::Patch,
                "delete" => Method::Delete,
                _ => {
                    let message = format!("There is no method {method}.");
                    return Err(Fault::PermanentSettings(problem("probe-script", message)));
                }
            },
            path,
            headers,
            body,
            changes,
            idempotency_key: key,
        }),
        Ask::ReadLines {
            url,
            offset,
            max_bytes,
        }
        | Ask::ReadFile {
            url,
            offset,
            max_bytes,
        } => Effect::ReadLines(LinesRequest {
            url,
            offset,
            max_bytes,
        }),
        Ask::Load(keys) => Effect::Load(keys),
        Ask::Scan {
            prefix,
            after,
            limit,
        } => Effect::Scan(Scan {
            prefix,
            after,
            limit,
        }),
        Ask::Commit(writes) => Effect::Commit(
            writes
                .into_iter()
                .map(|(key, value)| Write { key, value })
                .collect(),
        ),
        Ask::Wait(ms) => Effect::WaitUntil(latest + ms),
        Ask::WaitUntil(at) => Effect::WaitUntil(at),
    })
}

/// What holds for every answer of a kind, whatever the script.
fn check(asked: &Effect, answer: &Answer, at: u64) -> Result<(), String> {
    match (asked, answer) {
        (Effect::Http(_), Answer::Http(_))
        | (Effect::Commit(_), Answer::Committed)
        | (_, Answer::Failed(_)) => Ok(()),
        (Effect::Load(keys), Answer::Loaded(values)) if keys.len() != values.len() => {
            Err(format!("{} values for {} keys", values.len(), keys.len()))
        }
        (Effect::Load(_), Answer::Loaded(_)) => Ok(()),
        (Effect::Scan(scan), Answer::Scanned(entries)) => {
            let keys: Vec<_> = entries.iter().map(|entry| entry.key.as_bytes()).collect();
            if keys.len() as u64 > u64::from(scan.limit) {
                return Err(format!("{} keys, of {} at most", keys.len(), scan.limit));
            }
            match keys.is_sorted_by(|one, next| one < next) {
                true => Ok(()),
                false => Err("the keys are not in byte order".to_owned()),
            }
        }
        (Effect::ReadLines(piece), Answer::Lines(lines)) => {
            let bytes = lines.text.len() as u64;
            match lines.next_offset {
                _ if bytes > u64::from(piece.max_bytes) => Err(format!("a piece of {bytes} bytes")),
                Some(_) if !lines.text.ends_with('\n') => {
                    Err("more follows, and the piece ends within a line".to_owned())
                }
                Some(next) if next != piece.offset + bytes => Err(format!(
                    "{bytes} bytes from {}, and the next begin at {next}",
                    piece.offset
                )),
                _ => Ok(()),
            }
        }
        (Effect::WaitUntil(until), Answer::Woke) if at < *until => {
            Err(format!("woke at {at}, before {until}"))
        }
        (Effect::WaitUntil(_), Answer::Woke) => Ok(()),
        _ => Err("an answer of another kind".to_owned()),
    }
}
