//! Seeds that found something once, kept as the smallest plan that shows it: `seeds/NAME.json`.

use serde::Deserialize;

use super::form::Native;
use super::plan::Plan;
use super::run::run;
use super::trace::Trace;

/// A seed that found something.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The file's name.
    #[serde(skip)]
    pub name: String,
    /// What holds now, as a sentence.
    #[serde(rename = "law")]
    _law: String,
    /// What was wrong, and what was done about it.
    #[serde(rename = "found")]
    _found: String,
    /// What happens.
    plan: Plan,
}

impl Case {
    /// Whether all laws hold; what is broken is told.
    pub fn holds(&self) -> bool {
        let broken = run(&self.plan, &mut Native::default(), Trace::default()).broken;
        match &broken {
            None => println!("test {} ... ok", self.name),
            Some(broken) => println!(
                "test {} ... FAILED: {}: {}",
                self.name, broken.law, broken.what
            ),
        }
        broken.is_none()
    }
}

/// All cases, by name.
pub fn all() -> Vec<Case> {
    let folder = atsync_tests::root().join("tests/sim/seeds");
    let files = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = files.map(|file| file.path()).collect();
    paths.sort();
    let read = |path: std::path::PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a file that can be read");
        let case: Case = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        Case { name, ..case }
    };
    paths.into_iter().map(read).collect()
}
