//! What is sent for a SKU, and what JOOR then shows.

use jiff::civil::date;

use super::*;

#[test]
fn no_record_is_not_zero() {
    let mut client = Client::new(|_| ());
    assert_eq!(client.ats("101"), Ats::NoRecord);
    client.load(
        "",
        &json!([{ "warehouse": "Default", "upc": "101", "inventory": 0 }]),
    );
    assert_eq!(client.ats("101"), Ats::Units(0));
    assert_eq!(client.account.ats("101", "East", None), Ats::NoRecord);
}

#[test]
fn an_answer_counts_and_logs_each_row() {
    let mut client = Client::new(|_| ());
    let answer = client.load(
        "",
        &json!([
            { "upc": "101", "inventory": 4 },
            { "upc": "999", "inventory": 4 },
            { "upc": "102", "inventory": -1 },
            { "upc": "102", "inventory": 1.5 },
            { "upc": "102", "inventory": 2147483648_u64 },
            { "upc": "102", "inventory": null },
            { "upc": "102", "inventory": 3, "inventory_date": "soon" },
            { "upc": "103", "inventory": "12" },
        ]),
    );
    assert_eq!(answer.body["sku_count"], json!(2));
    assert_eq!(
        statuses(&answer),
        [
            "pass", "fail", "fail", "fail", "fail", "fail", "fail", "pass"
        ]
    );
    let log = &answer.body["inventory_log"];
    assert_eq!(log[1]["sku"], json!("999"));
    assert_ne!(log[0]["inventory_log_id"], log[1]["inventory_log_id"]);
    assert_eq!(
        (client.ats("102"), client.ats("103")),
        (Ats::NoRecord, Ats::Units(12))
    );
    let counters = client.account.counters();
    assert_eq!((counters.rows_accepted, counters.rows_refused), (2, 6));
}

#[test]
fn one_bad_row_can_refuse_its_whole_batch_without_being_named() {
    let mut client = Client::new(|options| {
        options.bad_row = BadRow::RefusesBatch;
        options.refused_upcs = ["102".to_owned()].into();
    });
    let rows = json!([{ "upc": "101", "inventory": 4 }, { "upc": "102", "inventory": 4 }]);
    let answer = client.load("", &rows);
    assert_eq!(answer.status, 400);
    assert!(!answer.body.to_string().contains("102"));
    assert_eq!(client.ats("101"), Ats::NoRecord);
    assert_eq!(client.account.history().count(), 0);
}

#[test]
fn more_rows_than_joor_takes_are_refused() {
    let mut client = Client::new(|options| options.rows_max = 1);
    let row = json!({ "upc": "101", "inventory": 4 });
    assert_eq!(client.load("", &json!([row, row])).status, 413);
    assert_eq!(client.load("", &json!([row])).status, 200);
}

