//! The way out: which addresses may be talked to, and the clients that hold to it.

use std::error::Error as StdError;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use url::{Host, Url};

use super::address::is_public;
use super::tls;
use crate::connection::Limits;
use crate::engine::reconcile::Failure;
use crate::problem::Problem;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Clients that follow no redirect, use no proxy, and connect to public addresses, or to any.
#[derive(Clone)]
pub(crate) struct Egress {
    public: Client,
    any: Client,
}

impl Egress {
    pub(crate) fn new(limits: &Limits) -> Result<Egress, Problem> {
        let tls = tls::config().map_err(|error| cannot_start(&error))?;
        let public = client(&tls, limits).dns_resolver(PublicOnly).build();
        let any = client(&tls, limits).build();
        match (public, any) {
            (Ok(public), Ok(any)) => Ok(Egress { public, any }),
            (Err(error), _) | (_, Err(error)) => Err(cannot_start(&error)),
        }
    }

    /// The client for `url`. Errors: the address is not allowed.
    pub(crate) fn client(&self, url: &Url, private_addresses: bool) -> Result<&Client, Failure> {
        allowed(url, private_addresses).map_err(Failure::Refused)?;
        Ok(if private_addresses {
            &self.any
        } else {
            &self.public
        })
    }
}

fn client(tls: &rustls::ClientConfig, limits: &Limits) -> ClientBuilder {
    Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .redirect(Policy::none())
        .no_proxy()
        .retry(reqwest::retry::never())
        .referer(false)
        .user_agent(concat!("atsync/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(limits.request_timeout)
        .tcp_nodelay(true)
}

fn cannot_start(error: &dyn fmt::Display) -> Problem {
    Problem::new(
        "http-client",
        format!("The HTTP client does not start: {error}."),
        "Report this with the kind of machine it happened on.",
    )
}

/// Whether an address may be talked to, as far as it shows before DNS.
pub(crate) fn allowed(url: &Url, private_addresses: bool) -> Result<(), String> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address with a user name or password in it".to_owned());
    }
    match url.scheme() {
        "https" => {}
        "http" if private_addresses => {}
        scheme => {
            return Err(format!(
                "{scheme}:// to {}; only https:// is allowed without private_addresses = true",
                url.host_str().unwrap_or_default()
            ));
        }
    }
    let literal = match url.host() {
        Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
        Some(Host::Domain(_)) => None,
        None => return Err("an address without a host".to_owned()),
    };
    match literal {
        Some(address) if !private_addresses && !is_public(address) => {
            Err(PrivateAddress(address.to_string()).to_string())
        }
        _ => Ok(()),
    }
}

/// A failed exchange in the contract's words.
pub(crate) fn failure(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    let mut cause: &dyn StdError = &error;
    while let Some(next) = cause.source() {
        cause = next;
        if let Some(private) = cause.downcast_ref::<PrivateAddress>() {
            return Failure::Refused(private.to_string());
        }
    }
    if error.is_timeout() && !error.is_connect() {
        return Failure::TimedOut;
    }
    Failure::Unreachable(cause.to_string())
}

/// Looks names up and forgets every address that is not public. The client connects to what
/// comes out of here and looks nothing up again, so a name cannot lead elsewhere after the check.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(only(&name, found, is_public)?)
        })
    }
}

/// Those of the addresses found for `name` that are `allowed`. Errors: none is.
fn only(
    name: &Name,
    found: impl Iterator<Item = SocketAddr>,
    allowed: impl Fn(IpAddr) -> bool,
) -> Result<Addrs, PrivateAddress> {
    let kept: Vec<SocketAddr> = found.filter(|found| allowed(found.ip())).collect();
    if kept.is_empty() {
        return Err(PrivateAddress(name.as_str().to_owned()));
    }
    Ok(Box::new(kept.into_iter()))
}

/// The name or address that leads to a private address.
#[derive(Debug)]
struct PrivateAddress(String);

impl fmt::Display for PrivateAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is a private address; the service needs private_addresses = true to talk to it",
            self.0
        )
    }
}

impl StdError for PrivateAddress {}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::panic,
        clippy::unwrap_used,
        reason = "a test fails by panicking"
    )]

    use std::collections::VecDeque;
    use std::net::Ipv4Addr;
    use std::sync::Mutex;

    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn a_literal_private_address_is_refused_however_it_is_written() {
        for url in [
            "https://127.1/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://017700000001/",
            "https://0/",
            "https://１２７.0.0.1/",
            "https://127.0.0.1./",
            "https://[::1]/",
            "https://[::ffff:a9fe:a9fe]/",
        ] {
            assert!(allowed(&url.parse().unwrap(), false).is_err(), "{url}");
            assert!(allowed(&url.parse().unwrap(), true).is_ok(), "{url}");
        }
    }

    /// A name server that gives each look-up its own answer.
    struct Rebinding {
        answers: Mutex<VecDeque<Vec<Ipv4Addr>>>,
    }

    const ALLOWED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
    const FORBIDDEN: Ipv4Addr = Ipv4Addr::LOCALHOST;

    impl Resolve for Rebinding {
        fn resolve(&self, name: Name) -> Resolving {
            let answer = self.answers.lock().unwrap().pop_front().unwrap();
            let found = answer.into_iter().map(|ip| SocketAddr::from((ip, 0)));
            let addresses = only(&name, found, |ip| ip == ALLOWED);
            Box::pin(async move { Ok(addresses?) })
        }
    }

    async fn says(address: SocketAddr, what: &'static str) -> SocketAddr {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = axum::Router::new().fallback(async move || what);
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    #[tokio::test]
    async fn the_address_that_was_checked_is_the_address_connected_to() {
        let port = says((ALLOWED, 0).into(), "allowed").await.port();
        says((FORBIDDEN, port).into(), "forbidden").await;
        let answers = [
            vec![FORBIDDEN, ALLOWED],
            vec![ALLOWED],
            // Now the name leads elsewhere.
            vec![FORBIDDEN],
        ];
        let names = Rebinding {
            answers: Mutex::new(answers.into()),
        };
        let client = client(&tls::config().unwrap(), &Limits::default())
            // Each exchange looks the name up anew.
            .pool_max_idle_per_host(0)
            .dns_resolver(names)
            .build()
            .unwrap();
        let url = format!("http://rebinding.example:{port}/");
        for _ in 0..2 {
            let response = client.get(&url).send().await.unwrap();
            assert_eq!(response.text().await.unwrap(), "allowed");
        }
        match failure(client.get(&url).send().await.unwrap_err()) {
            Failure::Refused(why) => assert!(
                why.contains("rebinding.example is a private address"),
                "{why}"
            ),
            other => panic!("{other:?}"),
        }
    }
}
