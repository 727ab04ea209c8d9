//! What JOOR should show, written a second time and as plainly as can be: the reference that the
//! connector is held against.

use atsync_sandbox::catalogue::Status;
use atsync_sandbox::joor::{Ats, OrderId};
use atsync_sandbox::wire::Millis;

use super::brand::Brand;
use super::oracle::of_joor;
use super::world::World;

/// The shop at one moment, as far as numbers depend on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// Since when it was so.
    pub since: Millis,
    /// By place.
    pub variants: Vec<Stocked>,
    /// Whether each location is open.
    pub open: [bool; 2],
    /// For each order: Shopify has an order made from it.
    pub created: Vec<bool>,
    /// For each order: so it has, and shows what that claims.
    pub in_shop: Vec<bool>,
    /// Units that the brand keeps back.
    pub reserve: i64,
}

/// A variant at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stocked {
    /// The shop has it.
    pub exists: bool,
    /// Its style is active.
    pub on_sale: bool,
    /// Its stock is counted.
    pub tracked: bool,
    /// Units available at each location; none where it is not stocked.
    pub available: [Option<i64>; 2],
    /// Units committed at each location.
    pub committed: [i64; 2],
}

impl Stocked {
    /// Units available or committed at each of the locations that are open.
    pub fn units(&self, open: [bool; 2]) -> [i64; 2] {
        let mut units = self.committed;
        for ((units, available), open) in units.iter_mut().zip(self.available).zip(open) {
            *units = if open {
                *units + available.unwrap_or(0)
            } else {
                0
            };
        }
        units
    }

    /// Units available, wherever they are.
    pub fn free(&self) -> i64 {
        self.available.iter().flatten().sum()
    }
}

/// What JOOR should show of a variant in a warehouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// So many units.
    Units(i64),
    /// No limit.
    MadeToOrder,
    /// Nobody knows: what is there stays.
    Withheld,
    /// No record.
    NoRow,
    /// No record, or none left: it was made to order, and is deleted.
    Deleted,
}

impl Moment {
    /// The shop now.
    pub fn of(world: &World) -> Self {
        let shop = &world.sandbox.shop;
        let stocked = |variant: &super::world::Variant| {
            let view = shop.variant(variant.id);
            let product = view.and_then(|view| shop.product(view.product()));
            Stocked {
                exists: view.is_some(),
                on_sale: product.is_some_and(|product| product.status() == Status::Active),
                tracked: view.is_some_and(|view| view.tracked()),
                available: world
                    .locations
                    .map(|at| view.and_then(|view| view.available(at))),
                committed: world
                    .locations
                    .map(|at| view.and_then(|view| view.committed(at)).unwrap_or(0)),
            }
        };
        let lag = shop.options().orders.claim_lag_ms;
        let made_since = |ago: Millis| -> Vec<OrderId> {
            let made = shop
                .orders()
                .filter(|made| world.now >= made.created_at() + ago);
            made.filter_map(|made| Some(of_joor(world, &made)?.0.id))
                .collect()
        };
        let among = |made: Vec<OrderId>| {
            world
                .orders
                .iter()
                .map(|order| made.contains(&order.id))
                .collect()
        };
        Self {
            since: world.now,
            variants: world.variants.iter().map(stocked).collect(),
            open: world.locations.map(|at| shop.location_is_active(at)),
            created: among(made_since(0)),
            in_shop: among(made_since(lag)),
            reserve: world.reserve,
        }
    }

    /// What JOOR should show of the variant at `place` in a warehouse, when open claims on the
    /// first location hold `claimed` of its units.
    pub fn wanted(
        &self,
        brand: &Brand,
        world: &World,
        place: usize,
        warehouse: &str,
        claimed: i64,
    ) -> Wanted {
        let (Some(variant), Some(stocked)) = (world.variants.get(place), self.variants.get(place))
        else {
            return Wanted::NoRow;
        };
        let feeds = locations_of(brand, warehouse);
        let of =
            |values: [Option<i64>; 2]| values.into_iter().zip(feeds).filter(|(_, feeds)| *feeds);
        if variant.made_to_order {
            return match stocked.exists {
                true => Wanted::NoRow,
                false => Wanted::Deleted,
            };
        }
        if self
            .open
            .iter()
            .zip(feeds)
            .any(|(open, feeds)| feeds && !open)
        {
            return Wanted::Withheld;
        }
        if !stocked.exists || !stocked.on_sale {
            return Wanted::Units(0);
        }
        if !stocked.tracked {
            return Wanted::MadeToOrder;
        }
        let mut units: i64 = of(stocked.available).filter_map(|(units, _)| units).sum();
        if feeds.first() == Some(&true) {
            units -= claimed;
        }
        units -= self.reserve;
        Wanted::Units((units * brand.percentage).div_euclid(100).max(0))
    }
}

/// Which of the locations feed a warehouse.
pub fn locations_of(brand: &Brand, warehouse: &str) -> [bool; 2] {
    match (brand.two_warehouses, warehouse) {
        (false, _) => [true, true],
        (true, "Default") => [true, false],
        (true, _) => [false, true],
    }
}

/// The warehouses of a brand.
pub fn warehouses(brand: &Brand) -> Vec<&'static str> {
    match brand.two_warehouses {
        true => vec!["Default", super::world::SECOND],
        false => vec!["Default"],
    }
}

/// Whether what JOOR shows is what is wanted.
pub fn is_shown(wanted: Wanted, shown: Ats) -> bool {
    match (wanted, shown) {
        (Wanted::Withheld, _) => true,
        (Wanted::Units(wanted), Ats::Units(shown)) => wanted == i64::from(shown),
        (Wanted::MadeToOrder, Ats::MadeToOrder) => true,
        (Wanted::NoRow | Wanted::Deleted, Ats::NoRecord | Ats::MadeToOrder) => true,
        (Wanted::Deleted, Ats::Units(0)) => true,
        _ => false,
    }
}
