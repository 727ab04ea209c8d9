//! v4's heads of orders and what a brand may change of them.

use super::*;

fn approved(client: &mut Client) -> OrderId {
    let order = NewOrder::of("480001").line("101", 3, 45_00).approved();
    client.account.place_order(order, client.now)
}

#[test]
fn v4_tells_the_heads_of_orders() {
    let mut client = Client::new(|options| options.ids = Ids::Number);
    let order = NewOrder::of("480001")
        .line("101", 3, 45_00)
        .warehouse("East")
        .purchase_order("PO-7")
        .ship_window("2027-01-10", "2027-02-10");
    let id = client.account.place_order(order, 0);
    let rows = client.get("orders?status=PENDING").body["data"].clone();
    assert_eq!(
        rows,
        json!([{
            "id": id,
            "retailer_id": 7_001,
            "collection_id": 900_000,
            "status": "PENDING",
            "export_status": "UNDEFINED",
            "export_description": "",
            "warehouse": { "id": 301, "code": "W2", "name": "East" },
            "po_number": "PO-7",
            "comments": null,
            "internal_comments": null,
            "tracking_number": null,
            "delivery_window_start": "2027-01-10",
            "delivery_window_end": "2027-02-10",
            "total": "135.00",
            "quantity": 3,
        }])
    );
    let filtered = |client: &mut Client, query: &str| {
        let body = client.get(&format!("orders?{query}")).body;
        body["data"].as_array().unwrap().len()
    };
    assert_eq!(filtered(&mut client, "export_status=UNDEFINED"), 1);
    assert_eq!(filtered(&mut client, "export_status=SUCCESS"), 2);
    assert_eq!(filtered(&mut client, &format!("order_ids={id},40001")), 2);
}

#[test]
fn an_export_is_acknowledged_or_failed() {
    let mut client = Client::new(|_| ());
    let id = approved(&mut client);
    let credits = client.account.counters().credits;
    let answer = client.update(json!({
        "id": id, "export_status": "FAILED", "export_description": "Line 1 matches no SKU",
    }));
    assert_eq!(client.account.counters().credits, credits + 5);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["errors"], json!([]));
    assert_eq!(answer.body["data"][0]["export_status"], json!("FAILED"));
    let order = client.order(id);
    assert_eq!(order.export_status, ExportStatus::Failed);
    assert_eq!(order.export_description, "Line 1 matches no SKU");
    assert_eq!(order.exported_at, None);

    client.now += 5_000;
    client.update(json!({ "id": id.to_string(), "export_status": "SUCCESS" }));
    let order = client.order(id);
    assert_eq!(order.export_status, ExportStatus::Success);
    assert_eq!(order.export_description, "");
    assert_eq!(order.exported_at, Some(client.now));
    assert_eq!(order.modified_at, client.now - 5_000);
    assert!(!order.modified_since_export);
}

#[test]
fn an_export_mark_can_move_the_date_or_even_count_as_a_change() {
    for (after_export, moved, changed) in [
        (AfterExport::Silent, false, false),
        (AfterExport::MovesModified, true, false),
        (AfterExport::CountsAsChange, true, true),
    ] {
        let mut client = Client::new(|options| options.orders.after_export = after_export);
        let (by_v4, by_v2) = (approved(&mut client), approved(&mut client));
        let before = client.now;
        client.now += 5_000;
        client.update(json!({ "id": by_v4, "export_status": "SUCCESS" }));
        client.export(&format!("order_id={by_v2}"));
        for id in [by_v4, by_v2] {
            let order = client.order(id);
            assert_eq!(order.modified_at > before, moved, "{after_export:?}");
            assert_eq!(order.modified_since_export, changed, "{after_export:?}");
        }
    }
}

#[test]
fn shipping_and_tracking_are_written_back() {
    let mut client = Client::new(|_| ());
    let id = approved(&mut client);
    client.update(json!({ "id": id, "export_status": "SUCCESS" }));
    client.now += 5_000;
    let answer = client.update(json!({
        "id": id, "status": "SHIPPED", "tracking_number": "1Z-9",
    }));
    assert_eq!(answer.body["data"][0]["tracking_number"], json!("1Z-9"));
    let order = client.order(id);
    assert_eq!(order.status, OrderStatus::Shipped);
    assert_eq!(order.tracking_number.as_deref(), Some("1Z-9"));
    assert_eq!(order.modified_at, client.now);
    assert!(order.modified_since_export);
}

