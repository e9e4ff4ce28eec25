//! The decision: `spec/core.md` section 7, step by step.

use crate::bound::Bound;
use crate::condition::{Class, Value};
use crate::meter::{Meter, Steps, Unmetered};
use crate::outcome::{Delta, DutyDue, EVERYTHING, Outcome, ReasonCode, UNIT_BASE};
use crate::policy::Policy;
use crate::request::{DutyStatus, State};
use crate::row::{Row, RowWider, Test, Why};
use crate::scratch::Scratch;
use crate::wider::standing;
use alloc::vec::Vec;
use licit_bytecode::{DutyMode, Key};

/// One evaluation.
pub(crate) struct Run<'a, M> {
    pub(crate) policy: &'a Policy,
    pub(crate) row: &'a Row,
    pub(crate) bound: &'a Bound,
    state: &'a State<'a>,
    /// Where counters can stand, instead of the state's; only for the largest price.
    pub(crate) ranges: &'a [(u128, u128)],
    pub(crate) out: &'a mut Outcome,
    pub(crate) meter: &'a mut M,
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

    /// Prices a use that was permitted before: steps 1 and 7 only, for a commit. Lines, and the deltas of prices, fees,
    /// spend limits, prepaid credit and charges at close; whether the money suffices is not asked again. Or the reasons of
    /// these steps, with neither.
    pub fn price(&self, bound: &Bound, state: &State<'_>, outcome: &mut Outcome) {
        let mut meter = Unmetered;
        let Some(mut run) = self.run(bound, state, outcome, &mut meter) else { return };
        run.alive();
        if run.range() {
            run.charges(false);
        }
        run.close(false);
    }

    /// Which ends (label order) the bound facts reach, whatever is asked: for evidence, which may latch them.
    pub fn reached(&self, bound: &Bound) -> Vec<u16> {
        let (mut scratch, mut meter) = (Scratch::default(), Unmetered);
        let wider = self.wider.as_ref().filter(|_| bound.module == self.module_id);
        scratch.fit(0, self.conditions.nodes.len(), 16 + self.facts.len());
        scratch.begin();
        let ends = (0..).zip(wider.into_iter().flat_map(|w| &w.ends));
        let value = |when| self.conditions.value(when, bound, &mut scratch, &mut meter);
        let mut value = value;
        ends.filter(|(_, (_, when))| value(*when) == Value::True).map(|(end, _)| end).collect()
    }

    #[inline]
    fn decide(&self, bound: &Bound, state: &State<'_>, outcome: &mut Outcome, meter: &mut impl Meter) {
        let Some(mut run) = self.run(bound, state, outcome, meter) else { return };
        let in_range = run.range();
        run.alive();
        run.status();
        let permitted = run.rules();
        if in_range {
            run.limits();
        }
        run.suspensions();
        if in_range && permitted {
            run.charges(true);
        }
        run.close(true);
    }

    #[inline]
    pub(crate) fn run<'a, M: Meter>(
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
        Some(Run { policy: self, row: row?, bound, state, ranges: &[], out, meter })
    }
}

