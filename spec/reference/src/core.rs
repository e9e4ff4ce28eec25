//! Sections 2 to 5, and section 1 of part two: the core as data. [`Core::decode`] is the only way to make one.

use num_bigint::BigUint;
use num_rational::BigRational;

/// A licence in the form that means something: what `eval` evaluates.
#[derive(Clone, Debug)]
pub struct Core {
    pub(crate) id: [u8; 32],
    pub(crate) name: String,
    pub(crate) version: u64,
    pub(crate) licensor: String,
    /// Actions, purposes, places.
    pub(crate) axes: [Vec<Term>; 3],
    pub(crate) units: Vec<Unit>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) calendar: Option<String>,
    pub(crate) money: Option<Money>,
    pub(crate) from: Option<Point>,
    pub(crate) until: Option<Point>,
    /// The period of notice of a revocable licence.
    pub(crate) notice: Option<Period>,
    pub(crate) definitions: Vec<Condition>,
    pub(crate) forbids: Vec<(String, Condition)>,
    pub(crate) permits: Vec<(String, Condition)>,
    pub(crate) limits: Vec<Limit>,
    pub(crate) charges: Vec<Charge>,
    pub(crate) duties: Vec<Duty>,
    pub(crate) split: Option<Split>,
    pub(crate) holder: Option<String>,
    pub(crate) renewal: Option<Renewing>,
    pub(crate) ends: Vec<(String, Condition)>,
    pub(crate) prepaid: Option<Prepaid>,
    pub(crate) at_close: Vec<AtClose>,
    pub(crate) royalties: Vec<Royalty>,
    /// Part two, section 6.
    pub(crate) parts: Vec<(String, BigRational)>,
    /// The units of the free clauses (key 22).
    pub(crate) free: Vec<usize>,
    /// All labels, sorted: the clause number of a label is its place here.
    pub(crate) labels: Vec<String>,
    pub(crate) grain: BigUint,
}

