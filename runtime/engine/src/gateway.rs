//! The gateway: one ledger for many threads. Deciding happens under one lock and touches no file; one thread writes
//! group after group, and each answer waits for the disk as far as it was promised to.
//!
//! Reading order: `settings`, `desk` (what the lock protects), `group` (what the waiting wait on), `flusher` (who
//! writes), `pending` (an answer on its way), `denials`.

mod denials;
pub(crate) mod desk;
mod flusher;
mod group;
mod pending;
mod settings;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use licit_ledger::receipt::{Hash, Kind, SigningKey};
use licit_ledger::{Accounts, Ask, Call, CallId, Command, Config, Licence, Order, Request, State, What};

use crate::archive::Archive;
use crate::book::{Decided, Fetched, Ready};
use crate::disk::Disk;
use crate::engine::{Answer, Engine, Loaded, Options, Standing, check_erasable, erase, prove, sorted};
use crate::entry::{Entry, Names, Proof};
use crate::error::Error;
use crate::metrics;
use crate::policies::PolicySet;
use crate::store::Store;
use denials::Summed;
use desk::{Desk, Health, Stage, is_new_use};

pub use pending::Pending;
pub use settings::{
    Denials, Durability, Flusher, Full, Grace, GroupCommit, Limits, Outage, Promise, Settings,
};

/// A ledger for many threads. Clones are the same gateway; the last one that is dropped closes it.
///
/// A method answers once its receipt is as durable as [`Durability`] promises. An error of kind
/// [`Error::Refused`] means that nothing happened; [`Error::NotDurable`], that it happened and may yet be
/// lost; any other, that nothing happened because of the gateway's own state.
#[derive(Clone)]
pub struct Gateway {
    handle: Arc<Handle>,
}

struct Handle {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<Result<(), Error>>>>,
}

pub(crate) struct Shared {
    desk: Mutex<Desk>,
    /// The flusher waits here for work.
    work: Condvar,
    /// Who finds no room waits here, and who waits for holds to end.
    room: Condvar,
    /// Never locked by whoever has the desk; none once the gateway is closed.
    store: Mutex<Option<Store>>,
    archive: Archive,
    disk: Option<Arc<dyn Disk>>,
    settings: Settings,
    options: Options,
    /// Leaves in the newest snapshot.
    snapshot: AtomicU64,
}

/// How a gateway is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Leaves decided.
    pub leaves: u64,
    /// Leaves that survive a crash.
    pub durable: u64,
    /// Open holds.
    pub holds: u64,
    /// Why the store is down, if it is.
    pub down: Option<String>,
    /// Whether it has stopped for good: it must be opened again.
    pub stopped: bool,
    /// Whether new uses are refused because it is to be closed.
    pub draining: bool,
}

/// What draining came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Holds that were still open at the deadline. They are in the log, and open again when it is opened.
    pub holds: u64,
    /// Leaves in the log, all of them durable and signed.
    pub leaves: u64,
}

impl Gateway {
    /// Opens the ledger in a folder, or begins one, with the system's clock and randomness.
    pub fn open_dir(folder: &Path, key: SigningKey, settings: Settings) -> Result<Gateway, Error> {
        Self::new(Engine::open_dir(folder, key)?, settings)
    }

    /// Puts a gateway around an engine. Of the engine's options all but `group` go on to count.
    pub fn new(mut engine: Engine, settings: Settings) -> Result<Gateway, Error> {
        engine.flush()?;
        let Engine { book, store, options, snapshot, .. } = engine;
        let shared = Arc::new(Shared {
            archive: store.archive().clone(),
            disk: store.disk().cloned(),
            desk: Mutex::new(Desk::new(book)),
            work: Condvar::new(),
            room: Condvar::new(),
            store: Mutex::new(Some(store)),
            settings,
            options,
            snapshot: AtomicU64::new(snapshot),
        });
        metrics::desk(&*shared.desk()?);
        let thread = match shared.settings.flusher {
            Flusher::Caller => None,
            Flusher::Thread => {
                let shared = shared.clone();
                let run = move || shared.run();
                let spawned = std::thread::Builder::new().name("licit-flusher".into()).spawn(run);
                Some(spawned.map_err(Error::io("the writing thread"))?)
            }
        };
        Ok(Gateway { handle: Arc::new(Handle { shared, thread: Mutex::new(thread) }) })
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }

