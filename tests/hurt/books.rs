//! The ledger as it lies in the file, held against both services.

use std::collections::BTreeMap;

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::stage::{CONNECTION, Stage};

/// What is stocked in two places and sold on JOOR without conditions.
pub const SKUS: [&str; 9] = [
    "LIN-SND-S",
    "LIN-SND-M",
    "LIN-SND-L",
    "LIN-INK-S",
    "LIN-INK-M",
    "WRP-RST-S",
    "WRP-RST-L",
    "WRP-ECR-S",
    "WRP-ECR-M",
];

/// The locations that feed JOOR; orders are claimed in the first.
pub const PLACES: [&str; 2] = ["Paris", "Lyon"];

/// All keys of the connection, with their values.
#[derive(Debug, PartialEq)]
pub struct Books(BTreeMap<String, Value>);

impl Books {
    pub fn read(stage: &Stage) -> Books {
        let file = Connection::open_with_flags(stage.store(), OpenFlags::SQLITE_OPEN_READ_ONLY);
        let file = file.unwrap();
        let mut select = file
            .prepare("SELECT key, value FROM ledger WHERE connection = ?1")
            .unwrap();
        let rows = select.query_map([CONNECTION], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        });
        let parsed = rows.unwrap().map(|row| {
            let (key, value) = row.unwrap();
            (key, serde_json::from_str(&value).unwrap())
        });
        Books(parsed.collect())
    }

    /// The entries under a prefix, by what follows it.
    pub fn under<'b>(&'b self, prefix: &'b str) -> impl Iterator<Item = (&'b str, &'b Value)> {
        self.0
            .iter()
            .filter_map(move |(key, value)| Some((key.strip_prefix(prefix)?, value)))
    }

    /// The UPC under which JOOR knows a SKU: its variant's id.
    pub fn upc(&self, sku: &str) -> String {
        let owners = self.0.get(&format!("sku/{sku}")).unwrap();
        let variant = owners.pointer("/0/1").expect("one owner of the SKU");
        variant.to_string().trim_matches('"').to_owned()
    }

    /// What is left to do: rows to send, orders under way, claims that are not shown yet.
    pub fn open(&self) -> Vec<&str> {
        let waits = |key: &str| {
            ["todo/", "dirty/", "claim/"]
                .iter()
                .any(|p| key.starts_with(p))
        };
        let settled = |order: &Value| {
            ["created", "cancelled", "released"]
                .contains(&order["state"].as_str().unwrap_or_default())
        };
        let open = self
            .0
            .iter()
            .filter(|(key, value)| waits(key) || key.starts_with("order/") && !settled(value));
        open.map(|(key, _)| key.as_str()).collect()
    }

    /// JOOR shows what the shop holds, of every SKU.
    #[track_caller]
    pub fn stock_agrees(&self, stage: &Stage) {
        for sku in SKUS {
            let upc = self.upc(sku);
            let shown = stage.look(&format!("joor/ats?upc={upc}&warehouse=Default"));
            let held: i64 = PLACES
                .iter()
                .map(|place| available(stage, sku, place))
                .sum();
            assert_eq!(shown["ats"], held.max(0), "{sku}: the shop holds {held}");
        }
    }
}

/// Units of a SKU that can be sold at a location.
pub fn available(stage: &Stage, sku: &str, place: &str) -> i64 {
    let stock = stage.look(&format!("shop/stock?variant={sku}&location={place}"));
    stock["available"].as_i64().unwrap()
}
