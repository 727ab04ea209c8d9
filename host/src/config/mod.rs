//! `atsync.toml`: found, read, and refused with file, line and fix where it is wrong.

mod connection;
mod document;
#[cfg(test)]
mod laws;
mod pin;
mod schema;
mod secret;
mod section;
mod settings;
mod template;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use atsync::connection::Limits;
use atsync::engine::manifest::Description;
use atsync::problem::Problem;
use atsync::recording::Budget;
use atsync::restate::Postgres;
use secrecy::ExposeSecret as _;

pub use connection::Configured;
pub use document::Document;
pub use secret::{Found, Lies};
use section::Section;
pub use section::nearest;
pub use settings::settings_in;
pub use template::template;

use crate::finding::{Finding, Place};

/// The environment variable that names the configuration file.
pub const VARIABLE: &str = "ATSYNC_CONFIG";
/// The file that is taken when nothing else is said.
pub const DEFAULT_FILE: &str = "atsync.toml";

/// Gives the manifest of a component file, or of the built-in component.
pub type Describe<'a> = dyn FnMut(Option<&Path>) -> Result<Arc<Description>, Problem> + 'a;

/// What a token of the server has to have at least, in bytes.
const TOKEN_BYTES_MIN: usize = 16;
const LISTEN: &str = "127.0.0.1:8080";
const MB: u64 = 1 << 20;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The configuration file, read. What is wrong stands in the findings here (of the file as a
/// whole) and in those of each connection.
pub struct Config {
    document: Document,
    /// The SQLite file.
    pub store: PathBuf,
    /// Where webhooks, status page and metrics are served.
    pub listen: SocketAddr,
    /// What it takes to see status page and metrics, and where it lies.
    pub token: Option<Found>,
    /// How much of the past is kept as recordings; no bytes record nothing.
    pub recording: Budget,
    /// The connection string of the database that holds the ledgers of `atsync restate`.
    pub postgres: Option<Found>,
    /// In the order of the file.
    pub connections: Vec<Configured>,
    /// What is wrong outside of the connections.
    pub findings: Vec<Finding>,
}

impl Config {
    /// The file to read: `--config`, else `ATSYNC_CONFIG`, else `./atsync.toml`.
    pub fn file(option: Option<&Path>) -> PathBuf {
        option.map(Path::to_owned).unwrap_or_else(|| {
            std::env::var_os(VARIABLE).map_or_else(|| DEFAULT_FILE.into(), PathBuf::from)
        })
    }

    /// Reads the file at `path`; `describe` tells which services and secrets a
    /// connection takes.
    ///
    /// # Errors
    /// The file cannot be read or is not TOML. All else is a finding in the `Config`.
    pub fn read(path: &Path, describe: &mut Describe<'_>) -> Result<Self, Vec<Finding>> {
        let text = std::fs::read_to_string(path).map_err(|error| vec![unreadable(path, &error)])?;
        Ok(Self::from_document(Document::parse(path, text)?, describe))
    }

    fn from_document(document: Document, describe: &mut Describe<'_>) -> Self {
        let mut root = Section::root(&document);
        let mut findings = Vec::new();
        let mut store = "atsync.db";
        if let Some(mut section) = root.section("store") {
            store = section.text("path").unwrap_or(store);
            findings.extend(section.finish());
        }
        let store = document.resolve(store);
        let (mut listen, mut token) = (None, None);
        if let Some(mut section) = root.section("server") {
            listen = listen_address(&mut section);
            token = secret::read(&document, &mut section, "token");
            guarded(&mut section, listen, token.as_ref());
            findings.extend(section.finish());
        }
        let mut recording = Budget::default();
        if let Some(mut section) = root.section("recording") {
            if let Some(mb) = section.number("keep_mb", 0, 1_000_000) {
                recording.bytes_max = mb * MB;
            }
            if let Some(days) = section.number("keep_days", 1, 3_650) {
                recording.age_ms_max = days * DAY_MS;
            }
            findings.extend(section.finish());
        }
        let mut postgres = None;
        if let Some(mut section) = root.section("restate") {
            postgres = secret::read(&document, &mut section, "postgres");
            // What is wrong in the text is not told: it may be a part of the password.
            if postgres
                .as_ref()
                .is_some_and(|found| !Postgres::is_address(&found.secret))
            {
                let finding = Finding::error(
                    "config-postgres",
                    "`postgres` of [restate] is no connection string of PostgreSQL.",
                    "Write it as postgresql://USER:PASSWORD@HOST/DATABASE.",
                );
                section.report_at("postgres", finding);
            }
            findings.extend(section.finish());
        }
        let limits = limits(&mut root, &mut findings);
        let connections = connections(&document, &mut root, describe, &limits);
        findings.extend(root.finish());
        Self {
            store,
            listen: listen.unwrap_or_else(|| LISTEN.parse().expect("a constant address")),
            token,
            recording,
            postgres,
            connections,
            findings,
            document,
        }
    }

    /// The file as the person named it.
    pub fn path(&self) -> &Path {
        self.document.path()
    }

    /// The folder of the recordings, beside the store.
    pub fn recordings(&self) -> PathBuf {
        self.store.with_extension("recordings")
    }

    /// Where the settings of `connection` have what a JSON Pointer names, or its nearest
    /// parent.
    pub fn place_of_setting(&self, connection: &str, pointer: &str) -> Place {
        self.document
            .find(&format!("/connection/{connection}/settings{pointer}"))
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Finding {
    if error.kind() == std::io::ErrorKind::NotFound {
        return Finding::error(
            "config-missing",
            format!("There is no configuration file {}.", path.display()),
            format!("Write one with `atsync init`, or name yours with --config or {VARIABLE}."),
        );
    }
    Finding::error(
        "config-unreadable",
        format!(
            "The configuration file {} cannot be read: {error}.",
            path.display()
        ),
        "Let the user that runs atsync read it.",
    )
}

fn listen_address(section: &mut Section<'_>) -> Option<SocketAddr> {
    let text = section.text("listen")?;
    let address = text.parse().ok();
    if address.is_none() {
        section.report_at(
            "listen",
            Finding::error(
                "config-listen",
                format!("`{text}` is not an IP address with a port."),
                format!("Write one such as \"{LISTEN}\"."),
            ),
        );
    }
    address
}

/// Whether nobody sees status page and metrics who should not.
fn guarded(section: &mut Section<'_>, listen: Option<SocketAddr>, token: Option<&Found>) {
    let short = |token: &Found| token.secret.expose_secret().len() < TOKEN_BYTES_MIN;
    if token.is_some_and(short) {
        section.report_at(
            "token",
            Finding::error(
                "config-server-token",
                format!("The token of [server] has less than {TOKEN_BYTES_MIN} characters and can be guessed."),
                "Take a long one, such as `openssl rand -hex 32` gives.",
            ),
        );
    }
    let has_token = section.keys().iter().any(|key| key == "token");
    if let Some(listen) = listen.filter(|listen| !listen.ip().is_loopback())
        && !has_token
    {
        section.report_at(
            "listen",
            Finding::error(
                "config-server-open",
                format!("Whoever reaches {listen} could see the status page and the metrics."),
                format!(
                    "Add token = {{ env = \"ATSYNC_SERVER_TOKEN\" }} to [server], or listen on \"{LISTEN}\" behind a proxy."
                ),
            ),
        );
    }
}

fn limits(root: &mut Section<'_>, findings: &mut Vec<Finding>) -> Limits {
    let mut limits = Limits::default();
    let Some(mut section) = root.section("limits") else {
        return limits;
    };
    let mut set_mb = |key: &str, most: u64, bytes: &mut usize| {
        if let Some(mb) = section.number(key, 1, most) {
            *bytes = usize::try_from(mb * MB).unwrap_or(usize::MAX);
        }
    };
    set_mb("response_mb", 1024, &mut limits.response_bytes);
    set_mb("request_mb", 1024, &mut limits.request_bytes);
    set_mb("memory_mb", 4096, &mut limits.memory_bytes);
    set_mb("report_mb", 1024, &mut limits.report_bytes);
    set_mb("commit_mb", 1024, &mut limits.commit_bytes);
    if let Some(mb) = section.number("download_mb", 1, 1 << 40) {
        limits.download_bytes = mb * MB;
    }
    if let Some(seconds) = section.number("request_timeout_s", 1, 3600) {
        limits.request_timeout = Duration::from_secs(seconds);
    }
    if let Some(seconds) = section.number("turn_s", 1, 3600) {
        limits.turn_time = Duration::from_secs(seconds);
    }
    if let Some(number) = section.number("concurrent_requests", 1, 1000) {
        limits.concurrent_requests = usize::try_from(number).unwrap_or(usize::MAX);
    }
    findings.extend(section.finish());
    limits
}

fn connections(
    document: &Document,
    root: &mut Section<'_>,
    describe: &mut Describe<'_>,
    limits: &Limits,
) -> Vec<Configured> {
    let Some(mut all) = root.section("connection") else {
        root.report(
            Finding::error(
                "config-no-connection",
                "The file describes no connection.",
                "Add a [connection.NAME] table; `atsync init` shows all it takes.",
            )
            .at(root.place()),
        );
        return Vec::new();
    };
    let mut connections = Vec::new();
    for name in all.keys() {
        if let Some(section) = all.section(&name) {
            connections.push(connection::read(document, &name, section, describe, limits));
        }
    }
    for finding in all.finish() {
        root.report(finding);
    }
    connections
}
