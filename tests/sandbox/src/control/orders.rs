//! `/sandbox/joor/…`: what buyers and the brand's people do with orders.

use serde::Deserialize;
use serde_json::{Map, Number, Value, json};

use crate::Sandbox;
use crate::joor::money;
use crate::joor::{Discount, NewOrder, OrderId, OrderLine};
use crate::wire::{Millis, Request};

/// `POST /sandbox/joor/{name}` with the fields as JSON. Orders are named by JOOR's id.
#[derive(Debug, Deserialize)]
#[serde(tag = "lever", deny_unknown_fields)]
enum Lever {
    #[serde(rename = "place-order")]
    Place(Box<Placed>),
    #[serde(rename = "approve-order")]
    Approve { order: u64 },
    #[serde(rename = "cancel-order")]
    Cancel { order: u64 },
    #[serde(rename = "change-order")]
    Change {
        order: u64,
        /// Counted from 0.
        line: Option<usize>,
        units: Option<i64>,
        comments: Option<String>,
        purchase_order: Option<String>,
        warehouse: Option<String>,
    },
    #[serde(rename = "ship-order")]
    Ship {
        order: u64,
        tracking_number: Option<String>,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Placed {
    linesheet: String,
    #[serde(default)]
    lines: Vec<PlacedLine>,
    #[serde(default)]
    approved: bool,
    customer_code: Option<String>,
    customer_name: Option<String>,
    buyer_name: Option<String>,
    buyer_email: Option<String>,
    purchase_order: Option<String>,
    comments: Option<String>,
    currency: Option<String>,
    warehouse: Option<String>,
    ship_start: Option<String>,
    ship_end: Option<String>,
    discount: Option<Amount>,
    discount_percent: Option<Amount>,
    shipping_total: Option<Amount>,
    /// What v2 tells instead, by the names of its fields.
    #[serde(default)]
    raw: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlacedLine {
    upc: Option<String>,
    units: i64,
    price: Amount,
    multiplier: Option<i64>,
    comment: Option<String>,
    #[serde(default)]
    raw: Map<String, Value>,
}

/// A decimal amount: `"45.00"` or `45`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Amount {
    Text(String),
    Number(Number),
}

impl Amount {
    fn minor(&self, field: &str, decimals: usize) -> Result<i64, String> {
        let text = match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
        };
        money::minor(&text, decimals)
            .ok_or_else(|| format!("{field}: \"{text}\" is no amount with {decimals} decimals"))
    }
}

/// `GET /sandbox/joor/orders`, or one with `?order=50001`.
pub(super) fn list(sandbox: &Sandbox, request: &Request) -> Result<Value, String> {
    let told = match request.query("order") {
        None => serde_json::to_value(sandbox.joor.orders().collect::<Vec<_>>()),
        Some(text) => {
            let number = text
                .parse()
                .map_err(|_| format!("order is a number, not \"{text}\""))?;
            let order = sandbox.joor.order(OrderId::new(number));
            serde_json::to_value(order.ok_or_else(|| format!("JOOR has no order {number}"))?)
        }
    };
    told.map_err(|error| error.to_string())
}

pub(super) fn pull(
    sandbox: &mut Sandbox,
    name: &str,
    body: &[u8],
    now: Millis,
) -> Result<Value, String> {
    let joor = &mut sandbox.joor;
    let pulled = match super::lever(name, body)? {
        Lever::Place(placed) => {
            let id = joor.place_order(placed.order()?, now);
            return Ok(json!({ "done": true, "id": id }));
        }
        Lever::Approve { order } => joor.approve_order(OrderId::new(order), now),
        Lever::Cancel { order } => joor.cancel_order(OrderId::new(order), now),
        Lever::Ship {
            order,
            tracking_number,
        } => joor.ship_order(OrderId::new(order), tracking_number.as_deref(), now),
        Lever::Change {
            order,
            line,
            units,
            comments,
            purchase_order,
            warehouse,
        } => {
            let id = OrderId::new(order);
            let known = joor
                .order(id)
                .ok_or_else(|| format!("JOOR has no order {id}"))?;
            let line = match (line, units) {
                (Some(line), Some(_)) if line < known.content.lines.len() => line,
                (None, None) => 0,
                (Some(line), Some(_)) => return Err(format!("order {id} has no line {line}")),
                _ => return Err("line and units need each other".to_owned()),
            };
            let change = |order: &mut NewOrder| {
                if let (Some(line), Some(units)) = (order.lines.get_mut(line), units) {
                    line.quantity = units;
                }
                set(&mut order.comments, comments);
                set(&mut order.purchase_order, purchase_order);
                set(&mut order.warehouse, warehouse);
            };
            joor.change_order(id, change, now)
        }
    };
    pulled.map_err(|error| error.to_string())?;
    Ok(json!({ "done": true }))
}

impl Placed {
    fn order(self) -> Result<NewOrder, String> {
        let mut order = NewOrder::of(&self.linesheet);
        if self.approved {
            order = order.approved();
        }
        if let Some(currency) = &self.currency {
            order = order.currency(currency);
        }
        let decimals = money::decimals(&order.currency);
        set(&mut order.customer_code, self.customer_code);
        set(&mut order.customer_name, self.customer_name);
        set(&mut order.buyer_name, self.buyer_name);
        set(&mut order.buyer_email, self.buyer_email);
        set(&mut order.purchase_order, self.purchase_order);
        set(&mut order.comments, self.comments);
        set(&mut order.warehouse, self.warehouse);
        set(&mut order.ship_start, self.ship_start);
        set(&mut order.ship_end, self.ship_end);
        if let Some(amount) = &self.discount {
            order.discount = Discount::Amount(amount.minor("discount", decimals)?);
        }
        if let Some(percent) = &self.discount_percent {
            let hundredths = u32::try_from(percent.minor("discount_percent", 2)?);
            let hundredths = hundredths.map_err(|_| "discount_percent is from 0")?;
            order.discount = Discount::Percent(hundredths);
        }
        if let Some(amount) = &self.shipping_total {
            order.shipping_total = amount.minor("shipping_total", decimals)?;
        }
        for (field, value) in self.raw {
            order = order.raw(&field, value);
        }
        for (at, placed) in self.lines.into_iter().enumerate() {
            let price = placed.price.minor("price", decimals)?;
            let mut line = OrderLine::without_upc(placed.units, price);
            line.upc = placed.upc;
            line.comment = placed.comment;
            line.multiplier = placed.multiplier.unwrap_or(1);
            order = order.with_line(line);
            for (field, value) in placed.raw {
                order = order.raw_line(at, &field, value);
            }
        }
        Ok(order)
    }
}

/// Changes what was given.
fn set<T>(field: &mut Option<T>, given: Option<T>) {
    if given.is_some() {
        *field = given;
    }
}

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]
mod tests {
    use super::*;
    use crate::Options;
    use crate::wire::{Reply, Side};

