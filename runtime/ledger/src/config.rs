//! What the gateway says about itself: whose word counts, and how far clocks may differ (`spec/ledger.md`, section 2).

use alloc::vec::Vec;

use licit_receipt::Kind;

/// The longest list of keys for one kind of event.
pub const MAX_KEYS: usize = 256;

/// Who may order events: keys by kind.
pub type Entitled = Vec<(Kind, Vec<[u8; 32]>)>;

/// A configuration, in force from its event to the next one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The Ed25519 keys that may order events of a kind, strictly ascending by kind, each list strictly ascending and
    /// not empty. A kind that is not listed needs no warrant.
    pub entitled: Entitled,
    /// How far the instant of a use may lie before the instant of the log, in microseconds; none: without bound.
    pub lateness: Option<u64>,
    /// How far it may lie after it; none: without bound.
    pub ahead: Option<u64>,
}

impl Config {
    /// The keys that may order events of a kind; none where no warrant is needed.
    pub fn keys(&self, kind: Kind) -> Option<&[[u8; 32]]> {
        self.entitled.iter().find(|(of, _)| *of == kind).map(|(_, keys)| keys.as_slice())
    }

    /// Whether it has the form that its bytes have: sorted, nothing twice, nothing empty, only kinds that are ordered.
    pub fn is_canonical(&self) -> bool {
        self.entitled.is_sorted_by(|a, b| a.0 < b.0)
            && self.entitled.iter().all(|(kind, keys)| {
                is_ordered(*kind)
                    && !keys.is_empty()
                    && keys.len() <= MAX_KEYS
                    && keys.is_sorted_by(|a, b| a < b)
            })
    }

    /// Whether a use at `used` may be logged at `logged`, both in microseconds since 1970.
    pub fn allows(&self, used: u64, logged: u64) -> bool {
        let within = |distance: u64, bound: Option<u64>| bound.is_none_or(|bound| distance <= bound);
        within(logged.saturating_sub(used), self.lateness) && within(used.saturating_sub(logged), self.ahead)
    }
}

/// Whether events of this kind are ordered by somebody, so that a warrant may be needed.
pub fn is_ordered(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Grant
            | Kind::Accept
            | Kind::Notice
            | Kind::Evidence
            | Kind::Payment
            | Kind::Seat
            | Kind::Correct
            | Kind::Reversal
            | Kind::Close
    )
}
