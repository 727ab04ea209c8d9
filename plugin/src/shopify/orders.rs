//! Orders in Shopify: looked up, created, moved, cancelled, and seen shipped.
//!
//! `orderCreate` has no idempotency of its own, so each order carries a metafield with a unique
//! id, by which it is found again whatever became of the answer
//! (<https://shopify.dev/docs/api/admin-graphql/latest/queries/orderByIdentifier>).

use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Mutated, Shopify};
use super::locations::PageInfo;
use super::operations::{
    CLAIM_LEVELS, CUSTOMERS, ORDER_CANCEL, ORDER_CREATE, ORDER_DEFINITION, ORDER_FIND, ORDER_MOVE,
    ORDER_STATE, ORDER_VARIANTS, Operation, SHIPPED_ORDERS,
};
use super::order_state::OrderState;
use super::variant::Variant;
use crate::core::id::Id;
use crate::core::time::{Millis, parse_rfc3339, rfc3339};
use crate::halt::Halt;

/// Namespace of the metafield that holds the unique id.
const NAMESPACE: &str = "atsync";
/// Its key.
const KEY: &str = "joor_order";

/// Ids in one query: variants, items and customers are cheap, but each is read for real.
const IDS_PER_QUERY: usize = 100;

/// What became of a change of an order.
#[derive(Debug)]
pub enum Changed<T> {
    /// Done.
    Done(T),
    /// Shopify refuses it, with these words. Nothing was changed.
    Refused(Refusal),
    /// Shopify takes no more for the moment. Nothing was changed.
    Later {
        /// When to try again.
        at: Millis,
        /// Why.
        why: String,
    },
    /// Nobody knows: look before trying again.
    Unknown(String),
}

impl<T> Changed<T> {
    /// What became of it; `told` says what an answer means.
    fn of<A>(mutated: Mutated<A>, told: impl FnOnce(A) -> Self) -> Self {
        match mutated {
            Mutated::Answered(answer) => told(answer),
            Mutated::Refused(words) => Self::Refused(Refusal::whole(words)),
            Mutated::Later { at, why } => Self::Later { at, why },
            Mutated::Unknown(why) => Self::Unknown(why),
        }
    }

    fn empty() -> Self {
        Self::Unknown("Shopify's answer is empty".into())
    }
}

/// Why Shopify refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its words.
    pub words: String,
    /// It is about stock that cannot be claimed.
    pub stock: bool,
    /// It is about a unique id that is taken: the order is there already.
    pub taken: bool,
    /// It is about the speed of creating orders.
    pub too_fast: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserError {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    field: Option<Vec<String>>,
    message: String,
}

impl Refusal {
    /// Shopify documents `INVENTORY_CLAIM_FAILED`; seen in the wild is `INVALID` with "Line items
    /// Unable to reserve inventory". Trial stores take five orders a minute (description of
    /// `orderCreate`).
    fn of(errors: &[UserError]) -> Self {
        let words: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
        let words = words.join("; ");
        let low = words.to_lowercase();
        let code = |code: &str| {
            errors
                .iter()
                .any(|error| error.code.as_deref() == Some(code))
        };
        let about_metafields = |error: &UserError| {
            error
                .field
                .iter()
                .flatten()
                .any(|part| part.eq_ignore_ascii_case("metafields"))
        };
        Self {
            stock: code("INVENTORY_CLAIM_FAILED") || low.contains("unable to reserve inventory"),
            taken: code("TAKEN")
                || (errors.iter().any(about_metafields)
                    && (low.contains("taken") || low.contains("unique"))),
            too_fast: low.contains("too many attempts") || low.contains("too many orders"),
            words,
        }
    }

    /// A refusal of the whole operation: a country, a currency, an input that is too long.
    fn whole(words: String) -> Self {
        Self {
            words,
            stock: false,
            taken: false,
            too_fast: false,
        }
    }
}

