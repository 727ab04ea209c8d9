//! A store that is busy, full, damaged, gone, or of another version.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use serde_json::json;

use crate::books::Books;
use crate::relay::{self, OnPiece};
use crate::stage::{Run, Stage};

#[test]
fn a_busy_store_is_waited_for_and_then_told_and_can_be_read_meanwhile() {
    let stage = Stage::open();
    assert_eq!(stage.runs("sync").exit, Some(0));
    let before = Books::read(&stage);
    let writer = Connection::open(stage.store()).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();

    stage.runs("sync").told(1, "store-busy");
    stage.runs("doctor").told(1, "store-busy");
    assert_eq!(Books::read(&stage), before);
    for line in ["status", "plan", "explain LIN-SND-S"] {
        assert_eq!(stage.runs(line).exit, Some(0), "{line}");
    }

    writer.execute_batch("COMMIT").unwrap();
    assert_eq!(stage.runs("doctor").exit, Some(0));
    assert_eq!(stage.runs("sync").exit, Some(0));
}

/// As under a service manager that lets it write elsewhere only. Rights alone would not do: the
/// tests may run as root.
#[test]
fn what_a_pass_cannot_write_is_found_by_the_doctor() {
    let stage = Stage::open();
    assert_eq!(stage.runs("sync").exit, Some(0));
    let locks = stage.path("atsync-sandbox.db-locks");
    let script = "
        mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\" || { echo refused; exit; }
        shift
        \"$@\" sync; echo \"exit $?\"
        \"$@\" doctor; echo \"exit $?\"";
    let mut command = Command::new("unshare");
    command
        .args([
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            script,
            "sh",
        ])
        .args([locks.as_os_str(), env!("CARGO_BIN_EXE_atsync").as_ref()])
        .current_dir(stage.folder.path())
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .env("NO_COLOR", "1")
        .env_remove("ATSYNC_CONFIG");
    let run = match command.output() {
        Ok(output) if output.status.success() => Run::of(&output),
        _ => return println!("skipped: this system has no namespaces for its users"),
    };
    if run.said.contains("refused") {
        return println!("skipped: this system lets nobody mount a file system");
    }
    assert_eq!(run.said.matches("exit 1").count(), 2, "{}", run.said);
    assert!(run.said.contains("[not-writable]"), "{}", run.said);
}

#[test]
fn a_store_that_may_not_grow_fails_its_pass_and_the_next_goes_on() {
    let stage = Stage::open();
    assert_eq!(stage.runs("sync").exit, Some(0));
    // The process, and after how many pieces it may write no file any further.
    let limit = Arc::new(Mutex::new(None::<(Pid, usize)>));
    let at_the_piece = Arc::clone(&limit);
    let on_piece: OnPiece = Arc::new(move |_, hand_on| {
        let mut limit = at_the_piece.lock().unwrap();
        if let Some((process, pieces_left)) = &mut *limit {
            *pieces_left = pieces_left.saturating_sub(1);
            if *pieces_left == 0 {
                let none = Rlimit {
                    current: Some(4096),
                    ..getrlimit(Resource::Fsize)
                };
                prlimit(Some(*process), Resource::Fsize, none).unwrap();
            }
        }
        hand_on();
    });
    let shopify = relay::open(&stage.shopify, &on_piece);
    let joor = relay::open(&stage.joor, &on_piece);
    stage.configure(
        "limited.toml",
        &[(&stage.shopify, &shopify), (&stage.joor, &joor)],
    );

    let mut failed = 0;
    for pieces in (1..40).step_by(6) {
        let body = json!({ "every": 1, "location": "Paris", "units": 1 });
        stage.pull("shop/adjust-some", &body);
        let mut sync = ignoring_sigxfsz(&stage.command("sync --config limited.toml"));
        sync.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut waiting = limit.lock().unwrap();
        let sync = sync.spawn().unwrap();
        *waiting = Some((Pid::from_child(&sync), pieces));
        drop(waiting);
        let run = Run::of(&sync.wait_with_output().unwrap());
        *limit.lock().unwrap() = None;
        if run.exit != Some(0) {
            run.told(1, "store-disk");
            failed += 1;
        }
        is_sound(&stage);
    }
    assert!(failed > 2, "{failed} passes failed");
    assert_eq!(stage.runs("sync").exit, Some(0));
    Books::read(&stage).stock_agrees(&stage);
}

