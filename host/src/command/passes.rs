//! Commands that run one pass over each connection that is meant: `sync`, `plan`, and what a
//! manifest offers.

use std::sync::Arc;

use atsync::clock::{Clock, SystemClock};
use atsync::engine::reconcile::Mode;
use atsync::pass::{CancellationToken, Runner};
use atsync::recording::Recorder;
use atsync::store::Store;

use super::answer::Answer;
use super::{Common, Connectors, Exit, Ready, Site, Stop, block_on};
use crate::render::progress;

/// Run one pass now
#[derive(clap::Args, Debug)]
#[command(after_help = "Example: atsync sync --connection acme")]
pub struct Sync {
    #[command(flatten)]
    common: Common,
}

/// Show what a sync would change, and why; change nothing
#[derive(clap::Args, Debug)]
#[command(after_help = "Example: atsync plan --json\n\n\
    Requests that could change anything are refused, and the ledger is left as it is.")]
pub struct Plan {
    #[command(flatten)]
    common: Common,
}

impl Sync {
    pub fn run(&self, connectors: &mut Connectors) -> Result<Exit, Stop> {
        let site = Site::open(&self.common, connectors)?;
        let ready = site.ready(connectors)?;
        run(&site, ready, &Mode::Sync, &self.common)
    }
}

impl Plan {
    pub fn run(&self, connectors: &mut Connectors) -> Result<Exit, Stop> {
        let site = Site::open(&self.common, connectors)?;
        let ready = site.ready(connectors)?;
        run(&site, ready, &Mode::Plan, &self.common)
    }
}

/// Runs a pass in `mode` over each connection, one after the other, and shows what came of it.
pub fn run(site: &Site, ready: Vec<Ready>, mode: &Mode, common: &Common) -> Result<Exit, Stop> {
    let passes = Passes::new(site, common.json)?;
    let several = ready.len() > 1;
    block_on(async {
        let cancel = cancelled_by_ctrl_c();
        let mut worst = Exit::Done;
        for ready in ready {
            let answer = passes.run(site, ready, mode.clone(), &cancel).await;
            answer.print(common.json, several);
            worst = worst.max(answer.exit);
        }
        worst
    })
}

/// What passes need besides their connection.
pub struct Passes {
    store: Arc<dyn Store>,
    recorder: Option<Arc<Recorder>>,
    clock: Arc<dyn Clock>,
    quiet: bool,
}

impl Passes {
    /// Opens store and recordings; `quiet` shows no progress.
    ///
    /// # Errors
    /// Either cannot be opened.
    pub fn new(site: &Site, quiet: bool) -> Result<Self, Stop> {
        // What the host itself has to say, such as which limit was reached. A command that runs
        // several passes has said so already.
        let _ = tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_max_level(tracing::Level::WARN)
            .with_target(false)
            .without_time()
            .try_init();
        let (store, recorder) = (site.store()?, site.recorder()?);
        Ok(Self {
            store,
            recorder,
            clock: Arc::new(SystemClock),
            quiet,
        })
    }

    /// Runs one pass to its end.
    pub async fn run(
        &self,
        site: &Site,
        ready: Ready,
        mode: Mode,
        cancel: &CancellationToken,
    ) -> Answer {
        let Ready {
            connection,
            connector,
        } = ready;
        let name = connection.name.clone();
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let runner = match Runner::new(connector, connection, store, clock, self.recorder.clone()) {
            Ok(runner) => runner,
            Err(problem) => return Answer::of_finding(&name, Exit::Refused, problem.into()),
        };
        let line = progress::Line::new(&name, self.quiet);
        let passed = runner.run(mode, &|step| line.show(&step), cancel).await;
        line.finish();
        if let Some(recorder) = &self.recorder {
            recorder.flush();
        }
        Answer::new(site, &name, passed)
    }
}

/// Cancelled by the first Ctrl-C; a second one ends the program at once.
pub fn cancelled_by_ctrl_c() -> CancellationToken {
    let cancel = CancellationToken::new();
    let token = cancel.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_err() {
            return;
        }
        eprintln!("Stopping after what is on its way; Ctrl-C again breaks off at once.");
        token.cancel();
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(i32::from(Exit::Failed.code()));
        }
    });
    cancel
}
