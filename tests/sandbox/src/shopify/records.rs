//! Which records belong to each connection, in which order, filtered by its search.

use super::Shop;
use super::ids::Kind;
use super::node::{Node, Refusal};
use super::page::Records;
use super::plan::Field;
use super::search::{Query, Term};
use super::store::{LocationId, ProductId, Seconds, Stocked, VariantId, place};
use crate::catalogue::Status;
use crate::wire::Millis;

impl Shop {
    /// The records of a connection field.
    pub(crate) fn records<'a>(
        &'a self,
        parent: &Node,
        field: &Field,
    ) -> Result<Records<'a>, Refusal> {
        let mut query = Query::read(field.text("query").unwrap_or_default());
        let mut refused = Vec::new();
        query.refuse_fields(known_fields(parent, &field.name), &mut refused);
        let mut records = match (parent, field.name.as_str()) {
            (Node::Query, "productVariants") => self.variants(query, field.text("sortKey")),
            (Node::Query, "inventoryItems") => self.items(query),
            (Node::Query, "products") => self.products_by(query, field.text("sortKey")),
            (Node::Query, "locations") => self.locations_by(&query, field),
            (Node::Query, "inventoryShipments") => self.shipments_by(&query),
            (Node::Query, "inventoryTransfers") => self.transfers_by(&query),
            (Node::Query, "bulkOperations") => self.bulk_operations_by(&query),
            (Node::Query, "webhookSubscriptions") => Records::list(self.webhooks.nodes()),
            (Node::Query, "orders") => self.orders_by(&query, field.text("sortKey")),
            (Node::Order(order), "lineItems") => self.lines_of_order(*order),
            (Node::Order(order), "shippingLines") => self.shipping_lines_of_order(*order),
            (Node::Order(order), "fulfillmentOrders") => self.parts_of_order(*order),
            (Node::FulfillmentOrder(part), "lineItems") => self.lines_of_part(*part),
            (Node::Location(location), "inventoryLevels") => {
                self.levels_at(*location, query, field.flag("includeInactive"))
            }
            (Node::Item(item), "inventoryLevels") => {
                self.levels_of(*item, &query, field.flag("includeInactive"))
            }
            (Node::Item(item), "variants") => {
                Records::list(vec![(item.number(), Node::Variant(*item))])
            }
            (Node::Product(product), "variants") => self.variants_in(*product),
            (Node::Shipment(shipment), "lineItems") => {
                Records::list(self.shipping.lines(*shipment))
            }
            (Node::Transfer(transfer), "shipments") => {
                Records::list(self.shipping.shipments_of(*transfer))
            }
            _ => return Err(Refusal::internal()),
        };
        records.refused = refused;
        Ok(records)
    }

    /// When a record last changed, as far as the index of searches knows.
    fn indexed_change(&self, updated: Seconds) -> Seconds {
        match self.options.change_lag_ms {
            lag if Millis::from(updated) * 1_000 + lag > self.now && lag > 0 => 0,
            _ => updated,
        }
    }

    fn variants(&self, query: Query, sort: Option<&str>) -> Records<'_> {
        let at = move |index| {
            let id = VariantId(place(index));
            let found = self.store.variant(id).is_some()
                && query.matches(&|term| self.variant_matches(id, term));
            found.then_some(Node::Variant(id))
        };
        if sort != Some("SKU") {
            return Records::table(Kind::ProductVariant, self.store.variants.len(), at);
        }
        let mut found: Vec<VariantId> = (0..self.store.variants.len())
            .filter(|index| at(*index).is_some())
            .map(|index| VariantId(place(index)))
            .collect();
        found.sort_by_key(|id| {
            self.store
                .variant(*id)
                .and_then(|variant| variant.sku.as_deref())
        });
        Records::list(
            found
                .into_iter()
                .map(|id| (id.number(), Node::Variant(id)))
                .collect(),
        )
    }

    fn variant_matches(&self, id: VariantId, term: &Term) -> bool {
        let Some(variant) = self.store.variant(id) else {
            return false;
        };
        let product = ProductId(variant.product);
        match term.field.as_str() {
            "id" => term.id(id.number()),
            "updated_at" => term.at(self.indexed_change(variant.updated)),
            "product_id" | "product_ids" => term.id(product.number()),
            "sku" => term.is(variant.sku.as_deref().unwrap_or_default()),
            "barcode" => term.is(variant.barcode.as_deref().unwrap_or_default()),
            "location_id" => (0..self.store.locations.len())
                .map(|index| LocationId(place(index)))
                .filter(|location| term.id(location.number()))
                .any(|location| self.store.level(location, id).is_some()),
            "product_status" => self.product_matches(product, term),
            "tag" | "vendor" | "product_type" => self.product_matches(product, term),
            "" => term.is(variant.sku.as_deref().unwrap_or_default()),
            _ => false,
        }
    }

    fn products_by(&self, query: Query, sort: Option<&str>) -> Records<'_> {
        let at = move |index| {
            let id = ProductId(place(index));
            let found = self.store.product(id).is_some()
                && query.matches(&|term| self.product_matches(id, term));
            found.then_some(Node::Product(id))
        };
        if !matches!(sort, Some("UPDATED_AT" | "TITLE")) {
            return Records::table(Kind::Product, self.store.products.len(), at);
        }
        let mut found: Vec<ProductId> = (0..self.store.products.len())
            .filter(|index| at(*index).is_some())
            .map(|index| ProductId(place(index)))
            .collect();
        let record = |id: &ProductId| self.store.product(*id);
        if sort == Some("TITLE") {
            found.sort_by_key(|id| record(id).map(|product| &product.title));
        } else {
            found.sort_by_key(|id| record(id).map(|product| product.updated));
        }
        Records::list(
            found
                .into_iter()
                .map(|id| (id.number(), Node::Product(id)))
                .collect(),
        )
    }

    fn product_matches(&self, id: ProductId, term: &Term) -> bool {
        let Some(product) = self.store.product(id) else {
            return false;
        };
        let words = &self.store.words;
        match term.field.as_str() {
            "id" => term.id(id.number()),
            "updated_at" => term.at(self.indexed_change(product.updated)),
            "created_at" => term.at(product.created),
            "handle" => term.is(&product.handle),
            "title" | "" => term.is(&product.title),
            "vendor" => term.is(words.text(product.vendor)),
            "product_type" => term.is(words.text(product.product_type)),
            "tag" => product.tags.iter().any(|tag| term.is(words.text(*tag))),
            "status" | "product_status" => term.is_one_of(status_name(product.status)),
            "sku" => self
                .store
                .variants_of(product)
                .any(|id| self.variant_matches(id, term)),
            _ => false,
        }
    }

    fn items(&self, query: Query) -> Records<'_> {
        Records::table(
            Kind::InventoryItem,
            self.store.variants.len(),
            move |index| {
                let id = VariantId(place(index));
                let item = self.store.variant(id)?;
                let found = query.matches(&|term| match term.field.as_str() {
                    "id" => term.id(id.item_number()),
                    "updated_at" => term.at(self.indexed_change(item.item_updated)),
                    "sku" | "" => term.is(item.sku.as_deref().unwrap_or_default()),
                    _ => false,
                });
                found.then_some(Node::Item(id))
            },
        )
    }

    fn variants_in(&self, product: ProductId) -> Records<'_> {
        let product = self.store.product(product);
        let found = product
            .into_iter()
            .flat_map(|product| self.store.variants_of(product));
        Records::list(found.map(|id| (id.number(), Node::Variant(id))).collect())
    }

    fn locations_by(&self, query: &Query, field: &Field) -> Records<'_> {
        let mut found: Vec<LocationId> = self.location_ids().collect();
        found.retain(|id| {
            self.store.location(*id).is_some_and(|location| {
                (location.active || field.flag("includeInactive"))
                    && (!location.fulfillment_service || field.flag("includeLegacy"))
                    && query.matches(&|term| match term.field.as_str() {
                        "id" | "location_id" => term.id(id.number()),
                        "name" | "" => term.is(&location.name),
                        "active" => term.is(if location.active { "true" } else { "false" }),
                        "created_at" => term.at(location.created),
                        _ => false,
                    })
            })
        });
        if field.text("sortKey") != Some("ID") {
            found.sort_by_key(|id| self.store.location(*id).map(|location| &location.name));
        }
        Records::list(
            found
                .into_iter()
                .map(|id| (id.number(), Node::Location(id)))
                .collect(),
        )
    }

    fn levels_at(&self, location: LocationId, query: Query, inactive: bool) -> Records<'_> {
        Records::table(
            Kind::InventoryItem,
            self.store.variants.len(),
            move |index| {
                let variant = VariantId(place(index));
                self.level_matches(location, variant, &query, inactive)
                    .then_some(Node::Level(location, variant))
            },
        )
    }

    fn levels_of(&self, variant: VariantId, query: &Query, inactive: bool) -> Records<'_> {
        let found = self
            .location_ids()
            .filter(|location| self.level_matches(*location, variant, query, inactive))
            .map(|location| (location.number(), Node::Level(location, variant)))
            .collect();
        Records::list(found)
    }

    fn level_matches(
        &self,
        location: LocationId,
        variant: VariantId,
        query: &Query,
        inactive: bool,
    ) -> bool {
        self.store.level(location, variant).is_some_and(|level| {
            (level.stocked == Stocked::Yes || inactive)
                && query.matches(&|term| match term.field.as_str() {
                    "updated_at" => term.at(self.indexed_change(level.updated)),
                    "created_at" => term.at(level.created),
                    "inventory_item_id" => term.id(variant.item_number()),
                    "id" => term.id(Kind::InventoryLevel.number(location.index())),
                    _ => false,
                })
        })
    }

    fn shipments_by(&self, query: &Query) -> Records<'_> {
        Records::list(self.shipping.shipments_where(|shipment| {
            query.matches(&|term| match term.field.as_str() {
                "id" => term.id(shipment.number()),
                "status" => term.is_one_of(shipment.status.name()),
                "destination_id" => term.id(shipment.destination.number()),
                _ => false,
            })
        }))
    }

    fn transfers_by(&self, query: &Query) -> Records<'_> {
        Records::list(self.shipping.transfers_where(|transfer| {
            query.matches(&|term| match term.field.as_str() {
                "id" => term.id(transfer.number()),
                "status" => term.is_one_of(transfer.status()),
                "destination_id" => term.id(transfer.destination.number()),
                _ => false,
            })
        }))
    }

    fn bulk_operations_by(&self, query: &Query) -> Records<'_> {
        Records::list(self.bulk.nodes_where(|operation| {
            query.matches(&|term| match term.field.as_str() {
                "id" => term.id(operation.number()),
                "status" => term.is_one_of(operation.status.name()),
                "operation_type" => term.is_one_of("query"),
                "created_at" => term.at(operation.created),
                _ => false,
            })
        }))
    }
}

