//! What a brand has on JOOR: styles (v4 says products), SKUs and linesheets (v4 says
//! collections). Kept small, because a million SKUs must fit: texts that recur are kept once,
//! ids are positions.

use std::collections::{BTreeSet, HashMap};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

use super::key::Key;

/// Ids start here, so that nobody mistakes one for a position.
const FIRST_PRODUCT_ID: u64 = 5_500_000;
const FIRST_SKU_ID: u64 = 18_000_000;
const FIRST_COLLECTION_ID: u64 = 900_000;

/// Position of a SKU in the library.
pub(super) type SkuNo = u32;
/// Position of a product in the library.
pub(super) type ProductNo = u32;

#[derive(Debug)]
pub(super) struct Product {
    pub(super) name: Box<str>,
    pub(super) description: Option<Box<str>>,
    pub(super) external_id: Option<Key>,
    /// JOOR's style number.
    pub(super) identifier: Option<Key>,
    pub(super) skus: Vec<SkuNo>,
}

#[derive(Debug)]
pub(super) struct Sku {
    pub(super) product: ProductNo,
    /// None for a phantom: a pair of colour and size that JOOR made itself.
    pub(super) external_id: Option<Key>,
    pub(super) identifier: Option<Key>,
    pub(super) upc: Option<Key>,
    pub(super) color: TraitNo,
    pub(super) size: TraitNo,
}

/// A linesheet.
#[derive(Debug, Default)]
pub(super) struct Collection {
    pub(super) name: String,
    /// The linesheet code.
    pub(super) external_id: String,
    pub(super) season_id: Option<String>,
    pub(super) delivery: Delivery,
    pub(super) made_to_order: bool,
    pub(super) items: Vec<Item>,
}

/// When a linesheet's styles ship; without dates: immediately. Days as `YYYY-MM-DD`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Delivery {
    /// First day.
    pub start_ship_date: Option<String>,
    /// Last day.
    pub complete_ship_date: Option<String>,
    /// Day after which an order is void.
    pub cancel_date: Option<String>,
    /// Days.
    pub minimum_shipping_window: Option<u32>,
}

/// A style on a linesheet; no SKUs named means all of them.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) product: ProductNo,
    pub(super) order_number: u32,
    pub(super) skus: Vec<SkuNo>,
}

/// Position of a colour or size in [`Traits`].
pub(super) type TraitNo = u32;

/// Colours and sizes, each pair of name and code kept once.
#[derive(Debug, Default)]
pub(super) struct Traits {
    list: Vec<(Box<str>, Box<str>)>,
    positions: HashMap<(Box<str>, Box<str>), TraitNo>,
}

impl Traits {
    /// The position of this name and code, which it gets where it has none.
    pub(super) fn intern(&mut self, name: &str, code: &str) -> TraitNo {
        let pair: (Box<str>, Box<str>) = (name.into(), code.into());
        let next = position(self.list.len());
        let list = &mut self.list;
        *self.positions.entry(pair).or_insert_with_key(|pair| {
            list.push(pair.clone());
            next
        })
    }

    pub(super) fn name(&self, no: TraitNo) -> &str {
        self.list.get(no as usize).map_or("", |(name, _)| name)
    }

    pub(super) fn code(&self, no: TraitNo) -> &str {
        self.list.get(no as usize).map_or("", |(_, code)| code)
    }
}

/// Everything the brand has.
#[derive(Debug, Default)]
pub(super) struct Library {
    pub(super) products: Vec<Product>,
    pub(super) skus: Vec<Sku>,
    pub(super) collections: Vec<Collection>,
    pub(super) traits: Traits,
    by_external_id: HashMap<Key, ProductNo>,
    by_identifier: HashMap<Key, ProductNo>,
    by_upc: HashMap<Key, SkuNo>,
}

impl Library {
    pub(super) fn add_product(&mut self, product: Product) -> ProductNo {
        let no = position(self.products.len());
        if let Some(key) = &product.external_id {
            self.by_external_id.entry(key.clone()).or_insert(no);
        }
        if let Some(key) = &product.identifier {
            self.by_identifier.entry(key.clone()).or_insert(no);
        }
        self.products.push(product);
        no
    }

    /// Adds a SKU to its product. Of two SKUs with one UPC the first keeps it for look-ups.
    pub(super) fn add_sku(&mut self, sku: Sku) -> SkuNo {
        let no = position(self.skus.len());
        if let Some(product) = self.products.get_mut(sku.product as usize) {
            product.skus.push(no);
        }
        self.skus.push(sku);
        self.index(no);
        no
    }

