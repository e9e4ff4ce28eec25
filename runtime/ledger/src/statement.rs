//! The statement of one licensee under one licence over one period: what was used, what it cost, what fell due, who
//! has what of it, and whether it all adds up (`spec/ledger.md`, section 4).
//!
//! A statement is a pure function of the log: [`StatementFold`] takes every event in log order, receipt and kept part,
//! never what can be erased. It holds one line for each clause, one total for each window, one part for each party: its
//! memory does not grow with the number of leaves.
//!
//! An event belongs to the period that its instant of use lies in; corrections and reversals have the instant of what
//! they correct, a close the last instant of its window. Corrections that come later change the statement of the period
//! they correct; what a statement says is as of its last leaf.
//!
//! *Invariant:* everything that was charged is paid by gifts, due or rounding, to the last part; everything that is due
//! is somebody's or held as residue, to the last minor unit. What does not add up is a [`Fault`] with a name.

mod finish;
mod fold;
mod pools;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use licit_receipt::Hash;
use licit_vm::Window;

pub use fold::StatementFold;

use crate::credit::{CreditError, Lot};
use crate::kept::{Id, LineOf, Span};
use crate::licence::Licence;
use crate::money::{Exact, Moved, Remainder, Scale};
use crate::parts::{Party, sum};

/// How many leaves an exception lists, and how many faults a statement.
pub const MAX_LISTED: usize = 1000;

/// Whose statement, and of when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The licence.
    pub licence: Hash,
    /// The licensee; none: uses that name nobody.
    pub licensee: Option<Id>,
    /// The first instant of use that belongs to it, in microseconds since 1970.
    pub from: i64,
    /// The first that does not.
    pub to: i64,
}

impl Scope {
    /// A window of the licence's calendar, as a month by its index (`spec/core.md`, section 8).
    pub fn window(licence: &Licence, licensee: Option<Id>, kind: Window, index: i64) -> Scope {
        let policy = licence.policy();
        Scope {
            licence: *policy.licence_id(),
            licensee,
            from: policy.window_start(kind, index),
            to: policy.window_end(kind, index),
        }
    }
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Whose, and of when.
    pub scope: Scope,
    /// The licence's name.
    pub name: String,
    /// Its version.
    pub version: u64,
    /// The licensor's handle, without `@`.
    pub licensor: String,
    /// Of what all amounts are; none in a licence that charges nothing.
    pub currency: Option<Currency>,
    /// Which leaves it was made of.
    pub leaves: Leaves,
    /// The settlement windows that it touches, whole, by window.
    pub windows: Vec<WindowTotal>,
    /// What was charged, clause by clause, and what was taken back of it.
    pub lines: Vec<StatementLine>,
    /// Where the cap of a schedule was reached.
    pub caps: Vec<CapReached>,
    /// Credit that the licensee paid or drew on.
    pub credit: Vec<CreditLot>,
    /// Who has what of what fell due, in the order that decides ties.
    pub parties: Vec<PartyShare>,
    /// Minor units of what fell due that nobody has until the sharing window closes.
    pub residue: i128,
    /// The sums.
    pub totals: Totals,
    /// What deserves a look.
    pub exceptions: Exceptions,
    /// Use by civil day in the licence's calendar, ascending; days without a charge or use are left out.
    pub days: Vec<Day>,
    /// What does not add up; empty if all is well. At most [`MAX_LISTED`] of them.
    pub faults: Vec<Fault>,
}

/// What amounts are of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Currency {
    /// Code, as `EUR`.
    pub code: String,
    /// Grain, smallest payable amount and rounding.
    pub scale: Scale,
}

/// The leaves of a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leaves {
    /// The first that it tells of.
    pub first: Option<u64>,
    /// The last.
    pub last: Option<u64>,
    /// How many leaves the log had: a checkpoint of at least this size covers the statement.
    pub log: u64,
}

