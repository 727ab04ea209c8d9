//! What buyers and the brand's people do with orders, and what it means for stock.

use super::*;

fn shirts(units: i64) -> NewOrder {
    NewOrder::of("480001").line("101", units, 45_00)
}

#[test]
fn an_order_goes_from_pending_to_shipped() {
    let mut client = Client::new(|_| ());
    let id = client.account.place_order(shirts(3), 10);
    assert_eq!(id.number(), 50_001);
    let order = client.order(id);
    assert_eq!(order.status, OrderStatus::Pending);
    assert_eq!((order.placed_at, order.approved_at), (10, None));
    assert_eq!((order.units, order.total.as_str()), (3, "135.00"));

    client.account.approve_order(id, 20).unwrap();
    let order = client.order(id);
    assert_eq!(order.status, OrderStatus::Approved);
    assert_eq!((order.approved_at, order.modified_at), (Some(20), 20));

    client.account.ship_order(id, Some("1Z-9"), 30).unwrap();
    let order = client.order(id);
    assert_eq!(order.status, OrderStatus::Shipped);
    assert_eq!(order.tracking_number.as_deref(), Some("1Z-9"));
    assert_eq!((order.approved_at, order.modified_at), (Some(20), 30));

    let ids: Vec<_> = client.account.orders().map(|order| order.id).collect();
    assert_eq!(ids, [id], "without the past ones");
}

#[test]
fn a_lever_on_nothing_says_so() {
    let mut client = Client::new(|_| ());
    let nobody = OrderId::new(7);
    assert_eq!(
        client.account.approve_order(nobody, 0),
        Err(OrderError::Unknown(nobody))
    );
    assert_eq!(client.account.order(nobody), None);
    let id = client.account.place_order(shirts(3), 0);
    let error = client.account.change_quantity(id, 1, 5, 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "order 50001 has no line 1, counted from 0"
    );
    let back = client
        .account
        .set_order_status(id, OrderStatus::InProgress, 9);
    assert_eq!(back, Err(OrderError::NotBackToInProgress(id)));
    assert_eq!(client.order(id).modified_at, 0);
}

#[test]
fn a_change_after_the_export_shows_until_the_next_export() {
    let mut client = Client::new(|options| options.past_orders = false);
    let id = client.account.place_order(shirts(3).approved(), 0);
    client.account.change_quantity(id, 0, 4, 0).unwrap();
    assert!(!client.order(id).modified_since_export, "not exported yet");
    client.export("");
    assert!(!client.order(id).modified_since_export);
    // In the same millisecond: what counts is the order of events.
    let now = client.now;
    let change = |order: &mut NewOrder| order.comments = Some("Earlier, please".into());
    client.account.change_order(id, change, now).unwrap();
    for export_status in [4, 5, 7] {
        let changed = client.export(&format!("sync=0&export_status={export_status}"));
        assert_eq!(ids(&changed), ["50001"]);
    }
    client.export("export_status=4");
    assert_eq!(ids(&client.export("sync=0&export_status=5")), [""; 0]);
    client.account.cancel_order(id, now).unwrap();
    let cancelled = client.export("sync=0&order_type=5&export_status=5");
    assert_eq!(ids(&cancelled), ["50001"]);
}

#[test]
fn units_of_pending_orders_come_off_only_when_asked_for() {
    let mut client = Client::new(|_| ());
    let packs = OrderLine::of("102", 2, 45_00).packs_of(6);
    let order = shirts(3).line("101", 1, 45_00).with_line(packs);
    let id = client.account.place_order(order, 0);
    client.account.place_order(shirts(50).approved(), 0);
    client.account.place_order(shirts(7).warehouse("East"), 0);
    client
        .account
        .place_order(shirts(7).warehouse("Nowhere"), 0);
    client.account.place_order(shirts(-5), 0);
    client.account.set_pending("101", "Default", 2);
    let rows = json!([
        { "upc": "101", "inventory": 100 },
        { "upc": "102", "inventory": 100 },
        { "upc": "101", "inventory": 100, "warehouse": "East" },
    ]);
    client.load("", &rows);
    assert_eq!(client.ats("101"), Ats::Units(100));
    client.load("?dec_pending=1", &rows);
    assert_eq!(client.ats("101"), Ats::Units(94));
    assert_eq!(client.ats("102"), Ats::Units(88));
    assert_eq!(client.account.ats("101", "East", None), Ats::Units(93));
    client.account.approve_order(id, 1).unwrap();
    client.load("?dec_pending=1", &rows);
    assert_eq!(
        client.ats("101"),
        Ats::Units(98),
        "approved ones do not count"
    );
}

