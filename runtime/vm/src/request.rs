//! What is asked, in the host's words.

use core::fmt;

/// The first instant that a request may not have: 10000-01-01T00:00Z, in microseconds.
pub const END_OF_TIME: i64 = 253_402_300_800_000_000;

/// One use that someone asks for (`spec/core.md` section 6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Request<'a> {
    /// When the use happens, in microseconds since 1970-01-01T00:00Z; from 0 to before [`END_OF_TIME`].
    pub used_at: i64,
    /// The authenticated subject.
    pub user: Option<&'a str>,
    /// Its organisation.
    pub organisation: Option<&'a str>,
    /// The action: a term's name. A name that the licence does not list is *unlisted*, which is not the same as not given.
    pub action: Option<&'a str>,
    /// The purpose, likewise.
    pub purpose: Option<&'a str>,
    /// The place, likewise.
    pub place: Option<&'a str>,
    /// Facts by name. Those that the licence does not list are ignored; one of the wrong type or out of range is unknown.
    pub facts: &'a [(&'a str, FactValue<'a>)],
    /// Quantities by unit name; a unit that is not given is 0.
    pub quantities: &'a [(&'a str, u128)],
    /// The instants that anchored terms and renewals hang on. They are the ledger's to say, not the caller's.
    pub instants: Instants,
}

/// What a term or a renewal is anchored at (`spec/core-wider.md` section 2). All of the licensee, but release: of the
/// licence. Instants are microseconds since 1970-01-01T00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Instants {
    /// When it was granted.
    pub grant: Option<i64>,
    /// When the licensed thing was released.
    pub release: Option<i64>,
    /// When it was first used.
    pub first_use: Option<i64>,
    /// What is paid for.
    pub renewal: Option<Renewal>,
}

/// Paid periods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Renewal {
    /// The instant they are counted from, in microseconds since 1970-01-01T00:00Z.
    pub anchor: i64,
    /// How many are paid.
    pub periods: u32,
}

/// The value of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactValue<'a> {
    /// For `yes_no` facts and kinds of principal.
    Truth(bool),
    /// For counts.
    Number(u128),
    /// For texts and parties.
    Text(&'a str),
}

/// What makes a request malformed: it has no meaning, so there is no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindError {
    /// `used_at` is before 1970 or after the year 9999.
    UsedAt,
    /// A fact is given twice; where in [`Request::facts`] the second one stands.
    DuplicateFact(usize),
    /// A unit is given twice; where in [`Request::quantities`] the second one stands.
    DuplicateUnit(usize),
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UsedAt => f.write_str("the instant of use is not between 1970 and 9999"),
            Self::DuplicateFact(i) => write!(f, "fact {i} was given before"),
            Self::DuplicateUnit(i) => write!(f, "the unit of quantity {i} was given before"),
        }
    }
}

impl core::error::Error for BindError {}

/// The status of a duty, kept per licensee.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DutyStatus {
    /// Nothing outstanding.
    #[default]
    Clear,
    /// To be done before `due`.
    Pending {
        /// Microseconds since 1970-01-01T00:00Z.
        due: i64,
    },
    /// Done.
    Done,
    /// Not done in time.
    Violated,
    /// Not known; counts as overdue.
    Unknown,
}

/// What the ledger knows at this point of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State<'a> {
    /// By counter number, for the key and window that [`Bound::reads`](crate::Bound::reads) names: for limits on sums
    /// committed plus held; for graduated prices committed; for calls at once the open holds that count; for seats the
    /// *other* users whose seat is taken; for spend committed and held, in units of 1/grain; for fees the uses that
    /// counted; for prepaid the credit that this use may draw on, less what is held, in units of 1/grain, rounded down;
    /// for charges at close the sum so far, 0 for aggregates that are not sums. Missing entries are 0.
    pub used: &'a [u128],
    /// By duty index (label order); missing entries are [`DutyStatus::Clear`].
    pub duties: &'a [DutyStatus],
    /// The instant of the revocation notice, in microseconds since 1970-01-01T00:00Z.
    pub notice: Option<i64>,
    /// By end (label order): whether it was reached before. Missing entries are false.
    pub latched: &'a [bool],
}
