//! Fulfilment orders that go to another location.

use super::*;

const IGNORING: &str = "DECREMENT_IGNORING_POLICY";
const MOVE: &str = "mutation($id: ID!, $to: ID!, $lines: [FulfillmentOrderLineItemInput!]) { fulfillmentOrderMove(id: $id, \
                    newLocationId: $to, fulfillmentOrderLineItems: $lines) { movedFulfillmentOrder { ...part } \
                    originalFulfillmentOrder { id } remainingFulfillmentOrder { ...part } userErrors { field message code } } } \
                    fragment part on FulfillmentOrder { id status assignedLocation { name location { id } } lineItems(first: 9) \
                    { nodes { id totalQuantity remainingQuantity sku } } }";

impl Stage {
    fn move_part(&mut self, part: &str, to: &str, lines: &Value) -> Value {
        let variables = json!({ "id": part, "to": to, "lines": lines });
        self.ask(MOVE, &variables)["data"]["fulfillmentOrderMove"].clone()
    }
}

#[test]
fn a_move_takes_the_claim_along() {
    let mut stage = stage();
    let id = stage.place(&[(stage.scarf, 3)], IGNORING);
    let topics = ["FULFILLMENT_ORDERS_MOVED", "INVENTORY_LEVELS_UPDATE"];
    stage.shop.subscribe(&topics, "http://127.0.0.1:1/", NOW);
    let part = stage.part(id);
    let moved = stage.move_part(&part, &stage.lyon.gid(), &Value::Null);
    assert_eq!(moved["userErrors"], json!([]));
    let now_there = &moved["movedFulfillmentOrder"];
    assert_eq!(now_there["id"], part);
    assert_eq!(now_there["status"], "OPEN");
    assert_eq!(
        now_there["assignedLocation"]["location"]["id"],
        stage.lyon.gid()
    );
    assert_eq!(moved["originalFulfillmentOrder"]["id"], part);
    assert_eq!(moved["remainingFulfillmentOrder"], Value::Null);
    assert_eq!(stage.units(stage.scarf, stage.paris), (5, 0, 5));
    assert_eq!(stage.units(stage.scarf, stage.lyon), (5, 3, 8));
    assert_eq!(stage.view(id).locations(), [stage.lyon]);
    assert_eq!(stage.view(id).fulfillment_status(), "UNFULFILLED");
    assert_eq!(stage.told().len(), 3);
    // To where it is already: nothing changes.
    stage.move_part(&part, &stage.lyon.gid(), &Value::Null);
    assert_eq!(stage.units(stage.scarf, stage.lyon), (5, 3, 8));
}

#[test]
fn a_move_may_leave_too_little_behind_it() {
    let mut stage = stage();
    let id = stage.place(&[(stage.scarf, 7)], IGNORING);
    assert_eq!(stage.view(id).locations(), [stage.lyon]);
    let part = stage.part(id);
    stage.move_part(&part, &stage.paris.gid(), &Value::Null);
    assert_eq!(stage.units(stage.scarf, stage.paris), (-2, 7, 5));
    assert_eq!(stage.units(stage.scarf, stage.lyon), (8, 0, 8));
}

#[test]
fn a_move_of_some_units_splits_the_fulfilment_order() {
    let mut stage = stage();
    let id = stage.place(&[(stage.scarf, 4), (stage.hat, 1)], IGNORING);
    let part = stage.part(id);
    let query = "query($id: ID!) { fulfillmentOrder(id: $id) { order { name } lineItems(first: 9) { nodes { id sku } } } }";
    let answer = stage.ask(query, &json!({ "id": part }));
    let line = &answer["data"]["fulfillmentOrder"]["lineItems"]["nodes"][0];
    assert_eq!(line["sku"], "SCARF");
    let some = json!([{ "id": line["id"], "quantity": 3 }]);
    let moved = stage.move_part(&part, &stage.lyon.gid(), &some);
    assert_eq!(moved["userErrors"], json!([]));
    let there = &moved["movedFulfillmentOrder"];
    assert_ne!(there["id"], part);
    assert_eq!(there["lineItems"]["nodes"][0]["totalQuantity"], 3);
    let left = &moved["remainingFulfillmentOrder"];
    assert_eq!(left["id"], part);
    assert_eq!(left["lineItems"]["nodes"][0]["remainingQuantity"], 1);
    assert_eq!(left["lineItems"]["nodes"][1]["remainingQuantity"], 1);
    assert_eq!(stage.units(stage.scarf, stage.paris), (4, 1, 5));
    assert_eq!(stage.units(stage.scarf, stage.lyon), (5, 3, 8));
    assert_eq!(stage.view(id).locations(), [stage.paris, stage.lyon]);
    // More than is left there.
    let refused = stage.move_part(&part, &stage.lyon.gid(), &some);
    assert_eq!(
        refused["userErrors"][0]["message"],
        "Cannot change location."
    );
}

