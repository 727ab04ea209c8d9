//! Proving who we are: a header made from the operator's secrets, as the manifest describes it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wasip2::http::types::Method;

use crate::bindings::atsync::connector::manifest::{Auth, GrantAuth, GrantEncoding, Service};
use crate::bindings::atsync::connector::reconcile::Failure;
use crate::folder::Folder;
use crate::problem::{Problem, refused, unreachable};
use crate::settings::Given;
use crate::system;
use crate::web::{self, Call};

/// The most that a token endpoint may answer, in bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;

type Secrets = BTreeMap<String, String>;

/// One of the ways to authenticate, with its secrets.
pub(crate) struct Credential {
    auth: Auth,
    secrets: Secrets,
    /// Where a grant gets its token.
    token_url: String,
    token: Option<Token>,
}

struct Token {
    text: String,
    /// On the clock of [`system::uptime_ms`]; none for one that does not end.
    renew_at_ms: Option<u64>,
}

impl Credential {
    /// The first way of the manifest whose secrets are all given.
    pub(crate) fn new(
        service: &Service,
        base: &str,
        given: &Given,
        folder: &Folder,
    ) -> Result<Self, Problem> {
        let complete = |auth: &&Auth| secrets_of(auth).iter().all(|key| given.has(key));
        let auth = service.auth.iter().find(complete).ok_or_else(|| {
            let ways: Vec<_> = service
                .auth
                .iter()
                .map(|way| secrets_of(way).join(" + "))
                .collect();
            Problem::usage(
                "secret-missing",
                format!(
                    "The service {} has no credential. {}",
                    service.name, service.summary
                ),
                format!("Give {}.", ways.join(", or ")),
            )
        })?;
        let keys = secrets_of(auth).iter();
        let secrets = keys.map(|key| Ok((key.clone(), given.secret(folder, key)?)));
        let token_url = match (&given.token_url, auth) {
            (Some(url), _) => url.clone(),
            (None, Auth::Grant(grant)) if grant.token_url.starts_with('/') => {
                format!("{base}{}", grant.token_url)
            }
            (None, Auth::Grant(grant)) => grant.token_url.clone(),
            (None, Auth::Fixed(_)) => String::new(),
        };
        Ok(Credential {
            auth: auth.clone(),
            secrets: secrets.collect::<Result<_, _>>()?,
            token_url,
            token: None,
        })
    }

    /// The name of the header, in lower case.
    pub(crate) fn header(&self) -> String {
        match &self.auth {
            Auth::Fixed(fixed) => fixed.header.name.to_ascii_lowercase(),
            Auth::Grant(grant) => grant.header.name.to_ascii_lowercase(),
        }
    }

    /// Whether a refused credential can be followed by another.
    pub(crate) fn renewable(&self) -> bool {
        matches!(self.auth, Auth::Grant(_))
    }

    /// The value of the header; `renew` where the last one was refused.
    pub(crate) fn value(&mut self, renew: bool) -> Result<String, Failure> {
        let grant = match &self.auth {
            Auth::Fixed(fixed) => return fill(&fixed.header.form, &self.secrets),
            Auth::Grant(grant) => grant.clone(),
        };
        let ended = |token: &Token| {
            token
                .renew_at_ms
                .is_some_and(|at| system::uptime_ms() >= at)
        };
        let token = match self.token.take() {
            Some(token) if !renew && !ended(&token) => token,
            _ => self.granted(&grant)?,
        };
        let text = self.token.insert(token).text.clone();
        fill(
            &grant.header.form,
            &Secrets::from([("access_token".to_owned(), text)]),
        )
    }

    fn granted(&self, grant: &GrantAuth) -> Result<Token, Failure> {
        let url = web::address(&self.token_url)
            .map_err(|why| refused(format!("a token address: {why}")))?;
        let mut fields = Vec::new();
        for (name, form) in &grant.fields {
            fields.push((name.as_str(), fill(form, &self.secrets)?));
        }
        let (content_type, body) = encoded(grant.encoding, &fields);
        let headers = [
            ("content-type", content_type.as_str()),
            ("accept", "application/json"),
        ];
        let headers = headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        let asked_at_ms = system::uptime_ms();
        let answer = web::send(&Call {
            method: Method::Post,
            url: &url,
            headers,
            body: Some(&body),
        })?;
        let status = answer.status;
        if !(200..300).contains(&status) {
            let what = format!("no token: status {status}");
            let lasting = (400..500).contains(&status) && !matches!(status, 408 | 429);
            return Err(if lasting {
                refused(what)
            } else {
                unreachable(what)
            });
        }
        let mut text = Vec::new();
        if !answer.read(&mut text, ANSWER_BYTES_MAX)? {
            return Err(Failure::TooLarge);
        }
        token(grant, &text, asked_at_ms).ok_or_else(|| refused("no token: the answer has none"))
    }
}

