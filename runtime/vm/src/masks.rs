//! Masks: words of bits, one for each term of a condition, and what clears them.

use crate::condition::Conditions;
use crate::lower::{Range, Term, allows};
use crate::meter::Meter;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

/// A slot of the frame with more tests than this is looked up once, by its number's place among the constants.
const FEW: usize = 8;

/// Clears bits where the frame is outside a range.
#[derive(Clone, Copy, Debug)]
struct Literal {
    base: u64,
    span: u64,
    mask: u64,
    slot: u16,
}

/// All tests of one slot: the constants cut the numbers into intervals, each with its words.
#[derive(Clone, Debug)]
struct Ladder {
    slot: u16,
    /// Where intervals begin, but for the first one.
    bounds: Vec<u64>,
    masks: Vec<u64>,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Masks {
    pub(crate) words: usize,
    /// Tests of all words, by word, and where those of each word end.
    literals: Vec<Literal>,
    ends: Vec<u32>,
    ladders: Vec<Ladder>,
    /// By class of purpose and of place: where its words start.
    purposes: Vec<u16>,
    places: Vec<u16>,
    purpose_words: Vec<u64>,
    place_words: Vec<u64>,
}

impl Masks {
    /// Where the words of a class of purposes, and of places, start.
    pub(crate) fn start(&self, purpose: u32, place: u32) -> (u16, u16) {
        let at = |starts: &Vec<u16>, class: u32| starts.get(class as usize).copied().unwrap_or(0);
        (at(&self.purposes, purpose), at(&self.places, place))
    }

    /// Leaves alive the bits whose terms hold.
    #[inline]
    pub(crate) fn alive(
        &self,
        (purpose, place): (u16, u16),
        frame: &[u64],
        alive: &mut [u64],
        meter: &mut impl Meter,
    ) {
        let purposes = self.purpose_words.get(usize::from(purpose)..).unwrap_or_default();
        let places = self.place_words.get(usize::from(place)..).unwrap_or_default();
        let number = |slot: u16| frame.get(usize::from(slot)).copied().unwrap_or(0);
        let mut start = 0;
        for ((alive, end), (purpose, place)) in
            alive.iter_mut().zip(&self.ends).zip(purposes.iter().zip(places))
        {
            let end = *end as usize;
            let literals = self.literals.get(start..end).unwrap_or_default();
            meter.steps(1 + literals.len());
            start = end;
            let mut word = purpose & place;
            for l in literals {
                let holds = number(l.slot).wrapping_sub(l.base) <= l.span;
                word &= !l.mask | u64::from(holds).wrapping_neg();
            }
            *alive = word;
        }
        if !self.ladders.is_empty() {
            self.climb(frame, alive, meter);
        }
    }

    /// The tests of crowded slots.
    fn climb(&self, frame: &[u64], alive: &mut [u64], meter: &mut impl Meter) {
        for l in &self.ladders {
            let x = frame.get(usize::from(l.slot)).copied().unwrap_or(0);
            let interval = l.bounds.partition_point(|b| *b <= x);
            meter.steps(1 + self.words);
            let words = l.masks.get(interval * self.words..).unwrap_or_default();
            for (alive, mask) in alive.iter_mut().zip(words).take(self.words) {
                *alive &= mask;
            }
        }
    }

    /// Heap bytes.
    pub(crate) fn size(&self) -> usize {
        let ladders: usize =
            self.ladders.iter().map(|l| size_of::<Ladder>() + 8 * (l.bounds.len() + l.masks.len())).sum();
        size_of_val(self.literals.as_slice())
            + 4 * self.ends.len()
            + ladders
            + 2 * (self.purposes.len() + self.places.len())
            + 8 * (self.purpose_words.len() + self.place_words.len())
    }
}

/// Caps on what all masks of a policy together may take; beyond them rows fall back to the general form.
pub(crate) struct Budget {
    /// 64-bit words.
    pub(crate) memory: usize,
    /// Elementary operations of making them.
    pub(crate) work: usize,
}

impl Budget {
    /// Takes from the work that may be done; false if there is not enough left.
    pub(crate) fn work(&mut self, n: usize) -> bool {
        let enough = self.work >= n;
        self.work = self.work.saturating_sub(n);
        enough
    }

