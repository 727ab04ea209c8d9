use std::sync::Arc;
use std::time::Instant;

use atsync::engine::reconcile::{Entry, Hint, Write};
use atsync::store::{Delivery, INBOX_BYTES_MAX, Ledger, MemoryStore, Overlay, SqliteStore, Store};
use atsync::store::{Standing, keep_standing, standing};

fn stores() -> (tempfile::TempDir, Vec<Arc<dyn Store>>) {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(&folder.path().join("atsync.db")).unwrap();
    (
        folder,
        vec![Arc::new(MemoryStore::default()), Arc::new(sqlite)],
    )
}

fn write(key: &str, value: Option<&str>) -> Write {
    Write {
        key: key.to_owned(),
        value: value.map(str::to_owned),
    }
}

fn keys(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.key.as_str()).collect()
}

#[test]
fn a_ledger_keeps_what_was_written_last_and_forgets_what_was_deleted() {
    let (_folder, stores) = stores();
    for store in stores {
        let ledger = store.ledger("acme");
        ledger
            .commit(&[
                write("a", Some("1")),
                write("b", Some("2")),
                write("a", Some("3")),
            ])
            .unwrap();
        ledger
            .commit(&[write("b", None), write("c", None)])
            .unwrap();
        let keys = ["b".to_owned(), "a".to_owned(), "a".to_owned()];
        let found = ledger.load(&keys).unwrap();
        assert_eq!(found, [None, Some("3".to_owned()), Some("3".to_owned())]);
    }
}

#[test]
fn what_was_overwritten_or_removed_stands_nowhere_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("atsync.db");
    let long = "Boutique Canut ".repeat(2_000);
    let ledger = SqliteStore::open(&path).unwrap().ledger("acme");
    let (short, gone) = (write("b", Some("Boutique Canut")), write("c", Some(&long)));
    ledger
        .commit(&[write("a", Some(&long)), short, gone])
        .unwrap();
    ledger
        .commit(&[
            write("a", Some("1")),
            write("b", Some("2")),
            write("c", None),
        ])
        .unwrap();
    drop(ledger);

    let files = std::fs::read_dir(folder.path()).unwrap();
    for file in files
        .map(|file| file.unwrap().path())
        .filter(|f| f.is_file())
    {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(5).filter(|window| window == b"Canut").count();
        assert_eq!(found, 0, "{}", file.display());
    }
}

#[test]
fn connections_do_not_see_each_other() {
    let (_folder, stores) = stores();
    for store in stores {
        store
            .ledger("acme")
            .commit(&[write("a", Some("1"))])
            .unwrap();
        let other = store.ledger("other");
        assert_eq!(other.load(&["a".to_owned()]).unwrap(), [None]);
        assert!(other.scan("", None, 10).unwrap().is_empty());
    }
}

#[test]
fn a_scan_is_in_byte_order_within_its_prefix() {
    let (_folder, stores) = stores();
    for store in stores {
        let ledger = store.ledger("acme");
        let all = ["s", "s/", "s/1", "s/10", "s/2", "s/é", "s0", "t"];
        ledger
            .commit(&all.map(|key| write(key, Some("x"))))
            .unwrap();
        assert_eq!(
            keys(&ledger.scan("s/", None, 10).unwrap()),
            ["s/", "s/1", "s/10", "s/2", "s/é"]
        );
        assert_eq!(keys(&ledger.scan("s/", Some("s/10"), 1).unwrap()), ["s/2"]);
        assert_eq!(keys(&ledger.scan("s/", Some("a"), 1).unwrap()), ["s/"]);
        assert!(ledger.scan("s/", Some("s/é"), 10).unwrap().is_empty());
        assert_eq!(ledger.scan("", None, 100).unwrap().len(), all.len());
    }
}

#[test]
fn an_overlay_reads_as_if_written_and_leaves_the_ledger_alone() {
    let (_folder, stores) = stores();
    for store in stores {
        let ledger = store.ledger("acme");
        let numbers = || (0..50).map(|number| format!("k{number:02}"));
        let before: Vec<Write> = numbers()
            .step_by(2)
            .map(|key| write(&key, Some("below")))
            .collect();
        ledger.commit(&before).unwrap();
        let overlay = Overlay::over(Arc::clone(&ledger)).unwrap();
        let odd: Vec<Write> = numbers()
            .skip(1)
            .step_by(2)
            .map(|key| write(&key, Some("above")))
            .collect();
        overlay.commit(&odd).unwrap();
        let tenths: Vec<Write> = numbers().step_by(10).map(|key| write(&key, None)).collect();
        overlay.commit(&tenths).unwrap();
        let expected: Vec<String> = numbers().filter(|key| !key.ends_with('0')).collect();
        for page in [1, 3, 7, 100] {
            let mut found: Vec<String> = Vec::new();
            loop {
                let entries = overlay
                    .scan("k", found.last().map(String::as_str), page)
                    .unwrap();
                if entries.is_empty() {
                    break;
                }
                found.extend(entries.into_iter().map(|entry| entry.key));
            }
            assert_eq!(found, expected, "in pages of {page}");
        }
        let loaded = overlay
            .load(&["k00".to_owned(), "k01".to_owned(), "k02".to_owned()])
            .unwrap();
        assert_eq!(
            loaded,
            [None, Some("above".to_owned()), Some("below".to_owned())]
        );
        drop(overlay);
        assert_eq!(ledger.scan("", None, 100).unwrap().len(), 25);
    }
}

