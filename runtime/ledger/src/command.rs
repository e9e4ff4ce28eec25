//! What the ledger is asked, and the event it answers with.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use licit_receipt::{Hash, Opening, Receipt, VerifyingKey};

use crate::config::Config;
use crate::content::Content;
use crate::kept::Kept;
use crate::order::Order;
use crate::request::Request;
use crate::state::{Call, CallId};

/// What is wanted of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Open the log; its first event.
    EpochOpen {
        /// The gateway's key.
        key: VerifyingKey,
        /// The fencing token.
        epoch: u64,
        /// What names are salted with; random.
        salt: [u8; 32],
        /// The final root of the epoch before.
        prev: Option<Hash>,
    },
    /// Say whose word counts from now on, and how far clocks may differ.
    Configure {
        /// The gateway's id of it.
        id: CallId,
        /// All of it.
        config: Config,
    },
    /// Decide a use and hold its largest quantities until it is committed, released, fails or expires.
    Ask {
        /// The use.
        ask: Ask,
        /// The first instant of the log at which the hold ends by itself, in microseconds since 1970. The leases of
        /// limits on calls at once may end it earlier: the event says when.
        until: i64,
        /// The latest end that renewals may reach; none: `until`.
        latest: Option<i64>,
    },
    /// Decide and commit a use in one.
    Invoke(Ask),
    /// Bill the actual quantities of a hold: for no unit more than was held.
    Commit {
        /// The invocation.
        call: CallId,
        /// Quantities by unit; a unit that is not named is 0.
        quantities: Vec<(String, u128)>,
    },
    /// Hold larger quantities from now on.
    Extend {
        /// The invocation.
        call: CallId,
        /// All quantities by unit, none smaller than before.
        quantities: Vec<(String, u128)>,
    },
    /// Let a hold end later.
    Renew {
        /// The invocation.
        call: CallId,
        /// The new end, as in [`Command::Ask`].
        until: i64,
    },
    /// Give a hold back unused.
    Release {
        /// The invocation.
        call: CallId,
    },
    /// Record that a hold has ended by itself.
    Expire {
        /// The invocation.
        call: CallId,
    },
    /// Record that the call failed upstream: it is neither counted nor charged.
    Failed {
        /// The invocation.
        call: CallId,
    },
    /// Sum up denials that were answered but not logged.
    Denials {
        /// The gateway's id of it.
        id: CallId,
        /// Names of who was denied.
        who: Request,
        /// How often, above 0.
        count: u64,
        /// The instant of the first, in microseconds since 1970.
        from: u64,
        /// The instant of the last.
        to: u64,
    },
    /// Everything that somebody must be entitled to.
    Order(Order),
}

/// A use that someone asks for, under an id that is answered once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The consumer's id of the invocation.
    pub call: CallId,
    /// The module that decides.
    pub module: Hash,
    /// When it is used, in microseconds since 1970.
    pub used_at: u64,
    /// Everything else.
    pub request: Request,
}

/// What an event takes from outside: the instant of the log and fresh randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mint {
    /// Microseconds since 1970; not before the last leaf.
    pub logged_at: u64,
    /// The opening's salt.
    pub salt: [u8; 32],
    /// The opening's blind.
    pub blind: [u8; 16],
}

/// What a command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A new event, to be folded and logged.
    Event(Box<Event>),
    /// The invocation was answered before, with this: nothing is logged.
    Repeat(Call),
}

/// An event: the leaf and what it opens to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The leaf.
    pub receipt: Receipt,
    /// The kept part.
    pub kept: Kept,
    /// The erasable part.
    pub content: Content,
    /// Both, salted, as they lie beside the log.
    pub opening: Opening,
}
