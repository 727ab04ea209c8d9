//! Real crashes: the program is killed at random moments of its passes while stock changes and
//! orders come in, and in the end both services agree with the ledger.
//!
//! `ATSYNC_CRASHES=300` kills it as often, `ATSYNC_SEED=7` at other moments.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::books::Books;
use crate::relay::{self, OnPiece, Piece};
use crate::stage::Stage;
use crate::trade::{Dice, Trade};

/// Crashes in an ordinary run of the tests.
const CRASHES: usize = 25;

/// Pieces of a first pass to kill, before it is known how many there are.
const PIECES: usize = 30;

/// The longest that it may take to come to rest: a cancellation that got lost is sent again after
/// five minutes.
const REST_MAX: Duration = Duration::from_secs(600);

/// Says what the moment after this many pieces does to the process.
struct Trap {
    process: Pid,
    pieces_left: usize,
    how: How,
}

/// What becomes of the piece at hand.
#[derive(Clone, Copy, Debug)]
enum How {
    /// It never arrives.
    Lost,
    /// It arrives, and nobody is there any more.
    Orphaned,
    /// It arrives, and the process lives on for so long.
    After(Duration),
}

/// What the relays share.
struct Scene {
    stage: Arc<Stage>,
    trade: Trade,
    dice: Dice,
    trap: Option<Trap>,
    /// Pieces that passed by in this pass, and in the last one that came to its end.
    pieces: usize,
    pieces_whole: usize,
    /// The pass is done with its orders, and reads stock.
    at_stock: bool,
    trading: bool,
    /// Whether orders and cancellations may be lost on their way: what became of them is known
    /// some minutes later.
    patient: bool,
}

impl Scene {
    /// A piece passes by: perhaps something happens in the world, perhaps the process dies.
    /// Gives the trap that it sprang.
    fn pass_by(&mut self, piece: &Piece<'_>) -> Option<(Pid, How)> {
        if self.trading && self.dice.draw(8) == 0 {
            let stage = Arc::clone(&self.stage);
            self.trade.go_on(&stage, &mut self.dice);
        }
        self.pieces += 1;
        self.at_stock |= piece.says("query LevelChanges(");
        let trap = self.trap.as_mut()?;
        trap.pieces_left = trap.pieces_left.saturating_sub(1);
        if trap.pieces_left > 0 {
            return None;
        }
        let Trap { process, how, .. } = self.trap.take()?;
        let may_be_lost = self.patient || self.at_stock;
        Some((process, if may_be_lost { how } else { How::Orphaned }))
    }
}

#[test]
fn the_program_may_be_killed_at_any_moment_and_nothing_is_lost_or_done_twice() {
    let crashes = number("ATSYNC_CRASHES").unwrap_or(CRASHES);
    let seed = number("ATSYNC_SEED").unwrap_or(1);
    let stage = Arc::new(Stage::open());
    // Orders that come from here on are taken over.
    assert_eq!(stage.runs("sync").exit, Some(0));
    let scene = Arc::new(Mutex::new(Scene {
        trade: Trade::begin(&stage, &Books::read(&stage)),
        stage: Arc::clone(&stage),
        dice: Dice(seed as u64),
        trap: None,
        pieces: 0,
        pieces_whole: PIECES,
        at_stock: false,
        trading: true,
        patient: crashes > CRASHES,
    }));
    let on_piece = trapped(&scene);
    let shopify = relay::open(&stage.shopify, &on_piece);
    let joor = relay::open(&stage.joor, &on_piece);
    stage.configure(
        "relayed.toml",
        &[(&stage.shopify, &shopify), (&stage.joor, &joor)],
    );

    let (mut killed, mut ended) = (0, 0);
    while killed < crashes {
        let mut pass = start(&stage);
        set_trap(&scene, &pass);
        let status = pass.wait().unwrap();
        let mut scene = scene.lock().unwrap();
        scene.trap = None;
        match status.signal() {
            Some(_) => killed += 1,
            // The pass was shorter than the moment was late.
            None => {
                ended += 1;
                scene.pieces_whole = scene.pieces.max(1);
            }
        }
        assert!(
            status.signal() == Some(9) || matches!(status.code(), Some(0 | 3)),
            "{status:?}"
        );
        assert!(
            ended <= 20 + crashes,
            "most passes end before they are killed"
        );
    }
    scene.lock().unwrap().trading = false;
    let passes = come_to_rest(&stage);

    let books = Books::read(&stage);
    let scene = scene.lock().unwrap();
    scene.trade.balances(&stage, &books);
    books.stock_agrees(&stage);
    println!(
        "{killed} crashes survived, {ended} passes that ended before, {passes} passes to come to rest; \
         {} orders, each claimed once",
        scene.trade.orders()
    );
    assert!(scene.trade.orders() > killed / 5, "orders came meanwhile");
}

/// What the relays do with each piece.
fn trapped(scene: &Arc<Mutex<Scene>>) -> OnPiece {
    // The relays outlive the test, and must not keep its sandbox.
    let scene = Arc::downgrade(scene);
    Arc::new(move |piece, hand_on| {
        let scene = scene.upgrade();
        let sprung = scene.and_then(|scene| scene.lock().unwrap().pass_by(piece));
        let Some((process, how)) = sprung else {
            return hand_on();
        };
        // It may have come to its end by itself, meanwhile.
        let kill = || {
            let _ = kill_process(process, Signal::KILL);
        };
        match how {
            How::Lost => kill(),
            How::Orphaned => {
                kill();
                hand_on();
            }
            How::After(so_long) => {
                hand_on();
                thread::sleep(so_long);
                kill();
            }
        }
    })
}

fn start(stage: &Stage) -> Child {
    let mut command = stage.command("sync --json --config relayed.toml");
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Draws the moment at which a process dies.
fn set_trap(scene: &Arc<Mutex<Scene>>, process: &Child) {
    let mut scene = scene.lock().unwrap();
    (scene.pieces, scene.at_stock) = (0, false);
    let most = scene.pieces_whole;
    let pieces_left = 1 + scene.dice.draw(most + most / 3);
    let how = match scene.dice.draw(3) {
        0 => How::Lost,
        1 => How::Orphaned,
        _ => How::After(Duration::from_micros(scene.dice.draw(20_000) as u64)),
    };
    let process = Pid::from_child(process);
    scene.trap = Some(Trap {
        process,
        pieces_left,
        how,
    });
}

/// Passes, as a daemon would run them, until nothing is left to do. How many.
fn come_to_rest(stage: &Stage) -> usize {
    let begun = Instant::now();
    for passes in 1.. {
        let pass = stage.runs("sync --json");
        let plan = stage.runs("plan --json").json();
        let books = Books::read(stage);
        let open = books.open();
        if open.is_empty() && plan.pointer("/report/data/rows") == Some(&serde_json::json!([])) {
            return passes;
        }
        assert!(
            begun.elapsed() < REST_MAX,
            "no rest: {open:?} {pass:?} {plan}"
        );
        // Time has to pass for what waits for it; there is nothing else to wait for.
        thread::sleep(Duration::from_secs(1));
    }
    unreachable!("the loop above has no end")
}

fn number(variable: &str) -> Option<usize> {
    let given = std::env::var(variable).ok()?;
    Some(given.parse().expect("a whole number"))
}
