//! Orders that are looked for: by a unique id, and by search.

use super::*;

const BYPASS: &str = "BYPASS";
const DEFINE: &str = "mutation($definition: MetafieldDefinitionInput!) { metafieldDefinitionCreate(definition: $definition) \
                      { createdDefinition { namespace key ownerType type { name category } } userErrors { field message code } } }";
const BY_ID: &str = "query($value: String!) { orderByIdentifier(identifier: { customId: { namespace: \"atsync\", \
                     key: \"joor_order\", value: $value } }) { id name } }";

fn definition(kind: &str) -> Value {
    json!({ "name": "JOOR order", "namespace": "atsync", "key": "joor_order", "type": kind, "ownerType": "ORDER" })
}

impl Stage {
    fn define(&mut self, definition: &Value) -> Value {
        let answer = self.ask(DEFINE, &json!({ "definition": definition }));
        answer["data"]["metafieldDefinitionCreate"].clone()
    }

    fn from_joor(&self, value: &str, kind: &str) -> Value {
        let mut input = order(&[(self.scarf, 1)]);
        let field =
            json!({ "namespace": "atsync", "key": "joor_order", "type": kind, "value": value });
        input["metafields"] = json!([field]);
        input
    }

    fn by_id(&mut self, value: &str) -> Value {
        self.ask(BY_ID, &json!({ "value": value }))["data"]["orderByIdentifier"].clone()
    }

    /// The names of the orders that a search finds.
    fn found(&mut self, query: &str, sort: &str) -> Vec<String> {
        let asked = "query($query: String, $sort: OrderSortKeys) { orders(first: 50, query: $query, sortKey: $sort) { nodes { name } } }";
        let answer = self.ask(asked, &json!({ "query": query, "sort": sort }));
        let nodes = answer["data"]["orders"]["nodes"].as_array().unwrap();
        nodes.iter().map(|node| gid_of(&node["name"])).collect()
    }
}

#[test]
fn a_unique_id_is_taken_once() {
    let mut stage = stage();
    let defined = stage.define(&definition("id"));
    assert_eq!(
        defined["createdDefinition"],
        json!({ "namespace": "atsync", "key": "joor_order", "ownerType": "ORDER", "type": { "name": "id", "category": "ID" } })
    );
    let input = stage.from_joor("acme:1", "id");
    let id = stage.place_as(&input, "DECREMENT_IGNORING_POLICY");
    let errors = stage.refused(&input, "DECREMENT_IGNORING_POLICY");
    assert_eq!(
        errors,
        json!([{ "field": ["order", "metafields", "0", "value"], "message": "Value is already taken", "code": "INVALID" }])
    );
    assert_eq!(stage.units(stage.scarf, stage.paris), (4, 1, 5));
    assert_eq!(stage.by_id("acme:1")["id"], id.gid());
    assert_eq!(stage.by_id("acme:2"), Value::Null);
    // A cancelled order keeps its id.
    stage.shop.cancel_order(id, true, stage.now);
    stage.refused(&input, BYPASS);
    let other = stage.from_joor("acme:2", "id");
    stage.place_as(&other, BYPASS);
    assert_eq!(
        stage
            .shop
            .find_order_by_joor("acme:2")
            .unwrap()
            .times_created(),
        1
    );
}

#[test]
fn a_shop_can_take_the_same_id_twice() {
    let mut stage = stage_with(|options| options.orders.unique_ids = false);
    stage.define(&definition("id"));
    let input = stage.from_joor("acme:1", "id");
    stage.place_as(&input, BYPASS);
    stage.place_as(&input, BYPASS);
    let first = stage.shop.find_order_by_joor("acme:1").unwrap();
    assert_eq!((first.name(), first.times_created()), ("#1001", 2));
}

#[test]
fn without_a_definition_nothing_is_unique_and_nothing_is_found() {
    let mut stage = stage();
    let input = stage.from_joor("acme:1", "id");
    stage.place_as(&input, BYPASS);
    stage.place_as(&input, BYPASS);
    let answer = stage.ask(BY_ID, &json!({ "value": "acme:1" }));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "NOT_FOUND");
    assert_eq!(
        answer["errors"][0]["message"],
        "Metafield definition of type 'id' is required when using custom ids."
    );
    assert!(
        stage
            .found("metafields.atsync.joor_order:acme\\:1", "ID")
            .is_empty()
    );
}

#[test]
fn values_of_another_type_are_unique_where_that_is_asked_for() {
    let mut stage = stage();
    let mut unique = definition("single_line_text_field");
    unique["capabilities"] = json!({ "uniqueValues": { "enabled": true } });
    assert_eq!(stage.define(&unique)["userErrors"], json!([]));
    let input = stage.from_joor("acme:1", "single_line_text_field");
    stage.place_as(&input, BYPASS);
    assert_eq!(
        stage.refused(&input, BYPASS)[0]["message"],
        "Value is already taken"
    );
    // Only an id is found by.
    let answer = stage.ask(BY_ID, &json!({ "value": "acme:1" }));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "NOT_FOUND");
    let other = stage.from_joor("acme:2", "id");
    let errors = stage.refused(&other, BYPASS);
    assert_eq!(
        errors[0]["field"],
        json!(["order", "metafields", "0", "type"])
    );
}

