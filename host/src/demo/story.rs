//! What happens in the demo, scene by scene. After each, passes run until JOOR has followed.

use atsync_sandbox::faults::Fault;
use atsync_sandbox::joor::{NewOrder, OrderView};
use atsync_sandbox::shopify::{LocationId, Shop, VariantId};
use atsync_sandbox::wire::Side;

use super::board::{Board, label};
use super::stage::Stage;
use super::truth::Comparison;
use super::world::location_name;
use crate::command::Stop;
use crate::render::counted;
use crate::report::{Align, Table};

/// Changes something, and says what.
type Scene = fn(&mut Stage, &[VariantId]) -> Result<String, Stop>;

/// Plays all scenes. Stops early where both sides do not come to agree, with what they differ in.
///
/// # Errors
/// A pass fails, or somebody stops the demo.
pub async fn play(stage: &mut Stage, board: &mut Board) -> Result<Comparison, Stop> {
    let scenes: [(Scene, bool); 7] = [
        (first_sync, false),
        (stock_changes, false),
        (orders_arrive, true),
        (order_cancelled, true),
        (sold_out, false),
        (new_location, false),
        (throttle, false),
    ];
    let mut comparison = Comparison::default();
    for (scene, shows_orders) in scenes {
        let sentence = scene(stage, board.watched())?;
        board.say(&sentence);
        board.draw(&stage.sandbox(), stage.locations());
        board.pause().await;
        comparison = stage.follow().await?;
        board.draw(&stage.sandbox(), stage.locations());
        if shows_orders {
            let orders = stage.ask("orders").await?;
            let committed = committed(&stage.sandbox().shop, board.watched());
            let tables = orders.tables.iter().chain([&committed]);
            tables
                .filter(|table| !table.rows.is_empty())
                .for_each(|table| board.show(table));
        }
        board.pause().await;
        if !comparison.differences.is_empty() {
            break;
        }
    }
    board.keep();
    Ok(comparison)
}

/// Sells or receives a few units of something.
pub fn something_changes(stage: &Stage, watched: &[VariantId], dice: &mut Dice) {
    let now = stage.now();
    let mut sandbox = stage.sandbox();
    let locations = open_locations(&sandbox.shop);
    for _ in 0..=dice.below(2) {
        let variant = watched.get(dice.below(watched.len()));
        let location = locations.get(dice.below(locations.len()));
        if let (Some(variant), Some(location)) = (variant, location) {
            let units = i64::try_from(dice.below(9)).unwrap_or(0) - 4;
            sandbox.shop.adjust(*variant, *location, units, now);
        }
    }
}

fn first_sync(stage: &mut Stage, _: &[VariantId]) -> Result<String, Stop> {
    let locations = stage.locations().join(" and ");
    let sandbox = stage.sandbox();
    let styles = sandbox.shop.products().count();
    let skus: usize = sandbox
        .shop
        .products()
        .map(|product| product.variants().count())
        .sum();
    Ok(format!(
        "First sync: {} with {}, stocked in {locations}, for one JOOR warehouse.",
        counted(styles, "style"),
        counted(skus, "SKU"),
    ))
}

fn stock_changes(stage: &mut Stage, watched: &[VariantId]) -> Result<String, Stop> {
    let now = stage.now();
    let mut sandbox = stage.sandbox();
    let shop = &mut sandbox.shop;
    let locations = open_locations(shop);
    let (Some(here), Some(there)) = (locations.first(), locations.last()) else {
        return Ok("Stock stays as it is: the shop has no open location.".to_owned());
    };
    let mut told = Vec::new();
    if count(shop, watched, now) {
        told.push("the shop begins to count the SKUs in view".to_owned());
    }
    if let Some(variant) = watched.first() {
        shop.sell(*variant, *here, 3, now);
        told.push(format!(
            "{} sells 3 of {}",
            place(shop, *here),
            label(shop, *variant)
        ));
    }
    if let Some(variant) = watched.get(1) {
        shop.adjust(*variant, *there, 12, now);
        told.push(format!(
            "{} receives 12 of {}",
            place(shop, *there),
            label(shop, *variant)
        ));
    }
    Ok(format!("Stock changes: {}.", told.join("; ")))
}

