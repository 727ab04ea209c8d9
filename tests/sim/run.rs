//! A run: passes while things go wrong, then passes until all is as it should be.

use std::collections::BTreeMap;

use atsync_plugin::bindings::exports::atsync::connector::reconcile::Mode;
use atsync_plugin::ledger::FullRead;
use atsync_plugin::ledger::orders::{OrderEntry, State};
use atsync_sandbox::joor::{Ats, ExportStatus, OrderStatus};
use serde_json::Value;

use super::form::Form;
use super::host::{End, Host};
use super::model::{Moment, is_shown, warehouses};
use super::oracle::Broken;
use super::plan::Plan;
use super::trace::Trace;
use super::world::{Order, World};

/// Passes after which all must be as it should be.
const PASSES_MAX: u32 = 45;

/// Passes in a row that find nothing to do, before it is believed: what the connector wrote itself
/// makes it write no more.
const QUIET: u32 = 2;

/// How old the connector lets JOOR's catalogue grow, in milliseconds: the default of its setting
/// `catalogue_hours`.
const CATALOGUE_AGE: u64 = 6 * 3_600_000;

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

/// Runs a plan.
pub fn run(plan: &Plan, form: &mut dyn Form, trace: Trace) -> Ran {
    let mut host = Host::new(plan, trace);
    let mut passes = 0;
    let broken = all(&mut host, form, &mut passes).err();
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
    let (mut quiet, mut left) = (0, Vec::new());
    for _ in 0..PASSES_MAX {
        let before = host.watch.footprint(&host.world).written();
        one(host, *passes, form)?;
        *passes += 1;
        left = unsettled(host);
        let after = host.watch.footprint(&host.world).written();
        if before != after {
            left.push(format!(
                "no echo: it still writes: {before:?} became {after:?}"
            ));
        }
        quiet = if left.is_empty() { quiet + 1 } else { 0 };
        if quiet == QUIET {
            for law in ["the world converges", "no echo", "a plan finds nothing"] {
                host.watch.checked(law);
            }
            return a_plan_finds_nothing(host, *passes, form);
        }
    }
    Err(Broken::new("the world converges", left.join("\n")))
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
fn unsettled(host: &Host<'_>) -> Vec<String> {
    let ledger = host.ledger();
    let mut left = unpublished(host, &ledger);
    left.extend(phantoms(host));
    let full_read = ledger.get("full-read");
    let full_read: Option<FullRead> = full_read.and_then(|text| serde_json::from_str(text).ok());
    // A basis of 0: a reading by the new one did not come to its end.
    let is_over = |read: FullRead| read.read_at != 0 && read.basis != 0 && read.bulk.is_none();
    if !full_read.is_some_and(is_over) {
        left.push("the shop's stock is still being read".into());
    }
    let unsettled = |order: &Order| {
        let entry = entry_of(&ledger, order);
        let why = order_is_settled(&host.world, host.watch.since, order, entry.as_ref())?;
        Some(format!(
            "order {}: {why}; the ledger has {:?}",
            order.id,
            entry.map(|entry| (entry.state, entry.parked))
        ))
    };
    left.extend(host.world.orders.iter().filter_map(unsettled));
    left
}

/// The numbers on JOOR that are not what they should be.
fn unpublished(host: &Host<'_>, ledger: &BTreeMap<String, String>) -> Vec<String> {
    let (world, brand) = (&host.world, &host.plan.brand);
    let now = Moment::of(world);
    let mut left = Vec::new();
    for (place, variant) in world.variants.iter().enumerate() {
        if !variant.on_joor || world.refused.contains(&place) {
            continue;
        }
        let waits = |(at, order): &(usize, &Order)| {
            let known = ledger.contains_key(&format!("order/{}", order.id));
            let shown = now.in_shop.get(*at).copied().unwrap_or(false);
            known && !shown && !order.is_made_to_order() && world.is_approved(order)
        };
        let waiting = world.orders.iter().enumerate().filter(waits);
        let claimed: i64 = waiting
            .map(|(_, order)| units_now(world, order, place))
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

fn entry_of(ledger: &BTreeMap<String, String>, order: &Order) -> Option<OrderEntry> {
    let text = ledger.get(&format!("order/{}", order.id))?;
    serde_json::from_str(text).ok()
}

/// The SKUs that JOOR combined by itself and that are not at zero. "No record is not zero."
fn phantoms(host: &Host<'_>) -> Vec<String> {
    let (joor, brand) = (&host.world.sandbox.joor, &host.plan.brand);
    let mut left = Vec::new();
    for sku in joor.skus().filter(|sku| sku.external_id.is_none()) {
        let style = sku.style.as_deref().and_then(|style| style.parse().ok());
        let Some(style) = style else { continue };
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

/// Units of a variant that an order asks for now.
fn units_now(world: &World, order: &Order, place: usize) -> i64 {
    let Some(view) = world.sandbox.joor.order(order.id) else {
        return 0;
    };
    let lines = order.lines.iter().zip(&view.content.lines);
    lines
        .filter(|((of, ..), _)| *of == place)
        .map(|(_, line)| line.units())
        .sum()
}

/// None: nothing is left to do for the order. "Isolation": what cannot be taken over is parked
/// with its reason, and all others go on.
fn order_is_settled(
    world: &World,
    since: Option<u64>,
    order: &Order,
    entry: Option<&OrderEntry>,
) -> Option<String> {
    let view = world.sandbox.joor.order(order.id)?;
    let made: Vec<_> = world
        .sandbox
        .shop
        .orders()
        .filter(|made| super::oracle::of_joor(world, made).is_some_and(|(of, _)| of.id == order.id))
        .collect();
    let live = made.iter().any(|made| !made.is_cancelled());
    let shipped = made
        .iter()
        .any(|made| made.fulfillment_status() != "UNFULFILLED");
    let Some(entry) = entry else {
        let history = since.is_none_or(|since| order.approved_at <= since);
        return (live || !history && !order.cancelled).then(|| "nobody knows of it".into());
    };
    let parked = entry.parked.is_some();
    if view.status == OrderStatus::Cancelled {
        return (live && !shipped && !parked)
            .then(|| "it is cancelled on JOOR and not in Shopify".into());
    }
    match entry.state {
        _ if parked => None,
        State::Created if view.export_status != ExportStatus::Success => {
            Some("JOOR was not told".into())
        }
        State::Created if made.is_empty() => Some("it is said to be in Shopify and is not".into()),
        State::Created => None,
        state => Some(format!("it is {}", state.word())),
    }
}
