//! What the operator gave for one connection: settings for the component, addresses and
//! secrets for the host.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

/// One connection, as the configuration file describes it.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The name that commands, logs and the store use.
    pub name: String,
    /// A component file to run instead of the one built into this program.
    pub component: Option<PathBuf>,
    /// The component's settings: a JSON object without any secret.
    pub settings: String,
    /// By the manifest's service name.
    pub services: BTreeMap<String, Service>,
    /// The signing secrets of each service's webhooks; each of them is accepted, so that one
    /// can be exchanged for another without a gap.
    pub webhook_secrets: BTreeMap<String, Vec<SecretString>>,
    /// From when on a service's webhooks are too old; a service without counts none as that.
    pub webhook_ages: BTreeMap<String, WebhookAge>,
    /// Hosts that `read-lines` may download from, beside those of the manifest: `name.tld`,
    /// `*.name.tld` for any one label before it, or `127.0.0.1:8080` with a port.
    pub downloads: Vec<String>,
    /// What a pass may use.
    pub limits: Limits,
}

/// From when on a webhook is too old to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookAge {
    /// The header that tells when it was sent, as RFC 3339 writes times.
    pub header: String,
    /// The greatest age.
    pub max: Duration,
}

/// How to reach one service, and as whom.
#[derive(Debug, Clone, Default)]
pub struct Service {
    /// Base URL; none takes the manifest's default.
    pub url: Option<Url>,
    /// Where a token grant gets its token; none takes the manifest's.
    pub token_url: Option<Url>,
    /// By the manifest's secret name.
    pub secrets: BTreeMap<String, SecretString>,
    /// Allows plain `http://` and addresses that are private, loopback or link-local, for
    /// this service, its token endpoint and downloads from its own origin.
    pub private_addresses: bool,
}

/// What one pass may use. Reaching a limit is an answer to the component or a failed pass with
/// a message, never a silent cut.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The largest response body, decompressed, in bytes. Default 16 MiB.
    pub response_bytes: usize,
    /// The largest request body, in bytes. Default 16 MiB.
    pub request_bytes: usize,
    /// From the start of an exchange to the last byte of its answer. Default 30 s.
    pub request_timeout: Duration,
    /// The component's linear memory, in bytes. Default 256 MiB.
    pub memory_bytes: usize,
    /// How long the component may compute between two turns. Default 30 s.
    pub turn_time: Duration,
    /// Requests in one turn. Default 1,000.
    pub turn_requests: usize,
    /// Requests in one pass. Default 1,000,000.
    pub pass_requests: u64,
    /// Exchanges of one connection at the same time. Default 16.
    pub concurrent_requests: usize,
    /// The largest piece of a lines file, in bytes. Default 8 MiB, the most the contract allows.
    pub piece_bytes: usize,
    /// The largest lines file, all its pieces together, in bytes. Default 16 GiB.
    pub download_bytes: u64,
    /// The largest report, in bytes. Default 4 MiB.
    pub report_bytes: usize,
    /// The most a commit may write, keys and values together, in bytes. Default 64 MiB.
    pub commit_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: usize = 1 << 20;
        Limits {
            response_bytes: 16 * MIB,
            request_bytes: 16 * MIB,
            request_timeout: Duration::from_secs(30),
            memory_bytes: 256 * MIB,
            turn_time: Duration::from_secs(30),
            turn_requests: 1_000,
            pass_requests: 1_000_000,
            concurrent_requests: 16,
            piece_bytes: 8 * MIB,
            download_bytes: 16 << 30,
            report_bytes: 4 * MIB,
            commit_bytes: 64 * MIB,
        }
    }
}

/// A connection's name as the name of a file: everything but letters, digits, `-` and `_` written as `%` and its code.
pub(crate) fn file_name(connection: &str) -> String {
    connection
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
            _ => format!("%{byte:02x}"),
        })
        .collect()
}
