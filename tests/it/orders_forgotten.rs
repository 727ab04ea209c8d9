//! What the ledger knows of people goes after some days; what it needs to be right stays.

use atsync::engine::reconcile::Write;
use atsync_sandbox::joor::{Address, ExportStatus, NewOrder, OrderId};
use atsync_sandbox::shopify::Tracking;
use serde_json::{Value, json};

use crate::brand::Brand;
use crate::order_desk::{SPRING, stock};
use crate::versions::released;
use crate::world::{NAME, World, connector, load};

/// What of the buyer's, and of what was sent to them, may stand in a ledger.
const PERSONAL: [&str; 6] = ["Canut", "Claudiennes", "69001", "Camille", "JD-1", "JD-2"];

fn brand(settings: Value) -> Brand {
    let mut brand =
        Brand::with_settings(json!({ "orders": { "keep_personal_days": 30, "tracking": true } }));
    brand.set(settings);
    brand
}

/// An order with a purchase order that names somebody.
fn ordered(world: &World, lines: &[(&str, i64)]) -> OrderId {
    let mut order = world.order_of(SPRING, lines);
    order.purchase_order = Some("by Camille".into());
    world.approved(order)
}

/// A brand of which one order is in Shopify.
async fn one_order(brand: Brand, lines: &[(&str, i64)]) -> (World, OrderId) {
    let world = brand.open_synced().await;
    let order = ordered(&world, lines);
    world.passes(2).await;
    (world, order)
}

/// What of it stands in the ledger.
fn known(world: &World) -> Vec<&'static str> {
    let ledger = world.ledger();
    let stands = |text: &&str| {
        ledger
            .iter()
            .any(|(key, value)| (key.to_owned() + value).contains(text))
    };
    PERSONAL.into_iter().filter(stands).collect()
}

const NOTHING: [&str; 0] = [];

async fn days(world: &World, days: u64) {
    world.hours(days * 24);
    world.sync_all().await;
}

#[tokio::test]
async fn a_finished_order_loses_its_people_when_the_days_are_over_and_not_before() {
    let (world, order) = one_order(brand(json!({})), &[("LIN-SND-M", 5)]).await;
    days(&world, 20).await;
    world.ships(order, "JD-1");
    world.minutes(1);
    world.passes(2).await;
    assert_eq!(
        world.joor_order(order).tracking_number.as_deref(),
        Some("JD-1")
    );
    // A shipment is something that happens to it.
    days(&world, 30).await;
    let kept = known(&world);
    assert_eq!(kept, ["Canut", "Claudiennes", "69001", "Camille", "JD-1"]);
    let before = world.traffic();

    days(&world, 1).await;

    assert_eq!(known(&world), NOTHING);
    assert_eq!(world.traffic().joor_writes, before.joor_writes);
    assert_eq!(world.traffic().shopify_writes, before.shopify_writes);
    let report = world
        .ask("orders-show", json!({ "order": order.to_string() }))
        .await;
    for words in [
        "forgotten on 2027-01-13",
        "30 days",
        "`orders.keep_personal_days`",
    ] {
        assert!(report.summary().contains(words), "{}", report.summary());
    }
    let shown = &report.json["data"]["order"];
    assert_eq!(
        (&shown["customer"], &shown["state"]),
        (&json!(""), &json!("created"))
    );
    assert_eq!(shown["lines"][0]["claim"], 5);
    let facts = report.json["tables"][1]["rows"].to_string();
    for row in [
        r#"["customer","forgotten"]"#,
        r#"["ship to","forgotten"]"#,
        r#"["shipped","wholly forgotten"]"#,
        r#"["currency","EUR"]"#,
    ] {
        assert!(facts.contains(row), "{row} in {facts}");
    }
    world.everything_agrees();
}

#[tokio::test]
async fn a_pass_with_nothing_to_forget_writes_and_reads_nothing_for_it() {
    let (world, _) = one_order(brand(json!({})), &[("LIN-SND-M", 5)]).await;
    world.passes(20).await;
    let before = world.ledger();

    world.passes(3).await;

    let after = world.ledger();
    let changed = after
        .iter()
        .filter(|(key, value)| before.get(*key) != Some(value));
    let changed: Vec<&String> = changed.map(|(key, _)| key).collect();
    let known = |key: &&String| key.starts_with("watermark/") || *key == "credits";
    assert!(changed.iter().all(known), "{changed:?}");
}

#[tokio::test]
async fn a_plan_forgets_nobody() {
    let (world, _) = one_order(brand(json!({})), &[("LIN-SND-M", 5)]).await;
    world.passes(3).await;
    world.hours(31 * 24);
    let before = world.ledger();

    let plan = world.plan().await;

    assert_eq!(plan.count("orders_forgotten"), 0);
    assert_eq!(world.ledger(), before);
}

