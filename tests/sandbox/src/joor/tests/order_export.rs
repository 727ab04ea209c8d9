//! v2's order export: which orders it gives, what it does to them, and how it tells them.

use super::*;

/// One order in each status; approved and shipped ones stand in `[3]` and `[4]`.
fn one_in_each(client: &mut Client) -> Vec<OrderId> {
    let statuses = [
        OrderStatus::InProgress,
        OrderStatus::Notes,
        OrderStatus::Pending,
        OrderStatus::Approved,
        OrderStatus::Shipped,
        OrderStatus::Cancelled,
    ];
    let place = |status| {
        let order = NewOrder::of("480001").line("101", 1, 10_00);
        client
            .account
            .place_order(order.in_status(status), client.now)
    };
    statuses.map(place).to_vec()
}

fn without_past(options: &mut Options) {
    options.past_orders = false;
}

#[test]
fn each_order_type_gives_its_statuses() {
    let mut client = Client::new(without_past);
    let placed = one_in_each(&mut client);
    let expected: [(&str, &[usize]); 9] = [
        ("", &[3, 4]),
        ("&order_type=1", &[1]),
        ("&order_type=2", &[3, 4]),
        ("&order_type=3", &[2]),
        ("&order_type=4", &[0, 1, 2, 3, 4]),
        ("&order_type=5", &[5]),
        ("&order_type=6", &[3]),
        ("&order_type=7", &[4]),
        ("&order_type=8", &[0, 1, 2, 3, 4, 5]),
    ];
    for (query, positions) in expected {
        let expected: Vec<_> = positions.iter().map(|at| placed[*at].to_string()).collect();
        let answer = client.export(&format!("sync=0{query}"));
        assert_eq!(answer.status, 200, "{query}");
        assert_eq!(ids(&answer), expected, "{query}");
        assert_eq!(answer.body["response"]["count"], json!(positions.len()));
    }
}

#[test]
fn each_export_status_gives_its_orders() {
    let mut client = Client::new(without_past);
    let order = || NewOrder::of("480001").line("101", 1, 10_00).approved();
    let mut place = || client.account.place_order(order(), client.now);
    let (new, failed, exported, changed) = (place(), place(), place(), place());
    for (id, export_status) in [
        (failed, "FAILED"),
        (exported, "SUCCESS"),
        (changed, "SUCCESS"),
    ] {
        client.update(json!({ "id": id, "export_status": export_status }));
    }
    let now = client.now;
    client.account.change_quantity(changed, 0, 2, now).unwrap();
    let expected: [(u8, &[OrderId]); 7] = [
        (1, &[new, failed, exported, changed]),
        (2, &[new, failed]),
        (3, &[exported, changed]),
        (4, &[changed]),
        (5, &[new, failed, changed]),
        (6, &[new]),
        (7, &[new, changed]),
    ];
    for (export_status, expected) in expected {
        let expected: Vec<_> = expected.iter().map(ToString::to_string).collect();
        let answer = client.export(&format!("sync=0&export_status={export_status}"));
        assert_eq!(ids(&answer), expected, "{export_status}");
    }
    assert_eq!(ids(&client.export("sync=0")).len(), 4, "all by default");
    assert_eq!(
        ids(&client.export("")),
        [new.to_string(), failed.to_string()],
        "what is not exported, by default, where it gets marked"
    );
}

#[test]
fn orders_are_told_as_they_were_where_reads_come_from_a_copy() {
    let mut client = Client::new(without_past);
    client.account.options.orders.read_lag_ms = 5_000;
    let order = NewOrder::of("480001").line("101", 2, 10_00).approved();
    let placed = client.now;
    let id = client.account.place_order(order, placed);
    assert_eq!(ids(&client.export("sync=0")), [""; 0]);
    client.now = placed + 5_000;
    client
        .account
        .change_quantity(id, 0, 7, client.now)
        .unwrap();
    let total = |client: &mut Client| {
        let answer = client.export("sync=0");
        answer.body["orders"][0]["order_total"].clone()
    };
    assert_eq!(total(&mut client), "20.00");
    assert_eq!(client.order(id).total, "70.00");
    client.now += 5_000;
    assert_eq!(total(&mut client), "70.00");
}