/// A settlement window, with all that was entered in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowTotal {
    /// Which.
    pub span: Span,
    /// Exact totals.
    pub exact: Exact,
    /// Minor units due and payable.
    pub moved: Moved,
    /// The leaf that closed it. Calls that are settled one by one are never open.
    pub closed: Option<u64>,
}

/// How a line came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    /// By use.
    Use,
    /// By use that was committed late.
    Late,
    /// By the close of a window.
    Close,
    /// By a correction.
    Correction,
    /// By a reversal.
    Reversal,
}

/// What kind of charge a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineKind {
    /// So much of a unit.
    Usage,
    /// A fee, once per key and window.
    Fee,
    /// What was missing to a floor.
    Floor,
    /// A charge at close.
    AtClose,
}

/// A line: everything of one clause that came to be in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementLine {
    /// How it came to be.
    pub entry: Entry,
    /// What it is for, by number.
    pub of: LineOf,
    /// What kind of charge it is.
    pub kind: LineKind,
    /// The clause's label.
    pub label: String,
    /// The case within the clause, from 0, where it has cases.
    pub case: Option<u16>,
    /// The unit; none for fees and floors, whose quantity is how many.
    pub unit: Option<String>,
    /// How many of the unit.
    pub quantity: i128,
    /// Exact, in parts of 1/grain.
    pub amount: i128,
    /// How many events.
    pub events: u64,
}

/// A schedule's cap that was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapReached {
    /// The clause's label.
    pub label: String,
    /// Whose use.
    pub of: Id,
    /// The index of the window.
    pub window: i64,
    /// How much was used in it.
    pub used: u128,
}

/// A lot of credit, with what happened to it in the period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditLot {
    /// The lot as it stands at the end of the log.
    pub lot: Lot,
    /// When it was paid, in microseconds since 1970.
    pub paid_at: u64,
    /// Net parts of credit that the period's uses drew.
    pub drawn: i128,
}

/// A party and what it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyShare {
    /// Who, and by what right.
    pub party: Party,
    /// Minor units.
    pub has: i128,
}

/// The sums of a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Exact: charged in parts of 1/grain, gifted and prepaid in parts of credit.
    pub exact: Exact,
    /// Minor units: due, and payable of it in cash.
    pub moved: Moved,
    /// `charged - gifted - due`, exactly; none if it does not fit.
    pub rounding: Option<Remainder>,
    /// Minor units owed from before the period; below 0: paid in advance.
    pub opening: i128,
    /// Minor units paid on account in the period.
    pub paid: i128,
    /// What is owed after it: `opening + payable - paid`.
    pub balance: i128,
    /// Minor units paid for renewals in the period; no part of the balance.
    pub renewals: i128,
    /// Minor units paid for credit in the period, gifts left out; no part of the balance.
    pub credit: i128,
    /// Minor units of credit given in the period.
    pub gifts: i128,
}

/// Leaves that deserve a look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// How many.
    pub count: u64,
    /// The first [`MAX_LISTED`] of them.
    pub leaves: Vec<u64>,
}

/// What deserves a look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exceptions {
    /// Committed after the end of their hold; charged.
    pub late: Listed,
    /// Committed after the close of their window; not charged.
    pub uncharged: Listed,
    /// Corrections.
    pub corrected: Listed,
    /// Reversals.
    pub reversed: Listed,
    /// Calls that failed upstream; not charged.
    pub failed: Listed,
    /// Holds that ran out.
    pub expired: Listed,
    /// Holds that are open: they may still be charged.
    pub open: Listed,
    /// Denials that were summed up, not logged one by one.
    pub denied: u64,
}

/// One civil day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// Days since 1970-01-01, in the licence's calendar.
    pub day: i64,
    /// Exact, in parts of 1/grain, corrections included.
    pub charged: i128,
    /// How many uses were committed.
    pub uses: u64,
}

