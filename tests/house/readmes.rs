//! The guides: one for each room, with links that lead somewhere.

use std::path::Path;

use super::{none, texts};

#[test]
fn every_room_has_a_guide() {
    let rooms = ["", "wit", "plugin", "host", "tests", "tests/sandbox"];
    let missing: Vec<String> = rooms
        .iter()
        .map(|room| Path::new(room).join("README.md"))
        .filter(|guide| !atsync_tests::root().join(guide).is_file())
        .map(|guide| format!("{} is missing", guide.display()))
        .collect();
    none(&missing);
}

#[test]
fn links_between_guides_lead_somewhere() {
    let mut broken = Vec::new();
    for (guide, text) in texts(|file| file.extension().is_some_and(|e| e == "md")) {
        let folder = atsync_tests::root().join(guide.parent().unwrap());
        for target in links(&text) {
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if path.is_empty() {
                atsync_tests::root().join(&guide)
            } else {
                folder.join(path)
            };
            if !file.exists() {
                broken.push(format!("{}: {path} does not exist", guide.display()));
            } else if !anchor.is_empty() && file.is_file() && !has_heading(&file, anchor) {
                broken.push(format!("{}: {target} names no heading", guide.display()));
            }
        }
    }
    none(&broken);
}

#[test]
fn every_test_that_stands_for_a_measure_exists() {
    let guide = std::fs::read_to_string(atsync_tests::root().join("host/README.md")).unwrap();
    let (_, section) = guide.split_once("\n## Security\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let named: Vec<&str> = section
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| code.matches('_').count() > 3)
        .collect();
    assert!(named.len() > 10, "the section names its tests");
    let sources = texts(|file| file.extension().is_some_and(|e| e == "rs"));
    let missing: Vec<String> = named
        .iter()
        .filter(|name| {
            let declared = format!("fn {name}(");
            !sources.iter().any(|(_, text)| text.contains(&declared))
        })
        .map(|name| format!("host/README.md: there is no test {name}"))
        .collect();
    none(&missing);
}

/// The targets of `](…)` that stay within the project.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let prose = text.split("```").step_by(2);
    let targets = prose
        .flat_map(|part| part.split("](").skip(1))
        .filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
}

/// Whether a heading of the file becomes this anchor, as Markdown viewers make them.
fn has_heading(file: &Path, anchor: &str) -> bool {
    let text = std::fs::read_to_string(file).unwrap();
    let as_anchor = |heading: &str| -> String {
        let kept = heading
            .trim()
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    };
    text.lines()
        .filter(|line| line.starts_with('#'))
        .any(|line| as_anchor(line.trim_start_matches('#')) == anchor)
}

#[test]
fn a_link_is_found_and_a_code_block_is_not_one() {
    let text = "See [the host](../host/README.md#run) and [us](https://example.com).\n```\n[a](b)\n```\n[c](d)";
    assert_eq!(
        links(text).collect::<Vec<_>>(),
        ["../host/README.md#run", "d"]
    );
}
