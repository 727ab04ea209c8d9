//! `read-lines`: a remote file of lines in pieces, by HTTP ranges.

use http::Uri;
use wasip2::http::types::Method;

use crate::bindings::atsync::connector::reconcile::{Failure, Lines, LinesRequest};
use crate::problem::{refused, unreachable};
use crate::web::{self, Answer, Call, Origin};

/// The largest piece that may be asked for, in bytes.
const PIECE_BYTES_MAX: usize = 8 << 20;

/// Reads files. A server that ignores ranges sends the whole file: that answer stays open and
/// is handed out piece by piece.
#[derive(Default)]
pub(crate) struct Reader(Option<Whole>);

struct Whole {
    url: String,
    /// Where in the file `read` begins.
    offset: u64,
    /// Read and not handed out yet.
    read: Vec<u8>,
    answer: Answer,
}

impl Reader {
    /// The piece that is asked for, cut after its last line end.
    pub(crate) fn piece(&mut self, request: &LinesRequest, url: &Uri) -> Result<Lines, Failure> {
        let bytes_max = usize::try_from(request.max_bytes).unwrap_or(usize::MAX);
        if !(1..=PIECE_BYTES_MAX).contains(&bytes_max) {
            return Err(refused(format!(
                "a piece of {bytes_max} bytes; it takes {PIECE_BYTES_MAX}"
            )));
        }
        let open = self
            .0
            .take()
            .filter(|open| open.url == request.url && open.offset == request.offset);
        let mut whole = match open {
            Some(open) => open,
            None => match ask(url, request.offset, bytes_max)? {
                Asked::Piece { bytes, last } => return cut(&bytes, request.offset, last),
                Asked::Whole(answer) => Whole::skipped(answer, request)?,
            },
        };
        let ended = whole.answer.read(&mut whole.read, bytes_max)?;
        let last = ended && whole.read.len() <= bytes_max;
        let piece = whole.read.get(..bytes_max).unwrap_or(&whole.read);
        let lines = cut(piece, request.offset, last)?;
        if let Some(next) = lines.next_offset {
            whole.read.drain(..lines.text.len());
            whole.offset = next;
            self.0 = Some(whole);
        }
        Ok(lines)
    }
}

impl Whole {
    /// The answer from the offset that is asked for on; what lies before is dropped.
    fn skipped(answer: Answer, request: &LinesRequest) -> Result<Whole, Failure> {
        let (mut read, mut left) = (Vec::new(), request.offset);
        while left > 0 {
            let ended = answer.read(&mut read, 0)?;
            let drop = usize::try_from(left).unwrap_or(usize::MAX).min(read.len());
            read.drain(..drop);
            left -= drop as u64;
            if ended && left > 0 {
                return Err(unreachable("the file is shorter than it was"));
            }
        }
        Ok(Whole {
            url: request.url.clone(),
            offset: request.offset,
            read,
            answer,
        })
    }
}

/// What the server of a file gives.
enum Asked {
    Piece { bytes: Vec<u8>, last: bool },
    Whole(Answer),
}

fn ask(url: &Uri, offset: u64, bytes_max: usize) -> Result<Asked, Failure> {
    let end = offset.saturating_add(bytes_max as u64 - 1);
    // Offsets count the bytes of the file, so it must not be compressed on the way.
    let headers = [
        ("range", format!("bytes={offset}-{end}")),
        ("accept-encoding", "identity".to_owned()),
    ];
    let headers = headers
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
    let answer = web::send(&Call {
        method: Method::Get,
        url,
        headers,
        body: None,
    })?;
    let range = answer.header("content-range").and_then(Range::parse);
    match (answer.status, range) {
        (200, _) => Ok(Asked::Whole(answer)),
        (
            206,
            Some(Range {
                start: Some(start),
                total,
            }),
        ) if start == offset => {
            let mut bytes = Vec::new();
            if !answer.read(&mut bytes, bytes_max)? {
                return Err(unreachable(
                    "the server of the file sent more than was asked for",
                ));
            }
            let last = offset + bytes.len() as u64 >= total;
            Ok(Asked::Piece { bytes, last })
        }
        (416, Some(Range { total, .. })) if total == offset => Ok(Asked::Piece {
            bytes: Vec::new(),
            last: true,
        }),
        (status, _) => Err(unreachable(format!(
            "the server of the file answered with status {status}"
        ))),
    }
}

