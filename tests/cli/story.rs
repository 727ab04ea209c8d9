//! Stories of a brand, against a sandbox that runs beside the program: what somebody does, what
//! they type, what they get. A file of `story/` holds the transcript of each.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Child, Stdio};

use regex::Regex;
use serde_json::{Value, json};
use snapbox::{Assert, Data, Redactions};
use tempfile::TempDir;

use super::{atsync, folder};

#[test]
fn an_ordinary_day() {
    let mut story = Story::begin(&[], "");
    for line in [
        "check",
        "plan",
        "plan --json",
        "sync",
        "sync",
        "sync --json",
    ] {
        story.types(line);
    }
    story.types("explain LIN-SND-S");
    story.pulls(
        "Paris sells 3 of LIN-SND-S.",
        "shop/sell",
        &json!({ "variant": "LIN-SND-S", "location": "Paris", "units": 3 }),
    );
    for line in ["plan", "sync", "explain LIN-SND-S", "parked", "status"] {
        story.types(line);
    }
    story.end("01-ordinary-day.txt");
}

#[test]
fn two_variants_share_a_sku() {
    let mut story = Story::begin(&["--products", "duplicate.csv"], "");
    for line in [
        "sync",
        "parked",
        "explain SHIRT",
        "status",
        "retry --sku SHIRT",
        "sync",
    ] {
        story.types(line);
    }
    story.end("02-duplicate-sku.txt");
}

#[test]
fn the_brake_asks_before_much_goes_to_zero() {
    let brake = "[connection.sandbox.settings.brake]\npercentage = 30\nskus = 2\n";
    let mut story = Story::begin(&["--locations", "1"], brake);
    story.types("sync");
    story.pulls(
        "Somebody takes everything off the shelves in Paris.",
        "shop/adjust-some",
        &json!({ "every": 1, "location": "Paris", "units": -1000 }),
    );
    for line in ["sync", "status", "plan", "approve", "sync", "status"] {
        story.types(line);
    }
    story.end("03-brake.txt");
}

#[test]
fn orders_come_back() {
    let mut story = Story::begin(&[], "");
    for line in ["orders", "sync"] {
        story.types(line);
    }
    story.pulls(
        "A boutique orders 2 of LIN-SND-S, and the brand approves it.",
        "joor/place-order",
        &order("PO-7", "51111189479730", 2),
    );
    story.pulls(
        "Another orders something that was made on JOOR.",
        "joor/place-order",
        &order("PO-8", "8000000000017", 1),
    );
    for line in [
        "plan",
        "sync",
        "orders",
        "orders show 50001",
        "orders show 50002",
        "orders retry 50002",
        "sync",
        "orders release 50002",
        "orders",
        "orders --json",
        "orders show 7",
        "orders show 7 --json",
        "explain LIN-SND-S",
    ] {
        story.types(line);
    }
    story.end("04-orders.txt");
}

#[test]
fn what_other_settings_would_have_done() {
    let mut story = Story::begin(&[], "");
    story.types("sync");
    story.pulls(
        "Paris sells 3 of LIN-SND-S.",
        "shop/sell",
        &json!({ "variant": "LIN-SND-S", "location": "Paris", "units": 3 }),
    );
    story.types("sync");
    story.writes(
        "other.toml",
        "[connection.sandbox.settings.availability]\nreserve = 2\n",
    );
    story.writes(
        "wrong.toml",
        "[connection.sandbox.settings.availability]\nreserve = -2\n",
    );
    for line in [
        "replay --last 1d --settings other.toml",
        "replay --last 1d --settings wrong.toml",
        "replay --last 1d --settings atsync.toml",
        "replay 1795420705899-sync",
        "replay --last 7w",
    ] {
        story.types(line);
    }
    story.end("05-replay.txt");
}

/// An approved order of one line.
fn order(purchase_order: &str, upc: &str, units: u32) -> Value {
    json!({
        "linesheet": "480001",
        "approved": true,
        "purchase_order": purchase_order,
        "lines": [{ "upc": upc, "units": units, "price": "45.00" }],
    })
}

/// A story as it is told.
struct Story {
    /// Where the program finds its configuration and keeps its ledger.
    folder: TempDir,
    sandbox: Child,
    /// Address of the sandbox's Shopify side, which also takes the levers.
    address: String,
    told: String,
}

impl Story {
    /// Opens the shop and the account; `settings` stands at the end of the configuration.
    fn begin(sandbox: &[&str], settings: &str) -> Self {
        let mut sandbox = atsync()
            .args(["sandbox", "--json", "--bulk-ms", "0"])
            .args(["--shopify-port", "0", "--joor-port", "0"])
            .args(sandbox)
            .current_dir(folder().join("story"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(sandbox.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let opened: Value = serde_json::from_str(&line).unwrap();
        let address = opened.get("shopify_url").and_then(Value::as_str).unwrap();
        let folder = TempDir::with_prefix("atsync-story-").unwrap();
        let configuration = opened.get("configuration").and_then(Value::as_str).unwrap();
        write_secret(
            &folder.path().join("atsync.toml"),
            &format!("{configuration}{settings}"),
        );
        Self {
            address: address.strip_prefix("http://").unwrap().to_owned(),
            folder,
            sandbox,
            told: String::new(),
        }
    }

    /// Somebody runs the program; what it says on both outputs is told, and how it exits.
    fn types(&mut self, line: &str) {
        let output = atsync()
            .args(line.split(' '))
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        let exit = output.status.code().unwrap();
        self.told += &format!("$ atsync {line}\n{said}? {exit}\n\n");
    }

    /// Something happens in the shop or the account.
    fn pulls(&mut self, sentence: &str, lever: &str, body: &Value) {
        let (address, body) = (&self.address, body.to_string());
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "POST /sandbox/{lever} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 2"), "{answer}");
        self.told += &format!("# {sentence}\n\n");
    }

    /// Somebody copies the configuration and adds this to it.
    fn writes(&mut self, file: &str, settings: &str) {
        let folder = self.folder.path();
        let configuration = std::fs::read_to_string(folder.join("atsync.toml")).unwrap();
        write_secret(&folder.join(file), &format!("{configuration}{settings}"));
        self.told += &format!("# {file} is the configuration with\n{settings}\n");
    }

    /// Compares the story with its file; `TRYCMD=overwrite` writes the file instead.
    fn end(self, file: &str) {
        let expected = Data::read_from(&folder().join("story").join(file), None);
        Assert::new()
            .action_env("TRYCMD")
            .redact_with(changing())
            .eq(self.told.trim_end().to_owned() + "\n", expected);
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        // It may have ended by itself, and then there is nothing to end.
        let _ = self.sandbox.kill();
        let _ = self.sandbox.wait();
    }
}

/// What differs from one telling to the next.
fn changing() -> Redactions {
    let mut redactions = Redactions::new();
    for (name, pattern) in [
        (
            "[TIME]",
            r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(\.\d+)?Z?",
        ),
        ("[BEGAN]", r"`(?<redacted>\d{13})-sync` (to|are)"),
        ("[PORT]", r"127\.0\.0\.1:(?<redacted>\d+)"),
        // With the spaces before it, as the column is as wide as its widest cell.
        ("[TOOK]", r" +(took|\d+(\.\d+)? m?s\b)"),
    ] {
        redactions
            .insert(name, Regex::new(pattern).unwrap())
            .unwrap();
    }
    redactions
}

/// A file that only its owner can read, as `check` wants it for secrets.
fn write_secret(path: &Path, text: &str) {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}
