//! What the ledger knows of one style: its SKUs on JOOR, what JOOR last accepted for each, and
//! what is to be sent.

use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::ser::{SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};

use super::id::Id;
use super::text::shown;

/// A style that this integration created on JOOR, keyed by its Shopify product id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Style {
    /// JOOR's own id of it.
    pub joor: String,
    /// The same of further styles that were made from this product: one for each colour, for example.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joor_more: Vec<String>,
    /// Style number on JOOR.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub number: String,
    /// Name, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Codes of the linesheets it is on, with "Made to order?" where it is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub linesheets: Vec<(String, Option<bool>)>,
    /// All its SKUs on JOOR.
    pub skus: Vec<Sku>,
}

/// A SKU on JOOR.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sku {
    /// UPC on JOOR: how a stock message names it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub upc: String,
    /// Colour code: with the size, the name of a SKU that has no UPC.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub color: String,
    /// Size, as the colour code.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub size: String,
    /// Its number in the shop-wide count of SKUs; never given twice.
    #[serde(deserialize_with = "super::bitmap::ordinal")]
    pub nr: u32,
    /// Shopify variant id. None: not met in Shopify yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<Id>,
    /// Shopify has no such variant (deleted, or a colour and size that JOOR combined by itself),
    /// so it is published as an explicit zero.
    #[serde(default, skip_serializing_if = "is_false")]
    pub gone: bool,
    /// Merchant's SKU.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sku: String,
    /// What JOOR last accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<Row>,
    /// What is to be sent and differs from it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub want: Vec<Row>,
    /// Not sent until it changes or a person says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parked: Option<Parked>,
    /// It changed while JOOR had not answered to what was sent, which may still arrive: after the
    /// newer numbers.
    #[serde(default, skip_serializing_if = "is_false")]
    pub overtaken: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// Why a SKU is not sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// Stable code.
    pub code: String,
    /// For people.
    pub reason: String,
}

impl Parked {
    /// Codes of duplicates; such a SKU stays parked however its stock changes.
    pub const DUPLICATE_SKU: &'static str = "duplicate-sku";
    /// The same for the UPC.
    pub const DUPLICATE_UPC: &'static str = "duplicate-upc";
    /// The same for the UPC, within one style: JOOR has a single SKU for both variants.
    pub const TWIN_UPC: &'static str = "twin-upc";

    /// Code of a row, sent alone, of which JOOR did not say what became of it, or that JOOR took while
    /// such an older one may still arrive; it is sent again after a while.
    pub const UNANSWERED: &'static str = "row-unanswered";

    /// Parked because another variant carries the same SKU or UPC.
    pub fn is_duplicate(&self) -> bool {
        [Self::DUPLICATE_SKU, Self::DUPLICATE_UPC, Self::TWIN_UPC].contains(&self.code.as_str())
    }
}

/// A published quantity: in one warehouse, at once or from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// JOOR warehouse.
    pub warehouse: String,
    /// None: immediate. Else `YYYY-MM-DD`.
    pub date: Option<String>,
    /// What JOOR shows.
    pub stock: Stock,
}

/// What JOOR shows of a SKU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stock {
    /// This many units.
    Units(i64),
    /// No limit.
    MadeToOrder,
}

impl std::fmt::Display for Stock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Units(units) => units.fmt(f),
            Self::MadeToOrder => f.write_str("made to order"),
        }
    }
}

/// What JOOR should show of a SKU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Desired {
    /// These rows. In the withheld warehouses, what is there stays.
    Rows {
        /// What to show.
        rows: Vec<Row>,
        /// Warehouses whose number is not known.
        withheld: Vec<String>,
    },
    /// No rows: the style is only on made-to-order linesheets.
    NoRows,
}

