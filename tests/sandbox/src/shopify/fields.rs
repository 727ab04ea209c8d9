//! The answers of fields that are not connections: the root, the shop, locations, products and
//! variants.

use super::Shop;
use super::ids::{Gid, Kind};
use super::node::{Node, Out, Record, Refusal};
use super::plan::Field;
use super::records::status_name;
use super::store::{LocationId, ProductId, VariantId, place};
use super::view::VariantView;

pub(crate) type Answer<'a> = Result<Out<'a>, Refusal>;

impl Shop {
    /// The answer of a field of a node.
    pub(crate) fn resolve<'a>(&'a self, node: &Node, field: &Field) -> Answer<'a> {
        if field.name == "__typename" {
            return Ok(Out::text(node.typename()));
        }
        self.allowed(node, field)?;
        let answer = match node {
            Node::Query => return self.root(field),
            Node::Shop => self.shop_field(field),
            Node::App => self.app_field(field),
            Node::Location(id) => self.location_field(*id, field),
            Node::Product(id) => self.product_field(*id, field),
            Node::Variant(id) => self.variant_field(*id, field),
            Node::Item(id) => self.item_field(*id, field),
            Node::Level(location, variant) => return self.level_field(*location, *variant, field),
            Node::Quantity(location, variant, name) => {
                self.quantity_field(*location, *variant, name, field)
            }
            Node::SelectedOption(variant, place) => self.option_field(*variant, *place, field),
            Node::Shipment(index) => self.shipment_field(*index, field),
            Node::ShipmentLine(shipment, line) => self.shipment_line_field(*shipment, *line, field),
            Node::Transfer(index) => self.transfer_field(*index, field),
            Node::BulkOperation(index) => self.bulk.field(*index, field, &self.public_url),
            Node::Webhook(index) => self.webhooks.field(*index, field),
            Node::Order(id) => self.order_field(*id, field),
            Node::LineItem(order, place) => self.line_item_field(*order, *place, field),
            Node::FulfillmentOrder(index) => self.fulfillment_order_field(*index, field),
            Node::FulfillmentOrderLine(part, line) => {
                self.fulfillment_order_line_field(*part, *line, field)
            }
            Node::Fulfillment(index) => self.fulfillment_field(*index, field),
            Node::Customer(id) => self.customer_field(*id, field),
            Node::Job(index) => self.job_field(*index, field),
            Node::Record(record) => record
                .fields
                .iter()
                .find(|(name, _)| *name == field.name)
                .map(|(_, out)| out.clone()),
        };
        answer.ok_or_else(Refusal::internal)
    }

    fn root(&self, field: &Field) -> Answer<'_> {
        let id = field.text("id");
        let node = match field.name.as_str() {
            "shop" => Some(Node::Shop),
            "currentAppInstallation" => Some(Node::App),
            "location" if id.is_none() => self.location_ids().next().map(Node::Location),
            "location" => self.by_gid(id, &[Kind::Location])?,
            "product" => self.by_gid(id, &[Kind::Product])?,
            "productVariant" => self.by_gid(id, &[Kind::ProductVariant])?,
            "inventoryItem" => self.by_gid(id, &[Kind::InventoryItem])?,
            "inventoryLevel" => self.by_gid(id, &[Kind::InventoryLevel])?,
            "inventoryShipment" => self.by_gid(id, &[Kind::InventoryShipment])?,
            "inventoryTransfer" => self.by_gid(id, &[Kind::InventoryTransfer])?,
            "bulkOperation" => self.by_gid(id, &[Kind::BulkOperation])?,
            "order" => self.by_gid(id, &[Kind::Order])?,
            "orderByIdentifier" => self.order_by_identifier(field)?.map(Node::Order),
            "fulfillmentOrder" => self.by_gid(id, &[Kind::FulfillmentOrder])?,
            "customer" => self.by_gid(id, &[Kind::Customer])?,
            "job" => id.and_then(|id| self.job_by_gid(id)).map(Node::Job),
            "node" => self.by_gid(id, &[])?,
            "nodes" => {
                let found: Result<Vec<_>, _> = field
                    .texts("ids")
                    .into_iter()
                    .map(|id| self.by_gid(Some(id), &[]))
                    .collect();
                return Ok(Out::List(found?.into_iter().map(Out::from).collect()));
            }
            _ => return Err(Refusal::internal()),
        };
        Ok(node.into())
    }

    /// The record that a global id names, if it exists and is of one of these kinds (of any,
    /// where none is given).
    fn by_gid(&self, id: Option<&str>, kinds: &[Kind]) -> Result<Option<Node>, Refusal> {
        let id = id.unwrap_or_default();
        let Some(gid) = Gid::parse(id) else {
            return Err(Refusal {
                message: format!("Invalid global id '{id}'"),
                code: "argumentLiteralsIncompatible",
            });
        };
        if !kinds.is_empty() && !kinds.contains(&gid.kind) {
            return Ok(None);
        }
        let Some(index) = gid.kind.index(gid.number) else {
            return Ok(None);
        };
        Ok(match gid.kind {
            Kind::Product => {
                let id = ProductId(place(index));
                self.store.product(id).map(|_| Node::Product(id))
            }
            Kind::ProductVariant => {
                let id = VariantId(place(index));
                self.store.variant(id).map(|_| Node::Variant(id))
            }
            Kind::InventoryItem => {
                let id = VariantId(place(index));
                self.store.variant(id).map(|_| Node::Item(id))
            }
            Kind::Location => {
                let id = LocationId(place(index));
                self.store.location(id).map(|_| Node::Location(id))
            }
            Kind::InventoryLevel => self
                .level_by_gid(id)
                .map(|(location, variant)| Node::Level(location, variant)),
            Kind::InventoryShipment => self.shipping.shipment(index).map(|_| Node::Shipment(index)),
            Kind::InventoryTransfer => self.shipping.transfer(index).map(|_| Node::Transfer(index)),
            Kind::BulkOperation => self.bulk.get(index).map(|_| Node::BulkOperation(index)),
            Kind::WebhookSubscription => self.webhooks.get(index).map(|_| Node::Webhook(index)),
            Kind::Order => self.orders.by_gid(id).map(Node::Order),
            Kind::FulfillmentOrder => self
                .orders
                .fulfillment_order_by_gid(id)
                .map(Node::FulfillmentOrder),
            Kind::Fulfillment => self.orders.fulfillment_by_gid(id).map(Node::Fulfillment),
            Kind::Customer => {
                self.has_scope("read_customers", "node")?;
                self.orders.customer_by_gid(id).map(Node::Customer)
            }
            Kind::Shop => Some(Node::Shop),
            Kind::AppInstallation => Some(Node::App),
            _ => None,
        })
    }

    /// The level that a level's global id names, if there is one.
    pub(crate) fn level_by_gid(&self, id: &str) -> Option<(LocationId, VariantId)> {
        let gid = Gid::parse(id).filter(|gid| gid.kind == Kind::InventoryLevel)?;
        let location = LocationId(place(Kind::InventoryLevel.index(gid.number)?));
        let variant = VariantId(place(Kind::InventoryItem.index(gid.item?)?));
        self.store
            .level(location, variant)
            .map(|_| (location, variant))
    }

    fn shop_field(&self, field: &Field) -> Option<Out<'_>> {
        Some(match field.name.as_str() {
            "id" => Out::Gid(Kind::Shop, Kind::Shop.number(0)),
            "name" => Out::text(self.options.name.as_str()),
            "myshopifyDomain" => Out::text(self.options.domain.as_str()),
            "url" => Out::text(format!("https://{}", self.options.domain)),
            "email" => Out::text(format!("owner@{}", self.options.domain)),
            "currencyCode" => Out::text(self.options.currency.as_str()),
            "ianaTimezone" => Out::text("Europe/Paris"),
            "plan" => Record::out(
                "ShopPlan",
                vec![
                    ("partnerDevelopment", Out::Bool(true)),
                    ("publicDisplayName", Out::text("Development")),
                    ("shopifyPlus", Out::Bool(false)),
                ],
            ),
            _ => return None,
        })
    }

    fn app_field(&self, field: &Field) -> Option<Out<'_>> {
        let scope = |handle: &String| {
            let description = format!("{handle} of the shop");
            Record::out(
                "AccessScope",
                vec![
                    ("handle", Out::text(handle.clone())),
                    ("description", Out::text(description)),
                ],
            )
        };
        Some(match field.name.as_str() {
            "id" => Out::Gid(Kind::AppInstallation, Kind::AppInstallation.number(0)),
            "accessScopes" => Out::List(self.options.scopes.iter().map(scope).collect()),
            _ => return None,
        })
    }

    fn location_field(&self, id: LocationId, field: &Field) -> Option<Out<'_>> {
        let location = self.store.location(id)?;
        Some(match field.name.as_str() {
            "id" => Out::Gid(Kind::Location, id.number()),
            "legacyResourceId" => Out::Digits(id.number()),
            "name" => Out::text(location.name.as_str()),
            "isActive" => Out::Bool(location.active),
            "isFulfillmentService" => Out::Bool(location.fulfillment_service),
            "shipsInventory" => Out::Bool(location.ships_inventory),
            "fulfillsOnlineOrders" => Out::Bool(location.fulfills_online_orders),
            "hasActiveInventory" => Out::Bool(self.store.stocks_anything(id)),
            "createdAt" => Out::Time(location.created),
            "updatedAt" => Out::Time(location.updated),
            "deactivatedAt" => location.deactivated.into(),
            "inventoryLevel" => {
                let index = Gid::place(field.text("inventoryItemId")?, Kind::InventoryItem);
                let variant = index.map(|index| VariantId(place(index)));
                variant
                    .and_then(|variant| self.level(id, variant, field))
                    .into()
            }
            _ => return None,
        })
    }

    fn product_field(&self, id: ProductId, field: &Field) -> Option<Out<'_>> {
        let product = self.store.product(id)?;
        let words = &self.store.words;
        Some(match field.name.as_str() {
            "id" => Out::Gid(Kind::Product, id.number()),
            "legacyResourceId" => Out::Digits(id.number()),
            "title" => Out::text(&*product.title),
            "handle" => Out::text(&*product.handle),
            "vendor" => Out::text(words.text(product.vendor)),
            "productType" => Out::text(words.text(product.product_type)),
            "status" => Out::text(status_name(product.status)),
            "tags" => Out::texts(product.tags.iter().map(|tag| words.text(*tag))),
            "createdAt" => Out::Time(product.created),
            "updatedAt" => Out::Time(product.updated),
            "totalInventory" => Out::Int(
                self.store
                    .variants_of(product)
                    .filter(|id| {
                        self.store
                            .variant(*id)
                            .is_some_and(|variant| variant.tracked)
                    })
                    .map(|id| self.store.total_available(id))
                    .sum(),
            ),
            _ => return None,
        })
    }

    fn variant_field(&self, id: VariantId, field: &Field) -> Option<Out<'_>> {
        let variant = self.store.variant(id)?;
        Some(match field.name.as_str() {
            "id" => Out::Gid(Kind::ProductVariant, id.number()),
            "legacyResourceId" => Out::Digits(id.number()),
            "sku" => variant.sku.as_deref().map_or(Out::Null, Out::text),
            "barcode" => variant.barcode.as_deref().map_or(Out::Null, Out::text),
            "title" => Out::text(VariantView::new(&self.store, id)?.title()),
            "displayName" => {
                let product = self.store.product(ProductId(variant.product))?;
                Out::text(format!(
                    "{} - {}",
                    product.title,
                    VariantView::new(&self.store, id)?.title()
                ))
            }
            "price" => Out::text(self.store.words.text(variant.price)),
            "position" => {
                let first = self
                    .store
                    .product(ProductId(variant.product))?
                    .first_variant;
                Out::Int(i64::from(id.0 - first) + 1)
            }
            "inventoryPolicy" => Out::text(if variant.continue_selling {
                "CONTINUE"
            } else {
                "DENY"
            }),
            "inventoryQuantity" => Out::Int(self.store.total_available(id)),
            "createdAt" => Out::Time(self.store.product(ProductId(variant.product))?.created),
            "updatedAt" => Out::Time(variant.updated),
            "selectedOptions" => {
                Out::nodes((0..variant.options.len()).map(|place| Node::SelectedOption(id, place)))
            }
            "product" => Out::Node(Node::Product(ProductId(variant.product))),
            "inventoryItem" => Out::Node(Node::Item(id)),
            "metafield" => self.metafield(id, field),
            _ => return None,
        })
    }

    fn metafield(&self, id: VariantId, field: &Field) -> Out<'_> {
        let namespace = field.text("namespace").unwrap_or("custom").to_owned();
        let key = field.text("key").unwrap_or_default().to_owned();
        let found = self.store.metafields.get_key_value(&(id.0, namespace, key));
        found.map_or(Out::Null, |((_, namespace, key), value)| {
            let at = self.store.variant(id).map(|variant| variant.updated);
            Record::out(
                "Metafield",
                vec![
                    (
                        "id",
                        Out::Gid(Kind::Metafield, Kind::Metafield.number(id.index())),
                    ),
                    ("namespace", Out::text(namespace.clone())),
                    ("key", Out::text(key.clone())),
                    ("value", Out::text(value.clone())),
                    ("createdAt", at.into()),
                    ("updatedAt", at.into()),
                ],
            )
        })
    }

    fn option_field(&self, variant: VariantId, place: usize, field: &Field) -> Option<Out<'_>> {
        let (name, value) = self.store.variant(variant)?.options.get(place)?;
        Some(match field.name.as_str() {
            "name" => Out::text(self.store.words.text(*name)),
            "value" => Out::text(self.store.words.text(*value)),
            _ => return None,
        })
    }

    /// Refuses a field whose access scope the token lacks.
    pub(crate) fn allowed(&self, node: &Node, field: &Field) -> Result<(), Refusal> {
        let scope = match (node, field.name.as_str()) {
            (Node::Query, "products" | "product" | "productVariants" | "productVariant") => {
                "read_products"
            }
            (Node::Query, "inventoryItem" | "inventoryItems" | "inventoryLevel")
            | (Node::Variant(_), "inventoryItem")
            | (Node::Location(_), "inventoryLevel" | "inventoryLevels") => "read_inventory",
            (Node::Query, "location" | "locations") => "read_locations",
            (Node::Query, "inventoryShipment" | "inventoryShipments") => "read_inventory_shipments",
            (Node::Query, "inventoryTransfer" | "inventoryTransfers") => "read_inventory_transfers",
            (Node::Query, "order" | "orders" | "orderByIdentifier") => "read_orders",
            (Node::Query, "customer") | (Node::Order(_), "customer") => "read_customers",
            (Node::Query, "fulfillmentOrder") | (Node::Order(_), "fulfillmentOrders") => {
                "read_merchant_managed_fulfillment_orders"
            }
            _ => return Ok(()),
        };
        self.has_scope(scope, &field.name)
    }

    /// Refuses unless the token has this scope, or the write scope that holds it.
    pub(crate) fn has_scope(&self, scope: &str, field: &str) -> Result<(), Refusal> {
        let write = scope.replacen("read_", "write_", 1);
        let held = self
            .options
            .scopes
            .iter()
            .any(|held| *held == scope || *held == write);
        if held {
            Ok(())
        } else {
            Err(Refusal::access_denied(field, scope))
        }
    }
}

/// The global id of a level.
pub(crate) fn level_gid(location: LocationId, variant: VariantId) -> String {
    let number = Kind::InventoryLevel.number(location.index());
    format!(
        "gid://shopify/InventoryLevel/{number}?inventory_item_id={}",
        variant.item_number()
    )
}
