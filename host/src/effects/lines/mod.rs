//! `read-lines`: a remote text file in pieces, each cut at a line end.
//!
//! Pieces come by HTTP ranges, and while the component works on one the next is on its way. A
//! server that ignores ranges sends the whole file: that answer stays open and is handed out
//! piece by piece. Either way memory holds two pieces, however long the file is. No credential
//! is ever sent.

mod allowed;
mod stream;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, CONTENT_RANGE, ETAG, LAST_MODIFIED, RANGE};
use reqwest::{Response, StatusCode};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use super::{Network, egress};
use crate::engine::reconcile::{Failure, Lines, LinesRequest};
pub(super) use allowed::Allowed;
use stream::Stream;

/// Files that are kept open. When one more begins they are all let go: whoever goes on with one
/// begins it anew where he is.
const FILES_MAX: usize = 32;

/// The files that one pass reads.
pub(super) struct Reader {
    network: Arc<Network>,
    files: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<File>>>>,
}

/// One file, as far as it was read.
#[derive(Default)]
struct File {
    /// What told this file from another in the first answer.
    identity: Option<Identity>,
    ahead: Option<Ahead>,
    stream: Option<Stream>,
}

/// A file is the same while none of these changes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Identity {
    bytes: Option<u64>,
    etag: Option<String>,
    modified: Option<String>,
}

/// The next piece, on its way before it is asked for.
struct Ahead {
    offset: u64,
    bytes_max: usize,
    piece: AbortOnDropHandle<Result<Fetched, Failure>>,
}

/// What came for a range.
enum Fetched {
    Piece {
        bytes: Vec<u8>,
        last: bool,
        identity: Identity,
    },
    Whole {
        response: Response,
        identity: Identity,
    },
}

impl Reader {
    pub(super) fn new(network: Arc<Network>) -> Self {
        Reader {
            network,
            files: Mutex::default(),
        }
    }

    pub(super) async fn read(&self, request: LinesRequest) -> Result<Lines, Failure> {
        let bytes_max = usize::try_from(request.max_bytes).unwrap_or(usize::MAX);
        if bytes_max == 0 || bytes_max > self.network.limits.piece_bytes {
            return Err(Failure::Refused(format!(
                "a piece of {bytes_max} bytes; it is 1 to {}",
                self.network.limits.piece_bytes
            )));
        }
        let source = Source::new(&self.network, &request.url)?;
        if request.offset > self.network.limits.download_bytes {
            source.tell("is larger than download_mb in [limits] allows");
            return Err(Failure::TooLarge);
        }
        let file = {
            let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            if files.len() >= FILES_MAX && !files.contains_key(&request.url) {
                files.clear();
            }
            Arc::clone(files.entry(request.url).or_default())
        };
        let mut file = file.lock().await;
        let lines = file.read(&source, request.offset, bytes_max).await;
        match &lines {
            Err(Failure::TimedOut) => {
                source.tell("comes more slowly than request_timeout_s in [limits] allows");
            }
            Err(Failure::TooLarge) => {
                source.tell("has a line, or a part, longer than the piece that was asked for");
            }
            _ => {}
        }
        if lines.is_err() {
            *file = File {
                identity: file.identity.take(),
                ..File::default()
            };
        }
        lines
    }
}

impl File {
    async fn read(
        &mut self,
        source: &Source,
        offset: u64,
        bytes_max: usize,
    ) -> Result<Lines, Failure> {
        if let Some(stream) = self.stream.as_mut().filter(|stream| stream.reaches(offset)) {
            let _turn = source.turn().await?;
            return stream.piece(offset, bytes_max).await;
        }
        match self.fetched(source, offset, bytes_max).await? {
            Fetched::Piece {
                bytes,
                last,
                identity,
            } => {
                self.same(source, &identity)?;
                let lines = cut(bytes, offset, last, bytes_max)?;
                self.ahead = lines.next_offset.map(|next| source.ahead(next, bytes_max));
                Ok(lines)
            }
            Fetched::Whole { response, identity } => {
                self.same(source, &identity)?;
                let stream = self.stream.insert(Stream::new(response, source.pace));
                let _turn = source.turn().await?;
                stream.piece(offset, bytes_max).await
            }
        }
    }

