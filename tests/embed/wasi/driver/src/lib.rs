//! A connector as a command: with this driver in front of it, it runs wherever a released WASI
//! 0.2 is.
//!
//! The driver is a host for one pass. It imports the connector and WASI, and exports
//! `wasi:cli/run`; joined with the connector it is one component that asks for WASI alone. What
//! each effect asks of a host stands in `wit/README.md`.
//!
//! Four modules meet WASI: `system` (arguments, clocks, output), `folder` (files), `web`
//! (HTTP) and the exports in `guest`. The others are ordinary Rust and tested natively.
#![cfg_attr(
    not(target_arch = "wasm32"),
    expect(dead_code, reason = "natively there is nobody to call the command")
)]

mod bindings;
mod command;
mod credential;
mod folder;
mod ledger;
mod lines;
mod log;
mod pass;
mod problem;
mod service;
mod settings;
mod system;
mod web;

#[cfg(target_arch = "wasm32")]
mod guest;
