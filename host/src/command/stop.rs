//! How a command ends.

use std::process::ExitCode;

use atsync::engine::reconcile::Verdict;
use atsync::problem::Problem;
use serde_json::json;

use crate::finding::Finding;
use crate::render::{self, Paint};

/// The program's exit codes. Ordered: of several connections the worst counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: all is well.
    Done,
    /// 3: done, and something needs attention.
    Attention,
    /// 2: wrong usage or settings.
    Refused,
    /// 1: failed.
    Failed,
}

/// A command could not go on.
#[derive(Debug)]
pub struct Stop {
    exit: Exit,
    findings: Vec<Finding>,
}

impl Stop {
    /// The settings or the usage are wrong.
    pub fn refused(findings: Vec<Finding>) -> Self {
        Self {
            exit: Exit::Refused,
            findings,
        }
    }

    /// One thing about the usage is wrong.
    pub fn usage(code: &str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::refused(vec![Finding::error(code, message, fix)])
    }

    /// Something did not work.
    pub fn failed(code: &str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            exit: Exit::Failed,
            findings: vec![Finding::error(code, message, fix)],
        }
    }

    /// Somebody pressed Ctrl-C.
    pub fn cancelled() -> Self {
        let finding = Finding::warning("stopped", "Stopped before the end.", "Run it again.");
        Self {
            exit: Exit::Failed,
            findings: vec![finding],
        }
    }

    /// Says what was wrong: on standard error for people, on standard output for machines.
    pub fn tell(self, json: bool) -> ExitCode {
        if json {
            println!(
                "{}",
                json!({ "verdict": self.exit.name(), "report": { "findings": self.findings } })
            );
        } else {
            eprint!("{}", render::findings(&self.findings, Paint::stderr()));
        }
        self.exit.into()
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self {
            exit: Exit::Failed,
            findings: vec![problem.into()],
        }
    }
}

impl From<Problem> for Finding {
    fn from(problem: Problem) -> Self {
        Self::error(problem.code, problem.message, problem.fix)
    }
}

impl Exit {
    /// As the program's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Refused => 2,
            Self::Attention => 3,
        }
    }

    /// As in `--json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Attention => "attention",
        }
    }
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Done => Self::Done,
            Verdict::Attention => Self::Attention,
            Verdict::Failed => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
