//! What people do in the Shopify admin, as functions. Each bumps the timestamps that the real
//! shop would bump and tells the webhook subscribers.

use serde_json::json;

use super::Shop;
use super::store::{
    LevelRecord, LocationId, ProductId, State, Stocked, VariantId, bounded, seconds,
};
use crate::catalogue::{Product, Status};
use crate::wire::Millis;

impl Shop {
    /// Loads a catalogue as if it had always been there: no webhooks.
    pub fn load(&mut self, products: impl IntoIterator<Item = Product>, now: Millis) {
        for product in products {
            self.store.add_product(&product, seconds(now));
        }
    }

    /// Adds a product.
    pub fn add_product(&mut self, product: &Product, now: Millis) -> ProductId {
        let id = self.store.add_product(product, seconds(now));
        self.changed += 1;
        self.announce_product("PRODUCTS_CREATE", id, now);
        id
    }

    /// Opens a location. It stocks nothing yet.
    pub fn add_location(&mut self, name: &str, now: Millis) -> LocationId {
        let id = self.store.add_location(name, seconds(now));
        self.changed += 1;
        self.announce_location("LOCATIONS_CREATE", id, now);
        id
    }

    /// Makes a location one of a fulfilment service: Shopify does not own its stock.
    pub fn set_fulfillment_service(&mut self, location: LocationId, is_one: bool) {
        if let Some(record) = self.store.locations.get_mut(location.index()) {
            record.fulfillment_service = is_one;
        }
    }

    /// Closes a location. Its levels stay as they are and count no more.
    pub fn deactivate_location(&mut self, location: LocationId, now: Millis) {
        self.set_active(location, false, now);
    }

    /// Opens a closed location again.
    pub fn activate_location(&mut self, location: LocationId, now: Millis) {
        self.set_active(location, true, now);
    }

    fn set_active(&mut self, location: LocationId, active: bool, now: Millis) {
        let Some(record) = self.store.locations.get_mut(location.index()) else {
            return;
        };
        record.active = active;
        record.updated = seconds(now);
        record.deactivated = (!active).then(|| seconds(now));
        self.changed += 1;
        let topic = if active {
            "LOCATIONS_ACTIVATE"
        } else {
            "LOCATIONS_DEACTIVATE"
        };
        self.announce_location(topic, location, now);
    }

    /// Renames a location.
    pub fn rename_location(&mut self, location: LocationId, name: &str, now: Millis) {
        if let Some(record) = self.store.locations.get_mut(location.index()) {
            name.clone_into(&mut record.name);
            record.updated = seconds(now);
            self.changed += 1;
            self.announce_location("LOCATIONS_UPDATE", location, now);
        }
    }

    /// Sets the units available; a location that did not stock the item does from then on.
    /// Units beyond ±1,000,000,000 are brought within Shopify's bounds.
    pub fn set_available(
        &mut self,
        variant: VariantId,
        location: LocationId,
        units: i64,
        now: Millis,
    ) {
        self.stock(location, variant, now);
        if let Some(level) = self.store.level_mut(location, variant) {
            level.available = bounded(units);
            level.updated = seconds(now);
            self.changed += 1;
            self.announce_level("INVENTORY_LEVELS_UPDATE", location, variant, now);
        }
    }

    /// Adds to the units available, or takes away from them.
    pub fn adjust(&mut self, variant: VariantId, location: LocationId, delta: i64, now: Millis) {
        let before = self
            .store
            .quantity(location, variant, "available")
            .unwrap_or(0);
        self.set_available(
            variant,
            location,
            i64::from(before).saturating_add(delta),
            now,
        );
    }

    /// Sells units in Shopify: available falls, committed rises by as much.
    pub fn sell(&mut self, variant: VariantId, location: LocationId, units: i64, now: Millis) {
        self.adjust(variant, location, -units, now);
        self.change_state(location, variant, State::Committed, bounded(units), now);
    }

    /// Sets the units of another state.
    pub fn set_units(
        &mut self,
        variant: VariantId,
        location: LocationId,
        state: State,
        units: i64,
        now: Millis,
    ) {
        self.stock(location, variant, now);
        let before = self.store.state(location, variant, state);
        self.change_state(
            location,
            variant,
            state,
            bounded(units - i64::from(before)),
            now,
        );
    }

    pub(crate) fn change_state(
        &mut self,
        location: LocationId,
        variant: VariantId,
        state: State,
        by: i32,
        now: Millis,
    ) {
        let units = bounded(i64::from(self.store.state(location, variant, state)) + i64::from(by));
        self.store
            .set_state(location, variant, state, units, seconds(now));
        if let Some(level) = self.store.level_mut(location, variant) {
            level.updated = seconds(now);
            self.changed += 1;
            self.announce_level("INVENTORY_LEVELS_UPDATE", location, variant, now);
        }
    }

