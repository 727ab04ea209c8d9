//! A report as text: summary, tables, findings.

use std::fmt::Write as _;

use console::Style;

use super::{Paint, table};
use crate::finding::{Finding, Severity};
use crate::report::Report;

/// The whole report, ended by a line feed.
pub fn report(report: &Report, paint: Paint) -> String {
    let mut text = String::new();
    if let Some(summary) = summary(report) {
        let _ = writeln!(text, "{summary}");
    }
    for rows in report.tables.iter().filter(|table| !table.rows.is_empty()) {
        set_off(&mut text);
        text.push_str(&table(rows, paint));
    }
    if !report.findings.is_empty() {
        set_off(&mut text);
        text.push_str(&findings(&report.findings, paint));
    }
    text
}

/// The summary, unless it only repeats what a finding says.
pub fn summary(report: &Report) -> Option<&str> {
    let summary = report.summary.trim();
    let repeated = report.findings.iter().any(|one| one.message == summary);
    (!summary.is_empty() && !repeated).then_some(summary)
}

/// An empty line between two parts.
fn set_off(text: &mut String) {
    if !text.is_empty() {
        text.push('\n');
    }
}

/// Findings, errors first, with an empty line between two.
pub fn findings(findings: &[Finding], paint: Paint) -> String {
    let mut sorted: Vec<_> = findings.iter().collect();
    sorted.sort_by_key(|finding| finding.severity);
    sorted
        .into_iter()
        .map(|one| finding(one, paint))
        .collect::<Vec<_>>()
        .join("\n")
}

/// One finding: what and why, where, and what to do.
///
/// ```text
/// error[config-unknown-key]: There is no key `ur` in [connection.acme.services.shop].
///   at  atsync.toml:4:1
///   fix Did you mean `url`?
/// ```
pub fn finding(finding: &Finding, paint: Paint) -> String {
    let (word, style) = match finding.severity {
        Severity::Error => ("error", Style::new().red().bold()),
        Severity::Warning => ("warning", Style::new().yellow().bold()),
        Severity::Note => ("note", Style::new().cyan().bold()),
    };
    let dim = |label: &str| paint.paint(Style::new().dim(), label);
    let mut text = format!(
        "{}: {}\n",
        paint.paint(style, &format!("{word}[{}]", finding.code)),
        finding.message
    );
    if let Some(place) = &finding.at {
        let _ = writeln!(text, "  {}  {place}", dim("at"));
    }
    if let Some(subject) = &finding.subject {
        let _ = writeln!(text, "  {}  {subject}", dim("on"));
    }
    if !finding.fix.is_empty() {
        let _ = writeln!(text, "  {} {}", dim("fix"), finding.fix);
    }
    text
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_report_reads_summary_first_and_errors_before_notes() {
        let given = r#"{
            "schema": "atsync.report/1", "kind": "plan", "summary": "Two rows would change.",
            "findings": [
                {"code": "late", "severity": "note", "message": "It is late.", "fix": "Sleep."},
                {"code": "gone", "severity": "error", "message": "It is gone.", "fix": "Look.",
                 "subject": "SKU A-1"}
            ],
            "counts": {"rows": 2}, "data": {},
            "tables": [{"title": "", "columns": ["SKU"], "align": ["left"], "rows": [["A-1"]]}]
        }"#;
        let expected = "\
Two rows would change.

SKU
A-1

error[gone]: It is gone.
  on  SKU A-1
  fix Look.

note[late]: It is late.
  fix Sleep.
";
        assert_eq!(
            report(&Report::parse(given).unwrap(), Paint::plain()),
            expected
        );
    }

    #[test]
    fn a_summary_that_a_finding_repeats_is_said_once() {
        let failed = Report {
            summary: "The shop is closed.".to_owned(),
            findings: vec![Finding::error("closed", "The shop is closed.", "Wait.")],
            ..Report::default()
        };
        assert_eq!(
            report(&failed, Paint::plain()),
            "error[closed]: The shop is closed.\n  fix Wait.\n"
        );
    }

    #[test]
    fn colours_appear_only_where_they_help() {
        let wrong = Finding::error("x", "Wrong.", "Right it.");
        assert!(!finding(&wrong, Paint::plain()).contains('\u{1b}'));
        assert!(
            finding(
                &wrong,
                Paint {
                    width: None,
                    colour: true
                }
            )
            .contains("\u{1b}[31m")
        );
    }
}