#[test]
fn an_approved_order_leaves_the_shown_stock_alone_unless_it_is_played_so() {
    let rows = json!([{ "upc": "101", "inventory": 10 }]);
    let mut client = Client::new(|_| ());
    client.load("", &rows);
    client.account.place_order(shirts(4).approved(), 0);
    assert_eq!(client.ats("101"), Ats::Units(10));

    let mut client = Client::new(|options| options.orders.approved_reduces_stock = true);
    client.account.place_order(shirts(4).approved(), 0);
    assert_eq!(client.ats("101"), Ats::NoRecord, "no record is no number");
    client.load("", &rows);
    let id = client.account.place_order(shirts(4), 0);
    assert_eq!(client.ats("101"), Ats::Units(10));
    client.account.approve_order(id, 1).unwrap();
    assert_eq!(client.ats("101"), Ats::Units(6));
    client.account.change_quantity(id, 0, 1, 2).unwrap();
    assert_eq!(client.ats("101"), Ats::Units(9));
    client.account.ship_order(id, None, 3).unwrap();
    assert_eq!(client.ats("101"), Ats::Units(9));
    client.account.cancel_order(id, 4).unwrap();
    assert_eq!(client.ats("101"), Ats::Units(10));
    let all = client.account.place_order(shirts(99).approved(), 5);
    assert_eq!(client.ats("101"), Ats::Units(0));
    client.account.cancel_order(all, 6).unwrap();
    assert_eq!(client.ats("101"), Ats::Units(10), "what was there to take");
}

#[test]
fn strange_orders_are_told_as_they_are() {
    let mut client = Client::new(|options| options.past_orders = false);
    let mut told = |order: NewOrder| {
        let id = client.account.place_order(order.approved(), 0);
        let answer = client.export(&format!("sync=0&order_id={id}"));
        answer.body["orders"][0].clone()
    };
    assert_eq!(told(NewOrder::of("480001"))["line_items"], json!(""));
    let unknown = told(NewOrder::of("NOPE"));
    assert_eq!(unknown["order_delivery_code"], json!("NOPE"));
    assert_eq!(unknown["order_delivery_name"], json!("NOPE"));

    let lines = NewOrder::of("480001")
        .with_line(OrderLine::without_upc(1, 10_00).style("77", "77").size("M"))
        .line("999", 0, 10_00)
        .line("101", -1, 10_00);
    let lines = told(lines)["line_items"].clone();
    assert_eq!(lines[0]["item_upc"], json!(""));
    assert_eq!(lines[0]["item_number"], json!("77"));
    assert_eq!(lines[0]["item_size"], json!("M"));
    assert_eq!(lines[1]["item_upc"], json!("999"));
    assert_eq!(lines[1]["item_name"], json!(""));
    assert_eq!(lines[1]["item_quantity"], json!("0"));
    assert_eq!(lines[2]["item_price_extended"], json!("-10.00"));

    let raw = shirts(1)
        .raw("order_currency", "XXZ")
        .raw("customer_code", Value::Null)
        .omit("order_comments")
        .raw_line(0, "item_price", "ten")
        .omit_line(0, "item_upc")
        .raw_line(9, "item_price", "nobody");
    let raw = told(raw);
    assert_eq!(raw["order_currency"], json!("XXZ"));
    assert_eq!(raw["customer_code"], Value::Null);
    assert_eq!(raw.get("order_comments"), None);
    assert_eq!(raw["line_items"][0]["item_price"], json!("ten"));
    assert_eq!(raw["line_items"][0].get("item_upc"), None);
    assert_eq!(
        told(shirts(1).raw("line_items", "none"))["line_items"],
        json!("none")
    );

    let mut long = NewOrder::of("480001").comments("ä".repeat(1 << 20));
    long.lines = vec![OrderLine::of("101", i64::MAX, i64::MAX); 2_000];
    let long = told(long);
    assert_eq!(long["line_items"].as_array().unwrap().len(), 2_000);
    assert_eq!(long["order_comments"].as_str().unwrap().len(), 2 << 20);
}