    /// Makes sure that a location stocks an item. A level that was deactivated comes back with
    /// the quantities that it had.
    pub(crate) fn stock(&mut self, location: LocationId, variant: VariantId, now: Millis) {
        let at = seconds(now);
        let Some(level) = self.store.level_mut(location, variant) else {
            return;
        };
        match level.stocked {
            Stocked::Yes => return,
            Stocked::Formerly => {
                level.stocked = Stocked::Yes;
                level.updated = at;
            }
            Stocked::Never => {
                *level = LevelRecord {
                    available: 0,
                    created: at,
                    updated: at,
                    stocked: Stocked::Yes,
                };
            }
        }
        self.changed += 1;
        self.announce_level("INVENTORY_LEVELS_CONNECT", location, variant, now);
    }

    /// Stops stocking an item at a location. The level stays readable as inactive.
    pub fn unstock(&mut self, variant: VariantId, location: LocationId, now: Millis) {
        let Some(level) = self.store.level_mut(location, variant) else {
            return;
        };
        if level.stocked == Stocked::Yes {
            level.stocked = Stocked::Formerly;
            level.updated = seconds(now);
            self.changed += 1;
            self.announce("INVENTORY_LEVELS_DISCONNECT", now, || {
                json!({ "inventory_item_id": variant.item_number(), "location_id": location.number() })
            });
        }
    }

    /// Sets "continue selling when out of stock".
    pub fn set_policy(&mut self, variant: VariantId, continue_selling: bool, now: Millis) {
        self.change_variant(variant, now, |record| {
            record.continue_selling = continue_selling;
        });
    }

    /// Sets whether stock is counted.
    pub fn set_tracked(&mut self, variant: VariantId, tracked: bool, now: Millis) {
        self.change_variant(variant, now, |record| {
            record.tracked = tracked;
            record.item_updated = seconds(now);
        });
    }

    /// Sets or clears the SKU.
    pub fn set_sku(&mut self, variant: VariantId, sku: Option<&str>, now: Millis) {
        self.change_variant(variant, now, |record| {
            record.sku = sku.map(Into::into);
            record.item_updated = seconds(now);
        });
    }

    /// Sets or clears the barcode.
    pub fn set_barcode(&mut self, variant: VariantId, barcode: Option<&str>, now: Millis) {
        self.change_variant(variant, now, |record| {
            record.barcode = barcode.map(Into::into);
        });
    }

    /// Sets a metafield of a variant.
    pub fn set_metafield(
        &mut self,
        variant: VariantId,
        namespace: &str,
        key: &str,
        value: &str,
        now: Millis,
    ) {
        let place = (variant.0, namespace.to_owned(), key.to_owned());
        self.store.metafields.insert(place, value.to_owned());
        self.change_variant(variant, now, |_| {});
    }

    /// Deletes a variant and its levels.
    pub fn delete_variant(&mut self, variant: VariantId, now: Millis) {
        self.change_variant(variant, now, |record| record.deleted = true);
    }

    fn change_variant(
        &mut self,
        id: VariantId,
        now: Millis,
        change: impl FnOnce(&mut super::store::VariantRecord),
    ) {
        let Some(variant) = self
            .store
            .variants
            .get_mut(id.index())
            .filter(|variant| !variant.deleted)
        else {
            return;
        };
        variant.updated = seconds(now);
        change(variant);
        let product = ProductId(variant.product);
        if let Some(product) = self.store.products.get_mut(product.index()) {
            product.updated = seconds(now);
        }
        self.changed += 1;
        self.announce_product("PRODUCTS_UPDATE", product, now);
    }

    /// Puts a product on sale, back to draft, or away. Its variants' timestamps stay as they
    /// are: who looks only at those does not see it.
    pub fn set_status(&mut self, product: ProductId, status: Status, now: Millis) {
        if let Some(record) = self
            .store
            .products
            .get_mut(product.index())
            .filter(|record| !record.deleted)
        {
            record.status = status;
            record.updated = seconds(now);
            self.changed += 1;
            self.announce_product("PRODUCTS_UPDATE", product, now);
        }
    }

    /// Deletes a product with its variants.
    pub fn delete_product(&mut self, product: ProductId, now: Millis) {
        let Some(record) = self
            .store
            .products
            .get_mut(product.index())
            .filter(|record| !record.deleted)
        else {
            return;
        };
        record.deleted = true;
        let variants = record.first_variant..record.first_variant + record.variants;
        for variant in variants {
            if let Some(variant) = self.store.variants.get_mut(variant as usize) {
                variant.deleted = true;
            }
        }
        self.changed += 1;
        self.announce("PRODUCTS_DELETE", now, || json!({ "id": product.number() }));
    }
}
