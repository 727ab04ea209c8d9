//! The sandbox's schema is a subset of the real one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use apollo_compiler::Schema;
use apollo_compiler::schema::ExtendedType;

use super::shared;
use crate::shopify::graphql::schema;

#[test]
fn the_schema_is_a_subset_of_the_real_one() {
    let Some(file) = shared("schema/admin-2026-10.graphql") else {
        return;
    };
    let text = std::fs::read_to_string(file).unwrap();
    let real = Schema::parse_and_validate(text, "admin-2026-10.graphql").unwrap();
    let mut differences = Vec::new();
    for (name, ours) in schema()
        .types
        .iter()
        .filter(|(_, ours)| !ours.is_built_in())
    {
        match (ours, real.types.get(name)) {
            (_, None) => differences.push(format!("{name} does not exist")),
            (ExtendedType::Object(ours), Some(ExtendedType::Object(real))) => {
                compare_fields(name, &ours.fields, &real.fields, &mut differences);
            }
            (ExtendedType::Interface(ours), Some(ExtendedType::Interface(real))) => {
                compare_fields(name, &ours.fields, &real.fields, &mut differences);
            }
            (ExtendedType::InputObject(ours), Some(ExtendedType::InputObject(real))) => {
                for (field, ours) in &ours.fields {
                    let real = real.fields.get(field).map(|real| real.ty.to_string());
                    if real.as_deref() != Some(&ours.ty.to_string()) {
                        differences
                            .push(format!("{name}.{field}: {} and really {real:?}", ours.ty));
                    }
                }
                let missing = real
                    .fields
                    .iter()
                    .filter(|(key, real)| real.is_required() && !ours.fields.contains_key(*key));
                differences.extend(
                    missing.map(|(key, _)| format!("{name}.{key} is required and missing")),
                );
            }
            (ExtendedType::Enum(ours), Some(ExtendedType::Enum(real))) => {
                let unknown = ours
                    .values
                    .keys()
                    .filter(|value| !real.values.contains_key(*value));
                differences.extend(unknown.map(|value| format!("{name}.{value} does not exist")));
            }
            (ExtendedType::Scalar(_), Some(ExtendedType::Scalar(_))) => {}
            _ => differences.push(format!("{name} is of another kind")),
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}

type Fields = apollo_compiler::collections::IndexMap<
    apollo_compiler::Name,
    apollo_compiler::schema::Component<apollo_compiler::schema::FieldDefinition>,
>;

fn compare_fields(name: &str, ours: &Fields, real: &Fields, differences: &mut Vec<String>) {
    for (key, ours) in ours {
        let Some(real) = real.get(key) else {
            differences.push(format!("{name}.{key} does not exist"));
            continue;
        };
        if ours.ty != real.ty {
            differences.push(format!("{name}.{key}: {} and really {}", ours.ty, real.ty));
        }
        for argument in &ours.arguments {
            let same = real
                .arguments
                .iter()
                .find(|other| other.name == argument.name);
            if same.is_none_or(|same| {
                same.ty != argument.ty || same.default_value != argument.default_value
            }) {
                differences.push(format!("{name}.{key}({}) differs", argument.name));
            }
        }
        for argument in real
            .arguments
            .iter()
            .filter(|argument| argument.is_required())
        {
            if !ours
                .arguments
                .iter()
                .any(|other| other.name == argument.name)
            {
                differences.push(format!(
                    "{name}.{key}({}) is required and missing",
                    argument.name
                ));
            }
        }
    }
}
