//! The command: what it is asked for, and what it says at the end.

use serde_json::{Value, json};

use crate::bindings::atsync::connector::manifest::{self, Severity};
use crate::bindings::atsync::connector::reconcile::{self, Call, Fault, Mode, Outcome, Verdict};
use crate::folder::Folder;
use crate::pass::Pass;
use crate::problem::Problem;
use crate::{settings, system};

const USAGE: &str = "FILE [sync | plan | check | ask NAME ARGUMENTS | act NAME ARGUMENTS]";

/// Runs one pass. The last line of its output is for machines: `outcome`, `fault` or `broken`.
/// Gives the exit code: 0 all is well, 1 failed, 2 wrong usage or settings, 3 done, and something
/// needs attention.
pub(crate) fn run() -> u8 {
    let arguments = system::arguments();
    let (line, code) = pass(&arguments).unwrap_or_else(|problem| {
        tell("error", &problem.code, &problem.message, &problem.fix);
        (
            json!({ "broken": problem.message }),
            if problem.usage { 2 } else { 1 },
        )
    });
    system::print(&line.to_string());
    code
}

/// Runs a pass. Gives the line for machines and the exit code.
fn pass(arguments: &[String]) -> Result<(Value, u8), Problem> {
    let (file, mode) = asked(arguments).ok_or_else(|| {
        let fix = format!("Write {USAGE}. ARGUMENTS is a JSON object.");
        Problem::usage("usage", "This is not how the command is used.", fix)
    })?;
    let folder = Folder::open()?;
    let (name, connection) = settings::read(&folder, file)?;
    let pass = Pass::new(&folder, &name, connection, mode)?;
    let settings = pass.settings().to_owned();
    let ((name, told), code) = match pass.run()? {
        Ok(outcome) => told(outcome),
        Err(fault) => stopped(fault, &settings),
    };
    Ok((json!({ (name): told }), code))
}

/// The file and the mode that the arguments ask for.
fn asked(arguments: &[String]) -> Option<(&str, Mode)> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let call = |name: &str, arguments: &str| Call {
        name: name.to_owned(),
        arguments: arguments.to_owned(),
    };
    let (file, words) = words.split_first()?;
    let mode = match words {
        [] | ["sync"] => Mode::Sync,
        ["plan"] => Mode::Plan,
        ["check"] => Mode::Check,
        ["ask", name, arguments] => Mode::Ask(call(name, arguments)),
        ["act", name, arguments] => Mode::Act(call(name, arguments)),
        _ => return None,
    };
    (!file.starts_with('-')).then_some((file, mode))
}

/// What a pass came to, by its name.
type Ending = (&'static str, Value);

/// Shows an outcome.
fn told(outcome: Outcome) -> (Ending, u8) {
    let report: Value =
        serde_json::from_str(&outcome.report).unwrap_or(Value::String(outcome.report));
    let findings = report.get("findings").and_then(Value::as_array);
    for finding in findings.into_iter().flatten() {
        let text = |key: &str| finding.get(key).and_then(Value::as_str).unwrap_or_default();
        tell(text("severity"), text("code"), text("message"), text("fix"));
    }
    if let Some(summary) = report.get("summary").and_then(Value::as_str) {
        system::tell(summary);
    }
    let (verdict, code) = match outcome.verdict {
        Verdict::Done => ("done", 0),
        Verdict::Attention => ("attention", 3),
        Verdict::Failed => ("failed", 1),
    };
    let told = json!({ "verdict": verdict, "next_run": outcome.next_run, "report": report });
    (("outcome", told), code)
}

/// Shows why a pass has no outcome; of refused settings, each place.
fn stopped(fault: Fault, settings: &str) -> (Ending, u8) {
    let (kind, problem, code) = match fault {
        Fault::PermanentSettings(problem) => ("permanent-settings", problem, 2),
        Fault::PermanentProtocol(problem) => ("permanent-protocol", problem, 1),
        Fault::PermanentLedger(problem) => ("permanent-ledger", problem, 1),
        Fault::Temporary(problem) => ("temporary", problem, 1),
    };
    if code == 2 {
        for finding in manifest::check_settings(settings) {
            let severity = match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "note",
            };
            let place = finding
                .path
                .map(|path| format!("{path}: "))
                .unwrap_or_default();
            tell(
                severity,
                &finding.code,
                &format!("{place}{}", finding.message),
                &finding.fix,
            );
        }
    }
    let reconcile::Problem {
        code: name,
        message,
        fix,
    } = problem;
    tell("error", &name, &message, &fix);
    let told = json!({ "kind": kind, "code": name, "message": message, "fix": fix });
    (("fault", told), code)
}

/// Something for people: what happened, and what to do next.
fn tell(severity: &str, code: &str, message: &str, fix: &str) {
    system::tell(&format!("{severity}[{code}]: {message}\n  {fix}"));
}
