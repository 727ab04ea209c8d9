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
