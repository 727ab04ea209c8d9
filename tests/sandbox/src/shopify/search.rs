//! Shopify's search syntax, as far as clients of an inventory use it: terms joined by spaces,
//! `AND`, `OR`, `NOT` or `-`, with brackets, quotes and comparisons.
//! Source: <https://shopify.dev/docs/api/usage/search-syntax>.

use super::store::Seconds;
use super::time;

/// A search, read.
#[derive(Debug, PartialEq)]
pub(crate) enum Query {
    And(Vec<Query>),
    Or(Vec<Query>),
    Not(Box<Query>),
    Term(Term),
}

/// `field:>=value`
#[derive(Debug, PartialEq)]
pub(crate) struct Term {
    /// Empty for a bare word.
    pub(crate) field: String,
    pub(crate) compare: Compare,
    pub(crate) value: String,
    time: Option<Seconds>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Compare {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Term {
    /// Compares a timestamp with the value. A value that is no timestamp matches nothing.
    pub(crate) fn at(&self, at: Seconds) -> bool {
        self.time.is_some_and(|time| match self.compare {
            Compare::Equal => at == time,
            Compare::Less => at < time,
            Compare::LessOrEqual => at <= time,
            Compare::Greater => at > time,
            Compare::GreaterOrEqual => at >= time,
        })
    }

    /// Whether the value, a number or a comma-separated list of them, names this id.
    /// Comparisons work on ids, which clients use to walk through a catalogue.
    pub(crate) fn id(&self, id: u64) -> bool {
        self.value.split(',').any(|value| {
            let digits = value.trim().rsplit('/').next().unwrap_or_default();
            digits.parse::<u64>().is_ok_and(|value| match self.compare {
                Compare::Equal => id == value,
                Compare::Less => id < value,
                Compare::LessOrEqual => id <= value,
                Compare::Greater => id > value,
                Compare::GreaterOrEqual => id >= value,
            })
        })
    }

    /// Whether the value is this text, or a beginning of it where it ends in `*`; letter case
    /// does not matter.
    pub(crate) fn is(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let value = self.value.to_lowercase();
        match value.strip_suffix('*') {
            Some(beginning) => text.starts_with(beginning),
            None => text == value,
        }
    }

    /// Whether the value is one of these texts or, with commas, several of them are named.
    pub(crate) fn is_one_of(&self, text: &str) -> bool {
        self.value
            .split(',')
            .any(|value| value.trim().eq_ignore_ascii_case(text))
    }
}

impl Query {
    /// Reads a search. An empty one matches everything.
    pub(crate) fn read(text: &str) -> Self {
        let tokens = tokens(text);
        let mut place = 0;
        any(&tokens, &mut place)
    }

    /// Whether a record matches, given how it stands to a single term.
    pub(crate) fn matches(&self, term: &impl Fn(&Term) -> bool) -> bool {
        match self {
            Self::And(queries) => queries.iter().all(|query| query.matches(term)),
            Self::Or(queries) => queries.iter().any(|query| query.matches(term)),
            Self::Not(query) => !query.matches(term),
            Self::Term(one) => term(one),
        }
    }

    /// Takes out terms whose field is not in `known`, as Shopify does, and gives them.
    pub(crate) fn refuse_fields(&mut self, known: &[&str], refused: &mut Vec<(String, String)>) {
        match self {
            Self::And(queries) | Self::Or(queries) => {
                queries.retain(|query| match query {
                    Self::Term(term) if !term.field.is_empty() && !is_known(&term.field, known) => {
                        refused.push((term.field.clone(), term.value.clone()));
                        false
                    }
                    _ => true,
                });
                for query in queries {
                    query.refuse_fields(known, refused);
                }
            }
            Self::Not(query) => query.refuse_fields(known, refused),
            Self::Term(_) => {}
        }
    }
}

/// Whether a field is in the list, which may end names in `*`.
fn is_known(field: &str, known: &[&str]) -> bool {
    known.iter().any(|known| match known.strip_suffix('*') {
        Some(beginning) => field.starts_with(beginning),
        None => field == *known,
    })
}

#[derive(Debug, PartialEq)]
enum Token {
    Open,
    Close,
    Or,
    And,
    Not,
    Term(String),
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(&letter) = letters.peek() {
        match letter {
            _ if letter.is_whitespace() => {
                letters.next();
            }
            '(' | ')' => {
                letters.next();
                tokens.push(if letter == '(' {
                    Token::Open
                } else {
                    Token::Close
                });
            }
            '-' => {
                letters.next();
                tokens.push(Token::Not);
            }
            _ => {
                let mut word = String::new();
                let mut quote = None;
                while let Some(&letter) = letters.peek() {
                    match quote {
                        None if letter.is_whitespace() || letter == '(' || letter == ')' => break,
                        None if letter == '"' || letter == '\'' => quote = Some(letter),
                        Some(open) if letter == open => quote = None,
                        Some(_) if letter == '\\' => {
                            letters.next();
                            word.extend(letters.peek());
                        }
                        _ => word.push(letter),
                    }
                    letters.next();
                }
                tokens.push(match word.as_str() {
                    "OR" => Token::Or,
                    "AND" => Token::And,
                    "NOT" => Token::Not,
                    _ => Token::Term(word),
                });
            }
        }
    }
    tokens
}

fn any(tokens: &[Token], place: &mut usize) -> Query {
    let mut alternatives = vec![all(tokens, place)];
    while tokens.get(*place) == Some(&Token::Or) {
        *place += 1;
        alternatives.push(all(tokens, place));
    }
    match alternatives.pop() {
        Some(only) if alternatives.is_empty() => only,
        Some(last) => {
            alternatives.push(last);
            Query::Or(alternatives)
        }
        None => Query::And(Vec::new()),
    }
}

fn all(tokens: &[Token], place: &mut usize) -> Query {
    let mut queries = Vec::new();
    let mut negated = false;
    while let Some(token) = tokens.get(*place) {
        let query = match token {
            Token::Or | Token::Close => break,
            Token::And => {
                *place += 1;
                continue;
            }
            Token::Not => {
                *place += 1;
                negated = true;
                continue;
            }
            Token::Open => {
                *place += 1;
                let inner = any(tokens, place);
                *place += 1; // the closing bracket, or the end
                inner
            }
            Token::Term(word) => {
                *place += 1;
                Query::Term(term(word))
            }
        };
        queries.push(if negated {
            Query::Not(Box::new(query))
        } else {
            query
        });
        negated = false;
    }
    Query::And(queries)
}

fn term(word: &str) -> Term {
    let (field, value) = match word.split_once(':') {
        Some((field, value)) if !field.is_empty() => (field, value),
        _ => ("", word),
    };
    let (compare, value) = [
        (">=", Compare::GreaterOrEqual),
        ("<=", Compare::LessOrEqual),
        (">", Compare::Greater),
        ("<", Compare::Less),
    ]
    .into_iter()
    .find_map(|(sign, compare)| value.strip_prefix(sign).map(|value| (compare, value)))
    .unwrap_or((Compare::Equal, value));
    Term {
        field: field.to_owned(),
        compare,
        value: value.to_owned(),
        time: time::read(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, sku: &str, updated: &str) -> bool {
        let updated = time::read(updated).unwrap_or_default();
        Query::read(query).matches(&|term| match term.field.as_str() {
            "sku" => term.is(sku),
            "updated_at" => term.at(updated),
            _ => false,
        })
    }

    #[test]
    fn terms_are_joined_as_shopify_joins_them() {
        let at = "2026-11-23T06:00:00Z";
        assert!(check("", "A", at));
        assert!(check("sku:a", "A", at));
        assert!(check("sku:\"A B\"", "A B", at));
        assert!(check(
            "sku:A* updated_at:>='2026-11-23T06:00:00Z'",
            "A1",
            at
        ));
        assert!(!check(
            "sku:A AND updated_at:>2026-11-23T06:00:00Z",
            "A",
            at
        ));
        assert!(check("sku:X OR sku:A", "A", at));
        assert!(check("(sku:X OR sku:A) -sku:B", "A", at));
        assert!(!check("NOT sku:A", "A", at));
    }

    #[test]
    fn an_unknown_field_is_taken_out_and_named() {
        let mut refused = Vec::new();
        let mut query = Query::read("location_id:113884266802");
        query.refuse_fields(&["id"], &mut refused);
        assert_eq!(
            refused,
            [("location_id".to_owned(), "113884266802".to_owned())]
        );
        assert!(query.matches(&|_| false));
    }

    #[test]
    fn ids_may_be_listed() {
        let query = Query::read("product_ids:5,7");
        assert!(query.matches(&|term| term.id(7)));
        assert!(!query.matches(&|term| term.id(6)));
    }
}
