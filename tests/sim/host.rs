//! The host of the simulation: one thread, virtual time, and a network and a store in memory. It
//! keeps the contract to the letter and no further: what a host may do, it does.

mod effects;
mod stray;

use std::collections::BTreeMap;

use atsync::engine::reconcile::Hint as StoredHint;
use atsync::store::{Delivery, Ledger, MemoryStore, Overlay, Store};
use atsync_plugin::bindings::exports::atsync::connector::reconcile::{
    Answer, Completion, Effect, Fault as Ended, Hint, HttpRequest, Job, Mode, Outcome, Request,
    Turn,
};
use atsync_sandbox::wire::Millis;
use serde_json::Value;
use std::sync::Arc;

use super::bounds::{self, Bounds};
use super::form::Form;
use super::oracle::{Began, Broken, Watch};
use super::plan::{Act, DryRun, Fault, Plan, What};
use super::rng::Rng;
use super::trace::Trace;
use super::world::{CONNECTION, World};

/// How long a request may take before the host gives up.
const TIMEOUT: Millis = 30_000;

/// Completions that come within so many milliseconds may come together.
const TOGETHER: Millis = 60;

/// How a pass ended.
pub enum End {
    /// It came to its end.
    Outcome(Outcome),
    /// The connector gave up for now.
    GaveUp,
    /// The process was killed, or another one has the connection.
    Crashed,
}

/// The host, and all that it talks to.
pub struct Host<'p> {
    /// What happens.
    pub plan: &'p Plan,
    /// Both sides.
    pub world: World,
    /// What is checked.
    pub watch: Watch<'p>,
    /// What happened.
    pub trace: Trace,
    /// Faults met, by name.
    pub met: BTreeMap<&'static str, u64>,
    /// Settings of the connection.
    pub settings: Value,
    /// Nothing goes wrong any more.
    pub healed: bool,
    /// Effects performed.
    pub effects: u64,
    store: MemoryStore,
    rng: Rng,
    /// The host's clock minus the world's, in milliseconds.
    ahead: i64,
    /// JOOR's token.
    token: Option<String>,
    /// Requests on their way whose sender is gone.
    stray: Vec<(Millis, HttpRequest)>,
    /// The request that arrives now is one of them.
    stray_now: bool,
    /// Webhooks on their way.
    mail: Vec<(Millis, Delivery)>,
    /// What the next call that changes something meets.
    strike: Option<Fault>,
    /// What the next commit after such a call meets.
    unwritten: Option<Fault>,
    /// Shopify does not know the next bulk operation that it is asked about.
    bulk_vanishes: bool,
    /// The next event of the plan.
    next_event: usize,
    dry_runs: Vec<DryRun>,
    /// The number of the newest lease; passes under older ones commit nothing.
    lease: u64,
}

/// An effect under way.
struct UnderWay {
    id: u32,
    effect: Effect,
    fault: Option<Fault>,
    stage: Stage,
}

enum Stage {
    /// Arrives then.
    Going(Millis),
    /// The answer arrives then.
    Coming(Millis, Answer),
}

impl UnderWay {
    fn due(&self) -> Millis {
        match self.stage {
            Stage::Going(at) | Stage::Coming(at, _) => at,
        }
    }
}

/// A pass under way.
struct Run {
    number: u32,
    dry: bool,
    lease: u64,
    /// How the pass began that it overtakes. Nothing happens to one that does.
    overtakes: Option<Began>,
    ledger: Arc<dyn Ledger>,
    /// The newest time that the connector was told.
    told: Millis,
    under_way: Vec<UnderWay>,
    asked: u32,
    /// Something was changed since the last commit.
    has_called: bool,
    bounds: Bounds,
}

impl<'p> Host<'p> {
    /// A host before its first pass.
    pub fn new(plan: &'p Plan, trace: Trace) -> Self {
        let world = World::new(&plan.brand);
        Self {
            watch: Watch::new(&plan.brand, &world),
            settings: plan.brand.settings(),
            plan,
            world,
            trace,
            met: BTreeMap::new(),
            healed: false,
            effects: 0,
            store: MemoryStore::default(),
            rng: Rng::new(plan.seed, 2),
            ahead: 0,
            token: None,
            stray: Vec::new(),
            stray_now: false,
            mail: Vec::new(),
            strike: None,
            unwritten: None,
            bulk_vanishes: false,
            next_event: 0,
            dry_runs: Vec::new(),
            lease: 0,
        }
    }

