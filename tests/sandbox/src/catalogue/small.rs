//! The demo's own catalogue: six styles of a small brand, one of each kind that matters.

use super::{Product, Status, Variant};
use crate::joor::Linesheet;

/// The locations that the quantities are for, in this order.
pub const LOCATIONS: [&str; 2] = ["Paris", "Lyon"];

/// Tag of the styles that are made to order.
pub const MADE_TO_ORDER_TAG: &str = "made-to-order";

/// Six styles with 24 variants.
#[must_use]
pub fn products() -> Vec<Product> {
    vec![
        // Plain stock in both places; one size sold out in one of them, one sold out in both.
        Product {
            variants: vec![
                variant("Sand", "S", "LIN-SND-S", "120.00", [12, 4]),
                variant("Sand", "M", "LIN-SND-M", "120.00", [20, 9]),
                variant("Sand", "L", "LIN-SND-L", "120.00", [0, 6]),
                variant("Ink", "S", "LIN-INK-S", "120.00", [7, 3]),
                variant("Ink", "M", "LIN-INK-M", "120.00", [15, 11]),
                variant("Ink", "L", "LIN-INK-L", "120.00", [0, 0]),
            ],
            ..style(
                "linen-overshirt",
                "Linen Overshirt",
                "Shirts",
                &["ss27", "men"],
            )
        },
        // The shop has no Ecru in L: JOOR makes a phantom SKU of it. One size is oversold.
        Product {
            variants: vec![
                variant("Rust", "S", "WRP-RST-S", "210.00", [5, 2]),
                variant("Rust", "M", "WRP-RST-M", "210.00", [-3, 0]),
                variant("Rust", "L", "WRP-RST-L", "210.00", [8, 1]),
                variant("Ecru", "S", "WRP-ECR-S", "210.00", [6, 6]),
                variant("Ecru", "M", "WRP-ECR-M", "210.00", [9, 4]),
            ],
            ..style("wrap-dress", "Wrap Dress", "Dresses", &["ss27", "women"])
        },
        // One size, sold on below zero: "Continue selling when out of stock".
        Product {
            variants: vec![
                variant("Moss", "One size", "SCF-MOS", "65.00", [40, 12]).continues(),
                variant("Clay", "One size", "SCF-CLY", "65.00", [2, 0]).continues(),
                variant("Sky", "One size", "SCF-SKY", "65.00", [0, -4]).continues(),
            ],
            ..style(
                "silk-scarf",
                "Silk Scarf",
                "Scarves",
                &["ss27", "accessories"],
            )
        },
        // Made to order: on JOOR without limit, whatever the shop holds as samples.
        Product {
            variants: vec![
                variant("Black", "38", "CPE-BLK-38", "640.00", [1, 0]),
                variant("Black", "40", "CPE-BLK-40", "640.00", [1, 0]),
                variant("Black", "42", "CPE-BLK-42", "640.00", [0, 0]),
                variant("Black", "44", "CPE-BLK-44", "640.00", [0, 0]),
            ],
            ..style(
                "atelier-cape",
                "Atelier Cape",
                "Coats",
                &[MADE_TO_ORDER_TAG],
            )
        },
        // Nobody counts these.
        Product {
            variants: vec![
                variant("Natural", "One size", "TOT-NAT", "30.00", [0, 0]).untracked(),
                variant("Black", "One size", "TOT-BLK", "30.00", [0, 0]).untracked(),
            ],
            ..style("canvas-tote", "Canvas Tote", "Bags", &["accessories"])
        },
        // Not on sale yet; Lyon does not stock it.
        Product {
            status: Status::Draft,
            variants: vec![
                variant("Oat", "S", "KNT-OAT-S", "180.00", [10, 0]).only_in_paris(),
                variant("Oat", "M", "KNT-OAT-M", "180.00", [10, 0]).only_in_paris(),
                variant("Oat", "L", "KNT-OAT-L", "180.00", [10, 0]).only_in_paris(),
                variant("Oat", "XL", "KNT-OAT-XL", "180.00", [4, 0]).only_in_paris(),
            ],
            ..style("merino-knit", "Merino Knit", "Knitwear", &["fw27", "women"])
        },
    ]
}

/// The brand's linesheets. Each style is on one, the scarf on two.
#[must_use]
pub fn linesheets() -> Vec<Linesheet> {
    vec![
        Linesheet::by_tag("Spring 27", "480001", "ss27"),
        Linesheet::by_tag("Autumn 27", "480002", "fw27"),
        Linesheet::by_tag("Accessories", "480003", "accessories"),
        Linesheet::made_to_order("Atelier", MADE_TO_ORDER_TAG),
    ]
}

fn style(handle: &str, title: &str, product_type: &str, tags: &[&str]) -> Product {
    Product {
        handle: handle.into(),
        title: title.into(),
        vendor: "Maison Exemple".into(),
        product_type: product_type.into(),
        tags: tags.iter().map(ToString::to_string).collect(),
        ..Product::default()
    }
}

fn variant(color: &str, size: &str, sku: &str, price: &str, units: [i64; 2]) -> Variant {
    Variant {
        options: vec![("Color".into(), color.into()), ("Size".into(), size.into())],
        sku: Some(sku.into()),
        barcode: None,
        tracked: true,
        continue_selling: false,
        price: price.into(),
        quantities: units.map(Some).to_vec(),
    }
}

impl Variant {
    fn continues(self) -> Self {
        Self {
            continue_selling: true,
            ..self
        }
    }

    fn untracked(self) -> Self {
        Self {
            tracked: false,
            ..self
        }
    }

    fn only_in_paris(mut self) -> Self {
        self.quantities.truncate(1);
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_small_catalogue_has_one_of_each_kind() {
        let products = products();
        let variants: Vec<_> = products
            .iter()
            .flat_map(|product| &product.variants)
            .collect();
        assert_eq!((products.len(), variants.len()), (6, 24));
        let skus: BTreeSet<_> = variants.iter().map(|variant| &variant.sku).collect();
        assert_eq!(skus.len(), 24, "every variant has a SKU of its own");
        let total = |variant: &Variant| variant.quantities.iter().flatten().sum::<i64>();
        assert!(
            products
                .iter()
                .any(|product| product.status == Status::Draft)
        );
        assert!(
            products
                .iter()
                .any(|product| product.tags.iter().any(|t| t == MADE_TO_ORDER_TAG))
        );
        assert!(variants.iter().any(|variant| !variant.tracked));
        assert!(variants.iter().any(|variant| variant.continue_selling));
        assert!(variants.iter().any(|variant| total(variant) < 0));
        assert!(
            variants
                .iter()
                .any(|variant| variant.tracked && total(variant) == 0)
        );
        assert!(
            variants
                .iter()
                .any(|variant| variant.quantities.len() < LOCATIONS.len())
        );
    }
}
