//! A thousand orders of every kind in one run: for every variant and location, what Shopify
//! counts has changed by what the ledger claims, less what it released.

use std::collections::BTreeMap;

use atsync_sandbox::faults::{Fault, Faults};
use atsync_sandbox::joor::{Discount, NewOrder, OrderId, OrderLine};
use atsync_sandbox::shopify::{State, Tracking};
use atsync_sandbox::wire::Side;
use serde_json::{Value, json};

use crate::brand::Brand;
use crate::order_desk::SPRING;
use crate::world::World;

/// The linesheet whose orders follow the policy.
const CAREFUL: &str = "480003";

const PLACES: [&str; 3] = ["Paris", "Lyon", "Milan"];

/// What can be ordered: tracked and not, continued and not, made to order.
const SKUS: [&str; 12] = [
    "LIN-SND-S",
    "LIN-SND-M",
    "LIN-SND-L",
    "LIN-INK-S",
    "LIN-INK-M",
    "WRP-RST-S",
    "WRP-RST-L",
    "WRP-ECR-S",
    "SCF-MOS",
    "SCF-SKY",
    "CPE-BLK-38",
    "TOT-NAT",
];

/// SplitMix64: the same seed draws the same run.
struct Dice(u64);

impl Dice {
    fn draw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn one<'s>(&mut self, of: &[&'s str]) -> &'s str {
        of[usize::try_from(self.draw(of.len() as u64)).unwrap()]
    }

    fn take<T>(&mut self, from: &mut Vec<T>) -> Option<T> {
        let many = from.len() as u64;
        (many > 0).then(|| from.swap_remove(usize::try_from(self.draw(many)).unwrap()))
    }
}

