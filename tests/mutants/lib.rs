//! The tests that a mutant of the connector has to get past, without the host and its engine:
//! those take minutes to build, and there is a mutant every few seconds.
//!
//! See "Mutants" in `tests/README.md`.
