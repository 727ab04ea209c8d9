//! What wasmtime makes of `wit/connector.wit`, caged. The rest of the host names these types by
//! [`manifest`](crate::engine::manifest), [`reconcile`](crate::engine::reconcile) and
//! [`policy`](crate::engine::policy).

#![expect(
    missing_docs,
    reason = "generated; the words stand in wit/connector.wit"
)]

wasmtime::component::bindgen!({
    world: "connector",
    path: "../wit",
    additional_derives: [serde::Serialize, serde::Deserialize],
});
