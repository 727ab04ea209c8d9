//! A faithful stand-in for the parts of Shopify and JOOR that atsync meets.

pub mod catalogue;
pub mod joor;
pub mod shopify;
pub mod wire;
