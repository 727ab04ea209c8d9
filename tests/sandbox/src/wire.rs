//! What crosses between a client and the sandbox: HTTP without sockets.

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
