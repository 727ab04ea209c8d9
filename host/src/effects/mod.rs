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
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;
use url::Url;

use crate::clock::Clock;
use crate::connection::{Connection, Limits};
use crate::credentials::Credential;
use crate::engine::manifest::Description;
use crate::engine::reconcile::{Answer, Completion, Effect, Failure, HttpRequest, LinesRequest};
use crate::problem::Problem;
use crate::store::{Ledger, Room, aside};

pub(crate) use egress::{Egress, allowed, failure};
pub(crate) use http::changes;
pub(crate) use store::{is_of_ledger, refusal};
pub(crate) use wait::too_long;

/// The services of one connection, ready to be talked to. Lives over many passes, so that
/// network connections and tokens are used again.
pub struct Network {
    endpoints: BTreeMap<String, Endpoint>,
    downloads: lines::Allowed,
    egress: Egress,
    exchanges: Arc<Semaphore>,
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
    books: Arc<Books>,
    clock: Arc<dyn Clock>,
}

/// The ledger, and what answers may come to.
struct Books {
    ledger: Arc<dyn Ledger>,
    /// Held while the ledger is read: each reading has the room that the others leave.
    reading: Mutex<()>,
    /// For answers that wait to be taken in.
    room: Mutex<Room>,
}

/// Those of them that reach out: `http` and `read-lines`.
pub(crate) struct Remote {
    network: Arc<Network>,
    reader: lines::Reader,
    may: Changes,
}

/// What a pass may change of what services have.
pub(crate) enum Changes {
    /// Nothing.
    None,
    /// Anything: no other pass of the connection runs.
    Any,
    /// Anything, for as long as this ledger is held.
    WhileHeld(Arc<dyn Ledger>),
}

/// Why there is no answer.
enum Stopped {
    /// For the component to hear.
    Failed(Failure),
    /// The connection is another process's by now, and the pass must end.
    Lost(Problem),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Stopped::Failed(failure)
    }
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
            exchanges: Arc::new(Semaphore::new(connection.limits.concurrent_requests)),
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
        let may = if may_change {
            Changes::WhileHeld(Arc::clone(&ledger))
        } else {
            Changes::None
        };
        let books = Books {
            ledger,
            reading: Mutex::default(),
            room: Mutex::new(Room::of(network.limits.memory_bytes)),
        };
        Effects {
            remote: Remote::new(network, may),
            books: Arc::new(books),
            clock,
        }
    }

    /// Performs one effect. Errors: the store itself failed, the connection is another process's
    /// by now, or the answers that the component did not take in yet are more than fits into
    /// the component's memory; the pass must end.
    pub async fn perform(&self, effect: Effect) -> Result<Answer, Problem> {
        let limits = &self.remote.network.limits;
        if let Some(refused) = refusal(&effect, limits) {
            return Ok(refused);
        }
        match effect {
            Effect::Http(request) => {
                let answer = self.remote.exchange(request).await?;
                self.books.let_in(answer)
            }
            Effect::ReadLines(request) => {
                let answer = self.remote.read_lines(request).await;
                self.books.let_in(answer)
            }
            Effect::Load(_) | Effect::Scan(_) | Effect::Commit(_) => {
                let books = Arc::clone(&self.books);
                aside(move || books.perform(effect)).await
            }
            Effect::WaitUntil(at) => Ok(wait::until(&*self.clock, at).await),
        }
    }

    /// The component gets these answers now; there is room for others.
    pub(crate) fn taken_in(&self, completions: &[Completion]) {
        let bytes = completions.iter().map(|one| bytes_of(&one.answer)).sum();
        self.books.room().give_back(bytes);
    }

    /// The same for what is asked of the ledger, on a thread that may wait for the disk.
    pub(crate) fn ask_ledger(&self, effect: Effect) -> Result<Answer, Problem> {
        match refusal(&effect, &self.remote.network.limits) {
            Some(refused) => Ok(refused),
            None => self.books.perform(effect),
        }
    }
}

impl Books {
    fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn let_in(&self, answer: Answer) -> Result<Answer, Problem> {
        self.room().take(bytes_of(&answer))?;
        Ok(answer)
    }

    /// What the ledger answers.
    fn perform(&self, effect: Effect) -> Result<Answer, Problem> {
        let reads = !matches!(effect, Effect::Commit(_));
        let _reading = reads.then(|| self.reading.lock().unwrap_or_else(PoisonError::into_inner));
        let left = self.room().left();
        self.let_in(store::perform(&*self.ledger, effect, left)?)
    }
}

/// The bytes of text in an answer.
pub(crate) fn bytes_of(answer: &Answer) -> usize {
    match answer {
        Answer::Http(response) => response.body.len(),
        Answer::Lines(lines) => lines.text.len(),
        Answer::Loaded(values) => values.iter().flatten().map(String::len).sum(),
        Answer::Scanned(entries) => entries
            .iter()
            .map(|entry| entry.key.len() + entry.value.len())
            .sum(),
        Answer::Committed | Answer::Woke | Answer::Failed(_) => 0,
    }
}

impl Remote {
    /// Exchanges that would change more than the pass may are refused.
    pub(crate) fn new(network: Arc<Network>, may: Changes) -> Remote {
        let reader = lines::Reader::new(Arc::clone(&network));
        Remote {
            network,
            reader,
            may,
        }
    }

    /// Errors: the pass changes things while a ledger is held, and it is held no more.
    pub(crate) async fn exchange(&self, request: HttpRequest) -> Result<Answer, Problem> {
        match self.network.exchange(request, &self.may).await {
            Ok(response) => Ok(Answer::Http(response)),
            Err(Stopped::Failed(failure)) => Ok(Answer::Failed(failure)),
            Err(Stopped::Lost(problem)) => Err(problem),
        }
    }

    pub(crate) async fn read_lines(&self, request: LinesRequest) -> Answer {
        let read = self.reader.read(request).await;
        read.map_or_else(Answer::Failed, Answer::Lines)
    }
}
