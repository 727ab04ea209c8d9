//! `atsync doctor`: whether what this host stands on is sound, without talking to anybody.

mod disk;
mod store;

use std::fmt::Display;
use std::io::ErrorKind;
use std::net::TcpListener;

use serde_json::json;

use super::check::{clock_is_behind, secrets_lie_open};
use super::{Common, Connectors, Exit, Site, Stop};
use crate::finding::{Finding, Severity};
use crate::render::{self, Paint, counted};
use crate::report::{Report, Table};

/// Look at what this host stands on: files, rights, store, disk, clock, addresses
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Example: atsync doctor

Reads the whole store, changes nothing and talks to nobody; `atsync check` tries the services.
Exit code 3: it works, and something should be seen to. 1: something does not work.")]
pub struct Doctor {
    #[command(flatten)]
    common: Common,
}

/// What was looked at, and what was found.
#[derive(Default)]
struct Chart {
    /// The thing, which one, and how it is.
    rows: Vec<[String; 3]>,
    findings: Vec<Finding>,
}

impl Doctor {
    pub fn run(&self, connectors: &mut Connectors) -> Result<Exit, Stop> {
        let site = Site::open(&self.common, connectors)?;
        let mut chart = Chart::default();
        chart.row("settings", &site.config.path().display(), "read");
        for configured in site.chosen() {
            let mut findings = site.judge(configured, connectors)?;
            findings.extend(secrets_lie_open(&site.config, configured));
            let name = &configured.name;
            if let Some(connection) = &configured.connection {
                let connector = connectors.get(connection.component.as_deref())?;
                let about = connector.describe();
                let which = format!("{} {} for {name}", about.name, about.version);
                let state = format!("{}, sha256 {}", connector.contract(), connector.digest());
                chart.row("component", &which, state);
                let secrets = counted(configured.secrets.len(), "secret");
                chart.row("credentials", name, format!("{secrets} found"));
            } else {
                chart.row("connection", name, "not fit to run");
            }
            chart.findings.extend(findings);
        }
        let last_pass = store::look(&site, &mut chart);
        disk::look(&site, &mut chart);
        let clock = clock_is_behind(last_pass);
        let state = if clock.is_some() {
            "behind"
        } else {
            "not behind"
        };
        chart.row("clock", &"this machine", state);
        chart.findings.extend(clock);
        chart.look_at_address(&site);
        Ok(chart.tell(self.common.json))
    }
}

impl Chart {
    fn row(&mut self, what: &str, which: &dyn Display, state: impl Into<String>) {
        self.rows
            .push([what.to_owned(), which.to_string(), state.into()]);
    }

    /// Whether the daemon could listen.
    fn look_at_address(&mut self, site: &Site) {
        let listen = site.config.listen;
        match TcpListener::bind(listen) {
            Ok(_) => self.row("address", &listen, "free"),
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                self.row("address", &listen, "in use, by `atsync run` if it is up");
            }
            Err(error) => {
                self.row("address", &listen, "cannot be used");
                self.findings.push(Finding::error(
                    "server-port",
                    format!("The server cannot listen on {listen}: {error}."),
                    "Choose another address as [server] listen.",
                ));
            }
        }
    }

    fn exit(&self) -> Exit {
        match self.findings.iter().map(|finding| finding.severity).min() {
            Some(Severity::Error) => Exit::Failed,
            Some(Severity::Warning) => Exit::Attention,
            Some(Severity::Note) | None => Exit::Done,
        }
    }

    fn tell(self, json: bool) -> Exit {
        let exit = self.exit();
        let serious = |finding: &&Finding| finding.severity != Severity::Note;
        let summary = match self.findings.iter().filter(serious).count() {
            0 => "All is well.".to_owned(),
            some => format!("{} to see to.", counted(some, "thing")),
        };
        let report = Report {
            schema: "atsync.report/1".to_owned(),
            kind: "doctor".to_owned(),
            summary,
            findings: self.findings,
            tables: vec![Table {
                columns: ["what", "which", "state"].map(str::to_owned).to_vec(),
                rows: self.rows.into_iter().map(Vec::from).collect(),
                ..Table::default()
            }],
            ..Report::default()
        };
        if json {
            println!("{}", json!({ "verdict": exit.name(), "report": report }));
        } else {
            print!("{}", render::report(&report, Paint::stdout()));
        }
        exit
    }
}
