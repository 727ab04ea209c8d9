//! The component's exports. One instance drives one pass, so the pass lives in the instance.

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
use crate::io::{Pass, protocol_fault};

thread_local!(static PASS: RefCell<Option<Pass>> = const { RefCell::new(None) });

struct Connector;

impl manifest::Guest for Connector {
    fn describe() -> Description {
        crate::manifest::describe()
    }

    fn check_settings(settings: String) -> Vec<Finding> {
        crate::manifest::check_settings(&settings)
    }
}

impl reconcile::Guest for Connector {
    fn start(job: Job) -> Result<Turn, Fault> {
        if PASS.with_borrow(Option::is_some) {
            return Err(protocol_fault("start was called twice on one instance"));
        }
        let (pass, turn) = crate::flow::start(job);
        PASS.set(Some(pass));
        turn
    }

    fn resume(completions: Vec<Completion>) -> Result<Turn, Fault> {
        PASS.with_borrow_mut(|pass| match pass {
            Some(pass) => pass.resume(completions),
            None => Err(protocol_fault("resume was called before start")),
        })
    }
}

impl policy::Guest for Connector {
    fn availability(
        settings: String,
        item: Item,
        levels: Vec<Level>,
        open_claims: Vec<OpenClaim>,
    ) -> Result<AvailabilityAnswer, String> {
        crate::policy::availability(&settings, &item, &levels, &open_claims)
    }

    fn claim(
        settings: String,
        linesheet_code: String,
        lines: Vec<OrderLine>,
    ) -> Result<ClaimDecision, String> {
        crate::policy::claim(&settings, &linesheet_code, &lines)
    }
}

crate::bindings::export!(Connector with_types_in crate::bindings);
