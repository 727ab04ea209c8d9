//! Stock messages to JOOR (`bulk-inventory`), and what its answers say of each row.
//!
//! <https://api-docs.jooraccess.com/v2.0/reference/style-inventory-bulk-request>. `overwrite` is
//! never used: it makes what a message leaves out made to order, that is unlimited.

use serde_json::{Value, json};

use crate::core::id::Id;
use crate::core::settings::InventoryBody;
use crate::core::style::{Row, Sku, Stock, Style};

/// One row of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct StockRow {
    /// The style, for the ledger.
    pub product: Id,
    /// The SKU's number, for the ledger.
    pub nr: u32,
    /// What JOOR should show.
    pub row: Row,
    name: Name,
}

/// The two ways to name a SKU in a message.
#[derive(Clone, Debug, PartialEq)]
enum Name {
    Upc(String),
    Traits {
        number: String,
        identifier: String,
        color: String,
        size: String,
    },
}

impl StockRow {
    /// The row that tells JOOR `row` of `sku`.
    pub fn new(product: Id, style: &Style, sku: &Sku, row: &Row) -> Self {
        let name = if sku.upc.is_empty() {
            Name::Traits {
                number: style.number.clone(),
                identifier: product.to_string(),
                color: sku.color.clone(),
                size: sku.size.clone(),
            }
        } else {
            Name::Upc(sku.upc.clone())
        };
        Self {
            product,
            nr: sku.nr,
            row: row.clone(),
            name,
        }
    }

    /// What JOOR's answer echoes of it: for matching, and for people.
    pub fn label(&self) -> String {
        match &self.name {
            Name::Upc(upc) => upc.clone(),
            Name::Traits { color, size, .. } => format!("{color} / {size}"),
        }
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        let mut fields = vec![("warehouse", json!(self.row.warehouse))];
        if let Some(date) = &self.row.date {
            fields.push(("inventory_date", json!(date)));
        }
        match &self.name {
            Name::Upc(upc) => fields.push(("upc", json!(upc))),
            Name::Traits {
                number,
                identifier,
                color,
                size,
            } => fields.extend([
                ("style_number", json!(number)),
                ("style_identifier", json!(identifier)),
                ("color_code", json!(color)),
                ("size", json!(size)),
            ]),
        }
        match self.row.stock {
            Stock::Units(units) => fields.push(("inventory", json!(units))),
            Stock::MadeToOrder => {
                fields.extend([("inventory", json!(0)), ("made_to_order", json!(true))]);
            }
        }
        fields
    }
}

/// A message: its content type and its body.
pub fn encode(rows: &[&StockRow], form: InventoryBody) -> (&'static str, String) {
    let object = |row: &&StockRow| {
        Value::Object(
            row.fields()
                .into_iter()
                .map(|(name, v)| (name.to_owned(), v))
                .collect(),
        )
    };
    match form {
        InventoryBody::Json => {
            let items: Vec<Value> = rows.iter().map(object).collect();
            (
                "application/json",
                json!({ "inventory_items": items }).to_string(),
            )
        }
        InventoryBody::JsonNested => {
            let items: Vec<Value> = rows.iter().map(object).collect();
            (
                "application/json",
                json!({ "inventory_items": { "inventory_item": items } }).to_string(),
            )
        }
        InventoryBody::Xml => ("application/xml", xml(rows)),
    }
}

fn xml(rows: &[&StockRow]) -> String {
    let mut body = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<inventory_items>");
    for row in rows {
        body.push_str("<inventory_item>");
        for (name, value) in row.fields() {
            let text = value.as_str().map_or_else(|| value.to_string(), escape);
            body.push_str(&format!("<{name}>{text}</{name}>"));
        }
        body.push_str("</inventory_item>");
    }
    body.push_str("</inventory_items>");
    body
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // Not allowed in XML 1.0 at all.
            c if c.is_control() && !matches!(c, '\t' | '\n' | '\r') => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// What JOOR's answer says of the rows of a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// All rows were taken. The log id of each, as far as it is told.
    AllTaken(Vec<Option<String>>),
    /// These rows, by index, were not taken, for this reason; the others were.
    SomeRefused(Vec<(usize, String)>),
    /// It does not say which rows were taken.
    Unclear(String),
}

/// Reads the answer to a message of these rows.
pub fn answer(body: &str, rows: &[&StockRow]) -> Answer {
    let value: Value = match serde_json::from_str(body) {
        Ok(value) => value,
        // Any 2xx is JOOR's word that it took the message.
        Err(_) if body.trim().is_empty() => return Answer::AllTaken(vec![None; rows.len()]),
        Err(error) => return Answer::Unclear(format!("its answer is not JSON ({error})")),
    };
    if let Some(code) = value
        .pointer("/response/code")
        .filter(|c| **c != json!(0) && **c != json!("0"))
    {
        let comment = value
            .pointer("/response/comment")
            .and_then(Value::as_str)
            .unwrap_or_default();
        return Answer::Unclear(format!("code {code}: {comment}"));
    }
    let log = log_entries(&value);
    if log.is_empty() {
        let count = value.get("sku_count").and_then(Value::as_u64);
        return match count {
            Some(count) if count < rows.len() as u64 => {
                Answer::Unclear(format!("it took {count} of {} rows", rows.len()))
            }
            _ => Answer::AllTaken(vec![None; rows.len()]),
        };
    }
    match_entries(&log, rows)
}

