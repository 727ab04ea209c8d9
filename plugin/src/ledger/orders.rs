//! What the ledger knows of JOOR's orders, and of the stock they claim.
//!
//! | key | value |
//! |---|---|
//! | `orders` | [`Orders`]: since when orders are taken over, and how far cancellations are read |
//! | `order/{JOOR order}` | [`OrderEntry`]: what was decided, sent and told |
//! | `order-open/{JOOR order}` | a mark: something is left to do for the order |
//! | `order-rest/{day}/{JOOR order}` | a mark: nothing is since that day, and it still names people |
//! | `claim/{JOOR order}` | [`Claim`]: units that Shopify's numbers may not show yet |

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Batch, Ledger};
use crate::core::claim::Behaviour;
use crate::core::id::Id;
use crate::core::order::Trouble;
use crate::core::snapshot::Snapshot;
use crate::core::time::Millis;
use crate::halt::Halt;

pub use super::people::{Forgotten, People};

/// Code of the trouble of an order that was changed on JOOR after it was taken over.
pub const CHANGED: &str = "order-changed";

/// Entries read in one scan.
const PAGE: u32 = 500;

/// What is remembered of all orders together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Orders {
    /// Orders that were approved before are history and not taken over; 0: not decided yet.
    pub since: Millis,
    /// Cancellations are read up to here.
    pub cancelled_until: Millis,
    /// When the reading of cancellations began that goes on; 0: none does.
    pub cancelled_begun: Millis,
    /// The orders that JOOR was told of since it was last read what changed there meanwhile: a change
    /// that comes before the word that the order is exported is hidden by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told: Option<ToldSince>,
    /// Where the reading of what JOOR offers goes on; 0: from the beginning.
    pub offered_from: u64,
    /// The same for the cancellations.
    pub cancelled_from: u64,
    /// Shipments are read up to here, on Shopify's clock.
    pub shipped_until: Millis,
    /// The shop has the definition of the metafield that makes an order unique.
    pub defined: bool,
    /// Which orders rest, and how far their people are forgotten.
    pub people: People,
}

/// The time in which orders were read and JOOR was told that they are exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldSince {
    /// When the first of them was read.
    pub from: Millis,
    /// When the last of them was told.
    pub to: Millis,
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Read, and not sent to Shopify.
    #[default]
    Waiting,
    /// To be created: from here on it is looked up before anything is sent again.
    Sending,
    /// In Shopify, and confirmed.
    Created,
    /// To be cancelled in Shopify.
    Cancelling,
    /// Cancelled on both sides, or on JOOR before it was in Shopify.
    Cancelled,
    /// Not taken over: a person released it, or JOOR does not offer it any more.
    Released,
}

impl State {
    /// The word that people and machines read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Created => "created",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
            Self::Released => "released",
        }
    }
}

/// An order of JOOR.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrderEntry {
    /// JOOR's id of it.
    pub id: String,
    /// The customer's purchase order number.
    pub purchase_order: String,
    /// Who bought.
    pub customer: String,
    /// Linesheet code.
    pub linesheet: String,
    /// When it was approved; 0: JOOR does not say.
    pub approved_at: Millis,
    /// When it was read first.
    pub read_at: Millis,
    /// Where it stands.
    pub state: State,
    /// What it was when it was decided about.
    pub snapshot: Snapshot,
    /// What it claims, and who decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// Its orders in Shopify: one, and with a partial claim a second one for the rest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// Why a person has to look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parked: Option<ParkedOrder>,
    /// What JOOR was told last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told: Option<Told>,
    /// It was cancelled on JOOR while nobody knew whether it is in Shopify.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cancel_wanted: bool,
    /// It was cancelled on JOOR, and cannot be cancelled in Shopify any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cancel_refused: bool,
    /// Why it was not taken over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
    /// JOOR did not offer it the last time; the second time it is believed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub missed: bool,
    /// Since when nothing is left to do for it, on Shopify's clock; 0: something is, or it was
    /// written before this was.
    #[serde(skip_serializing_if = "is_never")]
    pub rests_since: Millis,
    /// What names people was forgotten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forgotten: Option<Forgotten>,
}

/// Why an order was not taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// JOOR does not offer it any more: somebody set it back, or marked it as exported.
    Withdrawn,
    /// A person released it.
    ByPerson,
}

/// What an order claims.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Shopify's word for it.
    pub behaviour: String,
    /// The scope that decided.
    pub decided_by: String,
    /// Line by line.
    pub lines: Vec<DecidedLine>,
}

/// What a line claims.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecidedLine {
    /// Its number in the order.
    pub number: usize,
    /// Merchant's SKU.
    pub sku: String,
    /// Variant id.
    pub variant: Id,
    /// Product id.
    pub product: Id,
    /// Inventory item id.
    pub item: Id,
    /// Shopify counts it.
    pub tracked: bool,
    /// Ordered units.
    pub units: i64,
    /// Units claimed.
    pub claim: i64,
    /// Units that stock does not cover.
    pub short: i64,
    /// The reason.
    pub why: String,
}

