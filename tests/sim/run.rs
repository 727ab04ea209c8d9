//! A run: passes while things go wrong, then passes until all is as it should be.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use atsync_plugin::bindings::exports::atsync::connector::reconcile::Mode;
use atsync_plugin::core::style::Style;
use atsync_plugin::ledger::FullRead;
use atsync_sandbox::joor::Ats;
use serde_json::Value;

use super::books;
use super::form::Form;
use super::host::{End, Host};
use super::model::{Moment, is_shown, warehouses};
use super::oracle::Broken;
use super::plan::Plan;
use super::settled::{self, unsettled_orders};
use super::trace::Trace;
use super::world::Order;

/// Passes after which all must be as it should be.
const PASSES_MAX: u32 = 45;

/// Passes in a row that find nothing to do, before it is believed: what the connector wrote itself
/// makes it write no more.
const QUIET: u32 = 2;

/// How old the connector lets JOOR's catalogue grow, in milliseconds: the default of its setting
/// `catalogue_hours`.
const CATALOGUE_AGE: u64 = 6 * 3_600_000;

const CONVERGES: &str = "the world converges";

/// What holds in the end.
const IN_THE_END: [&str; 7] = [
    CONVERGES,
    settled::MADE,
    settled::PARKED,
    settled::SETTLED,
    books::LAW,
    "no echo",
    "a plan finds nothing",
];

/// How long a process takes to come back after it was killed, in milliseconds.
const RESTART: u64 = 2_000;

/// What a run came to.
#[derive(Debug)]
pub struct Ran {
    /// One number for all that happened.
    pub hash: u64,
    /// In words, where asked for.
    pub lines: Vec<String>,
    /// The law that was broken.
    pub broken: Option<Broken>,
    /// How often each law was looked at.
    pub checks: BTreeMap<&'static str, u64>,
    /// What was met, by name.
    pub met: BTreeMap<&'static str, u64>,
    /// Passes.
    pub passes: u64,
    /// Effects.
    pub effects: u64,
}

