//! Clocks that are wrong: what is far from the host's time is not believed, and nothing is missed.

use atsync::engine::reconcile::Verdict;
use atsync_sandbox::faults::Fault;
use atsync_sandbox::joor::ExportStatus;
use atsync_sandbox::wire::Side;
use serde_json::Value;

use crate::brand::Brand;
use crate::clock::START;
use crate::damaged::damage;
use crate::order_desk::SPRING;
use crate::world::{World, units};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
const YEARS_MS: u64 = 5 * 365 * DAY_MS;

/// From here on, whatever this side answers has this date.
fn dates(world: &World, side: Side, at: u64) {
    world.faults(|faults| faults.next(side, "", Fault::Dated(at), 1_000_000));
}

/// The watermarks of the ledger, and since when orders are taken over.
fn moments(world: &World) -> Vec<(String, u64)> {
    let ledger = world.ledger();
    let watermarks = ledger
        .iter()
        .filter(|(key, _)| key.starts_with("watermark/"));
    let watermarks = watermarks.map(|(key, at)| (key.clone(), at.parse().unwrap()));
    let orders: Value = serde_json::from_str(&ledger["orders"]).unwrap();
    let of = |key: &str| (key.to_owned(), orders[key].as_u64().unwrap());
    watermarks
        .chain([of("since"), of("cancelled_until")])
        .collect()
}

#[tokio::test]
async fn what_was_taken_down_by_a_clock_that_was_ahead_is_read_anew() {
    let world = Brand::default().open_synced().await;
    for key in ["full-read", "catalogue"] {
        damage(&world, key, |state| {
            state["read_at"] = (START + YEARS_MS).into();
        });
    }

    let report = world.sync().await;

    assert_eq!(report.count("variants_read"), 24);
    for key in ["full-read", "catalogue"] {
        let state: Value = serde_json::from_str(&world.ledger()[key]).unwrap();
        assert!(state["read_at"].as_u64().unwrap() <= world.now(), "{state}");
    }
}

#[tokio::test]
async fn a_shopify_that_dates_its_answers_years_ahead_or_behind_is_not_believed() {
    for at in [START + YEARS_MS, START - YEARS_MS] {
        let world = Brand::default().open().await;
        dates(&world, Side::Shopify, at);
        world.sync_all().await;
        world.everything_agrees();

        world.minutes(10);
        world.set_stock("LIN-SND-M", "Lyon", 1);
        let order = world.buys(SPRING, &[("LIN-SND-M", 5)]);
        let report = world.sync().await;

        assert_eq!(report.verdict, Verdict::Attention);
        let finding = report.finding("clocks-disagree");
        let message = finding["message"].as_str().unwrap();
        assert!(message.contains("2026-11-23T06:"), "{message}");
        for (what, moment) in moments(&world) {
            assert!(
                (START - DAY_MS..=world.now()).contains(&moment),
                "{what}: {moment}"
            );
        }
        assert_eq!(world.exported(order).0, ExportStatus::Success);
        assert_eq!(world.shows("LIN-SND-M"), units(16), "20 and 1, less 5");
        world.cancels(order);
        world.passes(2).await;
        assert!(world.in_shopify(order, |order| order.is_cancelled()));

        // The clock is set right, and what changed meanwhile is found.
        world.faults(|faults| faults.heal());
        world.set_stock("LIN-SND-M", "Paris", 3);
        world.minutes(1);
        assert!(world.sync().await.is_done());
        assert_eq!(world.shows("LIN-SND-M"), units(4));
        world.everything_agrees();
    }
}

#[tokio::test]
async fn of_two_clocks_that_may_be_right_the_earlier_one_is_gone_by() {
    let world = Brand::default().open_synced().await;
    let early = (world.now() - 5 * DAY_MS) / 1000 * 1000;
    dates(&world, Side::Shopify, early);
    world.set_stock("LIN-SND-M", "Lyon", 1);
    world.sync_all().await;
    assert_eq!(world.shows("LIN-SND-M"), units(21));
    let earlier = |(what, _): &(String, u64)| what.starts_with("watermark/");
    for (what, moment) in moments(&world).into_iter().filter(earlier) {
        assert_eq!(moment, early, "{what}");
    }
    world.set_stock("LIN-SND-M", "Lyon", 2);
    world.minutes(1);
    world.sync_all().await;
    assert_eq!(world.shows("LIN-SND-M"), units(22));
    world.everything_agrees();
}

#[tokio::test]
async fn joors_clock_says_which_of_the_two_is_wrong() {
    for (joor, wrong) in [
        (START + YEARS_MS, "the clock of this host is wrong"),
        (START, "Shopify's is wrong"),
        (START + 2 * YEARS_MS, "cannot be told from here"),
    ] {
        let world = Brand::default().open_synced().await;
        dates(&world, Side::Shopify, START + YEARS_MS);
        dates(&world, Side::Joor, joor);

        let report = world.sync().await;

        let finding = report.finding("clocks-disagree");
        let message = finding["message"].as_str().unwrap();
        assert!(message.contains(wrong), "{message}");
        assert!(finding["fix"].as_str().unwrap().contains("clock") || wrong.contains("Shopify"));
    }
}
