//! Sections 2 to 5: the core as data. [`Core::decode`] is the only way to make one.

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

/// A calendar window (section 8).
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
    pub unit: usize,
    pub cap: BigUint,
    pub key: Key,
    pub window: Window,
    pub guard: Option<Condition>,
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
    Graduated { unit: usize, key: Key, window: Window, tiers: Vec<Tier> },
}

impl Price {
    pub fn unit(&self) -> Option<usize> {
        match self {
            Price::Free => None,
            Price::Rate { unit, .. } | Price::Graduated { unit, .. } => Some(*unit),
        }
    }

    pub fn ratios(&self) -> Vec<&BigRational> {
        match self {
            Price::Free => vec![],
            Price::Rate { ratio, .. } => vec![ratio],
            Price::Graduated { tiers, .. } => tiers.iter().map(|tier| &tier.ratio).collect(),
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
}

/// A counter that an evaluation reads and moves (section 6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// The limit or charge.
    pub label: String,
    /// The case of a charge; none for a limit.
    pub case: Option<usize>,
    /// The unit it counts.
    pub unit: String,
    /// Whose counter it is.
    pub key: Key,
    /// When it starts again.
    pub window: Window,
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

    /// The labels of the duties, in the order of `State::duties`.
    pub fn duties(&self) -> Vec<&str> {
        self.duties.iter().map(|duty| duty.label.as_str()).collect()
    }

    /// Section 6: limits in label order, then graduated cases in order of label and case; the order of `State::used`.
    pub fn counters(&self) -> Vec<Counter> {
        let unit = |index: &usize| self.units[*index].name.clone();
        let limits = self.limits.iter().map(|limit| Counter {
            label: limit.label.clone(),
            case: None,
            unit: unit(&limit.unit),
            key: limit.key,
            window: limit.window,
        });
        let cases = self.charges.iter().flat_map(|charge| {
            charge.cases.iter().enumerate().filter_map(move |(case, (_, price))| match price {
                Price::Graduated { unit: index, key, window, .. } => Some(Counter {
                    label: charge.label.clone(),
                    case: Some(case),
                    unit: unit(index),
                    key: *key,
                    window: *window,
                }),
                _ => None,
            })
        });
        limits.chain(cases).collect()
    }
}
