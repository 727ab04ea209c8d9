//! Stories of a brand, over real HTTP: a simulated shop and JOOR account, the real host, the
//! real component, and one clock for all that leaps where somebody waits.
//!
//! Each test is a story that reads like the sentence it is named after. A story begins with a
//! [`brand`], takes place in its [`world`], and is judged by the [`truth`].

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod answers;
mod brake;
mod brand;
mod bulk;
mod clock;
mod clocks;
mod cut;
mod damaged;
mod duplicates;
mod future;
mod limits;
mod order_desk;
mod orders;
mod orders_after;
mod orders_balance;
mod orders_content;
mod orders_forgotten;
mod orders_linked;
mod orders_odd;
mod orders_offer;
mod orders_once;
mod orders_short;
mod orders_told;
mod places;
mod protocol;
mod questions;
mod refusals;
mod replay;
mod report;
mod rhythm;
mod secrets;
mod stock;
mod styles;
mod truth;
mod versions;
mod world;
