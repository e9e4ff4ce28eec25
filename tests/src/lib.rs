//! Conformance, end-to-end and architecture tests.