#[tokio::test]
async fn up_to_which_day_people_are_forgotten_is_written_down() {
    let (world, _) = one_order(brand(json!({})), &[("LIN-SND-M", 5)]).await;
    days(&world, 40).await;
    let orders: Value = serde_json::from_str(&world.ledger()["orders"]).unwrap();
    // The story begins on the 23rd of November.
    assert_eq!(orders["people"]["forgotten_before"], "2026-12-03");
}

// What comes late.

#[tokio::test]
async fn an_order_whose_people_are_forgotten_is_cancelled_like_any_other() {
    let (world, order) = one_order(brand(json!({})), &[("LIN-SND-M", 5)]).await;
    days(&world, 31).await;
    assert_eq!(known(&world), NOTHING);
    world.cancels(order);

    days(&world, 0).await;

    assert!(world.in_shopify(order, |order| order.is_cancelled()));
    assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(20, 0, 20));
    assert_eq!(world.order_shown(order).await["state"], "cancelled");
    world.everything_agrees();
}

#[tokio::test]
async fn a_change_of_what_is_forgotten_is_noticed_and_its_people_are_forgotten_in_their_turn() {
    let (world, order) = one_order(brand(json!({})), &[("LIN-SND-M", 5)]).await;
    days(&world, 31).await;
    let moves_to = |city: &str| {
        let city = city.to_owned();
        let change = |order: &mut NewOrder| {
            order.ship_to = Address {
                city,
                ..Address::boutique()
            }
        };
        world
            .joor_now(|joor, now| joor.change_order(order, change, now))
            .unwrap();
    };
    moves_to("Nice");

    world.sync().await;

    let (codes, told) = world.parked(order).await;
    assert_eq!(codes, ["order-changed"]);
    assert!(
        told.contains("Nice") && told.contains("what it was is forgotten"),
        "{told}"
    );
    assert!(
        !told.contains("purchase order") && !told.contains("line"),
        "{told}"
    );
    days(&world, 40).await;
    assert_eq!(
        world.parked(order).await.0,
        codes,
        "a person has not looked yet"
    );

    world.act_on("orders-release", order).await;
    world.passes(2).await;
    assert_eq!(world.exported(order).0, ExportStatus::Success);
    days(&world, 31).await;
    assert_eq!(known(&world), NOTHING);
    assert!(!world.ledger().values().any(|value| value.contains("Nice")));

    // The address of before is a change again, and JOOR's new word for it is not.
    moves_to("Lyon");
    world.sync().await;
    assert_eq!(world.parked(order).await.0, ["order-changed"]);
    moves_to("Nice");
    world.minutes(1);
    world.sync().await;
    assert_eq!(world.parked(order).await.0, Vec::<String>::new());
}

#[tokio::test]
async fn a_late_shipment_is_told_with_the_numbers_that_are_forgotten() {
    let brand = Brand::with_settings(json!({
        "claim": "follow-policy",
        "orders": { "shortage": "partial", "tracking": true, "keep_personal_days": 30 },
    }));
    let (world, order) = one_order(brand, &[("WRP-RST-S", 9)]).await;
    world.ships(order, "JD-1");
    world.passes(2).await;
    days(&world, 31).await;
    assert_eq!(known(&world), NOTHING);
    let before = world.traffic();

    // What happens to it in Shopify is not told again.
    let id = world.in_shopify(order, |order| order.id());
    world.shop(|shop, now| shop.tag_order(id, "paid", now));
    world.minutes(1);
    world.passes(2).await;
    assert_eq!(world.traffic().joor_writes, before.joor_writes);
    assert_eq!(known(&world), NOTHING);

    world.hours(2);
    let rest = world.back_order(order, |order| order.id());
    world.shop(|shop, now| shop.fulfill_order(rest, &Tracking::new("DHL", "JD-2"), now));
    world.passes(2).await;
    let known_to_joor = world.joor_order(order).tracking_number;
    assert_eq!(known_to_joor.as_deref(), Some("JD-1, JD-2"));
    days(&world, 31).await;
    assert_eq!(known(&world), NOTHING);
}

// What is kept, and for how long.

