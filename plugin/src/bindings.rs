//! What wit-bindgen makes of `wit/connector.wit`, caged. These types are the vocabulary of the
//! flows too, so that a request means the same inside and outside of the component.

#![expect(
    missing_docs,
    reason = "generated; the words stand in wit/connector.wit"
)]
#![expect(
    clippy::indexing_slicing,
    clippy::wildcard_imports,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::needless_pass_by_value,
    clippy::semicolon_if_nothing_returned,
    clippy::uninlined_format_args,
    reason = "generated"
)]

wit_bindgen::generate!({
    world: "connector",
    path: "../wit",
    additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
    pub_export_macro: true,
    default_bindings_module: "crate::bindings",
});
