//! Personal data of an exported pass, replaced by words of the same shape.
//!
//! Which texts those are is told by the keys of the JSON that crosses: names, addresses, mail,
//! phones, notes of people. A stand-in is the same each time within one pass, and is made from the
//! order of appearance alone, so that nothing leads back to what it stands for. Addresses of files
//! lose what is behind the question mark, which is what lets one in.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::engine::reconcile::{Answer, Completion, Job, Mode};

/// A text with one of these words in its key is about a person.
const PERSONAL: [&str; 15] = [
    "address",
    "address1",
    "address2",
    "buyer",
    "comment",
    "comments",
    "email",
    "fax",
    "firstname",
    "lastname",
    "mail",
    "note",
    "notes",
    "phone",
    "username",
];
/// So is one whose key has a word of each of these.
const WHOSE: [&str; 8] = [
    "billing",
    "company",
    "contact",
    "customer",
    "first",
    "last",
    "recipient",
    "shipping",
];
const WHAT: [&str; 6] = ["city", "company", "name", "postal", "region", "zip"];
/// These keys as they are: a person where they hold a text.
const WHOLE: [&str; 3] = ["customer", "sales_representative", "zip"];
/// Objects with one of these words in their key: all texts in them, save the harmless ones.
const PEOPLE: [&str; 5] = ["address", "buyer", "contact", "customer", "recipient"];
const HARMLESS: [&str; 7] = [
    "amount", "code", "country", "currency", "id", "key", "typename",
];

/// A text shorter than this, or without anything but letters, may stand for something else, too:
/// it is replaced where its key tells, and left alone elsewhere.
const DISTINCT_CHARS: usize = 6;

/// The texts that were replaced, each with what stands for it.
#[derive(Default)]
pub(super) struct Scrub {
    stand_ins: BTreeMap<String, String>,
}

impl Scrub {
    /// Finds what is personal in all that went into a pass, and replaces it there. `resumed` is the
    /// whole pass, so that a text is replaced also before it is known to be personal.
    pub(super) fn clean(&mut self, job: &mut Job, resumed: &mut [Vec<Completion>]) {
        // The first time finds them all.
        for _ in 0..2 {
            if let Mode::Ask(call) | Mode::Act(call) = &mut job.mode {
                self.text(&mut call.arguments);
            }
            for hint in &mut job.hints {
                self.text(&mut hint.body);
            }
            for completion in resumed.iter_mut().flatten() {
                self.answer(&mut completion.answer);
            }
        }
    }

    /// Texts that can only be personal, as they were.
    pub(super) fn originals(&self) -> impl Iterator<Item = &str> {
        let texts = self.stand_ins.keys().map(String::as_str);
        texts.filter(|text| is_distinct(text))
    }

    /// Texts that were replaced.
    pub(super) fn count(&self) -> usize {
        self.stand_ins.len()
    }

    fn answer(&mut self, answer: &mut Answer) {
        match answer {
            Answer::Http(response) => {
                self.text(&mut response.body);
                for (_, value) in &mut response.headers {
                    self.everywhere(value);
                }
            }
            Answer::Lines(lines) => self.everywhere(&mut lines.text),
            Answer::Loaded(values) => values
                .iter_mut()
                .flatten()
                .for_each(|value| self.text(value)),
            Answer::Scanned(entries) => {
                for entry in entries {
                    self.text(&mut entry.value);
                }
            }
            Answer::Committed | Answer::Woke | Answer::Failed(_) => {}
        }
    }

    /// A text that may be JSON. What has nothing personal stays as it is, byte for byte.
    fn text(&mut self, text: &mut String) {
        match serde_json::from_str::<Value>(text) {
            Ok(mut value @ (Value::Object(_) | Value::Array(_))) => {
                if self.value("", false, &mut value) {
                    *text = value.to_string();
                }
            }
            _ => self.everywhere(text),
        }
    }

    /// Whether anything was replaced. `inside`: the value is a part of what is about a person.
    fn value(&mut self, key: &str, inside: bool, value: &mut Value) -> bool {
        match value {
            Value::String(text) => {
                let before = text.clone();
                if is_personal(key, inside) {
                    self.replace(text);
                } else if let Some(query) = query_of(text) {
                    let query = query.to_owned();
                    *text = text.replace(&query, &self.stand_in(&query));
                } else {
                    // JSON within JSON is a text like any other.
                    self.everywhere(text);
                }
                *text != before
            }
            Value::Array(items) => {
                let mut any = false;
                for item in items {
                    any |= self.value(key, inside, item);
                }
                any
            }
            Value::Object(members) => {
                let inside = inside || words(key).any(|word| PEOPLE.contains(&word.as_str()));
                let mut any = false;
                for (key, member) in members {
                    any |= self.value(key, inside, member);
                }
                any
            }
            _ => false,
        }
    }

