//! How styles get onto JOOR: by its own Shopify integration, or by hand.
//! <https://api-docs.jooraccess.com/v2.0/docs/styles-images-and-linesheets-shopify>

use super::Account;
use super::key::Key;
pub use super::library::Delivery;
use super::library::{Collection, Item, Library, Product, ProductNo, Sku, position};
use crate::catalogue::Status;

/// A product of the shop, as far as JOOR's integration looks at it.
#[derive(Clone, Debug, Default)]
pub struct Style {
    /// Shopify product id, the digits alone.
    pub id: u64,
    /// The name people read.
    pub title: String,
    /// The shop's tags; they decide on which linesheets the style goes.
    pub tags: Vec<String>,
    /// Only active products are imported.
    pub status: Status,
    /// In the shop's order.
    pub variants: Vec<StyleVariant>,
}

/// A variant of such a product.
#[derive(Clone, Debug, Default)]
pub struct StyleVariant {
    /// Shopify variant id, the digits alone.
    pub id: u64,
    /// The merchant's SKU.
    pub sku: Option<String>,
    /// As printed.
    pub barcode: Option<String>,
    /// Name and value of each option.
    pub options: Vec<(String, String)>,
}

/// What the integration sends as a SKU's UPC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Upc {
    /// Shopify's variant id: JOOR's default.
    #[default]
    VariantId,
    /// The variant's barcode; without one the SKU has no UPC.
    Barcode,
    /// The merchant's SKU; without one the SKU has no UPC.
    Sku,
}

/// A linesheet to create.
#[derive(Clone, Debug, Default)]
pub struct Linesheet {
    /// The name buyers see.
    pub name: String,
    /// Linesheet code: a Shopify collection id, or `MTO`.
    pub code: String,
    /// "Made to order?" is set to "Yes".
    pub made_to_order: bool,
    /// Styles with this tag are on it, in any case; without a tag, every style.
    pub tag: Option<String>,
    /// Shipping days; the default ships immediately.
    pub delivery: Delivery,
}

impl Linesheet {
    /// A linesheet of every style.
    #[must_use]
    pub fn of_all(name: &str, code: &str) -> Self {
        Self {
            name: name.into(),
            code: code.into(),
            ..Self::default()
        }
    }

    /// A linesheet of the styles with a tag.
    #[must_use]
    pub fn by_tag(name: &str, code: &str, tag: &str) -> Self {
        Self {
            tag: Some(tag.into()),
            ..Self::of_all(name, code)
        }
    }

    /// A made-to-order linesheet that says so by its flag and by the code `MTO`.
    #[must_use]
    pub fn made_to_order(name: &str, tag: &str) -> Self {
        Self {
            made_to_order: true,
            ..Self::by_tag(name, "MTO", tag)
        }
    }
}

/// Styles on one linesheet at most. The sandbox continues a larger one as a second linesheet
/// of the same name and code, so that no answer grows with the catalogue.
const LINESHEET_STYLES_MAX: usize = 500;

impl Account {
    /// Creates styles, SKUs and linesheets as JOOR's own Shopify integration does: external
    /// id, style number and style identifier are the product id, a SKU's external id is the
    /// variant id, its identifier the merchant's SKU or else the variant id. Colours and sizes
    /// come from the options, and JOOR makes phantom SKUs of the pairs that the shop does not
    /// have. Products that are not active are left out, ones that are there stay as they are.
    ///
    /// Returns the number of styles created. No stock is set.
    pub fn import_styles(
        &mut self,
        styles: impl IntoIterator<Item = Style>,
        linesheets: &[Linesheet],
        upc: Upc,
    ) -> usize {
        let mut members = vec![Vec::new(); linesheets.len()];
        let mut created = 0;
        for style in styles {
            let known = self.library.find_external(&style.id.to_string()).is_some();
            if known || style.status != Status::Active {
                continue;
            }
            let no = create(&mut self.library, &style, upc);
            created += 1;
            for (linesheet, members) in linesheets.iter().zip(&mut members) {
                let has = |tag: &String| style.tags.iter().any(|of| of.eq_ignore_ascii_case(tag));
                if linesheet.tag.as_ref().is_none_or(has) {
                    members.push(no);
                }
            }
        }
        for (linesheet, members) in linesheets.iter().zip(&members) {
            for part in members.chunks(LINESHEET_STYLES_MAX) {
                self.add_linesheet(linesheet, part);
            }
        }
        created
    }

    /// A style that somebody typed into JOOR: no external id, and so none that is synced. Its
    /// SKUs are all pairs of the colours and sizes; their UPCs are `{upcs}0`, `{upcs}1` …
    pub fn add_style_by_hand(&mut self, name: &str, colors: &[&str], sizes: &[&str], upcs: &str) {
        let product = self.library.add_product(Product {
            name: name.into(),
            description: None,
            external_id: None,
            identifier: None,
            skus: vec![],
        });
        let pairs = colors
            .iter()
            .flat_map(|color| sizes.iter().map(move |size| (color, size)));
        for (number, (color, size)) in pairs.enumerate() {
            let color = self.library.traits.intern(color, color);
            let size = self.library.traits.intern(size, size);
            self.library.add_sku(Sku {
                product,
                external_id: None,
                identifier: None,
                upc: Some(Key::new(&format!("{upcs}{number}"))),
                color,
                size,
            });
        }
    }

