//! The bench a test runs on: a policy, and the state that its steps share.
//!
//! *Invariant:* a step changes state as a committed use does (`licit-ledger`): counters by the deltas, duties that fall
//! due later become pending, the running total of the settlement window grows by the charge. A denial changes nothing.

use super::expect;
use crate::decision::{Asked, Decision};
use crate::names::Names;
use licit_bytecode::Aggregate;
use licit_compiler::zone::{self, Civil};
use licit_compiler::{Diagnostic, TestAsk, TestCase, TestGiven, TestStep};
use licit_ledger::money::{Fraction, Rounding, Scale};
use licit_vm::{
    Counter, CounterOf, DutyStatus, END_OF_TIME, FactValue, Instants, Key, Outcome, Policy, Renewal, Request,
    State, Window,
};
use std::collections::{BTreeMap, BTreeSet};

/// A policy and its state.
pub struct Bench<'a> {
    policy: &'a Policy,
    names: &'a Names,
    /// By counter, whose, and window: what was used.
    used: BTreeMap<(u16, String, i64), u128>,
    /// By licensee and duty.
    duties: BTreeMap<(String, u16), DutyStatus>,
    notice: Option<i64>,
    /// The users who have a seat, by counter and whose seats they are.
    seats: BTreeMap<(u16, String), BTreeSet<String>>,
    /// By licensee.
    marks: BTreeMap<String, Marks>,
    release: Option<i64>,
    /// By licensee and settlement window: the exact running total.
    charged: BTreeMap<(String, i64), u128>,
    /// The instant of the step before.
    clock: Option<i64>,
}

/// What happened to a licensee once.
#[derive(Clone, Copy, Default)]
struct Marks {
    grant: Option<i64>,
    first_use: Option<i64>,
    renewal: Option<Renewal>,
    /// When what ends the grant became true.
    ended: Option<i64>,
}

impl<'a> Bench<'a> {
    /// With nothing used, nothing owed, no notice.
    pub fn new(policy: &'a Policy, names: &'a Names) -> Self {
        Self {
            policy,
            names,
            used: BTreeMap::new(),
            duties: BTreeMap::new(),
            notice: None,
            seats: BTreeMap::new(),
            marks: BTreeMap::new(),
            release: None,
            charged: BTreeMap::new(),
            clock: None,
        }
    }

    /// Runs a test up to its first step that fails; what failed there.
    pub fn run(&mut self, test: &TestCase) -> Vec<Diagnostic> {
        for step in &test.steps {
            let failures = self.step(test, step);
            if !failures.is_empty() {
                return failures;
            }
        }
        Vec::new()
    }

