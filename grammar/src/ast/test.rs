//! Tests: state, asks and what is expected of them.

use super::*;

/// `test "..." for X { steps }`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Test {
    /// What it says.
    pub name: Text,
    /// The licence it is about.
    pub subject: Name,
    /// At least one; state is carried from step to step.
    pub steps: Vec<Spanned<Step>>,
}

/// `[given ...] when <ask> expect ...`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Step {
    /// State that is set before the ask.
    pub given: Vec<Spanned<Given>>,
    /// The ask; none only after an error.
    pub ask: Option<Spanned<Ask>>,
    /// At least one; [`Expect::Error`] after an error.
    pub expect: Vec<Spanned<Expect>>,
}

/// A piece of state in a test.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Given {
    /// `usage at 900_000 tokens`, `fee case 2 of @acme at 5_000 records`
    Counter {
        /// The clause that counts.
        clause: ClauseRef,
        /// Which case of `charge by case`, from 1.
        case: Option<Spanned<Int>>,
        /// Whose counter; none: that of whoever asks.
        key: Option<Handle>,
        /// Where it stands.
        at: Spanned<Amount>,
    },
    /// `HarbourCorpus.credit done`
    Duty {
        /// The clause that imposes it.
        clause: ClauseRef,
        /// `done`, `open`, `overdue`, ...
        status: Name,
    },
    /// `revoked on 2026-03-01`, `grant on 2026-01-01T00:00Z`
    Mark {
        /// The mark.
        mark: Name,
        /// When it was set.
        on: Spanned<Moment>,
    },
    /// What could not be read.
    Error,
}

/// `fee` or `HarbourCorpus.credit`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClauseRef {
    /// The licence, if another than the one under test.
    pub owner: Option<Name>,
    /// The label.
    pub label: Name,
}

/// `@ana of @acme asks to generate 300_000 tokens, 1 call for product in FR on 2026-05-31T12:00Z with headcount 249`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ask {
    /// Who asks.
    pub user: Handle,
    /// For which organisation.
    pub organisation: Option<Handle>,
    /// `as library_partner`: attested kinds of party.
    pub kinds: Vec<Name>,
    /// The act (a leaf).
    pub action: Name,
    /// How much.
    pub quantities: Vec<Spanned<AskQuantity>>,
    /// `for product` (a leaf)
    pub purpose: Option<Name>,
    /// `in FR` (a leaf)
    pub place: Option<Name>,
    /// `on 2026-05-31T12:00Z`
    pub on: Option<Spanned<Moment>>,
    /// `with headcount 249, certified, not ethics_approved`
    pub facts: Vec<Spanned<AskFact>>,
}

/// `300_000 tokens`, `USD 5_000 revenue`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AskQuantity {
    /// How many.
    pub number: Spanned<QuantityNumber>,
    /// Of what unit.
    pub unit: Name,
}

/// A number of units, or an amount of money.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum QuantityNumber {
    /// `300_000`
    Int(Int),
    /// `USD 5_000`
    Money(Money),
}

/// `headcount 249`, `certified`, `not ethics_approved`, `monthly_users as of last month 40_000`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AskFact {
    /// The fact.
    pub name: Name,
    /// For which instant or period.
    pub as_of: Option<Spanned<AsOf>>,
    /// Its value.
    pub value: Spanned<FactValue>,
}

/// The value of a fact in an ask.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FactValue {
    /// `certified` (true), `not certified` (false)
    YesNo(bool),
    /// `headcount 249`
    Int(Int),
    /// `annual_revenue USD 5_000_000`
    Money(Money),
    /// `title "x"`
    Text(String),
    /// `node @grid`
    Party(String),
}

/// What a test expects of a step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expect {
    /// `permit`
    Permit,
    /// `deny [reason [subject]] [by clause]`
    Deny(Deny),
    /// `charge EUR 0.081`: exact
    Charge(Spanned<Money>),
    /// `due EUR 0.08`: in minor units
    Due(Spanned<Money>),
    /// `owe EUR 0.00486 to @harbour`
    Owe {
        /// How much.
        amount: Spanned<Money>,
        /// To whom.
        to: Handle,
    },
    /// `pay EUR 1.00 to @p`
    Pay {
        /// How much.
        amount: Spanned<Money>,
        /// To whom.
        to: Handle,
    },
    /// `must notice`
    Must(ClauseRef),
    /// What could not be read.
    Error,
}

/// `deny`, `deny forbidden by no_arms`, `deny needing headcount`, `deny over fair_use`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Deny {
    /// One of the closed list.
    pub reason: Option<Spanned<Reason>>,
    /// What the reason names: a fact, a limit, a duty, a unit, a guard.
    pub subject: Option<ClauseRef>,
    /// A clause that must be among the reasons.
    pub by: Option<ClauseRef>,
}

/// Why a use is denied: the closed list, in its one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// `range`
    Range,
    /// `revoked`
    Revoked,
    /// `stale`
    Stale,
    /// `ended`
    Ended,
    /// `not-yet`
    NotYet,
    /// `expired`
    Expired,
    /// `lapsed`
    Lapsed,
    /// `not-holder`
    NotHolder,
    /// `suspended`
    Suspended,
    /// `forbidden`
    Forbidden,
    /// `not-permitted`
    NotPermitted,
    /// `needing`
    Needing,
    /// `over`
    Over,
    /// `unmet`
    Unmet,
    /// `unpriced`
    Unpriced,
    /// `ambiguous-price`
    AmbiguousPrice,
    /// `credit`
    Credit,
}

impl Reason {
    /// Every reason, in order.
    pub const ALL: [Reason; 17] = [
        Reason::Range,
        Reason::Revoked,
        Reason::Stale,
        Reason::Ended,
        Reason::NotYet,
        Reason::Expired,
        Reason::Lapsed,
        Reason::NotHolder,
        Reason::Suspended,
        Reason::Forbidden,
        Reason::NotPermitted,
        Reason::Needing,
        Reason::Over,
        Reason::Unmet,
        Reason::Unpriced,
        Reason::AmbiguousPrice,
        Reason::Credit,
    ];

    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Reason::Range => "range",
            Reason::Revoked => "revoked",
            Reason::Stale => "stale",
            Reason::Ended => "ended",
            Reason::NotYet => "not-yet",
            Reason::Expired => "expired",
            Reason::Lapsed => "lapsed",
            Reason::NotHolder => "not-holder",
            Reason::Suspended => "suspended",
            Reason::Forbidden => "forbidden",
            Reason::NotPermitted => "not-permitted",
            Reason::Needing => "needing",
            Reason::Over => "over",
            Reason::Unmet => "unmet",
            Reason::Unpriced => "unpriced",
            Reason::AmbiguousPrice => "ambiguous-price",
            Reason::Credit => "credit",
        }
    }
}
