//! The real program, hurt: killed at random moments, robbed of its lock, given a store that is
//! busy, full or damaged. Each test has a sandbox of its own in another process.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod books;
mod crash;
mod lease;
mod relay;
mod stage;
mod store;
mod trade;
mod webhooks;
