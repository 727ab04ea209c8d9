//! A pass is a function of its job and completions: natively, as a component, and again later.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use atsync::component::Component;
use atsync::connection::Limits;
use atsync::engine::Connector;
use atsync::engine::reconcile::{self as component, Mode};
use atsync::pass::{CancellationToken, Ended};
use atsync::problem::Problem;
use atsync::recording::{Budget, Compared, Comparison, Recorder, What, export, json_lines, replay};
use atsync_plugin::bindings::exports::atsync::connector::reconcile as native;
use atsync_sandbox::faults::{Fault, Faults};
use atsync_sandbox::joor::Address;
use atsync_sandbox::wire::Side;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::brand::{Brand, merge};
use crate::order_desk::SPRING;
use crate::world::{NAME, World, connector, load};

/// The recordings of an ordinary day: a first sync, changes, a plan, questions, a refusal, a
/// failed pass, a full read.
async fn a_day(folder: &Path) -> Vec<PathBuf> {
    let world = recorded_brand(folder, json!({})).await;
    world.set_stock("LIN-SND-M", "Lyon", 1);
    world.hint("products/update", r#"{"id": 42}"#);
    world.plan().await;
    world.minutes(1);
    let refused = world.variant("LIN-SND-M").number().to_string();
    world.joor(|joor| joor.options.refused_upcs.insert(refused));
    world.sync().await;
    world.minutes(1);
    world.ask("explain", json!({ "sku": "LIN-SND-M" })).await;
    world.minutes(1);
    world.act("retry", json!({})).await;
    world.minutes(1);
    world.faults(|faults| faults.next(Side::Shopify, "LevelChanges", Fault::Html, 100));
    world.sync().await;
    world.faults(Faults::heal);
    world.hours(25);
    world.check().await;
    world.minutes(1);
    world.sync_all().await;
    let files = recorded(&world, folder);
    assert!(files.len() >= 8, "{files:?}");
    files
}

/// All that was recorded, oldest first.
fn recorded(world: &World, folder: &Path) -> Vec<PathBuf> {
    world.recorder.as_ref().unwrap().flush();
    let kept = atsync::recording::kept(folder, NAME).unwrap();
    kept.into_iter().map(|kept| kept.file).collect()
}

/// A brand whose passes are recorded, after its first sync.
async fn recorded_brand(folder: &Path, settings: Value) -> World {
    let mut brand = Brand::with_settings(settings);
    let recorder = Recorder::new(folder, Budget::default()).unwrap();
    brand.recorder = Some(Arc::new(recorder));
    brand.open_synced().await
}

/// What the bundled component would have done with these settings beside those of `world`.
fn otherwise(world: &World, files: &[PathBuf], settings: Value) -> Vec<Compared> {
    compared(world, files, settings, connector())
}

/// What a component would have done with these settings beside those of `world`.
fn compared(world: &World, files: &[PathBuf], settings: Value, by: Connector) -> Vec<Compared> {
    let mut other = world.settings.clone();
    merge(&mut other, settings);
    let mut comparison = Comparison::new(connector(), by);
    let mut settings = |_: &str| -> Result<_, Problem> { Ok(Some(other.to_string())) };
    let compared = files
        .iter()
        .map(|file| comparison.pass(file, &mut settings).unwrap());
    compared.flatten().collect()
}

/// The cells that differ of the row of that table that holds `cell`, then and now.
fn changed(pass: &Compared, title: &str, cell: &str) -> Vec<(String, String)> {
    let rows = pass.differences.iter().filter(|row| row.title == title);
    let mut both = rows.filter_map(|row| match &row.what {
        What::Changed(then, now) => Some((then, now)),
        What::OnlyThen(_) | What::OnlyNow(_) => None,
    });
    let (then, now) = both
        .find(|(then, _)| then.iter().any(|other| other == cell))
        .unwrap_or_else(|| panic!("no row of {cell} differs: {pass:#?}"));
    let cells = then.iter().cloned().zip(now.iter().cloned());
    cells.filter(|(then, now)| then != now).collect()
}

fn pair(then: &str, now: &str) -> (String, String) {
    (then.to_owned(), now.to_owned())
}

fn lines(file: &Path) -> Vec<Value> {
    let lines = json_lines(file).unwrap();
    let lines = lines.iter().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

fn read<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

fn told(turn: impl Serialize) -> Value {
    serde_json::to_value(turn).unwrap()
}

#[tokio::test]
async fn the_same_recorded_pass_gives_equal_turns_natively_and_as_a_component() {
    let folder = tempfile::tempdir().unwrap();
    for file in a_day(folder.path()).await {
        let mut instance = connector().instance(&Limits::default()).unwrap();
        let mut pass = None;
        let mut turns = 0;
        for line in lines(&file) {
            let (natively, as_component) = if let Some(job) = line.get("job") {
                let (begun, turn) = atsync_plugin::flow::start(read::<native::Job>(job));
                pass = Some(begun);
                (
                    told(turn),
                    told(instance.start(&read::<component::Job>(job)).unwrap()),
                )
            } else if let Some(resumed) = line.get("resumed") {
                let completions = &resumed["completions"];
                let turn = pass
                    .as_mut()
                    .unwrap()
                    .resume(read::<Vec<native::Completion>>(completions));
                let completions: Vec<component::Completion> = read(completions);
                (told(turn), told(instance.resume(&completions).unwrap()))
            } else {
                continue;
            };
            turns += 1;
            assert_eq!(natively, as_component, "turn {turns} of {}", file.display());
        }
        assert!(turns > 1, "{}", file.display());
    }
}

#[tokio::test]
async fn every_recorded_pass_ends_again_as_it_did() {
    let folder = tempfile::tempdir().unwrap();
    for file in a_day(folder.path()).await {
        let replayed = replay(&file, &connector()).unwrap();
        assert!(
            replayed.same,
            "{}:\n{}\n{}",
            file.display(),
            replayed.recorded,
            replayed.now
        );
    }
}

#[tokio::test]
async fn the_same_component_with_the_same_settings_would_have_done_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mut comparison = Comparison::new(connector(), connector());
    let mut changes = 0;
    for file in a_day(folder.path()).await {
        let Some(pass) = comparison.pass(&file, &mut |_| Ok(None)).unwrap() else {
            continue;
        };
        assert!(pass.differences.is_empty(), "{pass:#?}");
        assert!(pass.unknown.is_empty(), "{pass:#?}");
        assert_eq!(pass.changes.1, 0, "{pass:#?}");
        changes += pass.changes.0;
    }
    assert!(changes > 0, "something was published");
}

#[tokio::test]
async fn other_settings_show_each_row_that_would_have_come_out_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let world = recorded_brand(folder.path(), json!({})).await;
    world.set_stock("LIN-SND-M", "Lyon", 1);
    world.sync().await;
    let files = recorded(&world, folder.path());

    let passes = otherwise(&world, &files, json!({ "availability": { "reserve": 2 } }));

    let (last, first) = passes.split_last().unwrap();
    assert!(
        passes.iter().all(|pass| pass.unknown.is_empty()),
        "{passes:#?}"
    );
    assert_eq!(changed(last, "Rows", "LIN-SND-M"), [pair("21", "19")]);
    assert!(last.changes.1 > 0, "what it would have sent went nowhere");
    let early = first
        .iter()
        .find(|pass| !pass.differences.is_empty())
        .unwrap();
    assert_eq!(changed(early, "Rows", "LIN-SND-M"), [pair("29", "27")]);
    world.everything_agrees();
}

