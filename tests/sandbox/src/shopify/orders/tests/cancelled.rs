//! Cancelling, which is a job, and what comes back.

use super::*;

const IGNORING: &str = "DECREMENT_IGNORING_POLICY";
const CANCEL: &str = "mutation($id: ID!, $restock: Boolean!, $note: String) { orderCancel(orderId: $id, reason: CUSTOMER, \
                      restock: $restock, notifyCustomer: false, staffNote: $note) { job { id done } \
                      orderCancelUserErrors { field message code } userErrors { field message } } }";

impl Stage {
    fn cancel(&mut self, order: &str, restock: bool) -> Value {
        let variables = json!({ "id": order, "restock": restock, "note": "Buyer closed" });
        self.ask(CANCEL, &variables)["data"]["orderCancel"].clone()
    }

    fn job_is_done(&mut self, id: &Value) -> bool {
        let query = "query($id: ID!) { job(id: $id) { done } }";
        let answer = self.ask(query, &json!({ "id": id }));
        answer["data"]["job"]["done"].as_bool().unwrap()
    }
}

#[test]
fn cancelling_is_a_job_that_takes_its_time() {
    let mut stage = stage();
    let id = stage.place(&[(stage.scarf, 3)], IGNORING);
    let payload = stage.cancel(&id.gid(), true);
    assert_eq!(payload["orderCancelUserErrors"], json!([]));
    assert_eq!(payload["job"]["done"], false);
    let job = payload["job"]["id"].clone();
    stage.now += 999;
    // Asked again while it runs, it is the same job.
    assert_eq!(stage.cancel(&id.gid(), false)["job"]["id"], job);
    assert!(!stage.job_is_done(&job));
    assert!(!stage.view(id).is_cancelled());
    assert_eq!(stage.units(stage.scarf, stage.paris), (2, 3, 5));
    stage.now += 1;
    assert!(stage.job_is_done(&job));
    assert!(stage.view(id).is_cancelled());
    assert_eq!(stage.units(stage.scarf, stage.paris), (5, 0, 5));
}

#[test]
fn a_cancellation_that_takes_no_time_is_done_when_it_is_answered() {
    let mut stage = stage_with(|options| options.orders.cancel_ms = 0);
    let id = stage.place(&[(stage.scarf, 3)], IGNORING);
    assert_eq!(stage.cancel(&id.gid(), true)["job"]["done"], true);
    assert_eq!(stage.units(stage.scarf, stage.paris), (5, 0, 5));
    let refused = stage.cancel(&id.gid(), true);
    assert_eq!(refused["job"], Value::Null);
    let message = "Order has already been cancelled";
    assert_eq!(
        refused["orderCancelUserErrors"],
        json!([{ "field": ["orderId"], "message": message, "code": "INVALID" }])
    );
    assert_eq!(refused["userErrors"][0]["message"], message);
    assert_eq!(stage.units(stage.scarf, stage.paris), (5, 0, 5));
}

#[test]
fn a_test_that_asks_nothing_can_let_the_job_end() {
    let mut stage = stage();
    let id = stage.place(&[(stage.scarf, 3)], IGNORING);
    stage.cancel(&id.gid(), true);
    stage.shop.finish_jobs(stage.now + 1000);
    assert!(stage.view(id).is_cancelled());
}

#[test]
fn without_restocking_the_units_are_gone() {
    let mut stage = stage();
    let id = stage.place(&[(stage.scarf, 3)], IGNORING);
    stage.cancel(&id.gid(), false);
    stage.shop.finish_jobs(stage.now + 1000);
    assert_eq!(stage.units(stage.scarf, stage.paris), (2, 0, 2));
}

#[test]
fn what_comes_back_comes_back_to_where_it_was_moved() {
    let mut stage = stage();
    let id = stage.place(&[(stage.scarf, 3)], IGNORING);
    let part = stage.part(id);
    let query = "mutation($id: ID!, $to: ID!) { fulfillmentOrderMove(id: $id, newLocationId: $to) { userErrors { message } } }";
    stage.ask(query, &json!({ "id": part, "to": stage.lyon.gid() }));
    stage.shop.cancel_order(id, true, stage.now);
    assert_eq!(stage.units(stage.scarf, stage.paris), (5, 0, 5));
    assert_eq!(stage.units(stage.scarf, stage.lyon), (8, 0, 8));
}

