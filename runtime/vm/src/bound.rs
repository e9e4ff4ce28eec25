//! A request in the numbers of one policy.

use alloc::vec::Vec;
use licit_bytecode::{Key, Window};

/// A counter that this request touches: what the ledger must look up for [`State::used`](crate::State::used).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Read {
    /// The counter.
    pub counter: u16,
    /// Whose count: the user, organisation or licensee of the request. Where the request does not give it there is
    /// nothing to look up, and the outcome says `needing`.
    pub key: Key,
    /// The kind of window.
    pub window_kind: Window,
    /// The index of the window that the instant of use lies in.
    pub window: i64,
}

/// A request bound to a policy. Reuse it for the next request of the same policy by
/// [`Policy::bind_into`](crate::Policy::bind_into): its buffers and its memory of windows stay.
#[derive(Clone, Debug, Default)]
pub struct Bound {
    pub(crate) reads: Vec<Read>,
}

impl Bound {
    /// The counters, one entry each, in counter order.
    pub fn reads(&self) -> &[Read] {
        &self.reads
    }
}