#[tokio::test]
async fn another_claim_policy_shows_the_orders_that_would_have_claimed_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let world = recorded_brand(folder.path(), json!({ "claim": "follow-policy" })).await;
    let order = world.buys(SPRING, &[("LIN-SND-M", 20)]);
    world.sync().await;
    let files = recorded(&world, folder.path());

    let passes = otherwise(&world, &files, json!({ "claim": "always-claim" }));

    let (then, now) = behaviours(passes.last().unwrap());
    assert_eq!(
        then.as_deref(),
        Some("DECREMENT_OBEYING_POLICY"),
        "{passes:#?}"
    );
    assert_eq!(
        now.as_deref(),
        Some("DECREMENT_IGNORING_POLICY"),
        "{passes:#?}"
    );
    assert_eq!(world.times_in_shopify(order), 1);
}

#[tokio::test]
async fn another_component_shows_the_orders_that_it_would_have_claimed_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let world = recorded_brand(folder.path(), json!({})).await;
    world.buys(SPRING, &[("LIN-SND-M", 2)]);
    world.sync().await;
    let files = recorded(&world, folder.path());
    let other = with_another_word("DECREMENT_IGNORING_POLICY", "DECREMENT_WHATEVER_POLICY");

    let passes = compared(&world, &files, json!({}), other);

    let (first, last) = (passes.first().unwrap(), passes.last().unwrap());
    assert_eq!(first.differences, [], "no order was there yet");
    assert_eq!(
        behaviours(last),
        (
            Some("DECREMENT_IGNORING_POLICY".to_owned()),
            Some("DECREMENT_WHATEVER_POLICY".to_owned())
        ),
        "{passes:#?}"
    );
    let same = compared(&world, &files, json!({}), connector());
    assert!(same.iter().all(|pass| pass.differences.is_empty()));
}

