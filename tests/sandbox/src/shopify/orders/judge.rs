//! What is wrong with the input of `orderCreate`. Where a message is recorded it is that; the
//! others say so.

use super::input::{Currencies, Metafield, Money, MoneyBag, OrderInput};
use super::{Orders, money};
use crate::shopify::Shop;
use crate::shopify::ids::{Gid, Kind};
use crate::shopify::node::{Out, Record};
use crate::shopify::store::{ProductId, Seconds, VariantId, place};
use crate::shopify::time;

/// User errors of `orderCreate`.
#[derive(Debug, Default)]
pub(super) struct Errors(Vec<Out<'static>>);

impl Errors {
    /// One that names a field below `order`.
    pub(super) fn at(&mut self, field: &[&str], message: &str, code: &'static str) {
        let path: Vec<&str> = ["order"].into_iter().chain(field.iter().copied()).collect();
        let error = Record::user_error("OrderCreateUserError", &path, message, code);
        self.0.push(error);
    }

    /// One that names no field.
    pub(super) fn general(message: &str) -> Vec<Out<'static>> {
        vec![Record::user_error("OrderCreateUserError", &[], message, "")]
    }

    pub(super) fn into_list(self) -> Vec<Out<'static>> {
        self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Shop {
    pub(super) fn judge_order(
        &self,
        input: &OrderInput,
        currencies: &Currencies,
        now: Seconds,
        errors: &mut Errors,
    ) {
        self.judge_lines(input, currencies, errors);
        // From here on the wording is ours, save for those of phone and processedAt, which other
        // projects report.
        for (number, line) in input.shipping_lines.iter().flatten().enumerate() {
            let number = number.to_string();
            judge_money(
                &line.price_set,
                currencies,
                &["shippingLines", &number],
                errors,
            );
        }
        let discount = input.discount_code.as_ref();
        if let Some(amount) = discount.and_then(|discount| {
            discount
                .item_fixed_discount_code
                .as_ref()?
                .amount_set
                .as_ref()
        }) {
            let at = ["discountCode", "itemFixedDiscountCode", "amountSet"];
            judge_money(amount, currencies, &at, errors);
        }
        let processed = input.processed_at.as_deref().map(time::read);
        if processed.is_some_and(|at| at.is_none_or(|at| at > now)) {
            let code = "PROCESSED_AT_INVALID";
            errors.at(&["processedAt"], "Processed at is invalid", code);
        }
        if input.phone.as_deref().is_some_and(|phone| !is_phone(phone)) {
            errors.at(&["phone"], "Phone is invalid", "INVALID");
        }
        if input.email.as_deref().is_some_and(|email| !is_email(email)) {
            errors.at(&["email"], "Email is invalid", "INVALID");
        }
        self.judge_customer(input, errors);
        self.judge_addresses(input, errors);
        for (number, field) in input.metafields.iter().flatten().enumerate() {
            self.judge_metafield(number, field, errors);
        }
    }

    fn judge_lines(&self, input: &OrderInput, currencies: &Currencies, errors: &mut Errors) {
        let lines = input.line_items.as_deref().unwrap_or_default();
        if lines.is_empty() {
            let message = "Line items must have at least one line item";
            errors.at(&["lineItems"], message, "INVALID");
        }
        for (number, line) in lines.iter().enumerate() {
            let number = number.to_string();
            let mut fault = |name: &str, message: &str| {
                errors.at(&["lineItems", &number, name], message, "INVALID");
            };
            if line.quantity < 1 {
                fault("quantity", "Quantity must be greater than 0");
            }
            match &line.variant_id {
                Some(id) if self.variant_by_gid(id).is_none() => {
                    fault("variantId", "Variant does not exist");
                }
                None if line.title.as_deref().is_none_or(str::is_empty) => {
                    fault("title", "Title can't be blank");
                }
                _ => {}
            }
            if let Some(price) = &line.price_set {
                let at = ["lineItems", &number, "priceSet"];
                judge_money(price, currencies, &at, errors);
            }
        }
    }

    /// The variant that a global id names, if it exists.
    pub(super) fn variant_by_gid(&self, id: &str) -> Option<VariantId> {
        let variant = VariantId(place(Gid::place(id, Kind::ProductVariant)?));
        self.store.variant(variant).map(|_| variant)
    }

    /// The product that a global id names, if it exists.
    pub(super) fn product_by_gid(&self, id: &str) -> Option<ProductId> {
        let product = ProductId(place(Gid::place(id, Kind::Product)?));
        self.store.product(product).map(|_| product)
    }

    fn judge_customer(&self, input: &OrderInput, errors: &mut Errors) {
        let Some(customer) = &input.customer else {
            return;
        };
        let given = [
            ("toAssociate", customer.to_associate.as_ref()),
            ("toUpsert", customer.to_upsert.as_ref()),
        ];
        for (name, attributes) in given {
            let Some(attributes) = attributes else {
                continue;
            };
            let unknown = |id: &String| self.orders.customer_by_gid(id).is_none();
            if attributes.id.as_ref().is_some_and(unknown)
                || (name == "toAssociate" && attributes.id.is_none())
            {
                errors.at(
                    &["customer", name, "id"],
                    "Customer does not exist",
                    "INVALID",
                );
            }
            if attributes
                .email
                .as_deref()
                .is_some_and(|email| !is_email(email))
            {
                errors.at(&["customer", name, "email"], "Email is invalid", "INVALID");
            }
            if attributes
                .phone
                .as_deref()
                .is_some_and(|phone| !is_phone(phone))
            {
                errors.at(&["customer", name, "phone"], "Phone is invalid", "INVALID");
            }
        }
    }

    fn judge_addresses(&self, input: &OrderInput, errors: &mut Errors) {
        let given = [
            ("shippingAddress", input.shipping_address.as_ref()),
            ("billingAddress", input.billing_address.as_ref()),
        ];
        for (name, address) in given {
            let country = address.and_then(|address| address.country_code.clone());
            let Some(country) = country else {
                continue;
            };
            let province = address.and_then(|address| address.province_code.clone());
            if self.orders.refused.contains(&(country.clone(), None)) {
                errors.at(
                    &[name, "countryCode"],
                    "Country is not supported",
                    "INVALID",
                );
            } else if province.is_some() && self.orders.refused.contains(&(country, province)) {
                errors.at(&[name, "provinceCode"], "Province is not valid", "INVALID");
            }
        }
    }

    fn judge_metafield(&self, number: usize, field: &Metafield, errors: &mut Errors) {
        let number = number.to_string();
        let mut fault = |name: &str, message: &str| {
            errors.at(&["metafields", &number, name], message, "INVALID");
        };
        if field.namespace.is_empty() {
            fault("namespace", "Namespace can't be blank");
        }
        if field.key.is_empty() {
            fault("key", "Key can't be blank");
        }
        let Some(definition) = self
            .orders
            .definition("ORDER", &field.namespace, &field.key)
        else {
            if field.kind.is_empty() {
                fault("type", "Type can't be blank");
            }
            return;
        };
        let kind = definition.kind.as_str();
        let unique = definition.unique && self.options.orders.unique_ids;
        if !field.kind.is_empty() && field.kind != kind {
            fault(
                "type",
                &format!("Type must be '{kind}', as its definition says"),
            );
        } else if unique && self.orders.is_taken(field) {
            fault("value", "Value is already taken");
        }
    }
}

impl Orders {
    fn is_taken(&self, field: &Metafield) -> bool {
        self.orders.iter().any(|order| {
            order
                .metafield(&field.namespace, &field.key)
                .is_some_and(|(_, held)| held.value == field.value)
        })
    }
}

fn judge_money(bag: &MoneyBag, currencies: &Currencies, at: &[&str], errors: &mut Errors) {
    let mut judge = |money: &Money, currency: &str| {
        if money.currency_code != currency {
            let message = format!("Currency must be {currency}, the order's");
            errors.at(at, &message, "INVALID");
        } else if money::read(&money.amount, currency).is_none_or(|amount| amount < 0) {
            errors.at(at, "Amount must be a decimal of 0 or more", "INVALID");
        }
    };
    judge(&bag.shop_money, &currencies.shop);
    match &bag.presentment_money {
        Some(money) => judge(money, &currencies.presentment),
        None if currencies.presentment != currencies.shop => {
            errors.at(at, "Presentment money can't be blank", "INVALID");
        }
        None => {}
    }
}

fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(who, at)| !who.is_empty() && at.contains('.') && !text.contains(' '))
}

/// Digits, with the signs that people put between them.
fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let others = text
        .chars()
        .all(|sign| sign.is_ascii_digit() || "+-() ./".contains(sign));
    others && (7..=15).contains(&digits)
}
