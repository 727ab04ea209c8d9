//! What tests and the demo read of an account without asking it over HTTP.

use jiff::civil::Date;

use super::Account;
use super::library::{Sku, SkuNo, sku_id};
use super::stock::{Ats, WarehouseNo};
use crate::wire::Millis;

/// An inventory row that was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// When.
    pub at: Millis,
    /// UPC of the SKU, where it has one.
    pub upc: Option<String>,
    /// Name of the warehouse in which it landed.
    pub warehouse: String,
    /// None: immediate.
    pub date: Option<Date>,
    /// What JOOR showed from then on.
    pub ats: Ats,
}

/// A SKU as JOOR has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkuView {
    /// JOOR's id of it.
    pub id: String,
    /// Shopify product id, where the style came from Shopify.
    pub style: Option<String>,
    /// Name of the style.
    pub name: String,
    /// Shopify variant id; none for a phantom and in a style made by hand.
    pub external_id: Option<String>,
    /// The merchant's SKU, or what stands for it.
    pub identifier: Option<String>,
    /// None for a phantom.
    pub upc: Option<String>,
    /// Name of the colour.
    pub color: String,
    /// Name of the size.
    pub size: String,
}

/// A record of stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockRow {
    /// JOOR's id of the SKU.
    pub sku: String,
    /// UPC of the SKU, where it has one.
    pub upc: Option<String>,
    /// Name of the warehouse.
    pub warehouse: String,
    /// None: immediate.
    pub date: Option<Date>,
    /// Never `NoRecord`.
    pub ats: Ats,
}

impl Account {
    /// What JOOR shows for a SKU, found by UPC. A SKU, warehouse or date that is unknown has
    /// no record. `date`: none for immediate stock.
    #[must_use]
    pub fn ats(&self, upc: &str, warehouse: &str, date: Option<Date>) -> Ats {
        self.shown(self.library.find_upc(upc), warehouse, date)
    }

    /// As [`ats`](Self::ats), the SKU found by JOOR's id: phantoms have no UPC.
    #[must_use]
    pub fn ats_of(&self, sku: &str, warehouse: &str, date: Option<Date>) -> Ats {
        self.shown(self.library.find_sku_id(sku), warehouse, date)
    }

    /// Every SKU, phantoms and those made by hand among them.
    pub fn skus(&self) -> impl Iterator<Item = SkuView> {
        (0..)
            .zip(&self.library.skus)
            .map(|(no, sku)| self.view(no, sku))
    }

    /// Code and "Made to order?" of each linesheet that the style made from this Shopify product
    /// is on.
    pub fn linesheets_of(&self, style: u64) -> impl Iterator<Item = (&str, bool)> {
        let product = self.library.find_external(&style.to_string());
        self.library
            .collections
            .iter()
            .filter(move |collection| {
                let mut items = collection.items.iter();
                items.any(|item| Some(item.product) == product)
            })
            .map(|collection| (collection.external_id.as_str(), collection.made_to_order))
    }

    /// Every record of stock: immediate ones by warehouse, then dated ones.
    pub fn rows(&self) -> impl Iterator<Item = StockRow> {
        self.stock
            .records()
            .map(|(sku, warehouse, date, ats)| StockRow {
                sku: self.id(sku),
                upc: self.upc(sku),
                warehouse: self.warehouse_name(warehouse),
                date,
                ats,
            })
    }

    /// The rows that were taken in, oldest first, the last `history_max` of them.
    pub fn history(&self) -> impl Iterator<Item = Write> {
        self.accepted.iter().map(|accepted| Write {
            at: accepted.at,
            upc: self.upc(accepted.sku),
            warehouse: self.warehouse_name(accepted.warehouse),
            date: accepted.date,
            ats: accepted.ats,
        })
    }

    fn warehouse_name(&self, no: WarehouseNo) -> String {
        self.warehouses
            .get(usize::from(no))
            .cloned()
            .unwrap_or_default()
    }

    fn upc(&self, sku: SkuNo) -> Option<String> {
        Some(
            self.library
                .skus
                .get(sku as usize)?
                .upc
                .as_ref()?
                .to_string(),
        )
    }

    fn id(&self, no: SkuNo) -> String {
        let sku = self.library.skus.get(no as usize);
        sku.map(|sku| sku_id(sku.product, no)).unwrap_or_default()
    }

    fn shown(&self, sku: Option<SkuNo>, warehouse: &str, date: Option<Date>) -> Ats {
        let place = sku.zip(self.warehouse(warehouse));
        place.map_or(Ats::NoRecord, |(sku, warehouse)| {
            self.stock.get(sku, warehouse, date)
        })
    }

    fn view(&self, no: SkuNo, sku: &Sku) -> SkuView {
        let product = self.library.products.get(sku.product as usize);
        let style = product.and_then(|product| product.external_id.as_ref());
        SkuView {
            id: sku_id(sku.product, no),
            style: style.map(ToString::to_string),
            name: product
                .map(|product| product.name.to_string())
                .unwrap_or_default(),
            external_id: sku.external_id.as_ref().map(ToString::to_string),
            identifier: sku.identifier.as_ref().map(ToString::to_string),
            upc: sku.upc.as_ref().map(ToString::to_string),
            color: self.library.traits.name(sku.color).to_owned(),
            size: self.library.traits.name(sku.size).to_owned(),
        }
    }
}
