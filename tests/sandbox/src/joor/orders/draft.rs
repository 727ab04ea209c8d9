//! An order as somebody writes it: what a buyer chooses, and whatever JOOR could get wrong.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::OrderStatus;

/// Fields of an answer that are not as they would be: another value, or none at all.
pub(super) type Overrides = BTreeMap<String, Option<Value>>;

/// An order to be placed, or one that is being changed.
///
/// `NewOrder::of("SS27").line("101", 6, 45_00).approved()` is an ordinary one: six units at
/// 45.00 EUR for a boutique in Lyon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewOrder {
    /// Pending, unless something else is said.
    pub status: OrderStatus,
    /// Linesheet code. It need not be one that the account has.
    pub linesheet: String,
    /// None: the name of the linesheet with that code, or the code where there is none.
    pub linesheet_name: Option<String>,
    /// None: the linesheet's season.
    pub season: Option<String>,
    /// First day to ship, `YYYY-MM-DD`. None: the linesheet's.
    pub ship_start: Option<String>,
    /// Last day to ship, `YYYY-MM-DD`. None: the linesheet's.
    pub ship_end: Option<String>,
    /// The brand's code of the customer.
    pub customer_code: Option<String>,
    /// The retailer.
    pub customer_name: Option<String>,
    /// The person who buys.
    pub buyer_name: Option<String>,
    /// The address of that person, which JOOR gives as `created_by_email`.
    pub buyer_email: Option<String>,
    /// The buyer's purchase order.
    pub purchase_order: Option<String>,
    /// Seen by both sides.
    pub comments: Option<String>,
    /// Seen by the brand alone.
    pub internal_comments: Option<String>,
    /// Where the goods go.
    pub ship_to: Address,
    /// Where the invoice goes.
    pub bill_to: Address,
    /// ISO 4217.
    pub currency: String,
    /// Name of the warehouse. None: the Default one.
    pub warehouse: Option<String>,
    /// The brand's person.
    pub sales_rep: Option<String>,
    /// Taken off the whole order.
    pub discount: Discount,
    /// Minor units of the currency.
    pub shipping_total: i64,
    /// What is ordered.
    pub lines: Vec<OrderLine>,
    #[serde(skip)]
    pub(super) overrides: Overrides,
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrderLine {
    /// As on JOOR; what is not said of the style below is looked up by it.
    pub upc: Option<String>,
    /// Name of the style.
    pub name: Option<String>,
    /// JOOR's style number.
    pub style_number: Option<String>,
    /// JOOR's style identifier.
    pub style_identifier: Option<String>,
    /// Name of the colour.
    pub color: Option<String>,
    /// Code of the colour.
    pub color_code: Option<String>,
    /// Name of the size.
    pub size: Option<String>,
    /// Units, or packs of `multiplier` units.
    pub quantity: i64,
    /// Wholesale price of one unit with the style's own discount (`item_price`), in minor units.
    pub price: i64,
    /// The price before that discount (`item_unit_price`). None: the same.
    pub list_price: Option<i64>,
    /// Added to the price; [`PriceAdjustment`](crate::joor::PriceAdjustment) says how.
    pub price_adjustment: i64,
    /// Units in a casepack.
    pub multiplier: i64,
    /// On this line.
    pub comment: Option<String>,
    #[serde(skip)]
    pub(super) overrides: Overrides,
}

/// Taken off a whole order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Discount {
    /// Nothing.
    #[default]
    None,
    /// Minor units of the order's currency.
    Amount(i64),
    /// Hundredths of a percent: 1,250 are 12.5 %.
    Percent(u32),
}

