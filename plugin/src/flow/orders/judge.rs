//! Decides about the orders that wait: what each line is of, what it claims, and who decided.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::availability::Quantity;
use crate::core::claim::{ClaimDecision, Left, OrderLine, claim_from, undecided};
use crate::core::finding::Finding;
use crate::core::id::Id;
use crate::core::order::{
    Demand, Match, Matched, Order, Ready, Trouble, UNREADABLE, demanded, understand,
};
use crate::core::settings::{Shortage, Upc};
use crate::core::snapshot::Snapshot;
use crate::core::style::{Parked, Sku};
use crate::core::text::{hash, shown};
use crate::halt::Halt;
use crate::ledger::Owners;
use crate::ledger::orders::{DecidedLine, Decision, OrderEntry, State};
use crate::shopify::orders as shop;
use crate::shopify::variant::Variant;

use super::super::changed::bring_catalogue_forward;
use super::super::desk::Desk;
use super::super::work::Work;
use super::book::Book;

/// An order to be created.
pub struct Task {
    /// JOOR's id of it.
    pub id: String,
    /// What it is, to the cent.
    pub ready: Ready,
    /// A digest of what Shopify would be asked: the same again is refused again.
    pub order_digest: u64,
    /// The same, with the stock that was seen.
    pub stock_digest: u64,
    /// The customer code names a customer of the shop.
    pub customer: Option<Id>,
}

/// Decides about the waiting orders, the older ones first: those that can be created now.
pub async fn waiting(desk: &mut Desk, book: &mut Book) -> Result<Vec<Task>, Halt> {
    // One that was sent in part is finished as it was decided.
    let half = |entry: &OrderEntry| {
        entry.state == State::Sending
            && entry
                .parts
                .iter()
                .all(|part| part.order.is_some() || part.sent_at == 0)
    };
    let mut ids = book.which(|entry| entry.state == State::Waiting || half(entry));
    ids.retain(|id| book.offered.contains_key(id));
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let age = |id: &String| {
        let approved_at = book.entry(id).map_or(0, |entry| entry.approved_at);
        (approved_at, id.len(), id.clone())
    };
    ids.sort_by_key(age);
    let matches = find_matches(desk, book, &ids).await?;
    let customers = find_customers(desk, book, &ids).await?;
    let mut left = claimed_by_others(book, &matches);
    let mut tasks = Vec::new();
    for id in ids {
        tasks.extend(decide(desk, book, &id, &matches, &customers, &mut left));
    }
    book.commit_changed(desk).await?;
    Ok(tasks)
}

fn decide(
    desk: &mut Desk,
    book: &mut Book,
    id: &str,
    matches: &BTreeMap<String, Match>,
    customers: &BTreeSet<Id>,
    left: &mut Left,
) -> Option<Task> {
    let order = book.offered.get(id)?.clone();
    tell_of_linesheet(desk, &order);
    let now = desk.io.now();
    let (settings, code) = (&desk.settings, order.linesheet_code.as_str());
    let understood = understand(&order, matches);
    let demanded = demanded(&order, matches);
    let decided = book.entry(id)?.state == State::Sending;
    let of_core = core_lines(&demanded);
    let claimed = match decided {
        true => Err("it was decided before".into()),
        false => claim_from(settings, code, &of_core, left),
    };
    let entry = book.entry_mut(id)?;
    if decided {
        return finish(entry, &order, understood, customers, now);
    }
    // What was decided stands while a variant or its stock cannot be read.
    let unread = |troubles: &Vec<Trouble>| troubles.iter().any(|t| t.code == UNREADABLE);
    let unread = understood.as_ref().err().is_some_and(unread);
    if entry.decision.is_none() || (claimed.is_ok() && !unread) {
        let undecided = |why: String| undecided(settings, code, &of_core, &why);
        let so_far = claimed.clone().unwrap_or_else(undecided);
        entry.decision = Some(decision(&so_far, &demanded));
    }
    let mut troubles = Vec::new();
    match (&understood, claimed) {
        (Err(refused), _) => troubles.clone_from(refused),
        (Ok(_), Err(why)) => troubles.push(Trouble::new(
            "order-stock-unknown",
            why,
            "The next pass tries again. Look at the SKU in Shopify if it lasts.",
        )),
        (Ok(_), Ok(decided)) if settings.orders.shortage == Shortage::Hold => {
            troubles.extend(shortage(&decided, &demanded));
        }
        (Ok(_), Ok(_)) => {}
    }
    troubles.extend(approved_again(entry));
    let order_digest = hash(&format!("{order:?}"));
    let stock: Vec<Option<i64>> = demanded.iter().map(|line| line.of.available).collect();
    let stock_digest = hash(&format!("{order_digest} {stock:?}"));
    if !troubles.is_empty() {
        entry.park(now, troubles, None);
        return None;
    }
    let seen = entry.parked.as_ref().and_then(|parked| parked.seen);
    if seen.is_some_and(|seen| seen == order_digest || seen == stock_digest) {
        return None;
    }
    entry.parked = None;
    let customer = Id::parse(&order.customer_code).filter(|code| customers.contains(code));
    Some(Task {
        id: id.to_owned(),
        ready: understood.ok()?,
        order_digest,
        stock_digest,
        customer,
    })
}

