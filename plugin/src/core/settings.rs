//! The settings of a connection: one JSON object, described by `settings.schema.json`.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use super::finding::Finding;
use super::rules::ScopedRule;
use super::schema;

/// The JSON Schema of the settings: what forms and commented files are made from.
pub const SCHEMA: &str = include_str!("settings.schema.json");

static PARSED: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(SCHEMA).unwrap_or(Value::Bool(true)));

/// The smallest interval, in seconds. "The delay between each sync of the integration can be
/// extended. It cannot, however, be made shorter than the default." (seed)
pub const INTERVAL_S_MIN: u64 = 60;

/// How one Shopify shop feeds one JOOR brand.
#[derive(Clone, Debug, Deserialize)]
pub struct Settings {
    /// JOOR account id.
    pub joor_account: String,
    /// The location orders are assigned to, by name or id.
    pub default_location: String,
    /// Which locations feed which warehouse.
    pub warehouses: Vec<Warehouse>,
    /// Seconds between passes, at least [`INTERVAL_S_MIN`].
    #[serde(default = "default_interval_s")]
    pub interval_s: u64,
    /// What a SKU's UPC on JOOR is.
    #[serde(default)]
    pub upc: Upc,
    /// The rule for everything.
    #[serde(default)]
    pub availability: Rule,
    /// Exceptions.
    #[serde(default)]
    pub rules: Vec<ScopedRule>,
    /// What holds for one linesheet.
    #[serde(default)]
    pub linesheets: Vec<LinesheetSetting>,
    /// How orders claim stock.
    #[serde(default)]
    pub claim: ClaimPolicy,
    /// How orders are taken over.
    #[serde(default)]
    pub orders: OrderSettings,
    /// What JOOR does with its own pending orders.
    #[serde(default)]
    pub pending: Pending,
    /// Publish dated units in transit.
    #[serde(default)]
    pub future_inventory: bool,
    /// When a pass stops and asks.
    #[serde(default)]
    pub brake: Brake,
    /// Seconds by which readings of changes overlap.
    #[serde(default = "default_lookback_s")]
    pub lookback_s: u64,
    /// Hours between full reads.
    #[serde(default = "default_full_read_hours")]
    pub full_read_hours: u64,
    /// Hours between readings of JOOR's catalogue.
    #[serde(default = "default_catalogue_hours")]
    pub catalogue_hours: u64,
    /// How to talk to JOOR.
    #[serde(default)]
    pub joor: JoorApi,
}

/// A JOOR warehouse and the Shopify locations whose sum it is.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Warehouse {
    /// JOOR's name of it.
    pub name: String,
    /// Shopify locations, by name or id.
    pub locations: Vec<String>,
    /// A person has seen the name in JOOR.
    #[serde(default)]
    pub verified: bool,
}

/// What a SKU's UPC on JOOR is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Upc {
    /// Shopify's variant id, as JOOR's own integration sends by default.
    #[default]
    VariantId,
    /// The variant's barcode.
    Barcode,
    /// The variant's SKU.
    Sku,
    /// `barcode::variant id`.
    BarcodeVariantId,
    /// A metafield of the variant.
    Metafield {
        /// Metafield namespace.
        namespace: String,
        /// Metafield key.
        key: String,
    },
}

impl TryFrom<String> for Upc {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "variant-id" => Ok(Self::VariantId),
            "barcode" => Ok(Self::Barcode),
            "sku" => Ok(Self::Sku),
            "barcode-variant-id" => Ok(Self::BarcodeVariantId),
            other => {
                let plain = |part: &str, more: &str| {
                    !part.is_empty()
                        && part
                            .chars()
                            .all(|c| c.is_ascii_alphanumeric() || more.contains(c))
                };
                other
                    .strip_prefix("metafield:")
                    .and_then(|m| m.split_once('.'))
                    .filter(|(namespace, key)| plain(namespace, "_$:-") && plain(key, "_-"))
                    .map(|(namespace, key)| Self::Metafield {
                        namespace: namespace.into(),
                        key: key.into(),
                    })
                    .ok_or_else(|| format!("`upc` is \"{other}\", which is not one of its values."))
            }
        }
    }
}

