//! Recorded passes as people name them.

use std::path::PathBuf;

use atsync::clock::{Clock as _, SystemClock, Timestamp};
use atsync::recording::{self, Kept};

use super::{Common, Connectors, Site, Stop};

/// Finds recordings. The configuration is read only where a pass is not named by its file.
pub struct Recorded<'r> {
    common: &'r Common,
    connectors: &'r mut Connectors,
    kept: Option<Vec<Kept>>,
}

impl<'r> Recorded<'r> {
    /// Those of the connections that are meant.
    pub fn of(common: &'r Common, connectors: &'r mut Connectors) -> Self {
        Self {
            common,
            connectors,
            kept: None,
        }
    }

    /// The files of passes that are named by a file, or by the name of one in the recordings folder.
    ///
    /// # Errors
    /// There is no such recording (any more).
    pub fn named(&mut self, passes: &[PathBuf]) -> Result<Vec<PathBuf>, Stop> {
        let mut files = Vec::new();
        for pass in passes {
            if pass.is_file() {
                files.push(pass.clone());
                continue;
            }
            let name = pass.to_string_lossy();
            let kept = self.kept()?;
            match kept.iter().find(|kept| kept.pass == name) {
                Some(found) => files.push(found.file.clone()),
                None => return Err(missing(&name, kept)),
            }
        }
        Ok(files)
    }

    /// The files of the passes of the last `span_ms`, oldest first.
    ///
    /// # Errors
    /// There are none.
    pub fn since(&mut self, span_ms: Timestamp) -> Result<Vec<PathBuf>, Stop> {
        let since = SystemClock.now().saturating_sub(span_ms);
        let recent = self.kept()?.iter().filter(|kept| kept.began >= since);
        let files: Vec<_> = recent.map(|kept| kept.file.clone()).collect();
        if files.is_empty() {
            return Err(Stop::usage(
                "recording-none",
                "No pass of that time is recorded.",
                "Ask for a longer time, or look at [recording] in the configuration.",
            ));
        }
        Ok(files)
    }

    fn kept(&mut self) -> Result<&[Kept], Stop> {
        if self.kept.is_none() {
            let site = Site::open(self.common, self.connectors)?;
            let mut all = Vec::new();
            for connection in site.chosen() {
                all.extend(recording::kept(
                    &site.config.recordings(),
                    &connection.name,
                )?);
            }
            all.sort();
            self.kept = Some(all);
        }
        Ok(self.kept.as_deref().unwrap_or_default())
    }
}

fn missing(name: &str, kept: &[Kept]) -> Stop {
    let (message, fix) = match (kept.first(), kept.last()) {
        (Some(oldest), Some(newest)) => (
            format!(
                "There is no recording `{name}`: it has left what [recording] keeps, or there never was one."
            ),
            format!(
                "Those from `{}` to `{}` are there.",
                oldest.pass, newest.pass
            ),
        ),
        _ => (
            format!("There is no recording `{name}`, and no other."),
            "Passes are recorded while [recording] keep_mb is above 0.".to_owned(),
        ),
    };
    Stop::failed("recording-gone", message, fix)
}

/// `12h` or `7d` in milliseconds.
pub fn span(text: &str) -> Result<Timestamp, String> {
    let (number, unit) = text.split_at(text.len() - text.chars().last().map_or(0, char::len_utf8));
    let hours = match unit {
        "h" => 1,
        "d" => 24,
        _ => 0,
    };
    match number.parse::<Timestamp>() {
        Ok(number) if hours > 0 => Ok(number.saturating_mul(hours * 60 * 60 * 1000)),
        _ => Err("write a number of hours or days, such as 12h or 7d".to_owned()),
    }
}
