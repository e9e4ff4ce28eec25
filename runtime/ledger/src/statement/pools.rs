//! Who has what of what fell due in a period, where sharing windows may reach beyond it.
//!
//! What the parties have of a sharing bucket follows from its sum alone, so a run of events inside the period moves
//! them from where the bucket stood before it to where it stands after it: nothing is divided event by event.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::kept::Span;
use crate::money::Fraction;
use crate::parts::{Allocation, allocate, at_close, moved_after_close, sum};

/// All sharing buckets of one licensee, and what the parties have of the period.
#[derive(Clone, Debug)]
pub(super) struct Pools {
    fractions: Vec<Fraction>,
    by_span: BTreeMap<Span, Pool>,
    has: Allocation,
    /// Some sum did not fit.
    lost: bool,
}

/// A sharing bucket.
#[derive(Clone, Debug, Default)]
struct Pool {
    due: i128,
    closed: bool,
    /// How it stood before the events inside the period that came last; none if the last one was outside.
    since: Option<Allocation>,
}

/// What an event does to a sharing bucket.
pub(super) struct Sharing<'a> {
    pub span: Span,
    /// Minor units.
    pub due: i128,
    /// It closes the bucket.
    pub closes: bool,
    /// It corrects what was charged before.
    pub corrects: bool,
    /// What it says that the parties have for good.
    pub paid: &'a [i128],
    /// It belongs to the period.
    pub inside: bool,
}

impl Pools {
    pub(super) fn new(fractions: Vec<Fraction>) -> Pools {
        let has = Allocation { parts: fractions.iter().map(|_| 0).collect(), residue: 0 };
        Pools { fractions, by_span: BTreeMap::new(), has, lost: false }
    }

    /// Whether so much could be entered.
    pub(super) fn fits(&self, span: Span, due: i128) -> bool {
        let before = self.by_span.get(&span).map_or(0, |pool| pool.due);
        before.checked_add(due).is_some_and(|after| after > i128::MIN)
    }

    /// Enters an event; false if what it says that the parties have is not what their parts come to.
    pub(super) fn enter(&mut self, event: &Sharing<'_>) -> bool {
        if event.span.is_call() {
            return self.enter_call(event);
        }
        let pool = self.by_span.entry(event.span).or_default();
        match (event.inside, pool.since.is_some()) {
            (true, false) => {
                pool.since = position(pool, &self.fractions);
                self.lost |= pool.since.is_none();
            }
            (false, true) => {
                let since = pool.since.take();
                let now = position(pool, &self.fractions);
                self.lost |= add_run(&mut self.has, since, now).is_none();
            }
            _ => {}
        }
        let before = pool.due;
        pool.due = before.saturating_add(event.due);
        let expected = match (pool.closed, event.closes) {
            (_, true) => at_close(pool.due, &self.fractions),
            (true, false) => moved_after_close(before, pool.due, &self.fractions),
            (false, false) => return event.paid.is_empty(),
        };
        pool.closed = true;
        // One party alone has all of it without a word.
        event.paid.is_empty() && self.fractions.len() == 1 || says(event.paid, expected)
    }

    /// A call that is shared by itself: its event says what the parties have of it.
    fn enter_call(&mut self, event: &Sharing<'_>) -> bool {
        let all = [event.due];
        let paid = if event.paid.is_empty() && self.fractions.len() == 1 { &all[..] } else { event.paid };
        if paid.len() != self.fractions.len() || sum(paid) != Some(event.due) {
            // Still somebody's: nothing may be lost of what is due.
            self.has.residue = self.has.residue.saturating_add(if event.inside { event.due } else { 0 });
            return false;
        }
        if event.inside {
            for (has, paid) in self.has.parts.iter_mut().zip(paid) {
                match has.checked_add(*paid) {
                    Some(sum) => *has = sum,
                    None => self.lost = true,
                }
            }
        }
        // A correction is the difference of two closes of a sum that only its call knows.
        event.corrects || at_close(event.due, &self.fractions).as_deref() == Some(paid)
    }

    /// What the parties have, and the residue; none if some sum did not fit.
    pub(super) fn finish(mut self) -> Option<Allocation> {
        for pool in self.by_span.values_mut() {
            if let Some(since) = pool.since.take() {
                let now = position(pool, &self.fractions);
                self.lost |= add_run(&mut self.has, Some(since), now).is_none();
            }
        }
        (!self.lost).then_some(self.has)
    }
}

/// Whether an event says what is expected; where nothing moves it may say nothing.
fn says(paid: &[i128], expected: Option<Vec<i128>>) -> bool {
    expected.is_some_and(|expected| {
        paid == expected.as_slice() || paid.is_empty() && expected.iter().all(|part| *part == 0)
    })
}

/// How a bucket stands.
fn position(pool: &Pool, fractions: &[Fraction]) -> Option<Allocation> {
    if pool.closed {
        Some(Allocation { parts: at_close(pool.due, fractions)?, residue: 0 })
    } else {
        allocate(pool.due, fractions)
    }
}

fn add_run(has: &mut Allocation, since: Option<Allocation>, now: Option<Allocation>) -> Option<()> {
    let (since, now) = (since?, now?);
    let parts = has.parts.iter().zip(now.parts.iter().zip(&since.parts));
    let parts = parts.map(|(has, (now, since))| has.checked_add(now.checked_sub(*since)?));
    let parts = parts.collect::<Option<Vec<i128>>>()?;
    let residue = has.residue.checked_add(now.residue.checked_sub(since.residue)?)?;
    *has = Allocation { parts, residue };
    Some(())
}
