//! As much of JSON Schema as it takes to write an example: titles, descriptions, defaults.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// A schema, or a property in one.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Schema {
    /// `#/$defs/NAME`: the rest stands there.
    #[serde(rename = "$ref")]
    pub reference: Option<String>,
    #[serde(rename = "$defs")]
    pub definitions: BTreeMap<String, Schema>,
    pub title: Option<String>,
    pub description: Option<String>,
    pub required: Vec<String>,
    pub properties: Properties,
    /// What the items of an array look like.
    pub items: Option<Box<Schema>>,
    pub default: Option<Value>,
    pub examples: Vec<Value>,
}

/// Properties in the order in which the schema has them, the order to explain them in.
#[derive(Clone, Debug, Default)]
pub struct Properties(pub Vec<(String, Schema)>);

impl Schema {
    /// The schema that `property` means, its reference followed.
    pub fn resolve<'s>(&'s self, property: &'s Schema) -> &'s Schema {
        let name = property
            .reference
            .as_deref()
            .and_then(|path| path.strip_prefix("#/$defs/"));
        name.and_then(|name| self.definitions.get(name))
            .unwrap_or(property)
    }

    /// An object with properties of its own.
    pub fn is_table(&self) -> bool {
        !self.properties.0.is_empty()
    }

    /// A list of objects.
    pub fn is_list_of_tables(&self) -> bool {
        self.items.as_ref().is_some_and(|items| items.is_table())
    }

    /// A value to show: the default, else an example.
    pub fn example(&self) -> Option<&Value> {
        self.default.as_ref().or(self.examples.first())
    }
}

impl<'de> Deserialize<'de> for Properties {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Properties;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of properties")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Properties, A::Error> {
                let mut properties = Vec::new();
                while let Some(property) = map.next_entry()? {
                    properties.push(property);
                }
                Ok(Properties(properties))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
