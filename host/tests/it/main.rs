//! The machine room over real HTTP: a component that does what its settings say, small servers
//! on loopback, real files.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod access;
mod credentials;
mod engine;
mod http;
mod lines;
mod pass;
mod private;
mod program;
mod recording;
mod schedule;
mod secrets;
mod server;
mod store;
mod support;
mod tls;
