//! Section 7: the evaluation, one function a step. What part two adds to steps 2, 5 and 7 is in `standing`; what a price
//! comes to in `price`; the values of conditions, and what is needed where they are unknown, in `value`.

mod price;
mod standing;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigUint;

use crate::core::{Anchor, Bits, Charge, Condition, Core, Counter, Due, Key, LimitOn, Point};
use crate::outcome::{self, Code, Delta, Line, Outcome, Reason};
use crate::time::Zone;
pub use price::largest;
use value::{known, position};

/// What is asked (section 6).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Request {
    /// Microseconds since 1970-01-01T00:00Z, from 0 up to the year 10000.
    pub used_at: i64,
    /// The user, if given.
    pub user: Option<String>,
    /// The organisation, if given.
    pub organisation: Option<String>,
    /// The name of a term of the actions, if given.
    pub action: Option<String>,
    /// The name of a term of the purposes, if given.
    pub purpose: Option<String>,
    /// The name of a term of the places, if given.
    pub place: Option<String>,
    /// Facts by name; one that is absent is unknown.
    pub facts: BTreeMap<String, Value>,
    /// Quantities by unit; one that is absent is zero.
    pub quantities: BTreeMap<String, BigUint>,
}

/// The value of a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Of a yes_no or a kind.
    Truth(bool),
    /// Of a count.
    Count(BigUint),
    /// Of a text or a party.
    Text(String),
}

/// What was done before, as far as this request touches it (section 6).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct State {
    /// By counter (see [`Core::counters`]); a missing entry is zero.
    pub used: Vec<BigUint>,
    /// By duty (see [`Core::duties`]); a missing entry is clear.
    pub duties: Vec<DutyStatus>,
    /// The instant of the notice of revocation, in microseconds since 1970-01-01T00:00Z.
    pub notice: Option<i64>,
    /// When the licensee was granted the licence; instants are microseconds since 1970-01-01T00:00Z.
    pub grant: Option<i64>,
    /// When the licensee used it first.
    pub first_use: Option<i64>,
    /// When what is licensed was released.
    pub release: Option<i64>,
    /// What the licensee paid for.
    pub renewal: Option<Renewal>,
    /// By end (see [`Core::ends`]): whether it was reached before; a missing entry is no.
    pub latched: Vec<bool>,
}

/// Periods that are paid (part two, section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// The instant they are counted from, in microseconds since 1970-01-01T00:00Z.
    pub anchor: i64,
    /// How many.
    pub periods: u32,
}

/// How a duty of the licensee stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum DutyStatus {
    /// Nothing is due.
    #[default]
    Clear,
    /// Due at this instant, in microseconds since 1970-01-01T00:00Z.
    Pending(i64),
    /// Fulfilled.
    Done,
    /// Not fulfilled in time.
    Violated,
    /// Nobody can tell.
    Unknown,
}

/// Values are false < unknown < true (section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Truth {
    False,
    Unknown,
    True,
}

impl From<bool> for Truth {
    fn from(value: bool) -> Truth {
        if value { Truth::True } else { Truth::False }
    }
}

/// The one function of the page: total, pure, deterministic.
pub fn eval(core: &Core, zone: &Zone, request: &Request, state: &State) -> Outcome {
    let mut run = Run::new(core, zone, request, state);
    let in_range = run.step_1_range();
    run.step_2_status();
    let clear_of_forbids = run.step_3_forbids();
    let some_permit = run.step_4_permits();
    if in_range {
        run.step_5_limits();
    }
    run.step_6_duties();
    if in_range && clear_of_forbids && some_permit {
        run.step_7_charges();
    }
    run.step_8_outcome()
}

/// What a request says about an axis.
enum Position {
    NotGiven,
    /// One leaf.
    Leaf(usize),
    /// A name the axis does not list: the `.other` leaves of all roots that have children.
    Unlisted(Bits),
}

