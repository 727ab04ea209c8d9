//! A webhook that was answered is there, whenever the daemon is killed.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::mpsc::{self, Sender};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rusqlite::Connection;
use sha2::Sha256;

use crate::stage::Stage;

/// Times the daemon is killed.
const CRASHES: usize = 5;

/// Webhooks that are answered before each of them.
const ANSWERED: usize = 40;

/// Senders at the same time.
const SENDERS: usize = 4;

#[test]
fn a_webhook_that_was_answered_is_there_after_a_kill() {
    let stage = Stage::open();
    let mut answered = BTreeSet::new();
    for crash in 0..CRASHES {
        let mut daemon = stage.command("run");
        daemon.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut daemon = daemon.spawn().unwrap();
        let mut line = String::new();
        let mut told = BufReader::new(daemon.stderr.take().unwrap());
        told.read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1).unwrap();
        let address = address.split('/').next().unwrap().to_owned();

        let (sender, answers) = mpsc::channel();
        let senders: Vec<_> = (0..SENDERS)
            .map(|number| {
                let (address, sender) = (address.clone(), sender.clone());
                let secret = secret(&stage);
                thread::spawn(move || {
                    let name = format!("{crash}-{number}");
                    send_until_nobody_answers(&address, &secret, &name, &sender);
                })
            })
            .collect();
        drop(sender);
        answered.extend(answers.iter().take(ANSWERED));
        daemon.kill().unwrap();
        daemon.wait().unwrap();
        answered.extend(answers);
        for sender in senders {
            sender.join().unwrap();
        }
    }

    let file = Connection::open(stage.store()).unwrap();
    let mut select = file.prepare("SELECT id FROM inbox").unwrap();
    let kept = select.query_map([], |row| row.get(0)).unwrap();
    let kept: BTreeSet<String> = kept.map(Result::unwrap).collect();
    let lost: Vec<_> = answered.difference(&kept).collect();
    assert!(lost.is_empty(), "answered and lost: {lost:?}");
    assert!(answered.len() >= CRASHES * ANSWERED);
    println!(
        "{} webhooks answered over {CRASHES} kills, none lost",
        answered.len()
    );
}

/// Sends webhooks one after the other; gives the id of each that was taken.
fn send_until_nobody_answers(address: &str, secret: &str, name: &str, taken: &Sender<String>) {
    for number in 0.. {
        let id = format!("{name}-{number}");
        match send(address, secret, &id) {
            Ok(answer) if answer.starts_with("HTTP/1.1 200") => taken.send(id).unwrap(),
            Ok(answer) if !answer.is_empty() => panic!("{answer}"),
            _ => return,
        }
    }
}

fn send(address: &str, secret: &str, id: &str) -> std::io::Result<String> {
    let body = "{\"inventory_item_id\":1,\"location_id\":1,\"available\":1}";
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "POST /webhooks/sandbox/shopify HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         X-Shopify-Hmac-SHA256: {signature}\r\nX-Shopify-Webhook-Id: {id}\r\n\
         X-Shopify-Topic: inventory_levels/update\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// The signing secret, from the configuration.
fn secret(stage: &Stage) -> String {
    let line = stage
        .configuration
        .lines()
        .find_map(|line| line.strip_prefix("secrets = [\""));
    line.unwrap().trim_end_matches("\"]").to_owned()
}
