//! The store: whether it is there, sound, and of this program's version; who works on it.

use std::path::Path;

use atsync::clock::Timestamp;
use atsync::problem::Problem;
use atsync::store::{Examiner, holder, try_to_write, was_used};

use super::Chart;
use super::disk::{mb, size};
use crate::command::Site;
use crate::finding::Finding;
use crate::render::{counted, time};

/// What a damaged store costs stands in the guide; this is the way there.
const BEGIN_ANEW: &str = "Stop atsync and keep the file with those beside it (-wal, -shm). Then put back a copy that no pass has followed, or \
     begin anew: move the file away and start. What that costs, and what to see to before, stands in the guide for \
     operators under \"A lost or damaged store\".";

/// Looks at the store. When the last pass of any connection that is meant ended.
pub fn look(site: &Site, chart: &mut Chart) -> Option<Timestamp> {
    let path = &site.config.store;
    if !path.exists() {
        chart.row("store", &path.display(), "not there yet");
        chart.findings.extend(was_used(path).then(|| lost(path)));
        return None;
    }
    let examined = Examiner::open(path).and_then(|file| {
        let examined = file.examine()?;
        Ok((file, examined))
    });
    let (file, examined) = match examined {
        Ok(examined) => examined,
        Err(problem) => {
            chart.row("store", &path.display(), "cannot be used");
            chart.findings.push(with_advice(problem));
            return None;
        }
    };
    let (version, mb) = (examined.version, mb(size(path)));
    match examined.damage.first() {
        None => chart.row(
            "store",
            &path.display(),
            format!("sound, {mb}, version {version}"),
        ),
        Some(first) => {
            chart.row("store", &path.display(), format!("damaged, {mb}"));
            let message = format!("The store {} is damaged: {first}.", path.display());
            chart
                .findings
                .push(Finding::error("store-damaged", message, BEGIN_ANEW));
        }
    }
    let mut last_pass = None;
    for configured in site.chosen() {
        let name = &configured.name;
        if let Some(holder) = holder(path, name) {
            chart.row("lock", name, format!("in a pass now, in {holder}"));
        }
        match file.traces(name) {
            Ok(traces) => {
                let keys = counted(traces.keys, "key");
                let state = match (traces.locked, traces.last_pass) {
                    (Some(locked), Some(ended)) => {
                        format!(
                            "{keys}; locked {locked} times; last pass {}",
                            time::at(ended)
                        )
                    }
                    _ => format!("{keys}; no pass yet"),
                };
                chart.row("ledger", name, state);
                last_pass = last_pass.max(traces.last_pass);
            }
            Err(problem) if examined.damage.is_empty() => {
                chart.row("ledger", name, "cannot be read");
                chart.findings.push(with_advice(problem));
            }
            Err(_) => chart.row("ledger", name, "damaged"),
        }
    }
    drop(file);
    // What is damaged is better left as it is.
    if examined.damage.is_empty() {
        chart
            .findings
            .extend(try_to_write(path).err().map(with_advice));
    }
    last_pass
}

fn lost(path: &Path) -> Finding {
    Finding::warning(
        "store-missing",
        format!(
            "The store {} is not there, though passes have run on it.",
            path.display()
        ),
        "Put it back if it was moved. Else the next pass begins anew; what that costs, and what to see to before, \
         stands in the guide for operators under \"A lost or damaged store\".",
    )
}

/// The doctor is who others send people to, so it says the rest itself.
fn with_advice(problem: Problem) -> Finding {
    let damaged = problem.code == "store-damaged";
    let fix = if damaged {
        BEGIN_ANEW.to_owned()
    } else {
        problem.fix
    };
    Finding::error(problem.code, problem.message, fix)
}
