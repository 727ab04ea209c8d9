//! Sandbox and host, set up beside each other on loopback with a temporary folder.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use atsync::clock::{Clock, Timestamp};
use atsync::engine::Connector;
use atsync::engine::reconcile::{Call, Mode};
use atsync::pass::{CancellationToken, Ended, Runner, fault_parts};
use atsync::store::{SqliteStore, Store};
use atsync_sandbox::joor::Linesheet;
use atsync_sandbox::server::{self, Ports, Running};
use atsync_sandbox::{Options, Sandbox};
use tempfile::TempDir;

use super::clock::DemoClock;
use super::truth::{self, Comparison};
use super::world::{Catalogue, World, configuration};
use crate::command::Stop;
use crate::config::Config;
use crate::finding::Finding;
use crate::render::progress;
use crate::report::Report;

/// Passes until both sides have to agree: a bulk operation that runs, a spent credit window, a
/// throttle may each take some.
const PASSES_MAX: usize = 40;

/// Two locations, as a brand with a shop and a store room.
const LOCATIONS: usize = 2;

/// A running demo.
pub struct Stage {
    sandbox: Arc<Mutex<Sandbox>>,
    running: Running,
    clock: Arc<DemoClock>,
    options: Options,
    linesheets: Vec<Linesheet>,
    locations: Vec<String>,
    connector: Connector,
    store: Arc<dyn Store>,
    runner: Runner,
    cancel: CancellationToken,
    quiet: bool,
    passes: usize,
    folder: TempDir,
}

impl Stage {
    /// Sets everything up.
    ///
    /// # Errors
    /// The export cannot be read, or this machine has no room or port for it.
    pub async fn open(
        catalogue: &Catalogue,
        connector: Connector,
        cancel: CancellationToken,
        quiet: bool,
    ) -> Result<Self, Stop> {
        let clock = Arc::new(DemoClock::default());
        let options = Options::default();
        let world = World::build(catalogue, LOCATIONS, options.clone(), clock.now())
            .map_err(|finding| Stop::refused(vec![*finding]))?;
        let World {
            sandbox,
            linesheets,
            locations,
        } = world;
        let sandbox = Arc::new(Mutex::new(sandbox));
        let shared = Arc::clone(&clock);
        let running = server::serve(
            Arc::clone(&sandbox),
            Ports::default(),
            Arc::new(move || shared.now()),
        )
        .await
        .map_err(|error| no_room("listen on a port of 127.0.0.1", &error))?;
        let folder = TempDir::with_prefix("atsync-demo-")
            .map_err(|error| no_room("make a temporary folder", &error))?;
        let text = settings(&options, &running, &locations, &linesheets);
        let config = configure(folder.path(), &text, &connector)?;
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&config.store)?);
        let runner = runner(&config, &connector, &store, &clock)?;
        Ok(Self {
            sandbox,
            running,
            clock,
            options,
            linesheets,
            locations,
            connector,
            store,
            runner,
            cancel,
            quiet,
            passes: 0,
            folder,
        })
    }

    /// Both services, to look at and to change as people do. Holds them up while it is held.
    pub fn sandbox(&self) -> MutexGuard<'_, Sandbox> {
        self.sandbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time for both.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Passes so far.
    pub fn passes(&self) -> usize {
        self.passes
    }

    /// The locations that feed JOOR.
    pub fn locations(&self) -> &[String] {
        &self.locations
    }

    /// The linesheet whose orders follow Shopify's inventory policy, and one whose orders do not.
    pub fn linesheet_codes(&self) -> (String, String) {
        let mut codes = self
            .linesheets
            .iter()
            .filter(|linesheet| !linesheet.made_to_order)
            .map(|linesheet| linesheet.code.clone());
        let first = codes.next().unwrap_or_else(|| "SS27".to_owned());
        (
            first,
            codes.next_back().unwrap_or_else(|| "REORDERS".to_owned()),
        )
    }

    /// Asks the component a question that takes no arguments.
    ///
    /// # Errors
    /// It fails, or somebody stops the demo.
    pub async fn ask(&self, name: &str) -> Result<Report, Stop> {
        let call = Call {
            name: name.to_owned(),
            arguments: "{}".to_owned(),
        };
        let asked = self
            .runner
            .run(Mode::Ask(call), &|_| {}, &self.cancel)
            .await;
        report_of(asked?.ended).map(|(report, _)| report)
    }

    /// Adds a location to the warehouse in the settings, as an operator does in the file.
    ///
    /// # Errors
    /// The settings are refused.
    pub fn add_location_to_settings(&mut self, name: &str) -> Result<(), Stop> {
        self.locations.push(name.to_owned());
        let text = settings(
            &self.options,
            &self.running,
            &self.locations,
            &self.linesheets,
        );
        let config = configure(self.folder.path(), &text, &self.connector)?;
        self.runner = runner(&config, &self.connector, &self.store, &self.clock)?;
        Ok(())
    }

    /// Runs passes until both sides agree, at most [`PASSES_MAX`].
    ///
    /// # Errors
    /// A pass fails, or somebody stops the demo.
    pub async fn follow(&mut self) -> Result<Comparison, Stop> {
        let mut comparison = Comparison::default();
        for _ in 0..PASSES_MAX {
            self.pass().await?;
            comparison = self.compare()?;
            if comparison.differences.is_empty() {
                break;
            }
        }
        Ok(comparison)
    }

    /// Runs one pass and lets the time until the next one go by.
    ///
    /// # Errors
    /// It fails, or somebody stops the demo.
    pub async fn pass(&mut self) -> Result<Report, Stop> {
        self.passes += 1;
        let line = progress::Line::new("demo", self.quiet);
        let passed = self
            .runner
            .run(Mode::Sync, &|step| line.show(&step), &self.cancel)
            .await;
        line.finish();
        let (report, next_run) = report_of(passed?.ended)?;
        self.clock.jump_to(next_run);
        Ok(report)
    }

    /// Compares both sides.
    ///
    /// # Errors
    /// The component fails.
    pub fn compare(&self) -> Result<Comparison, Stop> {
        let settings = &self.runner.connection().settings;
        Ok(truth::compare(
            &self.sandbox(),
            &self.linesheets,
            &self.connector,
            settings,
        )?)
    }

    /// Ends both services; the temporary folder goes with them.
    pub async fn close(self) {
        self.running.stop().await;
    }
}

