//! Who may call: v2's static token, v4's password grant and its access tokens.
//! <https://api-docs.jooraccess.com/docs/how-to-authenticate>

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;

use super::call::{Call, Failure, answer, form, v2_refusal};
use super::options::{Login, Options};
use crate::wire::{Millis, Response};

/// The access tokens that were issued; several may be alive at once.
#[derive(Debug, Default)]
pub(super) struct Session {
    issued: u64,
    /// Token to the time at which it ends.
    tokens: BTreeMap<String, Millis>,
}

impl Session {
    /// `POST /auth/`, in the shapes of Keycloak.
    pub(super) fn grant(&mut self, call: &Call<'_>, options: &Options, now: Millis) -> Response {
        if call.request.method != "POST" {
            return refusal(405, "invalid_request", "Use POST.");
        }
        let fields = fields(call);
        let field = |name: &str| {
            let found = fields.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        if field("grant_type") != "password" {
            return refusal(400, "unsupported_grant_type", "Unsupported grant_type");
        }
        let Login {
            client_id,
            client_secret,
            username,
            password,
        } = &options.login;
        if field("client_id") != *client_id || field("client_secret") != *client_secret {
            return refusal(
                401,
                "invalid_client",
                "Invalid client or Invalid client credentials",
            );
        }
        if field("username") != *username || field("password") != *password {
            return refusal(401, "invalid_grant", "Invalid user credentials");
        }
        self.issued += 1;
        let token = format!("joor-access-{}", self.issued);
        let ends = now.saturating_add(options.token_lifetime_s.saturating_mul(1_000));
        self.tokens.retain(|_, ends| *ends > now);
        self.tokens.insert(token.clone(), ends);
        answer(
            200,
            &json!({
                "access_token": token,
                "expires_in": options.token_lifetime_s,
                "refresh_expires_in": 7_776_000,
                "refresh_token": format!("joor-refresh-{}", self.issued),
                "token_type": "Bearer",
                "not-before-policy": 0,
                "session_state": format!("joor-session-{}", self.issued),
                "scope": "email profile",
            }),
        )
    }

    /// Ends every access token at once, as a revoked login does.
    pub(super) fn revoke(&mut self) {
        self.tokens.clear();
    }

    /// `Authorization: OAuth2 {base64 of the token}`.
    pub(super) fn check_v2(call: &Call<'_>, options: &Options) -> Result<(), Response> {
        let expected = format!("OAuth2 {}", BASE64_STANDARD.encode(&options.v2_token));
        if call.header("authorization") == Some(&expected) {
            return Ok(());
        }
        Err(v2_refusal(401, "Invalid access token."))
    }

    /// `Authorization: Bearer {access token}` and `?account=`.
    pub(super) fn check_v4(
        &self,
        call: &Call<'_>,
        options: &Options,
        now: Millis,
    ) -> Result<(), Response> {
        let bearer = call
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "));
        let alive = bearer
            .and_then(|token| self.tokens.get(token))
            .is_some_and(|ends| *ends > now);
        if !alive {
            return Err(Failure::new(
                "UNAUTHORIZED",
                "The access token is unknown or has expired.",
            )
            .answer(401));
        }
        match call.param("account") {
            Some(account) if account == options.account => Ok(()),
            Some(_) => Err(
                Failure::new("FORBIDDEN", "This login has no access to the account.").answer(403),
            ),
            None => Err(Failure::new("INVALID", "The parameter account is required.").answer(400)),
        }
    }
}

fn refusal(status: u16, error: &str, description: &str) -> Response {
    answer(
        status,
        &json!({ "error": error, "error_description": description }),
    )
}

/// The fields of the body: multipart, or form-urlencoded, which JOOR takes as well.
fn fields(call: &Call<'_>) -> Vec<(String, String)> {
    let content_type = call.header("content-type").unwrap_or_default();
    match content_type.split_once("boundary=") {
        Some((_, boundary)) => multipart(&call.request.body, boundary.trim_matches('"')),
        None => form(&call.request.body),
    }
}

/// The text fields of a multipart body.
fn multipart(body: &[u8], boundary: &str) -> Vec<(String, String)> {
    let body = String::from_utf8_lossy(body);
    let field = |part: &str| {
        let (head, value) = part.split_once("\r\n\r\n")?;
        let (_, name) = head.split_once("name=\"")?;
        let (name, _) = name.split_once('"')?;
        Some((name.to_owned(), value.strip_suffix("\r\n")?.to_owned()))
    };
    body.split(&format!("--{boundary}"))
        .filter_map(field)
        .collect()
}
