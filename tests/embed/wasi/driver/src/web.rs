//! HTTP by `wasi:http`: one exchange, with limits of time and size.

use http::Uri;
use wasip2::clocks::monotonic_clock;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    Scheme, http_error_code,
};
use wasip2::io::poll::{Pollable, poll};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

use crate::bindings::atsync::connector::reconcile::Failure;
use crate::problem::{refused, unreachable};

/// How long one exchange, or one piece of a long answer, may take, in nanoseconds.
const EXCHANGE_NS_MAX: u64 = 30_000_000_000;

/// How much is read at once, in bytes.
const READ_BYTES: u64 = 256 << 10;

/// What is asked for.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a Uri,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<&'a str>,
}

/// Scheme, host and port: who answers.
#[derive(PartialEq)]
pub(crate) struct Origin {
    https: bool,
    pub(crate) host: String,
    /// None: the scheme's own.
    pub(crate) port: Option<u16>,
}

/// An absolute address of HTTP. Errors: it is none, or one with a user in it.
pub(crate) fn address(text: &str) -> Result<Uri, String> {
    let url: Uri = text
        .parse()
        .map_err(|error| format!("it is no address: {error}"))?;
    let scheme = url.scheme_str().unwrap_or_default();
    let authority = url
        .authority()
        .map(http::uri::Authority::as_str)
        .unwrap_or_default();
    if !matches!(scheme, "http" | "https") || authority.is_empty() || authority.contains('@') {
        return Err("it does not begin with https:// and a host".to_owned());
    }
    Ok(url)
}

/// Who answers at an address.
pub(crate) fn origin(url: &Uri) -> Origin {
    let https = url.scheme_str() == Some("https");
    let own = if https { 443 } else { 80 };
    Origin {
        https,
        host: url.host().unwrap_or_default().to_ascii_lowercase(),
        port: url.port_u16().filter(|port| *port != own),
    }
}

/// Sends, and waits for the head of the answer, whatever its status.
pub(crate) fn send(call: &Call<'_>) -> Result<Answer, Failure> {
    let deadline = Deadline::new();
    let request = request(call).ok_or_else(|| refused("a call that HTTP cannot carry"))?;
    let body = request
        .body()
        .map_err(|()| refused("a call that HTTP cannot carry"))?;
    let coming = outgoing_handler::handle(request, None).map_err(|error| failure(&error))?;
    let sent = match call.body {
        Some(text) => write(&body, text.as_bytes(), &deadline),
        None => Ok(()),
    };
    match sent {
        Ok(()) => OutgoingBody::finish(body, None).map_err(|error| failure(&error))?,
        // The answer tells why: a refusal may come before the whole body is there.
        Err(Stopped::Closed) => drop(body),
        Err(Stopped::Late) => return Err(Failure::TimedOut),
    }
    loop {
        match coming.get() {
            Some(Ok(Ok(head))) => return Answer::new(head),
            Some(Ok(Err(error))) => return Err(failure(&error)),
            Some(Err(())) => return Err(unreachable("the runtime lost the answer")),
            None => deadline
                .wait(&coming.subscribe())
                .map_err(|_| Failure::TimedOut)?,
        }
    }
}

/// None: the host refuses a part of it.
fn request(call: &Call<'_>) -> Option<OutgoingRequest> {
    let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
    for (name, value) in &call.headers {
        headers.push((name.to_ascii_lowercase(), value.clone().into_bytes()));
    }
    if let Some(body) = call.body {
        headers.push((
            "content-length".to_owned(),
            body.len().to_string().into_bytes(),
        ));
    }
    let request = OutgoingRequest::new(Fields::from_list(&headers).ok()?);
    let scheme = if call.url.scheme_str() == Some("https") {
        Scheme::Https
    } else {
        Scheme::Http
    };
    request.set_method(&call.method).ok()?;
    request.set_scheme(Some(&scheme)).ok()?;
    request
        .set_authority(call.url.authority().map(http::uri::Authority::as_str))
        .ok()?;
    let path = call
        .url
        .path_and_query()
        .map(http::uri::PathAndQuery::as_str);
    request.set_path_with_query(path).ok()?;
    Some(request)
}

