//! One GraphQL request: read, validated, paid for, answered.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use apollo_compiler::Schema;
use apollo_compiler::executable::ExecutableDocument;
use apollo_compiler::validation::{DiagnosticList, Valid};
use serde_json::{Map, Value, json};

use super::Shop;
use super::cost;
use super::node::Node;
use super::options::OrderLimit;
use super::plan::{self, Field};
use super::variables;
use super::walk::Walker;
use crate::faults::{self, Fault};
use crate::wire::{Millis, Response};

/// The most that a list of an input may hold.
/// Source: <https://shopify.dev/docs/api/usage/limits>.
const LIST_MAX: usize = 250;

/// The part of the schema that the sandbox plays.
const SDL: &str = include_str!("../../sdl/admin.graphql");

/// Documents kept validated; a client uses a few again and again.
const DOCUMENTS_MAX: usize = 256;

/// The schema, parsed once.
pub(crate) fn schema() -> &'static Valid<Schema> {
    static SCHEMA: OnceLock<Valid<Schema>> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        #[expect(
            clippy::panic,
            reason = "the schema is part of this crate and is tested"
        )]
        Schema::parse_and_validate(SDL, "sdl/admin.graphql")
            .unwrap_or_else(|invalid| panic!("{}", invalid.errors))
    })
}

/// A document, or a refusal of it; from those that were sent to any shop before.
fn document(text: &str) -> Result<Arc<Valid<ExecutableDocument>>, Vec<Value>> {
    static KEPT: Mutex<BTreeMap<String, Arc<Valid<ExecutableDocument>>>> =
        Mutex::new(BTreeMap::new());
    let kept = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(document) = kept().get(text) {
        return Ok(Arc::clone(document));
    }
    let document = ExecutableDocument::parse_and_validate(schema(), text, "query.graphql")
        .map_err(|invalid| errors(&invalid.errors))?;
    let document = Arc::new(document);
    let mut kept = kept();
    if kept.len() >= DOCUMENTS_MAX {
        kept.clear();
    }
    kept.insert(text.to_owned(), Arc::clone(&document));
    Ok(document)
}

fn errors(diagnostics: &DiagnosticList) -> Vec<Value> {
    let undefined = |name: Option<&str>| name == Some("UndefinedField");
    let has_undefined = diagnostics
        .iter()
        .any(|diagnostic| undefined(diagnostic.error.unstable_error_name()));
    diagnostics
        .iter()
        .filter(|diagnostic| {
            // A selection whose only field is unknown counts as none, which is not worth saying.
            let name = diagnostic.error.unstable_error_name();
            !(has_undefined && name == Some("MissingSubselection"))
        })
        .map(|diagnostic| {
            let name = diagnostic.error.unstable_error_name();
            let message = diagnostic
                .error
                .unstable_compat_message()
                .unwrap_or_else(|| diagnostic.error.to_string());
            let message = if undefined(name) {
                as_shopify_says_undefined(message)
            } else {
                message
            };
            let code = match name {
                Some("UndefinedField") => "undefinedField",
                Some("UndefinedArgument") => "argumentNotAccepted",
                Some("RequiredArgument" | "RequiredField") => "missingRequiredArguments",
                _ => "GRAPHQL_VALIDATION_FAILED",
            };
            let locations: Vec<Value> = diagnostic
                .line_column_range()
                .map(|range| json!({ "line": range.start.line, "column": range.start.column }))
                .into_iter()
                .collect();
            json!({ "message": message, "locations": locations, "extensions": { "code": code } })
        })
        .collect()
}

/// `Cannot query field "nam" on type "Shop".` in Shopify's words.
fn as_shopify_says_undefined(message: String) -> String {
    let mut quoted = message.split('"').skip(1).step_by(2);
    match (quoted.next(), quoted.next()) {
        (Some(field), Some(on)) => format!("Field '{field}' doesn't exist on type '{on}'"),
        _ => message,
    }
}

/// The plan of a bulk query, or why there is none.
pub(crate) fn plan_bulk(query: &str) -> Result<Vec<Field>, String> {
    let document = ExecutableDocument::parse_and_validate(schema(), query, "bulk.graphql")
        .map_err(|invalid| {
            let messages: Vec<String> = errors(&invalid.errors)
                .iter()
                .filter_map(|error| error.get("message")?.as_str().map(str::to_owned))
                .collect();
            format!("Invalid bulk query: {}", messages.join("; "))
        })?;
    let operation = document
        .operations
        .get(None)
        .map_err(|_| "Invalid bulk query: it must have one operation".to_owned())?;
    if !operation.is_query() {
        return Err("Invalid operation type. Only `query` operations are supported.".to_owned());
    }
    Ok(plan::plan(schema(), &document, operation, &Map::new()))
}

/// The answer to a GraphQL request and what it cost.
pub(crate) struct Answer {
    pub(crate) body: Vec<u8>,
    /// The operation's name, or the name of its first field.
    pub(crate) operation: String,
    pub(crate) cost: u32,
    /// What HTTP answers instead, where it is not 200.
    pub(crate) refusal: Option<Response>,
}

impl Answer {
    fn refused(operation: &str, errors: &[Value], cost: Option<Value>) -> Self {
        let body = match cost {
            Some(cost) => json!({ "errors": errors, "extensions": { "cost": cost } }),
            None => json!({ "errors": errors }),
        };
        Self {
            body: body.to_string().into_bytes(),
            operation: operation.to_owned(),
            cost: 0,
            refusal: None,
        }
    }
}