#[test]
fn the_inbox_is_emptied_up_to_where_a_pass_looked() {
    let (_folder, stores) = stores();
    for store in stores {
        let deliver = |id: &str, at| {
            let hint = Hint {
                id: id.to_owned(),
                topic: "t".to_owned(),
                body: id.to_owned(),
            };
            store
                .take_in(
                    "acme",
                    &Delivery {
                        service: "shelf".to_owned(),
                        hint,
                        at,
                    },
                )
                .unwrap()
        };
        assert!(deliver("1", 0) && deliver("2", 0) && !deliver("1", 0));
        let inbox = store.inbox("acme", 10).unwrap();
        assert_eq!(inbox.hints.len(), 2);
        assert!(deliver("3", 0));
        store.dealt_with("acme", inbox.last, 0).unwrap();
        let left = store.inbox("acme", 10).unwrap();
        assert_eq!(
            left.hints
                .iter()
                .map(|hint| hint.id.as_str())
                .collect::<Vec<_>>(),
            ["3"]
        );
        assert!(!deliver("1", 0));
        assert!(store.inbox("other", 10).unwrap().hints.is_empty());
    }
}

#[test]
fn one_look_into_the_inbox_brings_no_more_than_fits() {
    let (_folder, stores) = stores();
    for store in stores {
        let body = "x".repeat(INBOX_BYTES_MAX / 4);
        for id in 0..6 {
            let hint = Hint {
                id: id.to_string(),
                topic: "t".to_owned(),
                body: body.clone(),
            };
            let delivery = Delivery {
                service: "shelf".to_owned(),
                hint,
                at: 0,
            };
            assert!(store.take_in("acme", &delivery).unwrap());
        }
        let first = store.inbox("acme", 100).unwrap();
        assert_eq!(first.hints.len(), 4);
        store.dealt_with("acme", first.last, 0).unwrap();
        assert_eq!(
            store.inbox("acme", 100).unwrap().hints.len(),
            2,
            "the rest comes next"
        );
    }
}

#[test]
fn all_of_it_is_there_after_the_file_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("atsync.db");
    let known = Standing {
        next_run: 5,
        failures: 2,
        ..Standing::default()
    };
    {
        let store = SqliteStore::open(&path).unwrap();
        store
            .ledger("acme")
            .commit(&[write("a", Some("1"))])
            .unwrap();
        keep_standing(&store, "acme", &known).unwrap();
    }
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(
        store.ledger("acme").load(&["a".to_owned()]).unwrap(),
        [Some("1".to_owned())]
    );
    assert_eq!(standing(&store, "acme").unwrap(), known);
    assert_eq!(standing(&store, "other").unwrap(), Standing::default());
}

#[test]
fn a_file_of_a_newer_program_and_a_file_that_is_no_store_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("newer.db");
    drop(SqliteStore::open(&path).unwrap());
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    assert_eq!(SqliteStore::open(&path).err().unwrap().code, "store-newer");
    let nonsense = folder.path().join("nonsense.db");
    std::fs::write(&nonsense, "x".repeat(10_000)).unwrap();
    assert_eq!(
        SqliteStore::open(&nonsense).err().unwrap().code,
        "store-damaged"
    );
    let nowhere = folder.path().join("nowhere/atsync.db");
    let problem = SqliteStore::open(&nowhere).err().unwrap();
    assert_eq!(problem.code, "store-closed");
    assert!(problem.message.contains("nowhere/atsync.db"), "{problem}");
}

#[test]
fn a_connection_is_locked_against_another_process_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("atsync.db");
    let one = SqliteStore::open(&path).unwrap();
    // The lock is on the file, so a second store stands for a second process.
    let other = SqliteStore::open(&path).unwrap();
    let held = one.lock("acme").unwrap();
    let problem = other.lock("acme").unwrap_err();
    assert_eq!(problem.code, "connection-busy");
    assert!(
        problem
            .message
            .contains(&format!("process {}", std::process::id())),
        "{problem}"
    );
    other.lock("other").unwrap();
    drop(held);
    other.lock("acme").unwrap();
}

/// A store, with what makes it forget who holds a lock.
type Forgetful = (Arc<dyn Store>, Box<dyn Fn()>);

fn forgetful_stores() -> (tempfile::TempDir, Vec<Forgetful>) {
    let (folder, mut stores) = stores();
    let sqlite = stores.pop().unwrap();
    let memory = MemoryStore::default();
    let (forgets, locks) = (memory.clone(), folder.path().join("atsync.db-locks"));
    let forgetful: Vec<Forgetful> = vec![
        (Arc::new(memory), Box::new(move || forgets.forget_locks())),
        (
            sqlite,
            Box::new(move || std::fs::remove_dir_all(&locks).unwrap()),
        ),
    ];
    (folder, forgetful)
}

