//! A brand: which styles its shop has, what it chose in the settings, and how both sides behave
//! where their documentation leaves it open.

use atsync_sandbox::catalogue::small;
use atsync_sandbox::joor::{AfterExport, BadRow, Ids, Linesheet, OrderDates, Upc};
use atsync_sandbox::shopify::{ClaimFrom, OrderLimit, WhenShort};
use atsync_sandbox::wire::Millis;
use atsync_sandbox::{Options, Sandbox};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::rng::Rng;

/// Linesheet codes that orders come from; the last one JOOR knows nothing more of.
pub const CODES: [&str; 4] = ["480001", "480003", "MTO", "SS27"];

/// A brand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brand {
    /// Handles of styles of the small catalogue.
    pub styles: Vec<String>,
    /// Each location feeds a warehouse of its own, and not both the same one.
    pub two_warehouses: bool,
    /// Claims follow Shopify's policy where the linesheet does not say more.
    pub follow_policy: bool,
    /// Linesheets, by their place in [`CODES`], that say the opposite.
    pub opposite: Vec<u32>,
    /// What stock does not cover becomes a back order, and the order does not wait.
    pub partial: bool,
    /// JOOR is told of exports by its v2 API.
    pub acknowledge_v2: bool,
    /// Units kept back.
    pub reserve: i64,
    /// Share that JOOR gets.
    pub percentage: i64,
    /// How both sides behave.
    pub quirks: Vec<Quirk>,
    /// How webhooks come.
    pub webhooks: Webhooks,
}

/// How webhooks come, each in so many of a hundred.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// Never.
    pub lost: u32,
    /// Twice.
    pub twice: u32,
    /// At most so many milliseconds late, and thereby in another order.
    pub late_ms: u64,
}

/// An answer to what the documentation leaves open, or a way to lag behind: each is the option of
/// the sandbox that `Brand::options` sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quirk {
    AliasesRefused,
    ItemIsParent,
    SlowBulk,
    FewOrdersAMinute,
    FewOrdersByWords,
    ClaimAtFirst,
    ClaimSpread,
    ShortByCode,
    ShortClaimsPart,
    IdsNotUnique,
    IdentifierLags,
    SearchLags,
    ClaimLags,
    CommittedWithoutTime,
    SlowCancel,
    SmallBucket,
    NumbersAsIds,
    BatchRefused,
    SmallPages,
    ExportTouches,
    ExportIsChange,
    SpacedDates,
    ChangesLag,
    OrdersLag,
}

const QUIRKS: [Quirk; 24] = [
    Quirk::AliasesRefused,
    Quirk::ItemIsParent,
    Quirk::SlowBulk,
    Quirk::FewOrdersAMinute,
    Quirk::FewOrdersByWords,
    Quirk::ClaimAtFirst,
    Quirk::ClaimSpread,
    Quirk::ShortByCode,
    Quirk::ShortClaimsPart,
    Quirk::IdsNotUnique,
    Quirk::IdentifierLags,
    Quirk::SearchLags,
    Quirk::ClaimLags,
    Quirk::CommittedWithoutTime,
    Quirk::SlowCancel,
    Quirk::SmallBucket,
    Quirk::NumbersAsIds,
    Quirk::BatchRefused,
    Quirk::SmallPages,
    Quirk::ExportTouches,
    Quirk::ExportIsChange,
    Quirk::SpacedDates,
    Quirk::ChangesLag,
    Quirk::OrdersLag,
];

impl Brand {
    /// A brand of a seed.
    pub fn draw(rng: &mut Rng) -> Self {
        let handles: Vec<String> = small::products().into_iter().map(|p| p.handle).collect();
        let mut styles = rng.some(&handles, 40);
        if styles.is_empty() {
            styles.push(rng.pick(&handles).clone());
        }
        let places: Vec<u32> = (0..).take(CODES.len()).collect();
        let quirks = match rng.chance(40) {
            true => Vec::new(),
            false => rng.some(&QUIRKS, 15),
        };
        Self {
            styles,
            two_warehouses: rng.chance(30),
            follow_policy: rng.chance(50),
            opposite: rng.some(&places, 25),
            partial: rng.chance(40),
            acknowledge_v2: rng.chance(30),
            reserve: i64::from(rng.below(3)),
            percentage: *rng.pick(&[100, 100, 80]),
            quirks,
            webhooks: Webhooks {
                lost: *rng.pick(&[0, 0, 50, 100]),
                twice: *rng.pick(&[0, 0, 50]),
                late_ms: *rng.pick(&[0, 1_000, 90_000]),
            },
        }
    }

