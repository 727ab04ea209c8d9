//! A variant as Shopify tells it: in a page, or as a line of a bulk operation's result.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::core::availability::Quantity;
use crate::core::id::Id;
use crate::core::settings::Upc;

/// A variant with its level at each chosen location.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Variant {
    /// Variant id.
    pub id: Id,
    /// Merchant's SKU; may be missing.
    #[serde(default)]
    pub sku: Option<String>,
    #[serde(default)]
    barcode: Option<String>,
    #[serde(default)]
    metafield: Option<Metafield>,
    inventory_policy: InventoryPolicy,
    /// The style it belongs to.
    pub product: Product,
    /// What is stocked.
    pub inventory_item: InventoryItem,
}

#[derive(Debug, Deserialize)]
struct Metafield {
    value: String,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum InventoryPolicy {
    Continue,
    Deny,
}

/// The style a variant belongs to.
#[derive(Debug, Deserialize)]
pub struct Product {
    /// Product id.
    pub id: Id,
    status: Status,
    /// Only asked for where a rule needs them.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// A status we do not know makes the variant unreadable: unknown is not "on sale".
#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    Active,
    Archived,
    Draft,
    /// On sale to those who have the link.
    Unlisted,
}

/// What is stocked of a variant.
#[derive(Debug)]
pub struct InventoryItem {
    /// Inventory item id.
    pub id: Id,
    /// Shopify counts it.
    pub tracked: bool,
    /// By the order of the chosen locations; a location missing at the end is not stocked.
    pub levels: Vec<Quantity>,
}

impl Variant {
    /// "Continue selling when out of stock".
    pub fn continue_selling(&self) -> bool {
        self.inventory_policy == InventoryPolicy::Continue
    }

    /// The style can be bought.
    pub fn on_sale(&self) -> bool {
        matches!(self.product.status, Status::Active | Status::Unlisted)
    }

    /// The merchant's SKU, or nothing. Blanks at its ends are not part of it: nobody sees them,
    /// and a SKU that differs from another by them alone is the same to everybody.
    pub fn sku(&self) -> &str {
        self.sku.as_deref().unwrap_or_default().trim()
    }

    /// The level at the chosen location with this index.
    pub fn level(&self, index: usize) -> Quantity {
        self.inventory_item
            .levels
            .get(index)
            .copied()
            .unwrap_or(Quantity::NotStocked)
    }

    /// Its UPC on JOOR. None where the variant lacks what it is made from.
    pub fn upc(&self, upc: &Upc) -> Option<String> {
        let filled = |text: &Option<String>| {
            text.as_deref()
                .map(str::trim)
                .filter(|t| !t.is_empty())
                .map(str::to_owned)
        };
        match upc {
            Upc::VariantId => Some(self.id.to_string()),
            Upc::Sku => filled(&self.sku),
            Upc::Barcode => filled(&self.barcode),
            Upc::BarcodeVariantId => filled(&self.barcode).map(|b| format!("{b}::{}", self.id)),
            Upc::Metafield { .. } => {
                let value = self.metafield.as_ref().map(|m| m.value.trim().to_owned());
                value.filter(|v| !v.is_empty())
            }
        }
    }
}

/// One inventory level.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Level {
    is_active: bool,
    quantities: Quantities,
}

impl Level {
    /// What it says. An inactive level is a place where the item is not stocked any more.
    pub fn quantity(&self) -> Quantity {
        match (self.is_active, self.quantities.available) {
            (false, _) => Quantity::NotStocked,
            (true, Some(units)) => Quantity::Available(units),
            (true, None) => Quantity::Unknown,
        }
    }
}

/// `[{"name": "available", "quantity": 5}, …]`: the `available` one, if it is a number.
#[derive(Debug, Default)]
struct Quantities {
    available: Option<i64>,
}

impl<'de> Deserialize<'de> for Quantities {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct One {
            name: Name,
            #[serde(default)]
            quantity: Units,
        }
        struct ListVisitor;
        impl<'de> Visitor<'de> for ListVisitor {
            type Value = Quantities;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of quantities")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Quantities, A::Error> {
                let mut found = Quantities::default();
                while let Some(one) = seq.next_element::<One>()? {
                    if one.name == Name::Available {
                        found.available = one.quantity.0;
                    }
                }
                Ok(found)
            }
        }
        deserializer.deserialize_seq(ListVisitor)
    }
}

#[derive(PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Name {
    Available,
    #[serde(other)]
    Other,
}

/// A whole number, or something that is none and therefore unknown: never a zero.
#[derive(Default)]
pub struct Units(pub Option<i64>);

impl<'de> Deserialize<'de> for Units {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct UnitsVisitor;
        impl<'de> Visitor<'de> for UnitsVisitor {
            type Value = Units;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of units")
            }

