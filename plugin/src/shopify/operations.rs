//! The operations: `.graphql` files, and two that are composed because each chosen location is
//! a field of its own.
//!
//! `tests/contract` holds all of them against the real schema.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::core::id::Id;
use crate::core::settings::{Settings, Upc};

/// The version of the Admin API that the operations are written for.
pub const API_VERSION: &str = "2026-10";

/// One operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its name in the document; the cost it had last is remembered by it.
    pub name: &'static str,
    /// The document.
    pub text: Cow<'static, str>,
}

macro_rules! operation {
    ($constant:ident, $name:literal, $file:literal) => {
        #[doc = concat!("`operations/", $file, "`")]
        pub const $constant: Operation = Operation {
            name: $name,
            text: Cow::Borrowed(include_str!(concat!("operations/", $file))),
        };
    };
}

operation!(SHOP, "Shop", "shop.graphql");
operation!(LOCATIONS, "Locations", "locations.graphql");
operation!(LEVEL_CHANGES, "LevelChanges", "level_changes.graphql");
operation!(PRODUCT_CHANGES, "ProductChanges", "product_changes.graphql");
operation!(VARIANT_CHANGES, "VariantChanges", "variant_changes.graphql");
operation!(ITEM_PRODUCTS, "ItemProducts", "item_products.graphql");
operation!(BULK_RUN, "BulkRun", "bulk_run.graphql");
operation!(BULK_STATUS, "BulkStatus", "bulk_status.graphql");
operation!(TRANSFERS, "Transfers", "transfers.graphql");
operation!(SHIPMENT, "Shipment", "shipment.graphql");
operation!(
    ORDER_DEFINITION,
    "OrderDefinition",
    "order_definition.graphql"
);
operation!(ORDER_VARIANTS, "OrderVariants", "order_variants.graphql");
operation!(CUSTOMERS, "Customers", "customers.graphql");
operation!(ORDER_CREATE, "OrderCreate", "order_create.graphql");
operation!(ORDER_FIND, "OrderFind", "order_find.graphql");
operation!(ORDER_STATE, "OrderState", "order_state.graphql");
operation!(ORDER_MOVE, "OrderMove", "order_move.graphql");
operation!(ORDER_CANCEL, "OrderCancel", "order_cancel.graphql");
operation!(CLAIM_LEVELS, "ClaimLevels", "claim_levels.graphql");
operation!(SHIPPED_ORDERS, "ShippedOrders", "shipped_orders.graphql");

/// What of a variant a connection has to read: no more than its settings use, because a full
/// read asks it of every variant of the shop.
#[derive(Clone, Debug)]
pub struct Selection {
    locations: Vec<Id>,
    tags: bool,
    barcode: bool,
    metafield: Option<(String, String)>,
}

impl Selection {
    /// The fields that `settings` need, with the levels of `locations` in their order.
    pub fn new(settings: &Settings, locations: Vec<Id>) -> Self {
        Self {
            locations,
            tags: settings.rules.iter().any(|r| r.tag.is_some()),
            barcode: matches!(settings.upc, Upc::Barcode | Upc::BarcodeVariantId),
            metafield: match &settings.upc {
                Upc::Metafield { namespace, key } => Some((namespace.clone(), key.clone())),
                _ => None,
            },
        }
    }

    /// Some variants, page by page: variables `query` and `after`.
    pub fn variants(&self) -> Operation {
        let first = self.page_size();
        let fields = self.fields(&self.levels_by_alias());
        Operation {
            name: "Variants",
            text: Cow::Owned(format!(
                "query Variants($query: String!, $after: String) {{\n  productVariants(first: {first}, after: $after, query: $query) {{\n    nodes {{ {fields} }}\n    pageInfo {{ hasNextPage endCursor }}\n  }}\n}}\n"
            )),
        }
    }

    /// All variants, as a bulk operation whose every line is complete by itself.
    pub fn bulk(&self) -> String {
        let fields = self.fields(&self.levels_by_alias());
        format!("{{\n  productVariants {{\n    edges {{ node {{ {fields} }} }}\n  }}\n}}\n")
    }

    /// The same for a shop that refuses aliases in bulk operations: levels are lines of their
    /// own, joined by `__parentId`.
    pub fn bulk_nested(&self) -> String {
        let levels = "inventoryLevels { edges { node { id isActive location { id } quantities(names: [\"available\"]) { name quantity } } } }";
        let fields = self.fields(levels);
        format!("{{\n  productVariants {{\n    edges {{ node {{ {fields} }} }}\n  }}\n}}\n")
    }

    fn levels_by_alias(&self) -> String {
        let mut levels = String::new();
        for (index, location) in self.locations.iter().enumerate() {
            let separator = if index == 0 { "" } else { " " };
            let _ = write!(
                levels,
                "{separator}L{index}: inventoryLevel(locationId: \"{}\") {{ isActive quantities(names: [\"available\"]) {{ name quantity }} }}",
                location.gid("Location")
            );
        }
        levels
    }

    fn fields(&self, levels: &str) -> String {
        let tags = if self.tags { " tags" } else { "" };
        let barcode = if self.barcode { " barcode" } else { "" };
        let metafield = self
            .metafield
            .as_ref()
            .map_or(String::new(), |(namespace, key)| {
                format!(" metafield(namespace: \"{namespace}\", key: \"{key}\") {{ value }}")
            });
        format!(
            "id sku{barcode} inventoryPolicy product {{ id status{tags} }} inventoryItem {{ id tracked {levels} }}{metafield}"
        )
    }

    /// Variants in a page, so that one query stays below Shopify's 1,000 points by the published
    /// cost model: 2 + ⌊2 ln n⌋ times what one variant costs.
    fn page_size(&self) -> u32 {
        let levels = self.locations.len() as u64 * 2;
        let node = 3 + levels + u64::from(self.metafield.is_some());
        let pages = [(250, 13), (100, 11), (50, 9), (25, 8), (10, 6), (5, 5)];
        let fits = |(_, connection): &(u32, u64)| connection * (1 + node) <= 900;
        pages.into_iter().find(fits).map_or(2, |(first, _)| first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(locations: u64) -> Selection {
        Selection {
            locations: (1..=locations).map(Id).collect(),
            tags: false,
            barcode: false,
            metafield: None,
        }
    }

    #[test]
    fn many_locations_make_smaller_pages() {
        assert_eq!(selection(3).page_size(), 250);
        assert!(selection(50).page_size() < 50);
        assert!(selection(500).page_size() >= 2);
    }
}
