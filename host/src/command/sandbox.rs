//! `atsync sandbox`: both simulated services on two ports.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use atsync::clock::{Clock as _, SystemClock};
use atsync_sandbox::Options;
use atsync_sandbox::server::{self, Ports};
use serde_json::json;

use super::{Exit, Stop, block_on};
use crate::demo::world::{Catalogue, MARK, World, configuration};

/// How long the shop has been there, in milliseconds: a day, so that the stock it begins with
/// is not news to a client that looks back a few minutes.
const AGE_MS: u64 = 24 * 60 * 60 * 1_000;

/// Run simulated Shopify and JOOR services, with a configuration to meet them
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Example: atsync sandbox --write sandbox.toml
         atsync sync --config sandbox.toml      (in another terminal)

Both services listen on 127.0.0.1 only and forget everything when they stop. What they can be
told to do while they run stands in tests/sandbox/README.md.")]
pub struct Sandbox {
    /// Port of the Shopify side; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 8101)]
    shopify_port: u16,
    /// Port of the JOOR side; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 8102)]
    joor_port: u16,
    /// Styles from a product export of Shopify [default: a built-in catalogue of six styles]
    #[arg(long, value_name = "FILE.csv", conflicts_with = "variants")]
    products: Option<PathBuf>,
    /// Generate styles with so many variants in all
    #[arg(long, value_name = "NUMBER")]
    variants: Option<usize>,
    /// The same seed generates the same styles
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 1,
        requires = "variants"
    )]
    seed: u64,
    /// Number of Shopify locations
    #[arg(long, value_name = "NUMBER", default_value_t = 2)]
    locations: usize,
    /// JOOR credits in 300 seconds
    #[arg(long, value_name = "NUMBER", default_value_t = 300)]
    credits: u32,
    /// Cost points that Shopify's bucket holds
    #[arg(long, value_name = "NUMBER", default_value_t = 2000)]
    cost_limit: u32,
    /// Cost points that come back each second
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    cost_per_second: u32,
    /// Milliseconds that a bulk operation takes
    #[arg(long, value_name = "MS", default_value_t = 2000)]
    bulk_ms: u64,
    /// Write the configuration to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Print the addresses and the configuration as JSON
    #[arg(long)]
    json: bool,
}

impl Sandbox {
    pub fn run(&self) -> Result<Exit, Stop> {
        block_on(self.serve())?
    }

    async fn serve(&self) -> Result<Exit, Stop> {
        let options = self.options();
        let opened = SystemClock.now().saturating_sub(AGE_MS);
        let world = World::build(&self.catalogue(), self.locations, options.clone(), opened)
            .map_err(|finding| Stop::refused(vec![*finding]))?;
        let World {
            sandbox, locations, ..
        } = world;
        let ports = Ports {
            shopify: self.shopify_port,
            joor: self.joor_port,
        };
        let clock = Arc::new(|| SystemClock.now());
        let running = server::serve(Arc::new(Mutex::new(sandbox)), ports, clock)
            .await
            .map_err(|error| self.no_port(&error))?;
        let text = configuration(&options, &running, &locations, "atsync-sandbox.db");
        if let Some(path) = &self.write {
            write(path, &text)?;
            eprintln!("Wrote {}.", path.display());
        }
        let (shopify_url, joor_url) = (&running.shopify_url, &running.joor_url);
        if self.json {
            let told =
                json!({ "shopify_url": shopify_url, "joor_url": joor_url, "configuration": text });
            println!("{told}");
        } else if self.write.is_none() {
            print!("{text}");
        }
        eprintln!("Shopify at {shopify_url}, JOOR at {joor_url}, until Ctrl-C.");
        // Without signals there is nothing to wait for but being killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        running.stop().await;
        eprintln!("Stopped; the simulated shop and account are gone.");
        Ok(Exit::Done)
    }

    fn catalogue(&self) -> Catalogue {
        match (&self.products, self.variants) {
            (Some(file), _) => Catalogue::File(file.clone()),
            (None, Some(variants)) => Catalogue::Generated {
                variants,
                seed: self.seed,
            },
            (None, None) => Catalogue::Small,
        }
    }

    fn options(&self) -> Options {
        let mut options = Options::default();
        options.joor.credits.limit = self.credits;
        options.shopify.cost_maximum = self.cost_limit;
        options.shopify.cost_restore_rate = self.cost_per_second;
        options.shopify.bulk.created_ms = self.bulk_ms / 4;
        options.shopify.bulk.running_ms = self.bulk_ms - self.bulk_ms / 4;
        options
    }

    fn no_port(&self, error: &std::io::Error) -> Stop {
        Stop::failed(
            "sandbox-port",
            format!(
                "The sandbox cannot listen on ports {} and {} of 127.0.0.1: {error}.",
                self.shopify_port, self.joor_port
            ),
            "Choose others with --shopify-port and --joor-port; 0 takes any free one.",
        )
    }
}

/// Writes the configuration; overwrites only what an earlier `sandbox` wrote.
fn write(path: &Path, text: &str) -> Result<(), Stop> {
    let there = fs::read_to_string(path).unwrap_or_default();
    if path.exists() && !there.starts_with(MARK) {
        return Err(Stop::usage(
            "sandbox-file-exists",
            format!(
                "{} is there already and was not made by `atsync sandbox`.",
                path.display()
            ),
            "Name another file with --write.",
        ));
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        Stop::failed(
            "sandbox-not-written",
            format!("{} cannot be written: {error}.", path.display()),
            "Name a file in a folder that you may write to with --write.",
        )
    })
}
