//! What wit-bindgen makes of `wit/connector.wit`, caged.

#![expect(
    missing_docs,
    reason = "generated; the words stand in wit/connector.wit"
)]

wit_bindgen::generate!({
    world: "connector",
    path: "../../../../wit",
});
