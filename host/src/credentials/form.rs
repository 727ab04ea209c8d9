//! Forms as `Bearer {access_token}` and `OAuth2 {base64:token}`, filled with secrets.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

use crate::connection::Service;

/// What a grant's secrets that say who asks are called (RFC 6749 §2.3.1, §4.3.2).
const WHO: [&str; 2] = ["client_id", "username"];

/// The secrets that a form may name.
pub(super) struct Secrets<'a>(BTreeMap<&'a str, &'a SecretString>);

impl<'a> Secrets<'a> {
    pub(super) fn of(service: &'a Service) -> Self {
        Secrets(
            service
                .secrets
                .iter()
                .map(|(key, secret)| (key.as_str(), secret))
                .collect(),
        )
    }

    /// Those that no answer has to say; who asks, it may.
    pub(super) fn not_to_be_told(&self) -> impl Iterator<Item = &'a SecretString> {
        let secrets = self.0.iter().filter(|(key, _)| !WHO.contains(key));
        secrets.map(|(_, secret)| *secret)
    }

    pub(super) fn with(mut self, key: &'a str, secret: &'a SecretString) -> Self {
        self.0.insert(key, secret);
        self
    }
}

/// A filled form.
pub(super) struct Filled {
    /// The whole.
    pub(super) text: SecretString,
    /// Each secret that went in, plain and as it went in.
    pub(super) pieces: Vec<SecretString>,
}

/// Fills `form`. Errors: it names a secret that is not there, or is not well-formed.
pub(super) fn fill(form: &str, secrets: &Secrets<'_>) -> Result<Filled, String> {
    let mut text = String::new();
    let mut pieces = Vec::new();
    let mut rest = form;
    while let Some((before, opened)) = rest.split_once('{') {
        let (name, after) = opened.split_once('}').ok_or_else(|| {
            format!("the component's form \"{form}\" has a brace that stays open")
        })?;
        let (key, encode) = match name.strip_prefix("base64:") {
            Some(key) => (key, true),
            None => (name, false),
        };
        let secret = secrets.0.get(key).ok_or_else(|| {
            format!("the component's form \"{form}\" names no secret of the service")
        })?;
        let plain = secret.expose_secret();
        let piece = if encode {
            STANDARD.encode(plain)
        } else {
            plain.to_owned()
        };
        text.push_str(before);
        text.push_str(&piece);
        pieces.push(SecretString::from(plain));
        pieces.push(SecretString::from(piece));
        rest = after;
    }
    text.push_str(rest);
    Ok(Filled {
        text: SecretString::from(text),
        pieces,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn filled(form: &str) -> Result<String, String> {
        let token = SecretString::from("open sesame");
        let secrets = Secrets(BTreeMap::from([("token", &token)]));
        fill(form, &secrets).map(|filled| filled.text.expose_secret().to_owned())
    }

    #[test]
    fn a_secret_goes_in_plain_or_in_base64() {
        assert_eq!(filled("Bearer {token}").unwrap(), "Bearer open sesame");
        assert_eq!(
            filled("OAuth2 {base64:token}").unwrap(),
            "OAuth2 b3BlbiBzZXNhbWU="
        );
        assert_eq!(filled("client_credentials").unwrap(), "client_credentials");
    }

    #[test]
    fn a_form_with_an_unknown_name_or_an_open_brace_is_refused() {
        assert!(
            filled("Bearer {tokn}")
                .unwrap_err()
                .contains("names no secret")
        );
        assert!(filled("Bearer {token").unwrap_err().contains("stays open"));
    }
}
