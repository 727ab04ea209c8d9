//! The contract: every item of `wit/` has words, and nothing is imported.

use wit_parser::{Docs, Resolve, Type, TypeDefKind, WorldItem};

use super::none;

fn contract() -> Resolve {
    let mut resolve = Resolve::default();
    resolve
        .push_dir(atsync_tests::root().join("wit"))
        .expect("wit/ is valid");
    resolve
}

#[test]
fn every_item_of_the_contract_is_documented() {
    let resolve = contract();
    let mut bare = Vec::new();
    let mut look = |docs: &Docs, path: String| {
        if docs
            .contents
            .as_deref()
            .is_none_or(|words| words.trim().is_empty())
        {
            bare.push(format!("{path} has no words"));
        }
    };
    for (_, world) in &resolve.worlds {
        look(&world.docs, format!("world {}", world.name));
    }
    for (_, interface) in &resolve.interfaces {
        let name = interface.name.clone().unwrap_or_default();
        look(&interface.docs, format!("interface {name}"));
        for (function, item) in &interface.functions {
            look(&item.docs, format!("{name}.{function}"));
        }
        for (type_name, id) in &interface.types {
            let item = &resolve.types[*id];
            look(&item.docs, format!("{name}.{type_name}"));
            for (part, docs) in parts(&resolve, &item.kind) {
                look(docs, format!("{name}.{type_name}.{part}"));
            }
        }
    }
    none(&bare);
}

/// The fields or cases of a type that need words of their own: those whose type is one of the
/// contract's have the words there, and the cases of an enum are words.
fn parts<'a>(resolve: &Resolve, kind: &'a TypeDefKind) -> Vec<(&'a str, &'a Docs)> {
    let told_by_type = |of: &Type| matches!(of, Type::Id(id) if resolve.types[*id].name.is_some());
    match kind {
        TypeDefKind::Record(record) => {
            let bare = record
                .fields
                .iter()
                .filter(|field| !told_by_type(&field.ty));
            bare.map(|field| (field.name.as_str(), &field.docs))
                .collect()
        }
        TypeDefKind::Variant(variant) => variant
            .cases
            .iter()
            .map(|case| (case.name.as_str(), &case.docs))
            .collect(),
        TypeDefKind::Flags(flags) => flags
            .flags
            .iter()
            .map(|flag| (flag.name.as_str(), &flag.docs))
            .collect(),
        _ => Vec::new(),
    }
}

#[test]
fn the_world_imports_nothing_and_exports_its_three_faces() {
    let resolve = contract();
    let (_, world) = resolve.worlds.iter().next().unwrap();
    assert!(
        world.imports.is_empty(),
        "imports: {:?}",
        world.imports.keys()
    );
    let exports: Vec<_> = world
        .exports
        .values()
        .filter_map(|item| exported_name(&resolve, item))
        .collect();
    assert_eq!(exports, ["manifest", "reconcile", "policy"]);
}

fn exported_name<'a>(resolve: &'a Resolve, item: &WorldItem) -> Option<&'a str> {
    match item {
        WorldItem::Interface { id, .. } => resolve.interfaces[*id].name.as_deref(),
        _ => None,
    }
}