#[test]
fn all_three_encodings_say_the_same() {
    let row = r#"{"warehouse":"East","upc":"101","inventory":5}"#;
    let flat = format!(r#"{{"inventory_items":[{row}]}}"#);
    let nested = format!(r#"{{"inventory_items":{{"inventory_item":[{row}]}}}}"#);
    let xml = "<?xml version=\"1.0\"?><inventory_items><inventory_item><warehouse>East</warehouse>\
               <upc>101</upc><inventory>5</inventory></inventory_item></inventory_items>";
    let off = Bodies {
        flat_json: false,
        nested_json: false,
        xml: false,
    };
    for (content_type, body, alone) in [
        (
            "application/json",
            flat.as_str(),
            Bodies {
                flat_json: true,
                ..off
            },
        ),
        (
            "application/json; charset=utf-8",
            nested.as_str(),
            Bodies {
                nested_json: true,
                ..off
            },
        ),
        ("application/xml", xml, Bodies { xml: true, ..off }),
    ] {
        let mut client = Client::new(|options| options.bodies = alone);
        let answer = client.v2("PUT", "bulk-inventory", content_type, body);
        assert_eq!(answer.status, 200, "{content_type}");
        assert_eq!(client.account.ats("101", "East", None), Ats::Units(5));
        client.account.options.bodies = off;
        assert_eq!(
            client
                .v2("PUT", "bulk-inventory", content_type, body)
                .status,
            400
        );
    }
}

#[test]
fn a_body_that_is_no_body_is_refused_and_changes_nothing() {
    let mut client = Client::new(|_| ());
    for (content_type, body) in [
        ("application/json", ""),
        ("application/json", "[]"),
        ("application/json", r#"{"inventory_items":{}}"#),
        ("application/json", r#"{"inventory_items":[7]}"#),
        ("application/xml", "<inventory_items>"),
        ("application/xml", "<other/>"),
    ] {
        let answer = client.v2("POST", "bulk-inventory", content_type, body);
        assert_eq!(answer.status, 400, "{content_type} {body}");
    }
    assert_eq!(client.account.rows().count(), 0);
}

#[test]
fn a_warehouse_that_joor_does_not_have_is_no_error_and_yet_wrong() {
    let rows = json!([{ "warehouse": "Estt", "upc": "101", "inventory": 5 }]);
    let mut client = Client::new(|_| ());
    assert_eq!(statuses(&client.load("", &rows)), ["pass"]);
    assert_eq!(
        client.ats("101"),
        Ats::Units(5),
        "it went to the Default warehouse"
    );
    let mut client = Client::new(|options| options.unknown_warehouse = UnknownWarehouse::Nowhere);
    assert_eq!(statuses(&client.load("", &rows)), ["pass"]);
    assert_eq!(client.account.rows().count(), 0);
    client.account.add_warehouse("Estt");
    client.load("", &rows);
    assert_eq!(client.account.ats("101", "Estt", None), Ats::Units(5));
}

#[test]
fn dated_stock_stands_beside_the_immediate() {
    let mut client = Client::new(|_| ());
    client.load(
        "",
        &json!([
            { "upc": "101", "inventory": 1 },
            { "upc": "101", "inventory": 40, "inventory_date": "2027-03-15" },
            { "upc": "101", "inventory": 50, "inventory_date": "04-01-2027" },
        ]),
    );
    let at = |client: &Client, month| client.account.ats("101", "Default", Some(month));
    assert_eq!(client.ats("101"), Ats::Units(1));
    assert_eq!(at(&client, date(2027, 3, 15)), Ats::Units(40));
    assert_eq!(at(&client, date(2027, 4, 1)), Ats::Units(50));
    assert_eq!(at(&client, date(2027, 4, 2)), Ats::NoRecord);
    let rows: Vec<_> = client
        .account
        .rows()
        .map(|row| (row.date, row.ats))
        .collect();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0], (None, Ats::Units(1)));
}

#[test]
fn immediate_stock_can_want_its_word_or_its_absence() {
    let said = json!([{ "upc": "101", "inventory": 1, "inventory_date": "IMMEDIATE" }]);
    let absent = json!([{ "upc": "101", "inventory": 1 }]);
    for (immediate, word, absence) in [
        (Immediate::Either, "pass", "pass"),
        (Immediate::Word, "pass", "fail"),
        (Immediate::Absent, "fail", "pass"),
    ] {
        let mut client = Client::new(|options| options.immediate = immediate);
        assert_eq!(statuses(&client.load("", &said)), [word]);
        assert_eq!(statuses(&client.load("", &absent)), [absence]);
    }
}

#[test]
fn made_to_order_clears_what_was_there() {
    for (scope, east) in [
        (Scope::Warehouse, Ats::Units(2)),
        (Scope::Account, Ats::MadeToOrder),
    ] {
        let mut client = Client::new(|options| options.made_to_order = scope);
        client.load(
            "",
            &json!([
                { "upc": "101", "inventory": 1 },
                { "upc": "101", "inventory": 2, "warehouse": "East" },
                { "upc": "101", "inventory": 9, "inventory_date": "2027-03-15" },
                { "upc": "101", "inventory": 0, "made_to_order": true },
            ]),
        );
        assert_eq!(client.ats("101"), Ats::MadeToOrder);
        assert_eq!(
            client
                .account
                .ats("101", "Default", Some(date(2027, 3, 15))),
            Ats::NoRecord
        );
        assert_eq!(client.account.ats("101", "East", None), east);
        client.load("", &json!([{ "upc": "101", "inventory": 3 }]));
        assert_eq!(client.ats("101"), Ats::Units(3), "a quantity ends it");
    }
}

#[test]
fn overwrite_leaves_whatever_it_does_not_name_without_limit() {
    for (scope, east) in [
        (Scope::Warehouse, Ats::Units(2)),
        (Scope::Account, Ats::NoRecord),
    ] {
        let mut client = Client::new(|options| options.overwrite = scope);
        client.load(
            "",
            &json!([
                { "upc": "101", "inventory": 0 },
                { "upc": "101", "inventory": 2, "warehouse": "East" },
                { "upc": "102", "inventory": 9, "inventory_date": "2027-03-15" },
            ]),
        );
        client.load("?overwrite=1", &json!([{ "upc": "103", "inventory": 7 }]));
        assert_eq!(
            (client.ats("101"), client.ats("103")),
            (Ats::NoRecord, Ats::Units(7))
        );
        assert_eq!(
            client
                .account
                .ats("102", "Default", Some(date(2027, 3, 15))),
            Ats::NoRecord
        );
        assert_eq!(client.account.ats("101", "East", None), east);
    }
}

#[test]
fn pending_orders_come_off_only_when_asked_for() {
    let mut client = Client::new(|_| ());
    client.account.set_pending("101", "Default", 4);
    let row = json!([{ "upc": "101", "inventory": 10 }]);
    client.load("", &row);
    assert_eq!(client.ats("101"), Ats::Units(10));
    client.load("?dec_pending=1", &row);
    assert_eq!(client.ats("101"), Ats::Units(6));
    client.load("?dec_pending=1", &json!([{ "upc": "101", "inventory": 3 }]));
    assert_eq!(client.ats("101"), Ats::Units(0));
}

#[test]
fn a_sku_can_be_named_by_style_color_and_size_together() {
    let mut client = Client::new(|_| ());
    let answer = client.load(
        "",
        &json!([
            { "style_number": "77", "style_identifier": "77", "color_code": "Ink", "size": "M",
              "inventory": 0 },
            { "style_number": "77", "style_identifer": "77", "color_code": "Ink", "size": "S",
              "inventory": 2 },
            { "style_number": "77", "color_code": "Ink", "size": "S", "inventory": 9 },
            { "style_number": "77", "style_identifier": "78", "color_code": "Ink", "size": "S",
              "inventory": 9 },
        ]),
    );
    assert_eq!(statuses(&answer), ["pass", "pass", "fail", "fail"]);
    assert_eq!(answer.body["inventory_log"][0]["sku"], json!("77-77-Ink-M"));
    assert_eq!(client.ats("103"), Ats::Units(2));
    let phantom = client.account.rows().find(|row| row.upc.is_none()).unwrap();
    assert_eq!(phantom.ats, Ats::Units(0));
    let ink_m = client.account.skus().find(|sku| sku.upc.is_none()).unwrap();
    assert_eq!(
        (phantom.sku.as_str(), ink_m.color.as_str()),
        (ink_m.id.as_str(), "Ink")
    );
    assert_eq!(
        client.account.ats_of(&ink_m.id, "Default", None),
        Ats::Units(0)
    );
}

#[test]
fn a_single_sku_has_a_call_of_its_own() {
    let mut client = Client::new(|_| ());
    let path = "style-number/77/77/inventory/?upc=101&color_code=Ink&size=S&inventory=123";
    let answer = client.v2("PUT", path, "application/json", "");
    assert_eq!((answer.status, statuses(&answer)), (200, vec!["pass"]));
    assert_eq!(
        (client.ats("101"), client.ats("103")),
        (Ats::Units(123), Ats::NoRecord)
    );
    let path = "style-number/77/77/inventory/?color_code=Ink&size=S&inventory=5&warehouse=East";
    client.v2("PUT", path, "application/json", "");
    assert_eq!(client.account.ats("103", "East", None), Ats::Units(5));
}

#[test]
fn inventory_cannot_be_read() {
    let mut client = Client::new(|_| ());
    assert_eq!(
        client
            .v2("GET", "bulk-inventory", "application/json", "")
            .status,
        405
    );
    assert_eq!(
        client.v2("GET", "nothing", "application/json", "").status,
        404
    );
    assert_eq!(client.get("nothing").status, 404);
    assert_eq!(client.send("GET", "/", &[], "").status, 404);
}

#[test]
fn history_tells_what_was_accepted_when_and_forgets_the_oldest() {
    let mut client = Client::new(|options| options.history_max = 2);
    for units in 1..=3 {
        client.now += 1;
        client.load(
            "",
            &json!([{ "upc": "101", "inventory": units, "warehouse": "East" }]),
        );
    }
    let history: Vec<_> = client.account.history().collect();
    assert_eq!(history.len(), 2);
    assert_eq!(
        history[1],
        Write {
            at: 1_000_003,
            upc: Some("101".into()),
            warehouse: "East".into(),
            date: None,
            ats: Ats::Units(3),
        }
    );
}

#[test]
fn a_style_made_by_hand_has_stock_and_no_external_id() {
    let mut client = Client::new(|_| ());
    client
        .account
        .add_style_by_hand("Belt", &["Tan"], &["85", "95"], "55500");
    let products = client.get("products").body;
    assert_eq!(products["data"][1]["external_id"], Value::Null);
    let rows = json!([{ "upc": "555001", "inventory": 8 }]);
    assert_eq!(statuses(&client.load("", &rows)), ["pass"]);
    let belt = client
        .account
        .skus()
        .find(|sku| sku.upc.as_deref() == Some("555001"))
        .unwrap();
    assert_eq!(
        (belt.style, belt.name.as_str(), belt.size.as_str()),
        (None, "Belt", "95")
    );
}

#[test]
fn a_large_linesheet_goes_on_as_a_second_one() {
    let mut account = Account::new(Options::default());
    let styles = (1..=501).map(|id| Style { id, ..shirt() });
    let linesheets = [Linesheet::of_all("All", "480001")];
    assert_eq!(
        account.import_styles(styles, &linesheets, Upc::VariantId),
        501
    );
    let sizes: Vec<_> = account
        .library
        .collections
        .iter()
        .map(|c| c.items.len())
        .collect();
    assert_eq!(sizes, [500, 1]);
}
