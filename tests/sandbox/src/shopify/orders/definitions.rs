//! Metafield definitions, and orders by a value of type `id`.

use serde_json::Value;

use super::{OrderId, Orders};
use crate::shopify::Shop;
use crate::shopify::ids::Kind;
use crate::shopify::mutations::Answer;
use crate::shopify::node::{Out, Record, Refusal};
use crate::shopify::plan::Field;

/// The namespace of metafields that name none.
const NAMESPACE: &str = "custom";

/// What a metafield of some kind of record holds.
#[derive(Debug)]
pub(super) struct Definition {
    owner: String,
    namespace: String,
    key: String,
    pub(super) kind: String,
    /// No two records have the same value. It goes with type `id`, and others can have it.
    pub(super) unique: bool,
    name: String,
    description: Option<String>,
}

impl Orders {
    pub(super) fn definition(
        &self,
        owner: &str,
        namespace: &str,
        key: &str,
    ) -> Option<&Definition> {
        self.definitions
            .iter()
            .find(|known| known.owner == owner && known.namespace == namespace && known.key == key)
    }
}

impl Shop {
    /// `metafieldDefinitionCreate`
    pub(crate) fn create_definition(&mut self, field: &Field) -> Answer {
        let input = field.args.get("definition").cloned().unwrap_or_default();
        let text = |name: &str| input.get(name).and_then(Value::as_str).map(str::to_owned);
        let unique = input.pointer("/capabilities/uniqueValues/enabled");
        let unique = unique.and_then(Value::as_bool).unwrap_or(false);
        let definition = Definition {
            unique: unique || text("type").as_deref() == Some("id"),
            owner: text("ownerType").unwrap_or_default(),
            namespace: text("namespace").unwrap_or_else(|| NAMESPACE.to_owned()),
            key: text("key").unwrap_or_default(),
            kind: text("type").unwrap_or_default(),
            name: text("name").unwrap_or_default(),
            description: text("description"),
        };
        let (owner, scope) = match definition.owner.as_str() {
            "ORDER" => ("Order", "write_orders"),
            "CUSTOMER" => ("Customer", "write_customers"),
            "LOCATION" => ("Location", "write_locations"),
            "PRODUCTVARIANT" => ("ProductVariant", "write_products"),
            "PRODUCT" => ("Product", "write_products"),
            _ => ("Shop", "write_products"),
        };
        self.has_scope(scope, &field.name)?;
        let known =
            self.orders
                .definition(&definition.owner, &definition.namespace, &definition.key);
        let refusal = if known.is_some() {
            let namespace = &definition.namespace;
            let message =
                format!("Key is in use for {owner} metafields on the '{namespace}' namespace.");
            Some(("key", message, "TAKEN"))
        } else {
            // The wording of these is ours.
            [
                ("key", &definition.key, 2, 64),
                ("namespace", &definition.namespace, 3, 255),
            ]
            .into_iter()
            .find_map(|(name, value, least, most)| {
                if value.len() < least {
                    let message = format!("{name} is too short (minimum is {least} characters)");
                    Some((name, message, "TOO_SHORT"))
                } else if value.len() > most {
                    let message = format!("{name} is too long (maximum is {most} characters)");
                    Some((name, message, "TOO_LONG"))
                } else {
                    None
                }
            })
        };
        if let Some((name, message, code)) = refusal {
            let typename = "MetafieldDefinitionCreateUserError";
            let error = Record::user_error(typename, &["definition", name], &message, code);
            return Ok(payload(Out::Null, vec![error]));
        }
        let number = Kind::MetafieldDefinition.number(self.orders.definitions.len());
        let created = definition.out(number);
        self.orders.definitions.push(definition);
        self.changed += 1;
        Ok(payload(created, Vec::new()))
    }

    /// `orderByIdentifier`
    pub(crate) fn order_by_identifier(&self, field: &Field) -> Result<Option<OrderId>, Refusal> {
        let identifier = field.args.get("identifier").cloned().unwrap_or_default();
        if let Some(id) = identifier.get("id").and_then(Value::as_str) {
            return Ok(self.orders.by_gid(id));
        }
        let custom = identifier.get("customId").cloned().unwrap_or_default();
        let text = |name: &str| custom.get(name).and_then(Value::as_str);
        let namespace = text("namespace").unwrap_or(NAMESPACE);
        let key = text("key").unwrap_or_default();
        let definition = self.orders.definition("ORDER", namespace, key);
        if definition.is_none_or(|definition| definition.kind != "id") {
            let message = "Metafield definition of type 'id' is required when using custom ids.";
            return Err(Refusal::not_found(message.to_owned()));
        }
        let lag = self.options.orders.identifier_lag_ms;
        let found = self.orders.ids().find(|id| {
            self.orders.get(*id).is_some_and(|order| {
                order.created_at.saturating_add(lag) <= self.now
                    && order
                        .metafield(namespace, key)
                        .is_some_and(|(_, held)| Some(held.value.as_str()) == text("value"))
            })
        });
        Ok(found)
    }
}

impl Definition {
    fn out(&self, number: u64) -> Out<'static> {
        let category = if self.kind == "id" { "ID" } else { "TEXT" };
        let kind = vec![
            ("name", Out::text(self.kind.clone())),
            ("category", Out::text(category)),
        ];
        Record::out(
            "MetafieldDefinition",
            vec![
                ("id", Out::Gid(Kind::MetafieldDefinition, number)),
                ("namespace", Out::text(self.namespace.clone())),
                ("key", Out::text(self.key.clone())),
                ("name", Out::text(self.name.clone())),
                (
                    "description",
                    self.description.clone().map_or(Out::Null, Out::text),
                ),
                ("ownerType", Out::text(self.owner.clone())),
                ("type", Record::out("MetafieldDefinitionType", kind)),
            ],
        )
    }
}

fn payload(created: Out<'static>, errors: Vec<Out<'static>>) -> Out<'static> {
    Record::out(
        "MetafieldDefinitionCreatePayload",
        vec![
            ("createdDefinition", created),
            ("userErrors", Out::List(errors)),
        ],
    )
}