#[test]
fn other_fields_are_written_as_well() {
    let mut client = Client::new(|_| ());
    let id = approved(&mut client);
    client.update(json!({
        "id": id, "po_number": "PO-8", "status": "CANCELLED",
        "delivery_window_start": "2027-03-01", "delivery_window_end": "2027-03-31",
    }));
    let order = client.order(id);
    assert_eq!(order.status, OrderStatus::Cancelled);
    assert_eq!(order.content.purchase_order.as_deref(), Some("PO-8"));
    assert_eq!(order.content.ship_end.as_deref(), Some("2027-03-31"));
}

#[test]
fn a_bad_entry_fails_alone_and_changes_nothing() {
    let mut client = Client::new(|_| ());
    let (good, bad) = (approved(&mut client), approved(&mut client));
    let before = client.order(bad);
    client.now += 5_000;
    for (entry, message) in [
        (
            json!({ "id": bad, "status": "IN_PROGRESS", "export_status": "SUCCESS" }),
            "An order cannot go back to IN_PROGRESS.",
        ),
        (
            json!({ "id": bad, "status": "LOST", "tracking_number": "1" }),
            "\"LOST\" is no status.",
        ),
        (
            json!({ "id": bad, "export_status": "MAYBE" }),
            "\"MAYBE\" is no export_status.",
        ),
        (
            json!({ "id": bad, "status": "SHIPPED", "delivery_window_start": "2027-03-01" }),
            "Invalid delivery window. You must provide both the start and end date",
        ),
    ] {
        let entries = json!([entry, { "id": good, "export_status": "SUCCESS" }]);
        let answer = client.v4("POST", "orders/bulk_update", &entries);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body["data"].as_array().unwrap().len(), 1);
        assert_eq!(
            answer.body["errors"],
            json!([{
                "status": "INVALID", "message": message, "details": { "id": bad.to_string() },
            }])
        );
        assert_eq!(client.order(bad), before);
    }
    let answer = client.update(json!({ "id": 7, "status": "SHIPPED" }));
    assert_eq!(answer.status, 400, "nothing was done");
    assert_eq!(answer.body["errors"][0]["status"], json!("NOT_FOUND"));
    assert_eq!(answer.body["errors"][0]["details"], json!({ "id": "7" }));
    client.account.options.orders.errors_name_order = false;
    let answer = client.update(json!({ "id": 7, "status": "SHIPPED" }));
    assert_eq!(answer.body["errors"][0]["details"], json!({}));
}

#[test]
fn writes_of_the_export_status_can_be_refused_or_passed_over() {
    let mut client = Client::new(|options| options.orders.export_writes = Writes::Refused);
    let id = approved(&mut client);
    let entry = json!({ "id": id, "export_status": "SUCCESS", "po_number": "PO-8" });
    let answer = client.update(entry.clone());
    assert_eq!(answer.body["errors"][0]["status"], json!("INVALID"));
    assert_eq!(client.order(id).content.purchase_order, None);

    client.account.options.orders.export_writes = Writes::Ignored;
    let answer = client.update(entry);
    assert_eq!(answer.body["errors"], json!([]));
    let order = client.order(id);
    assert_eq!(order.export_status, ExportStatus::NotExported);
    assert_eq!(order.content.purchase_order.as_deref(), Some("PO-8"));
}

#[test]
fn writes_of_shipping_can_be_refused_or_passed_over() {
    let mut client = Client::new(|options| options.orders.shipping_writes = Writes::Refused);
    let id = approved(&mut client);
    for entry in [
        json!({ "id": id, "status": "SHIPPED" }),
        json!({ "id": id, "tracking_number": "1Z-9" }),
    ] {
        let answer = client.update(entry);
        assert_eq!(answer.body["errors"][0]["status"], json!("INVALID"));
    }
    client.account.options.orders.shipping_writes = Writes::Ignored;
    let before = client.order(id);
    client.now += 5_000;
    let entry = json!({ "id": id, "status": "SHIPPED", "tracking_number": "1Z-9" });
    assert_eq!(client.update(entry).body["errors"], json!([]));
    assert_eq!(client.order(id), before);
}
