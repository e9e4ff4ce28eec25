//! Step 7: what a use costs, what that does to limits on money, and the largest price that it can come to.

use crate::bound::Bound;
use crate::condition::Value;
use crate::eval::Run;
use crate::meter::{Meter, Unmetered};
use crate::outcome::{EVERYTHING, Line, Outcome, ReasonCode, UNIT_BASE};
use crate::policy::Policy;
use crate::price::{Cost, Prices, steepest};
use crate::request::State;
use crate::row::{RowCharge, RowWider};

impl Policy {
    /// The largest price of this use, in units of 1/grain, whatever is committed before it: for each counter, by number, it
    /// then stands somewhere from the first to the second number of its range (missing: 0 to 0). None where a charge gives
    /// a reason other than by its counters, or the price does not fit. (`spec/core-wider.md` section 4.)
    ///
    /// The outcome is then permitted and holds the largest lines; or it is denied and says why there is no price.
    pub fn largest(&self, bound: &Bound, ranges: &[(u128, u128)], outcome: &mut Outcome) -> Option<u128> {
        let (state, mut meter) = (State::default(), Unmetered);
        let mut run = self.run(bound, &state, outcome, &mut meter)?;
        run.ranges = ranges;
        run.alive();
        if run.range() {
            run.lines::<true>();
        }
        run.close(false);
        outcome.permitted.then(|| sum(outcome))
    }
}

/// The sum of lines that were found to fit.
fn sum(outcome: &Outcome) -> u128 {
    outcome.lines.iter().fold(0, |sum, line| sum.saturating_add(line.amount))
}

