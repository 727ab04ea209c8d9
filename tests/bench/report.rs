//! The figures, beside what is aimed at.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::child::Took;

/// All that was measured.
pub struct Report {
    locations: usize,
    rows: Vec<Row>,
    flows: Vec<FlowRow>,
    targets: Vec<Target>,
    /// Most resident memory of a full read, in bytes, by variants.
    peaks: BTreeMap<usize, u64>,
}

/// What a pass, or the passes of a first run, took as whole processes.
pub struct Row {
    pub what: String,
    pub variants: usize,
    pub took: Took,
    pub joor_writes: u64,
    pub shopify_points: u64,
}

/// A full read in both forms: CPU time of the flow alone.
struct FlowRow {
    variants: usize,
    native: Duration,
    component: Duration,
    crossed: u64,
}

/// A figure to reach: the measured one should not be larger.
struct Target {
    what: String,
    measured: f64,
    unit: &'static str,
    aim: f64,
}

impl Target {
    fn is_met(&self) -> bool {
        self.measured <= self.aim
    }
}

impl Report {
    pub fn new(locations: usize) -> Self {
        Self {
            locations,
            rows: Vec::new(),
            flows: Vec::new(),
            targets: Vec::new(),
            peaks: BTreeMap::new(),
        }
    }

    pub fn row(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub fn target(&mut self, what: impl Into<String>, measured: f64, unit: &'static str, aim: f64) {
        self.targets.push(Target {
            what: what.into(),
            measured,
            unit,
            aim,
        });
    }

    pub fn remember_peak(&mut self, variants: usize, bytes: u64) {
        self.peaks.insert(variants, bytes);
    }

    pub fn flow(&mut self, variants: usize, native: Duration, component: Duration, crossed: u64) {
        let ratio = component.as_secs_f64() / native.as_secs_f64();
        self.target(
            format!("component ÷ native ({variants} variants)"),
            ratio,
            "",
            1.5,
        );
        self.flows.push(FlowRow {
            variants,
            native,
            component,
            crossed,
        });
    }

    /// What only shows when all sizes are measured.
    pub fn conclude(&mut self) {
        if let (Some(small), Some(large)) = (self.peaks.get(&100_000), self.peaks.get(&1_000_000)) {
            let ratio = mb(*large) / mb(*small);
            self.target("resident at 1,000,000 ÷ at 100,000", ratio, "", 1.3);
        }
    }

    pub fn print(&self, as_json: bool) {
        if as_json {
            println!("{}", self.to_json());
            return;
        }
        println!(
            "\nWhole processes, {} locations; the sandbox is a process of its own.",
            self.locations
        );
        println!(
            "{:<40} {:>9} {:>8} {:>8} {:>12} {:>8} {:>11} {:>9}",
            "", "variants", "wall s", "CPU s", "per CPU s", "peak MB", "JOOR writes", "Shopify"
        );
        for Row {
            what,
            variants,
            took,
            joor_writes,
            shopify_points,
        } in &self.rows
        {
            println!(
                "{what:<40} {variants:>9} {:>8.2} {:>8.3} {:>12.0} {:>8.1} {joor_writes:>11} {shopify_points:>9}",
                took.wall.as_secs_f64(),
                took.cpu.as_secs_f64(),
                per_second(*variants, took.cpu),
                mb(took.peak),
            );
        }
        println!("\nThe flow alone, full read with nothing changed; CPU time, median.");
        println!(
            "{:<40} {:>9} {:>8} {:>11} {:>12} {:>10}",
            "", "variants", "native s", "component s", "per second", "crossed MB"
        );
        for FlowRow {
            variants,
            native,
            component,
            crossed,
        } in &self.flows
        {
            println!(
                "{:<40} {variants:>9} {:>8.3} {:>11.3} {:>12.0} {:>10.1}",
                "full read, nothing changed",
                native.as_secs_f64(),
                component.as_secs_f64(),
                per_second(*variants, *component),
                mb(*crossed),
            );
        }
        println!("\n{:<58} {:>9} {:>9}", "Aimed at", "measured", "at most");
        for target in &self.targets {
            let Target {
                what,
                measured,
                unit,
                aim,
            } = target;
            let word = if target.is_met() { "met" } else { "missed" };
            println!("{what:<58} {measured:>9.2} {aim:>9.1} {unit:<3} {word}");
        }
    }

    fn to_json(&self) -> Value {
        let row = |row: &Row| {
            json!({
                "what": row.what,
                "variants": row.variants,
                "wall_s": row.took.wall.as_secs_f64(),
                "cpu_s": row.took.cpu.as_secs_f64(),
                "variants_per_cpu_s": per_second(row.variants, row.took.cpu),
                "peak_bytes": row.took.peak,
                "joor_writes": row.joor_writes,
                "shopify_points": row.shopify_points,
            })
        };
        let flow = |row: &FlowRow| {
            json!({
                "variants": row.variants,
                "native_s": row.native.as_secs_f64(),
                "component_s": row.component.as_secs_f64(),
                "crossed_bytes": row.crossed,
            })
        };
        let target = |target: &Target| {
            json!({
                "what": target.what,
                "measured": target.measured,
                "at_most": target.aim,
                "unit": target.unit,
                "met": target.is_met(),
            })
        };
        json!({
            "locations": self.locations,
            "processes": self.rows.iter().map(row).collect::<Vec<_>>(),
            "flows": self.flows.iter().map(flow).collect::<Vec<_>>(),
            "targets": self.targets.iter().map(target).collect::<Vec<_>>(),
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn per_second(variants: usize, time: Duration) -> f64 {
    variants as f64 / time.as_secs_f64()
}

/// Millions of bytes.
#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
pub fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Milliseconds.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The middle one; of an even number, the upper of the two.
pub fn median<T: Copy + PartialOrd>(mut values: Vec<T>) -> Option<T> {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
    values.get(values.len() / 2).copied()
}
