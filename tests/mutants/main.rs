//! What a mutant has to get past, beside the connector's unit tests: the decision tables, the laws
//! of the core, and the stories of orders, all on the plugin's own functions.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]
#![expect(dead_code, reason = "other stories of `tests/it` use the rest")]

// The stories know the host by this name.
extern crate atsync_mutants as atsync;

mod decisions;
#[path = "../properties/main.rs"]
mod laws;

#[path = "../it/brand.rs"]
mod brand;
#[path = "../it/clock.rs"]
mod clock;
#[path = "../it/cut.rs"]
mod cut;
#[path = "../it/order_desk.rs"]
mod order_desk;
#[path = "../it/orders.rs"]
mod orders;
#[path = "../it/orders_after.rs"]
mod orders_after;
#[path = "../it/orders_balance.rs"]
mod orders_balance;
#[path = "../it/orders_content.rs"]
mod orders_content;
#[path = "../it/orders_forgotten.rs"]
mod orders_forgotten;
#[path = "../it/orders_linked.rs"]
mod orders_linked;
#[path = "../it/orders_odd.rs"]
mod orders_odd;
#[path = "../it/orders_offer.rs"]
mod orders_offer;
#[path = "../it/orders_once.rs"]
mod orders_once;
#[path = "../it/orders_short.rs"]
mod orders_short;
#[path = "../it/orders_told.rs"]
mod orders_told;
#[path = "../it/report.rs"]
mod report;
#[path = "../it/truth.rs"]
mod truth;
mod versions;
#[path = "../it/world.rs"]
mod world;