/// `bytes 0-99/1000`, or `bytes */1000`.
#[derive(Debug, PartialEq)]
struct Range {
    start: Option<u64>,
    total: u64,
}

impl Range {
    fn parse(text: &str) -> Option<Range> {
        let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
        let start = match range {
            "*" => None,
            _ => Some(range.split_once('-')?.0.parse().ok()?),
        };
        Some(Range {
            start,
            total: total.parse().ok()?,
        })
    }
}

/// A piece at `offset` up to its last line end, or to its own if it is the last one.
fn cut(piece: &[u8], offset: u64, last: bool) -> Result<Lines, Failure> {
    let line_end = piece
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map(|at| at + 1);
    let end = if last {
        piece.len()
    } else {
        line_end.ok_or(Failure::TooLarge)?
    };
    let text = str::from_utf8(piece.get(..end).unwrap_or(piece))
        .map_err(|_| refused("the file is not UTF-8"))?;
    let next_offset = (!last).then_some(offset + end as u64);
    Ok(Lines {
        text: text.to_owned(),
        next_offset,
    })
}

/// Whether a file may be downloaded from there: `name.tld`, or `*.name.tld` for any one label
/// before it, each at the scheme's own port unless it names one.
pub(crate) fn named(hosts: &[String], origin: &Origin) -> bool {
    let with_port = origin.port.map(|port| format!("{}:{port}", origin.host));
    hosts
        .iter()
        .map(|pattern| pattern.to_ascii_lowercase())
        .any(|pattern| match &with_port {
            Some(with_port) => pattern == *with_port,
            None => match pattern.strip_prefix("*.") {
                Some(rest) => origin
                    .host
                    .split_once('.')
                    .is_some_and(|(label, after)| !label.is_empty() && after == rest),
                None => pattern == origin.host,
            },
        })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_piece_ends_with_a_line_unless_it_is_the_last() {
        let cut = |text: &str, last| {
            cut(text.as_bytes(), 10, last).map(|lines| (lines.text, lines.next_offset))
        };
        assert_eq!(
            cut("one\ntw", false).ok().unwrap(),
            ("one\n".to_owned(), Some(14))
        );
        assert_eq!(
            cut("one\ntw", true).ok().unwrap(),
            ("one\ntw".to_owned(), None)
        );
        assert!(matches!(cut("one", false), Err(Failure::TooLarge)));
    }

    #[test]
    fn ranges_are_read() {
        assert_eq!(
            Range::parse("bytes 5-9/100"),
            Some(Range {
                start: Some(5),
                total: 100
            })
        );
        assert_eq!(
            Range::parse("bytes */100"),
            Some(Range {
                start: None,
                total: 100
            })
        );
        assert_eq!(Range::parse("bytes 5-9/*"), None);
    }

    #[test]
    fn only_named_hosts_are_downloaded_from() {
        let hosts = ["files.example", "*.store.example", "big.example:8443"].map(str::to_owned);
        let named = |url: &str| named(&hosts, &web::origin(&url.parse().unwrap()));
        for url in [
            "https://files.example/a",
            "https://EU.store.example/a",
            "https://big.example:8443/a",
        ] {
            assert!(named(url), "{url}");
        }
        for url in [
            "https://store.example/",
            "https://a.b.store.example/",
            "https://files.example:1/",
            "https://big.example/",
        ] {
            assert!(!named(url), "{url}");
        }
    }
}
