//! One order for one JOOR order, whatever fails in between: a create or a cancellation whose
//! answer is lost, a pass that is cut off anywhere, a shop that takes no more for the moment.

use std::time::Duration;

use atsync_sandbox::faults::{Fault, Faults};
use atsync_sandbox::joor::{ExportStatus, OrderId};
use atsync_sandbox::shopify::OrderLimit;
use atsync_sandbox::wire::Side;
use serde_json::json;

use crate::brand::Brand;
use crate::cut::cut_after;
use crate::order_desk::{SPRING, stock};
use crate::world::{World, units};

/// The effect happens, and its answer is lost or none.
const LOST: [Fault; 8] = [
    Fault::CutAfter,
    Fault::Truncated,
    Fault::Html,
    Fault::Huge(2 << 20),
    Fault::StatusAfter(500),
    Fault::StatusAfter(502),
    Fault::StatusAfter(404),
    Fault::Slow(4_000),
];

/// Nothing happens at all.
const VAIN: [Fault; 4] = [
    Fault::CutBefore,
    Fault::Status(500),
    Fault::Status(503),
    Fault::Throttled,
];

fn impatient() -> Brand {
    let mut brand = Brand::default();
    brand.limits.request_timeout = Duration::from_secs(2);
    // Smaller than the huge answers.
    brand.limits.response_bytes = 1 << 20;
    brand
}

/// Passes until nothing is in doubt any more: orders are looked up for two minutes.
async fn come_to_rest(world: &World) {
    for _ in 0..2 {
        world.sync_all().await;
        world.minutes(5);
    }
    world.sync_all().await;
}

/// Five shirts of the order are claimed, once, and JOOR knows.
#[track_caller]
fn is_there_once(world: &World, order: OrderId, why: &str) {
    assert_eq!(world.times_in_shopify(order), 1, "{why}");
    assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(15, 5, 20), "{why}");
    assert_eq!(world.exported(order).0, ExportStatus::Success, "{why}");
    assert_eq!(world.shows("LIN-SND-M"), units(24), "{why}");
    world.everything_agrees();
}

/// Five shirts were claimed and given back, once.
#[track_caller]
fn is_cancelled_once(world: &World, order: OrderId, why: &str) {
    assert!(
        world.in_shopify(order, |order| order.is_cancelled()),
        "{why}"
    );
    assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(20, 0, 20), "{why}");
    assert_eq!(world.shows("LIN-SND-M"), units(29), "{why}");
    world.everything_agrees();
}

// Answers that are lost.

#[tokio::test]
async fn a_create_whose_answer_is_lost_makes_one_order() {
    for fault in LOST.into_iter().chain(VAIN) {
        let world = impatient().open_synced().await;
        world.faults(|faults| faults.next(Side::Shopify, "OrderCreate", fault, 1));
        let order = world.buys(SPRING, &[("LIN-SND-M", 5)]);

        come_to_rest(&world).await;

        is_there_once(&world, order, &format!("{fault:?}"));
    }
}

#[tokio::test]
async fn a_look_up_that_fails_as_well_makes_no_second_order() {
    for fault in [
        Fault::CutBefore,
        Fault::Html,
        Fault::Status(503),
        Fault::Truncated,
    ] {
        let world = impatient().open_synced().await;
        world.faults(|faults| {
            faults.next(Side::Shopify, "OrderCreate", Fault::CutAfter, 1);
            faults.next(Side::Shopify, "OrderFind", fault, 9);
        });
        let order = world.buys(SPRING, &[("LIN-SND-M", 5)]);

        come_to_rest(&world).await;
        world.faults(Faults::heal);
        come_to_rest(&world).await;

        is_there_once(&world, order, &format!("{fault:?}"));
    }
}

#[tokio::test]
async fn an_order_that_is_found_late_is_not_created_again() {
    for lag in [1_000, 30_000, 100_000] {
        for unique_ids in [true, false] {
            let mut brand = impatient();
            brand.options.shopify.orders.identifier_lag_ms = lag;
            brand.options.shopify.orders.unique_ids = unique_ids;
            let world = brand.open_synced().await;
            world.faults(|faults| faults.next(Side::Shopify, "OrderCreate", Fault::CutAfter, 1));
            let order = world.buys(SPRING, &[("LIN-SND-M", 5)]);

            come_to_rest(&world).await;

            is_there_once(
                &world,
                order,
                &format!("found after {lag} ms, unique: {unique_ids}"),
            );
        }
    }
}

#[tokio::test]
async fn an_order_that_is_found_very_late_is_refused_as_taken_and_then_found() {
    let mut brand = impatient();
    brand.options.shopify.orders.identifier_lag_ms = 400_000;
    let world = brand.open_synced().await;
    world.faults(|faults| faults.next(Side::Shopify, "OrderCreate", Fault::CutAfter, 1));
    let order = world.buys(SPRING, &[("LIN-SND-M", 5)]);

    for _ in 0..3 {
        come_to_rest(&world).await;
    }

    is_there_once(&world, order, "unique ids keep the second one out");
}

