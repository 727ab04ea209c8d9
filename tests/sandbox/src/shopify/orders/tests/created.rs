//! What an order is made of, and what is read back.

use super::*;

const BYPASS: &str = "BYPASS";

fn money(amount: &str, currency: &str) -> Value {
    json!({ "shopMoney": { "amount": amount, "currencyCode": currency } })
}

#[test]
fn an_order_is_read_back_as_it_was_given() {
    let mut stage = stage();
    let input = json!({
        "currency": "USD",
        "financialStatus": "PENDING",
        "sourceIdentifier": "9001",
        "sourceName": "joor",
        "poNumber": "PO-7 🧣",
        "note": "JOOR order 9001",
        "tags": ["wholesale", "JOOR", "wholesale"],
        "customAttributes": [{ "key": "Season", "value": "SS27" }],
        "email": "buyer@shop.example",
        "processedAt": "2026-11-22T10:00:00Z",
        "shippingAddress": { "company": "Shop", "firstName": "Ada", "lastName": "B", "address1": "1 Main St", "city": "New York",
                             "provinceCode": "NY", "countryCode": "US", "zip": "10001", "phone": "+1 212 555 0100" },
        "lineItems": [
            { "variantId": stage.scarf.gid(), "quantity": 3, "requiresShipping": true, "priceSet": money("40.10", "USD"),
              "properties": [{ "name": "Comment", "value": "No tags" }] },
            { "variantId": stage.hat.gid(), "quantity": 1, "priceSet": money("0.05", "USD") },
        ],
        "shippingLines": [{ "title": "Freight", "priceSet": money("12", "USD") }],
        "discountCode": { "itemFixedDiscountCode": { "code": "JOOR", "amountSet": money("20.35", "USD") } },
        "metafields": [{ "namespace": "atsync", "key": "joor_order", "type": "single_line_text_field", "value": "acme:9001" }],
    });
    let id = stage.place_as(&input, BYPASS);
    let query = "query($id: ID!) { order(id: $id) { name createdAt processedAt displayFinancialStatus poNumber note tags \
                 sourceIdentifier sourceName email currencyCode customAttributes { key value } shippingAddress { name company \
                 provinceCode countryCodeV2 zip } billingAddress { city } subtotalPriceSet { shopMoney { amount } } \
                 totalDiscountsSet { shopMoney { amount } } totalShippingPriceSet { shopMoney { amount } } totalPriceSet { \
                 shopMoney { amount currencyCode } } discountCodes metafield(namespace: \"atsync\", key: \"joor_order\") \
                 { type value } shippingLines(first: 5) { nodes { title } } } }";
    let answer = stage.ask(query, &json!({ "id": id.gid() }));
    assert_eq!(
        answer["data"]["order"],
        json!({
            "name": "#1001",
            "createdAt": "2026-11-23T06:01:00Z",
            "processedAt": "2026-11-22T10:00:00Z",
            "displayFinancialStatus": "PENDING",
            "poNumber": "PO-7 🧣",
            "note": "JOOR order 9001",
            "tags": ["JOOR", "wholesale"],
            "sourceIdentifier": "9001",
            "sourceName": "joor",
            "email": "buyer@shop.example",
            "currencyCode": "USD",
            "customAttributes": [{ "key": "Season", "value": "SS27" }],
            "shippingAddress": { "name": "Ada B", "company": "Shop", "provinceCode": "NY", "countryCodeV2": "US", "zip": "10001" },
            "billingAddress": null,
            "subtotalPriceSet": { "shopMoney": { "amount": "100.0" } },
            "totalDiscountsSet": { "shopMoney": { "amount": "20.35" } },
            "totalShippingPriceSet": { "shopMoney": { "amount": "12.0" } },
            "totalPriceSet": { "shopMoney": { "amount": "112.0", "currencyCode": "USD" } },
            "discountCodes": ["JOOR"],
            "metafield": { "type": "single_line_text_field", "value": "acme:9001" },
            "shippingLines": { "nodes": [{ "title": "Freight" }] },
        })
    );
    let query = "query($id: ID!) { order(id: $id) { lineItems(first: 5) { nodes { title sku vendor name requiresShipping \
                 customAttributes { key value } originalUnitPriceSet { shopMoney { amount } } originalTotalSet { shopMoney { \
                 amount } } variant { id } product { title } } } } }";
    let answer = stage.ask(query, &json!({ "id": id.gid() }));
    assert_eq!(
        answer["data"]["order"]["lineItems"]["nodes"][0],
        json!({
            "title": "Winter",
            "sku": "SCARF",
            "vendor": "Atelier",
            "name": "Winter",
            "requiresShipping": true,
            "customAttributes": [{ "key": "Comment", "value": "No tags" }],
            "originalUnitPriceSet": { "shopMoney": { "amount": "40.1" } },
            "originalTotalSet": { "shopMoney": { "amount": "120.3" } },
            "variant": { "id": stage.scarf.gid() },
            "product": { "title": "Winter" },
        })
    );
    // Nothing is shipped that was not said to be.
    assert_eq!(
        answer["data"]["order"]["lineItems"]["nodes"][1]["requiresShipping"],
        false
    );
}

