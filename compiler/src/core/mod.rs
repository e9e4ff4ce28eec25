//! The core calculus as data: what a licence means, with layout, notes and definition names gone.
//!
//! Every type mirrors one construct of `spec/core.md` or `spec/core-wider.md`, which are normative. Lists that the page calls *sorted* are kept
//! sorted by whoever builds a [`Licence`] ([`Licence::canonicalise`]); the encoder refuses a licence that is not canonical.
//!
//! Reading order: this file, `standing`, `membership`, `canonical`, `check`, `cbor`, `encode`, `decode`, `print`, `parse`.

use std::collections::BTreeMap;

#[cfg(any(test, feature = "arbitrary"))]
pub mod arbitrary;
mod canonical;
mod cbor;
pub mod check;
mod date;
mod decode;
mod encode;
mod error;
mod form;
pub(crate) mod from_tir;
mod membership;
mod parse;
mod print;
mod reader;
mod sexpr;
mod standing;
#[cfg(test)]
mod tests;
mod vocabulary;
mod words;

pub use encode::id_of;
pub use error::{CoreError, CoreErrorKind};
pub use membership::{membership, term_index};
pub use reader::{DecodeError, DecodeErrorKind};
pub use sexpr::{MAX_TEXT, ParseError, ParseErrorKind};
pub use standing::{
    Aggregate, Anchor, AtClose, Band, BandKind, Basis, Grace, LimitKind, Prepaid, Renewal, Royalty,
};
pub use vocabulary::{DerivedUnit, DutyKind, Parameter, UnitNames, Vocabulary};

/// The edition this compiler writes and reads.
pub const EDITION: u64 = 2026;

/// A natural number, 0 to 2^127 - 1.
pub type Nat = u128;

/// The largest [`Nat`].
pub const NAT_MAX: Nat = (1 << 127) - 1;

/// An exact non-negative fraction in lowest terms; zero is 0/1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ratio {
    /// Numerator.
    pub num: Nat,
    /// Denominator, at least 1.
    pub den: Nat,
}

/// A set of small numbers (leaves of an axis).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bits(pub std::collections::BTreeSet<u32>);

/// The three axes of an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Axis {
    /// What is done.
    Action = 0,
    /// What for.
    Purpose = 1,
    /// Where.
    Place = 2,
}

/// A term of an axis: also the leaf of the same index (`spec/core.md` section 2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Term {
    /// Its name.
    pub name: String,
    /// Indices of its parents in the same axis, ascending.
    pub parents: Vec<u32>,
}

/// A unit of quantity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Unit {
    /// Singular name.
    pub name: String,
    /// The highest quantity, for a single request and for a counter.
    pub highest: Nat,
}

/// The type of a fact.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FactType {
    /// True or false.
    YesNo,
    /// A natural number in a range, both ends included.
    Count {
        /// Lowest.
        low: Nat,
        /// Highest.
        high: Nat,
    },
    /// Opaque text.
    Text,
    /// A party.
    Party,
    /// A kind of principal.
    Kind,
}

/// A fact that occurs in a condition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fact {
    /// Its name.
    pub name: String,
    /// Its type and range.
    pub ty: FactType,
}

/// How a fact is compared with a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cmp {
    /// `<`
    Less = 1,
    /// `<=`
    LessEqual = 2,
    /// `=`
    Equal = 3,
}

/// A constant in a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Constant {
    /// A count, or 0/1 for `yes_no` and kinds.
    Number(Nat),
    /// For text and party facts.
    Text(String),
}

/// A condition (`spec/core.md` section 3).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cond {
    /// Never.
    False,
    /// Always.
    True,
    /// Membership of the request's leaf.
    In {
        /// The axis.
        axis: Axis,
        /// Leaves that are in.
        yes: Bits,
        /// Leaves of which it is unknown.
        unknown: Bits,
    },
    /// A fact against a constant.
    Compare {
        /// Index into [`Licence::facts`].
        fact: u32,
        /// The relation.
        cmp: Cmp,
        /// The constant.
        constant: Constant,
    },
    /// `x is known`.
    Known(u32),
    /// A definition, by index.
    Slot(u32),
    /// All of two or more.
    And(Vec<Cond>),
    /// One of two or more.
    Or(Vec<Cond>),
    /// Not.
    Not(Box<Cond>),
}

