//! The decision: `spec/core.md` section 7, step by step.

use crate::bound::Bound;
use crate::condition::{Class, Value};
use crate::meter::{Meter, Steps, Unmetered};
use crate::outcome::{Delta, DutyDue, EVERYTHING, Line, Outcome, ReasonCode, UNIT_BASE};
use crate::policy::Policy;
use crate::price::{Cost, Prices};
use crate::request::{DutyStatus, State};
use crate::row::{Row, RowCharge, Test, Why};
use licit_bytecode::{DutyMode, Key};

/// One evaluation.
struct Run<'a, M> {
    policy: &'a Policy,
    row: &'a Row,
    bound: &'a Bound,
    state: &'a State<'a>,
    out: &'a mut Outcome,
    meter: &'a mut M,
}

impl Policy {
    /// Decides. Pure; allocates nothing if `outcome` came from [`Policy::outcome`]; cannot fail. A binding that is bound
    /// to another policy, or to none, is denied with `range:*`.
    pub fn evaluate(&self, bound: &Bound, state: &State<'_>, outcome: &mut Outcome) {
        self.decide(bound, state, outcome, &mut Unmetered);
    }

    /// As [`Policy::evaluate`], counting the steps it takes, which are at most [`Policy::cost`].
    pub fn evaluate_counting(&self, bound: &Bound, state: &State<'_>, outcome: &mut Outcome) -> u64 {
        let mut steps = Steps(0);
        self.decide(bound, state, outcome, &mut steps);
        steps.0
    }

    /// Prices a use that was permitted before: steps 1 and 7 only, for a commit. Lines, and the deltas of price counters;
    /// or the reasons of these steps, with neither.
    pub fn price(&self, bound: &Bound, state: &State<'_>, outcome: &mut Outcome) {
        let mut meter = Unmetered;
        let Some(mut run) = self.run(bound, state, outcome, &mut meter) else { return };
        run.alive();
        if run.range() {
            run.charges();
        }
        run.close(false);
    }

    #[inline]
    fn decide(&self, bound: &Bound, state: &State<'_>, outcome: &mut Outcome, meter: &mut impl Meter) {
        let Some(mut run) = self.run(bound, state, outcome, meter) else { return };
        let in_range = run.range();
        run.status();
        run.alive();
        let permitted = run.rules();
        if in_range {
            run.limits();
        }
        run.suspensions();
        if in_range && permitted {
            run.charges();
        }
        run.close(true);
    }

    #[inline]
    fn run<'a, M: Meter>(
        &'a self,
        bound: &'a Bound,
        state: &'a State<'a>,
        out: &'a mut Outcome,
        meter: &'a mut M,
    ) -> Option<Run<'a, M>> {
        out.clear();
        self.fit(out);
        out.scratch.begin();
        let row = self.rows.all.get(usize::from(bound.row)).filter(|_| bound.module == self.module_id);
        if row.is_none() {
            out.reason(ReasonCode::Range, EVERYTHING);
        }
        Some(Run { policy: self, row: row?, bound, state, out, meter })
    }
}

