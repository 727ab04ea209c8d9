//! Who answers a case: the plugin's functions, or the component (`component.rs`).

use atsync_plugin::bindings::exports::atsync::connector::manifest::Finding;
use atsync_plugin::bindings::exports::atsync::connector::policy::{
    AvailabilityAnswer, ClaimDecision, Item, Level, OpenClaim, OrderLine,
};

/// The pure questions of the contract.
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
}

/// The plugin's functions, called as they are.
pub struct Native;

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
}