/// One rule of availability: each field may be left to a more general rule.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Rule {
    /// Units kept back.
    pub reserve: Option<i64>,
    /// Share that JOOR gets, 0 to 100.
    pub percentage: Option<i64>,
    /// Lower bound.
    pub min: Option<i64>,
    /// Upper bound.
    pub max: Option<i64>,
    /// SKUs that Shopify does not count.
    pub untracked: Option<Endless>,
    /// SKUs that Shopify goes on selling when out of stock.
    pub continue_selling: Option<Endless>,
}

/// What to publish for a SKU that can be sold without end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Endless {
    /// What is available, like any other SKU.
    PublishAvailable,
    /// Made to order: no limit.
    MadeToOrder,
    /// This many units, always.
    Cap(i64),
}

/// What holds for one linesheet.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct LinesheetSetting {
    /// Linesheet code.
    pub code: String,
    /// "Made to order?" where JOOR does not tell it.
    pub made_to_order: Option<bool>,
    /// Claim policy of its orders.
    pub claim: Option<ClaimPolicy>,
}

/// How orders from JOOR claim Shopify stock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimPolicy {
    /// "Order flow can be made to ignore inventory on Shopify and always claim inventory (this
    /// is the default behavior)." (seed)
    #[default]
    AlwaysClaim,
    /// "Order flow can follow inventory policy on Shopify (i.e. claiming inventory only if
    /// greater than zero)." (seed)
    FollowPolicy,
}

/// How JOOR's orders are taken over.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct OrderSettings {
    /// Orders are taken over at all.
    pub enabled: bool,
    /// The first day of approval, `YYYY-MM-DD`, of the orders that are taken over; none: the
    /// moment of the first pass, so that a new connection imports no history.
    pub start: Option<String>,
    /// The location that orders are assigned to, where it is not the default location.
    pub location: Option<String>,
    /// What becomes of an order that stock does not cover, under `follow-policy`.
    pub shortage: Shortage,
    /// How JOOR learns that an order is in Shopify.
    pub acknowledge: Acknowledge,
    /// Tags of the order in Shopify.
    pub tags: Vec<String>,
    /// Tell JOOR when Shopify has shipped an order, with its tracking numbers.
    pub tracking: bool,
    /// Days after which an order with nothing left to do loses what names people.
    pub keep_personal_days: u64,
}

impl Default for OrderSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            start: None,
            location: None,
            shortage: Shortage::default(),
            acknowledge: Acknowledge::default(),
            tags: vec!["JOOR".into()],
            tracking: false,
            keep_personal_days: 90,
        }
    }
}

/// What becomes of an order that stock does not cover, under `follow-policy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shortage {
    /// It is parked, with the short lines named, and tried again when their stock changes.
    #[default]
    Hold,
    /// What is there is claimed; the rest becomes a second order that claims nothing.
    Partial,
}

/// How JOOR learns that an order is in Shopify. Its documentation leaves open which way works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Acknowledge {
    /// The v4 API's `export_status`, which can tell failures too.
    #[default]
    V4,
    /// The v2 API's marking by reading (`sync=1`), which cannot.
    V2,
}

/// What JOOR does with its own pending orders, those that nobody has approved yet. The connector
/// never subtracts them, so they are subtracted by one side or by none, and never by both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pending {
    /// They reduce nothing until they are approved; JOOR's own default.
    #[default]
    Ignored,
    /// JOOR subtracts them from the numbers that it is sent (`dec_pending=1`).
    JoorSubtracts,
}

impl Pending {
    /// Path of a stock message
    /// (<https://api-docs.jooraccess.com/v2.0/reference/style-inventory-bulk-request>).
    pub fn stock_path(self) -> &'static str {
        match self {
            Self::Ignored => "/bulk-inventory",
            Self::JoorSubtracts => "/bulk-inventory?dec_pending=1",
        }
    }
}

