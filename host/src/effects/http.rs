//! `http`: one exchange with a service, by name; address and credential are the host's.

use std::sync::Arc;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, StatusCode};
use url::Url;

use super::{Changes, Endpoint, Network, Stopped, egress, store};
use crate::connection;
use crate::credentials::Sealed;
use crate::engine::manifest;
use crate::engine::reconcile::{self, Failure, HttpRequest, HttpResponse};
use crate::problem::Problem;
use crate::store::Ledger;

/// Headers that belong to the connection or to the host.
const HEADERS_NOT_SENT: &[&str] = &[
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// Headers that authenticate somebody.
const HEADERS_NOT_RECEIVED: &[&str] = &[
    "authentication-info",
    "authorization",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "set-cookie",
    "set-cookie2",
    "www-authenticate",
];

/// The base URL of a service: the operator's, or the manifest's. Errors: there is none, or it
/// is not safe to talk to.
pub(super) fn base_url(
    connection: &str,
    service: &manifest::Service,
    given: &connection::Service,
) -> Result<Url, Problem> {
    let problem = |why: &str| {
        Problem::new(
            "service-url",
            format!("Service {} of connection {connection} {why}.", service.name),
            format!(
                "Set url in [connection.{connection}.services.{}], as url = \"{}\".",
                service.name, service.example_url
            ),
        )
    };
    let url = match (&given.url, &service.default_url) {
        (Some(url), _) => url.clone(),
        (None, Some(default)) => Url::parse(default)
            .map_err(|error| problem(&format!("has a default address that is none: {error}")))?,
        (None, None) => return Err(problem("has no address")),
    };
    if url.query().is_some() || url.fragment().is_some() {
        return Err(problem(
            "has an address with more than scheme, host and path",
        ));
    }
    egress::allowed(&url, given.private_addresses)
        .map_err(|why| problem(&format!("may not be talked to: {why}")))?;
    Ok(url)
}

impl Network {
    /// One exchange of a pass that may change this much.
    pub(super) async fn exchange(
        &self,
        request: HttpRequest,
        may: &Changes,
    ) -> Result<HttpResponse, Stopped> {
        let endpoint = self.endpoints.get(&request.service).ok_or_else(|| {
            Failure::Refused(format!("there is no service \"{}\"", request.service))
        })?;
        let changes = changes(&request);
        if changes && matches!(may, Changes::None) {
            return Err(Failure::Refused("this pass changes nothing".to_owned()).into());
        }
        let prepared = Prepared {
            lease: match may {
                Changes::WhileHeld(ledger) if changes => Some(Arc::clone(ledger)),
                _ => None,
            },
            url: below(&endpoint.base, &request.path)?,
            method: method(request.method),
            headers: endpoint.sendable(&request.headers)?,
            body: self.sendable_body(request.body)?,
        };
        let _turn = self
            .exchanges
            .acquire()
            .await
            .map_err(|_| Failure::Unsupported)?;
        let exchange = self.authenticated(endpoint, &prepared);
        let answer = tokio::time::timeout(self.limits.request_timeout, exchange).await;
        let answer = answer.unwrap_or(Err(Failure::TimedOut.into()));
        if let Err(Stopped::Failed(failure)) = &answer {
            self.tell(&request.service, failure);
        }
        answer
    }

    /// Tells the operator which limit ended an exchange; to the component it is a failure only.
    fn tell(&self, service: &str, failure: &Failure) {
        let (what, limit) = match failure {
            Failure::TooLarge => (
                "is larger",
                format!("response_mb = {}", self.limits.response_bytes >> 20),
            ),
            Failure::TimedOut => (
                "takes longer",
                format!(
                    "request_timeout_s = {}",
                    self.limits.request_timeout.as_secs()
                ),
            ),
            _ => return,
        };
        tracing::warn!("an answer of {service} {what} than {limit} in [limits] allows");
    }

    /// Sends with the credential, once more with a renewed one after a 401.
    async fn authenticated(
        &self,
        endpoint: &Endpoint,
        prepared: &Prepared,
    ) -> Result<HttpResponse, Stopped> {
        let mut sealed = endpoint.credential.header(&self.egress).await?;
        let mut response = self.send(endpoint, prepared, sealed.as_deref()).await?;
        if response.status() == StatusCode::UNAUTHORIZED
            && let Some(refused) = &sealed
            && let Some(renewed) = endpoint.credential.renewed(refused, &self.egress).await?
        {
            response = self.send(endpoint, prepared, Some(&renewed)).await?;
            sealed = Some(renewed);
        }
        let received = self.receive(endpoint, response, sealed.as_deref()).await;
        Ok(received?)
    }

    /// Sends it now. It may have waited long for its turn or for a token, so here is where the
    /// lease is looked at.
    async fn send(
        &self,
        endpoint: &Endpoint,
        prepared: &Prepared,
        sealed: Option<&Sealed>,
    ) -> Result<Response, Stopped> {
        let client = self
            .egress
            .client(&prepared.url, endpoint.private_addresses)?;
        let mut request = client
            .request(prepared.method.clone(), prepared.url.clone())
            .headers(prepared.headers.clone());
        if let Some(sealed) = sealed {
            request = sealed.write(request);
        }
        if let Some(body) = &prepared.body {
            request = request.body(body.clone());
        }
        if let Some(ledger) = &prepared.lease {
            store::held(Arc::clone(ledger))
                .await
                .map_err(Stopped::Lost)?;
        }
        Ok(request.send().await.map_err(egress::failure)?)
    }

    async fn receive(
        &self,
        endpoint: &Endpoint,
        mut response: Response,
        sealed: Option<&Sealed>,
    ) -> Result<HttpResponse, Failure> {
        let scrub = |text: String| match sealed {
            Some(sealed) => sealed.scrub(text),
            None => text,
        };
        let headers = response
            .headers()
            .iter()
            .filter(|(name, _)| endpoint.receivable(name.as_str()))
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), scrub(value))
            })
            .collect();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(egress::failure)? {
            if body.len() + chunk.len() > self.limits.response_bytes {
                return Err(Failure::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let body = String::from_utf8(body)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        Ok(HttpResponse {
            status: response.status().as_u16(),
            headers,
            body: scrub(body),
        })
    }

    fn sendable_body(&self, body: Option<String>) -> Result<Option<bytes::Bytes>, Failure> {
        match body {
            Some(body) if body.len() > self.limits.request_bytes => Err(Failure::Refused(format!(
                "a body of {} bytes; it takes {}",
                body.len(),
                self.limits.request_bytes
            ))),
            body => Ok(body.map(bytes::Bytes::from)),
        }
    }
}

/// An exchange that the rules allow.
struct Prepared {
    url: Url,
    method: Method,
    headers: HeaderMap,
    body: Option<bytes::Bytes>,
    /// Whose lease it takes to send it.
    lease: Option<Arc<dyn Ledger>>,
}

impl Endpoint {
    fn sendable(&self, headers: &[(String, String)]) -> Result<HeaderMap, Failure> {
        let mut sendable = HeaderMap::new();
        for (name, value) in headers {
            let lower = name.to_lowercase();
            if HEADERS_NOT_SENT.contains(&lower.as_str()) || self.credential.owns(&lower) {
                return Err(Failure::Refused(format!(
                    "the header {name} is the host's to write"
                )));
            }
            let header = HeaderName::from_bytes(lower.as_bytes()).ok();
            let value = HeaderValue::from_str(value).ok();
            let (Some(header), Some(value)) = (header, value) else {
                return Err(Failure::Refused(format!(
                    "the header {name:?} cannot be sent"
                )));
            };
            sendable.append(header, value);
        }
        Ok(sendable)
    }

    fn receivable(&self, header: &str) -> bool {
        !HEADERS_NOT_RECEIVED.contains(&header) && !self.credential.owns(header)
    }
}

/// Whether it may change what the service has.
pub(crate) fn changes(request: &HttpRequest) -> bool {
    use reconcile::Method::{Delete, Patch, Put};
    // A POST may be a question; these never are, whatever the component says.
    request.changes || matches!(request.method, Put | Patch | Delete)
}

fn method(method: reconcile::Method) -> Method {
    match method {
        reconcile::Method::Get => Method::GET,
        reconcile::Method::Post => Method::POST,
        reconcile::Method::Put => Method::PUT,
        reconcile::Method::Patch => Method::PATCH,
        reconcile::Method::Delete => Method::DELETE,
    }
}

/// `path` below `base`, and nowhere else: the check is on what the URL parser made of it, so
/// that no spelling of `..` or of another host slips through.
fn below(base: &Url, path: &str) -> Result<Url, Failure> {
    let outside = || Failure::Refused("a path that leads out of the service's base URL".to_owned());
    if !path.starts_with('/') || path.contains(['#', '\\', '\r', '\n', '\t']) {
        return Err(outside());
    }
    let root = base.as_str().trim_end_matches('/');
    let url = Url::parse(&format!("{root}{path}")).map_err(|_| outside())?;
    let root_path = base.path().trim_end_matches('/');
    let inside = url
        .path()
        .strip_prefix(root_path)
        .is_some_and(|rest| rest.starts_with('/'));
    // The parser resolves `..` and `%2e%2e`; a server may also decode `%2f` and `%5c`.
    let decoded = url
        .path()
        .to_ascii_lowercase()
        .replace("%2e", ".")
        .replace("%2f", "/")
        .replace("%5c", "/");
    let climbs = decoded.split('/').any(|segment| segment == "..");
    if url.origin() != base.origin() || !url.username().is_empty() || !inside || climbs {
        return Err(outside());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_path_stays_below_the_base() {
        let base: Url = "https://market.example/v2/".parse().unwrap();
        let url = |path| below(&base, path).map(String::from);
        assert_eq!(
            url("/orders?page=2").unwrap(),
            "https://market.example/v2/orders?page=2"
        );
        assert_eq!(url("/a/./b").unwrap(), "https://market.example/v2/a/b");
        assert_eq!(
            url("/find?path=../x").unwrap(),
            "https://market.example/v2/find?path=../x"
        );
    }

    #[test]
    fn a_path_that_leads_elsewhere_is_refused() {
        let base: Url = "https://market.example/v2".parse().unwrap();
        let paths = [
            "",
            "orders",
            "@evil.example/",
            ".evil.example/",
            ":8443/",
            "/../v1",
            "/%2e%2e/v1",
            "/a/../../v1",
            "/..%2fv1",
            "/\\..\\v1",
            "/a#b",
            "https://evil.example/",
            "/a\r\nx: y",
        ];
        for path in paths {
            assert!(below(&base, path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn a_path_with_two_slashes_stays_on_the_host() {
        let base: Url = "https://market.example".parse().unwrap();
        let url = below(&base, "//evil.example/x").unwrap();
        assert_eq!(url.host_str(), Some("market.example"));
    }
}
