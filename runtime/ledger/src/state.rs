//! What a log comes to: counters, open holds, duties, running totals.
//!
//! State is never written anywhere but by [`crate::fold`]; two logs with the same leaves and kept parts have equal
//! states.

mod bytes;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use licit_receipt::Hash;
use licit_vm::{DutyStatus, Instants, Key, Renewal};

use crate::config::Config;
use crate::credit::Lots;
use crate::kept::{Count, Held, Id, Span, Who};
use crate::money::Exact;
use crate::rating::Reports;

/// The consumer's id of an invocation (a UUIDv7).
pub type CallId = [u8; 16];

/// State after some number of leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Set by the epoch's first leaf.
    pub(crate) epoch: Option<Epoch>,
    pub(crate) config: Config,
    /// The index of the next leaf.
    pub(crate) next: u64,
    /// The instant of the last leaf.
    pub(crate) logged: u64,
    pub(crate) counters: BTreeMap<CounterKey, Sum>,
    pub(crate) reports: BTreeMap<CounterKey, Reported>,
    pub(crate) calls: BTreeMap<CallId, Call>,
    pub(crate) holds: BTreeMap<CallId, Hold>,
    /// Open holds by the instant they end. Follows from `holds`.
    pub(crate) ends: BTreeSet<(i64, CallId)>,
    pub(crate) seats: BTreeMap<SeatKey, Seat>,
    pub(crate) duties: BTreeMap<DutyKey, DutyStatus>,
    pub(crate) standing: BTreeMap<(Hash, Option<Id>), Standing>,
    pub(crate) notices: BTreeMap<Hash, i64>,
    pub(crate) releases: BTreeMap<Hash, i64>,
    pub(crate) buckets: BTreeMap<AccountKey, Total>,
    pub(crate) pools: BTreeMap<AccountKey, Pool>,
    pub(crate) credit: BTreeMap<(Hash, Id), Lots>,
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

impl CounterKey {
    /// The counter of whoever the key stands for; none where nobody is named.
    pub fn of(licence: Hash, who: &Who, counter: u16, key: Key, window: i64) -> Option<CounterKey> {
        Some(CounterKey { licence, counter, window, of: who.key(key)? })
    }
}

/// A sum that is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Used.
    pub committed: u128,
    /// Held by open holds.
    pub held: u128,
    /// The licensee who used it first: who owes what is missing to a floor.
    pub licensee: Option<Id>,
}

/// What was reported to a charge at close in one window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// One report a use, by its instant and the leaf of its ask.
    pub reports: Reports,
    /// The licensee who reported first: who owes the charge.
    pub licensee: Option<Id>,
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
    /// The leaf that holds its present quantities: the ask, the last extension, the commit or the last correction.
    pub latest: u64,
}

/// The phases of an invocation, and of the ids of other events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Permitted, its quantities held.
    Held,
    /// Used and charged.
    Committed,
    /// Used, but said so after its hold had ended.
    Late,
    /// Denied.
    Denied,
    /// Given back unused.
    Released,
    /// The hold ran out.
    Expired,
    /// Failed upstream: neither counted nor charged.
    Failed,
    /// Taken back after it was used.
    Reversed,
    /// No call: an order, a configuration or a summary, carried out.
    Recorded,
}

impl Phase {
    /// All of them.
    pub const ALL: [Phase; 9] = [
        Phase::Held,
        Phase::Committed,
        Phase::Late,
        Phase::Denied,
        Phase::Released,
        Phase::Expired,
        Phase::Failed,
        Phase::Reversed,
        Phase::Recorded,
    ];

    /// The name people read.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Held => "held",
            Phase::Committed => "committed",
            Phase::Late => "late",
            Phase::Denied => "denied",
            Phase::Released => "released",
            Phase::Expired => "expired",
            Phase::Failed => "failed",
            Phase::Reversed => "reversed",
            Phase::Recorded => "recorded",
        }
    }
}

/// An open hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The leaf of the ask.
    pub leaf: u64,
    /// The leaf whose opening holds the request as it is held: the ask, or the last extension.
    pub request: u64,
    /// The licence.
    pub licence: Hash,
    /// The module that decided the ask and will price the commit.
    pub module: Hash,
    /// The ask's instant of use: it decides term and windows of the commit.
    pub used_at: u64,
    /// What is held, and by whom.
    pub held: Held,
    /// The first instant of the log at which the hold is no longer open.
    pub until: i64,
    /// The latest end that renewals may reach.
    pub latest: i64,
}

impl Hold {
    /// The counters it holds something of, and how much.
    pub fn counts(&self) -> impl Iterator<Item = (CounterKey, &Count)> {
        self.held.counts.iter().filter_map(|count| {
            let key = CounterKey::of(self.licence, &self.held.who, count.counter, count.key, count.window)?;
            Some((key, count))
        })
    }

    /// How much it holds of one counter.
    pub fn of(&self, key: &CounterKey) -> u128 {
        self.counts().find(|(of, _)| of == key).map_or(0, |(_, count)| count.quantity)
    }

