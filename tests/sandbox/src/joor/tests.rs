//! The account as a client meets it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::civil::date;
use serde_json::{Value, json};

use super::*;
use crate::catalogue::Status;

/// Somebody with both credentials.
struct Client {
    account: Account,
    now: Millis,
    token: String,
}

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Value,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl Client {
    /// Signed in to an account with the shirt of [`shirt`] on it.
    fn new(change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options {
            warehouses: vec!["Default".into(), "East".into()],
            ..Options::default()
        };
        change(&mut options);
        let mut account = Account::new(options);
        let linesheets = [
            Linesheet::of_all("All", "480001"),
            Linesheet::made_to_order("Atelier", "atelier"),
        ];
        account.import_styles([shirt()], &linesheets, Upc::VariantId);
        let mut client = Self {
            account,
            now: 1_000_000,
            token: String::new(),
        };
        client.token = client
            .sign_in("application/x-www-form-urlencoded", FORM)
            .body["access_token"]
            .as_str()
            .unwrap()
            .to_owned();
        client
    }

    fn sign_in(&mut self, content_type: &str, body: &str) -> Answer {
        self.send("POST", "/auth/", &[("content-type", content_type)], body)
    }

    fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let owned = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
        let request = Request {
            method: method.into(),
            path: path.into(),
            headers: headers.iter().map(owned).collect(),
            body: body.into(),
        };
        let response = self.account.handle(&request, self.now);
        Answer {
            status: response.status,
            headers: response.headers,
            body: serde_json::from_slice(&response.body).unwrap(),
        }
    }

    fn v4(&mut self, method: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let mark = if path.contains('?') { '&' } else { '?' };
        let path = format!("/v4/{path}{mark}account=1234");
        self.send(
            method,
            &path,
            &[("authorization", &bearer)],
            &body.to_string(),
        )
    }

    fn get(&mut self, path: &str) -> Answer {
        self.v4("GET", path, &Value::Null)
    }

    fn v2(&mut self, method: &str, path: &str, content_type: &str, body: &str) -> Answer {
        let token = format!("OAuth2 {}", BASE64_STANDARD.encode("joor-v2-token"));
        let headers = [
            ("authorization", token.as_str()),
            ("content-type", content_type),
        ];
        self.send(method, &format!("/v2/{path}"), &headers, body)
    }

    /// Loads rows as flat JSON.
    fn load(&mut self, query: &str, rows: &Value) -> Answer {
        let body = json!({ "inventory_items": rows }).to_string();
        self.v2(
            "POST",
            &format!("bulk-inventory{query}"),
            "application/json",
            &body,
        )
    }

    fn ats(&self, upc: &str) -> Ats {
        self.account.ats(upc, "Default", None)
    }
}

const FORM: &str = "grant_type=password&client_id=joor-client&client_secret=joor-client-secret\
                    &username=sync%40brand.example&password=joor-password";

/// Sand in S and M, Ink in S alone: JOOR makes Ink in M itself.
fn shirt() -> Style {
    let variant = |id, color: &str, size: &str, sku: Option<&str>| StyleVariant {
        id,
        sku: sku.map(Into::into),
        barcode: None,
        options: vec![("Color".into(), color.into()), ("Size".into(), size.into())],
    };
    Style {
        id: 77,
        title: "Shirt".into(),
        tags: vec!["Atelier".into()],
        status: Status::Active,
        variants: vec![
            variant(101, "Sand", "S", Some("SH-1")),
            variant(102, "Sand", "M", None),
            variant(103, "Ink", "S", Some("SH-3")),
        ],
    }
}

fn statuses(answer: &Answer) -> Vec<&str> {
    let log = answer.body["inventory_log"].as_array().unwrap();
    log.iter()
        .map(|entry| entry["status"].as_str().unwrap())
        .collect()
}

// ---- who may call

