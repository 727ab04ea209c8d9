//! The laws: what must hold at every moment of every run, whatever goes wrong. Each is a function
//! whose name is the law.

use std::collections::BTreeMap;

use atsync_plugin::bindings::exports::atsync::connector::reconcile::Effect;
use atsync_sandbox::joor::{Ats, Write};
use atsync_sandbox::shopify::{Behaviour, OrderView};
use atsync_sandbox::wire::Millis;

use super::brand::Brand;
use super::model::{Moment, Wanted, warehouses};
use super::world::{Order, Variant, World};

/// A law was broken.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Which one.
    pub law: &'static str,
    /// How.
    pub what: String,
}

impl Broken {
    /// This law, in this way.
    pub fn new(law: &'static str, what: String) -> Self {
        Self { law, what }
    }
}

/// Holds, or is broken in this way.
fn hold(holds: bool, law: &'static str, what: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds {
        Ok(())
    } else {
        Err(Broken::new(law, what()))
    }
}

/// What has been done to both sides, to be compared with what has been done a moment later.
#[derive(Clone, Debug, PartialEq)]
pub struct Footprint {
    writes: [u64; 2],
    rows: u64,
    orders: usize,
    cancelled: usize,
    moment: Moment,
}

impl Footprint {
    /// Calls that change, by side, and rows.
    pub fn written(&self) -> ([u64; 2], u64) {
        (self.writes, self.rows)
    }
}

/// How a pass began.
#[derive(Clone, Copy, Debug)]
pub struct Began {
    at: Millis,
    /// The moment then, by its place.
    moment: usize,
}

/// Watches a run.
pub struct Watch<'p> {
    brand: &'p Brand,
    /// How often each law was looked at.
    pub checks: BTreeMap<&'static str, u64>,
    moments: Vec<Moment>,
    /// The pass under way; none between passes.
    began: Option<Began>,
    /// Since when the ledger knows each of JOOR's orders.
    known: BTreeMap<String, Millis>,
    /// Since when the ledger knows what is history; what was approved before may be.
    pub since: Option<Millis>,
    rows: u64,
}

impl<'p> Watch<'p> {
    /// Nothing has happened yet.
    pub fn new(brand: &'p Brand, world: &World) -> Self {
        Self {
            brand,
            checks: BTreeMap::new(),
            moments: vec![Moment::of(world)],
            began: None,
            known: BTreeMap::new(),
            since: None,
            rows: 0,
        }
    }

    /// A law was looked at.
    pub fn checked(&mut self, law: &'static str) {
        *self.checks.entry(law).or_default() += 1;
    }

    /// Takes down what the shop is like.
    pub fn look(&mut self, world: &World) {
        let moment = Moment::of(world);
        let same = |last: &Moment| {
            Moment {
                since: last.since,
                ..moment.clone()
            } == *last
        };
        if !self.moments.last().is_some_and(same) {
            self.moments.push(moment);
        }
    }

    /// A pass begins; gives how the one began that it overtakes.
    pub fn pass_begins(&mut self, world: &World) -> Option<Began> {
        self.look(world);
        self.began.replace(Began {
            at: world.now,
            moment: self.moments.len().saturating_sub(1),
        })
    }

    /// It is over, or was killed, and the one that it overtook goes on.
    pub fn pass_ends(&mut self, overtaken: Option<Began>) {
        self.began = overtaken;
    }