/// The bundled component with another word in it, of the same length: a version that somebody
/// changed in one place.
fn with_another_word(word: &str, other: &str) -> Connector {
    assert_eq!(word.len(), other.len());
    let mut bytes = Component::Bundled.bytes().unwrap().into_owned();
    let found = bytes
        .windows(word.len())
        .position(|at| at == word.as_bytes());
    let at = found.expect("the component has the word");
    bytes[at..at + word.len()].copy_from_slice(other.as_bytes());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    load(&Component::File(file.path().to_owned()))
}

/// How an order claims stock by the orders that differ, then and now.
fn behaviours(pass: &Compared) -> (Option<String>, Option<String>) {
    let word = |cells: &[String]| {
        let mut cells = cells.iter();
        cells.find(|cell| cell.contains("DECREMENT")).cloned()
    };
    let (mut then, mut now) = (None, None);
    for row in pass.differences.iter().filter(|row| row.title == "Orders") {
        match &row.what {
            What::Changed(before, after) => (then, now) = (word(before), word(after)),
            What::OnlyThen(cells) => then = word(cells),
            What::OnlyNow(cells) => now = word(cells),
        }
    }
    (then, now)
}

#[tokio::test]
async fn what_a_recording_does_not_hold_is_named_and_never_taken_for_zero() {
    let folder = tempfile::tempdir().unwrap();
    let world = recorded_brand(folder.path(), json!({})).await;
    world.set_stock("LIN-SND-M", "Lyon", 1);
    world.sync().await;
    let last = recorded(&world, folder.path()).pop().unwrap();

    let passes = otherwise(&world, &[last], json!({ "availability": { "reserve": 2 } }));

    let unknown: Vec<_> = passes[0].unknown.iter().collect();
    assert!(
        unknown
            .iter()
            .any(|name| name.contains("shopify") && name.contains("BulkRun")),
        "other settings read everything first: {unknown:#?}"
    );
    for row in &passes[0].differences {
        if let What::Changed(_, now) | What::OnlyNow(now) = &row.what {
            assert_ne!(now.last().unwrap(), "0", "{row:#?}");
        }
    }
}

#[tokio::test]
async fn an_exported_pass_holds_no_secret_and_nothing_about_people_and_replays() {
    let folder = tempfile::tempdir().unwrap();
    for (name, file) in cases(folder.path()).await {
        let to = folder.path().join(format!("{name}.jsonl"));
        let exported = export(&file, &to, &connector()).unwrap();
        assert!(replay(&to, &connector()).unwrap().same, "{name}");
        let text = std::fs::read_to_string(&to).unwrap();
        for personal in PERSONAL {
            assert!(!text.contains(personal), "{personal} is in {name}");
        }
        let shows_styles = !matches!(name, "orders-show" | "a-cut-order-list");
        assert!(
            !shows_styles || text.contains("9801098789170"),
            "styles stay: {name}"
        );
        if name == "an-order-claimed" {
            let before: String = lines(&file).iter().map(Value::to_string).collect();
            let there = PERSONAL
                .iter()
                .filter(|personal| before.contains(*personal));
            assert!(there.count() >= 6, "the recording itself has them");
            assert!(exported.replaced >= 6, "{exported:?}");
        }
        if name == "a-cut-order-list" {
            let cut = text.matches("is cut off").count();
            assert!(cut > 0 && text.contains("customer_name"), "its shape stays");
        }
        if std::env::var_os("UPDATE_REPLAY").is_some() {
            std::fs::copy(&to, replay_folder().join(format!("{name}.jsonl"))).unwrap();
        }
        let again = export(&file, &to, &connector()).unwrap_err();
        assert_eq!(again.code, "export-not-written", "nothing is overwritten");
    }
}

