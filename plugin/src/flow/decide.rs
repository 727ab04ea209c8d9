//! Decides what JOOR should show of a style, from what Shopify says of its variants.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::availability::{
    self, Ats, Incoming, Item, Linesheet, OpenClaim, Quantity, Silent, Source, Value, Working,
};
use crate::core::id::Id;
use crate::core::settings::Settings;
use crate::core::style::{Desired, Parked, Row, Sku, Stock, Style};
use crate::shopify::incoming::Snapshot;
use crate::shopify::locations::{Places, WarehousePlaces};
use crate::shopify::variant::Variant;

use super::desk::Desk;
use super::duplicates::Relabel;

/// Units in orders that Shopify's numbers do not show yet, by variant and location.
pub type OpenClaims = BTreeMap<(Id, Id), Vec<OpenClaim>>;

/// What a decision is made from, beside the variant itself.
pub struct Decider<'d> {
    settings: &'d Settings,
    places: &'d Places,
    incoming: &'d Snapshot,
    claims: &'d OpenClaims,
    today: String,
}

/// What came of deciding about a style.
#[derive(Debug, Default)]
pub struct Decided {
    /// The style's record is another one.
    pub changed: bool,
    /// The numbers of the SKUs that Shopify has a variant for.
    pub seen: Vec<u32>,
    /// Variants that JOOR has no SKU for.
    pub unknown: u64,
    /// Variants whose SKU or UPC is new.
    pub relabels: Vec<Relabel>,
    /// The number of a variant at a location could not be read.
    pub unread: bool,
}

impl<'d> Decider<'d> {
    /// Decides by what is on the desk.
    pub fn new(desk: &'d Desk, claims: &'d OpenClaims) -> Self {
        Self {
            settings: &desk.settings,
            places: &desk.places,
            incoming: &desk.incoming,
            claims,
            today: desk.today(),
        }
    }

