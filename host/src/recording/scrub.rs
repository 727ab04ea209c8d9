//! Personal data of an exported pass, replaced by words of the same shape.
//!
//! Which texts those are is told by the keys of the JSON that crosses: names, addresses, mail,
//! phones, notes of people, and what leads to them, as purchase orders and tracking numbers do. A
//! stand-in is the same each time within one pass, and is made from the order of appearance alone,
//! so that nothing leads back to what it stands for. Addresses of files lose what is behind the
//! question mark, which is what lets one in. An answer that was cut off is treated as far as it
//! goes; of one that is garbled nothing stays but its shape.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::personal::{Kind, has, kind, mails};
use super::values::{Form, Found, form, replaced};
use crate::engine::reconcile::{Answer, Completion, Job, Mode};

/// A text of so many, which are neither all letters nor all digits, stands for nothing else: it is
/// replaced also within other texts.
const DISTINCT_CHARS: usize = 6;
/// One of fewer than these is replaced only where its key tells, any other also as a word.
const WORD_CHARS: usize = 4;

/// What was replaced, and by what.
#[derive(Default)]
pub(super) struct Scrub {
    stand_ins: BTreeMap<String, String>,
    /// The values of `stand_ins`.
    taken: BTreeSet<String>,
    countries: BTreeSet<String>,
    /// Of the `stand_ins`, what is replaced wherever it stands, the longest first.
    anywhere: Vec<String>,
    /// Answers that were garbled.
    garbled: usize,
}

impl Scrub {
    /// Finds what is personal in all that went into a pass, and replaces it there. `resumed` is the
    /// whole pass, so that a text is replaced also before it is known to be personal.
    pub(super) fn clean(&mut self, job: &mut Job, resumed: &mut [Vec<Completion>]) {
        let settings = job.settings.clone();
        self.all(&mut texts(job, resumed), &settings);
    }

    fn all(&mut self, texts: &mut [&mut String], settings: &str) {
        for text in &*texts {
            self.learn(text);
        }
        for text in &*texts {
            self.learn_addresses(text);
        }
        let words = self.stand_ins.keys().filter(|text| is_word(text));
        let mut words: BTreeSet<String> = words.cloned().collect();
        words.retain(|word| !stands_in(word, settings));
        for text in &*texts {
            leave_shared(&mut words, text);
        }
        let distinct = self.stand_ins.keys().filter(|text| is_distinct(text));
        self.anywhere = distinct.cloned().chain(words).collect();
        self.anywhere.sort_by_key(|text| Reverse(text.len()));
        for text in texts {
            self.rewrite(text);
        }
    }

    /// Whether a text that can only be personal stands in the exported `file`.
    pub(super) fn is_left_in(&self, file: &str) -> bool {
        self.anywhere.iter().any(|original| {
            // As it is, and as it is in JSON, and in JSON within JSON.
            let once = escaped(original);
            let twice = escaped(&once);
            let written = BTreeSet::from([original, &once, &twice]);
            written.into_iter().any(|text| stands_in(text, file))
        })
    }

    /// Texts that were replaced.
    pub(super) fn count(&self) -> usize {
        self.stand_ins.len() + self.garbled
    }

    /// Finds what is personal in itself.
    fn learn(&mut self, text: &str) {
        match form(text) {
            Form::Json => each(text, |found, kind| match kind {
                Kind::Person => self.stand_in_for(found.text),
                Kind::Query(query) => self.stand_in_for(query),
                Kind::Address => {}
                Kind::Other => {
                    if found.keys.last().is_some_and(|key| has(key, &["country"])) {
                        self.countries.insert(found.text.to_owned());
                    }
                    self.learn_mail(found.text);
                }
            }),
            Form::Other => self.learn_mail(text),
            Form::Garbled => {}
        }
    }

    fn learn_mail(&mut self, text: &str) {
        for mail in mails(text) {
            self.stand_in_for(mail);
        }
    }

    /// Finds the parts of whole addresses, now that those are known which have a key of their own.
    fn learn_addresses(&mut self, text: &str) {
        if form(text) == Form::Json {
            each(text, |found, kind| {
                if matches!(kind, Kind::Address) {
                    let stand_in = self.address(found.text);
                    let whole = self.stand_ins.entry(found.text.to_owned());
                    whole.or_insert(stand_in);
                }
            });
        }
    }