impl<M: Meter> Run<'_, M> {
    /// Step 1; whether there was nothing to say.
    #[inline]
    fn range(&mut self) -> bool {
        for number in &self.bound.range {
            self.meter.step();
            self.out.reason(ReasonCode::Range, *number);
        }
        self.bound.range.is_empty()
    }

    /// Step 2.
    #[inline]
    fn status(&mut self) {
        let (p, at) = (self.policy, self.bound.used_at);
        if at < p.from {
            self.out.reason(ReasonCode::NotYet, 0);
        }
        if at >= p.until {
            self.out.reason(ReasonCode::Expired, 0);
        }
        if let (Some(notice), Some(after)) = (self.state.notice, &p.revocable)
            && at >= p.zone.add(notice, after)
        {
            self.out.reason(ReasonCode::Revoked, 0);
        }
    }

    /// Which bits of the row are alive.
    #[inline]
    fn alive(&mut self) {
        let frame = self.bound.frame.as_slice();
        self.row.masks.alive(self.bound.starts, frame, &mut self.out.scratch.alive, self.meter);
    }

    fn value(&mut self, at: u32) -> Value {
        self.policy.conditions.value(at, self.bound, &mut self.out.scratch, self.meter)
    }

    fn need(&mut self, at: u32) {
        self.policy.conditions.need(at, self.bound, &mut self.out.scratch, self.meter);
    }

    #[inline]
    fn test(&mut self, test: Test) -> bool {
        self.meter.step();
        match test {
            Test::Never => false,
            Test::Always => true,
            Test::Bits { word, mask } => {
                self.out.scratch.alive.get(usize::from(word)).is_some_and(|w| w & mask != 0)
            }
            Test::Certainly(at) => self.value(at) == Value::True,
            Test::Possibly(at) => self.value(at) != Value::False,
        }
    }

    /// Steps 3 and 4; whether the rules permit.
    #[inline]
    fn rules(&mut self) -> bool {
        let row = self.row;
        let (mut forbids, mut permits) = (0, 0);
        for (alive, (f, p)) in self.out.scratch.alive.iter().zip(&row.rules) {
            forbids |= alive & f;
            permits |= alive & p;
        }
        self.meter.steps(row.rules.len());
        let mut permits = permits != 0;
        for permit in &row.permits {
            let when = self.policy.permits.get(usize::from(*permit)).copied().unwrap_or(0);
            permits = permits || self.value(when) == Value::True;
        }
        let mut quiet = permits;
        if forbids != 0 {
            quiet = false;
            self.living_forbids();
        }
        for forbid in &row.forbids {
            quiet &= !self.forbid(*forbid);
        }
        if !permits {
            self.no_permit();
        }
        quiet
    }

    /// Explains the forbids whose bits are alive.
    #[cold]
    fn living_forbids(&mut self) {
        let row = self.row;
        for (i, (forbids, _)) in row.rules.iter().enumerate() {
            let alive = self.out.scratch.alive.get(i).copied().unwrap_or(0);
            let mut bits = alive & forbids;
            let mut last = None;
            while bits != 0 {
                let bit = i * 64 + bits.trailing_zeros() as usize;
                bits &= bits.wrapping_sub(1);
                let owner = row.owners.get(bit).copied();
                self.meter.step();
                // Bits of one clause stand together.
                if let Some(forbid) = owner.filter(|_| owner != last) {
                    self.forbid(forbid);
                    last = owner;
                }
            }
        }
    }

    /// Notes what a forbid says; whether it says anything.
    fn forbid(&mut self, forbid: u16) -> bool {
        let Some((clause, when)) = self.policy.forbids.get(usize::from(forbid)).copied() else {
            return false;
        };
        match self.value(when) {
            Value::False => false,
            Value::Unknown => {
                self.need(when);
                true
            }
            Value::True => {
                self.out.reason(ReasonCode::Forbidden, clause);
                true
            }
        }
    }

    /// No permit is true: what is missing, or which guard stands in the way.
    #[cold]
    fn no_permit(&mut self) {
        let row = self.row;
        let mut unknown = false;
        if let Some(why) = &row.why {
            return self.why(why);
        }
        for permit in &row.fitting {
            let when = self.policy.permits.get(usize::from(*permit)).copied().unwrap_or(0);
            if self.value(when) == Value::Unknown {
                unknown = true;
                self.need(when);
            }
        }
        if !unknown {
            let guard = self.guard();
            self.out.reason(ReasonCode::NotPermitted, guard as u32);
        }
    }

    /// The same by masks.
    fn why(&mut self, why: &Why) {
        let [_, purpose, place] = self.bound.classes;
        let Outcome { scratch, .. } = &mut *self.out;
        why.masks.alive(why.masks.start(purpose, place), &self.bound.frame, &mut scratch.why, self.meter);
        for (guard, start, end) in &why.guards {
            let words = self.out.scratch.why.get(*start..*end).unwrap_or_default();
            self.meter.steps(words.len());
            if words.iter().all(|w| *w == 0) {
                let guard =
                    if self.row.fitting.is_empty() || *guard == Class::Party { self.guard() } else { *guard };
                self.out.reason(ReasonCode::NotPermitted, guard as u32);
                return;
            }
        }
        let Some((_, start, end)) = why.guards.last() else { return };
        let mut last = None;
        for i in *start..*end {
            let mut bits = self.out.scratch.why.get(i).copied().unwrap_or(0);
            while bits != 0 {
                let bit = (i - start) * 64 + bits.trailing_zeros() as usize;
                bits &= bits.wrapping_sub(1);
                self.meter.step();
                let owner = why.owners.get(bit).copied();
                if let Some(permit) = owner.filter(|_| owner != last) {
                    last = owner;
                    let when = self.policy.permits.get(usize::from(permit)).copied().unwrap_or(0);
                    self.need(when);
                }
            }
        }
    }

    /// The last of the guards at which the permits, all of them false, drop out.
    fn guard(&mut self) -> Class {
        let (policy, row) = (self.policy, self.row);
        if policy.permits.is_empty() {
            return Class::Action;
        }
        let mut guard = Class::Party;
        for permit in &row.fitting {
            guard = guard.max(self.falls_at(*permit));
        }
        if guard >= Class::Action || row.misfit {
            return guard.max(Class::Action);
        }
        // All that fit the action fall at the party; so may those that do not fit.
        for permit in 0..policy.permits.len() as u16 {
            if row.fitting.binary_search(&permit).is_err() {
                let conjuncts = policy.conjuncts.get(usize::from(permit)).map_or(&[][..], |c| c.as_slice());
                let party = conjuncts.iter().filter(|(class, _)| *class == Class::Party);
                let mut falls = false;
                for (_, at) in party {
                    falls = falls || self.value(*at) == Value::False;
                }
                if !falls {
                    return Class::Action;
                }
            }
        }
        guard
    }

    /// The first guard at which a false permit drops out.
    fn falls_at(&mut self, permit: u16) -> Class {
        let conjuncts = self.policy.conjuncts.get(usize::from(permit)).map_or(&[][..], |c| c.as_slice());
        for (class, at) in conjuncts {
            if self.value(*at) == Value::False {
                return *class;
            }
        }
        Class::Other
    }

    #[inline]
    fn used(&self, counter: u16) -> u128 {
        self.state.used.get(usize::from(counter)).copied().unwrap_or(0)
    }

    /// `used + quantity` where the unit's range and the key allow it.
    #[inline]
    fn total(&mut self, counter: u16, key: Key, unit: u16, highest: u128) -> Option<u128> {
        if !self.bound.has(key) {
            self.out.scratch.need(5 + key as u32);
            return None;
        }
        let total = self.used(counter).checked_add(self.bound.quantity(unit)).filter(|t| *t <= highest);
        if total.is_none() {
            self.out.reason(ReasonCode::Range, UNIT_BASE + u32::from(unit));
        }
        total
    }

    #[inline]
    fn delta(&mut self, counter: u16, unit: u16) {
        let add = self.bound.quantity(unit);
        if add > 0 {
            self.out.deltas.push(Delta { counter, window: self.bound.window(counter), add });
        }
    }

    /// Step 5.
    #[inline]
    fn limits(&mut self) {
        let row = self.row;
        for (i, test) in &row.limits {
            if !self.test(*test) {
                continue;
            }
            let Some(limit) = self.policy.limits.get(usize::from(*i)) else { continue };
            if let Some(total) = self.total(*i, limit.key, limit.unit, limit.highest) {
                if total > limit.cap {
                    self.out.reason(ReasonCode::Over, limit.clause);
                }
                self.delta(*i, limit.unit);
            }
        }
    }

    #[inline]
    fn duty_status(&self, duty: u16) -> DutyStatus {
        self.state.duties.get(usize::from(duty)).copied().unwrap_or_default()
    }

    /// Step 6.
    #[inline]
    fn suspensions(&mut self) {
        for duty in &self.policy.suspending {
            self.meter.step();
            let overdue = match self.duty_status(*duty) {
                DutyStatus::Clear | DutyStatus::Done => false,
                DutyStatus::Violated | DutyStatus::Unknown => true,
                DutyStatus::Pending { due } => self.bound.used_at >= due,
            };
            if overdue {
                let clause = self.policy.duties.get(usize::from(*duty)).map_or(0, |d| d.clause);
                self.out.reason(ReasonCode::Suspended, clause);
            }
        }
    }

    /// Step 7.
    #[inline]
    fn charges(&mut self) {
        let row = self.row;
        let mut sum = Some(0u128);
        for charge in &row.charges {
            match *charge {
                RowCharge::Plain { charge, case, certainly, possibly } => {
                    if self.test(certainly) {
                        self.apply(charge, 0, case, &mut sum);
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
                        Some((case, global)) => self.apply(charge, case, global, &mut sum),
                        None => self.no_case(charge),
                    }
                }
            }
        }
        if !self.policy.prices.sum_proven && sum.is_none_or(|s| s >> 127 != 0) {
            self.out.reason(ReasonCode::Range, EVERYTHING);
        }
        for unit in &self.policy.prices.unpriced {
            self.meter.step();
            if self.bound.quantity(*unit) > 0 {
                self.out.reason(ReasonCode::Unpriced, UNIT_BASE + u32::from(*unit));
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
    fn apply(&mut self, charge: u16, case: u16, global: u32, sum: &mut Option<u128>) {
        self.meter.step();
        let prices = &self.policy.prices;
        let priced = match prices.cases.get(global as usize).copied() {
            None | Some(Cost::Free) => return,
            Some(Cost::Rate { unit, rate, proven }) => Prices::rate(rate, self.bound.quantity(unit), proven),
            Some(Cost::Graduated { unit, key, counter, tiers, proven }) => {
                let highest = self.policy.units.get(usize::from(unit)).copied().unwrap_or(0);
                let Some(total) = self.total(counter, key, unit, highest) else { return };
                self.delta(counter, unit);
                let used = total - self.bound.quantity(unit);
                prices.graduated(tiers, used, total, proven, self.meter)
            }
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

    /// Step 8; duties only for a new use.
    #[inline]
    fn close(&mut self, new: bool) {
        if self.out.scratch.is_needy() {
            self.report_needs();
        }
        if !self.out.reasons.is_empty() {
            self.deny();
            return;
        }
        self.out.permitted = true;
        if !new {
            return;
        }
        let row = self.row;
        for (i, test) in &row.duties {
            let Some(duty) = self.policy.duties.get(usize::from(*i)) else { continue };
            if self.triggers(duty.acts)
                && self.test(*test)
                && (duty.mode != DutyMode::First || self.duty_status(*i) == DutyStatus::Clear)
            {
                let due = self.bound.due.get(usize::from(*i)).copied().unwrap_or(self.bound.used_at);
                self.out.duties.push(DutyDue { duty: *i, due });
            }
        }
    }

    /// Whether the action is not outside the acts; rows of one action have asked before.
    #[inline]
    fn triggers(&self, acts: u32) -> bool {
        let value = |set: &crate::condition::Set| set.value(self.bound.class(set.axis));
        let acts = self.policy.conditions.sets.get(acts as usize);
        !self.row.general || acts.is_some_and(|acts| value(acts) != Value::False)
    }

    #[cold]
    fn report_needs(&mut self) {
        let Outcome { scratch, reasons, .. } = &mut *self.out;
        reasons.extend(scratch.needs().map(|number| crate::Reason { code: ReasonCode::Needing, number }));
        scratch.forget_needs();
    }

    #[cold]
    fn deny(&mut self) {
        let Outcome { reasons, lines, deltas, .. } = &mut *self.out;
        lines.clear();
        deltas.clear();
        if reasons.len() > 1 {
            reasons.sort_unstable();
            reasons.dedup();
        }
    }
}
