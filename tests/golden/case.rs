//! Cases: finding them, running them, comparing what is said with what is expected.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use similar::TextDiff;

use super::answers::{Answers, Native};
use super::component::Instance;

/// One folder of a kind.
pub struct Case {
    /// `availability/several-locations`
    pub name: String,
    /// What `case.json` says, laid over the kind's `defaults.json`.
    pub input: Value,
    expected_file: PathBuf,
}

/// Runs every case of a kind; `judge` puts one to somebody and writes down what is said.
///
/// # Panics
/// A case does not hold. All that do not are shown, with their differences.
pub fn hold(kind: &str, judge: fn(&Case, &mut dyn Answers) -> String) {
    let mut component = Instance::new();
    let cases = cases(kind);
    assert!(!cases.is_empty(), "there are no cases of {kind}");
    let broken: Vec<String> = cases
        .iter()
        .filter_map(|case| problem(case, judge, &mut component))
        .collect();
    assert!(
        broken.is_empty(),
        "{} of {} cases of {kind}:\n\n{}",
        broken.len(),
        cases.len(),
        broken.join("\n")
    );
    println!("{} cases of {kind}", cases.len());
}

fn problem(
    case: &Case,
    judge: fn(&Case, &mut dyn Answers) -> String,
    component: &mut Instance,
) -> Option<String> {
    if case.reason().is_none() {
        return Some(format!("{}: has neither `quote` nor `why`\n", case.name));
    }
    let said = judge(case, &mut Native::default());
    let component_said = judge(case, component);
    if said != component_said {
        let diff = diff(
            &said,
            &component_said,
            "the plugin says",
            "the component says",
        );
        return Some(format!("{}\n{diff}", case.name));
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&case.expected_file, &said).expect("expect.json can be written");
        return None;
    }
    let expected = fs::read_to_string(&case.expected_file).unwrap_or_default();
    (said != expected).then(|| {
        format!(
            "{}\n{}",
            case.name,
            diff(&expected, &said, "expected", "said")
        )
    })
}

fn diff(before: &str, after: &str, before_name: &str, after_name: &str) -> String {
    TextDiff::from_lines(before, after)
        .unified_diff()
        .header(before_name, after_name)
        .to_string()
}

impl Case {
    /// The sentence it stands for, or why it is there.
    pub fn reason(&self) -> Option<&str> {
        self.quote()
            .or_else(|| self.input.get("why").and_then(Value::as_str))
            .filter(|reason| !reason.is_empty())
    }

    /// The sentence of the owner's words that it stands for.
    pub fn quote(&self) -> Option<&str> {
        self.input.get("quote").and_then(Value::as_str)
    }
}

/// The cases of one kind, in the order of their names.
pub fn cases(kind: &str) -> Vec<Case> {
    let folder = atsync_tests::root().join("tests/golden").join(kind);
    let defaults = object(&folder.join("defaults.json"));
    let mut folders: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    let case = |folder: PathBuf| Case {
        name: format!("{kind}/{}", folder.file_name().unwrap().to_string_lossy()),
        input: Value::Object(laid_over(&defaults, object(&folder.join("case.json")))),
        expected_file: folder.join("expect.json"),
    };
    folders.into_iter().map(case).collect()
}

/// What a case leaves out is as in the defaults; an object among it is completed the same way.
fn laid_over(defaults: &Map<String, Value>, case: Map<String, Value>) -> Map<String, Value> {
    let mut whole = defaults.clone();
    for (key, value) in case {
        let completed = match (whole.get(&key), value) {
            (Some(Value::Object(default)), Value::Object(own)) if key != "levels" => Value::Object(
                default
                    .iter()
                    .map(|(k, v)| (k.clone(), v.clone()))
                    .chain(own)
                    .collect(),
            ),
            (_, value) => value,
        };
        whole.insert(key, completed);
    }
    whole
}

fn object(file: &Path) -> Map<String, Value> {
    let text =
        fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