/// One order in Shopify.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Part {
    /// The value of its unique metafield.
    pub key: String,
    /// How it claims stock.
    pub behaviour: String,
    /// It holds what stock does not cover.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub back_order: bool,
    /// When it was sent last, on Shopify's clock, which nobody sets; 0: never.
    pub sent_at: Millis,
    /// What it has to come to, as it was sent: `450.00 EUR`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub total: String,
    /// The order, once Shopify confirmed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<ShopifyOrder>,
    /// All of it is assigned to the chosen location.
    pub placed: bool,
    /// Shopify will not move it there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub misplaced: bool,
    /// Where Shopify keeps what it will not move.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<Id>,
    /// Shopify confirmed that it is cancelled.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
    /// When it was asked to be cancelled, on the same clock; 0: never.
    #[serde(skip_serializing_if = "is_never")]
    pub cancel_sent_at: Millis,
    /// What is shipped of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipped: Option<ShippedPart>,
}

impl Part {
    /// It was sent, and nobody knows yet whether it arrived.
    pub fn is_in_doubt(&self) -> bool {
        self.order.is_none() && self.sent_at > 0
    }
}

/// What is shipped of an order in Shopify.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShippedPart {
    /// All of it.
    pub wholly: bool,
    /// Tracking numbers.
    pub tracking: Vec<String>,
    /// A digest of those that are forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forgotten: Option<u64>,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks so; the lint knows it only where a pointer has 64 bits"
)]
fn is_never(at: &Millis) -> bool {
    *at == 0
}

/// What Shopify says of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopifyOrder {
    /// Its id.
    pub id: Id,
    /// Its name: `#1001`.
    pub name: String,
    /// When it was created, on Shopify's clock.
    pub created_at: Millis,
}

/// Why a person has to look at an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedOrder {
    /// Since when.
    pub at: Millis,
    /// What is wrong, and what to do.
    pub troubles: Vec<Trouble>,
    /// A digest of what made it so. The same again is parked without asking Shopify again; none
    /// for a reason that is judged anew in each pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<u64>,
}

/// What JOOR was told of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// When.
    pub at: Millis,
    /// True: exported. False: failed.
    pub exported: bool,
    /// With these words.
    pub words: String,
}

impl OrderEntry {
    /// Something is left to do, so the next pass looks at it.
    pub fn is_open(&self) -> bool {
        match self.state {
            State::Waiting | State::Sending | State::Cancelling => true,
            State::Created => {
                !self.parts.iter().all(|part| part.placed || part.misplaced)
                    || self.told.as_ref().is_none_or(|told| !told.exported)
            }
            State::Cancelled | State::Released => false,
        }
    }

    /// A part of it is in Shopify, or was and is cancelled there.
    pub fn was_in_shopify(&self) -> bool {
        self.parts.iter().any(|part| part.order.is_some())
    }

    /// All of it that claims stock is in Shopify, whose numbers its claim follows from here on. The
    /// rest, a back order, may still wait.
    pub fn has_claimed(&self) -> bool {
        let claims = |part: &&Part| part.behaviour != Behaviour::Bypass.word();
        let mut claiming = self.parts.iter().filter(claims).peekable();
        match self.state {
            State::Created => true,
            State::Sending => {
                claiming.peek().is_some() && claiming.all(|part| part.order.is_some())
            }
            _ => false,
        }
    }

    /// The units that an order which is not in Shopify will claim, by variant. One that waits stands
    /// for all that it demands, and any for what is not tracked: it may be by then.
    fn will_claim(&self) -> Vec<Claimed> {
        let Some(decision) = &self.decision else {
            return Vec::new();
        };
        if decision.behaviour == Behaviour::Bypass.word() {
            return Vec::new();
        }
        let waits = self.state == State::Waiting;
        let units = |line: &DecidedLine| match waits || !line.tracked {
            true => line.units,
            false => line.claim,
        };
        let mut by_variant: BTreeMap<Id, Claimed> = BTreeMap::new();
        for line in decision.lines.iter().filter(|line| units(line) > 0) {
            let claimed = by_variant.entry(line.variant).or_insert(Claimed {
                variant: line.variant,
                product: line.product,
                item: line.item,
                units: 0,
            });
            claimed.units = claimed.units.saturating_add(units(line));
        }
        by_variant.into_values().collect()
    }

    /// Sum of what its lines claim in Shopify.
    pub fn claim_units(&self) -> i64 {
        let lines = self.decision.iter().flat_map(|decision| &decision.lines);
        lines.fold(0, |sum, line| sum.saturating_add(line.claim))
    }