/// Makes sure that the shop has the definition of the unique metafield. True: it has.
///
/// # Errors
/// As [`Shopify::mutate`], and [`Halt::Failed`] where Shopify refuses it.
pub async fn define(shopify: &Shopify) -> Result<bool, Halt> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        metafield_definition_create: Payload,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Payload {
        user_errors: Vec<UserError>,
    }
    let definition = json!({
        "name": "JOOR order",
        "namespace": NAMESPACE,
        "key": KEY,
        "type": "id",
        "ownerType": "ORDER",
        "description": "Makes sure that one order on JOOR becomes one order here.",
        "capabilities": { "uniqueValues": { "enabled": true } },
    });
    let words = match shopify
        .mutate(
            &ORDER_DEFINITION,
            json!({ "definition": definition }),
            "order-definition",
        )
        .await?
    {
        Mutated::Answered(Answer {
            metafield_definition_create: payload,
        }) => {
            let others = |error: &&UserError| error.code.as_deref() != Some("TAKEN");
            match payload.user_errors.iter().find(others) {
                None => return Ok(true),
                Some(error) => error.message.clone(),
            }
        }
        Mutated::Refused(words) => words,
        Mutated::Later { .. } | Mutated::Unknown(_) => return Ok(false),
    };
    Err(Halt::failed(
        "order-definition-refused",
        format!("Shopify does not take the definition by which orders are found again: {words}."),
        format!(
            "Without it no order is created. Look at the order metafield {NAMESPACE}.{KEY} in Shopify's settings."
        ),
    ))
}

/// What is put into an order. `input` is an `OrderCreateOrderInput` without metafields.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// Value of the unique metafield.
    pub key: String,
    /// The order.
    pub input: Value,
    /// Shopify's word for how it claims stock; always sent, because Shopify's default is to claim
    /// nothing.
    pub behaviour: String,
}

/// Creates an order.
///
/// # Errors
/// As [`Shopify::mutate`].
pub async fn create(shopify: &Shopify, new: &NewOrder) -> Result<Changed<OrderState>, Halt> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        order_create: Option<Payload>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Payload {
        #[serde(default)]
        order: Option<OrderState>,
        user_errors: Vec<UserError>,
    }
    let mut order = new.input.clone();
    if let Some(order) = order.as_object_mut() {
        let metafield =
            json!({ "namespace": NAMESPACE, "key": KEY, "type": "id", "value": new.key });
        order.insert("metafields".into(), json!([metafield]));
    }
    let options = json!({ "inventoryBehaviour": new.behaviour, "sendReceipt": false, "sendFulfillmentReceipt": false });
    let variables = json!({ "order": order, "options": options });
    let mutated = shopify.mutate(&ORDER_CREATE, variables, &new.key).await?;
    Ok(Changed::of(mutated, |answer: Answer| {
        let Some(payload) = answer.order_create else {
            return Changed::empty();
        };
        match payload.order {
            Some(order) => Changed::Done(order),
            None if payload.user_errors.is_empty() => {
                Changed::Unknown("Shopify tells neither an order nor an error".into())
            }
            None => Changed::Refused(Refusal::of(&payload.user_errors)),
        }
    }))
}

/// The order with this unique id. None: there is none (yet).
///
/// # Errors
/// As [`Shopify::query`].
pub async fn find(shopify: &Shopify, key: &str) -> Result<Option<OrderState>, Halt> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        order_by_identifier: Option<OrderState>,
    }
    let variables = json!({ "namespace": NAMESPACE, "key": KEY, "value": key });
    let answer: Answer = shopify.query(&ORDER_FIND, variables).await?;
    Ok(answer.order_by_identifier)
}

/// The order with this id. None: it was deleted.
///
/// # Errors
/// As [`Shopify::query`].
pub async fn state(shopify: &Shopify, id: Id) -> Result<Option<OrderState>, Halt> {
    #[derive(Deserialize)]
    struct Answer {
        order: Option<OrderState>,
    }
    let answer: Answer = shopify
        .query(&ORDER_STATE, json!({ "id": id.gid("Order") }))
        .await?;
    Ok(answer.order)
}

/// Assigns a part of an order to a location. Nothing is marked as fulfilled.
///
/// # Errors
/// As [`Shopify::mutate`].
pub async fn move_part(shopify: &Shopify, part: &str, location: Id) -> Result<Changed<()>, Halt> {
    let variables = json!({ "id": part, "location": location.gid("Location") });
    let key = format!("move:{part}:{location}");
    simple(
        shopify,
        &ORDER_MOVE,
        variables,
        &key,
        "/fulfillmentOrderMove/userErrors",
    )
    .await
}

/// Asks Shopify to cancel an order; it does so a moment later.
///
/// # Errors
/// As [`Shopify::mutate`].
pub async fn cancel(
    shopify: &Shopify,
    id: Id,
    restock: bool,
    note: &str,
) -> Result<Changed<()>, Halt> {
    let variables = json!({ "id": id.gid("Order"), "restock": restock, "note": note });
    let key = format!("cancel:{id}");
    simple(
        shopify,
        &ORDER_CANCEL,
        variables,
        &key,
        "/orderCancel/orderCancelUserErrors",
    )
    .await
}

