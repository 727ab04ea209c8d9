//! The laws: what must hold at every moment of every run, whatever goes wrong. Each is a function
//! whose name is the law.

mod orders;

use std::collections::BTreeMap;

use atsync::engine::reconcile::Write;
use atsync_plugin::ledger::FullRead;
use atsync_sandbox::joor::{Ats, Write as Row};
use atsync_sandbox::shopify::OrderView;
use atsync_sandbox::wire::Millis;

use super::brand::Brand;
use super::model::{Moment, Wanted, warehouses};
use super::world::{Order, Variant, World};
pub use orders::{of_joor, units_of};

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

/// What the ledger knows of an order.
struct Known {
    since: Millis,
    /// The newest entry, as it was written.
    entry: String,
}

/// Watches a run.
pub struct Watch<'p> {
    brand: &'p Brand,
    /// How often each law was looked at.
    pub checks: BTreeMap<&'static str, u64>,
    moments: Vec<Moment>,
    /// The pass under way; none between passes.
    began: Option<Began>,
    /// What the ledger knows of each of JOOR's orders.
    known: BTreeMap<String, Known>,
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

    /// What the shop was like at this time and has been since.
    pub fn moments_since(&self, at: Millis) -> &[Moment] {
        let first = self.moments.iter().rposition(|moment| moment.since <= at);
        self.moments.get(first.unwrap_or(0)..).unwrap_or_default()
    }

    /// The ledger has this now.
    pub fn committed(&mut self, writes: &[Write], now: Millis) {
        for Write { key, value } in writes {
            if key == "orders" {
                self.since.get_or_insert(now);
            }
            if let Some(id) = key.strip_prefix("order/") {
                let known = self.known.entry(id.to_owned()).or_insert(Known {
                    since: now,
                    entry: String::new(),
                });
                known.entry = value.clone().unwrap_or_default();
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

    /// The connector asks Shopify for a file of all stock, and the ledger has that one is being
    /// written already. A change of the settings or of the locations makes another one due.
    pub fn no_file_is_asked_for_twice(
        &mut self,
        world: &World,
        full_read: Option<&str>,
    ) -> Result<(), Broken> {
        const LAW: &str = "no file is asked for twice";
        self.checked(LAW);
        let full_read: Option<FullRead> = full_read.and_then(|of| serde_json::from_str(of).ok());
        let under_way = full_read.and_then(|of| of.bulk);
        let changed = |was: &Moment| was.open != [true; 2] || was.reserve != world.reserve;
        let excused = self.moments.iter().any(changed);
        hold(under_way.is_none() || excused, LAW, || {
            format!("{under_way:?}")
        })
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
            self.what_was_ordered_is_made(world, &made)?;
            self.it_is_written_down_first(world, &made)?;
            self.the_policy_is_obeyed(world, &made, before, &after)?;
        }
        let news = usize::try_from(after.rows - self.rows).unwrap_or(usize::MAX);
        self.rows = after.rows;
        if news == 0 {
            return Ok(());
        }
        let rows: Vec<Row> = world.sandbox.joor.history().collect();
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

    /// No unit is offered that is not there, and none is kept back without a reason: a row that
    /// JOOR takes is true of some moment since its pass began. What the connector can know of
    /// orders is what its ledger knew when the pass began; their units may not be offered again.
    /// Where a number is not known, nothing is published.
    fn a_row_is_true_of_the_shop(
        &mut self,
        world: &World,
        row: &Row,
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
        let moments = self.as_a_pass_sees(world, began);
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

    /// Moments as one pass sees them: its settings are those it began with, and it looks at the
    /// locations once, so that one which was open at any of them may count as open. What changed just
    /// before it began may be hidden from it, where Shopify's searches lag.
    fn as_a_pass_sees(&self, world: &World, began: Began) -> Vec<Moment> {
        let lag = world.sandbox.shop.options().change_lag_ms;
        let hidden = self.moments_since(began.at.saturating_sub(lag));
        let hidden = self.moments.len() - hidden.len();
        let since = |first: usize| self.moments.get(first..).unwrap_or_default();
        let own = since(began.moment);
        let reserve = own.first().map_or(0, |moment| moment.reserve);
        let mut open = [false; 2];
        for moment in own {
            for (ever, now) in open.iter_mut().zip(moment.open) {
                *ever |= now;
            }
        }
        let seen = |moment: &Moment| Moment {
            reserve,
            open,
            ..moment.clone()
        };
        since(hidden.min(began.moment)).iter().map(seen).collect()
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
            .is_some_and(|known| known.since < began);
        let shown = moment.in_shop.get(at).copied().unwrap_or(false);
        let partial = self.brand.partial && self.brand.follows(order.code);
        known && !shown && !partial && world.is_approved(order)
    }
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