#[test]
fn a_definition_is_made_once() {
    let mut stage = stage();
    let mut wanted = definition("id");
    wanted["capabilities"] = json!({ "uniqueValues": { "enabled": true } });
    assert_eq!(stage.define(&wanted)["userErrors"], json!([]));
    let again = stage.define(&wanted);
    assert_eq!(again["createdDefinition"], Value::Null);
    assert_eq!(
        again["userErrors"],
        json!([{
            "field": ["definition", "key"],
            "message": "Key is in use for Order metafields on the 'atsync' namespace.",
            "code": "TAKEN",
        }])
    );
    for (name, value, code) in [
        ("key", "k".to_owned(), "TOO_SHORT"),
        ("key", "k".repeat(65), "TOO_LONG"),
        ("namespace", "ab".to_owned(), "TOO_SHORT"),
    ] {
        let mut wrong = definition("id");
        wrong[name] = value.into();
        let error = stage.define(&wrong)["userErrors"][0].clone();
        assert_eq!(
            (&error["field"], &error["code"]),
            (&json!(["definition", name]), &json!(code))
        );
    }
    let mut products = definition("id");
    products["ownerType"] = "PRODUCT".into();
    let answer = stage.ask(DEFINE, &json!({ "definition": products }));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "ACCESS_DENIED");
}

#[test]
fn an_id_is_found_after_its_lag() {
    let mut stage = stage_with(|options| options.orders.identifier_lag_ms = 5000);
    stage.define(&definition("id"));
    let input = stage.from_joor("acme:1", "id");
    let id = stage.place_as(&input, BYPASS);
    stage.now += 4999;
    assert_eq!(stage.by_id("acme:1"), Value::Null);
    // It is taken all the same.
    stage.refused(&input, BYPASS);
    // Who has the global id finds the order at once.
    let query = "query($id: ID!) { order(id: $id) { name } orderByIdentifier(identifier: { id: $id }) { name } }";
    let answer = stage.ask(query, &json!({ "id": id.gid() }));
    assert_eq!(answer["data"]["order"], answer["data"]["orderByIdentifier"]);
    assert_eq!(answer["data"]["order"]["name"], "#1001");
    stage.now += 1;
    assert_eq!(stage.by_id("acme:1")["name"], "#1001");
}

#[test]
fn a_search_finds_by_what_an_order_says_of_itself() {
    let mut stage = stage();
    stage.define(&definition("id"));
    let mut input = stage.from_joor("acme-1", "id");
    input["tags"] = json!(["JOOR"]);
    input["poNumber"] = "PO-7".into();
    input["sourceIdentifier"] = "9001".into();
    input["email"] = "ada@shop.example".into();
    let id = stage.place_as(&input, BYPASS);
    stage.place(&[(stage.scarf, 1)], BYPASS);
    for query in [
        "tag:joor",
        "po_number:PO-7",
        "source_identifier:9001",
        "email:ada@shop.example",
        "name:#1001",
        "metafields.atsync.joor_order:acme-1",
        "tag:JOOR AND po_number:PO-7",
        &format!("id:{}", id.number()),
    ] {
        assert_eq!(stage.found(query, "ID"), ["#1001"], "{query}");
    }
    assert!(stage.found("tag:other", "ID").is_empty());
    assert_eq!(stage.found("", "ID"), ["#1001", "#1002"]);
}

#[test]
fn the_search_index_lags_behind_new_orders_and_behind_changes() {
    let mut stage = stage_with(|options| options.orders.search_lag_ms = 120_000);
    let first = stage.place(&[(stage.scarf, 1)], BYPASS);
    stage.now += 1000;
    stage.place(&[(stage.scarf, 1)], BYPASS);
    stage.now += 118_999;
    assert!(stage.found("", "UPDATED_AT").is_empty());
    stage.now += 1;
    assert_eq!(stage.found("", "UPDATED_AT"), ["#1001"]);
    stage.now += 1000;
    assert_eq!(stage.found("", "UPDATED_AT"), ["#1001", "#1002"]);
    let changed = stage.now;
    stage.shop.tag_order(first, "late", changed);
    let since = "updated_at:>='2026-11-23T06:03:00Z'";
    assert!(stage.found(since, "UPDATED_AT").is_empty());
    stage.now = changed + 120_000;
    assert_eq!(stage.found(since, "UPDATED_AT"), ["#1001"]);
    assert_eq!(stage.found("", "UPDATED_AT"), ["#1002", "#1001"]);
    assert_eq!(stage.view(first).tags(), ["late"]);
}
