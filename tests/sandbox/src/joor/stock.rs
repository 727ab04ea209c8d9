//! What JOOR shows as available to sell, per SKU, warehouse and day.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::library::SkuNo;

/// Position of a warehouse in the account's list; 0 is the Default one.
pub(super) type WarehouseNo = u16;

/// Units in pending orders, which `dec_pending=1` takes off.
pub(super) type Pending = BTreeMap<(SkuNo, WarehouseNo), u32>;

/// What JOOR shows of a SKU in a warehouse.
///
/// No record is not zero: such a SKU can be ordered without limit.
/// <https://help.jooraccess.com/hc/en-us/articles/26094140045979>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ats {
    /// Nothing was ever said, or it was cleared: no limit.
    #[default]
    NoRecord,
    /// Said to be made to order: no limit.
    MadeToOrder,
    /// So many units; 0 is sold out. At most 2,147,483,647.
    Units(u32),
}

/// All records of the account.
#[derive(Debug, Default)]
pub(super) struct Stock {
    /// Per warehouse, then per SKU; a short list ends in SKUs without record.
    immediate: BTreeMap<WarehouseNo, Vec<Ats>>,
    dated: BTreeMap<(SkuNo, WarehouseNo, Date), u32>,
    /// Units that were said to be pending.
    pub(super) pending: Pending,
}

impl Stock {
    /// `date`: none for immediate stock.
    pub(super) fn get(&self, sku: SkuNo, warehouse: WarehouseNo, date: Option<Date>) -> Ats {
        match date {
            None => {
                let list = self.immediate.get(&warehouse);
                list.and_then(|list| list.get(sku as usize))
                    .copied()
                    .unwrap_or_default()
            }
            Some(date) => self
                .dated
                .get(&(sku, warehouse, date))
                .map_or(Ats::NoRecord, |n| Ats::Units(*n)),
        }
    }

    pub(super) fn set_units(
        &mut self,
        sku: SkuNo,
        warehouse: WarehouseNo,
        date: Option<Date>,
        units: u32,
    ) {
        match date {
            None => self.set_immediate(sku, warehouse, Ats::Units(units)),
            Some(date) => {
                self.dated.insert((sku, warehouse, date), units);
            }
        }
    }

    /// Lists the SKU as made to order in this warehouse and clears its records there.
    pub(super) fn set_made_to_order(&mut self, sku: SkuNo, warehouse: WarehouseNo) {
        self.set_immediate(sku, warehouse, Ats::MadeToOrder);
        let days = (sku, warehouse, Date::MIN)..=(sku, warehouse, Date::MAX);
        let days: Vec<_> = self.dated.range(days).map(|(key, _)| *key).collect();
        for key in days {
            self.dated.remove(&key);
        }
    }

    /// Forgets every record of a warehouse, which leaves its SKUs without limit.
    pub(super) fn clear(&mut self, warehouse: WarehouseNo) {
        self.immediate.remove(&warehouse);
        self.dated.retain(|(_, other, _), _| *other != warehouse);
    }

    /// Every record: immediate ones by warehouse and SKU, then dated ones.
    pub(super) fn records(&self) -> impl Iterator<Item = (SkuNo, WarehouseNo, Option<Date>, Ats)> {
        let immediate = self.immediate.iter().flat_map(|(warehouse, list)| {
            (0..)
                .zip(list)
                .map(move |(sku, ats)| (sku, *warehouse, None, *ats))
        });
        let dated = self.dated.iter().map(|(&(sku, warehouse, date), units)| {
            (sku, warehouse, Some(date), Ats::Units(*units))
        });
        immediate
            .filter(|(.., ats)| *ats != Ats::NoRecord)
            .chain(dated)
    }

    fn set_immediate(&mut self, sku: SkuNo, warehouse: WarehouseNo, ats: Ats) {
        let list = self.immediate.entry(warehouse).or_default();
        let at = sku as usize;
        if list.len() <= at {
            list.resize(at + 1, Ats::NoRecord);
        }
        if let Some(record) = list.get_mut(at) {
            *record = ats;
        }
    }
}
