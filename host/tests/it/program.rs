//! The program itself, in a folder of its own, with the guest for a component.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::{self, JoinHandle};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::support::*;

/// A folder with a configuration.
pub struct Program(TempDir);

/// `atsync run`, until it is dropped.
pub struct Daemon {
    pub child: Child,
    /// `http://127.0.0.1:PORT`
    pub base: String,
    logging: Option<JoinHandle<()>>,
}

/// One connection: its shelf, and what the guest is to do. Its market is nowhere.
pub fn connection(name: &str, shelf: &str, steps: &str) -> String {
    let guest = guest().display();
    format!(
        r#"
        [connection.{name}]
        component = "{guest}"
        [connection.{name}.services.shelf]
        private_addresses = true
        {shelf}
        [connection.{name}.services.market]
        url = "https://127.0.0.1:9"
        private_addresses = true
        token = "open-sesame"
        [connection.{name}.settings]
        steps = [{steps}]
        "#
    )
}

/// A step that gets these paths from the shelf.
pub fn gets(paths: &[&str]) -> String {
    let get = |path: &&str| {
        format!(
            r#"{{ Http = {{ service = "shelf", method = "Get", path = "{path}", headers = [], changes = false }} }}"#
        )
    };
    let effects: Vec<_> = paths.iter().map(get).collect();
    format!("{{ Ask = [{}] }}", effects.join(", "))
}

impl Program {
    pub fn new(configuration: &str) -> Program {
        let program = Program(tempfile::tempdir().unwrap());
        program.write("atsync.toml", configuration);
        program
    }

    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// A command in the folder; files that it makes are open to everybody unless it sees to it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("sh");
        command
            .args(["-c", "umask 0; exec \"$0\" \"$@\""])
            .arg(env!("CARGO_BIN_EXE_atsync"))
            .args(arguments)
            .current_dir(self.folder())
            .env_remove("ATSYNC_CONFIG")
            .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
            .env("RUST_LOG", "trace")
            .env("RUST_BACKTRACE", "1");
        command
    }

    /// What a command says to the end.
    pub async fn types(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        output.await.unwrap()
    }

    /// The daemon, once it listens. What it says goes into the files `out` and `log`.
    pub async fn run(&self) -> Daemon {
        let mut command = self.command(&["run"]);
        let mut log = File::create(self.folder().join("log")).unwrap();
        command
            .stdout(File::create(self.folder().join("out")).unwrap())
            .stderr(Stdio::piped());
        let started = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().unwrap();
            let mut said = BufReader::new(child.stderr.take().unwrap());
            let mut line = String::new();
            while !line.contains("http://") {
                line.clear();
                assert!(said.read_line(&mut line).unwrap() > 0, "it does not start");
                log.write_all(line.as_bytes()).unwrap();
            }
            let (_, address) = line.split_once("http://").unwrap();
            let (address, _) = address.split_once('/').unwrap();
            let base = format!("http://{address}");
            let logging = thread::spawn(move || drop(io::copy(&mut said, &mut log)));
            let logging = Some(logging);
            Daemon {
                child,
                base,
                logging,
            }
        });
        started.await.unwrap()
    }
}

impl Daemon {
    /// Lets it come to its end; then all that it said is in its files.
    pub async fn end(mut self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let ended = tokio::task::spawn_blocking(move || {
            self.child.wait().unwrap();
            self.logging.take().unwrap().join().unwrap();
        });
        ended.await.unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // One that has ended cannot be told to.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
