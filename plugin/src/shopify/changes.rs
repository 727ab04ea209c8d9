//! What changed since a moment: which styles to read again.
//!
//! The answers only say where to look. Lists are not sorted by time, so a list is read to its
//! end before its watermark moves.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::client::Shopify;
use super::locations::PageInfo;
use super::operations::{
    ITEM_PRODUCTS, LEVEL_CHANGES, Operation, PRODUCT_CHANGES, Selection, VARIANT_CHANGES,
};
use super::variant::Variant;
use crate::core::id::Id;
use crate::core::time::{Millis, rfc3339};
use crate::halt::Halt;

/// More changed styles than this at once are left to a full read, which is cheaper.
pub const CHANGES_MAX: usize = 5_000;

/// Inventory items asked about in one query.
const ITEMS_PER_QUERY: usize = 50;

/// Products asked for in one query.
const PRODUCTS_PER_QUERY: usize = 50;

#[derive(Deserialize)]
struct Connection<T> {
    nodes: Vec<T>,
    #[serde(rename = "pageInfo")]
    page_info: PageInfo,
}

#[derive(Deserialize)]
struct LevelAnswer {
    location: Option<LevelsOfLocation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LevelsOfLocation {
    inventory_levels: Connection<LevelNode>,
}

#[derive(Deserialize)]
struct LevelNode {
    item: Option<Item>,
}

/// An inventory item, as far as the style behind it.
#[derive(Deserialize)]
pub struct Item {
    variants: Option<Variants>,
}

#[derive(Deserialize)]
struct Variants {
    nodes: Vec<VariantNode>,
}

#[derive(Deserialize)]
struct VariantNode {
    product: ProductNode,
}

#[derive(Deserialize)]
struct ProductNode {
    id: Id,
}

#[derive(Deserialize)]
struct ProductAnswer {
    products: Connection<ProductNode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VariantAnswer {
    product_variants: Connection<VariantNode>,
}

#[derive(Deserialize)]
struct ItemsAnswer {
    nodes: Vec<Option<Item>>,
}

impl Item {
    /// The style behind it; none for an item without a variant.
    pub fn product(&self) -> Option<Id> {
        self.variants.as_ref()?.nodes.first().map(|v| v.product.id)
    }
}

/// Collects changed styles, up to [`CHANGES_MAX`].
#[derive(Debug, Default)]
pub struct Changes {
    /// The styles.
    pub products: BTreeSet<Id>,
}

impl Changes {
    /// There are so many that everything should be read.
    pub fn too_many(&self) -> bool {
        self.products.len() > CHANGES_MAX
    }

    /// Styles with a level that changed at `location` since `since`. False: there is no such
    /// location any more.
    ///
    /// # Errors
    /// As [`Shopify::query`].
    pub async fn read_levels(
        &mut self,
        shopify: &Shopify,
        location: Id,
        since: Millis,
    ) -> Result<bool, Halt> {
        let mut after = None::<String>;
        while !self.too_many() {
            let variables = json!({ "location": location.gid("Location"), "since": search(since), "after": after });
            let answer: LevelAnswer = shopify.query(&LEVEL_CHANGES, variables).await?;
            let Some(location) = answer.location else {
                return Ok(false);
            };
            let page = location.inventory_levels;
            let items = page.nodes.iter().filter_map(|n| n.item.as_ref());
            self.products.extend(items.filter_map(Item::product));
            after = page.page_info.next(after.as_deref())?;
            if after.is_none() {
                break;
            }
        }
        Ok(true)
    }