/// One order of each kind, from JOOR.
fn orders_arrive(stage: &mut Stage, watched: &[VariantId]) -> Result<String, Stop> {
    let now = stage.now();
    let (follows, always) = stage.linesheet_codes();
    let mut sandbox = stage.sandbox();
    let here = open_locations(&sandbox.shop).first().copied();
    let in_stock: Vec<(String, String, i64)> = watched
        .iter()
        .filter_map(|id| sandbox.shop.variant(*id).map(|variant| (*id, variant)))
        .filter(|(_, variant)| variant.tracked() && !variant.continue_selling())
        .filter_map(|(id, variant)| {
            let units = variant.available(here?).filter(|units| *units > 0)?;
            let upc = variant.number().to_string();
            Some((upc, label(&sandbox.shop, id), units))
        })
        .collect();
    let (Some((upc, sku, _)), Some((scarce, scarce_sku, units))) =
        (in_stock.first(), in_stock.last())
    else {
        return Ok("No order comes in: the first location has nothing to sell.".to_owned());
    };
    let price = 45_00;
    let more = units + 2;
    let orders = [
        NewOrder::of(&always)
            .line(upc, 1, price)
            .purchase_order("PO-ORDINARY"),
        NewOrder::of("MTO")
            .line(upc, 1, price)
            .purchase_order("PO-MADE-TO-ORDER"),
        NewOrder::of(&follows)
            .line(scarce, more, price)
            .purchase_order("PO-SHORT"),
        NewOrder::of(&always)
            .line(UNKNOWN_UPC, 1, price)
            .purchase_order("PO-UNKNOWN-STYLE"),
        NewOrder::of(&always)
            .line(upc, 1, price)
            .purchase_order(TO_CANCEL),
    ];
    for order in orders {
        sandbox.joor.place_order(order.approved(), now);
    }
    Ok(format!(
        "Five orders are approved on JOOR: 1 {sku}; 1 {sku} on the linesheet MTO; {more} {scarce_sku}, of which the \
         first location has {units}; 1 of a style that was made on JOOR; and 1 {sku} that will be cancelled."
    ))
}

/// A UPC that belongs to no style of the shop.
const UNKNOWN_UPC: &str = "8000000000017";

/// The purchase order of the order that will be cancelled.
const TO_CANCEL: &str = "PO-TO-BE-CANCELLED";

fn order_cancelled(stage: &mut Stage, _: &[VariantId]) -> Result<String, Stop> {
    let now = stage.now();
    let mut sandbox = stage.sandbox();
    let wanted = |order: &OrderView| order.content.purchase_order.as_deref() == Some(TO_CANCEL);
    let Some(order) = sandbox.joor.orders().find(wanted) else {
        return Ok("No order is cancelled: none came in.".to_owned());
    };
    match sandbox.joor.cancel_order(order.id, now) {
        Ok(()) => Ok(format!(
            "Order {} is cancelled on JOOR: Shopify gets back exactly what it claimed.",
            order.id
        )),
        Err(error) => Ok(format!("No order is cancelled: {error}.")),
    }
}