    /// The parts of an address replaced one by one, as they are where each has a key. The country
    /// at its end stays.
    fn address(&mut self, text: &str) -> String {
        let (mut made, mut rest) = (String::new(), text);
        loop {
            let ends = |part: &&str| {
                let after = rest.strip_prefix(part);
                after.is_some_and(|after| after.is_empty() || after.starts_with(", "))
            };
            let known = self.stand_ins.keys().map(String::as_str).filter(ends);
            let next = rest.split(", ").next().unwrap_or(rest);
            let part = known
                .max_by_key(|part| part.len())
                .unwrap_or(next)
                .to_owned();
            let after = rest.strip_prefix(&part).unwrap_or_default();
            let is_code = part.len() == 2 && part.chars().all(|letter| letter.is_ascii_uppercase());
            if after.is_empty() && (is_code || self.countries.contains(&part)) {
                made.push_str(&part);
            } else {
                made.push_str(&self.stand_in(&part));
            }
            match after.strip_prefix(", ") {
                Some(after) => rest = after,
                None => return made,
            }
            made.push_str(", ");
        }
    }

    /// Replaces all of it. What has nothing personal stays as it is, byte for byte.
    fn rewrite(&mut self, text: &mut String) {
        let other = match form(text) {
            Form::Other => self.everywhere(text),
            Form::Garbled => {
                self.garbled += 1;
                Some(shaped_like(text, self.garbled))
            }
            Form::Json => replaced(text, |found| match kind(found) {
                Kind::Person => Some(self.stand_in(found.text)),
                Kind::Address => Some(self.address(found.text)),
                Kind::Query(query) => {
                    let stand_in = self.stand_in(query);
                    Some(found.text.replace(query, &stand_in))
                }
                Kind::Other if found.is_number => None,
                // JSON within JSON is a text like any other.
                Kind::Other => self.everywhere(found.text),
            }),
        };
        if let Some(other) = other {
            *text = other;
        }
    }

    /// The text with what is known to be personal replaced wherever it stands; none without any.
    fn everywhere(&self, text: &str) -> Option<String> {
        let mut made = None;
        for original in &self.anywhere {
            let text = made.as_deref().unwrap_or(text);
            if let Some(stand_in) = self
                .stand_ins
                .get(original)
                .filter(|_| stands_in(original, text))
            {
                made = Some(exchanged(text, original, stand_in));
            }
        }
        made
    }

    /// Knows from here on what stands for `text`.
    fn stand_in_for(&mut self, text: &str) {
        self.stand_in(text);
    }

    fn stand_in(&mut self, text: &str) -> String {
        let original = text.trim();
        if let Some(known) = self.stand_ins.get(original) {
            return text.replace(original, known);
        }
        if !original.chars().any(char::is_alphanumeric) {
            return text.to_owned();
        }
        // Of few letters there are few texts: none may stand for two others.
        let number = self.stand_ins.len();
        let is_free =
            |made: &String| !self.taken.contains(made) && !self.stand_ins.contains_key(made);
        let mut made = (0..100).map(|turn| shaped_like(original, number + 1_000 * turn));
        let made = made.find(is_free);
        let made = made.unwrap_or_else(|| shaped_like(original, number));
        self.stand_ins.insert(original.to_owned(), made.clone());
        self.taken.insert(made.clone());
        text.replace(original, &made)
    }
}

/// All texts that go into a pass, save its settings.
fn texts<'a>(job: &'a mut Job, resumed: &'a mut [Vec<Completion>]) -> Vec<&'a mut String> {
    let mut texts = Vec::new();
    if let Mode::Ask(call) | Mode::Act(call) = &mut job.mode {
        texts.push(&mut call.arguments);
    }
    texts.extend(job.hints.iter_mut().map(|hint| &mut hint.body));
    for completion in resumed.iter_mut().flatten() {
        match &mut completion.answer {
            Answer::Http(response) => {
                texts.push(&mut response.body);
                texts.extend(response.headers.iter_mut().map(|(_, value)| value));
            }
            Answer::Lines(lines) => texts.push(&mut lines.text),
            Answer::Loaded(values) => texts.extend(values.iter_mut().flatten()),
            Answer::Scanned(entries) => {
                texts.extend(entries.iter_mut().map(|entry| &mut entry.value));
            }
            Answer::Committed | Answer::Woke | Answer::Failed(_) => {}
        }
    }
    texts
}

