//! The component as it is shipped.

use wasmparser::{Parser, Payload, Validator, WasmFeatures};

#[test]
fn the_shipped_component_is_valid_and_imports_nothing() {
    let bytes = atsync::component::BUNDLED;
    Validator::new_with_features(WasmFeatures::default())
        .validate_all(bytes)
        .expect("a valid component");
    let mut exports = Vec::new();
    // Nested modules and components import from each other; the outermost one is what a host
    // has to satisfy.
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.unwrap() {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(imports) if depth == 0 => {
                let names: Vec<_> = imports
                    .into_iter()
                    .map(|import| import.unwrap().name.name.to_owned())
                    .collect();
                panic!("the component imports {names:?}");
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                exports.extend(
                    section
                        .into_iter()
                        .map(|export| export.unwrap().name.name.to_owned()),
                );
            }
            _ => {}
        }
    }
    for face in ["manifest", "reconcile", "policy"] {
        let name = format!("atsync:connector/{face}@1.0.0");
        assert!(exports.contains(&name), "{name} is not among {exports:?}");
    }
}
