//! A sandbox in its own process, a folder with a configuration, and the program beside it.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Once;

use serde_json::Value;
use tempfile::TempDir;

/// The connection that the sandbox's configuration describes.
pub const CONNECTION: &str = "sandbox";

/// Of credits and cost points: so much that no pass waits for them.
const PLENTY: &str = "1000000";

/// Both services, and where the program finds its configuration and keeps its ledger.
pub struct Stage {
    sandbox: Child,
    /// Address of the Shopify side, which also takes the levers.
    pub shopify: String,
    /// Address of the JOOR side.
    pub joor: String,
    pub folder: TempDir,
    pub configuration: String,
}

impl Stage {
    /// Opens the shop and the account with the small catalogue.
    pub fn open() -> Stage {
        let mut sandbox = atsync(&["sandbox", "--json", "--bulk-ms", "0"])
            .args(["--shopify-port", "0", "--joor-port", "0"])
            .args(["--credits", PLENTY, "--cost-limit", PLENTY])
            .args(["--cost-per-second", PLENTY])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(sandbox.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        let text = |key: &str| told[key].as_str().unwrap().to_owned();
        let heading = "[connection.sandbox.settings]\n";
        let settings = format!("{heading}lookback_s = 10\njoor = {{ credits = {PLENTY} }}\n");
        let server = "\n[server]\nlisten = \"127.0.0.1:0\"\n";
        let stage = Stage {
            sandbox,
            shopify: address(&text("shopify_url")),
            joor: address(&text("joor_url")),
            folder: TempDir::with_prefix("atsync-hurt-").unwrap(),
            configuration: text("configuration").replace(heading, &settings) + server,
        };
        stage.configure("atsync.toml", &[]);
        stage
    }

    /// A file of the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn store(&self) -> PathBuf {
        self.path("atsync-sandbox.db")
    }

    /// Another configuration of the same connection and store, with texts replaced.
    pub fn configure(&self, file: &str, changes: &[(&str, &str)]) {
        let text = changes
            .iter()
            .fold(self.configuration.clone(), |text, (from, to)| {
                assert!(text.contains(from), "{from} is not in {text}");
                text.replace(from, to)
            });
        write_secret(&self.path(file), &text);
    }

    /// A command of the program in the folder.
    pub fn command(&self, line: &str) -> Command {
        let mut command = atsync(&line.split(' ').collect::<Vec<_>>());
        command.current_dir(self.folder.path());
        command
    }

    /// Runs a command to its end.
    pub fn runs(&self, line: &str) -> Run {
        Run::of(&self.command(line).output().unwrap())
    }

    /// Something happens in the shop or the account.
    pub fn pull(&self, lever: &str, body: &Value) -> Value {
        request(&self.shopify, "POST", lever, &body.to_string())
    }

    /// What the shop or the account holds.
    pub fn look(&self, at: &str) -> Value {
        request(&self.shopify, "GET", at, "")
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // It keeps nothing, so there is nothing to end with care.
        let _ = self.sandbox.kill();
        let _ = self.sandbox.wait();
    }
}

/// How a command ended, and all that it said.
#[derive(Debug)]
pub struct Run {
    pub exit: Option<i32>,
    pub said: String,
}

impl Run {
    pub fn of(output: &Output) -> Run {
        let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        Run {
            exit: output.status.code(),
            said: String::from_utf8(said).unwrap(),
        }
    }

    /// The object that a command with `--json` printed.
    pub fn json(&self) -> Value {
        let line = self.said.lines().find(|line| line.starts_with('{'));
        let line = line.unwrap_or_else(|| panic!("no JSON: {self:?}"));
        serde_json::from_str(line).unwrap()
    }

    /// It ended like this, and told this code.
    #[track_caller]
    pub fn told(&self, exit: i32, code: &str) {
        assert_eq!(self.exit, Some(exit), "{}", self.said);
        assert!(
            self.said.contains(&format!("[{code}]")),
            "{code}: {}",
            self.said
        );
    }
}

/// The program, with the connector compiled once for all commands that follow.
pub fn atsync(arguments: &[&str]) -> Command {
    static COMPILED: Once = Once::new();
    let command = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_atsync"));
        command
            .args(arguments)
            .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
            .env("NO_COLOR", "1")
            .env_remove("ATSYNC_CONFIG");
        command
    };
    COMPILED.call_once(|| assert!(command(&["--version"]).output().unwrap().status.success()));
    command(arguments)
}

fn address(url: &str) -> String {
    url.strip_prefix("http://").unwrap().to_owned()
}

/// A file that only its owner can read.
fn write_secret(path: &Path, text: &str) {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn request(address: &str, method: &str, path: &str, body: &str) -> Value {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{method} /sandbox/{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 2"), "{method} {path}: {answer}");
    serde_json::from_str(body).unwrap()
}
