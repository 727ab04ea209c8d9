//! The input of `orderCreate`, as it arrives after its variables were checked.

use serde::Deserialize;
use serde_json::Value;

use super::Behaviour;
use super::money::{self, Price};
use crate::shopify::node::Refusal;
use crate::shopify::plan::Field;

/// `OrderCreateOrderInput`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct OrderInput {
    pub(super) billing_address: Option<Address>,
    pub(super) currency: Option<String>,
    pub(super) custom_attributes: Option<Vec<Attribute>>,
    pub(super) customer: Option<CustomerInput>,
    pub(super) discount_code: Option<DiscountInput>,
    pub(super) email: Option<String>,
    pub(super) financial_status: Option<String>,
    pub(super) line_items: Option<Vec<LineInput>>,
    pub(super) metafields: Option<Vec<Metafield>>,
    pub(super) name: Option<String>,
    pub(super) note: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) po_number: Option<String>,
    pub(super) presentment_currency: Option<String>,
    pub(super) processed_at: Option<String>,
    pub(super) shipping_address: Option<Address>,
    pub(super) shipping_lines: Option<Vec<ShippingInput>>,
    pub(super) source_identifier: Option<String>,
    pub(super) source_name: Option<String>,
    pub(super) tags: Option<Vec<String>>,
    pub(super) test: bool,
}

/// `MailingAddressInput`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Address {
    pub(super) address1: Option<String>,
    pub(super) address2: Option<String>,
    pub(super) city: Option<String>,
    pub(super) company: Option<String>,
    pub(super) country_code: Option<String>,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) province_code: Option<String>,
    pub(super) zip: Option<String>,
}

/// A custom attribute, or a property of a line.
#[derive(Debug, Deserialize)]
pub(super) struct Attribute {
    #[serde(alias = "name")]
    pub(super) key: String,
    pub(super) value: String,
}

/// `OrderCreateCustomerInput`: one of the two.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CustomerInput {
    pub(super) to_associate: Option<CustomerAttributes>,
    pub(super) to_upsert: Option<CustomerAttributes>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CustomerAttributes {
    pub(super) id: Option<String>,
    pub(super) email: Option<String>,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) phone: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DiscountInput {
    pub(super) item_fixed_discount_code: Option<FixedDiscount>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FixedDiscount {
    pub(super) code: String,
    #[serde(default)]
    pub(super) amount_set: Option<MoneyBag>,
}

/// `MoneyBagInput`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MoneyBag {
    #[serde(default)]
    pub(super) presentment_money: Option<Money>,
    pub(super) shop_money: Money,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Money {
    pub(super) amount: Value,
    pub(super) currency_code: String,
}

/// `OrderCreateLineItemInput`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct LineInput {
    pub(super) price_set: Option<MoneyBag>,
    pub(super) product_id: Option<String>,
    pub(super) properties: Option<Vec<Attribute>>,
    pub(super) quantity: i32,
    pub(super) requires_shipping: bool,
    pub(super) sku: Option<String>,
    pub(super) taxable: bool,
    pub(super) title: Option<String>,
    pub(super) variant_id: Option<String>,
    pub(super) variant_title: Option<String>,
    pub(super) vendor: Option<String>,
}

/// A metafield, as it is given and as it is kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Metafield {
    pub(super) namespace: String,
    pub(super) key: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) value: String,
}

/// `OrderCreateShippingLineInput`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShippingInput {
    pub(super) title: String,
    #[serde(default)]
    pub(super) code: Option<String>,
    #[serde(default)]
    pub(super) source: Option<String>,
    pub(super) price_set: MoneyBag,
}

/// What the shop books in, and what the customer sees. Where it is not said they are the same.
#[derive(Clone, Debug)]
pub(super) struct Currencies {
    pub(super) shop: String,
    pub(super) presentment: String,
}

impl Currencies {
    /// An amount that was judged already.
    pub(super) fn price(&self, bag: &MoneyBag) -> Price {
        let read = |money: &Money, currency| money::read(&money.amount, currency).unwrap_or(0);
        let shop = read(&bag.shop_money, &self.shop);
        let presentment = bag.presentment_money.as_ref();
        Price {
            shop,
            presentment: presentment.map_or(shop, |money| read(money, &self.presentment)),
        }
    }
}

/// The order and what it is to do to the stock.
pub(super) fn read(field: &Field) -> Result<(OrderInput, Behaviour), Refusal> {
    let order = field.args.get("order").cloned().unwrap_or_default();
    let order = serde_json::from_value(order).map_err(|why| {
        let message =
            format!("Argument 'order' on Field 'orderCreate' has an invalid value: {why}");
        Refusal::bad_request(&message)
    })?;
    let behaviour = field
        .args
        .get("options")
        .and_then(|options| options.get("inventoryBehaviour")?.as_str())
        .and_then(Behaviour::named)
        .unwrap_or_default();
    Ok((order, behaviour))
}