impl<M: Meter> Run<'_, M> {
    /// Step 1; whether there was nothing to say.
    #[inline]
    pub(crate) fn range(&mut self) -> bool {
        for number in &self.bound.range {
            self.meter.step();
            self.out.reason(ReasonCode::Range, *number);
        }
        self.bound.range.is_empty()
    }

    /// Step 2.
    #[inline]
    fn status(&mut self) {
        let p = self.policy;
        if self.bound.standing != 0 {
            self.standing();
        }
        if let (Some(notice), Some(after)) = (self.state.notice, &p.revocable)
            && self.bound.used_at >= p.zone.add(notice, after)
        {
            self.out.reason(ReasonCode::Revoked, 0);
        }
        if let Some(wider) = &self.row.wider {
            self.ends(wider);
        }
    }

    /// What binding found out.
    #[cold]
    fn standing(&mut self) {
        let has = |bit: u8| self.bound.standing & bit != 0;
        let reasons = [
            (standing::NOT_YET, ReasonCode::NotYet),
            (standing::EXPIRED, ReasonCode::Expired),
            (standing::LAPSED, ReasonCode::Lapsed),
            (standing::NOT_HOLDER, ReasonCode::NotHolder),
        ];
        for (_, code) in reasons.into_iter().filter(|(bit, _)| has(*bit)) {
            self.out.reason(code, 0);
        }
        let needs =
            [(standing::NEEDS_LICENSEE, 8), (standing::NEEDS_GRANT, 9), (standing::NEEDS_RELEASE, 10)];
        for (_, slot) in needs.into_iter().filter(|(bit, _)| has(*bit)) {
            self.out.scratch.need(slot);
        }
    }

    /// Ends that were reached before, and those that are reached now.
    #[inline(never)]
    fn ends(&mut self, row: &RowWider) {
        let Some(wider) = &self.policy.wider else { return };
        let latched = |end: u16| self.state.latched.get(usize::from(end)).copied().unwrap_or(false);
        for (end, (clause, _)) in (0..).zip(&wider.ends) {
            self.meter.step();
            if latched(end) {
                self.out.reason(ReasonCode::Ended, *clause);
            }
        }
        for (end, test) in &row.ends {
            let Some((clause, when)) = wider.ends.get(usize::from(*end)) else { continue };
            if latched(*end) || !self.test(*test) {
                continue;
            }
            match self.value(*when) {
                Value::True => self.out.reason(ReasonCode::Ended, *clause),
                Value::Unknown => self.need(*when),
                Value::False => {}
            }
        }
    }

    /// Which bits of the row are alive.
    #[inline]
    pub(crate) fn alive(&mut self) {
        let frame = self.bound.frame.as_slice();
        self.row.masks.alive(self.bound.starts, frame, &mut self.out.scratch.alive, self.meter);
    }

    pub(crate) fn value(&mut self, at: u32) -> Value {
        self.policy.conditions.value(at, self.bound, &mut self.out.scratch, self.meter)
    }

    pub(crate) fn need(&mut self, at: u32) {
        self.policy.conditions.need(at, self.bound, &mut self.out.scratch, self.meter);
    }

    #[inline]
    pub(crate) fn test(&mut self, test: Test) -> bool {
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
    pub(crate) fn used(&self, counter: u16) -> u128 {
        self.state.used.get(usize::from(counter)).copied().unwrap_or(0)
    }

    /// `used + quantity` where the unit's range and the key allow it.
    #[inline]
    pub(crate) fn total(&mut self, counter: u16, key: Key, unit: u16, highest: u128) -> Option<u128> {
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
    pub(crate) fn delta(&mut self, counter: u16, unit: u16) {
        let add = self.bound.quantity(unit);
        if add > 0 {
            self.add(counter, add);
        }
    }

    #[inline]
    pub(crate) fn add(&mut self, counter: u16, add: u128) {
        self.out.deltas.push(Delta { counter, window: self.bound.window(counter), add });
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
        if let Some(wider) = &row.wider {
            self.opens(wider);
        }
    }

    /// Calls at once, and seats: one each.
    #[inline(never)]
    fn opens(&mut self, row: &RowWider) {
        let Some(wider) = &self.policy.wider else { return };
        for (i, test) in &row.opens {
            let Some(open) = wider.opens.get(usize::from(*i)) else { continue };
            if !self.test(*test) {
                continue;
            }
            let mut given = true;
            for key in [open.key, if open.seats { Key::User } else { open.key }] {
                if !self.bound.has(key) {
                    self.out.scratch.need(5 + key as u32);
                    given = false;
                }
            }
            if given {
                if self.used(open.counter) >= open.cap {
                    self.out.reason(ReasonCode::Over, open.clause);
                }
                self.add(open.counter, 1);
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

    /// Step 8; duties only for a new use.
    #[inline]
    pub(crate) fn close(&mut self, new: bool) {
        if self.out.scratch.is_needy() {
            self.report_needs();
        }
        if !self.out.reasons.is_empty() {
            self.deny();
            return;
        }
        self.out.permitted = true;
        if self.policy.prices.disorder {
            self.order_deltas();
        }
        if !new {
            return;
        }
        self.out.grace = self.bound.standing & standing::GRACE != 0;
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

    /// They were made in the order of the steps.
    #[inline(never)]
    fn order_deltas(&mut self) {
        self.out.deltas.sort_unstable_by_key(|delta| delta.counter);
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
