//! JOOR's v4 API: JSON lists in, `{data, errors}` out.

pub(super) mod collections;
pub(super) mod orders;
pub(super) mod products;
pub(super) mod skus;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::call::{Call, Envelope, Failure, answer};
use super::options::{Ids, Options};
use crate::wire::Response;

/// An id of ours in the JSON type that the account uses.
#[derive(Serialize)]
#[serde(untagged)]
enum Id {
    Text(String),
    Number(u64),
}

impl Id {
    fn new(id: u64, options: &Options) -> Self {
        match options.ids {
            Ids::Text => Self::Text(id.to_string()),
            Ids::Number => Self::Number(id),
        }
    }
}

/// An id as a client sends it: a number or the text of one.
#[derive(Deserialize)]
#[serde(untagged)]
enum SentId {
    Text(String),
    Number(u64),
}

impl SentId {
    fn number(&self) -> Option<u64> {
        match self {
            Self::Text(text) => text.parse().ok(),
            Self::Number(number) => Some(*number),
        }
    }
}

/// The part of a list that the call's `page` (from 1) and `page_size` ask for, each entry
/// turned into a row.
fn page<T, R: Serialize>(
    call: &Call<'_>,
    options: &Options,
    list: impl Iterator<Item = T>,
    row: impl Fn(T) -> R,
) -> Response {
    let number = |name: &'static str, absent: usize| match call.param(name) {
        None => Ok(absent),
        Some(text) => text
            .parse()
            .ok()
            .filter(|number| *number >= 1)
            .ok_or_else(|| {
                Failure::new("INVALID", format!("{name} has to be a number from 1.")).answer(400)
            }),
    };
    let (page, size) = match (
        number("page", 1),
        number("page_size", options.page_size_max),
    ) {
        (Ok(page), Ok(size)) => (page, size.min(options.page_size_max)),
        (Err(refusal), _) | (_, Err(refusal)) => return refusal,
    };
    let rows = list.skip((page - 1).saturating_mul(size)).take(size);
    let data = rows.map(row).collect();
    answer(
        200,
        &Envelope {
            data,
            errors: vec![],
        },
    )
}

/// Does one thing for each entry of the list that was sent. Entries that fail stand in
/// `errors`, the others are done all the same.
fn each<I: DeserializeOwned, R: Serialize>(
    call: &Call<'_>,
    mut take: impl FnMut(I) -> Result<R, Failure>,
) -> Response {
    let Ok(list) = serde_json::from_slice::<Vec<serde_json::Value>>(&call.request.body) else {
        return Failure::new("INVALID", "The body has to be a JSON list.").answer(400);
    };
    let (mut data, mut errors) = (vec![], vec![]);
    for entry in list {
        let entry = serde_json::from_value(entry);
        match entry
            .map_err(|why| Failure::new("INVALID", why.to_string()))
            .and_then(&mut take)
        {
            Ok(row) => data.push(row),
            Err(failure) => errors.push(failure),
        }
    }
    let status = if data.is_empty() && !errors.is_empty() {
        400
    } else {
        200
    };
    answer(status, &Envelope { data, errors })
}

/// The value of a comma-separated parameter, or none where it is absent.
fn listed<'a>(call: &'a Call<'_>, name: &str) -> Option<Vec<&'a str>> {
    Some(
        call.param(name)?
            .split(',')
            .map(str::trim)
            .filter(|piece| !piece.is_empty())
            .collect(),
    )
}
