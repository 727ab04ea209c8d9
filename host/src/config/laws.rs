//! Laws of the configuration: what holds for any file, also for one that nobody means.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use super::tests::{WHOLE, description};
use super::{Config, Document};
use crate::finding::Finding;
use crate::tries::tries;

/// What somebody does to one line of a file.
#[derive(Clone, Debug)]
enum Edit {
    Drop,
    Twice,
    /// Cut after so many characters.
    Cut(usize),
    /// Another value behind the `=`.
    Value(String),
    /// Something instead of it.
    Text(String),
}

fn edit() -> impl Strategy<Value = Edit> {
    let value = prop_oneof![
        Just("{ env = \"ATSYNC_NEVER_SET\" }".to_owned()),
        Just("{ file = \"nowhere\" }".to_owned()),
        Just("99999999999999999999".to_owned()),
        Just("[[[[]]]]".to_owned()),
        Just("\"\\uD800\"".to_owned()),
        Just("1979-05-27T07:32:00Z".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        "[a-z\\[\\]{}=,.\"' é\u{2028}]{0,12}",
    ];
    prop_oneof![
        Just(Edit::Drop),
        Just(Edit::Twice),
        (0_usize..40).prop_map(Edit::Cut),
        value.prop_map(Edit::Value),
        "(\\[{1,2}[a-z.]{0,12}\\]{1,2}|[a-z.\"]{0,8} ?= ?[a-z0-9\"\\[{]{0,8}|\\PC{0,20})"
            .prop_map(Edit::Text),
    ]
}

/// A whole file after some edits.
fn edited() -> impl Strategy<Value = String> {
    let lines = WHOLE.lines().count();
    prop::collection::vec((0..lines, edit()), 1..4).prop_map(|edits| {
        let mut lines: Vec<String> = WHOLE.lines().map(str::to_owned).collect();
        for (at, edit) in edits {
            let line = lines.get_mut(at).unwrap();
            *line = match edit {
                Edit::Drop => String::new(),
                Edit::Twice => format!("{line}\n{line}"),
                Edit::Cut(after) => line.chars().take(after).collect(),
                Edit::Value(value) => match line.split_once('=') {
                    Some((key, _)) => format!("{key}= {value}"),
                    None => value,
                },
                Edit::Text(text) => text,
            };
        }
        lines.join("\n")
    })
}

/// All that a file is told.
fn findings(text: &str) -> Vec<Finding> {
    match Document::parse(Path::new("atsync.toml"), text.to_owned()) {
        Err(findings) => findings,
        Ok(document) => {
            let config = Config::from_document(document, &mut |_| Ok(Arc::new(description())));
            let of_connections = config.connections.into_iter().flat_map(|one| one.findings);
            config.findings.into_iter().chain(of_connections).collect()
        }
    }
}

proptest! {
    #![proptest_config(tries())]

    #[test]
    fn a_file_is_taken_or_refused_with_line_reason_and_fix_whatever_stands_in_it(text in edited()) {
        for finding in findings(&text) {
            let place = finding.at.as_ref().expect("a finding has its place");
            prop_assert!((1..=text.lines().count() + 1).contains(&place.line), "{finding:?}");
            prop_assert!(!finding.message.is_empty() && !finding.fix.is_empty(), "{finding:?}");
        }
    }

    #[test]
    fn no_finding_repeats_a_secret_whatever_else_is_wrong(text in edited()) {
        for finding in findings(&text) {
            for secret in ["s3cret", "hush"] {
                prop_assert!(!finding.message.contains(secret), "{finding:?}");
                prop_assert!(!finding.fix.contains(secret), "{finding:?}");
            }
        }
    }

    #[test]
    fn any_text_at_all_is_a_configuration_or_is_refused(text in "\\PC{0,200}") {
        findings(&text);
    }
}
