//! Which values are about people, told by the keys that lead to them.

use super::values::Found;

/// A text with one of these words in its key is about a person.
const PERSONAL: [&str; 18] = [
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
    "po",
    "purchase",
    "tracking",
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
const PEOPLE: [&str; 6] = [
    "address",
    "buyer",
    "contact",
    "customer",
    "recipient",
    "tracking",
];
const HARMLESS: [&str; 7] = [
    "amount", "code", "country", "currency", "id", "key", "typename",
];

/// What a value is.
pub(super) enum Kind<'a> {
    /// About a person.
    Person,
    /// A whole address, in parts with commas between them.
    Address,
    /// An address of a file, of which this lets one in.
    Query(&'a str),
    Other,
}

/// What this value is.
pub(super) fn kind<'a>(found: &Found<'a>) -> Kind<'a> {
    let (key, above) = match found.keys.split_last() {
        Some((key, above)) => (Some(key.as_str()), above),
        None => (None, found.keys),
    };
    let keys = || found.first.into_iter().chain(key);
    let inside = above.iter().any(|key| has(key, &PEOPLE));
    if found.is_number {
        // An amount within what is about a person says nothing of them.
        let tells = |key| is_personal(key, false) || (inside && has(key, &WHAT));
        return if keys().any(tells) {
            Kind::Person
        } else {
            Kind::Other
        };
    }
    if keys().any(|key| has(key, &["ship"]) && has(key, &["to"])) {
        return Kind::Address;
    }
    if keys().any(|key| is_personal(key, inside)) {
        return Kind::Person;
    }
    query_of(found.text).map_or(Kind::Other, Kind::Query)
}

/// Addresses of mail, in whatever text.
pub(super) fn mails(text: &str) -> impl Iterator<Item = &str> {
    let is_of_one = |letter: char| letter.is_alphanumeric() || "@._%+-".contains(letter);
    let words = text
        .split(move |letter| !is_of_one(letter))
        .map(|word| word.trim_matches('.'));
    words.filter(|word| {
        let host = word.split_once('@').filter(|(who, _)| !who.is_empty());
        let top = host.and_then(|(_, host)| host.rsplit_once('.'));
        top.is_some_and(|(_, top)| top.len() >= 2 && top.chars().all(char::is_alphabetic))
    })
}

fn is_personal(key: &str, inside: bool) -> bool {
    has(key, &PERSONAL)
        || (has(key, &WHOSE) && has(key, &WHAT))
        || WHOLE.contains(&key)
        || (inside && !has(key, &HARMLESS))
}

/// Whether a key has one of these words.
pub(super) fn has(key: &str, some: &[&str]) -> bool {
    words(key).any(|word| some.contains(&word.as_str()))
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
            "customer_purchase_order",
            "po_number",
            "tracking",
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
    fn an_address_of_mail_is_found_in_whatever_text() {
        let text = "Told <ann.roux+b2b@mail.canut.example>. 2 units@45.00, ann@home, @x.yz";
        let found: Vec<&str> = mails(text).collect();
        assert_eq!(found, ["ann.roux+b2b@mail.canut.example"]);
    }
}
