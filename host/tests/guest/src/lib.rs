//! A connector whose settings are its script: the host's tests make it ask for any effect, and
//! misbehave in any way, and read in its report what the host answered.

mod bindings {
    wit_bindgen::generate!({
        world: "connector",
        path: "../../../wit",
        additional_derives: [serde::Serialize, serde::Deserialize],
    });
}
mod manifest;

use std::cell::RefCell;
use std::collections::VecDeque;

use bindings::exports::atsync::connector::policy::{
    AvailabilityAnswer, ClaimDecision, Item, Level, OpenClaim, OrderLine,
};
use bindings::exports::atsync::connector::reconcile::{
    Completion, Effect, Fault, Job, Mode, Outcome, Problem, Progress, Request, Turn, Verdict,
    Waiting,
};
use bindings::exports::atsync::connector::{manifest as manifest_export, policy, reconcile};
use serde::Deserialize;
use serde_json::json;

/// The settings.
#[derive(Deserialize)]
struct Script {
    steps: VecDeque<Step>,
    #[serde(default)]
    next_run_after_ms: u64,
    #[serde(default)]
    verdict: Option<Verdict>,
}

/// What to do next. A step begins when every request before it is answered.
#[derive(Deserialize)]
enum Step {
    /// Ask for these.
    Ask(Vec<Effect>),
    /// Ask for so many loads of nothing in one turn.
    Flood(u32),
    /// Ask for two effects under one id.
    Twice,
    /// Ask for nothing.
    Nothing,
    /// Fill so much memory.
    Fill(usize),
    /// Compute for ever.
    Spin,
    /// Trap.
    Trap,
    /// Give up with this fault.
    GiveUp(Fault),
    /// Report so many bytes.
    Babble(usize),
    /// Read the whole file at this URL in pieces of so many bytes, and forget it.
    ReadAll(String, u32),
}

struct Pass {
    job: Job,
    script: Script,
    open: usize,
    next_id: u32,
    answers: Vec<Completion>,
    /// How many completions each `resume` brought.
    resumes: Vec<usize>,
    reading: Option<(String, u32)>,
    bytes_read: u64,
    lines_read: u64,
    padding: usize,
}

thread_local!(static PASS: RefCell<Option<Pass>> = const { RefCell::new(None) });

struct Guest;

impl reconcile::Guest for Guest {
    fn start(job: Job) -> Result<Turn, Fault> {
        let script = serde_json::from_str(&job.settings)
            .map_err(|error| Fault::PermanentSettings(problem("script", &error.to_string())))?;
        let mut pass = Pass {
            job,
            script,
            open: 0,
            next_id: 0,
            answers: Vec::new(),
            resumes: Vec::new(),
            reading: None,
            bytes_read: 0,
            lines_read: 0,
            padding: 0,
        };
        let turn = pass.go_on();
        PASS.set(Some(pass));
        turn
    }

    fn resume(completions: Vec<Completion>) -> Result<Turn, Fault> {
        PASS.with_borrow_mut(|pass| {
            let pass = pass.as_mut().expect("start comes first");
            pass.resumes.push(completions.len());
            pass.open -= completions.len();
            pass.take(completions)
        })
    }
}

impl Pass {
    fn take(&mut self, completions: Vec<Completion>) -> Result<Turn, Fault> {
        for completion in completions {
            if let (Some((url, max_bytes)), reconcile::Answer::Lines(lines)) =
                (&self.reading, &completion.answer)
            {
                self.bytes_read += lines.text.len() as u64;
                self.lines_read += lines.text.bytes().filter(|byte| *byte == b'\n').count() as u64;
                if let Some(offset) = lines.next_offset {
                    let effect = read(url.clone(), offset, *max_bytes);
                    return Ok(self.ask(vec![effect]));
                }
                self.reading = None;
            } else {
                self.reading = None;
                self.answers.push(completion);
            }
        }
        if self.open > 0 {
            Ok(waiting(Vec::new()))
        } else {
            self.go_on()
        }
    }