    /// Makes a SKU findable by its UPC, after it was added or changed.
    pub(super) fn index(&mut self, no: SkuNo) {
        let Some(sku) = self.skus.get(no as usize) else {
            return;
        };
        if let Some(key) = &sku.upc {
            self.by_upc.entry(key.clone()).or_insert(no);
        }
    }

    /// Takes a UPC away from the SKU that had it.
    pub(super) fn forget_upc(&mut self, no: SkuNo) {
        let Some(key) = self.skus.get(no as usize).and_then(|sku| sku.upc.as_ref()) else {
            return;
        };
        if self.by_upc.get(key) == Some(&no) {
            self.by_upc.remove(key);
        }
    }

    /// JOOR offers every colour of a style in every size: makes the pairs that are missing.
    /// They are phantoms, without external id and UPC.
    /// <https://api-docs.jooraccess.com/v2.0/reference/create-skus>
    pub(super) fn fill_matrix(&mut self, product: ProductNo) {
        let Some(known) = self.products.get(product as usize) else {
            return;
        };
        let skus = known
            .skus
            .iter()
            .filter_map(|no| self.skus.get(*no as usize));
        let pairs: BTreeSet<_> = skus.map(|sku| (sku.color, sku.size)).collect();
        let sizes: BTreeSet<_> = pairs.iter().map(|(_, size)| *size).collect();
        let colors: BTreeSet<_> = pairs.iter().map(|(color, _)| *color).collect();
        for color in colors {
            for &size in &sizes {
                if !pairs.contains(&(color, size)) {
                    self.add_sku(Sku {
                        product,
                        external_id: None,
                        identifier: None,
                        upc: None,
                        color,
                        size,
                    });
                }
            }
        }
    }

    /// The SKU of a style in a colour and size.
    pub(super) fn find_pair(
        &self,
        product: ProductNo,
        fits: impl Fn(&Sku) -> bool,
    ) -> Option<SkuNo> {
        let skus = &self.products.get(product as usize)?.skus;
        skus.iter()
            .copied()
            .find(|no| self.skus.get(*no as usize).is_some_and(&fits))
    }

    pub(super) fn find_upc(&self, upc: &str) -> Option<SkuNo> {
        self.by_upc.get(&Key::new(upc)).copied()
    }

    pub(super) fn find_external(&self, id: &str) -> Option<ProductNo> {
        self.by_external_id.get(&Key::new(id)).copied()
    }

    /// By style number and style identifier, which have to be of one style.
    pub(super) fn find_style(&self, number: &str, identifier: &str) -> Option<ProductNo> {
        let no = self.by_identifier.get(&Key::new(number)).copied()?;
        let style = self.products.get(no as usize)?;
        (style.external_id.as_ref() == Some(&Key::new(identifier))).then_some(no)
    }

    pub(super) fn find_product_id(&self, id: u64) -> Option<ProductNo> {
        let no = u32::try_from(id.checked_sub(FIRST_PRODUCT_ID)?).ok()?;
        self.products.get(no as usize).map(|_| no)
    }

    pub(super) fn find_sku_id(&self, id: &str) -> Option<SkuNo> {
        let text = String::from_utf8(BASE64_STANDARD.decode(id).ok()?).ok()?;
        let number: u64 = text.rsplit('|').next()?.parse().ok()?;
        let no = u32::try_from(number.checked_sub(FIRST_SKU_ID)?).ok()?;
        self.skus.get(no as usize).map(|_| no)
    }

    pub(super) fn find_collection_id(&self, id: u64) -> Option<usize> {
        let no = usize::try_from(id.checked_sub(FIRST_COLLECTION_ID)?).ok()?;
        self.collections.get(no).map(|_| no)
    }
}

/// JOOR's id of a product.
pub(super) fn product_id(no: ProductNo) -> u64 {
    FIRST_PRODUCT_ID + u64::from(no)
}

/// JOOR's id of a SKU: base64 of three numbers, to be taken as it is.
pub(super) fn sku_id(product: ProductNo, no: SkuNo) -> String {
    let number = FIRST_SKU_ID + u64::from(no);
    BASE64_STANDARD.encode(format!("0|{}|{number}", product_id(product)))
}

/// JOOR's id of a collection.
pub(super) fn collection_id(no: usize) -> u64 {
    FIRST_COLLECTION_ID + no as u64
}

/// A position; four billion of anything is more than the sandbox is made for.
pub(super) fn position(length: usize) -> u32 {
    u32::try_from(length).expect("fewer than four billion entries")
}
