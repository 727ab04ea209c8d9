//! Which ordinals were seen: one bit each, so that a million SKUs take 125 kB.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// The largest ordinal. A set up to it takes 4 MiB, and no brand has ever had so many SKUs.
pub const ORDINAL_MAX: u32 = (1 << 25) - 1;

/// Reads an ordinal, and refuses one that only damage can have made: the set would fill the memory.
///
/// # Errors
/// It is no number, or above [`ORDINAL_MAX`].
pub fn ordinal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let ordinal = u32::deserialize(deserializer)?;
    if ordinal > ORDINAL_MAX {
        let message = format!("{ordinal} is above {ORDINAL_MAX}, the largest number of a SKU");
        return Err(D::Error::custom(message));
    }
    Ok(ordinal)
}

/// A growing set of small numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bitmap {
    words: Vec<u64>,
}

impl Bitmap {
    /// Adds an ordinal.
    pub fn insert(&mut self, ordinal: u32) {
        let (word, bit) = place(ordinal);
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        if let Some(word) = self.words.get_mut(word) {
            *word |= bit;
        }
    }

    /// Whether the ordinal was added.
    pub fn contains(&self, ordinal: u32) -> bool {
        let (word, bit) = place(ordinal);
        self.words.get(word).is_some_and(|w| w & bit != 0)
    }

    /// How many ordinals were added.
    pub fn count(&self) -> u64 {
        self.words.iter().map(|w| u64::from(w.count_ones())).sum()
    }

    /// As hexadecimal text, for the ledger.
    pub fn to_text(&self) -> String {
        self.words.iter().map(|w| format!("{w:016x}")).collect()
    }

    /// From [`Bitmap::to_text`]; none where the text is damaged.
    pub fn from_text(text: &str) -> Option<Self> {
        let chunks = text.as_bytes().chunks(16);
        let word = |chunk: &[u8]| {
            let digits = std::str::from_utf8(chunk).ok().filter(|d| d.len() == 16)?;
            u64::from_str_radix(digits, 16).ok()
        };
        chunks
            .map(word)
            .collect::<Option<_>>()
            .map(|words| Self { words })
    }
}

fn place(ordinal: u32) -> (usize, u64) {
    ((ordinal / 64) as usize, 1 << (ordinal % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_there_and_survives_the_ledger() {
        let mut seen = Bitmap::default();
        for ordinal in [0, 1, 63, 64, 1_000, 1_000] {
            seen.insert(ordinal);
        }
        assert_eq!(seen.count(), 5);
        assert!(seen.contains(63) && seen.contains(1_000) && !seen.contains(2));
        assert_eq!(Bitmap::from_text(&seen.to_text()), Some(seen));
        assert_eq!(Bitmap::from_text("12"), None);
    }

    #[test]
    fn an_ordinal_that_would_fill_the_memory_is_refused() {
        let read = |text: &str| ordinal(&mut serde_json::Deserializer::from_str(text));
        assert_eq!(read("0").expect("an ordinal"), 0);
        assert_eq!(
            read(&ORDINAL_MAX.to_string()).expect("an ordinal"),
            ORDINAL_MAX
        );
        for wrong in [(ORDINAL_MAX + 1).to_string(), u32::MAX.to_string()] {
            let error = read(&wrong).expect_err("too large").to_string();
            assert!(error.contains("the largest number of a SKU"), "{error}");
        }
    }

    #[test]
    fn a_set_up_to_the_largest_ordinal_takes_four_mebibytes() {
        let mut seen = Bitmap::default();
        seen.insert(ORDINAL_MAX);
        assert_eq!(seen.words.len() * size_of::<u64>(), 4 << 20);
    }

    #[test]
    fn sixty_four_ordinals_share_a_word() {
        let mut seen = Bitmap::default();
        seen.insert(63);
        assert_eq!(seen.to_text(), "8000000000000000");
        seen.insert(999);
        assert_eq!(seen.to_text().len(), 16 * 16);
    }
}
