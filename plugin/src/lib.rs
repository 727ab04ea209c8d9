//! The connector: keeps a brand's available-to-sell stock on JOOR in step with Shopify.
//!
//! Built for `wasm32-unknown-unknown` it is a component that exports `atsync:connector` and
//! imports nothing. Built natively it is the same flows for tests and simulation.
//!
//! Dependencies point inward: [`core`] knows nobody; [`shopify`] and [`joor`] know what is said
//! to each API; [`flow`] brings them together over [`io`] and [`ledger`].
//!
//! **Architecture Invariant:** there is no clock, no randomness, no network and no file in this
//! crate. Time is `completion.at`; everything else is asked for.

pub mod asked;
pub mod bindings;
pub mod core;
pub mod flow;
pub mod halt;
pub mod http;
pub mod io;
pub mod joor;
pub mod ledger;
pub mod manifest;
pub mod policy;
pub mod shopify;

#[cfg(target_arch = "wasm32")]
mod guest;
