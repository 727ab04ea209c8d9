//! What was asked for, and whether an answer can be one to it.
//!
//! A host that mixes its answers up could make a ledger look empty, or lose keys between two
//! pages. So each answer is held against its request before a flow sees it, and what does not fit
//! ends the pass by name.

use std::fmt;

use crate::bindings::exports::atsync::connector::reconcile::{
    Answer, Effect, Lines, Method, Scan, Timestamp,
};

/// An open request: as much of it as names it and judges its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// A call to a service.
    Http {
        /// The service's name.
        service: String,
        /// The call's method.
        method: Method,
        /// Below the base URL, without its query.
        path: String,
    },
    /// A piece of a file. The URL is left out: it has a signature.
    ReadLines {
        /// Where the piece begins, in bytes.
        offset: u64,
        /// The longest that it may be.
        max_bytes: u32,
    },
    /// So many keys.
    Load(usize),
    /// A page of keys.
    Scan {
        /// What the keys begin with.
        prefix: String,
        /// The key before the page.
        after: Option<String>,
        /// The most that may come.
        limit: u32,
    },
    /// So many writes.
    Commit(usize),
    /// A wait until then.
    WaitUntil(Timestamp),
}

impl From<&Effect> for Asked {
    fn from(effect: &Effect) -> Self {
        match effect {
            Effect::Http(request) => Self::Http {
                service: request.service.clone(),
                method: request.method,
                path: request.path.split('?').next().unwrap_or_default().into(),
            },
            Effect::ReadLines(request) => Self::ReadLines {
                offset: request.offset,
                max_bytes: request.max_bytes,
            },
            Effect::Load(keys) => Self::Load(keys.len()),
            Effect::Scan(Scan {
                prefix,
                after,
                limit,
            }) => Self::Scan {
                prefix: prefix.clone(),
                after: after.clone(),
                limit: *limit,
            },
            Effect::Commit(writes) => Self::Commit(writes.len()),
            Effect::WaitUntil(at) => Self::WaitUntil(*at),
        }
    }
}

impl Asked {
    /// Whether the answer can be one to this; else what is wrong with it.
    ///
    /// # Errors
    /// What the host did, to be read after the name of the request.
    pub fn fits(&self, answer: &Answer) -> Result<(), String> {
        match (self, answer) {
            (_, Answer::Failed(_))
            | (Self::Commit(_), Answer::Committed)
            | (Self::WaitUntil(_), Answer::Woke) => Ok(()),
            (Self::Http { .. }, Answer::Http(response)) => match response.status {
                100..=599 => Ok(()),
                status => Err(format!(
                    "was answered with status {status}, which there is not"
                )),
            },
            (Self::ReadLines { offset, max_bytes }, Answer::Lines(lines)) => {
                piece_fits(*offset, *max_bytes, lines)
            }
            (Self::Load(keys), Answer::Loaded(values)) if values.len() == *keys => Ok(()),
            (Self::Load(_), Answer::Loaded(values)) => {
                Err(format!("was answered with {} values", values.len()))
            }
            (
                Self::Scan {
                    prefix,
                    after,
                    limit,
                },
                Answer::Scanned(entries),
            ) => page_fits(
                prefix,
                after.as_deref(),
                *limit,
                entries.iter().map(|entry| entry.key.as_str()),
            ),
            _ => Err(format!("was answered by `{}`", kind(answer))),
        }
    }
}

fn piece_fits(offset: u64, max_bytes: u32, lines: &Lines) -> Result<(), String> {
    let bytes = lines.text.len() as u64;
    if bytes > u64::from(max_bytes) {
        return Err(format!("was answered with {bytes} bytes"));
    }
    match lines.next_offset {
        Some(next) if next != offset.saturating_add(bytes) => Err(format!(
            "was answered with {bytes} bytes, and the next piece beginning at {next}"
        )),
        Some(_) if !lines.text.ends_with('\n') => {
            Err("was answered with a piece that ends within a line".into())
        }
        _ => Ok(()),
    }
}

/// A page in another order than that of bytes would make the next one begin at the wrong place.
fn page_fits<'k>(
    prefix: &str,
    after: Option<&'k str>,
    limit: u32,
    keys: impl ExactSizeIterator<Item = &'k str>,
) -> Result<(), String> {
    if keys.len() > limit as usize {
        return Err(format!("was answered with {} keys", keys.len()));
    }
    let mut before = after;
    for key in keys {
        if !key.starts_with(prefix) {
            return Err(format!("was answered with the key \"{key}\""));
        }
        if let Some(before) = before.filter(|before| *before >= key) {
            return Err(format!(
                "was answered with the key \"{key}\" after \"{before}\", which is not the order of their bytes"
            ));
        }
        before = Some(key);
    }
    Ok(())
}

impl fmt::Display for Asked {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http {
                service,
                method,
                path,
            } => {
                let method = match method {
                    Method::Get => "get",
                    Method::Post => "post",
                    Method::Put => "put",
                    Method::Patch => "patch",
                    Method::Delete => "delete",
                };
                write!(to, "http {service} {method} {path}")
            }
            Self::ReadLines { offset, max_bytes } => {
                write!(to, "read-lines of {max_bytes} bytes from {offset}")
            }
            Self::Load(keys) => write!(to, "load of {keys} keys"),
            Self::Scan { prefix, limit, .. } => {
                write!(to, "scan of {limit} keys under \"{prefix}\"")
            }
            Self::Commit(writes) => write!(to, "commit of {writes} keys"),
            Self::WaitUntil(at) => write!(to, "wait-until {at}"),
        }
    }
}

fn kind(answer: &Answer) -> &'static str {
    match answer {
        Answer::Http(_) => "http",
        Answer::Lines(_) => "lines",
        Answer::Loaded(_) => "loaded",
        Answer::Scanned(_) => "scanned",
        Answer::Committed => "committed",
        Answer::Woke => "woke",
        Answer::Failed(_) => "failed",
    }
}

#[cfg(test)]
#[path = "asked_tests.rs"]
mod tests;
