//! `/v4/products`: styles. <https://api-docs.jooraccess.com/v2.0/reference/create-products>

use serde::{Deserialize, Serialize};

use super::{Id, SentId, each, page};
use crate::joor::call::{Call, Failure};
use crate::joor::key::Key;
use crate::joor::library::{Library, Product, ProductNo, product_id};
use crate::joor::options::Options;
use crate::wire::Response;

#[derive(Serialize)]
struct Row {
    id: Id,
    name: String,
    external_id: Option<Key>,
    product_identifier: Option<Key>,
    description: Option<String>,
    category_ids: [u64; 0],
    product_trait_values: [u64; 0],
    tags: [u64; 0],
}

#[derive(Deserialize)]
struct Sent {
    id: Option<SentId>,
    name: Option<String>,
    external_id: Option<String>,
    product_identifier: Option<String>,
    description: Option<String>,
}

pub(in crate::joor) fn list(library: &Library, call: &Call<'_>, options: &Options) -> Response {
    page(
        call,
        options,
        (0..).zip(&library.products),
        |(no, product)| row(no, product, options),
    )
}

pub(in crate::joor) fn create(
    library: &mut Library,
    call: &Call<'_>,
    options: &Options,
) -> Response {
    each(call, |sent: Sent| {
        let name = sent
            .name
            .ok_or_else(|| Failure::new("INVALID", "name is required."))?;
        let external_id = Key::some(sent.external_id.as_deref());
        if sent
            .external_id
            .is_some_and(|id| library.find_external(&id).is_some())
        {
            return Err(Failure::new(
                "DUPLICATED",
                "A product with this external_id exists.",
            ));
        }
        let no = library.add_product(Product {
            name: name.into(),
            description: sent.description.map(Into::into),
            external_id,
            identifier: Key::some(sent.product_identifier.as_deref()),
            skus: vec![],
        });
        described(library, no, options)
    })
}

/// Names and descriptions can be changed; identifiers stay.
pub(in crate::joor) fn update(
    library: &mut Library,
    call: &Call<'_>,
    options: &Options,
) -> Response {
    each(call, |sent: Sent| {
        let id = sent.id.as_ref().and_then(SentId::number);
        let no = id
            .and_then(|id| library.find_product_id(id))
            .ok_or_else(unknown)?;
        let product = library.products.get_mut(no as usize).ok_or_else(unknown)?;
        if let Some(name) = sent.name {
            product.name = name.into();
        }
        if let Some(description) = sent.description {
            product.description = Some(description.into());
        }
        described(library, no, options)
    })
}

fn described(library: &Library, no: ProductNo, options: &Options) -> Result<Row, Failure> {
    library
        .products
        .get(no as usize)
        .map(|product| row(no, product, options))
        .ok_or_else(unknown)
}

fn row(no: ProductNo, product: &Product, options: &Options) -> Row {
    Row {
        id: Id::new(product_id(no), options),
        name: product.name.to_string(),
        external_id: product.external_id.clone(),
        product_identifier: product.identifier.clone(),
        description: product.description.as_deref().map(str::to_owned),
        category_ids: [],
        product_trait_values: [],
        tags: [],
    }
}

pub(super) fn unknown() -> Failure {
    Failure::new("NOT_FOUND", "No such product.")
}
