//! The engine: commands in, receipts out, durable in groups. One thread, every file operation on the caller's time; a
//! gateway of many threads puts a [`crate::Gateway`] around it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use licit_ledger::receipt::checkpoint::{CheckpointError, origin};
use licit_ledger::receipt::tree::{MemoryTree, ProveError, inclusion};
use licit_ledger::receipt::{Checkpoint, Hash, Note, Opening, Receipt, Signer, SigningKey, Verifier};
use licit_ledger::{
    Accounts, Ask, Call, CallId, Command, Config, Content, Event, Failure, Licence, Order, Phase, Request,
    State, What,
};

use crate::archive::Archive;
use crate::book::{Book, Decided, Fetched};
use crate::disk::{Disk, OsDisk};
use crate::entry::{Entry, Names, Proof};
use crate::error::Error;
use crate::frames::MAX_PAYLOAD;
use crate::outside::{Clock, OsSalts, Salts, SystemClock};
use crate::policies::PolicySet;
use crate::snapshot::{self, Snapshot};
use crate::store::{CHECKPOINT, Recovery, Section, Store};

/// How an engine behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Receipts that become durable together: that many waiting ones start a flush by themselves.
    pub group: u64,
    /// Leaves between two checkpoints. One is also written at the log's beginning and when the engine is closed.
    pub checkpoint_every: u64,
    /// Leaves between two snapshots, at least; the more there are, the rarer they become. A snapshot is a cache that
    /// makes opening fast. Writing one takes time in proportion to the state, in which nothing is decided.
    pub snapshot_every: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options { group: 1024, checkpoint_every: 16_384, snapshot_every: 65_536 }
    }
}

/// Bytes that may wait; far below what a frame holds.
pub(crate) const ROOM: usize = MAX_PAYLOAD / 2;

/// A ledger that is open for writing.
pub struct Engine {
    pub(crate) book: Book,
    pub(crate) store: Store,
    pub(crate) options: Options,
    recovery: Recovery,
    stopped: bool,
    /// Leaves in the newest snapshot.
    pub(crate) snapshot: u64,
}

/// What a call came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether it was answered before: nothing was logged now.
    pub repeated: bool,
    /// Where the invocation stands.
    pub phase: Phase,
    /// The leaf that brought it there.
    pub receipt: Receipt,
    /// Request, reasons, lines, duties; none if it was erased since.
    pub content: Option<Content>,
    /// How much of a crash the receipt survives.
    pub standing: Standing,
}

/// How much of a crash a receipt survives, when its answer is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// All of it.
    Durable,
    /// Nothing yet: it is in memory, and will be written.
    Memory,
    /// It is no leaf of the log: one denial of many, which are summed up. It must not be shown as a receipt.
    Unlogged,
}

impl Answer {
    /// The answer that a new event is, once it is entered.
    pub(crate) fn of(event: Event, state: &State) -> Answer {
        let call = event.receipt.call.and_then(|call| state.call(&call));
        let phase = call.map_or(Phase::Denied, |call| call.phase);
        Answer {
            repeated: false,
            phase,
            receipt: event.receipt,
            content: Some(event.content),
            standing: Standing::Memory,
        }
    }

    /// The answer that was given before.
    pub(crate) fn again(call: &Call, entry: Entry) -> Answer {
        let Entry { receipt, content, .. } = entry;
        Answer { repeated: true, phase: call.phase, receipt, content, standing: Standing::Memory }
    }

    /// The same, once its receipt is durable.
    pub(crate) fn durable(self) -> Answer {
        Answer { standing: Standing::Durable, ..self }
    }
}

/// A module that was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The licence id.
    pub licence: Hash,
    /// The module id, by which uses name it.
    pub module: Hash,
}

impl Engine {
    /// Opens the ledger in a folder, or begins one, with the system's clock and randomness.
    pub fn open_dir(folder: &Path, key: SigningKey) -> Result<Engine, Error> {
        let disk = OsDisk::create(folder).map_err(Error::io(&folder.display().to_string()))?;
        let (clock, salts) = (Box::new(SystemClock), Box::<OsSalts>::default());
        Self::open(Some(Box::new(disk)), key, clock, salts, Options::default())
    }

