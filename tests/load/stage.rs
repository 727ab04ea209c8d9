//! Sandbox and daemon, each a process of its own.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use atsync_sandbox::Options;
use reqwest::Client;
use rusqlite::{Connection, OpenFlags};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::LOOK;

/// Of both services: so much that no pass waits for it.
const PLENTY: &str = "1000000";

/// A first sync that needs more passes than this does not come to its end.
const PASSES_MAX: usize = 30;

/// A shop, a JOOR account, and a folder with the configuration and the store.
pub struct Stage {
    sandbox: Child,
    shopify: String,
    joor: String,
    configuration: String,
    folder: TempDir,
    pub client: Client,
}

impl Stage {
    pub async fn build(variants: usize) -> Stage {
        let provider = rustls::crypto::ring::default_provider();
        provider.install_default().unwrap();
        let mut sandbox = Command::new(env!("CARGO_BIN_EXE_atsync"))
            .args([
                "sandbox",
                "--json",
                "--shopify-port",
                "0",
                "--joor-port",
                "0",
            ])
            .args(["--variants", &variants.to_string(), "--locations", "1"])
            .args(["--credits", PLENTY, "--bulk-ms", "0"])
            .args(["--cost-limit", PLENTY, "--cost-per-second", PLENTY])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut told = String::new();
        BufReader::new(sandbox.stdout.take().unwrap())
            .read_line(&mut told)
            .unwrap();
        let told: Value = serde_json::from_str(&told).unwrap();
        let text = |key: &str| told.get(key).and_then(Value::as_str).unwrap().to_owned();
        let stage = Stage {
            sandbox,
            shopify: text("shopify_url"),
            joor: text("joor_url"),
            configuration: text("configuration"),
            folder: TempDir::new().unwrap(),
            client: Client::new(),
        };
        stage.configure();
        stage
    }

    fn configure(&self) {
        let heading = "[connection.sandbox.settings]\n";
        let settings = format!("{heading}joor = {{ credits = {PLENTY} }}\n");
        let text = self.configuration.replace(heading, &settings);
        let server = "[server]\nlisten = \"127.0.0.1:0\"\n";
        fs::write(self.config(), format!("{text}\n{server}")).unwrap();
    }

    /// Nobody has the store open.
    pub fn lose_the_ledger(&self) {
        fs::remove_file(self.store()).unwrap();
    }

    pub fn webhook_secret(&self) -> String {
        Options::default().shopify.webhook_secret
    }

    /// Asks the shop, as its owner.
    pub async fn graphql(&self, query: &str) -> Value {
        let asked = self
            .client
            .post(format!("{}/admin/api/2026-10/graphql.json", self.shopify))
            .header("X-Shopify-Access-Token", Options::default().shopify.token)
            .json(&json!({ "query": query }));
        asked.send().await.unwrap().json().await.unwrap()
    }

    /// Pulls a lever of the shop.
    pub async fn pull(&self, lever: &str, body: &Value) {
        let url = format!("{}/sandbox/shop/{lever}", self.shopify);
        let answer = self.client.post(url).json(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }

    /// Units of a SKU in Paris, and what JOOR shows of it.
    pub async fn stock(&self, sku: &str, upc: &str) -> (Value, Value) {
        let get = async |url: String, key: &str| {
            let answer = self.client.get(url).send().await.unwrap();
            answer
                .json::<Value>()
                .await
                .unwrap()
                .get(key)
                .cloned()
                .unwrap()
        };
        let (shopify, joor) = (&self.shopify, &self.joor);
        let stock = format!("{shopify}/sandbox/shop/stock?variant={sku}&location=Paris");
        let ats = format!("{joor}/sandbox/joor/ats?upc={upc}&warehouse=Default");
        (get(stock, "available").await, get(ats, "ats").await)
    }

    /// Passes, until one has nothing to publish. How many.
    pub async fn sync_until_quiet(&self) -> usize {
        for passes in 1..=PASSES_MAX {
            let mut sync = self.command("sync");
            let output = tokio::task::spawn_blocking(move || sync.output().unwrap());
            let output = output.await.unwrap();
            let told: Value = serde_json::from_slice(&output.stdout).unwrap();
            let counts = told.pointer("/report/counts");
            let count = |name: &str| counts.and_then(|counts| counts.get(name)?.as_u64());
            assert!(counts.is_some(), "{told}");
            if count("rows_published").unwrap_or(0) == 0 && count("variants_read").unwrap_or(0) == 0
            {
                return passes;
            }
        }
        panic!("{PASSES_MAX} passes, and there is still something to do");
    }

    /// The daemon, once it listens.
    pub async fn run(&self) -> Daemon {
        let mut command = self.command("run");
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let client = self.client.clone();
        let started = tokio::task::spawn_blocking(move || {
            let mut process = command.spawn().unwrap();
            let mut said = BufReader::new(process.stderr.take().unwrap()).lines();
            let line = said.find(|line| line.as_ref().unwrap().contains("http://"));
            let line = line.unwrap().unwrap();
            // A pipe that nobody reads would stop it.
            thread::spawn(move || said.for_each(drop));
            let (_, address) = line.split_once("http://").unwrap();
            let (address, _) = address.split_once('/').unwrap();
            let base = format!("http://{address}");
            Daemon {
                process,
                base,
                client,
            }
        });
        started.await.unwrap()
    }

    /// How many webhooks the store has, whatever became of them.
    pub fn webhooks_kept(&self) -> u64 {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let store = Connection::open_with_flags(self.store(), flags).unwrap();
        let count = "SELECT count(*) FROM inbox";
        store
            .query_row(count, [], |row| row.get::<_, u32>(0))
            .unwrap()
            .into()
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_atsync"));
        command
            .args([name, "--json", "--config"])
            .arg(self.config())
            .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
        command
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("atsync-sandbox.db")
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

/// `atsync run`.
pub struct Daemon {
    process: Child,
    pub base: String,
    client: Client,
}

/// What the daemon counted.
pub struct Metrics(String);

impl Daemon {
    /// Memory that is resident, in bytes.
    pub fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib: u64 = line
            .unwrap()
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .unwrap();
        kib << 10
    }

    /// What it counted, once a pass has ended.
    pub async fn metrics_after_a_pass(&self) -> Metrics {
        loop {
            let asked = self.client.get(format!("{}/metrics", self.base));
            let metrics = Metrics(asked.send().await.unwrap().text().await.unwrap());
            if metrics.passes() > 0 {
                return metrics;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Lets it come to its end.
    pub async fn end(mut self) {
        kill_process(Pid::from_child(&self.process), Signal::TERM).unwrap();
        let ended = tokio::task::spawn_blocking(move || self.process.wait().unwrap());
        assert!(ended.await.unwrap().success());
    }
}

impl Metrics {
    /// Webhooks with this result.
    pub fn webhooks(&self, result: &str) -> u64 {
        self.sum("atsync_webhooks_total{", &format!("result=\"{result}\""))
    }

    /// Passes that ended, however.
    pub fn passes(&self) -> u64 {
        self.sum("atsync_passes_total{", "")
    }

    fn sum(&self, name: &str, label: &str) -> u64 {
        let lines = self.0.lines();
        let lines = lines.filter(|line| line.starts_with(name) && line.contains(label));
        let value = |line: &str| line.rsplit(' ').next()?.parse::<u64>().ok();
        lines.filter_map(value).sum()
    }
}