fn secrets_of(auth: &Auth) -> &[String] {
    match auth {
        Auth::Fixed(fixed) => &fixed.secrets,
        Auth::Grant(grant) => &grant.secrets,
    }
}

/// The token in an answer.
fn token(grant: &GrantAuth, answer: &[u8], asked_at_ms: u64) -> Option<Token> {
    let answer: serde_json::Value = serde_json::from_slice(answer).ok()?;
    let text = answer.get(&grant.token_field)?.as_str()?.to_owned();
    let lifetime = grant
        .lifetime_field
        .as_ref()
        .and_then(|field| answer.get(field));
    let lifetime_ms = lifetime
        .and_then(serde_json::Value::as_u64)
        .map(|s| s.saturating_mul(1000));
    // Renewed in the last tenth of its life, before the service refuses it.
    let renew_at_ms = lifetime_ms.map(|ms| asked_at_ms.saturating_add(ms - ms / 10));
    Some(Token { text, renew_at_ms })
}

/// `Bearer {key}`, `OAuth2 {base64:key}`.
fn fill(form: &str, secrets: &Secrets) -> Result<String, Failure> {
    let unknown = || refused(format!("the form {form:?}, which no secret fits"));
    let (mut text, mut rest) = (String::new(), form);
    while let Some((before, opened)) = rest.split_once('{') {
        let (name, after) = opened.split_once('}').ok_or_else(unknown)?;
        let encoded = name.strip_prefix("base64:");
        let secret = secrets.get(encoded.unwrap_or(name)).ok_or_else(unknown)?;
        text.push_str(before);
        match encoded {
            Some(_) => text.push_str(&STANDARD.encode(secret)),
            None => text.push_str(secret),
        }
        rest = after;
    }
    Ok(text + rest)
}

/// Content type and body of a token request.
fn encoded(encoding: GrantEncoding, fields: &[(&str, String)]) -> (String, String) {
    match encoding {
        GrantEncoding::Json => {
            let object: BTreeMap<_, _> = fields.iter().map(|(name, value)| (name, value)).collect();
            (
                "application/json".to_owned(),
                serde_json::json!(object).to_string(),
            )
        }
        GrantEncoding::FormUrlencoded => {
            let body = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(fields)
                .finish();
            ("application/x-www-form-urlencoded".to_owned(), body)
        }
        GrantEncoding::Multipart => multipart(fields),
    }
}

fn multipart(fields: &[(&str, String)]) -> (String, String) {
    let mut boundary = "atsync".to_owned();
    while fields.iter().any(|(_, value)| value.contains(&boundary)) {
        boundary.push_str("-atsync");
    }
    let part = |(name, value): &(&str, String)| {
        format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )
    };
    let parts: String = fields.iter().map(part).collect();
    (
        format!("multipart/form-data; boundary={boundary}"),
        format!("{parts}--{boundary}--\r\n"),
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_form_takes_secrets_plain_and_in_base64() {
        let secrets = Secrets::from([("token".to_owned(), "open sesame".to_owned())]);
        let filled = |form| fill(form, &secrets).ok();
        assert_eq!(filled("Bearer {token}").unwrap(), "Bearer open sesame");
        assert_eq!(
            filled("OAuth2 {base64:token}").unwrap(),
            "OAuth2 b3BlbiBzZXNhbWU="
        );
        assert_eq!(filled("{tokn}"), None);
        assert_eq!(filled("{token"), None);
    }

    #[test]
    fn no_field_of_a_multipart_body_ends_it() {
        let (content_type, body) = multipart(&[("secret", "a\r\n--atsync--".to_owned())]);
        assert_eq!(content_type, "multipart/form-data; boundary=atsync-atsync");
        assert_eq!(body.matches("--atsync-atsync").count(), 2);
    }
}
