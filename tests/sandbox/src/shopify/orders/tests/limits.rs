//! How many orders a minute, how many lines an order.

use super::*;
use crate::shopify::OrderLimit;

const BYPASS: &str = "BYPASS";

#[test]
fn a_trial_store_takes_five_orders_a_minute() {
    let mut stage = stage_with(|options| options.orders.per_minute = Some(5));
    let lines = order(&[(stage.scarf, 1)]);
    for _ in 0..5 {
        stage.place_as(&lines, "DECREMENT_IGNORING_POLICY");
        stage.now += 1000;
    }
    let variables = json!({ "order": lines });
    let (status, headers, _) = stage.send(CREATE, &variables);
    assert_eq!(status, 429);
    assert!(
        headers.contains(&("retry-after".to_owned(), "60".to_owned())),
        "{headers:?}"
    );
    // Everything else goes on.
    assert_eq!(stage.send("{ shop { name } }", &json!({})).0, 200);
    stage.now += 54_999;
    assert_eq!(stage.send(CREATE, &variables).0, 429);
    stage.now += 1;
    stage.place_as(&lines, BYPASS);
    assert_eq!(stage.send(CREATE, &variables).0, 429);
    assert_eq!(stage.shop.orders().count(), 6);
}

#[test]
fn the_limit_can_come_without_a_time_or_as_a_user_error() {
    let mut stage = stage_with(|options| {
        options.orders.per_minute = Some(1);
        options.orders.limit = OrderLimit::TooManyRequests(None);
    });
    let lines = order(&[(stage.scarf, 1)]);
    stage.place_as(&lines, BYPASS);
    let (status, headers, _) = stage.send(CREATE, &json!({ "order": lines }));
    assert_eq!(status, 429);
    assert!(headers.iter().all(|(name, _)| name != "retry-after"));
    stage.shop.options_mut().orders.limit = OrderLimit::UserError;
    assert_eq!(
        stage.refused(&lines, "DECREMENT_IGNORING_POLICY"),
        json!([{ "field": null, "message": "Too many attempts. Please try again later.", "code": null }])
    );
    assert_eq!(stage.units(stage.scarf, stage.paris), (5, 0, 5));
    stage.now += 60_000;
    stage.place_as(&lines, BYPASS);
}

#[test]
fn an_order_that_is_refused_does_not_count() {
    let mut stage = stage_with(|options| options.orders.per_minute = Some(1));
    stage.refused(&order(&[(stage.scarf, 99)]), "DECREMENT_OBEYING_POLICY");
    stage.place(&[(stage.scarf, 1)], BYPASS);
}

#[test]
fn an_order_has_250_lines_at_most() {
    let mut stage = stage();
    let most = order(&vec![(stage.card, 1); 250]);
    let id = stage.place_as(&most, "DECREMENT_OBEYING_POLICY");
    assert_eq!(stage.view(id).lines().count(), 250);
    let more = order(&vec![(stage.card, 1); 251]);
    let answer = stage.ask(CREATE, &json!({ "order": more }));
    let error = &answer["errors"][0];
    assert_eq!(error["extensions"]["code"], "MAX_INPUT_SIZE_EXCEEDED");
    assert_eq!(
        error["message"],
        "The input array size of 251 is greater than the maximum allowed of 250."
    );
    assert_eq!(error["path"], json!(["orderCreate", "order", "lineItems"]));
    assert_eq!(stage.shop.orders().count(), 1);
}

#[test]
fn lines_are_paged() {
    let mut stage = stage();
    let id = stage.place(&[(stage.scarf, 1), (stage.hat, 1), (stage.card, 1)], BYPASS);
    let query = "query($id: ID!, $after: String) { order(id: $id) { lineItems(first: 2, after: $after) { nodes { sku } \
                 pageInfo { hasNextPage endCursor } } } }";
    let first = stage.ask(query, &json!({ "id": id.gid() }))["data"]["order"]["lineItems"].clone();
    assert_eq!(
        first["nodes"],
        json!([{ "sku": "SCARF" }, { "sku": "HAT" }])
    );
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    let variables = json!({ "id": id.gid(), "after": first["pageInfo"]["endCursor"] });
    let second = stage.ask(query, &variables)["data"]["order"]["lineItems"].clone();
    assert_eq!(second["nodes"], json!([{ "sku": "CARD" }]));
    assert_eq!(second["pageInfo"]["hasNextPage"], false);
}
