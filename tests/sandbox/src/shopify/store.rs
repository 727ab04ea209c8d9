//! What the shop knows: locations, products, variants, stock. Compact, because a million
//! variants in three locations must fit beside everything else.

use std::collections::BTreeMap;

use super::ids::{Kind, ids};
use crate::catalogue::{Product, Status, Variant};
use crate::wire::Millis;

/// Seconds since 1970-01-01T00:00:00Z: Shopify's timestamps have no fraction.
pub(crate) type Seconds = u32;

/// The largest and smallest quantity that Shopify keeps is this, above and below zero.
pub const QUANTITY_MAX: i32 = 1_000_000_000;

/// A location of this shop, by its place in the order in which they were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocationId(pub(crate) u32);

/// A product of this shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProductId(pub(crate) u32);

/// A variant of this shop, and the inventory item that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VariantId(pub(crate) u32);

ids!(LocationId => Location, ProductId => Product, VariantId => ProductVariant);

impl VariantId {
    /// The number of the inventory item.
    pub fn item_number(self) -> u64 {
        Kind::InventoryItem.number(self.index())
    }
    /// The global id of the inventory item.
    pub fn item_gid(self) -> String {
        Kind::InventoryItem.gid(self.index())
    }
}

/// Text that many records share, kept once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word(u32);

#[derive(Debug, Default)]
pub(crate) struct Words {
    texts: Vec<Box<str>>,
    places: BTreeMap<Box<str>, Word>,
}

impl Words {
    fn word(&mut self, text: &str) -> Word {
        if let Some(word) = self.places.get(text) {
            return *word;
        }
        let word = Word(place(self.texts.len()));
        self.texts.push(text.into());
        self.places.insert(text.into(), word);
        word
    }

    pub(crate) fn text(&self, word: Word) -> &str {
        self.texts.get(word.0 as usize).map_or("", |text| text)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct LocationRecord {
    pub(crate) name: String,
    pub(crate) active: bool,
    pub(crate) fulfillment_service: bool,
    pub(crate) ships_inventory: bool,
    pub(crate) fulfills_online_orders: bool,
    pub(crate) created: Seconds,
    pub(crate) updated: Seconds,
    pub(crate) deactivated: Option<Seconds>,
}

#[derive(Debug)]
pub(crate) struct ProductRecord {
    pub(crate) handle: Box<str>,
    pub(crate) title: Box<str>,
    pub(crate) vendor: Word,
    pub(crate) product_type: Word,
    pub(crate) tags: Box<[Word]>,
    pub(crate) status: Status,
    pub(crate) deleted: bool,
    pub(crate) created: Seconds,
    pub(crate) updated: Seconds,
    pub(crate) first_variant: u32,
    pub(crate) variants: u32,
}

#[derive(Debug)]
pub(crate) struct VariantRecord {
    pub(crate) sku: Option<Box<str>>,
    pub(crate) barcode: Option<Box<str>>,
    pub(crate) options: Box<[(Word, Word)]>,
    pub(crate) price: Word,
    pub(crate) product: u32,
    pub(crate) updated: Seconds,
    pub(crate) item_updated: Seconds,
    pub(crate) tracked: bool,
    pub(crate) continue_selling: bool,
    pub(crate) deleted: bool,
}

/// Whether a location stocks an item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stocked {
    /// There is no level.
    #[default]
    Never,
    /// The level was deactivated and keeps its quantities.
    Formerly,
    /// The level is active.
    Yes,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LevelRecord {
    pub(crate) available: i32,
    pub(crate) created: Seconds,
    pub(crate) updated: Seconds,
    pub(crate) stocked: Stocked,
}

/// The names of quantities beside `available` and `on_hand`.
/// Source: <https://shopify.dev/docs/apps/build/orders-fulfillment/inventory-management-apps>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Sold and not yet shipped.
    Committed,
    /// Under way to the location; not on hand.
    Incoming,
    /// On hand, not for sale: damaged.
    Damaged,
    /// On hand, not for sale: kept against overselling.
    SafetyStock,
    /// On hand, not for sale: being inspected.
    QualityControl,
    /// On hand, not for sale: set aside by an app or a draft order. Shopify's name.
    Reserved,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Committed,
        Self::Incoming,
        Self::Damaged,
        Self::SafetyStock,
        Self::QualityControl,
        Self::Reserved,
    ];

    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::Incoming => "incoming",
            Self::Damaged => "damaged",
            Self::SafetyStock => "safety_stock",
            Self::QualityControl => "quality_control",
            Self::Reserved => "reserved",
        }
    }

    /// The state with this name in the API.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// The tables.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) words: Words,
    pub(crate) locations: Vec<LocationRecord>,
    pub(crate) products: Vec<ProductRecord>,
    pub(crate) variants: Vec<VariantRecord>,
    /// One list for each location, as long as `variants`.
    pub(crate) levels: Vec<Vec<LevelRecord>>,
    /// Quantities other than available that are not zero.
    pub(crate) states: BTreeMap<(u32, u32, State), i32>,
    /// When each of them last changed.
    pub(crate) state_times: BTreeMap<(u32, u32, State), Seconds>,
    /// Metafield values by variant, namespace and key.
    pub(crate) metafields: BTreeMap<(u32, String, String), String>,
}