#[tokio::test]
async fn an_order_with_something_left_to_do_keeps_its_people() {
    let (world, order) = one_order(
        brand(json!({ "claim": "follow-policy" })),
        &[("WRP-RST-S", 6)],
    )
    .await;
    days(&world, 100).await;
    assert_eq!(world.parked(order).await.0, ["order-short"]);
    assert_eq!(known(&world), ["Canut", "Claudiennes", "69001", "Camille"]);

    world.act_on("orders-release", order).await;
    days(&world, 31).await;

    assert_eq!(known(&world), NOTHING);
    let shown = world.order_shown(order).await;
    assert_eq!(
        (&shown["state"], &shown["told"]["exported"]),
        (&json!("released"), &json!(false))
    );

    // Tried again, it is what JOOR offers.
    world.act_on("orders-retry", order).await;
    world.set_stock("WRP-RST-S", "Paris", 20);
    days(&world, 0).await;
    assert_eq!(world.exported(order).0, ExportStatus::Success);
    assert_eq!(world.order_shown(order).await["customer"], "Boutique Canut");
    assert_eq!(world.order_shown(order).await["forgotten"], Value::Null);
}

#[tokio::test]
async fn a_shorter_time_holds_at_once_and_also_where_orders_are_not_taken_over_any_more() {
    for enabled in [true, false] {
        let (mut world, _) = one_order(brand(json!({})), &[("LIN-SND-M", 5)]).await;
        days(&world, 4).await;
        assert_ne!(known(&world), NOTHING);
        world.set(json!({ "orders": { "keep_personal_days": 2, "enabled": enabled } }));
        world.sync_all().await;
        assert_eq!(known(&world), NOTHING);
    }
}

// Ledgers of before.

#[tokio::test]
async fn the_people_in_the_ledger_of_the_first_release_are_forgotten_too() {
    let mut world = Brand::default().open().await;
    world.connector = load(&released());
    world.restart();
    world.sync_all().await;
    let finished = ordered(&world, &[("LIN-SND-M", 5)]);
    world.passes(3).await;
    assert_eq!(world.exported(finished).0, ExportStatus::Success);
    world.hours(24 * 100);
    let fresh = ordered(&world, &[("LIN-SND-M", 1)]);
    world.sync_all().await;

    world.connector = connector();
    world.restart();
    world.passes(3).await;

    assert_eq!(world.order_shown(finished).await["customer"], "");
    assert_eq!(world.order_shown(fresh).await["customer"], "Boutique Canut");
    world.everything_agrees();
    days(&world, 92).await;
    assert_eq!(known(&world), NOTHING);
}

#[tokio::test]
async fn an_order_of_a_ledger_of_before_keeps_its_people_from_the_last_that_happens_to_it() {
    let (world, order) = one_order(brand(json!({})), &[("LIN-SND-M", 5)]).await;
    days(&world, 0).await;
    let key = format!("order/{order}");
    let mut entry: Value = serde_json::from_str(&world.ledger()[&key]).unwrap();
    entry.as_object_mut().unwrap().remove("rests_since");
    let value = Some(entry.to_string());
    let writes = [Write { key, value }];
    world.store.ledger(NAME).commit(&writes).unwrap();
    days(&world, 20).await;
    world.ships(order, "JD-1");
    world.minutes(1);
    world.passes(2).await;

    days(&world, 20).await;
    assert_ne!(known(&world), NOTHING);
    days(&world, 11).await;
    assert_eq!(known(&world), NOTHING);
}

#[tokio::test]
async fn many_orders_of_a_ledger_of_before_are_forgotten_over_several_passes() {
    let (world, order) = one_order(brand(json!({})), &[("LIN-SND-M", 5)]).await;
    let ledger = world.ledger();
    let value = |key: &str| -> Value { serde_json::from_str(&ledger[key]).unwrap() };
    let write = |key: String, value: &Value| Write {
        key,
        value: Some(value.to_string()),
    };
    let mut finished = value(&format!("order/{order}"));
    finished.as_object_mut().unwrap().remove("rests_since");
    let mut all = value("orders");
    all.as_object_mut().unwrap().remove("people");
    let mut writes = vec![write("orders".into(), &all)];
    for number in 0..250 {
        finished["id"] = json!(format!("old-{number}"));
        writes.push(write(format!("order/old-{number}"), &finished));
    }
    world.store.ledger(NAME).commit(&writes).unwrap();
    world.hours(24 * 40);

    let mut forgotten = Vec::new();
    for _ in 0..8 {
        forgotten.push(world.sync().await.count("orders_forgotten"));
        world.minutes(1);
    }

    assert_eq!(forgotten.iter().sum::<u64>(), 251);
    assert!(forgotten.iter().all(|many| *many <= 100), "{forgotten:?}");
    assert_eq!(known(&world), NOTHING);
    assert!(
        !world
            .ledger()
            .keys()
            .any(|key| key.starts_with("order-rest/"))
    );
}
