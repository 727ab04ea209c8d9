//! What was asked of the sandbox and what it did: the evidence for "a plan changes nothing".

use std::collections::BTreeMap;

use serde::Serialize;

use crate::wire::Side;

/// Both sides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// The shop.
    pub shopify: SideCounters,
    /// The JOOR account.
    pub joor: SideCounters,
}

/// One side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SideCounters {
    /// All requests.
    pub requests: u64,
    /// Requests that changed nothing.
    pub reads: u64,
    /// Requests that changed something: stock, locations, subscriptions; on JOOR, calls by
    /// another method than `GET`. Token grants and bulk queries are not among them.
    pub writes: u64,
    /// Shopify: points of query cost. JOOR: credits.
    pub cost: u64,
    /// Bytes of request bodies.
    pub bytes_in: u64,
    /// Bytes of response bodies, before compression.
    pub bytes_out: u64,
    /// Requests that met a fault made on purpose.
    pub faults: u64,
    /// By GraphQL operation, or by method and path.
    pub operations: BTreeMap<String, Operation>,
}

/// One operation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Operation {
    /// How often it was asked for.
    pub requests: u64,
    /// Points or credits.
    pub cost: u64,
    /// Answers with a status of 400 and above.
    pub refused: u64,
    /// Bytes of response bodies, before compression.
    pub bytes_out: u64,
}

/// One request, to be counted.
pub(crate) struct Call<'a> {
    pub(crate) operation: &'a str,
    pub(crate) cost: u64,
    pub(crate) changed: bool,
    /// None where the connection was cut before there was one.
    pub(crate) status: Option<u16>,
    pub(crate) bytes_in: usize,
    pub(crate) bytes_out: usize,
    pub(crate) faulty: bool,
}

impl Counters {
    /// One side.
    pub fn side(&self, side: Side) -> &SideCounters {
        match side {
            Side::Shopify => &self.shopify,
            Side::Joor => &self.joor,
        }
    }

    pub(crate) fn count(&mut self, side: Side, call: &Call<'_>) {
        let counters = match side {
            Side::Shopify => &mut self.shopify,
            Side::Joor => &mut self.joor,
        };
        counters.requests += 1;
        if call.changed {
            counters.writes += 1;
        } else {
            counters.reads += 1;
        }
        counters.cost += call.cost;
        counters.bytes_in += call.bytes_in as u64;
        counters.bytes_out += call.bytes_out as u64;
        counters.faults += u64::from(call.faulty);
        let operation = counters
            .operations
            .entry(call.operation.to_owned())
            .or_default();
        operation.requests += 1;
        operation.cost += call.cost;
        operation.refused += u64::from(call.status.is_some_and(|status| status >= 400));
        operation.bytes_out += call.bytes_out as u64;
    }
}
