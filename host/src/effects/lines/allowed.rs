//! Where files may be downloaded from.

use url::{Origin, Url};

use crate::engine::reconcile::Failure;

/// The hosts and origins that a connection may download from.
pub(in crate::effects) struct Allowed {
    hosts: Vec<String>,
    /// The services' own, and whether each may be a private address.
    origins: Vec<(Origin, bool)>,
}

impl Allowed {
    pub(in crate::effects) fn new<'a>(
        hosts: impl Iterator<Item = &'a String>,
        services: impl Iterator<Item = (&'a Url, bool)>,
    ) -> Self {
        Allowed {
            hosts: hosts.map(|host| host.to_lowercase()).collect(),
            origins: services
                .map(|(base, private)| (base.origin(), private))
                .collect(),
        }
    }

    /// Whether the address of a file may be private. Errors: it is not one to download from.
    pub(super) fn check(&self, url: &Url) -> Result<bool, Failure> {
        let origin = url.origin();
        // Two services may share an origin; one of them may allow what the other does not say.
        let own = self
            .origins
            .iter()
            .filter(|(own, _)| *own == origin)
            .map(|(_, private)| *private);
        if let Some(private) = own.reduce(|one, other| one || other) {
            return Ok(private);
        }
        let host = url.host_str().unwrap_or_default();
        let with_port = url.port().map(|port| format!("{host}:{port}"));
        let named = self.hosts.iter().any(|pattern| match &with_port {
            Some(with_port) => pattern == with_port,
            None => matches(pattern, host),
        });
        if named {
            return Ok(false);
        }
        Err(Failure::Refused(format!(
            "a download from {}, which neither the component names nor downloads in the settings",
            with_port.as_deref().unwrap_or(host)
        )))
    }
}

/// `name.tld`, or `*.name.tld` for any one label before it.
fn matches(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(rest) => host
            .split_once('.')
            .is_some_and(|(label, after)| !label.is_empty() && after == rest),
        None => pattern == host,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn allowed() -> Allowed {
        let hosts = [
            "files.example".to_owned(),
            "*.store.example".to_owned(),
            "big.example:8443".to_owned(),
        ];
        let base: Url = "http://127.0.0.1:9/base".parse().unwrap();
        Allowed::new(hosts.iter(), [(&base, true)].into_iter())
    }

    #[test]
    fn named_hosts_and_the_services_own_origins_are_allowed() {
        let check = |url: &str| allowed().check(&url.parse().unwrap());
        assert!(!check("https://files.example/a.jsonl?signature=x").unwrap());
        assert!(!check("https://eu.store.example/a").unwrap());
        assert!(!check("https://big.example:8443/a").unwrap());
        assert!(check("http://127.0.0.1:9/elsewhere").unwrap());
    }

    #[test]
    fn every_other_host_is_refused() {
        let urls = [
            "https://evil.example/",
            "https://store.example/",
            "https://a.b.store.example/",
            "https://files.example.evil/",
            "https://files.example:8443/",
            "http://127.0.0.1:10/",
            "https://big.example/",
        ];
        for url in urls {
            assert!(allowed().check(&url.parse().unwrap()).is_err(), "{url}");
        }
    }
}