#[test]
fn the_password_grant_takes_multipart_as_well() {
    let mut client = Client::new(|_| ());
    let field = |name: &str, value: &str| {
        format!("--xYz\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let body = [
        field("client_id", "joor-client"),
        field("client_secret", "joor-client-secret"),
        field("grant_type", "password"),
        field("username", "sync@brand.example"),
        field("password", "joor-password"),
        "--xYz--\r\n".into(),
    ];
    let answer = client.sign_in("multipart/form-data; boundary=xYz", &body.concat());
    assert_eq!(
        (answer.status, &answer.body["expires_in"]),
        (200, &json!(36_000))
    );
    client.token = answer.body["access_token"].as_str().unwrap().into();
    assert_eq!(client.get("products").status, 200);
}

#[test]
fn a_wrong_password_is_refused_as_keycloak_does() {
    let mut client = Client::new(|_| ());
    let form = "application/x-www-form-urlencoded";
    let wrong = client.sign_in(form, &FORM.replace("joor-password", "nope"));
    assert_eq!(
        (wrong.status, &wrong.body["error"]),
        (401, &json!("invalid_grant"))
    );
    let wrong = client.sign_in(form, &FORM.replace("client-secret", "nope"));
    assert_eq!(
        (wrong.status, &wrong.body["error"]),
        (401, &json!("invalid_client"))
    );
    let wrong = client.sign_in(form, &FORM.replace("=password", "=magic"));
    assert_eq!(
        (wrong.status, &wrong.body["error"]),
        (400, &json!("unsupported_grant_type"))
    );
}

#[test]
fn an_access_token_ends_after_ten_hours_or_when_it_is_revoked() {
    let mut client = Client::new(|_| ());
    client.now += 35_999_999;
    assert_eq!(client.get("products").status, 200);
    client.now += 1;
    assert_eq!(client.get("products").status, 401);
    let mut client = Client::new(|_| ());
    client.account.revoke_tokens();
    assert_eq!(client.get("products").status, 401);
}

#[test]
fn every_v4_call_needs_the_account() {
    let mut client = Client::new(|_| ());
    let bearer = format!("Bearer {}", client.token);
    let headers = [("authorization", bearer.as_str())];
    let answer = client.send("GET", "/v4/products", &headers, "");
    assert_eq!(
        (answer.status, &answer.body["errors"][0]["status"]),
        (400, &json!("INVALID"))
    );
    let answer = client.send("GET", "/v4/products?account=9", &headers, "");
    assert_eq!(
        (answer.status, &answer.body["errors"][0]["status"]),
        (403, &json!("FORBIDDEN"))
    );
}

#[test]
fn a_v2_token_has_to_be_encoded() {
    let mut client = Client::new(|_| ());
    let headers = [("authorization", "OAuth2 joor-v2-token")];
    let answer = client.send("POST", "/v2/bulk-inventory", &headers, "{}");
    assert_eq!(answer.status, 401);
    assert_eq!(
        client.account.counters().credits,
        0,
        "a stranger spends nothing"
    );
}

// ---- credits

#[test]
fn reads_and_writes_share_one_window_of_credits() {
    let mut client = Client::new(|options| options.credits.limit = 6);
    assert_eq!(client.load("", &json!([])).status, 200);
    assert_eq!(client.get("products").status, 200);
    client.now += 1_000;
    let spent = client.get("products");
    assert_eq!(spent.status, 429);
    assert_eq!(spent.header("retry-after"), Some("299"));
    assert_eq!(spent.header("x-throttling-account-id"), Some("1234"));
    assert_eq!(spent.header("x-throttling-credits-remaining"), Some("0"));
    let counters = client.account.counters();
    assert_eq!(
        (counters.reads, counters.writes, counters.credits),
        (1, 1, 6)
    );
    assert_eq!(counters.throttled, 1);
    client.now += 299_000;
    assert_eq!(client.get("products").status, 200);
}

#[test]
fn v2_can_have_credits_of_its_own_and_a_429_can_say_nothing() {
    let mut client = Client::new(|options| {
        options.credits.limit = 5;
        options.credits.v2_apart = true;
        options.credits.retry_after = false;
        options.credits.usage_headers = false;
    });
    assert_eq!(client.load("", &json!([])).status, 200);
    assert_eq!(client.get("products").status, 200);
    let spent = client.load("", &json!([]));
    assert_eq!(spent.status, 429);
    assert_eq!(
        spent.headers.len(),
        1,
        "content-type alone: {:?}",
        spent.headers
    );
}

// ---- catalogue

#[test]
fn imported_styles_carry_shopify_ids_and_phantoms_carry_none() {
    let mut client = Client::new(|_| ());
    let products = client.get("products").body;
    let product = &products["data"][0];
    assert_eq!(
        (&product["external_id"], &product["name"]),
        (&json!("77"), &json!("Shirt"))
    );
    assert_eq!(product["product_identifier"], json!("77"));
    let path = format!("skus?product_ids={}", product["id"].as_str().unwrap());
    let skus = client.get(&path).body;
    let skus = skus["data"].as_array().unwrap();
    assert_eq!(skus.len(), 4);
    assert_eq!(skus[0]["product_id"], product["id"]);
    assert_eq!(
        skus[0]["identifiers"],
        json!([{ "type": "upc", "value": "101" }])
    );
    assert_eq!(skus[0]["sku_identifier"], json!("SH-1"));
    assert_eq!(
        skus[1]["sku_identifier"],
        json!("102"),
        "the variant id where there is no SKU"
    );
    assert_eq!(skus[0]["trait_values"][0]["trait"]["name"], json!("Color"));
    assert_eq!(skus[0]["trait_values"][0]["value"], json!("Sand"));
    let phantom = &skus[3];
    assert_eq!(
        (&phantom["external_id"], &phantom["identifiers"]),
        (&Value::Null, &json!([]))
    );
    assert_eq!(phantom["trait_values"][0]["value"], json!("Ink"));
    assert_eq!(phantom["trait_values"][1]["value"], json!("M"));
}

#[test]
fn linesheets_tell_code_flag_and_styles() {
    let mut client = Client::new(|_| ());
    let sheets = client.get("collections").body;
    let flags = |sheets: &Value| {
        let sheets = sheets["data"].as_array().unwrap().clone();
        let told = sheets
            .iter()
            .map(|s| (s["external_id"].clone(), s["made_to_order"].clone()));
        told.collect::<Vec<_>>()
    };
    assert_eq!(
        flags(&sheets),
        [(json!("480001"), json!(false)), (json!("MTO"), json!(true))]
    );
    assert_eq!(
        sheets["data"][1]["items"].as_array().unwrap().len(),
        1,
        "tags in any case"
    );
    assert_eq!(
        sheets["data"][0]["delivery"]["start_ship_date"],
        Value::Null
    );
    client.account.options.shows_made_to_order = false;
    let silent = client.get("collections").body;
    assert!(silent["data"][1].get("made_to_order").is_none());
}

#[test]
fn drafts_and_known_styles_are_not_imported() {
    let mut client = Client::new(|_| ());
    let draft = Style {
        id: 78,
        status: Status::Draft,
        ..shirt()
    };
    assert_eq!(
        client
            .account
            .import_styles([shirt(), draft], &[], Upc::VariantId),
        0
    );
    assert_eq!(client.account.skus().count(), 4);
}

#[test]
fn the_upc_is_the_variant_id_the_barcode_or_the_sku() {
    for (mode, upcs) in [
        (Upc::VariantId, [Some("101"), Some("102"), Some("103")]),
        (Upc::Sku, [Some("SH-1"), None, Some("SH-3")]),
        (Upc::Barcode, [None, None, None]),
    ] {
        let mut account = Account::new(Options::default());
        account.import_styles([shirt()], &[], mode);
        let found: Vec<_> = account.skus().take(3).map(|sku| sku.upc).collect();
        assert_eq!(found, upcs.map(|upc| upc.map(str::to_owned)));
    }
}

#[test]
fn a_page_is_never_larger_than_joor_gives() {
    let mut client = Client::new(|options| options.page_size_max = 3);
    let rows = |answer: &Answer| answer.body["data"].as_array().unwrap().len();
    let first = client.get("skus?page=1&page_size=500");
    let second = client.get("skus?page=2&page_size=500");
    let third = client.get("skus?page=3&page_size=500");
    assert_eq!((rows(&first), rows(&second), rows(&third)), (3, 1, 0));
    assert_eq!(client.get("skus?page=0").status, 400);
    assert_eq!(client.get("skus?page=99999999999999999999").status, 400);
}

#[test]
fn ids_can_be_numbers() {
    let mut client = Client::new(|options| options.ids = Ids::Number);
    let products = client.get("products").body;
    let id = products["data"][0]["id"].as_u64().unwrap();
    let skus = client.get(&format!("skus?product_ids={id}")).body;
    assert_eq!(skus["data"][0]["product_id"], json!(id));
}

#[test]
fn another_tool_can_fill_the_catalogue() {
    let mut client = Client::new(|_| ());
    let made = client.v4(
        "POST",
        "products/bulk_create",
        &json!([
            { "name": "Cap", "external_id": "88", "product_identifier": "88" },
            { "external_id": "89" },
            { "name": "Shirt again", "external_id": "77" },
        ]),
    );
    assert_eq!(made.status, 200);
    assert_eq!(
        made.body["errors"][0]["message"],
        json!("name is required.")
    );
    assert_eq!(made.body["errors"][1]["status"], json!("DUPLICATED"));
    let cap = made.body["data"][0]["id"].clone();
    let sku = |color: &str, size: &str, upc: &str| {
        json!({
            "product_id": cap, "external_id": upc, "identifiers": [{ "type": "upc", "value": upc }],
            "trait_values": [{ "trait_name": "Color", "value": color, "external_id": "C1" },
                             { "trait_id": "U0tVVHJhaXQ6U2l6ZQ==", "value": size }],
        })
    };
    let create = |client: &mut Client, skus: Value| client.v4("POST", "skus/bulk_create", &skus);
    let made = create(
        &mut client,
        json!([sku("Blue", "S", "901"), sku("Red", "M", "902")]),
    );
    assert_eq!(made.body["data"].as_array().unwrap().len(), 2);
    let path = format!("skus?product_ids={}", cap.as_str().unwrap());
    let listed = client.get(&path).body["data"].as_array().unwrap().len();
    assert_eq!(listed, 4, "JOOR makes Blue in M and Red in S itself");
    let again = create(&mut client, json!([sku("Blue", "S", "903")]));
    assert_eq!(again.status, 400);
    assert_eq!(
        again.body["errors"][0]["details"]["sku_id"],
        made.body["data"][0]["id"]
    );
    let real = create(&mut client, json!([sku("Blue", "M", "904")]));
    assert_eq!(real.status, 200, "a phantom becomes real");
    assert_eq!(client.account.skus().count(), 8);
    let update =
        json!([{ "external_id": "904", "identifiers": [{ "type": "upc", "value": "905" }] }]);
    client.v4("POST", "skus/bulk_update_by_external_id", &update);
    assert_eq!(
        statuses(&client.load("", &json!([{ "upc": "904", "inventory": 1 }]))),
        ["fail"]
    );
    assert_eq!(
        statuses(&client.load("", &json!([{ "upc": "905", "inventory": 1 }]))),
        ["pass"]
    );
}

#[test]
fn a_linesheet_can_be_made_and_changed() {
    let mut client = Client::new(|_| ());
    let product = client.get("products").body["data"][0]["id"].clone();
    let made = client.v4(
        "POST",
        "collections/bulk_create",
        &json!([{
            "name": "Pre-fall", "external_id": "480009", "items": [{ "product_id": product }],
            "delivery": { "start_ship_date": "2027-05-01", "complete_ship_date": "2027-06-01" },
        }]),
    );
    let id = made.body["data"][0]["id"].clone();
    assert_eq!(made.body["data"][0]["items"][0]["product_id"], product);
    let wrong = json!([{ "id": id, "name": "No", "items": [{ "product_id": "1" }] }]);
    assert_eq!(
        client.v4("POST", "collections/bulk_update", &wrong).status,
        400
    );
    let right = json!([{ "id": id, "external_id": "MTO", "made_to_order": true }]);
    let changed = client.v4("POST", "collections/bulk_update", &right).body;
    assert_eq!(
        changed["data"][0]["name"],
        json!("Pre-fall"),
        "a failed change changes nothing"
    );
    assert_eq!(changed["data"][0]["external_id"], json!("MTO"));
    assert_eq!(
        changed["data"][0]["delivery"]["start_ship_date"],
        json!("2027-05-01")
    );
}

#[test]
fn past_orders_show_the_warehouses() {
    let mut client = Client::new(|_| ());
    let orders = client.get("orders?page_size=100").body;
    let orders = orders["data"].as_array().unwrap();
    let names: Vec<_> = orders
        .iter()
        .map(|order| order["warehouse"]["name"].clone())
        .collect();
    assert_eq!(names, ["Default", "East", "Default"]);
    let path = format!("orders?order_ids={}", orders[1]["id"].as_str().unwrap());
    assert_eq!(client.get(&path).body["data"].as_array().unwrap().len(), 1);
    assert_eq!(client.get("orders?status=APPROVED").body["data"], json!([]));
}

// ---- stock

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
    let flat = r#"{"inventory_items":[{"warehouse":"East","upc":"101","inventory":5}]}"#;
    let nested = r#"{"inventory_items":{"inventory_item":[{"warehouse":"East","upc":"101","inventory":5}]}}"#;
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
            flat,
            Bodies {
                flat_json: true,
                ..off
            },
        ),
        (
            "application/json; charset=utf-8",
            nested,
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
