//! What people watch: some SKUs with their stock on both sides. Repainted in place on a
//! terminal; elsewhere only what changed, line by line.

use std::collections::BTreeMap;

use atsync_sandbox::Sandbox;
use atsync_sandbox::joor::Ats;
use atsync_sandbox::shopify::{ProductView, VariantId};
use console::Term;

use super::truth::say;
use crate::render::{self, Paint};
use crate::report::{Align, Table};

/// As many as fit on a small screen.
const ROWS_MAX: usize = 14;

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
    /// Watches the first SKUs that are counted and linked; `quiet` shows nothing.
    pub fn new(sandbox: &Sandbox, quiet: bool) -> Self {
        let linked: Vec<String> =
            sandbox.joor.skus().filter_map(|sku| sku.external_id).take(1000).collect();
        let is_linked = |id: u64| linked.contains(&id.to_string());
        let watched = sandbox.shop.products().flat_map(|product| product.variants().collect::<Vec<_>>());
        let watched = watched.filter(|variant| variant.tracked() && is_linked(variant.number()));
        Self {
            watched: watched.map(|variant| variant.id()).take(ROWS_MAX).collect(),
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
        println!("\n{sentence}");
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
            let Some(variant) = sandbox.shop.variant(*id) else { continue };
            let now = joor_shows(sandbox, variant.number());
            let before = self.shown.insert(*id, now).unwrap_or_default();
            if before != now {
                changes.push((variant.sku().unwrap_or_default().to_owned(), before, now));
            }
        }
        changes
    }

    fn table(&self, sandbox: &Sandbox, locations: &[String], changes: &[(String, Ats, Ats)]) -> Table {
        let ids: Vec<_> =
            locations.iter().filter_map(|name| sandbox.shop.find_location(name)).collect();
        let rows = self.watched.iter().filter_map(|id| {
            let variant = sandbox.shop.variant(*id)?;
            let sku = variant.sku().unwrap_or_default().to_owned();
            let title = sandbox.shop.product(variant.product()).map_or("", |product: ProductView<'_>| product.title());
            let changed = changes.iter().find(|(name, ..)| *name == sku);
            let mut row = vec![sku, format!("{title}, {}", variant.title())];
            row.extend(ids.iter().map(|location| {
                variant.available(*location).map_or_else(|| "–".to_owned(), |units| units.to_string())
            }));
            row.push(say(joor_shows(sandbox, variant.number())));
            row.push(changed.map_or_else(String::new, |(_, before, _)| format!("was {}", say(*before))));
            Some(row)
        });
        let names = locations.iter().map(String::as_str);
        let columns = ["SKU", "Style"].into_iter().chain(names).chain(["JOOR", ""]);
        let mut align = vec![Align::Left, Align::Left];
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

/// What the first warehouse shows.
fn joor_shows(sandbox: &Sandbox, variant: u64) -> Ats {
    let warehouse = sandbox.joor.warehouses().first().map_or("", String::as_str);
    sandbox.joor.ats(&variant.to_string(), warehouse, None)
}