/// An address as JOOR's orders have it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Address {
    /// The brand's code of it.
    pub code: String,
    /// Of the shop or the office.
    pub name: String,
    /// As typed.
    pub phone: String,
    /// Not told for billing.
    pub email: String,
    /// Street and number.
    pub address_1: String,
    /// The rest.
    pub address_2: String,
    /// As typed.
    pub city: String,
    /// State or province, as typed.
    pub region: String,
    /// As typed.
    pub postal_code: String,
    /// Name of the country.
    pub country: String,
    /// ISO 3166-1 alpha-2.
    pub country_iso_two: String,
    /// ISO 3166-1 alpha-3.
    pub country_iso_three: String,
}

impl Address {
    /// The boutique that orders where nothing else is said.
    #[must_use]
    pub fn boutique() -> Self {
        Self {
            code: "LYON-1".into(),
            name: "Boutique Canut".into(),
            phone: "+33 4 00 00 00 00".into(),
            email: "stock@canut.example".into(),
            address_1: "12 rue des Tables Claudiennes".into(),
            address_2: String::new(),
            city: "Lyon".into(),
            region: String::new(),
            postal_code: "69001".into(),
            country: "France".into(),
            country_iso_two: "FR".into(),
            country_iso_three: "FRA".into(),
        }
    }
}

impl NewOrder {
    /// A pending order of nothing, from the linesheet with this code, in EUR, by the boutique
    /// of [`Address::boutique`], whose customer code is `C-1001`.
    #[must_use]
    pub fn of(linesheet: &str) -> Self {
        Self {
            status: OrderStatus::Pending,
            linesheet: linesheet.into(),
            linesheet_name: None,
            season: None,
            ship_start: None,
            ship_end: None,
            customer_code: Some("C-1001".into()),
            customer_name: Some("Boutique Canut".into()),
            buyer_name: Some("Camille Roux".into()),
            buyer_email: Some("camille@canut.example".into()),
            purchase_order: None,
            comments: None,
            internal_comments: None,
            ship_to: Address::boutique(),
            bill_to: Address::boutique(),
            currency: "EUR".into(),
            warehouse: None,
            sales_rep: Some("Noor Haddad".into()),
            discount: Discount::None,
            shipping_total: 0,
            lines: vec![],
            overrides: Overrides::new(),
        }
    }

    /// Adds a line of units at a price in minor units of the order's currency.
    #[must_use]
    pub fn line(self, upc: &str, units: i64, price: i64) -> Self {
        self.with_line(OrderLine::of(upc, units, price))
    }

    /// Adds a line.
    #[must_use]
    pub fn with_line(mut self, line: OrderLine) -> Self {
        self.lines.push(line);
        self
    }

    /// The brand has approved it already.
    #[must_use]
    pub fn approved(self) -> Self {
        self.in_status(OrderStatus::Approved)
    }

    /// In this status from the beginning.
    #[must_use]
    pub fn in_status(mut self, status: OrderStatus) -> Self {
        self.status = status;
        self
    }

    /// By this customer.
    #[must_use]
    pub fn customer(mut self, code: &str, name: &str) -> Self {
        self.customer_code = Some(code.into());
        self.customer_name = Some(name.into());
        self
    }

    /// By this person.
    #[must_use]
    pub fn buyer(mut self, name: &str, email: &str) -> Self {
        self.buyer_name = Some(name.into());
        self.buyer_email = Some(email.into());
        self
    }

    /// With the buyer's purchase order.
    #[must_use]
    pub fn purchase_order(mut self, purchase_order: impl Into<String>) -> Self {
        self.purchase_order = Some(purchase_order.into());
        self
    }

    /// With comments that both sides see.
    #[must_use]
    pub fn comments(mut self, comments: impl Into<String>) -> Self {
        self.comments = Some(comments.into());
        self
    }

    /// To be shipped from the first day to the last, `YYYY-MM-DD`.
    #[must_use]
    pub fn ship_window(mut self, start: &str, end: &str) -> Self {
        self.ship_start = Some(start.into());
        self.ship_end = Some(end.into());
        self
    }

