//! What a pass has on its desk: the settings, the ledger, both sides, and the report.

use std::collections::BTreeMap;

use crate::bindings::exports::atsync::connector::reconcile::{Job, Mode, Outcome, Verdict};
use crate::core::availability::OpenClaim;
use crate::core::finding::{Finding, Severity};
use crate::core::settings::Settings;
use crate::core::text::hash;
use crate::core::time::{MINUTE, Millis, SECOND, day};
use crate::halt::Halt;
use crate::io::Io;
use crate::joor::client::Joor;
use crate::joor::credits::Window;
use crate::ledger::orders::{Claim, Claimed};
use crate::ledger::{Batch, Ledger, Totals};
use crate::shopify::client::Shopify;
use crate::shopify::incoming::Snapshot;
use crate::shopify::locations::Places;

use super::decide::OpenClaims;
use super::report::{Kind, Report};

/// A pass takes no longer than this; what is left is for the next one, which follows at once.
const PASS_MAX: Millis = 5 * MINUTE;

/// What a pass has on its desk.
pub struct Desk {
    /// Effects.
    pub io: Io,
    /// Settings of the connection.
    pub settings: Settings,
    /// A digest of what decisions are made by: the settings, and which locations and warehouses
    /// are usable. Decisions made by another basis are made anew.
    pub basis: u64,
    /// What is remembered.
    pub ledger: Ledger,
    /// One side.
    pub shopify: Shopify,
    /// The other side.
    pub joor: Joor,
    /// Numbers over all styles.
    pub totals: Totals,
    /// What there is to tell.
    pub report: Report,
    /// The settings' locations in the shop.
    pub places: Places,
    /// What is in transit.
    pub incoming: Snapshot,
    /// Stock that orders claim and Shopify's numbers may not show yet.
    pub claims: Claims,
    /// Name of the connection.
    pub connection: String,
    /// Everything is decided and nothing changed.
    pub dry: bool,
    settings_text: String,
    started_at: Millis,
    next_at: Option<Millis>,
    saved: (Totals, Window),
}

