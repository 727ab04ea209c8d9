//! Read access for whoever builds on the shop's catalogue: JOOR's importer, the demo, tests.

use super::store::{LocationId, ProductId, ProductRecord, State, Store, VariantId, VariantRecord};
use crate::catalogue::Status;

/// A product that exists.
#[derive(Clone, Copy)]
pub struct ProductView<'a> {
    pub(super) store: &'a Store,
    pub(super) id: ProductId,
    pub(super) record: &'a ProductRecord,
}

/// A variant that exists.
#[derive(Clone, Copy)]
pub struct VariantView<'a> {
    pub(super) store: &'a Store,
    pub(super) id: VariantId,
    pub(super) record: &'a VariantRecord,
}

impl<'a> ProductView<'a> {
    /// The handle for levers.
    pub fn id(&self) -> ProductId {
        self.id
    }
    /// The number in Shopify's ids.
    pub fn number(&self) -> u64 {
        self.id.number()
    }
    /// The readable name in the product's address.
    pub fn handle(&self) -> &'a str {
        &self.record.handle
    }
    /// The name people read.
    pub fn title(&self) -> &'a str {
        &self.record.title
    }
    /// The brand on the label.
    pub fn vendor(&self) -> &'a str {
        self.store.words.text(self.record.vendor)
    }
    /// May be empty.
    pub fn product_type(&self) -> &'a str {
        self.store.words.text(self.record.product_type)
    }
    /// In the order given.
    pub fn tags(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let store = self.store;
        self.record
            .tags
            .iter()
            .map(move |tag| store.words.text(*tag))
    }
    /// Whether the shop sells it.
    pub fn status(&self) -> Status {
        self.record.status
    }
    /// In the order in which the shop shows them.
    pub fn variants(&self) -> impl Iterator<Item = VariantView<'a>> + use<'a> {
        let store = self.store;
        store
            .variants_of(self.record)
            .filter_map(move |id| VariantView::new(store, id))
    }
}

impl<'a> VariantView<'a> {
    pub(super) fn new(store: &'a Store, id: VariantId) -> Option<Self> {
        let record = store.variant(id)?;
        Some(Self { store, id, record })
    }
    /// The handle for levers.
    pub fn id(&self) -> VariantId {
        self.id
    }
    /// The number in Shopify's ids.
    pub fn number(&self) -> u64 {
        self.id.number()
    }
    /// The number of its inventory item.
    pub fn item_number(&self) -> u64 {
        self.id.item_number()
    }
    /// The product it belongs to.
    pub fn product(&self) -> ProductId {
        ProductId(self.record.product)
    }
    /// The stock-keeping unit, where it has one.
    pub fn sku(&self) -> Option<&'a str> {
        self.record.sku.as_deref()
    }
    /// GTIN, UPC or whatever the brand prints.
    pub fn barcode(&self) -> Option<&'a str> {
        self.record.barcode.as_deref()
    }
    /// Name and value of each option.
    pub fn options(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let words = &self.store.words;
        self.record
            .options
            .iter()
            .map(move |(name, value)| (words.text(*name), words.text(*value)))
    }
    /// `Ink / M`
    pub fn title(&self) -> String {
        let values: Vec<&str> = self.options().map(|(_, value)| value).collect();
        if values.is_empty() {
            "Default Title".to_owned()
        } else {
            values.join(" / ")
        }
    }
    /// A decimal in the shop's currency.
    pub fn price(&self) -> &'a str {
        self.store.words.text(self.record.price)
    }
    /// Whether the shop counts its stock.
    pub fn tracked(&self) -> bool {
        self.record.tracked
    }
    /// Inventory policy "continue".
    pub fn continue_selling(&self) -> bool {
        self.record.continue_selling
    }
    /// Units available at a location; `None` where it is not stocked.
    pub fn available(&self, location: LocationId) -> Option<i64> {
        self.store
            .quantity(location, self.id, "available")
            .map(i64::from)
    }
    /// Units in another state at a location; `None` where it is not stocked.
    pub fn units(&self, location: LocationId, state: State) -> Option<i64> {
        self.store
            .quantity(location, self.id, state.name())
            .map(i64::from)
    }
}
