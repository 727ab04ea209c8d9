//! The probe: a connector without a trade, for the host kit. Its settings hold a script of
//! effects; its report tells each completion as it came. A host that breaks the contract towards
//! it gets a `permanent-protocol` fault that says how.

pub mod bindings;
pub mod manifest;
pub mod pass;
pub mod script;
pub mod shown;

#[cfg(target_arch = "wasm32")]
mod guest;