    /// The ledger has these keys now.
    pub fn committed<'k>(&mut self, keys: impl Iterator<Item = &'k str>, now: Millis) {
        for key in keys {
            if key == "orders" {
                self.since.get_or_insert(now);
            }
            if let Some(id) = key.strip_prefix("order/") {
                self.known.entry(id.to_owned()).or_insert(now);
            }
        }
    }

    /// What has been done to both sides so far.
    pub fn footprint(&self, world: &World) -> Footprint {
        let counters = world.sandbox.counters();
        Footprint {
            writes: [counters.shopify.writes, counters.joor.writes],
            rows: world.sandbox.joor.counters().rows_accepted,
            orders: world.sandbox.shop.orders().count(),
            cancelled: (world.sandbox.shop.orders())
                .filter(|made| made.is_cancelled())
                .count(),
            moment: Moment {
                since: 0,
                ..Moment::of(world)
            },
        }
    }

    /// "A plan changes nothing": no call that changes, no row, and the ledger is as it was.
    pub fn a_dry_run_changes_nothing(
        &mut self,
        world: &World,
        before: &Footprint,
        same_ledger: bool,
    ) -> Result<(), Broken> {
        const LAW: &str = "a dry run changes nothing";
        self.checked(LAW);
        let after = self.footprint(world);
        hold(same_ledger, LAW, || "the ledger is another one".into())?;
        hold(
            after.writes == before.writes && after.rows == before.rows,
            LAW,
            || format!("{before:?} became {after:?}"),
        )
    }

    /// No effect asks for more than the contract allows.
    pub fn a_request_keeps_its_bounds(
        &mut self,
        effect: &Effect,
        told: Millis,
    ) -> Result<(), Broken> {
        const LAW: &str = "bounds";
        self.checked(LAW);
        let within = match effect {
            Effect::Load(keys) => keys.len() <= 10_000,
            Effect::Scan(scan) => scan.limit <= 10_000,
            Effect::ReadLines(lines) => lines.max_bytes <= 8 << 20,
            Effect::WaitUntil(at) => *at <= told + 60_000,
            Effect::Http(request) => request.path.starts_with('/'),
            Effect::Commit(writes) => !writes.is_empty(),
        };
        hold(within, LAW, || super::trace::shown(effect))
    }

    /// A request of the connector's was carried out.
    pub fn a_request_came(
        &mut self,
        world: &World,
        before: &Footprint,
        changes: bool,
        stray: bool,
    ) -> Result<(), Broken> {
        self.look(world);
        let after = self.footprint(world);
        self.what_changes_says_so(before, &after, changes)?;
        self.stock_is_conserved(world, before, &after)?;
        let made: Vec<OrderView<'_>> = world.sandbox.shop.orders().skip(before.orders).collect();
        for made in made {
            self.each_order_once(world, &made)?;
            self.the_policy_is_obeyed(world, &made, before, &after)?;
        }
        let news = usize::try_from(after.rows - self.rows).unwrap_or(usize::MAX);
        self.rows = after.rows;
        if news == 0 {
            return Ok(());
        }
        let rows: Vec<Write> = world.sandbox.joor.history().collect();
        for row in rows.iter().skip(rows.len().saturating_sub(news)) {
            self.a_row_is_true_of_the_shop(world, row, stray)?;
        }
        Ok(())
    }

    /// A call without `changes` changes nothing on either side, so that a dry run may let it pass.
    fn what_changes_says_so(
        &mut self,
        before: &Footprint,
        after: &Footprint,
        changes: bool,
    ) -> Result<(), Broken> {
        const LAW: &str = "what changes says so";
        self.checked(LAW);
        hold(changes || before.writes == after.writes, LAW, || {
            format!("{:?} became {:?}", before.writes, after.writes)
        })
    }

    /// No request makes or destroys stock: what is no longer available is committed, and back. So a
    /// release gives back exactly what was claimed, where it was claimed. Only what a closed location
    /// has committed does Shopify not put back.
    pub fn stock_is_conserved(
        &mut self,
        world: &World,
        before: &Footprint,
        after: &Footprint,
    ) -> Result<(), Broken> {
        let law = match before.cancelled == after.cancelled {
            true => "stock is conserved",
            false => "a release is exact",
        };
        self.checked(law);
        let open = before.moment.open;
        let stocks = before.moment.variants.iter().zip(&after.moment.variants);
        for ((was, is), variant) in stocks.zip(&world.variants) {
            hold(was.units(open) == is.units(open), law, || {
                format!("{}: {was:?} became {is:?}", variant.sku)
            })?;
        }
        Ok(())
    }

    /// Each order of JOOR's is in Shopify once, whatever was lost, doubled or late.
    fn each_order_once(&mut self, world: &World, made: &OrderView<'_>) -> Result<(), Broken> {
        const LAW: &str = "each order once";
        self.checked(LAW);
        hold(made.times_created() == 1, LAW, || {
            format!(
                "{} is a second order of {:?}",
                made.name(),
                made.joor_order()
            )
        })?;
        let (order, _) = of_joor(world, made)
            .ok_or_else(|| Broken::new(LAW, format!("{} is of no order", made.name())))?;
        hold(!order.odd, LAW, || {
            format!(
                "{} is of an order that cannot be taken over whole",
                made.name()
            )
        })
    }

    /// The scope that decides is the one that the table says, and Shopify's stock falls by what
    /// that policy allows.
    fn the_policy_is_obeyed(
        &mut self,
        world: &World,
        made: &OrderView<'_>,
        before: &Footprint,
        after: &Footprint,
    ) -> Result<(), Broken> {
        const LAW: &str = "the policy is obeyed";
        self.checked(LAW);
        let Some((order, back_order)) = of_joor(world, made) else {
            return Ok(());
        };
        let follows = self.brand.follows(order.code) && !order.is_made_to_order();
        let expected = match (order.is_made_to_order() || back_order, follows) {
            (true, _) => Behaviour::Bypass,
            (false, true) => Behaviour::ObeyingPolicy,
            (false, false) => Behaviour::IgnoringPolicy,
        };
        hold(made.behaviour() == expected, LAW, || {
            format!(
                "{} was sent with {:?} and not with {expected:?}",
                made.name(),
                made.behaviour()
            )
        })?;
        hold(!back_order || (follows && self.brand.partial), LAW, || {
            format!("{} is a back order that nobody chose", made.name())
        })?;
        let lags = world.sandbox.shop.options().orders.claim_lag_ms > 0;
        let stocks = before.moment.variants.iter().zip(&after.moment.variants);
        for ((was, is), variant) in stocks.zip(&world.variants) {
            let lines = made
                .lines()
                .filter(|line| line.variant() == Some(variant.id));
            let units: i64 = lines.map(|line| line.quantity()).sum();
            let taken = was.free() - is.free();
            let counted = was.tracked
                && was
                    .available
                    .iter()
                    .zip(before.moment.open)
                    .any(|(units, open)| open && units.is_some());
            let goes_on = world
                .sandbox
                .shop
                .variant(variant.id)
                .is_some_and(|variant| variant.continue_selling());
            let allowed = match expected {
                _ if lags || units == 0 || !counted => taken == 0,
                Behaviour::Bypass => taken == 0,
                Behaviour::IgnoringPolicy => taken == units,
                Behaviour::ObeyingPolicy if goes_on => taken == units,
                Behaviour::ObeyingPolicy => {
                    let fell = |(was, is): (&Option<i64>, &Option<i64>)| {
                        is < was && is.is_some_and(|units| units < 0)
                    };
                    (0..=units).contains(&taken)
                        && !was.available.iter().zip(&is.available).any(fell)
                }
            };
            hold(allowed, LAW, || {
                format!(
                    "{} took {taken} of {units} {}: {was:?} became {is:?}",
                    made.name(),
                    variant.sku
                )
            })?;
        }
        Ok(())
    }

    /// No unit is offered that is not there, and none is kept back without a reason: a row that
    /// JOOR takes is true of some moment since its pass began. What the connector can know of
    /// orders is what its ledger knew when the pass began; their units may not be offered again.
    /// Where a number is not known, nothing is published.
    fn a_row_is_true_of_the_shop(
        &mut self,
        world: &World,
        row: &Write,
        stray: bool,
    ) -> Result<(), Broken> {
        const LAW: &str = "a row is true of the shop";
        self.checked(LAW);
        let place = row.upc.as_deref().and_then(|upc| world.variant(upc));
        let Some(place) = place else {
            return hold(
                matches!(row.ats, Ats::Units(0) | Ats::MadeToOrder),
                LAW,
                || format!("{row:?} is of no variant"),
            );
        };
        hold(
            warehouses(self.brand).contains(&row.warehouse.as_str()),
            LAW,
            || format!("{row:?} is of no warehouse"),
        )?;
        // A style that came while the catalogue was being read, after its linesheets, is on none until
        // the next reading, a quarter of an hour later.
        let unlisted = |variant: &Variant| variant.late && variant.made_to_order;
        if world.variants.get(place).is_some_and(unlisted) {
            return Ok(());
        }
        // What was on its way when its process was killed is as old as that process.
        let Some(began) = self.began.filter(|_| !stray) else {
            return Ok(());
        };
        let since = self.moments.get(began.moment..);
        let moments = as_a_pass_sees(since.unwrap_or_default());
        let most: i64 = world
            .orders
            .iter()
            .map(|order| claims(order, place).1)
            .sum();
        let is_true = |moment: &Moment| {
            let least = world.orders.iter().enumerate().filter(|(at, order)| {
                self.must_be_known(world, moment, *at, order, began.at)
                    && !self.is_taken_for_shown(moment, *at, place)
            });
            let least: i64 = least.map(|(_, order)| claims(order, place).0).sum();
            let wanted = |claimed| moment.wanted(self.brand, world, place, &row.warehouse, claimed);
            match (row.ats, wanted(most), wanted(least)) {
                (Ats::Units(units), Wanted::Units(low), Wanted::Units(high)) => {
                    (low..=high).contains(&i64::from(units))
                }
                (Ats::MadeToOrder, Wanted::MadeToOrder | Wanted::NoRow | Wanted::Deleted, _) => {
                    true
                }
                (Ats::Units(0), Wanted::Deleted, _) => true,
                _ => false,
            }
        };
        hold(moments.iter().any(is_true), LAW, || {
            let sku = world
                .variants
                .get(place)
                .map(|variant| variant.sku.clone())
                .unwrap_or_default();
            let stock: Vec<_> = moments
                .iter()
                .map(|moment| (moment.since, moment.variants.get(place), moment.open))
                .collect();
            format!(
                "{sku}: {row:?} is true of none of {stock:?}, orders {:?}",
                world.orders
            )
        })
    }

    /// Shopify says when a number last changed, in whole seconds, and not why: where its claims lag,
    /// somebody else's change in or after the second in which an order was created is taken for the
    /// order's own.
    fn is_taken_for_shown(&self, moment: &Moment, at: usize, place: usize) -> bool {
        let created = |moment: &&Moment| moment.created.get(at) == Some(&true);
        let Some(second) = self.moments.iter().find(created) else {
            return false;
        };
        let second = second.since - second.since % 1_000;
        // With the moment before, from which the first change may be.
        let before = self.moments.iter().rposition(|other| other.since < second);
        let since = self.moments.get(before.unwrap_or(0)..).unwrap_or_default();
        let until = since.iter().filter(|other| other.since <= moment.since);
        let stock = |moment: &Moment| moment.variants.get(place).copied();
        let mut stocks = until.map(stock);
        let first = stocks.next();
        stocks.any(|stock| Some(stock) != first)
    }

    /// The order holds its units: the ledger knew of it before the pass, it stands, and Shopify's
    /// numbers do not show it. What a partial claim leaves for a back order holds nothing.
    fn must_be_known(
        &self,
        world: &World,
        moment: &Moment,
        at: usize,
        order: &Order,
        began: Millis,
    ) -> bool {
        let known = self
            .known
            .get(&order.id.to_string())
            .is_some_and(|since| *since < began);
        let shown = moment.in_shop.get(at).copied().unwrap_or(false);
        let partial = self.brand.partial && self.brand.follows(order.code);
        known && !shown && !partial && world.is_approved(order)
    }
}

