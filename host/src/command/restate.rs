//! `atsync restate`: the daemon past one machine.

use std::net::SocketAddr;

use atsync::pass::CancellationToken;
use atsync::restate::{Postgres, Service, register, start};
use tokio::net::TcpListener;
use url::Url;

use super::run::asked_to_end;
use super::{Common, Connectors, Exit, Site, Stop, block_on};

/// Run as a service of Restate: passes carried on over crashes, by any of several processes
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Example: atsync restate --admin http://127.0.0.1:9070 --ingress http://127.0.0.1:8080

Restate keeps schedule and webhooks, and the ledger too, unless [restate] postgres names a database
for it; [store] is not used. Whoever reaches the address it listens on can have it run passes, so it
belongs on a private network.")]
pub struct Restate {
    #[command(flatten)]
    common: Common,
    /// Where Restate finds this process
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9080")]
    listen: SocketAddr,
    /// The same as Restate sees it, or the balancer before several processes
    /// [default: http://ADDRESS]
    #[arg(long, value_name = "URL")]
    address: Option<Url>,
    /// Restate's admin API: register there at the start
    #[arg(long, value_name = "URL")]
    admin: Option<Url>,
    /// Restate's ingress: put every connection on the schedule at the start
    #[arg(long, value_name = "URL")]
    ingress: Option<Url>,
}

impl Restate {
    pub fn run(&self, connectors: &mut Connectors) -> Result<Exit, Stop> {
        let site = Site::open(&self.common, connectors)?;
        let ready = site.ready(connectors)?;
        let names: Vec<_> = ready
            .iter()
            .map(|one| one.connection.name.clone())
            .collect();
        tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_target(false)
            .with_max_level(tracing::Level::WARN)
            .init();
        block_on(async {
            let postgres = match &site.config.postgres {
                Some(found) => Some(Postgres::open(&found.secret).await?),
                None => None,
            };
            let connections = ready.into_iter().map(|one| (one.connector, one.connection));
            let service = Service::new(connections, postgres.as_ref())?;
            let listener = TcpListener::bind(self.listen).await.map_err(|error| {
                Stop::failed(
                    "server-port",
                    format!("The service cannot listen on {}: {error}.", self.listen),
                    "Free the address, or choose another with --listen.",
                )
            })?;
            let listen = listener.local_addr().unwrap_or(self.listen);
            let cancel = CancellationToken::new();
            let serving = tokio::spawn(service.serve(listener, cancel.clone()));
            self.announce(listen, &names).await?;
            let many = names.len();
            if self.common.json {
                println!(
                    "{}",
                    serde_json::json!({ "listen": listen, "connections": many })
                );
            } else {
                eprintln!(
                    "Serving {many} connections to Restate on http://{listen}/, until Ctrl-C."
                );
            }
            asked_to_end().await;
            eprintln!("Stopping.");
            cancel.cancel();
            // A server that broke off has nothing left to finish.
            let _ = serving.await;
            eprintln!("Stopped.");
            Ok(Exit::Done)
        })?
    }

    /// Tells Restate what it is asked to.
    async fn announce(&self, listen: SocketAddr, names: &[String]) -> Result<(), Stop> {
        if let Some(admin) = &self.admin {
            let address = match &self.address {
                Some(address) => address.clone(),
                None => Url::parse(&format!("http://{listen}/")).map_err(|error| {
                    Stop::usage(
                        "address",
                        format!("{listen} is no address: {error}."),
                        "Give --address.",
                    )
                })?,
            };
            register(admin, &address).await?;
        }
        if let Some(ingress) = &self.ingress {
            for name in names {
                start(ingress, name).await?;
            }
        }
        Ok(())
    }
}