    fn replace(&mut self, text: &mut String) {
        let is_one = self.stand_ins.values().any(|stand_in| stand_in == text);
        if !is_one && text.chars().any(char::is_alphanumeric) {
            *text = self.stand_in(text);
        }
    }

    fn stand_in(&mut self, text: &str) -> String {
        let number = self.stand_ins.len();
        let made = self.stand_ins.entry(text.to_owned());
        made.or_insert_with(|| shaped_like(text, number)).clone()
    }

    /// Replaces what is known to be personal wherever it stands.
    fn everywhere(&self, text: &mut String) {
        for (original, stand_in) in &self.stand_ins {
            if is_distinct(original) && text.contains(original.as_str()) {
                *text = text.replace(original.as_str(), stand_in);
            }
        }
    }
}

fn is_distinct(text: &str) -> bool {
    text.chars().count() >= DISTINCT_CHARS && !text.chars().all(char::is_alphabetic)
}

fn is_personal(key: &str, inside: bool) -> bool {
    let words: Vec<String> = words(key).collect();
    let has = |some: &[&str]| words.iter().any(|word| some.contains(&word.as_str()));
    has(&PERSONAL)
        || (has(&WHOSE) && has(&WHAT))
        || WHOLE.contains(&key)
        || (inside && !has(&HARMLESS))
}

/// The words of a key: `firstName` and `first_name` are both `first`, `name`.
fn words(key: &str) -> impl Iterator<Item = String> {
    let mut words = vec![String::new()];
    for letter in key.chars() {
        if letter.is_uppercase() || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        if let (true, Some(word)) = (letter.is_alphanumeric(), words.last_mut()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.into_iter().filter(|word| !word.is_empty())
}

/// What is behind the question mark of an address.
fn query_of(text: &str) -> Option<&str> {
    let is_address = text.starts_with("https://") || text.starts_with("http://");
    let (_, query) = text.split_once('?').filter(|_| is_address)?;
    (!query.is_empty()).then_some(query)
}

/// Letters for letters, digits for digits, all else as it is, made from `number` alone.
fn shaped_like(text: &str, number: usize) -> String {
    let mut state = u32::try_from(number).unwrap_or(u32::MAX);
    let mut draw = |of: u8| {
        // Knuth's multiplier and the constant of Numerical Recipes: enough to look mixed.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u8::try_from((state >> 16) % u32::from(of)).unwrap_or(0)
    };
    let stand_in = |letter: char| match letter {
        _ if letter.is_numeric() => char::from(b'0' + draw(10)),
        _ if letter.is_uppercase() => char::from(b'A' + draw(26)),
        _ if letter.is_alphabetic() => char::from(b'a' + draw(26)),
        other => other,
    };
    text.chars().map(stand_in).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_who_is_a_person() {
        for key in [
            "customer_name",
            "shipping_address_1",
            "shippingAddress",
            "firstName",
            "created_by_email",
            "customer_buyer_name",
            "billing_postal_code",
            "order_comments",
            "note",
            "customer",
        ] {
            assert!(is_personal(key, false), "{key}");
        }
        for key in [
            "name",
            "item_name",
            "warehouse_name",
            "city",
            "customer_code",
            "title",
            "sku",
        ] {
            assert!(!is_personal(key, false), "{key}");
        }
    }

    #[test]
    fn a_stand_in_has_the_shape_and_nothing_else_of_a_text() {
        let made = shaped_like("Zoë +33 4", 7);
        assert_eq!(made.chars().count(), 9);
        assert!(made.contains(" +") && !made.contains("Zo"), "{made}");
        assert_eq!(
            shaped_like("Ann +44 9", 7),
            made,
            "made from the number alone"
        );
    }

    #[test]
    fn a_text_is_replaced_wherever_it_stands_and_the_same_each_time() {
        let mut scrub = Scrub::default();
        let mut texts = [
            r#"{"told":"Ada Lovelace was told"}"#.to_owned(),
            r#"{"customer_name":"Ada Lovelace","price":1}"#.to_owned(),
        ];
        for _ in 0..2 {
            texts.iter_mut().for_each(|text| scrub.text(text));
        }
        let stand_in = scrub
            .stand_ins
            .get("Ada Lovelace")
            .cloned()
            .unwrap_or_default();
        assert_eq!(stand_in.len(), 12);
        assert!(
            texts.iter().all(|text| text.contains(&stand_in)),
            "{texts:?}"
        );
        assert_eq!(scrub.count(), 1, "no stand-in for a stand-in");
    }
}
