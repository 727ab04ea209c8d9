//! A believable fashion catalogue of any size, the same for the same seed for ever.

use super::small::MADE_TO_ORDER_TAG;
use super::{Product, Status, Variant};
use crate::joor::Linesheet;

/// What a style is called after its colour family: name, product type, sizes.
const KINDS: [(&str, &str, &[&str]); 8] = [
    ("Shirt", "Shirts", &["XS", "S", "M", "L", "XL"]),
    ("Dress", "Dresses", &["34", "36", "38", "40", "42", "44"]),
    ("Trousers", "Trousers", &["28", "30", "32", "34", "36"]),
    ("Coat", "Coats", &["S", "M", "L"]),
    ("Knit", "Knitwear", &["XS", "S", "M", "L"]),
    ("Skirt", "Skirts", &["34", "36", "38", "40"]),
    ("Scarf", "Scarves", &["One size"]),
    (
        "Sneaker",
        "Shoes",
        &["39", "40", "41", "42", "43", "44", "45"],
    ),
];

const FABRICS: [&str; 10] = [
    "Linen", "Merino", "Silk", "Denim", "Poplin", "Tweed", "Jersey", "Velvet", "Twill", "Cashmere",
];

const NAMES: [&str; 12] = [
    "Alma", "Bruna", "Celeste", "Dora", "Elio", "Fleur", "Gaia", "Hugo", "Iris", "Jonas", "Lea",
    "Milo",
];

const COLORS: [&str; 12] = [
    "Ink", "Sand", "Ecru", "Rust", "Moss", "Sky", "Clay", "Plum", "Black", "Oat", "Navy", "Rose",
];

const SEASONS: [&str; 4] = ["ss26", "fw26", "ss27", "fw27"];

/// Styles with `variants` variants in all, stocked in `locations` locations.
///
/// About one style in 20 is a draft and one in 50 archived; one in 30 is made to order, the
/// others belong to one of four seasons. One variant in 40 is not tracked, one in 25 continues
/// selling. Of the levels a fifth is zero, a hundredth below zero, and one in 12 is missing
/// because the place does not stock the item. Every variant has a SKU and a barcode of its own.
pub fn generate(seed: u64, variants: usize, locations: usize) -> impl Iterator<Item = Product> {
    let mut made = 0;
    (0..).map_while(move |number| {
        let left = variants.checked_sub(made).filter(|left| *left > 0)?;
        let mut style = style(seed, number, locations);
        style.variants.truncate(left);
        made += style.variants.len();
        Some(style)
    })
}

/// A linesheet for each season, and one of made-to-order styles.
#[must_use]
pub fn linesheets() -> Vec<Linesheet> {
    let season = |(code, tag): (u32, &&str)| Linesheet::by_tag(tag, &code.to_string(), tag);
    let seasons = (480_101..).zip(&SEASONS).map(season);
    seasons
        .chain([Linesheet::made_to_order("Atelier", MADE_TO_ORDER_TAG)])
        .collect()
}

/// A style depends on the seed and its number alone.
fn style(seed: u64, number: u64, locations: usize) -> Product {
    let mut dice = Dice::new(seed, number);
    let (kind, product_type, sizes) = *dice.pick(&KINDS);
    let fabric = *dice.pick(&FABRICS);
    let name = *dice.pick(&NAMES);
    let first_color = dice.below(COLORS.len() as u64);
    let colors = COLORS
        .iter()
        .cycle()
        .skip(usize::try_from(first_color).unwrap_or(0));
    let colors = colors.take(1 + usize::try_from(dice.below(4)).unwrap_or(0));
    let price = format!("{}.00", 40 + 5 * dice.below(80));
    let season = *dice.pick(&SEASONS);
    let made_to_order = dice.one_in(30);
    let mut tags = vec![
        if made_to_order {
            MADE_TO_ORDER_TAG
        } else {
            season
        }
        .to_owned(),
    ];
    if dice.one_in(8) {
        tags.push("outlet".into());
    }
    let status = match dice.below(100) {
        0..5 => Status::Draft,
        5..7 => Status::Archived,
        _ => Status::Active,
    };
    let pairs = colors.flat_map(|color| sizes.iter().map(move |size| (*color, *size)));
    let variant = |(at, (color, size)): (u64, (&str, &str))| Variant {
        options: vec![("Color".into(), color.into()), ("Size".into(), size.into())],
        sku: Some(format!("ST{number:06}-{at:02}")),
        barcode: Some(barcode(number * 100 + at)),
        tracked: !dice.one_in(40),
        continue_selling: dice.one_in(25),
        price: price.clone(),
        quantities: (0..locations).map(|_| level(&mut dice)).collect(),
    };
    let variants = (0..).zip(pairs).map(variant).collect();
    Product {
        handle: format!("{name}-{fabric}-{kind}-{number}").to_lowercase(),
        title: format!("{name} {fabric} {kind}"),
        vendor: "Maison Exemple".into(),
        product_type: product_type.into(),
        tags,
        status,
        variants,
    }
}

