//! `/v4/collections`: linesheets.
//! <https://api-docs.jooraccess.com/docs/create-update-collection>

use serde::{Deserialize, Serialize};

use super::{Id, SentId, each, page, products};
use crate::joor::call::{Call, Failure};
use crate::joor::library::{
    Collection, Delivery, Item, Library, collection_id, product_id, sku_id,
};
use crate::joor::options::Options;
use crate::wire::Response;

#[derive(Serialize)]
struct Row {
    id: Id,
    name: String,
    external_id: String,
    season_id: Option<String>,
    delivery: Delivery,
    #[serde(skip_serializing_if = "Option::is_none")]
    made_to_order: Option<bool>,
    items: Vec<ItemRow>,
}

#[derive(Serialize)]
struct ItemRow {
    product_id: Id,
    order_number: u32,
    sku_ids: Vec<String>,
}

#[derive(Deserialize)]
struct Sent {
    id: Option<SentId>,
    name: Option<String>,
    external_id: Option<String>,
    season_id: Option<String>,
    delivery: Option<Delivery>,
    made_to_order: Option<bool>,
    items: Option<Vec<SentItem>>,
}

#[derive(Deserialize)]
struct SentItem {
    product_id: SentId,
    #[serde(default)]
    order_number: u32,
    #[serde(default)]
    sku_ids: Vec<String>,
}

pub(in crate::joor) fn list(library: &Library, call: &Call<'_>, options: &Options) -> Response {
    page(
        call,
        options,
        library.collections.iter().enumerate(),
        |(no, collection)| row(no, collection, options),
    )
}

pub(in crate::joor) fn create(
    library: &mut Library,
    call: &Call<'_>,
    options: &Options,
) -> Response {
    each(call, |sent: Sent| {
        if sent.name.is_none() || sent.external_id.is_none() {
            return Err(Failure::new(
                "INVALID",
                "name and external_id are required.",
            ));
        }
        let mut collection = Collection::default();
        change(library, &mut collection, sent)?;
        let row = row(library.collections.len(), &collection, options);
        library.collections.push(collection);
        Ok(row)
    })
}

/// Changes what was sent; `items` replaces the whole list.
pub(in crate::joor) fn update(
    library: &mut Library,
    call: &Call<'_>,
    options: &Options,
) -> Response {
    each(call, |sent: Sent| {
        let unknown = || Failure::new("NOT_FOUND", "No such collection.");
        let id = sent.id.as_ref().and_then(SentId::number);
        let no = id
            .and_then(|id| library.find_collection_id(id))
            .ok_or_else(unknown)?;
        let mut collection = std::mem::take(library.collections.get_mut(no).ok_or_else(unknown)?);
        let changed = change(library, &mut collection, sent);
        let row = row(no, &collection, options);
        if let Some(place) = library.collections.get_mut(no) {
            *place = collection;
        }
        changed.map(|()| row)
    })
}

fn change(library: &Library, collection: &mut Collection, sent: Sent) -> Result<(), Failure> {
    let items = sent
        .items
        .map(|items| items.iter().map(|sent| item(library, sent)).collect());
    if let Some(items) = items.transpose()? {
        collection.items = items;
    }
    collection.season_id = sent.season_id.or(collection.season_id.take());
    if let Some(name) = sent.name {
        collection.name = name;
    }
    if let Some(code) = sent.external_id {
        collection.external_id = code;
    }
    if let Some(delivery) = sent.delivery {
        collection.delivery = delivery;
    }
    if let Some(made_to_order) = sent.made_to_order {
        collection.made_to_order = made_to_order;
    }
    Ok(())
}

fn item(library: &Library, sent: &SentItem) -> Result<Item, Failure> {
    let product = sent
        .product_id
        .number()
        .and_then(|id| library.find_product_id(id));
    let skus = sent.sku_ids.iter().map(|id| {
        library
            .find_sku_id(id)
            .ok_or_else(|| Failure::new("NOT_FOUND", "No such SKU."))
    });
    Ok(Item {
        product: product.ok_or_else(products::unknown)?,
        order_number: sent.order_number,
        skus: skus.collect::<Result<_, _>>()?,
    })
}

fn row(no: usize, collection: &Collection, options: &Options) -> Row {
    let item = |item: &Item| ItemRow {
        product_id: Id::new(product_id(item.product), options),
        order_number: item.order_number,
        sku_ids: item
            .skus
            .iter()
            .map(|sku| sku_id(item.product, *sku))
            .collect(),
    };
    Row {
        id: Id::new(collection_id(no), options),
        name: collection.name.clone(),
        external_id: collection.external_id.clone(),
        season_id: collection.season_id.clone(),
        delivery: collection.delivery.clone(),
        made_to_order: options
            .shows_made_to_order
            .then_some(collection.made_to_order),
        items: collection.items.iter().map(item).collect(),
    }
}