/// Why a body could not be sent.
enum Stopped {
    Closed,
    Late,
}

fn write(body: &OutgoingBody, mut bytes: &[u8], deadline: &Deadline) -> Result<(), Stopped> {
    let stream: OutputStream = body.write().map_err(|()| Stopped::Closed)?;
    let ready = stream.subscribe();
    while !bytes.is_empty() {
        let room = stream.check_write().map_err(|_| Stopped::Closed)?;
        let room = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
        let (now, later) = bytes.split_at(room);
        stream.write(now).map_err(|_| Stopped::Closed)?;
        bytes = later;
        if room == 0 {
            deadline.wait(&ready)?;
        }
    }
    stream.flush().map_err(|_| Stopped::Closed)
}

/// The head of an answer, and its body as it comes.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    // Dropped in this order, the stream before what it belongs to.
    stream: InputStream,
    _body: IncomingBody,
    _head: IncomingResponse,
}

impl Answer {
    fn new(head: IncomingResponse) -> Result<Answer, Failure> {
        let once = |()| unreachable("the runtime gave an answer without a body");
        let body = head.consume().map_err(once)?;
        let stream = body.stream().map_err(once)?;
        let headers = head.headers().entries().into_iter().map(|(name, value)| {
            (
                name.to_ascii_lowercase(),
                String::from_utf8_lossy(&value).into_owned(),
            )
        });
        Ok(Answer {
            status: head.status(),
            headers: headers.collect(),
            stream,
            _body: body,
            _head: head,
        })
    }

    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Reads on until `into` has more than `bytes_max` or the body ends, which is then true.
    pub(crate) fn read(&self, into: &mut Vec<u8>, bytes_max: usize) -> Result<bool, Failure> {
        let deadline = Deadline::new();
        let ready = self.stream.subscribe();
        while into.len() <= bytes_max {
            match self.stream.read(READ_BYTES) {
                Ok(piece) if piece.is_empty() => {
                    deadline.wait(&ready).map_err(|_| Failure::TimedOut)?;
                }
                Ok(piece) => into.extend(piece),
                Err(StreamError::Closed) => return Ok(true),
                Err(StreamError::LastOperationFailed(error)) => {
                    let cut = || unreachable("the connection was cut");
                    return Err(http_error_code(&error).map_or_else(cut, |error| failure(&error)));
                }
            }
        }
        Ok(false)
    }
}

/// The end of an exchange.
struct Deadline(Pollable);

impl Deadline {
    fn new() -> Deadline {
        Deadline(monotonic_clock::subscribe_duration(EXCHANGE_NS_MAX))
    }

    /// Returns when `ready` is. Errors: the time is up.
    fn wait(&self, ready: &Pollable) -> Result<(), Stopped> {
        if poll(&[ready, &self.0]).contains(&0) {
            Ok(())
        } else {
            Err(Stopped::Late)
        }
    }
}

/// What an exchange without an answer is.
fn failure(error: &ErrorCode) -> Failure {
    match error {
        ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::DnsTimeout
        | ErrorCode::HttpResponseTimeout => Failure::TimedOut,
        ErrorCode::HttpRequestDenied
        | ErrorCode::DestinationIpProhibited
        | ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestMethodInvalid => {
            refused(format!("by the runtime: {}", name(error)))
        }
        ErrorCode::HttpResponseBodySize(_)
        | ErrorCode::HttpResponseHeaderSectionSize(_)
        | ErrorCode::HttpResponseHeaderSize(_) => Failure::TooLarge,
        _ => unreachable(name(error)),
    }
}

/// `ConnectionRefused`, `DnsError(…)`.
fn name(error: &ErrorCode) -> String {
    format!("{error:?}").replace("ErrorCode::", "")
}
