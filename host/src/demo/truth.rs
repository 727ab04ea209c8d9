//! Whether JOOR shows what the policy says: for every linked SKU, the component's own answer to
//! the shop's present stock, beside what the JOOR side shows.

use std::collections::{BTreeMap, BTreeSet};

use atsync::engine::policy::{Ats as Row, Item, Level, Linesheet, Quantity, Value};
use atsync::engine::{Connector, Instance};
use atsync::problem::Problem;
use atsync_sandbox::Sandbox;
use atsync_sandbox::catalogue::Status;
use atsync_sandbox::joor::{self, Ats};
use atsync_sandbox::shopify::{LocationId, ProductView, VariantView};

use super::board::label;
use crate::report::{Align, Table};

/// What a comparison found.
#[derive(Debug, Default)]
pub struct Comparison {
    /// SKUs compared: those whose style came from the shop.
    pub skus: usize,
    /// SKUs left out because another one of the shop has the same SKU text: a connector must
    /// park those rather than guess.
    pub ambiguous: usize,
    /// SKU, warehouse, what the policy says, what JOOR shows.
    pub differences: Vec<[String; 4]>,
}

/// Compares every linked SKU in every warehouse.
///
/// # Errors
/// The component refuses the settings, or fails.
pub fn compare(
    sandbox: &Sandbox,
    linesheets: &[joor::Linesheet],
    connector: &Connector,
    settings: &str,
) -> Result<Comparison, Problem> {
    let linked: BTreeSet<String> = sandbox
        .joor
        .skus()
        .filter_map(|sku| sku.external_id)
        .collect();
    let mut judge = Judge {
        sandbox,
        linesheets,
        locations: sandbox.shop.location_ids().collect(),
        instance: connector.instance(&atsync::connection::Limits::default())?,
        settings,
        comparison: Comparison::default(),
    };
    let shared = shared_skus(sandbox);
    for product in sandbox.shop.products() {
        for variant in product.variants() {
            if !linked.contains(&variant.number().to_string()) {
                continue;
            }
            if variant.sku().is_some_and(|sku| shared.contains(sku)) {
                judge.comparison.ambiguous += 1;
                continue;
            }
            judge.compare(&product, &variant)?;
        }
    }
    Ok(judge.comparison)
}

struct Judge<'a> {
    sandbox: &'a Sandbox,
    linesheets: &'a [joor::Linesheet],
    locations: Vec<LocationId>,
    instance: Instance,
    settings: &'a str,
    comparison: Comparison,
}

impl Judge<'_> {
    fn compare(
        &mut self,
        product: &ProductView<'_>,
        variant: &VariantView<'_>,
    ) -> Result<(), Problem> {
        self.comparison.skus += 1;
        let item = item(product, variant, self.linesheets);
        let levels: Vec<_> = self
            .locations
            .iter()
            .map(|location| self.level(variant, *location))
            .collect();
        let answer = self
            .instance
            .availability(self.settings, &item, &levels, &[])?;
        let upc = variant.number().to_string();
        for warehouse in self.sandbox.joor.warehouses() {
            let row = answer
                .rows
                .iter()
                .find(|row| row.warehouse == *warehouse && row.date.is_none());
            let shown = self.sandbox.joor.ats(&upc, warehouse, None);
            if !agree(row, shown) {
                let name = label(&self.sandbox.shop, variant.id());
                let said = row.map_or_else(|| "no record".to_owned(), say_value);
                self.comparison
                    .differences
                    .push([name, warehouse.clone(), said, say(shown)]);
            }
        }
        Ok(())
    }

    fn level(&self, variant: &VariantView<'_>, location: LocationId) -> Level {
        let quantity = match variant.available(location) {
            _ if !self.sandbox.shop.location_is_active(location) => Quantity::Unknown,
            Some(units) => Quantity::Available(units),
            None => Quantity::NotStocked,
        };
        let name = self
            .sandbox
            .shop
            .location_name(location)
            .unwrap_or_default();
        Level {
            location: name.to_owned(),
            quantity,
            incoming: Vec::new(),
        }
    }
}

