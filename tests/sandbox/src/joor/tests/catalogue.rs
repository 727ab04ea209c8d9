//! Styles, SKUs, linesheets and order heads.

use super::*;

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
    let id = &real.body["data"][0]["id"];
    let update = json!([{ "id": id, "identifiers": [{ "type": "upc", "value": "905" }] }]);
    client.v4("POST", "skus/bulk_update", &update);
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
    client.account.add_warehouse("West");
    let orders = client.get("orders?page_size=100").body;
    let orders = orders["data"].as_array().unwrap();
    let names: Vec<_> = orders
        .iter()
        .map(|order| &order["warehouse"]["name"])
        .collect();
    assert_eq!(names, ["Default", "East", "West"]);
    let path = format!("orders?order_ids={}", orders[1]["id"].as_str().unwrap());
    assert_eq!(client.get(&path).body["data"], json!([orders[1]]));
    assert_eq!(client.get("orders?status=APPROVED").body["data"], json!([]));
    let mut client = Client::new(|options| options.past_orders = false);
    assert_eq!(client.get("orders").body["data"], json!([]));
}
