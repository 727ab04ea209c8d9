//! What another component, or the same one with other settings, would have done in recorded passes.
//!
//! A recorded pass is replayed first; that proves it, and shows the requests whole. Then the other
//! one runs in the world that this shows: the ledger as it was, the answers as they were. It sends
//! nothing. What the recording has no answer to is refused, as a host refuses what it does not
//! allow, and named. Passes of one connection follow each other: what the other one committed in
//! one is there in the next. In the end both ledgers are asked the connector's own questions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::replay::watch;
use super::tables::{self, Difference};
use super::world::{Known, World};
use crate::clock::Timestamp;
use crate::connection::Limits;
use crate::engine::Connector;
use crate::engine::reconcile::{
    Answer, Completion, Effect, Failure, Fault, Job, Method, Mode, Outcome, Scan, Turn, Write,
};
use crate::pass::kind_of;
use crate::problem::Problem;

/// What the other one is refused with.
const NOT_RECORDED: &str = "the recording has no answer to this";

/// Compares pass after pass, the oldest first.
pub struct Comparison {
    recorded_by: Connector,
    other: Connector,
    stories: BTreeMap<String, Story>,
}

/// How far a connection has come.
#[derive(Default)]
struct Story {
    /// The ledger that the recordings show.
    known: Known,
    /// What the other one wrote over it.
    over: BTreeMap<String, Option<String>>,
    /// What was told already: a row that stays otherwise is told once.
    told: BTreeSet<Difference>,
}

/// One pass, as it was and as it would have been.
#[derive(Debug, Clone, Default)]
pub struct Compared {
    /// The connection.
    pub connection: String,
    /// When the pass began.
    pub began: Timestamp,
    /// What both ledgers say of what the pass dealt with, where they differ and no earlier pass
    /// has shown the same.
    pub differences: Vec<Difference>,
    /// Rows that the component's answers left out, so that they are not compared.
    pub not_compared: u64,
    /// Requests to which the recording has no answer, by name, each once.
    pub unknown: BTreeSet<String>,
    /// Requests that may change something: sent then, and how many would have been new now.
    pub changes: (usize, usize),
    /// What was seen before did not lead to this pass, so it begins from the recorded ledger again.
    pub began_anew: bool,
    /// How the other one ended: its report as JSON, or the fault.
    pub ended: String,
}

impl Comparison {
    /// `recorded_by` is what ran the recorded passes, `other` what might have.
    pub fn new(recorded_by: Connector, other: Connector) -> Comparison {
        Comparison {
            recorded_by,
            other,
            stories: BTreeMap::new(),
        }
    }

    /// The next recorded pass; `settings` gives the other settings of a connection, if there are any.
    /// Nothing for a dry run, which changes nothing either way.
    ///
    /// Errors: the recording cannot be replayed as it is, or the other component breaks off.
    pub fn pass(
        &mut self,
        file: &Path,
        settings: &mut dyn FnMut(&str) -> Result<Option<String>, Problem>,
    ) -> Result<Option<Compared>, Problem> {
        let mut world = World::default();
        watch(file, &self.recorded_by, &mut world)?;
        let Some(job) = world.job.clone() else {
            return Ok(None);
        };
        if !matches!(job.mode, Mode::Sync | Mode::Act(_)) {
            return Ok(None);
        }
        let other = Job {
            settings: settings(&job.connection)?.unwrap_or_else(|| job.settings.clone()),
            ..job.clone()
        };
        let story = self.stories.entry(job.connection.clone()).or_default();
        let began_anew = !world.begins_in(&mut story.known);
        if began_anew {
            story.over.clear();
        }
        let mut elsewhere = Elsewhere {
            touched: std::mem::take(&mut world.touched),
            compared: Compared {
                connection: job.connection.clone(),
                began: job.now,
                changes: (world.changes, 0),
                began_anew,
                ..Compared::default()
            },
            world: &mut world,
            story,
        };
        let ended = drive(&self.other, &other, &mut elsewhere)?;
        let Elsewhere {
            touched,
            mut compared,
            ..
        } = elsewhere;
        compared.ended = match ended {
            Ok(outcome) => outcome.report,
            Err(fault) => format!("{fault:?}"),
        };
        let (then, now) = both_ledgers(&touched, &world, story);
        if then != now {
            let then = tables::answers(&self.recorded_by, &job, then)?;
            let now = tables::answers(&self.other, &other, now)?;
            let (differences, not_compared) = tables::compare(&then, &now);
            let fresh = |one: &Difference| story.told.insert(one.clone());
            compared.differences = differences.into_iter().filter(fresh).collect();
            compared.not_compared = not_compared;
        }
        world.leaves(&mut story.known);
        Ok(Some(compared))
    }
}

/// What each ledger holds at the end of a pass, of the keys that it dealt with.
fn both_ledgers(
    touched: &BTreeSet<String>,
    world: &World,
    story: &Story,
) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let before = |key: &String| story.known.get(key).flatten().map(str::to_owned);
    let held = |written: &BTreeMap<String, Option<String>>| {
        let value = |key: &String| written.get(key).cloned().unwrap_or_else(|| before(key));
        let entry = |key: &String| Some((key.clone(), value(key)?));
        touched.iter().filter_map(entry).collect()
    };
    (held(&world.written), held(&story.over))
}

