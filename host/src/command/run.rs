//! `atsync run`: the daemon.

use std::sync::Arc;

use atsync::clock::{Clock, SystemClock};
use atsync::pass::{CancellationToken, Ended, Passed, Runner, fault_parts};
use atsync::problem::Problem;
use atsync::schedule;
use atsync::server::{Metrics, Server};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{Common, Connectors, Exit, Site, Stop, block_on};
use crate::render::time;
use crate::report::Report;

/// Run as a daemon: passes when due, webhooks, status page, metrics
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Example: atsync run --config /etc/atsync/atsync.toml

SIGTERM and Ctrl-C end it within seconds; what was committed is kept. What it does is told on
standard error, with --json as JSON lines on standard output.")]
pub struct Run {
    #[command(flatten)]
    common: Common,
}

impl Run {
    pub fn run(&self, connectors: &mut Connectors) -> Result<Exit, Stop> {
        let site = Site::open(&self.common, connectors)?;
        let ready = site.ready(connectors)?;
        let (store, recorder) = (site.store()?, site.recorder()?);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let metrics = Arc::new(Metrics::default());
        let server = Server::new(
            ready
                .iter()
                .map(|one| (&one.connection, one.connector.describe())),
            Arc::clone(&store),
            Arc::clone(&clock),
            Arc::clone(&metrics),
        )
        .with_token(site.config.token.as_ref().map(|found| found.secret.clone()));
        let mut runners = Vec::new();
        for one in ready {
            let (store, clock) = (Arc::clone(&store), Arc::clone(&clock));
            runners.push(Runner::new(
                one.connector,
                one.connection,
                store,
                clock,
                recorder.clone(),
            )?);
        }
        tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_target(false)
            .init();
        block_on(async {
            let listen = site.config.listen;
            let listener = TcpListener::bind(listen).await.map_err(|error| {
                Stop::failed(
                    "server-port",
                    format!("The server cannot listen on {listen}: {error}."),
                    "Free the address, or choose another as [server] listen.",
                )
            })?;
            let listen = listener.local_addr().unwrap_or(listen);
            let names: Vec<_> = runners.iter().map(Runner::name).collect();
            eprintln!(
                "Running {} on http://{listen}/, until Ctrl-C.",
                names.join(", ")
            );
            let cancel = CancellationToken::new();
            let serving = tokio::spawn(server.serve(listener, cancel.clone()));
            let json = self.common.json;
            let on_pass: schedule::OnPass = Arc::new(move |name, result| {
                metrics.passed(name, result);
                tell(name, result, json);
            });
            let stopper = cancel.clone();
            tokio::spawn(async move {
                asked_to_end().await;
                eprintln!("Stopping.");
                stopper.cancel();
            });
            if let Some(recorder) = recorder.clone() {
                let clock = Arc::clone(&clock);
                tokio::spawn(async move { recorder.grow_old(&*clock).await });
            }
            schedule::run(runners, store, clock, on_pass, cancel.clone()).await;
            cancel.cancel();
            // A server that broke off has nothing left to finish.
            let _ = serving.await;
            if let Some(recorder) = recorder {
                recorder.flush();
            }
            eprintln!("Stopped.");
            Ok(Exit::Done)
        })?
    }
}

/// One line for each pass that ended.
fn tell(name: &str, result: &Result<Passed, Problem>, json: bool) {
    let (verdict, said) = match result.as_ref().map(|passed| &passed.ended) {
        Ok(Ended::Outcome(outcome)) => {
            let summary = Report::parse(&outcome.report).map(|report| report.summary);
            (
                Exit::from(outcome.verdict).name(),
                summary.unwrap_or_default(),
            )
        }
        Ok(Ended::Fault(fault)) => {
            let (_, problem) = fault_parts(fault);
            (
                Exit::Failed.name(),
                format!("{} {}", problem.message, problem.fix),
            )
        }
        Ok(Ended::Cancelled) => return,
        Err(problem) => (Exit::Failed.name(), problem.to_string()),
    };
    let cut = result.as_ref().ok().and_then(|passed| passed.recording_cut);
    if json {
        let line = serde_json::json!({
            "connection": name, "verdict": verdict, "summary": said, "recording_cut": cut,
        });
        println!("{line}");
    } else {
        let at = time::at(SystemClock.now());
        eprintln!("{at} {name} {verdict}: {}", said.replace('\n', " "));
        if let Some(cut) = cut {
            eprintln!("{at} {name} {}", cut.problem());
        }
    }
}

/// Comes back on SIGTERM or Ctrl-C.
pub(super) async fn asked_to_end() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        // Without a handler the signal ends the program, which loses nothing either.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
