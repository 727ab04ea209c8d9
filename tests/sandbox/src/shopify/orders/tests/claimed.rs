//! The three behaviours, and where an order is claimed.

use super::*;
use crate::shopify::{ClaimFrom, WhenShort};

const BYPASS: &str = "BYPASS";
const IGNORING: &str = "DECREMENT_IGNORING_POLICY";
const OBEYING: &str = "DECREMENT_OBEYING_POLICY";

#[test]
fn bypassing_never_touches_the_stock() {
    let mut stage = stage();
    let before = stage.units(stage.scarf, stage.paris);
    let shipped = stage.place(&[(stage.scarf, 3)], BYPASS);
    let cancelled = stage.place(&[(stage.scarf, 30)], BYPASS);
    assert_eq!(stage.view(shipped).behaviour(), Behaviour::Bypass);
    assert_eq!(stage.view(shipped).locations(), [stage.paris]);
    assert_eq!(stage.units(stage.scarf, stage.paris), before);
    let tracking = Tracking::new("DHL Express", "1Z-9");
    stage.shop.fulfill_order(shipped, &tracking, stage.now);
    stage.shop.cancel_order(cancelled, true, stage.now);
    assert_eq!(stage.units(stage.scarf, stage.paris), before);
    assert_eq!(stage.units(stage.scarf, stage.lyon), (8, 0, 8));
}

#[test]
fn an_order_that_does_not_say_claims_nothing() {
    let mut stage = stage();
    let lines = order(&[(stage.scarf, 3)]);
    for variables in [
        json!({ "order": lines }),
        json!({ "order": lines, "options": {} }),
    ] {
        let answer = stage.ask(CREATE, &variables);
        let id = gid_of(&answer["data"]["orderCreate"]["order"]["id"]);
        let id = stage.shop.find_order(&id).unwrap();
        assert_eq!(stage.view(id).behaviour(), Behaviour::Bypass);
    }
    assert_eq!(stage.units(stage.scarf, stage.paris), (5, 0, 5));
}

#[test]
fn ignoring_the_policy_claims_below_zero() {
    let mut stage = stage();
    let id = stage.place(&[(stage.scarf, 2)], IGNORING);
    assert_eq!(stage.units(stage.scarf, stage.paris), (3, 2, 5));
    assert_eq!(stage.view(id).behaviour(), Behaviour::IgnoringPolicy);
    // No location has as many: the first takes them all.
    stage.place(&[(stage.scarf, 20)], IGNORING);
    assert_eq!(stage.units(stage.scarf, stage.paris), (-17, 22, 5));
    assert_eq!(stage.units(stage.scarf, stage.lyon), (8, 0, 8));
}

#[test]
fn the_api_shows_what_an_order_did_to_a_level() {
    let mut stage = stage();
    stage.place(&[(stage.scarf, 4)], IGNORING);
    let query = "query($id: ID!, $at: ID!) { inventoryItem(id: $id) { inventoryLevel(locationId: $at) { updatedAt \
                 quantities(names: [\"available\", \"committed\", \"on_hand\"]) { name quantity } } } }";
    let variables = json!({ "id": stage.scarf.item_gid(), "at": stage.paris.gid() });
    let answer = stage.ask(query, &variables);
    let level = &answer["data"]["inventoryItem"]["inventoryLevel"];
    assert_eq!(level["updatedAt"], "2026-11-23T06:01:00Z");
    assert_eq!(
        level["quantities"],
        json!([
            { "name": "available", "quantity": 1 },
            { "name": "committed", "quantity": 4 },
            { "name": "on_hand", "quantity": 5 },
        ])
    );
}

#[test]
fn obeying_the_policy_claims_what_is_available_and_no_more() {
    let mut stage = stage();
    stage.place(&[(stage.scarf, 5)], OBEYING);
    assert_eq!(stage.units(stage.scarf, stage.paris), (0, 5, 5));
    let errors = stage.refused(&order(&[(stage.scarf, 9)]), OBEYING);
    assert_eq!(
        errors,
        json!([{
            "field": ["order", "lineItems"],
            "message": "Line items Unable to reserve inventory",
            "code": "INVALID",
        }])
    );
    assert_eq!(stage.units(stage.scarf, stage.lyon), (8, 0, 8));
    assert_eq!(stage.shop.orders().count(), 1);
}

