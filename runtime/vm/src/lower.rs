//! From a three-valued condition to masks: its disjunctive form, with polarity pushed to the atoms.
//!
//! A clause asks one of two questions of its condition: is it *certainly* true (an unknown atom reads as false), or is it
//! *possibly* true (an unknown atom reads as true)? Either is a two-valued function of the frame, and in disjunctive form
//! each of its terms is: allowed leaves of purpose and place, and tests that are all of one shape, a number of the frame
//! inside a range. The action is fixed, since rows are made for each action.

use crate::condition::{Conditions, Node, Value};
use alloc::vec;
use alloc::vec::Vec;
use licit_bytecode::{Axis, Cmp};

/// More terms than this, and the condition stays in its general form.
const TERMS: usize = 64;
/// More steps than this for one question (visits of nodes, pairs of terms), likewise.
const STEPS: usize = 1 << 14;

/// A test of the frame: `frame[slot] - base <= span`, in wrapping arithmetic. Slot 2i is fact i read from below, slot
/// 2i + 1 from above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Range {
    pub(crate) slot: u16,
    pub(crate) base: u64,
    pub(crate) span: u64,
}

/// Classes of an axis, as bits; none: all of them.
pub(crate) type Classes = Option<Vec<u64>>;

/// One term of a disjunctive form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) purpose: Classes,
    pub(crate) place: Classes,
    /// Sorted, without duplicates.
    pub(crate) ranges: Vec<Range>,
}

impl Term {
    fn always() -> Self {
        Self { purpose: None, place: None, ranges: vec![] }
    }

    fn is_always(&self) -> bool {
        self.purpose.is_none() && self.place.is_none() && self.ranges.is_empty()
    }
}

/// Whether a class is among `classes`.
pub(crate) fn allows(classes: &Classes, class: u32) -> bool {
    let word = |bits: &Vec<u64>| bits.get(class as usize / 64).is_some_and(|w| w >> (class % 64) & 1 == 1);
    classes.as_ref().is_none_or(word)
}

/// The disjunctive form would be too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// A question asked of a condition, for one class of actions.
pub(crate) struct Lower<'a> {
    pub(crate) conditions: &'a Conditions,
    /// The class of the action.
    pub(crate) action: u32,
    /// Unknown reads as true.
    pub(crate) possibly: bool,
    steps: usize,
}

pub(crate) type Terms = Result<Vec<Term>, TooLarge>;

impl<'a> Lower<'a> {
    pub(crate) fn new(conditions: &'a Conditions, action: u32, possibly: bool) -> Self {
        Self { conditions, action, possibly, steps: 0 }
    }

    /// The terms of which at least one holds exactly when the condition is certainly, or possibly, true; none: never.
    pub(crate) fn terms(&mut self, at: u32) -> Terms {
        self.node(at, false)
    }

    /// How many steps it took.
    pub(crate) fn steps(&self) -> usize {
        self.steps
    }

    fn spend(&mut self, steps: usize) -> Result<(), TooLarge> {
        self.steps += steps;
        if self.steps > STEPS { Err(TooLarge) } else { Ok(()) }
    }

    /// The terms of a node or, `negated`, of its negation. Depth is bounded by the verifier, steps here.
    fn node(&mut self, at: u32, negated: bool) -> Terms {
        self.spend(1)?;
        match self.conditions.node_at(at) {
            Node::False => Ok(constant(negated)),
            Node::True => Ok(constant(!negated)),
            Node::Member { set } => Ok(self.member(set, negated)),
            Node::Narrow { fact, cmp, k } => Ok(self.compare(fact, cmp, k, negated)),
            Node::Wide { .. } => Err(TooLarge),
            // Known is true or unknown, never false.
            Node::Known { fact } => Ok(match (self.possibly, negated) {
                (true, false) => constant(true),
                (false, true) => constant(false),
                (true, true) => range(fact, false, 0, 0),
                (false, false) => range(fact, false, 1, u64::MAX - 1),
            }),
            Node::Define { of } => self.node(of, negated),
            Node::Not { of } => self.node(of, !negated),
            Node::And { start, end } => self.connective(start, end, !negated, negated),
            Node::Or { start, end } => self.connective(start, end, negated, negated),
        }
    }

    fn connective(&mut self, start: u32, end: u32, all: bool, negated: bool) -> Terms {
        let mut sum = constant(all);
        for of in self.conditions.list_at(start, end) {
            let terms = self.node(*of, negated)?;
            self.spend(sum.len() * terms.len())?;
            sum = if all { both(&sum, &terms)? } else { either(sum, terms)? };
            let settled = if all { sum.is_empty() } else { sum.iter().any(Term::is_always) };
            if settled {
                break;
            }
        }
        Ok(sum)
    }

    fn holds(&self, value: Value, negated: bool) -> bool {
        match value {
            Value::True => !negated,
            Value::Unknown => self.possibly,
            Value::False => negated,
        }
    }

