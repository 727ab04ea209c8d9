//! Orders as real shops answered them.

use super::*;
use crate::shopify::oracle::shared;

fn recorded(name: &str) -> Option<Value> {
    let file = shared(&format!("oracle/shopify/recorded/{name}.json"))?;
    Some(serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap())
}

#[test]
fn an_order_without_lines_is_refused_as_recorded() {
    let Some(record) = recorded("2025-01__orders__order-create-validation-matrix") else {
        return;
    };
    let mut stage = stage();
    let answer = stage.ask(record["query"].as_str().unwrap(), &record["variables"]);
    assert_eq!(answer["data"], record["mutation"]["response"]["data"]);
}

#[test]
fn totals_are_reckoned_as_recorded() {
    let Some(record) = recorded("2025-01__orders__order-create-math-matrix") else {
        return;
    };
    let bag = "{ shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }";
    let names = [
        "subtotalPriceSet",
        "currentSubtotalPriceSet",
        "totalShippingPriceSet",
        "totalDiscountsSet",
        "currentTotalDiscountsSet",
        "totalPriceSet",
        "currentTotalPriceSet",
    ];
    let sums: String = names.map(|name| format!("{name} {bag} ")).concat();
    let query = format!(
        "mutation($order: OrderCreateOrderInput!) {{ orderCreate(order: $order) {{ order {{ {sums} discountCodes \
         displayFulfillmentStatus lineItems(first: 5) {{ nodes {{ title quantity sku originalUnitPriceSet {bag} }} }} }} \
         userErrors {{ field message }} }} }}"
    );
    let mut stage = stage();
    // Taxes and payments are not played.
    for name in [
        "pendingNoTax",
        "fixedDiscount",
        "presentmentMoney",
        "authorization",
    ] {
        let case = &record["cases"][name];
        let mut order = case["variables"]["order"].clone();
        order.as_object_mut().unwrap().remove("transactions");
        for list in ["lineItems", "shippingLines"] {
            for line in order[list].as_array_mut().into_iter().flatten() {
                line.as_object_mut().unwrap().remove("taxLines");
            }
        }
        let answer = stage.ask(&query, &json!({ "order": order }));
        let ours = &answer["data"]["orderCreate"]["order"];
        let real = &case["response"]["payload"]["data"]["orderCreate"]["order"];
        for field in names
            .into_iter()
            .chain(["discountCodes", "displayFulfillmentStatus"])
        {
            assert_eq!(ours[field], real[field], "{name}: {field}");
        }
        let line = &ours["lineItems"]["nodes"][0];
        for (field, value) in line.as_object().unwrap() {
            assert_eq!(
                value, &real["lineItems"]["nodes"][0][field],
                "{name}: {field}"
            );
        }
    }
}

#[test]
fn a_line_of_a_product_without_a_variant_is_answered_as_recorded() {
    let Some(record) = recorded("2025-01__orders__order-create-line-item-fields") else {
        return;
    };
    let mut stage = stage();
    // Discounts are not spread over lines.
    let allocated = "discountAllocations {\n              allocatedAmountSet { shopMoney { amount currencyCode } }\n            }";
    let document = record["document"].as_str().unwrap();
    assert!(document.contains(allocated));
    let document = document.replace(allocated, "");
    let mut variables = record["variables"].clone();
    let product = stage.shop.find_product("winter").unwrap().gid();
    variables["order"]["lineItems"][0]["productId"] = product.clone().into();
    variables["order"]["lineItems"][0]
        .as_object_mut()
        .unwrap()
        .remove("taxLines");
    let answer = stage.ask(&document, &variables);
    assert_eq!(answer["errors"], Value::Null);
    let line = &answer["data"]["orderCreate"]["order"]["lineItems"]["nodes"][0];
    let real = &record["mutation"]["response"]["data"]["orderCreate"]["order"];
    let real = &real["lineItems"]["nodes"][0];
    for (field, value) in line.as_object().unwrap() {
        match field.as_str() {
            "id" => {}
            "product" => assert_eq!(value["id"], product),
            _ => assert_eq!(value, &real[field], "{field}"),
        }
    }
}