impl Desk {
    /// Opens the ledger and takes up where the last pass stopped.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub async fn open(io: &Io, settings: Settings, job: &Job) -> Result<Self, Halt> {
        let ledger = Ledger::open(io).await?;
        let totals = ledger.get("totals").await?.unwrap_or_default();
        let window = ledger.get("credits").await?.unwrap_or_default();
        let joor = Joor::new(io, &settings.joor_account, &settings.joor, window);
        Ok(Self {
            io: io.clone(),
            basis: 0,
            settings_text: job.settings.clone(),
            settings,
            ledger,
            shopify: Shopify::new(io),
            joor,
            totals,
            report: Report::default(),
            places: Places::default(),
            incoming: Snapshot::default(),
            claims: Claims::default(),
            connection: job.connection.clone(),
            dry: !matches!(job.mode, Mode::Sync | Mode::Act(_)),
            started_at: job.now,
            next_at: None,
            saved: (totals, window),
        })
    }

    /// Takes down what decisions are made by, once the locations and warehouses are known.
    pub fn set_basis(&mut self) {
        self.basis = digest(&self.settings_text, &self.places);
    }

    /// The day on Shopify's clock.
    pub fn today(&self) -> String {
        day(self.shopify.now())
    }

    /// When the pass began.
    pub fn started_at(&self) -> Millis {
        self.started_at
    }

    /// Commits a batch, and with it the totals and the credits.
    ///
    /// # Errors
    /// As [`Ledger::commit`].
    pub async fn commit(&mut self, mut batch: Batch) -> Result<(), Halt> {
        let now = (self.totals, self.joor.window());
        if now.0 != self.saved.0 {
            batch.put("totals", &now.0);
        }
        if now.1 != self.saved.1 {
            batch.put("credits", &now.1);
        }
        self.saved = now;
        self.ledger.commit(batch).await
    }

    /// Commits what is not in any batch.
    ///
    /// # Errors
    /// As [`Ledger::commit`].
    pub async fn save(&mut self) -> Result<(), Halt> {
        self.commit(Batch::default()).await
    }

    /// The next pass should begin at `at`, if that is before its time.
    pub fn come_again(&mut self, at: Millis, why: &str) {
        self.next_at = Some(self.next_at.map_or(at, |next| next.min(at)));
        self.report.summary.push(format!("Goes on later: {why}."));
    }

    /// The next pass should begin at `at`: there is something new for it.
    pub fn wake_at(&mut self, at: Millis) {
        self.next_at = Some(at);
    }

    /// What a part of the pass came to, where the others go on without it: why it failed is a finding
    /// then, and nothing came of it.
    ///
    /// # Errors
    /// It stopped for another reason.
    pub fn go_on<T>(&mut self, done: Result<T, Halt>) -> Result<Option<T>, Halt> {
        match done {
            Ok(done) => Ok(Some(done)),
            Err(Halt::Failed(finding)) => {
                self.report.find(*finding);
                Ok(None)
            }
            Err(halt) => Err(halt),
        }
    }

    /// Whether the pass should leave the rest to the next one.
    pub fn is_late(&self) -> bool {
        self.io.now() >= self.started_at + PASS_MAX
    }

    /// The end of the pass. `failure`: why it could not do its work.
    pub fn outcome(&mut self, kind: Kind, failure: Option<Finding>) -> Outcome {
        if let Some(finding) = self.shopify.version_finding() {
            self.report.find(finding);
        }
        if let Some(finding) = self.shopify.clock_finding(self.joor.clock_ahead()) {
            self.report.find(finding);
        }
        let failed = failure.is_some();
        if let Some(finding) = failure {
            self.report.summary.push(finding.message.clone());
            self.report.find(finding);
        }
        let (shopify, joor) = (self.shopify.usage(), self.joor.usage());
        for (name, n) in [
            ("shopify_requests", shopify.requests),
            ("shopify_cost_points", shopify.points),
            ("shopify_throttled", shopify.throttled),
            ("joor_reads", joor.reads),
            ("joor_writes", joor.writes),
            ("joor_credits", joor.credits),
            ("styles", self.totals.styles),
            ("skus", self.totals.skus),
            ("parked", self.totals.parked),
            ("orders_parked", self.totals.orders_parked),
        ] {
            self.report.count(name, n);
        }
        let attention = self
            .report
            .findings
            .iter()
            .any(|f| f.severity == Severity::Error)
            || (kind == Kind::Sync && (self.totals.parked > 0 || self.totals.orders_parked > 0));
        let verdict = match (failed, attention) {
            (true, _) => Verdict::Failed,
            (false, true) => Verdict::Attention,
            (false, false) => Verdict::Done,
        };
        Outcome {
            next_run: self.next_run(),
            verdict,
            report: self.report.write(kind),
        }
    }

    fn next_run(&self) -> Millis {
        let regular = self.started_at + self.settings.interval_s * SECOND;
        self.next_at.unwrap_or(regular).max(self.io.now())
    }
}

/// Stock that orders claim and Shopify's numbers may not show yet.
#[derive(Debug, Default)]
pub struct Claims(BTreeMap<String, Claim>);

impl Claims {
    /// What the ledger knows.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub async fn load(ledger: &Ledger) -> Result<Self, Halt> {
        Ok(Self(ledger.all("claim/").await?))
    }

    /// Those that numbers read just now do not show.
    pub fn now(&self) -> OpenClaims {
        self.not_in(|shown_at| shown_at.is_none())
    }

    /// Those that a file asked for at `asked_at`, on Shopify's clock, may not show.
    pub fn as_of(&self, asked_at: Millis) -> OpenClaims {
        self.not_in(|shown_at| shown_at.is_none_or(|at| at >= asked_at))
    }

    fn not_in(&self, open: impl Fn(Option<Millis>) -> bool) -> OpenClaims {
        let mut claims = OpenClaims::new();
        for (order, claim) in self.0.iter().filter(|(_, claim)| open(claim.shown_at)) {
            for Claimed { variant, units, .. } in &claim.units {
                let (order, units) = (order.clone(), *units);
                claims
                    .entry((*variant, claim.location))
                    .or_default()
                    .push(OpenClaim { order, units });
            }
        }
        claims
    }
}

/// FNV-1a over the settings, in a form that does not depend on spaces or the order of keys, and
/// over what can be used of the shop.
fn digest(settings: &str, places: &Places) -> u64 {
    let mut text = serde_json::from_str::<serde_json::Value>(settings)
        .unwrap_or_default()
        .to_string();
    for location in &places.locations {
        text.push_str(&format!(" {}:{}", location.id, location.is_active));
    }
    for warehouse in &places.warehouses {
        text.push_str(&format!(" {}", warehouse.withheld.is_none()));
    }
    hash(&text)
}
