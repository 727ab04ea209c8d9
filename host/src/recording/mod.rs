//! Recordings of passes: the job, every completion and the outcome, compressed.
//!
//! A finished pass can be replayed from its recording, without any network. Writing is a thread
//! of its own: a pass never waits for it, and a recording that cannot keep up, or grows beyond
//! its measure, is cut and says so. No secret can be in one, because none ever reaches a
//! completion.

mod compare;
mod export;
mod format;
mod kept;
mod personal;
mod reader;
mod replay;
mod scrub;
mod tables;
mod texts;
mod values;
mod world;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::{Clock, Timestamp};
use crate::engine::reconcile::{Completion, Effect, Job, Request};
use crate::pass::{Ended, Tally, bytes_in, kind, kind_of};
use crate::problem::Problem;
pub use compare::{Compared, Comparison};
pub use export::{Exported, export};
use format::{Asked, Line};
pub use kept::{Kept, kept};
pub use reader::json_lines;
pub use replay::{Replayed, replay};
pub use tables::{Difference, What};
use writer::{SUFFIX, Writer};

/// How much of the past is kept; the oldest recordings go first.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Space for the recordings of one connection, in bytes. Default 64 MiB.
    pub bytes_max: u64,
    /// How old one may be, in milliseconds: before the newest pass, and before now whenever
    /// [`Recorder::forget`] is called. Default 14 days.
    pub age_ms_max: u64,
}

impl Default for Budget {
    fn default() -> Self {
        const DAY_MS: u64 = 24 * 60 * 60 * 1000;
        Budget {
            bytes_max: 64 << 20,
            age_ms_max: 14 * DAY_MS,
        }
    }
}

/// Keeps recordings in a folder, within a budget.
pub struct Recorder {
    writer: Arc<Writer>,
    pass_bytes_max: u64,
}

/// Why a recording was cut before the end of its pass. The pass itself is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cut {
    /// The pass had more text than is kept of one.
    TooLarge,
    /// The disk did not take it as fast as the pass went.
    TooSlow,
}

/// The most text of one pass that is kept, before compression: enough for days of changes, not
/// for the full read of a large catalogue.
const PASS_BYTES_MAX: u64 = 32 << 20;

/// One pass being recorded.
pub(crate) struct Recording {
    recorder: Arc<Recorder>,
    file: PathBuf,
    bytes: u64,
    cut: Option<Cut>,
}

impl Recorder {
    /// Keeps recordings below `folder`, which is made readable for its owner only. A budget of no
    /// bytes keeps none.
    pub fn new(folder: &Path, budget: Budget) -> Result<Recorder, Problem> {
        let writer = Arc::new(Writer::start(folder, budget)?);
        Ok(Recorder {
            writer,
            pass_bytes_max: PASS_BYTES_MAX,
        })
    }

    /// Keeps less of one pass than usual: at most so much text, in bytes before compression.
    #[must_use]
    pub fn of_a_pass_at_most(mut self, bytes: u64) -> Recorder {
        self.pass_bytes_max = self.pass_bytes_max.min(bytes);
        self
    }

    /// Drops what is too old at `now`, or too much, without waiting for a pass to end.
    pub fn forget(&self, now: Timestamp) {
        self.writer.forget(now);
    }

    /// Forgets every hour what has grown too old, for as long as it is polled.
    pub async fn grow_old(&self, clock: &dyn Clock) {
        const HOUR_MS: u64 = 60 * 60 * 1000;
        loop {
            clock.sleep_until(clock.now().saturating_add(HOUR_MS)).await;
            self.forget(clock.now());
        }
    }

    /// Waits until all that was recorded is on disk.
    pub fn flush(&self) {
        self.writer.flush();
    }