#[test]
fn only_what_was_claimed_comes_back() {
    let mut stage = stage_with(|options| {
        options.orders.when_short = crate::shopify::WhenShort::ClaimPart;
        options.orders.claim_from = crate::shopify::ClaimFrom::First;
    });
    let id = stage.place(&[(stage.scarf, 7)], "DECREMENT_OBEYING_POLICY");
    assert_eq!(stage.units(stage.scarf, stage.paris), (0, 5, 5));
    stage.shop.cancel_order(id, true, stage.now);
    assert_eq!(stage.units(stage.scarf, stage.paris), (5, 0, 5));
}

#[test]
fn a_location_that_was_closed_takes_nothing_back() {
    let mut stage = stage();
    let id = stage.place(&[(stage.scarf, 3)], IGNORING);
    stage.shop.deactivate_location(stage.paris, stage.now);
    stage.shop.cancel_order(id, true, stage.now);
    assert_eq!(stage.units(stage.scarf, stage.paris), (2, 0, 2));
}

#[test]
fn what_has_left_the_house_cannot_be_cancelled() {
    let mut stage = stage();
    let id = stage.place(&[(stage.scarf, 3)], IGNORING);
    let job = stage.cancel(&id.gid(), true)["job"]["id"].clone();
    // Somebody is faster than the job.
    let units = [(stage.scarf, 1)];
    stage
        .shop
        .fulfill_units(id, &units, &Tracking::default(), stage.now);
    stage.now += 1000;
    assert!(stage.job_is_done(&job));
    assert!(!stage.view(id).is_cancelled());
    let refused = stage.cancel(&id.gid(), true);
    assert_eq!(refused["orderCancelUserErrors"][0]["code"], "INVALID");
    stage.shop.cancel_order(id, true, stage.now);
    assert!(!stage.view(id).is_cancelled());
    assert_eq!(stage.units(stage.scarf, stage.paris), (2, 2, 4));
}

#[test]
fn a_cancelled_order_says_so() {
    let mut stage = stage();
    let id = stage.place(&[(stage.scarf, 3)], IGNORING);
    let topics = ["ORDERS_CANCELLED"];
    stage.shop.subscribe(&topics, "http://127.0.0.1:1/", NOW);
    stage.cancel(&id.gid(), true);
    stage.now += 60_000;
    let query = "query($id: ID!) { order(id: $id) { cancelledAt cancelReason cancellation { staffNote } \
                 currentTotalPriceSet { shopMoney { amount } } totalPriceSet { shopMoney { amount } } \
                 lineItems(first: 5) { nodes { quantity currentQuantity } } fulfillmentOrders(first: 5) { nodes { status } } } }";
    let answer = stage.ask(query, &json!({ "id": id.gid() }));
    assert_eq!(
        answer["data"]["order"],
        json!({
            "cancelledAt": "2026-11-23T06:01:01Z",
            "cancelReason": "CUSTOMER",
            "cancellation": { "staffNote": "Buyer closed" },
            "currentTotalPriceSet": { "shopMoney": { "amount": "0.0" } },
            "totalPriceSet": { "shopMoney": { "amount": "240.0" } },
            "lineItems": { "nodes": [{ "quantity": 3, "currentQuantity": 0 }] },
            "fulfillmentOrders": { "nodes": [{ "status": "CLOSED" }] },
        })
    );
    let view = stage.view(id);
    assert_eq!(view.cancelled_at(), Some(1_795_413_661));
    assert_eq!(view.lines().next().unwrap().current_quantity(), 0);
    assert_eq!(view.locations(), [] as [LocationId; 0]);
    let told = stage.told();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].1["cancelled_at"], "2026-11-23T06:01:01Z");
}

#[test]
fn what_is_wrong_with_a_cancellation_is_said() {
    let mut stage = stage();
    let refused = stage.cancel("gid://shopify/Order/1", true);
    assert_eq!(
        refused["orderCancelUserErrors"],
        json!([{ "field": ["orderId"], "message": "Order does not exist", "code": "NOT_FOUND" }])
    );
    let id = stage.place(&[(stage.scarf, 3)], IGNORING);
    let note = |length| json!({ "id": id.gid(), "restock": true, "note": "é".repeat(length) });
    let refused = stage.ask(CANCEL, &note(256))["data"]["orderCancel"].clone();
    assert_eq!(
        refused["orderCancelUserErrors"][0]["field"],
        json!(["staffNote"])
    );
    let taken = stage.ask(CANCEL, &note(255))["data"]["orderCancel"].clone();
    assert_eq!(taken["orderCancelUserErrors"], json!([]));
}