/// Moments as one pass sees them: its settings are those it began with, and it looks at the
/// locations once, so that one which was open at any of them may count as open.
fn as_a_pass_sees(moments: &[Moment]) -> Vec<Moment> {
    let reserve = moments.first().map_or(0, |moment| moment.reserve);
    let mut open = [false; 2];
    for moment in moments {
        for (ever, now) in open.iter_mut().zip(moment.open) {
            *ever |= now;
        }
    }
    let seen = |moment: &Moment| Moment {
        reserve,
        open,
        ..moment.clone()
    };
    moments.iter().map(seen).collect()
}

/// The least and the most units of a variant that an order ever asked for and may claim.
fn claims(order: &Order, place: usize) -> (i64, i64) {
    let lines = order
        .lines
        .iter()
        .filter(|(of, ..)| *of == place && !order.is_made_to_order());
    lines.fold((0, 0), |(least, most), (_, fewer, more)| {
        (least + fewer, most + more)
    })
}

/// JOOR's order that an order in Shopify was made from, and whether it is a back order.
pub fn of_joor<'w>(world: &'w World, made: &OrderView<'_>) -> Option<(&'w Order, bool)> {
    let key = made.joor_order()?;
    let (key, back_order) = match key.strip_suffix(":back-order") {
        Some(key) => (key, true),
        None => (key, false),
    };
    let order = world.orders.iter().find(|order| order.key() == key)?;
    Some((order, back_order))
}