#[tokio::test]
async fn an_order_in_doubt_keeps_no_other_order_waiting() {
    let mut brand = impatient();
    brand.options.shopify.orders.identifier_lag_ms = 60_000;
    let world = brand.open_synced().await;
    world.faults(|faults| faults.next(Side::Shopify, "OrderCreate", Fault::CutAfter, 1));
    let doubtful = world.buys(SPRING, &[("LIN-SND-M", 5)]);
    let other = world.buys(SPRING, &[("LIN-INK-M", 2)]);

    let report = world.sync().await;

    report.finding("order-in-doubt");
    assert_eq!(world.exported(other).0, ExportStatus::Success);
    assert_eq!(world.exported(doubtful).0, ExportStatus::NotExported);
    assert_eq!(world.order_shown(doubtful).await["state"], "sending");
    come_to_rest(&world).await;
    is_there_once(&world, doubtful, "in the end");
}

#[tokio::test]
async fn an_order_in_doubt_is_not_released_before_it_is_looked_up() {
    let world = impatient().open_synced().await;
    world.faults(|faults| {
        faults.next(Side::Shopify, "OrderCreate", Fault::CutAfter, 1);
        faults.next(Side::Shopify, "OrderFind", Fault::Status(503), 9);
    });
    let order = world.buys(SPRING, &[("LIN-SND-M", 5)]);
    world.sync().await;

    let report = world
        .act("orders-release", json!({ "order": order.to_string() }))
        .await;

    report.finding("order-in-doubt");
    world.faults(Faults::heal);
    come_to_rest(&world).await;
    is_there_once(&world, order, "the next pass found it");
}

#[tokio::test]
async fn a_cancellation_whose_answer_is_lost_gives_back_once() {
    for fault in LOST.into_iter().chain(VAIN) {
        let world = impatient().open_synced().await;
        let order = world.buys(SPRING, &[("LIN-SND-M", 5)]);
        world.sync().await;
        world.minutes(1);
        world.faults(|faults| faults.next(Side::Shopify, "OrderCancel", fault, 1));
        world.cancels(order);

        come_to_rest(&world).await;

        is_cancelled_once(&world, order, &format!("{fault:?}"));
    }
}

#[tokio::test]
async fn an_acknowledgement_whose_answer_is_lost_is_sent_again_and_nothing_else() {
    for fault in LOST
        .into_iter()
        .chain([Fault::CutBefore, Fault::Status(503)])
    {
        let world = impatient().open_synced().await;
        world.faults(|faults| faults.next(Side::Joor, "orders/bulk_update", fault, 1));
        let order = world.buys(SPRING, &[("LIN-SND-M", 5)]);

        come_to_rest(&world).await;

        is_there_once(&world, order, &format!("{fault:?}"));
    }
}

#[tokio::test]
async fn a_day_of_faults_on_both_sides_makes_every_order_once() {
    for seed in 1..=4 {
        let world = impatient().open_synced().await;
        let mut orders = Vec::new();
        let faults = [
            Fault::CutBefore,
            Fault::CutAfter,
            Fault::Status(503),
            Fault::StatusAfter(502),
            Fault::Truncated,
            Fault::Html,
        ];
        world.faults(|made| made.seed(seed, 150, &faults));
        for _ in 0..10 {
            orders.push(world.buys(SPRING, &[("LIN-SND-M", 1), ("SCF-MOS", 2)]));
            world.sync().await;
            world.minutes(2);
        }

        world.faults(Faults::heal);
        come_to_rest(&world).await;

        for order in orders {
            assert_eq!(world.times_in_shopify(order), 1, "{order}, seed {seed}");
            assert_eq!(
                world.exported(order).0,
                ExportStatus::Success,
                "{order}, seed {seed}"
            );
        }
        assert_eq!(world.stock("LIN-SND-M", "Paris"), stock(10, 10, 20));
        assert_eq!(world.stock("SCF-MOS", "Paris"), stock(20, 20, 40));
        world.everything_agrees();
    }
}

// Passes that are cut off.

/// Cuts the pass of a fresh world after each of its effects in turn, and lets the next ones heal.
async fn cut_everywhere(
    begin: impl AsyncFn() -> (World, OrderId),
    judge: impl Fn(&World, OrderId, &str),
) {
    let whole = cut_after(&begin().await.0, usize::MAX).await;
    assert!(whole > 20, "{whole} effects");
    for effects in 1..=whole {
        let (world, order) = begin().await;
        assert_eq!(
            cut_after(&world, effects).await,
            effects,
            "a pass does the same again"
        );
        world.minutes(1);
        come_to_rest(&world).await;
        judge(
            &world,
            order,
            &format!("cut after effect {effects} of {whole}"),
        );
    }
}

#[tokio::test]
async fn a_pass_that_takes_an_order_over_and_is_cut_off_anywhere_makes_one_order() {
    let begin = async || {
        let world = Brand::default().open_synced().await;
        let routing = [world.location("Lyon"), world.location("Paris")];
        world.shop(|shop, _| shop.set_routing(&routing));
        let order = world.buys(SPRING, &[("LIN-SND-M", 5)]);
        (world, order)
    };
    cut_everywhere(begin, |world, order, why| {
        is_there_once(world, order, why);
        let at = world.in_shopify(order, |order| order.locations());
        assert_eq!(at, [world.location("Paris")], "{why}");
    })
    .await;
}

