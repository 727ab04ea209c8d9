//! The host: runs a connector component that asks for effects, performs them within what the
//! operator allows, and keeps the connector's ledger. It knows nothing of any trade; what it
//! talks to, and how, comes from the component's manifest.

pub mod clock;
pub mod component;
pub mod connection;
mod credentials;
pub mod effects;
pub mod engine;
pub mod pass;
pub mod problem;
pub mod recording;
pub mod restate;
pub mod schedule;
pub mod server;
pub mod store;
#[cfg(test)]
mod tries;
