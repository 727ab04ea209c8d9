//! The styles a step works on: loaded together, changed in memory, written together.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::id::Id;
use crate::core::style::{Parked, Sku, Standing, Style};
use crate::core::text::shown;
use crate::halt::Halt;
use crate::ledger::{Batch, ParkedEntry};

use super::desk::Desk;

/// A style being worked on.
#[derive(Debug)]
pub struct Entry {
    /// The style; changes here are written if `changed` is set.
    pub style: Style,
    /// Whether there is something to write.
    pub changed: bool,
    before: Standing,
    parked_before: BTreeMap<String, Parked>,
}

/// The styles a step works on.
#[derive(Debug, Default)]
pub struct Work {
    /// By product id.
    pub styles: BTreeMap<Id, Entry>,
}

impl Work {
    /// Adds the styles that the ledger knows, where they are not here already.
    pub async fn load(
        &mut self,
        desk: &Desk,
        products: impl IntoIterator<Item = Id>,
    ) -> Result<(), Halt> {
        let wanted: BTreeSet<Id> = products
            .into_iter()
            .filter(|id| !self.styles.contains_key(id))
            .collect();
        let wanted: Vec<Id> = wanted.into_iter().collect();
        let styles = desk.ledger.styles(&wanted).await?;
        for (product, style) in wanted.into_iter().zip(styles) {
            if let Some(style) = style {
                self.styles.insert(product, Entry::known(style));
            }
        }
        Ok(())
    }

    /// Adds a style as the ledger knows it, less the SKUs that are not to be kept.
    pub fn take(&mut self, product: Id, style: Style, keep: impl FnMut(&Sku) -> bool) {
        let mut entry = Entry::known(style);
        entry.style.skus.retain(keep);
        entry.changed = true;
        self.styles.insert(product, entry);
    }

    /// Adds a style that the ledger does not know.
    pub fn add(&mut self, product: Id, style: Style) {
        let entry = Entry {
            style,
            changed: true,
            before: Standing::default(),
            parked_before: BTreeMap::new(),
        };
        self.styles.insert(product, entry);
    }

    /// Writes what changed into a batch.
    pub fn write(self, desk: &mut Desk, batch: &mut Batch) {
        let now = desk.io.now();
        for (product, entry) in self.styles {
            if !entry.changed {
                continue;
            }
            batch.put_style(product, entry.before, &entry.style, &mut desk.totals);
            let key = |label: &str| format!("parked/{product}/{label}");
            let mut parked_before = entry.parked_before;
            for sku in &entry.style.skus {
                let label = sku.label();
                let Some(parked) = &sku.parked else { continue };
                if parked_before.remove(&label).as_ref() == Some(parked) {
                    continue;
                }
                let parked = ParkedEntry {
                    at: now,
                    style: entry.style.shown_name(),
                    sku: shown(&sku.sku),
                    parked: parked.clone(),
                };
                batch.put(key(&label), &parked);
            }
            for label in parked_before.into_keys() {
                batch.remove(key(&label));
            }
        }
    }
}

/// Lets chosen SKUs that are parked be sent again: how many are, and how many stay parked because
/// they are duplicates. Sending those would tell JOOR the wrong number.
///
/// # Errors
/// As [`crate::ledger::Ledger::open`].
pub async fn unpark(
    desk: &mut Desk,
    chosen: impl Fn(&Sku, &ParkedEntry) -> bool,
) -> Result<(u64, u64), Halt> {
    let (mut after, mut unparked, mut left): (Option<String>, u64, u64) = (None, 0, 0);
    loop {
        let page: Vec<(String, ParkedEntry)> =
            desk.ledger.page("parked/", after.as_deref(), 200).await?;
        let Some((last, _)) = page.last() else {
            return Ok((unparked, left));
        };
        after = Some(last.clone());
        let place = |(key, parked): &(String, ParkedEntry)| {
            let (product, label) = key.split_once('/')?;
            Some((Id::parse(product)?, label.to_owned(), parked.clone()))
        };
        let places: Vec<(Id, String, ParkedEntry)> = page.iter().filter_map(place).collect();
        let mut work = Work::default();
        work.load(desk, places.iter().map(|(product, ..)| *product))
            .await?;
        for (product, label, parked) in places {
            let Some(entry) = work.styles.get_mut(&product) else {
                continue;
            };
            let is_it = |sku: &&mut Sku| sku.label() == label && chosen(sku, &parked);
            let Some(sku) = entry.style.skus.iter_mut().find(is_it) else {
                continue;
            };
            if sku.parked.as_ref().is_some_and(Parked::is_duplicate) {
                left += 1;
            } else if sku.parked.take().is_some() {
                unparked += 1;
                entry.changed = true;
            }
        }
        let mut batch = Batch::default();
        work.write(desk, &mut batch);
        desk.commit(batch).await?;
    }
}

impl Entry {
    fn known(style: Style) -> Self {
        let parked_before = style
            .skus
            .iter()
            .filter_map(|s| Some((s.label(), s.parked.clone()?)))
            .collect();
        Self {
            before: style.standing(),
            changed: false,
            parked_before,
            style,
        }
    }
}