#[test]
fn only_what_is_not_yet_shipped_is_moved() {
    let mut stage = stage();
    let id = stage.place(&[(stage.scarf, 5)], IGNORING);
    let part = stage.part(id);
    let units = [(stage.scarf, 2)];
    stage
        .shop
        .fulfill_units(id, &units, &Tracking::default(), stage.now);
    let moved = stage.move_part(&part, &stage.lyon.gid(), &Value::Null);
    assert_eq!(moved["userErrors"], json!([]));
    assert_eq!(stage.units(stage.scarf, stage.paris), (3, 0, 3));
    assert_eq!(stage.units(stage.scarf, stage.lyon), (5, 3, 8));
    assert_eq!(moved["remainingFulfillmentOrder"]["status"], "CLOSED");
    stage
        .shop
        .fulfill_order(id, &Tracking::default(), stage.now);
    assert_eq!(stage.view(id).fulfillment_status(), "FULFILLED");
    assert_eq!(stage.units(stage.scarf, stage.lyon), (5, 0, 5));
}

#[test]
fn a_move_of_what_was_not_claimed_leaves_the_stock_alone() {
    let mut stage = stage();
    let id = stage.place(&[(stage.scarf, 3), (stage.card, 1)], "BYPASS");
    let part = stage.part(id);
    stage.move_part(&part, &stage.lyon.gid(), &Value::Null);
    assert_eq!(stage.view(id).locations()[0], stage.lyon);
    assert_eq!(stage.units(stage.scarf, stage.paris), (5, 0, 5));
    assert_eq!(stage.units(stage.scarf, stage.lyon), (8, 0, 8));
}

#[test]
fn a_move_is_refused_in_recorded_words() {
    let mut stage = stage();
    let lyon = stage.lyon.gid();
    let begun = stage.place(&[(stage.scarf, 1)], IGNORING);
    stage.shop.report_progress(begun, stage.now);
    assert_eq!(stage.view(begun).fulfillment_status(), "IN_PROGRESS");
    let begun = stage.part(begun);
    let shipped = stage.place(&[(stage.scarf, 1)], IGNORING);
    let shipped_part = stage.part(shipped);
    stage
        .shop
        .fulfill_order(shipped, &Tracking::default(), stage.now);
    let open = stage.place(&[(stage.scarf, 1)], IGNORING);
    let open = stage.part(open);
    let before = stage.units(stage.scarf, stage.paris);
    let nowhere = "gid://shopify/Location/999999999";
    let progress = "CANNOT_MOVE_FULFILLMENT_ORDER_WITH_REPORTED_PROGRESS";
    for (part, to, field, code, words) in [
        (
            &begun,
            lyon.as_str(),
            json!(["id"]),
            json!(progress),
            "Cannot move a fulfillment order that has had progress",
        ),
        (
            &shipped_part,
            &lyon,
            Value::Null,
            Value::Null,
            "Cannot change location.",
        ),
        (
            &open,
            nowhere,
            json!(["id"]),
            Value::Null,
            "Location not found.",
        ),
    ] {
        let refused = stage.move_part(part, to, &Value::Null);
        assert_eq!(refused["movedFulfillmentOrder"], Value::Null);
        let error = &refused["userErrors"][0];
        assert_eq!(
            (&error["field"], &error["code"]),
            (&field, &code),
            "{words}"
        );
        assert!(
            error["message"].as_str().unwrap().starts_with(words),
            "{error}"
        );
    }
    assert_eq!(stage.units(stage.scarf, stage.paris), before);
}

#[test]
fn a_fulfilment_order_that_does_not_exist_is_an_error_of_the_request() {
    let mut stage = stage();
    let variables = json!({ "id": "gid://shopify/FulfillmentOrder/0", "to": stage.lyon.gid() });
    let answer = stage.ask(MOVE, &variables);
    assert_eq!(answer["data"]["fulfillmentOrderMove"], Value::Null);
    let error = &answer["errors"][0];
    assert_eq!(
        error["message"],
        "Invalid id: gid://shopify/FulfillmentOrder/0"
    );
    assert_eq!(error["extensions"]["code"], "RESOURCE_NOT_FOUND");
    assert_eq!(error["path"], json!(["fulfillmentOrderMove"]));
}

#[test]
fn an_order_goes_only_where_all_of_it_is_stocked() {
    let mut stage = stage();
    let id = stage.place(&[(stage.scarf, 1), (stage.hat, 1)], IGNORING);
    let part = stage.part(id);
    let refused = stage.move_part(&part, &stage.lyon.gid(), &Value::Null);
    assert_eq!(refused["userErrors"][0]["field"], json!(["newLocationId"]));
    stage
        .shop
        .set_available(stage.hat, stage.lyon, 0, stage.now);
    let moved = stage.move_part(&part, &stage.lyon.gid(), &Value::Null);
    assert_eq!(moved["userErrors"], json!([]));
    assert_eq!(stage.units(stage.hat, stage.lyon), (-1, 1, 0));
    stage.shop.deactivate_location(stage.paris, stage.now);
    let refused = stage.move_part(&part, &stage.paris.gid(), &Value::Null);
    assert_eq!(refused["userErrors"][0]["message"], "Location not found.");
}
