//! A million variants: loaded, and written as a bulk result, within bounds.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Instant;

use atsync_sandbox::catalogue::generate::generate;
use atsync_sandbox::wire::{Reply, Request, Side};
use atsync_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

const START: u64 = 1_795_413_600_000;

/// Generous: the aim is 500 MB and a few seconds, and the machine may be busy.
const RESIDENT_MB_MAX: u64 = 700;

fn ask(sandbox: &mut Sandbox, body: &Value, now: u64) -> Value {
    let request = Request {
        method: "POST".to_owned(),
        path: "/admin/api/2026-10/graphql.json".to_owned(),
        headers: vec![(
            "x-shopify-access-token".to_owned(),
            "shpat_sandbox".to_owned(),
        )],
        body: body.to_string().into_bytes(),
    };
    match sandbox.handle(Side::Shopify, &request, now) {
        Reply::Answer(response) => serde_json::from_slice(&response.body).unwrap(),
        other => unreachable!("{other:?}"),
    }
}

/// Peak resident memory, where the system tells.
fn resident_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}

#[test]
fn a_million_variants_fit_and_are_written_in_time() {
    let mut sandbox = Sandbox::new(Options::default());
    let locations: Vec<String> = ["Paris", "Lyon", "Nice"]
        .map(|name| sandbox.shop.add_location(name, START).gid())
        .to_vec();
    let started = Instant::now();
    sandbox.shop.load(generate(7, 1_000_000, 3), START);
    println!(
        "loaded in {:?}, peak {:?} MB",
        started.elapsed(),
        resident_mb()
    );
    let levels: String = locations
        .iter()
        .enumerate()
        .map(|(place, id)| {
            format!(
                "L{place}: inventoryLevel(locationId: \"{id}\") {{ isActive updatedAt \
                 quantities(names: [\"available\", \"incoming\"]) {{ name quantity }} }} "
            )
        })
        .collect();
    let query = format!(
        "{{ productVariants {{ edges {{ node {{ id sku barcode inventoryPolicy updatedAt product {{ id status tags }} \
         inventoryItem {{ id tracked {levels} }} }} }} }} }}"
    );
    let run = "mutation($query: String!) { bulkOperationRunQuery(query: $query) { bulkOperation { id } userErrors { message } } }";
    let body = json!({ "query": run, "variables": { "query": query } });
    let started_operation = ask(&mut sandbox, &body, START);
    let id = started_operation
        .pointer("/data/bulkOperationRunQuery/bulkOperation/id")
        .unwrap();
    let started = Instant::now();
    let poll = "query($id: ID!) { bulkOperation(id: $id) { status objectCount fileSize } }";
    let done = ask(
        &mut sandbox,
        &json!({ "query": poll, "variables": { "id": id } }),
        START + 10_000,
    );
    println!(
        "written in {:?}: {done}, peak {:?} MB",
        started.elapsed(),
        resident_mb()
    );
    assert_eq!(
        done.pointer("/data/bulkOperation/status").unwrap(),
        "COMPLETED"
    );
    assert_eq!(
        done.pointer("/data/bulkOperation/objectCount").unwrap(),
        "1000000"
    );
    assert!(resident_mb().is_none_or(|mb| mb < RESIDENT_MB_MAX));
}
