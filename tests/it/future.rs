//! Future inventory: what is in transit, as dated rows, where the settings opt in.

use atsync::clock::Timestamp;
use atsync_sandbox::joor::Ats;
use atsync_sandbox::shopify::ShipmentId;
use serde_json::json;

use crate::brand::Brand;
use crate::clock::START;
use crate::world::{World, units};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

async fn opted_in() -> World {
    Brand::with_settings(json!({ "future_inventory": true }))
        .open_synced()
        .await
}

/// So many units of LIN-INK-L, which is sold out, go on their way to Paris.
fn ship(world: &World, units: i64, arrives_at: Option<Timestamp>) -> ShipmentId {
    let (variant, paris) = (world.variant("LIN-INK-L"), world.location("Paris"));
    world.shop(|shop, now| shop.ship_incoming(&[(variant, units)], paris, arrives_at, now))
}

fn shows_from(world: &World, day: &str) -> Ats {
    world.shows_from("LIN-INK-L", "Default", Some(day))
}

#[tokio::test]
async fn units_in_transit_are_a_row_of_the_day_on_which_they_arrive() {
    let world = opted_in().await;
    ship(&world, 12, Some(START + 30 * DAY_MS));

    let report = world.sync().await;

    assert!(report.is_done(), "{report:?}");
    assert_eq!(shows_from(&world, "2026-12-23"), units(12));
    assert_eq!(world.shows("LIN-INK-L"), units(0), "it is not there yet");
}

#[tokio::test]
async fn without_opting_in_nothing_dated_is_published() {
    let world = Brand::default().open_synced().await;
    ship(&world, 12, Some(START + 30 * DAY_MS));

    world.sync().await;

    assert_eq!(shows_from(&world, "2026-12-23"), Ats::NoRecord);
}

#[tokio::test]
async fn units_without_a_day_of_arrival_are_shown_and_never_published() {
    let world = opted_in().await;
    ship(&world, 12, None);

    world.sync().await;

    assert!(
        world
            .all_that_joor_shows()
            .iter()
            .all(|row| row.date.is_none())
    );
}

#[tokio::test]
async fn a_shipment_that_is_put_off_moves_its_row() {
    let world = opted_in().await;
    let shipment = ship(&world, 12, Some(START + 30 * DAY_MS));
    world.sync().await;
    world.minutes(10);

    world.shop(|shop, _| shop.set_arrival(shipment, Some(START + 40 * DAY_MS)));
    world.sync().await;

    assert_eq!(
        shows_from(&world, "2026-12-23"),
        units(0),
        "an explicit zero where it was"
    );
    assert_eq!(shows_from(&world, "2027-01-02"), units(12));
}

#[tokio::test]
async fn a_shipment_that_is_received_becomes_available() {
    let world = opted_in().await;
    let shipment = ship(&world, 12, Some(START + 30 * DAY_MS));
    world.sync().await;
    world.minutes(10);

    world.shop(|shop, now| shop.receive(shipment, now));
    world.sync().await;

    assert_eq!(world.shows("LIN-INK-L"), units(12));
    assert_eq!(
        shows_from(&world, "2026-12-23"),
        units(0),
        "no unit is offered twice"
    );
    world.everything_agrees();
}

#[tokio::test]
async fn a_shipment_that_is_late_is_published_no_more_until_it_is_received() {
    let world = opted_in().await;
    let shipment = ship(&world, 12, Some(START + 2 * DAY_MS));
    world.sync().await;
    assert_eq!(shows_from(&world, "2026-11-25"), units(12));

    world.hours(5 * 24);
    world.sync_all().await;
    assert_eq!(world.shows("LIN-INK-L"), units(0));

    world.shop(|shop, now| shop.receive(shipment, now));
    world.minutes(1);
    world.sync_all().await;
    assert_eq!(world.shows("LIN-INK-L"), units(12));
}

#[tokio::test]
async fn two_shipments_of_one_day_are_one_row() {
    let world = opted_in().await;
    ship(&world, 12, Some(START + 30 * DAY_MS));
    ship(&world, 5, Some(START + 30 * DAY_MS + 3_600_000));
    ship(&world, 3, Some(START + 31 * DAY_MS));

    world.sync().await;

    assert_eq!(shows_from(&world, "2026-12-23"), units(17));
    assert_eq!(shows_from(&world, "2026-12-24"), units(3));
}

#[tokio::test]
async fn a_shipment_to_a_location_that_was_not_chosen_is_not_published() {
    let world = opted_in().await;
    let (variant, milan) = (world.variant("LIN-INK-L"), world.location("Milan"));
    let arrives_at = Some(START + 30 * DAY_MS);
    world.shop(|shop, now| shop.ship_incoming(&[(variant, 12)], milan, arrives_at, now));

    world.sync().await;

    assert_eq!(shows_from(&world, "2026-12-23"), Ats::NoRecord);
}
