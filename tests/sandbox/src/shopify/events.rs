//! What webhook subscribers are told.

use serde_json::json;

use super::Shop;
use super::fields::level_gid;
use super::ids::Kind;
use super::store::{LocationId, ProductId, VariantId, seconds};
use super::time;
use crate::wire::Millis;

impl Shop {
    pub(crate) fn announce_level(
        &mut self,
        topic: &str,
        location: LocationId,
        variant: VariantId,
        now: Millis,
    ) {
        let available = self.store.quantity(location, variant, "available");
        self.announce(topic, now, || {
            json!({
                "inventory_item_id": variant.item_number(),
                "location_id": location.number(),
                "available": available,
                "updated_at": time::text(seconds(now)),
                "admin_graphql_api_id": level_gid(location, variant),
            })
        });
    }

    pub(crate) fn announce_location(&mut self, topic: &str, location: LocationId, now: Millis) {
        let record = self
            .store
            .location(location)
            .map(|record| (record.name.clone(), record.active));
        self.announce(topic, now, || {
            json!({
                "id": location.number(),
                "admin_graphql_api_id": location.gid(),
                "name": record.as_ref().map(|(name, _)| name),
                "active": record.as_ref().map(|(_, active)| active),
                "updated_at": time::text(seconds(now)),
            })
        });
    }

    pub(crate) fn announce_product(&mut self, topic: &str, product: ProductId, now: Millis) {
        let title = self
            .store
            .product(product)
            .map(|record| record.title.to_string());
        self.announce(topic, now, || {
            json!({
                "id": product.number(),
                "admin_graphql_api_id": product.gid(),
                "title": title,
                "updated_at": time::text(seconds(now)),
            })
        });
    }

    pub(crate) fn announce_bulk(&mut self, index: usize, now: Millis) {
        let Some(operation) = self.bulk.get(index) else {
            return;
        };
        let (status, created) = (operation.status.name().to_lowercase(), operation.created);
        self.announce("BULK_OPERATIONS_FINISH", now, || {
            json!({
                "admin_graphql_api_id": Kind::BulkOperation.gid(index),
                "completed_at": time::text(seconds(now)),
                "created_at": time::text(created),
                "error_code": null,
                "status": status,
                "type": "query",
            })
        });
    }
}