/// A refused order is not sent again while it is the same, and that is told by a digest of it, the
/// buyer's address included: with another address the pass would send it.
#[tokio::test]
async fn a_pass_that_depends_on_an_address_is_not_exported_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let world = recorded_brand(folder.path(), json!({})).await;
    world.shop(|shop, _| shop.refuse_country("FR"));
    world.buys(SPRING, &[("LIN-SND-M", 2)]);
    world.sync().await;
    world.minutes(1);
    world.sync().await;
    let again = recorded(&world, folder.path()).pop().unwrap();
    let to = folder.path().join("again.jsonl");

    let refused = export(&again, &to, &connector()).unwrap_err();

    assert_eq!(refused.code, "export-differs", "{refused}");
    assert!(!to.exists(), "no file is better than one with an address");
}

/// What the sandbox's buyers and credentials have in their orders and requests.
const PERSONAL: [&str; 15] = [
    "Villeurbanne",
    "69100",
    "Canut 7",
    "1Z-42",
    "Boutique Canut",
    "Camille",
    "Roux",
    "canut.example",
    "+33 4 00 00 00 00",
    "Ring at the back door",
    "Tables Claudiennes",
    "signature=",
    "joor-v2-token",
    "shpat_sandbox",
    "Bearer ",
];

/// The passes of `tests/replay`, recorded anew: names and recordings.
async fn cases(folder: &Path) -> Vec<(&'static str, PathBuf)> {
    let world = recorded_brand(folder, json!({})).await;
    let mut cases = vec![("a-first-sync", recorded(&world, folder).remove(0))];
    let mut last = |world: &World, name| {
        cases.push((name, recorded(world, folder).pop().unwrap()));
    };
    world.set_stock("LIN-SND-M", "Lyon", 1);
    world.hint("products/update", r#"{"id": 42}"#);
    world.sync().await;
    last(&world, "a-change-with-a-hint");
    world.minutes(1);
    let boutique = Address {
        city: "Villeurbanne".into(),
        postal_code: "69100".into(),
        ..Address::boutique()
    };
    let order = world.order_of(SPRING, &[("LIN-SND-M", 2), ("WRP-RST-S", 1)]);
    let order = order.ship_to(boutique.clone()).bill_to(boutique);
    let order = order.purchase_order("Canut 7");
    let order = world.approved(order.comments("Ring at the back door."));
    world.sync().await;
    last(&world, "an-order-claimed");
    world.minutes(1);
    let refused = world.variant("LIN-SND-M").number().to_string();
    world.joor(|joor| joor.options.refused_upcs.insert(refused));
    world.set_stock("LIN-SND-M", "Lyon", 3);
    world.sync().await;
    last(&world, "a-refused-row");
    world.minutes(1);
    world.set_stock("LIN-SND-L", "Lyon", 3);
    let cancel = CancellationToken::new();
    let runner = world.runner.as_ref().unwrap();
    let cut = runner.run(Mode::Sync, &|_| cancel.cancel(), &cancel).await;
    assert!(matches!(cut.unwrap().ended, Ended::Cancelled));
    last(&world, "cut-short");
    world.minutes(1);
    // What the ledger knows of the order, which JOOR does not say beside it.
    world.order_shown(order).await;
    last(&world, "orders-show");
    world.minutes(1);
    world.ships(order, "1Z-42");
    world.sync().await;
    last(&world, "an-order-shipped");
    world.minutes(1);
    world.faults(|faults| faults.next(Side::Joor, "v2/order", Fault::Truncated, 100));
    world.buys(SPRING, &[("LIN-SND-M", 1)]);
    world.sync().await;
    last(&world, "a-cut-order-list");
    cases
}

fn replay_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("replay")
}

#[test]
fn every_pass_of_the_folder_replay_asks_the_same_again() {
    let mut cases = 0;
    for entry in std::fs::read_dir(replay_folder()).unwrap() {
        let file = entry.unwrap().path();
        if file
            .extension()
            .is_none_or(|extension| extension != "jsonl")
        {
            continue;
        }
        cases += 1;
        match replay(&file, &connector()) {
            Ok(replayed) => assert!(
                replayed.same,
                "{}:\n{}\n{}",
                file.display(),
                replayed.recorded,
                replayed.now
            ),
            Err(problem) => panic!("{}: {problem}", file.display()),
        }
    }
    assert!(cases > 0, "there are cases");
}