/// Shows each value of some JSON.
fn each(json: &str, mut show: impl FnMut(&Found<'_>, Kind<'_>)) {
    replaced(json, |found| {
        show(found, kind(found));
        None
    });
}

/// Takes out of `words` those that stand alone where nobody is meant: a town in which there is a
/// warehouse, too.
fn leave_shared(words: &mut BTreeSet<String>, text: &str) {
    if form(text) == Form::Json {
        each(text, |found, kind| {
            if matches!(kind, Kind::Other) {
                let alone = found
                    .text
                    .trim_matches(|letter| !char::is_alphanumeric(letter));
                words.remove(alone);
            }
        });
    }
}

fn is_distinct(text: &str) -> bool {
    let is_plain = text.chars().all(char::is_alphabetic) || text.chars().all(char::is_numeric);
    text.chars().count() >= DISTINCT_CHARS && !is_plain
}

/// Long enough to be looked for as a word.
fn is_word(text: &str) -> bool {
    text.chars().count() >= WORD_CHARS && !is_distinct(text)
}

/// Where `original` stands in `text`; what is not distinct, only as a word of its own, and digits
/// not within a time, an amount or the like.
fn places<'a>(original: &'a str, text: &'a str) -> impl Iterator<Item = usize> + 'a {
    let anywhere = is_distinct(original);
    let is_number = original.chars().all(char::is_numeric);
    let joins = move |next: char, beyond: Option<char>| match next {
        '/' | '_' => is_number,
        '-' | '.' | ':' | '+' => is_number && beyond.is_some_and(char::is_numeric),
        _ => next.is_alphanumeric(),
    };
    let places = text.match_indices(original).map(|(at, _)| at);
    places.filter(move |at| {
        let (before, from) = text.split_at(*at);
        let after = from.strip_prefix(original).unwrap_or_default();
        let (mut before, mut after) = (before.chars().rev(), after.chars());
        let joins_before = before.next().is_some_and(|next| joins(next, before.next()));
        let joins_after = after.next().is_some_and(|next| joins(next, after.next()));
        anywhere || !(joins_before || joins_after)
    })
}

fn stands_in(original: &str, text: &str) -> bool {
    places(original, text).next().is_some()
}

fn exchanged(text: &str, original: &str, other: &str) -> String {
    let (mut made, mut end) = (String::new(), 0);
    for at in places(original, text) {
        made.push_str(text.get(end..at).unwrap_or_default());
        made.push_str(other);
        end = at + original.len();
    }
    made + text.get(end..).unwrap_or_default()
}

/// As it stands between the quotation marks of JSON.
fn escaped(text: &str) -> String {
    Value::from(text).to_string().trim_matches('"').to_owned()
}

