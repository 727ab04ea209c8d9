//! Pages of connections, and the cursors between them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::ids::Kind;
use super::node::{Node, Refusal};
use super::plan::Field;

/// The most that a page may hold. Source: <https://shopify.dev/docs/api/usage/pagination-graphql>.
pub(crate) const PAGE_MAX: i64 = 250;

/// The records of a connection: `at` gives the one at a place, unless it does not belong.
pub(crate) struct Records<'a> {
    pub(crate) count: usize,
    pub(crate) at: Box<dyn Fn(usize) -> Option<Node> + 'a>,
    /// What a cursor to the record at this place carries.
    cursor: Box<dyn Fn(usize) -> Cursor + 'a>,
    /// Where a cursor leads.
    find: Box<dyn Fn(Cursor) -> Option<Span> + 'a>,
    /// Search terms that were ignored because their field is not known: field and value.
    pub(crate) refused: Vec<(String, String)>,
}

/// A record's number, and the value that its connection is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cursor {
    value: u64,
    number: u64,
}

/// How many records are before the one of a cursor, and how many with it. The record itself may
/// be gone from there; then the two are the same.
struct Span {
    before: usize,
    through: usize,
}

impl Span {
    fn at(place: usize) -> Self {
        Self {
            before: place,
            through: place + 1,
        }
    }
}

impl Cursor {
    fn plain(number: u64) -> Self {
        Self {
            value: number,
            number,
        }
    }

    fn read(text: &str) -> Option<Self> {
        let bytes = BASE64.decode(text).ok()?;
        let cursor: Value = serde_json::from_slice(&bytes).ok()?;
        Some(Self {
            value: cursor.get("last_value")?.as_str()?.parse().ok()?,
            number: cursor.get("last_id")?.as_u64()?,
        })
    }

    fn text(self) -> String {
        let Self { value, number } = self;
        BASE64.encode(json!({ "last_id": number, "last_value": value.to_string() }).to_string())
    }
}

/// A page of a connection.
pub(crate) struct Page {
    pub(crate) nodes: Vec<(String, Node)>,
    pub(crate) has_next: bool,
    pub(crate) has_previous: bool,
}

impl<'a> Records<'a> {
    /// Records of a table, ordered by id.
    pub(crate) fn table(kind: Kind, count: usize, at: impl Fn(usize) -> Option<Node> + 'a) -> Self {
        Self {
            count,
            at: Box::new(at),
            cursor: Box::new(move |index| Cursor::plain(kind.number(index))),
            find: Box::new(move |cursor| kind.index(cursor.number).map(Span::at)),
            refused: Vec::new(),
        }
    }

    /// A few records, ordered already.
    pub(crate) fn list(records: Vec<(u64, Node)>) -> Self {
        let records = std::rc::Rc::new(records);
        let (at, cursor, find) = (records.clone(), records.clone(), records.clone());
        Self {
            count: records.len(),
            at: Box::new(move |index| at.get(index).map(|(_, node)| node.clone())),
            cursor: Box::new(move |index| {
                Cursor::plain(cursor.get(index).map_or(0, |(number, _)| *number))
            }),
            find: Box::new(move |wanted| {
                let place = find.iter().position(|(number, _)| *number == wanted.number);
                place.map(Span::at)
            }),
            refused: Vec::new(),
        }
    }

    /// Records sorted by a value and then by their number. A cursor keeps its place when its
    /// record has moved on, as one does that is sorted by when it was last changed.
    pub(crate) fn sorted(records: Vec<(u64, u64, Node)>) -> Self {
        let records = std::rc::Rc::new(records);
        let (at, cursor, find) = (records.clone(), records.clone(), records.clone());
        let of = |record: &(u64, u64, Node)| Cursor {
            value: record.0,
            number: record.1,
        };
        Self {
            count: records.len(),
            at: Box::new(move |index| at.get(index).map(|(_, _, node)| node.clone())),
            cursor: Box::new(move |index| cursor.get(index).map_or(Cursor::plain(0), of)),
            find: Box::new(move |wanted| {
                Some(Span {
                    before: find.partition_point(|record| of(record) < wanted),
                    through: find.partition_point(|record| of(record) <= wanted),
                })
            }),
            refused: Vec::new(),
        }
    }

    /// The page that the field's arguments ask for.
    pub(crate) fn page(&self, field: &Field) -> Result<Page, Refusal> {
        let (first, last) = (field.int("first"), field.int("last"));
        if first.is_none() && last.is_none() {
            return Err(Refusal::bad_request(
                "you must provide one of first or last",
            ));
        }
        if first.is_some() && last.is_some() {
            return Err(Refusal::bad_request(
                "providing both first and last is not supported",
            ));
        }
        let asked = first.or(last).unwrap_or(0);
        let Some(size) = usize::try_from(asked).ok().filter(|_| asked <= PAGE_MAX) else {
            let name = if first.is_some() { "first" } else { "last" };
            let message = format!("{name} must be between 0 and {PAGE_MAX}, and is {asked}");
            return Err(Refusal::bad_request(&message));
        };
        let backwards = field.flag("reverse");
        let after = self.cursor(field, "after")?;
        let before = self.cursor(field, "before")?;
        let (low, high) = if backwards {
            (&before, &after)
        } else {
            (&after, &before)
        };
        let low = low.as_ref().map_or(0, |span| span.through);
        let high = high.as_ref().map_or(self.count, |span| span.before);
        let high = high.min(self.count);
        let from_the_end = backwards != last.is_some();
        let mut found = Vec::with_capacity(size.min(64));
        let mut more = false;
        let mut take = |index: usize| {
            if let Some(node) = (self.at)(index) {
                more = found.len() == size;
                if !more {
                    found.push(((self.cursor)(index).text(), node));
                }
            }
            more
        };
        if from_the_end {
            (low..high).rev().any(&mut take);
        } else {
            (low..high).any(&mut take);
        }
        if last.is_some() {
            found.reverse();
        }
        let (has_next, has_previous) = if first.is_some() {
            (more, after.is_some())
        } else {
            (before.is_some(), more)
        };
        Ok(Page {
            nodes: found,
            has_next,
            has_previous,
        })
    }

    fn cursor(&self, field: &Field, arg: &str) -> Result<Option<Span>, Refusal> {
        let Some(text) = field.text(arg) else {
            return Ok(None);
        };
        match Cursor::read(text).and_then(|cursor| (self.find)(cursor)) {
            Some(span) => Ok(Some(span)),
            None => Err(Refusal::bad_request(
                "Invalid cursor for current pagination sort.",
            )),
        }
    }
}