/// The report of a pass, and when the next one is due.
fn report_of(ended: Ended) -> Result<(Report, Timestamp), Stop> {
    match ended {
        Ended::Outcome(outcome) => match Report::parse(&outcome.report) {
            Ok(report) => Ok((report, outcome.next_run)),
            Err(error) => Err(Stop::failed(
                "component-report",
                format!("The report cannot be read: {error}."),
                "Report this.",
            )),
        },
        Ended::Fault(fault) => {
            let (_, problem) = fault_parts(&fault);
            Err(Stop::failed(&problem.code, &problem.message, &problem.fix))
        }
        Ended::Cancelled => Err(Stop::cancelled()),
    }
}

/// The configuration of any sandbox, and one linesheet whose orders claim only what is there.
fn settings(
    options: &Options,
    running: &Running,
    locations: &[String],
    linesheets: &[Linesheet],
) -> String {
    let mut text = configuration(options, running, locations, "atsync.db");
    text.push_str("\n[connection.sandbox.settings.orders]\nshortage = \"partial\"\n");
    if let Some(linesheet) = linesheets.iter().find(|one| !one.made_to_order) {
        let code = serde_json::Value::from(linesheet.code.as_str());
        text.push_str(&format!(
            "\n[[connection.sandbox.settings.linesheets]]\ncode = {code}\nclaim = \"follow-policy\"\n"
        ));
    }
    text
}

/// Writes the file and reads it as any other.
fn configure(folder: &Path, text: &str, connector: &Connector) -> Result<Config, Stop> {
    let path = folder.join("atsync.toml");
    fs::write(&path, text).map_err(|error| no_room("write its configuration", &error))?;
    let mut describe = |_: Option<&Path>| Ok(Arc::new(connector.describe().clone()));
    Config::read(&path, &mut describe).map_err(Stop::refused)
}

fn runner(
    config: &Config,
    connector: &Connector,
    store: &Arc<dyn Store>,
    clock: &Arc<DemoClock>,
) -> Result<Runner, Stop> {
    let configured = config.connections.first();
    let connection = configured.and_then(|configured| configured.connection.clone());
    let connection = connection.ok_or_else(|| {
        let wrong: Vec<Finding> = config
            .connections
            .iter()
            .flat_map(|one| one.findings.clone())
            .collect();
        Stop::refused(wrong)
    })?;
    let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
    Ok(Runner::new(
        connector.clone(),
        connection,
        Arc::clone(store),
        clock,
        None,
    )?)
}

fn no_room(what: &str, error: &std::io::Error) -> Stop {
    Stop::failed(
        "demo-no-room",
        format!("The demo could not {what}: {error}."),
        "Look at the limits of this machine or container; the demo needs loopback and a little disk.",
    )
}
