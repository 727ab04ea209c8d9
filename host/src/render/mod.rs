//! From reports and findings to text for people. Results go to standard output; progress and
//! messages to standard error.

pub mod compared;
pub mod progress;
mod report;
mod table;
pub mod time;

pub use report::{findings, report, summary};
pub use table::table;

use std::fmt::Display;

use console::Style;

/// `1 style`, `6 styles`.
pub fn counted<N: Copy + Display + PartialEq + From<u8>>(number: N, thing: &str) -> String {
    let ending = if number == N::from(1) { "" } else { "s" };
    format!("{number} {thing}{ending}")
}

/// How to write for the reader at hand.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    /// Columns of the terminal; without one, nothing is shortened.
    pub width: Option<usize>,
    /// Whether colours help.
    pub colour: bool,
}

impl Paint {
    /// For standard output: colours only on a terminal and without `NO_COLOR`.
    pub fn stdout() -> Self {
        Self::of(&console::Term::stdout())
    }

    /// For standard error, likewise.
    pub fn stderr() -> Self {
        Self::of(&console::Term::stderr())
    }

    /// Without colours or width, as for a file.
    #[cfg(test)]
    pub fn plain() -> Self {
        Self {
            width: None,
            colour: false,
        }
    }

    fn of(term: &console::Term) -> Self {
        let width = term.size_checked().map(|(_, columns)| usize::from(columns));
        Self {
            width,
            colour: term.features().colors_supported(),
        }
    }

    /// `text` in a style, where colours help.
    pub fn paint(self, style: Style, text: &str) -> String {
        if self.colour {
            style.force_styling(true).apply_to(text).to_string()
        } else {
            text.to_owned()
        }
    }
}
