//! The values in JSON, found and replaced without touching anything else in it. The JSON may be
//! cut off anywhere, and may be several documents, such as lines.

use serde::de::IgnoredAny;
use serde_json::{Deserializer, Value};

/// What a text is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// JSON, if only the beginning of some.
    Json,
    /// Meant to be JSON, and garbled: which text belongs to which key cannot be told.
    Garbled,
    /// Anything else.
    Other,
}

/// What `text` is.
pub(super) fn form(text: &str) -> Form {
    if !text.trim_start().starts_with(['{', '[']) {
        return Form::Other;
    }
    let documents = Deserializer::from_str(text).into_iter::<IgnoredAny>();
    match documents.filter_map(Result::err).next() {
        Some(error) if !error.is_eof() => Form::Garbled,
        _ => Form::Json,
    }
}

/// A text or a number.
#[derive(Debug)]
pub(super) struct Found<'a> {
    /// The keys that lead to it, from outside in.
    pub(super) keys: &'a [String],
    /// The first text of a list of which it is the second and last: a key, perhaps.
    pub(super) first: Option<&'a str>,
    /// The text, or the number as it is written.
    pub(super) text: &'a str,
    pub(super) is_number: bool,
}

/// The JSON with what `replace` gives in the place of each value; none if it never gives any.
pub(super) fn replaced(
    json: &str,
    mut replace: impl FnMut(&Found<'_>) -> Option<String>,
) -> Option<String> {
    let (mut made, mut any) = (String::with_capacity(json.len()), false);
    let mut place = Place::default();
    let mut rest = json;
    while let Some(letter) = rest.chars().next() {
        let token = match letter {
            '"' => Token::text(rest),
            '-' | '0'..='9' => Token::number(rest),
            _ => {
                place.pass(letter);
                made.push(letter);
                rest = rest.get(letter.len_utf8()..).unwrap_or_default();
                continue;
            }
        };
        rest = token.after;
        let text = token.meant();
        if place.awaits_key() {
            made.push_str(token.written);
            place.keys.push(text);
            continue;
        }
        let other = replace(&Found {
            keys: &place.keys,
            first: place.first(rest),
            text: &text,
            is_number: token.is_number,
        });
        any |= other.is_some();
        match other {
            Some(other) => made.push_str(&token.saying(other)),
            None => made.push_str(token.written),
        }
        if !token.is_number {
            place.was_at(text);
        }
    }
    any.then_some(made)
}

/// A text or a number, as it is written.
struct Token<'a> {
    written: &'a str,
    after: &'a str,
    is_number: bool,
    /// A text of which the end is missing.
    is_cut: bool,
}

impl<'a> Token<'a> {
    fn text(json: &'a str) -> Self {
        let mut escaped = false;
        let end = json.char_indices().skip(1).find(|(_, letter)| {
            let ends = *letter == '"' && !escaped;
            escaped = *letter == '\\' && !escaped;
            ends
        });
        let (written, after) = json.split_at(end.map_or(json.len(), |(at, _)| at + 1));
        Token {
            written,
            after,
            is_number: false,
            is_cut: end.is_none(),
        }
    }

    fn number(json: &'a str) -> Self {
        let is_of_it = |letter: char| letter.is_ascii_digit() || "+-.eE".contains(letter);
        let end = json.find(|letter| !is_of_it(letter));
        let (written, after) = json.split_at(end.unwrap_or(json.len()));
        Token {
            written,
            after,
            is_number: true,
            is_cut: false,
        }
    }

    /// What it says, without quotation marks and escapes.
    fn meant(&self) -> String {
        if self.is_number {
            return self.written.to_owned();
        }
        let inside = self.written.strip_prefix('"').unwrap_or(self.written);
        let inside = match inside.strip_suffix('"') {
            Some(inside) if !self.is_cut => inside,
            _ => inside,
        };
        // What is cut off may end within an escape, which has six letters at most.
        let earlier = inside.char_indices().rev().take(6).map(|(at, _)| at);
        let mut ends = std::iter::once(inside.len()).chain(earlier);
        let meant = ends.find_map(|end| {
            let inside = inside.get(..end)?;
            serde_json::from_str(&format!("\"{inside}\"")).ok()
        });
        meant.unwrap_or_else(|| inside.to_owned())
    }

    /// The same, saying something else.
    fn saying(&self, other: String) -> String {
        if self.is_number {
            return other;
        }
        let mut written = Value::from(other).to_string();
        if self.is_cut {
            written.pop();
        }
        written
    }
}

