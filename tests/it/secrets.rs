//! No secret reaches a report, a recording or the store.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use atsync::recording::{Budget, Recorder};
use atsync::store::SqliteStore;
use atsync_sandbox::faults::{Fault, Faults};
use atsync_sandbox::wire::Side;
use lz4_flex::frame::FrameDecoder;
use serde_json::json;

use crate::brand::Brand;

/// All bytes of the files below a folder, unpacked where they are packed.
fn bytes_below(folder: &Path, found: &mut Vec<u8>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "lz4") {
            FrameDecoder::new(std::fs::File::open(path).unwrap())
                .read_to_end(found)
                .unwrap();
        } else {
            found.extend(std::fs::read(path).unwrap());
        }
    }
}

#[tokio::test]
async fn no_secret_is_in_any_report_recording_or_store() {
    let folder = tempfile::tempdir().unwrap();
    let recorder =
        Arc::new(Recorder::new(&folder.path().join("recordings"), Budget::default()).unwrap());
    let mut brand = Brand {
        store: Arc::new(SqliteStore::open(&folder.path().join("atsync.sqlite")).unwrap()),
        recorder: Some(Arc::clone(&recorder)),
        ..Brand::default()
    };
    brand.options.joor.v2_token = "zebra-token-of-v2".to_owned();
    brand.options.shopify.token = "zebra-token-of-the-shop".to_owned();
    brand.options.joor.login.client_secret = "zebra-client-secret".to_owned();
    brand.options.joor.login.password = "zebra-password".to_owned();
    let mut world = brand.open().await;
    let mut reports = Vec::new();
    reports.push(world.check().await.json);
    reports.push(world.plan().await.json);
    reports.push(world.sync().await.json);
    reports.push(
        world
            .ask("explain", json!({ "sku": "LIN-SND-M" }))
            .await
            .json,
    );
    // What goes wrong is what is tempting to describe with all that was sent.
    for fault in [
        Fault::Html,
        Fault::Status(401),
        Fault::Status(403),
        Fault::CutAfter,
    ] {
        for side in [Side::Shopify, Side::Joor] {
            world.hours(25);
            world.set_stock("LIN-SND-M", "Lyon", 1);
            world.faults(|faults| faults.next(side, "", fault, 1_000));
            reports.push(world.sync().await.json);
            reports.push(world.check().await.json);
            world.faults(Faults::heal);
        }
    }
    for service in world.connection.services.values_mut() {
        for secret in service.secrets.values_mut() {
            *secret = "zebra-that-is-refused".into();
        }
    }
    world.restart();
    world.hours(25);
    reports.push(world.check().await.json);
    reports.push(world.sync().await.json);

    recorder.flush();
    let mut bytes = json!(reports).to_string().into_bytes();
    bytes_below(folder.path(), &mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    assert!(
        text.contains("Linen Overshirt") && text.contains(r#"{"resumed":"#),
        "the right places are searched"
    );
    // In base64 the v2 token begins with these letters; `joor-access-` begins each granted one.
    for secret in ["zebra-", "emVicmEt", "joor-access-", "joor-refresh-"] {
        let around = text.find(secret).map(|at| {
            let begin = text.floor_char_boundary(at.saturating_sub(200));
            text[begin..].chars().take(300).collect::<String>()
        });
        assert_eq!(around, None, "{secret}");
    }
}