    /// A warehouse of the settings, with its locations.
    pub fn warehouse(&self, name: &str) -> Option<&'d WarehousePlaces> {
        self.places.warehouses.iter().find(|one| one.name == name)
    }

    /// Decides about the variants of a style. SKUs without one of them are left as they are.
    pub fn style(&self, product: Id, style: &mut Style, variants: &[Variant]) -> Decided {
        let mut decided = Decided::default();
        let linesheets = self.linesheets(style);
        let (mut hits, mut twins) = (BTreeMap::<u32, Id>::new(), BTreeSet::<u32>::new());
        let mut hint = 0;
        for variant in variants {
            let Some(index) = find(style, variant, self.settings, hint) else {
                decided.unknown += 1;
                continue;
            };
            hint = index + 1;
            let Some(sku) = style.skus.get_mut(index) else {
                continue;
            };
            decided.seen.push(sku.nr);
            decided.unread |= self.is_unread(variant);
            if let Some(first) = hits
                .insert(sku.nr, variant.id)
                .filter(|first| *first != variant.id)
            {
                decided.changed |= park_twins(sku, first, variant.id);
                twins.insert(sku.nr);
                continue;
            }
            let desired = self.desired(&linesheets, product, variant);
            decided.changed |= self.take(product, sku, variant, &desired, &mut decided.relabels);
        }
        for sku in &mut style.skus {
            let was_twin = sku
                .parked
                .as_ref()
                .is_some_and(|p| p.code == Parked::TWIN_UPC);
            if was_twin && hits.contains_key(&sku.nr) && !twins.contains(&sku.nr) {
                sku.parked = None;
                decided.changed = true;
            }
        }
        decided
    }

    fn is_unread(&self, variant: &Variant) -> bool {
        let mut locations = self.places.locations.iter().enumerate();
        locations.any(|(index, location)| {
            location.is_active && variant.level(index) == Quantity::Unknown
        })
    }

    /// Lets nothing wait of the SKUs that were not seen, where a variant could not be read: what is
    /// not known is not sent. True: the record is another one.
    pub fn withhold(&self, style: &mut Style, seen: &BTreeSet<u32>) -> bool {
        let names = self.places.warehouses.iter().map(|one| one.name.clone());
        let nothing = Desired::Rows {
            rows: Vec::new(),
            withheld: names.collect(),
        };
        let mut changed = false;
        let unseen = |sku: &&mut Sku| !sku.gone && !seen.contains(&sku.nr);
        for sku in style.skus.iter_mut().filter(unseen) {
            let before = sku.clone();
            sku.want(&nothing, &self.today);
            changed |= *sku != before;
        }
        changed
    }

    /// Decides anew about the SKUs that are gone and were not seen: a warehouse that was withheld when
    /// they went still shows what it had. True: the record is another one.
    pub fn gone_again(&self, style: &mut Style, seen: &BTreeSet<u32>) -> bool {
        let is_gone = |sku: &Sku| sku.gone && !seen.contains(&sku.nr);
        if !style.skus.iter().any(is_gone) {
            return false;
        }
        let before = style.clone();
        for sku in style.skus.iter_mut().filter(|sku| is_gone(sku)) {
            self.without_variant(&before, sku);
        }
        *style != before
    }

    /// The linesheets of a style, with "Made to order?" from the settings where JOOR does not
    /// tell it.
    pub fn linesheets(&self, style: &Style) -> Vec<Linesheet> {
        let told = |(code, flag): &(String, Option<bool>)| Linesheet {
            code: code.clone(),
            made_to_order: flag.or_else(|| self.settings.made_to_order(code)),
        };
        style.linesheets.iter().map(told).collect()
    }

    /// Publishes an explicit zero for a SKU that Shopify has no variant for.
    pub fn without_variant(&self, style: &Style, sku: &mut Sku) {
        let linesheets = self.linesheets(style);
        let made_to_order =
            !linesheets.is_empty() && linesheets.iter().all(Linesheet::is_made_to_order);
        sku.gone = true;
        sku.want(
            &if made_to_order {
                Desired::NoRows
            } else {
                self.gather(|_| {
                    vec![Ats {
                        date: None,
                        value: Value::Units(0),
                        oversold: 0,
                    }]
                })
            },
            &self.today,
        );
    }

    /// What JOOR should show of a variant.
    pub fn desired(&self, linesheets: &[Linesheet], product: Id, variant: &Variant) -> Desired {
        let item = item(linesheets, product, variant);
        if item.only_made_to_order() {
            return Desired::NoRows;
        }
        self.gather(|place| self.ats(&item, variant, place, &mut Silent))
    }

    /// The ATS of a variant in one warehouse, with its working.
    pub fn ats(
        &self,
        item: &Item<'_>,
        variant: &Variant,
        place: &WarehousePlaces,
        working: &mut impl Working,
    ) -> Vec<Ats> {
        let rules = item.rules(self.settings);
        let arriving: Vec<Vec<Incoming>> = place
            .locations
            .iter()
            .map(|index| match self.places.locations.get(*index) {
                Some(at) if self.settings.future_inventory => {
                    self.incoming
                        .at(variant.inventory_item.id, at.id, &self.today)
                }
                _ => Vec::new(),
            })
            .collect();
        let sources: Vec<Source<'_>> = place
            .locations
            .iter()
            .zip(&arriving)
            .filter_map(|(index, incoming)| {
                let location = self.places.locations.get(*index)?;
                Some(Source {
                    location: &location.name,
                    quantity: if location.is_active {
                        variant.level(*index)
                    } else {
                        Quantity::Unknown
                    },
                    incoming,
                    claims: self
                        .claims
                        .get(&(variant.id, location.id))
                        .map_or(&[], Vec::as_slice),
                })
            })
            .collect();
        availability::availability(
            item,
            &rules,
            &sources,
            self.settings.future_inventory,
            working,
        )
    }

    fn gather(&self, ats: impl Fn(&WarehousePlaces) -> Vec<Ats>) -> Desired {
        let (mut rows, mut withheld) = (Vec::new(), Vec::new());
        for place in &self.places.warehouses {
            if place.withheld.is_some() {
                withheld.push(place.name.clone());
                continue;
            }
            for Ats { date, value, .. } in ats(place) {
                let stock = match value {
                    Value::Units(units) => Stock::Units(units),
                    Value::MadeToOrder => Stock::MadeToOrder,
                    Value::Withheld => {
                        withheld.push(place.name.clone());
                        continue;
                    }
                };
                rows.push(Row {
                    warehouse: place.name.clone(),
                    date,
                    stock,
                });
            }
        }
        Desired::Rows { rows, withheld }
    }

    /// Takes a variant into its SKU's record. True: the record is another one.
    fn take(
        &self,
        product: Id,
        sku: &mut Sku,
        variant: &Variant,
        desired: &Desired,
        relabels: &mut Vec<Relabel>,
    ) -> bool {
        let same = sku.variant == Some(variant.id) && sku.sku == variant.sku() && !sku.gone;
        if !same {
            relabels.push(Relabel::new(product, sku, variant));
            sku.variant = Some(variant.id);
            variant.sku().clone_into(&mut sku.sku);
            sku.gone = false;
        }
        if same && sku.shows(desired) {
            return false;
        }
        let before = (sku.sent.len(), sku.want.clone(), sku.parked.is_some());
        sku.want(desired, &self.today);
        !same || before != (sku.sent.len(), sku.want.clone(), sku.parked.is_some())
    }
}

/// A variant as availability sees it.
pub fn item<'a>(linesheets: &'a [Linesheet], product: Id, variant: &'a Variant) -> Item<'a> {
    Item {
        style: product,
        sku: variant.sku(),
        tags: &variant.product.tags,
        linesheets,
        tracked: variant.inventory_item.tracked,
        continue_selling: variant.continue_selling(),
        on_sale: variant.on_sale(),
    }
}

/// The SKU of a variant: by its UPC. Variants and SKUs mostly come in one order, so the search
/// begins at `hint`.
fn find(style: &Style, variant: &Variant, settings: &Settings, hint: usize) -> Option<usize> {
    let upc = variant.upc(&settings.upc)?;
    let is_it = |index: &usize| style.skus.get(*index).is_some_and(|sku| sku.upc == upc);
    Some(hint)
        .filter(is_it)
        .or_else(|| (0..style.skus.len()).find(is_it))
}

/// Two variants of one style have the same UPC, so neither can be told to JOOR.
fn park_twins(sku: &mut Sku, first: Id, second: Id) -> bool {
    let parked = Parked {
        code: Parked::TWIN_UPC.into(),
        reason: format!(
            "The variants {first} and {second} of one style both have the UPC {}.",
            sku.upc
        ),
    };
    let changed = sku.parked.as_ref() != Some(&parked);
    sku.parked = Some(parked);
    changed
}