/// What was cancelled in Shopify is not created there once more under the same id.
fn approved_again(entry: &OrderEntry) -> Option<Trouble> {
    entry.was_in_shopify().then(|| {
        Trouble::new(
            "order-approved-again",
            "It was cancelled, and its order in Shopify with it; now JOOR offers it as approved again.",
            "Place it on JOOR as a new order, or enter it in Shopify by hand; then `orders release` it.",
        )
    })
}

/// The rest of an order of which a part is in Shopify: as it was decided, or not at all.
fn finish(
    entry: &mut OrderEntry,
    order: &Order,
    understood: Result<Ready, Vec<Trouble>>,
    customers: &BTreeSet<Id>,
    now: u64,
) -> Option<Task> {
    let same = entry.snapshot == Snapshot::of(order);
    let Some(ready) = understood.ok().filter(|_| same) else {
        let trouble = Trouble::new(
            "order-half-created",
            "A part of it is in Shopify; the rest cannot be made any more, because the order or its SKUs have changed.",
            "Enter the rest in Shopify by hand, then `orders release` it.",
        );
        entry.park(now, vec![trouble], None);
        return None;
    };
    let digest = hash(&format!("{order:?}"));
    if entry
        .parked
        .as_ref()
        .is_some_and(|parked| parked.seen == Some(digest))
    {
        return None;
    }
    entry.parked = None;
    // What Shopify would not move is tried once more with the rest, so that a person goes on
    // seeing it.
    for part in &mut entry.parts {
        part.misplaced = false;
    }
    Some(Task {
        id: entry.id.clone(),
        ready,
        order_digest: digest,
        stock_digest: digest,
        customer: Id::parse(&order.customer_code).filter(|code| customers.contains(code)),
    })
}

/// A linesheet that the settings do not name goes by the global policy, and somebody should know.
fn tell_of_linesheet(desk: &mut Desk, order: &Order) {
    let code = &order.linesheet_code;
    let known = desk
        .settings
        .linesheets
        .iter()
        .any(|l| l.code.eq_ignore_ascii_case(code));
    if desk.settings.linesheets.is_empty() || known || code.eq_ignore_ascii_case("MTO") {
        return;
    }
    desk.report.find(
        Finding::note(
            "order-linesheet-not-in-settings",
            format!("The settings do not name the linesheet \"{code}\", so its orders go by the global claim policy."),
            "Add it under `linesheets` if its orders should claim stock in another way.",
        )
        .about(code),
    );
}

fn core_lines(lines: &[Demand]) -> Vec<OrderLine> {
    let line = |line: &Demand| OrderLine {
        line: line.number.to_string(),
        sku: line.of.sku.clone(),
        stock: line.of.variant.to_string(),
        units: line.units,
        continue_selling: line.of.continue_selling,
        tracked: line.of.tracked,
        available: line.of.available,
    };
    lines.iter().map(line).collect()
}