impl Store {
    pub(crate) fn add_location(&mut self, name: &str, now: Seconds) -> LocationId {
        let id = LocationId(place(self.locations.len()));
        self.locations.push(LocationRecord {
            name: name.to_owned(),
            active: true,
            fulfillment_service: false,
            ships_inventory: true,
            fulfills_online_orders: true,
            created: now,
            updated: now,
            deactivated: None,
        });
        self.levels
            .push(vec![LevelRecord::default(); self.variants.len()]);
        id
    }

    pub(crate) fn add_product(&mut self, product: &Product, now: Seconds) -> ProductId {
        let id = ProductId(place(self.products.len()));
        let first_variant = place(self.variants.len());
        for variant in &product.variants {
            self.add_variant(id, variant, now);
        }
        let record = ProductRecord {
            handle: product.handle.as_str().into(),
            title: product.title.as_str().into(),
            vendor: self.words.word(&product.vendor),
            product_type: self.words.word(&product.product_type),
            tags: product
                .tags
                .iter()
                .map(|tag| self.words.word(tag))
                .collect(),
            status: product.status,
            deleted: false,
            created: now,
            updated: now,
            first_variant,
            variants: place(product.variants.len()),
        };
        self.products.push(record);
        id
    }

    fn add_variant(&mut self, product: ProductId, variant: &Variant, now: Seconds) {
        let options = variant
            .options
            .iter()
            .map(|(name, value)| (self.words.word(name), self.words.word(value)))
            .collect();
        let price = self.words.word(&variant.price);
        self.variants.push(VariantRecord {
            sku: variant.sku.as_deref().map(Into::into),
            barcode: variant.barcode.as_deref().map(Into::into),
            options,
            price,
            product: product.0,
            updated: now,
            item_updated: now,
            tracked: variant.tracked,
            continue_selling: variant.continue_selling,
            deleted: false,
        });
        for (place, levels) in self.levels.iter_mut().enumerate() {
            let quantity = variant.quantities.get(place).copied().flatten();
            levels.push(
                quantity.map_or(LevelRecord::default(), |units| LevelRecord {
                    available: bounded(units),
                    created: now,
                    updated: now,
                    stocked: Stocked::Yes,
                }),
            );
        }
    }

    pub(crate) fn location(&self, id: LocationId) -> Option<&LocationRecord> {
        self.locations.get(id.index())
    }

    /// A product that has not been deleted.
    pub(crate) fn product(&self, id: ProductId) -> Option<&ProductRecord> {
        self.products
            .get(id.index())
            .filter(|product| !product.deleted)
    }

    /// A variant that has not been deleted.
    pub(crate) fn variant(&self, id: VariantId) -> Option<&VariantRecord> {
        self.variants
            .get(id.index())
            .filter(|variant| !variant.deleted)
    }

