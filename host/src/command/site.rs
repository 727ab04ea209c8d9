//! The configuration and the components of one invocation, judged before anything is done.

use std::path::Path;
use std::sync::Arc;

use atsync::clock::{Clock as _, SystemClock};
use atsync::connection::Connection;
use atsync::engine::Connector;
use atsync::engine::manifest;
use atsync::recording::Recorder;
use atsync::store::{SqliteStore, Store};

use super::{Common, Connectors, Stop};
use crate::config::{Config, Configured, nearest};
use crate::finding::{Finding, Severity};

/// What a command works on.
pub struct Site {
    /// The file, read.
    pub config: Config,
    chosen: Vec<usize>,
}

/// A connection that may run.
pub struct Ready {
    pub connection: Connection,
    pub connector: Connector,
}

impl Site {
    /// Reads the configuration and picks the connections that are meant.
    ///
    /// # Errors
    /// The file as a whole is wrong, or has no connection of that name.
    pub fn open(common: &Common, connectors: &mut Connectors) -> Result<Self, Stop> {
        let path = Config::file(common.config.as_deref());
        let mut describe = |component: Option<&Path>| {
            connectors
                .get(component)
                .map(|connector| Arc::new(connector.describe().clone()))
        };
        let config = Config::read(&path, &mut describe).map_err(Stop::refused)?;
        if config.findings.iter().any(Finding::is_error) {
            return Err(Stop::refused(config.findings));
        }
        let chosen = choose(&config, common.connection.as_deref())?;
        Ok(Self { config, chosen })
    }

    /// The connections that are meant.
    pub fn chosen(&self) -> impl Iterator<Item = &Configured> {
        self.chosen
            .iter()
            .filter_map(|at| self.config.connections.get(*at))
    }

    /// All that is wrong with a connection's part of the file: what the host sees, then what
    /// the component says of its settings.
    ///
    /// # Errors
    /// The component fails.
    pub fn judge(
        &self,
        configured: &Configured,
        connectors: &mut Connectors,
    ) -> Result<Vec<Finding>, Stop> {
        let mut findings = configured.findings.clone();
        let pin = &configured.pin;
        if let Some(connection) = &configured.connection {
            let connector = connectors.get(connection.component.as_deref())?;
            findings.extend(
                pin.as_ref()
                    .and_then(|pin| pin.broken_by(connector.digest())),
            );
            for finding in connector.check_settings(&connection.settings)? {
                findings.push(self.placed(&configured.name, finding.into()));
            }
        }
        Ok(findings)
    }

    /// A finding of the component with its place in the file.
    pub fn placed(&self, connection: &str, finding: Finding) -> Finding {
        match &finding.path {
            Some(path) => {
                let place = self.config.place_of_setting(connection, path);
                finding.at(place)
            }
            None => finding,
        }
    }

    /// The connections that are meant, fit to run.
    ///
    /// # Errors
    /// All that is wrong with any of them.
    pub fn ready(&self, connectors: &mut Connectors) -> Result<Vec<Ready>, Stop> {
        let mut wrong = Vec::new();
        let mut ready = Vec::new();
        for configured in self.chosen() {
            let findings = self.judge(configured, connectors)?;
            wrong.extend(findings.into_iter().filter(Finding::is_error));
            if let Some(connection) = &configured.connection {
                let connector = connectors.get(connection.component.as_deref())?.clone();
                ready.push(Ready {
                    connection: connection.clone(),
                    connector,
                });
            }
        }
        if wrong.is_empty() {
            Ok(ready)
        } else {
            Err(Stop::refused(wrong))
        }
    }

    /// The one connection that is meant.
    ///
    /// # Errors
    /// There are several, or it is not fit to run.
    pub fn one(&self, connectors: &mut Connectors) -> Result<Ready, Stop> {
        if let [_, _, ..] = self.chosen.as_slice() {
            let names: Vec<_> = self.chosen().map(|one| one.name.as_str()).collect();
            return Err(Stop::usage(
                "connection-not-named",
                format!("There are several connections: {}.", names.join(", ")),
                "Name the one you mean with --connection.",
            ));
        }
        self.ready(connectors)?.pop().ok_or_else(no_connection)
    }

    /// The store, opened and brought up to date.
    ///
    /// # Errors
    /// As `SqliteStore::open`.
    pub fn store(&self) -> Result<Arc<dyn Store>, Stop> {
        Ok(Arc::new(SqliteStore::open(&self.config.store)?))
    }

    /// Where passes are recorded; none where the operator wants no recordings.
    ///
    /// # Errors
    /// As `Recorder::new`.
    pub fn recorder(&self) -> Result<Option<Arc<Recorder>>, Stop> {
        let (budget, folder) = (self.config.recording, self.config.recordings());
        let wanted = budget.bytes_max > 0;
        if !wanted && !folder.exists() {
            return Ok(None);
        }
        let recorder = Recorder::new(&folder, budget)?;
        // Also where no pass comes to its end, and those from before nothing was to be kept.
        recorder.forget(SystemClock.now());
        Ok(wanted.then(|| Arc::new(recorder)))
    }
}

fn choose(config: &Config, wanted: Option<&str>) -> Result<Vec<usize>, Stop> {
    let Some(wanted) = wanted else {
        return Ok((0..config.connections.len()).collect());
    };
    let at = config
        .connections
        .iter()
        .position(|connection| connection.name == wanted);
    let Some(at) = at else {
        let names = || {
            config
                .connections
                .iter()
                .map(|connection| connection.name.as_str())
        };
        let fix = match nearest(wanted, names()) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => format!("The file has: {}.", names().collect::<Vec<_>>().join(", ")),
        };
        let message = format!("{} has no connection `{wanted}`.", config.path().display());
        return Err(Stop::usage("connection-unknown", message, fix));
    };
    Ok(vec![at])
}

fn no_connection() -> Stop {
    Stop::usage(
        "connection-missing",
        "The configuration has no connection.",
        "Add a [connection.NAME] table; `atsync init` shows all it takes.",
    )
}

impl From<manifest::Finding> for Finding {
    fn from(finding: manifest::Finding) -> Self {
        Self {
            code: finding.code,
            severity: match finding.severity {
                manifest::Severity::Note => Severity::Note,
                manifest::Severity::Warning => Severity::Warning,
                manifest::Severity::Error => Severity::Error,
            },
            path: finding.path,
            subject: None,
            message: finding.message,
            fix: finding.fix,
            at: None,
        }
    }
}
