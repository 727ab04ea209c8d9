//! `/v4/skus`. <https://api-docs.jooraccess.com/v2.0/reference/create-skus>

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Id, SentId, each, listed, page, products};
use crate::joor::call::{Call, Failure};
use crate::joor::key::Key;
use crate::joor::library::{Library, Sku, SkuNo, TraitNo, product_id, sku_id};
use crate::joor::options::Options;
use crate::wire::Response;

/// Ids that JOOR's samples show; base64 of `SKUTrait:StyleColor` and `SKUTrait:Size`.
const COLOR: Trait = Trait {
    id: "U0tVVHJhaXQ6U3R5bGVDb2xvcg==",
    name: "Color",
};
const SIZE: Trait = Trait {
    id: "U0tVVHJhaXQ6U2l6ZQ==",
    name: "Size",
};

#[derive(Clone, Copy, Serialize)]
struct Trait {
    id: &'static str,
    name: &'static str,
}

#[derive(Serialize)]
struct Row {
    id: String,
    product_id: Id,
    external_id: Option<Key>,
    sku_identifier: Option<Key>,
    trait_values: [TraitValue; 2],
    identifiers: Vec<Identifier>,
}

#[derive(Serialize)]
struct TraitValue {
    #[serde(rename = "trait")]
    kind: Trait,
    value: String,
    external_id: String,
    status: &'static str,
}

#[derive(Serialize)]
struct Identifier {
    r#type: &'static str,
    value: Key,
}

#[derive(Deserialize)]
struct Sent {
    id: Option<String>,
    product_id: Option<SentId>,
    external_id: Option<String>,
    sku_identifier: Option<String>,
    trait_values: Option<Vec<SentTrait>>,
    identifiers: Option<Vec<SentIdentifier>>,
}

#[derive(Deserialize)]
struct SentTrait {
    trait_id: Option<String>,
    trait_name: Option<String>,
    value: String,
    external_id: Option<String>,
}

#[derive(Deserialize)]
struct SentIdentifier {
    r#type: String,
    value: String,
}

/// All SKUs, or those of the products in `product_ids`; phantoms among them.
pub(in crate::joor) fn list(library: &Library, call: &Call<'_>, options: &Options) -> Response {
    let show = |no: SkuNo| described(library, no, options).ok();
    let Some(ids) = listed(call, "product_ids") else {
        return page(call, options, 0..library.skus.len() as u64, |no| {
            u32::try_from(no).ok().and_then(show)
        });
    };
    let products: BTreeSet<_> = ids
        .iter()
        .filter_map(|id| library.find_product_id(id.parse().ok()?))
        .filter_map(|no| {
            library
                .products
                .get(no as usize)
                .map(|product| (no, product))
        })
        .flat_map(|(_, product)| product.skus.iter().copied())
        .collect();
    page(call, options, products.into_iter(), show)
}

/// Creates SKUs, and with them the phantoms that complete the matrix of their style.
pub(in crate::joor) fn create(
    library: &mut Library,
    call: &Call<'_>,
    options: &Options,
) -> Response {
    let mut touched = BTreeSet::new();
    let response = each(call, |sent: Sent| {
        let id = sent.product_id.as_ref().and_then(SentId::number);
        let product = id
            .and_then(|id| library.find_product_id(id))
            .ok_or_else(products::unknown)?;
        let traits = sent.trait_values.as_deref().unwrap_or_default();
        let color = pick(library, traits, COLOR)?;
        let size = pick(library, traits, SIZE)?;
        let here = library.find_pair(product, |sku| (sku.color, sku.size) == (color, size));
        let phantom = here.filter(|no| library.skus.get(*no as usize).is_some_and(is_phantom));
        if let Some(no) = here.filter(|_| phantom.is_none()) {
            let mut failure = Failure::new("DUPLICATED", "This color and size exists.");
            failure.details = json!({ "sku_id": sku_id(product, no) });
            return Err(failure);
        }
        let no = phantom.unwrap_or_else(|| {
            let (external_id, identifier, upc) = (None, None, None);
            library.add_sku(Sku {
                product,
                external_id,
                identifier,
                upc,
                color,
                size,
            })
        });
        identify(library, no, &sent);
        touched.insert(product);
        described(library, no, options)
    });
    for product in touched {
        library.fill_matrix(product);
    }
    response
}

/// Changes identifiers; colour and size stay.
pub(in crate::joor) fn update(
    library: &mut Library,
    call: &Call<'_>,
    options: &Options,
) -> Response {
    each(call, |sent: Sent| {
        let no = sent
            .id
            .as_deref()
            .and_then(|id| library.find_sku_id(id))
            .ok_or_else(unknown)?;
        identify(library, no, &sent);
        described(library, no, options)
    })
}

/// Sets the identifiers that were sent.
fn identify(library: &mut Library, no: SkuNo, sent: &Sent) {
    let upc = sent.identifiers.as_deref().unwrap_or_default().iter();
    let upc = upc
        .rev()
        .find(|identifier| identifier.r#type.eq_ignore_ascii_case("upc"));
    let upc = upc.and_then(|identifier| Key::some(Some(&identifier.value)));
    if upc.is_some() {
        library.forget_upc(no);
    }
    let Some(sku) = library.skus.get_mut(no as usize) else {
        return;
    };
    sku.upc = upc.or(sku.upc.take());
    sku.external_id = Key::some(sent.external_id.as_deref()).or(sku.external_id.take());
    sku.identifier = Key::some(sent.sku_identifier.as_deref()).or(sku.identifier.take());
    library.index(no);
}

fn is_phantom(sku: &Sku) -> bool {
    sku.external_id.is_none() && sku.upc.is_none()
}

/// The value that was sent for a trait, by the trait's id or name.
fn pick(library: &mut Library, sent: &[SentTrait], wanted: Trait) -> Result<TraitNo, Failure> {
    let found = sent.iter().find(|value| {
        value.trait_id.as_deref() == Some(wanted.id)
            || value.trait_name.as_deref() == Some(wanted.name)
    });
    let found = found.ok_or_else(|| {
        Failure::new(
            "INVALID",
            format!("The trait value {} is required.", wanted.name),
        )
    })?;
    let code = found.external_id.as_deref().unwrap_or(&found.value);
    Ok(library.traits.intern(&found.value, code))
}

fn described(library: &Library, no: SkuNo, options: &Options) -> Result<Row, Failure> {
    let sku = library.skus.get(no as usize).ok_or_else(unknown)?;
    let value = |kind, no| TraitValue {
        kind,
        value: library.traits.name(no).to_owned(),
        external_id: library.traits.code(no).to_owned(),
        status: "ACTIVE",
    };
    let upc = sku.upc.iter().cloned();
    Ok(Row {
        id: sku_id(sku.product, no),
        product_id: Id::new(product_id(sku.product), options),
        external_id: sku.external_id.clone(),
        sku_identifier: sku.identifier.clone(),
        trait_values: [value(COLOR, sku.color), value(SIZE, sku.size)],
        identifiers: upc
            .map(|value| Identifier {
                r#type: "upc",
                value,
            })
            .collect(),
    })
}

fn unknown() -> Failure {
    Failure::new("NOT_FOUND", "No such SKU.")
}