    /// It behaves so.
    pub fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    fn options(&self) -> Options {
        let mut options = Options::default();
        let (bulk, orders) = (&mut options.shopify.bulk, &mut options.shopify.orders);
        bulk.refuse_aliases = self.has(Quirk::AliasesRefused);
        bulk.item_is_parent = self.has(Quirk::ItemIsParent);
        if self.has(Quirk::SlowBulk) {
            bulk.running_ms = 400_000;
        }
        if self.has(Quirk::FewOrdersAMinute) {
            orders.per_minute = Some(2);
        }
        if self.has(Quirk::FewOrdersByWords) {
            (orders.per_minute, orders.limit) = (Some(2), OrderLimit::UserError);
        }
        if self.has(Quirk::ClaimAtFirst) {
            orders.claim_from = ClaimFrom::First;
        }
        if self.has(Quirk::ClaimSpread) {
            orders.claim_from = ClaimFrom::Spread;
        }
        if self.has(Quirk::ShortByCode) {
            orders.when_short = WhenShort::RefuseClaimFailed;
        }
        if self.has(Quirk::ShortClaimsPart) {
            orders.when_short = WhenShort::ClaimPart;
        }
        orders.unique_ids = !self.has(Quirk::IdsNotUnique);
        orders.identifier_lag_ms = self.lag(Quirk::IdentifierLags, 40_000);
        orders.search_lag_ms = self.lag(Quirk::SearchLags, 100_000);
        orders.claim_lag_ms = self.lag(Quirk::ClaimLags, 30_000);
        orders.committed_time = !self.has(Quirk::CommittedWithoutTime);
        if self.has(Quirk::SlowCancel) {
            orders.cancel_ms = 20_000;
        }
        if self.has(Quirk::SmallBucket) {
            // Other apps of the shop use most of what comes back.
            (
                options.shopify.cost_maximum,
                options.shopify.cost_restore_rate,
            ) = (1_000, 10);
        }
        // Less than the default of `lookback_s`.
        options.shopify.change_lag_ms = self.lag(Quirk::ChangesLag, 90_000);
        let joor = &mut options.joor;
        joor.orders.read_lag_ms = self.lag(Quirk::OrdersLag, 8_000);
        if self.two_warehouses {
            joor.warehouses.push(super::world::SECOND.into());
        }
        if self.has(Quirk::NumbersAsIds) {
            joor.ids = Ids::Number;
        }
        if self.has(Quirk::BatchRefused) {
            joor.bad_row = BadRow::RefusesBatch;
        }
        if self.has(Quirk::SmallPages) {
            joor.page_size_max = 5;
        }
        if self.has(Quirk::ExportTouches) {
            joor.orders.after_export = AfterExport::MovesModified;
        }
        if self.has(Quirk::ExportIsChange) {
            joor.orders.after_export = AfterExport::CountsAsChange;
        }
        if self.has(Quirk::SpacedDates) {
            joor.orders.dates = OrderDates::Spaced;
        }
        options
    }

    fn lag(&self, quirk: Quirk, lag: Millis) -> Millis {
        if self.has(quirk) { lag } else { 0 }
    }

    /// Both sides before the first pass, with the styles that JOOR's own integration brought over.
    pub fn sandbox(&self, now: Millis) -> Sandbox {
        let mut sandbox = Sandbox::new(self.options());
        for location in small::LOCATIONS {
            sandbox.shop.add_location(location, now);
        }
        let chosen = |handle: &String| self.styles.contains(handle);
        let styles = small::products()
            .into_iter()
            .filter(|style| chosen(&style.handle));
        sandbox.shop.load(styles, now);
        sandbox.import_styles(&linesheets(), Upc::VariantId);
        sandbox
    }

    /// The settings of the connection.
    pub fn settings(&self) -> Value {
        let warehouse = |name: &str, locations: &[&str]| json!({ "name": name, "locations": locations, "verified": true });
        let [first, second] = small::LOCATIONS;
        let warehouses = match self.two_warehouses {
            true => vec![
                warehouse("Default", &[first]),
                warehouse(super::world::SECOND, &[second]),
            ],
            false => vec![warehouse("Default", &[first, second])],
        };
        let linesheets: Vec<Value> = self
            .opposite
            .iter()
            .filter_map(|place| CODES.get(*place as usize))
            .map(|code| json!({ "code": code, "claim": word(!self.follow_policy) }))
            .collect();
        json!({
            "joor_account": "1234",
            "default_location": first,
            "warehouses": warehouses,
            "availability": { "reserve": self.reserve, "percentage": self.percentage },
            "claim": word(self.follow_policy),
            "linesheets": linesheets,
            "orders": {
                "shortage": if self.partial { "partial" } else { "hold" },
                "acknowledge": if self.acknowledge_v2 { "v2" } else { "v4" },
            },
        })
    }

    /// Whether orders from a linesheet, by its place in [`CODES`], follow Shopify's policy.
    pub fn follows(&self, code: u32) -> bool {
        self.follow_policy != self.opposite.contains(&code)
    }
}

fn word(follow_policy: bool) -> &'static str {
    if follow_policy {
        "follow-policy"
    } else {
        "always-claim"
    }
}

/// Those of the small catalogue.
pub fn linesheets() -> Vec<Linesheet> {
    small::linesheets()
}