#[test]
fn a_test_sees_an_order_without_a_query() {
    let mut stage = stage();
    let mut input = order(&[(stage.scarf, 2)]);
    input["note"] = "Call first".into();
    input["tags"] = json!(["b", "a"]);
    input["poNumber"] = "PO-1".into();
    input["customAttributes"] = json!([{ "key": "Season", "value": "SS27" }]);
    input["metafields"] =
        json!([{ "namespace": "atsync", "key": "joor_order", "type": "id", "value": "acme:1" }]);
    input["shippingAddress"] = json!({ "countryCode": "FR" });
    let id = stage.place_as(&input, BYPASS);
    assert_eq!(stage.shop.find_order("#1001"), Some(id));
    assert_eq!(stage.shop.find_order(&id.number().to_string()), Some(id));
    assert_eq!(stage.shop.find_order("#1002"), None);
    assert!(stage.shop.find_order_by_joor("acme:2").is_none());
    let view = stage.shop.find_order_by_joor("acme:1").unwrap();
    assert_eq!((view.id(), view.times_created()), (id, 1));
    assert_eq!((view.gid(), view.name()), (id.gid(), "#1001"));
    assert_eq!(
        (view.note(), view.po_number()),
        (Some("Call first"), Some("PO-1"))
    );
    assert_eq!(view.tags(), ["a", "b"]);
    assert_eq!(
        view.custom_attributes(),
        [("Season".to_owned(), "SS27".to_owned())]
    );
    assert_eq!((view.total(), view.currency()), ("160.0".to_owned(), "EUR"));
    assert_eq!(
        (view.discounts(), view.country()),
        ("0.0".to_owned(), Some("FR"))
    );
    let line = view.lines().next().unwrap();
    assert_eq!((line.sku(), line.quantity()), (Some("SCARF"), 2));
    assert_eq!(
        (line.variant(), line.price()),
        (Some(stage.scarf), "80.0".to_owned())
    );
    let other = stage.place(&[(stage.scarf, 2)], BYPASS);
    assert_eq!(stage.view(other).times_created(), 0);
}

#[test]
fn the_shop_books_in_one_currency_and_the_customer_sees_another() {
    let mut stage = stage();
    let both = |shop: &str, seen: &str| {
        json!({
            "shopMoney": { "amount": shop, "currencyCode": "CAD" },
            "presentmentMoney": { "amount": seen, "currencyCode": "USD" },
        })
    };
    let input = json!({
        "currency": "CAD",
        "presentmentCurrency": "USD",
        "lineItems": [{ "variantId": stage.scarf.gid(), "quantity": 3, "priceSet": both("10.00", "7.00") }],
        "shippingLines": [{ "title": "Freight", "priceSet": both("4.00", "2.80") }],
        "discountCode": { "itemFixedDiscountCode": { "code": "JOOR", "amountSet": both("1", "0.7") } },
    });
    let id = stage.place_as(&input, BYPASS);
    let query = "query($id: ID!) { order(id: $id) { currencyCode presentmentCurrencyCode totalPriceSet { shopMoney { amount \
                 currencyCode } presentmentMoney { amount currencyCode } } } }";
    let answer = stage.ask(query, &json!({ "id": id.gid() }));
    assert_eq!(
        answer["data"]["order"],
        json!({
            "currencyCode": "CAD",
            "presentmentCurrencyCode": "USD",
            "totalPriceSet": {
                "shopMoney": { "amount": "33.0", "currencyCode": "CAD" },
                "presentmentMoney": { "amount": "23.1", "currencyCode": "USD" },
            },
        })
    );
    assert_eq!(stage.view(id).presentment_currency(), "USD");
    for price in [money("10", "CAD"), both("10", "-1"), money("10", "USD")] {
        let mut wrong = input.clone();
        wrong["lineItems"][0]["priceSet"] = price;
        let errors = stage.refused(&wrong, BYPASS);
        assert_eq!(
            errors[0]["field"],
            json!(["order", "lineItems", "0", "priceSet"])
        );
    }
}

#[test]
fn an_order_is_in_the_shops_currency_unless_it_says_otherwise() {
    let mut stage = stage_with(|options| "JPY".clone_into(&mut options.currency));
    let mut input = order(&[(stage.scarf, 2)]);
    input["lineItems"][0]["priceSet"] = money("1500", "JPY");
    let id = stage.place_as(&input, BYPASS);
    let view = stage.view(id);
    assert_eq!(
        (view.total(), view.currency()),
        ("3000.0".to_owned(), "JPY")
    );
    assert_eq!(view.presentment_currency(), "JPY");
    input["lineItems"][0]["priceSet"] = money("15.00", "EUR");
    let errors = stage.refused(&input, BYPASS);
    assert_eq!(errors[0]["message"], "Currency must be JPY, the order's");
}