    /// A level, active or formerly so, of an item that still exists.
    pub(crate) fn level(&self, location: LocationId, variant: VariantId) -> Option<&LevelRecord> {
        self.variant(variant)?;
        let level = self.levels.get(location.index())?.get(variant.index())?;
        (level.stocked != Stocked::Never).then_some(level)
    }

    pub(crate) fn level_mut(
        &mut self,
        location: LocationId,
        variant: VariantId,
    ) -> Option<&mut LevelRecord> {
        self.variant(variant)?;
        self.levels
            .get_mut(location.index())?
            .get_mut(variant.index())
    }

    pub(crate) fn state(&self, location: LocationId, variant: VariantId, state: State) -> i32 {
        self.states
            .get(&(location.0, variant.0, state))
            .copied()
            .unwrap_or(0)
    }

    pub(crate) fn set_state(
        &mut self,
        location: LocationId,
        variant: VariantId,
        state: State,
        units: i32,
        now: Seconds,
    ) {
        let key = (location.0, variant.0, state);
        self.state_times.insert(key, now);
        if units == 0 {
            self.states.remove(&key);
        } else {
            self.states.insert(key, units);
        }
    }

    /// When the units under a name of the API last changed: `on_hand` never says so.
    pub(crate) fn quantity_changed(
        &self,
        location: LocationId,
        variant: VariantId,
        name: &str,
    ) -> Option<Seconds> {
        if name == "available" {
            return Some(self.level(location, variant)?.updated);
        }
        let state = State::ALL.into_iter().find(|state| state.name() == name)?;
        let key = (location.0, variant.0, state);
        self.state_times.get(&key).copied()
    }

    /// The units under a name of the API, `available` and `on_hand` included.
    /// On hand is all that is physically there: everything but incoming.
    pub(crate) fn quantity(
        &self,
        location: LocationId,
        variant: VariantId,
        name: &str,
    ) -> Option<i32> {
        let available = self.level(location, variant)?.available;
        match name {
            "available" => Some(available),
            "on_hand" => {
                let others: i64 = State::ALL
                    .into_iter()
                    .filter(|state| *state != State::Incoming)
                    .map(|state| i64::from(self.state(location, variant, state)))
                    .sum();
                Some(bounded(i64::from(available) + others))
            }
            _ => Some(self.state(location, variant, State::named(name)?)),
        }
    }

    /// The variants of a product, the deleted ones left out.
    pub(crate) fn variants_of(
        &self,
        product: &ProductRecord,
    ) -> impl Iterator<Item = VariantId> + '_ {
        (product.first_variant..product.first_variant + product.variants)
            .map(VariantId)
            .filter(|id| self.variant(*id).is_some())
    }

    /// Whether a location has a level with stock.
    pub(crate) fn stocks_anything(&self, location: LocationId) -> bool {
        let levels = self.levels.get(location.index());
        levels.is_some_and(|levels| {
            levels
                .iter()
                .any(|level| level.stocked == Stocked::Yes && level.available != 0)
        })
    }

    /// What is available in all active locations together.
    pub(crate) fn total_available(&self, variant: VariantId) -> i64 {
        (0..place(self.locations.len()))
            .map(LocationId)
            .filter(|id| self.location(*id).is_some_and(|location| location.active))
            .filter_map(|id| self.level(id, variant))
            .filter(|level| level.stocked == Stocked::Yes)
            .map(|level| i64::from(level.available))
            .sum()
    }
}

/// Within Shopify's bounds.
pub(crate) fn bounded(units: i64) -> i32 {
    let max = i64::from(QUANTITY_MAX);
    i32::try_from(units.clamp(-max, max)).unwrap_or(0)
}

pub(crate) fn seconds(now: Millis) -> Seconds {
    Seconds::try_from(now / 1000).unwrap_or(Seconds::MAX)
}

/// A place in a table. Tables do not reach four thousand million records.
pub(crate) fn place(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
