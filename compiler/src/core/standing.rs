//! Standing use and standing money as data (`spec/core-wider.md`): what lasts longer than one call.

use super::{Bits, Cond, Key, Nat, Period, Ratio, Window};

/// What an anchored point counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Anchor {
    /// The grant.
    Grant = 1,
    /// The licensee's first use; only of an end.
    FirstUse = 2,
    /// The release of what is licensed.
    Release = 3,
}

/// What a limit limits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LimitKind {
    /// A sum of quantities.
    Sum {
        /// Index into [`super::Licence::units`].
        unit: u32,
        /// Highest sum.
        cap: Nat,
        /// Over which window.
        window: Window,
    },
    /// Calls that are open at the same time.
    AtOnce {
        /// Highest number.
        cap: Nat,
        /// After which time a call no longer counts as open; above zero.
        lease: Period,
    },
    /// Distinct users of one organisation or licensee.
    Seats {
        /// Highest number.
        cap: Nat,
        /// How long a seat stays taken.
        held: Period,
    },
    /// What is spent.
    Spend {
        /// Highest amount, in the currency.
        amount: Ratio,
        /// Over which window.
        window: Window,
    },
}

/// Renewal by payment, period by period.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Renewal {
    /// How long each payment lasts; days or months, at least 1.
    pub period: Period,
    /// What goes on after the last paid period.
    pub grace: Option<Grace>,
}

/// Acts that go on after the last paid period.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Grace {
    /// For how long; above zero.
    pub period: Period,
    /// The acts: in.
    pub acts: Bits,
    /// The acts: unknown.
    pub acts_unknown: Bits,
}

/// Use that is paid from credit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Prepaid {
    /// Label.
    pub label: String,
    /// Whose credit.
    pub key: Key,
    /// What draws on it; none: every use.
    pub guard: Option<Cond>,
}

/// What a charge at close makes of a window's reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// Their sum.
    Sum = 1,
    /// The highest one.
    Highest = 2,
    /// Their sum divided by their number, rounded up to a whole unit.
    Average = 3,
    /// The last one.
    Last = 4,
}

/// How a band's amount counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BandKind {
    /// For each unit of the whole quantity.
    At = 1,
    /// Once.
    For = 2,
}

/// A band of a charge at close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Band {
    /// The highest quantity in it; none for the last band.
    pub upto: Option<Nat>,
    /// How the amount counts.
    pub kind: BandKind,
    /// The amount, in the currency.
    pub amount: Ratio,
}

/// A charge at a window's close.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AtClose {
    /// Label.
    pub label: String,
    /// What is made of the reports.
    pub aggregate: Aggregate,
    /// Index into [`super::Licence::units`].
    pub unit: u32,
    /// Whose reports.
    pub key: Key,
    /// Over which window.
    pub window: Window,
    /// From 0 upwards; the last has no end.
    pub bands: Vec<Band>,
    /// What counts; none: every use.
    pub guard: Option<Cond>,
}

/// What falls to a licence that this one stands on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Royalty {
    /// Id of that licence.
    pub licence: [u8; 32],
    /// Who has it, without `@`.
    pub handle: String,
    /// The part.
    pub part: Ratio,
    /// Of what.
    pub basis: Basis,
}

/// What a royalty is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Basis {
    /// The charges, first cuts taken off.
    Charges,
    /// What another royalty has; an index into [`super::Licence::royalties`].
    Royalty(u32),
}