/// Units available and on hand, by variant number and location.
type Counted = BTreeMap<(u64, &'static str), (i64, i64, i64)>;

fn counted(world: &World) -> Counted {
    let places = PLACES.map(|name| (name, world.location(name)));
    world.shop(|shop, _| {
        let mut counted = Counted::new();
        for variant in shop
            .products()
            .flat_map(|product| product.variants().collect::<Vec<_>>())
        {
            for (name, location) in places {
                let of = |state| variant.units(location, state).unwrap_or(0);
                let levels = (
                    variant.available(location).unwrap_or(0),
                    of(State::Committed),
                    variant.on_hand(location).unwrap_or(0),
                );
                counted.insert((variant.number(), name), levels);
            }
        }
        counted
    })
}

/// By variant: units that an order in the ledger has claimed in Shopify, and released again.
fn by_ledger(entry: &Value) -> BTreeMap<u64, (i64, i64)> {
    let mut units: BTreeMap<u64, (i64, i64)> = BTreeMap::new();
    let claiming = |part: &&Value| !part["order"].is_null() && part["behaviour"] != "BYPASS";
    let mut parts = entry["parts"].as_array().into_iter().flatten();
    let Some(part) = parts.find(claiming) else {
        return units;
    };
    for line in entry["decision"]["lines"].as_array().into_iter().flatten() {
        if line["tracked"] == true {
            let claim = line["claim"].as_i64().unwrap();
            let of = units.entry(line["variant"].as_u64().unwrap()).or_default();
            of.0 += claim;
            of.1 += if part["cancelled"] == true { claim } else { 0 };
        }
    }
    units
}

fn entries(world: &World) -> BTreeMap<String, Value> {
    let ledger = world.ledger();
    let of = |(key, value): (String, String)| {
        let id = key.strip_prefix("order/")?.to_owned();
        Some((id, serde_json::from_str(&value).unwrap()))
    };
    ledger.into_iter().filter_map(of).collect()
}

fn some_lines(world: &World, dice: &mut Dice, order: NewOrder) -> NewOrder {
    (0..=dice.draw(3)).fold(order, |order, _| {
        let (upc, units) = (world.upc(dice.one(&SKUS)), 1 + dice.draw(6));
        let price = 10_00 + i64::try_from(dice.draw(90_00)).unwrap();
        order.line(&upc, i64::try_from(units).unwrap(), price)
    })
}

/// An order of some kind.
fn some_order(world: &World, dice: &mut Dice) -> NewOrder {
    let on = |linesheet| NewOrder::of(linesheet);
    match dice.draw(20) {
        0..=6 => some_lines(world, dice, on(SPRING)),
        7..=9 => some_lines(world, dice, on(SPRING))
            .discount(Discount::Percent(u32::try_from(dice.draw(50_00)).unwrap()))
            .shipping_total(9_90),
        10..=14 => some_lines(world, dice, on(CAREFUL)),
        15..=16 => some_lines(world, dice, on("MTO")),
        17 => some_lines(world, dice, on(SPRING)).line("no-such-upc", 1, 10_00),
        18 => some_lines(world, dice, on(CAREFUL)).with_line(OrderLine::without_upc(1, 10_00)),
        _ => on(SPRING),
    }
}

/// Orders come in, and some are cancelled, changed or shipped, before and after they are in
/// Shopify. Gives what was shipped, by variant.
async fn trade(world: &World, dice: &mut Dice, rounds: u32, per_round: u32) -> BTreeMap<u64, i64> {
    let (mut live, mut shipped) = (Vec::<OrderId>::new(), BTreeMap::new());
    for _ in 0..rounds {
        for _ in 0..per_round {
            let order = some_order(world, dice);
            let order = world.joor_now(|joor, now| joor.place_order(order, now));
            let approved = dice.draw(10) > 0;
            if approved {
                world
                    .joor_now(|joor, now| joor.approve_order(order, now))
                    .unwrap();
            }
            live.push(order);
        }
        for _ in 0..per_round / 20 {
            if let Some(order) = dice.take(&mut live) {
                world
                    .joor_now(|joor, now| joor.cancel_order(order, now))
                    .unwrap();
            }
        }
        world.sync_all().await;
        world.minutes(3);
        let known = entries(world);
        for _ in 0..per_round / 20 {
            let Some(order) = dice.take(&mut live) else {
                continue;
            };
            let entry = known.get(&order.to_string());
            let created = entry.filter(|entry| entry["state"] == "created");
            match (dice.draw(3), created) {
                (0, _) => world
                    .joor_now(|joor, now| joor.approve_order(order, now))
                    .unwrap(),
                (1, Some(entry)) => {
                    for part in entry["parts"].as_array().unwrap() {
                        let id = part["order"]["id"].to_string();
                        world.shop(|shop, now| {
                            let id = shop.find_order(&id).unwrap();
                            shop.fulfill_order(
                                id,
                                &Tracking::new("DHL", &format!("JD-{order}")),
                                now,
                            );
                        });
                    }
                    for (variant, (claimed, _)) in by_ledger(entry) {
                        *shipped.entry(variant).or_default() += claimed;
                    }
                }
                _ => world.joor_now(|joor, now| {
                    joor.change_order(
                        order,
                        |order| order.comments = Some("Call first".into()),
                        now,
                    )
                    .unwrap();
                }),
            }
        }
    }
    shipped
}

/// Everything that the ledger says of claims is what happened in Shopify.
#[track_caller]
fn balances(world: &World, before: &Counted, shipped: &BTreeMap<u64, i64>) {
    let mut claimed: BTreeMap<u64, (i64, i64)> = BTreeMap::new();
    for entry in entries(world).values() {
        for (variant, (claims, releases)) in by_ledger(entry) {
            let of = claimed.entry(variant).or_default();
            *of = (of.0 + claims, of.1 + releases);
        }
    }
    for ((variant, place), now) in counted(world) {
        let then = before[&(variant, place)];
        let (claims, releases) = match place {
            "Paris" => claimed.get(&variant).copied().unwrap_or_default(),
            _ => (0, 0),
        };
        let shipped = match place {
            "Paris" => shipped.get(&variant).copied().unwrap_or_default(),
            _ => 0,
        };
        let change = (now.0 - then.0, now.1 - then.1, now.2 - then.2);
        let due = (releases - claims, claims - releases - shipped, -shipped);
        assert_eq!(
            change, due,
            "variant {variant} in {place}: {claims} claimed, {releases} released"
        );
    }
    assert!(
        claimed.values().any(|(claims, _)| *claims > 20),
        "much was claimed"
    );
    assert!(
        claimed.values().any(|(_, releases)| *releases > 0),
        "some was released"
    );
}

/// A brand whose stock lasts for a while.
fn stocked(shortage: &str) -> Brand {
    let mut brand = Brand::with_settings(json!({
        "linesheets": [{ "code": CAREFUL, "claim": "follow-policy" }],
        "orders": { "shortage": shortage, "tracking": true },
    }));
    let variants = brand
        .products
        .iter_mut()
        .flat_map(|product| &mut product.variants);
    for units in variants
        .flat_map(|variant| &mut variant.quantities)
        .flatten()
    {
        *units *= 12;
    }
    brand
}

/// Requests about orders so far.
fn order_requests(world: &World, side: Side) -> u64 {
    let sandbox = world.sandbox();
    let operations = &sandbox.counters().side(side).operations;
    let about_orders = |name: &str| match side {
        Side::Shopify => {
            name.starts_with("Order")
                || ["Customers", "ClaimLevels", "ShippedOrders"].contains(&name)
        }
        Side::Joor => name.contains("order"),
    };
    let of = operations.iter().filter(|(name, _)| about_orders(name));
    of.map(|(_, operation)| operation.requests).sum()
}

/// No JOOR order has two Shopify orders of the same part.
fn nothing_twice(world: &World) {
    world.shop(|shop, _| {
        let mut seen = std::collections::BTreeSet::new();
        for order in shop.orders() {
            assert!(
                seen.insert(order.joor_order().unwrap().to_owned()),
                "{} again",
                order.name()
            );
        }
    });
}

#[tokio::test]
async fn a_thousand_mixed_orders_balance() {
    let world = stocked("partial").open_synced().await;
    let before = counted(&world);
    let asked = [Side::Shopify, Side::Joor].map(|side| order_requests(&world, side));

    let shipped = trade(&world, &mut Dice(27), 10, 100).await;
    world.sync_all().await;

    assert_eq!(world.joor(|joor| joor.orders().count()), 1_000);
    balances(&world, &before, &shipped);
    nothing_twice(&world);
    let all = world.orders_in_shopify();
    assert!(all > 500, "{all} orders in Shopify");
    let asked_now = [Side::Shopify, Side::Joor].map(|side| order_requests(&world, side));
    println!(
        "{all} Shopify orders of 1,000 on JOOR took {} requests to Shopify and {} to JOOR",
        asked_now[0] - asked[0],
        asked_now[1] - asked[1]
    );
}

#[tokio::test]
async fn orders_balance_while_answers_are_lost_on_both_sides() {
    for (seed, shortage) in [(1, "hold"), (2, "partial"), (3, "hold")] {
        let world = stocked(shortage).open_synced().await;
        let before = counted(&world);
        let lost = [
            Fault::CutAfter,
            Fault::CutBefore,
            Fault::StatusAfter(502),
            Fault::Html,
        ];
        world.faults(|faults| faults.seed(seed, 40, &lost));

        let shipped = trade(&world, &mut Dice(seed), 5, 40).await;
        world.faults(Faults::heal);
        for _ in 0..3 {
            world.sync_all().await;
            world.minutes(5);
        }

        balances(&world, &before, &shipped);
        nothing_twice(&world);
    }
}

#[tokio::test]
async fn an_ordinary_order_takes_three_requests_to_shopify_and_four_to_joor() {
    let world = Brand::default().open_synced().await;
    world.buys(SPRING, &[("LIN-SND-M", 1)]);
    // The first one also brings the definition of the unique id.
    world.sync().await;
    world.minutes(1);
    world.buys(SPRING, &[("LIN-SND-M", 5), ("SCF-MOS", 2)]);
    let before = [Side::Shopify, Side::Joor].map(|side| order_requests(&world, side));

    world.sync().await;

    let after = [Side::Shopify, Side::Joor].map(|side| order_requests(&world, side));
    // What its UPCs are, the order, its claim shown; what is offered, what is cancelled, the word, and
    // whether the order before was changed until JOOR had the word.
    assert_eq!([after[0] - before[0], after[1] - before[1]], [3, 4]);
}