    /// Begins to record the pass of a job by the component with this digest.
    pub(crate) fn begin(self: &Arc<Self>, job: &Job, component: &str) -> Recording {
        let name = format!("{:013}-{}{SUFFIX}", job.now, kind(&job.mode));
        let file = self.writer.file(&job.connection, &name);
        let mut recording = Recording {
            recorder: Arc::clone(self),
            file,
            bytes: 0,
            cut: None,
        };
        let bytes =
            job.settings.len() + job.hints.iter().map(|hint| hint.body.len()).sum::<usize>();
        recording.write(bytes as u64, Line::Job(Box::new(job.clone())));
        recording.write(0, Line::Component(component.to_owned()));
        recording
    }
}

impl Recording {
    /// What the component asked for: for people, with a digest by which a replay knows that it
    /// asks the same.
    pub(crate) fn asked(&mut self, request: &Request) {
        if self.cut.is_some() {
            return;
        }
        let asked = asked(request);
        let bytes = asked.body.as_ref().map_or(0, String::len) as u64;
        self.write(bytes, Line::Asked(asked));
    }

    /// What the component was resumed with.
    pub(crate) fn resumed(&mut self, completions: Vec<Completion>) {
        let bytes = bytes_in(&completions);
        let line = Line::Resumed {
            completions,
            texts: Vec::new(),
        };
        self.write(bytes, line);
    }

    /// How it ended. Comes back with why the recording is not whole, if it is not.
    pub(crate) fn end(mut self, result: &Result<Ended, Problem>, tally: &Tally) -> Option<Cut> {
        let ended = match result {
            Ok(Ended::Outcome(outcome)) => format::End::Outcome(outcome.clone()),
            Ok(Ended::Fault(fault)) => format::End::Fault(fault.clone()),
            Ok(Ended::Cancelled) => format::End::Cancelled,
            Err(problem) => format::End::Problem(problem.code.to_owned(), problem.message.clone()),
        };
        self.write(
            0,
            Line::Ended {
                ended,
                tally: tally.clone(),
            },
        );
        self.cut
    }

    fn write(&mut self, bytes: u64, line: Line) {
        if self.cut.is_some() {
            return;
        }
        self.bytes += bytes;
        if self.bytes > self.recorder.pass_bytes_max {
            self.cut = Some(Cut::TooLarge);
        } else if !self.recorder.writer.write(&self.file, bytes, line) {
            self.cut = Some(Cut::TooSlow);
        }
    }
}

impl Cut {
    /// The same for people.
    pub fn problem(self) -> Problem {
        let (why, fix) = match self {
            Cut::TooLarge => (
                format!(
                    "it has more text than is kept of one pass, which is {} MiB at most",
                    PASS_BYTES_MAX >> 20
                ),
                "Nothing to do: the pass itself is whole. To look into something, replay a smaller pass, such as \
                 the next one.",
            ),
            Cut::TooSlow => (
                "the disk did not take it as fast as the pass went".to_owned(),
                "The pass itself is whole. If it happens often, give [recording] a folder on a faster disk.",
            ),
        };
        Problem::new(
            "recording-cut",
            format!(
                "The recording of this pass was cut before its end and cannot be replayed: {why}."
            ),
            fix,
        )
    }
}

/// What a recording keeps of a request.
fn asked(request: &Request) -> Asked {
    let mut asked = Asked {
        id: request.id,
        effect: kind_of(&request.effect).to_owned(),
        digest: format::digest(&request.effect),
        ..Asked::default()
    };
    match &request.effect {
        Effect::Http(http) => {
            asked.service = Some(http.service.clone());
            asked.path = Some(http.path.clone());
            asked.changes = Some(http.changes);
            asked.body.clone_from(&http.body);
        }
        Effect::ReadLines(lines) => asked.offset = Some(lines.offset),
        Effect::Load(keys) => asked.count = Some(keys.len()),
        Effect::Scan(scan) => asked.path = Some(scan.prefix.clone()),
        Effect::Commit(writes) => asked.count = Some(writes.len()),
        Effect::WaitUntil(at) => asked.until = Some(*at),
    }
    asked
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.recorder.writer.close(&self.file);
    }
}
