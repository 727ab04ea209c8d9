//! A Shopify shop as a deterministic machine: requests and points in time in, answers out.
//!
//! It plays the Admin GraphQL API with its costs and throttling, bulk operations and their
//! files, token grants and webhooks, and has [levers](Shop) for what people do in the admin.

mod bulk;
mod bulk_file;
mod bulk_rules;
mod cost;
mod events;
mod fields;
mod graphql;
mod http;
mod ids;
mod levers;
mod mutations;
mod node;
mod options;
mod orders;
mod page;
mod plan;
mod quantities;
mod records;
mod search;
mod shipping;
mod spool;
mod stock_fields;
pub(crate) mod store;
pub(crate) mod time;
mod variables;
mod view;
mod walk;
mod webhooks;

#[cfg(test)]
mod oracle;

pub use bulk::BulkFailure;
pub use options::{BulkOptions, ClaimFrom, Options, OrderLimit, OrderOptions, WhenShort};
pub use orders::{
    Behaviour, CustomerId, FulfillmentOrderView, OrderId, OrderLineView, OrderView, Tracking,
};
pub use shipping::ShipmentId;
pub use store::{LocationId, ProductId, QUANTITY_MAX, State, VariantId};
pub use view::{ProductView, VariantView};
pub use webhooks::{Delivery, sign};

pub(crate) use http::operation;

/// A shop.
#[derive(Debug)]
pub struct Shop {
    options: Options,
    /// Where clients reach this side, without a slash at the end; bulk results are under it.
    public_url: String,
    store: store::Store,
    shipping: shipping::Shipping,
    bulk: bulk::Operations,
    webhooks: webhooks::Webhooks,
    orders: orders::Orders,
    bucket: cost::Bucket,
    keys: mutations::Keys,
    /// Tokens that were granted, with the time at which they end.
    granted: std::collections::BTreeMap<String, crate::wire::Millis>,
    /// Requests answered.
    requests: u64,
    /// The time of the query that is being answered: indexes lag behind it.
    now: crate::wire::Millis,
    /// Quantities changed by mutations, for ids.
    adjustments: usize,
    /// Changes of state since the beginning, bulk operations and token grants not counted.
    changed: u64,
}

impl Shop {
    /// An empty shop without a location.
    pub fn new(options: Options) -> Self {
        Self {
            public_url: format!("https://{}", options.domain),
            store: store::Store::default(),
            shipping: shipping::Shipping::default(),
            bulk: bulk::Operations::default(),
            webhooks: webhooks::Webhooks::default(),
            orders: orders::Orders::default(),
            bucket: cost::Bucket::new(options.cost_maximum, options.cost_restore_rate),
            keys: mutations::Keys::default(),
            granted: std::collections::BTreeMap::new(),
            requests: 0,
            now: 0,
            adjustments: 0,
            changed: 0,
            options,
        }
    }

    /// Says where clients reach this side.
    pub fn set_public_url(&mut self, url: &str) {
        url.trim_end_matches('/').clone_into(&mut self.public_url);
    }

    /// The options, to look at and to change while it runs.
    pub fn options_mut(&mut self) -> &mut Options {
        &mut self.options
    }

    /// The options.
    pub fn options(&self) -> &Options {
        &self.options
    }
}