/// The search fields that this connection of the sandbox knows. The real one may know more.
fn known_fields(parent: &Node, name: &str) -> &'static [&'static str] {
    match (parent, name) {
        (Node::Query, "productVariants") => &[
            "id",
            "updated_at",
            "product_id",
            "product_ids",
            "sku",
            "barcode",
            "location_id",
            "product_status",
            "tag",
            "vendor",
            "product_type",
        ],
        (Node::Query, "products") => &[
            "id",
            "updated_at",
            "created_at",
            "handle",
            "title",
            "vendor",
            "product_type",
            "tag",
            "status",
            "sku",
        ],
        (Node::Query, "inventoryItems") => &["id", "updated_at", "sku"],
        (Node::Query, "locations") => &["id", "location_id", "name", "active", "created_at"],
        (Node::Query, "inventoryShipments" | "inventoryTransfers") => {
            &["id", "status", "destination_id"]
        }
        (Node::Query, "bulkOperations") => &["id", "status", "operation_type", "created_at"],
        (Node::Query, "orders") => super::orders::SEARCH_FIELDS,
        (_, "inventoryLevels") => &["id", "updated_at", "created_at", "inventory_item_id"],
        _ => &[],
    }
}

/// The status in the API's spelling.
pub(crate) fn status_name(status: Status) -> &'static str {
    match status {
        Status::Active => "ACTIVE",
        Status::Draft => "DRAFT",
        Status::Archived => "ARCHIVED",
    }
}
