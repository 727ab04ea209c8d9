//! What wit-bindgen makes of `wit/connector.wit`, caged. These types are the vocabulary of the
//! flows too, so that a request means the same inside and outside of the component.

#![expect(
    missing_docs,
    reason = "generated; the words stand in wit/connector.wit"
)]

wit_bindgen::generate!({
    world: "connector",
    path: "../wit",
    additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
});
