//! Webhooks: verified over the raw body, told apart by their id, durable before they are
//! acknowledged. A hint says where to look, so nothing is done with one here but to keep it.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{FromRequest as _, Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use super::Server;
use super::keeper::Keeper;
use crate::clock::Timestamp;
use crate::connection::WebhookAge;
use crate::engine::manifest::Webhook;
use crate::engine::reconcile::Hint;
use crate::store::Delivery;

/// What it takes to believe that a webhook comes from its service.
pub(crate) struct Intake {
    webhook: Webhook,
    secrets: Vec<SecretString>,
}

/// Why a webhook is not taken in.
pub(crate) enum Refusal {
    Forged,
    NoId,
}

impl Intake {
    pub(crate) fn new(webhook: &Webhook, secrets: Vec<SecretString>) -> Self {
        Intake {
            webhook: webhook.clone(),
            secrets,
        }
    }

    /// The hint in a delivery; none if its topic is not worth one.
    pub(crate) fn hint(&self, headers: &HeaderMap, body: &[u8]) -> Result<Option<Hint>, Refusal> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let signature = header(&self.webhook.signature_header).ok_or(Refusal::Forged)?;
        if !self.is_signed(signature, body) {
            return Err(Refusal::Forged);
        }
        let topic = header(&self.webhook.topic_header).unwrap_or_default();
        if !self.webhook.topics.iter().any(|known| known == topic) {
            return Ok(None);
        }
        let id = header(&self.webhook.id_header)
            .filter(|id| !id.is_empty())
            .ok_or(Refusal::NoId)?;
        let body = String::from_utf8_lossy(body).into_owned();
        Ok(Some(Hint {
            id: id.to_owned(),
            topic: topic.to_owned(),
            body,
        }))
    }

    /// Whether one of the secrets made the signature. Compares in constant time.
    fn is_signed(&self, signature: &str, body: &[u8]) -> bool {
        let Ok(signature) = STANDARD.decode(signature) else {
            return false;
        };
        self.secrets.iter().any(|secret| {
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
            else {
                return false;
            };
            mac.update(body);
            mac.verify_slice(&signature).is_ok()
        })
    }
}

pub(super) async fn take_in(
    State(server): State<Arc<Server>>,
    Path((connection, service)): Path<(String, String)>,
    Extension(keeper): Extension<Keeper>,
    request: Request,
) -> Response {
    let key = (connection, service);
    let Some(door) = server.doors.get(&key) else {
        return (StatusCode::NOT_FOUND, "no such connection or service\n").into_response();
    };
    let (connection, service) = key;
    let answer = |result, status: StatusCode, text: &'static str| {
        server.metrics.webhook(&connection, result);
        (status, text).into_response()
    };
    let headers = request.headers().clone();
    let body = match tokio::time::timeout(door.time, Bytes::from_request(request, &())).await {
        Ok(Ok(body)) => body,
        Ok(Err(rejection)) => return answer("refused", rejection.status(), "too large, or cut\n"),
        Err(_) => return answer("refused", StatusCode::REQUEST_TIMEOUT, "too slow\n"),
    };
    let hint = match door.intake.hint(&headers, &body) {
        Ok(Some(hint)) => hint,
        Ok(None) => return answer("ignored", StatusCode::OK, ""),
        Err(Refusal::Forged) => {
            let status = StatusCode::UNAUTHORIZED;
            return answer("forged", status, "the signature is not right\n");
        }
        Err(Refusal::NoId) => {
            let status = StatusCode::BAD_REQUEST;
            return answer("refused", status, "the id header is missing\n");
        }
    };
    let at = server.clock.now();
    match door.age.as_ref().map(|age| is_late(age, &headers, at)) {
        None | Some(Some(false)) => {}
        // Sent again it would only be older.
        Some(Some(true)) => return answer("late", StatusCode::OK, ""),
        Some(None) => {
            let status = StatusCode::BAD_REQUEST;
            return answer("refused", status, "the time header is missing\n");
        }
    }
    let delivery = Delivery { service, hint, at };
    match keeper.keep(connection.clone(), delivery).await {
        Ok(true) => answer("taken", StatusCode::OK, ""),
        Ok(false) => answer("repeated", StatusCode::OK, ""),
        Err(problem) => {
            tracing::error!(connection, %problem, "a webhook is not kept");
            let status = StatusCode::SERVICE_UNAVAILABLE;
            answer("failed", status, "not kept; send it again\n")
        }
    }
}