/// Whose use is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// The authenticated subject.
    User = 1,
    /// Its organisation.
    Organisation = 2,
    /// The organisation, or the user who has none.
    Licensee = 3,
}

/// A window of counters, settlement or sharing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Window {
    /// A civil day.
    Day = 1,
    /// Monday to Sunday.
    Week = 2,
    /// A civil month.
    Month = 3,
    /// Three months from January.
    Quarter = 4,
    /// A civil year.
    Year = 5,
    /// The whole term.
    Term = 6,
    /// One invocation (settlement only).
    Call = 7,
    /// A second of UTC (counters only, as all that follow).
    Second = 8,
    /// A minute of UTC.
    Minute = 9,
    /// An hour of UTC.
    Hour = 10,
    /// A period of the renewal; only where there is one.
    Renewal = 11,
}

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    /// Exact seconds.
    Seconds(Nat),
    /// Civil days.
    Days(Nat),
    /// Civil months, clamped.
    Months(Nat),
}

/// One end of the term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Point {
    /// The first instant of a civil date (days since 1970-01-01) in the licence's calendar.
    Date(u64),
    /// Microseconds since 1970-01-01T00:00Z.
    Instant(u64),
    /// A length of time after an instant that the ledger knows.
    Anchored {
        /// Which instant.
        anchor: Anchor,
        /// How long after it.
        period: Period,
    },
}

/// From when until when; half-open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TermSpan {
    /// First instant.
    pub from: Option<Point>,
    /// First instant no longer inside.
    pub until: Option<Point>,
}

/// Whether the licensor can end the grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Revocability {
    /// Never.
    Irrevocable,
    /// With notice.
    Revocable {
        /// From notice to effect.
        after: Period,
        /// Existing derivatives live on.
        sparing_derivatives: bool,
    },
}

/// How a running total becomes payable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// To the even neighbour.
    HalfEven = 1,
    /// Away from zero.
    HalfUp = 2,
    /// Toward zero.
    Down = 3,
    /// Away from zero.
    Up = 4,
}

/// The currency and its settlement.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    /// Code, as `EUR`.
    pub currency: String,
    /// Smallest payable amount in the currency, as 1/100.
    pub minor: Ratio,
    /// Rounding of running totals.
    pub rounding: Rounding,
    /// Bucket of the running total.
    pub settled: Window,
}

/// A limit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Limit {
    /// Label.
    pub label: String,
    /// Whose use.
    pub key: Key,
    /// What it limits, and to how much.
    pub kind: LimitKind,
    /// What counts; none: every use.
    pub guard: Option<Cond>,
}

/// A tier of a graduated price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tier {
    /// How many units; none for the last tier.
    pub width: Option<Nat>,
    /// Price per unit.
    pub rate: Ratio,
}

/// What one case costs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Price {
    /// Nothing.
    Free,
    /// A rate per unit.
    Rate {
        /// Index into [`Licence::units`].
        unit: u32,
        /// Price per unit.
        rate: Ratio,
    },
    /// A cumulative schedule.
    Graduated {
        /// Index into [`Licence::units`].
        unit: u32,
        /// Whose use is cumulated.
        key: Key,
        /// Over which window.
        window: Window,
        /// From 0 upwards; the last has no width.
        tiers: Vec<Tier>,
    },
    /// An amount once per key and window, with the first use in it.
    Fee {
        /// The amount.
        amount: Ratio,
        /// Who pays it.
        key: Key,
        /// Over which window.
        window: Window,
    },
    /// A cumulative schedule that charges at most `cap`, and by the window's close at least `floor`; one or both.
    Bounded {
        /// Index into [`Licence::units`].
        unit: u32,
        /// Whose use is cumulated.
        key: Key,
        /// Over which window.
        window: Window,
        /// From 0 upwards; the last has no width.
        tiers: Vec<Tier>,
        /// At most.
        cap: Option<Ratio>,
        /// At least; not above the cap.
        floor: Option<Ratio>,
    },
}

