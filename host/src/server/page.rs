//! The status page: plain HTML, no script, readable on a telephone.

use std::fmt::Write as _;

use super::Known;
use crate::clock::Timestamp;
use crate::engine::reconcile::Verdict;
use crate::store::{LastPass, Standing};

const HEAD: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width\"><meta http-equiv=\"refresh\" content=\"15\">\
<title>atsync</title><style>\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;\
color-scheme:light dark}\
section{border-top:1px solid #8886;padding:.5rem 0}\
.done{color:#28803c}.attention{color:#a86500}.failed{color:#c22}\
dt{font-weight:600;float:left;clear:left;width:9rem}dd{margin-left:9rem}\
</style></head><body>\n<h1>atsync</h1>\n";

pub(super) fn html(known: &[Known], now: Timestamp) -> String {
    let mut page = HEAD.to_owned();
    for connection in known {
        section(&mut page, connection, now);
    }
    page.push_str("</body></html>\n");
    page
}

fn section(
    page: &mut String,
    Known {
        name,
        standing,
        last,
    }: &Known,
    now: Timestamp,
) {
    let _ = writeln!(page, "<section><h2>{}</h2><dl>", escaped(name));
    match last {
        Some(last) => last_pass(page, last, now),
        None => entry(page, "Last pass", "", "none yet"),
    }
    next_pass(page, standing, now);
    page.push_str("</dl></section>\n");
}

fn last_pass(page: &mut String, last: &LastPass, now: Timestamp) {
    let (class, how) = match last.verdict {
        Some(Verdict::Done) => ("done", "all is well"),
        Some(Verdict::Attention) => ("attention", "something needs attention"),
        Some(Verdict::Failed) => ("failed", "it could not do its work"),
        None => ("failed", "it broke off"),
    };
    let took = duration(last.ended.saturating_sub(last.started));
    let when = duration(now.saturating_sub(last.ended));
    entry(
        page,
        "Last pass",
        class,
        &format!("{when} ago, in {took}: {how}"),
    );
    let report = last.report.as_ref();
    if let Some(summary) = report.and_then(|report| report.get("summary")?.as_str()) {
        entry(page, "Summary", "", summary);
    }
    for finding in report
        .and_then(|report| report.get("findings")?.as_array())
        .into_iter()
        .flatten()
    {
        let text = |name: &str| {
            finding
                .get(name)
                .and_then(|text| text.as_str())
                .unwrap_or_default()
        };
        let class = if text("severity") == "error" {
            "failed"
        } else {
            "attention"
        };
        entry(
            page,
            text("code"),
            class,
            &format!("{} {}", text("message"), text("fix")),
        );
    }
    if let Some((code, message, fix)) = &last.problem {
        entry(page, code, "failed", &format!("{message} {fix}"));
    }
    if let Some(cut) = last.recording_cut {
        entry(page, "Recording", "", &cut.problem().to_string());
    }
}

fn next_pass(page: &mut String, standing: &Standing, now: Timestamp) {
    match &standing.stopped {
        Some(stopped) => {
            let why = format!(
                "none until this is settled: {} {}",
                stopped.message, stopped.fix
            );
            entry(page, "Next pass", "failed", &why);
        }
        None => match standing.due().checked_sub(now) {
            Some(left @ 1..) => entry(page, "Next pass", "", &format!("in {}", duration(left))),
            _ => entry(page, "Next pass", "", "due"),
        },
    }
}

fn entry(page: &mut String, term: &str, class: &str, text: &str) {
    let _ = writeln!(
        page,
        "<dt>{}</dt><dd class=\"{class}\">{}</dd>",
        escaped(term),
        escaped(text)
    );
}

fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0 => format!("{ms} ms"),
        1..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::Cut;

    #[test]
    fn whatever_a_report_says_stays_text() {
        let report = serde_json::json!({
            "summary": "<script>alert(1)</script>",
            "findings": [{ "code": "a\"b", "severity": "error", "message": "<b>", "fix": "&" }],
        });
        let last = LastPass {
            kind: "sync".to_owned(),
            started: 1_000,
            ended: 2_500,
            verdict: Some(Verdict::Attention),
            report: Some(report),
            problem: None,
            last_success: Some(2_500),
            recording_cut: Some(Cut::TooLarge),
        };
        let known = Known {
            name: "<acme>".to_owned(),
            standing: Standing::default(),
            last: Some(last),
        };
        let html = html(&[known], 62_500);
        assert!(
            html.contains("60 s ago, in 1 s: something needs attention"),
            "{html}"
        );
        assert!(
            html.contains("&lt;script&gt;") && !html.contains("<script>"),
            "{html}"
        );
        assert!(html.contains("&lt;acme&gt;") && !html.contains("<acme>"));
        assert!(html.contains("which is 32 MiB at most"), "{html}");
    }
}