    fn step(&mut self, test: &TestCase, step: &TestStep) -> Vec<Diagnostic> {
        let ask = &step.ask;
        let used_at = ask
            .used_at
            .map(|at| i64::try_from(at).unwrap_or(i64::MAX))
            .or(self.clock)
            .unwrap_or_else(|| self.beginning());
        self.clock = Some(used_at);
        let licensee = whose(Key::Licensee, ask);
        step.given.iter().for_each(|(given, _)| self.mark(given, &licensee));
        let marks = self.marks.get(&licensee).copied().unwrap_or_default();
        let facts: Vec<(&str, FactValue<'_>)> =
            ask.facts.iter().map(|(name, value)| (name.as_str(), fact(value))).collect();
        let quantities: Vec<(&str, u128)> =
            ask.quantities.iter().map(|(unit, number)| (unit.as_str(), *number)).collect();
        let request = Request {
            used_at,
            user: Some(&ask.user),
            organisation: ask.organisation.as_deref(),
            action: Some(&ask.action),
            purpose: ask.purpose.as_deref(),
            place: ask.place.as_deref(),
            facts: &facts,
            quantities: &quantities,
            instants: Instants {
                grant: marks.grant,
                release: self.release,
                first_use: marks.first_use,
                renewal: marks.renewal,
            },
        };
        let bound = match self.policy.bind(&request) {
            Ok(bound) => bound,
            Err(error) => return vec![expect::unaskable(test, step, &error.to_string())],
        };
        let windows: Vec<i64> = bound.reads().iter().map(|read| read.window).collect();
        for (given, _) in &step.given {
            if let Err(why) = self.give(given, ask, &windows) {
                return vec![expect::unaskable(test, step, why)];
            }
        }
        let used: Vec<u128> = bound
            .reads()
            .iter()
            .map(|read| self.read(read.counter, &whose(read.key, ask), read.window, &ask.user))
            .collect();
        let statuses: Vec<DutyStatus> = (0..self.policy.manifest().duties.len())
            .map(|duty| self.duties.get(&(licensee.clone(), duty as u16)).copied().unwrap_or_default())
            .collect();
        let mut outcome = self.policy.outcome();
        let latched = vec![marks.ended.is_some_and(|at| at <= used_at); self.policy.manifest().ends.len()];
        let state = State { used: &used, duties: &statuses, notice: self.notice, latched: &latched };
        self.policy.evaluate(&bound, &state, &mut outcome);
        let due = self.commit(&outcome, ask, used_at);
        let seen = Decision {
            manifest: self.policy.manifest(),
            names: self.names,
            asked: Asked {
                used_at,
                id: None,
                user: Some(&ask.user),
                organisation: ask.organisation.as_deref(),
                action: Some(&ask.action),
                purpose: ask.purpose.as_deref(),
                place: ask.place.as_deref(),
                quantities: &ask.quantities,
            },
            permitted: outcome.permitted,
            reasons: &outcome.reasons,
            lines: &outcome.lines,
            duties: &outcome.duties,
            used: &used,
            due,
        };
        step.expect
            .iter()
            .filter_map(|(expected, span)| expect::judge(test, &seen, expected, *span))
            .collect()
    }

    /// The first instant of the licence's term; 1970 if it has no beginning.
    fn beginning(&self) -> i64 {
        let manifest = self.policy.manifest();
        match &manifest.from {
            Some(licit_bytecode::Point::Instant { micros }) => i64::try_from(*micros).unwrap_or(0),
            Some(licit_bytecode::Point::Date { days }) => {
                let (year, month, day) = crate::instant::civil_from_days(i64::try_from(*days).unwrap_or(0));
                let civil = Civil {
                    year: year as u16,
                    month: month as u8,
                    day: day as u8,
                    hour: 0,
                    minute: 0,
                    second: 0,
                };
                zone::instant(manifest.calendar.as_deref().unwrap_or("UTC"), civil)
                    .unwrap_or(0)
                    .saturating_mul(1_000_000)
            }
            // What no grant or release has fixed begins at no known instant.
            Some(licit_bytecode::Point::Anchored { .. }) | None => 0,
        }
    }

    /// What a counter shows to a user; of seats those of others.
    fn read(&self, counter: u16, whose: &str, window: i64, user: &str) -> u128 {
        let seated = self.seats.get(&(counter, whose.to_owned()));
        let others = seated.map_or(0, |users| users.iter().filter(|it| *it != user).count());
        let used = self.used.get(&(counter, whose.to_owned(), window)).copied().unwrap_or(0);
        used.saturating_add(others as u128)
    }

    /// What happened to the licensee, before anything is asked: windows may hang on it.
    fn mark(&mut self, given: &TestGiven, licensee: &str) {
        let instant = |at: &u64| i64::try_from(*at).unwrap_or(i64::MAX);
        let marks = self.marks.entry(licensee.to_owned()).or_default();
        match given {
            TestGiven::Notice(at) => self.notice = Some(instant(at)),
            TestGiven::Grant(at) => marks.grant = Some(instant(at)),
            TestGiven::Release(at) => self.release = Some(instant(at)),
            TestGiven::FirstUse(at) => marks.first_use = Some(instant(at)),
            TestGiven::Ended(at) => marks.ended = Some(instant(at)),
            TestGiven::Paid(at) => {
                let at = instant(at);
                let running = marks.renewal.filter(|it| at < self.policy.grace_until(it.anchor, it.periods));
                marks.renewal = Some(running.map_or(Renewal { anchor: at, periods: 1 }, |it| Renewal {
                    periods: it.periods.saturating_add(1),
                    ..it
                }));
            }
            TestGiven::Counter { .. } | TestGiven::Money { .. } | TestGiven::Duty { .. } => {}
        }
    }

    fn counter(&self, clause: &str, case: usize) -> Option<(usize, Counter)> {
        let manifest = self.policy.manifest();
        let found = manifest.counters.iter().position(|counter| {
            manifest.label(counter.clause) == Some(clause)
                && match counter.of {
                    CounterOf::Case { case: number, .. } | CounterOf::Fee { case: number, .. } => {
                        number as usize == case
                    }
                    _ => true,
                }
        })?;
        manifest.counters.get(found).map(|counter| (found, *counter))
    }

    fn give(&mut self, given: &TestGiven, ask: &TestAsk, windows: &[i64]) -> Result<(), &'static str> {
        let manifest = self.policy.manifest();
        match given {
            TestGiven::Counter { clause, case, key, value } => {
                let Some((index, counter)) = self.counter(clause, *case) else { return Ok(()) };
                let whose = key.clone().unwrap_or_else(|| whose(counter.key, ask));
                let window = windows.get(index).copied().unwrap_or(0);
                self.used.insert((index as u16, whose, window), *value);
            }
            TestGiven::Duty { clause, status } => {
                let found =
                    manifest.duties.iter().position(|duty| manifest.label(duty.clause) == Some(clause));
                let Some(index) = found else { return Ok(()) };
                let status = match status {
                    licit_compiler::DutyStatus::Clear => DutyStatus::Clear,
                    licit_compiler::DutyStatus::Open => DutyStatus::Pending { due: END_OF_TIME },
                    licit_compiler::DutyStatus::Done => DutyStatus::Done,
                    licit_compiler::DutyStatus::Overdue => DutyStatus::Violated,
                    licit_compiler::DutyStatus::Unknown => DutyStatus::Unknown,
                };
                self.duties.insert((whose(Key::Licensee, ask), index as u16), status);
            }
            TestGiven::Money { clause, key, amount } => {
                let Some((index, counter)) = self.counter(clause, 0) else { return Ok(()) };
                let whose = key.clone().unwrap_or_else(|| whose(counter.key, ask));
                let window = windows.get(index).copied().unwrap_or(0);
                let units = amount.num.checked_mul(u128::from(manifest.grain));
                let Some(units) = units else { return Err("an amount beyond every price") };
                // Credit that is no whole unit of the grain serves as far as it goes; nothing was ever spent so.
                if !units.is_multiple_of(amount.den) && counter.of != CounterOf::Prepaid {
                    return Err("an amount that the prices of this licence never add up to");
                }
                self.used.insert((index as u16, whose, window), units / amount.den);
            }
            // Said before the ask was bound.
            TestGiven::Notice(_)
            | TestGiven::Grant(_)
            | TestGiven::Release(_)
            | TestGiven::FirstUse(_)
            | TestGiven::Paid(_)
            | TestGiven::Ended(_) => {}
        }
        Ok(())
    }

