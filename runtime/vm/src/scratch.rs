//! Working memory of an evaluation, kept in the outcome so that evaluating allocates nothing.

use crate::condition::Value;
use alloc::vec::Vec;

/// See the module. Memories of conditions bear the number of the evaluation they belong to, so that nothing has to be
/// wiped between evaluations.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    /// Clauses still alive, by word.
    pub(crate) alive: Vec<u64>,
    /// Permits still alive at each guard, by word.
    pub(crate) why: Vec<u64>,
    /// Slots that decide and were not said.
    needs: Vec<u64>,
    needy: bool,
    /// How often a slot was noted, be it again.
    noted: u32,
    /// Evaluation number and value, by node.
    values: Vec<(u32, Value)>,
    /// Evaluation number in which a node's needs were collected.
    walks: Vec<u32>,
    evaluation: u32,
    /// Pieces of a schedule: start and rate.
    pub(crate) pieces: Vec<(u128, u64)>,
}

impl Scratch {
    /// Makes room; a no-op for the outcome of the same policy.
    #[inline]
    pub(crate) fn fit(&mut self, words: usize, nodes: usize, slots: usize) {
        if self.alive.len() < words {
            self.alive.resize(words, 0);
            self.why.resize(words, 0);
        }
        if self.values.len() < nodes {
            self.values.resize(nodes, (0, Value::False));
            self.walks.resize(nodes, 0);
        }
        if self.needs.len() * 64 < slots {
            self.needs.resize(slots.div_ceil(64), 0);
        }
    }

    /// Begins an evaluation.
    #[inline]
    pub(crate) fn begin(&mut self) {
        if self.needy {
            self.needs.fill(0);
            self.needy = false;
        }
        self.evaluation = self.evaluation.wrapping_add(1);
        if self.evaluation == 0 {
            self.values.fill((0, Value::False));
            self.walks.fill(0);
            self.evaluation = 1;
        }
    }

    /// The value of a node, if this evaluation has computed it.
    pub(crate) fn memo(&self, at: u32) -> Option<Value> {
        let (evaluation, value) = self.values.get(at as usize).copied()?;
        (evaluation == self.evaluation).then_some(value)
    }

    /// Keeps the value of a node.
    pub(crate) fn remember(&mut self, at: u32, value: Value) {
        if let Some(v) = self.values.get_mut(at as usize) {
            *v = (self.evaluation, value);
        }
    }

    /// Whether the needs of a node were collected before; from now on they were.
    pub(crate) fn walked(&mut self, at: u32) -> bool {
        match self.walks.get_mut(at as usize) {
            Some(w) if *w != self.evaluation => {
                *w = self.evaluation;
                false
            }
            _ => true,
        }
    }

    /// Notes a slot that decides.
    pub(crate) fn need(&mut self, slot: u32) {
        if let Some(word) = self.needs.get_mut(slot as usize / 64) {
            *word |= 1 << (slot % 64);
            self.needy = true;
            self.noted = self.noted.wrapping_add(1);
        }
    }

    /// Whether any slot was noted.
    pub(crate) fn is_needy(&self) -> bool {
        self.needy
    }

    /// A number that differs after a slot was noted.
    pub(crate) fn noted(&self) -> u32 {
        self.noted
    }

    /// The noted slots, ascending.
    pub(crate) fn needs(&self) -> impl Iterator<Item = u32> + '_ {
        let bits = |(i, word): (usize, &u64)| {
            let mut word = *word;
            core::iter::from_fn(move || {
                let bit = word.trailing_zeros();
                word &= word.wrapping_sub(1);
                (bit < 64).then_some(i as u32 * 64 + bit)
            })
        };
        self.needs.iter().enumerate().flat_map(bits)
    }

    /// Drops the noted slots.
    pub(crate) fn forget_needs(&mut self) {
        self.needs.fill(0);
        self.needy = false;
    }
}
