//! Settings as anybody may write them.

use atsync_plugin::bindings::exports::atsync::connector::manifest::Severity;
use atsync_plugin::bindings::exports::atsync::connector::policy::{
    Item, Level, Linesheet, OrderLine, Quantity, Value,
};
use atsync_plugin::bindings::exports::atsync::connector::reconcile::{Fault, Mode, Turn};

use super::host::{START, job};

/// `check-settings` and `start` agree; settings that are taken decide within bounds.
pub fn settings(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let findings = atsync_plugin::manifest::check_settings(&text);
    let refused = findings
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    let (_, turn) = atsync_plugin::flow::start(job(&text, Mode::Sync, START));
    match turn {
        Ok(Turn::Waiting(_)) => assert!(!refused, "start takes what the check refuses"),
        Err(Fault::PermanentSettings(_)) => assert!(refused, "start refuses what the check takes"),
        other => panic!("{other:?}"),
    }
    let decided = atsync_plugin::policy::availability(&text, &item(), &levels(), &[]);
    assert_eq!(decided.is_err(), refused);
    for row in decided.iter().flat_map(|answer| &answer.rows) {
        assert!(
            !matches!(row.value, Value::Units(units) if units < 0),
            "{row:?}"
        );
    }
    let claimed = atsync_plugin::policy::claim(&text, "SS27", &[line()]);
    assert_eq!(claimed.is_err(), refused);
    for line in claimed.iter().flat_map(|decision| &decision.lines) {
        assert!((0..=9).contains(&line.claim), "{line:?}");
    }
}

fn item() -> Item {
    Item {
        sku: "LIN-SND-S".into(),
        style: "632910392".into(),
        tags: vec!["outlet".into()],
        linesheets: vec![Linesheet {
            code: "SS27".into(),
            made_to_order: None,
        }],
        on_sale: true,
        tracked: true,
        continue_selling: false,
    }
}

fn levels() -> Vec<Level> {
    let level = |location: &str, units| Level {
        location: location.into(),
        quantity: Quantity::Available(units),
        incoming: Vec::new(),
    };
    vec![level("Paris", i64::MAX), level("Lyon", -3)]
}

fn line() -> OrderLine {
    OrderLine {
        line: "1".into(),
        sku: "LIN-SND-S".into(),
        units: 9,
        continue_selling: false,
        tracked: true,
        available: Some(4),
    }
}