    /// The ledger as it lasts.
    pub fn ledger(&self) -> BTreeMap<String, String> {
        let all = self.store.ledger(CONNECTION).scan("", None, usize::MAX);
        let all = all.expect("a store in memory").into_iter();
        all.map(|entry| (entry.key, entry.value)).collect()
    }

    /// The host's clock.
    pub fn clock(&self) -> Millis {
        self.world.now.saturating_add_signed(self.ahead)
    }

    /// Everything heals: requests whose sender is gone have arrived or never will, and the clock
    /// is right.
    pub fn heal(&mut self) -> Result<(), Broken> {
        self.healed = true;
        (self.strike, self.unwritten) = (None, None);
        self.bulk_vanishes = false;
        self.ahead = 0;
        self.advance(self.world.now + TIMEOUT)?;
        let locations = self.world.locations;
        for at in locations {
            if !self.world.sandbox.shop.location_is_active(at) {
                let now = self.world.now;
                self.world.sandbox.shop.activate_location(at, now);
            }
        }
        self.watch.look(&self.world);
        Ok(())
    }

    /// What happens before a pass: acts of people, and passes that change nothing.
    pub fn before(&mut self, number: u32, form: &mut dyn Form) -> Result<(), Broken> {
        self.happen(number, 0)?;
        for dry in std::mem::take(&mut self.dry_runs) {
            self.dry_run(number, dry, form)?;
        }
        Ok(())
    }

    fn dry_run(&mut self, number: u32, dry: DryRun, form: &mut dyn Form) -> Result<(), Broken> {
        let call =
            |name: &str| atsync_plugin::bindings::exports::atsync::connector::reconcile::Call {
                name: name.into(),
                arguments: "{}".into(),
            };
        let mode = match dry {
            DryRun::Plan => Mode::Plan,
            DryRun::Check => Mode::Check,
            DryRun::Orders => Mode::Ask(call("orders")),
        };
        // What a killed process left on its way is not the dry run's doing.
        let arrived = self.stray.iter().map(|(at, _)| *at).max();
        self.advance(arrived.unwrap_or(0))?;
        let ledger = self.ledger();
        let before = self.watch.footprint(&self.world);
        self.pass(number, mode, form)?;
        let same = ledger == self.ledger();
        self.watch
            .a_dry_run_changes_nothing(&self.world, &before, same)
    }

    /// The time of the next pass has come, on the host's clock.
    pub fn sleep_until(&mut self, at: Millis) -> Result<(), Broken> {
        // A clock that was set back makes the wait longer, and a day is enough for anybody.
        let wait = at.saturating_sub(self.clock()).min(86_400_000);
        self.advance(self.world.now + wait)
    }

    /// One pass.
    pub fn pass(&mut self, number: u32, mode: Mode, form: &mut dyn Form) -> Result<End, Broken> {
        let _lock = self
            .store
            .lock(CONNECTION)
            .map_err(|problem| Broken::new("one pass at a time", problem.to_string()))?;
        self.play(number, mode, form)
    }

    /// A pass of another process, which takes the connection over. What the first one has sent
    /// arrives before.
    fn overtake(&mut self, run: &mut Run, form: &dyn Form) -> Result<(), Broken> {
        for mut under_way in std::mem::take(&mut run.under_way) {
            if matches!(under_way.stage, Stage::Going(_)) && is_change(&under_way.effect) {
                under_way.stage = self.arrive(run, &under_way.effect, under_way.fault)?;
            }
            run.under_way.push(under_way);
        }
        self.play(run.number, Mode::Sync, &mut *form.another())?;
        self.trace
            .note(self.world.now, || "the pass before goes on".into());
        Ok(())
    }

