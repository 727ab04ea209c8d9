//! What a field can stand on, and what it can answer.

use std::borrow::Cow;
use std::sync::Arc;

use super::ids::Kind;
use super::orders::{CustomerId, OrderId};
use super::store::{LocationId, ProductId, Seconds, VariantId};

/// An object of the schema.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Query,
    Shop,
    App,
    Location(LocationId),
    Product(ProductId),
    Variant(VariantId),
    Item(VariantId),
    Level(LocationId, VariantId),
    Quantity(LocationId, VariantId, &'static str),
    SelectedOption(VariantId, usize),
    Shipment(usize),
    ShipmentLine(usize, usize),
    Transfer(usize),
    BulkOperation(usize),
    Webhook(usize),
    Order(OrderId),
    /// An order and the place of the line in it.
    LineItem(OrderId, usize),
    FulfillmentOrder(usize),
    /// A fulfilment order and the place of the line in it.
    FulfillmentOrderLine(usize, usize),
    Fulfillment(usize),
    Customer(CustomerId),
    Job(usize),
    /// Something without a table: a payload, a user error, a plan …
    Record(Arc<Record>),
}

/// A type name and its fields.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) typename: &'static str,
    pub(crate) fields: Vec<(&'static str, Out<'static>)>,
}

impl Record {
    pub(crate) fn out(
        typename: &'static str,
        fields: Vec<(&'static str, Out<'static>)>,
    ) -> Out<'static> {
        Out::Node(Node::Record(Arc::new(Self { typename, fields })))
    }

    /// A user error. Types of error without a code take an empty one.
    pub(crate) fn user_error(
        typename: &'static str,
        field: &[&str],
        message: &str,
        code: &'static str,
    ) -> Out<'static> {
        let field = if field.is_empty() {
            Out::Null
        } else {
            Out::texts(field.iter().map(|step| (*step).to_owned()))
        };
        let code = if code.is_empty() {
            Out::Null
        } else {
            Out::text(code)
        };
        let message = Out::text(message.to_owned());
        Self::out(
            typename,
            vec![("field", field), ("message", message), ("code", code)],
        )
    }
}

/// The answer of a field.
#[derive(Clone, Debug)]
pub(crate) enum Out<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Text(Cow<'a, str>),
    /// A number written as text, as `UnsignedInt64` is.
    Digits(u64),
    Time(Seconds),
    /// A global id of this kind with this number.
    Gid(Kind, u64),
    Node(Node),
    List(Vec<Out<'a>>),
}

impl<'a> Out<'a> {
    pub(crate) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn nodes(nodes: impl IntoIterator<Item = Node>) -> Self {
        Self::List(nodes.into_iter().map(Out::Node).collect())
    }

    pub(crate) fn texts<T: Into<Cow<'a, str>>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::List(texts.into_iter().map(Out::text).collect())
    }
}

impl From<Option<Node>> for Out<'_> {
    fn from(node: Option<Node>) -> Self {
        node.map_or(Self::Null, Out::Node)
    }
}

impl From<Option<Seconds>> for Out<'_> {
    fn from(at: Option<Seconds>) -> Self {
        at.map_or(Self::Null, Out::Time)
    }
}

/// Why a field has no answer: it becomes an entry of `errors`.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) message: String,
    pub(crate) code: &'static str,
}

impl Refusal {
    pub(crate) fn bad_request(message: &str) -> Self {
        Self {
            message: message.to_owned(),
            code: "BAD_REQUEST",
        }
    }

    pub(crate) fn invalid_arguments(message: String) -> Self {
        Self {
            message,
            code: "INVALID_FIELD_ARGUMENTS",
        }
    }

    pub(crate) fn not_found(message: String) -> Self {
        Self {
            message,
            code: "NOT_FOUND",
        }
    }

    /// As recorded: of mutations that name a fulfilment order that does not exist.
    pub(crate) fn invalid_id(id: &str) -> Self {
        Self {
            message: format!("Invalid id: {id}"),
            code: "RESOURCE_NOT_FOUND",
        }
    }

    pub(crate) fn access_denied(field: &str, scope: &str) -> Self {
        let message =
            format!("Access denied for {field} field. Required access: `{scope}` access scope.");
        Self {
            message,
            code: "ACCESS_DENIED",
        }
    }

    pub(crate) fn internal() -> Self {
        let message = "Internal error. Looks like something went wrong on our end.".to_owned();
        Self {
            message,
            code: "INTERNAL_SERVER_ERROR",
        }
    }
}

impl Node {
    /// The type name in the schema.
    pub(crate) fn typename(&self) -> &'static str {
        match self {
            Self::Query => "QueryRoot",
            Self::Shop => "Shop",
            Self::App => "AppInstallation",
            Self::Location(_) => "Location",
            Self::Product(_) => "Product",
            Self::Variant(_) => "ProductVariant",
            Self::Item(_) => "InventoryItem",
            Self::Level(..) => "InventoryLevel",
            Self::Quantity(..) => "InventoryQuantity",
            Self::SelectedOption(..) => "SelectedOption",
            Self::Shipment(_) => "InventoryShipment",
            Self::ShipmentLine(..) => "InventoryShipmentLineItem",
            Self::Transfer(_) => "InventoryTransfer",
            Self::BulkOperation(_) => "BulkOperation",
            Self::Webhook(_) => "WebhookSubscription",
            Self::Order(_) => "Order",
            Self::LineItem(..) => "LineItem",
            Self::FulfillmentOrder(_) => "FulfillmentOrder",
            Self::FulfillmentOrderLine(..) => "FulfillmentOrderLineItem",
            Self::Fulfillment(_) => "Fulfillment",
            Self::Customer(_) => "Customer",
            Self::Job(_) => "Job",
            Self::Record(record) => record.typename,
        }
    }
}
