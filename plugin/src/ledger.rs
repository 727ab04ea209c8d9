//! The ledger: what a connection remembers, as plain keys with JSON values.
//!
//! | key | value |
//! |---|---|
//! | `format` | version of this layout |
//! | `totals` | [`Totals`]: numbers over all styles |
//! | `style/{product}` | [`Style`]: SKUs, what JOOR accepted, what is to be sent |
//! | `todo/0/{product}`, `todo/1/{product}` | [`Todo`]: the style waits with decreases / increases |
//! | `sent/{product}` | per SKU label, [`Sent`]: when it was sent last and what JOOR answered |
//! | `parked/{product}/{label}` | [`ParkedEntry`] |
//! | `sku/{sku}`, `upc/{upc}` | [`Owners`]: the variants that carry it |
//! | `dirty/{product}` | how many times the style is to be read again |
//! | `linesheet/{id}` | [`LinesheetEntry`] |
//! | `linesheets-of/{joor product}` | [`LinesheetsOf`] |
//! | `catalogue` | [`Catalogue`]: when it was read, and where a reading under way is |
//! | `full-read` | [`FullRead`]: the same for all stock |
//! | `watermark/{location}`, `watermark/products`, `watermark/variants` | milliseconds |
//! | `incoming` | [`crate::shopify::incoming::Snapshot`]: what is in transit |
//! | `credits` | [`crate::joor::credits::Window`] |
//! | `brake` | [`BrakeEntry`]: the brake has stopped a plan |
//! | `orders`, `order/…`, `order-open/…`, `order-rest/…`, `claim/…` | see [`orders`] |
//!
//! One key per style keeps commits small. A missing value is its default. Values are changed
//! only through a [`Batch`], which is committed whole.

pub mod orders;
pub mod people;

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::bindings::exports::atsync::connector::reconcile::{Problem, Write};
use crate::core::id::Id;
use crate::core::style::{Direction, Parked, Standing, Style};
use crate::core::time::Millis;
use crate::halt::Halt;
use crate::io::Io;

/// The layout this connector writes.
const FORMAT: u32 = 1;

/// Keys asked for in one load; the contract allows 10,000.
const KEYS_PER_LOAD: usize = 5_000;

/// Numbers over all styles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    /// Styles linked to Shopify.
    pub styles: u64,
    /// Their SKUs on JOOR.
    pub skus: u64,
    /// Of them, those that Shopify has no variant for.
    pub gone: u64,
    /// Of them, those that are parked.
    pub parked: u64,
    /// SKUs that JOOR sells, by what it last accepted.
    pub sellable: u64,
    /// The next SKU's number.
    #[serde(deserialize_with = "crate::core::bitmap::ordinal")]
    pub next_nr: u32,
    /// Orders that a person has to look at.
    pub orders_parked: u64,
}

/// A style waits to be sent.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Todo {
    /// SKUs that would no longer be sold.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub to_zero: u64,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks so; the lint knows it only where a pointer has 64 bits"
)]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// When a SKU was sent last, and what JOOR answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// When.
    pub at: Millis,
    /// JOOR's `inventory_log_id`, or what it said instead.
    pub answer: String,
}

/// A SKU that is not sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ParkedEntry {
    /// Since when.
    pub at: Millis,
    /// The style's name or number.
    pub style: String,
    /// Merchant's SKU.
    pub sku: String,
    /// Why.
    #[serde(flatten)]
    pub parked: Parked,
}

/// The variants that carry a SKU or UPC: product and variant id. More than one is a duplicate.
pub type Owners = Vec<(Id, Id)>;

/// A linesheet on JOOR.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinesheetEntry {
    /// Linesheet code.
    pub code: String,
    /// Its name, for people.
    pub name: String,
    /// "Made to order?", where JOOR or the settings tell it.
    pub made_to_order: Option<bool>,
}

/// The linesheets a JOOR product is on, as the reading with this number saw them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinesheetsOf {
    /// Number of the reading.
    pub reading: u64,
    /// Codes, with "Made to order?".
    pub linesheets: Vec<(String, Option<bool>)>,
}

