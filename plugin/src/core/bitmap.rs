//! Which ordinals were seen: one bit each, so that a million SKUs take 125 kB.

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
}
