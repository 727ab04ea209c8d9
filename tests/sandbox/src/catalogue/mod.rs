//! What a shop sells, in neither service's shape: the form in which a catalogue is read from a
//! file or generated, before it is loaded into the simulated shop.

pub mod csv;
pub mod generate;
pub mod small;

/// A style: one product of the shop with its variants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Product {
    /// The readable name in the product's address, one per shop.
    pub handle: String,
    /// The name people read.
    pub title: String,
    /// The brand on the label.
    pub vendor: String,
    /// "Dresses", "Scarves" …; may be empty.
    pub product_type: String,
    /// Free words by which a brand sorts its products.
    pub tags: Vec<String>,
    /// Whether the shop sells it.
    pub status: Status,
    /// At least one; in the order in which the shop shows them.
    pub variants: Vec<Variant>,
}

/// One size and colour of a style, with its stock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variant {
    /// Name and value of each option: `("Color", "Ink")`, `("Size", "M")`. At most three.
    pub options: Vec<(String, String)>,
    /// The stock-keeping unit; many shops leave some empty.
    pub sku: Option<String>,
    /// GTIN, UPC or whatever the brand prints.
    pub barcode: Option<String>,
    /// Whether the shop counts this item's stock.
    pub tracked: bool,
    /// Inventory policy "continue": it sells below zero.
    pub continue_selling: bool,
    /// A decimal in the shop's currency: `"120.00"`.
    pub price: String,
    /// Units available per location, in the order in which the locations were added.
    /// `None`, or a list that is too short: not stocked there, which is not the same as zero.
    pub quantities: Vec<Option<i64>>,
}

/// Whether the shop sells a product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// On sale.
    #[default]
    Active,
    /// Being prepared.
    Draft,
    /// No longer sold.
    Archived,
}
