//! Many seeds, on all processors, and what they came to together.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use super::form::Native;
use super::oracle::Broken;
use super::plan::Plan;
use super::run::{Ran, run};
use super::shrink::shrink;
use super::trace::Trace;

/// What many seeds came to.
#[derive(Default)]
pub struct Sum {
    /// Seeds that broke a law.
    pub broken: BTreeMap<u64, Broken>,
    seeds: u64,
    passes: u64,
    effects: u64,
    met: BTreeMap<&'static str, u64>,
    checks: BTreeMap<&'static str, u64>,
}

impl Sum {
    /// Runs the seeds.
    pub fn of(seeds: Range<u64>) -> Self {
        let sum = Mutex::new(Self::default());
        let next = AtomicU64::new(seeds.start);
        let threads = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let mut mine = Self::default();
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= seeds.end {
                            break;
                        }
                        let plan = Plan::draw(seed);
                        mine.add(seed, run(&plan, &mut Native::default(), Trace::default()));
                    }
                    sum.lock().expect("no thread panics").merge(mine);
                });
            }
        });
        sum.into_inner().expect("no thread panics")
    }

    fn add(&mut self, seed: u64, ran: Ran) {
        self.seeds += 1;
        self.passes += ran.passes;
        self.effects += ran.effects;
        add_up(&mut self.met, ran.met);
        add_up(&mut self.checks, ran.checks);
        self.broken.extend(ran.broken.map(|broken| (seed, broken)));
    }

    fn merge(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.passes += other.passes;
        self.effects += other.effects;
        add_up(&mut self.met, other.met);
        add_up(&mut self.checks, other.checks);
        self.broken.extend(other.broken);
    }

    /// The first seed that broke each law.
    pub fn first_of_each_law(&self) -> Vec<(u64, &Broken)> {
        let mut first: BTreeMap<&str, (u64, &Broken)> = BTreeMap::new();
        for (seed, broken) in &self.broken {
            first.entry(broken.law).or_insert((*seed, broken));
        }
        first.into_values().collect()
    }

    /// Tells what was run, met and checked.
    pub fn print(&self, took: Duration) {
        let seconds = took.as_secs_f64().max(0.001);
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = self.seeds as f64 / seconds;
        println!(
            "{} seeds with {} passes and {} effects in {seconds:.1} s: {rate:.0} seeds a second",
            self.seeds, self.passes, self.effects
        );
        println!("\nmet:");
        self.met
            .iter()
            .for_each(|(name, times)| println!("{times:>10}  {name}"));
        println!("\nchecked:");
        self.checks
            .iter()
            .for_each(|(law, times)| println!("{times:>10}  {law}"));
        println!("\n{} seeds broke a law", self.broken.len());
        let mut by_law: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for (seed, broken) in &self.broken {
            by_law.entry(broken.law).or_default().push(*seed);
        }
        for (law, seeds) in by_law {
            println!(
                "{:>10}  {law}: {:?}",
                seeds.len(),
                seeds.iter().take(12).collect::<Vec<_>>()
            );
        }
    }
}

fn add_up(sum: &mut BTreeMap<&'static str, u64>, more: BTreeMap<&'static str, u64>) {
    for (name, times) in more {
        *sum.entry(name).or_default() += times;
    }
}

/// Tells how a seed broke a law, in the smallest world and with the fewest events.
pub fn tell(seed: u64, broken: &Broken) {
    println!(
        "\nseed {seed} broke the law \"{}\": {}",
        broken.law, broken.what
    );
    let small = shrink(&Plan::draw(seed), broken.law);
    println!(
        "\nshrunk: {}",
        serde_json::to_string(&small).expect("a plan is JSON")
    );
    let ran = run(&small, &mut Native::default(), Trace::in_words());
    ran.lines.iter().for_each(|line| println!("{line}"));
    if let Some(broken) = ran.broken {
        println!("\"{}\": {}", broken.law, broken.what);
    }
}
