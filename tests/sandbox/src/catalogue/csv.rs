//! Reads Shopify's product export, in its older and its newer column names.
//! <https://help.shopify.com/en/manual/products/import-export/using-csv>
//!
//! `Published` is not read: it tells whether the Online Store shows a product, not whether the
//! shop sells it. The file has one quantity per variant, so a product is stocked at one
//! location.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::{fmt, io};

use csv::{ReaderBuilder, StringRecord};

use super::{Product, Status, Variant};

/// Why a file cannot be read, for the person who exported it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvError {
    /// The file, where it is known.
    pub file: Option<PathBuf>,
    /// Line at which the row starts, from 1.
    pub line: u64,
    /// Name of the column, where it is one value that is wrong.
    pub column: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub fix: String,
}

impl std::error::Error for CsvError {}

impl fmt::Display for CsvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "{}:{}: ", file.display(), self.line)?,
            None => write!(f, "line {}: ", self.line)?,
        }
        if let Some(column) = &self.column {
            write!(f, "column \"{column}\": ")?;
        }
        write!(f, "{} {}", self.message, self.fix)
    }
}

/// Reads the products of a file.
///
/// # Errors
///
/// Where the file cannot be opened, and as [`read`], with the file's name.
pub fn read_file(path: &Path) -> Result<Vec<Product>, CsvError> {
    let named = |error: CsvError| CsvError {
        file: Some(path.to_owned()),
        ..error
    };
    let file = File::open(path).map_err(|why| {
        named(error(
            1,
            format!("The file cannot be opened: {why}."),
            "Check its name and rights.",
        ))
    })?;
    read(file).map_err(named)
}

/// Reads the products of an export, in the order of their first rows.
///
/// Columns that are missing count as empty, save the handle. An empty status is "active", an
/// empty tracker means that the item is not tracked, an empty quantity that it is not stocked.
///
/// # Errors
///
/// The first row that cannot be understood, with line, column and what to do.
pub fn read(reader: impl io::Read) -> Result<Vec<Product>, CsvError> {
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(reader);
    let columns = Columns::find(reader.headers().map_err(|why| broken(&why))?)?;
    let mut shelf = Shelf::default();
    for record in reader.records() {
        let record = record.map_err(|why| broken(&why))?;
        shelf.take(&Row {
            columns: &columns,
            record: &record,
        })?;
    }
    Ok(shelf.products)
}

/// The products so far. Rows of one product need not stand together.
#[derive(Default)]
struct Shelf {
    products: Vec<Product>,
    /// Handle to the product's position and the names of its options.
    known: HashMap<String, (usize, [Option<String>; 3])>,
}

impl Shelf {
    fn take(&mut self, row: &Row<'_>) -> Result<(), CsvError> {
        let Some(handle) = row.text(row.columns.handle.as_ref()) else {
            if row.record.iter().all(|cell| cell.trim().is_empty()) {
                return Ok(());
            }
            let column = row.columns.handle.as_ref();
            return Err(row.error(
                column,
                "The row has no handle.",
                "Write the handle of its product.",
            ));
        };
        let first = !self.known.contains_key(handle);
        if first {
            let names = row
                .columns
                .options
                .each_ref()
                .map(|(name, _)| row.owned(name.as_ref()));
            self.known
                .insert(handle.to_owned(), (self.products.len(), names));
            self.products.push(row.product(handle)?);
        }
        // A row without variant gives one more image to a product.
        if !first && !row.has_variant() {
            return Ok(());
        }
        if let Some((at, names)) = self.known.get(handle)
            && let Some(product) = self.products.get_mut(*at)
        {
            product.variants.push(row.variant(names)?);
        }
        Ok(())
    }
}

/// One line of the file, by column.
struct Row<'a> {
    columns: &'a Columns,
    record: &'a StringRecord,
}

