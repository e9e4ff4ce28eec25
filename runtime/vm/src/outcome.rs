//! What a decision says.

use alloc::vec::Vec;

/// Why a request is denied; the codes and their numbers are those of `spec/core.md` section 7 and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ReasonCode {
    /// A quantity or an amount does not fit.
    Range = 1,
    /// The licence was revoked.
    Revoked = 2,
    /// The gateway's view of the registry is too old (reserved).
    Stale = 3,
    /// A latched end was reached for good.
    Ended = 4,
    /// Before the term.
    NotYet = 5,
    /// After the term.
    Expired = 6,
    /// What was paid for is over, and the grace with it.
    Lapsed = 7,
    /// The licence has a holder and this is another.
    NotHolder = 8,
    /// A duty is overdue.
    Suspended = 9,
    /// A forbid is true.
    Forbidden = 10,
    /// Every permit is false.
    NotPermitted = 11,
    /// Something that was not said decides.
    Needing = 12,
    /// A limit would be passed.
    Over = 13,
    /// A duty before use was not met (reserved).
    Unmet = 14,
    /// No price for a permitted use.
    Unpriced = 15,
    /// Two prices for one use.
    AmbiguousPrice = 16,
    /// The credit does not suffice.
    Credit = 17,
}

impl ReasonCode {
    /// Every code, in the order of the numbers.
    pub const ALL: [Self; 17] = [
        Self::Range,
        Self::Revoked,
        Self::Stale,
        Self::Ended,
        Self::NotYet,
        Self::Expired,
        Self::Lapsed,
        Self::NotHolder,
        Self::Suspended,
        Self::Forbidden,
        Self::NotPermitted,
        Self::Needing,
        Self::Over,
        Self::Unmet,
        Self::Unpriced,
        Self::AmbiguousPrice,
        Self::Credit,
    ];

    /// The code's name, as `not-permitted`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::Revoked => "revoked",
            Self::Stale => "stale",
            Self::Ended => "ended",
            Self::NotYet => "not-yet",
            Self::Expired => "expired",
            Self::Lapsed => "lapsed",
            Self::NotHolder => "not-holder",
            Self::Suspended => "suspended",
            Self::Forbidden => "forbidden",
            Self::NotPermitted => "not-permitted",
            Self::Needing => "needing",
            Self::Over => "over",
            Self::Unmet => "unmet",
            Self::Unpriced => "unpriced",
            Self::AmbiguousPrice => "ambiguous-price",
            Self::Credit => "credit",
        }
    }
}

/// The number of a reason that is about a unit is this plus the unit's index.
pub const UNIT_BASE: u32 = 65_536;
/// The number of a reason about a unit that the licence does not list.
pub const UNIT_UNKNOWN: u32 = 131_071;
/// The number of `range:*`, the sum of the lines.
pub const EVERYTHING: u32 = 65_535;

/// One reason. Reasons are sorted by code, then number, without duplicates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reason {
    /// What kind of reason.
    pub code: ReasonCode,
    /// What it is about (`spec/core.md` section 7): for a clause its clause number; for `needing` the slot (0 to 2 action,
    /// purpose, place not given; 3 to 5 unlisted; 6 user; 7 organisation; 8 licensee; 9 grant; 10 release; 16 + i fact i); for
    /// `not-permitted`
    /// the guard (1 party, 2 action, 3 purpose, 4 place, 5 time, 6 other); for a unit [`UNIT_BASE`] + index or
    /// [`UNIT_UNKNOWN`]; [`EVERYTHING`] for `range:*`; 0 for `revoked`, `not-yet`, `expired`,
    /// `lapsed`, `not-holder`.
    pub number: u32,
}

/// One price that applied and is not free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    /// Index of the charge, in label order.
    pub charge: u16,
    /// The case within it, from 0.
    pub case: u16,
    /// In units of 1/grain of the currency, exact.
    pub amount: u128,
}

/// A duty that this use brings about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DutyDue {
    /// Index of the duty, in label order.
    pub duty: u16,
    /// When it falls due, in microseconds since 1970-01-01T00:00Z.
    pub due: i64,
}

/// What this use adds to a counter (of a prepaid credit: takes from it).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Delta {
    /// The counter.
    pub counter: u16,
    /// The index of the window that it counts in.
    pub window: i64,
    /// How much; above 0 but for a charge at close, whose reports may be 0.
    pub add: u128,
}

/// The answer to one request. Made by [`Policy::outcome`](crate::Policy::outcome) and filled by
/// [`Policy::evaluate`](crate::Policy::evaluate), which needs no allocation for it; lists keep their capacity.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Whether the use is permitted: exactly when there is no reason.
    pub permitted: bool,
    /// Permitted after the paid periods, by the grace of the renewal.
    pub grace: bool,
    /// Why not, sorted by (code, number); empty if permitted.
    pub reasons: Vec<Reason>,
    /// Prices, in the order of (charge, case); empty if denied.
    pub lines: Vec<Line>,
    /// Duties, in label order; empty if denied.
    pub duties: Vec<DutyDue>,
    /// Counter changes, in counter order; empty if denied.
    pub deltas: Vec<Delta>,
    pub(crate) scratch: crate::scratch::Scratch,
}

impl PartialEq for Outcome {
    fn eq(&self, other: &Self) -> bool {
        self.permitted == other.permitted
            && self.grace == other.grace
            && self.reasons == other.reasons
            && self.lines == other.lines
            && self.duties == other.duties
            && self.deltas == other.deltas
    }
}

impl Eq for Outcome {}

impl Outcome {
    pub(crate) fn clear(&mut self) {
        self.permitted = false;
        self.grace = false;
        self.reasons.clear();
        self.lines.clear();
        self.duties.clear();
        self.deltas.clear();
    }

    pub(crate) fn reason(&mut self, code: ReasonCode, number: u32) {
        self.reasons.push(Reason { code, number });
    }
}
