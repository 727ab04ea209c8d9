//! A pass in which everything that the connector hears stands in the input, as text:
//!
//! ```text
//! %settings
//! {"joor_account": …}
//! %now 1795413600000
//! %mode act orders-retry {"order":"7"}
//! %hint products/update
//! {"id": 1}
//! %ledger
//! order/7<TAB>{"state": …}
//! %http shopify Locations|200|retry-after: 2
//! {"data": …}
//! %lines
//! {"id": …}
//! ```
//!
//! A request takes the next answer that stands there for it, or else the next that is left; when
//! none is left, the service is out of reach.

use std::collections::VecDeque;

use atsync_plugin::bindings::exports::atsync::connector::reconcile::{
    Answer, Call, Effect, Failure, Hint, HttpRequest, HttpResponse, Lines, LinesRequest, Mode,
};

use super::host::{Host, SETTINGS, START, job, run};
use super::shelf::Shelf;

/// Every remote answer, with the ledger, hints and mode that they meet.
pub fn answers(data: &[u8]) {
    let mut talk = Talk::read(&String::from_utf8_lossy(data));
    let mut job = job(&talk.settings, talk.mode.clone(), talk.now);
    job.hints = std::mem::take(&mut talk.hints);
    let _ = run(job, &mut talk);
}

/// A pass in text.
pub struct Talk {
    settings: String,
    mode: Mode,
    hints: Vec<Hint>,
    ledger: Shelf,
    answers: VecDeque<Record>,
    now: u64,
}

/// An answer of the other side.
pub enum Record {
    /// To the request of this name.
    Http(String, HttpResponse),
    /// A piece of a file.
    Lines(String),
}

impl Record {
    /// As it stands in the text.
    pub fn text(&self) -> String {
        match self {
            Self::Http(name, response) => {
                let mut head = format!("%http {name}|{}", response.status);
                for (name, value) in &response.headers {
                    head += &format!("|{name}: {value}");
                }
                format!("{head}\n{}\n", response.body.trim_end())
            }
            Self::Lines(text) => format!("%lines\n{text}"),
        }
    }
}

/// What names a request: its service, and what it asks for.
pub fn selector(request: &HttpRequest) -> String {
    let body = request.body.as_deref().unwrap_or_default();
    let operation = body
        .split_once("query ")
        .or_else(|| body.split_once("mutation "))
        .map(|(_, rest)| rest.split(|letter: char| !letter.is_alphanumeric()));
    let name = match operation.and_then(|mut words| words.next()) {
        Some(name) if request.service == "shopify" => name,
        _ => request.path.split('?').next().unwrap_or_default(),
    };
    format!("{} {name}", request.service)
}

impl Talk {
    fn read(text: &str) -> Self {
        let mut talk = Self {
            settings: SETTINGS.into(),
            mode: Mode::Sync,
            hints: Vec::new(),
            ledger: Shelf::default(),
            answers: VecDeque::new(),
            now: START,
        };
        let text = text.strip_prefix('%').unwrap_or(text);
        for section in text.split("\n%") {
            let (head, body) = section.split_once('\n').unwrap_or((section, ""));
            let (what, rest) = head.split_once(' ').unwrap_or((head, ""));
            match what {
                "settings" => talk.settings = body.into(),
                "now" => talk.now = rest.parse().unwrap_or(START),
                "mode" => talk.mode = mode(rest),
                "hint" => talk.hints.push(Hint {
                    id: talk.hints.len().to_string(),
                    topic: rest.into(),
                    body: body.into(),
                }),
                "ledger" => talk.ledger = Shelf::read(body),
                "lines" => talk.answers.push_back(Record::Lines(format!("{body}\n"))),
                _ => talk.answers.push_back(response(rest, body)),
            }
        }
        talk
    }

    /// The answer that stands there for the request, or the next one of its kind.
    fn next(
        &mut self,
        fits: impl Fn(&Record) -> bool,
        kind: fn(&Record) -> bool,
    ) -> Option<Record> {
        let place = self.answers.iter().position(fits);
        let place = place.or_else(|| self.answers.iter().position(kind))?;
        self.answers.remove(place)
    }

    fn http(&mut self, request: &HttpRequest) -> Answer {
        let wanted = selector(request);
        let fits = |record: &Record| matches!(record, Record::Http(name, _) if *name == wanted);
        match self.next(fits, |record| matches!(record, Record::Http(..))) {
            Some(Record::Http(_, response)) => Answer::Http(response),
            _ => Answer::Failed(Failure::Unreachable("nobody answers".into())),
        }
    }

    fn lines(&mut self, request: &LinesRequest) -> Answer {
        let is_piece = |record: &Record| matches!(record, Record::Lines(_));
        let Some(Record::Lines(text)) = self.next(is_piece, is_piece) else {
            return Answer::Failed(Failure::Unreachable("nobody answers".into()));
        };
        if text.len() > request.max_bytes as usize {
            return Answer::Failed(Failure::TooLarge);
        }
        let more = self.answers.iter().any(is_piece);
        let next_offset = more.then(|| request.offset + text.len() as u64);
        Answer::Lines(Lines { text, next_offset })
    }
}

/// A host has no answers with other statuses.
fn response(head: &str, body: &str) -> Record {
    let mut parts = head.split('|');
    let name = parts.next().unwrap_or_default().to_owned();
    let status = parts.next().and_then(|status| status.parse().ok());
    let header = |part: &str| {
        let (name, value) = part.split_once(": ")?;
        Some((name.to_owned(), value.to_owned()))
    };
    let response = HttpResponse {
        status: status
            .filter(|status| (100..=599).contains(status))
            .unwrap_or(200),
        headers: parts.filter_map(header).collect(),
        body: body.to_owned(),
    };
    Record::Http(name, response)
}

/// `sync`, `plan`, `check`, or `act NAME {…}` and `ask NAME {…}`.
pub fn mode(words: &str) -> Mode {
    let mut words = words.splitn(3, ' ');
    let what = words.next();
    let call = Call {
        name: words.next().unwrap_or_default().into(),
        arguments: words.next().unwrap_or("{}").into(),
    };
    match what {
        Some("plan") => Mode::Plan,
        Some("check") => Mode::Check,
        Some("ask") => Mode::Ask(call),
        Some("act") => Mode::Act(call),
        _ => Mode::Sync,
    }
}

impl Host for Talk {
    fn perform(&mut self, effect: Effect) -> Answer {
        let dry = !matches!(self.mode, Mode::Sync | Mode::Act(_));
        let effect = match self.ledger.perform(effect) {
            Ok(answer) => return answer,
            Err(effect) => effect,
        };
        match effect {
            Effect::Http(request) if dry && request.changes => {
                Answer::Failed(Failure::Refused("a dry run changes nothing".into()))
            }
            Effect::Http(request) => {
                self.now += 100;
                self.http(&request)
            }
            Effect::ReadLines(request) => self.lines(&request),
            Effect::WaitUntil(at) => {
                self.now = self.now.max(at);
                Answer::Woke
            }
            Effect::Load(_) | Effect::Scan(_) | Effect::Commit(_) => Answer::Committed,
        }
    }

    fn now(&self) -> u64 {
        self.now
    }
}
