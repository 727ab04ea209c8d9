//! The account as a client meets it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod access;
mod catalogue;
mod order_export;
mod order_levers;
mod order_writes;
mod stock;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::*;
use crate::catalogue::Status;

/// Somebody with both credentials.
struct Client {
    account: Account,
    now: Millis,
    token: String,
}

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Value,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl Client {
    /// Signed in to an account with the shirt of [`shirt`] on it.
    fn new(change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options {
            warehouses: vec!["Default".into(), "East".into()],
            ..Options::default()
        };
        change(&mut options);
        let mut account = Account::new(options);
        let linesheets = [
            Linesheet::of_all("All", "480001"),
            Linesheet::made_to_order("Atelier", "atelier"),
        ];
        account.import_styles([shirt()], &linesheets, Upc::VariantId);
        let mut client = Self {
            account,
            now: 1_000_000,
            token: String::new(),
        };
        client.token = client
            .sign_in("application/x-www-form-urlencoded", FORM)
            .body["access_token"]
            .as_str()
            .unwrap()
            .to_owned();
        client
    }

    fn sign_in(&mut self, content_type: &str, body: &str) -> Answer {
        self.send("POST", "/auth/", &[("content-type", content_type)], body)
    }

    fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let owned = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
        let request = Request {
            method: method.into(),
            path: path.into(),
            headers: headers.iter().map(owned).collect(),
            body: body.into(),
        };
        let response = self.account.handle(&request, self.now);
        Answer {
            status: response.status,
            headers: response.headers,
            body: serde_json::from_slice(&response.body).unwrap(),
        }
    }

    fn v4(&mut self, method: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let mark = if path.contains('?') { '&' } else { '?' };
        let path = format!("/v4/{path}{mark}account=1234");
        self.send(
            method,
            &path,
            &[("authorization", &bearer)],
            &body.to_string(),
        )
    }

    fn get(&mut self, path: &str) -> Answer {
        self.v4("GET", path, &Value::Null)
    }

    fn v2(&mut self, method: &str, path: &str, content_type: &str, body: &str) -> Answer {
        let token = format!("OAuth2 {}", BASE64_STANDARD.encode("joor-v2-token"));
        let headers = [
            ("authorization", token.as_str()),
            ("content-type", content_type),
        ];
        self.send(method, &format!("/v2/{path}"), &headers, body)
    }

    /// The orders that v2 gives for these parameters.
    fn export(&mut self, query: &str) -> Answer {
        self.v2("GET", &format!("order/?{query}"), "application/json", "")
    }

    /// One entry of v4's `bulk_update`.
    fn update(&mut self, entry: Value) -> Answer {
        self.v4("POST", "orders/bulk_update", &Value::Array(vec![entry]))
    }

    fn order(&self, id: OrderId) -> OrderView {
        self.account.order(id).unwrap()
    }

    /// Loads rows as flat JSON.
    fn load(&mut self, query: &str, rows: &Value) -> Answer {
        let body = json!({ "inventory_items": rows }).to_string();
        self.v2(
            "POST",
            &format!("bulk-inventory{query}"),
            "application/json",
            &body,
        )
    }

    fn ats(&self, upc: &str) -> Ats {
        self.account.ats(upc, "Default", None)
    }
}

const FORM: &str = "grant_type=password&client_id=joor-client&client_secret=joor-client-secret\
                    &username=sync%40brand.example&password=joor-password";

/// Sand in S and M, Ink in S alone: JOOR makes Ink in M itself.
fn shirt() -> Style {
    let variant = |id, color: &str, size: &str, sku: Option<&str>| StyleVariant {
        id,
        sku: sku.map(Into::into),
        barcode: None,
        options: vec![("Color".into(), color.into()), ("Size".into(), size.into())],
    };
    Style {
        id: 77,
        title: "Shirt".into(),
        tags: vec!["Atelier".into()],
        status: Status::Active,
        variants: vec![
            variant(101, "Sand", "S", Some("SH-1")),
            variant(102, "Sand", "M", None),
            variant(103, "Ink", "S", Some("SH-3")),
        ],
    }
}

/// The ids of the orders in an answer of v2.
fn ids(answer: &Answer) -> Vec<String> {
    let orders = answer.body["orders"].as_array();
    let id = |order: &Value| order["order_id"].as_str().unwrap().to_owned();
    orders.map_or_else(Vec::new, |orders| orders.iter().map(id).collect())
}

fn statuses(answer: &Answer) -> Vec<&str> {
    let log = answer.body["inventory_log"].as_array().unwrap();
    log.iter()
        .map(|entry| entry["status"].as_str().unwrap())
        .collect()
}
