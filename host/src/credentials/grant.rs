//! Tokens that a service grants and that end: got once for everybody who waits, renewed before
//! they end and when they are refused.

use std::sync::Arc;

use reqwest::multipart;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use url::Url;

use super::Sealed;
use super::form::{self, Secrets};
use crate::clock::{Clock, Timestamp};
use crate::connection::Service;
use crate::effects::{Egress, allowed, failure};
use crate::engine::manifest::{GrantAuth, GrantEncoding};
use crate::engine::reconcile::Failure;

/// The most that a token endpoint may answer, in bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// A token is renewed this long before its end, or in the last tenth of a short life.
const EARLY_MS_MAX: u64 = 5 * 60 * 1000;

pub(super) struct Grant {
    auth: GrantAuth,
    service: Service,
    token_url: Url,
    clock: Arc<dyn Clock>,
    /// Held while a token is got, so that many requests wait for one.
    token: Mutex<Option<Token>>,
}

struct Token {
    header: Arc<Sealed>,
    renew_at: Option<Timestamp>,
}

impl Grant {
    pub(super) fn new(
        auth: &GrantAuth,
        service: &Service,
        base: &Url,
        clock: Arc<dyn Clock>,
    ) -> Result<Grant, String> {
        let token_url = match &service.token_url {
            Some(url) => url.clone(),
            None if auth.token_url.starts_with('/') => {
                let base = base.as_str().trim_end_matches('/');
                parse(&format!("{base}{}", auth.token_url))?
            }
            None => parse(&auth.token_url)?,
        };
        allowed(&token_url, service.private_addresses)?;
        let secrets = Secrets::of(service);
        for (_, form) in &auth.fields {
            form::fill(form, &secrets)?;
        }
        Ok(Grant {
            auth: auth.clone(),
            service: service.clone(),
            token_url,
            clock,
            token: Mutex::new(None),
        })
    }

    pub(super) async fn header(&self, egress: &Egress) -> Result<Arc<Sealed>, Failure> {
        let mut token = self.token.lock().await;
        if let Some(token) = &*token
            && token
                .renew_at
                .is_none_or(|renew_at| self.clock.now() < renew_at)
        {
            return Ok(Arc::clone(&token.header));
        }
        self.renew(&mut token, egress).await
    }

    pub(super) async fn renewed(
        &self,
        refused: &Arc<Sealed>,
        egress: &Egress,
    ) -> Result<Arc<Sealed>, Failure> {
        let mut token = self.token.lock().await;
        match &*token {
            // Somebody else was refused first and has a newer one already.
            Some(token) if !Arc::ptr_eq(&token.header, refused) => Ok(Arc::clone(&token.header)),
            _ => self.renew(&mut token, egress).await,
        }
    }

    async fn renew(
        &self,
        token: &mut Option<Token>,
        egress: &Egress,
    ) -> Result<Arc<Sealed>, Failure> {
        *token = None;
        let fresh = self.get(egress).await?;
        let header = Arc::clone(&fresh.header);
        *token = Some(fresh);
        Ok(header)
    }