/// JOOR's catalogue.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Catalogue {
    /// When a reading last came to its end; 0: never.
    pub read_at: Millis,
    /// A SKU turned up that it did not know.
    pub outdated: bool,
    /// Styles on JOOR that this integration did not create.
    pub not_linked: u64,
    /// Number of the newest reading.
    pub reading: u64,
    /// Where the reading under way goes on.
    pub cursor: Option<CatalogueCursor>,
}

/// Where a reading of the catalogue goes on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CatalogueCursor {
    /// The linesheets are read first.
    pub linesheets_done: bool,
    /// Next page.
    pub page: u64,
    /// SKUs seen, as [`crate::core::bitmap::Bitmap`] text.
    pub seen: String,
    /// Styles seen that this integration did not create.
    pub not_linked: u64,
}

/// The reading of all stock.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FullRead {
    /// When one last came to its end; 0: never.
    pub read_at: Millis,
    /// What all stock was decided by (a digest of settings and usable places); another makes a
    /// reading due. 0: some of it by one and some by another.
    pub basis: u64,
    /// What all that waits to be sent was decided by, as above; 0: by `basis`.
    pub decided_by: u64,
    /// A person asked for it.
    pub asked: bool,
    /// The bulk operation under way.
    pub bulk: Option<Bulk>,
    /// The shop refuses aliases in bulk operations: levels come as lines of their own.
    pub nested: bool,
}

/// A bulk operation under way, or its result being read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bulk {
    /// Shopify's id of it.
    pub id: String,
    /// When it was asked for, on Shopify's clock: changes after this may be missing in it.
    pub asked_at: Millis,
    /// What its query was made from (a digest, as above).
    pub basis: u64,
    /// Where the reading of the result goes on.
    pub offset: u64,
    /// Lines read.
    pub lines: u64,
    /// Lines that could not be read.
    pub unreadable: u64,
    /// The styles that these belong to; none where they may belong to any.
    #[serde(default)]
    pub unread: Option<BTreeSet<Id>>,
    /// SKUs seen, as [`crate::core::bitmap::Bitmap`] text.
    pub seen: String,
}

/// The largest file that is believed in, in bytes: 16 TiB.
const FILE_MAX: u64 = 1 << 44;

impl Bulk {
    /// It can be where it says. A reading that cannot, because the store is damaged, is begun anew.
    pub fn is_sound(&self) -> bool {
        let numbers = [self.offset, self.lines, self.unreadable];
        numbers.into_iter().all(|number| number <= FILE_MAX)
    }
}

/// The brake has stopped a plan.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct BrakeEntry {
    /// Since when.
    pub at: Millis,
    /// SKUs that would go to zero.
    pub to_zero: u64,
    /// SKUs that are sold.
    pub sellable: u64,
    /// A person lets a plan of up to `to_zero` SKUs through.
    pub approved: bool,
}

/// Key of a style.
pub fn style_key(product: Id) -> String {
    format!("style/{product}")
}

/// Key under which a style waits.
pub fn todo_key(direction: Direction, product: Id) -> String {
    format!("{}{product}", todo_prefix(direction))
}

/// Prefix of the styles that wait with rows of this direction.
pub fn todo_prefix(direction: Direction) -> &'static str {
    match direction {
        Direction::Decrease => "todo/0/",
        Direction::Increase => "todo/1/",
    }
}

/// The ledger of one connection.
#[derive(Clone)]
pub struct Ledger {
    io: Io,
}

impl Ledger {
    /// Opens the ledger, and refuses one that a newer connector wrote.
    ///
    /// # Errors
    /// [`Halt::Ledger`] for a newer or damaged ledger; [`Halt::Failed`] if the store fails.
    pub async fn open(io: &Io) -> Result<Self, Halt> {
        let ledger = Self { io: io.clone() };
        match ledger.get::<u32>("format").await? {
            Some(FORMAT) => {}
            None => {
                let mut batch = Batch::default();
                batch.put("format", &FORMAT);
                ledger.commit(batch).await?;
            }
            Some(newer) => {
                return Err(Halt::Ledger(Problem {
                    code: "ledger-newer".into(),
                    message: format!(
                        "The ledger has format {newer}; this connector knows formats up to {FORMAT}."
                    ),
                    fix: "Run the newer connector again, or restore a store from before it.".into(),
                }));
            }
        }
        Ok(ledger)
    }

