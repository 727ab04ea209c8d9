//! What happens in a run, drawn from its seed before it begins: the brand, what goes wrong, and
//! what people do. Each event stands by itself, so that a failing run shrinks by leaving some out.

use serde::{Deserialize, Serialize};

use super::brand::{Brand, CODES};
use super::rng::Rng;

/// Effects of a pass before which something may happen; a later one meets nothing. Most passes are
/// short; the first one has about 80, and one that takes an order over some 60, of which the last
/// publish and write down what JOOR took.
const EFFECTS: [u32; 3] = [30, 60, 90];

/// A whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Latencies and groupings come from it.
    pub seed: u64,
    /// Who it happens to.
    pub brand: Brand,
    /// Passes before everything heals.
    pub passes: u32,
    /// In order.
    pub events: Vec<Event>,
}

/// Something happens before an effect of a pass, both counted from 0; before effect 0 is between
/// two passes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Which pass.
    pub pass: u32,
    /// Which effect of it.
    pub effect: u32,
    /// What happens.
    #[serde(flatten)]
    pub what: What,
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The effect goes wrong.
    Fault(Fault),
    /// The next call that changes something goes wrong.
    Strike(Fault),
    /// The next commit after such a call goes wrong: what was done is not written down.
    Unwritten(Fault),
    /// Somebody does something.
    Act(Act),
}

/// What becomes of an effect. A fault that does not fit the effect does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It takes so many milliseconds.
    Slow(u64),
    /// The request never arrives. True: nothing is heard; false: the connection is cut.
    LostRequest(bool),
    /// It is carried out, and the answer never arrives; as above.
    LostAnswer(bool),
    /// Nothing is heard, and it is carried out so many milliseconds after that.
    Late(u64),
    /// 429, with or without a time to come back.
    TooManyRequests(Option<u32>),
    /// Shopify's THROTTLED; 429 of JOOR.
    Throttled,
    /// This status, and nothing happened.
    Status(u16),
    /// This status, and yet it happened.
    StatusAfter(u16),
    /// It happened, and half of the answer comes.
    Truncated,
    /// It happened, and a page of HTML comes.
    Html,
    /// It happened, and numbers are null in the answer.
    Nulls,
    /// It happened, and words that nobody knows stand in the answer.
    UnknownEnum,
    /// It happened, and the answer is more than the host takes.
    TooLarge,
    /// The credential is not accepted, whatever the host tries.
    Refused,
    /// The next bulk operation fails.
    BulkFails,
    /// Shopify does not know the next bulk operation any more that it is asked about.
    BulkVanishes,
    /// The file of a bulk operation is gone.
    FileGone,
    /// The store does not take it.
    StoreFails,
    /// The process is killed. True: commits and requests on their way take effect all the same.
    Crash(bool),
    /// Another process wants to run a pass of this connection, and finds it locked.
    SecondProcess,
    /// The process stands still, and another one takes the connection from it, plays a whole pass
    /// and is done. Then the first goes on as if nothing had happened, until it commits.
    Overtaken,
}

/// What people do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// The units available of a variant at a location are set.
    Stock(u32, u32, i64),
    /// Somebody takes the last change of stock back.
    TakeBack,
    /// The shop sells a unit of a variant at a location by itself.
    Sell(u32, u32),
    /// A variant goes on selling when out of stock, or does not.
    Policy(u32, bool),
    /// A variant is counted, or is not.
    Tracked(u32, bool),
    /// A style goes on sale, or back to draft.
    OnSale(u32, bool),
    /// A variant is deleted.
    Delete(u32),
    /// A location closes or opens.
    Open(u32, bool),
    /// A buyer orders on the linesheet with this code: variants and units.
    Order(u32, Vec<(u32, i64)>),
    /// The same with a line of something that the shop does not have.
    OddOrder(u32, Vec<(u32, i64)>),
    /// An order is cancelled on JOOR; orders are counted from 0.
    Cancel(u32),
    /// The units of an order's first line are changed on JOOR.
    Change(u32, i64),
    /// The shop ships an order.
    Ship(u32),
    /// The staff cancels an order in Shopify, and puts the goods back.
    CancelInShop(u32),
    /// JOOR refuses whatever is sent for a variant.
    RefuseSku(u32),
    /// The tokens that JOOR gave end.
    RevokeTokens,
    /// Somebody sets the host's clock, by so many milliseconds.
    Clock(i64),
    /// Somebody asks what a pass would do, or how things stand.
    DryRun(DryRun),
    /// The brand keeps back so many units from now on.
    Reserve(i64),
    /// A new style comes into the shop, and onto JOOR.
    Launch(u32),
    /// The style of a variant is put on these linesheets on JOOR, and taken off all others.
    List(u32, Vec<u32>),
}

/// A pass that changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DryRun {
    /// Everything is decided and nothing sent.
    Plan,
    /// Both sides are looked at.
    Check,
    /// The orders are listed.
    Orders,
}

