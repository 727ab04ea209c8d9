//! What crosses between a client and the sandbox: HTTP without sockets.

use std::collections::BTreeMap;

/// Milliseconds since 1970-01-01T00:00:00Z. The sandbox has no clock of its own.
pub type Millis = u64;

/// Which simulated service a request is for; each has its own host in reality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// `https://{shop}.myshopify.com`
    Shopify,
    /// `https://api.jooraccess.com` (v2 and v4) and `https://atlas.jooraccess.com/auth/`.
    Joor,
}

/// One HTTP request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `GET`, `POST` …
    pub method: String,
    /// Path and query, starting with `/`.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Raw body.
    pub body: Vec<u8>,
}

impl Request {
    /// The path without the query.
    pub fn route(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    /// The value of a header whose name is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The value of a query parameter, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.path.split_once('?')?;
        form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The fields of a body that is a form or a JSON object of strings.
    pub fn form(&self) -> BTreeMap<String, String> {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| form_urlencoded::parse(&self.body).into_owned().collect())
    }
}

/// One HTTP response, or the way in which there is none.
#[derive(Clone, Debug)]
pub enum Reply {
    /// An answer.
    Answer(Response),
    /// The connection is cut without an answer (after the request took effect or before it,
    /// as the fault that caused it says).
    Cut,
    /// The answer comes after so many milliseconds.
    Slow(Millis, Response),
}

/// One HTTP response.
#[derive(Clone, Debug)]
pub struct Response {
    /// HTTP status code.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Raw body.
    pub body: Vec<u8>,
}

impl Response {
    /// A response with a body of this type.
    pub fn new(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self {
            status,
            headers,
            body,
        }
    }

    /// A response with a JSON body.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::new(
            status,
            "application/json; charset=utf-8",
            body.to_string().into_bytes(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_gives_its_query_and_its_form_decoded() {
        let request = Request {
            path: "/bulk/1.jsonl?signature=a%2Fb+c".to_owned(),
            body: b"grant_type=client_credentials&client_secret=s%3D1".to_vec(),
            ..Request::default()
        };
        assert_eq!(request.route(), "/bulk/1.jsonl");
        assert_eq!(request.query("signature").as_deref(), Some("a/b c"));
        assert_eq!(request.query("none"), None);
        assert_eq!(
            request.form().get("client_secret").map(String::as_str),
            Some("s=1")
        );
    }
}
