//! A faithful stand-in for the parts of Shopify and JOOR that atsync meets.
//!
//! The core is deterministic: no sockets, no clock, no randomness. The same requests at the
//! same times give the same answers, so that tests, the simulation and the demo share it.
//! [`server`] puts it on two ports.

pub mod catalogue;
mod control;
pub mod counters;
pub mod faults;
pub mod joor;
pub mod server;
pub mod shopify;
pub mod wire;

use counters::{Call, Counters};
use faults::{Fault, Faults};
use wire::{Millis, Reply, Request, Response, Side};

/// How both sides behave.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The shop.
    pub shopify: shopify::Options,
    /// The JOOR account.
    pub joor: joor::Options,
}

/// A shop and a JOOR account.
#[derive(Debug)]
pub struct Sandbox {
    /// The Shopify side, with its levers.
    pub shop: shopify::Shop,
    /// The JOOR side, with its levers.
    pub joor: joor::Account,
    /// What goes wrong on purpose.
    pub faults: Faults,
    counters: Counters,
}

impl Sandbox {
    /// An empty shop and an empty account.
    pub fn new(options: Options) -> Self {
        Self {
            shop: shopify::Shop::new(options.shopify),
            joor: joor::Account::new(options.joor),
            faults: Faults::default(),
            counters: Counters::default(),
        }
    }

    /// Answers one request.
    pub fn handle(&mut self, side: Side, request: &Request, now: Millis) -> Reply {
        if request.route().starts_with("/sandbox/") {
            return Reply::Answer(control::handle(self, request, now));
        }
        let mut operation = match side {
            Side::Shopify => shopify::operation(request),
            Side::Joor => format!("{} {}", request.method, request.route().trim_matches('/')),
        };
        let fault = self.faults.pick(side, &operation);
        let instead = fault.and_then(faults::instead);
        let (cost, changed, response) = match instead {
            Some(response) => (0, false, Some(response)),
            None if fault == Some(Fault::CutBefore) => (0, false, None),
            None => match side {
                Side::Shopify => {
                    let handled = self
                        .shop
                        .handle(request, fault == Some(Fault::Throttled), now);
                    operation = handled.operation;
                    (
                        u64::from(handled.cost),
                        handled.changed,
                        Some(handled.response),
                    )
                }
                Side::Joor => {
                    let before = self.joor.counters();
                    let response = self.joor.handle(request, now);
                    let after = self.joor.counters();
                    (
                        after.credits - before.credits,
                        after.writes > before.writes,
                        Some(response),
                    )
                }
            },
        };
        let response = response.map(|mut response| {
            if let Some(fault) = fault {
                faults::spoil(fault, &mut response);
            }
            response
        });
        self.counters.count(
            side,
            &Call {
                operation: &operation,
                cost,
                changed,
                status: response.as_ref().map(|response| response.status),
                bytes_in: request.body.len(),
                bytes_out: response.as_ref().map_or(0, |response| response.body.len()),
                faulty: fault.is_some(),
            },
        );
        reply(fault, response)
    }

    /// What was asked and done since the beginning.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Lets JOOR's own Shopify integration import the shop's styles, as a brand has it do
    /// before it turns to atsync. Gives the number of styles created.
    pub fn import_styles(&mut self, linesheets: &[joor::Linesheet], upc: joor::Upc) -> usize {
        let styles = self.shop.products().map(|product| joor::Style {
            id: product.number(),
            title: product.title().to_owned(),
            tags: product.tags().map(str::to_owned).collect(),
            status: product.status(),
            variants: product
                .variants()
                .map(|variant| joor::StyleVariant {
                    id: variant.number(),
                    sku: variant.sku().map(str::to_owned),
                    barcode: variant.barcode().map(str::to_owned),
                    options: variant
                        .options()
                        .map(|(name, value)| (name.to_owned(), value.to_owned()))
                        .collect(),
                })
                .collect(),
        });
        self.joor.import_styles(styles, linesheets, upc)
    }
}

fn reply(fault: Option<Fault>, response: Option<Response>) -> Reply {
    match (fault, response) {
        (Some(Fault::CutBefore | Fault::CutAfter), _) | (_, None) => Reply::Cut,
        (Some(Fault::Slow(wait)), Some(response)) => Reply::Slow(wait, response),
        (_, Some(response)) => Reply::Answer(response),
    }
}
