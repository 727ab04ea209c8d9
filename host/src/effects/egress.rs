//! The way out: which addresses may be talked to, and the clients that hold to it.

use std::error::Error as StdError;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use url::{Host, Url};

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
        let client = || -> ClientBuilder {
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
        };
        let public = client().dns_resolver(PublicOnly).build();
        let any = client().build();
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

/// Looks names up and forgets every address that is not public.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|found| is_public(found.ip())).collect();
            if public.is_empty() {
                return Err(PrivateAddress(name.as_str().to_owned()).into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
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

/// Whether an address is of the open internet, by the special-purpose registries of IANA
/// (<https://www.iana.org/assignments/iana-ipv4-special-registry> and its IPv6 twin).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _) // shared by carriers
            | (169, 254, _) // link-local, where clouds keep their metadata
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2) // protocol assignments, documentation
            | (198, 18..=19, _) // benchmarks
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let inner_v4 = |high: u16, low: u16| {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        Ipv4Addr::new(a, b, c, d)
    };
    match (a, b, c, d, e, f) {
        // An IPv4 address in other clothes: mapped, translated (NAT64), 6to4.
        (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => is_public_v4(inner_v4(g, h)),
        (0x2002, ..) => is_public_v4(inner_v4(b, c)),
        // Protocol assignments with Teredo, documentation.
        (0x2001, 0..=0x1ff | 0xdb8, ..) | (0x3fff, ..) => false,
        // What is assigned to the open internet at all.
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn private_loopback_link_local_and_metadata_addresses_are_not_public() {
        let private = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.0.170",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
        ];
        for address in private {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn addresses_of_the_open_internet_are_public() {
        let public = [
            "1.1.1.1",
            "23.227.38.65",
            "100.63.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "2606:4700:4700::1111",
            "2620:127:f00f::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ];
        for address in public {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn a_literal_private_address_is_refused_however_it_is_written() {
        for url in [
            "https://127.1/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://[::1]/",
        ] {
            assert!(allowed(&url.parse().unwrap(), false).is_err(), "{url}");
            assert!(allowed(&url.parse().unwrap(), true).is_ok(), "{url}");
        }
    }
}