impl Style {
    /// JOOR's ids of all styles that it stands for.
    pub fn joor_ids(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.joor).chain(&self.joor_more)
    }

    /// It stands for the style with this id, too; JOOR's first of them gives its own.
    pub fn is_also(&mut self, joor: &str, is_first: bool) {
        if is_first {
            let others = self.joor_ids().filter(|id| *id != joor);
            (self.joor_more, self.joor) = (others.cloned().collect(), joor.to_owned());
        } else if !self.joor_ids().any(|id| id == joor) {
            self.joor_more.push(joor.to_owned());
        }
    }

    /// Shopify has a variant for one of its SKUs, or had one once: so it was made from the shop.
    pub fn was_met(&self) -> bool {
        self.skus.iter().any(|sku| sku.variant.is_some())
    }

    /// How people know it: by its name, else by its number.
    pub fn shown_name(&self) -> String {
        let name = shown(&self.name);
        if name.is_empty() {
            shown(&self.number)
        } else {
            name
        }
    }

    /// What it counts for.
    pub fn standing(&self) -> Standing {
        let count =
            |counts: fn(&Sku) -> bool| self.skus.iter().filter(|s| counts(s)).count() as u64;
        let waits = |direction| {
            self.skus
                .iter()
                .any(|s| s.waiting(direction).next().is_some())
        };
        Standing {
            styles: 1,
            skus: self.skus.len() as u64,
            gone: count(|s| s.gone),
            sellable: count(Sku::is_sellable),
            parked: count(|s| s.parked.is_some()),
            to_zero: count(|s| s.parked.is_none() && s.goes_to_zero()),
            decreases: waits(Direction::Decrease),
            increases: waits(Direction::Increase),
        }
    }
}

/// What a style counts for in the totals and in the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// 1, or 0 where there is no style.
    pub styles: u64,
    /// Its SKUs.
    pub skus: u64,
    /// SKUs that Shopify has no variant for.
    pub gone: u64,
    /// SKUs that JOOR sells.
    pub sellable: u64,
    /// SKUs that are parked.
    pub parked: u64,
    /// SKUs that can be sold and would no longer be.
    pub to_zero: u64,
    /// A row waits that gives buyers less than they see.
    pub decreases: bool,
    /// A row waits that gives them more, or as much.
    pub increases: bool,
}

/// Decreases go before increases: what is gone is the more urgent news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Buyers may order less than they see.
    Decrease,
    /// Buyers may order more, or as much.
    Increase,
}

impl Sku {
    /// How people and stock messages name it: by UPC, else by colour and size.
    pub fn label(&self) -> String {
        if self.upc.is_empty() {
            format!("{} / {}", self.color, self.size)
        } else {
            self.upc.clone()
        }
    }

    /// JOOR takes them for the same SKU: see [`Sku::label`].
    pub fn is_named_as(&self, other: &Self) -> bool {
        let by_traits = self.color == other.color && self.size == other.size;
        self.upc == other.upc && (!self.upc.is_empty() || by_traits)
    }

    /// Sets what is wanted to what differs between `desired` and what JOOR has. Dated rows whose
    /// day is before `today` are forgotten: they say nothing any more. A row that waits may have
    /// been sent without an answer, so its place is told again, whatever JOOR accepted before.
    pub fn want(&mut self, desired: &Desired, today: &str) {
        let is_over = |row: &Row| row.date.as_deref().is_some_and(|day| day < today);
        self.sent.retain(|row| !is_over(row));
        let waited: Vec<Row> = self
            .want
            .iter()
            .filter(|row| !is_over(row))
            .cloned()
            .collect();
        let in_doubt = |row: &Row| waited.iter().any(|waited| waited.is_same_place(row));
        let want = match desired {
            Desired::NoRows => self.clearing_rows(&waited),
            Desired::Rows { rows, withheld } => {
                let warehouses: Vec<&str> = rows
                    .iter()
                    .map(|r| r.warehouse.as_str())
                    .chain(withheld.iter().map(String::as_str))
                    .collect();
                // A warehouse that the settings no longer name is somebody else's.
                self.sent
                    .retain(|row| warehouses.contains(&row.warehouse.as_str()));
                // Nothing waits for a withheld warehouse; what is in doubt there is no longer known.
                self.sent.retain(|row| {
                    row.date.is_some() || !withheld.contains(&row.warehouse) || !in_doubt(row)
                });
                let changed = rows
                    .iter()
                    .filter(|row| !self.sent.contains(row) || in_doubt(row))
                    .cloned();
                let gone = self
                    .places(&waited)
                    .filter(|there| there.date.is_some() && !withheld.contains(&there.warehouse))
                    .filter(|there| there.stock != Stock::Units(0) || in_doubt(there))
                    .filter(|there| !rows.iter().any(|row| row.is_same_place(there)))
                    .map(|there| Row {
                        stock: Stock::Units(0),
                        ..there.clone()
                    });
                changed.chain(gone).collect()
            }
        };
        let same = want.len() == self.want.len() && want.iter().all(|row| self.want.contains(row));
        if !same {
            self.want = want;
            if let Some(parked) = self.parked.take_if(|parked| !parked.is_duplicate()) {
                self.overtaken |= parked.code == Parked::UNANSWERED;
            }
        }
    }

    /// JOOR has exactly what is desired, and nothing waits.
    pub fn shows(&self, desired: &Desired) -> bool {
        let Desired::Rows { rows, withheld } = desired else {
            return false;
        };
        withheld.is_empty() && self.want.is_empty() && self.sent == *rows
    }