/// Units at one location.
fn level(dice: &mut Dice) -> Option<i64> {
    let units = i64::try_from(dice.below(60)).unwrap_or(0);
    match dice.below(1_200) {
        0..100 => None,
        100..340 => Some(0),
        340..352 => Some(-1 - units % 9),
        _ => Some(1 + units),
    }
}

/// An EAN-13 of the range that shops give out themselves, with its check digit.
fn barcode(number: u64) -> String {
    let digits = format!("29{number:010}");
    let weighted = digits.bytes().rev().zip([3, 1].into_iter().cycle());
    let sum: u64 = weighted
        .map(|(digit, weight)| u64::from(digit - b'0') * weight)
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// SplitMix64, written out so that a catalogue never changes with somebody's crate.
/// <https://prng.di.unimi.it/splitmix64.c>
struct Dice(u64);

impl Dice {
    fn new(seed: u64, stream: u64) -> Self {
        let mut dice = Self(seed);
        let start = dice.next();
        Self(start ^ stream.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is small: the bias of the remainder does not show.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let at = usize::try_from(self.below(list.len() as u64)).unwrap_or(0);
        list.get(at).expect("`below` stays within the list")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_catalogue_of_a_seed_never_changes() {
        let first = generate(7, 1_000, 2).next().unwrap();
        let variant = first.variants.first().unwrap();
        assert_eq!(
            (
                first.handle.as_str(),
                variant.sku.as_deref(),
                variant.barcode.as_deref()
            ),
            (
                "hugo-poplin-skirt-0",
                Some("ST000000-00"),
                Some("2900000000001")
            ),
        );
        assert_eq!(variant.quantities, [None, Some(45)]);
        assert_eq!(Dice(1234567).next(), 6457827717110365317);
    }

    #[test]
    fn it_has_exactly_as_many_variants_as_asked_for() {
        for wanted in [0, 1, 23, 5_000] {
            let made: usize = generate(1, wanted, 1)
                .map(|style| style.variants.len())
                .sum();
            assert_eq!(made, wanted);
        }
    }

    #[test]
    fn a_larger_catalogue_begins_like_a_smaller_one() {
        let small: Vec<_> = generate(3, 200, 3).collect();
        let large: Vec<_> = generate(3, 400, 3).take(small.len() - 1).collect();
        assert_eq!(small.get(..large.len()).unwrap(), large);
    }

    #[test]
    fn skus_barcodes_and_handles_are_unique() {
        let styles: Vec<_> = generate(9, 20_000, 1).collect();
        let variants: Vec<_> = styles.iter().flat_map(|style| &style.variants).collect();
        let skus: BTreeSet<_> = variants.iter().map(|variant| &variant.sku).collect();
        let barcodes: BTreeSet<_> = variants.iter().map(|variant| &variant.barcode).collect();
        let handles: BTreeSet<_> = styles.iter().map(|style| &style.handle).collect();
        assert_eq!(
            (skus.len(), barcodes.len()),
            (variants.len(), variants.len())
        );
        assert_eq!(handles.len(), styles.len());
    }

    #[test]
    fn every_kind_of_stock_and_style_occurs() {
        let styles: Vec<_> = generate(5, 20_000, 3).collect();
        let variants: Vec<_> = styles.iter().flat_map(|style| &style.variants).collect();
        let levels: Vec<_> = variants
            .iter()
            .flat_map(|variant| &variant.quantities)
            .collect();
        let share = |count: usize, of: usize| count * 1_000 / of;
        let zero = levels.iter().filter(|level| ***level == Some(0)).count();
        let below = levels
            .iter()
            .filter(|level| level.is_some_and(|units| units < 0))
            .count();
        let missing = levels.iter().filter(|level| level.is_none()).count();
        assert!((180..220).contains(&share(zero, levels.len())));
        assert!((7..13).contains(&share(below, levels.len())));
        assert!((70..96).contains(&share(missing, levels.len())));
        for status in [Status::Active, Status::Draft, Status::Archived] {
            assert!(styles.iter().any(|style| style.status == status));
        }
        assert!(variants.iter().any(|variant| !variant.tracked));
        assert!(variants.iter().any(|variant| variant.continue_selling));
    }
}
