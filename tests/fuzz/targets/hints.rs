//! Webhooks as anybody may write them.

use atsync_plugin::bindings::exports::atsync::connector::reconcile::{Hint, Mode};

use super::host::{Host as _, SETTINGS, job, run};
use super::stage::Stage;

/// Topic and body of each, parted by a line that begins with `%`. A hint is never believed: the
/// pass comes to its end, and JOOR shows nothing that the shop does not have.
pub fn hints(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let text = text.strip_prefix('%').unwrap_or(&text);
    let mut stage = Stage::settled();
    let mut job = job(SETTINGS, Mode::Sync, stage.now());
    let hint = |(place, part): (usize, &str)| {
        let (topic, body) = part.split_once('\n').unwrap_or((part, ""));
        Hint {
            id: place.to_string(),
            topic: topic.into(),
            body: body.into(),
        }
    };
    job.hints = text.split("\n%").enumerate().map(hint).collect();
    let ended = run(job, &mut stage);
    assert!(ended.is_ok(), "{ended:?}");
    stage.nothing_is_oversold();
}
