//! The engine: commands in, receipts out, durable in groups.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use licit_ledger::receipt::checkpoint::{CheckpointError, origin};
use licit_ledger::receipt::tree::{MemoryTree, ProveError, inclusion};
use licit_ledger::receipt::{Checkpoint, Frontier, Hash, Kind, Note, Opening, Signer, SigningKey, leaf_hash};
use licit_ledger::{
    Ask, CallId, Command, Content, Event, Failure, Licence, Mint, Openings, Past, Phase, Refusal, Request,
    State, Statement, Step, fold, step,
};

use crate::disk::{Disk, OsDisk};
use crate::entry::{Entry, Names, Proof};
use crate::error::Error;
use crate::outside::{Clock, OsSalts, Salts, SystemClock};
use crate::policies::PolicySet;
use crate::store::{CHECKPOINT, Recovery, Store};

/// How an engine behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Receipts that become durable together: that many waiting ones start a flush by themselves.
    pub group: u64,
    /// Leaves between two checkpoints. One is also written at the log's beginning and when the engine is closed.
    pub checkpoint_every: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options { group: 1024, checkpoint_every: 16_384 }
    }
}

/// A ledger that is open for writing.
pub struct Engine {
    key: Signer,
    clock: Box<dyn Clock>,
    salts: Box<dyn Salts>,
    options: Options,
    policies: PolicySet,
    state: State,
    store: Store,
    tree: Frontier,
    /// The asks of open holds, which their commits are priced from.
    asked: BTreeMap<u64, Past>,
    names: Names,
    recovery: Recovery,
    /// The newest checkpoint, as a signed note.
    checkpoint: Option<String>,
    signed: u64,
    stopped: bool,
    ids: u64,
}