#[test]
fn reading_marks_as_exported_unless_it_is_told_not_to() {
    let mut client = Client::new(without_past);
    let order = NewOrder::of("480001").line("101", 1, 10_00).approved();
    let id = client.account.place_order(order, client.now);
    assert_eq!(ids(&client.export("sync=0")), [id.to_string()]);
    assert_eq!(client.order(id).export_status, ExportStatus::NotExported);
    assert_eq!(ids(&client.export("")), [id.to_string()]);
    let order = client.order(id);
    assert_eq!(order.export_status, ExportStatus::Success);
    assert_eq!(order.exported_at, Some(client.now));
    assert_eq!(
        ids(&client.export("")),
        [""; 0],
        "and it is not given again"
    );
    assert_eq!(client.export("").body["orders"], json!(""));
}

#[test]
fn pages_count_from_zero_and_say_where_the_next_one_starts() {
    let mut client = Client::new(without_past);
    for _ in 0..120 {
        let order = NewOrder::of("480001").line("101", 1, 10_00).approved();
        client.account.place_order(order, client.now);
    }
    let response = |answer: &Answer| answer.body["response"].clone();
    let first = client.export("sync=0");
    assert_eq!(
        response(&first),
        json!({ "code": 0, "comment": "", "start_from": 0, "next_start": 50, "count": 120 })
    );
    assert_eq!(ids(&first).len(), 50);
    let last = client.export("sync=0&start_from=100");
    assert_eq!(ids(&last).len(), 20);
    assert_eq!(response(&last)["next_start"], json!(""));
    let two = client.export("sync=0&start_from=118&count=2");
    assert_eq!(ids(&two), ["50119", "50120"]);
    assert_eq!(response(&two)["next_start"], json!(""));
    assert_eq!(ids(&client.export("sync=0&start_from=120")), [""; 0]);
    // The parameter that some take for it is none.
    assert_eq!(ids(&client.export("sync=0&start=100"))[0], "50001");
}

#[test]
fn paging_while_orders_get_marked_passes_over_half_of_them() {
    let mut client = Client::new(without_past);
    for _ in 0..100 {
        let order = NewOrder::of("480001").line("101", 1, 10_00).approved();
        client.account.place_order(order, client.now);
    }
    assert_eq!(ids(&client.export("start_from=0")).len(), 50);
    assert_eq!(ids(&client.export("start_from=50")), [""; 0]);
    assert_eq!(ids(&client.export("start_from=0")).len(), 50);
}

#[test]
fn wrong_parameters_are_refused_in_the_envelope_of_v2() {
    let mut client = Client::new(|_| ());
    for query in [
        "order_type=0",
        "order_type=9",
        "order_type=approved",
        "export_status=8",
        "sync=2",
        "check=4",
        "start_from=-1",
        "count=0",
        "count=51",
        "order_id=JR-1",
        "date_start=2026-11-24T08:00:00.0Z",
        "date_end=2026-11-24T08:00:00.0Z",
        "date_start=2026-11-24&date_end=2026-11-25",
        "date_start=2026-11-25T00:00:00.0Z&date_end=2026-11-24T00:00:00.0Z",
        "date_start=2026-11-24T00:00:00.0+01:00&date_end=2026-11-25T00:00:00.0Z",
    ] {
        let answer = client.export(query);
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(answer.body["response"]["code"], json!(400), "{query}");
        let comment = answer.body["response"]["comment"].as_str().unwrap();
        assert!(comment.ends_with('.'), "{comment}");
    }
    let answer = client.v2("POST", "order/", "application/json", "");
    assert_eq!(answer.status, 404);
}

#[test]
fn a_range_of_dates_holds_both_its_ends() {
    // 2026-11-23T06:00:00Z
    const AT: Millis = 1_795_413_600_000;
    let mut client = Client::new(without_past);
    client.now = AT + 999;
    let order = NewOrder::of("480001").line("101", 1, 10_00);
    let id = client.account.place_order(order, client.now);
    client.account.cancel_order(id, client.now).unwrap();
    let mut within = |start: &str, end: &str| {
        let query = format!("sync=0&order_type=5&date_start={start}&date_end={end}");
        !ids(&client.export(&query)).is_empty()
    };
    assert!(within("2026-11-23T06:00:00.0Z", "2026-11-23T06:00:00.0Z"));
    assert!(within(
        "2026-11-23T07:00:00.0%2B01:00",
        "2026-11-24T00:00:00.0Z"
    ));
    assert!(!within("2026-11-23T06:00:00.1Z", "2026-11-24T00:00:00.0Z"));
    assert!(!within("2026-11-22T00:00:00.0Z", "2026-11-23T05:59:59.9Z"));
    client.account.options.orders.modified_step_ms = 86_400_000;
    let query = "sync=0&order_type=5&date_start=2026-11-23T00:00:00.0Z\
                 &date_end=2026-11-23T00:00:00.0Z";
    let answer = client.export(query);
    assert_eq!(
        answer.body["orders"][0]["date_modified"],
        json!("2026-11-23T00:00:00.0Z"),
        "dates can be as coarse as a day"
    );
}

