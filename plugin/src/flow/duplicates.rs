//! Two variants with one SKU or one UPC: neither number can be trusted, so both are parked, and
//! both are named.
//!
//! The ledger keeps who carries a SKU or UPC. It is looked at only where a label is new, so a
//! full read of an unchanged shop costs nothing here, and memory does not grow with the shop.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::id::Id;
use crate::core::settings::Upc;
use crate::core::style::{Parked, Sku};
use crate::core::text::shown;
use crate::halt::Halt;
use crate::ledger::{Batch, Owners};
use crate::shopify::variant::Variant;

use super::desk::Desk;
use super::work::Work;

/// A variant carries another SKU or UPC than the ledger knows.
#[derive(Debug)]
pub struct Relabel {
    product: Id,
    /// The variant, with its labels; none for one that is gone.
    now: Option<(Id, Labels)>,
    before: Option<(Id, Labels)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Labels {
    sku: String,
    upc: String,
}

impl Relabel {
    /// `variant` takes the place of what `sku` knew.
    pub fn new(product: Id, sku: &Sku, variant: &Variant) -> Self {
        let now = Labels {
            sku: variant.sku().to_owned(),
            upc: sku.upc.clone(),
        };
        Self {
            now: Some((variant.id, now)),
            ..Self::gone(product, sku)
        }
    }

    /// The variant that `sku` knew is gone.
    pub fn gone(product: Id, sku: &Sku) -> Self {
        let labels = Labels {
            sku: sku.sku.clone(),
            upc: sku.upc.clone(),
        };
        Self {
            product,
            now: None,
            before: sku.variant.map(|id| (id, labels)),
        }
    }
}

/// A label that must be unique.
struct Kind {
    prefix: &'static str,
    code: &'static str,
    label: fn(&Labels) -> &str,
}

impl Kind {
    /// The ledger's key of a label; none for a variant that has no such label.
    fn key(&self, labels: &Labels) -> Option<String> {
        let label = (self.label)(labels);
        (!label.is_empty()).then(|| format!("{}{label}", self.prefix))
    }
}

fn kinds(upc: &Upc) -> Vec<Kind> {
    let sku = Kind {
        prefix: "sku/",
        code: Parked::DUPLICATE_SKU,
        label: |l| &l.sku,
    };
    let upc_kind = Kind {
        prefix: "upc/",
        code: Parked::DUPLICATE_UPC,
        label: |l| &l.upc,
    };
    // A variant id is unique by itself, and the SKU is looked at already.
    match upc {
        Upc::Barcode | Upc::Metafield { .. } => vec![sku, upc_kind],
        Upc::VariantId | Upc::Sku | Upc::BarcodeVariantId => vec![sku],
    }
}

/// Brings the ledger's knowledge of who carries what up to date, and parks and unparks.
pub async fn settle(
    desk: &Desk,
    work: &mut Work,
    relabels: &[Relabel],
    batch: &mut Batch,
) -> Result<(), Halt> {
    for kind in kinds(&desk.settings.upc) {
        settle_kind(desk, &kind, work, relabels, batch).await?;
    }
    Ok(())
}

async fn settle_kind(
    desk: &Desk,
    kind: &Kind,
    work: &mut Work,
    relabels: &[Relabel],
    batch: &mut Batch,
) -> Result<(), Halt> {
    let labelled = relabels.iter().flat_map(|r| [&r.before, &r.now]).flatten();
    let keys: BTreeSet<String> = labelled
        .filter_map(|(_, labels)| kind.key(labels))
        .collect();
    let keys: Vec<String> = keys.into_iter().collect();
    let before: Vec<Owners> = desk
        .ledger
        .get_all(keys.clone())
        .await?
        .into_iter()
        .map(Option::unwrap_or_default)
        .collect();
    let mut owners: BTreeMap<String, Owners> = keys.iter().cloned().zip(before.clone()).collect();
    for Relabel {
        product,
        before,
        now,
    } in relabels
    {
        if let Some((variant, labels)) = before
            && let Some(owners) = kind.key(labels).and_then(|key| owners.get_mut(&key))
        {
            owners.retain(|owner| *owner != (*product, *variant));
        }
        if let Some((variant, labels)) = now
            && let Some(owners) = kind.key(labels).and_then(|key| owners.get_mut(&key))
            && !owners.contains(&(*product, *variant))
        {
            owners.push((*product, *variant));
        }
    }
    for ((key, now), before) in owners.into_iter().zip(before) {
        if before == now {
            continue;
        }
        if now.is_empty() {
            batch.remove(&key);
        } else {
            batch.put(&key, &now);
        }
        if before.len() > 1 || now.len() > 1 {
            let name = key.strip_prefix(kind.prefix).unwrap_or(&key);
            work.load(desk, before.iter().chain(&now).map(|(product, _)| *product))
                .await?;
            park(work, kind.code, name, &before, &now);
        }
    }
    Ok(())
}

fn park(work: &mut Work, code: &'static str, name: &str, before: &Owners, now: &Owners) {
    let mut set = |owners: &Owners, parked: Option<&Parked>| {
        for (product, variant) in owners {
            let Some(entry) = work.styles.get_mut(product) else {
                continue;
            };
            let carries = |sku: &&mut Sku| sku.variant == Some(*variant);
            let Some(sku) = entry.style.skus.iter_mut().find(carries) else {
                continue;
            };
            let was = sku.parked.as_ref().is_some_and(|p| p.code == code);
            if parked.is_some() || was {
                sku.parked = parked.cloned();
                entry.changed = true;
            }
        }
    };
    set(before, None);
    if now.len() > 1 {
        let what = if code == Parked::DUPLICATE_SKU {
            "SKU"
        } else {
            "UPC"
        };
        let list: Vec<String> = now
            .iter()
            .map(|(product, variant)| format!("variant {variant} of style {product}"))
            .collect();
        let reason = format!(
            "The {what} \"{}\" is carried by {}.",
            shown(name),
            list.join(" and ")
        );
        set(
            now,
            Some(&Parked {
                code: code.into(),
                reason,
            }),
        );
    }
}
