//! JOOR's styles, SKUs and linesheets, as its v4 API tells them.
//!
//! Fields come from <https://api-docs.jooraccess.com/v2.0/reference/create-products> and its
//! neighbours. Ids are opaque; numbers and texts are taken for each other, because both are seen.

use serde_json::Value;

use crate::core::id::Id;
use crate::core::style::Sku;

/// A style on JOOR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// JOOR's id of it.
    pub id: String,
    /// Name.
    pub name: String,
    /// Style number.
    pub number: String,
    /// The Shopify product it was made from; none for a style that was made on JOOR.
    pub shopify: Option<Id>,
}

/// A linesheet on JOOR ("collection" in its API).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linesheet {
    /// JOOR's id of it.
    pub id: String,
    /// Linesheet code.
    pub code: String,
    /// Name.
    pub name: String,
    /// "Made to order?", where it is told.
    pub made_to_order: Option<bool>,
    /// JOOR ids of the styles on it.
    pub products: Vec<String>,
}

/// A SKU on JOOR and the style it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductSku {
    /// JOOR's id of the style.
    pub product: String,
    /// The SKU, not yet numbered.
    pub sku: Sku,
}

/// Reads a product. None: it has no id.
pub fn product(value: &Value) -> Option<Product> {
    let external = text(value, "external_id");
    let identifier = text(value, "product_identifier");
    // "inventory will only sync for styles created through the integration on Shopify" (seed):
    // those carry the Shopify product id.
    let shopify = Id::parse(&external).or_else(|| {
        if external.is_empty() {
            Id::parse(&identifier)
        } else {
            None
        }
    });
    let product = Product {
        id: text(value, "id"),
        name: text(value, "name"),
        number: if identifier.is_empty() {
            external
        } else {
            identifier
        },
        shopify,
    };
    (!product.id.is_empty()).then_some(product)
}

/// Reads a linesheet. None: it has no id, or a style on it has none.
pub fn linesheet(value: &Value) -> Option<Linesheet> {
    let first = |keys: &[&str]| keys.iter().map(|k| text(value, k)).find(|t| !t.is_empty());
    let products: Vec<String> = list(value, "items")
        .map(|item| text(item, "product_id"))
        .collect();
    let linesheet = Linesheet {
        id: text(value, "id"),
        code: first(&["delivery_code", "external_id", "code"]).unwrap_or_default(),
        name: text(value, "name"),
        made_to_order: value.get("made_to_order").and_then(flag),
        products,
    };
    let complete = !linesheet.id.is_empty() && linesheet.products.iter().all(|id| !id.is_empty());
    complete.then_some(linesheet)
}

/// Reads a SKU. None: it has no product.
pub fn sku(value: &Value) -> Option<ProductSku> {
    let product = text(value, "product_id");
    let product = if product.is_empty() {
        text(value.get("product")?, "id")
    } else {
        product
    };
    let mut sku = Sku {
        sku: text(value, "sku_identifier"),
        ..Sku::default()
    };
    for identifier in list(value, "identifiers") {
        if text(identifier, "type").eq_ignore_ascii_case("upc") {
            sku.upc = text(identifier, "value");
        }
    }
    for trait_value in list(value, "trait_values") {
        let named = trait_value.get("trait").map(|t| text(t, "name"));
        let name = named
            .unwrap_or_else(|| text(trait_value, "trait_name"))
            .to_lowercase();
        let code = text(trait_value, "external_id");
        let value = text(trait_value, "value");
        match name.as_str() {
            "color" | "colour" => sku.color = if code.is_empty() { value } else { code },
            "size" => sku.size = value,
            _ => {}
        }
    }
    (!product.is_empty()).then_some(ProductSku { product, sku })
}

impl ProductSku {
    /// Whether there is anything by which a stock message could name it.
    pub fn can_be_named(&self) -> bool {
        let Sku {
            upc, color, size, ..
        } = &self.sku;
        [upc, color, size].iter().any(|name| !name.is_empty())
    }
}

fn list<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn text(value: &Value, key: &str) -> String {
    match value.get(key) {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => match text.trim().to_lowercase().as_str() {
            "yes" | "true" | "1" => Some(true),
            "no" | "false" | "0" => Some(false),
            _ => None,
        },
        Value::Number(number) => number.as_i64().map(|n| n != 0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_style_made_on_joor_has_no_shopify_product() {
        let made_here = product(
            &json!({"id": 5, "name": "Tee", "external_id": "gid://shopify/Product/7", "product_identifier": "T-1"}),
        );
        assert_eq!(
            made_here.map(|p| (p.id, p.number, p.shopify)),
            Some(("5".into(), "T-1".into(), Some(Id(7))))
        );
        let made_there = product(&json!({"id": "6", "name": "Coat", "external_id": "COAT"}));
        assert_eq!(made_there.and_then(|p| p.shopify), None);
        assert_eq!(product(&json!({"name": "no id"})), None);
    }

    #[test]
    fn a_sku_is_named_by_upc_or_by_colour_and_size() {
        let read = sku(
            &json!({"product_id": "5", "identifiers": [{"type": "upc", "value": "123"}],
            "trait_values": [{"trait": {"name": "Color"}, "value": "Navy", "external_id": "NVY"}, {"trait_name": "Size", "value": "M"}]}),
        );
        let read = read.expect("a SKU");
        let Sku {
            upc, color, size, ..
        } = &read.sku;
        assert_eq!((&**upc, &**color, &**size), ("123", "NVY", "M"));
        let nameless = sku(&json!({"product_id": "5"})).expect("a SKU");
        assert!(read.can_be_named() && !nameless.can_be_named());
        assert_eq!(sku(&json!({"identifiers": null})), None);
    }

    #[test]
    fn a_linesheet_may_not_tell_whether_it_is_made_to_order() {
        let read = linesheet(
            &json!({"id": 1, "external_id": "MTO", "name": "Made", "items": [{"product_id": 5}]}),
        );
        let read = read.expect("a linesheet");
        assert_eq!(
            (read.code.as_str(), read.made_to_order, read.products.len()),
            ("MTO", None, 1)
        );
        let told = linesheet(&json!({"id": 1, "external_id": "A", "made_to_order": "Yes"}));
        assert_eq!(told.and_then(|l| l.made_to_order), Some(true));
    }
}
