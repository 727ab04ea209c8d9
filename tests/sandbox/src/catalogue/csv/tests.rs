#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use super::*;

const OLDER: &[u8] = include_bytes!("../../../fixtures/older-columns.csv");
const NEWER: &[u8] = include_bytes!("../../../fixtures/newer-columns.csv");

fn refused(text: &str) -> CsvError {
    read(text.as_bytes()).unwrap_err()
}

#[test]
fn the_older_columns_are_read_with_mark_line_ends_and_html() {
    assert!(
        OLDER.starts_with(b"\xef\xbb\xbf"),
        "the fixture has a byte order mark"
    );
    let products = read(OLDER).unwrap();
    assert_eq!(products.len(), 2);
    let shirt = &products[0];
    assert_eq!(shirt.handle, "linen-overshirt");
    assert_eq!(
        (shirt.vendor.as_str(), shirt.product_type.as_str()),
        ("Maison Exemple", "Shirts")
    );
    assert_eq!(shirt.tags, ["men", "ss27", "new in"]);
    assert_eq!(shirt.status, Status::Active);
    assert_eq!(
        shirt.variants.len(),
        4,
        "the image row is no variant, the late row is one"
    );
    let first = &shirt.variants[0];
    assert_eq!(
        first,
        &Variant {
            options: vec![("Color".into(), "Sand".into()), ("Size".into(), "S".into())],
            sku: Some("LIN-SND-S".into()),
            barcode: Some("2900000000017".into()),
            tracked: true,
            continue_selling: false,
            price: "120.00".into(),
            quantities: vec![Some(12)],
        }
    );
    let second = &shirt.variants[1];
    assert_eq!(
        second.options[1],
        ("Size".into(), "M".into()),
        "names come from the first row"
    );
    assert_eq!(second.sku.as_deref(), Some("LIN-SND-M"));
    assert_eq!(
        second.barcode.as_deref(),
        Some("0012345678905"),
        "leading zeros stay"
    );
    assert_eq!(
        (second.quantities[0], second.continue_selling),
        (Some(-3), true)
    );
    assert_eq!(
        (
            shirt.variants[2].sku.as_ref(),
            shirt.variants[2].quantities[0]
        ),
        (None, Some(0))
    );
    let tote = &products[1].variants[0];
    assert_eq!((tote.tracked, tote.quantities[0]), (false, Some(1)));
    assert_eq!(tote.options, [("Title".into(), "Default Title".into())]);
}

#[test]
fn the_newer_columns_are_read() {
    let products = read(NEWER).unwrap();
    let status: Vec<_> = products.iter().map(|product| product.status).collect();
    assert_eq!(status, [Status::Active, Status::Draft, Status::Archived]);
    let dress = &products[0];
    assert_eq!(
        (dress.title.as_str(), dress.handle.as_str()),
        ("Wrap Dress", "wrap-dress")
    );
    assert_eq!(
        dress.variants[0].options[2],
        ("Fabric".into(), "Silk".into())
    );
    assert_eq!(dress.variants[1].barcode.as_deref(), Some("2900000000031"));
    assert!(dress.variants[1].continue_selling);
    assert_eq!(
        dress.variants[1].quantities,
        [None],
        "an empty quantity is not zero"
    );
    assert_eq!(products[2].variants[0].price, "0.00");
}

#[test]
fn columns_that_are_missing_count_as_empty() {
    let products = read("Handle\ncap\n".as_bytes()).unwrap();
    assert_eq!(products[0].title, "cap");
    assert_eq!(
        products[0].variants[0].options,
        [("Title".into(), "Default Title".into())]
    );
    assert!(!products[0].variants[0].tracked);
}

#[test]
fn short_rows_and_rows_of_nothing_but_commas_are_fine() {
    let products = read("Handle,Title,Variant SKU\ncap,Cap\n,,\n\nhat,Hat,H-1\n".as_bytes());
    assert_eq!(products.unwrap().len(), 2);
}

#[test]
fn a_file_without_handles_says_which_column_it_needs() {
    let error = refused("Name;SKU\nCap;C-1\n");
    assert_eq!(error.line, 1);
    assert!(
        error.to_string().contains("\"Handle\" (or \"URL handle\")"),
        "{error}"
    );
    assert!(error.fix.contains("commas"), "{error}");
}

#[test]
fn a_wrong_value_is_named_by_line_and_column() {
    let head =
        "Handle,Body (HTML),Variant Inventory Qty,Variant Inventory Policy,Status,Variant Price";
    let row = |cells: &str| {
        refused(&format!(
            "{head}\ncap,\"<p>\n</p>\",1,deny,active,1\nhat,,{cells}\n"
        ))
    };
    for (cells, column) in [
        ("twelve,deny,active,1.00", "Variant Inventory Qty"),
        ("1.5,deny,active,1.00", "Variant Inventory Qty"),
        (
            "99999999999999999999,deny,active,1.00",
            "Variant Inventory Qty",
        ),
        ("1,maybe,active,1.00", "Variant Inventory Policy"),
        ("1,deny,gone,1.00", "Status"),
        ("1,deny,active,\"1,00\"", "Variant Price"),
    ] {
        let error = row(cells);
        assert_eq!(
            (error.line, error.column.as_deref()),
            (4, Some(column)),
            "{error}"
        );
        assert!(!error.fix.is_empty());
    }
}

#[test]
fn a_row_without_handle_is_refused() {
    let error = refused("Handle,Title\ncap,Cap\n,Hat\n");
    assert_eq!((error.line, error.column.as_deref()), (3, Some("Handle")));
}

#[test]
fn a_file_that_is_not_utf8_is_refused_with_the_row() {
    let error = read(&b"Handle,Title\ncap,Cap\nd\xe9,D\n"[..]).unwrap_err();
    assert_eq!(error.line, 3);
    assert!(error.fix.contains("UTF-8"), "{error}");
}

#[test]
fn a_file_that_cannot_be_opened_is_named() {
    let error = read_file(Path::new("no-such-file.csv")).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("no-such-file.csv:1: The file cannot be opened")
    );
}

#[test]
fn a_real_export_is_read_whole() {
    let shared = std::env::var_os("ATSYNC_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let path = shared.join("oracle/shopify/products/apparel.csv");
    if !path.exists() {
        println!("skipped: {} is not here", path.display());
        return;
    }
    let products = read_file(&path).unwrap();
    let variants: Vec<_> = products
        .iter()
        .flat_map(|product| &product.variants)
        .collect();
    assert!(products.iter().all(|product| !product.variants.is_empty()));
    assert_eq!((products.len(), variants.len()), (20, 22));
    assert!(
        variants
            .iter()
            .all(|variant| variant.quantities == [Some(1)])
    );
}
