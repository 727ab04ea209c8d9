//! Shopify ids: a number inside a `gid://shopify/Kind/123` text.
//!
//! Ids exceed 2^53 (facts of inventory level webhooks), so they are `u64`, never a float.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

/// The number of a Shopify id. Its kind is known by where it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id(pub u64);

impl Id {
    /// Reads digits, or a gid of any kind. A gid may carry a query (`?inventory_item_id=…`).
    pub fn parse(text: &str) -> Option<Self> {
        let tail = match text.strip_prefix("gid://shopify/") {
            Some(rest) => rest.rsplit('/').next()?,
            None => text,
        };
        let digits = tail.split('?').next()?;
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse().ok().map(Self)).flatten()
    }

    /// The id as GraphQL wants it.
    pub fn gid(self, kind: &str) -> String {
        format!("gid://shopify/{kind}/{}", self.0)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IdVisitor;
        impl Visitor<'_> for IdVisitor {
            type Value = Id;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a Shopify id")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Id, E> {
                Id::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Id, E> {
                Ok(Id(number))
            }
        }
        // Slashes come escaped in bulk files; a visitor reads the unescaped text without keeping it.
        deserializer.deserialize_any(IdVisitor)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_from_digits_and_gids_and_nothing_else() {
        assert_eq!(
            Id::parse("9007199254740993"),
            Some(Id(9_007_199_254_740_993))
        );
        assert_eq!(Id::parse("gid://shopify/Product/12"), Some(Id(12)));
        assert_eq!(
            Id::parse("gid://shopify/InventoryLevel/7?inventory_item_id=8"),
            Some(Id(7))
        );
        for wrong in [
            "",
            "x",
            "-1",
            "+1",
            "1.0",
            "gid://shopify/Product/",
            "99999999999999999999999",
        ] {
            assert_eq!(Id::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_no_id_is_refused_by_that_name() {
        for wrong in [r#""Product/12""#, "true", "1.5"] {
            let refused = serde_json::from_str::<Id>(wrong)
                .expect_err(wrong)
                .to_string();
            assert!(refused.contains("expected a Shopify id"), "{refused}");
        }
    }

    #[test]
    fn an_id_stands_in_the_ledger_as_a_number() {
        let large = Id(9_007_199_254_740_993);
        let text = serde_json::to_string(&large).expect("a number");
        assert_eq!(text, large.to_string());
        assert_eq!(serde_json::from_str::<Id>(&text).expect("an id"), large);
        assert_eq!(
            large.gid("Product"),
            "gid://shopify/Product/9007199254740993"
        );
    }

    #[test]
    fn escaped_slashes_are_read() {
        let id: Id = serde_json::from_str(r#""gid:\/\/shopify\/Product\/12""#).expect("an id");
        assert_eq!(id, Id(12));
    }
}