/// Where in the JSON we are.
#[derive(Default)]
struct Place {
    /// The keys that lead to what comes next.
    keys: Vec<String>,
    levels: Vec<Level>,
}

/// An object or a list that is open.
struct Level {
    is_list: bool,
    /// How many keys lead to it.
    depth: usize,
    commas: usize,
    awaits_key: bool,
    /// The first text of a list.
    first: Option<String>,
}

impl Place {
    fn pass(&mut self, letter: char) {
        let is_list = letter == '[';
        match (letter, self.levels.last_mut()) {
            ('{' | '[', _) => self.levels.push(Level {
                is_list,
                depth: self.keys.len(),
                commas: 0,
                awaits_key: !is_list,
                first: None,
            }),
            ('}' | ']', Some(level)) => {
                self.keys.truncate(level.depth);
                self.levels.pop();
            }
            (',', Some(level)) => {
                self.keys.truncate(level.depth);
                level.commas += 1;
                level.awaits_key = !level.is_list;
            }
            (':', Some(level)) => level.awaits_key = false,
            _ => {}
        }
    }

    fn awaits_key(&self) -> bool {
        self.levels.last().is_some_and(|level| level.awaits_key)
    }

    /// See [`Found`]; of the value before `rest`.
    fn first(&self, rest: &str) -> Option<&str> {
        let is_last = rest
            .trim_start()
            .chars()
            .next()
            .is_none_or(|next| next == ']');
        let level = self.levels.last();
        let level = level.filter(|level| level.commas == 1 && is_last);
        level.and_then(|level| level.first.as_deref())
    }

    /// Goes on behind a text.
    fn was_at(&mut self, text: String) {
        if let Some(level) = self.levels.last_mut()
            && level.is_list
            && level.commas == 0
        {
            level.first = Some(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every value with its keys, replaced by nothing.
    fn found(json: &str) -> Vec<String> {
        let mut all = Vec::new();
        let unchanged = replaced(json, |found| {
            let first = found.first.map(|first| format!("[{first}]"));
            let keys = found.keys.join(".") + &first.unwrap_or_default();
            all.push(format!("{keys}={}", found.text));
            None
        });
        assert_eq!(unchanged, None);
        all
    }

    #[test]
    fn each_value_is_found_with_the_keys_that_lead_to_it() {
        let json = r#"{"a": {"b c": "x\"y", "d": [1, {"e": -2.5}]}, "f": [["to", "Jo"], ["n", "1", "2"]], "g": "\u00e9"}"#;
        let all = [
            "a.b c=x\"y",
            "a.d=1",
            "a.d.e=-2.5",
            "f=to",
            "f[to]=Jo",
            "f=n",
            "f=1",
            "f=2",
            "g=é",
        ];
        assert_eq!(found(json), all);
        assert_eq!(found("{\"a\":1}\n{\"b\":2}\n"), ["a=1", "b=2"]);
    }

    #[test]
    fn wherever_json_is_cut_its_values_are_found_under_the_same_keys() {
        let json = r#"{"a":{"name":"Zoë \"Z\" \u00e9"},"zip":69001,"pairs":[["to","Jo"]]}"#;
        let whole = found(json);
        for (cut, _) in json.char_indices().skip(1) {
            let part = json.get(..cut).expect("a boundary");
            assert_eq!(form(part), Form::Json, "{part}");
            let found = found(part);
            assert!(found.len() <= whole.len(), "{part}");
            for (one, other) in found.iter().zip(&whole) {
                assert!(other.starts_with(one.as_str()), "{part}: {one}");
            }
        }
    }

    #[test]
    fn a_replaced_value_leaves_all_else_as_it_was() {
        let json = "{ \"a\" : \"x\",\n  \"n\": 12, \"b\":[ \"y";
        let made = replaced(json, |found| match (found.text, found.is_number) {
            ("12", true) => Some("34".to_owned()),
            ("y", false) => Some("\"".to_owned()),
            _ => None,
        });
        let expected = "{ \"a\" : \"x\",\n  \"n\": 34, \"b\":[ \"\\\"";
        assert_eq!(made.as_deref(), Some(expected));
    }

    #[test]
    fn json_whose_parts_cannot_be_told_apart_is_garbled() {
        for garbled in [
            r#"{"a":"x,"b":"y"}"#,
            r#"{"a":1}}"#,
            "[1 2]",
            r#"{"a":"x"} and more"#,
        ] {
            assert_eq!(form(garbled), Form::Garbled, "{garbled}");
        }
        for other in ["<html>", "", "Bad gateway"] {
            assert_eq!(form(other), Form::Other, "{other}");
        }
    }
}