/// A term of an axis: leaf `i` is term `i` itself or, where it has children, its `.other`.
#[derive(Clone, Debug)]
pub(crate) struct Term {
    pub name: String,
    pub root: bool,
    pub inner: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Unit {
    pub name: String,
    pub highest: BigUint,
}

#[derive(Clone, Debug)]
pub(crate) struct Fact {
    pub name: String,
    pub kind: FactKind,
}

#[derive(Clone, Debug)]
pub(crate) enum FactKind {
    YesNo,
    Count { lowest: BigUint, highest: BigUint },
    Text,
    Party,
    Kind,
}

/// The header `currency`.
#[derive(Clone, Debug)]
pub struct Money {
    /// The currency's code.
    pub currency: String,
    /// The smallest payable amount, in the currency.
    pub smallest: BigRational,
    /// How a running total is rounded to payable amounts.
    pub rounding: Rounding,
    /// When it is settled.
    pub settled: Window,
}

/// How a running total is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the page")]
pub enum Rounding {
    HalfEven,
    HalfUp,
    Down,
    Up,
}

/// A window (section 8; part two, section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the page")]
pub enum Window {
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Term,
    Call,
    Second,
    Minute,
    Hour,
    Renewal,
}

/// Whose counter it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the page")]
pub enum Key {
    User,
    Organisation,
    Licensee,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Point {
    /// Days since 1970-01-01, in the calendar.
    Date(u64),
    /// Microseconds since 1970-01-01T00:00Z.
    Instant(u64),
    /// So long after an instant of the state.
    Anchored(Anchor, Period),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Grant,
    FirstUse,
    Release,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Period {
    Seconds(u64),
    Days(u64),
    Months(u64),
}

/// A set of leaves, as its bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bits(pub Vec<u8>);

impl Bits {
    pub fn contains(&self, member: usize) -> bool {
        self.0.get(member / 8).is_some_and(|byte| byte >> (member % 8) & 1 == 1)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many members it has. Costs grow with the bytes that are there, not with the axis.
    pub fn count(&self) -> usize {
        self.0.iter().map(|byte| byte.count_ones() as usize).sum()
    }

    pub fn meets(&self, other: &Bits) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }
}

/// Leaves that are in, and leaves of which it is unknown.
#[derive(Clone, Debug)]
pub(crate) struct Membership {
    pub yes: Bits,
    pub unknown: Bits,
}

#[derive(Clone, Debug)]
pub(crate) enum Condition {
    Constant(bool),
    In { axis: usize, set: Membership },
    Compare { fact: usize, op: Op, with: Constant },
    Known(usize),
    Definition(usize),
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Less,
    AtMost,
    Equal,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Constant {
    Truth(bool),
    Count(BigUint),
    Text(String),
}

#[derive(Clone, Debug)]
pub(crate) struct Limit {
    pub label: String,
    pub key: Key,
    pub guard: Option<Condition>,
    pub on: LimitOn,
}

/// What a limit limits. How long a lease or a seat is held is for the ledger, which says what is open or taken.
#[derive(Clone, Debug)]
pub(crate) enum LimitOn {
    Sum { unit: usize, cap: BigUint, window: Window },
    AtOnce { cap: BigUint },
    Seats { cap: BigUint },
    Spend { window: Window, amount: BigRational },
}

#[derive(Clone, Debug)]
pub(crate) struct Charge {
    pub label: String,
    pub cases: Vec<(Condition, Price)>,
    pub by_case: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Price {
    Free,
    Rate { unit: usize, ratio: BigRational },
    Graduated(Graduated),
    Fee { ratio: BigRational, key: Key, window: Window },
}

/// A graduated price; a bounded one has a cap, a floor or both.
#[derive(Clone, Debug)]
pub(crate) struct Graduated {
    pub unit: usize,
    pub key: Key,
    pub window: Window,
    pub tiers: Vec<Tier>,
    pub cap: Option<BigRational>,
    pub floor: Option<BigRational>,
}

impl Price {
    pub fn unit(&self) -> Option<usize> {
        match self {
            Price::Free | Price::Fee { .. } => None,
            Price::Rate { unit, .. } | Price::Graduated(Graduated { unit, .. }) => Some(*unit),
        }
    }

    /// What is multiplied by a quantity.
    pub fn rates(&self) -> Vec<&BigRational> {
        match self {
            Price::Free | Price::Fee { .. } => vec![],
            Price::Rate { ratio, .. } => vec![ratio],
            Price::Graduated(Graduated { tiers, .. }) => tiers.iter().map(|tier| &tier.ratio).collect(),
        }
    }

    /// What stands for itself.
    pub fn amounts(&self) -> Vec<&BigRational> {
        match self {
            Price::Free | Price::Rate { .. } => vec![],
            Price::Fee { ratio, .. } => vec![ratio],
            Price::Graduated(Graduated { cap, floor, .. }) => cap.iter().chain(floor).collect(),
        }
    }
}

/// A tier of a graduated price; the last one has no width.
#[derive(Clone, Debug)]
pub(crate) struct Tier {
    pub width: Option<BigUint>,
    pub ratio: BigRational,
}

#[derive(Clone, Debug)]
pub(crate) struct Duty {
    pub label: String,
    pub recipient: Option<String>,
    pub acts: Membership,
    pub guard: Option<Condition>,
    pub due: Due,
    pub else_suspend: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Due {
    AfterFirst(Period),
    AfterEach(Period),
    AtEach,
}

/// The clause `split`.
#[derive(Clone, Debug)]
pub struct Split {
    /// Handle and share, in the order of the clause.
    pub shares: Vec<(String, BigRational)>,
    /// The sharing window, if it is not the settlement window.
    pub window: Option<Window>,
    /// The label of the clause.
    pub label: String,
    /// The first cuts, handle and part, in the order of the clause: they come off before royalties.
    pub first: Vec<(String, BigRational)>,
}

/// Key 24: periods that are paid for, and what goes on for a while after the last one.
#[derive(Clone, Debug)]
pub(crate) struct Renewing {
    pub period: Period,
    pub grace: Option<(Period, Membership)>,
}

/// Key 26.
#[derive(Clone, Debug)]
pub(crate) struct Prepaid {
    pub label: String,
    pub key: Key,
    pub guard: Option<Condition>,
}

/// Key 27.
#[derive(Clone, Debug)]
pub(crate) struct AtClose {
    pub label: String,
    pub aggregate: Aggregate,
    pub unit: usize,
    pub key: Key,
    pub window: Window,
    pub bands: Vec<Band>,
    pub guard: Option<Condition>,
}

/// What is charged for: of all that the uses of a window stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aggregate {
    Sum,
    Highest,
    Average,
    Last,
}

/// A band of a charge at close; the last one has no end.
#[derive(Clone, Debug)]
pub(crate) struct Band {
    pub upto: Option<BigUint>,
    /// A rate for the whole quantity; else a fixed amount.
    pub rate: bool,
    pub ratio: BigRational,
}

/// An entry of key 28.
#[derive(Clone, Debug)]
pub(crate) struct Royalty {
    pub handle: String,
    pub ratio: BigRational,
    /// The entry of whose part it is a part; none: of the charges.
    pub of: Option<usize>,
}

/// A counter that an evaluation reads and moves (section 6; part two, sections 1 and 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// The limit, charge or prepaid clause.
    pub label: String,
    /// The case of a charge by invocation; none for the others.
    pub case: Option<usize>,
    /// What it counts.
    pub counts: Counts,
    /// The unit it counts, if it counts one.
    pub unit: Option<String>,
    /// Whose counter it is.
    pub key: Key,
    /// When it starts again, if it does.
    pub window: Option<Window>,
}

/// What a counter counts; its `used` in the state is that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counts {
    /// Of a limit: quantities committed and held.
    Sum,
    /// Of a graduated price: quantities committed.
    Graduated,
    /// Open holds.
    AtOnce,
    /// Other users whose seat is taken.
    Seats,
    /// Money committed and held, in units of the grain.
    Spend,
    /// Uses that counted.
    Fee,
    /// Credit that is left, in units of the grain.
    Prepaid,
    /// Of a charge at close: the sum of the quantities, for aggregates that need it.
    AtClose,
}

/// What a caller needs to know of a core.
impl Core {
    /// Section 10: the SHA-256 of the canonical core.
    pub fn licence_id(&self) -> [u8; 32] {
        self.id
    }

    /// Section 9: amounts are integers in units of one `grain`th of the currency.
    pub fn grain(&self) -> BigUint {
        self.grain.clone()
    }

    /// The name of the licence.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version of the licence.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The licensor's handle, without `@`.
    pub fn licensor(&self) -> &str {
        &self.licensor
    }

    /// The name of the zone of the calendar; without one it is UTC.
    pub fn calendar(&self) -> Option<&str> {
        self.calendar.as_deref()
    }

    /// The header `currency`.
    pub fn money(&self) -> Option<&Money> {
        self.money.as_ref()
    }

    /// The clause `split`.
    pub fn split(&self) -> Option<&Split> {
        self.split.as_ref()
    }

    /// Part two, section 6: the fixed fractions by which what falls due is divided; they sum to 1. First cuts, royalties,
    /// then shares (or the licensor), each in its order, which is the order of ties.
    pub fn parts(&self) -> &[(String, BigRational)] {
        &self.parts
    }

    /// The terms of an axis: 0 actions, 1 purposes, 2 places.
    pub fn terms(&self, axis: usize) -> Vec<&str> {
        self.axes.get(axis).into_iter().flatten().map(|term| term.name.as_str()).collect()
    }

    /// The facts that occur in conditions.
    pub fn facts(&self) -> Vec<&str> {
        self.facts.iter().map(|fact| fact.name.as_str()).collect()
    }

    /// The units of the vocabularies, with their highest quantities.
    pub fn units(&self) -> Vec<(&str, &BigUint)> {
        self.units.iter().map(|unit| (unit.name.as_str(), &unit.highest)).collect()
    }

    /// All labels in the order of their clause numbers.
    pub fn labels(&self) -> Vec<&str> {
        self.labels.iter().map(String::as_str).collect()
    }

    /// The labels of the ends, in the order of `State::latched`.
    pub fn ends(&self) -> Vec<&str> {
        self.ends.iter().map(|(label, _)| label.as_str()).collect()
    }

    /// The labels of the duties, in the order of `State::duties`.
    pub fn duties(&self) -> Vec<&str> {
        self.duties.iter().map(|duty| duty.label.as_str()).collect()
    }

    /// The counters in the order of `State::used`: by what they count, then in label order.
    pub fn counters(&self) -> Vec<Counter> {
        let unit = |index: usize| Some(self.units[index].name.clone());
        let mut counters = vec![];
        let mut add = |label: &str, case, counts, unit, key, window| {
            counters.push(Counter { label: label.to_owned(), case, counts, unit, key, window });
        };
        for Limit { label, key, on, .. } in &self.limits {
            match on {
                LimitOn::Sum { unit: index, window, .. } => {
                    add(label, None, Counts::Sum, unit(*index), *key, Some(*window));
                }
                LimitOn::AtOnce { .. } => add(label, None, Counts::AtOnce, None, *key, None),
                LimitOn::Seats { .. } => add(label, None, Counts::Seats, None, *key, None),
                LimitOn::Spend { window, .. } => add(label, None, Counts::Spend, None, *key, Some(*window)),
            }
        }
        for Charge { label, cases, .. } in &self.charges {
            for (case, (_, price)) in cases.iter().enumerate() {
                match price {
                    Price::Free | Price::Rate { .. } => {}
                    Price::Graduated(Graduated { unit: index, key, window, .. }) => {
                        add(label, Some(case), Counts::Graduated, unit(*index), *key, Some(*window));
                    }
                    Price::Fee { key, window, .. } => {
                        add(label, Some(case), Counts::Fee, None, *key, Some(*window));
                    }
                }
            }
        }
        if let Some(Prepaid { label, key, .. }) = &self.prepaid {
            add(label, None, Counts::Prepaid, None, *key, None);
        }
        for AtClose { label, unit: index, key, window, .. } in &self.at_close {
            add(label, None, Counts::AtClose, unit(*index), *key, Some(*window));
        }
        // Clauses stand in label order already, which a stable sort keeps.
        counters.sort_by_key(|counter| counter.counts);
        counters
    }
}
