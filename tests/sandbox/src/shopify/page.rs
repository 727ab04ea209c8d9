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
    /// The number that a cursor to the record at this place carries.
    number: Box<dyn Fn(usize) -> u64 + 'a>,
    /// The place to which a cursor with this number leads.
    place: Box<dyn Fn(u64) -> Option<usize> + 'a>,
    /// Search terms that were ignored because their field is not known: field and value.
    pub(crate) refused: Vec<(String, String)>,
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
            number: Box::new(move |index| kind.number(index)),
            place: Box::new(move |number| kind.index(number)),
            refused: Vec::new(),
        }
    }

    /// A few records, ordered already.
    pub(crate) fn list(records: Vec<(u64, Node)>) -> Self {
        let records = std::rc::Rc::new(records);
        let (at, number, place) = (records.clone(), records.clone(), records.clone());
        Self {
            count: records.len(),
            at: Box::new(move |index| at.get(index).map(|(_, node)| node.clone())),
            number: Box::new(move |index| number.get(index).map_or(0, |(number, _)| *number)),
            place: Box::new(move |wanted| place.iter().position(|(number, _)| *number == wanted)),
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
            (before, after)
        } else {
            (after, before)
        };
        let low = low.map_or(0, |place| place + 1);
        let high = high.unwrap_or(self.count).min(self.count);
        let from_the_end = backwards != last.is_some();
        let mut found = Vec::with_capacity(size.min(64));
        let mut more = false;
        let mut take = |index: usize| {
            if let Some(node) = (self.at)(index) {
                more = found.len() == size;
                if !more {
                    found.push((cursor((self.number)(index)), node));
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

    fn cursor(&self, field: &Field, arg: &str) -> Result<Option<usize>, Refusal> {
        let Some(text) = field.text(arg) else {
            return Ok(None);
        };
        let number = BASE64
            .decode(text)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
            .and_then(|cursor| cursor.get("last_id")?.as_u64());
        match number.and_then(|number| (self.place)(number)) {
            Some(place) => Ok(Some(place)),
            None => Err(Refusal::bad_request(
                "Invalid cursor for current pagination sort.",
            )),
        }
    }
}

fn cursor(number: u64) -> String {
    BASE64.encode(json!({ "last_id": number, "last_value": number.to_string() }).to_string())
}
