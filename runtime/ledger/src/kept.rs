//! The kept part of an opening: what `fold` needs beside the receipt (`spec/ledger.md`, section 3). Never erased.

pub(crate) mod bytes;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use licit_receipt::Hash;
use licit_receipt::hash::sha256_parts;
use licit_vm::{DutyDue, Key, Renewal, Window};

use crate::config::Config;
use crate::request::{Licensee, Request};
use crate::state::CallId;

/// A name of a user or an organisation, salted with the epoch's name salt.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub Hash);

impl Id {
    /// `SHA-256("licit name" || name salt || kind || name)`; kind is one byte, 1 user, 2 organisation.
    pub fn new(salt: &[u8; 32], licensee: Licensee<'_>) -> Id {
        let (kind, name) = match licensee {
            Licensee::User(name) => (1, name),
            Licensee::Organisation(name) => (2, name),
        };
        Id(sha256_parts(&[b"licit name", salt, &[kind], name.as_bytes()]))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({})", licit_receipt::hash::hex(self.0.get(..4).unwrap_or(&[])))
    }
}

/// The salted ids of whoever asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// The user.
    pub user: Option<Id>,
    /// The organisation.
    pub organisation: Option<Id>,
}

impl Who {
    /// The ids of a request's names.
    pub fn of(salt: &[u8; 32], request: &Request) -> Who {
        Who {
            user: request.user.as_deref().map(|name| Id::new(salt, Licensee::User(name))),
            organisation: request
                .organisation
                .as_deref()
                .map(|name| Id::new(salt, Licensee::Organisation(name))),
        }
    }

    /// The organisation, or the user who has none.
    pub fn licensee(&self) -> Option<Id> {
        self.organisation.or(self.user)
    }

    /// The id that a counter's key stands for.
    pub fn key(&self, key: Key) -> Option<Id> {
        match key {
            Key::User => self.user,
            Key::Organisation => self.organisation,
            Key::Licensee => self.licensee(),
        }
    }
}

/// What an event adds to one counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The counter's number in the licence.
    pub counter: u16,
    /// Whose count.
    pub key: Key,
    /// The index of its window.
    pub window: i64,
    /// How much, above 0.
    pub quantity: u128,
}

/// One window of a kind: `[kind, index]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Day, week, ... call, by the numbers of `spec/core.md` section 8.
    pub kind: u8,
    /// The index of the window; 0 for the term and for calls.
    pub index: i64,
}

impl Span {
    /// A window of this kind.
    pub fn new(kind: Window, index: i64) -> Span {
        Span { kind: kind as u8, index }
    }

    /// Whether every call is a bucket of its own.
    pub fn is_call(&self) -> bool {
        self.kind == Window::Call as u8
    }
}

/// Where a charge is entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The settlement bucket.
    pub bucket: Span,
    /// The sharing bucket, where it is not the settlement bucket.
    pub pool: Option<Span>,
    /// Minor units by part ([`crate::parts`], in its order), where the event closes its sharing bucket or changes a
    /// closed one.
    pub paid: Vec<i128>,
    /// What the amount consists of: strictly ascending by what they are for; their sum is the amount with its sign.
    pub lines: Vec<KeptLine>,
    /// What prepaid credit it was drawn from, in the order of drawing, or what was given back to it; no lot twice.
    pub draws: Vec<Draw>,
    /// Minor units that the event makes payable in cash; only and always where the licence has a prepaid clause.
    pub payable: Option<i128>,
}

/// What a line of a statement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineOf {
    /// A case of a charge clause.
    Case {
        /// The charge (label order).
        charge: u16,
        /// The case within it.
        case: u16,
    },
    /// A charge at close, by its number (label order).
    AtClose(u16),
    /// What was missing to the floor of a bounded price.
    Floor {
        /// The charge.
        charge: u16,
        /// The case within it.
        case: u16,
    },
}

/// One line of a charge, or its correction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptLine {
    /// What it is for.
    pub of: LineOf,
    /// Of the unit that the line is priced by; of fees and floors how many. A correction takes away what is negative.
    pub quantity: i128,
    /// In parts of 1/grain of the currency.
    pub amount: i128,
}

/// What one event draws from a lot of prepaid credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// The leaf of the payment that made the lot.
    pub lot: u64,
    /// In parts of credit ([`crate::credit`]); below 0 where it is given back. Never 0.
    pub parts: i128,
}

/// A seat that a use takes: of a limit on seats, in the group that its key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatOf {
    /// The counter of the limit.
    pub counter: u16,
    /// Organisation or licensee.
    pub key: Key,
}

/// A limit of money or the prepaid clause that a hold counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpendOf {
    /// The counter.
    pub counter: u16,
    /// Whose money.
    pub key: Key,
    /// The index of its window; 0 for prepaid.
    pub window: i64,
}

/// What a use reports to a charge at close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// The counter of the charge.
    pub counter: u16,
    /// Whose report.
    pub key: Key,
    /// The index of its window.
    pub window: i64,
    /// How much; 0 counts.
    pub quantity: u128,
}

/// What a correction adds to one counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The counter's number in the licence.
    pub counter: u16,
    /// Whose count.
    pub key: Key,
    /// The index of its window.
    pub window: i64,
    /// How much, not 0.
    pub by: i128,
}