    /// Verifies a module, stores it beside the log and makes it ready to decide. Open holds keep theirs: a commit is
    /// priced by the module of its ask.
    pub fn load(&self, bytes: &[u8]) -> Result<Loaded, Error> {
        let shared = self.shared();
        drop(shared.desk()?);
        let licence = Licence::load(bytes).map_err(|error| Error::Policy { file: None, error })?;
        if let Some(disk) = &shared.disk {
            PolicySet::store(disk.as_ref(), &licence, bytes)?;
        }
        let (licence, module) = shared.desk()?.book.policies.insert(licence);
        Ok(Loaded { licence, module })
    }

    /// A new id for an invocation whose consumer brings none (a UUIDv7).
    pub fn new_call(&self) -> Result<CallId, Error> {
        self.shared().desk()?.book.new_call()
    }

    /// Decides a use and commits it in one.
    pub fn invoke(
        &self,
        module: Hash,
        call: CallId,
        used_at: u64,
        request: Request,
    ) -> Result<Answer, Error> {
        self.answer(&Command::Invoke(Ask { call, module, used_at, request }))
    }

    /// Decides a use and holds its largest quantities until `until` of the log's clock, in microseconds since 1970.
    pub fn ask(
        &self,
        module: Hash,
        call: CallId,
        used_at: u64,
        request: Request,
        until: u64,
    ) -> Result<Answer, Error> {
        let until = i64::try_from(until).unwrap_or(i64::MAX);
        self.answer(&Command::Ask { ask: Ask { call, module, used_at, request }, until, latest: None })
    }

    /// Bills the actual quantities of a hold.
    pub fn commit(&self, call: CallId, quantities: Vec<(String, u128)>) -> Result<Answer, Error> {
        self.answer(&Command::Commit { call, quantities: sorted(quantities) })
    }

    /// Gives a hold back unused.
    pub fn release(&self, call: CallId) -> Result<Answer, Error> {
        self.answer(&Command::Release { call })
    }

    /// Holds larger quantities from now on: all of them by unit, none smaller than before.
    pub fn extend(&self, call: CallId, quantities: Vec<(String, u128)>) -> Result<Answer, Error> {
        self.answer(&Command::Extend { call, quantities: sorted(quantities) })
    }

    /// Lets a hold end later, at `until` of the log's clock in microseconds since 1970.
    pub fn renew(&self, call: CallId, until: u64) -> Result<Answer, Error> {
        self.answer(&Command::Renew { call, until: i64::try_from(until).unwrap_or(i64::MAX) })
    }

    /// Records that a call failed upstream: it is neither counted nor charged.
    pub fn fail(&self, call: CallId) -> Result<Answer, Error> {
        self.answer(&Command::Failed { call })
    }

    /// Carries out what somebody must be entitled to: grants, notices, evidence, payments, seats, corrections, closes.
    pub fn order(&self, order: Order) -> Result<Answer, Error> {
        self.answer(&Command::Order(order))
    }

    /// Says whose word counts from now on, and how far clocks may differ.
    pub fn configure(&self, config: Config) -> Result<Answer, Error> {
        let id = self.new_call()?;
        self.answer(&Command::Configure { id, config })
    }

    /// Records evidence that a duty was done by the user or organisation of a request; returns the leaf.
    pub fn duty_done(&self, module: Hash, duty: u16, by: Request, at: u64) -> Result<u64, Error> {
        let id = self.new_call()?;
        let order = Order { id, module, at: Some(at), request: by, what: What::Done(duty), warrant: None };
        self.answer(&Command::Order(order)).map(|answer| answer.receipt.seq)
    }

    /// Records a notice of revocation; returns the leaf.
    pub fn notice(&self, module: Hash, at: u64) -> Result<u64, Error> {
        let id = self.new_call()?;
        let request = Request::default();
        let order = Order { id, module, at: Some(at), request, what: What::Revoke, warrant: None };
        self.answer(&Command::Order(order)).map(|answer| answer.receipt.seq)
    }

    /// Carries out any command of the ledger; the other methods are short for it.
    pub fn answer(&self, command: &Command) -> Result<Answer, Error> {
        self.begin(command)?.wait()
    }