#[test]
fn one_order_is_found_by_its_id_in_any_state_or_by_the_defaults_only() {
    let mut client = Client::new(without_past);
    let placed = one_in_each(&mut client);
    for id in &placed {
        let answer = client.export(&format!("sync=0&order_id={id}"));
        assert_eq!(ids(&answer), [id.to_string()]);
    }
    let approved = placed[3];
    assert_eq!(
        ids(&client.export(&format!("sync=0&order_id={approved}&order_type=5"))),
        [""; 0],
        "what is asked for besides has to fit as well"
    );
    client.export(&format!("order_id={approved}"));
    assert_eq!(client.order(approved).export_status, ExportStatus::Success);
    let again = client.export(&format!("order_id={approved}"));
    assert_eq!(ids(&again), [approved.to_string()]);
    assert_eq!(ids(&client.export("sync=0&order_id=7")), [""; 0]);

    client.account.options.orders.order_id = OrderIdFinds::DefaultsOnly;
    let again = client.export(&format!("order_id={approved}"));
    assert_eq!(ids(&again), [""; 0]);
    let pending = client.export(&format!("sync=0&order_id={}", placed[2]));
    assert_eq!(ids(&pending), [""; 0]);
}

#[test]
fn orders_are_found_by_customer_code() {
    let mut client = Client::new(without_past);
    let by = |code| NewOrder::of("480001").customer(code, "Shop").approved();
    client.account.place_order(by("A"), client.now);
    client.account.place_order(by("B"), client.now);
    assert_eq!(ids(&client.export("sync=0&customer_code=B")), ["50002"]);
}

#[test]
fn a_missing_required_field_fails_the_export_where_it_is_checked() {
    let mut client = Client::new(|options| {
        without_past(options);
        let required = ["customer_code", "item_comment"];
        options.orders.required_fields = required.map(str::to_owned).into();
    });
    let order = NewOrder::of("480001").line("101", 1, 10_00).approved();
    let id = client
        .account
        .place_order(order.raw("customer_code", Value::Null), client.now);
    assert_eq!(ids(&client.export("sync=0")).len(), 1);
    assert_eq!(client.order(id).export_status, ExportStatus::NotExported);
    let unchecked = client.export("sync=0&check=2");
    assert_eq!(ids(&unchecked).len(), 1);
    assert_eq!(client.order(id).export_status, ExportStatus::NotExported);

    assert_eq!(ids(&client.export("sync=0&check=1")).len(), 1);
    let order = client.order(id);
    assert_eq!(order.export_status, ExportStatus::Failed);
    assert_eq!(
        order.export_description,
        "Missing required fields: customer_code, item_comment"
    );
    // Marking checks by itself, and leaves out what fails.
    assert_eq!(ids(&client.export("")), [""; 0]);
    assert_eq!(client.order(id).export_status, ExportStatus::Failed);
    assert_eq!(ids(&client.export("check=0")).len(), 1);
    assert_eq!(client.order(id).export_status, ExportStatus::Success);
}

#[test]
fn a_deleted_style_fails_the_export_where_it_is_checked() {
    let mut client = Client::new(without_past);
    let order = NewOrder::of("480001").line("999", 1, 10_00).approved();
    let id = client.account.place_order(order, client.now);
    assert_eq!(ids(&client.export("check=3")), [""; 0]);
    let order = client.order(id);
    assert_eq!(order.export_status, ExportStatus::Failed);
    assert_eq!(order.export_description, "Deleted styles or colors: 999");
}

