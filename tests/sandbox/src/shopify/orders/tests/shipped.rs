//! What shipping does to the stock, and what is told of it.

use super::*;

const IGNORING: &str = "DECREMENT_IGNORING_POLICY";

#[test]
fn shipping_takes_what_was_committed_out_of_the_house() {
    let mut stage = stage();
    let id = stage.place(&[(stage.scarf, 2), (stage.hat, 3)], IGNORING);
    assert_eq!(stage.view(id).fulfillment_status(), "UNFULFILLED");
    let tracking = Tracking::new("DHL Express", "JD-1");
    stage.shop.fulfill_order(id, &tracking, stage.now);
    assert_eq!(stage.units(stage.scarf, stage.paris), (3, 0, 3));
    assert_eq!(stage.units(stage.hat, stage.paris), (-1, 0, -1));
    let view = stage.view(id);
    assert_eq!(view.fulfillment_status(), "FULFILLED");
    assert_eq!(view.tracking_numbers(), ["JD-1"]);
    assert_eq!(view.locations(), [] as [LocationId; 0]);
    // There is nothing left to ship.
    stage.shop.fulfill_order(id, &tracking, stage.now);
    assert_eq!(stage.units(stage.scarf, stage.paris), (3, 0, 3));
    assert_eq!(stage.view(id).tracking_numbers().len(), 1);
}

#[test]
fn an_order_can_be_shipped_in_parts() {
    let mut stage = stage();
    let id = stage.place(&[(stage.scarf, 4), (stage.hat, 1)], IGNORING);
    let first = Tracking::new("UPS", "1Z-1");
    let units = [(stage.scarf, 3), (stage.bag, 1)];
    stage.shop.fulfill_units(id, &units, &first, stage.now);
    assert_eq!(stage.view(id).fulfillment_status(), "PARTIALLY_FULFILLED");
    assert_eq!(stage.units(stage.scarf, stage.paris), (1, 1, 2));
    let part = stage.view(id).fulfillment_orders().next().unwrap();
    assert_eq!((part.status(), part.remaining()), ("IN_PROGRESS", 2));
    let rest = Tracking::new("UPS", "1Z-2");
    // More than is left is what is left.
    let units = [(stage.scarf, 9), (stage.hat, 9)];
    stage.shop.fulfill_units(id, &units, &rest, stage.now);
    assert_eq!(stage.view(id).fulfillment_status(), "FULFILLED");
    assert_eq!(stage.view(id).tracking_numbers(), ["1Z-1", "1Z-2"]);
    assert_eq!(stage.units(stage.scarf, stage.paris), (1, 0, 1));
    assert_eq!(stage.units(stage.hat, stage.paris), (1, 0, 1));
}

#[test]
fn the_api_tells_parcels_and_what_is_left() {
    let mut stage = stage();
    let id = stage.place(&[(stage.scarf, 4)], IGNORING);
    let mut tracking = Tracking::new("DHL Express", "JD-1");
    tracking.numbers.push("JD-2".to_owned());
    tracking.url = Some("https://dhl.example/JD-1".to_owned());
    let units = [(stage.scarf, 3)];
    stage.shop.fulfill_units(id, &units, &tracking, stage.now);
    let query = "query($id: ID!) { order(id: $id) { displayFulfillmentStatus lineItems(first: 5) { nodes { quantity \
                 currentQuantity fulfillableQuantity } } fulfillments(first: 5) { name status totalQuantity location { name } \
                 trackingInfo(first: 5) { company number url } } } }";
    let answer = stage.ask(query, &json!({ "id": id.gid() }));
    let number = |number: &str| json!({ "company": "DHL Express", "number": number, "url": "https://dhl.example/JD-1" });
    assert_eq!(
        answer["data"]["order"],
        json!({
            "displayFulfillmentStatus": "PARTIALLY_FULFILLED",
            "lineItems": { "nodes": [{ "quantity": 4, "currentQuantity": 4, "fulfillableQuantity": 1 }] },
            "fulfillments": [{
                "name": "#1001-F1",
                "status": "SUCCESS",
                "totalQuantity": 3,
                "location": { "name": "Paris" },
                "trackingInfo": [number("JD-1"), number("JD-2")],
            }],
        })
    );
    let query = "query($id: ID!) { order(id: $id) { fulfillments(first: 0) { id } } }";
    let answer = stage.ask(query, &json!({ "id": id.gid() }));
    assert_eq!(answer["data"]["order"]["fulfillments"], json!([]));
    let query =
        "query($id: ID!) { order(id: $id) { fulfillments { trackingInfo(first: 1) { number } } } }";
    let answer = stage.ask(query, &json!({ "id": id.gid() }));
    let told = &answer["data"]["order"]["fulfillments"][0]["trackingInfo"];
    assert_eq!(told, &json!([{ "number": "JD-1" }]));
}

#[test]
fn an_order_of_two_locations_leaves_in_two_parcels() {
    let mut stage = stage();
    let id = stage.place(&[(stage.scarf, 6), (stage.hat, 1)], IGNORING);
    let tracking = Tracking::new("UPS", "1Z-1");
    stage.shop.fulfill_order(id, &tracking, stage.now);
    assert_eq!(stage.view(id).tracking_numbers(), ["1Z-1", "1Z-1"]);
    assert_eq!(stage.units(stage.scarf, stage.lyon), (2, 0, 2));
    assert_eq!(stage.units(stage.hat, stage.paris), (1, 0, 1));
}

#[test]
fn subscribers_are_told_of_parcels() {
    let mut stage = stage();
    let topics = [
        "FULFILLMENTS_CREATE",
        "ORDERS_FULFILLED",
        "ORDERS_PARTIALLY_FULFILLED",
        "ORDERS_UPDATED",
    ];
    let id = stage.place(&[(stage.scarf, 2)], IGNORING);
    stage.shop.subscribe(&topics, "http://127.0.0.1:1/", NOW);
    let tracking = Tracking::new("UPS", "1Z-1");
    let units = [(stage.scarf, 1)];
    stage.shop.fulfill_units(id, &units, &tracking, stage.now);
    let topics = |told: &[(String, Value)]| {
        let mut topics: Vec<_> = told.iter().map(|(topic, _)| topic.clone()).collect();
        topics.sort();
        topics
    };
    let told = stage.told();
    assert_eq!(
        topics(&told),
        [
            "fulfillments/create",
            "orders/partially_fulfilled",
            "orders/updated"
        ]
    );
    let parcel = told
        .iter()
        .find(|(topic, _)| topic == "fulfillments/create")
        .unwrap();
    assert_eq!(parcel.1["order_id"], id.number());
    assert_eq!(parcel.1["tracking_numbers"], json!(["1Z-1"]));
    stage.shop.fulfill_order(id, &tracking, stage.now);
    assert!(topics(&stage.told()).contains(&"orders/fulfilled".to_owned()));
}
