//! Working memory of an evaluation, kept in the outcome so that evaluating allocates nothing.

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {}