async fn simple(
    shopify: &Shopify,
    operation: &Operation,
    variables: Value,
    key: &str,
    errors_at: &str,
) -> Result<Changed<()>, Halt> {
    let mutated = shopify.mutate(operation, variables, key).await?;
    Ok(Changed::of(mutated, |answer: Value| {
        let errors = answer.pointer(errors_at).cloned().unwrap_or_default();
        match serde_json::from_value::<Vec<UserError>>(errors) {
            Ok(errors) if errors.is_empty() => Changed::Done(()),
            Ok(errors) => Changed::Refused(Refusal::of(&errors)),
            Err(_) => Changed::empty(),
        }
    }))
}

#[derive(Deserialize)]
struct NodesAnswer {
    nodes: Vec<Option<Value>>,
}

/// Nodes by id, those that exist.
async fn nodes(
    shopify: &Shopify,
    operation: &Operation,
    ids: &[String],
    location: Option<Id>,
) -> Result<Vec<Value>, Halt> {
    let mut all = Vec::with_capacity(ids.len());
    for some in ids.chunks(IDS_PER_QUERY) {
        let mut variables = json!({ "ids": some });
        if let (Some(location), Some(variables)) = (location, variables.as_object_mut()) {
            variables.insert("location".into(), location.gid("Location").into());
        }
        let answer: NodesAnswer = shopify.query(operation, variables).await?;
        all.extend(answer.nodes.into_iter().flatten());
    }
    Ok(all)
}

/// A variant that cannot be read, with what can be read of it.
#[derive(Debug)]
pub struct Unreadable {
    /// Variant id.
    pub id: Id,
    /// Product id of its style.
    pub product: Option<Id>,
    /// Inventory item id.
    pub item: Option<Id>,
}

impl Unreadable {
    fn of(node: &Value) -> Option<Self> {
        let id = |place: &str| node.pointer(place)?.as_str().and_then(Id::parse);
        Some(Self {
            id: id("/id")?,
            product: id("/product/id"),
            item: id("/inventoryItem/id"),
        })
    }
}

/// Variants with their level at `location`, and those that cannot be read. One that is in neither
/// does not exist.
///
/// # Errors
/// As [`Shopify::query`].
pub async fn variants(
    shopify: &Shopify,
    ids: &[Id],
    location: Id,
) -> Result<(Vec<Variant>, Vec<Unreadable>), Halt> {
    let gids: Vec<String> = ids.iter().map(|id| id.gid("ProductVariant")).collect();
    let (mut read, mut unreadable) = (Vec::new(), Vec::new());
    for node in nodes(shopify, &ORDER_VARIANTS, &gids, Some(location)).await? {
        match Variant::deserialize(&node) {
            Ok(variant) => read.push(variant),
            Err(_) => unreadable.extend(Unreadable::of(&node)),
        }
    }
    Ok((read, unreadable))
}

/// Which of these customers the shop has.
///
/// # Errors
/// As [`Shopify::query`].
pub async fn customers(shopify: &Shopify, ids: &[Id]) -> Result<Vec<Id>, Halt> {
    let gids: Vec<String> = ids.iter().map(|id| id.gid("Customer")).collect();
    let nodes = nodes(shopify, &CUSTOMERS, &gids, None).await?;
    Ok(nodes
        .iter()
        .filter_map(|node| Id::parse(node.get("id")?.as_str()?))
        .collect())
}

/// When the committed units of these items at `location` last changed, on Shopify's clock: by item,
/// none for an item that is not stocked there, and 0 for one that cannot be read. Where Shopify does
/// not tell it, when the available ones did, as long as any are committed: a claim moves units from
/// these to those.
///
/// # Errors
/// As [`Shopify::query`].
pub async fn committed_at(
    shopify: &Shopify,
    items: &[Id],
    location: Id,
) -> Result<Vec<(Id, Option<Millis>)>, Halt> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Item {
        id: Id,
        #[serde(default)]
        inventory_level: Option<Level>,
    }
    #[derive(Deserialize)]
    struct Level {
        quantities: Vec<Quantity>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Quantity {
        name: String,
        #[serde(default)]
        quantity: i64,
        #[serde(default)]
        updated_at: Option<String>,
    }
    let gids: Vec<String> = items.iter().map(|id| id.gid("InventoryItem")).collect();
    let nodes = nodes(shopify, &CLAIM_LEVELS, &gids, Some(location)).await?;
    let at = |node: Value| {
        let Ok(item) = Item::deserialize(&node) else {
            return Some((Id::parse(node.get("id")?.as_str()?)?, Some(0)));
        };
        let at = item.inventory_level.map(|level| {
            let told = |name: &str| level.quantities.iter().find(|told| told.name == name);
            let at = |told: &Quantity| parse_rfc3339(told.updated_at.as_deref()?);
            let committed = told("committed");
            let none = committed.is_some_and(|committed| committed.quantity == 0);
            let available = told("available").filter(|_| !none);
            let changed = committed.and_then(at).or_else(|| available.and_then(at));
            changed.unwrap_or(0)
        });
        Some((item.id, at))
    };
    Ok(nodes.into_iter().filter_map(at).collect())
}

