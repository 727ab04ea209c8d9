//! What happens in the demo, scene by scene. After each, passes run until JOOR has followed.

use atsync_sandbox::faults::Fault;
use atsync_sandbox::shopify::{LocationId, Shop, VariantId};
use atsync_sandbox::wire::Side;

use super::board::{Board, label};
use super::stage::Stage;
use super::truth::Comparison;
use super::world::location_name;
use crate::command::Stop;
use crate::render::counted;

/// Plays all scenes. Stops early where both sides do not come to agree, with what they differ in.
///
/// # Errors
/// A pass fails, or somebody stops the demo.
pub async fn play(stage: &mut Stage, board: &mut Board) -> Result<Comparison, Stop> {
    let scenes = [first_sync, stock_changes, sold_out, new_location, throttle];
    let mut comparison = Comparison::default();
    for scene in scenes {
        let sentence = scene(stage, board.watched())?;
        board.say(&sentence);
        board.draw(&stage.sandbox(), stage.locations());
        board.pause().await;
        comparison = stage.follow().await?;
        board.draw(&stage.sandbox(), stage.locations());
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
