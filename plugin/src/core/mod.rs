//! The functional core: what atsync decides, and why.
//!
//! **Architecture Invariant:** nothing here asks for an effect, reads a clock or depends on the
//! order of a hash. The core does not fail for reasons of I/O: it computes a value and findings.

pub mod availability;
pub mod bitmap;
pub mod brake;
pub mod claim;
pub mod clock;
pub mod finding;
pub mod id;
pub mod money;
pub mod order;
pub mod rules;
pub mod schema;
pub mod settings;
pub mod snapshot;
pub mod style;
pub mod text;
pub mod time;
