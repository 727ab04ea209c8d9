//! Metrics in Prometheus' text format
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Known;
use crate::engine::reconcile::Verdict;
use crate::pass::{Ended, Passed};
use crate::problem::Problem;

/// What happened since the program started.
#[derive(Debug, Default)]
pub struct Metrics(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// By connection and result.
    passes: BTreeMap<(String, &'static str), u64>,
    webhooks: BTreeMap<(String, &'static str), u64>,
    /// By connection: number and milliseconds.
    durations: BTreeMap<String, (u64, u64)>,
}

impl Metrics {
    /// Counts a pass that ended.
    pub fn passed(&self, connection: &str, result: &Result<Passed, Problem>) {
        let name = match result.as_ref().map(|passed| &passed.ended) {
            Ok(Ended::Outcome(outcome)) => match outcome.verdict {
                Verdict::Done => "done",
                Verdict::Attention => "attention",
                Verdict::Failed => "failed",
            },
            Ok(Ended::Fault(_)) => "fault",
            Ok(Ended::Cancelled) => "cancelled",
            Err(_) => "error",
        };
        let mut counts = self.counts();
        *counts
            .passes
            .entry((connection.to_owned(), name))
            .or_default() += 1;
        if let Ok(passed) = result {
            let (number, total_ms) = counts.durations.entry(connection.to_owned()).or_default();
            *number += 1;
            *total_ms += passed.tally.ended.saturating_sub(passed.tally.started);
        }
    }

    pub(super) fn webhook(&self, connection: &str, result: &'static str) {
        *self
            .counts()
            .webhooks
            .entry((connection.to_owned(), result))
            .or_default() += 1;
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn text(&self, known: &[Known]) -> String {
        let counts = self.counts();
        let mut text = Text(String::new());

        text.family(
            "atsync_passes_total",
            "counter",
            "Passes that ended, by how.",
        );
        for ((connection, result), count) in &counts.passes {
            text.sample(
                "atsync_passes_total",
                &[("connection", connection), ("result", result)],
                *count,
            );
        }
        text.family(
            "atsync_pass_duration_seconds",
            "summary",
            "How long passes took.",
        );
        for (connection, (number, total_ms)) in &counts.durations {
            let labels = [("connection", connection.as_str())];
            text.sample(
                "atsync_pass_duration_seconds_sum",
                &labels,
                seconds(*total_ms),
            );
            text.sample("atsync_pass_duration_seconds_count", &labels, *number);
        }
        text.family(
            "atsync_webhooks_total",
            "counter",
            "Webhooks, by what became of them.",
        );
        for ((connection, result), count) in &counts.webhooks {
            text.sample(
                "atsync_webhooks_total",
                &[("connection", connection), ("result", result)],
                *count,
            );
        }
        drop(counts);

        text.family(
            "atsync_last_success_timestamp_seconds",
            "gauge",
            "The end of the last pass that did its work; 0: there was none.",
        );
        for Known { name, last, .. } in known {
            let at = last.as_ref().and_then(|last| last.last_success);
            text.sample(
                "atsync_last_success_timestamp_seconds",
                &[("connection", name)],
                seconds(at.unwrap_or(0)),
            );
        }
        text.family(
            "atsync_next_pass_timestamp_seconds",
            "gauge",
            "When the next pass is due.",
        );
        for Known { name, standing, .. } in known
            .iter()
            .filter(|known| known.standing.stopped.is_none())
        {
            text.sample(
                "atsync_next_pass_timestamp_seconds",
                &[("connection", name)],
                seconds(standing.due()),
            );
        }
        text.family(
            "atsync_failures_in_a_row",
            "gauge",
            "Passes that failed since the last that did not.",
        );
        for Known { name, standing, .. } in known {
            text.sample(
                "atsync_failures_in_a_row",
                &[("connection", name)],
                standing.failures,
            );
        }
        text.family(
            "atsync_stopped",
            "gauge",
            "1 if the connection waits for a person.",
        );
        for Known { name, standing, .. } in known {
            text.sample(
                "atsync_stopped",
                &[("connection", name)],
                u8::from(standing.stopped.is_some()),
            );
        }
        text.family(
            "atsync_attention",
            "gauge",
            "1 if the last pass left something for a person.",
        );
        for Known { name, last, .. } in known {
            let attention = last
                .as_ref()
                .is_some_and(|last| last.verdict == Some(Verdict::Attention));
            text.sample(
                "atsync_attention",
                &[("connection", name)],
                u8::from(attention),
            );
        }
        text.family(
            "atsync_report_count",
            "gauge",
            "The counts of the last report.",
        );
        for Known { name, last, .. } in known {
            let report = last.as_ref().and_then(|last| last.report.as_ref());
            let counted = report.and_then(|report| report.get("counts")?.as_object());
            for (what, count) in counted.into_iter().flatten() {
                if let Some(count) = count.as_f64() {
                    text.sample(
                        "atsync_report_count",
                        &[("connection", name), ("what", what)],
                        count,
                    );
                }
            }
        }
        text.0
    }
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

/// The text as it grows.
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let labels: Vec<String> = labels
            .iter()
            .map(|(label, text)| format!("{label}=\"{}\"", escaped(text)))
            .collect();
        let _ = writeln!(self.0, "{name}{{{}}} {value}", labels.join(","));
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