    fn go_on(&mut self) -> Result<Turn, Fault> {
        match self.script.steps.pop_front() {
            None => Ok(self.done()),
            Some(Step::Ask(effects)) => Ok(self.ask(effects)),
            Some(Step::Flood(count)) => {
                Ok(self.ask((0..count).map(|_| Effect::Load(Vec::new())).collect()))
            }
            Some(Step::Twice) => {
                self.open += 2;
                let request = || Request {
                    id: 7,
                    effect: Effect::Load(Vec::new()),
                };
                Ok(waiting(vec![request(), request()]))
            }
            Some(Step::Nothing) => Ok(waiting(Vec::new())),
            Some(Step::Fill(bytes)) => {
                std::hint::black_box(vec![1_u8; bytes]);
                self.go_on()
            }
            Some(Step::Spin) => loop {
                std::hint::black_box(());
            },
            Some(Step::Trap) => panic!("as the script says"),
            Some(Step::GiveUp(fault)) => Err(fault),
            Some(Step::Babble(bytes)) => {
                self.padding = bytes;
                self.go_on()
            }
            Some(Step::ReadAll(url, max_bytes)) => {
                self.reading = Some((url.clone(), max_bytes));
                Ok(self.ask(vec![read(url, 0, max_bytes)]))
            }
        }
    }

    fn ask(&mut self, effects: Vec<Effect>) -> Turn {
        self.open += effects.len();
        let requests = effects
            .into_iter()
            .map(|effect| {
                self.next_id += 1;
                Request {
                    id: self.next_id,
                    effect,
                }
            })
            .collect();
        waiting(requests)
    }

    fn done(&mut self) -> Turn {
        self.answers.sort_by_key(|completion| completion.id);
        let now = self
            .answers
            .last()
            .map_or(self.job.now, |completion| completion.at);
        let report = json!({
            "schema": "atsync.report/1",
            "kind": match &self.job.mode {
                Mode::Sync => "sync",
                Mode::Plan => "plan",
                Mode::Check => "check",
                Mode::Ask(_) => "ask",
                Mode::Act(_) => "act",
            },
            "summary": format!("{} answers.", self.answers.len()),
            "data": {
                "answers": self.answers,
                "resumes": self.resumes,
                "hints": self.job.hints,
                "bytes_read": self.bytes_read,
                "lines_read": self.lines_read,
                "padding": "x".repeat(self.padding),
            },
        });
        Turn::Done(Outcome {
            next_run: now + self.script.next_run_after_ms,
            verdict: self.script.verdict.unwrap_or(Verdict::Done),
            report: report.to_string(),
        })
    }
}

fn waiting(requests: Vec<Request>) -> Turn {
    let done = requests.len() as u64;
    let progress = Some(Progress {
        what: "following the script".to_owned(),
        done,
        total: None,
    });
    Turn::Waiting(Waiting { requests, progress })
}

fn read(url: String, offset: u64, max_bytes: u32) -> Effect {
    Effect::ReadLines(reconcile::LinesRequest {
        url,
        offset,
        max_bytes,
    })
}

fn problem(code: &str, message: &str) -> Problem {
    Problem {
        code: code.to_owned(),
        message: message.to_owned(),
        fix: "Correct the script.".to_owned(),
    }
}

impl manifest_export::Guest for Guest {
    fn describe() -> manifest_export::Description {
        manifest::describe()
    }

    fn check_settings(settings: String) -> Vec<manifest_export::Finding> {
        manifest::check_settings(&settings)
    }
}

impl policy::Guest for Guest {
    fn availability(
        _settings: String,
        _item: Item,
        _levels: Vec<Level>,
        _open_claims: Vec<OpenClaim>,
    ) -> Result<AvailabilityAnswer, String> {
        Err("the script knows no policy".to_owned())
    }

    fn claim(
        _settings: String,
        _linesheet_code: String,
        _lines: Vec<OrderLine>,
    ) -> Result<ClaimDecision, String> {
        Err("the script knows no policy".to_owned())
    }
}

bindings::export!(Guest with_types_in bindings);