    /// Parks it for one more reason, beside those that are there.
    pub fn park_also(&mut self, at: Millis, trouble: Trouble) {
        let known = self.parked.iter().flat_map(|parked| &parked.troubles);
        let mut troubles: Vec<Trouble> = known.cloned().collect();
        troubles.retain(|known| known.code != trouble.code);
        troubles.push(trouble);
        self.park(at, troubles, None);
    }

    /// It is parked for this reason, perhaps beside others.
    pub fn has_trouble(&self, code: &str) -> bool {
        let troubles = self.parked.iter().flat_map(|parked| &parked.troubles);
        troubles.into_iter().any(|trouble| trouble.code == code)
    }

    /// One of its reasons is settled.
    pub fn unpark(&mut self, code: &str) {
        if let Some(parked) = &mut self.parked {
            parked.troubles.retain(|trouble| trouble.code != code);
        }
        self.parked.take_if(|parked| parked.troubles.is_empty());
    }

    /// Parks it. The moment stays where the troubles are the same.
    pub fn park(&mut self, at: Millis, troubles: Vec<Trouble>, seen: Option<u64>) {
        let same = self
            .parked
            .take()
            .filter(|parked| parked.troubles == troubles);
        let at = same.map_or(at, |parked| parked.at);
        self.parked = Some(ParkedOrder { at, troubles, seen });
    }
}

/// Units that an order claims of one variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claimed {
    /// Variant id.
    pub variant: Id,
    /// Product id.
    pub product: Id,
    /// Inventory item id.
    pub item: Id,
    /// Units, at least 1.
    pub units: i64,
}

/// An open claim: units in an order that Shopify's numbers may not show yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Where the order's stock comes from.
    pub location: Id,
    /// How much of what.
    pub units: Vec<Claimed>,
    /// Since when Shopify's numbers show it, on Shopify's clock; none: not yet. A file that was
    /// asked for before may still lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_at: Option<Millis>,
}

impl Ledger {
    /// All values under a prefix, by what follows it.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub async fn all<T: serde::de::DeserializeOwned>(
        &self,
        prefix: &str,
    ) -> Result<BTreeMap<String, T>, Halt> {
        let mut all = BTreeMap::new();
        let mut after: Option<String> = None;
        loop {
            let page: Vec<(String, T)> = self.page(prefix, after.as_deref(), PAGE).await?;
            let whole = page.len() == PAGE as usize;
            after = page.last().map(|(key, _)| key.clone());
            all.extend(page);
            if !whole {
                return Ok(all);
            }
        }
    }

    /// The orders with something left to do, by id.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub async fn open_orders(&self) -> Result<BTreeSet<String>, Halt> {
        let marks: BTreeMap<String, u8> = self.all("order-open/").await?;
        Ok(marks.into_keys().collect())
    }
}

impl OrderEntry {
    /// Its open claim, after `before`. `location` is where its stock comes from.
    pub fn claim_after(&self, location: Id, before: Option<&Claim>) -> Option<Claim> {
        if matches!(self.state, State::Cancelled | State::Released) {
            return None;
        }
        // In Shopify a claim does not grow; it only ends.
        if self.state == State::Cancelling || self.has_claimed() {
            return before.and_then(|claim| self.counted(claim));
        }
        let units = self.will_claim();
        (!units.is_empty()).then_some(Claim {
            location,
            units,
            shown_at: None,
        })
    }

    /// A claim without what Shopify does not count: no number of Shopify's ever shows that.
    fn counted(&self, claim: &Claim) -> Option<Claim> {
        let lines = self.decision.iter().flat_map(|decision| &decision.lines);
        let counted: BTreeSet<Id> = lines
            .filter(|line| line.tracked)
            .map(|line| line.variant)
            .collect();
        let units = claim.units.iter();
        let units: Vec<Claimed> = units
            .filter(|claimed| counted.contains(&claimed.variant))
            .cloned()
            .collect();
        (!units.is_empty()).then(|| Claim {
            units,
            ..claim.clone()
        })
    }
}

impl Batch {
    /// Sets an order, and the mark that something is left to do for it, or since when nothing is.
    pub fn put_order(&mut self, entry: &mut OrderEntry, now: Millis) {
        self.put_rest(entry, now);
        let id = &entry.id;
        self.put(format!("order/{id}"), entry);
        if entry.is_open() {
            self.put(format!("order-open/{id}"), &1);
        } else {
            self.remove(format!("order-open/{id}"));
        }
    }

    /// Sets or removes an open claim, and marks the styles whose numbers that changes, so that they
    /// are read again.
    pub fn put_claim(&mut self, id: &str, after: Option<&Claim>, before: Option<&Claim>) {
        if after == before {
            return;
        }
        for claimed in after.iter().chain(&before).flat_map(|claim| &claim.units) {
            self.put(format!("dirty/{}", claimed.product), &1);
        }
        match after {
            Some(claim) => self.put(format!("claim/{id}"), claim),
            None => self.remove(format!("claim/{id}")),
        }
    }
}

#[cfg(test)]
#[path = "orders_tests.rs"]
mod tests;
