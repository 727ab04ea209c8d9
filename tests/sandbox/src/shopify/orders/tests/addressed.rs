//! Customers and addresses.

use super::*;

const BYPASS: &str = "BYPASS";

fn of(stage: &Stage, customer: &Value) -> Value {
    let mut input = order(&[(stage.scarf, 1)]);
    input["customer"] = customer.clone();
    input
}

impl Stage {
    fn customer_of(&mut self, order: OrderId) -> Value {
        let query = "query($id: ID!) { order(id: $id) { email customer { id displayName defaultEmailAddress { emailAddress } } } }";
        self.ask(query, &json!({ "id": order.gid() }))["data"]["order"].clone()
    }
}

#[test]
fn a_buyer_becomes_a_customer_once() {
    let mut stage = stage();
    let buyer =
        json!({ "toUpsert": { "email": "Ada@shop.example", "firstName": "Ada", "lastName": "B" } });
    let input = of(&stage, &buyer);
    let first = stage.place_as(&input, BYPASS);
    let renamed = json!({ "toUpsert": { "email": "ada@shop.example", "lastName": "Byron" } });
    let input = of(&stage, &renamed);
    let second = stage.place_as(&input, BYPASS);
    let (first, second) = (stage.customer_of(first), stage.customer_of(second));
    assert_eq!(first["customer"]["id"], second["customer"]["id"]);
    assert_eq!(second["customer"]["displayName"], "Ada Byron");
    assert_eq!(second["email"], "ada@shop.example");
    assert_eq!(stage.shop.customer_emails().count(), 1);
}

#[test]
fn an_order_is_given_to_a_customer_that_the_shop_has() {
    let mut stage = stage();
    let ada = stage
        .shop
        .add_customer("ada@shop.example", "Ada", "B", stage.now);
    let input = of(&stage, &json!({ "toAssociate": { "id": ada.gid() } }));
    let id = stage.place_as(&input, BYPASS);
    let told = stage.customer_of(id);
    assert_eq!(told["customer"]["id"], ada.gid());
    assert_eq!(told["email"], "ada@shop.example");
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let ids = json!({ "ids": [ada.gid(), "gid://shopify/Customer/1"] });
    assert_eq!(
        stage.ask(query, &ids)["data"]["nodes"],
        json!([{ "id": ada.gid() }, null])
    );
}

#[test]
fn a_customer_that_is_not_there_refuses_the_order() {
    let mut stage = stage();
    let nobody = "gid://shopify/Customer/1";
    for (customer, name) in [
        (json!({ "toAssociate": { "id": nobody } }), "toAssociate"),
        (
            json!({ "toAssociate": { "email": "a@b.example" } }),
            "toAssociate",
        ),
        (json!({ "toUpsert": { "id": nobody } }), "toUpsert"),
    ] {
        let input = of(&stage, &customer);
        let errors = stage.refused(&input, BYPASS);
        assert_eq!(errors[0]["field"], json!(["order", "customer", name, "id"]));
        assert_eq!(errors[0]["message"], "Customer does not exist");
    }
    let customer = json!({ "toUpsert": { "email": "nobody", "phone": "none" } });
    let input = of(&stage, &customer);
    assert_eq!(stage.refused(&input, BYPASS).as_array().unwrap().len(), 2);
    assert_eq!(stage.shop.customer_emails().count(), 0);
    let both = json!({ "toUpsert": { "email": "a@b.example" }, "toAssociate": { "id": nobody } });
    let input = of(&stage, &both);
    let answer = stage.ask(CREATE, &json!({ "order": input }));
    assert_eq!(
        answer["errors"][0]["extensions"]["code"],
        "INVALID_VARIABLE"
    );
}

#[test]
fn a_shop_can_refuse_countries_and_provinces() {
    let mut stage = stage();
    let to = |country: &str, province: &str| {
        let mut input = order(&[(stage.scarf, 1)]);
        input["shippingAddress"] = json!({ "countryCode": country, "provinceCode": province });
        input
    };
    let (paris, texas, ohio) = (to("FR", "75"), to("US", "TX"), to("US", "OH"));
    let mut billed = order(&[(stage.scarf, 1)]);
    billed["billingAddress"] = json!({ "countryCode": "FR" });
    stage.shop.refuse_country("FR");
    stage.shop.refuse_province("US", "TX");
    for (input, field) in [
        (&paris, ["order", "shippingAddress", "countryCode"]),
        (&texas, ["order", "shippingAddress", "provinceCode"]),
        (&billed, ["order", "billingAddress", "countryCode"]),
    ] {
        let errors = stage.refused(input, BYPASS);
        assert_eq!(
            (&errors[0]["field"], &errors[0]["code"]),
            (&json!(field), &json!("INVALID"))
        );
    }
    stage.place_as(&ohio, BYPASS);
    stage.shop.accept_addresses();
    stage.place_as(&paris, BYPASS);
    stage.place_as(&texas, BYPASS);
}