    /// Whether it has ended by itself at an instant of the log.
    pub fn is_over(&self, logged_at: u64) -> bool {
        u64::try_from(self.until).unwrap_or(0) <= logged_at
    }
}

/// A seat of one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeatKey {
    /// The licence.
    pub licence: Hash,
    /// The counter of the limit.
    pub counter: u16,
    /// The organisation or licensee.
    pub group: Id,
    /// The user.
    pub user: Id,
}

/// How a seat is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seat {
    /// The last instant of use; none where only open holds take it.
    pub last: Option<i64>,
    /// It was given back since.
    pub released: bool,
    /// Open holds that take it.
    pub open: u32,
}

/// What is known of one licensee of one licence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The instant of the grant.
    pub grant: Option<i64>,
    /// The instant of acceptance.
    pub accepted: Option<i64>,
    /// The instant of the first use.
    pub first_use: Option<i64>,
    /// What is paid for.
    pub renewal: Option<Renewal>,
    /// Ends that were reached for good.
    pub latched: BTreeSet<u16>,
    /// Minor units paid for what is owed.
    pub paid: u128,
    /// Minor units paid for renewals.
    pub renewals: u128,
    /// Minor units paid for credit.
    pub credit: u128,
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Exact, net of what was taken back, in parts of 1/grain of the currency.
    pub charged: u128,
    /// What gifts paid of it, in parts of credit.
    pub gifted: u128,
    /// What other prepaid credit paid of it, in parts of credit.
    pub prepaid: u128,
    /// Minor units due so far, net.
    pub due: i128,
    /// How many commits.
    pub commits: u64,
    /// The instant of the log at which it was closed.
    pub closed: Option<u64>,
    /// What every part has for good, where the bucket was shared when it was closed.
    pub paid: Vec<i128>,
}

impl Total {
    /// The exact sums; none if they do not fit.
    pub fn exact(&self) -> Option<Exact> {
        let signed = |sum: u128| i128::try_from(sum).ok();
        Some(Exact {
            charged: signed(self.charged)?,
            gifted: signed(self.gifted)?,
            prepaid: signed(self.prepaid)?,
        })
    }
}

/// A sharing bucket that is not a settlement bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    /// Minor units due so far, net.
    pub due: i128,
    /// What every part has for good, where calls are shared one by one or the bucket is closed; else empty.
    pub paid: Vec<i128>,
    /// The instant of the log at which it was closed.
    pub closed: Option<u64>,
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
        self.buckets.get(key).cloned().unwrap_or_default()
    }

    /// All settlement buckets, by licence, window and licensee.
    pub fn totals(&self) -> impl Iterator<Item = (&AccountKey, &Total)> {
        self.buckets.iter()
    }

    /// All sharing buckets that are not settlement buckets.
    pub fn pools(&self) -> impl Iterator<Item = (&AccountKey, &Pool)> {
        self.pools.iter()
    }

    /// One sharing bucket that is not a settlement bucket.
    pub fn pool(&self, key: &AccountKey) -> Pool {
        self.pools.get(key).cloned().unwrap_or_default()
    }

    /// What the gateway said about itself last.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What is known of a licensee of a licence.
    pub fn standing(&self, licence: &Hash, licensee: Option<Id>) -> Option<&Standing> {
        self.standing.get(&(*licence, licensee))
    }

    /// All licensees of whom something is known, by licence.
    pub fn standings(&self) -> impl Iterator<Item = (&(Hash, Option<Id>), &Standing)> {
        self.standing.iter()
    }

    /// The instant at which the licensed thing was released.
    pub fn released(&self, licence: &Hash) -> Option<i64> {
        self.releases.get(licence).copied()
    }

    /// What terms and renewals of a licensee hang on.
    pub fn instants(&self, licence: &Hash, licensee: Option<Id>) -> Instants {
        let release = self.released(licence);
        let Some(standing) = self.standing(licence, licensee) else {
            return Instants { release, ..Instants::default() };
        };
        let Standing { grant, first_use, renewal, .. } = *standing;
        Instants { grant, release, first_use, renewal }
    }

    /// The seats of one limit in one group.
    pub fn seats(&self, licence: &Hash, counter: u16, group: Id) -> impl Iterator<Item = (Id, &Seat)> {
        let key = |user| SeatKey { licence: *licence, counter, group, user };
        let all = self.seats.range(key(Id([0; 32]))..=key(Id([0xff; 32])));
        all.map(|(key, seat)| (key.user, seat))
    }

    /// The seat of one user.
    pub fn seat(&self, key: &SeatKey) -> Option<&Seat> {
        self.seats.get(key)
    }

    /// What was reported to a charge at close in one window.
    pub fn reports(&self, key: &CounterKey) -> Option<&Reported> {
        self.reports.get(key)
    }

    /// Prepaid credit of one user, organisation or licensee.
    pub fn credit(&self, licence: &Hash, of: Id) -> Option<&Lots> {
        self.credit.get(&(*licence, of))
    }

    /// All prepaid credit.
    pub fn credits(&self) -> impl Iterator<Item = (&(Hash, Id), &Lots)> {
        self.credit.iter()
    }
}
