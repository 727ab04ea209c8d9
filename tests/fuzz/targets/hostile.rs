//! A host that breaks the contract, or keeps it in the strangest way.

use atsync_plugin::bindings::exports::atsync::connector::reconcile::{
    Answer, Completion, Failure, Fault, Mode, Request, Turn,
};
use atsync_plugin::core::time::TIME_MAX;

use super::host::{Host as _, SETTINGS, job, keeps_its_bounds};
use super::stage::Stage;

/// Turns of one pass at most: each completion may come alone.
const TURNS_MAX: usize = 10_000;

/// A byte for each turn, which says how the host resumes. A contract that was broken ends the
/// pass with a protocol fault, and one that was kept never does.
pub fn hostile(data: &[u8]) {
    let mut stage = Stage::settled();
    let mut bytes = data.iter().copied();
    let now = stage.now();
    let (mut pass, mut turn) = atsync_plugin::flow::start(job(SETTINGS, Mode::Sync, now));
    let mut ready: Vec<Completion> = Vec::new();
    let (mut told, mut answered) = (now, Vec::new());
    for _ in 0..TURNS_MAX {
        match turn {
            Ok(Turn::Waiting(waiting)) => {
                for Request { id, effect } in waiting.requests {
                    keeps_its_bounds(&effect, told);
                    let answer = stage.perform(effect);
                    let at = stage.now();
                    ready.push(Completion { id, at, answer });
                }
            }
            Ok(Turn::Done(_)) | Err(Fault::Temporary(_)) => return stage.nothing_is_oversold(),
            other => panic!("the contract was kept, and the pass ended with {other:?}"),
        }
        let how = bytes.next().unwrap_or(0);
        let (now, broken) = resume(how, &mut ready, &answered);
        answered.extend(now.iter().map(|one| one.id));
        told = now.iter().map(|one| one.at).fold(told, u64::max);
        turn = pass.resume(now);
        if broken {
            assert!(
                matches!(turn, Err(Fault::PermanentProtocol(_))),
                "{how}: {turn:?}"
            );
            assert!(
                pass.resume(ready).is_err(),
                "the pass goes on after its end"
            );
            return;
        }
    }
    panic!("the pass does not end");
}

/// What the host gives now, and whether that breaks the contract.
fn resume(how: u8, ready: &mut Vec<Completion>, answered: &[u32]) -> (Vec<Completion>, bool) {
    let high = usize::from(how >> 4);
    let mut now = match how & 15 {
        // One of them, and the others later.
        1..=4 => vec![ready.swap_remove(high % ready.len())],
        5 => Vec::new(),
        _ => std::mem::take(ready),
    };
    let place = if now.is_empty() { 0 } else { high % now.len() };
    let Some(one) = now.get_mut(place) else {
        return (now, true);
    };
    match how & 15 {
        6 => now.reverse(),
        7 => one.id += 1_000,
        8 => one.id = 0,
        9 => {
            one.id = answered
                .get(high)
                .or(answered.last())
                .copied()
                .unwrap_or(u32::MAX);
        }
        10 => {
            let twice = one.clone();
            now.push(twice);
        }
        11 => {
            one.answer = match one.answer {
                Answer::Committed => Answer::Woke,
                _ => Answer::Committed,
            }
        }
        12 => one.at = 0,
        14 => one.answer = Answer::Failed(Failure::TimedOut),
        15 => {
            one.at = one.at.saturating_add(1 << (4 * high));
            let broken = one.at > TIME_MAX;
            return (now, broken);
        }
        13 => match &mut one.answer {
            Answer::Loaded(values) => values.push(None),
            Answer::Http(response) => response.status = 600 + u16::from(how),
            _ => return (now, false),
        },
        _ => return (now, false),
    }
    (now, matches!(how & 15, 7..=11 | 13))
}
