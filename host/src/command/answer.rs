//! What came of one pass, for people and for machines.

use atsync::clock::Timestamp;
use atsync::engine::reconcile::{Fault, Outcome};
use atsync::pass::{Ended, Passed, fault_parts};
use atsync::problem::Problem;
use serde_json::{Value, json};

use super::{Exit, Site};
use crate::finding::{Finding, Severity};
use crate::render::{self, Paint, time};
use crate::report::Report;

/// What came of one pass.
pub struct Answer {
    /// The connection.
    pub connection: String,
    /// How it went.
    pub exit: Exit,
    /// When the component wants to run again.
    pub next_run: Option<Timestamp>,
    /// What the component said; without an outcome, the findings say what happened instead.
    pub report: Report,
}

impl Answer {
    /// From how the pass went. Findings about settings get their place in the file.
    pub fn new(site: &Site, connection: &str, passed: Result<Passed, Problem>) -> Self {
        let cut = passed.as_ref().ok().and_then(|passed| passed.recording_cut);
        let mut answer = Self::of_end(site, connection, passed.map(|passed| passed.ended));
        if let Some(cut) = cut {
            let Problem { code, message, fix } = cut.problem();
            answer
                .report
                .findings
                .push(Finding::note(code, message, fix));
        }
        answer
    }

    fn of_end(site: &Site, connection: &str, ended: Result<Ended, Problem>) -> Self {
        match ended {
            Ok(Ended::Outcome(outcome)) => Self::of_outcome(site, connection, &outcome),
            Ok(Ended::Fault(fault)) => {
                let (_, problem) = fault_parts(&fault);
                let settings = matches!(fault, Fault::PermanentSettings(_));
                let exit = if settings {
                    Exit::Refused
                } else {
                    Exit::Failed
                };
                Self::of_finding(
                    connection,
                    exit,
                    Finding::error(&problem.code, &problem.message, &problem.fix),
                )
            }
            Ok(Ended::Cancelled) => Self::of_finding(
                connection,
                Exit::Failed,
                Finding::warning(
                    "stopped",
                    "The pass was stopped before its end; what it had committed is kept.",
                    "Run it again: it goes on from there.",
                ),
            ),
            Err(problem) => Self::of_finding(connection, Exit::Failed, problem.into()),
        }
    }

    /// From something that kept the pass from beginning.
    pub fn of_finding(connection: &str, exit: Exit, finding: Finding) -> Self {
        let report = Report {
            findings: vec![finding],
            ..Report::default()
        };
        Self {
            connection: connection.to_owned(),
            exit,
            next_run: None,
            report,
        }
    }

    /// For a connection whose part of the file is wrong; the findings say how.
    pub fn refused(connection: &str) -> Self {
        let (connection, report) = (connection.to_owned(), Report::default());
        Self {
            connection,
            exit: Exit::Refused,
            next_run: None,
            report,
        }
    }

    /// Puts the host's own findings before the component's.
    pub fn add(&mut self, mut findings: Vec<Finding>) {
        if self.exit == Exit::Done && findings.iter().any(|one| one.severity == Severity::Warning) {
            self.exit = Exit::Attention;
        }
        findings.append(&mut self.report.findings);
        self.report.findings = findings;
    }

    fn of_outcome(site: &Site, connection: &str, outcome: &Outcome) -> Self {
        let mut report = match Report::parse(&outcome.report) {
            Ok(report) => report,
            Err(error) => {
                return Self::of_finding(connection, Exit::Failed, not_a_report(&error));
            }
        };
        report.findings = report
            .findings
            .into_iter()
            .map(|finding| site.placed(connection, finding))
            .collect();
        let (connection, exit) = (connection.to_owned(), outcome.verdict.into());
        Self {
            connection,
            exit,
            next_run: Some(outcome.next_run),
            report,
        }
    }

    /// Prints it: one line of JSON, or text with the connection's name above if there are
    /// several.
    pub fn print(&self, json: bool, several: bool) {
        if json {
            println!("{}", self.to_json());
            return;
        }
        let paint = Paint::stdout();
        if several {
            println!(
                "{}",
                paint.paint(
                    console::Style::new().bold(),
                    &format!("── {} ──", self.connection)
                )
            );
        }
        print!("{}", render::report(&self.report, paint));
        if several {
            println!();
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "connection": self.connection,
            "verdict": self.exit.name(),
            "next_run": self.next_run.and_then(time::rfc3339),
            "report": self.report,
        })
    }
}

fn not_a_report(error: &serde_json::Error) -> Finding {
    Finding::error(
        "component-report",
        format!("The component's report is not of the shape atsync.report/1: {error}."),
        "Report this to whoever made the component.",
    )
}
