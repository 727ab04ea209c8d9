//! The bodies of inventory calls: two forms of JSON, and XML, all read into the same rows.
//! <https://api-docs.jooraccess.com/v2.0/reference/style-inventory-bulk-request>

use serde_json::Value;

use super::call::Call;
use super::options::Bodies;

/// One `inventory_item` as it was sent, every field as text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) warehouse: Option<String>,
    pub(super) inventory_date: Option<String>,
    pub(super) upc: Option<String>,
    pub(super) style_number: Option<String>,
    pub(super) style_identifier: Option<String>,
    pub(super) color_code: Option<String>,
    pub(super) size: Option<String>,
    pub(super) inventory: Option<String>,
    pub(super) made_to_order: Option<String>,
}

impl Row {
    /// Sets a field by its name in the API; empty text counts as absent, an unknown name is
    /// passed over.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        let field = match name {
            "warehouse" => &mut self.warehouse,
            "inventory_date" => &mut self.inventory_date,
            "upc" => &mut self.upc,
            "style_number" => &mut self.style_number,
            // JOOR's page spells it both ways.
            "style_identifier" | "style_identifer" => &mut self.style_identifier,
            "color_code" => &mut self.color_code,
            "size" => &mut self.size,
            "inventory" => &mut self.inventory,
            "made_to_order" => &mut self.made_to_order,
            _ => return,
        };
        *field = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
    }

    /// The identifiers, joined as JOOR echoes them.
    pub(super) fn echo(&self) -> String {
        let pieces = [
            &self.style_number,
            &self.style_identifier,
            &self.color_code,
            &self.size,
        ];
        self.upc.clone().unwrap_or_else(|| {
            pieces
                .into_iter()
                .flatten()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join("-")
        })
    }
}

/// The rows of a bulk body. Error: what is wrong, in a sentence.
pub(super) fn rows(call: &Call<'_>, accepted: Bodies) -> Result<Vec<Row>, String> {
    let body = str::from_utf8(&call.request.body).map_err(|_| "The body is not UTF-8.")?;
    let content_type = call.header("content-type").unwrap_or("application/json");
    if !content_type.contains("xml") {
        json(body, accepted)
    } else if accepted.xml {
        xml(body)
    } else {
        Err("XML is not accepted.".into())
    }
}

fn json(body: &str, accepted: Bodies) -> Result<Vec<Row>, String> {
    let body: Value = serde_json::from_str(body).map_err(|_| "The body is not JSON.")?;
    let items = match body.get("inventory_items") {
        Some(Value::Array(items)) if accepted.flat_json => items,
        Some(Value::Object(node)) if accepted.nested_json => node
            .get("inventory_item")
            .and_then(Value::as_array)
            .ok_or("No inventory_item.")?,
        _ => return Err("No inventory_items.".into()),
    };
    items.iter().map(json_row).collect()
}

fn json_row(item: &Value) -> Result<Row, String> {
    let mut row = Row::default();
    for (name, value) in item
        .as_object()
        .ok_or("An inventory_item is not an object.")?
    {
        match value {
            Value::Null => {}
            Value::String(text) => row.set(name, text),
            other => row.set(name, &other.to_string()),
        }
    }
    Ok(row)
}

fn xml(body: &str) -> Result<Vec<Row>, String> {
    let document = roxmltree::Document::parse(body).map_err(|_| "The body is not XML.")?;
    let root = document
        .descendants()
        .find(|node| node.has_tag_name("inventory_items"));
    let items = root.ok_or("No inventory_items.")?;
    let items = items
        .children()
        .filter(|node| node.has_tag_name("inventory_item"));
    let row = |item: roxmltree::Node<'_, '_>| {
        let mut row = Row::default();
        for field in item.children().filter(roxmltree::Node::is_element) {
            row.set(field.tag_name().name(), field.text().unwrap_or_default());
        }
        row
    };
    Ok(items.map(row).collect())
}
