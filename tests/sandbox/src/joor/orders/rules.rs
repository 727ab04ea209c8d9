//! How the account plays orders. Where JOOR's public pages leave a question open, the option
//! plays either answer and its first value is the milder one.

use std::collections::BTreeSet;

use crate::wire::Millis;

/// Everything about orders that a test or a demo may choose, at any time.
#[derive(Clone, Debug)]
pub struct OrderRules {
    /// Whether v2 writes `""` for an empty list and for a field that has no value, or `[]` and
    /// `null`. Public code meets `""`.
    pub empty_as_text: bool,
    /// Whether v2 writes numbers in orders as strings. Public code meets both.
    pub numbers_as_text: bool,
    /// Whether v2 writes the numbers of its envelope as strings too.
    pub envelope_as_text: bool,
    /// How v2 writes points in time.
    pub dates: OrderDates,
    /// `date_modified` is cut to a multiple of so many milliseconds, where it is told and where
    /// `date_start` and `date_end` are compared with it. At least 1.
    pub modified_step_ms: Millis,
    /// Orders in a v2 page where `count` says nothing, and at most.
    pub page_max: usize,
    /// Orders are told by v2 as they were so many milliseconds ago, as where reads come from a copy.
    pub read_lag_ms: Millis,
    /// Whether `order_id` finds an order whatever its state, or only one that the defaults of
    /// `order_type` and `export_status` let through.
    pub order_id: OrderIdFinds,
    /// Names of v2 fields without which an order fails its export where `check` is 1 or 3; names
    /// that begin with `item_` are looked for in every line. A brand asks JOOR for such a check.
    /// <https://api-docs.jooraccess.com/v2.0/reference/introduction-5>
    pub required_fields: BTreeSet<String>,
    /// What `item_price_adjustment` is added to.
    pub price_adjustment: PriceAdjustment,
    /// Where the order's discount has been taken off.
    pub discount_place: DiscountPlace,
    /// What an export mark does to `date_modified`, be it set by `sync=1` or by v4.
    pub after_export: AfterExport,
    /// What v4 does with `export_status`.
    pub export_writes: Writes,
    /// What v4 does with `tracking_number` and the status `SHIPPED`.
    pub shipping_writes: Writes,
    /// Whether v4's `errors` name the order in their `details`.
    pub errors_name_order: bool,
    /// Whether an approved order takes its units off the immediate stock that JOOR shows in its
    /// warehouse, and a cancelled one gives them back.
    pub approved_reduces_stock: bool,
}

impl Default for OrderRules {
    fn default() -> Self {
        Self {
            empty_as_text: true,
            numbers_as_text: true,
            envelope_as_text: false,
            dates: OrderDates::Iso,
            modified_step_ms: 1_000,
            page_max: 50,
            read_lag_ms: 0,
            order_id: OrderIdFinds::AnyState,
            required_fields: BTreeSet::new(),
            price_adjustment: PriceAdjustment::OfLine,
            discount_place: DiscountPlace::Total,
            after_export: AfterExport::Silent,
            export_writes: Writes::Taken,
            shipping_writes: Writes::Taken,
            errors_name_order: true,
            approved_reduces_stock: false,
        }
    }
}

/// How v2 writes a point in time, always in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderDates {
    /// `2026-11-24T08:13:55.0Z`, the form of the parameters.
    Iso,
    /// `2026-11-24 08:13:55`
    Spaced,
}

/// What `order_id` finds where no other parameter says more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderIdFinds {
    /// That order.
    AnyState,
    /// That order if it is approved or shipped and, with `sync=1`, not yet exported.
    DefaultsOnly,
}

/// What `item_price_adjustment` is added to, in `item_price_extended`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceAdjustment {
    /// To the line: price × quantity × multiplier + adjustment.
    OfLine,
    /// To each unit: (price + adjustment) × quantity × multiplier.
    OfUnit,
}

/// Where the order's discount has been taken off. `order_total` is the same either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiscountPlace {
    /// Off the sum of the lines.
    Total,
    /// Inside each line's `item_price_extended` already.
    LinePrices,
}

/// What an export mark does to an order besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterExport {
    /// Nothing.
    Silent,
    /// `date_modified` moves.
    MovesModified,
    /// `date_modified` moves, and the order counts as modified since its export at once.
    CountsAsChange,
}

/// What v4 does with a field that its pages do not promise to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// It is taken.
    Taken,
    /// The entry is refused in `errors`, and nothing of it applies.
    Refused,
    /// It is passed over, and the answer looks like success.
    Ignored,
}