    /// Gives the styles of this name a style number.
    pub fn set_style_number(&mut self, name: &str, number: &str) {
        let styles = self.library.products.iter_mut();
        for style in styles.filter(|style| &*style.name == name) {
            style.identifier = Some(Key::new(number));
        }
    }

    /// The style of a SKU is not made in its colour and size any more. An unknown UPC changes nothing.
    pub fn drop_sku(&mut self, upc: &str) {
        if let Some(no) = self.library.find_upc(upc) {
            self.library.forget_upc(no);
            let styles = self.library.products.iter_mut();
            styles.for_each(|style| style.skus.retain(|sku| *sku != no));
        }
    }

    /// Makes a style of its own of one colour of the style that was made from a Shopify product, as
    /// the integration does where it is told to split by colour, and puts it on the linesheet with
    /// this code. An unknown style changes nothing.
    pub fn split_style(&mut self, style: u64, color: &str, code: &str) {
        let library = &mut self.library;
        let key = Key::Number(style);
        let Some(whole) = library.find_external(&key.to_string()) else {
            return;
        };
        let split = library.add_product(Product {
            name: color.into(),
            description: None,
            external_id: Some(key.clone()),
            identifier: Some(key),
            skus: vec![],
        });
        let traits = &library.traits;
        let moved = |sku: &Sku| sku.product == whole && traits.name(sku.color) == color;
        let mut moved_nos = Vec::new();
        for (no, sku) in (0..).zip(&mut library.skus) {
            if moved(sku) {
                sku.product = split;
                moved_nos.push(no);
            }
        }
        for (of, style) in (0..).zip(&mut library.products) {
            if of == whole {
                style.skus.retain(|no| !moved_nos.contains(no));
            } else if of == split {
                style.skus.clone_from(&moved_nos);
            }
        }
        let collections = library.collections.iter_mut();
        for collection in collections.filter(|collection| collection.external_id == code) {
            let order_number = position(collection.items.len() + 1);
            collection.items.push(Item {
                product: split,
                order_number,
                skus: vec![],
            });
        }
    }

    /// Puts the style that was made from a Shopify product on the linesheets with these codes,
    /// and takes it off all others. An unknown style changes nothing.
    pub fn set_linesheets(&mut self, style: u64, codes: &[&str]) {
        let Some(product) = self.library.find_external(&style.to_string()) else {
            return;
        };
        for collection in &mut self.library.collections {
            collection.items.retain(|item| item.product != product);
            if codes.contains(&collection.external_id.as_str()) {
                let order_number = position(collection.items.len() + 1);
                collection.items.push(Item {
                    product,
                    order_number,
                    skus: vec![],
                });
            }
        }
    }

    fn add_linesheet(&mut self, linesheet: &Linesheet, members: &[ProductNo]) {
        let items = (1..).zip(members);
        let items = items.map(|(order_number, product)| Item {
            product: *product,
            order_number,
            skus: vec![],
        });
        self.library.collections.push(Collection {
            name: linesheet.name.clone(),
            external_id: linesheet.code.clone(),
            season_id: None,
            delivery: linesheet.delivery.clone(),
            made_to_order: linesheet.made_to_order,
            items: items.collect(),
        });
    }
}

fn create(library: &mut Library, style: &Style, upc: Upc) -> ProductNo {
    let product = library.add_product(Product {
        name: style.title.as_str().into(),
        description: None,
        external_id: Some(Key::Number(style.id)),
        identifier: Some(Key::Number(style.id)),
        skus: Vec::with_capacity(style.variants.len()),
    });
    for variant in &style.variants {
        let (color, size) = color_and_size(&variant.options);
        let id = Key::Number(variant.id);
        let sku = Key::some(variant.sku.as_deref());
        let color = library.traits.intern(&color, &color);
        let size = library.traits.intern(size, size);
        library.add_sku(Sku {
            product,
            external_id: Some(id.clone()),
            upc: match upc {
                Upc::VariantId => Some(id.clone()),
                Upc::Barcode => Key::some(variant.barcode.as_deref()),
                Upc::Sku => sku.clone(),
            },
            identifier: Some(sku.unwrap_or(id)),
            color,
            size,
        });
    }
    library.fill_matrix(product);
    product
}

/// The size is the first option of that name; the colour is what the other options say
/// together.
fn color_and_size(options: &[(String, String)]) -> (String, &str) {
    let is_size = |(name, _): &(String, String)| name.to_lowercase().contains("size");
    let size = options.iter().position(is_size);
    let others = options
        .iter()
        .enumerate()
        .filter(|(at, _)| Some(*at) != size);
    let others = others.map(|(_, (_, value))| value.as_str());
    let color: Vec<_> = others.filter(|value| *value != "Default Title").collect();
    (
        if color.is_empty() {
            "Default".into()
        } else {
            color.join(" / ")
        },
        size.and_then(|at| options.get(at))
            .map_or("One size", |(_, value)| value),
    )
}