    /// Opens the ledger on a disk, or begins one; without a disk, in memory only.
    ///
    /// State is rebuilt from the log. What a crash left unfinished is cut off ([`Engine::recovery`]); any other
    /// damage is an error, and nothing is changed.
    pub fn open(
        disk: Option<Box<dyn Disk>>,
        key: SigningKey,
        clock: Box<dyn Clock>,
        salts: Box<dyn Salts>,
        options: Options,
    ) -> Result<Engine, Error> {
        let gateway = key.verifying_key().gateway();
        let public = key.verifying_key();
        let signer = Signer::new(&origin(&gateway, 1), key)
            .map_err(|error| Error::Checkpoint(CheckpointError::Note(error)))?;
        let mut engine = match disk {
            None => Engine {
                book: Book::new(clock, salts, PolicySet::default()),
                store: Store::in_memory(signer),
                options,
                recovery: Recovery::default(),
                stopped: false,
                snapshot: 0,
            },
            Some(disk) => Self::rebuild(disk.into(), signer, clock, salts, options)?,
        };
        // The first checkpoint is written before the second leaf: a crash can leave one leaf without, not more.
        if engine.store.checkpoint().is_none() && engine.book.state.leaves() > 1 {
            return Err(Error::NoCheckpoint);
        }
        if engine.book.state.leaves() == 0 {
            let mut salt = [0; 32];
            engine.book.fill("names", 0, &mut salt)?;
            engine.run(&Command::EpochOpen { key: public, epoch: 1, salt, prev: None })?;
        }
        let epoch = engine.book.state.epoch().ok_or(Error::NoLedger)?;
        if epoch.gateway != gateway {
            return Err(Error::OtherKey);
        }
        if engine.store.checkpoint().is_none() {
            engine.write_checkpoint()?;
        }
        Ok(engine)
    }

    /// Takes over what a directory holds: from its snapshot on, or else from its first leaf on.
    fn rebuild(
        disk: Arc<dyn Disk>,
        signer: Signer,
        clock: Box<dyn Clock>,
        salts: Box<dyn Salts>,
        options: Options,
    ) -> Result<Engine, Error> {
        let lock = disk.lock().map_err(Error::io("lock"))?.ok_or(Error::Locked)?;
        let policies = PolicySet::read(disk.as_ref(), &mut Err)?;
        let note = disk.read(CHECKPOINT).map_err(Error::io(CHECKPOINT))?;
        let signed = note.as_deref().map(|note| read_checkpoint(signer.verifier(), note)).transpose()?;
        let (snapshot, found) = snapshot::read(disk.as_ref(), signer.verifier());
        // Nothing counts that the checkpoint does not cover.
        let covered = |snapshot: &Snapshot| {
            signed.as_ref().is_some_and(|signed| signed.size >= snapshot.state.leaves())
        };
        let mut snapshot = snapshot.filter(covered);
        let mut book = Book::new(clock, salts, policies);
        let lock = Arc::new(std::sync::Mutex::new(lock));
        let mut mended = Recovery::default();
        // Once with the snapshot, if there is one, and once without.
        loop {
            let snapshot = snapshot.take();
            let used = snapshot.as_ref().map(|snapshot| snapshot.state.leaves());
            let checkpoint = note
                .as_deref()
                .zip(signed.as_ref())
                .map(|(note, signed)| (String::from_utf8_lossy(note).into_owned(), signed.size));
            let starts = snapshot.as_ref().map(|snapshot| (snapshot.log, snapshot.openings));
            let opened =
                Store::open(disk.clone(), Box::new(lock.clone()), signer.clone(), checkpoint, starts)
                    .and_then(|(store, recovery)| {
                        mended.torn_log = mended.torn_log.saturating_add(recovery.torn_log);
                        mended.torn_openings = mended.torn_openings.saturating_add(recovery.torn_openings);
                        replay(&mut book, store.archive(), snapshot, signed.as_ref()).map(|()| store)
                    });
            match opened {
                // What goes on from a snapshot must come to what was signed.
                Err(_) if used.is_some() => book.reset(),
                Err(error) => return Err(error),
                Ok(mut store) => {
                    store.found(&book.tree);
                    let recovery =
                        Recovery { snapshot: used, snapshot_unfit: found && used.is_none(), ..mended };
                    return Ok(Engine {
                        book,
                        store,
                        options,
                        recovery,
                        stopped: false,
                        snapshot: used.unwrap_or(0),
                    });
                }
            }
        }
    }

