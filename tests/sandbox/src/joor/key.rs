//! Identifiers as JOOR keeps them: text, and yet nearly always a number.

use std::fmt;

use serde::{Serialize, Serializer};

/// An outside identifier (Shopify id, UPC, merchant's SKU), kept small: a million SKUs have
/// three each. Equal to another exactly where their texts are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// Digits that a number gives back unchanged: no leading zero, no more than `u64` holds.
    Number(u64),
    Text(Box<str>),
}

impl Key {
    pub(super) fn new(text: &str) -> Self {
        let canonical = text.bytes().all(|byte| byte.is_ascii_digit())
            && (!text.starts_with('0') || text == "0");
        match text.parse() {
            Ok(number) if canonical => Self::Number(number),
            _ => Self::Text(text.into()),
        }
    }

    /// None where the text is empty: an empty identifier is none.
    pub(super) fn some(text: Option<&str>) -> Option<Self> {
        text.filter(|text| !text.is_empty()).map(Self::new)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_gives_back_exactly_the_text_it_was_made_of() {
        for text in [
            "0",
            "7",
            "007",
            "+7",
            "18446744073709551616",
            "A-1",
            " 7",
            "９",
        ] {
            assert_eq!(Key::new(text).to_string(), text);
        }
        assert_ne!(Key::new("007"), Key::new("7"));
        assert_eq!(Key::some(Some("")), None);
    }
}