    fn send(sandbox: &mut Sandbox, method: &str, path: &str, body: &str) -> (u16, Value) {
        let request = Request {
            method: method.into(),
            path: format!("/sandbox/joor/{path}"),
            body: body.into(),
            ..Request::default()
        };
        match sandbox.handle(Side::Joor, &request, 1_000) {
            Reply::Answer(response) => (
                response.status,
                serde_json::from_slice(&response.body).unwrap(),
            ),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_order_is_placed_and_led_to_its_end() {
        let mut sandbox = Sandbox::new(Options::default());
        let placed = send(
            &mut sandbox,
            "POST",
            "place-order",
            r#"{"linesheet":"SS27","currency":"KWD","purchase_order":"PO-7","discount_percent":"12.5",
                "shipping_total":2,"raw":{"order_source":null},
                "lines":[{"upc":"101","units":3,"price":"4.250","multiplier":2},
                         {"units":1,"price":1.5,"comment":"gift","raw":{"item_price":"ten"}}]}"#,
        );
        assert_eq!(placed, (200, json!({ "done": true, "id": 50_001 })));
        for (name, body) in [
            ("approve-order", r#"{"order":50001}"#),
            (
                "change-order",
                r#"{"order":50001,"line":0,"units":1,"comments":"Fewer","warehouse":"Default"}"#,
            ),
            ("ship-order", r#"{"order":50001,"tracking_number":"1Z-9"}"#),
        ] {
            let (status, body) = send(&mut sandbox, "POST", name, body);
            assert_eq!((status, body), (200, json!({ "done": true })), "{name}");
        }
        let (_, orders) = send(&mut sandbox, "GET", "orders", "");
        let (_, order) = send(&mut sandbox, "GET", "orders?order=50001", "");
        assert_eq!(orders, json!([order]));
        assert_eq!(order["status"], json!("SHIPPED"));
        assert_eq!(order["tracking_number"], json!("1Z-9"));
        // 8.500 and 1.500, less an eighth, and shipping.
        assert_eq!(order["total"], json!("10.750"));
        assert_eq!(order["content"]["purchase_order"], json!("PO-7"));
        assert_eq!(order["content"]["comments"], json!("Fewer"));
        let (status, _) = send(&mut sandbox, "POST", "cancel-order", r#"{"order":50001}"#);
        assert_eq!(status, 200);
        let (_, order) = send(&mut sandbox, "GET", "orders?order=50001", "");
        assert_eq!(order["status"], json!("CANCELLED"));
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        let mut sandbox = Sandbox::new(Options::default());
        let order = NewOrder::of("SS27").line("101", 1, 1_00);
        sandbox.joor.place_order(order, 0);
        for (name, body, why) in [
            ("ship-order", r#"{"order":7}"#, "JOOR has no order 7"),
            (
                "change-order",
                r#"{"order":50001,"line":1,"units":2}"#,
                "order 50001 has no line 1",
            ),
            (
                "change-order",
                r#"{"order":50001,"units":2}"#,
                "line and units need each other",
            ),
            (
                "place-order",
                r#"{"linesheet":"SS27","lines":[{"upc":"101","units":1,"price":"ten"}]}"#,
                "price: \"ten\" is no amount with 2 decimals",
            ),
        ] {
            let answer = send(&mut sandbox, "POST", name, body);
            assert_eq!(answer, (400, json!({ "error": why })));
        }
        for (name, body) in [
            ("place-order", r#"{"linesheet":"SS27","line":[]}"#),
            ("approve-order", r#"{"id":50001}"#),
            ("burn-order", r#"{"order":50001}"#),
        ] {
            let (status, answer) = send(&mut sandbox, "POST", name, body);
            assert_eq!(status, 400, "{name}");
            assert!(
                answer["error"].as_str().unwrap().contains("unknown"),
                "{answer}"
            );
        }
        let (status, _) = send(&mut sandbox, "GET", "orders?order=none", "");
        assert_eq!(status, 400);
    }
}