/// What a call came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether it was answered before: nothing was logged now.
    pub repeated: bool,
    /// Where the invocation stands.
    pub phase: Phase,
    /// The leaf that brought it there.
    pub receipt: licit_ledger::receipt::Receipt,
    /// Request, reasons, lines, duties; none if it was erased since.
    pub content: Option<Content>,
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
        let signer = |epoch| {
            let name = origin(&gateway, epoch);
            Signer::new(&name, key.clone()).map_err(|error| Error::Checkpoint(CheckpointError::Note(error)))
        };
        let mut engine = Engine {
            key: signer(1)?,
            clock,
            salts,
            options,
            policies: PolicySet::default(),
            state: State::new(),
            store: Store::in_memory(),
            tree: Frontier::new(),
            asked: BTreeMap::new(),
            names: Names::default(),
            recovery: Recovery::default(),
            checkpoint: None,
            signed: 0,
            stopped: false,
            ids: 0,
        };
        if let Some(disk) = disk {
            engine.rebuild(disk)?;
        }
        // The first checkpoint is written before the second leaf: a crash can leave one leaf without, not more.
        if engine.checkpoint.is_none() && engine.state.leaves() > 1 {
            return Err(Error::NoCheckpoint);
        }
        if engine.state.leaves() == 0 {
            let mut salt = [0; 32];
            engine.salts.fill("names", 0, &mut salt)?;
            let command = Command::EpochOpen { key: key.verifying_key(), epoch: 1, salt, prev: None };
            engine.run(&command)?;
        }
        let epoch = engine.state.epoch().ok_or(Error::NoLedger)?;
        if epoch.gateway != gateway {
            return Err(Error::OtherKey);
        }
        if engine.checkpoint.is_none() {
            engine.write_checkpoint()?;
        }
        Ok(engine)
    }

    /// Takes over what a directory holds.
    fn rebuild(&mut self, disk: Box<dyn Disk>) -> Result<(), Error> {
        let lock = disk.lock().map_err(Error::io("lock"))?.ok_or(Error::Locked)?;
        self.policies = PolicySet::read(disk.as_ref(), &mut Err)?;
        let note = disk.read(CHECKPOINT).map_err(Error::io(CHECKPOINT))?;
        let signed = note.map(|note| self.read_checkpoint(&note)).transpose()?;
        let size = signed.as_ref().map_or(0, |signed| signed.size);
        (self.store, self.recovery) = Store::open(disk, lock, size)?;
        for leaf in 0..self.store.durable() {
            if signed.as_ref().is_some_and(|signed| signed.size == leaf && signed.root != self.tree.root()) {
                return Err(Error::Root(leaf));
            }
            self.replay(leaf)?;
        }
        if signed.is_some_and(|signed| signed.size == self.state.leaves() && signed.root != self.tree.root())
        {
            return Err(Error::Root(size));
        }
        self.signed = size;
        Ok(())
    }

    fn read_checkpoint(&mut self, note: &[u8]) -> Result<Checkpoint, Error> {
        let checkpoint = Checkpoint::open(note, self.key.verifier()).map_err(|error| {
            // A checkpoint of another gateway says so by its first line, whoever signed it.
            let body = Note::parse(note).ok().and_then(|note| Checkpoint::parse(note.text()).ok());
            match body {
                Some(body) if body.origin != self.key.verifier().name() => Error::OtherKey,
                _ => Error::Checkpoint(error),
            }
        })?;
        self.checkpoint = Some(String::from_utf8_lossy(note).into_owned());
        Ok(checkpoint)
    }

    fn replay(&mut self, leaf: u64) -> Result<(), Error> {
        let entry = Entry::read(&self.store, leaf)?;
        fold(&mut self.state, &entry.receipt, &entry.kept).map_err(|error| Error::fold(leaf, error))?;
        self.tree.append(entry.id);
        self.remember(&entry.receipt, &entry.kept, entry.content.as_ref());
        Ok(())
    }

    /// Keeps in memory what later commands need of an event.
    fn remember(
        &mut self,
        receipt: &licit_ledger::receipt::Receipt,
        kept: &licit_ledger::Kept,
        content: Option<&Content>,
    ) {
        if let Some(content) = content {
            self.names.learn(kept, &content.request);
        }
        match (receipt.kind, content) {
            (Kind::Hold, Some(content)) => {
                let past = Past { receipt: receipt.clone(), content: content.clone() };
                self.asked.insert(receipt.seq, past);
            }
            (Kind::Commit | Kind::Release | Kind::Expire, _) => {
                if let Some(licit_ledger::receipt::Reference::Leaf(hold)) = receipt.reference {
                    self.asked.remove(&hold);
                }
            }
            _ => {}
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
            PolicySet::store(disk, &licence, bytes)?;
        }
        let (licence, module) = self.policies.insert(licence);
        Ok(Loaded { licence, module })
    }

    /// The loaded modules.
    pub fn policies(&self) -> &PolicySet {
        &self.policies
    }

    /// A new id for an invocation whose consumer brings none (a UUIDv7).
    pub fn new_call(&mut self) -> Result<CallId, Error> {
        let mut call: CallId = [0; 16];
        let index = self.state.leaves().wrapping_shl(20) ^ self.ids;
        self.ids = self.ids.wrapping_add(1);
        self.salts.fill("call", index, &mut call)?;
        let millis = (self.clock.now() / 1000).to_be_bytes();
        for (byte, time) in call.iter_mut().zip(millis.iter().skip(2)) {
            *byte = *time;
        }
        for (at, mask, bits) in [(6, 0x0f, 0x70), (8, 0x3f, 0x80)] {
            if let Some(byte) = call.get_mut(at) {
                *byte = *byte & mask | bits;
            }
        }
        Ok(call)
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
        self.answer(&Command::Ask { ask: Ask { call, module, used_at, request }, until })
    }

    /// Bills the actual quantities of a hold.
    pub fn commit(&mut self, call: CallId, quantities: Vec<(String, u128)>) -> Result<Answer, Error> {
        let mut actual = Request { quantities, ..Request::default() };
        actual.sort();
        self.answer(&Command::Commit { call, quantities: actual.quantities })
    }

    /// Gives a hold back unused.
    pub fn release(&mut self, call: CallId) -> Result<Answer, Error> {
        self.answer(&Command::Release { call })
    }

    /// Records evidence that a duty was done by the user or organisation of a request; returns the leaf.
    pub fn duty_done(&mut self, module: Hash, duty: u16, by: Request, at: u64) -> Result<u64, Error> {
        self.apply(&Command::DutyDone { module, duty, by, at }).map(|_| self.state.leaves().saturating_sub(1))
    }

    /// Records a notice of revocation; returns the leaf.
    pub fn notice(&mut self, module: Hash, at: u64) -> Result<u64, Error> {
        self.apply(&Command::Notice { module, at }).map(|_| self.state.leaves().saturating_sub(1))
    }

    /// Records the end of every hold that has ended by itself; returns how many. Every command does this first.
    pub fn expire(&mut self) -> Result<u64, Error> {
        let mut count = 0u64;
        loop {
            let now = self.now();
            let Some(call) = self.state.ended(now) else { return Ok(count) };
            self.run(&Command::Expire { call })?;
            count = count.saturating_add(1);
        }
    }

    /// The clock, never before the last leaf.
    fn now(&mut self) -> u64 {
        self.clock.now().max(self.state.logged_at())
    }

    fn answer(&mut self, command: &Command) -> Result<Answer, Error> {
        match self.apply(command)? {
            Done::Event(event) => {
                let Event { receipt, content, .. } = *event;
                let call = receipt.call.and_then(|call| self.state.call(&call));
                let phase = call.map_or(Phase::Denied, |call| call.phase);
                Ok(Answer { repeated: false, phase, receipt, content: Some(content) })
            }
            Done::Repeat(call) => {
                let entry = Entry::read(&self.store, call.leaf)?;
                Ok(Answer {
                    repeated: true,
                    phase: call.phase,
                    receipt: entry.receipt,
                    content: entry.content,
                })
            }
        }
    }

    fn apply(&mut self, command: &Command) -> Result<Done, Error> {
        self.expire()?;
        self.run(command)
    }

    /// Decides a command and takes its event over. An error leaves everything as it was, or stops the engine.
    fn run(&mut self, command: &Command) -> Result<Done, Error> {
        if self.stopped {
            return Err(Error::Stopped);
        }
        let leaf = self.state.leaves();
        let mut random = [0; 48];
        self.salts.fill("leaf", leaf, &mut random)?;
        let (salt, blind) = (random.first_chunk().copied(), random.last_chunk().copied());
        let mint =
            Mint { logged_at: self.now(), salt: salt.unwrap_or_default(), blind: blind.unwrap_or_default() };
        let lookup = Lookup { store: &self.store, asked: &self.asked };
        let mut event = match step(&self.policies, &lookup, &self.state, command, &mint)? {
            Step::Event(event) => event,
            Step::Repeat(call) => return Ok(Done::Repeat(call)),
        };
        let payload = event.receipt.encode().map_err(Refusal::Receipt)?;
        let opening = event.opening.encode().map_err(|_| Refusal::TooLong)?;
        // Makes room first: once folded, an event must be stored.
        self.store.push(&payload, &opening).inspect_err(|_| self.stopped = true)?;
        if let Err(error) = fold(&mut self.state, &event.receipt, &event.kept) {
            self.stopped = true;
            return Err(Error::fold(leaf, error));
        }
        self.tree.append(leaf_hash(&payload));
        let content = std::mem::take(&mut event.content);
        self.remember(&event.receipt, &event.kept, Some(&content));
        event.content = content;
        if self.store.waiting() >= self.options.group {
            self.flush()?;
        }
        Ok(Done::Event(event))
    }

    /// Makes every receipt so far durable. After an error the engine is stopped: what the disk holds is not known
    /// until the ledger is opened again.
    pub fn flush(&mut self) -> Result<(), Error> {
        if self.stopped {
            return Err(Error::Stopped);
        }
        self.store.flush().inspect_err(|_| self.stopped = true)?;
        let unsigned = self.state.leaves().saturating_sub(self.signed);
        if self.signed > 0 && unsigned >= self.options.checkpoint_every {
            self.write_checkpoint()?;
        }
        Ok(())
    }

    /// How many leaves are durable: receipts below this index may be shown.
    pub fn durable(&self) -> u64 {
        self.store.durable()
    }

    /// Signs the head of the log as it is durable now, and stores it.
    pub fn write_checkpoint(&mut self) -> Result<(), Error> {
        if self.stopped {
            return Err(Error::Stopped);
        }
        self.store.flush().inspect_err(|_| self.stopped = true)?;
        let size = self.tree.size();
        if self.checkpoint.is_some() && self.signed == size {
            return Ok(());
        }
        let checkpoint = Checkpoint::new(self.key.verifier().name(), size, self.tree.root());
        let note = checkpoint.sign(&[&self.key]).map_err(Error::Checkpoint)?;
        if let Some(disk) = self.store.disk() {
            let written = disk.replace(CHECKPOINT, note.as_bytes()).map_err(Error::io(CHECKPOINT));
            written.inspect_err(|_| self.stopped = true)?;
        }
        self.checkpoint = Some(note);
        self.signed = size;
        Ok(())
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
        if let Some(leaf) = leaves.iter().find(|leaf| **leaf >= self.state.leaves()) {
            return Err(Error::NoLeaf(*leaf));
        }
        if let Some(leaf) = leaves.iter().find(|leaf| self.asked.contains_key(*leaf)) {
            return Err(Error::OpenHold(*leaf));
        }
        let mut erase = |leaf: u64, opening: &[u8]| {
            if !leaves.contains(&leaf) {
                return Ok(None);
            }
            let failed = |failure| Error::Leaf { leaf, failure };
            let mut opening = Opening::decode(opening).map_err(|error| failed(Failure::Opening(error)))?;
            opening.erase();
            opening.encode().map(Some).map_err(|_| failed(Failure::Commitment))
        };
        self.store.rewrite_openings(&mut erase).inspect_err(|_| self.stopped = true)?;
        // Names are known only as far as some opening still says them.
        self.names = Names::default();
        for leaf in 0..self.state.leaves() {
            let entry = Entry::read(&self.store, leaf)?;
            if let Some(content) = &entry.content {
                self.names.learn(&entry.kept, &content.request);
            }
        }
        Ok(())
    }

    /// Counters, holds, totals.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Accounts and shares.
    pub fn statement(&self) -> Statement {
        Statement::of(&self.state, &self.policies)
    }

    /// The names behind the salted ids, as far as they are not erased.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The newest checkpoint, a signed note.
    pub fn checkpoint(&self) -> Option<&str> {
        self.checkpoint.as_deref()
    }

    /// A leaf with its opening, taken apart.
    pub fn entry(&self, leaf: u64) -> Result<Entry, Error> {
        Entry::read(&self.store, leaf)
    }

    /// The proof that a leaf is in the log under a checkpoint, which is written if the newest does not cover it.
    pub fn prove(&mut self, leaf: u64) -> Result<Proof, Error> {
        if leaf >= self.state.leaves() {
            return Err(Error::NoLeaf(leaf));
        }
        if leaf >= self.signed || self.checkpoint.is_none() {
            self.write_checkpoint()?;
        }
        let mut tree = MemoryTree::new();
        for leaf in 0..self.signed {
            tree.append(Entry::id(&self.store, leaf)?);
        }
        let path = inclusion(&tree, leaf, self.signed).map_err(|_: ProveError<_>| Error::NoLeaf(leaf))?;
        let checkpoint = self.checkpoint.clone().unwrap_or_default();
        Ok(Proof { leaf, size: self.signed, root: tree.root(), path, checkpoint })
    }
}

enum Done {
    Event(Box<Event>),
    Repeat(licit_ledger::Call),
}

/// Earlier events, from memory where holds are open, else from the store.
struct Lookup<'a> {
    store: &'a Store,
    asked: &'a BTreeMap<u64, Past>,
}

impl Openings for Lookup<'_> {
    fn past(&self, leaf: u64) -> Option<Past> {
        if let Some(past) = self.asked.get(&leaf) {
            return Some(past.clone());
        }
        let entry = Entry::read(self.store, leaf).ok()?;
        Some(Past { receipt: entry.receipt, content: entry.content? })
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("leaves", &self.state.leaves())
            .field("durable", &self.durable())
            .finish_non_exhaustive()
    }
}
