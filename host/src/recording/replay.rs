//! A recorded pass again, at a desk: the same job and completions, no network, no store.

use std::collections::VecDeque;
use std::path::Path;

use super::format::{self, Asked, End, Line};
use super::reader::Reader;
use crate::connection::Limits;
use crate::engine::Connector;
use crate::engine::reconcile::{Completion, Fault, Job, Outcome, Request, Turn};
use crate::pass::{Tally, kind_of};
use crate::problem::Problem;

/// What a replay came to.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// Times the component was called.
    pub turns: u64,
    /// Whether it ended as recorded: the same outcome, byte for byte, or the same fault.
    pub same: bool,
    /// What was recorded.
    pub recorded: String,
    /// The outcome now: the report, or the fault.
    pub now: String,
}

/// Told of what crosses while a pass is replayed. A recording holds digests of requests; here
/// they are whole, because the component asks for them once more.
pub(super) trait Witness {
    /// The job of the pass.
    fn began(&mut self, _job: &Job) {}
    /// A request that is the recorded one.
    fn asked(&mut self, _request: &Request) {}
    /// What the component is about to get.
    fn resumed(&mut self, _completions: &[Completion]) {}
    /// How the recorded pass ended.
    fn ended(&mut self, _ended: &End, _tally: &Tally) {}
}

/// Nobody looks.
impl Witness for () {}

/// Replays a recording, and holds each request against the recorded one. Errors: the file cannot be
/// read, was cut, or the component asks for something else (`replay-differs`).
pub fn replay(file: &Path, connector: &Connector) -> Result<Replayed, Problem> {
    watch(file, connector, &mut ())
}

/// The same, before the eyes of a witness.
pub(super) fn watch(
    file: &Path,
    connector: &Connector,
    witness: &mut impl Witness,
) -> Result<Replayed, Problem> {
    let mut reader = Reader::open(file)?;
    let mut instance = connector.instance(&Limits::default())?;
    let mut turn = None;
    let mut turns = 0;
    let mut asked = VecDeque::new();
    let mut by = String::new();
    loop {
        match reader.next()? {
            Line::Component(digest) => {
                if digest != connector.digest() {
                    by = digest;
                }
                continue;
            }
            Line::Job(job) => {
                witness.began(&job);
                turn = Some(instance.start(&job)?);
            }
            Line::Asked(recorded) => {
                let now: Option<Request> = asked.pop_front();
                same_so_far(turns, now.as_ref(), Some(&recorded), &by)?;
                if let Some(now) = &now {
                    witness.asked(now);
                }
                continue;
            }
            Line::Resumed { completions, .. } => {
                if !matches!(turn, Some(Ok(Turn::Waiting(_)))) {
                    return Err(another_way(turns, &by));
                }
                same_so_far(turns, asked.front(), None, &by)?;
                witness.resumed(&completions);
                turn = Some(instance.resume(&completions)?);
            }
            Line::Ended { ended, tally } => {
                witness.ended(&ended, &tally);
                return compare(turns, turn, ended, &by);
            }
        }
        turns += 1;
        asked = requests(turn.as_ref());
    }
}

/// What the component asks for in a turn.
fn requests(turn: Option<&Result<Turn, Fault>>) -> VecDeque<Request> {
    match turn {
        Some(Ok(Turn::Waiting(waiting))) => waiting.requests.iter().cloned().collect(),
        _ => VecDeque::new(),
    }
}

/// Whether the component asks for what it asked for then. Errors: it does not.
fn same_so_far(
    turns: u64,
    now: Option<&Request>,
    recorded: Option<&Asked>,
    by: &str,
) -> Result<(), Problem> {
    let same = match (now, recorded) {
        (None, None) => true,
        (Some(now), Some(recorded)) => {
            let digest = &recorded.digest;
            now.id == recorded.id && (digest.is_empty() || *digest == format::digest(&now.effect))
        }
        _ => false,
    };
    if same {
        return Ok(());
    }
    let now = now.map(|now| format!("request {} ({})", now.id, kind_of(&now.effect)));
    let then = recorded.map(|then| format!("request {} ({})", then.id, then.effect));
    let nothing = || "nothing more".to_owned();
    Err(differs(
        format!(
            "In turn {turns} the component asks for {}; the recorded pass asked for {}.",
            now.unwrap_or_else(nothing),
            then.unwrap_or_else(nothing)
        ),
        by,
    ))
}

fn compare(
    turns: u64,
    turn: Option<Result<Turn, Fault>>,
    ended: End,
    by: &str,
) -> Result<Replayed, Problem> {
    let recorded = match ended {
        End::Outcome(outcome) => told(&outcome),
        End::Fault(fault) => format!("{fault:?}"),
        End::Cancelled => "cancelled".to_owned(),
        End::Problem(code, message) => format!("{code}: {message}"),
    };
    let now = match turn {
        Some(Ok(Turn::Done(outcome))) => told(&outcome),
        Some(Err(fault)) => format!("{fault:?}"),
        // As far as the recorded pass went.
        Some(Ok(Turn::Waiting(_))) => "cancelled".to_owned(),
        None => return Err(another_way(turns, by)),
    };
    Ok(Replayed {
        turns,
        same: recorded == now,
        recorded,
        now,
    })
}

fn told(outcome: &Outcome) -> String {
    format!(
        "{:?}, next run at {}\n{}",
        outcome.verdict, outcome.next_run, outcome.report
    )
}

fn another_way(turns: u64, by: &str) -> Problem {
    differs(
        format!("After {turns} turns the component goes another way than the recorded pass."),
        by,
    )
}

/// `by`: the digest of the component that was recorded, if it is another one than runs now.
fn differs(message: String, by: &str) -> Problem {
    let fix = match by {
        "" => "That is what a changed component does; compare the two versions from that turn on."
            .to_owned(),
        by => format!(
            "The recorded pass was run by another component, sha256 {by}. Give that one with --component; \
             what this one would have done, --plugin shows."
        ),
    };
    Problem::new("replay-differs", message, fix)
}
