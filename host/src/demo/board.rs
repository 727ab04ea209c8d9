//! What people watch: some SKUs with their stock on both sides. Repainted in place on a
//! terminal; elsewhere only what changed, line by line.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use atsync_sandbox::Sandbox;
use atsync_sandbox::joor::Ats;
use atsync_sandbox::shopify::{Shop, VariantId, VariantView};
use console::Term;

use super::truth::say;
use crate::render::{self, Paint};
use crate::report::{Align, Table};

/// As many as fit on a small screen.
const ROWS_MAX: usize = 14;

/// How long a picture stands still on a terminal.
const LOOK: Duration = Duration::from_millis(700);

/// What Shopify calls the variant of a product without options.
const ONLY_VARIANT: &str = "Default Title";

/// The watched SKUs.
pub struct Board {
    watched: Vec<VariantId>,
    shown: BTreeMap<VariantId, Ats>,
    term: Term,
    /// Lines on the screen that the next drawing replaces.
    drawn: usize,
    quiet: bool,
}

impl Board {
    /// Watches the first linked SKUs, before others those that the shop counts; `quiet` shows
    /// nothing.
    pub fn new(sandbox: &Sandbox, quiet: bool) -> Self {
        let linked: BTreeSet<String> = sandbox
            .joor
            .skus()
            .filter_map(|sku| sku.external_id)
            .collect();
        let mut watched: Vec<_> = sandbox
            .shop
            .products()
            .flat_map(|product| product.variants().collect::<Vec<_>>())
            .filter(|variant| linked.contains(&variant.number().to_string()))
            .collect();
        watched.sort_by_key(|variant| !variant.tracked());
        Self {
            watched: watched.iter().map(VariantView::id).take(ROWS_MAX).collect(),
            shown: BTreeMap::new(),
            term: Term::stdout(),
            drawn: 0,
            quiet,
        }
    }

    /// The watched SKUs.
    pub fn watched(&self) -> &[VariantId] {
        &self.watched
    }

    /// Says a sentence above the table.
    pub fn say(&mut self, sentence: &str) {
        if self.quiet {
            return;
        }
        self.clear();
        if !self.shown.is_empty() {
            println!();
        }
        println!("{sentence}");
    }

    /// Shows how both sides stand.
    pub fn draw(&mut self, sandbox: &Sandbox, locations: &[String]) {
        let changes = self.changes(sandbox);
        if self.quiet {
            return;
        }
        if self.term.is_term() {
            let text = render::table(&self.table(sandbox, locations, &changes), Paint::stdout());
            self.clear();
            print!("{text}");
            self.drawn = text.lines().count();
        } else {
            for (sku, before, now) in changes {
                println!("  {sku}: {} → {} on JOOR", say(before), say(now));
            }
        }
    }

    /// Shows a table that stays where it is.
    pub fn show(&mut self, table: &Table) {
        if self.quiet {
            return;
        }
        self.keep();
        println!();
        print!("{}", render::table(table, Paint::stdout()));
    }

    /// Gives people the time to look, where there are any.
    pub async fn pause(&self) {
        if self.term.is_term() && !self.quiet {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Leaves what is on the screen where it is.
    pub fn keep(&mut self) {
        self.drawn = 0;
    }

    fn clear(&mut self) {
        // A terminal that cannot be repainted shows one table below the other.
        let _ = self.term.clear_last_lines(std::mem::take(&mut self.drawn));
    }

    /// The watched SKUs that JOOR shows otherwise than at the last call.
    fn changes(&mut self, sandbox: &Sandbox) -> Vec<(String, Ats, Ats)> {
        let mut changes = Vec::new();
        for id in &self.watched {
            let Some(variant) = sandbox.shop.variant(*id) else {
                continue;
            };
            let now = joor_shows(sandbox, variant.number());
            let before = self.shown.insert(*id, now).unwrap_or_default();
            if before != now {
                changes.push((label(&sandbox.shop, *id), before, now));
            }
        }
        changes
    }

    fn table(
        &self,
        sandbox: &Sandbox,
        locations: &[String],
        changes: &[(String, Ats, Ats)],
    ) -> Table {
        let ids: Vec<_> = locations
            .iter()
            .filter_map(|name| sandbox.shop.find_location(name))
            .collect();
        let rows = self.watched.iter().filter_map(|id| {
            let variant = sandbox.shop.variant(*id)?;
            let label = label(&sandbox.shop, *id);
            let changed = changes.iter().find(|(name, ..)| *name == label);
            let mut row = vec![label];
            row.extend(ids.iter().map(|location| {
                variant
                    .available(*location)
                    .map_or_else(|| "–".to_owned(), |units| units.to_string())
            }));
            row.push(say(joor_shows(sandbox, variant.number())));
            row.push(changed.map_or_else(String::new, |(_, before, _)| {
                format!("was {}", say(*before))
            }));
            Some(row)
        });
        let names = locations.iter().map(String::as_str);
        let columns = ["SKU"].into_iter().chain(names).chain(["JOOR", ""]);
        let mut align = vec![Align::Left];
        align.extend(locations.iter().map(|_| Align::Right));
        align.extend([Align::Right, Align::Left]);
        Table {
            columns: columns.map(str::to_owned).collect(),
            align,
            rows: rows.collect(),
            ..Table::default()
        }
    }
}

/// The SKU, or the style with colour and size where it has none.
pub fn label(shop: &Shop, id: VariantId) -> String {
    let Some(variant) = shop.variant(id) else {
        return "a SKU that is gone".to_owned();
    };
    variant.sku().map_or_else(
        || {
            let style = shop.product(variant.product());
            let title = style.map_or("", |style| style.title());
            match variant.title().as_str() {
                ONLY_VARIANT => title.to_owned(),
                options => format!("{title}, {options}"),
            }
        },
        str::to_owned,
    )
}

/// What the first warehouse shows.
fn joor_shows(sandbox: &Sandbox, variant: u64) -> Ats {
    let warehouse = sandbox.joor.warehouses().first().map_or("", String::as_str);
    sandbox.joor.ats(&variant.to_string(), warehouse, None)
}