    fn member(&self, set: u32, negated: bool) -> Vec<Term> {
        let Some(set) = self.conditions.sets.get(set as usize) else { return constant(negated) };
        if set.axis == Axis::Action {
            return constant(self.holds(set.value(self.action), negated));
        }
        let classes = self.conditions.terms.get(set.axis as usize).copied().unwrap_or(0) + 2;
        let mut bits = vec![0u64; classes.div_ceil(64) as usize];
        let mut count = 0;
        for class in 0..classes {
            if self.holds(set.value(class), negated) {
                count += 1;
                if let Some(word) = bits.get_mut(class as usize / 64) {
                    *word |= 1 << (class % 64);
                }
            }
        }
        if count == 0 || count == classes {
            return constant(count > 0);
        }
        let term = Term::always();
        vec![match set.axis {
            Axis::Purpose => Term { purpose: Some(bits), ..term },
            _ => Term { place: Some(bits), ..term },
        }]
    }

    /// Numbers of the frame run from 1; from below the unknown is 0, from above the largest number.
    fn compare(&self, fact: u16, cmp: Cmp, k: u64, negated: bool) -> Vec<Term> {
        let above = self.possibly == negated;
        match (cmp, negated) {
            // x < k certainly: high < k; possibly: low < k.
            (Cmp::Less, false) => range(fact, above, 0, k - 1),
            (Cmp::LessEqual, false) => range(fact, above, 0, k),
            // x >= k certainly: low >= k; possibly: high >= k.
            (Cmp::Less, true) => range(fact, above, k, u64::MAX - k),
            (Cmp::LessEqual, true) => range(fact, above, k + 1, u64::MAX - k - 1),
            (Cmp::Equal, false) if !self.possibly => range(fact, false, k, 0),
            // Possibly equal: low <= k and high >= k.
            (Cmp::Equal, false) => {
                let mut terms = range(fact, false, 0, k);
                if let Some(t) = terms.first_mut() {
                    t.ranges.push(Range { slot: 2 * fact + 1, base: k, span: u64::MAX - k });
                }
                terms
            }
            // Possibly different: low is anything but k.
            (Cmp::Equal, true) if self.possibly => range(fact, false, k + 1, u64::MAX - 1),
            // Certainly different: low is anything but k, and known.
            (Cmp::Equal, true) => {
                let mut terms = range(fact, false, 1, u64::MAX - 1);
                if let Some(t) = terms.first_mut() {
                    t.ranges.push(Range { slot: 2 * fact, base: k + 1, span: u64::MAX - 1 });
                    t.ranges.sort_unstable();
                }
                terms
            }
        }
    }
}

fn constant(truth: bool) -> Vec<Term> {
    if truth { vec![Term::always()] } else { vec![] }
}

fn range(fact: u16, above: bool, base: u64, span: u64) -> Vec<Term> {
    vec![Term { ranges: vec![Range { slot: 2 * fact + u16::from(above), base, span }], ..Term::always() }]
}

fn meet(a: &Classes, b: &Classes) -> Classes {
    match (a, b) {
        (None, other) | (other, None) => other.clone(),
        (Some(a), Some(b)) => Some(a.iter().zip(b).map(|(a, b)| a & b).collect()),
    }
}

fn empty(classes: &Classes) -> bool {
    classes.as_ref().is_some_and(|c| c.iter().all(|w| *w == 0))
}

/// The terms of a conjunction.
pub(crate) fn both(a: &[Term], b: &[Term]) -> Terms {
    let mut out = Vec::new();
    for a in a {
        for b in b {
            let (purpose, place) = (meet(&a.purpose, &b.purpose), meet(&a.place, &b.place));
            if empty(&purpose) || empty(&place) {
                continue;
            }
            let mut ranges = [a.ranges.as_slice(), b.ranges.as_slice()].concat();
            ranges.sort_unstable();
            ranges.dedup();
            out = either(out, vec![Term { purpose, place, ranges }])?;
        }
    }
    Ok(out)
}

/// The terms of a disjunction: terms that differ in one axis only become one.
fn either(mut a: Vec<Term>, b: Vec<Term>) -> Terms {
    for term in b {
        if term.is_always() {
            return Ok(vec![term]);
        }
        let mut term = Some(term);
        for old in &mut a {
            if let Some(new) = &term
                && absorb(old, new)
            {
                term = None;
            }
        }
        a.extend(term);
        if a.len() > TERMS {
            return Err(TooLarge);
        }
    }
    Ok(a)
}

/// Widens `old` by `new` if that makes one term of the two.
fn absorb(old: &mut Term, new: &Term) -> bool {
    if old.is_always() {
        return true;
    }
    if old.ranges != new.ranges {
        return false;
    }
    let join = |a: &Classes, b: &Classes| match (a, b) {
        (Some(a), Some(b)) => Some(a.iter().zip(b).map(|(a, b)| a | b).collect()),
        _ => None,
    };
    if old.purpose == new.purpose {
        old.place = join(&old.place, &new.place);
        true
    } else if old.place == new.place {
        old.purpose = join(&old.purpose, &new.purpose);
        true
    } else {
        false
    }
}
