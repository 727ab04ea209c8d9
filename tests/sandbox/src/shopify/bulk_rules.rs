//! What a bulk query may ask. The messages are Shopify's.

use super::graphql;
use super::plan::{Field, Shape};

const DOCUMENT_MAX: usize = 65_535;
const CONNECTIONS_MAX: usize = 5;
const DEPTH_MAX: usize = 2;

/// The plan of a bulk query, or the messages with which it is refused. With `refuse_aliases`
/// the shop takes no field with arguments under another name: whether real ones do was not
/// seen recorded, and a connector must stand both.
pub(crate) fn plan(query: &str, refuse_aliases: bool) -> Result<Vec<Field>, Vec<String>> {
    if query.len() > DOCUMENT_MAX {
        return Err(vec![format!(
            "Bulk query is too long: it may have {DOCUMENT_MAX} bytes."
        )]);
    }
    let fields = graphql::plan_bulk(query).map_err(|message| vec![message])?;
    let mut found = Found {
        refuse_aliases,
        ..Found::default()
    };
    for field in &fields {
        found.visit(field, 0, None);
    }
    let mut messages = Vec::new();
    if !found.by_nodes.is_empty() {
        messages.push(format!(
            "All connection fields in a bulk query must select their contents using 'edges' > 'node', e.g: \
             'products {{ edges {{ node {{'. Selecting via 'nodes' is not supported. Invalid connection fields: '{}'.",
            found.by_nodes.join("', '")
        ));
    }
    if fields
        .iter()
        .any(|field| field.name == "node" || field.name == "nodes")
    {
        messages.push("Bulk queries cannot contain a top level `node` field.".to_owned());
    }
    if found.depth > DEPTH_MAX {
        messages.push(
            "Bulk queries cannot contain connections with a nesting depth greater than 2."
                .to_owned(),
        );
    }
    if found.connections > CONNECTIONS_MAX {
        messages.push("Bulk queries cannot contain more than 5 connections.".to_owned());
    }
    if !found.without_id.is_empty() {
        messages.push(format!(
            "The parent 'node' field for a nested connection must select the 'id' field without an alias and must \
             be of 'ID' return type. Connection fields without 'id': {}.",
            found.without_id.join(", ")
        ));
    }
    if !found.aliased.is_empty() {
        let aliased = found.aliased.join("', '");
        messages.push(format!(
            "Bulk queries cannot contain aliased fields with arguments: '{aliased}'."
        ));
    }
    if found.connections == 0 && messages.is_empty() {
        messages.push("Bulk queries must contain at least one connection.".to_owned());
    }
    if fields.len() > 1 && messages.is_empty() {
        messages.push("Bulk queries must contain only one top level connection.".to_owned());
    }
    if messages.is_empty() {
        Ok(fields)
    } else {
        Err(messages)
    }
}

/// The fields of a connection's nodes, in `edges { node { … } }`.
pub(crate) fn node_fields(connection: &Field) -> &[Field] {
    let within =
        |fields: &'_ [Field], name: &str| fields.iter().position(|field| field.name == name);
    let edges = within(&connection.fields, "edges").and_then(|place| connection.fields.get(place));
    let node = edges.and_then(|edges| edges.fields.get(within(&edges.fields, "node")?));
    node.map_or(&[], |node| &node.fields)
}

#[derive(Default)]
struct Found {
    refuse_aliases: bool,
    connections: usize,
    depth: usize,
    by_nodes: Vec<String>,
    without_id: Vec<String>,
    aliased: Vec<String>,
}

impl Found {
    /// `parent`: the connection around this field, and whether its node selects `id`.
    fn visit(&mut self, field: &Field, depth: usize, parent: Option<(&str, bool)>) {
        if self.refuse_aliases && field.key != field.name && !field.args.is_empty() {
            self.aliased.push(field.key.clone());
        }
        if field.shape != Shape::Connection {
            for inner in &field.fields {
                self.visit(inner, depth, parent);
            }
            return;
        }
        self.connections += 1;
        self.depth = self.depth.max(depth + 1);
        if let Some((name, false)) = parent {
            self.without_id.push(name.to_owned());
        }
        if field.fields.iter().any(|part| part.name == "nodes") {
            self.by_nodes.push(field.name.clone());
        }
        let fields = node_fields(field);
        let selects_id = fields
            .iter()
            .any(|inner| inner.key == "id" && inner.name == "id");
        for inner in fields {
            self.visit(inner, depth + 1, Some((&field.name, selects_id)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, expect: &[&str]) {
        let messages = plan(query, false).err().unwrap_or_default();
        assert_eq!(messages.len(), expect.len(), "{query}: {messages:?}");
        for (message, beginning) in messages.iter().zip(expect) {
            assert!(message.starts_with(beginning), "{message}");
        }
    }

    #[test]
    fn a_bulk_query_keeps_to_the_rules() {
        check("{ productVariants { edges { node { id sku } } } }", &[]);
        check(
            "{ productVariants { nodes { id } } }",
            &["All connection fields"],
        );
        check(
            "{ shop { name } }",
            &["Bulk queries must contain at least one connection."],
        );
        check(
            "{ node(id: \"gid://shopify/Product/1\") { id } }",
            &["Bulk queries cannot contain a top level `node` field."],
        );
        check(
            "{ products { edges { node { id variants { edges { node { id inventoryItem { inventoryLevels \
             { edges { node { id } } } } } } } } } } }",
            &["Bulk queries cannot contain connections with a nesting depth"],
        );
        check(
            "{ products { edges { node { title variants { edges { node { id } } } } } } }",
            &["The parent 'node' field for a nested connection"],
        );
        check("{ products { edges { node { id", &["Invalid bulk query"]);
        check(
            "mutation { bulkOperationCancel(id: \"x\") { userErrors { field } } }",
            &["Invalid operation type."],
        );
    }

    #[test]
    fn a_shop_may_refuse_aliases() {
        let query = "{ productVariants { edges { node { id inventoryItem { \
                     L0: inventoryLevel(locationId: \"gid://shopify/Location/1\") { id } } } } } }";
        assert!(plan(query, false).is_ok());
        assert!(plan(query, true).is_err());
    }
}