/// A charge clause.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Charge {
    /// Label.
    pub label: String,
    /// Cases: one if plain, in canonical order if by case.
    pub cases: Vec<(Cond, Price)>,
    /// Written as `charge by case`.
    pub by_case: bool,
}

/// When a duty falls due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Due {
    /// Within a period of the first act.
    First(Period),
    /// Within a period of each act.
    Each(Period),
    /// At each act.
    AtEach,
}

/// A duty clause.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Duty {
    /// Label.
    pub label: String,
    /// Duty of the vocabulary, as `attribute`.
    pub name: String,
    /// Text to show.
    pub text: Option<String>,
    /// Surface.
    pub on: Option<String>,
    /// Recipient handle.
    pub to: Option<String>,
    /// Acts that trigger it: in.
    pub acts: Bits,
    /// Acts that trigger it: unknown.
    pub acts_unknown: Bits,
    /// Condition; unknown: due.
    pub guard: Option<Cond>,
    /// When.
    pub due: Due,
    /// `else suspend`.
    pub suspend: bool,
}

/// Division of what is left after royalties.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Split {
    /// Label.
    pub label: String,
    /// What comes off before royalties: handle and part, in the order of the clause.
    pub first_cuts: Vec<(String, Ratio)>,
    /// Handle and share of what is left, in the order of the clause.
    pub shares: Vec<(String, Ratio)>,
    /// Sharing window, if not the settlement window.
    pub window: Option<Window>,
}

/// An asset.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Asset {
    /// Kind, as `dataset`.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Capsule digest.
    pub capsule: Option<[u8; 32]>,
}

/// A bound handle.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Party {
    /// Without `@`.
    pub handle: String,
    /// Decentralised identifier.
    pub did: Option<String>,
    /// Payout account (CAIP-10).
    pub account: Option<String>,
}

/// A vocabulary the licence was written against.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VocabularyRef {
    /// Name.
    pub name: String,
    /// Version, as `1.2`.
    pub version: String,
    /// SHA-256 of its canonical core.
    pub id: [u8; 32],
}

/// The core of a licence (`spec/core.md` section 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Licence {
    /// Name.
    pub name: String,
    /// Version.
    pub version: u64,
    /// Handle of the licensor, without `@`.
    pub licensor: String,
    /// Assets, sorted.
    pub assets: Vec<Asset>,
    /// Bound handles that are mentioned, sorted.
    pub parties: Vec<Party>,
    /// Vocabularies, sorted by name.
    pub vocabularies: Vec<VocabularyRef>,
    /// Terms of each axis, sorted by name; an axis without terms is absent.
    pub axes: BTreeMap<Axis, Vec<Term>>,
    /// Units, sorted by name.
    pub units: Vec<Unit>,
    /// Facts in conditions, sorted by name.
    pub facts: Vec<Fact>,
    /// Zone name.
    pub calendar: Option<String>,
    /// Currency and settlement.
    pub money: Option<Money>,
    /// Term.
    pub term: Option<TermSpan>,
    /// Revocability.
    pub revocability: Revocability,
    /// Definitions.
    pub definitions: Vec<Cond>,
    /// Forbids, sorted by label.
    pub forbids: Vec<(String, Cond)>,
    /// Permits, sorted by label.
    pub permits: Vec<(String, Cond)>,
    /// Limits, sorted by label.
    pub limits: Vec<Limit>,
    /// Charges, sorted by label.
    pub charges: Vec<Charge>,
    /// Duties, sorted by label.
    pub duties: Vec<Duty>,
    /// Split.
    pub split: Option<Split>,
    /// Units nobody pays for: label and unit indices, sorted.
    pub free: Vec<(String, Vec<u32>)>,
    /// Handle of the only one who may use it.
    pub holder: Option<String>,
    /// Renewal; then the term has no end.
    pub renewal: Option<Renewal>,
    /// What ends a grant for good, sorted by label.
    pub ends: Vec<(String, Cond)>,
    /// Prepaid credit.
    pub prepaid: Option<Prepaid>,
    /// Charges at close, sorted by label.
    pub at_close: Vec<AtClose>,
    /// Royalties, sorted by licence and handle.
    pub royalties: Vec<Royalty>,
    /// How long after the close of a window it may still be corrected.
    pub corrections: Option<Period>,
}