    async fn get(&self, egress: &Egress) -> Result<Token, Failure> {
        let client = egress.client(&self.token_url, self.service.private_addresses)?;
        let request = client
            .post(self.token_url.clone())
            .header("accept", "application/json");
        let request = self.with_fields(request).map_err(Failure::Refused)?;
        let asked_at = self.clock.now();
        let mut response = request.send().await.map_err(failure)?;
        let status = response.status();
        if !status.is_success() {
            let what = format!("{} gave no token: status {status}", self.place());
            let lasting =
                status.is_client_error() && status.as_u16() != 429 && status.as_u16() != 408;
            return Err(if lasting {
                Failure::Refused(format!(
                    "{what}; check the secrets {}",
                    self.auth.secrets.join(", ")
                ))
            } else {
                Failure::Unreachable(what)
            });
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(Failure::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        self.token_in(&body, asked_at).map_err(|why| {
            Failure::Refused(format!(
                "{} gave no token that can be used: {why}",
                self.place()
            ))
        })
    }

    fn with_fields(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<reqwest::RequestBuilder, String> {
        let secrets = Secrets::of(&self.service);
        let mut fields = Vec::new();
        for (name, form) in &self.auth.fields {
            let value = form::fill(form, &secrets)?.text.expose_secret().to_owned();
            fields.push((name.clone(), value));
        }
        Ok(match self.auth.encoding {
            GrantEncoding::Json => {
                let object: Map<String, Value> = fields
                    .into_iter()
                    .map(|(name, value)| (name, value.into()))
                    .collect();
                request.json(&object)
            }
            GrantEncoding::FormUrlencoded => request.form(&fields),
            GrantEncoding::Multipart => request.multipart(
                fields
                    .into_iter()
                    .fold(multipart::Form::new(), |form, (name, value)| {
                        form.text(name, value)
                    }),
            ),
        })
    }

    fn token_in(&self, body: &[u8], asked_at: Timestamp) -> Result<Token, String> {
        // The error of the parser would repeat a piece of the body.
        let answer: Value =
            serde_json::from_slice(body).map_err(|_| "the answer is not JSON".to_owned())?;
        let text = answer
            .get(&self.auth.token_field)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| format!("the answer has no \"{}\"", self.auth.token_field))?;
        let access_token = SecretString::from(text);
        let secrets = Secrets::of(&self.service).with("access_token", &access_token);
        let header = Arc::new(Sealed::new(&self.auth.header, &secrets)?);
        let lifetime_ms = self
            .auth
            .lifetime_field
            .as_ref()
            .and_then(|field| answer.get(field))
            .and_then(Value::as_u64)
            .map(|seconds| seconds.saturating_mul(1000));
        let renew_at = lifetime_ms.map(|lifetime_ms| {
            let early_ms = (lifetime_ms / 10).min(EARLY_MS_MAX);
            asked_at.saturating_add(lifetime_ms - early_ms)
        });
        Ok(Token { header, renew_at })
    }

    /// Scheme, host and path of the endpoint, for messages.
    fn place(&self) -> String {
        let mut place = self.token_url.clone();
        place.set_query(None);
        place.to_string()
    }
}

fn parse(url: &str) -> Result<Url, String> {
    Url::parse(url).map_err(|error| format!("its token address \"{url}\" is none: {error}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::SimulatedClock;
    use crate::engine::manifest::HeaderForm;
    use crate::tries::tries;

    fn grant() -> Grant {
        let auth = GrantAuth {
            secrets: Vec::new(),
            token_url: "/token".to_owned(),
            encoding: GrantEncoding::Json,
            fields: Vec::new(),
            token_field: "access_token".to_owned(),
            lifetime_field: Some("expires_in".to_owned()),
            header: HeaderForm {
                name: "authorization".to_owned(),
                form: "Bearer {access_token}".to_owned(),
            },
        };
        let base = Url::parse("https://shop.example.com").expect("a constant address");
        let clock = Arc::new(SimulatedClock::new(0));
        Grant::new(&auth, &Service::default(), &base, clock).expect("it can be used")
    }

    /// A value that a field of an answer may have.
    fn value() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<u64>().prop_map(|number| number.to_string()),
            any::<f64>().prop_map(|number| number.to_string()),
            "\\PC{0,20}".prop_map(|text| Value::from(text).to_string()),
            "[ -~\\n]{0,20}".prop_map(|text| Value::from(text).to_string()),
            prop::sample::select(
                ["null", "true", "[]", "{}", "-1", "1e400", "\"\\ud800\""].as_slice()
            )
            .prop_map(str::to_owned),
        ]
    }

    /// The answer of a token endpoint, more or less.
    fn answer() -> impl Strategy<Value = Vec<u8>> {
        let fields = (value(), value()).prop_map(|(token, lifetime)| {
            format!(r#"{{"access_token":{token},"expires_in":{lifetime}}}"#).into_bytes()
        });
        prop_oneof![4 => fields, 1 => prop::collection::vec(any::<u8>(), 0..64)]
    }

    proptest! {
        #![proptest_config(tries())]

        #[test]
        fn an_answer_is_a_token_that_is_renewed_before_its_end_or_is_refused(
            body in answer(),
            asked_at in any::<Timestamp>(),
        ) {
            let Ok(token) = grant().token_in(&body, asked_at) else { return Ok(()) };
            let answer: Value = serde_json::from_slice(&body).expect("a token stood in it");
            let text = answer.get("access_token").and_then(Value::as_str).expect("the same");
            let wanted = format!("Bearer {text}");
            prop_assert_eq!(token.header.value.as_bytes(), wanted.as_bytes());
            match (answer.get("expires_in").and_then(Value::as_u64), token.renew_at) {
                (None, renew_at) => prop_assert_eq!(renew_at, None),
                (Some(seconds), renew_at) => {
                    let end = asked_at.saturating_add(seconds.saturating_mul(1000));
                    prop_assert!(renew_at.is_some_and(|at| asked_at <= at && at <= end));
                }
            }
        }

        #[test]
        fn a_refused_answer_is_not_repeated_in_the_reason(body in "[ -~]{8,40}", quoted: bool) {
            let body = if quoted { Value::from(body).to_string() } else { body };
            if let Err(why) = grant().token_in(body.as_bytes(), 0) {
                prop_assert!(!why.contains(body.trim_matches('"')), "{why}");
            }
        }
    }
}
