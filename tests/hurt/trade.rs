//! What happens in the shop and the account while the program is being killed, and what must
//! have come of it in the end.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::books::{Books, PLACES, SKUS, available};
use crate::stage::{CONNECTION, Stage};

/// SplitMix64: the same seed draws the same numbers.
pub struct Dice(pub u64);

impl Dice {
    /// A number from 0 up to `sides`, without it.
    pub fn draw(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }

    fn one<'s>(&mut self, of: &[&'s str]) -> &'s str {
        of[self.draw(of.len())]
    }

    /// From 1 up to `most`.
    fn units(&mut self, most: usize) -> i64 {
        i64::try_from(1 + self.draw(most)).unwrap()
    }
}

type Lines = BTreeMap<&'static str, i64>;

/// The trade of a brand: what was counted and what was ordered.
pub struct Trade {
    upcs: BTreeMap<&'static str, String>,
    /// What there would be without any order, by SKU and location.
    counted: BTreeMap<(&'static str, &'static str), i64>,
    live: BTreeMap<u64, Lines>,
    cancelled: BTreeMap<u64, Lines>,
}

impl Trade {
    /// Begins where both sides agree; a delivery comes in first, so that there is much to sell.
    pub fn begin(stage: &Stage, books: &Books) -> Trade {
        let mut counted = BTreeMap::new();
        for sku in SKUS {
            for place in PLACES {
                let body = json!({ "variant": sku, "location": place, "units": 100 });
                stage.pull("shop/adjust", &body);
                counted.insert((sku, place), available(stage, sku, place));
            }
        }
        Trade {
            upcs: SKUS.map(|sku| (sku, books.upc(sku))).into(),
            counted,
            live: BTreeMap::new(),
            cancelled: BTreeMap::new(),
        }
    }

    /// One thing happens.
    pub fn go_on(&mut self, stage: &Stage, dice: &mut Dice) {
        match dice.draw(10) {
            0..=4 => self.count(stage, dice),
            5..=8 => self.order(stage, dice),
            _ => self.cancel(stage, dice),
        }
    }

    fn count(&mut self, stage: &Stage, dice: &mut Dice) {
        let (sku, place) = (dice.one(&SKUS), dice.one(&PLACES));
        let units = dice.units(9) - 6;
        let body = json!({ "variant": sku, "location": place, "units": units });
        stage.pull("shop/adjust", &body);
        *self.counted.get_mut(&(sku, place)).unwrap() += units;
    }

    fn order(&mut self, stage: &Stage, dice: &mut Dice) {
        let mut lines = Lines::new();
        for _ in 0..dice.units(3) {
            *lines.entry(dice.one(&SKUS)).or_default() += dice.units(3);
        }
        let upcs = &self.upcs;
        let line = |(sku, units)| json!({ "upc": upcs[sku], "units": units, "price": "45.00" });
        let order = json!({
            "linesheet": "480001",
            "approved": true,
            "lines": lines.iter().map(line).collect::<Value>(),
        });
        let placed = stage.pull("joor/place-order", &order);
        self.live.insert(placed["id"].as_u64().unwrap(), lines);
    }

    fn cancel(&mut self, stage: &Stage, dice: &mut Dice) {
        if self.live.is_empty() {
            return;
        }
        let order = *self.live.keys().nth(dice.draw(self.live.len())).unwrap();
        stage.pull("joor/cancel-order", &json!({ "order": order }));
        let lines = self.live.remove(&order).unwrap();
        self.cancelled.insert(order, lines);
    }

    /// How many orders there were.
    pub fn orders(&self) -> usize {
        self.live.len() + self.cancelled.len()
    }

    /// Each order is in Shopify exactly once, and the shop holds what was counted, less what is
    /// ordered: nothing is claimed twice, nothing is lost, all of a cancelled claim is back.
    pub fn balances(&self, stage: &Stage, books: &Books) {
        let known: BTreeMap<&str, &Value> = books.under("order/").collect();
        for (order, lines) in self.live.iter().chain(&self.cancelled) {
            let id = order.to_string();
            let name = format!("{CONNECTION}:{order}");
            let made = stage.look(&format!("shop/orders?joor={name}"));
            let made = made.as_array().unwrap();
            let entry = known.get(id.as_str());
            let state = entry.map(|entry| entry["state"].as_str().unwrap());
            if self.live.contains_key(order) {
                assert_eq!(made.len(), 1, "order {order} in Shopify: {made:?}");
                assert_eq!(made[0]["cancelled"], false, "order {order} is wanted");
                assert_eq!(state, Some("created"), "order {order} in the ledger");
                let units = |line: &Value| (line["sku"].clone(), line["units"].clone());
                let made: BTreeMap<String, Value> = made[0]["lines"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|line| (units(line).0.as_str().unwrap().to_owned(), units(line).1))
                    .collect();
                for (sku, units) in lines {
                    assert_eq!(made[*sku], *units, "order {order}, {sku}");
                }
            } else {
                assert!(made.len() <= 1, "order {order} in Shopify: {made:?}");
                let back = made.iter().all(|made| made["cancelled"] == true);
                assert!(back, "order {order} was cancelled on JOOR: {made:?}");
                assert!(
                    matches!(state, None | Some("cancelled" | "released")),
                    "order {order} in the ledger: {state:?}"
                );
            }
        }
        for ((sku, place), counted) in &self.counted {
            let ordered: i64 = match *place {
                "Paris" => self.live.values().filter_map(|lines| lines.get(sku)).sum(),
                _ => 0,
            };
            let left = available(stage, sku, place);
            assert_eq!(
                left,
                counted - ordered,
                "{sku} in {place}, {ordered} ordered"
            );
        }
    }
}
