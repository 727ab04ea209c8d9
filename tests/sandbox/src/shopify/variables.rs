//! The variables of a request, checked against the types that the operation declares, with
//! refusals worded as Shopify's recorded ones.

use apollo_compiler::ast::{self, Type};
use apollo_compiler::executable::Operation;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{Schema, parser::SourceMap};
use serde_json::{Map, Value, json};

/// The values of all variables that were given or have a default, or the errors to answer with.
pub(crate) fn coerce(
    schema: &Schema,
    sources: &SourceMap,
    operation: &Operation,
    given: &Map<String, Value>,
) -> Result<Map<String, Value>, Vec<Value>> {
    let mut values = Map::new();
    let mut errors = Vec::new();
    for variable in &operation.variables {
        let name = variable.name.as_str();
        let default = variable.default_value.as_ref().map(|value| constant(value));
        let Some(value) = given.get(name).cloned().or(default) else {
            if variable.ty.is_non_null() {
                let problem = Problem::new("Expected value to not be null");
                let at = variable.line_column_range(sources);
                errors.push(refusal(
                    name,
                    &variable.ty,
                    &Value::Null,
                    &problem,
                    at.map(|at| at.start),
                ));
            }
            continue;
        };
        let mut problems = Vec::new();
        let value = check(schema, &variable.ty, value, &mut Vec::new(), &mut problems);
        if let Some(problem) = problems.first() {
            let at = variable.line_column_range(sources).map(|at| at.start);
            errors.push(refusal(name, &variable.ty, &value, problem, at));
        }
        values.insert(name.to_owned(), value);
    }
    if errors.is_empty() {
        Ok(values)
    } else {
        Err(errors)
    }
}

/// A value without variables, as JSON.
pub(crate) fn constant(value: &ast::Value) -> Value {
    match value {
        ast::Value::Null | ast::Value::Variable(_) => Value::Null,
        ast::Value::Enum(name) => Value::String(name.to_string()),
        ast::Value::String(text) => Value::String(text.clone()),
        ast::Value::Boolean(flag) => Value::Bool(*flag),
        ast::Value::Int(number) => number
            .as_str()
            .parse::<i64>()
            .map_or(Value::Null, Value::from),
        ast::Value::Float(number) => number
            .as_str()
            .parse::<f64>()
            .map_or(Value::Null, Value::from),
        ast::Value::List(items) => items.iter().map(|item| constant(item)).collect(),
        ast::Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, value)| (name.to_string(), constant(value)))
                .collect(),
        ),
    }
}

struct Problem {
    path: Vec<Value>,
    explanation: String,
}

impl Problem {
    fn new(explanation: &str) -> Self {
        Self {
            path: Vec::new(),
            explanation: explanation.to_owned(),
        }
    }
}

fn refusal(
    name: &str,
    ty: &Type,
    value: &Value,
    problem: &Problem,
    at: Option<apollo_compiler::parser::LineColumn>,
) -> Value {
    let place = problem
        .path
        .iter()
        .map(|step| {
            step.as_str()
                .map_or_else(|| step.to_string(), str::to_owned)
        })
        .collect::<Vec<_>>()
        .join(".");
    let reason = if place.is_empty() {
        String::new()
    } else {
        format!(" for {place} ({})", problem.explanation)
    };
    let at = at.map_or_else(
        || json!([]),
        |at| json!([{ "line": at.line, "column": at.column }]),
    );
    json!({
        "message": format!("Variable ${name} of type {ty} was provided invalid value{reason}"),
        "locations": at,
        "extensions": {
            "code": "INVALID_VARIABLE",
            "value": value,
            "problems": [{ "path": problem.path, "explanation": problem.explanation }],
        },
    })
}

/// Checks a value, and completes input objects with the defaults of their fields.
fn check(
    schema: &Schema,
    ty: &Type,
    value: Value,
    path: &mut Vec<Value>,
    problems: &mut Vec<Problem>,
) -> Value {
    let mut problem = |explanation: String| {
        problems.push(Problem {
            path: path.clone(),
            explanation,
        });
    };
    if value.is_null() {
        if ty.is_non_null() {
            problem("Expected value to not be null".to_owned());
        }
        return value;
    }
    if ty.is_list() {
        let items = match value {
            Value::Array(items) => items,
            single => vec![single],
        };
        let mut checked = Vec::with_capacity(items.len());
        for (place, item) in items.into_iter().enumerate() {
            path.push(place.into());
            checked.push(check(schema, ty.item_type(), item, path, problems));
            path.pop();
        }
        return Value::Array(checked);
    }
    let name = ty.inner_named_type();
    match schema.types.get(name) {
        Some(ExtendedType::Enum(definition)) => {
            let known = value
                .as_str()
                .is_some_and(|text| definition.values.contains_key(text));
            if !known {
                let values = definition
                    .values
                    .keys()
                    .map(|key| key.as_str())
                    .collect::<Vec<_>>()
                    .join(", ");
                problem(format!("Expected {value} to be one of: {values}"));
            }
            value
        }
        Some(ExtendedType::InputObject(definition)) => {
            let Value::Object(mut given) = value else {
                problem(format!("Expected {value} to be a key-value object."));
                return value;
            };
            let count = given.values().filter(|value| !value.is_null()).count();
            if definition.directives.has("oneOf") && (count != 1 || given.len() != 1) {
                let count = given.len();
                problem(format!(
                    "'{name}' requires exactly one argument, but {count} were provided."
                ));
            }
            for key in given
                .keys()
                .filter(|key| !definition.fields.contains_key(key.as_str()))
            {
                let mut path = path.clone();
                path.push(key.as_str().into());
                let explanation = format!("Field is not defined on {name}");
                problems.push(Problem { path, explanation });
            }
            for (key, field) in &definition.fields {
                let default = field.default_value.as_ref().map(|value| constant(value));
                let Some(value) = given.remove(key.as_str()).or(default) else {
                    if field.ty.is_non_null() {
                        let mut path = path.clone();
                        path.push(key.as_str().into());
                        problems.push(Problem {
                            path,
                            explanation: "Expected value to not be null".to_owned(),
                        });
                    }
                    continue;
                };
                path.push(key.as_str().into());
                let value = check(schema, &field.ty, value, path, problems);
                path.pop();
                given.insert(key.to_string(), value);
            }
            Value::Object(given)
        }
        _ => {
            if !scalar_takes(name.as_str(), &value) {
                problem(format!("Could not coerce value {value} to {name}"));
            }
            value
        }
    }
}

fn scalar_takes(name: &str, value: &Value) -> bool {
    match name {
        "Int" => value
            .as_i64()
            .is_some_and(|number| i32::try_from(number).is_ok()),
        "Float" => value.is_number(),
        "Boolean" => value.is_boolean(),
        "Decimal" => {
            let text = value.as_str();
            value.is_number() || text.is_some_and(|text| text.trim().parse::<f64>().is_ok())
        }
        "String" => value.is_string(),
        "ID" => value.is_string() || value.is_i64() || value.is_u64(),
        _ => true,
    }
}
