//! What JOOR should show: for every linked SKU, the component's own policy applied to the shop
//! as it is, beside what the JOOR side shows. It shares nothing with a pass but the policy.

use atsync::connection::Limits;
use atsync::engine::Instance;
use atsync::engine::policy::{Item, Level, Linesheet, Quantity, Value};
use atsync_sandbox::Sandbox;
use atsync_sandbox::catalogue::Status;
use atsync_sandbox::joor::{Ats, SkuView};
use atsync_sandbox::shopify::VariantView;

use crate::world::{World, connector};

/// What JOOR should show in one place.
#[derive(Debug, PartialEq)]
enum Wanted {
    Units(i64),
    /// Buyers order without limit, whether JOOR was told so or was told nothing.
    NoLimit,
    /// Whatever is there: the number is not known.
    Anything,
}

/// The places where JOOR shows something else than it should.
pub fn differences(world: &World) -> Vec<String> {
    let sandbox = &*world.sandbox();
    let mut judge = Judge {
        sandbox,
        instance: connector().instance(&Limits::default()).unwrap(),
        settings: world.settings.to_string(),
    };
    let warehouses = world.settings["warehouses"].as_array().unwrap();
    let mut differences = Vec::new();
    for sku in sandbox.joor.skus() {
        for warehouse in warehouses {
            let warehouse = warehouse["name"].as_str().unwrap();
            let shown = sandbox.joor.ats_of(&sku.id, warehouse, None);
            let wanted = judge.wanted(&sku, warehouse);
            if !agree(&wanted, shown) {
                let name = format!("{} {} {}", sku.name, sku.color, sku.size);
                differences.push(format!("{name} in {warehouse}: {shown:?}, not {wanted:?}"));
            }
        }
    }
    differences
}

fn agree(wanted: &Wanted, shown: Ats) -> bool {
    match wanted {
        Wanted::Units(units) => matches!(shown, Ats::Units(shown) if i64::from(shown) == *units),
        Wanted::NoLimit => matches!(shown, Ats::NoRecord | Ats::MadeToOrder),
        Wanted::Anything => true,
    }
}

struct Judge<'a> {
    sandbox: &'a Sandbox,
    instance: Instance,
    settings: String,
}

impl Judge<'_> {
    fn wanted(&mut self, sku: &SkuView, warehouse: &str) -> Wanted {
        // A style made on JOOR by hand is never told anything.
        let Some(style) = sku.style.as_ref().and_then(|style| style.parse().ok()) else {
            return Wanted::NoLimit;
        };
        let linesheets: Vec<_> = self
            .sandbox
            .joor
            .linesheets_of(style)
            .map(|(code, flag)| Linesheet {
                code: code.to_owned(),
                made_to_order: Some(flag),
            })
            .collect();
        let shop = &self.sandbox.shop;
        let variant = sku
            .external_id
            .as_ref()
            .and_then(|id| shop.variant(shop.find_variant(id)?));
        let Some(variant) = variant else {
            let made_to_order = linesheets.iter().all(|l| l.made_to_order == Some(true));
            let no_limit = made_to_order && !linesheets.is_empty();
            return if no_limit {
                Wanted::NoLimit
            } else {
                Wanted::Units(0)
            };
        };
        let product = shop.product(variant.product()).unwrap();
        let item = Item {
            style: style.to_string(),
            sku: variant.sku().unwrap_or_default().to_owned(),
            tags: product.tags().map(str::to_owned).collect(),
            linesheets,
            tracked: variant.tracked(),
            continue_selling: variant.continue_selling(),
            on_sale: product.status() == Status::Active,
        };
        let levels = self.levels(&variant);
        let answer = self
            .instance
            .availability(&self.settings, &item, &levels, &[])
            .unwrap();
        let row = answer
            .rows
            .iter()
            .find(|row| row.warehouse == warehouse && row.date.is_none());
        match row.map(|row| &row.value) {
            Some(Value::Units(units)) => Wanted::Units(*units),
            Some(Value::MadeToOrder) | None => Wanted::NoLimit,
            Some(Value::Withheld) => Wanted::Anything,
        }
    }

    fn levels(&self, variant: &VariantView<'_>) -> Vec<Level> {
        let shop = &self.sandbox.shop;
        let level = |location| Level {
            location: shop.location_name(location).unwrap().to_owned(),
            quantity: match variant.available(location) {
                _ if !shop.location_is_active(location) => Quantity::Unknown,
                Some(units) => Quantity::Available(units),
                None => Quantity::NotStocked,
            },
            incoming: Vec::new(),
        };
        shop.location_ids().map(level).collect()
    }
}