            fn visit_i64<E: de::Error>(self, units: i64) -> Result<Units, E> {
                Ok(Units(Some(units)))
            }

            fn visit_u64<E: de::Error>(self, units: u64) -> Result<Units, E> {
                Ok(Units(i64::try_from(units).ok()))
            }

            fn visit_f64<E: de::Error>(self, _: f64) -> Result<Units, E> {
                Ok(Units(None))
            }

            fn visit_unit<E: de::Error>(self) -> Result<Units, E> {
                Ok(Units(None))
            }

            fn visit_bool<E: de::Error>(self, _: bool) -> Result<Units, E> {
                Ok(Units(None))
            }

            fn visit_str<E: de::Error>(self, _: &str) -> Result<Units, E> {
                Ok(Units(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Units, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Units(None))
            }
        }
        deserializer.deserialize_any(UnitsVisitor)
    }
}

/// Levels come under aliases `L0`, `L1` … , one for each chosen location.
impl<'de> Deserialize<'de> for InventoryItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemVisitor;
        impl<'de> Visitor<'de> for ItemVisitor {
            type Value = InventoryItem;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an inventory item")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<InventoryItem, A::Error> {
                let (mut id, mut tracked, mut levels) = (None, None, Vec::new());
                while let Some(field) = map.next_key::<Field>()? {
                    match field {
                        Field::Id => id = Some(map.next_value()?),
                        Field::Tracked => tracked = Some(map.next_value()?),
                        Field::Level(index) => {
                            let level: Option<Level> = map.next_value()?;
                            if levels.len() <= index {
                                levels.resize(index + 1, Quantity::NotStocked);
                            }
                            if let (Some(place), Some(level)) = (levels.get_mut(index), level) {
                                *place = level.quantity();
                            }
                        }
                        Field::Other => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(InventoryItem {
                    id: id.ok_or_else(|| de::Error::missing_field("id"))?,
                    tracked: tracked.ok_or_else(|| de::Error::missing_field("tracked"))?,
                    levels,
                })
            }
        }
        deserializer.deserialize_map(ItemVisitor)
    }
}

enum Field {
    Id,
    Tracked,
    Level(usize),
    Other,
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldVisitor;
        impl Visitor<'_> for FieldVisitor {
            type Value = Field;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field name")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Field, E> {
                let index = || name.strip_prefix('L')?.parse().ok().filter(|i| *i < 10_000);
                Ok(match name {
                    "id" => Field::Id,
                    "tracked" => Field::Tracked,
                    _ => index().map_or(Field::Other, Field::Level),
                })
            }
        }
        deserializer.deserialize_identifier(FieldVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(levels: &str) -> String {
        format!(
            r#"{{"id":"gid:\/\/shopify\/ProductVariant\/9007199254740993","sku":"A-1","inventoryPolicy":"DENY","product":{{"id":"gid:\/\/shopify\/Product\/7","status":"ACTIVE"}},"inventoryItem":{{"id":"gid:\/\/shopify\/InventoryItem\/8","tracked":true{levels}}}}}"#
        )
    }

    #[test]
    fn levels_are_read_by_alias_and_null_is_not_stocked() {
        let text = line(
            r#","L1":{"isActive":true,"quantities":[{"name":"incoming","quantity":9},{"name":"available","quantity":-3}]},"L0":null"#,
        );
        let variant: Variant = serde_json::from_str(&text).expect("a variant");
        assert_eq!(variant.id, Id(9_007_199_254_740_993));
        assert_eq!(variant.level(0), Quantity::NotStocked);
        assert_eq!(variant.level(1), Quantity::Available(-3));
        assert_eq!(variant.level(2), Quantity::NotStocked);
    }

    #[test]
    fn what_is_no_whole_number_is_unknown_and_not_zero() {
        for odd in ["null", "1.5", "\"5\"", "true", "{}", "18446744073709551615"] {
            let text = line(&format!(
                r#","L0":{{"isActive":true,"quantities":[{{"name":"available","quantity":{odd}}}]}}"#
            ));
            let variant: Variant = serde_json::from_str(&text).expect("a variant");
            assert_eq!(variant.level(0), Quantity::Unknown, "{odd}");
        }
        let text = line(r#","L0":{"isActive":true,"quantities":[]}"#);
        let variant: Variant = serde_json::from_str(&text).expect("a variant");
        assert_eq!(variant.level(0), Quantity::Unknown);
    }

    #[test]
    fn a_status_that_nobody_knows_makes_the_line_unreadable() {
        let text = line("").replace("ACTIVE", "SUSPENDED");
        assert!(serde_json::from_str::<Variant>(&text).is_err());
    }
}
