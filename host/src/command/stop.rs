//! How a command ends.

use std::process::ExitCode;

use atsync::problem::Problem;

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
        Self { exit: Exit::Refused, findings }
    }

    /// One thing about the usage is wrong.
    pub fn usage(code: &str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::refused(vec![Finding::error(code, message, fix)])
    }

    /// Something did not work.
    pub fn failed(code: &str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, findings: vec![Finding::error(code, message, fix)] }
    }

    /// Says on standard error what was wrong.
    pub fn tell(self) -> ExitCode {
        eprint!("{}", render::findings(&self.findings, Paint::stderr()));
        self.exit.into()
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::failed(problem.code, problem.message, problem.fix)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Refused => 2,
            Exit::Attention => 3,
        })
    }
}