    /// Decides a command now and lets the answer be waited for later, by a thread or as a future. Whether a
    /// [`Pending`] is waited for or dropped changes nothing about its receipt.
    pub fn begin(&self, command: &Command) -> Result<Pending, Error> {
        let started = Instant::now();
        let pending = self.shared().decide(command);
        metrics::decided(command, pending.as_ref().map(Pending::early), started.elapsed());
        pending
    }

    /// Records the end of every hold that has ended by itself, and of the minute's denials; returns how many holds.
    /// Every command does this first: a gateway without commands does it only if its host calls this now and then.
    pub fn expire(&self) -> Result<u64, Error> {
        let shared = self.shared();
        let mut desk = shared.desk()?;
        let ended = shared.sweep(&mut desk);
        drop(desk);
        shared.work.notify_one();
        ended
    }

    /// Waits until everything so far is durable.
    pub fn flush(&self) -> Result<(), Error> {
        let shared = self.shared();
        let mut desk = shared.desk()?;
        let Some(last) = desk.book.state.leaves().checked_sub(1) else { return Ok(()) };
        let group = desk.group_of(last);
        desk.urgent = true;
        desk.want();
        drop(desk);
        shared.work.notify_one();
        match group {
            Some(group) => shared.await_group(&group, last),
            None => Ok(()),
        }
    }

    /// Tries to open the files again now, if the store is down, instead of when it is time.
    pub fn retry(&self) -> Result<(), Error> {
        let shared = self.shared();
        if let Health::Down(outage) = &mut shared.desk()?.health {
            outage.retry_at = Instant::now();
        }
        shared.work.notify_one();
        Ok(())
    }

    /// How it is doing.
    pub fn status(&self) -> Status {
        let desk = self.shared().desk.lock().unwrap_or_else(PoisonError::into_inner);
        let pending = desk.book.pending_count();
        let leaves = desk.book.state.leaves();
        Status {
            leaves,
            durable: leaves.saturating_sub(pending),
            holds: desk.holds,
            down: desk.why_down().map(ToString::to_string),
            stopped: matches!(desk.health, Health::Stopped),
            draining: desk.stage != Stage::Running,
        }
    }

    /// Looks at state and policies. Nothing is decided meanwhile: keep it short.
    pub fn with<T>(&self, look: impl FnOnce(&State, &PolicySet) -> T) -> Result<T, Error> {
        let desk = self.shared().desk()?;
        Ok(look(&desk.book.state, &desk.book.policies))
    }

    /// Accounts and shares.
    pub fn accounts(&self) -> Result<Accounts, Error> {
        self.with(Accounts::of)
    }

    /// The names behind the salted ids, as far as they are not erased. The first time after opening from a snapshot, or
    /// after an erasure, every opening is read, and nothing is decided meanwhile.
    pub fn names(&self) -> Result<Names, Error> {
        let shared = self.shared();
        Ok(shared.desk()?.book.names(&shared.archive).clone())
    }

    /// A leaf with its opening, taken apart. It may not be durable yet.
    pub fn entry(&self, leaf: u64) -> Result<Entry, Error> {
        let pending = self.shared().desk()?.book.pending(leaf);
        pending.unwrap_or_else(|| Entry::read(&self.shared().archive, leaf))
    }

    /// Erases the erasable parts of leaves' openings, as [`Engine::erase`]. Nothing is written meanwhile.
    pub fn erase(&self, leaves: &BTreeSet<u64>) -> Result<(), Error> {
        self.flush()?;
        let shared = self.shared();
        let mut store = shared.store();
        let store = store.as_mut().ok_or(Error::Closed)?;
        {
            let desk = shared.desk()?;
            check_erasable(&desk.book, leaves)?;
            if leaves.last().is_some_and(|last| desk.group_of(*last).is_some()) {
                return Err(Error::Busy);
            }
        }
        let erased = erase(store, leaves);
        let mut desk = shared.desk()?;
        // Which file there is now is not known: the next write finds out.
        if let Err(error) = &erased {
            desk.down(error, Duration::ZERO);
            shared.work.notify_one();
        }
        desk.book.forget_names();
        erased
    }