#[test]
fn obeying_the_policy_claims_below_zero_where_the_variant_continues_selling() {
    let mut stage = stage();
    stage.place(&[(stage.hat, 7)], OBEYING);
    assert_eq!(stage.units(stage.hat, stage.paris), (-5, 7, 2));
    stage.shop.set_policy(stage.hat, false, stage.now);
    let errors = stage.refused(&order(&[(stage.hat, 1)]), OBEYING);
    assert_eq!(errors[0]["code"], "INVALID");
}

#[test]
fn one_short_line_refuses_the_whole_order() {
    let mut stage = stage();
    let lines = [(stage.hat, 1), (stage.scarf, 9), (stage.card, 1)];
    stage.refused(&order(&lines), OBEYING);
    assert_eq!(stage.units(stage.hat, stage.paris), (2, 0, 2));
    assert_eq!(stage.units(stage.scarf, stage.paris), (5, 0, 5));
}

#[test]
fn a_refusal_can_have_the_documented_code() {
    let mut stage = stage_with(|options| options.orders.when_short = WhenShort::RefuseClaimFailed);
    let errors = stage.refused(&order(&[(stage.scarf, 9)]), OBEYING);
    assert_eq!(errors[0]["code"], "INVENTORY_CLAIM_FAILED");
    assert_eq!(errors[0]["field"], json!(["order", "lineItems"]));
}

#[test]
fn lines_of_one_variant_are_claimed_one_after_the_other() {
    let mut stage = stage_with(|options| options.orders.claim_from = ClaimFrom::First);
    stage.refused(&order(&[(stage.scarf, 3), (stage.scarf, 3)]), OBEYING);
    stage.place(&[(stage.scarf, 3), (stage.scarf, 2)], OBEYING);
    assert_eq!(stage.units(stage.scarf, stage.paris), (0, 5, 5));
}

#[test]
fn a_shop_that_claims_part_takes_the_order_and_what_there_is() {
    let mut stage = stage_with(|options| {
        options.orders.when_short = WhenShort::ClaimPart;
        options.orders.claim_from = ClaimFrom::First;
    });
    let id = stage.place(&[(stage.scarf, 7), (stage.hat, 3), (stage.bag, 2)], OBEYING);
    assert_eq!(stage.units(stage.scarf, stage.paris), (0, 5, 5));
    assert_eq!(stage.units(stage.hat, stage.paris), (-1, 3, 2));
    let parts: Vec<_> = stage.view(id).fulfillment_orders().collect();
    assert_eq!((parts[0].claimed(), parts[0].remaining()), (8, 12));
    // What was not claimed leaves no trace when it is shipped.
    stage
        .shop
        .fulfill_order(id, &Tracking::default(), stage.now);
    assert_eq!(stage.units(stage.scarf, stage.paris), (0, 0, 0));
    // Nothing is left, so nothing is claimed; what is below zero does not give any back.
    stage
        .shop
        .set_available(stage.scarf, stage.paris, -4, stage.now);
    let id = stage.place(&[(stage.scarf, 1)], OBEYING);
    assert_eq!(
        stage
            .view(id)
            .fulfillment_orders()
            .next()
            .unwrap()
            .claimed(),
        0
    );
    assert_eq!(stage.units(stage.scarf, stage.paris), (-4, 0, -4));
}

#[test]
fn what_is_not_counted_is_never_claimed() {
    let mut stage = stage();
    let id = stage.place(&[(stage.card, 1000)], OBEYING);
    assert_eq!(stage.units(stage.card, stage.lyon), (0, 0, 0));
    // The first location that stocks it ships it.
    assert_eq!(stage.view(id).locations(), [stage.lyon]);
    let free = json!({ "lineItems": [{ "title": "Gift wrap", "quantity": 2 }] });
    let id = stage.place_as(&free, OBEYING);
    assert_eq!(stage.view(id).locations(), [stage.paris]);
    assert_eq!(stage.view(id).lines().next().unwrap().variant(), None);
}

