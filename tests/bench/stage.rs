//! The sandbox in a process of its own, and a configuration that meets it.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

/// Seconds by which readings of changes overlap: the smallest that the settings allow.
const LOOK_BACK_S: u64 = 10;

/// Of both services: so much that no pass waits for it.
const PLENTY: &str = "1000000";

/// A shop, a JOOR account, and a folder with the configuration and the store.
pub struct Stage {
    sandbox: Child,
    shopify: String,
    configuration: String,
    folder: TempDir,
    program: PathBuf,
}

impl Stage {
    pub fn build(program: &Path, variants: usize, locations: usize) -> Result<Self> {
        let mut sandbox = Command::new(program)
            .args([
                "sandbox",
                "--json",
                "--shopify-port",
                "0",
                "--joor-port",
                "0",
            ])
            .args([
                "--variants",
                &variants.to_string(),
                "--locations",
                &locations.to_string(),
            ])
            .args([
                "--credits",
                PLENTY,
                "--cost-limit",
                PLENTY,
                "--cost-per-second",
                PLENTY,
            ])
            .args(["--bulk-ms", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(sandbox.stdout.take().context("the output is piped")?)
            .read_line(&mut line)?;
        let told: Value = serde_json::from_str(&line).context("the sandbox did not start")?;
        let text = |key: &str| told.get(key).and_then(Value::as_str).map(str::to_owned);
        let stage = Self {
            sandbox,
            shopify: text("shopify_url").context("no address of the shop")?,
            configuration: text("configuration").context("no configuration")?,
            folder: TempDir::new()?,
            program: program.to_owned(),
        };
        stage.configure(24)?;
        Ok(stage)
    }

    /// Writes the configuration. Other settings than the last pass had make a full read due;
    /// `full_read_hours` is one that changes nothing else.
    pub fn configure(&self, full_read_hours: u64) -> Result<()> {
        let heading = "[connection.sandbox.settings]\n";
        let settings = format!(
            "{heading}full_read_hours = {full_read_hours}\nlookback_s = {LOOK_BACK_S}\njoor = {{ credits = {PLENTY} }}\n"
        );
        ensure!(
            self.configuration.contains(heading),
            "the configuration has no settings"
        );
        let text = self.configuration.replace(heading, &settings);
        fs::write(
            self.config(),
            format!("{text}\n[server]\nlisten = \"127.0.0.1:0\"\n"),
        )?;
        Ok(())
    }

    /// A command of the program, with this configuration and a cache of its own.
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg(name)
            .arg("--json")
            .arg("--config")
            .arg(self.config())
            .env("XDG_CACHE_HOME", self.folder.path());
        command
    }

    /// The same command, for a shop at another address.
    pub fn command_elsewhere(&self, name: &str, shopify: &str) -> Result<Command> {
        let file = self.folder.path().join("elsewhere.toml");
        let text = fs::read_to_string(self.config())?;
        let text = text
            .replace(&self.shopify, shopify)
            .replace("atsync-sandbox.db", "elsewhere.db");
        fs::write(&file, text)?;
        let mut command = Command::new(&self.program);
        command
            .args([name, "--json", "--config"])
            .arg(file)
            .env("XDG_CACHE_HOME", self.folder.path());
        Ok(command)
    }

    /// Changes the stock of one variant in `every`, and waits until that is out of the look-back.
    pub fn change_one_in(&self, every: usize) -> Result<()> {
        let body = format!("{{\"location\":\"Paris\",\"every\":{every},\"units\":7}}");
        let address = self.shopify.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address)?;
        write!(
            stream,
            "POST /sandbox/shop/adjust-some HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let answer = std::io::read_to_string(stream)?;
        ensure!(
            answer.starts_with("HTTP/1.1 200"),
            "the sandbox says: {answer}"
        );
        // Else the changes are read a second time, as changes, and that is not what is measured.
        thread::sleep(Duration::from_secs(LOOK_BACK_S + 2));
        Ok(())
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("atsync.toml")
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // It keeps nothing, so there is nothing to end with care.
        let _ = self.sandbox.kill();
        let _ = self.sandbox.wait();
    }
}
