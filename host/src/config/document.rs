//! A TOML file that remembers where everything stands.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::finding::{Finding, Place};

/// The text of the file and its tree; each key and value knows its place.
pub struct Document {
    path: Arc<PathBuf>,
    text: &'static str,
    root: DeTable<'static>,
}

impl Document {
    /// Parses `text`; `path` is only for messages and for relative paths.
    ///
    /// # Errors
    /// Every syntax error, each with its place.
    pub fn parse(path: &Path, text: String) -> Result<Self, Vec<Finding>> {
        let path = Arc::new(path.to_owned());
        // The tree borrows the text. Both are read once and wanted until the program ends.
        let text: &'static str = text.leak();
        let (root, errors) = DeTable::parse_recoverable(text);
        if errors.is_empty() {
            return Ok(Self {
                path,
                text,
                root: root.into_inner(),
            });
        }
        Err(errors
            .iter()
            .map(|error| {
                let offset = error.span().map_or(0, |span| span.start);
                Finding::error(
                    "config-syntax",
                    format!("This is not TOML: {}.", error.message()),
                    "Correct the line. `atsync init` writes a file to compare with.",
                )
                .at(place(&path, text, offset))
            })
            .collect())
    }

    /// The whole file as a table.
    pub fn root(&self) -> &DeTable<'static> {
        &self.root
    }

    /// The file as the person named it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path from the file, relative to the folder of the file.
    pub fn resolve(&self, path: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }

    /// Line and column of a span's beginning.
    pub fn place(&self, span: &Range<usize>) -> Place {
        place(&self.path, self.text, span.start)
    }

    /// The place of what a JSON Pointer names, or of its nearest parent in the file.
    pub fn find(&self, pointer: &str) -> Place {
        let mut span = 0..0;
        let mut here = None;
        for step in pointer.split('/').skip(1).map(unescape) {
            let Some((at, value)) = self.step(here, &step) else {
                break;
            };
            span = at;
            here = Some(value);
        }
        self.place(&span)
    }

    fn step<'d>(
        &'d self,
        from: Option<&'d DeValue<'static>>,
        step: &str,
    ) -> Option<(Range<usize>, &'d DeValue<'static>)> {
        match from {
            None => get(&self.root, step).map(|(span, value)| (span, value.get_ref())),
            Some(DeValue::Table(table)) => {
                get(table, step).map(|(span, value)| (span, value.get_ref()))
            }
            Some(DeValue::Array(items)) => {
                let item = items.get(step.parse::<usize>().ok()?)?;
                Some((item.span(), item.get_ref()))
            }
            Some(_) => None,
        }
    }
}

/// A member of a table: where its key stands, and its value.
pub fn get<'t>(
    table: &'t DeTable<'static>,
    key: &str,
) -> Option<(Range<usize>, &'t Spanned<DeValue<'static>>)> {
    table
        .iter()
        .find(|(name, _)| name.get_ref().as_ref() == key)
        .map(|(name, value)| (name.span(), value))
}

fn unescape(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

fn place(path: &Arc<PathBuf>, text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Place {
        file: Arc::clone(path),
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or("").chars().count() + 1,
    }
}