impl Comparison {
    /// The differences as a table of at most `most` rows.
    pub fn table(&self, most: usize) -> Table {
        Table {
            title: "JOOR does not show what the policy says".to_owned(),
            columns: ["SKU", "Warehouse", "Policy", "JOOR"]
                .map(str::to_owned)
                .to_vec(),
            align: vec![Align::Left, Align::Left, Align::Right, Align::Right],
            rows: self
                .differences
                .iter()
                .take(most)
                .map(|row| row.to_vec())
                .collect(),
            more: self.differences.len().saturating_sub(most) as u64,
        }
    }
}

/// No row of the policy means: no record. Made to order is without limit, whether JOOR was told
/// so or was told nothing. What is withheld may be anything.
fn agree(row: Option<&Row>, shown: Ats) -> bool {
    match row.map(|row| &row.value) {
        None => shown == Ats::NoRecord,
        Some(Value::Units(units)) => matches!(shown, Ats::Units(n) if i64::from(n) == *units),
        Some(Value::MadeToOrder) => matches!(shown, Ats::MadeToOrder | Ats::NoRecord),
        Some(Value::Withheld) => true,
    }
}

fn item(
    product: &ProductView<'_>,
    variant: &VariantView<'_>,
    linesheets: &[joor::Linesheet],
) -> Item {
    let tags: Vec<_> = product.tags().map(str::to_owned).collect();
    let on = |linesheet: &&joor::Linesheet| {
        linesheet
            .tag
            .as_ref()
            .is_none_or(|tag| tags.iter().any(|of| of.eq_ignore_ascii_case(tag)))
    };
    let linesheets = linesheets.iter().filter(on).map(|linesheet| Linesheet {
        code: linesheet.code.clone(),
        made_to_order: Some(linesheet.made_to_order),
    });
    Item {
        style: product.number().to_string(),
        sku: variant.sku().unwrap_or_default().to_owned(),
        linesheets: linesheets.collect(),
        tags,
        tracked: variant.tracked(),
        continue_selling: variant.continue_selling(),
        on_sale: product.status() == Status::Active,
    }
}

/// SKU texts that more than one variant carries.
fn shared_skus(sandbox: &Sandbox) -> BTreeSet<String> {
    let mut seen = BTreeMap::<&str, usize>::new();
    for product in sandbox.shop.products() {
        for sku in product.variants().filter_map(|variant| variant.sku()) {
            *seen.entry(sku).or_default() += 1;
        }
    }
    seen.into_iter()
        .filter(|(_, times)| *times > 1)
        .map(|(sku, _)| sku.to_owned())
        .collect()
}

/// What JOOR shows, in a word.
pub fn say(ats: Ats) -> String {
    match ats {
        Ats::NoRecord => "no record".to_owned(),
        Ats::MadeToOrder => "made to order".to_owned(),
        Ats::Units(units) => units.to_string(),
    }
}

fn say_value(row: &Row) -> String {
    match row.value {
        Value::Units(units) => units.to_string(),
        Value::MadeToOrder => "made to order".to_owned(),
        Value::Withheld => "withheld".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(value: Value) -> Row {
        Row {
            warehouse: "Default".into(),
            date: None,
            value,
            oversold: 0,
            working: Vec::new(),
        }
    }

    #[test]
    fn no_record_is_not_zero() {
        assert!(!agree(Some(&row(Value::Units(0))), Ats::NoRecord));
        assert!(agree(Some(&row(Value::Units(0))), Ats::Units(0)));
        assert!(!agree(None, Ats::Units(0)));
        assert!(agree(None, Ats::NoRecord));
    }

    #[test]
    fn made_to_order_is_without_limit_told_or_untold() {
        assert!(agree(Some(&row(Value::MadeToOrder)), Ats::MadeToOrder));
        assert!(agree(Some(&row(Value::MadeToOrder)), Ats::NoRecord));
        assert!(!agree(Some(&row(Value::MadeToOrder)), Ats::Units(3)));
    }
}