    /// To this address.
    #[must_use]
    pub fn ship_to(mut self, address: Address) -> Self {
        self.ship_to = address;
        self
    }

    /// Invoiced to this address.
    #[must_use]
    pub fn bill_to(mut self, address: Address) -> Self {
        self.bill_to = address;
        self
    }

    /// In this currency, whose minor units all amounts are in.
    #[must_use]
    pub fn currency(mut self, currency: &str) -> Self {
        self.currency = currency.into();
        self
    }

    /// From the warehouse of this name, which need not be one that the account has.
    #[must_use]
    pub fn warehouse(mut self, name: &str) -> Self {
        self.warehouse = Some(name.into());
        self
    }

    /// With this much off the whole order.
    #[must_use]
    pub fn discount(mut self, discount: Discount) -> Self {
        self.discount = discount;
        self
    }

    /// With shipping that costs so many minor units.
    #[must_use]
    pub fn shipping_total(mut self, amount: i64) -> Self {
        self.shipping_total = amount;
        self
    }

    /// Has v2 tell this value in a field of the order, whatever the order says. Only what is
    /// told changes, not how the account counts.
    #[must_use]
    pub fn raw(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.overrides.insert(field.into(), Some(value.into()));
        self
    }

    /// Has v2 leave a field of the order out.
    #[must_use]
    pub fn omit(mut self, field: &str) -> Self {
        self.overrides.insert(field.into(), None);
        self
    }

    /// As [`raw`](Self::raw), in a line counted from 0. A line that is not there stays so.
    #[must_use]
    pub fn raw_line(mut self, line: usize, field: &str, value: impl Into<Value>) -> Self {
        if let Some(line) = self.lines.get_mut(line) {
            line.overrides.insert(field.into(), Some(value.into()));
        }
        self
    }

    /// As [`omit`](Self::omit), in a line counted from 0. A line that is not there stays so.
    #[must_use]
    pub fn omit_line(mut self, line: usize, field: &str) -> Self {
        if let Some(line) = self.lines.get_mut(line) {
            line.overrides.insert(field.into(), None);
        }
        self
    }
}

impl OrderLine {
    /// Units of a SKU at a price in minor units.
    #[must_use]
    pub fn of(upc: &str, quantity: i64, price: i64) -> Self {
        Self {
            upc: Some(upc.into()),
            ..Self::without_upc(quantity, price)
        }
    }

    /// Units of something that has no UPC.
    #[must_use]
    pub fn without_upc(quantity: i64, price: i64) -> Self {
        Self {
            upc: None,
            name: None,
            style_number: None,
            style_identifier: None,
            color: None,
            color_code: None,
            size: None,
            quantity,
            price,
            list_price: None,
            price_adjustment: 0,
            multiplier: 1,
            comment: None,
            overrides: Overrides::new(),
        }
    }

    /// Of this style.
    #[must_use]
    pub fn style(mut self, number: &str, identifier: &str) -> Self {
        self.style_number = Some(number.into());
        self.style_identifier = Some(identifier.into());
        self
    }

    /// In this colour.
    #[must_use]
    pub fn color(mut self, name: &str, code: &str) -> Self {
        self.color = Some(name.into());
        self.color_code = Some(code.into());
        self
    }

    /// In this size.
    #[must_use]
    pub fn size(mut self, name: &str) -> Self {
        self.size = Some(name.into());
        self
    }

    /// With this much more or less, in minor units.
    #[must_use]
    pub fn price_adjustment(mut self, amount: i64) -> Self {
        self.price_adjustment = amount;
        self
    }

    /// In packs of so many units.
    #[must_use]
    pub fn packs_of(mut self, units: i64) -> Self {
        self.multiplier = units;
        self
    }

    /// With a comment.
    #[must_use]
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }

    /// Units in all: quantity times multiplier.
    #[must_use]
    pub fn units(&self) -> i64 {
        self.quantity.saturating_mul(self.multiplier)
    }
}