    fn play(&mut self, number: u32, mode: Mode, form: &mut dyn Form) -> Result<End, Broken> {
        let dry = !matches!(mode, Mode::Sync | Mode::Act(_));
        if !dry {
            self.lease += 1;
        }
        let ledger = self.store.ledger(CONNECTION);
        let inbox = self
            .store
            .inbox(CONNECTION, 10_000)
            .expect("a store in memory");
        let hint = |hint: StoredHint| Hint {
            id: hint.id,
            topic: hint.topic,
            body: hint.body,
        };
        let hints = if dry {
            Vec::new()
        } else {
            inbox.hints.into_iter().map(hint).collect()
        };
        let mut run = Run {
            number,
            dry,
            lease: self.lease,
            overtakes: self.watch.pass_begins(&self.world),
            ledger: if dry {
                Arc::new(Overlay::over(ledger).expect("a scratch copy"))
            } else {
                ledger
            },
            told: self.clock(),
            under_way: Vec::new(),
            asked: 0,
            has_called: false,
            bounds: Bounds::default(),
        };
        let words = format!("pass {number} begins: {mode:?}");
        self.trace.note(self.world.now, || words);
        let settings = self.settings.to_string();
        let job = Job {
            connection: CONNECTION.into(),
            settings,
            mode,
            hints,
            now: run.told,
        };
        let mut turn = form.start(job);
        loop {
            match turn {
                Ok(Turn::Waiting(waiting)) => {
                    self.trace.progress(waiting.progress.as_ref());
                    if !self.begin(&mut run, waiting.requests, form)? {
                        self.crash(run)?;
                        return Ok(End::Crashed);
                    }
                }
                Ok(Turn::Done(outcome)) => {
                    self.trace.done(self.world.now, &outcome);
                    if !dry && outcome.verdict != atsync_plugin::bindings::exports::atsync::connector::reconcile::Verdict::Failed {
                        let dealt = self.store.dealt_with(CONNECTION, inbox.last, self.world.now);
                        dealt.expect("a store in memory");
                    }
                    self.let_go(run);
                    return Ok(End::Outcome(outcome));
                }
                Err(Ended::Temporary(problem)) => {
                    self.trace.gave_up(self.world.now, &problem);
                    self.let_go(run);
                    return Ok(End::GaveUp);
                }
                Err(fault) => return Err(Broken::new("no permanent fault", format!("{fault:?}"))),
            }
            let Some(completions) = self.wait(&mut run)? else {
                self.trace
                    .note(self.world.now, || "its lease is lost".into());
                self.let_go(run);
                return Ok(End::Crashed);
            };
            turn = form.resume(completions);
        }
    }

    /// Begins effects. False: the process is killed.
    fn begin(
        &mut self,
        run: &mut Run,
        requests: Vec<Request>,
        form: &dyn Form,
    ) -> Result<bool, Broken> {
        let calm = run.dry || run.overtakes.is_some();
        for Request { id, effect } in requests {
            let ordinal = run.asked;
            run.asked += 1;
            self.effects += 1;
            self.trace.asked(self.world.now, id, &effect);
            self.watch.checked(bounds::LAW);
            run.bounds.asks(id, &effect, run.told)?;
            if is_for_a_file(&effect) && !run.dry {
                let keys = ["full-read".to_owned()];
                let full_read = run.ledger.load(&keys).expect("a store in memory").remove(0);
                let full_read = full_read.as_deref();
                self.watch
                    .no_file_is_asked_for_twice(&self.world, full_read)?;
            }
            let fault = match calm {
                true => None,
                false => self.happen(run.number, ordinal)?,
            };
            let fault = match (&effect, fault) {
                _ if calm => None,
                (effect, None) if is_call(effect) => self.strike.take(),
                (Effect::Commit(_), None) if run.has_called => self.unwritten.take(),
                (_, fault) => fault,
            };
            run.has_called =
                is_call(&effect) || run.has_called && !matches!(effect, Effect::Commit(_));
            if let Some(fault) = fault {
                self.trace
                    .note(self.world.now, || format!("{id:>4} meets  {fault:?}"));
            }
            match fault {
                Some(Fault::Crash(_)) => {
                    self.count(fault);
                    let stage = Stage::Going(self.world.now + self.rng.between(0, 4_000));
                    run.under_way.push(UnderWay {
                        id,
                        effect,
                        fault,
                        stage,
                    });
                    return Ok(false);
                }
                Some(Fault::SecondProcess) => {
                    self.count(fault);
                    if !self.is_locked() {
                        return Err(Broken::new(
                            "one pass at a time",
                            "a second process got the lock".into(),
                        ));
                    }
                }
                Some(Fault::Overtaken) => {
                    self.count(fault);
                    self.overtake(run, form)?;
                }
                _ => {}
            }
            let stage = self.set_out(&effect, fault);
            run.under_way.push(UnderWay {
                id,
                effect,
                fault,
                stage,
            });
        }
        Ok(true)
    }

