//! The component's exports. One instance drives one pass.

#![expect(
    unsafe_code,
    reason = "the generated exports are raw symbols; nothing here is written by hand"
)]

use std::cell::RefCell;

use crate::bindings::exports::atsync::connector::manifest::{Description, Finding};
use crate::bindings::exports::atsync::connector::policy::{
    AvailabilityAnswer, ClaimDecision, Item, Level, OpenClaim, OrderLine,
};
use crate::bindings::exports::atsync::connector::reconcile::{Completion, Fault, Job, Turn};
use crate::bindings::exports::atsync::connector::{manifest, policy, reconcile};
use crate::pass::{Pass, broken};

thread_local!(static PASS: RefCell<Option<Pass>> = const { RefCell::new(None) });

struct Probe;

impl manifest::Guest for Probe {
    fn describe() -> Description {
        crate::manifest::describe()
    }

    fn check_settings(settings: String) -> Vec<Finding> {
        crate::manifest::check_settings(&settings)
    }
}

impl reconcile::Guest for Probe {
    fn start(job: Job) -> Result<Turn, Fault> {
        PASS.with_borrow_mut(|pass| match pass {
            Some(_) => Err(broken("start was called twice on one instance")),
            None => pass.insert(Pass::new(&job)?).go_on(),
        })
    }

    fn resume(completions: Vec<Completion>) -> Result<Turn, Fault> {
        PASS.with_borrow_mut(|pass| match pass {
            Some(pass) => pass.resume(completions),
            None => Err(broken("resume was called before start")),
        })
    }
}

impl policy::Guest for Probe {
    fn availability(
        _: String,
        _: Item,
        _: Vec<Level>,
        _: Vec<OpenClaim>,
    ) -> Result<AvailabilityAnswer, String> {
        Err("The probe has no trade.".to_owned())
    }

    fn claim(_: String, _: String, _: Vec<OrderLine>) -> Result<ClaimDecision, String> {
        Err("The probe has no trade.".to_owned())
    }
}

crate::bindings::export!(Probe with_types_in crate::bindings);