/// `inventory_log` is a list, or an object around one (`{"inventory": […]}`), or one entry.
fn log_entries(value: &Value) -> Vec<&Value> {
    match value.get("inventory_log") {
        Some(Value::Array(entries)) => entries.iter().collect(),
        Some(Value::Object(object)) => match object.values().find_map(Value::as_array) {
            Some(entries) => entries.iter().collect(),
            None => value.get("inventory_log").into_iter().collect(),
        },
        _ => Vec::new(),
    }
}

fn match_entries(log: &[&Value], rows: &[&StockRow]) -> Answer {
    let ok = |entry: &Value| {
        let status = entry.get("status");
        let text = status
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_lowercase();
        matches!(text.as_str(), "pass" | "passed" | "success" | "ok")
            || status == Some(&json!(true))
    };
    // As many entries as rows stand in their order; the echo must agree where there is one.
    let agrees = |(entry, row): (&&Value, &&StockRow)| {
        let echo = entry.get("sku").and_then(Value::as_str).unwrap_or_default();
        echo.is_empty() || row.label().split(" / ").all(|part| echo.contains(part))
    };
    let ordered = log.len() == rows.len() && (rows.len() == 1 || log.iter().zip(rows).all(agrees));
    if !ordered && log.len() >= rows.len() && log.iter().all(|entry| ok(entry)) {
        // Whichever entry belongs to which row: none was refused.
        return Answer::AllTaken(vec![None; rows.len()]);
    }
    if !ordered {
        return Answer::Unclear("its log does not name the rows that were sent".into());
    }
    let reason = |entry: &Value| {
        let keys = ["message", "error", "comment", "status"];
        keys.iter()
            .find_map(|k| entry.get(k).and_then(Value::as_str))
            .unwrap_or("no reason given")
            .to_owned()
    };
    let refused: Vec<(usize, String)> = log
        .iter()
        .enumerate()
        .filter(|(_, e)| !ok(e))
        .map(|(i, e)| (i, reason(e)))
        .collect();
    if refused.is_empty() {
        let id = |e: &&Value| {
            e.get("inventory_log_id")
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        Answer::AllTaken(log.iter().map(id).collect())
    } else {
        Answer::SomeRefused(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(upc: &str, stock: Stock, date: Option<&str>) -> StockRow {
        let sku = Sku {
            upc: upc.into(),
            ..Sku::default()
        };
        let row = Row {
            warehouse: "East & West".into(),
            date: date.map(str::to_owned),
            stock,
        };
        StockRow::new(Id(7), &Style::default(), &sku, &row)
    }

    #[test]
    fn each_form_says_the_same() {
        let (a, b) = (
            row("1", Stock::Units(3), Some("2027-01-02")),
            row("2", Stock::MadeToOrder, None),
        );
        let rows = [&a, &b];
        let items = r#"[{"inventory":3,"inventory_date":"2027-01-02","upc":"1","warehouse":"East & West"},{"inventory":0,"made_to_order":true,"upc":"2","warehouse":"East & West"}]"#;
        assert_eq!(
            encode(&rows, InventoryBody::Json).1,
            format!(r#"{{"inventory_items":{items}}}"#)
        );
        assert_eq!(
            encode(&rows, InventoryBody::JsonNested).1,
            format!(r#"{{"inventory_items":{{"inventory_item":{items}}}}}"#)
        );
        let xml = encode(&rows[..1], InventoryBody::Xml).1;
        assert!(xml.contains("<warehouse>East &amp; West</warehouse><inventory_date>2027-01-02</inventory_date><upc>1</upc><inventory>3</inventory>"), "{xml}");
    }

    #[test]
    fn a_sku_without_upc_is_named_by_its_traits() {
        let style = Style {
            number: "T-1".into(),
            ..Style::default()
        };
        let sku = Sku {
            color: "NVY".into(),
            size: "M".into(),
            ..Sku::default()
        };
        let row = Row {
            warehouse: "Default".into(),
            date: None,
            stock: Stock::Units(0),
        };
        let row = StockRow::new(Id(7), &style, &sku, &row);
        let body = encode(&[&row], InventoryBody::Json).1;
        assert!(
            body.contains(r#""color_code":"NVY""#) && body.contains(r#""style_identifier":"7""#),
            "{body}"
        );
    }

    #[test]
    fn answers_are_read_row_by_row() {
        let (a, b) = (
            row("1", Stock::Units(3), None),
            row("2", Stock::Units(4), None),
        );
        let rows = [&a, &b];
        let all = r#"{"sku_count":2,"inventory_log":[{"sku":"1","inventory_log_id":"x","status":"pass"},{"sku":"2","inventory_log_id":"y","status":"pass"}]}"#;
        assert_eq!(
            answer(all, &rows),
            Answer::AllTaken(vec![Some("x".into()), Some("y".into())])
        );
        let some = all.replacen("\"status\":\"pass\"", "\"status\":\"fail\"", 1);
        assert_eq!(
            answer(&some, &rows),
            Answer::SomeRefused(vec![(0, "fail".into())])
        );
        assert!(matches!(
            answer(r#"{"sku_count":1}"#, &rows),
            Answer::Unclear(_)
        ));
        assert!(matches!(answer("<html>", &rows), Answer::Unclear(_)));
        assert_eq!(answer("", &rows), Answer::AllTaken(vec![None, None]));
        let strangers = some.replace("\"sku\":\"1\"", "\"sku\":\"9\"");
        assert!(matches!(answer(&strangers, &rows), Answer::Unclear(_)));
    }
}