#[test]
fn a_discount_takes_off_no_more_than_there_is() {
    let mut stage = stage();
    let mut input = order(&[(stage.scarf, 1)]);
    let off = json!({ "code": "ALL", "amountSet": money("500", "EUR") });
    input["discountCode"] = json!({ "itemFixedDiscountCode": off });
    let id = stage.place_as(&input, BYPASS);
    assert_eq!(stage.view(id).total(), "0.0");
    assert_eq!(stage.view(id).discounts(), "80.0");
}

#[test]
fn what_is_wrong_with_an_order_is_said_at_its_place() {
    let mut stage = stage();
    let variant = stage.scarf.gid();
    let lines = json!([{ "variantId": variant, "quantity": 1 }]);
    let cases = [
        (
            json!({ "lineItems": [] }),
            vec!["lineItems"],
            "Line items must have at least one line item",
        ),
        (
            json!({}),
            vec!["lineItems"],
            "Line items must have at least one line item",
        ),
        (
            json!({ "lineItems": [{ "variantId": variant, "quantity": 0 }] }),
            vec!["lineItems", "0", "quantity"],
            "Quantity must be greater than 0",
        ),
        (
            json!({ "lineItems": [{ "variantId": variant, "quantity": -3 }] }),
            vec!["lineItems", "0", "quantity"],
            "Quantity must be greater than 0",
        ),
        (
            json!({ "lineItems": [{ "variantId": "gid://shopify/ProductVariant/1", "quantity": 1 }] }),
            vec!["lineItems", "0", "variantId"],
            "Variant does not exist",
        ),
        (
            json!({ "lineItems": [{ "quantity": 1 }] }),
            vec!["lineItems", "0", "title"],
            "Title can't be blank",
        ),
        (
            json!({ "lineItems": lines, "processedAt": "2027-01-01T00:00:00Z" }),
            vec!["processedAt"],
            "Processed at is invalid",
        ),
        (
            json!({ "lineItems": lines, "phone": "call me" }),
            vec!["phone"],
            "Phone is invalid",
        ),
        (
            json!({ "lineItems": lines, "email": "buyer at shop" }),
            vec!["email"],
            "Email is invalid",
        ),
        (
            json!({ "lineItems": lines, "metafields": [{ "namespace": "a", "key": "b", "value": "c" }] }),
            vec!["metafields", "0", "type"],
            "Type can't be blank",
        ),
        (
            json!({ "lineItems": lines, "shippingLines": [{ "title": "Freight", "priceSet": money("-1", "EUR") }] }),
            vec!["shippingLines", "0"],
            "Amount must be a decimal of 0 or more",
        ),
    ];
    for (input, field, message) in cases {
        let errors = stage.refused(&input, "DECREMENT_IGNORING_POLICY");
        let path: Vec<&str> = ["order"].into_iter().chain(field).collect();
        assert_eq!(errors[0]["field"], json!(path), "{input}");
        assert_eq!(errors[0]["message"], message, "{input}");
        let code = errors[0]["code"].as_str().unwrap();
        assert!(["INVALID", "PROCESSED_AT_INVALID"].contains(&code));
    }
    assert_eq!(stage.units(stage.scarf, stage.paris), (5, 0, 5));
    assert_eq!(stage.shop.orders().count(), 0);
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let mut stage = stage();
    let input = json!({
        "lineItems": [{ "quantity": 0, "title": "x" }, { "quantity": 1 }],
        "email": "nobody",
    });
    assert_eq!(stage.refused(&input, BYPASS).as_array().unwrap().len(), 3);
}

#[test]
fn what_the_schema_does_not_know_never_reaches_the_shop() {
    let mut stage = stage();
    let with = |name: &str, value: Value| {
        let mut input = order(&[(stage.scarf, 1)]);
        input[name] = value;
        input
    };
    let inputs = [
        with("currency", "XXZ".into()),
        with("shippingAddress", json!({ "countryCode": "ZZQ" })),
        with("locationId", stage.paris.gid().into()),
        with("lineItems", json!([{ "quantity": "three" }])),
        with(
            "lineItems",
            json!([{ "quantity": 1, "title": "x", "priceSet": money("ten", "EUR") }]),
        ),
    ];
    for input in inputs {
        let answer = stage.ask(CREATE, &json!({ "order": input }));
        assert_eq!(
            answer["errors"][0]["extensions"]["code"], "INVALID_VARIABLE",
            "{input}"
        );
    }
    assert_eq!(stage.shop.orders().count(), 0);
}

#[test]
fn creating_needs_its_scopes() {
    let denied = |scope: &str, input: &dyn Fn(&Stage) -> Value| {
        let mut stage = stage_with(|options| options.scopes.retain(|held| held != scope));
        let input = input(&stage);
        let answer = stage.ask(CREATE, &json!({ "order": input }));
        assert_eq!(answer["data"]["orderCreate"], Value::Null);
        assert_eq!(answer["errors"][0]["extensions"]["code"], "ACCESS_DENIED");
        let message = answer["errors"][0]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(scope), "{message}");
    };
    denied("write_orders", &|stage| order(&[(stage.scarf, 1)]));
    denied("write_customers", &|stage| {
        let mut input = order(&[(stage.scarf, 1)]);
        input["customer"] = json!({ "toUpsert": { "email": "a@b.example" } });
        input
    });
}
