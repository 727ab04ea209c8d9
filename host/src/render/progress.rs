//! Progress of long work on standard error; silent where that is not a terminal.

use std::time::Duration;

use atsync::engine::reconcile::Progress;
use indicatif::{ProgressBar, ProgressStyle};

/// One line that says what is being done, and how far it is.
pub struct Line {
    bar: ProgressBar,
    /// Said before each step: the connection's name.
    name: String,
}

impl Line {
    /// A line for one connection; `quiet` shows nothing at all.
    pub fn new(name: &str, quiet: bool) -> Self {
        let bar = if quiet {
            ProgressBar::hidden()
        } else {
            ProgressBar::new_spinner()
        };
        bar.enable_steady_tick(Duration::from_millis(120));
        Self {
            bar,
            name: name.to_owned(),
        }
    }

    /// Shows one step.
    pub fn show(&self, step: &Progress) {
        let template = match step.total {
            Some(total) => {
                self.bar.set_length(total);
                "{spinner} {msg} [{bar:24}] {human_pos} of {human_len}"
            }
            None if step.done > 0 => "{spinner} {msg} {human_pos}",
            None => "{spinner} {msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.progress_chars("━╸ "));
        }
        self.bar.set_position(step.done);
        self.bar
            .set_message(format!("{}: {}", self.name, step.what));
    }

    /// Takes the line away.
    pub fn finish(self) {
        self.bar.finish_and_clear();
    }
}
