//! Who may see the status page and the metrics: whoever has the token, or, where there is none,
//! whoever is on this machine.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use super::Server;

/// Lets those through who may look.
pub(super) async fn guard(
    State(server): State<Arc<Server>>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    match &server.token {
        Some(token) if !presents(headers, token) => (
            StatusCode::UNAUTHORIZED,
            [(header::WWW_AUTHENTICATE, "Basic realm=\"atsync\"")],
            "this takes the token of [server] token, as bearer or as password\n",
        )
            .into_response(),
        // A web page in somebody's browser can have its own name lead here; the browser then
        // names it.
        None if !names_this_machine(headers) => (
            StatusCode::FORBIDDEN,
            "without [server] token this is shown to the machine itself only, as localhost\n",
        )
            .into_response(),
        _ => next.run(request).await,
    }
}

/// Whether the token comes with the request. Compares what is made of both, in constant time, so
/// that neither the time nor a length tells how near a guess was.
fn presents(headers: &HeaderMap, token: &SecretString) -> bool {
    let Some(presented) = presented(headers) else {
        return false;
    };
    let seal =
        |secret: &SecretString| Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes());
    match (seal(&presented), seal(token)) {
        (Ok(presented), Ok(token)) => presented
            .verify_slice(&token.finalize().into_bytes())
            .is_ok(),
        _ => false,
    }
}

/// `Bearer TOKEN` from programs, a password with any user name from browsers.
fn presented(headers: &HeaderMap) -> Option<SecretString> {
    let (scheme, value) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(value.into());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
    let (_, password) = pair.split_once(':')?;
    Some(password.into())
}

fn names_this_machine(headers: &HeaderMap) -> bool {
    let named = || {
        let host = headers.get(header::HOST)?.to_str().ok()?;
        let authority: Authority = host.parse().ok()?;
        let name = authority.host().trim_matches(['[', ']']).to_owned();
        let is_loopback = name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        Some(is_loopback || name.eq_ignore_ascii_case("localhost"))
    };
    named().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn only_this_machine_has_its_names() {
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:8080",
            "127.9.9.9",
            "[::1]:8080",
        ] {
            assert!(names_this_machine(&headers(header::HOST, host)), "{host}");
        }
        let others = [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:8080",
            "192.168.1.1:8080",
            "[2606:4700:4700::1111]",
        ];
        for host in others {
            assert!(!names_this_machine(&headers(header::HOST, host)), "{host}");
        }
        assert!(!names_this_machine(&HeaderMap::new()));
    }

    #[test]
    fn the_token_is_a_bearer_or_a_password() {
        let token = SecretString::from("a-token-of-some-length");
        let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        let good = [
            "Bearer a-token-of-some-length".to_owned(),
            "bearer a-token-of-some-length".to_owned(),
            basic("ann:a-token-of-some-length"),
            basic(":a-token-of-some-length"),
        ];
        for value in good {
            assert!(
                presents(&headers(header::AUTHORIZATION, &value), &token),
                "{value}"
            );
        }
        let bad = [
            "Bearer".to_owned(),
            "Bearer ".to_owned(),
            "Bearer a-token-of-some-lengti".to_owned(),
            "Bearer a-token-of-some-length2".to_owned(),
            "a-token-of-some-length".to_owned(),
            "Digest a-token-of-some-length".to_owned(),
            "Basic a-token-of-some-length".to_owned(),
            basic("a-token-of-some-length"),
            basic("a-token-of-some-length:"),
        ];
        for value in bad {
            assert!(
                !presents(&headers(header::AUTHORIZATION, &value), &token),
                "{value}"
            );
        }
        assert!(!presents(&HeaderMap::new(), &token));
    }
}
