//! What an order comes to.

use super::draft::{Discount, NewOrder, OrderLine};
use super::rules::{DiscountPlace, OrderRules, PriceAdjustment};

/// All in minor units.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::joor) struct Totals {
    /// `item_price_extended` of each line.
    pub(in crate::joor) extended: Vec<i128>,
    /// `order_discount`
    pub(in crate::joor) discount: i128,
    /// `order_total`
    pub(in crate::joor) total: i128,
}

/// Hundredths of a percent in the whole.
const WHOLE: i128 = 10_000;

pub(in crate::joor) fn of(order: &NewOrder, rules: &OrderRules) -> Totals {
    let mut extended: Vec<_> = order.lines.iter().map(|line| gross(line, rules)).collect();
    let sum = extended
        .iter()
        .fold(0_i128, |sum, line| sum.saturating_add(*line));
    let discount = match order.discount {
        Discount::None => 0,
        Discount::Amount(amount) => amount.into(),
        Discount::Percent(percent) => share(sum, percent.into(), WHOLE),
    };
    if rules.discount_place == DiscountPlace::LinePrices && sum != 0 {
        // Of sums and not of lines, so that the parts make the whole.
        let (mut so_far, mut taken) = (0_i128, 0_i128);
        for line in &mut extended {
            so_far = so_far.saturating_add(*line);
            let due = share(discount, so_far, sum);
            *line = line.saturating_sub(due.saturating_sub(taken));
            taken = due;
        }
    }
    Totals {
        extended,
        discount,
        total: sum
            .saturating_sub(discount)
            .saturating_add(order.shipping_total.into()),
    }
}

fn gross(line: &OrderLine, rules: &OrderRules) -> i128 {
    let (price, adjustment) = (i128::from(line.price), i128::from(line.price_adjustment));
    let units = i128::from(line.quantity).saturating_mul(line.multiplier.into());
    match rules.price_adjustment {
        PriceAdjustment::OfLine => price.saturating_mul(units).saturating_add(adjustment),
        PriceAdjustment::OfUnit => price.saturating_add(adjustment).saturating_mul(units),
    }
}

/// `amount × part / whole`, to the nearest minor unit, halves up.
fn share(amount: i128, part: i128, whole: i128) -> i128 {
    let doubled = amount.saturating_mul(part).saturating_mul(2);
    doubled
        .saturating_add(whole)
        .checked_div_euclid(whole.saturating_mul(2))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> NewOrder {
        NewOrder::of("SS27")
            .line("101", 3, 3_333)
            .with_line(OrderLine::of("102", 2, 1_000).packs_of(6))
            .with_line(OrderLine::of("103", 1, 2_000).price_adjustment(-150))
            .shipping_total(1_200)
    }

    #[test]
    fn a_total_is_lines_less_discount_and_shipping() {
        let rules = OrderRules::default();
        let amount = of(&order().discount(Discount::Amount(1_000)), &rules);
        assert_eq!(amount.extended, [9_999, 12_000, 1_850]);
        assert_eq!((amount.discount, amount.total), (1_000, 24_049));
        let percent = of(&order().discount(Discount::Percent(1_250)), &rules);
        // 12.5 % of 238.49 are 29.81125.
        assert_eq!((percent.discount, percent.total), (2_981, 22_068));
    }

    #[test]
    fn a_discount_inside_the_prices_leaves_the_total_and_is_spread_to_the_last_cent() {
        let rules = OrderRules {
            discount_place: DiscountPlace::LinePrices,
            ..OrderRules::default()
        };
        let totals = of(&order().discount(Discount::Amount(1_001)), &rules);
        assert_eq!(totals.extended.iter().sum::<i128>(), 23_849 - 1_001);
        assert_eq!(totals.total, 24_048);
        let thirds = NewOrder::of("SS27")
            .line("101", 1, 100)
            .line("102", 1, 100)
            .line("103", 1, 100)
            .discount(Discount::Amount(100));
        assert_eq!(of(&thirds, &rules).extended, [67, 66, 67]);
        let nothing = NewOrder::of("SS27").discount(Discount::Amount(100));
        assert_eq!(of(&nothing, &rules).total, -100);
    }

    #[test]
    fn an_adjustment_can_be_of_each_unit() {
        let rules = OrderRules {
            price_adjustment: PriceAdjustment::OfUnit,
            ..OrderRules::default()
        };
        let line = OrderLine::of("101", 2, 2_000)
            .packs_of(3)
            .price_adjustment(-50);
        let totals = of(&NewOrder::of("SS27").with_line(line), &rules);
        assert_eq!(totals.extended, [6 * 1_950]);
    }

    #[test]
    fn an_order_beyond_all_bounds_has_a_total() {
        let huge = OrderLine::of("101", i64::MAX, i64::MAX).packs_of(i64::MAX);
        let order = NewOrder::of("SS27")
            .with_line(huge.clone())
            .with_line(huge)
            .discount(Discount::Percent(u32::MAX));
        for discount_place in [DiscountPlace::Total, DiscountPlace::LinePrices] {
            let rules = OrderRules {
                discount_place,
                ..OrderRules::default()
            };
            assert_eq!(of(&order, &rules).extended.len(), 2);
        }
    }
}
