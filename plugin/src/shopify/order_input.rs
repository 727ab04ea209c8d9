//! An order as Shopify's `OrderCreateOrderInput`: what a fulfilment person needs, where they look
//! for it, and prices that come out to the cent.

use serde_json::{Map, Value, json};

use crate::core::id::Id;
use crate::core::money::Currency;
use crate::core::order::{Address, Order, Ready, ReadyLine};
use crate::core::time::{Millis, rfc3339};

/// Characters of a note: Shopify takes 5,000.
const NOTE_MAX: usize = 5_000;
/// Characters of a short text: a purchase order, a line's comment, an additional detail.
const TEXT_MAX: usize = 255;

/// One order in Shopify: all of a JOOR order, or its part that stock covers or does not cover.
#[derive(Clone, Debug)]
pub struct Share<'a> {
    /// The order on JOOR.
    pub order: &'a Order,
    /// The same, understood.
    pub ready: &'a Ready,
    /// For each line, how many units come before these in other orders, and how many are here.
    pub units: Vec<(i64, i64)>,
    /// This one carries discount and shipping cost, as far as it can.
    pub first: bool,
    /// It holds what stock does not cover.
    pub back_order: bool,
    /// The customer of the shop.
    pub customer: Option<Id>,
    /// Tags of the settings.
    pub tags: &'a [String],
    /// Now, on Shopify's clock.
    pub now: Millis,
}

impl Share<'_> {
    /// What it comes to, in minor units.
    pub fn total(&self) -> i64 {
        self.sum() + self.shipping() - self.discount()
    }

    fn sum(&self) -> i64 {
        let pairs = self.pairs();
        pairs.iter().fold(0, |sum, (_, units, price)| {
            sum.saturating_add(units.saturating_mul(*price))
        })
    }

    /// Lines as (line, units, price of a unit).
    fn pairs(&self) -> Vec<(&ReadyLine, i64, i64)> {
        let lines = self.ready.lines.iter().zip(&self.units);
        lines
            .flat_map(|(line, (skip, units))| {
                line.priced_part(*skip, *units)
                    .into_iter()
                    .map(move |(units, price)| (line, units, price))
            })
            .collect()
    }

    /// The discount is taken where the lines are, the first order's first.
    fn discount(&self) -> i64 {
        let all: i64 = self
            .ready
            .lines
            .iter()
            .fold(0, |sum, line| sum.saturating_add(line.extended));
        let here = self.sum();
        if self.first {
            self.ready.discount.min(here)
        } else {
            (self.ready.discount - (all - here)).max(0)
        }
    }

    fn shipping(&self) -> i64 {
        if self.first { self.ready.shipping } else { 0 }
    }

    /// The input, without the unique metafield.
    pub fn input(&self) -> Value {
        let (order, currency) = (self.order, self.ready.currency);
        let mut input = Map::new();
        let mut put = |key: &str, value: Value| input.insert(key.to_owned(), value);
        put("currency", currency.code().into());
        put("financialStatus", "PENDING".into());
        put("sourceIdentifier", order.id.clone().into());
        put(
            "lineItems",
            self.pairs()
                .into_iter()
                .map(|(line, units, price)| self.line(line, units, price))
                .collect(),
        );
        put("tags", self.all_tags());
        put("note", self.note().into());
        put("customAttributes", self.attributes());
        if !order.purchase_order.is_empty() {
            put("poNumber", cut(&order.purchase_order, TEXT_MAX).into());
        }
        if let Some(at) = order.approved_at {
            // JOOR's clock may be ahead, and Shopify refuses what is processed in the future.
            put("processedAt", rfc3339(at.min(self.now)).into());
        }
        if !order.email.is_empty() {
            put("email", order.email.clone().into());
        }
        if let Some(customer) = self.customer() {
            put("customer", customer);
        }
        if let Some(address) = address(&order.shipping_address, &order.buyer) {
            put("shippingAddress", address);
        }
        if let Some(address) = address(&order.billing_address, "") {
            put("billingAddress", address);
        }
        if self.shipping() > 0 {
            let title = "Shipping as agreed on JOOR";
            put(
                "shippingLines",
                json!([{ "title": title, "priceSet": money(currency, self.shipping()) }]),
            );
        }
        if self.discount() > 0 {
            let amount = money(currency, self.discount());
            put(
                "discountCode",
                json!({ "itemFixedDiscountCode": { "code": "JOOR", "amountSet": amount } }),
            );
        }
        Value::Object(input)
    }

    fn line(&self, line: &ReadyLine, units: i64, price: i64) -> Value {
        let mut properties = Vec::new();
        let told = self.order.lines.get(line.number - 1);
        if let Some(comment) = told
            .map(|told| told.comment.as_str())
            .filter(|comment| !comment.is_empty())
        {
            properties.push(json!({ "name": "Comment", "value": cut(comment, TEXT_MAX) }));
        }
        json!({
            "variantId": line.of.variant.gid("ProductVariant"),
            "quantity": units,
            "priceSet": money(self.ready.currency, price),
            // Shopify's default is that nothing is shipped.
            "requiresShipping": true,
            "properties": properties,
        })
    }

    fn all_tags(&self) -> Value {
        let mut tags = self.tags.to_vec();
        if self.back_order {
            tags.push("back order".into());
        }
        tags.into()
    }

    /// What a fulfilment person reads first.
    fn note(&self) -> String {
        let order = self.order;
        let mut lines = vec![format!("JOOR order {}", order.id)];
        if self.back_order {
            lines.push(
                "Back order: the rest of this JOOR order, for which there was no stock.".into(),
            );
        }
        if !order.ship_start.is_empty() || !order.ship_end.is_empty() {
            lines.push(format!(
                "Ship window: {} to {}",
                or_open(&order.ship_start),
                or_open(&order.ship_end)
            ));
        }
        if !order.comments.is_empty() {
            lines.push(order.comments.clone());
        }
        cut(&lines.join("\n"), NOTE_MAX)
    }

    fn attributes(&self) -> Value {
        let order = self.order;
        let linesheet = match (order.linesheet_name.as_str(), order.linesheet_code.as_str()) {
            ("", code) => code.to_owned(),
            (name, "") => name.to_owned(),
            (name, code) => format!("{name} ({code})"),
        };
        let all = [
            ("JOOR order", order.id.as_str()),
            ("JOOR linesheet", &linesheet),
            ("Purchase order", &order.purchase_order),
            ("Ship from", &order.ship_start),
            ("Ship until", &order.ship_end),
            ("Season", &order.season),
            ("Customer", &order.customer_name),
            ("Buyer", &order.buyer),
            ("Sales representative", &order.sales_representative),
        ];
        let told = all.into_iter().filter(|(_, value)| !value.is_empty());
        told.map(|(key, value)| json!({ "key": key, "value": cut(value, TEXT_MAX) }))
            .collect()
    }

    /// A customer whom the shop has, or else the one with the buyer's e-mail address.
    fn customer(&self) -> Option<Value> {
        if let Some(id) = self.customer {
            return Some(json!({ "toAssociate": { "id": id.gid("Customer") } }));
        }
        let order = self.order;
        if order.email.is_empty() {
            return None;
        }
        let (first, last) = names(&order.buyer);
        Some(json!({ "toUpsert": { "email": order.email, "firstName": first, "lastName": last } }))
    }
}

