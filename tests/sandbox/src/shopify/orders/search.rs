//! `orders`: the search index, which lags behind, and the order of its answers.

use super::{OrderId, OrderRecord};
use crate::shopify::Shop;
use crate::shopify::node::Node;
use crate::shopify::page::Records;
use crate::shopify::search::{Query, Term};
use crate::shopify::store::{Seconds, seconds};

/// The search fields of `orders` that are played. The star stands for any namespace and key.
pub(crate) const SEARCH_FIELDS: &[&str] = &[
    "id",
    "created_at",
    "processed_at",
    "updated_at",
    "tag",
    "name",
    "email",
    "po_number",
    "source_identifier",
    "source_name",
    "customer_id",
    "metafields.*",
];

impl Shop {
    /// The orders that the index knows and that match, sorted.
    pub(crate) fn orders_by(&self, query: &Query, sort: Option<&str>) -> Records<'static> {
        let mut found: Vec<(u64, u64, Node)> = self
            .orders
            .ids()
            .filter_map(|id| {
                let order = self.orders.get(id)?;
                let updated = self.indexed(order)?;
                let key = match sort {
                    Some("UPDATED_AT") => u64::from(updated),
                    Some("CREATED_AT") => u64::from(seconds(order.created_at)),
                    Some("ID") => id.number(),
                    _ => u64::from(order.processed),
                };
                query
                    .matches(&|term| self.order_matches(id, order, updated, term))
                    .then_some((key, id.number(), Node::Order(id)))
            })
            .collect();
        found.sort_by_key(|(key, number, _)| (*key, *number));
        Records::sorted(found)
    }

    /// When the index last saw the order change, if it knows the order yet.
    fn indexed(&self, order: &OrderRecord) -> Option<Seconds> {
        let lag = self.options.orders.search_lag_ms;
        let seen = order
            .touched
            .iter()
            .rev()
            .find(|at| at.saturating_add(lag) <= self.now);
        seen.copied().map(seconds)
    }

    fn order_matches(
        &self,
        id: OrderId,
        order: &OrderRecord,
        updated: Seconds,
        term: &Term,
    ) -> bool {
        let is = |text: &Option<String>| term.is(text.as_deref().unwrap_or_default());
        match term.field.as_str() {
            "id" => term.id(id.number()),
            "created_at" => term.at(seconds(order.created_at)),
            "processed_at" => term.at(order.processed),
            "updated_at" => term.at(updated),
            "tag" => order.tags.iter().any(|tag| term.is(tag)),
            "name" | "" => term.is(&order.name) || term.is(order.name.trim_start_matches('#')),
            "email" => is(&order.email),
            "po_number" => is(&order.po_number),
            "source_identifier" => is(&order.source_identifier),
            "source_name" => is(&order.source_name),
            "customer_id" => order
                .customer
                .is_some_and(|customer| term.id(customer.number())),
            field => {
                let path = field.strip_prefix("metafields.").unwrap_or_default();
                let (namespace, key) = path.split_once('.').unwrap_or_default();
                // Only metafields with a definition are in the index.
                self.orders.definition("ORDER", namespace, key).is_some()
                    && order
                        .metafield(namespace, key)
                        .is_some_and(|(_, held)| term.is(&held.value))
            }
        }
    }
}
