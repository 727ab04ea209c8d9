//! JOOR's orders: its v2 export, which has the lines, and what it is told about them in v4.
//!
//! Fields and their quirks as in <https://api-docs.jooraccess.com/v2.0/reference/get-orders>:
//! empty collections arrive as `""`, numbers as texts, and the type codes in a body are not those
//! of the query, so a type is never read from a body.

use serde::Serialize;
use serde_json::Value;

use super::client::{Joor, Sent, encode, unexpected};
use crate::core::order::{Address, Line, Order};
use crate::core::time::{Millis, parse_loosely, rfc3339};
use crate::halt::Halt;

/// Orders in one page; JOOR's own default.
const PAGE: u64 = 50;

/// Changes in one message.
pub const UPDATES_MAX: usize = 50;

/// Which orders to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which<'o> {
    /// Approved, and not exported (a failed export counts) or modified since.
    ToTakeOver,
    /// Cancelled, and modified between these moments.
    Cancelled {
        /// From.
        since: Millis,
        /// To.
        until: Millis,
    },
    /// The one with this id, whatever became of it.
    One(&'o str),
    /// Approved, exported or not, and modified between these moments.
    Approved {
        /// From.
        since: Millis,
        /// To.
        until: Millis,
    },
}

/// A page of orders.
#[derive(Debug, Default)]
pub struct Page {
    /// The orders that could be read.
    pub orders: Vec<Order>,
    /// Objects without an id.
    pub unreadable: u64,
    /// Where the next page begins.
    pub next: Option<u64>,
}

/// Reads a page of orders without marking them (`sync=0`; JOOR's default would mark what it
/// shows as exported, and an order that is lost after that is lost).
///
/// # Errors
/// As [`Joor::page`].
pub async fn read(joor: &Joor, which: Which<'_>, start: u64) -> Result<Page, Halt> {
    let modified = |kind: u8, since, until| {
        let (since, until) = (encode(&moment(since)), encode(&moment(until)));
        format!("order_type={kind}&export_status=1&date_start={since}&date_end={until}")
    };
    let filter = match which {
        Which::ToTakeOver => "order_type=6&export_status=5".to_owned(),
        Which::One(id) => format!("order_type=8&export_status=1&order_id={}", encode(id)),
        Which::Cancelled { since, until } => modified(5, since, until),
        Which::Approved { since, until } => modified(6, since, until),
    };
    let path = format!("/order/?sync=0&check=0&{filter}&start_from={start}&count={PAGE}");
    page(&joor.read_v2(&path).await?, start)
}

/// Marks an order as exported by reading it (`sync=1`), for accounts whose v4 API does not take
/// an export status.
///
/// # Errors
/// As [`Joor::page`].
pub async fn mark_by_reading(joor: &Joor, id: &str) -> Result<(), Halt> {
    let path = format!(
        "/order/?sync=1&check=0&order_type=8&export_status=1&order_id={}",
        encode(id)
    );
    page(&joor.read_and_mark_v2(&path).await?, 0).map(|_| ())
}

/// A change to tell JOOR.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Update {
    /// JOOR's id of the order.
    pub id: String,
    /// `SUCCESS` or `FAILED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub export_status: Option<&'static str>,
    /// What the account manager reads beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub export_description: Option<String>,
    /// `SHIPPED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'static str>,
    /// Tracking numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
}

impl Update {
    /// The order is in Shopify, or why it is not.
    pub fn export(id: &str, exported: bool, words: &str) -> Self {
        Self {
            id: id.to_owned(),
            export_status: Some(if exported { "SUCCESS" } else { "FAILED" }),
            export_description: Some(words.to_owned()),
            status: None,
            tracking_number: None,
        }
    }

    /// The order is shipped, wholly or in part.
    pub fn shipped(id: &str, wholly: bool, tracking: Option<String>) -> Self {
        Self {
            id: id.to_owned(),
            export_status: None,
            export_description: None,
            status: wholly.then_some("SHIPPED"),
            tracking_number: tracking,
        }
    }
}