    fn memory(&mut self, words: usize) -> Option<()> {
        self.memory = self.memory.checked_sub(words)?;
        Some(())
    }
}

/// Masks as they grow.
pub(crate) struct Builder {
    bits: usize,
    /// By bit: its term.
    terms: Vec<(usize, Term)>,
    literals: BTreeMap<(usize, Range), u64>,
    /// Cap on literals and bits together, so that steps stay within the verifier's bound.
    most_steps: usize,
}

impl Builder {
    pub(crate) fn new(most_steps: usize) -> Self {
        Self { bits: 0, terms: vec![], literals: BTreeMap::new(), most_steps }
    }

    /// The bit that comes next.
    pub(crate) fn bits(&self) -> usize {
        self.bits
    }

    /// Lets the next bits begin a word.
    pub(crate) fn next_word(&mut self) {
        self.bits = self.bits.next_multiple_of(64);
    }

    /// Bits for the terms of one question, which stand in one word: the first bit and the mask. None if that were too many.
    pub(crate) fn add(&mut self, terms: Vec<Term>) -> Option<(usize, u64)> {
        let needed: usize = terms.iter().map(|t| 1 + t.ranges.len()).sum();
        if self.literals.len() + self.terms.len() + needed > self.most_steps {
            return None;
        }
        if terms.len() > 64 - self.bits % 64 {
            self.next_word();
        }
        let first = self.bits;
        let mut mask = 0u64;
        for term in terms {
            let bit = 1u64 << (self.bits % 64);
            mask |= bit;
            for range in &term.ranges {
                *self.literals.entry((self.bits / 64, *range)).or_insert(0) |= bit;
            }
            self.terms.push((self.bits, term));
            self.bits += 1;
        }
        Some((first, mask))
    }

    /// None if the budget does not allow it.
    pub(crate) fn finish(self, conditions: &Conditions, budget: &mut Budget) -> Option<Masks> {
        let words = self.bits.div_ceil(64);
        let mut out = Masks { words, ..Masks::default() };
        let mut by_slot: BTreeMap<u16, Vec<(usize, Range, u64)>> = BTreeMap::new();
        for ((word, range), mask) in &self.literals {
            by_slot.entry(range.slot).or_default().push((*word, *range, *mask));
        }
        for (slot, tests) in &by_slot {
            if tests.len() > FEW
                && let Some(ladder) = ladder(*slot, tests, words, budget)
            {
                out.ladders.push(ladder);
            }
        }
        let laddered = |slot: u16| out.ladders.iter().any(|l| l.slot == slot);
        let mut last = 0;
        for ((word, range), mask) in self.literals.iter().filter(|((_, r), _)| !laddered(r.slot)) {
            for _ in last..*word {
                out.ends.push(out.literals.len() as u32);
            }
            last = *word;
            let Range { slot, base, span } = *range;
            out.literals.push(Literal { base, span, mask: *mask, slot });
        }
        out.ends.resize(words, out.literals.len() as u32);
        let [_, purposes, places] = conditions.terms;
        let purpose = |t: &Term, class| allows(&t.purpose, class);
        let place = |t: &Term, class| allows(&t.place, class);
        (out.purposes, out.purpose_words) = self.axis(purposes + 2, words, budget, purpose)?;
        (out.places, out.place_words) = self.axis(places + 2, words, budget, place)?;
        budget.memory(out.literals.len() * 4 + words)?;
        Some(out)
    }