impl Plan {
    /// The run of a seed. Of all that can happen each seed has another part (swarm testing): what
    /// never happens together hides nothing.
    pub fn draw(seed: u64) -> Self {
        let mut rng = Rng::new(seed, 1);
        let brand = Brand::draw(&mut rng);
        let passes = rng.between(2, 9) as u32;
        let faults = rng.some(&all_faults(), 35);
        let acts = rng.some(&ACTS, 50);
        let (per_pass, per_act) = (rng.below(6), rng.below(9));
        let mut events = Vec::new();
        for pass in 0..passes {
            for _ in 0..rng.below(per_pass + 1) {
                let Some(fault) = (!faults.is_empty()).then(|| *rng.pick(&faults)) else {
                    break;
                };
                let effect = effect(&mut rng);
                let what = match fault.fits_a_commit() {
                    true if rng.chance(40) => Some(What::Unwritten(fault)),
                    _ if rng.chance(40) => Some(What::Strike(fault)),
                    _ => None,
                };
                if let Some(what) = what {
                    events.push(Event { pass, effect, what });
                    continue;
                }
                // What is down is down for a while, as a rule.
                for effect in effect..=effect + lasts(fault, &mut rng) {
                    let what = What::Fault(fault);
                    events.push(Event { pass, effect, what });
                }
            }
            for _ in 0..rng.below(per_act + 1) {
                let Some(draw) = (!acts.is_empty()).then(|| *rng.pick(&acts)) else {
                    break;
                };
                let effect = if rng.chance(50) { 0 } else { effect(&mut rng) };
                let what = What::Act(draw(&mut rng));
                events.push(Event { pass, effect, what });
            }
        }
        events.sort_by_key(|event| (event.pass, event.effect));
        Self {
            seed,
            brand,
            passes,
            events,
        }
    }
}

impl Fault {
    /// It can befall a commit.
    fn fits_a_commit(self) -> bool {
        matches!(self, Self::StoreFails | Self::Crash(_) | Self::Overtaken)
    }
}

fn effect(rng: &mut Rng) -> u32 {
    let end = *rng.pick(&EFFECTS);
    rng.below(end)
}

fn lasts(fault: Fault, rng: &mut Rng) -> u32 {
    match fault {
        Fault::Crash(_) | Fault::SecondProcess | Fault::Overtaken => 0,
        Fault::BulkFails | Fault::BulkVanishes => 0,
        _ if rng.chance(60) => 0,
        _ => rng.below(14),
    }
}

fn all_faults() -> Vec<Fault> {
    vec![
        Fault::Slow(3_000),
        Fault::Slow(25_000),
        Fault::LostRequest(true),
        Fault::LostRequest(false),
        Fault::LostAnswer(true),
        Fault::LostAnswer(false),
        Fault::Late(4_000),
        Fault::TooManyRequests(None),
        Fault::TooManyRequests(Some(5)),
        Fault::TooManyRequests(Some(90)),
        Fault::Throttled,
        Fault::Status(500),
        Fault::Status(503),
        Fault::StatusAfter(502),
        Fault::StatusAfter(504),
        Fault::Truncated,
        Fault::Html,
        Fault::Nulls,
        Fault::UnknownEnum,
        Fault::TooLarge,
        Fault::Refused,
        Fault::BulkFails,
        Fault::BulkVanishes,
        Fault::FileGone,
        Fault::StoreFails,
        Fault::Crash(false),
        Fault::Crash(true),
        Fault::SecondProcess,
        Fault::Overtaken,
    ]
}

/// Any variant, and often one of the first few, so that things happen to the same one; the run
/// takes it modulo how many there are.
fn any(rng: &mut Rng) -> u32 {
    let end = *rng.pick(&[3, 3, 1_000]);
    rng.below(end)
}

/// Units in stock; few numbers, so that they come back to what they were.
fn units(rng: &mut Rng) -> i64 {
    *rng.pick(&[-2, 0, 3, 12, 12, 20])
}

fn lines(rng: &mut Rng) -> Vec<(u32, i64)> {
    let lines = 1 + rng.below(3);
    (0..lines)
        .map(|_| (any(rng), 1 + i64::from(rng.below(9))))
        .collect()
}

fn code(rng: &mut Rng) -> u32 {
    rng.below(u32::try_from(CODES.len()).unwrap_or(1))
}

/// One for each kind of act.
const ACTS: [fn(&mut Rng) -> Act; 21] = [
    |rng| Act::Stock(any(rng), any(rng), units(rng)),
    |_| Act::TakeBack,
    |rng| Act::Sell(any(rng), any(rng)),
    |rng| Act::Policy(any(rng), rng.chance(50)),
    |rng| Act::Tracked(any(rng), rng.chance(50)),
    |rng| Act::OnSale(any(rng), rng.chance(50)),
    |rng| Act::Delete(any(rng)),
    |rng| Act::Open(any(rng), rng.chance(60)),
    |rng| Act::Order(code(rng), lines(rng)),
    |rng| Act::Order(code(rng), lines(rng)),
    |rng| Act::OddOrder(code(rng), lines(rng)),
    |rng| Act::Cancel(rng.below(4)),
    |rng| Act::Change(rng.below(4), 1 + i64::from(rng.below(9))),
    |rng| Act::Ship(rng.below(4)),
    |rng| Act::CancelInShop(rng.below(4)),
    |rng| Act::RefuseSku(any(rng)),
    |_| Act::RevokeTokens,
    |rng| Act::Clock(*rng.pick(&[-400_000, -45_000, -3_000, 2_000, 70_000, 600_000])),
    |rng| match rng.below(4) {
        0 => Act::Reserve(i64::from(rng.below(4))),
        1 => Act::DryRun(DryRun::Check),
        2 => Act::DryRun(DryRun::Orders),
        _ => Act::DryRun(DryRun::Plan),
    },
    |rng| Act::Launch(rng.below(1_000)),
    |rng| Act::List(any(rng), rng.some(&[0, 1], 50)),
];
