//! Two processes that each believe the connection is theirs.

use std::fs;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use serde_json::json;

use crate::books::Books;
use crate::relay::{self, OnPiece};
use crate::stage::{Run, Stage};

#[test]
fn a_process_that_lost_its_connection_to_another_sends_nothing_more_and_says_so() {
    let stage = Stage::open();
    assert_eq!(stage.runs("sync").exit, Some(0));
    stage.pull(
        "shop/adjust",
        &json!({ "variant": "LIN-SND-S", "location": "Paris", "units": -3 }),
    );

    // The first process is held where it has read the stock and is about to send it.
    let (arrived, wait_for_arrival) = mpsc::channel();
    let (go_on, wait_to_go_on) = mpsc::channel::<()>();
    let wait_to_go_on = Mutex::new(Some(wait_to_go_on));
    let asked = AtomicBool::new(false);
    let hold: OnPiece = Arc::new(move |piece, hand_on| {
        if piece.says("query Variants(") {
            asked.store(true, Ordering::SeqCst);
        } else if !piece.to_service && asked.load(Ordering::SeqCst) {
            let held = wait_to_go_on.lock().unwrap().take();
            if let Some(held) = held {
                arrived.send(()).unwrap();
                held.recv().unwrap();
            }
        }
        hand_on();
    });
    let held = relay::open(&stage.shopify, &hold);
    stage.configure("held.toml", &[(&stage.shopify, &held)]);
    let mut first = stage.command("sync --config held.toml");
    let first = first.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    wait_for_arrival.recv().unwrap();

    fs::remove_dir_all(stage.path("atsync-sandbox.db-locks")).unwrap();
    stage.pull(
        "shop/adjust",
        &json!({ "variant": "LIN-SND-S", "location": "Paris", "units": 20 }),
    );
    assert_eq!(stage.runs("sync").exit, Some(0));
    let books = Books::read(&stage);
    let writes = || stage.look("counters")["joor"]["writes"].clone();
    let before = writes();

    go_on.send(()).unwrap();
    let first = Run::of(&first.unwrap().wait_with_output().unwrap());
    first.told(1, "lease-lost");
    assert_eq!(writes(), before, "nothing stale was sent");
    assert_eq!(Books::read(&stage), books, "nothing stale was kept");
    books.stock_agrees(&stage);
}