#[test]
fn what_is_stocked_nowhere_is_refused_or_assigned_without_a_claim() {
    let mut stage = stage();
    stage.refused(&order(&[(stage.bag, 1)]), OBEYING);
    let id = stage.place(&[(stage.bag, 1)], IGNORING);
    assert_eq!(stage.view(id).locations(), [stage.paris]);
    assert_eq!(
        stage
            .view(id)
            .fulfillment_orders()
            .next()
            .unwrap()
            .claimed(),
        0
    );
}

#[test]
fn a_line_is_claimed_at_the_first_location_that_has_enough() {
    let mut stage = stage();
    let id = stage.place(&[(stage.scarf, 6), (stage.scarf, 5)], OBEYING);
    assert_eq!(stage.units(stage.scarf, stage.lyon), (2, 6, 8));
    assert_eq!(stage.units(stage.scarf, stage.paris), (0, 5, 5));
    assert_eq!(stage.view(id).locations(), [stage.lyon, stage.paris]);
}

#[test]
fn routing_says_which_location_comes_first() {
    let mut stage = stage();
    stage.shop.set_routing(&[stage.lyon]);
    stage.place(&[(stage.scarf, 1)], IGNORING);
    assert_eq!(stage.units(stage.scarf, stage.lyon), (7, 1, 8));
    stage.shop.deactivate_location(stage.lyon, stage.now);
    stage.place(&[(stage.scarf, 1)], IGNORING);
    assert_eq!(stage.units(stage.scarf, stage.paris), (4, 1, 5));
}

#[test]
fn a_shop_can_claim_at_the_first_location_whatever_it_has() {
    let mut stage = stage_with(|options| options.orders.claim_from = ClaimFrom::First);
    stage.refused(&order(&[(stage.scarf, 6)]), OBEYING);
    stage.place(&[(stage.scarf, 6)], IGNORING);
    assert_eq!(stage.units(stage.scarf, stage.paris), (-1, 6, 5));
    assert_eq!(stage.units(stage.scarf, stage.lyon), (8, 0, 8));
}

#[test]
fn a_shop_can_spread_a_line_over_its_locations() {
    let mut stage = stage_with(|options| options.orders.claim_from = ClaimFrom::Spread);
    // One location has enough: it is not spread.
    stage.place(&[(stage.scarf, 6)], OBEYING);
    assert_eq!(stage.units(stage.scarf, stage.lyon), (2, 6, 8));
    let id = stage.place(&[(stage.scarf, 7)], OBEYING);
    assert_eq!(stage.view(id).locations(), [stage.paris, stage.lyon]);
    assert_eq!(stage.units(stage.scarf, stage.paris), (0, 5, 5));
    assert_eq!(stage.units(stage.scarf, stage.lyon), (0, 8, 8));
    stage.refused(&order(&[(stage.scarf, 1)]), OBEYING);
    stage.place(&[(stage.scarf, 3)], IGNORING);
    assert_eq!(stage.units(stage.scarf, stage.paris), (-3, 8, 5));
}

#[test]
fn a_shop_without_an_open_location_assigns_an_order_nowhere() {
    let mut stage = stage();
    for location in [stage.paris, stage.lyon] {
        stage.shop.deactivate_location(location, stage.now);
    }
    let id = stage.place(&[(stage.scarf, 1)], IGNORING);
    assert_eq!(stage.view(id).fulfillment_orders().count(), 0);
}

#[test]
fn subscribers_are_told_of_the_order_and_of_each_level_it_changed() {
    let mut stage = stage();
    let topics = ["ORDERS_CREATE", "INVENTORY_LEVELS_UPDATE"];
    stage.shop.subscribe(&topics, "http://127.0.0.1:1/", NOW);
    let mut with_number = order(&[(stage.scarf, 2), (stage.card, 1)]);
    with_number["poNumber"] = "PO-7".into();
    let id = stage.place_as(&with_number, IGNORING);
    let told = stage.told();
    assert_eq!(told.len(), 2);
    let level = told
        .iter()
        .find(|(topic, _)| topic == "inventory_levels/update")
        .unwrap();
    assert_eq!(level.1["available"], 3);
    let created = told
        .iter()
        .find(|(topic, _)| topic == "orders/create")
        .unwrap();
    assert_eq!(created.1["admin_graphql_api_id"], id.gid());
    assert_eq!(created.1["po_number"], "PO-7");
    stage.place(&[(stage.scarf, 2)], BYPASS);
    assert_eq!(stage.told().len(), 1);
}