/// When a pass stops and asks.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct Brake {
    /// Of the SKUs that can be sold, in percent.
    pub percentage: u64,
    /// SKUs.
    pub skus: u64,
}

impl Default for Brake {
    fn default() -> Self {
        Self {
            percentage: 30,
            skus: 50,
        }
    }
}

/// How to talk to JOOR, where its documentation leaves it open.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct JoorApi {
    /// The form of a stock message.
    pub inventory_body: InventoryBody,
    /// Rows in one message.
    pub batch_rows: usize,
    /// Rows in one page of the catalogue.
    pub page_size: u64,
    /// Credits in 300 s (<https://api-docs.jooraccess.com/docs/rate-limits>).
    pub credits: u64,
}

impl Default for JoorApi {
    fn default() -> Self {
        Self {
            inventory_body: InventoryBody::Json,
            batch_rows: 1000,
            page_size: 200,
            credits: 300,
        }
    }
}

/// The form of a stock message. JOOR documents the nesting of the XML form alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InventoryBody {
    /// `{"inventory_items": [{…}]}`
    Json,
    /// `{"inventory_items": {"inventory_item": [{…}]}}`
    JsonNested,
    /// `<inventory_items><inventory_item>…`
    Xml,
}

fn default_interval_s() -> u64 {
    INTERVAL_S_MIN
}

fn default_lookback_s() -> u64 {
    120
}

fn default_full_read_hours() -> u64 {
    24
}

fn default_catalogue_hours() -> u64 {
    6
}

impl Settings {
    /// Reads settings. Findings come with them; with a finding of severity `error` there are none.
    pub fn read(text: &str) -> (Option<Self>, Vec<Finding>) {
        let value: Value = match serde_json::from_str(text) {
            Ok(value) => value,
            Err(error) => {
                let message = format!("The settings are not JSON: {error}.");
                return (
                    None,
                    vec![
                        Finding::error("settings-not-json", message, "Pass a JSON object.").at(""),
                    ],
                );
            }
        };
        let mut findings = schema::check(&PARSED, &value);
        if !findings.is_empty() {
            return (None, findings);
        }
        match serde_json::from_value::<Self>(value) {
            Ok(settings) => {
                findings.extend(settings.judge());
                let refused = findings
                    .iter()
                    .any(|f| f.severity == super::finding::Severity::Error);
                ((!refused).then_some(settings), findings)
            }
            Err(error) => {
                let fix = "Use \"variant-id\", \"barcode\", \"sku\", \"barcode-variant-id\" or \"metafield:NAMESPACE.KEY\".";
                findings.push(
                    Finding::error("settings-unknown-value", error.to_string(), fix).at("/upc"),
                );
                (None, findings)
            }
        }
    }

    /// "Made to order?" of a linesheet, as far as the settings tell it.
    pub fn made_to_order(&self, code: &str) -> Option<bool> {
        self.linesheets
            .iter()
            .find(|l| l.code.eq_ignore_ascii_case(code))?
            .made_to_order
    }

    /// What no schema can say: settings that contradict each other.
    fn judge(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (index, warehouse) in self.warehouses.iter().enumerate() {
            if self
                .warehouses
                .iter()
                .take(index)
                .any(|w| w.name == warehouse.name)
            {
                findings.push(
                    Finding::error(
                        "settings-warehouse-twice",
                        format!("The warehouse \"{}\" is listed twice.", warehouse.name),
                        "List all its locations in one place.",
                    )
                    .at(format!("/warehouses/{index}/name")),
                );
            }
            findings.extend(locations_twice(index, warehouse));
        }
        findings.extend(
            self.rules
                .iter()
                .enumerate()
                .flat_map(|(i, rule)| rule.judge(i)),
        );
        findings.extend(min_above_max(&self.availability, "/availability"));
        for (index, linesheet) in self.linesheets.iter().enumerate() {
            let same = |l: &LinesheetSetting| l.code.eq_ignore_ascii_case(&linesheet.code);
            if self.linesheets.iter().take(index).any(same) {
                findings.push(
                    Finding::error(
                        "settings-linesheet-twice",
                        format!("The linesheet \"{}\" is listed twice.", linesheet.code),
                        "Keep one of the entries.",
                    )
                    .at(format!("/linesheets/{index}/code")),
                );
            }
        }
        findings.extend(self.default_location_not_synced());
        findings.extend(self.start_is_no_day());
        findings
    }

