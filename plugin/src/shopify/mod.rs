//! What is said to Shopify's Admin GraphQL API, and what its answers mean.

pub mod bulk;
pub mod changes;
pub mod client;
pub mod incoming;
pub mod lines;
pub mod locations;
pub mod operations;
pub mod order_input;
pub mod order_state;
pub mod orders;
pub mod variant;