#[test]
fn who_lost_the_connection_to_another_writes_nothing_more() {
    let (_folder, stores) = forgetful_stores();
    for (store, forget_locks) in stores {
        let mine = store.lock("acme").unwrap();
        let by_me = store.fenced(&mine);
        by_me
            .ledger("acme")
            .commit(&[write("a", Some("mine"))])
            .unwrap();
        by_me.ledger("acme").held().unwrap();

        forget_locks();
        let theirs = store.lock("acme").unwrap();
        let by_them = store.fenced(&theirs);
        by_them
            .ledger("acme")
            .commit(&[write("a", Some("theirs"))])
            .unwrap();

        let late = Standing {
            failures: 9,
            ..Standing::default()
        };
        let refused = [
            by_me.ledger("acme").commit(&[write("a", Some("stale"))]),
            by_me.ledger("acme").held(),
            by_me.dealt_with("acme", 1, 0),
            keep_standing(&*by_me, "acme", &late),
        ];
        for result in refused {
            assert_eq!(result.unwrap_err().code, "lease-lost");
        }
        let found = by_them.ledger("acme").load(&["a".to_owned()]).unwrap();
        assert_eq!(found, [Some("theirs".to_owned())]);
        assert_eq!(standing(&*store, "acme").unwrap(), Standing::default());
        drop(mine);
        assert_eq!(
            store.lock("acme").unwrap_err().code,
            "connection-busy",
            "what I gave back was not mine any more"
        );
    }
}

#[test]
fn a_file_that_was_replaced_while_it_was_open_is_not_worked_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("atsync.db");
    let store = SqliteStore::open(&path).unwrap();
    drop(store.lock("acme").unwrap());
    std::fs::rename(&path, folder.path().join("away.db")).unwrap();
    assert_eq!(store.lock("acme").unwrap_err().code, "store-replaced");
    std::fs::write(&path, "").unwrap();
    assert_eq!(store.lock("acme").unwrap_err().code, "store-replaced");
}

#[test]
fn a_copy_from_before_the_last_lock_is_refused_and_a_fresh_file_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("atsync.db");
    let lock_once = || SqliteStore::open(&path).unwrap().lock("acme").map(drop);
    lock_once().unwrap();
    let copy = std::fs::read(&path).unwrap();
    lock_once().unwrap();
    std::fs::write(&path, copy).unwrap();
    assert_eq!(lock_once().unwrap_err().code, "store-older");
    SqliteStore::open(&path).unwrap().lock("other").unwrap();
    std::fs::remove_file(&path).unwrap();
    lock_once().unwrap();
    lock_once().unwrap();
}

#[test]
fn damage_to_one_connection_leaves_the_others_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("atsync.db");
    for name in ["acme", "other"] {
        let many: Vec<Write> = (0..500)
            .map(|number| {
                write(
                    &format!("{number:04}"),
                    Some(&format!("{name}-{number:0100}")),
                )
            })
            .collect();
        let store = SqliteStore::open(&path).unwrap();
        store.ledger(name).commit(&many).unwrap();
    }
    let mut bytes = std::fs::read(&path).unwrap();
    let text = format!("acme-{:0100}", 250);
    let place = bytes
        .windows(text.len())
        .position(|window| window == text.as_bytes())
        .unwrap();
    let page = place / 4096 * 4096;
    bytes[page..page + 4096].fill(0xff);
    std::fs::write(&path, bytes).unwrap();

    let store = SqliteStore::open(&path).unwrap();
    let (damaged, sound) = (store.ledger("acme"), store.ledger("other"));
    let keys = ["0250".to_owned()];
    assert_eq!(damaged.load(&keys).unwrap_err().code, "store-damaged");
    assert!(damaged.commit(&[write("0250", Some("x"))]).is_err());
    sound.commit(&[write("0250", Some("x"))]).unwrap();
    assert_eq!(sound.load(&keys).unwrap(), [Some("x".to_owned())]);
    assert_eq!(sound.scan("", None, 1_000).unwrap().len(), 500);
}

#[test]
fn a_thousand_keys_load_in_a_few_milliseconds() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("atsync.db")).unwrap();
    let ledger = store.ledger("acme");
    let value = "v".repeat(500);
    let key = |number: usize| format!("style/{number:07}");
    let writes: Vec<Write> = (0..20_000)
        .map(|number| write(&key(number), Some(&value)))
        .collect();
    ledger.commit(&writes).unwrap();
    let keys: Vec<String> = (0..1_000).map(|number| key(number * 17 % 20_000)).collect();
    let begun = Instant::now();
    let found = ledger.load(&keys).unwrap();
    let took = begun.elapsed();
    assert!(found.iter().all(Option::is_some));
    println!("1,000 keys of 20,000 in {took:?}");
    // Generous: what is kept out is a scan of the whole table for each key.
    assert!(took.as_millis() < 500, "{took:?}");
}