impl<M: Meter> Run<'_, M> {
    /// Step 7; `checked`: whether money must suffice.
    #[inline]
    pub(crate) fn charges(&mut self, checked: bool) {
        match &self.row.wider {
            None => self.lines::<false>(),
            Some(wider) => self.wider_charges(wider, checked),
        }
    }

    #[inline(never)]
    fn wider_charges(&mut self, wider: &RowWider, checked: bool) {
        let before = (self.out.reasons.len(), self.out.scratch.noted());
        self.lines::<false>();
        self.closings(wider);
        if before == (self.out.reasons.len(), self.out.scratch.noted()) {
            self.purses(wider, checked);
        }
    }

    /// The lines; the largest ones, if so, instead of those of the state.
    #[inline]
    fn lines<const LARGEST: bool>(&mut self) {
        let row = self.row;
        let mut sum = Some(0u128);
        for charge in &row.charges {
            match *charge {
                RowCharge::Plain { charge, case, certainly, possibly } => {
                    if self.test(certainly) {
                        self.apply::<LARGEST>(charge, 0, case, &mut sum);
                    } else if self.test(possibly) {
                        let when = self.policy.cases.get(case as usize).copied().unwrap_or(0);
                        self.need(when);
                    }
                }
                RowCharge::ByCase { charge, start, end } => {
                    let mut found = None;
                    let mut several = false;
                    for (case, global, test) in
                        row.cases.get(start as usize..end as usize).unwrap_or_default()
                    {
                        if self.test(*test) {
                            several |= found.is_some();
                            found = Some((*case, *global));
                        }
                    }
                    match found {
                        Some(_) if several => {
                            let clause = self.clause_of(charge);
                            self.out.reason(ReasonCode::AmbiguousPrice, clause);
                        }
                        Some((case, global)) => self.apply::<LARGEST>(charge, case, global, &mut sum),
                        None => self.no_case(charge),
                    }
                }
            }
        }
        if !self.policy.prices.sum_proven && sum.is_none_or(|s| s >> 127 != 0) {
            self.out.reason(ReasonCode::Range, EVERYTHING);
        }
        if LARGEST {
            return;
        }
        for unit in &self.policy.prices.unpriced {
            self.meter.step();
            if self.bound.quantity(*unit) > 0 {
                self.out.reason(ReasonCode::Unpriced, UNIT_BASE + u32::from(*unit));
            }
        }
    }

    /// Charges at close: no price yet, but what they are told must fit.
    fn closings(&mut self, row: &RowWider) {
        let Some(wider) = &self.policy.wider else { return };
        for (i, certainly, possibly) in &row.closings {
            let Some(closing) = wider.closings.get(usize::from(*i)) else { continue };
            if self.test(*certainly) {
                let highest = self.policy.units.get(usize::from(closing.unit)).copied().unwrap_or(0);
                let total = self.total(closing.counter, closing.key, closing.unit, highest);
                if total.is_some() && self.bound.states(closing.unit) {
                    self.add(closing.counter, self.bound.quantity(closing.unit));
                }
            } else if self.test(*possibly) {
                closing.guard.into_iter().for_each(|guard| self.need(guard));
            }
        }
    }

    /// Spend limits and prepaid credit.
    fn purses(&mut self, row: &RowWider, checked: bool) {
        let Some(wider) = &self.policy.wider else { return };
        let spent = sum(self.out);
        for (i, test) in &row.purses {
            let Some(purse) = wider.purses.get(usize::from(*i)) else { continue };
            if !self.test(*test) {
                continue;
            }
            if self.given(purse.key).is_err() {
                continue;
            }
            let used = self.used(purse.counter);
            match purse.amount {
                _ if !checked => {}
                Some(amount) if used.saturating_add(spent) > amount => {
                    self.out.reason(ReasonCode::Over, purse.clause);
                }
                None if spent > used => self.out.reason(ReasonCode::Credit, purse.clause),
                _ => {}
            }
            if spent > 0 {
                self.add(purse.counter, spent);
            }
        }
    }

    fn clause_of(&self, charge: u16) -> u32 {
        self.policy.charges.get(usize::from(charge)).copied().unwrap_or(0)
    }

    /// No case is true: what is missing, or that there is no price.
    #[cold]
    fn no_case(&mut self, charge: u16) {
        let policy = self.policy;
        let at = |i: usize| policy.first_case.get(i).map_or(0, |c| *c as usize);
        let (first, end) = (at(charge.into()), at(usize::from(charge) + 1));
        let mut unknown = false;
        for when in policy.cases.get(first..end).unwrap_or_default() {
            if self.value(*when) == Value::Unknown {
                unknown = true;
                self.need(*when);
            }
        }
        if !unknown {
            let clause = self.clause_of(charge);
            self.out.reason(ReasonCode::Unpriced, clause);
        }
    }

    /// The price of a case that applies; `sum` becomes none when the lines no longer fit
    /// in 128 bits.
    #[inline]
    fn apply<const LARGEST: bool>(&mut self, charge: u16, case: u16, global: u32, sum: &mut Option<u128>) {
        self.meter.step();
        let prices = &self.policy.prices;
        let priced = match prices.cases.get(global as usize).copied() {
            None | Some(Cost::Free) => return,
            Some(cost) if LARGEST => match self.largest_line(cost) {
                Ok(amount) => amount,
                Err(NoLine) => return,
            },
            Some(Cost::Rate { unit, rate, proven }) => Prices::rate(rate, self.bound.quantity(unit), proven),
            Some(Cost::Graduated { unit, key, counter, tiers, proven }) => {
                let highest = self.policy.units.get(usize::from(unit)).copied().unwrap_or(0);
                let Some(total) = self.total(counter, key, unit, highest) else { return };
                self.delta(counter, unit);
                let used = total - self.bound.quantity(unit);
                prices.graduated(tiers, used, total, proven, self.meter)
            }
            Some(cost) => match self.wider_line(cost) {
                Ok(amount) => Some(amount),
                Err(NoLine) => return,
            },
        };
        let Some(amount) = priced else {
            let clause = self.clause_of(charge);
            self.out.reason(ReasonCode::Range, clause);
            return;
        };
        if !prices.sum_proven {
            *sum = sum.and_then(|s| s.checked_add(amount));
        }
        self.out.lines.push(Line { charge, case, amount });
    }

    /// The line of a price that is capped, or a fee.
    #[inline(never)]
    fn wider_line(&mut self, cost: Cost) -> Result<u128, NoLine> {
        match cost {
            Cost::Capped { unit, key, counter, tiers, cap } => {
                let policy = self.policy;
                let highest = policy.units.get(usize::from(unit)).copied().unwrap_or(0);
                let total = self.total(counter, key, unit, highest).ok_or(NoLine)?;
                self.delta(counter, unit);
                let used = total - self.bound.quantity(unit);
                Ok(policy.prices.capped(tiers, cap, used, total, self.meter))
            }
            Cost::Fee { amount, key, counter } => {
                self.given(key)?;
                self.add(counter, 1);
                Ok(if self.used(counter) == 0 { amount } else { 0 })
            }
            Cost::Free | Cost::Rate { .. } | Cost::Graduated { .. } => Err(NoLine),
        }
    }

    /// The largest line of a price, none if it does not fit.
    fn largest_line(&mut self, cost: Cost) -> Result<Option<u128>, NoLine> {
        let (unit, key, counter, tiers, cap) = match cost {
            Cost::Free => return Ok(Some(0)),
            Cost::Rate { unit, rate, proven } => {
                return Ok(Prices::rate(rate, self.bound.quantity(unit), proven));
            }
            Cost::Graduated { unit, key, counter, tiers, .. } => (unit, key, counter, tiers, None),
            Cost::Capped { unit, key, counter, tiers, cap } => (unit, key, counter, tiers, Some(cap)),
            Cost::Fee { amount, key, counter } => {
                self.given(key)?;
                let (low, _) = self.range_of(counter);
                return Ok(Some(if low == 0 { amount } else { 0 }));
            }
        };
        self.given(key)?;
        let policy = self.policy;
        let highest = policy.units.get(usize::from(unit)).copied().unwrap_or(0);
        let (range, quantity) = (self.range_of(counter), self.bound.quantity(unit));
        let pieces = &mut self.out.scratch.pieces;
        policy.prices.pieces(tiers, cap, highest, pieces);
        Ok(steepest(pieces, range, quantity, highest))
    }

    fn given(&mut self, key: licit_bytecode::Key) -> Result<(), NoLine> {
        if self.bound.has(key) {
            return Ok(());
        }
        self.out.scratch.need(5 + key as u32);
        Err(NoLine)
    }

    fn range_of(&self, counter: u16) -> (u128, u128) {
        self.ranges.get(usize::from(counter)).copied().unwrap_or((0, 0))
    }
}

/// Something is missing or out of range, which was said.
struct NoLine;