/// Tells JOOR up to [`UPDATES_MAX`] changes: for each, none where it was taken, else why not.
///
/// # Errors
/// As [`Joor::send_stock`].
pub async fn update(joor: &Joor, updates: &[Update]) -> Result<Vec<Option<String>>, Halt> {
    let body = serde_json::to_string(updates).unwrap_or_default();
    let key = updates
        .iter()
        .map(|update| update.id.as_str())
        .collect::<Vec<_>>()
        .join(",");
    match joor.update_orders(&body, &format!("orders:{key}")).await? {
        Sent::Taken(body) => Ok(fates(updates, &body)),
        Sent::Refused { status, body } => {
            let fates = fates(updates, &body);
            if fates.iter().any(Option::is_some) {
                return Ok(fates);
            }
            let why = format!("status {status}: {}", crate::http::excerpt(&body));
            Ok(updates.iter().map(|_| Some(why.clone())).collect())
        }
        Sent::TooMuch(why) => Ok(updates.iter().map(|_| Some(why.clone())).collect()),
    }
}

/// What became of each change. An answer that does not name an order in `data` did not take it.
fn fates(updates: &[Update], body: &str) -> Vec<Option<String>> {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    let list = |key: &str| {
        value
            .get(key)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let (data, errors) = (list("data"), list("errors"));
    let taken: Vec<String> = data.iter().map(|order| text(order, "id")).collect();
    let refusal = |id: &str| {
        let about = |error: &&Value| {
            let details = error.get("details").unwrap_or(&Value::Null);
            [
                text(details, "id"),
                text(details, "order_id"),
                text(error, "id"),
            ]
            .iter()
            .any(|named| named == id)
        };
        let error = errors.iter().find(about).or_else(|| errors.first());
        error.map(|error| {
            format!("{} {}", text(error, "status"), text(error, "message"))
                .trim()
                .to_owned()
        })
    };
    let fate = |update: &Update| {
        if taken.contains(&update.id) || (data.len() == updates.len() && errors.is_empty()) {
            return None;
        }
        Some(refusal(&update.id).unwrap_or_else(|| "JOOR's answer does not name the order".into()))
    };
    updates.iter().map(fate).collect()
}

/// `2026-11-23T06:10:17.0Z`, the form that the export asks for.
fn moment(at: Millis) -> String {
    rfc3339(at).replace('Z', ".0Z")
}

fn page(body: &str, start: u64) -> Result<Page, Halt> {
    let value: Value =
        serde_json::from_str(body).map_err(|e| unexpected("order", &e.to_string()))?;
    let response = value.get("response").unwrap_or(&Value::Null);
    let code = text(response, "code");
    if !matches!(code.as_str(), "" | "0") {
        let why = format!("it reports the code {code}: {}", text(response, "comment"));
        return Err(unexpected("order", &why));
    }
    let Some(orders) = value.get("orders") else {
        return Err(unexpected("order", "it has no list `orders`"));
    };
    let mut page = Page::default();
    for value in entries(orders, "order") {
        match order(value) {
            Some(order) => page.orders.push(order),
            None => page.unreadable += 1,
        }
    }
    // A next page that is not further on would be read for ever.
    page.next = text(response, "next_start")
        .parse()
        .ok()
        .filter(|next| *next > start);
    Ok(page)
}

/// The entries of a collection: a list, a list below its entry's name, one entry, or nothing
/// written as `""`.
fn entries<'v>(value: &'v Value, entry: &str) -> Vec<&'v Value> {
    match value {
        Value::Array(list) => list.iter().collect(),
        Value::Object(object) => match object.get(entry) {
            Some(inner) => entries(inner, entry),
            None => vec![value],
        },
        _ => Vec::new(),
    }
}

/// Reads an order. None: it has no id.
fn order(value: &Value) -> Option<Order> {
    let of = |key: &str| text(value, key);
    let order = Order {
        id: of("order_id"),
        linesheet_code: of("order_delivery_code"),
        linesheet_name: of("order_delivery_name"),
        customer_code: of("customer_code"),
        customer_name: of("customer_name"),
        buyer: of("customer_buyer_name"),
        email: of("shipping_email"),
        purchase_order: of("customer_purchase_order"),
        comments: of("order_comments"),
        season: of("order_season_code"),
        sales_representative: of("sales_representative"),
        ship_start: of("date_ship_start"),
        ship_end: of("date_ship_end"),
        shipping_address: address(value, "shipping"),
        billing_address: address(value, "billing"),
        currency: of("order_currency"),
        total: of("order_total"),
        discount: of("order_discount"),
        discount_percent: of("order_discount_percent"),
        shipping_total: of("order_shipping_total"),
        placed_at: parse_loosely(&of("date_created")),
        approved_at: parse_loosely(&of("date_approved")),
        modified_at: parse_loosely(&of("date_modified")),
        lines: value
            .get("line_items")
            .map(|lines| entries(lines, "line_item").into_iter().map(line).collect())
            .unwrap_or_default(),
    };
    (!order.id.is_empty()).then_some(order)
}

