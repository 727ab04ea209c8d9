//! What a pass of the probe does, as it stands in the setting `script`.

use serde::Deserialize;

/// A pass: its turns one after the other, and how it ends.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// What is asked for.
    #[serde(default)]
    pub turns: Vec<Turn>,
    /// How often all turns are gone through. More than once, the report counts and lists nothing.
    #[serde(default = "once")]
    pub repeat: u32,
    /// How the pass ends.
    #[serde(default)]
    pub end: End,
}

fn once() -> u32 {
    1
}

/// Requests that are asked for together.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// What is asked for.
    pub ask: Vec<Ask>,
    /// The ids of the requests; without them, they are numbered on from 1.
    #[serde(default)]
    pub ids: Vec<u32>,
    /// The requests to wait for before the next turn; without them, all that are open.
    pub until: Option<Vec<u32>>,
}

/// An effect, in the words of the contract.
#[derive(Deserialize, Clone, Debug)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// A call to a service.
    Http {
        /// The service's name.
        service: String,
        /// In lower case.
        #[serde(default = "get")]
        method: String,
        /// Below the base URL.
        path: String,
        /// Sent as they are.
        #[serde(default)]
        headers: Vec<(String, String)>,
        /// Sent as it is.
        body: Option<String>,
        /// It says that it changes something.
        #[serde(default)]
        changes: bool,
        /// For a journal.
        key: Option<String>,
    },
    /// One piece of a file.
    ReadLines {
        /// Where the file is.
        url: String,
        /// In bytes.
        offset: u64,
        /// At most so many.
        max_bytes: u32,
    },
    /// All pieces of a file, one after the other.
    ReadFile {
        /// Where the file is.
        url: String,
        /// Bytes of one piece, at most.
        max_bytes: u32,
        /// Where the next piece begins.
        #[serde(default)]
        offset: u64,
    },
    /// Values of keys.
    Load(Vec<String>),
    /// Keys and values.
    Scan {
        /// Keys begin with this.
        #[serde(default)]
        prefix: String,
        /// Keys come after this.
        after: Option<String>,
        /// At most so many.
        limit: u32,
    },
    /// Keys with their new values; none deletes.
    Commit(Vec<(String, Option<String>)>),
    /// Wait so many milliseconds from the latest time that is known.
    Wait(u64),
    /// Wait until then.
    WaitUntil(u64),
}

fn get() -> String {
    "get".to_owned()
}

/// How a pass ends when its turns are through, whatever is open then.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum End {
    /// With an outcome.
    Done {
        /// `done`, `attention` or `failed`.
        verdict: String,
        /// Milliseconds since 1970; none is a minute after the latest time that is known.
        next_run: Option<u64>,
    },
    /// With a fault.
    Fault {
        /// `permanent-settings` and so on.
        kind: String,
    },
    /// By a trap.
    Trap,
    /// By waiting for nothing, which no connector may.
    WaitForNothing,
}

impl Default for End {
    fn default() -> Self {
        Self::Done {
            verdict: "done".to_owned(),
            next_run: None,
        }
    }
}
