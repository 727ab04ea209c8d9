//! Holds a JSON value against a JSON Schema, with findings that a person can act on.
//!
//! Covers what `settings.schema.json` uses: `type`, `properties`, `required`,
//! `additionalProperties: false`, `items`, `minItems`/`maxItems`, `minimum`/`maximum`,
//! `minLength`, `enum`, `oneOf` (alternatives of different types) and `$ref` to `$defs`.
//! `pattern` is for forms; the setting's own reader judges it.

use serde_json::Value;

use super::finding::Finding;

/// What is wrong with `value` by `schema`. Nothing wrong gives no finding.
pub fn check(schema: &Value, value: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    Checker {
        root: schema,
        findings: &mut findings,
    }
    .check(schema, value, &mut String::new());
    findings
}

struct Checker<'a> {
    root: &'a Value,
    findings: &'a mut Vec<Finding>,
}

impl Checker<'_> {
    fn check(&mut self, schema: &Value, value: &Value, path: &mut String) {
        let schema = self.resolve(schema).clone();
        if let Some(alternatives) = schema.get("oneOf").and_then(Value::as_array) {
            match alternatives.iter().find(|s| type_fits(s, value)) {
                Some(alternative) => self.check(alternative, value, path),
                None => {
                    let types: Vec<_> = alternatives.iter().filter_map(type_of_schema).collect();
                    self.wrong_type(&types.join(" or "), value, path);
                }
            }
            return;
        }
        if !type_fits(&schema, value) {
            self.wrong_type(type_of_schema(&schema).unwrap_or("value"), value, path);
            return;
        }
        self.check_enum(&schema, value, path);
        match value {
            Value::Object(_) => self.check_object(&schema, value, path),
            Value::Array(_) => self.check_array(&schema, value, path),
            Value::Number(_) => self.check_number(&schema, value, path),
            Value::String(text) => {
                let min = schema.get("minLength").and_then(Value::as_u64).unwrap_or(0);
                if (text.trim().chars().count() as u64) < min {
                    self.error(
                        "settings-empty",
                        path,
                        "is empty",
                        "Fill it in, or leave the key out.",
                    );
                }
            }
            _ => {}
        }
    }

    fn check_enum(&mut self, schema: &Value, value: &Value, path: &str) {
        let Some(allowed) = schema.get("enum").and_then(Value::as_array) else {
            return;
        };
        if allowed.contains(value) {
            return;
        }
        let names: Vec<_> = allowed.iter().map(Value::to_string).collect();
        self.error(
            "settings-unknown-value",
            path,
            &format!("is {value}, which is not one of its values"),
            &format!("Use one of {}.", names.join(", ")),
        );
    }

    fn check_object(&mut self, schema: &Value, value: &Value, path: &mut String) {
        let Some(object) = value.as_object() else {
            return;
        };
        let empty = serde_json::Map::new();
        let properties = schema
            .get("properties")
            .and_then(Value::as_object)
            .unwrap_or(&empty);
        for name in schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let Some(name) = name.as_str() else { continue };
            if !object.contains_key(name) {
                let about = properties
                    .get(name)
                    .map(|s| self.resolve(s))
                    .and_then(|s| s.get("description"))
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                self.error(
                    "settings-missing",
                    path,
                    &format!("has no `{name}`"),
                    &format!("Add `{name}`. {about}"),
                );
            }
        }
        for (name, inner) in object {
            let length = path.len();
            path.push('/');
            path.push_str(&name.replace('~', "~0").replace('/', "~1"));
            match properties.get(name) {
                Some(schema) => self.check(schema, inner, path),
                None => self.unknown_key(name, properties, path),
            }
            path.truncate(length);
        }
    }

    fn unknown_key(&mut self, name: &str, known: &serde_json::Map<String, Value>, path: &str) {
        let fix = match nearest(name, known.keys()) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => {
                let names: Vec<_> = known.keys().map(|k| format!("`{k}`")).collect();
                format!("Remove it. The keys here are {}.", names.join(", "))
            }
        };
        self.error("settings-unknown-key", path, "is not a setting", &fix);
    }

    fn check_array(&mut self, schema: &Value, value: &Value, path: &mut String) {
        let Some(array) = value.as_array() else {
            return;
        };
        let limit = |key: &str| schema.get(key).and_then(Value::as_u64);
        let length = array.len() as u64;
        if limit("minItems").is_some_and(|min| length < min) {
            self.error("settings-empty", path, "is empty", "Add at least one.");
        }
        if let Some(max) = limit("maxItems").filter(|max| length > *max) {
            self.error(
                "settings-too-many",
                path,
                &format!("has {length} entries, more than {max}"),
                "Take some out.",
            );
        }
        let Some(items) = schema.get("items") else {
            return;
        };
        for (index, inner) in array.iter().enumerate() {
            let length = path.len();
            path.push_str(&format!("/{index}"));
            self.check(items, inner, path);
            path.truncate(length);
        }
    }

    fn check_number(&mut self, schema: &Value, value: &Value, path: &str) {
        let Some(number) = value.as_i64() else { return };
        let limit = |key: &str| schema.get(key).and_then(Value::as_i64);
        if let Some(min) = limit("minimum").filter(|min| number < *min) {
            self.error(
                "settings-too-small",
                path,
                &format!("is {number}, below the smallest allowed value {min}"),
                &format!("Use {min} or more."),
            );
        }
        if let Some(max) = limit("maximum").filter(|max| number > *max) {
            self.error(
                "settings-too-large",
                path,
                &format!("is {number}, above the largest allowed value {max}"),
                &format!("Use {max} or less."),
            );
        }
    }

    fn wrong_type(&mut self, expected: &str, value: &Value, path: &str) {
        self.error(
            "settings-wrong-type",
            path,
            &format!(
                "is {} where {} is expected",
                with_article(type_of(value)),
                with_article(expected)
            ),
            &format!("Write {}.", with_article(expected)),
        );
    }

    fn error(&mut self, code: &str, path: &str, what: &str, fix: &str) {
        let subject = match path {
            "" => "The table `settings`".to_owned(),
            path => format!("`{}`", path.trim_start_matches('/').replace('/', ".")),
        };
        let finding = Finding::error(code, format!("{subject} {what}."), fix.trim_end());
        self.findings.push(finding.at(path));
    }

    fn resolve<'s>(&'s self, schema: &'s Value) -> &'s Value {
        let target = schema.get("$ref").and_then(Value::as_str);
        target
            .and_then(|r| self.root.pointer(r.trim_start_matches('#')))
            .unwrap_or(schema)
    }
}