    /// What opening had to mend.
    pub fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// Verifies a module, stores it beside the log and makes it ready to decide. Open holds keep theirs.
    pub fn load(&mut self, bytes: &[u8]) -> Result<Loaded, Error> {
        let licence = Licence::load(bytes).map_err(|error| Error::Policy { file: None, error })?;
        if let Some(disk) = self.store.disk() {
            PolicySet::store(disk.as_ref(), &licence, bytes)?;
        }
        let (licence, module) = self.book.policies.insert(licence);
        Ok(Loaded { licence, module })
    }

    /// The loaded modules.
    pub fn policies(&self) -> &PolicySet {
        &self.book.policies
    }

    /// A new id for an invocation whose consumer brings none (a UUIDv7).
    pub fn new_call(&mut self) -> Result<CallId, Error> {
        self.book.new_call()
    }

    /// Decides a use and commits it in one.
    pub fn invoke(
        &mut self,
        module: Hash,
        call: CallId,
        used_at: u64,
        request: Request,
    ) -> Result<Answer, Error> {
        self.answer(&Command::Invoke(Ask { call, module, used_at, request }))
    }

    /// Decides a use and holds its largest quantities until `until` of the log's clock, in microseconds since 1970.
    pub fn ask(
        &mut self,
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
    pub fn commit(&mut self, call: CallId, quantities: Vec<(String, u128)>) -> Result<Answer, Error> {
        self.answer(&Command::Commit { call, quantities: sorted(quantities) })
    }

    /// Gives a hold back unused.
    pub fn release(&mut self, call: CallId) -> Result<Answer, Error> {
        self.answer(&Command::Release { call })
    }

    /// Holds larger quantities from now on: all of them by unit, none smaller than before.
    pub fn extend(&mut self, call: CallId, quantities: Vec<(String, u128)>) -> Result<Answer, Error> {
        self.answer(&Command::Extend { call, quantities: sorted(quantities) })
    }

    /// Lets a hold end later, at `until` of the log's clock in microseconds since 1970.
    pub fn renew(&mut self, call: CallId, until: u64) -> Result<Answer, Error> {
        self.answer(&Command::Renew { call, until: i64::try_from(until).unwrap_or(i64::MAX) })
    }

    /// Records that a call failed upstream: it is neither counted nor charged.
    pub fn fail(&mut self, call: CallId) -> Result<Answer, Error> {
        self.answer(&Command::Failed { call })
    }

    /// Carries out what somebody must be entitled to: grants, notices, evidence, payments, seats, corrections, closes.
    pub fn order(&mut self, order: Order) -> Result<Answer, Error> {
        self.answer(&Command::Order(order))
    }

    /// Says whose word counts from now on, and how far clocks may differ.
    pub fn configure(&mut self, config: Config) -> Result<Answer, Error> {
        let id = self.new_call()?;
        self.answer(&Command::Configure { id, config })
    }

    /// Records evidence that a duty was done by the user or organisation of a request; returns the leaf.
    pub fn duty_done(&mut self, module: Hash, duty: u16, by: Request, at: u64) -> Result<u64, Error> {
        let id = self.new_call()?;
        let order = Order { id, module, at: Some(at), request: by, what: What::Done(duty), warrant: None };
        self.answer(&Command::Order(order)).map(|answer| answer.receipt.seq)
    }

    /// Records a notice of revocation; returns the leaf.
    pub fn notice(&mut self, module: Hash, at: u64) -> Result<u64, Error> {
        let id = self.new_call()?;
        let request = Request::default();
        let order = Order { id, module, at: Some(at), request, what: What::Revoke, warrant: None };
        self.answer(&Command::Order(order)).map(|answer| answer.receipt.seq)
    }

    /// Carries out any command of the ledger; the other methods are short for it.
    pub fn answer(&mut self, command: &Command) -> Result<Answer, Error> {
        self.expire()?;
        self.run(command)
    }

    /// Records the end of every hold that has ended by itself; returns how many. Every command does this first.
    pub fn expire(&mut self) -> Result<u64, Error> {
        let mut count = 0u64;
        loop {
            let now = self.book.now();
            let Some(call) = self.book.state.ended(now) else { return Ok(count) };
            self.run(&Command::Expire { call })?;
            count = count.saturating_add(1);
        }
    }

    /// Decides a command and takes its event over. An error leaves everything as it was, or stops the engine.
    fn run(&mut self, command: &Command) -> Result<Answer, Error> {
        if self.stopped {
            return Err(Error::Stopped);
        }
        let mut fetched = Fetched::default();
        let ready = loop {
            match self.book.decide(command, &fetched)? {
                Decided::Event(ready) => break ready,
                Decided::Repeat(call) => {
                    let answer = Answer::again(&call, self.entry(call.leaf)?);
                    let durable = call.leaf < self.durable();
                    return Ok(if durable { answer.durable() } else { answer });
                }
                Decided::Missing(leaf) => fetched.fetch(self.store.archive(), leaf)?,
            }
        };
        // Makes room first: once folded, an event must be stored.
        if self.book.pending_bytes().saturating_add(ready.bytes()) > ROOM {
            self.write()?;
        }
        let event = self.book.enter(ready).inspect_err(|_| self.stopped = true)?;
        let answer = Answer::of(*event, &self.book.state);
        if self.book.pending_count() >= self.options.group {
            self.flush()?;
        }
        Ok(answer)
    }

    /// Writes what waits.
    fn write(&mut self) -> Result<(), Error> {
        self.store.append(&self.book.waiting, &self.book.tree).inspect_err(|_| self.stopped = true)?;
        self.book.waiting = Section::new(self.book.state.leaves());
        Ok(())
    }

    /// Makes every receipt so far durable. After an error the engine is stopped: what the disk holds is not known
    /// until the ledger is opened again.
    pub fn flush(&mut self) -> Result<(), Error> {
        if self.stopped {
            return Err(Error::Stopped);
        }
        self.write()?;
        let signed = self.store.signed();
        if signed > 0 && self.book.state.leaves().saturating_sub(signed) >= self.options.checkpoint_every {
            self.write_checkpoint()?;
        }
        if snapshot_due(&self.options, self.snapshot, self.book.state.leaves()) {
            self.write_snapshot()?;
        }
        Ok(())
    }

    /// Writes a snapshot now, so that the next opening need not read what is in the log before it.
    pub fn write_snapshot(&mut self) -> Result<(), Error> {
        self.write_checkpoint()?;
        self.store.snapshot(&self.book.state.encode()).inspect_err(|_| self.stopped = true)?;
        self.snapshot = self.book.state.leaves();
        Ok(())
    }

    /// How many leaves are durable: receipts below this index may be shown.
    pub fn durable(&self) -> u64 {
        self.book.waiting.first
    }

    /// Signs the head of the log as it is durable now, and stores it.
    pub fn write_checkpoint(&mut self) -> Result<(), Error> {
        if self.stopped {
            return Err(Error::Stopped);
        }
        self.write()?;
        self.store.sign().inspect_err(|_| self.stopped = true)
    }

    /// Makes everything durable, signs it and gives the directory back.
    pub fn close(mut self) -> Result<(), Error> {
        self.flush()?;
        self.write_checkpoint()
    }

    /// Erases the erasable parts of leaves' openings: requests with their facts and names, reasons, lines. The leaves
    /// stay verifiable and the state computable, but they cannot be decided again. Nothing is erased if one of the
    /// leaves is the ask of an open hold, whose commit needs it. Rewrites the file of openings as a whole.
    pub fn erase(&mut self, leaves: &BTreeSet<u64>) -> Result<(), Error> {
        self.flush()?;
        check_erasable(&self.book, leaves)?;
        erase(&mut self.store, leaves).inspect_err(|_| self.stopped = true)?;
        self.book.forget_names();
        Ok(())
    }

    /// Counters, holds, totals.
    pub fn state(&self) -> &State {
        &self.book.state
    }

    /// Accounts and shares.
    pub fn accounts(&self) -> Accounts {
        Accounts::of(&self.book.state, &self.book.policies)
    }

    /// The names behind the salted ids, as far as they are not erased.
    pub fn names(&self) -> &Names {
        self.book.names(self.store.archive())
    }

    /// The newest checkpoint, a signed note.
    pub fn checkpoint(&self) -> Option<&str> {
        self.store.checkpoint()
    }

    /// A leaf with its opening, taken apart.
    pub fn entry(&self, leaf: u64) -> Result<Entry, Error> {
        self.book.pending(leaf).unwrap_or_else(|| Entry::read(self.store.archive(), leaf))
    }

    /// The proof that a leaf is in the log under a checkpoint, which is written if the newest does not cover it.
    pub fn prove(&mut self, leaf: u64) -> Result<Proof, Error> {
        if leaf >= self.book.state.leaves() {
            return Err(Error::NoLeaf(leaf));
        }
        if leaf >= self.store.signed() || self.store.checkpoint().is_none() {
            self.write_checkpoint()?;
        }
        prove(&self.store, leaf)
    }
}

/// Quantities in the order of units.
pub(crate) fn sorted(quantities: Vec<(String, u128)>) -> Vec<(String, u128)> {
    let mut actual = Request { quantities, ..Request::default() };
    actual.sort();
    actual.quantities
}

/// Whether it is time for a snapshot after so many leaves.
pub(crate) fn snapshot_due(options: &Options, newest: u64, leaves: u64) -> bool {
    leaves.saturating_sub(newest) >= options.snapshot_every.max(newest / 4)
}

/// Folds what is durable, from a snapshot on if there is one, and compares it with what was signed.
fn replay(
    book: &mut Book,
    archive: &Archive,
    snapshot: Option<Snapshot>,
    signed: Option<&Checkpoint>,
) -> Result<(), Error> {
    if let Some(Snapshot { state, tree, .. }) = snapshot {
        book.restore(state, tree, archive)?;
    }
    for leaf in book.state.leaves()..=archive.len() {
        if let Some(signed) = signed.filter(|signed| signed.size == leaf)
            && signed.root != book.tree.root()
        {
            return Err(Error::Root(leaf));
        }
        if leaf < archive.len() {
            book.replay(Entry::read(archive, leaf)?)?;
        }
    }
    Ok(())
}

fn read_checkpoint(verifier: &Verifier, note: &[u8]) -> Result<Checkpoint, Error> {
    Checkpoint::open(note, verifier).map_err(|error| {
        // A checkpoint of another gateway says so by its first line, whoever signed it.
        let body = Note::parse(note).ok().and_then(|note| Checkpoint::parse(note.text()).ok());
        match body {
            Some(body) if body.origin != verifier.name() => Error::OtherKey,
            _ => Error::Checkpoint(error),
        }
    })
}

/// Whether all leaves are there and none is the ask of an open hold.
pub(crate) fn check_erasable(book: &Book, leaves: &BTreeSet<u64>) -> Result<(), Error> {
    if let Some(leaf) = leaves.iter().find(|leaf| **leaf >= book.state.leaves()) {
        return Err(Error::NoLeaf(*leaf));
    }
    match leaves.iter().find(|leaf| book.is_open(**leaf)) {
        Some(leaf) => Err(Error::OpenHold(*leaf)),
        None => Ok(()),
    }
}

/// Erases the erasable parts of durable leaves.
pub(crate) fn erase(store: &mut Store, leaves: &BTreeSet<u64>) -> Result<(), Error> {
    let mut erase = |leaf: u64, opening: &[u8]| {
        if !leaves.contains(&leaf) {
            return Ok(None);
        }
        let failed = |failure| Error::Leaf { leaf, failure };
        let mut opening = Opening::decode(opening).map_err(|error| failed(Failure::Opening(error)))?;
        opening.erase();
        opening.encode().map(Some).map_err(|_| failed(Failure::Commitment))
    };
    store.rewrite_openings(&mut erase)
}

/// The proof that a leaf is under the newest checkpoint, which covers it.
pub(crate) fn prove(store: &Store, leaf: u64) -> Result<Proof, Error> {
    let mut tree = MemoryTree::new();
    for leaf in 0..store.signed() {
        tree.append(Entry::id(store.archive(), leaf)?);
    }
    let path = inclusion(&tree, leaf, store.signed()).map_err(|_: ProveError<_>| Error::NoLeaf(leaf))?;
    let checkpoint = store.checkpoint().unwrap_or_default().to_string();
    Ok(Proof { leaf, size: store.signed(), root: tree.root(), path, checkpoint })
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("leaves", &self.book.state.leaves())
            .field("durable", &self.durable())
            .finish_non_exhaustive()
    }
}