    /// The newest checkpoint, a signed note, over everything that is durable now.
    pub fn checkpoint(&self) -> Result<String, Error> {
        self.shared().sign_durable(u64::MAX, |store| store.checkpoint().unwrap_or_default().to_string())
    }

    /// The proof that a leaf is in the log under a checkpoint, which is written if the newest does not cover it. Reads
    /// the whole log; nothing is written meanwhile.
    pub fn prove(&self, leaf: u64) -> Result<Proof, Error> {
        self.flush()?;
        if leaf >= self.shared().archive.len() {
            return Err(Error::NoLeaf(leaf));
        }
        self.shared().sign_durable(leaf.saturating_add(1), |store| prove(store, leaf))?
    }

    /// Lets no new uses begin, waits until no hold is open or the deadline has passed, makes everything durable, signs
    /// it and gives the directory back. From then on every command is told [`Error::Closed`].
    pub fn drain(&self, deadline: Duration) -> Result<Drained, Error> {
        let shared = self.shared();
        let end = Instant::now().checked_add(deadline);
        let mut desk = shared.desk()?;
        if desk.stage == Stage::Running {
            desk.stage = Stage::Draining;
        }
        loop {
            shared.sweep(&mut desk)?;
            let left = end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            if desk.holds == 0 || left.is_zero() || desk.stage == Stage::Closed {
                break;
            }
            // Until a hold is ended, or ends by itself.
            let now = desk.book.now();
            let state = &desk.book.state;
            let first = state.ended(u64::MAX).and_then(|call| state.hold(&call));
            let ends = first.map_or(now, |hold| u64::try_from(hold.until).unwrap_or(0));
            let next = Duration::from_micros(ends.saturating_sub(now).max(1000));
            let wait = shared.room.wait_timeout(desk, left.min(next));
            desk = wait.map_err(|_| Error::Stopped)?.0;
        }
        shared.sum_up(&mut desk, u64::MAX)?;
        let (holds, leaves) = (desk.holds, desk.book.state.leaves());
        drop(desk);
        self.handle.close()?;
        Ok(Drained { holds, leaves })
    }

    /// Makes everything durable, signs it and gives the directory back, whether or not holds are open.
    pub fn close(&self) -> Result<(), Error> {
        self.handle.close()
    }
}

