//! A ledger that is not as this connector wrote it.

use atsync::engine::reconcile::{Fault, Write};
use serde_json::{Value, json};

use crate::brand::Brand;
use crate::world::{NAME, World};

/// Something changed a value of the ledger.
pub fn damage(world: &World, key: &str, change: impl FnOnce(&mut Value)) {
    let mut value: Value = serde_json::from_str(&world.ledger()[key]).unwrap();
    change(&mut value);
    let write = Write {
        key: key.to_owned(),
        value: Some(value.to_string()),
    };
    world.store.ledger(NAME).commit(&[write]).unwrap();
}

#[tokio::test]
async fn a_place_in_a_file_that_cannot_be_is_not_gone_on_from() {
    for number in ["offset", "lines", "unreadable"] {
        let mut brand = Brand::default();
        brand.options.shopify.bulk.running_ms = 120_000;
        let world = brand.open().await;
        let first = world.sync().await;
        damage(&world, "full-read", |value| {
            assert!(value["bulk"][number].is_u64(), "{value}");
            value["bulk"][number] = json!(u64::MAX);
        });

        world.clock_to(first.next_run);
        world.sync_all().await;

        world.everything_agrees();
    }
}

#[tokio::test]
async fn a_number_of_a_sku_that_would_fill_the_memory_stops_the_connection() {
    let damages: [fn(&World); 2] = [
        |world| {
            let style = format!("style/{}", world.style("LIN-SND-M"));
            damage(world, &style, |value| {
                value["skus"][0]["nr"] = json!(u32::MAX);
            });
        },
        |world| damage(world, "totals", |value| value["next_nr"] = json!(u32::MAX)),
    ];
    for damage in damages {
        let world = Brand::default().open_synced().await;
        damage(&world);
        world.hours(25);

        match world.sync_fault().await {
            Fault::PermanentLedger(problem) => {
                assert_eq!(problem.code, "ledger-damaged");
                assert!(problem.message.contains("the largest number of a SKU"));
            }
            other => panic!("{other:?}"),
        }
    }
}
