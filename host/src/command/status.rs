//! `atsync status`: how each connection stands, from the store alone.

use std::time::Duration;

use atsync::clock::{Clock as _, SystemClock};
use atsync::store::{self, LastPass, Standing, Store};
use serde_json::{Value, json};

use super::{Common, Connectors, Exit, Site, Stop};
use crate::finding::Severity;
use crate::render::{self, Paint, time};
use crate::report::{Align, Report, Table};

/// Show each connection: last pass, next pass, what needs attention
#[derive(clap::Args, Debug)]
#[command(after_help = "Example: atsync status --json\n\n\
    Reads the store and talks to nobody. Exit code 3: something needs attention.")]
pub struct Status {
    #[command(flatten)]
    common: Common,
}

/// What is known of one connection.
struct State {
    name: String,
    standing: Standing,
    last: Option<LastPass>,
    report: Report,
}

impl Status {
    pub fn run(&self, connectors: &mut Connectors) -> Result<Exit, Stop> {
        let site = Site::open(&self.common, connectors)?;
        let store = site.store()?;
        let mut states = Vec::new();
        for connection in site.chosen() {
            states.push(State::read(&*store, &connection.name)?);
        }
        if self.common.json {
            states
                .iter()
                .for_each(|state| println!("{}", state.to_json()));
        } else {
            print!("{}", table(&states, SystemClock.now()));
            states.iter().for_each(State::tell);
        }
        Ok(states.iter().map(State::exit).max().unwrap_or(Exit::Done))
    }
}

impl State {
    fn read(store: &dyn Store, name: &str) -> Result<Self, Stop> {
        let last = store::last_pass(store, name)?;
        // A report of an older version that cannot be read is as good as none.
        let report = last.as_ref().and_then(|last| last.report.clone());
        let report = report.and_then(|report| serde_json::from_value(report).ok());
        Ok(Self {
            name: name.to_owned(),
            standing: store::standing(store, name)?,
            last,
            report: report.unwrap_or_default(),
        })
    }

    fn exit(&self) -> Exit {
        match &self.last {
            _ if self.standing.stopped.is_some() => Exit::Failed,
            None => Exit::Done,
            Some(last) => last.verdict.map_or(Exit::Failed, Exit::from),
        }
    }

    fn verdict(&self) -> &'static str {
        match &self.last {
            _ if self.standing.stopped.is_some() => "stopped",
            None => "never ran",
            Some(_) => self.exit().name(),
        }
    }

    /// Below the table: the last summary, why it stopped, and what needs a person.
    fn tell(&self) {
        let paint = Paint::stdout();
        if let Some(summary) = render::summary(&self.report) {
            println!("\n{}: {summary}", self.name);
        }
        if let Some(stopped) = &self.standing.stopped {
            println!(
                "\n{} is stopped: {} {}",
                self.name, stopped.message, stopped.fix
            );
        } else if let Some((code, message, fix)) =
            self.last.as_ref().and_then(|last| last.problem.as_ref())
        {
            println!(
                "\n{}: the last pass broke off [{code}]: {message} {fix}",
                self.name
            );
        }
        if let Some(cut) = self.last.as_ref().and_then(|last| last.recording_cut) {
            println!("\n{}: {}", self.name, cut.problem());
        }
        let mut open = self.report.findings.clone();
        open.retain(|finding| finding.severity != Severity::Note);
        if !open.is_empty() {
            print!("\n{}", render::findings(&open, paint));
        }
    }

    fn to_json(&self) -> Value {
        let last = self.last.as_ref().map(|last| {
            json!({
                "kind": last.kind,
                "started": time::rfc3339(last.started),
                "ended": time::rfc3339(last.ended),
                "last_success": last.last_success.and_then(time::rfc3339),
                "report": last.report,
                "problem": last.problem,
                "recording_cut": last.recording_cut,
            })
        });
        json!({
            "connection": self.name,
            "verdict": self.verdict(),
            "next_run": last.as_ref().and_then(|_| time::rfc3339(self.standing.next_run)),
            "failures": self.standing.failures,
            "stopped": self.standing.stopped,
            "last_pass": last,
        })
    }
}

fn table(states: &[State], now: u64) -> String {
    let rows = states.iter().map(|state| {
        let (when, took) = state.last.as_ref().map_or_else(
            || ("–".to_owned(), "–".to_owned()),
            |last| {
                let took = Duration::from_millis(last.ended.saturating_sub(last.started));
                (time::at(last.started), time::span(took))
            },
        );
        let next = match (&state.standing, state.last.is_some()) {
            (
                Standing {
                    stopped: Some(_), ..
                },
                _,
            ) => "not before a change".to_owned(),
            (_, false) => "–".to_owned(),
            (standing, true) if standing.next_run <= now => "due".to_owned(),
            (standing, true) => time::at(standing.next_run),
        };
        vec![
            state.name.clone(),
            state.verdict().to_owned(),
            when,
            took,
            next,
        ]
    });
    let table = Table {
        columns: ["connection", "verdict", "last pass", "took", "next pass"]
            .map(str::to_owned)
            .to_vec(),
        align: vec![
            Align::Left,
            Align::Left,
            Align::Left,
            Align::Right,
            Align::Left,
        ],
        rows: rows.collect(),
        ..Table::default()
    };
    render::table(&table, Paint::stdout())
}
