//! The flows: straight-line stories of what a pass does, over the effect handles of [`crate::io`].
//!
//! Each pass is level-triggered: it reads what is, decides, writes what differs, and says when to
//! come again. It may be cut off anywhere; what it committed is true, and the next pass goes on.

pub mod act;
pub mod ask;
pub mod catalogue;
pub mod changed;
pub mod check;
pub mod decide;
pub mod desk;
pub mod duplicates;
pub mod full_read;
pub mod gone;
pub mod orders;
pub mod plan;
pub mod publish;
pub mod report;
pub mod rows;
pub mod sync;
pub mod warehouses;
pub mod work;

use crate::bindings::exports::atsync::connector::reconcile::{
    Call, Fault, Job, Mode, Outcome, Problem, Turn,
};
use crate::core::finding::{Finding, Severity};
use crate::core::settings::Settings;
use crate::halt::Halt;
use crate::io::{Io, Pass};
use desk::Desk;
use report::Kind;

/// Begins the pass that the job asks for.
pub fn start(job: Job) -> (Pass, Result<Turn, Fault>) {
    Pass::start(job.now, |io| pass(io, job))
}

async fn pass(io: Io, job: Job) -> Result<Outcome, Fault> {
    let (settings, findings) = Settings::read(&job.settings);
    let Some(settings) = settings else {
        return Err(refused_settings(&findings));
    };
    let kind = Kind::of(&job.mode);
    let mut desk = match Desk::open(&io, settings, &job).await {
        Ok(desk) => desk,
        Err(Halt::Ledger(problem)) => return Err(Fault::PermanentLedger(problem)),
        Err(halt) => return Err(Fault::Temporary(temporary(halt))),
    };
    desk.report.findings.extend(findings);
    let done = match &job.mode {
        Mode::Sync => sync::run(&mut desk, &job.hints).await,
        Mode::Plan => plan::run(&mut desk).await,
        Mode::Check => check::run(&mut desk).await,
        Mode::Ask(Call { name, arguments }) => ask::run(&mut desk, name, arguments).await,
        Mode::Act(Call { name, arguments }) => act::run(&mut desk, name, arguments).await,
    };
    match done {
        Err(Halt::Ledger(problem)) => Err(Fault::PermanentLedger(problem)),
        Err(Halt::Failed(finding)) => Ok(desk.outcome(kind, Some(*finding))),
        Err(Halt::Later { at, why }) => {
            desk.come_again(at, &why);
            // What the pass spent and learned is kept even where it waits.
            match desk.save().await {
                Err(Halt::Ledger(problem)) => Err(Fault::PermanentLedger(problem)),
                Err(Halt::Failed(finding)) => Ok(desk.outcome(kind, Some(*finding))),
                Ok(()) | Err(Halt::Later { .. }) => Ok(desk.outcome(kind, None)),
            }
        }
        Ok(()) => Ok(desk.outcome(kind, None)),
    }
}

fn refused_settings(findings: &[Finding]) -> Fault {
    let errors: Vec<&Finding> = findings
        .iter()
        .filter(|f| f.severity == Severity::Error)
        .collect();
    Fault::PermanentSettings(Problem {
        code: errors
            .first()
            .map_or("settings", |f| f.code.as_str())
            .into(),
        message: errors
            .iter()
            .map(|f| f.message.as_str())
            .collect::<Vec<_>>()
            .join(" "),
        fix: errors
            .iter()
            .map(|f| f.fix.as_str())
            .collect::<Vec<_>>()
            .join(" "),
    })
}

fn temporary(halt: Halt) -> Problem {
    match halt {
        Halt::Failed(finding) => Problem {
            code: finding.code,
            message: finding.message,
            fix: finding.fix,
        },
        Halt::Later { why, .. } => Problem {
            code: "later".into(),
            message: why,
            fix: "Run the pass again later.".into(),
        },
        Halt::Ledger(problem) => problem,
    }
}
