//! `atsync demo`: watch JOOR follow Shopify, without credentials.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use atsync::engine::Connector;
use atsync::pass::CancellationToken;
use serde_json::json;

use super::passes::cancelled_by_ctrl_c;
use super::{Connectors, Exit, Stop, block_on};
use crate::demo::world::Catalogue;
use crate::demo::{self, Board, Comparison, Dice, Stage};
use crate::render::{self, Paint, time};

/// The time between two random changes.
const PAUSE: Duration = Duration::from_millis(1500);
/// Differing SKUs shown.
const DIFFERENCES_MAX: usize = 50;

/// Watch stock go from a simulated Shopify shop to a simulated JOOR account
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Example: atsync demo --once
         atsync demo --products products_export.csv

Everything runs on this machine: both services on loopback, the ledger in a temporary folder.
The passes are real; the clock jumps ahead where they would only wait.")]
pub struct Demo {
    /// Stop when both sides agree, with a summary
    #[arg(long)]
    once: bool,
    /// Styles from a product export of Shopify [default: a built-in catalogue of six styles]
    #[arg(long, value_name = "FILE.csv")]
    products: Option<PathBuf>,
    /// Print only the summary, as JSON; implies --once
    #[arg(long)]
    json: bool,
}

impl Demo {
    pub fn run(&self, connectors: &mut Connectors) -> Result<Exit, Stop> {
        let connector = connectors.bundled()?.clone();
        block_on(self.show(connector))?
    }

    async fn show(&self, connector: Connector) -> Result<Exit, Stop> {
        let catalogue = self
            .products
            .clone()
            .map_or(Catalogue::Small, Catalogue::File);
        let cancel = cancelled_by_ctrl_c();
        let began = Instant::now();
        let mut stage = Stage::open(&catalogue, connector, cancel.clone(), self.json).await?;
        let mut board = Board::new(&stage.sandbox(), self.json);
        let comparison = demo::play(&mut stage, &mut board).await?;
        let agreed = comparison.differences.is_empty();
        self.sum_up(&stage, &comparison, began.elapsed());
        if agreed && !self.once && !self.json {
            go_on(&mut stage, &mut board, &cancel).await?;
        }
        stage.close().await;
        Ok(if agreed { Exit::Done } else { Exit::Failed })
    }

    fn sum_up(&self, stage: &Stage, comparison: &Comparison, took: Duration) {
        let (joor, points) = {
            let sandbox = stage.sandbox();
            (sandbox.joor.counters(), sandbox.counters().shopify.cost)
        };
        let agreed = comparison.differences.is_empty();
        if self.json {
            let summary = json!({
                "agree": agreed,
                "skus": comparison.skus,
                "ambiguous": comparison.ambiguous,
                "differences": comparison.differences,
                "rows_published": joor.rows_accepted,
                "joor_credits": joor.credits,
                "shopify_cost_points": points,
                "passes": stage.passes(),
                "milliseconds": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            });
            println!("{summary}");
            return;
        }
        println!();
        if !agreed {
            let table = comparison.table(DIFFERENCES_MAX);
            println!("{}", render::table(&table, Paint::stdout()));
        }
        println!(
            "{}: {} compared with the policy's own answer, {} differ.",
            if agreed {
                "Both sides agree"
            } else {
                "The two sides do not agree"
            },
            render::counted(comparison.skus, "linked SKU"),
            comparison.differences.len(),
        );
        if comparison.ambiguous > 0 {
            println!(
                "{} SKUs share their SKU text with another one and are parked rather than guessed.",
                comparison.ambiguous
            );
        }
        println!(
            "{} published in {} passes: {} JOOR credits, {points} Shopify cost points, {}.",
            render::counted(joor.rows_accepted, "row"),
            stage.passes(),
            joor.credits,
            time::span(took),
        );
    }
}

/// Random changes, each followed by a pass, until Ctrl-C.
async fn go_on(
    stage: &mut Stage,
    board: &mut Board,
    cancel: &CancellationToken,
) -> Result<(), Stop> {
    board.say("Stock goes on changing at random, until Ctrl-C.");
    let mut dice = Dice::new();
    loop {
        tokio::select! {
            () = cancel.cancelled() => break,
            () = tokio::time::sleep(PAUSE) => {}
        }
        demo::something_changes(stage, board.watched(), &mut dice);
        match stage.pass().await {
            Err(_) if cancel.is_cancelled() => break,
            passed => passed?,
        };
        board.draw(&stage.sandbox(), stage.locations());
    }
    println!("Stopped; the simulated shop and account are gone.");
    Ok(())
}