#[tokio::test]
async fn a_pass_that_claims_a_part_and_is_cut_off_anywhere_makes_one_order_of_each_part() {
    let begin = async || {
        let brand = Brand::with_settings(
            json!({ "claim": "follow-policy", "orders": { "shortage": "partial" } }),
        );
        let world = brand.open_synced().await;
        let order = world.buys(SPRING, &[("WRP-RST-S", 7)]);
        (world, order)
    };
    cut_everywhere(begin, |world, order, why| {
        let units_of = |order: &atsync_sandbox::shopify::OrderView<'_>| {
            order.lines().map(|line| line.quantity()).sum::<i64>()
        };
        assert_eq!(world.in_shopify(order, units_of), 5, "{why}");
        assert_eq!(world.back_order(order, units_of), 2, "{why}");
        assert_eq!(world.stock("WRP-RST-S", "Paris"), stock(0, 5, 5), "{why}");
        assert_eq!(world.exported(order).0, ExportStatus::Success, "{why}");
        world.everything_agrees();
    })
    .await;
}

#[tokio::test]
async fn a_pass_that_cancels_an_order_and_is_cut_off_anywhere_gives_back_once() {
    let begin = async || {
        let world = Brand::default().open_synced().await;
        let order = world.buys(SPRING, &[("LIN-SND-M", 5)]);
        world.sync().await;
        world.minutes(1);
        world.cancels(order);
        (world, order)
    };
    cut_everywhere(begin, is_cancelled_once).await;
}

#[tokio::test]
async fn an_order_whose_pass_is_cut_off_again_and_again_gets_there_once() {
    let world = Brand::default().open_synced().await;
    let order = world.buys(SPRING, &[("LIN-SND-M", 5)]);
    let mut effects = 1;
    while cut_after(&world, effects).await == effects {
        effects += 1;
        world.minutes(1);
    }
    come_to_rest(&world).await;
    is_there_once(&world, order, "in the end");
}

// A shop that takes no more for the moment.

#[tokio::test]
async fn five_orders_a_minute_are_kept_to_waited_for_and_reported() {
    for limit in [
        OrderLimit::TooManyRequests(Some(60)),
        OrderLimit::TooManyRequests(None),
        OrderLimit::UserError,
    ] {
        let mut brand = impatient();
        brand.options.shopify.orders.per_minute = Some(5);
        brand.options.shopify.orders.limit = limit;
        let world = brand.open_synced().await;
        let orders: Vec<_> = (0..12)
            .map(|_| world.buys(SPRING, &[("LIN-SND-M", 1)]))
            .collect();
        let before = world.now();

        let report = world.sync().await;

        assert!(report.is_done(), "{limit:?}: {report:?}");
        report.finding("orders-too-fast");
        assert!(
            report.summary().contains("no more orders for the moment"),
            "{limit:?}"
        );
        assert_eq!(world.orders_in_shopify(), 5, "{limit:?}");
        assert_eq!(
            world.shows("LIN-SND-M"),
            units(17),
            "none of the twelve is offered again"
        );
        world.clock_to(report.next_run);
        come_to_rest(&world).await;
        for order in &orders {
            assert_eq!(world.times_in_shopify(*order), 1, "{limit:?} {order}");
            assert_eq!(
                world.exported(*order).0,
                ExportStatus::Success,
                "{limit:?} {order}"
            );
        }
        assert_eq!(
            world.stock("LIN-SND-M", "Paris"),
            stock(8, 12, 20),
            "{limit:?}"
        );
        let last = world.in_shopify(orders[11], |order| order.id());
        let hints = world.shop(|shop, _| shop.order(last).unwrap().name().to_owned());
        assert_eq!(hints, "#1012", "{limit:?}: in the order of their age");
        assert!(world.now() > before + 2 * 60_000);
        world.everything_agrees();
    }
}

#[tokio::test]
async fn an_order_that_comes_to_something_else_is_parked_however_it_was_found() {
    for lost in [false, true] {
        let mut brand = Brand::default();
        brand.options.shopify.orders.surcharge = 1_50;
        let world = brand.open_synced().await;
        if lost {
            world.faults(|faults| faults.next(Side::Shopify, "OrderCreate", Fault::CutAfter, 1));
        }
        let order = world.buys(SPRING, &[("LIN-SND-M", 2)]);

        world.passes(4).await;

        let (codes, told) = world.parked(order).await;
        assert_eq!(codes, ["order-total-differs"], "{lost}");
        let words = "It comes to 91.5 EUR in Shopify, and should come to 90.00 EUR.";
        assert!(told.contains(words), "{told}");
        assert_eq!(world.exported(order).0, ExportStatus::Failed);

        world.act_on("orders-release", order).await;
        world.passes(1).await;
        assert_eq!(world.exported(order).0, ExportStatus::Success);
    }
}