/// Runs a plan. A panic breaks a law, too.
pub fn run(plan: &Plan, form: &mut dyn Form, trace: Trace) -> Ran {
    let mut host = Host::new(plan, trace);
    let mut passes = 0;
    let ran = catch_unwind(AssertUnwindSafe(|| all(&mut host, form, &mut passes)));
    let broken = ran.unwrap_or_else(|panic| Err(panicked(&*panic))).err();
    Ran {
        hash: host.trace.hash(),
        lines: host.trace.lines(),
        broken,
        checks: host.watch.checks,
        met: host.met,
        passes: passes.into(),
        effects: host.effects,
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Broken {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
    Broken::new("nothing panics", words.unwrap_or_default().to_owned())
}

fn all(host: &mut Host<'_>, form: &mut dyn Form, passes: &mut u32) -> Result<(), Broken> {
    for number in 0..host.plan.passes {
        host.before(number, form)?;
        one(host, number, form)?;
        *passes += 1;
    }
    host.heal()?;
    if host.world.catalogue_changed {
        host.sleep_until(host.clock() + CATALOGUE_AGE)?;
    }
    let (mut quiet, mut left) = (0, Vec::<Broken>::new());
    for _ in 0..PASSES_MAX {
        let before = host.watch.footprint(&host.world).written();
        one(host, *passes, form)?;
        *passes += 1;
        left = unsettled(host);
        let after = host.watch.footprint(&host.world).written();
        if before != after {
            let echo = format!("it still writes: {before:?} became {after:?}");
            left.push(Broken::new("no echo", echo));
        }
        quiet = if left.is_empty() { quiet + 1 } else { 0 };
        if quiet == QUIET {
            for law in IN_THE_END {
                host.watch.checked(law);
            }
            return a_plan_finds_nothing(host, *passes, form);
        }
    }
    let law = left.first().map_or(CONVERGES, |left| left.law);
    let left: Vec<String> = left.into_iter().map(|left| left.what).collect();
    Err(Broken::new(law, left.join("\n")))
}

/// One pass, and the time until the next.
fn one(host: &mut Host<'_>, number: u32, form: &mut dyn Form) -> Result<(), Broken> {
    let at = match host.pass(number, Mode::Sync, form)? {
        End::Outcome(outcome) => outcome.next_run,
        End::GaveUp => host.clock() + 60_000,
        End::Crashed => host.clock() + RESTART,
    };
    host.sleep_until(at)
}

/// A plan made when all is as it should be has no rows.
fn a_plan_finds_nothing(
    host: &mut Host<'_>,
    number: u32,
    form: &mut dyn Form,
) -> Result<(), Broken> {
    let End::Outcome(outcome) = host.pass(number, Mode::Plan, form)? else {
        return Err(Broken::new(
            "a plan finds nothing",
            "it did not come to its end".into(),
        ));
    };
    let report: Value = serde_json::from_str(&outcome.report).unwrap_or_default();
    match report
        .pointer("/counts/rows_planned")
        .and_then(Value::as_u64)
    {
        None | Some(0) => Ok(()),
        Some(rows) => Err(Broken::new(
            "a plan finds nothing",
            format!("{rows} rows: {report}"),
        )),
    }
}

/// What is not yet as it should be.
fn unsettled(host: &Host<'_>) -> Vec<Broken> {
    let ledger = host.ledger();
    let never_met = never_met(&ledger);
    let mut left = unpublished(host, &ledger, &never_met);
    left.extend(phantoms(host, &never_met));
    let full_read = ledger.get("full-read");
    let full_read: Option<FullRead> = full_read.and_then(|text| serde_json::from_str(text).ok());
    // A basis of 0: a reading by the new one did not come to its end.
    let is_over = |read: FullRead| read.read_at != 0 && read.basis != 0 && read.bulk.is_none();
    if !full_read.is_some_and(is_over) {
        left.push("the shop's stock is still being read".into());
    }
    let differences = books::differences(host, &ledger).into_iter();
    let converges = |what| Broken::new(CONVERGES, what);
    unsettled_orders(host, &ledger)
        .into_iter()
        .chain(differences.map(|what| Broken::new(books::LAW, what)))
        .chain(left.into_iter().map(converges))
        .collect()
}

/// The styles that were gone from the shop before the connector looked: it cannot know that they were
/// made from there.
fn never_met(ledger: &BTreeMap<String, String>) -> Vec<Style> {
    let styles = ledger.iter().filter(|(key, _)| key.starts_with("style/"));
    let styles = styles.filter_map(|(_, text)| serde_json::from_str(text).ok());
    styles.filter(|style: &Style| !style.was_met()).collect()
}

/// The numbers on JOOR that are not what they should be.
fn unpublished(
    host: &Host<'_>,
    ledger: &BTreeMap<String, String>,
    never_met: &[Style],
) -> Vec<String> {
    let (world, brand) = (&host.world, &host.plan.brand);
    let now = Moment::of(world);
    let mut left = Vec::new();
    for (place, variant) in world.variants.iter().enumerate() {
        let mut of_never_met = never_met.iter().flat_map(|style| &style.skus);
        let is_never_met = of_never_met.any(|sku| sku.upc == variant.upc);
        if !variant.on_joor || world.refused.contains(&place) || is_never_met {
            continue;
        }
        let waits = |(at, order): &(usize, &Order)| {
            let known = ledger.contains_key(&format!("order/{}", order.id));
            let shown = now.in_shop.get(*at).copied().unwrap_or(false);
            known && !shown && !order.is_made_to_order() && world.is_approved(order)
        };
        let waiting = world.orders.iter().enumerate().filter(waits);
        let claimed: i64 = waiting
            .map(|(_, order)| world.units_now(order, place))
            .sum();
        for warehouse in warehouses(brand) {
            let wanted = now.wanted(brand, world, place, warehouse, claimed);
            let shown = world.sandbox.joor.ats(&variant.upc, warehouse, None);
            if !is_shown(wanted, shown) {
                let stocked = now.variants.get(place);
                left.push(format!("{} in {warehouse}: JOOR shows {shown:?} and should show {wanted:?}, with {claimed} claimed: {stocked:?}", variant.sku));
            }
        }
    }
    left
}

/// The SKUs that JOOR combined by itself and that are not at zero. "No record is not zero."
fn phantoms(host: &Host<'_>, never_met: &[Style]) -> Vec<String> {
    let (joor, brand) = (&host.world.sandbox.joor, &host.plan.brand);
    let mut left = Vec::new();
    for sku in joor.skus().filter(|sku| sku.external_id.is_none()) {
        let style = sku.style.as_deref().and_then(|style| style.parse().ok());
        let Some(style) = style else { continue };
        if never_met
            .iter()
            .any(|one| Some(&one.number) == sku.style.as_ref())
        {
            continue;
        }
        if joor
            .linesheets_of(style)
            .all(|(_, made_to_order)| made_to_order)
        {
            continue;
        }
        for warehouse in warehouses(brand) {
            let shown = joor.ats_of(&sku.id, warehouse, None);
            if shown != Ats::Units(0) {
                left.push(format!(
                    "{} {} {} in {warehouse}: JOOR shows {shown:?}",
                    sku.name, sku.color, sku.size
                ));
            }
        }
    }
    left
}