impl Shop {
    /// Answers a GraphQL request. `throttle` makes it find the bucket empty.
    pub(crate) fn graphql(&mut self, body: &Value, throttle: bool, now: Millis) -> Answer {
        let text = body
            .get("query")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let name = body.get("operationName").and_then(Value::as_str);
        let document = match document(text) {
            Ok(document) => document,
            Err(errors) => return Answer::refused(name.unwrap_or_default(), &errors, None),
        };
        let operation = match document.operations.get(name) {
            Ok(operation) => operation,
            Err(_) => {
                let message = match name {
                    Some(name) => format!("No operation named \"{name}\""),
                    None => "An operation name is required".to_owned(),
                };
                return Answer::refused("", &[json!({ "message": message })], None);
            }
        };
        let given = body
            .get("variables")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        let variables = match variables::coerce(schema(), &document.sources, operation, &given) {
            Ok(variables) => variables,
            Err(errors) => return Answer::refused(name.unwrap_or_default(), &errors, None),
        };
        let fields = plan::plan(schema(), &document, operation, &variables);
        let called = operation
            .name
            .as_ref()
            .map(ToString::to_string)
            .or_else(|| fields.first().map(|field| field.name.clone()))
            .unwrap_or_default();
        let mutation = operation.is_mutation();
        if let Some(error) = fields.iter().find_map(too_long) {
            return Answer::refused(&called, &[error], None);
        }
        if let OrderLimit::TooManyRequests(after) = self.options.orders.limit
            && fields.iter().any(|field| field.name == "orderCreate")
            && self.order_limit_is_reached(now)
        {
            let mut answer = Answer::refused(&called, &[], None);
            answer.refusal = faults::instead(Fault::TooManyRequests(after));
            return answer;
        }
        let requested = cost::requested(&fields, mutation);
        if requested > cost::COST_MAX {
            return Answer::refused(&called, &[too_dear(requested)], None);
        }
        if throttle {
            self.bucket.drain(now);
        }
        if !self.bucket.affords(requested, now) {
            let error = json!({
                "message": "Throttled",
                "extensions": {
                    "code": "THROTTLED",
                    "documentation": "https://shopify.dev/api/usage/rate-limits",
                },
            });
            return Answer::refused(&called, &[error], Some(self.bucket.report(requested, None)));
        }
        self.now = now;
        let (data, errors, searches, actual) = self.run(&fields, mutation, now);
        let actual = actual.min(requested).max(1);
        self.bucket.take(actual);
        let cost = self.bucket.report(requested, Some(actual));
        let extensions = if searches.is_empty() {
            json!({ "cost": cost })
        } else {
            json!({ "cost": cost, "search": searches })
        };
        let mut body = b"{\"data\":".to_vec();
        body.extend(data);
        if !errors.is_empty() {
            body.extend(b",\"errors\":");
            body.extend(Value::Array(errors).to_string().into_bytes());
        }
        body.extend(format!(",\"extensions\":{extensions}}}").into_bytes());
        Answer {
            body,
            operation: called,
            cost: actual,
            refusal: None,
        }
    }

    fn run(
        &mut self,
        fields: &[Field],
        mutation: bool,
        now: Millis,
    ) -> (Vec<u8>, Vec<Value>, Vec<Value>, u32) {
        let results: Vec<_> = if mutation {
            fields.iter().map(|field| self.mutate(field, now)).collect()
        } else {
            Vec::new()
        };
        let mut walker = Walker::new(self);
        let written = if mutation {
            walker.out.push(b'{');
            let mut sum = Ok(0_u32);
            for (place, (field, result)) in fields.iter().zip(results).enumerate() {
                if place > 0 {
                    walker.out.push(b',');
                }
                let cost = walker.found(result, field);
                // The payload object itself is in the ten.
                sum = sum.and_then(|sum| {
                    Ok(sum
                        .saturating_add(10)
                        .saturating_add(cost?.saturating_sub(1)))
                });
            }
            walker.out.push(b'}');
            sum
        } else {
            walker.object(&Node::Query, fields)
        };
        let data = if written.is_ok() {
            walker.out
        } else {
            b"null".to_vec()
        };
        (data, walker.errors, walker.searches, written.unwrap_or(0))
    }
}

/// The refusal of a field with a list that is too long anywhere in its arguments.
fn too_long(field: &Field) -> Option<Value> {
    fn find(value: &Value, path: &mut Vec<Value>) -> Option<usize> {
        match value {
            Value::Array(items) if items.len() > LIST_MAX => Some(items.len()),
            Value::Array(items) => items.iter().enumerate().find_map(|(place, item)| {
                path.push(place.into());
                find(item, path).or_else(|| {
                    path.pop();
                    None
                })
            }),
            Value::Object(members) => members.iter().find_map(|(name, member)| {
                path.push(name.as_str().into());
                find(member, path).or_else(|| {
                    path.pop();
                    None
                })
            }),
            _ => None,
        }
    }
    let mut path = vec![Value::from(field.key.as_str())];
    let (line, column) = field.at;
    let count = field.args.iter().find_map(|(name, argument)| {
        path.truncate(1);
        path.push(name.as_str().into());
        find(argument, &mut path)
    })?;
    Some(json!({
        "message": format!("The input array size of {count} is greater than the maximum allowed of {LIST_MAX}."),
        "locations": [{ "line": line, "column": column }],
        "path": path,
        "extensions": { "code": "MAX_INPUT_SIZE_EXCEEDED" },
    }))
}

fn too_dear(cost: u32) -> Value {
    let max = cost::COST_MAX;
    json!({
        "message": format!("Query cost is {cost}, which exceeds the single query max cost limit ({max})."),
        "extensions": {
            "code": "MAX_COST_EXCEEDED",
            "cost": cost,
            "maxCost": max,
            "documentation": "https://shopify.dev/api/usage/rate-limits",
        },
    })
}
