//! A pass may be cut off anywhere: what it committed is true, and the next pass goes on.

use std::collections::VecDeque;
use std::sync::Arc;

use atsync::clock::Clock;
use atsync::connection::Limits;
use atsync::effects::{Effects, Network};
use atsync::engine::reconcile::{Completion, Job, Mode, Turn};

use crate::brand::Brand;
use crate::world::{NAME, World, connector, units};

/// A sync that is cut off after so many effects, of which the component is told all but the
/// last. The number of effects performed: fewer than asked for if the pass came to its end.
pub async fn cut_after(world: &World, effects_max: usize) -> usize {
    let connector = connector();
    let clock: Arc<dyn Clock> = Arc::new(world.clock.clone());
    let network = Network::new(connector.describe(), &world.connection, &clock).unwrap();
    let ledger = world.store.ledger(NAME);
    let effects = Effects::new(Arc::new(network), ledger, clock.clone(), true);
    let mut instance = connector.instance(&Limits::default()).unwrap();
    let job = Job {
        connection: NAME.to_owned(),
        settings: world.connection.settings.clone(),
        mode: Mode::Sync,
        hints: Vec::new(),
        now: clock.now(),
    };
    let (mut turn, mut open, mut performed) =
        (instance.start(&job).unwrap().unwrap(), VecDeque::new(), 0);
    loop {
        match turn {
            Turn::Done(_) => return performed,
            Turn::Waiting(waiting) => open.extend(waiting.requests),
        }
        let request = open.pop_front().expect("the pass waits for something");
        let answer = effects.perform(request.effect).await.unwrap();
        performed += 1;
        if performed == effects_max {
            return performed;
        }
        let completion = Completion {
            id: request.id,
            at: clock.now(),
            answer,
        };
        turn = instance.resume(&[completion]).unwrap().unwrap();
    }
}

/// Cuts the sync of a fresh world after each of its effects in turn, and lets the next one heal.
async fn cut_everywhere(begin: impl AsyncFn() -> World, expect: impl Fn(&World)) {
    let whole = cut_after(&begin().await, usize::MAX).await;
    assert!(whole > 10, "{whole} effects");
    for effects in 1..=whole {
        let world = begin().await;
        assert_eq!(
            cut_after(&world, effects).await,
            effects,
            "a pass does the same again"
        );
        world.minutes(1);
        world.sync_all().await;
        let differences = crate::truth::differences(&world);
        assert!(
            differences.is_empty(),
            "cut after effect {effects} of {whole}: {differences:?}"
        );
        expect(&world);
    }
}

#[tokio::test]
async fn a_first_sync_cut_off_anywhere_is_healed_by_the_next() {
    cut_everywhere(async || Brand::default().open().await, |_| {}).await;
}

#[tokio::test]
async fn a_sync_of_changes_cut_off_anywhere_is_healed_by_the_next() {
    let begin = async || {
        let world = Brand::default().open_synced().await;
        world.set_stock("LIN-SND-M", "Lyon", 1);
        world.set_stock("LIN-INK-L", "Paris", 8);
        world.set_stock("WRP-RST-L", "Paris", 0);
        let policy = world.variant("SCF-SKY");
        world.shop(|shop, now| shop.set_policy(policy, false, now));
        world
    };
    cut_everywhere(begin, |world| {
        assert_eq!(world.shows("LIN-SND-M"), units(21));
    })
    .await;
}

#[tokio::test]
async fn a_daily_full_read_cut_off_anywhere_is_healed_by_the_next() {
    let begin = async || {
        let world = Brand::default().open_synced().await;
        let gone = world.variant("LIN-SND-L");
        world.shop(|shop, now| shop.delete_variant(gone, now));
        world.set_stock("LIN-SND-M", "Lyon", 1);
        world.hours(25);
        world
    };
    cut_everywhere(begin, |world| {
        assert_eq!(world.shows("LIN-SND-L"), units(0));
    })
    .await;
}

#[tokio::test]
async fn a_sync_that_is_cut_off_again_and_again_gets_there_in_the_end() {
    let world = Brand::default().open().await;
    let mut effects = 1;
    // Each attempt comes a little further than the one before.
    while cut_after(&world, effects).await == effects {
        effects += 1;
        world.minutes(5);
    }
    world.sync_all().await;
    world.everything_agrees();
}
