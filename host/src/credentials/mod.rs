//! Proving who we are: the header that a service wants, made from the operator's secrets at the
//! last moment, as the component's manifest describes it.
//!
//! Secrets and tokens live in memory only, in types that do not print them, and no error here
//! repeats what a token endpoint answered.

mod form;
mod grant;
mod strike;

use std::sync::Arc;

use reqwest::header::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::clock::Clock;
use crate::connection::Service;
use crate::effects::Egress;
use crate::engine::manifest::{self, Auth, HeaderForm};
use crate::engine::reconcile::Failure;
use crate::problem::Problem;
use form::Secrets;
use grant::Grant;

/// The credential of one service of one connection.
pub(crate) struct Credential {
    /// In lower case: the headers that a component may neither write nor read.
    headers: Vec<String>,
    way: Way,
}

enum Way {
    Open,
    Fixed(Arc<Sealed>),
    Grant(Box<Grant>),
}

/// A header with a secret in it.
pub(crate) struct Sealed {
    name: HeaderName,
    value: HeaderValue,
    /// What must not come back in an answer, the longest first.
    secrets: Vec<SecretString>,
}

impl Credential {
    /// The way to authenticate whose secrets the operator gave. Errors: they fit no way of the
    /// manifest, or cannot stand in a header.
    pub(crate) fn new(
        connection: &str,
        service: &manifest::Service,
        given: &Service,
        base: &Url,
        clock: Arc<dyn Clock>,
    ) -> Result<Credential, Problem> {
        let headers = service
            .auth
            .iter()
            .map(|auth| header_of(auth).name.to_lowercase())
            .collect();
        let way = match service.auth.iter().find(|auth| fits(auth, given)) {
            None if service.auth.is_empty() && given.secrets.is_empty() => Way::Open,
            None => return Err(no_way(connection, service, given)),
            Some(Auth::Fixed(fixed)) => {
                let sealed = Sealed::new(&fixed.header, &Secrets::of(given))
                    .map_err(|why| unusable(connection, service, &why))?;
                Way::Fixed(Arc::new(sealed))
            }
            Some(Auth::Grant(grant)) => Way::Grant(Box::new(
                Grant::new(grant, given, base, clock)
                    .map_err(|why| unusable(connection, service, &why))?,
            )),
        };
        Ok(Credential { headers, way })
    }

    /// Whether a header belongs to the credential. The name is in lower case.
    pub(crate) fn owns(&self, header: &str) -> bool {
        self.headers.iter().any(|own| own == header)
    }

    /// The header to send, from a token got now if need be; none for an open service.
    pub(crate) async fn header(&self, egress: &Egress) -> Result<Option<Arc<Sealed>>, Failure> {
        match &self.way {
            Way::Open => Ok(None),
            Way::Fixed(sealed) => Ok(Some(Arc::clone(sealed))),
            Way::Grant(grant) => grant.header(egress).await.map(Some),
        }
    }

    /// Another header after `refused` was answered with status 401; none if there is no other.
    pub(crate) async fn renewed(
        &self,
        refused: &Arc<Sealed>,
        egress: &Egress,
    ) -> Result<Option<Arc<Sealed>>, Failure> {
        match &self.way {
            Way::Open | Way::Fixed(_) => Ok(None),
            Way::Grant(grant) => grant.renewed(refused, egress).await.map(Some),
        }
    }
}

impl Sealed {
    fn new(form: &HeaderForm, secrets: &Secrets<'_>) -> Result<Sealed, String> {
        let name = HeaderName::from_bytes(form.name.as_bytes())
            .map_err(|_| format!("the component names a header \"{}\"", form.name))?;
        let filled = form::fill(&form.form, secrets)?;
        let mut value = HeaderValue::from_str(filled.text.expose_secret()).map_err(|_| {
            "a secret holds a line end or another character that no header can".to_owned()
        })?;
        value.set_sensitive(true);
        let mut secrets: Vec<_> = secrets.not_to_be_told().cloned().collect();
        secrets.extend(filled.pieces);
        secrets.push(filled.text);
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        Ok(Sealed {
            name,
            value,
            secrets,
        })
    }

    /// Writes the header into a request.
    pub(crate) fn write(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        request.header(&self.name, &self.value)
    }

    /// The text without any secret of the service, for services that repeat in an answer what they were sent.
    pub(crate) fn scrub(&self, text: String) -> String {
        strike::strike(text, &self.secrets)
    }
}

fn header_of(auth: &Auth) -> &HeaderForm {
    match auth {
        Auth::Fixed(fixed) => &fixed.header,
        Auth::Grant(grant) => &grant.header,
    }
}

fn secrets_of(auth: &Auth) -> &[String] {
    match auth {
        Auth::Fixed(fixed) => &fixed.secrets,
        Auth::Grant(grant) => &grant.secrets,
    }
}

fn fits(auth: &Auth, given: &Service) -> bool {
    let wanted = secrets_of(auth);
    wanted.len() == given.secrets.len() && wanted.iter().all(|key| given.secrets.contains_key(key))
}

fn no_way(connection: &str, service: &manifest::Service, given: &Service) -> Problem {
    let ways: Vec<String> = service
        .auth
        .iter()
        .map(|auth| secrets_of(auth).join(", "))
        .collect();
    let has: Vec<&str> = given.secrets.keys().map(String::as_str).collect();
    let has = if has.is_empty() {
        "no secret".to_owned()
    } else {
        has.join(", ")
    };
    Problem::new(
        "service-secrets",
        format!(
            "Service {} of connection {connection} has {has}, which is no way to authenticate.",
            service.name
        ),
        format!("Give exactly: {}.", ways.join("; or ")),
    )
}

fn unusable(connection: &str, service: &manifest::Service, why: &str) -> Problem {
    Problem::new(
        "service-secrets",
        format!(
            "Service {} of connection {connection} cannot authenticate: {why}.",
            service.name
        ),
        "Correct the secret; look for a line end or a space copied with it.",
    )
}