    /// The words of each class of an axis; classes with equal words share them.
    fn axis(
        &self,
        classes: u32,
        words: usize,
        budget: &mut Budget,
        allows: impl Fn(&Term, u32) -> bool,
    ) -> Option<(Vec<u16>, Vec<u64>)> {
        let (mut starts, mut all) = (Vec::new(), Vec::new());
        let mut known: BTreeMap<Vec<u64>, u16> = BTreeMap::new();
        budget.memory(classes as usize / 4 + 1)?;
        for class in 0..classes {
            if !budget.work(self.terms.len() + words) {
                return None;
            }
            let mut mask = vec![0u64; words];
            for (bit, term) in &self.terms {
                if let Some(word) = mask.get_mut(bit / 64)
                    && allows(term, class)
                {
                    *word |= 1 << (bit % 64);
                }
            }
            let start = match known.get(&mask) {
                Some(start) => *start,
                None => {
                    budget.memory(words)?;
                    let start = u16::try_from(all.len()).ok()?;
                    all.extend_from_slice(&mask);
                    known.insert(mask, start);
                    start
                }
            };
            starts.push(start);
        }
        Some((starts, all))
    }
}

/// One lookup in place of many tests; none if that takes too much.
fn ladder(slot: u16, tests: &[(usize, Range, u64)], words: usize, budget: &mut Budget) -> Option<Ladder> {
    // Past the end of a range that reaches the largest number there is nothing.
    let ends = tests.iter().filter_map(|(_, r, _)| r.base.wrapping_add(r.span).checked_add(1));
    let mut bounds: Vec<u64> = tests.iter().map(|(_, r, _)| r.base).chain(ends).filter(|b| *b > 0).collect();
    bounds.sort_unstable();
    bounds.dedup();
    let intervals = bounds.len() + 1;
    let memory = intervals.saturating_mul(words + 1);
    let bits: usize = tests.iter().map(|(_, _, mask)| mask.count_ones() as usize).sum();
    if memory > budget.memory / 2 || !budget.work(memory + 4 * bits + 8 * tests.len()) {
        return None;
    }
    budget.memory -= memory;
    // Tests by where they may change, each bound with those that do.
    let mut changes: Vec<(u64, usize)> = Vec::new();
    for (i, (_, range, _)) in tests.iter().enumerate() {
        changes.push((range.base, i));
        changes.extend(range.base.wrapping_add(range.span).checked_add(1).map(|end| (end, i)));
    }
    changes.sort_unstable();
    let mut sweep = Sweep {
        tests,
        holds: vec![true; tests.len()],
        failing: vec![0; 64 * words],
        mask: vec![u64::MAX; words],
    };
    (0..tests.len()).for_each(|i| sweep.update(i, 0));
    let mut masks = Vec::with_capacity(intervals * words);
    let mut next = changes.iter().peekable();
    for start in core::iter::once(0).chain(bounds.iter().copied()) {
        while let Some((_, i)) = next.next_if(|(at, _)| *at <= start) {
            sweep.update(*i, start);
        }
        masks.extend_from_slice(&sweep.mask);
    }
    Some(Ladder { slot, bounds, masks })
}

/// The tests of a slot while its numbers rise.
struct Sweep<'a> {
    tests: &'a [(usize, Range, u64)],
    holds: Vec<bool>,
    /// By bit: how many tests clear it.
    failing: Vec<u32>,
    mask: Vec<u64>,
}

impl Sweep<'_> {
    /// Lets test `i` see the number `x`.
    fn update(&mut self, i: usize, x: u64) {
        let (Some((word, range, mask)), Some(held)) = (self.tests.get(i), self.holds.get_mut(i)) else {
            return;
        };
        let holds = x.wrapping_sub(range.base) <= range.span;
        if holds == *held {
            return;
        }
        *held = holds;
        let Some(out) = self.mask.get_mut(*word) else { return };
        for bit in (0..64).filter(|bit| mask >> bit & 1 == 1) {
            let Some(failing) = self.failing.get_mut(word * 64 + bit) else { continue };
            *failing = if holds { failing.saturating_sub(1) } else { *failing + 1 };
            *out = *out & !(1 << bit) | u64::from(*failing == 0) << bit;
        }
    }
}
