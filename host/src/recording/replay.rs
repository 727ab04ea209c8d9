//! A recorded pass again, at a desk: the same job and completions, no network, no store.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use flate2::read::GzDecoder;

use super::format::{self, Asked, End, Line};
use crate::connection::Limits;
use crate::engine::Connector;
use crate::engine::reconcile::{Fault, Outcome, Request, Turn};
use crate::pass::kind_of;
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

/// Replays a recording, and holds each request against the recorded one. Errors: the file cannot be
/// read, was cut, or the component asks for something else (`replay-differs`).
pub fn replay(file: &Path, connector: &Connector) -> Result<Replayed, Problem> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Problem::new(
            "recording-unreadable",
            format!("The recording {} cannot be read: {error}.", file.display()),
            "Give a file that `atsync run` or `atsync sync` wrote to its recordings folder.",
        )
    };
    let opened = File::open(file).map_err(|error| unreadable(&error))?;
    let mut instance = connector.instance(&Limits::default())?;
    let mut turn = None;
    let mut turns = 0;
    let mut asked = VecDeque::new();
    for line in BufReader::new(GzDecoder::new(opened)).lines() {
        let line = line.map_err(|error| unreadable(&error))?;
        match serde_json::from_str(&line).map_err(|error| unreadable(&error))? {
            Line::Job(job) => turn = Some(instance.start(&job)?),
            Line::Resumed(completions) => {
                if !matches!(turn, Some(Ok(Turn::Waiting(_)))) {
                    return Err(another_way(turns));
                }
                same_so_far(turns, asked.front(), None)?;
                turn = Some(instance.resume(&completions)?);
            }
            Line::Ended { ended, .. } => return compare(turns, turn, ended),
            Line::Asked(recorded) => {
                let now = asked.pop_front();
                same_so_far(turns, now.as_ref(), Some(&recorded))?;
                continue;
            }
        }
        turns += 1;
        asked = requests(turn.as_ref());
    }
    Err(Problem::new(
        "recording-cut",
        format!(
            "The recording {} was cut before the end of the pass.",
            file.display()
        ),
        "Replay another one; passes that read very much are not kept whole.",
    ))
}

/// What the component asks for in a turn.
fn requests(turn: Option<&Result<Turn, Fault>>) -> VecDeque<Request> {
    match turn {
        Some(Ok(Turn::Waiting(waiting))) => waiting.requests.iter().cloned().collect(),
        _ => VecDeque::new(),
    }
}

/// Whether the component asks for what it asked for then. Errors: it does not.
fn same_so_far(turns: u64, now: Option<&Request>, recorded: Option<&Asked>) -> Result<(), Problem> {
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
    Err(Problem::new(
        "replay-differs",
        format!(
            "In turn {turns} the component asks for {}; the recorded pass asked for {}.",
            now.unwrap_or_else(nothing),
            then.unwrap_or_else(nothing)
        ),
        "That is what a changed component does; compare the two versions from that turn on.",
    ))
}

fn compare(turns: u64, turn: Option<Result<Turn, Fault>>, ended: End) -> Result<Replayed, Problem> {
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
        None => return Err(another_way(turns)),
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

fn another_way(turns: u64) -> Problem {
    Problem::new(
        "replay-differs",
        format!("After {turns} turns the component goes another way than the recorded pass."),
        "That is what a changed component does; compare the two versions from that turn on.",
    )
}
