//! Who answers a case: the plugin's functions, or the component (`component.rs`).

use atsync_plugin::bindings::exports::atsync::connector::manifest::Finding;
use atsync_plugin::bindings::exports::atsync::connector::policy::{
    AvailabilityAnswer, ClaimDecision, Item, Level, OpenClaim, OrderLine,
};
use atsync_plugin::bindings::exports::atsync::connector::reconcile::{
    Completion, Fault, Job, Turn,
};
use atsync_plugin::io::Pass;

/// What the contract can be asked.
pub trait Answers {
    /// `policy.availability`
    fn availability(
        &mut self,
        settings: &str,
        item: &Item,
        levels: &[Level],
        open_claims: &[OpenClaim],
    ) -> Result<AvailabilityAnswer, String>;

    /// `policy.claim`
    fn claim(
        &mut self,
        settings: &str,
        code: &str,
        lines: &[OrderLine],
    ) -> Result<ClaimDecision, String>;

    /// `manifest.check-settings`
    fn check_settings(&mut self, settings: &str) -> Vec<Finding>;

    /// `reconcile.start`, on a fresh instance.
    fn start(&mut self, job: Job) -> Result<Turn, Fault>;

    /// `reconcile.resume`, on the same instance.
    fn resume(&mut self, completions: Vec<Completion>) -> Result<Turn, Fault>;
}

/// The plugin's functions, called as they are.
#[derive(Default)]
pub struct Native(Option<Pass>);

impl Answers for Native {
    fn availability(
        &mut self,
        settings: &str,
        item: &Item,
        levels: &[Level],
        open_claims: &[OpenClaim],
    ) -> Result<AvailabilityAnswer, String> {
        atsync_plugin::policy::availability(settings, item, levels, open_claims)
    }

    fn claim(
        &mut self,
        settings: &str,
        code: &str,
        lines: &[OrderLine],
    ) -> Result<ClaimDecision, String> {
        atsync_plugin::policy::claim(settings, code, lines)
    }

    fn check_settings(&mut self, settings: &str) -> Vec<Finding> {
        atsync_plugin::manifest::check_settings(settings)
    }
    fn start(&mut self, job: Job) -> Result<Turn, Fault> {
        let (pass, turn) = atsync_plugin::flow::start(job);
        self.0 = Some(pass);
        turn
    }

    fn resume(&mut self, completions: Vec<Completion>) -> Result<Turn, Fault> {
        self.0
            .as_mut()
            .expect("a pass was started")
            .resume(completions)
    }
}