struct Run<'a> {
    core: &'a Core,
    zone: &'a Zone,
    request: &'a Request,
    state: &'a State,
    now: i128,
    counters: Vec<Counter>,
    positions: [Position; 3],
    /// By fact index; none is unknown.
    facts: Vec<Option<&'a Value>>,
    /// By definition: its value and the [`atoms`] it is made of.
    definitions: Vec<(Truth, u8)>,
    /// Definitions whose needs are among the reasons already, so that no definition is walked twice.
    needed: BTreeSet<usize>,
    reasons: BTreeSet<Reason>,
    /// Whether a reason was given since somebody last looked, be it one that was there already.
    gave: bool,
    in_grace: bool,
    lines: Vec<Line>,
    deltas: Vec<Delta>,
}

impl<'a> Run<'a> {
    fn new(core: &'a Core, zone: &'a Zone, request: &'a Request, state: &'a State) -> Run<'a> {
        let [actions, purposes, places] = &core.axes;
        let mut run = Run {
            core,
            zone,
            request,
            state,
            now: i128::from(request.used_at),
            counters: core.counters(),
            positions: [
                position(actions, request.action.as_deref()),
                position(purposes, request.purpose.as_deref()),
                position(places, request.place.as_deref()),
            ],
            facts: core.facts.iter().map(|fact| known(&fact.kind, request.facts.get(&fact.name))).collect(),
            definitions: vec![],
            needed: BTreeSet::new(),
            reasons: BTreeSet::new(),
            gave: false,
            in_grace: false,
            lines: vec![],
            deltas: vec![],
        };
        // A definition mentions only those below it, so one pass in order knows them all.
        for condition in &core.definitions {
            let entry = (run.value(condition), run.atoms(condition));
            run.definitions.push(entry);
        }
        run
    }

    /// Step 1: quantities of unlisted units, or above the highest of their unit. Answers whether there is none.
    fn step_1_range(&mut self) -> bool {
        for (name, quantity) in &self.request.quantities {
            match self.core.units.iter().position(|unit| unit.name == *name) {
                None => self.reason(Code::Range, 131_071, "?"),
                Some(unit) if *quantity > self.core.units[unit].highest => {
                    self.reason_unit(Code::Range, unit);
                }
                Some(_) => {}
            }
        }
        self.reasons.is_empty()
    }

    /// Step 2: revocation and term, holder, ends and renewal.
    fn step_2_status(&mut self) {
        let core = self.core;
        if let (Some(period), Some(notice)) = (core.notice, self.state.notice)
            && self.now >= self.zone.add(i128::from(notice), period)
        {
            self.reason(Code::Revoked, 0, "");
        }
        if let Some(from) = core.from.and_then(|from| self.point(from))
            && self.now < from
        {
            self.reason(Code::NotYet, 0, "");
        }
        if let Some(until) = core.until.and_then(|until| self.point(until))
            && self.now >= until
        {
            self.reason(Code::Expired, 0, "");
        }
        self.holder();
        self.ends();
        self.renewal();
    }

    /// Step 3: a forbid bites when it is true; one that is unknown needs to be known. Answers whether all are false.
    fn step_3_forbids(&mut self) -> bool {
        let mut clear = true;
        for (label, condition) in &self.core.forbids {
            match self.value(condition) {
                Truth::True => self.reason_label(Code::Forbidden, label),
                Truth::Unknown => self.need(condition),
                Truth::False => continue,
            }
            clear = false;
        }
        clear
    }

    /// Step 4: one true permit suffices. Answers whether there is one.
    fn step_4_permits(&mut self) -> bool {
        let permits = &self.core.permits;
        let best = permits.iter().map(|(_, condition)| self.value(condition)).max().unwrap_or(Truth::False);
        match best {
            Truth::True => {}
            Truth::Unknown => self.need_unknown_of(permits.iter().map(|(_, condition)| condition)),
            Truth::False => {
                let (number, guard) = self.guard();
                self.reason(Code::NotPermitted, number, guard);
            }
        }
        best == Truth::True
    }

    /// Step 5: sums, open calls and seats with a cap. A guard that is unknown counts.
    fn step_5_limits(&mut self) {
        for limit in &self.core.limits {
            if self.guarded_off(limit.guard.as_ref()) {
                continue;
            }
            let over = match &limit.on {
                LimitOn::Sum { unit, cap, .. } => {
                    let counter = self.counter(&limit.label, None);
                    self.count(counter, *unit, limit.key).is_some_and(|sum| sum > *cap)
                }
                LimitOn::AtOnce { cap } => self.one_more(limit, cap, false),
                LimitOn::Seats { cap } => self.one_more(limit, cap, true),
                LimitOn::Spend { .. } => false, // of what step 7 makes
            };
            if over {
                self.reason_label(Code::Over, &limit.label);
            }
        }
    }

    /// Step 6: what a duty that is overdue, or may be, suspends.
    fn step_6_duties(&mut self) {
        for (i, duty) in self.core.duties.iter().enumerate() {
            let overdue = match self.status(i) {
                DutyStatus::Violated | DutyStatus::Unknown => true,
                DutyStatus::Pending(due) => self.now >= i128::from(due),
                DutyStatus::Clear | DutyStatus::Done => false,
            };
            if duty.else_suspend && overdue {
                self.reason_label(Code::Suspended, &duty.label);
            }
        }
    }

    /// Step 7: the price of each charge that applies, quantities that nothing prices, and the money that this takes.
    fn step_7_charges(&mut self) {
        self.gave = false;
        for charge in &self.core.charges {
            if let Some(case) = self.applies(charge) {
                self.price(charge, case);
            }
        }
        let sum: BigUint = self.lines.iter().map(|line| &line.amount).sum();
        if sum.bits() > 127 {
            self.reason(Code::Range, 65_535, "*");
        }
        self.at_close();
        self.unpriced_units();
        if !self.gave {
            self.spend(&sum);
            self.draw(&sum);
        }
    }

    /// Step 8: permitted if and only if there is no reason; a denial has nothing else.
    fn step_8_outcome(mut self) -> Outcome {
        if !self.reasons.is_empty() {
            return Outcome { reasons: self.reasons.into_iter().collect(), ..Outcome::default() };
        }
        let duties = self.duties();
        self.deltas.sort_by_key(|delta| delta.counter);
        Outcome { grace: self.in_grace, reasons: vec![], lines: self.lines, duties, deltas: self.deltas }
    }

    // ---- parts of steps 2, 5, 7 and 8

    /// The instant of a point of the term. Of one whose anchor has none: what is needed, and nothing.
    fn point(&mut self, point: Point) -> Option<i128> {
        let (anchor, period) = match point {
            Point::Date(days) => return Some(self.zone.date(days)),
            Point::Instant(t) => return Some(i128::from(t)),
            Point::Anchored(anchor, period) => (anchor, period),
        };
        let (at, needing) = match anchor {
            Anchor::Grant => (self.state.grant, Some((9, "grant"))),
            Anchor::Release => (self.state.release, Some((10, "release"))),
            // What nobody has used yet does not run out.
            Anchor::FirstUse => (self.state.first_use, None),
        };
        if let (None, Some((slot, name))) = (at, needing) {
            self.reason(Code::Needing, slot, name);
        }
        at.map(|at| self.zone.add(i128::from(at), period))
    }

    /// Whether a guard is there, and false.
    fn guarded_off(&self, guard: Option<&Condition>) -> bool {
        guard.is_some_and(|guard| self.value(guard) == Truth::False)
    }

    /// `used + q` of a counter that counts, noting its delta; or the reason why it cannot.
    fn count(&mut self, counter: usize, unit: usize, key: Key) -> Option<BigUint> {
        if !self.has_key(key) {
            return None;
        }
        let quantity = self.quantity(unit);
        let sum = self.used(counter) + &quantity;
        if sum > self.core.units[unit].highest {
            self.reason_unit(Code::Range, unit);
            return None;
        }
        if quantity > BigUint::from(0u8) {
            self.delta(counter, quantity);
        }
        Some(sum)
    }

    fn delta(&mut self, counter: usize, quantity: BigUint) {
        let window = self.counters[counter].window.map_or(0, |window| self.window(window));
        self.deltas.push(Delta { counter, window, quantity });
    }

    /// The case of a charge whose price applies.
    fn applies(&mut self, charge: &Charge) -> Option<usize> {
        let values: Vec<Truth> = charge.cases.iter().map(|(condition, _)| self.value(condition)).collect();
        let mut holding = (0..values.len()).filter(|case| values[*case] == Truth::True);
        match (holding.next(), holding.next()) {
            (Some(case), None) => return Some(case),
            (Some(_), Some(_)) => self.reason_label(Code::AmbiguousPrice, &charge.label),
            (None, _) if values.contains(&Truth::Unknown) => {
                self.need_unknown_of(charge.cases.iter().map(|(condition, _)| condition));
            }
            (None, _) if charge.by_case => self.reason_label(Code::Unpriced, &charge.label),
            (None, _) => {}
        }
        None
    }

    /// The end of step 7: in a licence that charges, nothing runs free by accident.
    fn unpriced_units(&mut self) {
        let prices = self.core.charges.iter().flat_map(|charge| &charge.cases);
        let at_close = self.core.at_close.iter().map(|charge| charge.unit);
        let priced: BTreeSet<usize> = prices.filter_map(|(_, price)| price.unit()).chain(at_close).collect();
        if priced.is_empty() {
            return;
        }
        for (i, unit) in self.core.units.iter().enumerate() {
            let used = self.quantity(i) > BigUint::from(0u8);
            if used && unit.name != "call" && !priced.contains(&i) && !self.core.free.contains(&i) {
                self.reason_unit(Code::Unpriced, i);
            }
        }
    }

    /// Part of step 8: what becomes due by this use.
    fn duties(&self) -> Vec<outcome::Due> {
        let mut duties = vec![];
        for (i, duty) in self.core.duties.iter().enumerate() {
            if self.guarded_off(duty.guard.as_ref()) || self.membership(0, &duty.acts) == Truth::False {
                continue;
            }
            let at = match duty.due {
                Due::AfterFirst(_) if self.status(i) != DutyStatus::Clear => continue,
                Due::AfterFirst(period) | Due::AfterEach(period) => self.zone.add(self.now, period),
                Due::AtEach => self.now,
            };
            duties.push(outcome::Due { label: duty.label.clone(), at });
        }
        duties
    }

    // ---- section 6: inputs

    /// Whether a key was given; if not, it is needed.
    fn has_key(&mut self, key: Key) -> bool {
        let (user, organisation) = (self.request.user.is_some(), self.request.organisation.is_some());
        let (given, slot, name) = match key {
            Key::User => (user, 6, "user"),
            Key::Organisation => (organisation, 7, "organisation"),
            Key::Licensee => (user || organisation, 8, "licensee"),
        };
        if !given {
            self.reason(Code::Needing, slot, name);
        }
        given
    }

    /// The number of the counter of a clause, or of a case of a charge.
    fn counter(&self, label: &str, case: Option<usize>) -> usize {
        let found = self.counters.iter().position(|counter| counter.label == label && counter.case == case);
        found.unwrap_or(usize::MAX)
    }

    fn quantity(&self, unit: usize) -> BigUint {
        self.request.quantities.get(&self.core.units[unit].name).cloned().unwrap_or_default()
    }

    fn used(&self, counter: usize) -> BigUint {
        self.state.used.get(counter).cloned().unwrap_or_default()
    }

    fn status(&self, duty: usize) -> DutyStatus {
        self.state.duties.get(duty).copied().unwrap_or_default()
    }

    // ---- reasons, with the numbers that order them

    fn reason(&mut self, code: Code, number: u32, what: &str) {
        self.gave = true;
        self.reasons.insert(Reason { code, number, what: what.to_owned() });
    }

    fn reason_label(&mut self, code: Code, label: &str) {
        let number = self.core.labels.binary_search_by(|other| other.as_str().cmp(label)).unwrap_or_default();
        self.reason(code, number as u32, label);
    }

    fn reason_unit(&mut self, code: Code, unit: usize) {
        self.reason(code, 65_536 + unit as u32, &self.core.units[unit].name);
    }
}
