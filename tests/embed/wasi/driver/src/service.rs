//! `http`: one exchange with a service, by its name.

use http::Uri;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use wasip2::http::types;

use crate::bindings::atsync::connector::manifest;
use crate::bindings::atsync::connector::reconcile::{Failure, HttpRequest, HttpResponse, Method};
use crate::credential::Credential;
use crate::folder::Folder;
use crate::problem::{Problem, refused};
use crate::settings::Given;
use crate::web::{self, Call, Origin};

/// The most that a service may answer, in bytes.
const RESPONSE_BYTES_MAX: usize = 16 << 20;

/// Headers that authenticate somebody: a connector neither writes nor reads them.
const HEADERS_KEPT: &[&str] = &[
    "authorization",
    "cookie",
    "proxy-authenticate",
    "proxy-authorization",
    "set-cookie",
    "set-cookie2",
    "www-authenticate",
];

/// Headers that say how a call is carried, which is for the host to say.
const HEADERS_OF_THE_CALL: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// What cannot stand in an address as it is.
const NOT_IN_ADDRESS: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`');

/// A service with its address and credential.
pub(crate) struct Service {
    /// Without the slash at its end.
    base: String,
    origin: Origin,
    credential: Credential,
}

impl Service {
    pub(crate) fn new(
        service: &manifest::Service,
        given: &Given,
        folder: &Folder,
    ) -> Result<Self, Problem> {
        let problem = |why: String| {
            Problem::usage(
                "service-url",
                format!(
                    "The address of the service {} cannot be used: {why}.",
                    service.name
                ),
                format!("Write url = \"{}\" with your own.", service.example_url),
            )
        };
        let url = given.url.as_ref().or(service.default_url.as_ref());
        let base = url
            .ok_or_else(|| problem("there is none".to_owned()))?
            .trim_end_matches('/');
        let address = web::address(base).map_err(problem)?;
        if address.query().is_some() {
            return Err(problem("it has a query".to_owned()));
        }
        Ok(Service {
            base: base.to_owned(),
            origin: web::origin(&address),
            credential: Credential::new(service, base, given, folder)?,
        })
    }

    /// Whether an address is on the service's own host.
    pub(crate) fn owns(&self, origin: &Origin) -> bool {
        self.origin == *origin
    }

    /// One exchange, and one more where a token was refused and can be renewed.
    pub(crate) fn exchange(
        &mut self,
        request: &HttpRequest,
        may_change: bool,
    ) -> Result<HttpResponse, Failure> {
        // A POST may be a question; these never are, whatever the connector says.
        let changes = request.changes
            || matches!(request.method, Method::Put | Method::Patch | Method::Delete);
        if changes && !may_change {
            return Err(refused("this pass changes nothing"));
        }
        let url = below(&self.base, &request.path)?;
        let own = self.credential.header();
        let kept = |name: &str| HEADERS_KEPT.contains(&name) || name == own;
        for (name, _) in &request.headers {
            let lower = name.to_ascii_lowercase();
            if kept(&lower) || HEADERS_OF_THE_CALL.contains(&lower.as_str()) {
                return Err(refused(format!("the header {name} is the host's to write")));
            }
        }
        let mut renew = false;
        loop {
            let mut headers = request.headers.clone();
            headers.push((own.clone(), self.credential.value(renew)?));
            let body = request.body.as_deref();
            let answer = web::send(&Call {
                method: method(request.method),
                url: &url,
                headers,
                body,
            })?;
            if answer.status == 401 && self.credential.renewable() && !renew {
                renew = true;
                continue;
            }
            let mut bytes = Vec::new();
            if !answer.read(&mut bytes, RESPONSE_BYTES_MAX)? {
                return Err(Failure::TooLarge);
            }
            let visible = answer
                .headers
                .iter()
                .filter(|(name, _)| !kept(name))
                .cloned();
            return Ok(HttpResponse {
                status: answer.status,
                headers: visible.collect(),
                body: String::from_utf8_lossy(&bytes).into_owned(),
            });
        }
    }
}

fn method(method: Method) -> types::Method {
    match method {
        Method::Get => types::Method::Get,
        Method::Post => types::Method::Post,
        Method::Put => types::Method::Put,
        Method::Patch => types::Method::Patch,
        Method::Delete => types::Method::Delete,
    }
}

/// `path` below `base`, and nowhere else.
fn below(base: &str, path: &str) -> Result<Uri, Failure> {
    let outside = || refused("a path that leads out of the service's base URL");
    let way = path.split('?').next().unwrap_or_default();
    // A server may decode these before it looks at the segments.
    let decoded = way
        .to_ascii_lowercase()
        .replace("%2e", ".")
        .replace("%2f", "/")
        .replace("%5c", "/");
    let climbs = decoded.split('/').any(|segment| segment == "..");
    if !path.starts_with('/') || path.contains(['#', '\\', '\r', '\n', '\t']) || climbs {
        return Err(outside());
    }
    let url = format!("{base}{}", utf8_percent_encode(path, NOT_IN_ADDRESS));
    web::address(&url).map_err(|_| outside())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_the_base() {
        let url = |path| {
            below("https://market.example/v2", path)
                .ok()
                .map(|url| url.to_string())
        };
        assert_eq!(
            url("/orders?page=../2"),
            Some("https://market.example/v2/orders?page=../2".to_owned())
        );
        assert_eq!(
            url("/find?name=é x"),
            Some("https://market.example/v2/find?name=%C3%A9%20x".to_owned())
        );
        assert_eq!(
            url("//evil.example/"),
            Some("https://market.example/v2//evil.example/".to_owned())
        );
    }

    #[test]
    fn a_path_that_leads_elsewhere_is_refused() {
        let paths = [
            "",
            "orders",
            "@evil.example/",
            ".evil.example/",
            ":8443/",
            "/../v1",
            "/%2e%2E/v1",
            "/a/../../v1",
            "/..%2fv1",
            "/\\..\\v1",
            "/a#b",
            "https://evil.example/",
            "/a\r\nx: y",
        ];
        for path in paths {
            assert!(
                below("https://market.example/v2", path).is_err(),
                "{path:?}"
            );
        }
    }
}