#[test]
fn a_full_disk_fails_the_pass_and_room_lets_the_next_go_on() {
    let stage = Stage::open();
    let script = "
        mount -t tmpfs -o size=1m none . || { echo refused; exit; }
        cd \"$PWD\"
        cp \"$1\" atsync.toml && shift
        \"$@\" status >/dev/null
        head -c 2m /dev/zero >ballast 2>/dev/null; truncate -s -48K ballast
        \"$@\" sync; echo \"exit $?\"
        rm ballast
        \"$@\" sync; echo \"exit $?\"
        \"$@\" plan --json";
    // The configuration lies where the file system will be.
    let configuration = stage.path("../").join(format!(
        "{}.toml",
        stage.folder.path().file_name().unwrap().to_string_lossy()
    ));
    fs::copy(stage.path("atsync.toml"), &configuration).unwrap();
    let program = env!("CARGO_BIN_EXE_atsync");
    let mut command = Command::new("unshare");
    command
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
        .arg("sh")
        .args([configuration.as_os_str(), program.as_ref()])
        .current_dir(stage.folder.path())
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .env("NO_COLOR", "1")
        .env_remove("ATSYNC_CONFIG");
    let output = command.output();
    fs::remove_file(&configuration).unwrap();
    let run = match output {
        Ok(output) if output.status.success() => Run::of(&output),
        _ => return println!("skipped: this system has no namespaces for its users"),
    };
    if run.said.contains("refused") {
        return println!("skipped: this system lets nobody mount a file system");
    }
    assert!(run.said.contains("[store-full]"), "{}", run.said);
    assert!(run.said.contains("exit 1"), "{}", run.said);
    assert!(run.said.contains("exit 0"), "{}", run.said);
    assert_eq!(run.json().pointer("/report/data/rows"), Some(&json!([])));
}

#[test]
fn a_damaged_store_is_told_with_what_to_do_and_a_fresh_one_begins_anew() {
    let stage = Stage::open();
    assert_eq!(stage.runs("sync").exit, Some(0));
    let store = stage.store();
    let whole = fs::read(&store).unwrap();

    let file = OpenOptions::new().write(true).open(&store).unwrap();
    file.write_all_at(&vec![0x5a; whole.len() - 4096], 4096)
        .unwrap();
    stage.runs("sync").told(1, "store-damaged");
    stage.runs("doctor").told(1, "store-damaged");

    put_back(&stage, &whole);
    file.set_len(whole.len() as u64 / 2).unwrap();
    stage.runs("sync").told(1, "store-damaged");
    stage.runs("doctor").told(1, "store-damaged");

    put_back(&stage, &whole);
    assert_eq!(stage.runs("doctor").exit, Some(0));
    assert_eq!(stage.runs("sync").exit, Some(0));
}

#[test]
fn a_lost_store_begins_anew_and_no_order_is_claimed_twice_or_left_out() {
    let stage = Stage::open();
    assert_eq!(stage.runs("sync").exit, Some(0));
    let upc = Books::read(&stage).upc("LIN-SND-M");
    let order = || {
        let line = json!({ "upc": upc, "units": 2, "price": "45.00" });
        let order = json!({ "linesheet": "480001", "approved": true, "lines": [line] });
        stage.pull("joor/place-order", &order)["id"].to_string()
    };
    let claimed = order();
    assert_eq!(stage.runs("sync").exit, Some(0));
    let waiting = order();

    fs::remove_file(stage.store()).unwrap();
    stage.runs("doctor").told(3, "store-missing");
    let from = "lookback_s = 10\n";
    let start = format!("{from}orders = {{ start = \"2020-01-01\" }}\n");
    stage.configure("anew.toml", &[(from, &start)]);
    assert_eq!(stage.runs("sync --config anew.toml").exit, Some(0));
    for order in [claimed, waiting] {
        let made = stage.look(&format!("shop/orders?joor=sandbox:{order}"));
        assert_eq!(made.as_array().unwrap().len(), 1, "order {order}: {made}");
    }
    Books::read(&stage).stock_agrees(&stage);
}

#[test]
fn a_copy_from_before_the_last_pass_is_not_taken_for_the_truth() {
    let stage = Stage::open();
    let sell = |units: i64| {
        let body = json!({ "variant": "LIN-SND-S", "location": "Paris", "units": units });
        stage.pull("shop/adjust", &body);
    };
    assert_eq!(stage.runs("sync").exit, Some(0));
    let copy = fs::read(stage.store()).unwrap();
    sell(-5);
    assert_eq!(stage.runs("sync").exit, Some(0));
    // The copy says that JOOR shows just what the shop holds now; JOOR shows five less.
    sell(5);
    put_back(&stage, &copy);
    for line in ["sync", "doctor"] {
        stage.runs(line).told(1, "store-older");
    }

    fs::remove_file(stage.store()).unwrap();
    assert_eq!(stage.runs("sync").exit, Some(0));
    Books::read(&stage).stock_agrees(&stage);
}

#[test]
fn a_store_of_a_newer_program_is_left_alone() {
    let stage = Stage::open();
    assert_eq!(stage.runs("sync").exit, Some(0));
    let newer = Connection::open(stage.store()).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let before = fs::read(stage.store()).unwrap();
    for line in ["sync", "status", "doctor"] {
        stage.runs(line).told(1, "store-newer");
    }
    assert_eq!(fs::read(stage.store()).unwrap(), before);
}

/// The same command by way of a shell that lets a file that may not grow be an error, and not
/// the end of the process.
fn ignoring_sigxfsz(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]);
    shell.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    shell
}

/// Puts a copy in place of the store, without what lies beside it.
fn put_back(stage: &Stage, copy: &[u8]) {
    for beside in ["-wal", "-shm"] {
        // Gone already where the last process could close the file.
        let _ = fs::remove_file(stage.path(&format!("atsync-sandbox.db{beside}")));
    }
    fs::write(stage.store(), copy).unwrap();
}

/// SQLite finds nothing wrong with the file.
fn is_sound(stage: &Stage) {
    let file = Connection::open(stage.store()).unwrap();
    let said: String = file
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(said, "ok");
}
