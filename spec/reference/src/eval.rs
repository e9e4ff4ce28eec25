//! Section 7: the evaluation, one function a step, and section 3: the value of a condition.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigUint;
use num_rational::BigRational;

use crate::core::{
    Bits, Charge, Condition, Constant, Core, Due, FactKind, Key, Limit, Membership, Op, Price, Term, Tier,
    Window,
};
use crate::outcome::{self, Code, Delta, Line, Outcome, Reason};
use crate::time::Zone;

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
    positions: [Position; 3],
    /// By fact index; none is unknown.
    facts: Vec<Option<&'a Value>>,
    /// By definition: its value and the [`atoms`] it is made of.
    definitions: Vec<(Truth, u8)>,
    /// Definitions whose needs are among the reasons already, so that no definition is walked twice.
    needed: BTreeSet<usize>,
    reasons: BTreeSet<Reason>,
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
            positions: [
                position(actions, request.action.as_deref()),
                position(purposes, request.purpose.as_deref()),
                position(places, request.place.as_deref()),
            ],
            facts: core.facts.iter().map(|fact| known(&fact.kind, request.facts.get(&fact.name))).collect(),
            definitions: vec![],
            needed: BTreeSet::new(),
            reasons: BTreeSet::new(),
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

    /// Step 2: revocation and term.
    fn step_2_status(&mut self) {
        let core = self.core;
        if let (Some(period), Some(notice)) = (core.notice, self.state.notice)
            && self.now >= self.zone.add(i128::from(notice), period)
        {
            self.reason(Code::Revoked, 0, "");
        }
        if core.from.is_some_and(|from| self.now < self.zone.point(from)) {
            self.reason(Code::NotYet, 0, "");
        }
        if core.until.is_some_and(|until| self.now >= self.zone.point(until)) {
            self.reason(Code::Expired, 0, "");
        }
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

    /// Step 5: sums with a cap. A guard that is unknown counts.
    fn step_5_limits(&mut self) {
        for (counter, limit) in self.core.limits.iter().enumerate() {
            let Limit { label, unit, cap, key, window, guard } = limit;
            if guard.as_ref().is_some_and(|guard| self.value(guard) == Truth::False) {
                continue;
            }
            if let Some(sum) = self.count(counter, *unit, *key, *window)
                && sum > *cap
            {
                self.reason_label(Code::Over, label);
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

    /// Step 7: the price of each charge that applies, and quantities that nothing prices.
    fn step_7_charges(&mut self) {
        // Counters of graduated cases follow those of the limits.
        let mut first_counter = self.core.limits.len();
        for charge in &self.core.charges {
            if let Some(case) = self.applies(charge) {
                self.price(charge, case, first_counter + graduated(&charge.cases[..case]));
            }
            first_counter += graduated(&charge.cases);
        }
        let sum: BigUint = self.lines.iter().map(|line| &line.amount).sum();
        if sum.bits() > 127 {
            self.reason(Code::Range, 65_535, "*");
        }
        self.unpriced_units();
    }

    /// Step 8: permitted if and only if there is no reason; a denial has nothing else.
    fn step_8_outcome(self) -> Outcome {
        if !self.reasons.is_empty() {
            return Outcome { reasons: self.reasons.into_iter().collect(), ..Outcome::default() };
        }
        let duties = self.duties();
        Outcome { reasons: vec![], lines: self.lines, duties, deltas: self.deltas }
    }

    // ---- parts of step 5 and 7

    /// `used + q` of a counter that counts, noting its delta; or the reason why it cannot.
    fn count(&mut self, counter: usize, unit: usize, key: Key, window: Window) -> Option<BigUint> {
        if let Some((slot, name)) = self.key_not_given(key) {
            self.reason(Code::Needing, slot, name);
            return None;
        }
        let quantity = self.quantity(unit);
        let sum = self.used(counter) + &quantity;
        if sum > self.core.units[unit].highest {
            self.reason_unit(Code::Range, unit);
            return None;
        }
        if quantity > BigUint::from(0u8) {
            self.deltas.push(Delta { counter, window: self.zone.index(window, self.now), quantity });
        }
        Some(sum)
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

    /// The line of a price that applies (section 4).
    fn price(&mut self, charge: &Charge, case: usize, counter: usize) {
        let label = &charge.label;
        let (amount, reached) = match &charge.cases[case].1 {
            Price::Free => return,
            Price::Rate { unit, ratio } => {
                let amount = ratio * whole(&self.quantity(*unit));
                (amount.clone(), amount)
            }
            Price::Graduated { unit, key, window, tiers } => {
                let Some(sum) = self.count(counter, *unit, *key, *window) else { return };
                let reached = graduated_total(tiers, &sum);
                (&reached - graduated_total(tiers, &self.used(counter)), reached)
            }
        };
        let [amount, reached] = [amount, reached].map(|money| in_grain(&money, &self.core.grain));
        if amount.bits() > 127 || reached.bits() > 127 {
            self.reason_label(Code::Range, label);
        } else {
            self.lines.push(Line { label: label.clone(), case, amount });
        }
    }

    /// The end of step 7: in a licence that charges, nothing runs free by accident.
    fn unpriced_units(&mut self) {
        let prices = self.core.charges.iter().flat_map(|charge| &charge.cases);
        let priced: BTreeSet<usize> = prices.filter_map(|(_, price)| price.unit()).collect();
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
            let guarded_off = duty.guard.as_ref().is_some_and(|guard| self.value(guard) == Truth::False);
            if guarded_off || self.membership(0, &duty.acts) == Truth::False {
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

    // ---- section 3: values

    fn value(&self, condition: &Condition) -> Truth {
        match condition {
            Condition::Constant(value) => Truth::from(*value),
            Condition::In { axis, set } => self.membership(*axis, set),
            Condition::Compare { fact, op, with } => {
                self.facts[*fact].map_or(Truth::Unknown, |fact| compare(fact, *op, with))
            }
            Condition::Known(fact) => self.facts[*fact].map_or(Truth::Unknown, |_| Truth::True),
            Condition::Definition(i) => self.definitions[*i].0,
            Condition::And(operands) => operands.iter().map(|c| self.value(c)).min().unwrap_or(Truth::True),
            Condition::Or(operands) => operands.iter().map(|c| self.value(c)).max().unwrap_or(Truth::False),
            Condition::Not(operand) => match self.value(operand) {
                Truth::False => Truth::True,
                Truth::Unknown => Truth::Unknown,
                Truth::True => Truth::False,
            },
        }
    }

    fn membership(&self, axis: usize, set: &Membership) -> Truth {
        let Membership { yes, unknown } = set;
        match &self.positions[axis] {
            Position::Leaf(leaf) if yes.contains(*leaf) => Truth::True,
            Position::Leaf(leaf) if unknown.contains(*leaf) => Truth::Unknown,
            Position::Leaf(_) => Truth::False,
            // The maximum over a set of leaves, which may be empty.
            Position::Unlisted(leaves) if yes.meets(leaves) => Truth::True,
            Position::Unlisted(leaves) if unknown.meets(leaves) => Truth::Unknown,
            Position::Unlisted(_) => Truth::False,
            Position::NotGiven if yes.is_empty() && unknown.is_empty() => Truth::False,
            Position::NotGiven => {
                // All listed leaves may agree; an unlisted name does too if it stands for any of them.
                let terms = &self.core.axes[axis];
                let listed = terms.iter().any(|term| term.root && term.inner);
                if yes.count() == terms.len() && listed { Truth::True } else { Truth::Unknown }
            }
        }
    }

    // ---- section 7: need, slots and the guard of not-permitted

    /// need(c) of each condition that is unknown.
    fn need_unknown_of<'c>(&mut self, conditions: impl Iterator<Item = &'c Condition>) {
        for condition in conditions {
            if self.value(condition) == Truth::Unknown {
                self.need(condition);
            }
        }
    }

    /// need(c), for a c that is unknown; each slot becomes a reason.
    fn need(&mut self, condition: &Condition) {
        match condition {
            Condition::Constant(_) => {}
            Condition::In { axis, .. } => {
                let (slots, names) = match self.positions[*axis] {
                    Position::NotGiven => (0, ["action", "purpose", "place"]),
                    _ => (3, ["unlisted-action", "unlisted-purpose", "unlisted-place"]),
                };
                self.reason(Code::Needing, slots + *axis as u32, names[*axis]);
            }
            Condition::Compare { fact, .. } | Condition::Known(fact) => {
                self.reason(Code::Needing, 16 + *fact as u32, &self.core.facts[*fact].name);
            }
            Condition::Definition(i) => {
                if self.needed.insert(*i) {
                    self.need(&self.core.definitions[*i]);
                }
            }
            Condition::And(operands) | Condition::Or(operands) => self.need_unknown_of(operands.iter()),
            Condition::Not(operand) => self.need(operand),
        }
    }

    /// The first guard that leaves no permit, when all permits are false.
    fn guard(&self) -> (u32, &'static str) {
        let mut left: Vec<&[Condition]> =
            self.core.permits.iter().map(|(_, condition)| conjuncts(condition)).collect();
        if left.is_empty() {
            return (2, "action");
        }
        for (number, name) in [(1, "party"), (2, "action"), (3, "purpose"), (4, "place"), (5, "time")] {
            left.retain(|conjuncts| {
                !conjuncts.iter().any(|c| class(self.atoms(c)) == name && self.value(c) == Truth::False)
            });
            if left.is_empty() {
                return (number, name);
            }
        }
        (6, "other")
    }

    /// Which atoms a condition is made of: bits 0 to 2 memberships by axis, 3 kind facts, 4 other facts.
    fn atoms(&self, condition: &Condition) -> u8 {
        match condition {
            Condition::Constant(_) => 0,
            Condition::In { axis, .. } => 1 << axis,
            Condition::Compare { fact, .. } | Condition::Known(fact) => match self.core.facts[*fact].kind {
                FactKind::Kind => 8,
                _ => 16,
            },
            Condition::Definition(i) => self.definitions[*i].1,
            Condition::And(operands) | Condition::Or(operands) => {
                operands.iter().fold(0, |all, c| all | self.atoms(c))
            }
            Condition::Not(operand) => self.atoms(operand),
        }
    }

    // ---- section 6: inputs

    /// The slot of a key that was not given.
    fn key_not_given(&self, key: Key) -> Option<(u32, &'static str)> {
        let (user, organisation) = (self.request.user.is_some(), self.request.organisation.is_some());
        match key {
            Key::User if !user => Some((6, "user")),
            Key::Organisation if !organisation => Some((7, "organisation")),
            Key::Licensee if !user && !organisation => Some((8, "licensee")),
            _ => None,
        }
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

/// Section 6: the leaf or leaves that a name stands for. An inner term stands for its `.other`, which is its own leaf.
fn position(terms: &[Term], name: Option<&str>) -> Position {
    let Some(name) = name else { return Position::NotGiven };
    match terms.iter().position(|term| term.name == name) {
        Some(leaf) => Position::Leaf(leaf),
        None => {
            let others = terms.iter().enumerate().filter(|(_, term)| term.root && term.inner);
            let mut set = Bits(vec![0; terms.len().div_ceil(8)]);
            others.for_each(|(leaf, _)| set.0[leaf / 8] |= 1 << (leaf % 8));
            Position::Unlisted(set)
        }
    }
}

/// Section 6: a value that is not of the fact's type or lies outside its range is unknown.
fn known<'v>(kind: &FactKind, value: Option<&'v Value>) -> Option<&'v Value> {
    value.filter(|value| match (kind, value) {
        (FactKind::YesNo | FactKind::Kind, Value::Truth(_)) => true,
        (FactKind::Count { lowest, highest }, Value::Count(n)) => (lowest..=highest).contains(&n),
        (FactKind::Text | FactKind::Party, Value::Text(_)) => true,
        _ => false,
    })
}

fn compare(fact: &Value, op: Op, with: &Constant) -> Truth {
    Truth::from(match (fact, with) {
        (Value::Count(n), Constant::Count(k)) => match op {
            Op::Less => n < k,
            Op::AtMost => n <= k,
            Op::Equal => n == k,
        },
        (Value::Truth(value), Constant::Truth(k)) => value == k,
        (Value::Text(text), Constant::Text(k)) => text == k,
        _ => return Truth::Unknown, // Decoding gives a constant the type of its fact, and `known` the value.
    })
}

/// The operands of the outermost `and`, or the condition itself.
fn conjuncts(condition: &Condition) -> &[Condition] {
    match condition {
        Condition::And(operands) => operands,
        _ => std::slice::from_ref(condition),
    }
}

/// The class of a condition made of these atoms. No atom of this edition is of the class time.
fn class(atoms: u8) -> &'static str {
    match atoms {
        1 => "action",
        2 => "purpose",
        4 => "place",
        8 => "party",
        _ => "other",
    }
}

fn graduated(cases: &[(Condition, Price)]) -> usize {
    cases.iter().filter(|(_, price)| matches!(price, Price::Graduated { .. })).count()
}

/// T(x): the sum over the tiers of ratio x the part of x inside the tier.
fn graduated_total(tiers: &[Tier], x: &BigUint) -> BigRational {
    let mut rest = x.clone();
    let mut total = BigRational::from_integer(0.into());
    for Tier { width, ratio } in tiers {
        let inside = width.as_ref().map_or(&rest, |width| width.min(&rest)).clone();
        total += ratio * whole(&inside);
        rest -= inside;
    }
    total
}

fn whole(n: &BigUint) -> BigRational {
    BigRational::from_integer(n.clone().into())
}

/// Section 9: an amount in units of 1/g. It is a whole number, since g is a multiple of every denominator.
fn in_grain(amount: &BigRational, grain: &BigUint) -> BigUint {
    (amount * whole(grain)).to_integer().magnitude().clone()
}