fn money(currency: Currency, minor: i64) -> Value {
    json!({ "shopMoney": { "amount": currency.write(minor), "currencyCode": currency.code() } })
}

/// An address; none where nothing of it is known. A region that is no code has no field of its own
/// that is not deprecated, so it stands in the second line.
fn address(address: &Address, buyer: &str) -> Option<Value> {
    if *address == Address::default() {
        return None;
    }
    let is_code = (1..=3).contains(&address.region.len())
        && address
            .region
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let (code, region) = if is_code {
        (address.region.as_str(), "")
    } else {
        ("", address.region.as_str())
    };
    let second: Vec<&str> = [address.line2.as_str(), region]
        .into_iter()
        .filter(|t| !t.is_empty())
        .collect();
    let (first, last) = names(buyer);
    let mut out = Map::new();
    for (key, value) in [
        ("company", address.name.as_str()),
        ("firstName", &first),
        ("lastName", &last),
        ("address1", &address.line1),
        ("address2", &second.join(", ")),
        ("city", &address.city),
        ("provinceCode", code),
        ("zip", &address.postal_code),
        ("countryCode", &address.country.to_uppercase()),
        ("phone", &address.phone),
    ] {
        if !value.is_empty() {
            out.insert(key.to_owned(), cut(value, TEXT_MAX).into());
        }
    }
    Some(Value::Object(out))
}

/// First and last name, parted at the last space.
fn names(person: &str) -> (String, String) {
    match person.trim().rsplit_once(' ') {
        Some((first, last)) => (first.trim().to_owned(), last.to_owned()),
        None => (String::new(), person.trim().to_owned()),
    }
}

fn or_open(day: &str) -> &str {
    if day.is_empty() { "open" } else { day }
}

/// At most `max` characters, with a mark where something is missing.
fn cut(text: &str, max: usize) -> String {
    const MARK: &str = "… (the rest stands on JOOR)";
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(max - MARK.chars().count()).collect();
    format!("{kept}{MARK}")
}

#[cfg(test)]
#[path = "order_input_tests.rs"]
mod tests;
