//! What wit-bindgen makes of the contract, seen from outside of the connector, caged.

wit_bindgen::generate!({
    inline: "
        package atsync:command;
        world driver {
            import atsync:connector/manifest@1.0.0;
            import atsync:connector/reconcile@1.0.0;
        }
    ",
    path: "../../../../wit",
    generate_all,
});