    /// One value.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Halt> {
        let mut values = self.get_all(vec![key.to_owned()]).await?;
        Ok(values.pop().flatten())
    }

    /// Several values, in the order of the keys.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub async fn get_all<T: DeserializeOwned>(
        &self,
        keys: Vec<String>,
    ) -> Result<Vec<Option<T>>, Halt> {
        let mut all = Vec::with_capacity(keys.len());
        for some in keys.chunks(KEYS_PER_LOAD) {
            let values = self.io.load(some.to_vec()).await?;
            for (key, value) in some.iter().zip(values) {
                all.push(value.map(|text| read(key, &text)).transpose()?);
            }
        }
        Ok(all)
    }

    /// The styles with these product ids, as far as they are known.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub async fn styles(&self, products: &[Id]) -> Result<Vec<Option<Style>>, Halt> {
        self.get_all(products.iter().map(|id| style_key(*id)).collect())
            .await
    }

    /// A page of entries under `prefix`: what follows the prefix, and the value.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub async fn page<T: DeserializeOwned>(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<(String, T)>, Halt> {
        let after = after.map(|rest| format!("{prefix}{rest}"));
        let entries = self.io.scan(prefix, after, limit).await?;
        entries
            .into_iter()
            .map(|entry| {
                let value = read(&entry.key, &entry.value)?;
                let rest = entry
                    .key
                    .strip_prefix(prefix)
                    .unwrap_or(&entry.key)
                    .to_owned();
                Ok((rest, value))
            })
            .collect()
    }

    /// Writes a batch, all or nothing.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub async fn commit(&self, batch: Batch) -> Result<(), Halt> {
        let write = |(key, value)| Write { key, value };
        Ok(self
            .io
            .commit(batch.writes.into_iter().map(write).collect())
            .await?)
    }
}

fn read<T: DeserializeOwned>(key: &str, text: &str) -> Result<T, Halt> {
    serde_json::from_str(text).map_err(|error| Halt::damaged(key, &error.to_string()))
}

/// Writes that belong together.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    writes: BTreeMap<String, Option<String>>,
}

impl Batch {
    /// Sets a value.
    pub fn put<T: Serialize>(&mut self, key: impl Into<String>, value: &T) {
        // Ledger types have string keys and no failing serializer.
        let text = serde_json::to_string(value).unwrap_or_default();
        self.writes.insert(key.into(), Some(text));
    }

    /// Removes a key.
    pub fn remove(&mut self, key: impl Into<String>) {
        self.writes.insert(key.into(), None);
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// How many keys it writes.
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// Adds the writes of another batch, which win.
    pub fn extend(&mut self, other: Self) {
        self.writes.extend(other.writes);
    }

    /// Sets a style and its place in the queue, and keeps the totals true.
    pub fn put_style(&mut self, product: Id, before: Standing, after: &Style, totals: &mut Totals) {
        let standing = after.standing();
        totals.replace(before, standing);
        self.put(style_key(product), after);
        let queue = [
            (
                Direction::Decrease,
                before.decreases,
                standing.decreases,
                standing.to_zero,
            ),
            (Direction::Increase, before.increases, standing.increases, 0),
        ];
        for (direction, waited, waits, to_zero) in queue {
            if waits {
                self.put(todo_key(direction, product), &Todo { to_zero });
            } else if waited {
                self.remove(todo_key(direction, product));
            }
        }
    }

    /// Forgets a style.
    pub fn remove_style(&mut self, product: Id, before: &Style, totals: &mut Totals) {
        totals.replace(before.standing(), Standing::default());
        self.remove(style_key(product));
        self.remove(format!("sent/{product}"));
        for direction in [Direction::Decrease, Direction::Increase] {
            self.remove(todo_key(direction, product));
        }
        for sku in &before.skus {
            self.remove(format!("parked/{product}/{}", sku.label()));
        }
    }
}

impl Totals {
    fn replace(&mut self, before: Standing, after: Standing) {
        let shift = |total: &mut u64, was: u64, is: u64| *total = (*total + is).saturating_sub(was);
        shift(&mut self.styles, before.styles, after.styles);
        shift(&mut self.skus, before.skus, after.skus);
        shift(&mut self.gone, before.gone, after.gone);
        shift(&mut self.parked, before.parked, after.parked);
        shift(&mut self.sellable, before.sellable, after.sellable);
    }
}