    /// Takes a permitted use over into the state; what falls due with it, in minor units.
    fn commit(&mut self, outcome: &Outcome, ask: &TestAsk, used_at: i64) -> Option<u128> {
        if !outcome.permitted {
            return None;
        }
        let manifest = self.policy.manifest();
        for delta in &outcome.deltas {
            let Some(counter) = manifest.counters.get(usize::from(delta.counter)) else { continue };
            let whose = whose(counter.key, ask);
            let used = self.used.entry((delta.counter, whose.clone(), delta.window)).or_default();
            match counter.of {
                // A call that is committed is no longer open.
                CounterOf::AtOnce { .. } => {}
                CounterOf::Seats { .. } => {
                    self.seats.entry((delta.counter, whose)).or_default().insert(ask.user.clone());
                }
                CounterOf::Prepaid => *used = used.saturating_sub(delta.add),
                CounterOf::AtClose { charge } => {
                    let aggregate = manifest.at_close.get(charge as usize).map(|it| it.aggregate);
                    if matches!(aggregate, Some(Aggregate::Sum | Aggregate::Average)) {
                        *used = used.saturating_add(delta.add);
                    }
                }
                CounterOf::Limit { .. }
                | CounterOf::Case { .. }
                | CounterOf::Spend { .. }
                | CounterOf::Fee { .. } => *used = used.saturating_add(delta.add),
            }
        }
        let licensee = whose(Key::Licensee, ask);
        self.marks.entry(licensee.clone()).or_default().first_use.get_or_insert(used_at);
        for duty in outcome.duties.iter().filter(|duty| duty.due > used_at) {
            let status = self.duties.entry((licensee.clone(), duty.duty)).or_default();
            let due = if let DutyStatus::Pending { due } = *status { due.min(duty.due) } else { duty.due };
            *status = DutyStatus::Pending { due };
        }
        let money = manifest.money.as_ref()?;
        let rounding = match money.rounding {
            licit_bytecode::Rounding::HalfEven => Rounding::HalfEven,
            licit_bytecode::Rounding::HalfUp => Rounding::HalfUp,
            licit_bytecode::Rounding::Down => Rounding::Down,
            licit_bytecode::Rounding::Up => Rounding::Up,
        };
        let minor = Fraction { numerator: money.minor_num, denominator: money.minor_den };
        let scale = Scale::new(manifest.grain, minor, rounding)?;
        let amount = outcome.lines.iter().try_fold(0u128, |sum, line| sum.checked_add(line.amount))?;
        if money.settled == Window::Call {
            return scale.due(0, amount);
        }
        let window = self.policy.window(money.settled, used_at);
        let total = self.charged.entry((licensee, window)).or_default();
        let due = scale.due(*total, amount);
        *total = total.saturating_add(amount);
        due
    }
}

/// Whose counter it is, a handle.
fn whose(key: Key, ask: &TestAsk) -> String {
    match key {
        Key::User => ask.user.clone(),
        Key::Organisation => ask.organisation.clone().unwrap_or_default(),
        Key::Licensee => ask.organisation.clone().unwrap_or_else(|| ask.user.clone()),
    }
}

fn fact(value: &licit_compiler::FactValue) -> FactValue<'_> {
    match value {
        licit_compiler::FactValue::YesNo(truth) => FactValue::Truth(*truth),
        licit_compiler::FactValue::Count(number) => FactValue::Number(*number),
        licit_compiler::FactValue::Text(text) => FactValue::Text(text),
    }
}