/// Letters for letters, digits for digits, all else as it is, made from `number` alone.
fn shaped_like(text: &str, number: usize) -> String {
    let mut state = u32::try_from(number).unwrap_or(u32::MAX);
    let mut draw = |of: u8| {
        // Knuth's multiplier and the constant of Numerical Recipes: enough to look mixed.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u8::try_from((state >> 16) % u32::from(of)).unwrap_or(0)
    };
    // A number stays one, which begins with no naught.
    let is_number = text.chars().all(|letter| letter.is_ascii_digit());
    let stand_in = |(at, letter): (usize, char)| match letter {
        '1'..='9' if is_number && at == 0 => char::from(b'1' + draw(9)),
        _ if letter.is_numeric() => char::from(b'0' + draw(10)),
        _ if letter.is_uppercase() => char::from(b'A' + draw(26)),
        _ if letter.is_alphabetic() => char::from(b'a' + draw(26)),
        other => other,
    };
    text.char_indices().map(stand_in).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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

    /// What becomes of the answers of a pass.
    fn scrubbed<const N: usize>(bodies: [&str; N]) -> ([String; N], Scrub) {
        let mut texts = bodies.map(str::to_owned);
        let mut scrub = Scrub::default();
        scrub.all(
            &mut texts.iter_mut().collect::<Vec<_>>(),
            r#"{"warehouses":["Lyon"]}"#,
        );
        (texts, scrub)
    }

    fn stand_in(scrub: &Scrub, original: &str) -> String {
        let known = scrub.stand_ins.get(original).cloned();
        known.expect("it is known to be personal")
    }

    #[test]
    fn a_text_is_replaced_wherever_it_stands_and_the_same_each_time() {
        let (texts, scrub) = scrubbed([
            r#"{"told":"Ada Lovelace was told"}"#,
            r#"{"customer_name":"Ada Lovelace","price":1}"#,
        ]);
        let stand_in = stand_in(&scrub, "Ada Lovelace");
        assert_eq!(stand_in.len(), 12);
        assert!(
            texts.iter().all(|text| text.contains(&stand_in)),
            "{texts:?}"
        );
        assert_eq!(scrub.count(), 1, "no stand-in for a stand-in");
    }

    #[test]
    fn an_address_in_one_text_is_replaced_as_its_parts_are() {
        let (texts, scrub) = scrubbed([
            r#"{"facts":[["ship to","Jo, 1, rue X, Nice, 06000, FR"],["total","12.00"]]}"#,
            r#"{"shipping_name":"Jo","shipping_address_1":"1, rue X","shipping_city":"Nice","shipping_postal_code":"06000","shipping_country":"FR"}"#,
            r#"{"reason":"ship to: \"Jo, 1, rue X, Nice, 06000, FR\" became \"Al, Nice, 06000, FR\". It was 06000."}"#,
        ]);
        let of = |original| stand_in(&scrub, original);
        let parts = ["Jo", "1, rue X", "Nice", "06000"].map(of).join(", ");
        assert_eq!(
            texts.first().map(String::as_str),
            Some(&*format!(
                r#"{{"facts":[["ship to","{parts}, FR"],["total","12.00"]]}}"#
            ))
        );
        for text in texts {
            assert!(!text.contains("Nice") && !text.contains("06000"), "{text}");
        }
    }

    #[test]
    fn an_address_whose_parts_nothing_else_tells_is_replaced_all_the_same() {
        let (texts, _) = scrubbed([r#"[["ship to","Jo Doe, Nice, 06000, FR"]]"#]);
        let [text] = texts;
        for gone in ["Jo", "Doe", "Nice", "06000"] {
            assert!(!text.contains(gone), "{text}");
        }
        assert!(text.ends_with(r#", FR"]]"#), "{text}");
    }

    #[test]
    fn what_stands_for_something_else_too_is_replaced_only_where_its_key_tells() {
        let (texts, scrub) = scrubbed([
            r#"{"customer_city":"Lyon","customer_zip":6900,"purchase_order":"1001"}"#,
            r##"{"location":"Lyon","name":"#1001","day":"6900-01-01","units":[12,6900]}"##,
        ]);
        let [of_a_person, of_nobody] = texts;
        assert!(
            !of_a_person.contains("Lyon") && !of_a_person.contains("1001"),
            "{of_a_person}"
        );
        assert!(
            serde_json::from_str::<Value>(&of_a_person).is_ok(),
            "{of_a_person}"
        );
        assert!(
            of_nobody.contains("Lyon") && of_nobody.contains("#1001"),
            "{of_nobody}"
        );
        assert!(!scrub.is_left_in(&of_nobody));
    }

    #[test]
    fn an_answer_that_was_cut_is_replaced_as_far_as_it_goes() {
        let whole = r#"{"orders":[{"customer_name":"Ada Lovelace","zip":69001,"tracking":["JD-1","JD-2"],"note":"Ring \"twice\"."}]}"#;
        for (cut, _) in whole.char_indices().skip(1) {
            let cut = whole.get(..cut).expect("a boundary");
            let ([text], _) = scrubbed([cut]);
            let personal = ["Ada", "Lovelace", "6900", "JD-", "Ring", "twice"];
            let left = personal.iter().find(|personal| text.contains(**personal));
            assert_eq!(left, None, "{text}");
            assert!(form(&text) == Form::Json, "{text}");
        }
    }

    #[test]
    fn of_a_garbled_answer_nothing_stays_but_its_shape() {
        let garbled = r#"{"a":"x,"customer_name":"Ada Lovelace"}"#;
        let ([text], scrub) = scrubbed([garbled]);
        assert!(
            !text.contains("Ada") && !text.contains("customer"),
            "{text}"
        );
        assert_eq!((text.len(), scrub.count()), (garbled.len(), 1));
        assert!(
            text.starts_with(r#"{""#) && text.ends_with(r#""}"#),
            "{text}"
        );
    }
}
