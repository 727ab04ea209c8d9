//! The texts of completions, which lie beside their line in a recording.

use std::mem;

use super::format::Line;
use crate::engine::reconcile::{Answer, Completion};

/// Takes the texts out of a line, in their order, and leaves their lengths there.
pub(super) fn take(line: &mut Line) -> Vec<String> {
    let Line::Resumed { completions, texts } = line else {
        return Vec::new();
    };
    let taken: Vec<String> = of(completions).map(mem::take).collect();
    *texts = taken.iter().map(String::len).collect();
    taken
}

/// Puts texts back where they were taken from. False: there are more or fewer of them.
pub(super) fn put_back(completions: &mut [Completion], texts: Vec<String>) -> bool {
    let mut texts = texts.into_iter();
    for place in of(completions) {
        let Some(text) = texts.next() else {
            return false;
        };
        *place = text;
    }
    texts.next().is_none()
}

fn of(completions: &mut [Completion]) -> impl Iterator<Item = &mut String> {
    completions.iter_mut().flat_map(|completion| {
        let texts: Box<dyn Iterator<Item = &mut String>> = match &mut completion.answer {
            Answer::Http(response) => Box::new(std::iter::once(&mut response.body)),
            Answer::Lines(lines) => Box::new(std::iter::once(&mut lines.text)),
            Answer::Loaded(values) => Box::new(values.iter_mut().flatten()),
            Answer::Scanned(entries) => Box::new(entries.iter_mut().map(|entry| &mut entry.value)),
            Answer::Committed | Answer::Woke | Answer::Failed(_) => Box::new(std::iter::empty()),
        };
        texts
    })
}
