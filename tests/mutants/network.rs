//! Exchanges with the sandbox, over HTTP.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::clock::Clock;
use crate::connection::{Connection, Limits, Service};
use crate::engine::manifest::Description;
use crate::engine::reconcile::{Failure, HttpRequest, HttpResponse, Lines, LinesRequest, Method};
use crate::store::locked;

/// The services, and the token of the one that gives them.
pub struct Network {
    services: BTreeMap<String, Service>,
    limits: Limits,
    client: Client<HttpConnector, Full<Bytes>>,
    token: Mutex<Option<String>>,
}

impl Network {
    /// For one connection. No token is known yet.
    ///
    /// # Errors
    /// The plugin needs a service that the connection does not have.
    pub fn new(
        description: Description,
        connection: &Connection,
        _clock: &Arc<dyn Clock>,
    ) -> Result<Self, String> {
        let services = &connection.services;
        let missing = |name: &String| !services.contains_key(name);
        let mut names = description.services.into_iter().map(|service| service.name);
        if let Some(name) = names.find(missing) {
            return Err(format!("the connection has no service {name}"));
        }
        Ok(Self {
            services: services.clone(),
            limits: connection.limits.clone(),
            // A connection that is cut is never taken up again.
            client: Client::builder(TokioExecutor::new())
                .pool_max_idle_per_host(0)
                .build_http(),
            token: Mutex::default(),
        })
    }

    /// One exchange, within the time that it may take. A token that is not accepted is renewed once.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn exchange(&self, request: &HttpRequest) -> Result<HttpResponse, Failure> {
        let service = self
            .services
            .get(&request.service)
            .ok_or(Failure::Unsupported)?;
        let exchange = async {
            let answer = self.once(service, request).await?;
            if answer.status != 401 || service.token_url.is_none() {
                return Ok(answer);
            }
            locked(&self.token).take();
            self.once(service, request).await
        };
        let answer = tokio::time::timeout(self.limits.request_timeout, exchange).await;
        answer.unwrap_or(Err(Failure::TimedOut))
    }

    async fn once(
        &self,
        service: &Service,
        request: &HttpRequest,
    ) -> Result<HttpResponse, Failure> {
        let method = match request.method {
            Method::Get => hyper::Method::GET,
            Method::Post => hyper::Method::POST,
            Method::Put => hyper::Method::PUT,
            Method::Patch => hyper::Method::PATCH,
            Method::Delete => hyper::Method::DELETE,
        };
        let base = service.url.as_deref().unwrap_or_default();
        let mut headers = request.headers.clone();
        headers.push(self.credential(service).await?);
        let body = request.body.clone().unwrap_or_default();
        self.send(method, format!("{base}{}", request.path), &headers, body)
            .await
    }

    async fn credential(&self, service: &Service) -> Result<(String, String), Failure> {
        if let Some(url) = &service.token_url {
            let known = locked(&self.token).clone();
            let token = match known {
                Some(token) => token,
                None => self.new_token(url, &service.secrets).await?,
            };
            return Ok(("authorization".into(), format!("Bearer {token}")));
        }
        let token = service.secrets.get("token").cloned().unwrap_or_default();
        let base = service.url.as_deref().unwrap_or_default();
        if base.ends_with("/v2") {
            let token = BASE64_STANDARD.encode(token);
            return Ok(("authorization".into(), format!("OAuth2 {token}")));
        }
        Ok(("x-shopify-access-token".into(), token))
    }

    async fn new_token(
        &self,
        url: &str,
        secrets: &BTreeMap<String, String>,
    ) -> Result<String, Failure> {
        let mut form = "grant_type=password".to_owned();
        for (name, secret) in secrets {
            form += &format!("&{name}={secret}");
        }
        let kind = (
            "content-type".to_owned(),
            "application/x-www-form-urlencoded".to_owned(),
        );
        let answer = self
            .send(hyper::Method::POST, url.to_owned(), &[kind], form)
            .await?;
        let grant: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let token = grant.get("access_token").and_then(Value::as_str);
        let token = token.ok_or_else(|| Failure::Unreachable("no token was given".into()))?;
        *locked(&self.token) = Some(token.to_owned());
        Ok(token.to_owned())
    }

    /// A piece of a file, cut after a line.
    ///
    /// # Errors
    /// The file is not there.
    pub async fn lines(&self, request: &LinesRequest) -> Result<Lines, Failure> {
        let url = request.url.clone();
        let file = self
            .send(hyper::Method::GET, url, &[], String::new())
            .await?;
        if file.status != 200 {
            return Err(Failure::Unreachable(format!("status {}", file.status)));
        }
        let offset = usize::try_from(request.offset).unwrap_or(usize::MAX);
        let rest = file.body.get(offset..).unwrap_or_default();
        let most = usize::try_from(request.max_bytes).unwrap_or(usize::MAX);
        let end = match rest.as_bytes().get(..most) {
            None => rest.len(),
            Some(piece) => match piece.iter().rposition(|byte| *byte == b'\n') {
                Some(last) => last + 1,
                None => return Err(Failure::TooLarge),
            },
        };
        Ok(Lines {
            text: rest.get(..end).unwrap_or_default().to_owned(),
            next_offset: (end < rest.len()).then_some(request.offset + end as u64),
        })
    }

    async fn send(
        &self,
        method: hyper::Method,
        url: String,
        headers: &[(String, String)],
        body: String,
    ) -> Result<HttpResponse, Failure> {
        let mut request = hyper::Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::from(body));
        let request = request.map_err(|error| Failure::Refused(error.to_string()))?;
        let cut = |error: &dyn std::error::Error| Failure::Unreachable(error.to_string());
        let answer = self.client.request(request).await.map_err(|e| cut(&e))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, self.limits.response_bytes)
            .collect()
            .await;
        let body = body.map_err(|error| match error.downcast::<hyper::Error>() {
            Ok(error) => cut(&*error),
            Err(_) => Failure::TooLarge,
        })?;
        let header = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        };
        Ok(HttpResponse {
            status: head.status.as_u16(),
            headers: head.headers.iter().map(header).collect(),
            body: String::from_utf8_lossy(&body.to_bytes()).into_owned(),
        })
    }
}
