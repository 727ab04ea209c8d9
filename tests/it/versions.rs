//! Components and ledgers of other versions: what was shipped once goes on working.

use std::path::{Path, PathBuf};

use atsync::component::Component;
use atsync::engine::CONTRACT;
use atsync::engine::reconcile::Verdict;

use crate::brand::Brand;
use crate::world::{connector, load, units};

/// The component that was released for the contract's version 1.0.0.
pub fn released() -> Component {
    let file: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("frozen/connector-1.0.0.wasm");
    Component::File(file)
}

#[tokio::test]
async fn the_component_that_was_released_first_still_runs_in_this_host() {
    let mut world = Brand::default().open().await;
    world.connector = load(&released());
    world.restart();
    assert_eq!(world.connector.contract(), CONTRACT);
    world.sync_all().await;
    world.everything_agrees();

    world.minutes(1);
    world.set_stock("LIN-SND-M", "Lyon", 1);
    world.set_stock("LIN-SND-M", "Paris", 2);
    assert_eq!(world.sync().await.verdict, Verdict::Done);

    assert_eq!(world.shows("LIN-SND-M"), units(3));
}

#[tokio::test]
async fn the_ledger_of_the_component_that_was_released_first_serves_this_one() {
    let mut world = Brand::default().open().await;
    world.connector = load(&released());
    world.restart();
    world.sync_all().await;
    let written = world.traffic().joor_writes;

    world.minutes(10);
    world.connector = connector();
    world.restart();
    world.sync_all().await;

    assert_eq!(
        world.traffic().joor_writes,
        written,
        "nothing is sent again"
    );
    world.everything_agrees();
}
