//! The orders on the desk: those with something left to do, and those that JOOR offers.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::id::Id;
use crate::core::order::Order;
use crate::core::text::hash;
use crate::halt::Halt;
use crate::ledger::Batch;
use crate::ledger::orders::{Claim, OrderEntry, Orders, ParkedOrder};
use crate::shopify::order_state::OrderState;

use super::super::desk::Desk;
use super::forget;

/// The orders on the desk.
pub struct Book {
    /// What is remembered of all orders together.
    pub all: Orders,
    /// The location that orders are assigned to.
    pub location: Id,
    /// What JOOR offers to take over, by id.
    pub offered: BTreeMap<String, Order>,
    /// What Shopify said of an order in this pass, by its unique key.
    pub fresh: BTreeMap<String, OrderState>,
    entries: BTreeMap<String, OrderEntry>,
    claims: BTreeMap<String, Claim>,
    parked_before: BTreeSet<String>,
    /// Digests of the entries as the ledger has them.
    saved: BTreeMap<String, u64>,
}

/// Orders in one commit.
const ORDERS_PER_COMMIT: usize = 200;

impl Book {
    /// Loads the orders with something left to do.
    pub async fn open(desk: &mut Desk, location: Id) -> Result<Self, Halt> {
        let all = desk.ledger.get("orders").await?.unwrap_or_default();
        let claims = desk.ledger.all("claim/").await?;
        let mut book = Self {
            all,
            location,
            offered: BTreeMap::new(),
            fresh: BTreeMap::new(),
            entries: BTreeMap::new(),
            claims,
            parked_before: BTreeSet::new(),
            saved: BTreeMap::new(),
        };
        let open = desk.ledger.open_orders().await?;
        book.load(desk, open).await?;
        Ok(book)
    }

    /// Adds the orders that the ledger knows, where they are not here already.
    pub async fn load(
        &mut self,
        desk: &Desk,
        ids: impl IntoIterator<Item = String>,
    ) -> Result<(), Halt> {
        let ids: Vec<String> = ids
            .into_iter()
            .filter(|id| !self.entries.contains_key(id))
            .collect();
        let keys = ids.iter().map(|id| format!("order/{id}")).collect();
        let found = desk.ledger.get_all::<OrderEntry>(keys).await?;
        for (id, entry) in ids.into_iter().zip(found) {
            let Some(entry) = entry else { continue };
            if entry.parked.is_some() {
                self.parked_before.insert(id.clone());
            }
            self.saved.insert(id.clone(), digest(&entry));
            self.entries.insert(id, entry);
        }
        Ok(())
    }

    /// Adds an order that the ledger does not know.
    pub fn add(&mut self, entry: OrderEntry) {
        self.entries.insert(entry.id.clone(), entry);
    }

    /// An order on the desk.
    pub fn entry(&self, id: &str) -> Option<&OrderEntry> {
        self.entries.get(id)
    }

    /// The same, to change.
    pub fn entry_mut(&mut self, id: &str) -> Option<&mut OrderEntry> {
        self.entries.get_mut(id)
    }

    /// The ids of the orders that are so.
    pub fn which(&self, so: impl Fn(&OrderEntry) -> bool) -> Vec<String> {
        self.entries
            .values()
            .filter(|entry| so(entry))
            .map(|entry| entry.id.clone())
            .collect()
    }

    /// The open claim of an order.
    pub fn claim(&self, id: &str) -> Option<&Claim> {
        self.claims.get(id)
    }

    /// The open claims, by order.
    pub fn claims(&self) -> &BTreeMap<String, Claim> {
        &self.claims
    }

    /// Sets or ends the open claim of an order.
    pub fn put_claim(&mut self, batch: &mut Batch, id: &str, after: Option<Claim>) {
        batch.put_claim(id, after.as_ref(), self.claims.get(id));
        match after {
            Some(claim) => self.claims.insert(id.to_owned(), claim),
            None => self.claims.remove(id),
        };
    }

    /// Puts an order as it is on the desk into a batch, with its claim.
    pub fn put(&mut self, desk: &mut Desk, batch: &mut Batch, id: &str) {
        let Some(entry) = self.entries.get_mut(id) else {
            return;
        };
        let before = self.claims.get(id);
        let after = entry.claim_after(self.location, before);
        batch.put_order(entry, desk.shopify.now());
        self.saved.insert(id.to_owned(), digest(entry));
        match (self.parked_before.contains(id), entry.parked.is_some()) {
            (false, true) => {
                desk.totals.orders_parked += 1;
                self.parked_before.insert(id.to_owned());
            }
            (true, false) => {
                desk.totals.orders_parked = desk.totals.orders_parked.saturating_sub(1);
                self.parked_before.remove(id);
            }
            _ => {}
        }
        self.put_claim(batch, id, after);
    }

    /// Commits one order as it is on the desk.
    pub async fn commit(&mut self, desk: &mut Desk, id: &str) -> Result<(), Halt> {
        let mut batch = Batch::default();
        self.put(desk, &mut batch, id);
        desk.commit(batch).await
    }

    /// Commits the orders that are not as the ledger has them.
    pub async fn commit_changed(&mut self, desk: &mut Desk) -> Result<(), Halt> {
        let changed = |entry: &OrderEntry| self.saved.get(&entry.id) != Some(&digest(entry));
        for some in self.which(changed).chunks(ORDERS_PER_COMMIT) {
            let mut batch = Batch::default();
            for id in some {
                self.put(desk, &mut batch, id);
            }
            desk.commit(batch).await?;
        }
        Ok(())
    }

    /// Commits what is remembered of all orders together.
    pub async fn commit_all(&self, desk: &mut Desk) -> Result<(), Halt> {
        let mut batch = Batch::default();
        batch.put("orders", &self.all);
        desk.commit(batch).await
    }

    /// Forgets the people of orders that rest for long. None of them is on the desk.
    pub async fn forget(&mut self, desk: &mut Desk) -> Result<(), Halt> {
        forget::run(desk, &mut self.all, &self.claims).await
    }

    /// The orders on the desk that a person has to look at.
    pub fn parked(&self) -> Vec<(&str, &OrderEntry)> {
        let parked = self.entries.values().filter(|entry| entry.parked.is_some());
        parked.map(|entry| (entry.id.as_str(), entry)).collect()
    }

    /// How many have something left to do.
    pub fn unfinished(&self) -> u64 {
        self.entries
            .values()
            .filter(|entry| entry.is_open())
            .count() as u64
    }
}

fn digest(entry: &OrderEntry) -> u64 {
    hash(&serde_json::to_string(entry).unwrap_or_default())
}

/// The value of an order's unique metafield.
pub fn unique_key(connection: &str, order: &str, back_order: bool) -> String {
    let suffix = if back_order { ":back-order" } else { "" };
    format!("{connection}:{order}{suffix}")
}

/// The order that a unique metafield belongs to; none for another connection's.
pub fn order_of<'k>(connection: &str, key: &'k str) -> Option<&'k str> {
    let rest = key.strip_prefix(connection)?.strip_prefix(':')?;
    Some(rest.strip_suffix(":back-order").unwrap_or(rest))
}

/// What is wrong with a parked order, in one text.
pub fn trouble_words(parked: &ParkedOrder) -> String {
    let reasons: Vec<&str> = parked
        .troubles
        .iter()
        .map(|trouble| trouble.reason.as_str())
        .collect();
    reasons.join(" ")
}
