//! A brand to play with: a shop, its catalogue, and its styles on JOOR.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use atsync_sandbox::catalogue::{Product, Variant, csv, generate, small};
use atsync_sandbox::joor::{Linesheet, Upc};
use atsync_sandbox::server::Running;
use atsync_sandbox::wire::Millis;
use atsync_sandbox::{Options, Sandbox};

use crate::finding::{Finding, Place};

/// The first line of a configuration made here.
pub const MARK: &str =
    "# Made by `atsync sandbox`: two simulated services. Nothing in here is secret.";

/// Names for locations; more than these are numbered.
const LOCATIONS: [&str; 6] = ["Paris", "Lyon", "Milan", "Lisbon", "Porto", "Ghent"];

/// Where the styles come from.
#[derive(Clone, Debug)]
pub enum Catalogue {
    /// The built-in one: six styles.
    Small,
    /// A product export of Shopify.
    File(PathBuf),
    /// So many variants, the same ones for the same seed.
    Generated { variants: usize, seed: u64 },
}

/// A brand in a sandbox.
pub struct World {
    /// Both services.
    pub sandbox: Sandbox,
    /// The linesheets on JOOR.
    pub linesheets: Vec<Linesheet>,
    /// The shop's locations that feed JOOR's warehouse, in the order of their opening.
    pub locations: Vec<String>,
}

impl World {
    /// Opens `locations` locations (at least one), loads the catalogue, and lets JOOR's own
    /// Shopify integration import the styles, as a brand has it do before it turns to atsync.
    ///
    /// # Errors
    /// The export cannot be read; the finding says where and why.
    pub fn build(
        catalogue: &Catalogue,
        locations: usize,
        options: Options,
        now: Millis,
    ) -> Result<Self, Box<Finding>> {
        let mut sandbox = Sandbox::new(options);
        let locations: Vec<_> = (0..locations.max(1)).map(location_name).collect();
        for name in &locations {
            sandbox.shop.add_location(name, now);
        }
        let linesheets = match catalogue {
            Catalogue::Small => {
                sandbox.shop.load(small::products(), now);
                small::linesheets()
            }
            Catalogue::File(path) => {
                let products = csv::read_file(path).map_err(not_read)?;
                let spread = products
                    .into_iter()
                    .map(|product| spread(product, locations.len()));
                sandbox.shop.load(spread, now);
                vec![Linesheet::of_all("All styles", "480000")]
            }
            Catalogue::Generated { variants, seed } => {
                let products = generate::generate(*seed, *variants, locations.len());
                sandbox.shop.load(products, now);
                generate::linesheets()
            }
        };
        sandbox.import_styles(&linesheets, Upc::VariantId);
        Ok(Self {
            sandbox,
            linesheets,
            locations,
        })
    }
}

/// The configuration with which atsync meets the two services. `locations` feed the first
/// warehouse of the account.
pub fn configuration(
    options: &Options,
    running: &Running,
    locations: &[String],
    store: &str,
) -> String {
    let (shop, joor) = (&options.shopify, &options.joor);
    let login = &joor.login;
    let (shopify_url, joor_url) = (&running.shopify_url, &running.joor_url);
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let warehouse = joor.warehouses.first().map_or("Default", String::as_str);
    let names: Vec<_> = locations.iter().map(|name| quoted(name)).collect();
    let mut text = format!("{MARK}\n");
    let mut section = |name: &str, lines: &[(&str, String)]| {
        let _ = writeln!(text, "\n{name}");
        for (key, value) in lines {
            let _ = writeln!(text, "{key} = {value}");
        }
    };
    let private = ("private_addresses", "true".to_owned());
    section("[store]", &[("path", quoted(store))]);
    section(
        "[connection.sandbox.services.shopify]",
        &[
            ("url", quoted(shopify_url)),
            ("token", quoted(&shop.token)),
            private.clone(),
        ],
    );
    section(
        "[connection.sandbox.services.joor-v2]",
        &[
            ("url", quoted(&format!("{joor_url}/v2"))),
            ("token", quoted(&joor.v2_token)),
            private.clone(),
        ],
    );
    section(
        "[connection.sandbox.services.joor-v4]",
        &[
            ("url", quoted(&format!("{joor_url}/v4"))),
            ("token_url", quoted(&format!("{joor_url}/auth/"))),
            ("client_id", quoted(&login.client_id)),
            ("client_secret", quoted(&login.client_secret)),
            ("username", quoted(&login.username)),
            ("password", quoted(&login.password)),
            private,
        ],
    );
    section(
        "[connection.sandbox.webhooks.shopify]",
        &[("secrets", format!("[{}]", quoted(&shop.webhook_secret)))],
    );
    section(
        "[connection.sandbox.settings]",
        &[
            ("joor_account", quoted(&joor.account)),
            (
                "default_location",
                names.first().cloned().unwrap_or_default(),
            ),
        ],
    );
    section(
        "[[connection.sandbox.settings.warehouses]]",
        &[
            ("name", quoted(warehouse)),
            ("locations", format!("[{}]", names.join(", "))),
            ("verified", "true".to_owned()),
        ],
    );
    text
}

/// The name of the location that is opened as number `at`, from 0.
pub fn location_name(at: usize) -> String {
    LOCATIONS
        .get(at)
        .map_or_else(|| format!("Location {}", at + 1), |name| (*name).to_owned())
}

/// An export tells one quantity. The last of `locations` gets a third of it, the first the
/// rest, so that their sum is what the export says.
fn spread(mut product: Product, locations: usize) -> Product {
    let share = |variant: &mut Variant| {
        if let ([Some(all)], 2..) = (variant.quantities.as_slice(), locations) {
            let third = all / 3;
            let mut quantities = vec![Some(0); locations];
            if let [first, .., last] = quantities.as_mut_slice() {
                (*first, *last) = (Some(all - third), Some(third));
            }
            variant.quantities = quantities;
        }
    };
    product.variants.iter_mut().for_each(share);
    product
}

fn not_read(error: csv::CsvError) -> Box<Finding> {
    let message = match &error.column {
        Some(column) => format!("Column \"{column}\": {}", error.message),
        None => error.message,
    };
    let finding = Finding::error("products-unreadable", message, error.fix);
    let Some(file) = error.file else {
        return finding.into();
    };
    let line = usize::try_from(error.line).unwrap_or(usize::MAX);
    let (file, column) = (Arc::new(file), 1);
    finding.at(Place { file, line, column }).into()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn an_export_is_spread_over_two_locations_without_losing_a_unit() {
        for all in [-7, -1, 0, 1, 2, 3, 100] {
            let variant = Variant {
                quantities: vec![Some(all)],
                ..Variant::default()
            };
            let product = Product {
                variants: vec![variant],
                ..Product::default()
            };
            let spread = spread(product, 2);
            let quantities = &spread.variants.first().unwrap().quantities;
            assert_eq!(quantities.len(), 2);
            assert_eq!(quantities.iter().flatten().sum::<i64>(), all);
        }
    }

    #[test]
    fn the_small_world_has_its_styles_on_joor() {
        let world = World::build(&Catalogue::Small, 2, Options::default(), 0).unwrap();
        assert_eq!(world.locations, ["Paris", "Lyon"]);
        let linked = world
            .sandbox
            .joor
            .skus()
            .filter(|sku| sku.external_id.is_some());
        assert!(linked.count() > 15);
    }
}