fn type_of_schema(schema: &Value) -> Option<&str> {
    schema.get("type").and_then(Value::as_str)
}

fn type_fits(schema: &Value, value: &Value) -> bool {
    type_of_schema(schema).is_none_or(|expected| expected == type_of(value))
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn with_article(name: &str) -> String {
    match name {
        "null" => name.into(),
        _ if name.starts_with(['a', 'i', 'o']) => format!("an {name}"),
        _ => format!("a {name}"),
    }
}

/// The known name that `name` was probably meant to be: at most a third of it mistyped.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a String>) -> Option<&'a str> {
    let limit = name.chars().count().div_ceil(3).max(1);
    known
        .into_iter()
        .map(|k| {
            (
                strsim::damerau_levenshtein(&name.to_lowercase(), &k.to_lowercase()),
                k.as_str(),
            )
        })
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, k)| k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_key_is_recognised_and_a_strange_one_is_not() {
        let known = ["interval_s".to_owned(), "warehouses".to_owned()];
        assert_eq!(nearest("intervall_s", &known), Some("interval_s"));
        assert_eq!(nearest("colour", &known), None);
    }

    #[test]
    fn a_third_of_a_name_may_be_mistyped_and_no_more() {
        let known = ["sku".to_owned(), "tag".to_owned(), "style".to_owned()];
        assert_eq!(nearest("SKO", &known), Some("sku"));
        assert_eq!(nearest("suk", &known), Some("sku"));
        assert_eq!(nearest("sok", &known), None);
        assert_eq!(nearest("stile", &known), Some("style"));
        assert_eq!(nearest("", &known), None);
    }

    #[test]
    fn what_stands_there_and_what_should_is_said_with_the_right_article() {
        let said = |expected: &str, value: Value| {
            let schema = serde_json::json!({ "properties": { "x": { "type": expected } } });
            let mut findings = check(&schema, &serde_json::json!({ "x": value }));
            findings.remove(0).message
        };
        let null = Value::Null;
        assert_eq!(
            said("integer", null),
            "`x` is null where an integer is expected."
        );
        for (value, words) in [
            (true.into(), "a boolean"),
            (1.into(), "an integer"),
            (1.5.into(), "a number"),
            (u64::MAX.into(), "a number"),
            (Value::Array(Vec::new()), "an array"),
            (serde_json::json!({}), "an object"),
        ] {
            let message = format!("`x` is {words} where a string is expected.");
            assert_eq!(said("string", value), message);
        }
    }
}
