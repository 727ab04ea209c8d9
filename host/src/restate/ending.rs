//! How a pass ended, as the handlers answer it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::passes::Ran;
use crate::clock::Timestamp;
use crate::engine::reconcile::{Fault, Verdict};
use crate::pass::{Ended, fault_parts};

/// One of three.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Ending {
    /// The component said done.
    Outcome {
        /// `done`, `attention` or `failed`.
        verdict: String,
        /// Milliseconds since 1970, in UTC.
        next_run: Timestamp,
        /// `atsync.report/1`.
        report: Value,
        /// How many effects the component asked for.
        effects: u64,
    },
    /// The component gave up.
    Fault {
        /// Its name in the contract.
        kind: String,
        code: String,
        message: String,
        fix: String,
    },
    /// The host ended it.
    Broken {
        code: String,
        message: String,
        fix: String,
    },
}

impl From<Ran> for Ending {
    fn from(ran: Ran) -> Self {
        let effects = match &ran.result {
            Ok(passed) => passed.tally.requests.values().sum(),
            Err(_) => 0,
        };
        match ran.result.map(|passed| passed.ended) {
            Ok(Ended::Outcome(outcome)) => Ending::Outcome {
                effects,
                verdict: verdict(outcome.verdict).to_owned(),
                next_run: outcome.next_run,
                report: serde_json::from_str(&outcome.report).unwrap_or_default(),
            },
            Ok(Ended::Fault(fault)) => {
                let (_, problem) = fault_parts(&fault);
                let problem = problem.clone();
                Ending::Fault {
                    kind: kind(&fault).to_owned(),
                    code: problem.code,
                    message: problem.message,
                    fix: problem.fix,
                }
            }
            Ok(Ended::Cancelled) => Ending::Broken {
                code: "cancelled".to_owned(),
                message: "The pass was stopped.".to_owned(),
                fix: "Nothing: the next pass goes on from the ledger.".to_owned(),
            },
            Err(problem) => Ending::Broken {
                code: problem.code.to_owned(),
                message: problem.message,
                fix: problem.fix,
            },
        }
    }
}

fn kind(fault: &Fault) -> &'static str {
    match fault {
        Fault::PermanentSettings(_) => "permanent-settings",
        Fault::PermanentProtocol(_) => "permanent-protocol",
        Fault::PermanentLedger(_) => "permanent-ledger",
        Fault::Temporary(_) => "temporary",
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Done => "done",
        Verdict::Attention => "attention",
        Verdict::Failed => "failed",
    }
}