fn sold_out(stage: &mut Stage, watched: &[VariantId]) -> Result<String, Stop> {
    let now = stage.now();
    let mut sandbox = stage.sandbox();
    let shop = &mut sandbox.shop;
    let locations = open_locations(shop);
    let in_stock = |id: &&VariantId| {
        let variant = shop.variant(**id);
        variant.is_some_and(|one| locations.iter().any(|at| one.available(*at) > Some(0)))
    };
    let variant = watched
        .iter()
        .rev()
        .find(in_stock)
        .and_then(|id| shop.variant(*id));
    let Some(product) = variant.and_then(|variant| shop.product(variant.product())) else {
        return Ok("Nothing sells out: there is no stock.".to_owned());
    };
    let title = product.title().to_owned();
    let variants: Vec<_> = product.variants().map(|variant| variant.id()).collect();
    for location in locations {
        for variant in &variants {
            if shop
                .variant(*variant)
                .is_some_and(|one| one.available(location) > Some(0))
            {
                shop.set_available(*variant, location, 0, now);
            }
        }
    }
    Ok(format!(
        "{title} sells out everywhere: each of its SKUs gets an explicit 0."
    ))
}

fn new_location(stage: &mut Stage, watched: &[VariantId]) -> Result<String, Stop> {
    let city = location_name(stage.locations().len());
    let now = stage.now();
    {
        let mut sandbox = stage.sandbox();
        let location = sandbox.shop.add_location(&city, now);
        for variant in watched {
            sandbox.shop.set_available(*variant, location, 5, now);
        }
    }
    stage.add_location_to_settings(&city)?;
    Ok(format!(
        "A new location: {city} opens with 5 of each SKU in view, and the settings add it to the warehouse."
    ))
}

fn throttle(stage: &mut Stage, watched: &[VariantId]) -> Result<String, Stop> {
    let now = stage.now();
    let mut sandbox = stage.sandbox();
    sandbox.faults.next(Side::Shopify, "", Fault::Throttled, 3);
    let shop = &mut sandbox.shop;
    let location = open_locations(shop).first().copied();
    if let (Some(variant), Some(location)) = (watched.get(2), location) {
        shop.adjust(*variant, location, 7, now);
    }
    Ok(
        "Shopify throttles the next three requests while stock changes: atsync waits and goes on."
            .to_owned(),
    )
}

/// Makes the shop count what it did not; whether there was any such SKU.
fn count(shop: &mut Shop, watched: &[VariantId], now: u64) -> bool {
    let uncounted = |id: &VariantId| shop.variant(*id).is_some_and(|variant| !variant.tracked());
    let uncounted: Vec<_> = watched.iter().copied().filter(uncounted).collect();
    for variant in &uncounted {
        shop.set_tracked(*variant, true, now);
    }
    !uncounted.is_empty()
}

fn open_locations(shop: &Shop) -> Vec<LocationId> {
    shop.location_ids()
        .filter(|location| shop.location_is_active(*location))
        .collect()
}

/// Where Shopify holds stock for orders, of the SKUs in view.
fn committed(shop: &Shop, watched: &[VariantId]) -> Table {
    let mut rows = Vec::new();
    for variant in watched.iter().filter_map(|id| shop.variant(*id)) {
        for location in shop.location_ids() {
            let committed = variant.committed(location).filter(|units| *units != 0);
            let available = variant.available(location);
            if let (Some(committed), Some(available)) = (committed, available) {
                rows.push(vec![
                    label(shop, variant.id()),
                    place(shop, location),
                    available.to_string(),
                    committed.to_string(),
                ]);
            }
        }
    }
    Table {
        title: "Committed in Shopify".to_owned(),
        columns: ["SKU", "location", "available", "committed"]
            .map(str::to_owned)
            .to_vec(),
        align: vec![Align::Left, Align::Left, Align::Right, Align::Right],
        rows,
        more: 0,
    }
}

fn place(shop: &Shop, location: LocationId) -> String {
    shop.location_name(location)
        .unwrap_or("a location")
        .to_owned()
}

/// Small random numbers, the same ones in every demo (SplitMix64).
pub struct Dice(u64);

impl Dice {
    /// A new set of dice.
    pub fn new() -> Self {
        Self(0)
    }

    /// A number from 0 up to, not including, `below`; 0 if that is empty.
    pub fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33)
            .unwrap_or(0)
            .checked_rem(below)
            .unwrap_or(0)
    }
}
