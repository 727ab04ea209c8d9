//! A recorded pass as a file for somebody else: everything that is needed to run it again, and
//! nothing that is personal or lets one in.

use std::io::{BufWriter, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

use super::asked;
use super::format::{End, Line};
use super::replay::{Witness, replay, watch};
use super::scrub::Scrub;
use crate::connection::Limits;
use crate::engine::Connector;
use crate::engine::reconcile::{Completion, Fault, Job, Request, Turn};
use crate::pass::{Tally, kind_of};
use crate::problem::Problem;

/// What came of an export.
#[derive(Debug, Clone, Copy)]
pub struct Exported {
    /// Texts that were replaced.
    pub replaced: usize,
    /// Times the component is called when the file is replayed.
    pub turns: u64,
}

/// What went in, and the kinds of what was asked for.
#[derive(Default)]
struct Pass {
    job: Option<Job>,
    asked: Vec<Vec<&'static str>>,
    resumed: Vec<Vec<Completion>>,
    ended: Option<(End, Tally)>,
}

impl Witness for Pass {
    fn began(&mut self, job: &Job) {
        self.job = Some(job.clone());
        self.asked.push(Vec::new());
    }

    fn asked(&mut self, request: &Request) {
        if let Some(asked) = self.asked.last_mut() {
            asked.push(kind_of(&request.effect));
        }
    }

    fn resumed(&mut self, completions: &[Completion]) {
        self.resumed.push(completions.to_vec());
        self.asked.push(Vec::new());
    }

    fn ended(&mut self, ended: &End, tally: &Tally) {
        self.ended = Some((ended.clone(), tally.clone()));
    }
}

/// Writes the recorded pass in `file` to `to`, with personal data replaced by texts of the same
/// shape, and run again with these, so that the file replays by itself.
///
/// Errors: the recording does not replay; with the texts replaced the component goes another way
/// (`export-differs`); a text is left (`export-leaks`); `to` is there or cannot be written.
pub fn export(file: &Path, to: &Path, connector: &Connector) -> Result<Exported, Problem> {
    let mut pass = Pass::default();
    let replayed = watch(file, connector, &mut pass)?;
    if !replayed.same {
        return Err(refused(
            "export-differs",
            "it does not end as it did when it is replayed",
        ));
    }
    let mut scrub = Scrub::default();
    if let Some(job) = &mut pass.job {
        scrub.clean(job, &mut pass.resumed);
    }
    let text = again(pass, connector)?;
    if scrub.is_left_in(&text) {
        return Err(refused(
            "export-leaks",
            "a text about a person would have been left in it",
        ));
    }
    write(&text, to, connector)?;
    Ok(Exported {
        replaced: scrub.count(),
        turns: replayed.turns,
    })
}

/// Runs the pass with what goes in now, and records that.
fn again(pass: Pass, connector: &Connector) -> Result<String, Problem> {
    let (Some(job), Some((ended, tally))) = (pass.job, pass.ended) else {
        return Err(refused("export-differs", "it has no beginning or no end"));
    };
    let mut lines = Vec::new();
    let mut instance = connector.instance(&Limits::default())?;
    let mut turn = instance.start(&job)?;
    lines.push(Line::Job(Box::new(job)));
    lines.push(Line::Component(connector.digest().to_owned()));
    let mut resumed = pass.resumed.into_iter();
    for kinds in &pass.asked {
        let requests = match &turn {
            Ok(Turn::Waiting(waiting)) => waiting.requests.as_slice(),
            _ => &[],
        };
        if !requests
            .iter()
            .map(|request| kind_of(&request.effect))
            .eq(kinds.iter().copied())
        {
            return Err(refused(
                "export-differs",
                "with the texts about people replaced, the component goes another way",
            ));
        }
        lines.extend(requests.iter().map(|request| Line::Asked(asked(request))));
        if let Some(completions) = resumed.next() {
            turn = instance.resume(&completions)?;
            lines.push(Line::Resumed {
                completions,
                texts: Vec::new(),
            });
        }
    }
    lines.push(Line::Ended {
        ended: end(turn, ended),
        tally,
    });
    Ok(lines.iter().map(|line| line.json() + "\n").collect())
}

/// How it ends now; what ended it from outside is as it was.
fn end(turn: Result<Turn, Fault>, then: End) -> End {
    match turn {
        Ok(Turn::Done(outcome)) => End::Outcome(outcome),
        Err(fault) => End::Fault(fault),
        Ok(Turn::Waiting(_)) => then,
    }
}

/// Writes the file, whole or not at all, once it has been seen to replay.
fn write(text: &str, to: &Path, connector: &Connector) -> Result<(), Problem> {
    let failed = |error: &dyn std::fmt::Display| {
        Problem::new(
            "export-not-written",
            format!("{} cannot be written: {error}.", to.display()),
            "Name a new file in a folder that you may write to.",
        )
    };
    let folder = match to.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut made = NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
    let mut writer = BufWriter::new(made.as_file_mut());
    let written = writer
        .write_all(text.as_bytes())
        .and_then(|()| writer.flush());
    written.map_err(|error| failed(&error))?;
    drop(writer);
    if !replay(made.path(), connector)?.same {
        return Err(refused(
            "export-differs",
            "the exported file does not replay",
        ));
    }
    made.persist_noclobber(to)
        .map_err(|error| failed(&error.error))?;
    Ok(())
}

fn refused(code: &'static str, why: &str) -> Problem {
    Problem::new(
        code,
        format!("The pass is not exported: {why}."),
        "Export another pass that shows the same; report this one by its times and numbers alone.",
    )
}
