//! The enumerations of a receipt: what happened ([`Kind`]) and why not ([`decision_name`]).
//!
//! Numbers are frozen. A new member is appended and takes the next number.

use core::fmt;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $number:literal $name:literal $variant:ident;)+) => {
        /// What a leaf records: the kinds of event of the ledger, numbered from 1.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Kind {
            $($(#[doc = $doc])+ $variant = $number,)+
        }

        impl Kind {
            /// Every kind, in the order of the numbers.
            pub const ALL: &[Kind] = &[$(Kind::$variant,)+];

            /// The kind with this number, if there is one.
            pub const fn from_number(number: u64) -> Option<Kind> {
                match number {
                    $($number => Some(Kind::$variant),)+
                    _ => None,
                }
            }

            /// The name people read: lower case, hyphenated.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Kind::$variant => $name,)+
                }
            }
        }
    };
}

kinds! {
    /// A licence was granted to a holder.
    1 "grant" Grant;
    /// A holder accepted a licence or a version of it.
    2 "accept" Accept;
    /// A notice: a revocation, a new version.
    3 "notice" Notice;
    /// Evidence: a fact, a duty done, a latch.
    4 "evidence" Evidence;
    /// A payment or top-up.
    5 "payment" Payment;
    /// A seat was taken, renewed or given back.
    6 "seat" Seat;
    /// An ask was permitted and its largest quantities are held.
    7 "hold" Hold;
    /// The lease of a hold was prolonged.
    8 "renew" Renew;
    /// A hold was enlarged.
    9 "extend" Extend;
    /// A use was counted and charged.
    10 "commit" Commit;
    /// An ask was denied.
    11 "deny" Deny;
    /// A hold was given back unused.
    12 "release" Release;
    /// A hold's lease ran out.
    13 "expire" Expire;
    /// A call failed upstream: not counted, not charged.
    14 "failed" Failed;
    /// A commit after its hold had expired.
    15 "late" Late;
    /// A past quantity was corrected.
    16 "correct" Correct;
    /// A charge was taken back.
    17 "reversal" Reversal;
    /// A window was closed.
    18 "close" Close;
    /// A log was opened for a new epoch: always the first leaf.
    19 "epoch-open" EpochOpen;
    /// The gateway says whose word counts and how far clocks may differ.
    20 "configure" Configure;
}

impl Kind {
    /// The number that stands for this kind in a receipt.
    pub const fn number(self) -> u64 {
        self as u64
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The value of `decision` when a call was permitted.
pub const PERMIT: u16 = 0;

/// The names of the decisions by their numbers: `permit`, then the reasons of a denial in the order in which they
/// are reported. A receipt holds the first; all of them are in its opening.
pub const DECISIONS: [&str; 18] = [
    "permit",
    "range",
    "revoked",
    "stale",
    "ended",
    "not-yet",
    "expired",
    "lapsed",
    "not-holder",
    "suspended",
    "forbidden",
    "not-permitted",
    "needing",
    "over",
    "unmet",
    "unpriced",
    "ambiguous-price",
    "credit",
];

/// The name of a decision, if this version of the enumeration knows its number.
///
/// The codec accepts every 16-bit number, so that a receipt with a reason of a later version still verifies.
pub fn decision_name(decision: u16) -> Option<&'static str> {
    DECISIONS.get(usize::from(decision)).copied()
}
