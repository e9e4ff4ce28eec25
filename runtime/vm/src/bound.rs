//! A request in the numbers of one policy.

use crate::request::Renewal;
use crate::time::Span;
use alloc::vec::Vec;
use licit_bytecode::{Axis, Key, Window};

/// A counter that this request touches: what the ledger must look up for [`State::used`](crate::State::used).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Read {
    /// The counter.
    pub counter: u16,
    /// Whose count: the user, organisation or licensee of the request. Where the request does not give it there is
    /// nothing to look up, and the outcome says `needing`.
    pub key: Key,
    /// The kind of window; the term for what has none.
    pub window_kind: Window,
    /// The index of the window that the instant of use lies in.
    pub window: i64,
}

/// A request bound to a policy. Reuse it for the next request of the same policy by
/// [`Policy::bind_into`](crate::Policy::bind_into): its buffers and its memory of windows stay.
#[derive(Clone, Debug, Default)]
pub struct Bound {
    /// Which policy it is bound to: the module id; all zero: to none.
    pub(crate) module: [u8; 32],
    pub(crate) used_at: i64,
    /// Leaf, unlisted or not given, for each axis.
    pub(crate) classes: [u32; 3],
    /// The row of the action, and where the words of purpose and place start.
    pub(crate) row: u16,
    pub(crate) starts: (u16, u16),
    /// Two words a fact: its number plus one twice, or 0 and the largest number if it is unknown.
    pub(crate) frame: Vec<u64>,
    /// Numbers of facts that are too wide for the frame, by fact.
    pub(crate) wide: Vec<u128>,
    /// By unit.
    pub(crate) quantities: Vec<u128>,
    /// Numbers of the `range` reasons of step 1.
    pub(crate) range: Vec<u32>,
    /// Bit k: the key with number k is given.
    pub(crate) keys: u8,
    /// What the request and its instants decide of step 2: bits of [`crate::wider::standing`].
    pub(crate) standing: u8,
    /// What the remembered window of the renewal was told from.
    pub(crate) renewal: Option<Renewal>,
    pub(crate) reads: Vec<Read>,
    /// By duty: when it would fall due.
    pub(crate) due: Vec<i64>,
    /// By kind of window: the one that was used last.
    pub(crate) spans: [Span; 12],
    /// Facts and units of the request that the policy does not list.
    pub(crate) others: Vec<u32>,
    /// By unit: whether the request states it. (Longer where there are more facts than units.)
    pub(crate) stated: Vec<bool>,
}

impl Bound {
    /// The counters, one entry each, in counter order.
    pub fn reads(&self) -> &[Read] {
        &self.reads
    }

    pub(crate) fn class(&self, axis: Axis) -> u32 {
        let [action, purpose, place] = self.classes;
        match axis {
            Axis::Action => action,
            Axis::Purpose => purpose,
            Axis::Place => place,
        }
    }

    /// The fact's number plus one, 0 if it is unknown. Of a wide fact: 1 if it is known.
    pub(crate) fn low(&self, fact: u16) -> u64 {
        self.frame.get(2 * usize::from(fact)).copied().unwrap_or(0)
    }

    /// The number of a wide fact.
    pub(crate) fn wide(&self, fact: u16) -> u128 {
        self.wide.get(usize::from(fact)).copied().unwrap_or(0)
    }

    pub(crate) fn quantity(&self, unit: u16) -> u128 {
        self.quantities.get(usize::from(unit)).copied().unwrap_or(0)
    }

    pub(crate) fn states(&self, unit: u16) -> bool {
        self.stated.get(usize::from(unit)).copied().unwrap_or(false)
    }

    pub(crate) fn has(&self, key: Key) -> bool {
        self.keys >> key as u8 & 1 == 1
    }

    pub(crate) fn window(&self, counter: u16) -> i64 {
        self.reads.get(usize::from(counter)).map_or(0, |r| r.window)
    }
}