/// Whether a delivery is too old by what its header says, which nobody signed; none if that says no
/// time.
fn is_late(age: &WebhookAge, headers: &HeaderMap, now: Timestamp) -> Option<bool> {
    let sent = headers.get(&age.header)?.to_str().ok()?;
    let sent = sent.parse::<jiff::Timestamp>().ok()?.as_millisecond();
    let past = now.saturating_sub(u64::try_from(sent).ok()?);
    Some(Duration::from_millis(past) > age.max)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tries::tries;

    fn intake(secrets: &[&str]) -> Intake {
        let webhook = Webhook {
            service: "shelf".to_owned(),
            signature_header: "x-signature".to_owned(),
            secret: "secrets".to_owned(),
            id_header: "x-id".to_owned(),
            topic_header: "x-topic".to_owned(),
            topics: vec!["orders/create".to_owned()],
        };
        Intake::new(
            &webhook,
            secrets
                .iter()
                .map(|secret| SecretString::from(*secret))
                .collect(),
        )
    }

    const BODY: &[u8] =
        br#"{"id":1234567890,"email":"customer@example.com","total_price":"123.45"}"#;
    const SIGNATURE: &str = "QNyObTlKbMx2qDlPF/ZOZcBqg5OgPg+2oky3zldc0Gw=";

    /// The vector of a third party's test (SQLPage).
    #[test]
    fn a_known_signature_is_right_under_any_of_the_secrets_and_no_other() {
        assert!(intake(&["test-webhook-secret"]).is_signed(SIGNATURE, BODY));
        assert!(intake(&["newer", "test-webhook-secret"]).is_signed(SIGNATURE, BODY));
        assert!(!intake(&["newer"]).is_signed(SIGNATURE, BODY));
        assert!(!intake(&[]).is_signed(SIGNATURE, BODY));
    }

    #[test]
    fn a_changed_body_or_signature_is_a_forgery() {
        let intake = intake(&["test-webhook-secret"]);
        assert!(!intake.is_signed(SIGNATURE, b"{}"));
        assert!(!intake.is_signed("", BODY));
        assert!(!intake.is_signed("not base64!", BODY));
        assert!(!intake.is_signed(&SIGNATURE.replace('Q', "R"), BODY));
    }

    fn headers(signature: &str, id: &str, topic: &str) -> Option<HeaderMap> {
        let mut headers = HeaderMap::new();
        for (name, value) in [("x-signature", signature), ("x-id", id), ("x-topic", topic)] {
            headers.insert(name, value.parse().ok()?);
        }
        Some(headers)
    }

    fn signed(secret: &str, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length serves");
        mac.update(body);
        STANDARD.encode(mac.finalize().into_bytes())
    }

    proptest! {
        #![proptest_config(tries())]

        #[test]
        fn nothing_is_believed_that_was_not_signed_with_a_secret(
            body in prop::collection::vec(any::<u8>(), 0..64),
            signature in "\\PC{0,60}",
            topic in prop::sample::select(["orders/create", "orders/delete", ""].as_slice()),
        ) {
            let Some(headers) = headers(&signature, "1", topic) else { return Ok(()) };
            let taken = intake(&["one", "two"]).hint(&headers, &body);
            prop_assert!(matches!(taken, Err(Refusal::Forged)));
            let taken = intake(&["one", "two"]).hint(&HeaderMap::new(), &body);
            prop_assert!(matches!(taken, Err(Refusal::Forged)));
        }

        #[test]
        fn what_is_signed_is_kept_once_under_its_id_or_is_of_no_use(
            body in prop::collection::vec(any::<u8>(), 0..64),
            id in "[ -~]{0,20}",
            topic in prop::sample::select(["orders/create", "orders/delete", ""].as_slice()),
        ) {
            let headers = headers(&signed("two", &body), &id, topic).expect("all of it is ASCII");
            match intake(&["one", "two"]).hint(&headers, &body) {
                Ok(Some(hint)) => {
                    prop_assert_eq!((hint.topic.as_str(), topic), ("orders/create", "orders/create"));
                    prop_assert_eq!(hint.id, id.trim());
                    prop_assert_eq!(hint.body, String::from_utf8_lossy(&body));
                }
                Ok(None) => prop_assert_ne!(topic, "orders/create"),
                Err(Refusal::NoId) => prop_assert!(id.trim().is_empty()),
                Err(Refusal::Forged) => prop_assert!(false, "its signature is right"),
            }
        }
    }
}