fn address(value: &Value, prefix: &str) -> Address {
    let of = |key: &str| text(value, &format!("{prefix}_{key}"));
    let country = of("country_iso_two");
    Address {
        name: of("name"),
        line1: of("address_1"),
        line2: of("address_2"),
        city: of("city"),
        region: of("region"),
        postal_code: of("postal_code"),
        country: if country.is_empty() {
            of("country")
        } else {
            country
        },
        phone: of("phone"),
    }
}

fn line(value: &Value) -> Line {
    let of = |key: &str| text(value, key);
    let name = Some(of("item_name"))
        .filter(|t| !t.is_empty())
        .unwrap_or_else(|| of("item_number"));
    let label = [name, of("item_color"), of("item_size")];
    let label: Vec<String> = label.into_iter().filter(|t| !t.is_empty()).collect();
    Line {
        upc: of("item_upc"),
        label: label.join(", "),
        units: of("item_quantity"),
        multiplier: of("item_multiplier"),
        price: of("item_price"),
        extended: of("item_price_extended"),
        comment: of("item_comment"),
    }
}

/// A text or a number as a text; anything else is empty.
fn text(value: &Value, key: &str) -> String {
    match value.get(key) {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_export_is_an_empty_text() {
        let body = r#"{"response":{"code":0,"comment":"","start_from":0,"next_start":"","count":0},"orders":""}"#;
        let page = page(body, 0).expect("a page");
        assert!(page.orders.is_empty() && page.next.is_none());
    }

    #[test]
    fn numbers_are_texts_and_texts_are_numbers() {
        let body = r#"{"response":{"code":"0","next_start":"50"},"orders":[
            {"order_id":50001,"order_total":"12.50","order_delivery_code":"SS27","order_doors":"",
             "line_items":[{"item_upc":123,"item_quantity":"2","item_price":6.25,"item_name":"Tee","item_size":"M"}]},
            {"order_total":"1"}]}"#;
        let page = page(body, 0).expect("a page");
        assert_eq!((page.next, page.unreadable), (Some(50), 1));
        let order = page.orders.first().expect("an order");
        assert_eq!(
            (&*order.id, &*order.total, &*order.linesheet_code),
            ("50001", "12.50", "SS27")
        );
        let line = order.lines.first().expect("a line");
        assert_eq!(
            (&*line.upc, &*line.units, &*line.price, &*line.label),
            ("123", "2", "6.25", "Tee, M")
        );
    }

    #[test]
    fn lines_come_as_a_list_as_one_or_not_at_all() {
        for (lines, many) in [
            (r#""""#, 0),
            ("null", 0),
            ("[]", 0),
            (r#"{"item_upc":"1"}"#, 1),
            (r#"{"line_item":[{"item_upc":"1"},{"item_upc":"2"}]}"#, 2),
        ] {
            let body = format!(
                r#"{{"response":{{"code":0}},"orders":[{{"order_id":"1","line_items":{lines}}}]}}"#
            );
            let page = page(&body, 0).expect("a page");
            assert_eq!(
                page.orders.first().map(|order| order.lines.len()),
                Some(many),
                "{lines}"
            );
        }
    }

    #[test]
    fn an_answer_that_is_no_export_fails_the_reading() {
        for body in [
            "",
            "[]",
            "{}",
            r#"{"response":{"code":7,"comment":"no"},"orders":[]}"#,
        ] {
            assert!(page(body, 0).is_err(), "{body}");
        }
        let circle = r#"{"response":{"code":0,"next_start":50},"orders":[]}"#;
        assert_eq!(page(circle, 50).expect("a page").next, None);
    }

    #[test]
    fn each_change_learns_its_own_fate() {
        let updates = [
            Update::export("1", true, ""),
            Update::export("2", false, "short"),
        ];
        let taken = r#"{"data":[{"id":1},{"id":"2"}],"errors":[]}"#;
        assert_eq!(fates(&updates, taken), [None, None]);
        let half = r#"{"data":[{"id":1}],"errors":[{"status":"NOT_FOUND","message":"No order.","details":{"id":"2"}}]}"#;
        assert_eq!(
            fates(&updates, half),
            [None, Some("NOT_FOUND No order.".into())]
        );
        assert!(fates(&updates, "<html>").iter().all(Option::is_some));
    }
}