#[test]
fn an_order_is_told_in_strings_and_an_empty_list_is_an_empty_text() {
    let mut client = Client::new(without_past);
    client.now = 1_795_413_600_000;
    let order = NewOrder::of("480001")
        .line("103", 3, 45_00)
        .with_line(OrderLine::of("101", 2, 9_99).packs_of(6).comment("gift"))
        .ship_window("2027-01-10", "2027-02-10")
        .purchase_order("PO-7 🧵")
        .comments("Handle with care")
        .discount(Discount::Percent(10_00))
        .shipping_total(15_00)
        .approved();
    client.account.place_order(order, client.now);
    let order = client.export("sync=0").body["orders"][0].clone();
    let expected = json!({
        "order_id": "50001",
        "order_type": "4",
        "order_type_name": "Approved",
        // 135.00 and 119.88, less a tenth, and shipping.
        "order_total": "244.39",
        "order_currency": "EUR",
        "order_discount": "25.49",
        "order_discount_percent": "10.00",
        "order_shipping_total": "15.00",
        "order_comments": "Handle with care",
        "order_internal_comments": "",
        "order_delivery_name": "All",
        "order_delivery_code": "480001",
        "order_season_code": "",
        "date_created": "2026-11-23T06:00:00.0Z",
        "date_approved": "2026-11-23T06:00:00.0Z",
        "date_modified": "2026-11-23T06:00:00.0Z",
        "date_ship_start": "2027-01-10",
        "date_ship_end": "2027-02-10",
        "sales_representative": "Noor Haddad",
        "customer_name": "Boutique Canut",
        "customer_code": "C-1001",
        "customer_purchase_order": "PO-7 🧵",
        "customer_buyer_name": "Camille Roux",
        "created_by_email": "camille@canut.example",
        "shipping_city": "Lyon",
        "shipping_email": "stock@canut.example",
        "shipping_country_iso_two": "FR",
        "billing_postal_code": "69001",
        "warehouse_name": "Default",
        "order_doors": "",
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&order[name], value, "{name}");
    }
    assert_eq!(order.get("billing_email"), None);
    let expected = json!({
        "item_name": "Shirt",
        "item_number": "77",
        "item_style_id": "5500000",
        "item_style_identifier": "77",
        "item_color": "Ink",
        "item_color_code": "Ink",
        "item_upc": "103",
        "item_size": "S",
        "item_price": "45.00",
        "item_unit_price": "45.00",
        "item_price_adjustment": "0.00",
        "item_quantity": "3",
        "item_multiplier": "1",
        "item_price_extended": "135.00",
        "item_comment": "",
        "style_tags": "",
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&order["line_items"][0][name], value, "{name}");
    }
    let packs = &order["line_items"][1];
    assert_eq!(packs["item_multiplier"], json!("6"));
    assert_eq!(packs["item_price_extended"], json!("119.88"));
}

#[test]
fn an_order_can_be_told_in_plain_numbers_lists_and_nulls() {
    let mut client = Client::new(|options| {
        without_past(options);
        options.orders.numbers_as_text = false;
        options.orders.empty_as_text = false;
        options.orders.envelope_as_text = true;
        options.orders.dates = OrderDates::Spaced;
    });
    client.now = 1_795_413_600_000;
    assert_eq!(client.export("sync=0").body["orders"], json!([]));
    let order = NewOrder::of("MTO").approved().shipping_total(12_50);
    client.account.place_order(order, client.now);
    let answer = client.export("sync=0&count=1");
    let order = &answer.body["orders"][0];
    assert_eq!(order["order_id"], json!(50_001));
    assert_eq!(order["order_type"], json!(4));
    assert_eq!(order["order_total"], json!(12.5));
    assert_eq!(order["order_comments"], Value::Null);
    assert_eq!(order["line_items"], json!([]));
    assert_eq!(order["order_delivery_name"], json!("Atelier"));
    assert_eq!(order["date_approved"], json!("2026-11-23 06:00:00"));
    assert_eq!(answer.body["response"]["count"], json!("1"));
}

#[test]
fn the_types_in_an_order_are_numbered_otherwise_than_the_parameter() {
    let mut client = Client::new(without_past);
    one_in_each(&mut client);
    let orders = client.export("sync=0&order_type=8").body["orders"].clone();
    let types: Vec<_> = orders
        .as_array()
        .unwrap()
        .iter()
        .map(|order| order["order_type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["1", "6", "3", "4", "5", "0"]);
}

#[test]
fn amounts_have_the_decimals_of_their_currency() {
    let mut client = Client::new(without_past);
    for (currency, total) in [("JPY", "12345"), ("KWD", "12.345"), ("USD", "123.45")] {
        let order = NewOrder::of("480001").currency(currency).approved();
        let order = order.line("101", 1, 12_345).customer(currency, "Shop");
        client.account.place_order(order, client.now);
        let answer = client.export(&format!("sync=0&customer_code={currency}"));
        assert_eq!(answer.body["orders"][0]["order_total"], json!(total));
    }
}

#[test]
fn a_read_takes_one_credit_and_another_token_none() {
    let mut client = Client::new(|_| ());
    client.export("");
    assert_eq!(client.account.counters().credits, 1);
    let answer = client.send("GET", "/v2/order/", &[("authorization", "OAuth2 no")], "");
    assert_eq!(answer.status, 401);
    assert_eq!(client.account.counters().credits, 1);
}