    async fn fetched(
        &mut self,
        source: &Source,
        offset: u64,
        bytes_max: usize,
    ) -> Result<Fetched, Failure> {
        match self.ahead.take() {
            Some(ahead) if ahead.offset == offset && ahead.bytes_max == bytes_max => {
                ahead.piece.await.unwrap_or(Err(Failure::TimedOut))
            }
            _ => source.fetch(offset, bytes_max).await,
        }
    }

    fn same(&mut self, source: &Source, identity: &Identity) -> Result<(), Failure> {
        if self.identity.get_or_insert_with(|| identity.clone()) == identity {
            return Ok(());
        }
        Err(Failure::Unreachable(format!(
            "the file at {} changed while it was read",
            source.place()
        )))
    }
}

/// Where a file is.
#[derive(Clone)]
struct Source {
    client: reqwest::Client,
    url: Url,
    pace: Pace,
    /// See [`Network`].
    exchanges: Arc<Semaphore>,
}

/// What may be asked of a server at once, and how long it may take over that.
#[derive(Clone, Copy)]
struct Pace {
    bytes: u64,
    time: Duration,
}

impl Source {
    fn new(network: &Network, url: &str) -> Result<Source, Failure> {
        let url = Url::parse(url)
            .map_err(|error| Failure::Refused(format!("the address of a file is none: {error}")))?;
        let private_addresses = network.downloads.check(&url)?;
        let client = network.egress.client(&url, private_addresses)?.clone();
        let pace = Pace {
            bytes: network.limits.piece_bytes as u64,
            time: network.limits.request_timeout,
        };
        Ok(Source {
            client,
            url,
            pace,
            exchanges: Arc::clone(&network.exchanges),
        })
    }

