//! Chance, all of it from one number.

/// SplitMix64. Source: <https://prng.di.unimi.it/splitmix64.c>.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The same seed and purpose draw the same numbers; another purpose draws others, so that
    /// what is drawn for one leaves the other as it was.
    pub fn new(seed: u64, purpose: u64) -> Self {
        let mut rng = Self(seed ^ purpose.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        rng.next();
        rng
    }

    /// Any number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// 0 and more, below `end`; 0 where that is 0.
    pub fn below(&mut self, end: u32) -> u32 {
        u32::try_from(self.next() % u64::from(end.max(1))).unwrap_or(0)
    }

    /// From `first` to `last`, both possible.
    pub fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.next() % (last - first + 1)
    }

    /// True so many times of a hundred.
    pub fn chance(&mut self, of_hundred: u32) -> bool {
        self.below(100) < of_hundred
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let place = self.below(u32::try_from(from.len()).unwrap_or(u32::MAX));
        from.get(place as usize).expect("something to pick from")
    }

    /// Some of them: each with this chance.
    pub fn some<T: Clone>(&mut self, from: &[T], of_hundred: u32) -> Vec<T> {
        let some = from.iter().filter(|_| self.chance(of_hundred));
        some.cloned().collect()
    }
}