    /// A stock record of before keeps a made-to-order SKU limited; JOOR drops it on being told so.
    fn clearing_rows(&self, waited: &[Row]) -> Vec<Row> {
        let in_doubt = |row: &Row| waited.iter().any(|waited| waited.is_same_place(row));
        self.places(waited)
            .filter(|row| matches!(row.stock, Stock::Units(_)) || in_doubt(row))
            .map(|row| Row {
                stock: Stock::MadeToOrder,
                ..row.clone()
            })
            .collect()
    }

    /// Where JOOR has a row, or may have one: what it accepted, and what waited elsewhere.
    fn places<'r>(&'r self, waited: &'r [Row]) -> impl Iterator<Item = &'r Row> {
        let elsewhere = |row: &&Row| !self.sent.iter().any(|sent| sent.is_same_place(row));
        self.sent.iter().chain(waited.iter().filter(elsewhere))
    }

    /// The rows that wait to be sent, in one direction.
    pub fn waiting(&self, direction: Direction) -> impl Iterator<Item = &Row> {
        let want = if self.parked.is_none() {
            self.want.as_slice()
        } else {
            &[]
        };
        want.iter()
            .filter(move |row| self.direction(row) == direction)
    }

    fn direction(&self, row: &Row) -> Direction {
        match (self.accepted(row).map(|r| r.stock), row.stock) {
            // No record is not zero: JOOR takes it for unlimited.
            (None | Some(Stock::MadeToOrder), Stock::Units(_)) => Direction::Decrease,
            (Some(Stock::Units(old)), Stock::Units(new)) if new < old => Direction::Decrease,
            _ => Direction::Increase,
        }
    }

    /// What JOOR last accepted at the place of `row`.
    pub fn accepted(&self, row: &Row) -> Option<&Row> {
        self.sent.iter().find(|sent| sent.is_same_place(row))
    }

    /// JOOR accepted `row`.
    pub fn accept(&mut self, row: &Row) {
        self.want.retain(|want| want != row);
        match self.sent.iter_mut().find(|sent| sent.is_same_place(row)) {
            Some(sent) => sent.stock = row.stock,
            None => self.sent.push(row.clone()),
        }
    }

    /// JOOR has accepted all that changed, and may take what it did not answer to after that: all of
    /// it is to be told once more. False: nothing of the kind, or something waits still.
    pub fn tell_again(&mut self) -> bool {
        let again = self.overtaken && self.want.is_empty();
        if again {
            self.overtaken = false;
            self.want.clone_from(&self.sent);
        }
        again
    }

    /// JOOR sells it, by what it last accepted.
    pub fn is_sellable(&self) -> bool {
        self.sent.iter().any(|row| row.stock != Stock::Units(0))
    }

    fn goes_to_zero(&self) -> bool {
        let stays = |sent: &Row| {
            let after = self
                .want
                .iter()
                .find(|w| w.is_same_place(sent))
                .unwrap_or(sent);
            after.stock != Stock::Units(0)
        };
        let comes = self.want.iter().any(|row| row.stock != Stock::Units(0));
        self.is_sellable() && !comes && !self.sent.iter().any(stays)
    }
}

impl Row {
    /// Same warehouse and date.
    pub fn is_same_place(&self, other: &Self) -> bool {
        self.warehouse == other.warehouse && self.date == other.date
    }
}

// In the ledger a row is `["Default",12]` or `["Default",12,"2027-01-02"]`; -1 is made to order.

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        seq.serialize_element(&self.warehouse)?;
        seq.serialize_element(&match self.stock {
            Stock::Units(units) => units,
            Stock::MadeToOrder => -1,
        })?;
        if let Some(date) = &self.date {
            seq.serialize_element(date)?;
        }
        seq.end()
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RowVisitor;
        impl<'de> Visitor<'de> for RowVisitor {
            type Value = Row;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a row: warehouse, units, date")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Row, A::Error> {
                let missing = |at| de::Error::invalid_length(at, &self);
                let warehouse = seq.next_element()?.ok_or_else(|| missing(0))?;
                let stock = match seq.next_element()?.ok_or_else(|| missing(1))? {
                    -1 => Stock::MadeToOrder,
                    units => Stock::Units(units),
                };
                Ok(Row {
                    warehouse,
                    stock,
                    date: seq.next_element()?,
                })
            }
        }
        deserializer.deserialize_seq(RowVisitor)
    }
}

#[cfg(test)]
#[path = "style_tests.rs"]
mod tests;