fn decision(decided: &ClaimDecision, lines: &[Demand]) -> Decision {
    let line = |(line, decided): (&Demand, &crate::core::claim::LineDecision)| DecidedLine {
        number: line.number,
        sku: line.of.sku.clone(),
        variant: line.of.variant,
        product: line.of.product,
        item: line.of.item,
        tracked: line.of.tracked,
        units: line.units,
        claim: decided.claim,
        short: decided.short,
        why: decided.why.clone(),
    };
    Decision {
        behaviour: decided.behaviour.word().to_owned(),
        decided_by: decided.decided_by.clone(),
        lines: lines.iter().zip(&decided.lines).map(line).collect(),
    }
}

/// The short lines of an order, for the brand and for JOOR.
fn shortage(decided: &ClaimDecision, lines: &[Demand]) -> Option<Trouble> {
    let short: Vec<String> = lines
        .iter()
        .zip(&decided.lines)
        .filter(|(_, decided)| decided.short > 0)
        .map(|(line, decided)| {
            format!(
                "line {} (SKU {}): {} ordered, {} in stock",
                line.number,
                shown(&line.of.sku),
                line.units,
                decided.claim
            )
        })
        .collect();
    (!short.is_empty()).then(|| {
        Trouble::new(
            "order-short",
            format!("There is not enough stock for {}.", short.join("; ")),
            "It is tried again when stock comes in. Or reduce the lines on JOOR, or set `orders.shortage = \"partial\"`.",
        )
    })
}

/// What the UPCs of these orders lead to.
async fn find_matches(
    desk: &mut Desk,
    book: &Book,
    ids: &[String],
) -> Result<BTreeMap<String, Match>, Halt> {
    let orders = ids.iter().filter_map(|id| book.offered.get(id));
    let upcs: BTreeSet<&str> = orders
        .flat_map(|order| &order.lines)
        .map(|line| line.upc.as_str())
        .filter(|upc| !upc.is_empty())
        .collect();
    let upcs: Vec<&str> = upcs.into_iter().collect();
    let candidates = candidates(desk, &upcs).await?;
    let variants: BTreeSet<Id> = candidates.values().flatten().copied().collect();
    let variants: Vec<Id> = variants.into_iter().collect();
    let (read, unreadable) = shop::variants(&desk.shopify, &variants, book.location).await?;
    let by_id: BTreeMap<Id, Variant> = read
        .into_iter()
        .map(|variant| (variant.id, variant))
        .collect();
    let mut work = Work::default();
    let products = by_id.values().map(|variant| variant.product.id);
    let products = products.chain(unreadable.iter().filter_map(|variant| variant.product));
    work.load(desk, products).await?;
    // A variant id may be anything; a label in the ledger was a variant of ours.
    let by_ledger = !matches!(desk.settings.upc, Upc::VariantId | Upc::BarcodeVariantId);
    let mut unknown = false;
    let mut matches = BTreeMap::new();
    for upc in upcs {
        let found = match candidates.get(upc).map_or(&[][..], Vec::as_slice) {
            [] => Match::NotLinked,
            [one] => match (by_id.get(one), unreadable.iter().find(|v| v.id == *one)) {
                (Some(variant), _) => linked(&work, upc, variant),
                (None, Some(variant)) => Match::Unreadable(known_of(&work, upc, variant)),
                (None, None) if by_ledger => Match::Gone,
                (None, None) => Match::NotLinked,
            },
            several => Match::Several(several.to_vec()),
        };
        unknown |= found == Match::NotLinked;
        matches.insert(upc.to_owned(), found);
    }
    if unknown {
        bring_catalogue_forward(desk).await?;
    }
    Ok(matches)
}