    /// The right to have something on its way, beside all other exchanges of the connection. An
    /// answer that stays open while nobody reads from it takes none.
    async fn turn(&self) -> Result<SemaphorePermit<'_>, Failure> {
        let turn = self.exchanges.acquire().await;
        turn.map_err(|_| Failure::Unsupported)
    }

    fn ahead(&self, offset: u64, bytes_max: usize) -> Ahead {
        let source = self.clone();
        let piece = tokio::spawn(async move { source.fetch(offset, bytes_max).await });
        Ahead {
            offset,
            bytes_max,
            piece: AbortOnDropHandle::new(piece),
        }
    }

    async fn fetch(&self, offset: u64, bytes_max: usize) -> Result<Fetched, Failure> {
        let _turn = self.turn().await?;
        self.pace.keep(self.ask(offset, bytes_max)).await
    }

    async fn ask(&self, offset: u64, bytes_max: usize) -> Result<Fetched, Failure> {
        let end = offset.saturating_add(bytes_max as u64 - 1);
        let response = self
            .client
            .get(self.url.clone())
            .header(RANGE, format!("bytes={offset}-{end}"))
            // Offsets count the bytes of the file, so it must not be compressed on the way.
            .header(ACCEPT_ENCODING, "identity")
            .send()
            .await
            .map_err(egress::failure)?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT => self.piece(response, offset, bytes_max).await,
            StatusCode::OK => {
                let identity = Identity::of(&response, response.content_length());
                Ok(Fetched::Whole { response, identity })
            }
            StatusCode::RANGE_NOT_SATISFIABLE => self.at_the_end(&response, offset),
            status => Err(self.unreachable(&format!("answered with status {status}"))),
        }
    }

    async fn piece(
        &self,
        mut response: Response,
        offset: u64,
        bytes_max: usize,
    ) -> Result<Fetched, Failure> {
        let range = response
            .headers()
            .get(CONTENT_RANGE)
            .and_then(|value| value.to_str().ok());
        let (first, end, total) = range
            .and_then(range_of)
            .ok_or_else(|| self.unreachable("answered with a part and does not say which"))?;
        if first != offset {
            return Err(self.unreachable("answered with another part than the one asked for"));
        }
        let identity = Identity::of(&response, total);
        let mut bytes = Vec::with_capacity(bytes_max);
        while let Some(chunk) = response.chunk().await.map_err(egress::failure)? {
            if bytes.len() + chunk.len() > bytes_max {
                return Err(Failure::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        let received = first.saturating_add(bytes.len() as u64);
        if end.checked_add(1) != Some(received) {
            return Err(self.unreachable("sent less than it announced"));
        }
        Ok(Fetched::Piece {
            bytes,
            last: total == Some(received),
            identity,
        })
    }

    /// Nothing lies at `offset`: the file is empty, or its end was not known before.
    fn at_the_end(&self, response: &Response, offset: u64) -> Result<Fetched, Failure> {
        let range = response
            .headers()
            .get(CONTENT_RANGE)
            .and_then(|value| value.to_str().ok());
        let total = range.and_then(|range| range.strip_prefix("bytes */")?.trim().parse().ok());
        if total != Some(offset) {
            return Err(self.unreachable("has no such part"));
        }
        Ok(Fetched::Piece {
            bytes: Vec::new(),
            last: true,
            identity: Identity::of(response, total),
        })
    }

    /// Tells the operator which limit ended the reading; to the component it is a failure only.
    fn tell(&self, what: &str) {
        tracing::warn!("the file at {} {what}", self.place());
    }

    fn unreachable(&self, what: &str) -> Failure {
        Failure::Unreachable(format!("the file at {} {what}", self.place()))
    }

    /// Host and path, for messages; the rest of a download's address may be a signature.
    fn place(&self) -> String {
        format!(
            "{}{}",
            self.url.host_str().unwrap_or_default(),
            self.url.path()
        )
    }
}

impl Pace {
    /// Ends what takes longer, however many bytes trickle in meanwhile.
    async fn keep<T>(
        self,
        exchange: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let kept = tokio::time::timeout(self.time, exchange).await;
        kept.unwrap_or(Err(Failure::TimedOut))
    }
}

impl Identity {
    fn of(response: &Response, bytes: Option<u64>) -> Self {
        let header = |name| {
            let value = response.headers().get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        Identity {
            bytes,
            etag: header(ETAG),
            modified: header(LAST_MODIFIED),
        }
    }
}

/// First byte, last byte and length, from `bytes 0-99/1234` or `bytes 0-99/*` (RFC 9110 §14.4).
fn range_of(value: &str) -> Option<(u64, u64, Option<u64>)> {
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let total = if total == "*" {
        None
    } else {
        Some(total.parse().ok()?)
    };
    Some((first.parse().ok()?, last.parse().ok()?, total))
}

/// Whole lines from `bytes`, which begin at `offset` of the file.
fn cut(mut bytes: Vec<u8>, offset: u64, last: bool, bytes_max: usize) -> Result<Lines, Failure> {
    if !last {
        match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(line_end) => bytes.truncate(line_end + 1),
            None if bytes.len() >= bytes_max => return Err(Failure::TooLarge),
            None => {
                return Err(Failure::Unreachable(
                    "the server sent a part without a line end".to_owned(),
                ));
            }
        }
    }
    let next_offset = (!last).then(|| offset.saturating_add(bytes.len() as u64));
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = offset.saturating_add(error.utf8_error().valid_up_to() as u64);
        Failure::Refused(format!("the file is not UTF-8 at byte {at}"))
    })?;
    Ok(Lines { text, next_offset })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_range_is_read_and_nonsense_is_none() {
        assert_eq!(range_of("bytes 0-99/1234"), Some((0, 99, Some(1234))));
        assert_eq!(range_of("bytes 5-9/*"), Some((5, 9, None)));
        for nonsense in [
            "",
            "bytes */9",
            "bytes 1-/9",
            "items 0-1/2",
            "bytes 0-99999999999999999999/1",
        ] {
            assert_eq!(range_of(nonsense), None, "{nonsense}");
        }
    }
}
