//! Makes a failing run small: what can be left out while the same law is broken is left out.

use super::brand::Webhooks;
use super::form::Native;
use super::plan::Plan;
use super::run::run;
use super::trace::Trace;

/// Runs tried at most.
const TRIES_MAX: u32 = 600;

/// The smallest plan found that breaks the same law.
pub fn shrink(plan: &Plan, law: &str) -> Plan {
    let mut tries = 0;
    let mut breaks = |plan: &Plan| {
        tries += 1;
        let broken = || run(plan, &mut Native::default(), Trace::default()).broken;
        tries <= TRIES_MAX && broken().is_some_and(|broken| broken.law == law)
    };
    let mut small = plan.clone();
    loop {
        let before = small.clone();
        without_events(&mut small, &mut breaks);
        for change in changes(&before) {
            let mut simpler = small.clone();
            change(&mut simpler);
            if simpler != small && breaks(&simpler) {
                small = simpler;
            }
        }
        if small == before {
            return small;
        }
    }
}

/// Leaves out events: half of them, then quarters, and so on.
fn without_events(small: &mut Plan, breaks: &mut impl FnMut(&Plan) -> bool) {
    let mut some = small.events.len();
    while some > 0 {
        let mut at = 0;
        while at < small.events.len() {
            let mut fewer = small.clone();
            fewer.events.drain(at..(at + some).min(small.events.len()));
            if breaks(&fewer) {
                *small = fewer;
            } else {
                at += some;
            }
        }
        some /= 2;
    }
}

/// Something left out of a plan.
type Change = Box<dyn Fn(&mut Plan)>;

/// What makes a plan simpler, one thing at a time.
fn changes(plan: &Plan) -> Vec<Change> {
    let mut all: Vec<Change> = vec![
        Box::new(|plan| plan.brand.webhooks = Webhooks::default()),
        Box::new(|plan| plan.brand.two_warehouses = false),
        Box::new(|plan| plan.brand.opposite.clear()),
        Box::new(|plan| plan.brand.partial = false),
        Box::new(|plan| plan.brand.acknowledge_v2 = false),
        Box::new(|plan| plan.brand.follow_policy = false),
        Box::new(|plan| (plan.brand.reserve, plan.brand.percentage) = (0, 100)),
        Box::new(|plan| plan.passes = plan.events.last().map_or(1, |event| event.pass + 1)),
    ];
    for quirk in plan.brand.quirks.clone() {
        all.push(Box::new(move |plan| {
            plan.brand.quirks.retain(|other| *other != quirk);
        }));
    }
    for style in plan.brand.styles.clone() {
        all.push(Box::new(move |plan| {
            if plan.brand.styles.len() > 1 {
                plan.brand.styles.retain(|other| *other != style);
            }
        }));
    }
    all
}
