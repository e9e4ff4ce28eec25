//! What a log comes to: counters, open holds, duties, running totals.
//!
//! State is never written anywhere but by [`crate::fold`]; two logs with the same leaves and kept parts have equal
//! states.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use licit_receipt::Hash;
use licit_vm::DutyStatus;

use crate::kept::{Count, Id, Span, Who};

/// The consumer's id of an invocation (a UUIDv7).
pub type CallId = [u8; 16];

/// State after some number of leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Set by the epoch's first leaf.
    pub(crate) epoch: Option<Epoch>,
    /// The index of the next leaf.
    pub(crate) next: u64,
    /// The instant of the last leaf.
    pub(crate) logged: u64,
    pub(crate) counters: BTreeMap<CounterKey, Sum>,
    pub(crate) calls: BTreeMap<CallId, Call>,
    pub(crate) holds: BTreeMap<CallId, Hold>,
    /// Open holds by the instant they end.
    pub(crate) ends: BTreeSet<(i64, CallId)>,
    pub(crate) duties: BTreeMap<DutyKey, DutyStatus>,
    pub(crate) notices: BTreeMap<Hash, i64>,
    pub(crate) buckets: BTreeMap<AccountKey, Total>,
    pub(crate) pools: BTreeMap<AccountKey, Pool>,
}

/// Whose log it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// SHA-256 of the gateway's public key.
    pub gateway: Hash,
    /// The gateway's public key as multikey bytes.
    pub key: [u8; 34],
    /// The fencing token.
    pub epoch: u64,
    /// What names are salted with.
    pub salt: [u8; 32],
}

/// A counter of a licence, of one key, in one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CounterKey {
    /// The licence.
    pub licence: Hash,
    /// The counter's number.
    pub counter: u16,
    /// The window's index.
    pub window: i64,
    /// The salted id of the user, organisation or licensee.
    pub of: Id,
}

/// A sum that is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Used.
    pub committed: u128,
    /// Held by open holds.
    pub held: u128,
}

/// Where an invocation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// The phase it has reached.
    pub phase: Phase,
    /// The leaf that brought it there.
    pub leaf: u64,
    /// The leaf of its ask, whose opening holds the request.
    pub asked: u64,
}

/// The phases of an invocation. All but `Held` are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Permitted, its quantities held.
    Held,
    /// Used and charged.
    Committed,
    /// Denied.
    Denied,
    /// Given back unused.
    Released,
    /// The hold ran out.
    Expired,
}

impl Phase {
    /// The name people read.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Held => "held",
            Phase::Committed => "committed",
            Phase::Denied => "denied",
            Phase::Released => "released",
            Phase::Expired => "expired",
        }
    }
}

/// An open hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The leaf of the ask.
    pub leaf: u64,
    /// The licence.
    pub licence: Hash,
    /// The module that decided the ask and will price the commit.
    pub module: Hash,
    /// Who asked.
    pub who: Who,
    /// The ask's instant of use: it decides term and windows of the commit.
    pub used_at: u64,
    /// What is held.
    pub counts: Vec<Count>,
    /// The first instant of the log at which the hold is no longer open.
    pub until: i64,
}

/// A duty of one licensee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DutyKey {
    /// The licence.
    pub licence: Hash,
    /// The licensee; none for requests that name nobody.
    pub licensee: Option<Id>,
    /// The duty's number.
    pub duty: u16,
}

/// A bucket of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountKey {
    /// The licence. It decides the currency.
    pub licence: Hash,
    /// The window. All calls of a licensee are one entry, of kind call.
    pub span: Span,
    /// The licensee; none for requests that name nobody.
    pub licensee: Option<Id>,
}

/// The running total of a settlement bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Exact, in parts of 1/grain of the currency.
    pub charged: u128,
    /// Minor units due so far.
    pub due: u128,
    /// How many commits.
    pub commits: u64,
}

/// A sharing bucket that is not a settlement bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    /// Minor units due so far.
    pub due: u128,
    /// What every payee has, where each call is shared at once; else empty, and computed from `due`.
    pub paid: Vec<u128>,
}

impl State {
    /// Before the first leaf.
    pub fn new() -> State {
        State::default()
    }

    /// Whose log it is; none before its first leaf.
    pub fn epoch(&self) -> Option<&Epoch> {
        self.epoch.as_ref()
    }

    /// How many leaves were folded.
    pub fn leaves(&self) -> u64 {
        self.next
    }

    /// The instant of the last leaf, in microseconds since 1970.
    pub fn logged_at(&self) -> u64 {
        self.logged
    }

    /// What one counter stands at.
    pub fn counter(&self, key: &CounterKey) -> Sum {
        self.counters.get(key).copied().unwrap_or_default()
    }

    /// All counters that were ever touched.
    pub fn counters(&self) -> impl Iterator<Item = (&CounterKey, &Sum)> {
        self.counters.iter()
    }

    /// Where an invocation stands.
    pub fn call(&self, call: &CallId) -> Option<&Call> {
        self.calls.get(call)
    }

    /// An open hold.
    pub fn hold(&self, call: &CallId) -> Option<&Hold> {
        self.holds.get(call)
    }

    /// All open holds.
    pub fn holds(&self) -> impl Iterator<Item = (&CallId, &Hold)> {
        self.holds.iter()
    }

    /// The open hold that ends first, if it has ended at `now`.
    pub fn ended(&self, now: u64) -> Option<CallId> {
        let (until, call) = self.ends.first()?;
        (u64::try_from(*until).unwrap_or(0) <= now).then_some(*call)
    }

    /// The status of a duty.
    pub fn duty(&self, key: &DutyKey) -> DutyStatus {
        self.duties.get(key).copied().unwrap_or_default()
    }

    /// The instant of a licence's revocation notice.
    pub fn notice(&self, licence: &Hash) -> Option<i64> {
        self.notices.get(licence).copied()
    }

    /// The running total of one settlement bucket.
    pub fn total(&self, key: &AccountKey) -> Total {
        self.buckets.get(key).copied().unwrap_or_default()
    }

    /// All settlement buckets, by licence, window and licensee.
    pub fn totals(&self) -> impl Iterator<Item = (&AccountKey, &Total)> {
        self.buckets.iter()
    }

    /// All sharing buckets that are not settlement buckets.
    pub fn pools(&self) -> impl Iterator<Item = (&AccountKey, &Pool)> {
        self.pools.iter()
    }
}