/// An order of ours that changed in Shopify.
#[derive(Debug)]
pub struct Shipped {
    /// The value of its unique metafield.
    pub key: String,
    /// All of it is shipped.
    pub wholly: bool,
    /// Tracking numbers, each once.
    pub tracking: Vec<String>,
}

/// Orders of ours that changed since `since`, with what is shipped of them.
///
/// # Errors
/// As [`Shopify::query`].
pub async fn shipped_since(shopify: &Shopify, since: Millis) -> Result<Vec<Shipped>, Halt> {
    shipped(shopify, format!("updated_at:>='{}'", rfc3339(since))).await
}

/// What is shipped of one order.
///
/// # Errors
/// As [`Shopify::query`].
pub async fn shipped_of(shopify: &Shopify, order: Id) -> Result<Vec<Shipped>, Halt> {
    shipped(shopify, format!("id:{order}")).await
}

async fn shipped(shopify: &Shopify, query: String) -> Result<Vec<Shipped>, Halt> {
    #[derive(Deserialize)]
    struct Answer {
        orders: Connection,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Connection {
        nodes: Vec<Node>,
        page_info: PageInfo,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Node {
        #[serde(default)]
        metafield: Option<Metafield>,
        #[serde(default)]
        display_fulfillment_status: Option<String>,
        fulfillments: Vec<Fulfillment>,
    }
    #[derive(Deserialize)]
    struct Metafield {
        value: String,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Fulfillment {
        tracking_info: Vec<Tracking>,
    }
    #[derive(Deserialize)]
    struct Tracking {
        #[serde(default)]
        number: Option<String>,
    }
    let (mut shipped, mut after) = (Vec::new(), None::<String>);
    loop {
        let variables =
            json!({ "query": query, "namespace": NAMESPACE, "key": KEY, "after": after });
        let answer: Answer = shopify.query(&SHIPPED_ORDERS, variables).await?;
        for node in answer.orders.nodes {
            let Some(metafield) = node.metafield.filter(|_| !node.fulfillments.is_empty()) else {
                continue;
            };
            let numbers = node
                .fulfillments
                .into_iter()
                .flat_map(|f| f.tracking_info)
                .filter_map(|t| t.number);
            let mut tracking: Vec<String> = Vec::new();
            for number in numbers
                .map(|n| n.trim().to_owned())
                .filter(|n| !n.is_empty())
            {
                if !tracking.contains(&number) {
                    tracking.push(number);
                }
            }
            shipped.push(Shipped {
                key: metafield.value,
                wholly: node.display_fulfillment_status.as_deref() == Some("FULFILLED"),
                tracking,
            });
        }
        after = answer.orders.page_info.next(after.as_deref())?;
        if after.is_none() {
            return Ok(shipped);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: Option<&str>, field: &[&str], message: &str) -> Refusal {
        Refusal::of(&[UserError {
            code: code.map(str::to_owned),
            field: Some(field.iter().map(|part| (*part).to_owned()).collect()),
            message: message.to_owned(),
        }])
    }

    #[test]
    fn both_refusals_of_stock_are_known() {
        assert!(refusal(Some("INVENTORY_CLAIM_FAILED"), &["order"], "No.").stock);
        let seen = refusal(
            Some("INVALID"),
            &["order", "lineItems"],
            "Line items Unable to reserve inventory",
        );
        assert!(seen.stock && !seen.taken && !seen.too_fast);
        let other = refusal(
            Some("INVALID"),
            &["order", "shippingAddress"],
            "Country is not supported",
        );
        assert!(!other.stock && !other.taken && !other.too_fast);
        assert!(
            refusal(
                None,
                &["order", "metafields", "0", "value"],
                "Value must be unique"
            )
            .taken
        );
        assert!(refusal(None, &[], "Too many attempts. Please try again later.").too_fast);
    }
}