impl Shared {
    /// The desk, unless a thread panicked at it.
    fn desk(&self) -> Result<MutexGuard<'_, Desk>, Error> {
        self.desk.lock().map_err(|_| Error::Stopped)
    }

    /// A panic while writing has stopped the desk.
    fn store(&self) -> MutexGuard<'_, Option<Store>> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides a command and enters its event.
    fn decide(self: &Arc<Self>, command: &Command) -> Result<Pending, Error> {
        let mut fetched = Fetched::default();
        let mut desk = self.desk()?;
        loop {
            match desk.health {
                _ if desk.stage == Stage::Closed => return Err(Error::Closed),
                Health::Stopped => return Err(Error::Stopped),
                Health::Up | Health::Down(_) => {}
            }
            self.sweep(&mut desk)?;
            let ready = match desk.book.decide(command, &fetched)? {
                Decided::Missing(leaf) => {
                    // What is durable is read without holding anybody up.
                    drop(desk);
                    fetched.fetch(&self.archive, leaf)?;
                    desk = self.desk()?;
                    continue;
                }
                Decided::Repeat(call) => return self.again(desk, command, &call),
                Decided::Event(ready) => ready,
            };
            if !desk.has_room(ready.bytes(), &self.settings.limits) {
                desk = self.wait_for_room(desk)?;
                continue;
            }
            return self.enter(desk, command, ready);
        }
    }

    fn enter(
        self: &Arc<Self>,
        mut desk: MutexGuard<'_, Desk>,
        command: &Command,
        ready: Ready,
    ) -> Result<Pending, Error> {
        let down = matches!(desk.health, Health::Down(_));
        desk.admit(&ready, &self.settings)?;
        let at = ready.event.receipt.at.logged;
        if ready.event.receipt.kind == Kind::Deny && {
            let who = desk.book.who(&ready.event);
            !desk.denials.judge(at, &who, &ready.event.content.request, &self.settings.denials)
        } {
            metrics::unlogged();
            let answer =
                Answer { standing: Standing::Unlogged, ..Answer::of(*ready.event, &desk.book.state) };
            return Ok(Pending::given(answer));
        }
        let promise = self.settings.durability.of(command);
        let event = desk.enter(ready, promise, self.settings.group.size)?;
        let kind = event.receipt.kind;
        let group = (promise == Promise::Disk).then(|| desk.group.clone());
        let answer = Answer::of(event, &desk.book.state);
        self.entered(desk, kind);
        // A new use that was let in while the store is down has had its grace.
        let graced = down && (is_new_use(&answer.receipt) || kind == Kind::Extend);
        Ok(Pending::new(self, answer, group, graced))
    }

    /// Tells whoever waits for what an event brings.
    fn entered(&self, mut desk: MutexGuard<'_, Desk>, kind: Kind) {
        metrics::desk(&desk);
        let stirred = desk.stirred();
        drop(desk);
        if stirred {
            self.work.notify_one();
        }
        if !matches!(kind, Kind::Hold | Kind::Deny) {
            self.room.notify_all();
        }
    }

    /// The answer that was given before, as durable as it was promised to anybody.
    fn again(
        self: &Arc<Self>,
        mut desk: MutexGuard<'_, Desk>,
        command: &Command,
        call: &Call,
    ) -> Result<Pending, Error> {
        let Some(entry) = desk.book.pending(call.leaf) else {
            drop(desk);
            let answer = Answer::again(call, Entry::read(&self.archive, call.leaf)?);
            return Ok(Pending::given(answer.durable()));
        };
        let answer = Answer::again(call, entry?);
        let durability = self.settings.durability;
        let waits = [durability.of(command), durability.of_leaf(&answer.receipt)].contains(&Promise::Disk);
        let group = if waits { desk.group_of(call.leaf) } else { None };
        if group.is_some() {
            desk.want();
        }
        drop(desk);
        self.work.notify_one();
        Ok(Pending::new(self, answer, group, false))
    }

    /// Records the sums of denials of minutes that are over, as far as there is room.
    fn sum_up(&self, desk: &mut Desk, at: u64) -> Result<(), Error> {
        /// Bytes of a summary, its names aside.
        const SUMMARY: usize = 1024;
        while desk.has_room(SUMMARY, &self.settings.limits)
            && let Some(Summed { who, count, from, to }) = desk.denials.next_summed(at)
        {
            let id = desk.book.new_call()?;
            let command = Command::Denials { id, who, count, from, to };
            if let Ok(Decided::Event(ready)) = desk.book.decide(&command, &Fetched::default()) {
                desk.enter(ready, Promise::Memory, self.settings.group.size)?;
            }
        }
        Ok(())
    }

    /// Records what time has ended: holds, as far as there is room, and minutes of denials.
    fn sweep(&self, desk: &mut Desk) -> Result<u64, Error> {
        let mut count = 0u64;
        if matches!(desk.health, Health::Stopped) || desk.stage == Stage::Closed {
            return Ok(0);
        }
        loop {
            let now = desk.book.now();
            let Some(call) = desk.book.state.ended(now) else { break };
            let decided = desk.book.decide(&Command::Expire { call }, &Fetched::default())?;
            let Decided::Event(ready) = decided else { break };
            if !desk.has_room(ready.bytes(), &self.settings.limits) {
                break;
            }
            desk.enter(ready, Promise::Memory, self.settings.group.size)?;
            count = count.saturating_add(1);
        }
        let now = desk.book.now();
        self.sum_up(desk, now)?;
        if count > 0 {
            self.room.notify_all();
        }
        Ok(count)
    }
}

impl Handle {
    fn close(&self) -> Result<(), Error> {
        if let Ok(mut desk) = self.shared.desk()
            && desk.stage != Stage::Closed
        {
            if !matches!(desk.health, Health::Stopped) {
                // What cannot be summed up now was answered all the same.
                let _ = self.shared.sum_up(&mut desk, u64::MAX);
            }
            desk.stage = Stage::Closed;
        }
        self.shared.work.notify_all();
        self.shared.room.notify_all();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        match thread {
            Some(thread) => thread.join().unwrap_or(Err(Error::Stopped)),
            None => self.shared.finish(),
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // Nobody is left to be told of an error; the next opening finds out.
        let _ = self.close();
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.status().fmt(f)
    }
}