impl Row<'_> {
    fn product(&self, handle: &str) -> Result<Product, CsvError> {
        let columns = self.columns;
        let tags = self.text(columns.tags.as_ref()).unwrap_or_default();
        Ok(Product {
            handle: handle.to_owned(),
            title: self
                .owned(columns.title.as_ref())
                .unwrap_or_else(|| handle.to_owned()),
            vendor: self.owned(columns.vendor.as_ref()).unwrap_or_default(),
            product_type: self
                .owned(columns.product_type.as_ref())
                .unwrap_or_default(),
            tags: tags
                .split(',')
                .map(str::trim)
                .filter(|tag| !tag.is_empty())
                .map(Into::into)
                .collect(),
            status: self.status()?,
            variants: vec![],
        })
    }

    fn variant(&self, names: &[Option<String>; 3]) -> Result<Variant, CsvError> {
        let columns = self.columns;
        let options = names
            .iter()
            .zip(&columns.options)
            .filter_map(|(name, (_, value))| Some((name.clone()?, self.owned(value.as_ref())?)));
        let mut options: Vec<_> = options.collect();
        if options.is_empty() {
            options.push(("Title".into(), "Default Title".into()));
        }
        Ok(Variant {
            options,
            sku: self.bare(columns.sku.as_ref()).map(Into::into),
            barcode: self.bare(columns.barcode.as_ref()).map(Into::into),
            tracked: self.text(columns.tracker.as_ref()).is_some(),
            continue_selling: self.continues()?,
            price: self.price()?,
            quantities: vec![self.quantity()?],
        })
    }

    fn has_variant(&self) -> bool {
        let columns = self.columns;
        let values = columns.options.iter().map(|(_, value)| value);
        let others = [
            &columns.sku,
            &columns.barcode,
            &columns.price,
            &columns.quantity,
        ];
        values
            .chain(others)
            .any(|column| self.text(column.as_ref()).is_some())
    }

    fn status(&self) -> Result<Status, CsvError> {
        let column = self.columns.status.as_ref();
        match self.text(column).map(str::to_lowercase).as_deref() {
            // An unlisted product sells to whoever has its address.
            None | Some("active" | "unlisted") => Ok(Status::Active),
            Some("draft") => Ok(Status::Draft),
            Some("archived") => Ok(Status::Archived),
            Some(other) => Err(self.error(
                column,
                &format!("\"{other}\" is no status."),
                "Write active, draft or archived.",
            )),
        }
    }

    fn continues(&self) -> Result<bool, CsvError> {
        let column = self.columns.policy.as_ref();
        match self.text(column).map(str::to_lowercase).as_deref() {
            None | Some("deny" | "false") => Ok(false),
            Some("continue" | "true") => Ok(true),
            Some(other) => Err(self.error(
                column,
                &format!("\"{other}\" is no inventory policy."),
                "Write deny or continue.",
            )),
        }
    }

    fn quantity(&self) -> Result<Option<i64>, CsvError> {
        let column = self.columns.quantity.as_ref();
        let Some(text) = self.bare(column) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| {
            self.error(
                column,
                &format!("\"{text}\" is no whole number."),
                "Write the units as digits alone, such as 12 or -3.",
            )
        })
    }

    fn price(&self) -> Result<String, CsvError> {
        let column = self.columns.price.as_ref();
        let Some(text) = self.bare(column) else {
            return Ok("0.00".into());
        };
        let (whole, cents) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if digits(whole) && digits(cents) {
            return Ok(text.to_owned());
        }
        Err(self.error(
            column,
            &format!("\"{text}\" is no price."),
            "Write digits with a point for the decimals, such as 120.00.",
        ))
    }

    fn text(&self, column: Option<&Column>) -> Option<&str> {
        let text = self.record.get(column?.at)?.trim();
        Some(text).filter(|text| !text.is_empty())
    }

    fn owned(&self, column: Option<&Column>) -> Option<String> {
        self.text(column).map(str::to_owned)
    }

    /// Without the apostrophe by which exports keep spreadsheets from reading digits as a
    /// number.
    fn bare(&self, column: Option<&Column>) -> Option<&str> {
        let text = self.text(column)?;
        Some(text.strip_prefix('\'').unwrap_or(text)).filter(|text| !text.is_empty())
    }

    fn error(&self, column: Option<&Column>, message: &str, fix: &str) -> CsvError {
        let line = self.record.position().map_or(0, csv::Position::line);
        let column = column.map(|column| column.name.clone());
        CsvError {
            column,
            ..error(line, message, fix)
        }
    }
}

/// Where a value stands, and the name above it.
struct Column {
    at: usize,
    name: String,
}

/// The columns that matter; none where the file does not have it.
struct Columns {
    handle: Option<Column>,
    title: Option<Column>,
    vendor: Option<Column>,
    product_type: Option<Column>,
    tags: Option<Column>,
    status: Option<Column>,
    /// Name and value of each option.
    options: [(Option<Column>, Option<Column>); 3],
    sku: Option<Column>,
    barcode: Option<Column>,
    tracker: Option<Column>,
    quantity: Option<Column>,
    policy: Option<Column>,
    price: Option<Column>,
}

impl Columns {
    fn find(headers: &StringRecord) -> Result<Self, CsvError> {
        let column = |spellings: &[&str]| {
            let named = |name: &str| {
                spellings
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(name))
            };
            let at = headers.iter().position(|header| named(header.trim()))?;
            Some(Column {
                at,
                name: headers.get(at)?.trim().to_owned(),
            })
        };
        let option = |number: u8| {
            let part = |part: &str| column(&[&format!("Option{number} {part}")]);
            (part("Name"), part("Value"))
        };
        let columns = Self {
            handle: column(&["Handle", "URL handle"]),
            title: column(&["Title"]),
            vendor: column(&["Vendor"]),
            product_type: column(&["Type"]),
            tags: column(&["Tags"]),
            status: column(&["Status"]),
            options: [option(1), option(2), option(3)],
            sku: column(&["Variant SKU", "SKU"]),
            barcode: column(&["Variant Barcode", "Barcode"]),
            tracker: column(&["Variant Inventory Tracker", "Inventory tracker"]),
            quantity: column(&["Variant Inventory Qty", "Inventory quantity"]),
            policy: column(&[
                "Variant Inventory Policy",
                "Continue selling when out of stock",
            ]),
            price: column(&["Variant Price", "Price"]),
        };
        if columns.handle.is_some() {
            return Ok(columns);
        }
        Err(error(
            1,
            "There is no column \"Handle\" (or \"URL handle\").",
            "Export the products from the Shopify admin as CSV, separated by commas, and keep \
             the first line.",
        ))
    }
}

fn error(line: u64, message: impl Into<String>, fix: &str) -> CsvError {
    CsvError {
        file: None,
        line,
        column: None,
        message: message.into(),
        fix: fix.into(),
    }
}

fn broken(why: &csv::Error) -> CsvError {
    let line = why.position().map_or(1, csv::Position::line);
    match why.kind() {
        csv::ErrorKind::Utf8 { .. } => error(
            line,
            "The row is not UTF-8.",
            "Save the file as \"CSV UTF-8\".",
        ),
        _ => error(
            line,
            format!("The row cannot be read: {why}."),
            "Export the file again.",
        ),
    }
}

#[cfg(test)]
mod tests;