/// Something that does not add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A leaf is not after the one before it; it was left out.
    Order(u64),
    /// This leaf, and perhaps more, is missing from the log.
    Missing(u64),
    /// The leaf charges under a licence that charges nothing.
    NoMoney(u64),
    /// The lines of the leaf do not sum to its amount, or the amount is over another grain.
    Amount(u64),
    /// What the leaf makes due is not what the running totals make due.
    Due(u64),
    /// What the leaf makes payable is not what the running totals make payable.
    Payable(u64),
    /// The leaf draws credit that is not there.
    Credit(u64, CreditError),
    /// The leaf gives the parties something else than their parts.
    Parts(u64),
    /// The leaf is of a window that was closed before, without being a correction.
    Closed(u64),
    /// A sum does not fit 128 bits; the leaf was left out.
    Overflow(u64),
    /// What is due of a settlement window is not its rounded total.
    Window(Span),
    /// The lines of the statement do not sum to what was charged.
    Charged,
    /// What the parties have and the residue do not sum to what is due.
    Shared,
    /// What was drawn from lots is not what gifts and prepaid credit paid.
    Drawn,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Order(leaf) => write!(f, "leaf {leaf} is out of order: it was left out"),
            Fault::Missing(leaf) => write!(f, "leaf {leaf}, and perhaps more, is missing"),
            Fault::NoMoney(leaf) => write!(f, "leaf {leaf} charges under a licence that charges nothing"),
            Fault::Amount(leaf) => write!(f, "the lines of leaf {leaf} do not sum to its amount"),
            Fault::Due(leaf) => write!(f, "leaf {leaf} makes due another sum than the running totals do"),
            Fault::Payable(leaf) => {
                write!(f, "leaf {leaf} makes payable another sum than the running totals do")
            }
            Fault::Credit(leaf, error) => write!(f, "leaf {leaf}: {error}"),
            Fault::Parts(leaf) => write!(f, "leaf {leaf} gives the parties another sum than their parts"),
            Fault::Closed(leaf) => write!(f, "leaf {leaf} charges in a window that was closed before"),
            Fault::Overflow(leaf) => {
                write!(f, "with leaf {leaf} a sum does not fit 128 bits: it was left out")
            }
            Fault::Window(_) => f.write_str("what is due of a settlement window is not its rounded total"),
            Fault::Charged => f.write_str("the lines do not sum to what was charged"),
            Fault::Shared => f.write_str("what the parties have and the residue do not sum to what is due"),
            Fault::Drawn => {
                f.write_str("what was drawn from credit is not what gifts and prepaid credit paid")
            }
        }
    }
}

impl Listed {
    fn add(&mut self, leaf: u64) {
        self.count = self.count.saturating_add(1);
        if self.leaves.len() < MAX_LISTED {
            self.leaves.push(leaf);
        }
    }
}

impl Statement {
    /// Whether everything adds up.
    pub fn balances(&self) -> bool {
        self.faults.is_empty()
    }

    /// Whether nothing more is to come but corrections: every settlement window that it touches is closed, and no hold
    /// is open.
    pub fn is_closed(&self) -> bool {
        let closed = |window: &WindowTotal| window.closed.is_some() || window.span.is_call();
        self.exceptions.open.count == 0 && self.windows.iter().all(closed)
    }

    /// The lines that came to be in one way.
    pub fn lines_by(&self, entry: Entry) -> impl Iterator<Item = &StatementLine> {
        self.lines.iter().filter(move |line| line.entry == entry)
    }

    /// The sum of the amounts of all lines, in parts of 1/grain; none if it does not fit.
    pub fn charged(&self) -> Option<i128> {
        self.lines.iter().try_fold(0i128, |sum, line| sum.checked_add(line.amount))
    }

    /// What the parties have, in minor units; none if it does not fit.
    pub fn shared(&self) -> Option<i128> {
        let parts: Vec<i128> = self.parties.iter().map(|party| party.has).collect();
        sum(&parts)
    }
}
