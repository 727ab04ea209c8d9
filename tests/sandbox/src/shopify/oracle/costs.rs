//! The cost rule against costs that real shops asked.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use apollo_compiler::Schema;
use apollo_compiler::executable::ExecutableDocument;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::shared;
use crate::shopify::{cost, plan};

#[derive(Deserialize)]
struct Recorded {
    query: String,
    variables: Option<Map<String, Value>>,
    requested: u32,
}

/// The share of recorded costs that the rule hits; 93 % is what the published model reaches.
const AGREE_PERCENT_MIN: usize = 90;

#[test]
fn the_cost_rule_agrees_with_recorded_costs() {
    let (Some(schema), Some(costs)) = (
        shared("schema/admin-2026-10.graphql"),
        shared("oracle/shopify/recorded-query-costs.jsonl"),
    ) else {
        return;
    };
    let schema = std::fs::read_to_string(schema).unwrap();
    let schema = Schema::parse_and_validate(schema, "admin-2026-10.graphql").unwrap();
    let (mut agree, mut known) = (0, 0);
    for line in std::fs::read_to_string(costs).unwrap().lines() {
        let recorded: Recorded = serde_json::from_str(line).unwrap();
        // Recorded against older versions: what 2026-10 does not know cannot be judged by it.
        let Ok(document) =
            ExecutableDocument::parse_and_validate(&schema, &recorded.query, "query")
        else {
            continue;
        };
        let Ok(operation) = document.operations.get(None) else {
            continue;
        };
        let mut variables = recorded.variables.unwrap_or_default();
        for variable in &operation.variables {
            if let Some(value) = &variable.default_value {
                let value = crate::shopify::variables::constant(value);
                variables.entry(variable.name.to_string()).or_insert(value);
            }
        }
        let fields = plan::plan(&schema, &document, operation, &variables);
        known += 1;
        agree +=
            usize::from(cost::requested(&fields, operation.is_mutation()) == recorded.requested);
    }
    let percent = agree * 1000 / known;
    println!(
        "{agree} of {known} recorded costs agree ({}.{} %)",
        percent / 10,
        percent % 10
    );
    assert!(known > 1000);
    assert!(agree * 100 >= known * AGREE_PERCENT_MIN);
}