    fn start_is_no_day(&self) -> Option<Finding> {
        let start = self
            .orders
            .start
            .as_deref()
            .filter(|day| !super::time::is_day(day))?;
        Some(
            Finding::error(
                "settings-not-a-day",
                format!("`orders.start` is \"{start}\", which is no day."),
                "Write it as YYYY-MM-DD, or leave it out to begin with the first pass.",
            )
            .at("/orders/start"),
        )
    }

    /// The location that orders are assigned to, by name or id.
    pub fn order_location(&self) -> &str {
        self.orders
            .location
            .as_deref()
            .unwrap_or(&self.default_location)
    }

    /// "This default location should be used for setting available inventory to JOOR." (seed)
    ///
    /// A name and an id cannot be compared here; the pass, which knows both, judges those.
    fn default_location_not_synced(&self) -> Option<Finding> {
        let is_id = |text: &str| super::id::Id::parse(text).is_some();
        let mut all = self.warehouses.iter().flat_map(|w| &w.locations);
        let comparable = all
            .clone()
            .all(|l| is_id(l) == is_id(&self.default_location));
        let synced = all.any(|l| same_location(l, &self.default_location));
        (comparable && !synced).then(|| default_location_finding(&self.default_location))
    }
}

/// The finding for a default location that feeds no warehouse.
pub fn default_location_finding(name: &str) -> Finding {
    Finding::warning(
        "default-location-not-synced",
        format!(
            "The default location \"{name}\" feeds no JOOR warehouse, but orders from JOOR are assigned to it, \
             so buyers are shown stock that their orders are not taken from."
        ),
        "Add it to the locations of a warehouse, or choose a default location that is there.",
    )
    .at("/default_location")
}

/// Whether two texts name the same location: by id, or by name without regard to case.
pub fn same_location(a: &str, b: &str) -> bool {
    match (super::id::Id::parse(a), super::id::Id::parse(b)) {
        (Some(a), Some(b)) => a == b,
        (None, None) => a.trim().to_lowercase() == b.trim().to_lowercase(),
        _ => false,
    }
}

fn locations_twice(index: usize, warehouse: &Warehouse) -> Option<Finding> {
    let is_twice = |(place, location): &(usize, &String)| {
        let mut before = warehouse.locations.iter().take(*place);
        before.any(|l| same_location(l, location))
    };
    let (place, location) = warehouse.locations.iter().enumerate().find(is_twice)?;
    let path = format!("/warehouses/{index}/locations/{place}");
    Some(location_twice_finding(location, &warehouse.name).at(path))
}

/// The finding for a location that feeds one warehouse twice.
pub fn location_twice_finding(location: &str, warehouse: &str) -> Finding {
    Finding::error(
        "settings-location-twice",
        format!(
            "\"{location}\" is listed twice for \"{warehouse}\", so its stock would count twice."
        ),
        "Keep one of the entries.",
    )
}

/// The finding for a rule whose bounds exclude each other.
pub fn min_above_max(rule: &Rule, path: &str) -> Option<Finding> {
    let (min, max) = (rule.min?, rule.max?);
    (min > max).then(|| {
        Finding::error(
            "settings-min-above-max",
            format!("`min` is {min} and `max` is {max}: no number is both."),
            "Lower `min` or raise `max`.",
        )
        .at(format!("{path}/min"))
    })
}
