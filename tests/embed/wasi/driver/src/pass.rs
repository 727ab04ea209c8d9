//! A pass from its job to its outcome: one effect at a time, which the contract allows.

use std::collections::BTreeMap;

use crate::bindings::atsync::connector::manifest;
use crate::bindings::atsync::connector::reconcile::{
    Answer, Completion, Effect, Failure, Fault, Hint, Job, Lines, LinesRequest, Mode, Outcome,
    Request, Turn, resume, start,
};
use crate::folder::Folder;
use crate::ledger::Ledger;
use crate::lines::{self, Reader};
use crate::problem::{Problem, refused};
use crate::service::Service;
use crate::settings::{Connection, Hint as Given};
use crate::{system, web};

/// The longest wait that may be asked for.
const WAIT_MS_MAX: u64 = 60_000;

/// What performs the effects of one pass.
pub(crate) struct Pass {
    job: Job,
    services: BTreeMap<String, Service>,
    downloads: Vec<String>,
    reader: Reader,
    ledger: Ledger,
    may_change: bool,
}

impl Pass {
    /// Makes ready what a pass needs. Errors: an address, a secret, the ledger.
    pub(crate) fn new(
        folder: &Folder,
        name: &str,
        connection: Connection,
        mode: Mode,
    ) -> Result<Self, Problem> {
        let description = manifest::describe();
        let may_change = matches!(mode, Mode::Sync | Mode::Act(_));
        let mut services = BTreeMap::new();
        for declared in &description.services {
            let given = connection.services.get(&declared.name);
            let service = Service::new(declared, given.unwrap_or(&<_>::default()), folder)?;
            services.insert(declared.name.clone(), service);
        }
        let ledger = Ledger::open(folder, name, may_change)?;
        let hints = connection
            .hints
            .into_iter()
            .map(|Given { id, topic, body }| Hint { id, topic, body });
        let job = Job {
            connection: name.to_owned(),
            settings: serde_json::Value::Object(connection.settings).to_string(),
            mode,
            hints: hints.collect(),
            now: system::now(),
        };
        let mut downloads = connection.downloads;
        downloads.extend(description.download_hosts);
        Ok(Pass {
            job,
            services,
            downloads,
            reader: Reader::default(),
            ledger,
            may_change,
        })
    }

    /// The settings that the connector gets.
    pub(crate) fn settings(&self) -> &str {
        &self.job.settings
    }

    /// Runs it to its end. Errors: the connector breaks the contract.
    pub(crate) fn run(mut self) -> Result<Result<Outcome, Fault>, Problem> {
        let mut latest = self.job.now;
        let mut open: Vec<Request> = Vec::new();
        let mut doing = String::new();
        let mut turn = start(&self.job);
        loop {
            let waiting = match turn {
                Ok(Turn::Waiting(waiting)) => waiting,
                Ok(Turn::Done(outcome)) => return Ok(Ok(outcome)),
                Err(fault) => return Ok(Err(fault)),
            };
            if let Some(progress) = waiting.progress.filter(|progress| progress.what != doing) {
                system::tell(&progress.what);
                doing = progress.what;
            }
            for request in waiting.requests {
                if open.iter().any(|other| other.id == request.id) {
                    return Err(broken(&format!("asks twice with the id {}", request.id)));
                }
                open.push(request);
            }
            let Request { id, effect } =
                next(&mut open).ok_or_else(|| broken("waits, and nothing is open"))?;
            let answer = self.perform(effect).unwrap_or_else(Answer::Failed);
            latest = latest.max(system::now());
            turn = resume(&[Completion {
                id,
                at: latest,
                answer,
            }]);
        }
    }

    fn perform(&mut self, effect: Effect) -> Result<Answer, Failure> {
        match effect {
            Effect::Http(request) => {
                let unknown = || refused(format!("there is no service \"{}\"", request.service));
                let service = self
                    .services
                    .get_mut(&request.service)
                    .ok_or_else(unknown)?;
                service
                    .exchange(&request, self.may_change)
                    .map(Answer::Http)
            }
            Effect::ReadLines(request) => self.read_lines(&request).map(Answer::Lines),
            Effect::Load(keys) => self.ledger.load(&keys).map(Answer::Loaded),
            Effect::Scan(scan) => self.ledger.scan(&scan).map(Answer::Scanned),
            Effect::Commit(writes) => self.ledger.commit(writes).map(|()| Answer::Committed),
            Effect::WaitUntil(at) => wait_until(at).map(|()| Answer::Woke),
        }
    }

    fn read_lines(&mut self, request: &LinesRequest) -> Result<Lines, Failure> {
        let url =
            web::address(&request.url).map_err(|why| refused(format!("a download: {why}")))?;
        let origin = web::origin(&url);
        let own = self.services.values().any(|service| service.owns(&origin));
        if !own && !lines::named(&self.downloads, &origin) {
            return Err(refused(format!(
                "a download from {}, which nobody allows",
                origin.host
            )));
        }
        self.reader.piece(request, &url)
    }
}

fn broken(what: &str) -> Problem {
    Problem::failed(
        "connector-broken",
        format!("The connector {what}."),
        "This is an error of the connector; run another version of it.",
    )
}

/// The request to perform next: what takes no time first, then what another side answers, and
/// a wait only where there is nothing else to do.
fn next(open: &mut Vec<Request>) -> Option<Request> {
    let due = |request: &Request| match request.effect {
        Effect::Load(_) | Effect::Scan(_) | Effect::Commit(_) => 0,
        Effect::Http(_) | Effect::ReadLines(_) => 1,
        Effect::WaitUntil(at) => at.max(2),
    };
    let (at, _) = open
        .iter()
        .enumerate()
        .min_by_key(|(_, request)| due(request))?;
    Some(open.remove(at))
}

/// Returns when the time has come, never early.
fn wait_until(at: u64) -> Result<(), Failure> {
    let wait_ms = at.saturating_sub(system::now());
    if wait_ms > WAIT_MS_MAX {
        return Err(refused(format!(
            "a wait of {wait_ms} ms; it takes {WAIT_MS_MAX}"
        )));
    }
    // The two clocks may differ by a little.
    while system::now() < at {
        system::sleep_ms(at.saturating_sub(system::now()));
    }
    Ok(())
}