    /// Styles that changed themselves (status, tags) since `since`.
    ///
    /// # Errors
    /// As [`Shopify::query`].
    pub async fn read_products(&mut self, shopify: &Shopify, since: Millis) -> Result<(), Halt> {
        let mut after = None::<String>;
        while !self.too_many() {
            let variables = json!({ "since": search(since), "after": after });
            let answer: ProductAnswer = shopify.query(&PRODUCT_CHANGES, variables).await?;
            self.products
                .extend(answer.products.nodes.iter().map(|n| n.id));
            after = answer.products.page_info.next(after.as_deref())?;
            if after.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Styles with a variant that changed (inventory policy, SKU, barcode) since `since`.
    ///
    /// # Errors
    /// As [`Shopify::query`].
    pub async fn read_variants(&mut self, shopify: &Shopify, since: Millis) -> Result<(), Halt> {
        let mut after = None::<String>;
        while !self.too_many() {
            let variables = json!({ "since": search(since), "after": after });
            let answer: VariantAnswer = shopify.query(&VARIANT_CHANGES, variables).await?;
            self.products
                .extend(answer.product_variants.nodes.iter().map(|n| n.product.id));
            after = answer.product_variants.page_info.next(after.as_deref())?;
            if after.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// The styles of inventory items that hints point to.
    ///
    /// # Errors
    /// As [`Shopify::query`].
    pub async fn read_items(&mut self, shopify: &Shopify, items: &[Id]) -> Result<(), Halt> {
        for some in items.chunks(ITEMS_PER_QUERY) {
            let ids: Vec<String> = some.iter().map(|id| id.gid("InventoryItem")).collect();
            let answer: ItemsAnswer = shopify.query(&ITEM_PRODUCTS, json!({ "ids": ids })).await?;
            self.products
                .extend(answer.nodes.iter().flatten().filter_map(Item::product));
        }
        Ok(())
    }
}

fn search(since: Millis) -> String {
    format!("updated_at:>='{}'", rfc3339(since))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VariantsAnswer {
    product_variants: Connection<Value>,
}

/// Variants read one query after the other, with what could not be read.
#[derive(Debug, Default)]
pub struct Read {
    /// Variants.
    pub variants: Vec<Variant>,
    /// Those that could not be read.
    pub unreadable: Vec<Unreadable>,
}

/// A variant that could not be read.
#[derive(Debug)]
pub struct Unreadable {
    /// Its style, where that could be read.
    pub product: Option<Id>,
    /// Which it is, and what is wrong with it.
    pub why: String,
}

impl Read {
    /// A variant of this style could not be read, or may be one of those.
    pub fn misses(&self, product: Id) -> bool {
        let of_it = |one: &Unreadable| one.product.is_none_or(|of| of == product);
        self.unreadable.iter().any(of_it)
    }
}

/// All variants of some styles.
///
/// # Errors
/// As [`Shopify::query`].
pub async fn variants_of(
    shopify: &Shopify,
    selection: &Selection,
    products: &[Id],
) -> Result<Read, Halt> {
    let mut read = Read::default();
    for some in products.chunks(PRODUCTS_PER_QUERY) {
        let ids: Vec<String> = some.iter().map(Id::to_string).collect();
        let query = format!("product_ids:{}", ids.join(","));
        find_variants(shopify, &selection.variants(), &query, &mut read).await?;
    }
    Ok(read)
}

/// All variants that a search finds.
///
/// # Errors
/// As [`Shopify::query`].
pub async fn find_variants(
    shopify: &Shopify,
    operation: &Operation,
    query: &str,
    read: &mut Read,
) -> Result<(), Halt> {
    let mut after = None::<String>;
    loop {
        let variables = json!({ "query": query, "after": after });
        let answer: VariantsAnswer = shopify.query(operation, variables).await?;
        for node in answer.product_variants.nodes {
            let id = node.get("id").map(ToString::to_string).unwrap_or_default();
            let product = node.pointer("/product/id").and_then(Value::as_str);
            let product = product.and_then(Id::parse);
            match serde_json::from_value(node) {
                Ok(variant) => read.variants.push(variant),
                Err(error) => read.unreadable.push(Unreadable {
                    product,
                    why: format!("{id}: {error}"),
                }),
            }
        }
        after = answer.product_variants.page_info.next(after.as_deref())?;
        if after.is_none() {
            return Ok(());
        }
    }
}