    /// Acts are done; the fault is for the effect at hand.
    fn happen(&mut self, pass: u32, effect: u32) -> Result<Option<Fault>, Broken> {
        let mut fault = None;
        while let Some(event) = self
            .plan
            .events
            .get(self.next_event)
            .filter(|_| !self.healed)
        {
            if (event.pass, event.effect) > (pass, effect) {
                break;
            }
            self.next_event += 1;
            match &event.what {
                What::Fault(next) if (event.pass, event.effect) == (pass, effect) => {
                    fault = Some(*next);
                }
                // The pass was over before it.
                What::Fault(_) => {}
                What::Strike(next) => self.strike = Some(*next),
                What::Unwritten(next) => self.unwritten = Some(*next),
                What::Act(act) => self.act(act)?,
            }
        }
        Ok(fault)
    }

    fn act(&mut self, act: &Act) -> Result<(), Broken> {
        self.trace
            .note(self.world.now, || format!("people: {act:?}"));
        match *act {
            Act::Clock(by) => self.ahead += by,
            Act::DryRun(dry) => self.dry_runs.push(dry),
            Act::Reserve(units) => {
                if let Some(rule) = self.settings.pointer_mut("/availability/reserve") {
                    *rule = units.into();
                }
            }
            _ => {}
        }
        *self.met.entry("act of people").or_default() += 1;
        self.world.act(act);
        self.watch.look(&self.world);
        self.post();
        Ok(())
    }

    /// Its lease is the newest one, or it has a scratch copy. A host makes sure of it with each
    /// commit, and before it sends what changes something.
    fn may_change(&self, run: &Run) -> bool {
        run.dry || run.lease == self.lease
    }

    /// Waits for at least one completion, and gives it with what else is there by then. None: it
    /// wants to change something and may not.
    fn wait(&mut self, run: &mut Run) -> Result<Option<Vec<Completion>>, Broken> {
        loop {
            let first = run
                .under_way
                .iter()
                .enumerate()
                .min_by_key(|(_, effect)| effect.due());
            let Some((place, due)) = first.map(|(place, effect)| (place, effect.due())) else {
                return Err(Broken::new(
                    bounds::LAW,
                    "the connector waits for nothing".into(),
                ));
            };
            self.advance(due)?;
            let may_change = self.may_change(run);
            let Some(under_way) = run.under_way.get_mut(place) else {
                continue;
            };
            if matches!(under_way.stage, Stage::Coming(..)) {
                return Ok(Some(self.collect(run)));
            }
            if is_change(&under_way.effect) && !may_change {
                return Ok(None);
            }
            let (effect, fault) = (under_way.effect.clone(), under_way.fault);
            let stage = self.arrive(run, &effect, fault)?;
            if let Some(under_way) = run.under_way.get_mut(place) {
                under_way.stage = stage;
            }
        }
    }

    fn collect(&mut self, run: &mut Run) -> Vec<Completion> {
        let window = if self.rng.chance(50) { TOGETHER } else { 0 };
        let until = self.world.now + window;
        let mut ready = Vec::new();
        let mut rest = Vec::new();
        for under_way in run.under_way.drain(..) {
            match under_way.stage {
                Stage::Coming(at, answer) if at <= until => ready.push((at, under_way.id, answer)),
                _ => rest.push(under_way),
            }
        }
        run.under_way = rest;
        let newest = ready.iter().map(|(at, ..)| *at).max();
        self.world.now = self.world.now.max(newest.unwrap_or(0));
        run.told = run.told.max(self.clock());
        if self.rng.chance(50) {
            ready.reverse();
        }
        let completion = |(_, id, answer)| Completion {
            id,
            at: run.told,
            answer,
        };
        let ready: Vec<Completion> = ready.into_iter().map(completion).collect();
        for Completion { id, answer, .. } in &ready {
            self.trace.answered(self.world.now, *id, answer);
            run.bounds.hears(*id, answer, run.told);
        }
        ready
    }
}

/// A call that may change what another side has.
fn is_call(effect: &Effect) -> bool {
    matches!(effect, Effect::Http(request) if request.changes)
}

/// Shopify is asked to write all stock into a file.
fn is_for_a_file(effect: &Effect) -> bool {
    let text = |request: &HttpRequest| request.body.clone().unwrap_or_default();
    matches!(effect, Effect::Http(request) if text(request).contains("bulkOperationRunQuery"))
}

/// Such a call, or a commit.
fn is_change(effect: &Effect) -> bool {
    is_call(effect) || matches!(effect, Effect::Commit(_))
}