/// The variants that a UPC may name, by what the settings say a UPC is.
async fn candidates(desk: &Desk, upcs: &[&str]) -> Result<BTreeMap<String, Vec<Id>>, Halt> {
    let prefix = match &desk.settings.upc {
        Upc::VariantId | Upc::BarcodeVariantId => {
            let id = |upc: &str| Id::parse(upc.rsplit("::").next().unwrap_or(upc));
            return Ok(upcs
                .iter()
                .map(|upc| ((*upc).to_owned(), id(upc).into_iter().collect()))
                .collect());
        }
        Upc::Sku => "sku/",
        Upc::Barcode | Upc::Metafield { .. } => "upc/",
    };
    let keys = upcs.iter().map(|upc| format!("{prefix}{upc}")).collect();
    let owners: Vec<Option<Owners>> = desk.ledger.get_all(keys).await?;
    let ids = |owners: Option<Owners>| {
        owners
            .unwrap_or_default()
            .into_iter()
            .map(|(_, variant)| variant)
            .collect()
    };
    Ok(upcs
        .iter()
        .map(|upc| (*upc).to_owned())
        .zip(owners.into_iter().map(ids))
        .collect())
}

/// A variant counts if its style was made from this shop, and JOOR's SKU with this UPC is its own.
fn linked(work: &Work, upc: &str, variant: &Variant) -> Match {
    let Some(known) = sku_of(work, upc, variant.product.id) else {
        return Match::NotLinked;
    };
    let twins = known
        .parked
        .as_ref()
        .filter(|parked| parked.code == Parked::TWIN_UPC);
    if let Some(twins) = twins {
        return Match::Twins(twins.reason.clone());
    }
    let sku = match variant.sku() {
        "" => format!("variant {}", variant.id),
        sku => sku.to_owned(),
    };
    Match::Variant(Matched {
        variant: variant.id,
        product: variant.product.id,
        item: variant.inventory_item.id,
        sku,
        tracked: variant.inventory_item.tracked,
        continue_selling: variant.continue_selling(),
        available: match variant.level(0) {
            Quantity::Available(units) => Some(units),
            // Not stocked there: there is nothing to claim, and that is known.
            Quantity::NotStocked => Some(0),
            Quantity::Unknown => None,
        },
    })
}

fn sku_of<'w>(work: &'w Work, upc: &str, product: Id) -> Option<&'w Sku> {
    let style = &work.styles.get(&product)?.style;
    style.skus.iter().find(|sku| sku.upc == upc)
}

/// What is known of a linked variant that cannot be read: enough to keep its units.
fn known_of(work: &Work, upc: &str, variant: &shop::Unreadable) -> Option<Matched> {
    let product = variant.product?;
    let known = sku_of(work, upc, product)?;
    Some(Matched {
        variant: variant.id,
        product,
        item: variant.item?,
        sku: known.sku.clone(),
        tracked: true,
        continue_selling: false,
        available: None,
    })
}

/// Which customer codes are customers of the shop: JOOR's own integration puts the Shopify customer
/// id there.
async fn find_customers(desk: &Desk, book: &Book, ids: &[String]) -> Result<BTreeSet<Id>, Halt> {
    let orders = ids.iter().filter_map(|id| book.offered.get(id));
    let codes: BTreeSet<Id> = orders
        .filter_map(|order| Id::parse(&order.customer_code))
        .collect();
    let codes: Vec<Id> = codes.into_iter().collect();
    Ok(shop::customers(&desk.shopify, &codes)
        .await?
        .into_iter()
        .collect())
}

/// Stock that orders before these claim and Shopify's numbers do not show yet.
fn claimed_by_others(book: &Book, matches: &BTreeMap<String, Match>) -> Left {
    let known: BTreeMap<Id, i64> = matches
        .values()
        .filter_map(|found| match found {
            Match::Variant(of) => Some((of.variant, of.available?)),
            _ => None,
        })
        .collect();
    let mut left = Left::default();
    for (id, claim) in book.claims() {
        let waits = book
            .entry(id)
            .is_some_and(|entry| entry.state == State::Waiting);
        if waits || claim.shown_at.is_some() {
            continue;
        }
        for claimed in &claim.units {
            if let Some(available) = known.get(&claimed.variant) {
                left.take(&claimed.variant.to_string(), *available, claimed.units);
            }
        }
    }
    left
}
