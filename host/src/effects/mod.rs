//! What a component may ask for, one file for each effect.
//!
//! **Architecture Invariant:** nothing here retries what the component could retry. The only
//! repetition is the one exchange after a token was renewed.

mod address;
mod egress;
mod http;
mod lines;
mod store;
pub(crate) mod tls;
mod wait;

use std::collections::BTreeMap;
use std::sync::Arc;

use url::Url;

use crate::clock::Clock;
use crate::connection::{Connection, Limits};
use crate::credentials::Credential;
use crate::engine::manifest::Description;
use crate::engine::reconcile::{Answer, Effect, Failure, HttpRequest, LinesRequest};
use crate::problem::Problem;
use crate::store::{Ledger, aside};

pub(crate) use egress::{Egress, allowed, failure};
pub(crate) use store::{is_of_ledger, refusal};
pub(crate) use wait::too_long;

/// The services of one connection, ready to be talked to. Lives over many passes, so that
/// network connections and tokens are used again.
pub struct Network {
    endpoints: BTreeMap<String, Endpoint>,
    downloads: lines::Allowed,
    egress: Egress,
    exchanges: tokio::sync::Semaphore,
    limits: Limits,
}

struct Endpoint {
    base: Url,
    private_addresses: bool,
    credential: Credential,
}

/// The effects of one pass.
pub struct Effects {
    remote: Remote,
    ledger: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
}

/// Those of them that reach out: `http` and `read-lines`.
pub(crate) struct Remote {
    network: Arc<Network>,
    reader: lines::Reader,
    may_change: bool,
}

impl Network {
    /// Matches what the operator gave with what the component declares. Errors: a service that
    /// the component does not know, a missing address or secret, an address that is not safe.
    pub fn new(
        description: &Description,
        connection: &Connection,
        clock: &Arc<dyn Clock>,
    ) -> Result<Network, Problem> {
        let known = |name: &String| {
            description
                .services
                .iter()
                .any(|service| service.name == *name)
        };
        if let Some(unknown) = connection.services.keys().find(|name| !known(name)) {
            let names: Vec<_> = description
                .services
                .iter()
                .map(|service| service.name.as_str())
                .collect();
            return Err(Problem::new(
                "service-unknown",
                format!(
                    "Connection {} has a service {unknown} that the component does not know.",
                    connection.name
                ),
                format!("The services are: {}.", names.join(", ")),
            ));
        }
        let egress = Egress::new(&connection.limits)?;
        let mut endpoints = BTreeMap::new();
        for service in &description.services {
            let given = connection.services.get(&service.name).ok_or_else(|| {
                Problem::new(
                    "service-missing",
                    format!(
                        "Connection {} says nothing of the service {}.",
                        connection.name, service.name
                    ),
                    format!(
                        "Add [connection.{}.services.{}]: {}",
                        connection.name, service.name, service.summary
                    ),
                )
            })?;
            let base = http::base_url(&connection.name, service, given)?;
            let credential =
                Credential::new(&connection.name, service, given, &base, Arc::clone(clock))?;
            let private_addresses = given.private_addresses;
            endpoints.insert(
                service.name.clone(),
                Endpoint {
                    base,
                    private_addresses,
                    credential,
                },
            );
        }
        let downloads = lines::Allowed::new(
            description
                .download_hosts
                .iter()
                .chain(&connection.downloads),
            endpoints
                .values()
                .map(|endpoint| (&endpoint.base, endpoint.private_addresses)),
        );
        Ok(Network {
            endpoints,
            downloads,
            egress,
            exchanges: tokio::sync::Semaphore::new(connection.limits.concurrent_requests),
            limits: connection.limits.clone(),
        })
    }
}

impl Effects {
    /// The effects of one pass on `ledger`. If it may not change anything, exchanges that would
    /// are refused; to keep its commits from the ledger is the caller's part.
    pub fn new(
        network: Arc<Network>,
        ledger: Arc<dyn Ledger>,
        clock: Arc<dyn Clock>,
        may_change: bool,
    ) -> Effects {
        Effects {
            remote: Remote::new(network, may_change),
            ledger,
            clock,
        }
    }

    /// Performs one effect. Errors: the store itself failed, or the connection is another
    /// process's by now, and the pass must end.
    pub async fn perform(&self, effect: Effect) -> Result<Answer, Problem> {
        let limits = &self.remote.network.limits;
        if let Some(refused) = refusal(&effect, limits) {
            return Ok(refused);
        }
        let ledger = Arc::clone(&self.ledger);
        match effect {
            Effect::Http(request) => {
                if request.changes {
                    store::held(ledger).await?;
                }
                Ok(self.remote.exchange(request).await)
            }
            Effect::ReadLines(request) => Ok(self.remote.read_lines(request).await),
            Effect::Load(_) | Effect::Scan(_) | Effect::Commit(_) => {
                aside(move || store::perform(&*ledger, effect)).await
            }
            Effect::WaitUntil(at) => Ok(wait::until(&*self.clock, at).await),
        }
    }

    /// The same for what is asked of the ledger, on a thread that may wait for the disk.
    pub(crate) fn ask_ledger(&self, effect: Effect) -> Result<Answer, Problem> {
        match refusal(&effect, &self.remote.network.limits) {
            Some(refused) => Ok(refused),
            None => store::perform(&*self.ledger, effect),
        }
    }
}

impl Remote {
    /// If the pass may not change anything, exchanges that would are refused.
    pub(crate) fn new(network: Arc<Network>, may_change: bool) -> Remote {
        let reader = lines::Reader::new(Arc::clone(&network));
        Remote {
            network,
            reader,
            may_change,
        }
    }

    pub(crate) async fn exchange(&self, request: HttpRequest) -> Answer {
        let exchanged = self.network.exchange(request, self.may_change).await;
        answer(exchanged.map(Answer::Http))
    }

    pub(crate) async fn read_lines(&self, request: LinesRequest) -> Answer {
        answer(self.reader.read(request).await.map(Answer::Lines))
    }
}

fn answer(result: Result<Answer, Failure>) -> Answer {
    result.unwrap_or_else(Answer::Failed)
}
