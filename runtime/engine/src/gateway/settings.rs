//! How a gateway behaves: what waits for the disk, how much may wait, and what happens when the disk fails.

use std::collections::BTreeMap;
use std::time::Duration;

use licit_ledger::Command;
use licit_ledger::receipt::{Hash, Kind, Receipt};

/// How a gateway behaves. The default suits a gateway whose consumers must never lose a charge.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Which answers wait for the disk.
    pub durability: Durability,
    /// Which receipts become durable together.
    pub group: GroupCommit,
    /// How much may wait, and how many holds may be open.
    pub limits: Limits,
    /// What goes on while the disk fails.
    pub outage: Outage,
    /// Which denials are logged.
    pub denials: Denials,
    /// Who writes.
    pub flusher: Flusher,
}

/// When an answer is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// As soon as it is decided. A crash may lose it until the next write, which follows within
    /// [`GroupCommit::idle`].
    Memory,
    /// Once its receipt survives a crash.
    Disk,
}

/// Which answers wait for the disk, by command. The same command given again is promised the same, so that an answer
/// is never shown earlier to the second who asks.
///
/// The log is written in order, so a crash loses a tail of it: a durable answer makes every answer before it durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Durability {
    /// Asks. From memory, a crash can lose holds (and denials, which consume nothing): the invocation is then unknown,
    /// its commit is refused as unknown, and it may be asked again. Nothing that was charged is lost.
    pub ask: Promise,
    /// Ask and commit in one. From memory, a crash can lose charges that the consumer saw.
    pub invoke: Promise,
    /// Commits of holds, in time or late. From memory, a crash can lose charges that the consumer saw; the hold may be open again.
    pub commit: Promise,
    /// Releases, and calls that failed. From memory, a crash can lose one that was acknowledged; the hold then ends by expiry.
    pub release: Promise,
    /// Every other event: renewals and extensions of holds, grants, notices, evidence, payments, corrections, and so on.
    pub other: Promise,
}

impl Default for Durability {
    /// Asks from memory, everything else from the disk.
    fn default() -> Self {
        use Promise::*;
        Durability { ask: Memory, invoke: Disk, commit: Disk, release: Disk, other: Disk }
    }
}

impl Durability {
    /// What is promised to whoever gives a command.
    pub(crate) fn of(self, command: &Command) -> Promise {
        match command {
            Command::Ask { .. } => self.ask,
            Command::Invoke(_) => self.invoke,
            Command::Commit { .. } => self.commit,
            Command::Release { .. } | Command::Failed { .. } => self.release,
            // Nobody waits to hear of these.
            Command::Expire { .. } | Command::Denials { .. } => Promise::Memory,
            _ => self.other,
        }
    }

    /// What was promised to whoever was told of a leaf first; a denial is told by ask and invoke alike.
    pub(crate) fn of_leaf(self, receipt: &Receipt) -> Promise {
        match receipt.kind {
            Kind::Hold => self.ask,
            Kind::Commit if receipt.reference.is_none() => self.invoke,
            Kind::Commit | Kind::Late => self.commit,
            Kind::Release | Kind::Failed => self.release,
            Kind::Deny | Kind::Expire => Promise::Memory,
            _ => self.other,
        }
    }
}

/// Which receipts become durable together. While one group is written the next one gathers, so groups grow with the
/// load by themselves; waiting for more trades latency for fewer writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupCommit {
    /// So many waiting receipts are written at once, without waiting any longer.
    pub size: u64,
    /// How long the first receipt that somebody waits for waits for others.
    pub linger: Duration,
    /// How long receipts wait that nobody waits for.
    pub idle: Duration,
}

impl Default for GroupCommit {
    fn default() -> Self {
        GroupCommit { size: 1024, linger: Duration::ZERO, idle: Duration::from_millis(50) }
    }
}

/// What happens to those who find no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Full {
    /// They wait until there is room.
    #[default]
    Wait,
    /// They are told [`crate::Error::Busy`].
    Busy,
}

/// How much may wait, and how many holds may be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Receipts that are not durable yet.
    pub waiting: u64,
    /// Their bytes with their openings; at most 32 MiB counts.
    pub waiting_bytes: usize,
    /// What happens to whoever finds no room.
    pub full: Full,
    /// Open holds of this gateway.
    pub holds: u64,
    /// Open holds of one licensee; those who are nobody count as one.
    pub holds_per_licensee: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            waiting: 65_536,
            waiting_bytes: 32 << 20,
            full: Full::Wait,
            holds: 1_000_000,
            holds_per_licensee: 100_000,
        }
    }
}

/// What goes on while the disk fails.
///
/// A failed write is tried again once, on files opened anew. If that fails too, the store is *down*: new uses are refused
/// ([`crate::Error::StoreDown`]) unless their licence has grace. Commits, releases and all else that ends or
/// records what has already happened are taken into memory, in order, as far as there is room, so that a use that was
/// permitted is billed at the price of its moment; whoever waits for the disk is told
/// [`crate::Error::NotDurable`], and gets the answer by the same command again once the store is back. All of it is
/// written when the store is back, nothing twice; a crash before that loses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// How long after a failed attempt the files are opened again.
    pub retry: Duration,
    /// Licences whose uses go on from memory for a while, by licence id. None unless named.
    pub grace: BTreeMap<Hash, Grace>,
}

impl Default for Outage {
    fn default() -> Self {
        Outage { retry: Duration::from_secs(1), grace: BTreeMap::new() }
    }
}

/// How long a licence's uses go on from memory while the store is down. Their answers say that they are not durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grace {
    /// So long from the beginning of the outage.
    pub time: Duration,
    /// So many answers.
    pub events: u64,
}

/// Which denials are logged. All of them are answered. One that is not logged is not remembered either: the same id,
/// asked again, is decided anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denials {
    /// Of each caller in each minute of the log's clock. What goes beyond is summed up.
    pub per_minute: u32,
    /// Callers of one minute that are told apart; denials of any further ones are not logged.
    pub callers: usize,
    /// Whether denials of those are logged who are nobody: no user and no organisation.
    pub nobody: bool,
}

impl Default for Denials {
    fn default() -> Self {
        Denials { per_minute: 60, callers: 65_536, nobody: false }
    }
}

/// Who writes to the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flusher {
    /// A thread of the gateway's own.
    #[default]
    Thread,
    /// Whoever waits for the disk, for all who wait. Receipts that nobody waits for are written with the next that
    /// somebody waits for, or on closing. For programs of one thread, and for tests that must run the same every time.
    Caller,
}
