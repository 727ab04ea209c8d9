//! A whole file that a server sends at once, handed out piece by piece.

use reqwest::Response;

use super::{Pace, cut, egress};
use crate::engine::reconcile::{Failure, Lines};

/// An answer that stays open. While nobody reads, the network holds the server back.
pub(super) struct Stream {
    response: Response,
    /// Where in the file `rest` begins.
    offset: u64,
    /// Read from the network, not handed out yet.
    rest: Vec<u8>,
    ended: bool,
    pace: Pace,
}

impl Stream {
    pub(super) fn new(response: Response, pace: Pace) -> Self {
        Stream {
            response,
            pace,
            offset: 0,
            rest: Vec::new(),
            ended: false,
        }
    }

    /// Whether the file's `offset` is still ahead.
    pub(super) fn reaches(&self, offset: u64) -> bool {
        offset >= self.offset
    }

    /// The piece at `offset`; what lies before is skipped.
    pub(super) async fn piece(&mut self, offset: u64, bytes_max: usize) -> Result<Lines, Failure> {
        let pace = self.pace;
        // What is skipped may be much; each step of it has the time of a piece.
        while self.offset < offset {
            let step = offset.min(self.offset.saturating_add(pace.bytes));
            pace.keep(self.skip_to(step)).await?;
        }
        pace.keep(self.fill(bytes_max)).await?;
        let last = self.ended && self.rest.len() <= bytes_max;
        let after = self.rest.split_off(bytes_max.min(self.rest.len()));
        let mut bytes = std::mem::replace(&mut self.rest, after);
        if !last && let Some(line_end) = bytes.iter().rposition(|byte| *byte == b'\n') {
            let unfinished = bytes.split_off(line_end + 1);
            self.rest.splice(..0, unfinished);
        }
        self.offset = self.offset.saturating_add(bytes.len() as u64);
        cut(bytes, offset, last, bytes_max)
    }

    async fn skip_to(&mut self, offset: u64) -> Result<(), Failure> {
        while self.offset < offset {
            if self.rest.is_empty() {
                if self.ended {
                    return Err(Failure::Unreachable(
                        "the file ends before the part asked for".to_owned(),
                    ));
                }
                self.more().await?;
            }
            let left = usize::try_from(offset - self.offset).unwrap_or(usize::MAX);
            let skipped = left.min(self.rest.len());
            self.rest.drain(..skipped);
            self.offset = self.offset.saturating_add(skipped as u64);
        }
        Ok(())
    }

    async fn fill(&mut self, bytes_max: usize) -> Result<(), Failure> {
        while !self.ended && self.rest.len() <= bytes_max {
            self.more().await?;
        }
        Ok(())
    }

    async fn more(&mut self) -> Result<(), Failure> {
        match self.response.chunk().await.map_err(egress::failure)? {
            Some(chunk) => self.rest.extend_from_slice(&chunk),
            None => self.ended = true,
        }
        Ok(())
    }
}
