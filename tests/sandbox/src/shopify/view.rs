//! Read access for whoever builds on the shop: JOOR's importer, the demo, tests.

use super::Shop;
use super::ids::{Gid, Kind};
use super::store::{
    LocationId, ProductId, ProductRecord, State, Store, VariantId, VariantRecord, place,
};
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
    /// Units sold and not yet shipped at a location; `None` where it is not stocked.
    pub fn committed(&self, location: LocationId) -> Option<i64> {
        self.units(location, State::Committed)
    }
    /// Units that are physically at a location; `None` where it is not stocked.
    pub fn on_hand(&self, location: LocationId) -> Option<i64> {
        self.store
            .quantity(location, self.id, "on_hand")
            .map(i64::from)
    }
    /// Units in another state at a location; `None` where it is not stocked.
    pub fn units(&self, location: LocationId, state: State) -> Option<i64> {
        self.store
            .quantity(location, self.id, state.name())
            .map(i64::from)
    }
}

impl Shop {
    /// All locations, closed ones too, in the order in which they were added.
    pub fn location_ids(&self) -> impl Iterator<Item = LocationId> + use<> {
        (0..place(self.store.locations.len())).map(LocationId)
    }

    /// The location with this name, global id or number.
    pub fn find_location(&self, name: &str) -> Option<LocationId> {
        self.location_ids().find(|id| {
            self.store
                .location(*id)
                .is_some_and(|location| location.name == name)
                || Gid::place(name, Kind::Location) == Some(id.index())
                || name.parse() == Ok(id.number())
        })
    }

    /// The name of a location.
    pub fn location_name(&self, location: LocationId) -> Option<&str> {
        self.store
            .location(location)
            .map(|location| location.name.as_str())
    }

    /// Whether a location is open.
    pub fn location_is_active(&self, location: LocationId) -> bool {
        self.store
            .location(location)
            .is_some_and(|location| location.active)
    }

    /// The first variant with this SKU, or the one with this global id or number.
    pub fn find_variant(&self, name: &str) -> Option<VariantId> {
        let by_number = || {
            let number = name
                .parse()
                .ok()
                .and_then(|number| Kind::ProductVariant.index(number));
            Gid::place(name, Kind::ProductVariant).or(number)
        };
        (0..place(self.store.variants.len()))
            .map(VariantId)
            .find(|id| {
                self.store
                    .variant(*id)
                    .is_some_and(|variant| variant.sku.as_deref() == Some(name))
            })
            .or_else(|| by_number().map(|index| VariantId(place(index))))
            .filter(|id| self.store.variant(*id).is_some())
    }

    /// The product with this handle, or the one with this global id or number.
    pub fn find_product(&self, name: &str) -> Option<ProductId> {
        let by_number = || {
            let number = name
                .parse()
                .ok()
                .and_then(|number| Kind::Product.index(number));
            Gid::place(name, Kind::Product).or(number)
        };
        (0..place(self.store.products.len()))
            .map(ProductId)
            .find(|id| {
                self.store
                    .product(*id)
                    .is_some_and(|product| &*product.handle == name)
            })
            .or_else(|| by_number().map(|index| ProductId(place(index))))
            .filter(|id| self.store.product(*id).is_some())
    }

    /// All products that exist, in the order in which they were added.
    pub fn products(&self) -> impl Iterator<Item = ProductView<'_>> {
        (0..place(self.store.products.len())).filter_map(|index| self.product(ProductId(index)))
    }

    /// A product, if it exists.
    pub fn product(&self, id: ProductId) -> Option<ProductView<'_>> {
        let record = self.store.product(id)?;
        Some(ProductView {
            store: &self.store,
            id,
            record,
        })
    }

    /// A variant, if it exists.
    pub fn variant(&self, id: VariantId) -> Option<VariantView<'_>> {
        VariantView::new(&self.store, id)
    }
}
