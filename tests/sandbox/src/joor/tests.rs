//! The account as a client meets it.