/// Answers what a component asks for at a desk.
pub(super) trait Answers {
    /// The answer, and when it was there; not before `now`.
    fn answer(&mut self, effect: Effect, now: Timestamp) -> (Timestamp, Answer);
}

/// Runs a pass to its end. Errors: the component broke off, or never comes to an end.
pub(super) fn drive(
    connector: &Connector,
    job: &Job,
    answers: &mut impl Answers,
) -> Result<Result<Outcome, Fault>, Problem> {
    let limits = Limits::default();
    let mut instance = connector.instance(&limits)?;
    let mut turn = instance.start(job)?;
    let (mut open, mut asked, mut now) = (BTreeMap::new(), 0, job.now);
    loop {
        let requests = match turn {
            Err(fault) => return Ok(Err(fault)),
            Ok(Turn::Done(outcome)) => return Ok(Ok(outcome)),
            Ok(Turn::Waiting(waiting)) => waiting.requests,
        };
        for request in requests {
            asked += 1;
            let (at, answer) = answers.answer(request.effect, now);
            open.insert((at, request.id), answer);
        }
        // The earliest first: in the order in which they came.
        let earliest = open.pop_first().filter(|_| asked <= limits.pass_requests);
        let Some(((at, id), answer)) = earliest else {
            return Err(Problem::new(
                "component-contract",
                "The component does not come to an end.",
                "Report this with the recording of the pass.",
            ));
        };
        now = now.max(at);
        let at = now;
        turn = instance.resume(&[Completion { id, at, answer }])?;
    }
}

/// The other one at work in the world of a recorded pass.
struct Elsewhere<'a> {
    world: &'a mut World,
    story: &'a mut Story,
    touched: BTreeSet<String>,
    compared: Compared,
}

impl Elsewhere<'_> {
    fn load(&mut self, keys: &[String]) -> Result<Answer, String> {
        let mut values = Vec::new();
        for key in keys {
            let value = match self.story.over.get(key) {
                Some(written) => written.clone(),
                None => {
                    let known = self.story.known.get(key);
                    known
                        .ok_or_else(|| format!("load {key}"))?
                        .map(str::to_owned)
                }
            };
            self.touched.insert(key.clone());
            values.push(value);
        }
        Ok(Answer::Loaded(values))
    }

    /// What goes out, to a service or for a file.
    fn remote(&mut self, effect: &Effect, heard: Option<Answer>) -> Result<Answer, String> {
        match (heard, effect) {
            (Some(answer), _) => Ok(answer),
            (None, Effect::Http(http)) if http.changes => {
                self.compared.changes.1 += 1;
                Ok(Answer::Failed(Failure::Refused(NOT_RECORDED.to_owned())))
            }
            (None, _) => Err(name(effect)),
        }
    }

    fn scan(&mut self, scan: &Scan) -> Result<Answer, String> {
        let found = self.story.known.scan(scan, &self.story.over);
        let found = found.ok_or_else(|| format!("scan {}", scan.prefix))?;
        let keys = found.iter().map(|entry| entry.key.clone());
        self.touched.extend(keys);
        Ok(Answer::Scanned(found))
    }

    fn commit(&mut self, writes: &[Write]) -> Answer {
        for write in writes {
            self.touched.insert(write.key.clone());
            let value = write.value.clone();
            self.story.over.insert(write.key.clone(), value);
        }
        Answer::Committed
    }
}

impl Answers for Elsewhere<'_> {
    fn answer(&mut self, effect: Effect, now: Timestamp) -> (Timestamp, Answer) {
        let (at, heard) = self.world.heard(&effect).unwrap_or((now, None));
        let answer = match &effect {
            Effect::Load(keys) => self.load(keys),
            Effect::Scan(scan) => self.scan(scan),
            Effect::Commit(writes) => Ok(self.commit(writes)),
            Effect::WaitUntil(until) => return (at.max(*until), Answer::Woke),
            Effect::Http(_) | Effect::ReadLines(_) => self.remote(&effect, heard),
        };
        let answer = answer.unwrap_or_else(|unknown| {
            self.compared.unknown.insert(unknown);
            Answer::Failed(Failure::Refused(NOT_RECORDED.to_owned()))
        });
        (at.max(now), answer)
    }
}

/// A request by name: what it is about, without the numbers that differ each time.
fn name(effect: &Effect) -> String {
    const BODY_CHARS: usize = 48;
    match effect {
        Effect::Http(http) => {
            let method = match http.method {
                Method::Get => "GET",
                Method::Post => "POST",
                Method::Put => "PUT",
                Method::Patch => "PATCH",
                Method::Delete => "DELETE",
            };
            let path = http.path.split('?').next().unwrap_or_default();
            let body = http.body.iter().flat_map(|body| body.chars());
            let body: String = body.take(BODY_CHARS).collect();
            let name = format!("{} {method} {path} {body}", http.service);
            name.trim_end().to_owned()
        }
        Effect::ReadLines(_) => "read-lines".to_owned(),
        other => kind_of(other).to_owned(),
    }
}