/// What a hold holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Who asked.
    pub who: Who,
    /// What is held of counters, ascending by counter.
    pub counts: Vec<Count>,
    /// Seats that are taken as long as it is open, ascending by counter.
    pub seats: Vec<SeatOf>,
    /// Money limits that it counts in, ascending by counter.
    pub spends: Vec<SpendOf>,
    /// What its quantities cost at prices that no counter decides, in parts of 1/grain; only beside `spends`.
    pub flat: u128,
    /// The action, as credit may be given for some actions only; only where the prepaid clause is among `spends`.
    pub action: Option<String>,
}

/// What a lot of credit may be drawn for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Lots of a lower number are drawn first.
    pub priority: u16,
    /// The first instant of use that can no longer draw on it; none: it does not expire.
    pub expires: Option<i64>,
    /// A gift: what it pays is not shared.
    pub gift: bool,
    /// The actions that may draw on it, strictly ascending; empty: all.
    pub actions: Vec<String>,
}

/// What a payment is for, as the fold needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paid {
    /// What is owed.
    Account,
    /// A renewal: what is paid for from now on.
    Renewal(Renewal),
    /// Credit: a new lot.
    Credit {
        /// Whose: the user's, organisation's or licensee's.
        key: Key,
        /// How much, in parts of credit ([`crate::credit`]), above 0.
        parts: u128,
        /// What for.
        terms: Terms,
    },
}

/// The kept part, by kind of event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// `epoch-open`.
    EpochOpen {
        /// The gateway's public key as multikey bytes.
        key: [u8; 34],
        /// What names are salted with in this epoch.
        salt: [u8; 32],
    },
    /// `configure`.
    Configure(Config),
    /// `hold`.
    Hold {
        /// What is held.
        held: Held,
        /// The first instant of the log at which the hold is no longer open.
        until: i64,
        /// The latest end that renewals may reach, if it is later.
        latest: Option<i64>,
    },
    /// `extend`: what is held from now on.
    Extend(Held),
    /// `renew`.
    Renew {
        /// The first instant of the log at which the hold is no longer open, from now on.
        until: i64,
    },
    /// `commit` and `late`.
    Commit {
        /// Who used.
        who: Who,
        /// What is counted, ascending by counter.
        counts: Vec<Count>,
        /// Duties that become pending, ascending.
        duties: Vec<DutyDue>,
        /// Seats that are used, ascending by counter.
        seats: Vec<SeatOf>,
        /// What is reported to charges at close, ascending by counter.
        reports: Vec<Report>,
        /// Where the charge is entered; none in a licence without money, or after the close.
        settled: Option<Settled>,
    },
    /// `correct` and `reversal`.
    Correct {
        /// The call that is corrected.
        call: CallId,
        /// Whose use it is.
        who: Who,
        /// What is counted more or less, ascending by counter.
        changes: Vec<Change>,
        /// What is reported from now on, ascending by counter; of a reversal what was reported and is withdrawn.
        reports: Vec<Report>,
        /// The difference; none in a licence without money.
        settled: Option<Settled>,
    },
    /// `deny`: a denial consumes nothing.
    Deny,
    /// `deny` that sums up many which were answered but not logged.
    Denials {
        /// Who was denied.
        who: Who,
        /// How often, above 0.
        count: u64,
        /// The instant of the first, in microseconds since 1970.
        from: i64,
        /// The instant of the last.
        to: i64,
    },
    /// `release`, `expire` and `failed`: the hold they end is the receipt's reference.
    End,
    /// `grant` and `accept`: their instant is the receipt's instant of use.
    Who(Who),
    /// `notice`: its instant is the receipt's instant of use.
    Notice {
        /// Not of revocation, but that the licensed thing was released.
        release: bool,
    },
    /// `evidence` that a duty was done.
    Done {
        /// Whose duty.
        who: Who,
        /// The duty's number in the licence.
        duty: u16,
    },
    /// `evidence` of facts.
    Facts {
        /// Whose facts.
        who: Who,
        /// The ends that they make true, ascending.
        ends: Vec<u16>,
    },
    /// `payment`.
    Payment {
        /// Who paid.
        who: Who,
        /// Minor units.
        minor: u128,
        /// What for.
        paid: Paid,
    },
    /// `seat`.
    Seat {
        /// Whose seat.
        who: Who,
        /// The limits it is a seat of, ascending by counter.
        seats: Vec<SeatOf>,
        /// Given back, not taken.
        released: bool,
    },
    /// `close`.
    Close {
        /// Whose window.
        who: Who,
        /// The window.
        span: Span,
        /// What the close charges, where the window is a settlement window.
        settled: Option<Settled>,
        /// Minor units by part, where the window is a sharing window alone.
        paid: Vec<i128>,
    },
}

impl Kept {
    /// Whom the event is about; none for those that only name a call, or nobody.
    pub fn who(&self) -> Option<&Who> {
        match self {
            Kept::Hold { held, .. } | Kept::Extend(held) => Some(&held.who),
            Kept::Commit { who, .. }
            | Kept::Correct { who, .. }
            | Kept::Denials { who, .. }
            | Kept::Who(who)
            | Kept::Done { who, .. }
            | Kept::Facts { who, .. }
            | Kept::Payment { who, .. }
            | Kept::Seat { who, .. }
            | Kept::Close { who, .. } => Some(who),
            Kept::EpochOpen { .. }
            | Kept::Configure(_)
            | Kept::Renew { .. }
            | Kept::Deny
            | Kept::End
            | Kept::Notice { .. } => None,
        }
    }
}
