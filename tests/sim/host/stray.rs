//! What is on its way while nobody waits for it: webhooks, and requests whose sender is gone.

use atsync::engine::reconcile::Hint;
use atsync::store::{Delivery, Store as _};
use atsync_plugin::bindings::exports::atsync::connector::reconcile::Effect;
use atsync_sandbox::wire::Millis;

use super::{Host, Run, Stage};
use crate::oracle::Broken;
use crate::plan::Fault;
use crate::world::CONNECTION;

impl Host<'_> {
    /// Time goes on; what is due by then happens.
    pub(super) fn advance(&mut self, to: Millis) -> Result<(), Broken> {
        self.stray.sort_by_key(|(at, _)| *at);
        while self.stray.first().is_some_and(|(at, _)| *at <= to) {
            let (at, request) = self.stray.remove(0);
            self.world.now = self.world.now.max(at);
            self.trace.note(self.world.now, || {
                format!("     late   {} {}", request.service, request.path)
            });
            self.stray_arrives(&request)?;
        }
        self.world.now = self.world.now.max(to);
        let now = self.world.now;
        let (due, later) = std::mem::take(&mut self.mail)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        self.mail = later;
        let due: Vec<(Millis, Delivery)> = due;
        for (_, delivery) in due {
            self.store
                .take_in(CONNECTION, &delivery)
                .expect("a store in memory");
        }
        Ok(())
    }

    /// Shopify sends its webhooks, which are lost, doubled and late.
    pub(super) fn post(&mut self) {
        let now = self.world.now;
        let webhooks = if self.healed {
            Default::default()
        } else {
            self.plan.brand.webhooks
        };
        for sent in self.world.sandbox.shop.take_deliveries(now) {
            self.world.sandbox.shop.delivered(&sent.id, true, now);
            if self.rng.chance(webhooks.lost) {
                *self.met.entry("webhook lost").or_default() += 1;
                continue;
            }
            let times = if self.rng.chance(webhooks.twice) {
                2
            } else {
                1
            };
            if times == 2 {
                *self.met.entry("webhook twice").or_default() += 1;
            }
            for _ in 0..times {
                let delivery = Delivery {
                    service: "shopify".into(),
                    hint: Hint {
                        id: sent.id.clone(),
                        topic: sent.topic.clone(),
                        body: String::from_utf8_lossy(&sent.body).into_owned(),
                    },
                    at: now,
                };
                let at = now + self.rng.between(0, webhooks.late_ms);
                self.mail.push((at, delivery));
            }
        }
    }

    /// The process is killed: what is on its way arrives or never does.
    pub(super) fn crash(&mut self, run: Run) -> Result<(), Broken> {
        let may_change = self.may_change(&run);
        let lands = run
            .under_way
            .iter()
            .any(|effect| effect.fault == Some(Fault::Crash(true)));
        for under_way in run.under_way {
            let Stage::Going(at) = under_way.stage else {
                continue;
            };
            match under_way.effect {
                Effect::Http(request) if lands && !run.dry => self.stray.push((at, request)),
                Effect::Commit(writes) if lands && may_change => {
                    self.commit(&*run.ledger, run.dry, &writes);
                }
                _ => {}
            }
        }
        self.watch.pass_ends(run.overtakes);
        Ok(())
    }

    /// The pass is over: commits on their way are waited for, and nobody hears of the rest.
    pub(super) fn let_go(&mut self, run: Run) {
        let may_change = self.may_change(&run);
        for under_way in run.under_way {
            match (under_way.stage, under_way.effect) {
                (Stage::Going(at), Effect::Http(request)) if may_change => {
                    self.stray.push((at, request));
                }
                (Stage::Going(_), Effect::Commit(writes)) if may_change => {
                    self.commit(&*run.ledger, run.dry, &writes);
                }
                _ => {}
            }
        }
        self.watch.pass_ends(run.overtakes);
    }
}
