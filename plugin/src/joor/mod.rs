//! What is said to JOOR's v2 and v4 APIs, and what their answers mean.

pub mod catalogue;
pub mod client;
pub mod credits;
pub mod inventory;
pub mod orders;
